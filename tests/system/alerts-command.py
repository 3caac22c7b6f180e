#!/usr/bin/env python3
"""kode-kronical-daemon alerts: the list, the history and silences, whether a daemon runs or not."""

import os
import subprocess
import time

import filekit
import kk
from alertkit import UNLIMITED, Scene

RULES = """      calm: {when: probe.load > 1000, severity: critical}
      soon: {when: probe.load > 60, for: 1h}
      busy: {when: probe.load > 90, severity: critical, text: "{rule}: {value} {unit}"}
      over: {when: probe.load > 90, clear: < 80 for 1h}
      big: {when: "items[a*].size > 1KiB"}
      rare: {when: "items[z*].size > 1KiB"}
      lost: {when: probe.spare > 3, unknown_after: 0s}
"""
BUSY = """      busy: {when: probe.load > 90}
      other: {when: probe.load > 95}
"""


def every_state (s):
    """Brings one rule into each state."""
    s.say (load=95, items={"a1": 2000, "a2": 10, "b1": 5000})
    s.wait_states (busy="firing", over="firing", soon="pending", **{"big/a1": "firing"})
    s.say (load=70, items={"a1": 2000, "a2": 10, "b1": 5000})
    s.wait_states (busy="ok", over="clearing", soon="pending", calm="ok", rare="ok", **{"big/a1": "firing"})


@kk.test
def every_state_is_listed (home):
    "state, value, threshold, since and the recent past of each rule, what fires first; the daemon's own word for it"
    s = Scene (home, RULES)
    with home.daemon (s.text) as d:
        begun = time.time ()
        every_state (s)
        s.wait_samples (d, 5)
        answer = s.alerts ("--json").ok ().json ()
        found = s.list ()
        d.stop ()
    kk.equal ((answer["running"], answer["enabled"]), (True, True), "the daemon")
    order = [a["state"] for a in answer["alerts"]]
    kk.equal (order, ["firing", "clearing", "pending"] + ["ok"] * 4, "what fires first")
    over = found["over", ""]
    kk.equal ((over["value"], over["unit"], over["threshold"], over["severity"]), (70, "%", "> 90", "warning"), "of what clears")
    kk.check (begun - 1 <= over["since"] <= answer["time"], "since when", (begun, over, answer["time"]))
    kk.check (over["past"][-1] == 70 and 95 in over["past"], "the recent past, the newest last", over["past"])
    kk.equal (found["soon", ""]["threshold"], "> 60 for 1 h", "a threshold with its time")
    kk.equal ((found["big", "a1"]["value"], found["big", "a1"]["unit"]), (2000, "By"), "of a row")
    kk.equal ((found["calm", ""]["since"], found["calm", ""]["value"]), (None, 70), "of what is ok")
    kk.equal ((found["rare", ""]["state"], found["rare", ""]["value"]), ("ok", None), "of a rule about rows")
    kk.check (found["lost", ""]["unknown"] and "spare" in found["lost", ""]["why"], "what is not known, and why", found["lost", ""])
    kk.equal ([k for k, a in found.items () if a["unknown"] and k[0] != "lost"], [], "the others are known")


@kk.test
def without_a_daemon (home):
    "after a stop and after kill -9 the list says what was remembered, and that nobody looks any more"
    s = Scene (home, RULES)
    home.config (s.text)
    before = s.alerts ("--json").ok ().json ()
    kk.equal (sorted ({a["state"] for a in before["alerts"]}), ["ok"], "before there ever was one")
    want = {"over": "clearing", "soon": "pending", "big/a1": "firing", "busy": "ok", "calm": "ok", "rare": "ok", "lost": "ok"}
    with home.daemon (s.text) as d:
        every_state (s)
        d.stop ()
    kk.equal (s.states (), want, "after a stop")
    with home.daemon (s.text) as d:
        s.wait_samples (d, 3)
        d.kill ()
    kk.equal (s.states (), want, "after kill -9")
    text = s.alerts ().ok ()
    kk.contains (text.out, "does not run", "it is said")
    kk.equal (s.alerts ("--json").ok ().json ()["running"], False, "running")
    kk.equal ({k[0]: a["unit"] for k, a in s.list ().items () if k[0] in ("over", "big")}, {"over": "%", "big": "By"}, "units, as recorded")
    for part in ("70 %", "2.0 KiB"):
        kk.contains (text.out, part, "values with their units")
    past = s.alerts ("history").ok ().out
    kk.check ("95 %" in past and "2.0 KiB" in past, "values of the history", past)


