#!/usr/bin/env python3
"""kode-kronical-expression(7): every example in it is read by the daemon, and those of errors give that error at that column."""

import os
import re

import kk

CONFIG = """daemon: {track_processes: [nginx]}
plugins:
  net: {per_interface: true}
  alert:
    rules:
"""
# What stands in the page beside whole expressions, and how it becomes one. None: it is none.
FORMS = {"cpu_percent": "system.%s > 1", "memory_rss_mb": "processes.%s > 1", "memory_rss_mb > 2GiB": "processes.%s", "processes": "count(%s) > 1",
         "80%": "system.cpu_percent > %s", "5": "system.load_avg_1m > %s", "1.5": "system.load_avg_1m > %s", "2e6": "system.load_avg_1m > %s",
         "2GiB": "processes.memory_rss_mb > %s", "500MB": "processes.memory_rss_mb > %s", "10MB/s": "rate(network.bytes_sent) > %s",
         "5s": "absent(system, %s)", "200ms": "absent(system, %s)", "1.5h": "absent(system, %s)", "true": "%s or system.cpu_percent > 1",
         "false": "%s or system.cpu_percent > 1", '"text"': "processes.name == %s", "'text'": "processes.name == %s", "sum": "%s(processes.num_threads) > 1",
         "table.field": None, "table[rows].field": None, "where": None, "kode-kronical-daemon plugin info NAME": None, "[ > | ! & * % @ { \" '": None,
         ": ": None, " #": None, "\"> 20\"": None, "track_processes: [nginx]": None, "kode-kronical-daemon config --check": None,
         "false and": "%s system.cpu_percent > 1", "true or": "%s system.cpu_percent > 1", "\\\"": None, "\\\\": None, "( )": None}
GLOBS = ("*", "?", "[a-z]", "[!a-z]", "\\")
TAILS = ("> 20", "< 80")  # conditions that end another
OPERATORS = {"- x": "- system.cpu_percent > 1", "* /": "1 * system.cpu_percent / 2 > 1", "+ -": "1 + system.cpu_percent - 2 > 1", "not": "not system.cpu_percent > 1",
             "and": "system.cpu_percent > 1 and true", "or": "system.cpu_percent > 1 or true",
             "< <= > >= == !=": " and ".join (f"system.cpu_percent {o} 5" for o in ("<", "<=", ">", ">=", "==", "!="))}


def page ():
    with open (os.path.join (kk.SOURCE, "doc", "kode-kronical-expression.7.pod"), encoding="utf-8") as f:
        return f.read ()


def plain (text):
    return re.sub (r"E<(\w+)>", lambda m: {"gt": ">", "lt": "<"}[m[1]], text)


def verbatim (text, section):
    body = re.search (rf"^=head1 {section}\n(.*?)(?=^=head1 |\Z)", text, re.M | re.S)[1]
    return [line.strip () for line in body.splitlines () if line.startswith ("    ")]


def rules (found):
    """A configuration with these as rules."""
    quoted = ["'" + e.replace ("'", "''") + "'" for e in found]
    return CONFIG + "".join (f"      r{i}: {{when: {e}}}\n" for i, e in enumerate (quoted))


def accepted (home, found):
    home.config (rules (found))
    r = home.run ("config", "--check")
    kk.equal ((r.rc, "error" in r.err, "warning" in r.err), (0, False, False), f"{found}: {r}")


@kk.test
def whole_expressions (home):
    "the examples at the page's top, and those of rows"
    text = page ()
    top = verbatim (text, "SYNOPSIS")
    kk.check (len (top) >= 4, "the synopsis", top)
    accepted (home, top)
    rows = [r for line in verbatim (text, "ROWS") for r in re.findall (r'\w+(?:\[(?:"[^"]*"|[^]"])*\])?', re.split (r"\s{3,}", line)[0])]
    kk.check (len (rows) >= 7 and "processes" in rows, "examples of rows", rows)
    accepted (home, [f"count({r}) > 1" for r in rows])


@kk.test
def operators (home):
    "each line of operators"
    lines = [re.split (r"\s{3,}", line) for line in verbatim (page (), "OPERATORS")]
    kk.equal (sorted (line[0] for line in lines), sorted (OPERATORS), "operators that the page has, and those tried here")
    accepted (home, list (OPERATORS.values ()))
    kk.contains (dict (line for line in lines if len (line) > 1)["< <= > >= == !="], "a < b and b < c", "not in a row")
    accepted (home, ["1 < system.cpu_percent and system.cpu_percent < 5"])


@kk.test
def words_in_the_text (home):
    "what stands in the text as code is an expression, or becomes one in its place, or is known to be none"
    text = page ()
    items = [i for line in re.findall (r"^=item (.*)$", text.partition ("=head1 VALUES")[2].partition ("=head1 UNITS")[0], re.M)
             for i in re.findall (r"B<((?:[^<>]|E<\w+>)+)>", line)]
    code = [plain (c) for c in re.findall (r"C<((?:[^<>]|E<\w+>)+)>", text)]
    kk.check (len (items) > 10 and len (code) > 30, "the page was understood", (items, code))
    found = []
    for word in items + code:
        if word in FORMS:
            found += [FORMS[word] % word] if FORMS[word] else []
        elif word in GLOBS:
            found.append (f'count(processes[name="{word}x"]) > 1' if word != "\\" else "count(processes[name=a\\*]) > 1")
        elif re.fullmatch (r"[KMGTi]*B?( [KMGTi]+B?)+|B( \w+)+", word):
            found += [f"system.memory_used_mb > 5{unit}" for unit in word.split ()]
        elif word == "ns us ms s m min h d":
            found += [f"absent(system, 5000000{unit})" for unit in word.split () if unit not in ("h", "d")] + ["absent(system, 5h)", "absent(system, 5d)"]
        elif word in ("==", "!="):
            found.append (f"processes.name {word} 'x'")
        elif re.fullmatch (r"(sum|max)\(.*\)|count\([^>]*\)|count\(.*>.*\)", word):
            found.append (word + " > 1")
        elif word not in TAILS:
            found.append (word if re.search ("[<>=(]", word) else word + " > 1")
    accepted (home, found)


@kk.test
def conditions_that_end_another (home):
    "what ends another condition, and how YAML wants one that begins with >"
    for tail in TAILS:
        kk.check (tail in [plain (c) for c in re.findall (r"C<((?:[^<>]|E<\w+>)+)>", page ())], f"{tail} stands in the page")
    home.config (CONFIG + '      x: {when: system.cpu_percent > 90, clear: < 80}\n      y: {when: system.cpu_percent < 10, clear: "> 20"}\n')
    home.run ("config", "--check").ok ()


@kk.test
def errors (home):
    "each error of the page is that error, at that column"
    lines = [re.fullmatch (r"(.*?)\s{3,}column (\d+): (.*)", line) for line in verbatim (page (), "ERRORS")]
    kk.check (len (lines) >= 7 and all (lines), "the lines were understood", lines)
    for line in lines:
        home.config (rules ([line[1]]))
        r = home.run ("config", "--check")
        kk.equal (r.rc, 1, f"{line[1]}: {r}")
        kk.contains (r.err, f"column {line[2]}: ", line[1])
        kk.contains (r.err.partition (f"column {line[2]}: ")[2], line[3], line[1])


if __name__ == "__main__":
    kk.main ()
