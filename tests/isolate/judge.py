"""`check` and `declare` of an isolated plugin are asked in a process of their own, and say what they would say in the daemon."""

import os
import re
import time

import kk
from isokit import TICK, Pace, child_of, config, daemon, instance, others_go_on, plugins

BOUND = 5  # s, for one question


def check (home, instances):
    """What `config --check` says of these instances."""
    home.config (config (home, instances))
    return home.run ("config", "--check", env=plugins (home), timeout=60)


def both (home, options):
    """What it says of the chooser with these options, isolated and within; both must be the same."""
    said = []
    for isolate in (True, False):
        r = check (home, {"chooser": {**options, "isolate": isolate}})
        place, _, text = r.err.partition (": ")
        line, column = place.split (":")[-2:] if r.rc else ("", "")
        said.append ((r.rc, line, column, text))
    kk.equal (said[0], said[1], f"isolated and not: {options}")
    return said[0]


@kk.test
def same_sentences (home):
    "what the plugin has against a config is said as without isolation, at the same place"
    for options, part in (({"columns": ["one", "bad"]}, "'bad' is no column: leave it out"),
                          ({"mode": "refuse"}, "these options do not fit together"),
                          ({"mode": "none"}, "it declares no table"),
                          ({"table": "No Name"}, "is not lower case letters"),
                          ({"columns": ["one", "one"]}, "is declared twice"),
                          ({"columns": []}, "needs its fields and their count"),
                          ({"columns": list ("abcdefghi")}, "at most 8 columns")):
        rc, *_, text = both (home, options)
        kk.equal (rc, 1, f"exit status with {options}")
        kk.contains (text, part, f"what is said of {options}")
    kk.equal (both (home, {"columns": ["a", "b", "c"]})[0], 0, "exit status of a good one")
    kk.contains (check (home, {"chooser": {"mode": "elsewhere"}}).err, "nowhere: there is no such option", "an option that it does not have")


@kk.test
def filters_that_add (home):
    "a filter in a process of its own that adds or renames is an error with its place; one that drops says what flows and what it wonders at, as in the daemon"
    def said (filters, order):
        lines = "".join (f"  {name}: {{{options}}}\n" for name, options in filters)
        home.config (f"plugins:\n{lines}pipeline: [{order}]\n")
        return home.run ("config", "--check")
    for name, options in (("label", "fields: {site: here}"), ("rename", "tables: {network: net}"), ("rate", "fields: [network.bytes_sent], suffix: _rate")):
        r = said ([(name, options + ", isolate: true")], name)
        kk.equal (r.rc, 1, f"{name}: exit status")
        place = len (f"  {name}: {{{options}, isolate: ") + 1
        kk.contains (r.all, f":2:{place}: error: isolate: it adds or renames tables or fields, which it cannot in a process of its own: say isolate: false",
                     f"{name}: what is said")
        kk.equal (r.all.count ("error:"), 1, f"{name}: once")
        said ([(name, options)], name).ok ()
    for isolate in ("true", "false"):
        filters = [("select", f"drop_tables: [network, 'lost*'], isolate: {isolate}"), ("rate", "fields: [network.bytes_sent], suffix: _rate")]
        r = said (filters, "select, rate")
        kk.contains (r.all, ":2:25: warning: drop_tables: 'lost*' names no table that comes along", f"isolate: {isolate}: a warning")
        kk.contains (r.all, ":3:18: error: fields: no table 'network' comes along", f"isolate: {isolate}: what it drops does not flow")
        kk.equal (r.all.count ("error:"), 1, f"isolate: {isolate}: one error")
        kk.contains (said (filters[:1], "select").ok ().all, "names no table", "valid without the other")


@kk.test
def declared_tables (home):
    "an input that has only declared tables records the same within and in a process of its own"
    columns = ["alpha", "beta", "gamma"]
    with daemon (home, {"out": {"plugin": "chooser", "table": "outside", "columns": columns},
                        "renamed": {"plugin": "chooser", "table": "first", "tables": {"first": "second"}},
                        "in": {"plugin": "chooser", "isolate": False, "table": "inside", "columns": columns}}) as d:
        kk.wait_for (lambda: instance (d, "out")["calls"] > 3, 10, "some reads")
        kk.equal (len (child_of (d)), 2, "processes")
    entry = kk.wait_for (lambda: [e for e in home.metrics () if "outside" in e and "second" in e][-1], 5, "an entry")
    kk.equal ([entry["outside"][c] for c in columns], [10, 11, 12], "what was recorded")
    kk.equal ([entry["inside"][c] for c in columns], [10, 11, 12], "what was recorded without isolation")
    kk.equal ((entry["second"]["one"], entry["second"]["two"]), (10, 11), "a renamed table")
    kk.check ("first" not in entry, "its old name is gone", entry.keys ())