@kk.test
def history_over_a_restart (home):
    "what changed, over a restart and a crash, in order; of one rule, since a time, the last N"
    s = Scene (home, BUSY + '      big: {when: "items[a*].size > 1KiB"}\n')
    remembered = lambda n: kk.wait_for (lambda: len (s.alerts ("history", "--json").ok ().json ()["changes"]) == n, 20, f"{n} changes")
    s.say (load=92)
    with home.daemon (s.text) as d:
        s.wait_states (busy="firing", other="ok")
        d.stop ()
    with home.daemon (s.text) as d:
        s.wait_samples (d, 3)
        s.say (load=10, items={"a1": 2000})
        s.wait_states (busy="ok", **{"big/a1": "firing"})
        remembered (3)
        d.kill ()
    between = time.time ()
    s.say (load=99)
    with home.daemon (s.text) as d:
        s.wait_states (busy="firing", other="firing")
        remembered (6)
        d.stop ()
    changes = s.alerts ("history", "--json").ok ().json ()["changes"]
    words = lambda found: [(c["rule"], c["row"], c["change"], c["gone"]) for c in found]
    kk.equal (words (changes)[:1], [("busy", "", "fired", False)], "the first")
    kk.equal (sorted (words (changes)[1:3]), [("big", "a1", "fired", False), ("busy", "", "cleared", False)], "after the restart")
    kk.equal (sorted (words (changes)[3:]),
              [("big", "a1", "cleared", True), ("busy", "", "fired", False), ("other", "", "fired", False)], "after the crash")
    kk.equal ([c["time"] for c in changes], sorted (c["time"] for c in changes), "the oldest first")
    kk.check (all (c["since"] <= c["time"] for c in changes), "since when", changes)
    kk.equal (changes[0]["value"], 92, "its value")
    kk.equal (words (s.alerts ("history", "busy", "--json").ok ().json ()["changes"]), [w for w in words (changes) if w[0] == "busy"], "of one rule")
    kk.equal (words (s.alerts ("history", "-n", "2", "--json").ok ().json ()["changes"]), words (changes)[-2:], "the last two")
    late = s.alerts ("history", "--since", f"@{int (between) + 3600}", "--json").ok ().json ()["changes"]
    kk.equal (late, [], "since a time that has not come")
    kk.equal (len (s.alerts ("history", "--since", f"@{int (between) - 86400}", "--json").ok ().json ()["changes"]), 6, "since yesterday")
    text = s.alerts ("history").ok ().out.splitlines ()
    kk.equal ((len (text), "fired" in text[1], "gone" in "".join (text)), (7, True, True), f"for people: {text}")
    home.config (s.text.replace ("      busy:", "      lazy:"))
    kk.equal (len (s.alerts ("history", "busy", "--json").ok ().json ()["changes"]), 3, "of a rule that is no more")
    kk.contains (s.alerts ("history", "lazy").ok ().out, "Nothing", "of one without a change")


SILENT = """      sign: {when: probe.load > 95}
      other: {when: probe.load > 95}
      busy: {when: probe.spare > 90}
"""


def wait_silenced (s):
    """Until the daemon has seen that the rule `sign` is silenced, and what was silenced before it."""
    for _ in range (200):
        n = len (s.changes ())
        s.say (load=99, spare=1)
        kk.wait_for (lambda n=n: ("other", "fired") in s.changes ()[n:], 20, "the other is told")
        muted = ("sign", "fired") not in s.changes ()[n:]
        s.say (load=10, spare=1)
        kk.wait_for (lambda n=n: ("other", "cleared") in s.changes ()[n:], 20, "the other is over")
        if muted:
            return
    raise kk.Failed ("the silence is not seen")


@kk.test (deadline=120)
def a_silence_mutes_and_ends (home):
    "a rule that is silenced tells nothing; when that is ended what fires still is told; others tell meanwhile"
    s = Scene (home, SILENT, limits=UNLIMITED)
    of_busy = lambda: [m for m in s.changes () if m[0] == "busy"]
    with home.daemon (s.text) as d:
        s.wait_samples (d, 2)
        made = s.alerts ("silence", "busy", "1h", "--reason", "we know: \"äö\"", "--json").ok ().json ()
        kk.equal ((made["rule"], made["reason"], made["until"] - made["from"]), ("busy", 'we know: "äö"', 3600), "what was made")
        sign = s.alerts ("silence", "sign", "1h", "--json").ok ().json ()
        wait_silenced (s)
        s.say (load=10, spare=99)
        s.wait_states (busy="firing")
        s.wait_samples (d, 5)
        kk.equal (of_busy (), [], "nothing is told")
        found = s.list ()
        kk.equal ((found["busy", ""]["state"], found["busy", ""]["silenced"], found["other", ""]["silenced"]), ("firing", True, False),
                  "it fires, silenced")
        kk.contains (s.alerts ().ok ().out, "silenced", "for people")
        listed = s.alerts ("silence", "--json").ok ().json ()["silences"]
        kk.equal (listed, [made, sign], "the list of silences")
        kk.contains (s.alerts ("silence").ok ().out, made["id"], "for people")
        s.alerts ("silence", "--end", made["id"]).ok ()
        s.alerts ("silence", "--end", "sign").ok ()
        kk.wait_for (lambda: of_busy () == [("busy", "fired")], 20, "told late")
        kk.equal (s.alerts ("silence", "--json").ok ().json ()["silences"], [], "no more")
        kk.contains (s.alerts ("silence").ok ().out, "Nothing", "for people")
        d.stop ()


@kk.test
def a_silence_over_a_restart (home):
    "a pattern for rows of several rules lasts over a restart, and ends by itself when its time is over"
    rules = '      big: {when: "items[a*].size > 1KiB"}\n      bigger: {when: "items[b*].size > 1KiB"}\n'
    s = Scene (home, rules)
    with home.daemon (s.text) as d:
        s.wait_samples (d, 2)
        s.alerts ("silence", "big*", "1h", "--row", "?1").ok ()
        d.stop ()
    s.say (load=1, items={"a1": 2000, "a2": 2000, "b1": 2000})
    with home.daemon (s.text) as d:
        s.wait_states (**{"big/a1": "firing", "big/a2": "firing", "bigger/b1": "firing"})
        kk.wait_for (lambda: s.changes () == [("big", "fired")], 20, "the row that is not silenced")
        found = s.list ()
        kk.equal ([found[k]["silenced"] for k in (("big", "a1"), ("big", "a2"), ("bigger", "b1"))], [True, False, True], "silenced")
        s.alerts ("silence", "bigger", "3s").ok ()
        kk.equal (s.alerts ("silence", "--end", "big*", "--json").ok ().json (), {"ended": 1}, "ended by its pattern")
        kk.wait_for (lambda: sorted (s.changes ()) == [("big", "fired"), ("big", "fired"), ("bigger", "fired")], 30, "all told in the end")
        d.stop ()