@kk.test
def filters_and_outputs (home):
    "the config of an isolated filter and output is judged too"
    r = check (home, {"sieve": {"mode": "refused"}, "teller": {"path": "/nowhere", "mode": "refused"}})
    kk.equal (r.rc, 1, "exit status")
    kk.contains (r.err, "mode: a sieve does not do that", "the filter")
    kk.contains (r.err, "mode: a teller does not do that", "the output")


@kk.test
def crashes (home):
    "a process that dies when it is asked is an error that says how, with its last words"
    for callback in ("check", "declare"):
        for what, says in (("segv", "SIGSEGV"), ("exit", "it exited with status 7"), ("garbage", "its answer made no sense")):
            r = check (home, {"chooser": {"mode": f"{callback}-{what}"}})
            kk.equal (r.rc, 1, f"exit status of {what} in {callback}")
            kk.contains (r.err, f"chooser: its process failed in {callback}: ", f"{what} in {callback}")
            kk.contains (r.err, says, f"{what} in {callback}")
            kk.contains (r.err, f"last words: about to do: {callback}-{what}", "last words")


@kk.test (deadline=120)
def hangs (home):
    "a process that hangs or stops when it is asked is an error within a bounded time, of all of them together too"
    began = time.monotonic ()
    r = check (home, {f"c{i}": {"plugin": "chooser", "table": f"t{i}", "mode": "check-hang" if i % 2 else "declare-stop"} for i in range (7)})
    took = time.monotonic () - began
    kk.equal (r.rc, 1, "exit status")
    # A busy machine may have taken of the time that all have together.
    kk.check (re.search (r"c0: its process failed in declare: it did not answer within \d[.\d]* s", r.err), "one that stops", r.err)
    kk.check (re.search (r"c1: its process failed in check: it did not answer within \d[.\d]* s", r.err), "one that hangs", r.err)
    kk.contains (r.err, "c6: it was not asked", "one for which no time was left")
    kk.check (took < 4 * BOUND + 10 * kk.SLOW, "the time it took", took)
    kk.equal (home.processes (), [], "no process is left")


@kk.test
def reload_hangs (home):
    "a reload with a config whose check hangs changes nothing, and the samples go on meanwhile"
    good = {"chooser": {}}
    with daemon (home, good) as d, Pace () as pace:
        kk.wait_for (lambda: instance (d, "chooser")["calls"] > 3, 10, "some reads")
        children = child_of (d)
        home.config (config (home, {"chooser": {"mode": "check-hang"}}))
        before = d.status ()["ticks"]["taken"]
        r = home.run ("reload", timeout=60)
        kk.equal (r.rc, 1, "exit status")
        kk.contains (r.err, "in check: it did not answer within", "the reason")
        s = d.status ()
        kk.check (s["ticks"]["taken"] >= before + BOUND / TICK / 2, "samples were taken meanwhile", s["ticks"])
        others_go_on (d, pace)
        kk.equal (child_of (d), children, "its process")
        home.config (config (home, {"chooser": {"mode": "declare-segv"}}))
        kk.contains (home.run ("reload").err, "failed in declare", "a crash")
        home.config (config (home, {"chooser": {"columns": ["other"]}}))
        home.run ("reload").ok ("a good one")
        kk.wait_for (lambda: "other" in home.metrics ()[-1].get ("chosen", {}), 10, "the other column")
        kk.equal (len (child_of (d)), 1, "processes")


@kk.test
def asked_once (home):
    "what was found good is not asked about again by a reload; what changed is"
    path = os.path.join (home.top, "mood")
    instances = {"chooser": {"unless": path}}
    with daemon (home, instances) as d:
        kk.wait_for (lambda: instance (d, "chooser")["calls"] > 3, 10, "some reads")
        children = child_of (d)
        home.write (path, "")
        home.config (config (home, {**instances, "memory": {"swap": True}}))
        home.run ("reload").ok ("a reload that does not concern it")
        kk.equal (child_of (d), children, "its process")
        home.config (config (home, {"chooser": {"unless": path, "columns": ["other"]}}))
        r = home.run ("reload")
        kk.equal (r.rc, 1, "exit status")
        kk.contains (r.err, "not in the mood", "the reason")


kk.main ()