@kk.test
def wrong_words (home):
    "what makes no sense is refused with what would"
    s = Scene (home, BUSY)
    home.config (s.text)
    cases = [(("silence", "bsy", "2h"), 2, "did you mean 'busy'"), (("silence", "nothing-*", "2h"), 2, "no rule"),
             (("silence", "busy", "2"), 2, "'2' is no time"), (("silence", "busy", "0s"), 2, "1s to 366d"),
             (("silence", "busy", "-1h"), 2, ""), (("silence", "busy", "400d"), 2, "1s to 366d"), (("silence", "busy", "soon"), 2, "30m"),
             (("silence", "busy"), 2, "silence RULE TIME"), (("silence", "busy", "2h"), 1, "no daemon has watched"),
             (("silence", "--end", "busy"), 1, "not silenced"), (("silence", "--end", "busy", "busy", "1h"), 2, "stands alone"),
             (("silence", "--reason", "x"), 2, "go with"), (("history", "--since", "long ago"), 2, "is no time"),
             (("history", "-n", "0"), 2, "from 1"), (("history", "a", "b"), 2, "too many"), (("--since", "2h"), 2, "with history and test"),
             (("--row", "x"), 2, "with silence"), (("lst",), 2, "alerts history"), (("--nonsense",), 2, "--help"),
             (("--instance", "probe"), 1, "no instance"), (("--instance", "none"), 1, "no instance 'none'"),
             (("--instance", "alerrt"), 1, "did you mean 'alert'"), (("history", "bsy"), 2, "did you mean 'busy'")]
    for args, rc, words in cases:
        r = s.alerts (*args)
        kk.equal ((r.rc, r.out, "kode-kronical-daemon" in r.err), (rc, "", True), f"{args}: {r}")
        kk.contains (r.err, words, f"{args}")
    kk.equal (home.files (), [], "nothing was made")
    home.config ("plugins: {alert: {rules: {x: {when: no.such > 1}}}}")
    kk.check (s.alerts ().rc in (0, 1), "a rule about nothing")
    home.config ("plugins: {alert: {rules: {x: {when: no such}}}}")
    kk.contains (s.alerts ().ok ().err, "daemon.yaml:1:", "a rule that cannot be read")
    home.config ("{}")
    kk.contains (s.alerts ().ok ().out, "nothing is watched", "no rules")
    kk.equal (s.alerts ("--json").ok ().json ()["alerts"], [], "no rules")
    lines = s.alerts ("--help").ok ().out.splitlines ()
    kk.check (all (len (x) <= 80 for x in lines) and len (lines) > 20, "help")


@kk.test
def several_instances (home):
    "where there are several, the list says whose it is and which others there are, and a rule of another one is found"
    home.config ("plugins: {alert: {rules: {x: {when: system.cpu_percent > 1}}}, names: {plugin: rename, tables: {alerts: first}},"
                 " paging: {plugin: alert, rules: {y: {when: system.cpu_percent > 2}}}}\npipeline: [alert, names, paging]\n")
    kk.equal (home.run ("alerts").ok ().out.splitlines ()[-1], "This is 'alert'; for rules of 'paging' say --instance NAME", "the list")
    kk.contains (home.run ("alerts", "silence", "y", "1h").err, "no rule 'y' in 'alert', but in 'paging': say which one by --instance", "a rule")


@kk.test
def an_instance_that_is_off (home):
    "of one with another name, on or off, list, history and silences are there; it need not be named when it is the only one that is on"
    s = Scene (home, BUSY)
    text = s.text.replace ("  alert:\n", "  watch:\n    plugin: alert\n")
    s.say (load=99)
    with home.daemon (text) as d:
        s.wait_states (busy="firing", other="firing")
        s.alerts ("silence", "busy", "1h").ok ()
        kk.equal (sorted (c["rule"] for c in s.alerts ("history", "--json").ok ().json ()["changes"]), ["busy", "other"], "it is the only one")
        d.stop ()
    home.config (text.replace ("    plugin: alert\n", "    plugin: alert\n    enabled: false\n"))
    kk.equal (s.alerts ("--json").ok ().json ()["alerts"], [], "the one of the plugin's name, which never was")
    r = s.alerts ("--instance", "watch", "--json").ok ().json ()
    kk.equal ((r["enabled"], [(a["rule"], a["state"]) for a in r["alerts"]]), (False, [("busy", "firing"), ("other", "firing")]), "as it was left")
    kk.contains (s.alerts ("--instance", "watch").ok ().out, "is off", "it is said")
    kk.equal (sorted (c["rule"] for c in s.alerts ("history", "--instance", "watch", "--json").ok ().json ()["changes"]), ["busy", "other"], "its history")
    kk.contains (s.alerts ("silence", "--instance", "watch").ok ().out, "busy", "its silences")


@kk.test
def widths (home):
    "lines fit terminals of 40, 80 and 200 columns; colors are for terminals, and not with NO_COLOR"
    long = "a-rule-with-a-name-that-is-much-longer-than-a-narrow-terminal-has-columns"
    s = Scene (home, RULES + f"      {long}: {{when: probe.load > 50 and probe.load < 1000 and probe.load != 123, text: x}}\n")
    with home.daemon (s.text) as d:
        every_state (s)
        s.wait_states (**{long: "firing"})
        s.alerts ("silence", long, "1h", "--reason", "because of a very long story " * 5).ok ()
        for command in ((), ("history",), ("silence",)):
            piped = s.alerts (*command).ok ().out
            kk.check ("\033" not in piped, "colors in a pipe", piped)
            for columns in (40, 80, 200):
                lines = home.on_terminal (columns, "alerts", *command).splitlines ()
                kk.check (len (lines) >= 2, "lines", lines)
                kk.equal ([x for x in lines if len (kk.plain (x)) > columns], [], f"alerts {command}: lines beyond {columns} columns")
            kk.equal ([x for x in piped.splitlines () if len (x) > 80], [], "lines beyond 80 columns in a pipe")
        narrow, wide = (home.on_terminal (n, "alerts") for n in (40, 200))
        kk.check ("\033[" in wide, "colors on a terminal", wide)
        kk.check ("\033[" not in home.on_terminal (80, "alerts", NO_COLOR="1"), "NO_COLOR")
        for word in ("firing", "clearing", "pending", "ok", "70 %"):
            kk.contains (narrow, word, "on a narrow terminal")
        for word in (long, "SINCE", "THRESHOLD", "silenced", "unknown", "> 90"):
            kk.contains (wide, word, "on a wide terminal")
        blocks = set ("▁▂▃▄▅▆▇█")
        kk.check (blocks & set (wide), "the recent past", wide)
        kk.check (not blocks & set (home.on_terminal (200, "alerts", LANG="C", LC_ALL="C")), "blocks where there is no UTF-8")
        d.stop ()


@kk.test
def no_answer (home):
    "output that cannot be written, and a damaged file of silences, are said"
    s = Scene (home, BUSY)
    with home.daemon (s.text) as d:
        s.wait_samples (d, 2)
        with open ("/dev/full", "w", encoding="utf-8") as full:
            p = home.spawn (*home.command (["alerts"]), stdout=full)
            kk.equal (p.wait (30 * kk.SLOW), 1, "to a full disk")
        d.stop ()
    home.write (f"{home.data}/alert/silences", "no silence\n" * 3)
    r = s.alerts ("silence", "--json").ok ()
    kk.equal (r.json ()["silences"], [], "lines that are none")
    kk.contains (r.err, "damaged: 3 lines", "it is said")
    s.alerts ("silence", "busy", "2h").ok ()
    kk.equal (len (s.alerts ("silence", "--json").ok ().json ()["silences"]), 1, "one more")


@kk.test
def silences_that_are_damaged (home):
    "the log says once that silences are damaged, or no file, and when that is over; the command too, and the list goes on"
    s = Scene (home, BUSY)
    path = f"{home.data}/alert/silences"
    seen = lambda words: kk.wait_for (lambda: words in home.log (), 20, words)
    with home.daemon (s.text) as d:
        s.wait_samples (d, 2)
        s.alerts ("silence", "busy", "2h").ok ()
        with open (path, "rb") as f:
            whole = f.read ()
        home.write (path, whole[:-30])
        seen ("silences is damaged: 1 line left out")
        r = s.alerts ("silence").ok ()
        kk.equal (("Nothing" in r.out, "1 line" in r.err), (True, True), f"the command: {r}")
        home.write (path, whole)
        seen ("silences is whole again")
        os.unlink (path)
        os.mkdir (path)
        seen ("no plain file")
        s.wait_samples (d, 25)
        r = s.alerts ().ok ()
        kk.equal (("busy" in r.out, "no plain file" in r.err), (True, True), f"the list: {r}")
        kk.equal (s.alerts ("silence").rc, 1, "silences that cannot be read")
        kk.contains (s.alerts ("silence", "busy", "1h").err, "no plain file", "one more")
        kk.equal ([home.log ().count (x) for x in ("is damaged", "cannot be read")], [1, 1], "said once")
        d.stop ()


@kk.test
def too_many_silences (home):
    "a full list is told apart from a full disk"
    s = Scene (home, BUSY)
    one = '{"id":"%x","from":1767225600000000000,"until":1798761600000000000,"rule":"busy","by":"me","why":""}\n'
    home.config (s.text)
    home.write (f"{home.data}/alert/silences", "".join (one % (i + 1) for i in range (256)))
    r = s.alerts ("silence", "busy", "1h")
    kk.equal ((r.rc, "there are 256 silences" in r.err, "disk" in r.err), (1, True, False), f"too many: {r}")
    full = ["sh", "-c", 'ulimit -f 0; trap "" XFSZ; exec "$@"', "sh", *home.command (["alerts", "silence", "busy", "1h"])]
    home.write (f"{home.data}/alert/silences", "")
    p = subprocess.run (full, env=home.env (), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, encoding="utf-8")
    kk.equal ((p.returncode, "cannot write" in p.stderr, "256" in p.stderr), (1, True, False), f"no room: {p}")


@kk.test
def names_like_patterns (home):
    "a rule and a row are silenced by the names they have, also where those look like patterns"
    s = Scene (home, '      "disk[root]": {when: probe.load > 90}\n      diskr: {when: probe.load > 90}\n      big: {when: "items[*].size > 1KiB"}\n')
    s.say (load=99, items={"[a]": 2000, "b": 2000})
    with home.daemon (s.text) as d:
        s.wait_states (**{"disk[root]": "firing", "big/[a]": "firing", "big/b": "firing"})
        s.alerts ("silence", "disk[root]", "1h").ok ()
        s.alerts ("silence", "big", "1h", "--row", "[a]").ok ()
        found = s.list ()
        kk.equal ([found[k]["silenced"] for k in (("disk[root]", ""), ("diskr", ""), ("big", "[a]"), ("big", "b"))],
                  [True, False, True, False], "silenced")
        s.alerts ("silence", "disk[rs]", "1h").ok ()
        kk.equal ([s.list ()[k, ""]["silenced"] for k in ("disk[root]", "diskr")], [True, True], "a pattern that no rule is named")
        s.alerts ("silence", "--end", "disk[root]").ok ()
        kk.equal ([s.list ()[k, ""]["silenced"] for k in ("disk[root]", "diskr")], [False, True], "the end of the one")
        d.stop ()


@kk.test
def what_the_daemon_knows (home):
    "a rule about what is gone fires and is known, though a filter makes the samples of outputs partial"
    s = Scene (home, '      lost: {when: "gone(items[zz])"}\n', "  top: {by: [items.size], n: 5}\npipeline: [alert, top]\n")
    s.say (load=10, items={"b": 2000})
    with home.daemon (s.text) as d:
        s.wait_states (lost="firing")
        s.wait_samples (d, 5)
        found = s.list ()["lost", ""]
        kk.equal ((found["state"], found["unknown"], found.get ("why")), ("firing", False, None), f"known: {found}")
        kk.check ("unknown" not in s.alerts ().ok ().out, "for people")
        kk.equal ([r["unknown"] for r in s.samples (1)[0]["alerts"].values ()], [False], "in the table")
        d.stop ()


@kk.test (deadline=120)
def a_clock_that_jumps_while_it_is_pending (home):
    "the history says how long it was counted, not how far the clock went"
    s = Scene (home, "      busy: {when: probe.load > 90, for: 2s}\n")
    shim = filekit.Shim (home)
    with home.daemon (s.text, env=shim.env ()) as d:
        s.wait_samples (d, 2)
        s.say (load=99)
        s.wait_states (busy="pending")
        shim.offset (10 * 365 * 86400)
        s.wait_states (busy="firing")
        kk.equal (s.alerts ("history").ok ().out.splitlines ()[-1].split ()[-2:], ["2", "s"], "after how long")
        d.stop ()


MANY = """daemon: {sample_interval: 0.2, ring_bytes: 64MiB}
plugins:
  process: false
  net: false
  probe:
    plugin: exec
    command: [cat, %s]
    fields: ["probe.load f64 %%", "items[name].size f64 By", "fat[name].size f64 By", "other[name].size f64 By"]
    timeout: 10s
    deadline: 10s
    max_output: 8MiB
    interval: %gs
  alert:
    rules:
%s
"""


@kk.test (deadline=180)
def thousands_of_rows (home):
    "more samples than fit one answer, and more rows than are shown: the list has its values and their past, and says how many there are more"
    rules = "".join (f'      r{i}: {{when: "items[*].size > {i}KiB"}}\n' for i in range (5)) + "      of-fat: {when: count(fat) > 3}\n"
    values = home.write (f"{home.top}/values", "probe load 10\n" + "".join (f"items item-{i} size {9000 + i}\n" for i in range (1000))
                         + "".join (f"{table} {'x' * 240}{i} size {i}\n" for table in ("fat", "other") for i in range (4000)))
    with home.daemon (MANY % (values, 0.2 * kk.SLOW, rules + "      calm: {when: probe.load > 90}\n")) as d:
        kk.wait_for (lambda: d.status ()["ring"]["samples"] >= 45, 120, "samples")
        with kk.Connection (home.data) as c:
            c.send ("samples", last=200)
            kk.contains (c.receive ().get ("error", ""), "too much", "all tables of so many samples")
        kk.wait_for (lambda: home.run ("alerts", "--json").ok ().json ()["more"] == 5002 - 4096, 60, "all rows fire")
        def known ():  # a program that was too late once makes it unknown for a moment
            answer = home.run ("alerts", "--json").ok ()
            return answer if [(a["value"], a["unknown"]) for a in answer.json ()["alerts"] if a["rule"] == "of-fat"] == [(4000, False)] else None
        r = kk.wait_for (known, 60, "of the big table")
        found = r.json ()["alerts"]
        kk.equal ((r.err, len (found), {a["state"] for a in found}), ("", 4096, {"firing"}), "what is shown")
        of_fat = [a for a in found if a["rule"] == "of-fat"]
        kk.check (len (of_fat[0]["past"]) >= 2, "the past of the big table", of_fat)
        kk.check (all (len (a["past"]) >= 2 and a["unit"] == "By" for a in found if a["rule"] != "of-fat"), "pasts and units of rows", found[-1])
        kk.equal (home.run ("alerts").ok ().out.splitlines ()[-1], "and 906 rows more", "for people")
        d.stop ()


@kk.test
def of_another_user (home):
    "who may not look into the data directory is told so, by each of the commands"
    config = home.write (f"{home.top}/others.yaml", f"daemon: {{data_dir: {home.top}/data}}\nplugins: {{alert: {{rules: {{x: {{when: system.cpu_percent > 1}}}}}}}}\n", 0o644)
    os.mkdir (f"{home.top}/data", 0o700)
    kk.need_others (home, 65534)
    for args, words in (((), "another user's"), (("history",), "Permission denied"), (("silence", "x", "1h"), "Permission denied"), (("test", "x"), "Permission denied")):
        r = home.run ("-c", config, "alerts", *args, cwd="/", user=65534, group=65534, extra_groups=[])
        kk.equal ((r.rc, r.out), (1, ""), f"{args}: {r}")
        kk.contains (r.err, words, f"{args}")


if __name__ == "__main__":
    kk.main ()
