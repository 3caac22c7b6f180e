#!/usr/bin/env python3
"""kode-kronical-daemon alerts: the list, the history and silences, whether a daemon runs or not."""

import time

import alertscene
import kk

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
    s = alertscene.Scene (home, RULES)
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
    s = alertscene.Scene (home, RULES)
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


@kk.test
def history_over_a_restart (home):
    "what changed, over a restart and a crash, in order; of one rule, since a time, the last N"
    s = alertscene.Scene (home, BUSY + '      big: {when: "items[a*].size > 1KiB"}\n')
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


SILENT = """      sign: {when: probe.load > 95}
      other: {when: probe.load > 95}
      busy: {when: probe.spare > 90}
"""


def wait_silenced (s):
    """Until the daemon has seen that the rule `sign` is silenced, and what was silenced before it."""
    for _ in range (200):
        n = len (s.told ())
        s.say (load=99, spare=1)
        kk.wait_for (lambda n=n: ("other", "fired") in s.told ()[n:], 20, "the other is told")
        muted = ("sign", "fired") not in s.told ()[n:]
        s.say (load=10, spare=1)
        kk.wait_for (lambda n=n: ("other", "cleared") in s.told ()[n:], 20, "the other is over")
        if muted:
            return
    raise kk.Failed ("the silence is not seen")


@kk.test (deadline=120)
def a_silence_mutes_and_ends (home):
    "a rule that is silenced tells nothing; when that is ended what fires still is told; others tell meanwhile"
    s = alertscene.Scene (home, SILENT)
    of_busy = lambda: [m for m in s.told () if m[0] == "busy"]
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
    s = alertscene.Scene (home, rules)
    with home.daemon (s.text) as d:
        s.wait_samples (d, 2)
        s.alerts ("silence", "big*", "1h", "--row", "?1").ok ()
        d.stop ()
    s.say (load=1, items={"a1": 2000, "a2": 2000, "b1": 2000})
    with home.daemon (s.text) as d:
        s.wait_states (**{"big/a1": "firing", "big/a2": "firing", "bigger/b1": "firing"})
        kk.wait_for (lambda: s.told () == [("big", "fired")], 20, "the row that is not silenced")
        found = s.list ()
        kk.equal ([found[k]["silenced"] for k in (("big", "a1"), ("big", "a2"), ("bigger", "b1"))], [True, False, True], "silenced")
        s.alerts ("silence", "bigger", "3s").ok ()
        kk.equal (s.alerts ("silence", "--end", "big*", "--json").ok ().json (), {"ended": 1}, "ended by its pattern")
        kk.wait_for (lambda: sorted (s.told ()) == [("big", "fired"), ("big", "fired"), ("bigger", "fired")], 30, "all told in the end")
        d.stop ()


@kk.test
def wrong_words (home):
    "what makes no sense is refused with what would"
    s = alertscene.Scene (home, BUSY)
    home.config (s.text)
    cases = [(("silence", "bsy", "2h"), 2, "did you mean 'busy'"), (("silence", "nothing-*", "2h"), 2, "no rule"),
             (("silence", "busy", "2"), 2, "'2' is no time"), (("silence", "busy", "0s"), 2, "1s to 366d"),
             (("silence", "busy", "-1h"), 2, ""), (("silence", "busy", "400d"), 2, "1s to 366d"), (("silence", "busy", "soon"), 2, "30m"),
             (("silence", "busy"), 2, "silence RULE TIME"), (("silence", "busy", "2h"), 1, "no daemon has watched"),
             (("silence", "--end", "busy"), 1, "not silenced"), (("silence", "--end", "busy", "busy", "1h"), 2, "stands alone"),
             (("silence", "--reason", "x"), 2, "go with"), (("history", "--since", "long ago"), 2, "is no time"),
             (("history", "-n", "0"), 2, "from 1"), (("history", "a", "b"), 2, "too many"), (("--since", "2h"), 2, "with history and test"),
             (("--row", "x"), 2, "with silence"), (("lst",), 2, "alerts history"), (("--nonsense",), 2, "--help"),
             (("--instance", "probe"), 1, "no instance"), (("--instance", "none"), 1, "")]
    for args, rc, words in cases:
        r = s.alerts (*args)
        kk.equal ((r.rc, r.out, "kode-kronical-daemon" in r.err), (rc, "", True), f"{args}: {r}")
        kk.contains (r.err, words, f"{args}")
    kk.equal (home.files (), [], "nothing was made")
    home.config ("plugins: {alert: {rules: {x: {when: no.such > 1}}}}")
    kk.check (s.alerts ().rc in (0, 1), "a rule about nothing")
    home.config ("plugins: {alert: {rules: {x: {when: no such}}}}")
    kk.equal (s.alerts ().rc, 1, "a rule that cannot be read")
    home.config ("{}")
    kk.contains (s.alerts ().ok ().out, "nothing is watched", "no rules")
    kk.equal (s.alerts ("--json").ok ().json ()["alerts"], [], "no rules")
    lines = s.alerts ("--help").ok ().out.splitlines ()
    kk.check (all (len (x) <= 80 for x in lines) and len (lines) > 20, "help")


@kk.test
def widths (home):
    "lines fit terminals of 40, 80 and 200 columns; colors are for terminals, and not with NO_COLOR"
    long = "a-rule-with-a-name-that-is-much-longer-than-a-narrow-terminal-has-columns"
    s = alertscene.Scene (home, RULES + f"      {long}: {{when: probe.load > 50 and probe.load < 1000 and probe.load != 123, text: x}}\n")
    with home.daemon (s.text) as d:
        every_state (s)
        s.wait_states (**{long: "firing"})
        s.alerts ("silence", long, "1h", "--reason", "because of a very long story " * 5).ok ()
        for command in ((), ("history",), ("silence",)):
            piped = s.alerts (*command).ok ().out
            kk.check ("\033" not in piped, "colors in a pipe", piped)
            for columns in (40, 80, 200):
                lines = alertscene.on_terminal (home, columns, "alerts", *command)
                kk.check (len (lines) >= 2, "lines", lines)
                kk.equal ([x for x in lines if len (alertscene.plain (x)) > columns], [], f"alerts {command}: lines beyond {columns} columns")
            kk.equal ([x for x in piped.splitlines () if len (x) > 80], [], "lines beyond 80 columns in a pipe")
        narrow, wide = ("\n".join (alertscene.on_terminal (home, n, "alerts")) for n in (40, 200))
        kk.check ("\033[" in wide, "colors on a terminal", wide)
        kk.check ("\033[" not in "\n".join (alertscene.on_terminal (home, 80, "alerts", NO_COLOR="1")), "NO_COLOR")
        for word in ("firing", "clearing", "pending", "ok", "70 %"):
            kk.contains (narrow, word, "on a narrow terminal")
        for word in (long, "SINCE", "THRESHOLD", "silenced", "unknown", "> 90"):
            kk.contains (wide, word, "on a wide terminal")
        blocks = set ("▁▂▃▄▅▆▇█")
        kk.check (blocks & set (wide), "the recent past", wide)
        kk.check (not blocks & set ("".join (alertscene.on_terminal (home, 200, "alerts", LANG="C", LC_ALL="C"))), "blocks where there is no UTF-8")
        d.stop ()


@kk.test
def no_answer (home):
    "output that cannot be written, and a damaged file of silences, are said"
    s = alertscene.Scene (home, BUSY)
    with home.daemon (s.text) as d:
        s.wait_samples (d, 2)
        with open ("/dev/full", "w", encoding="utf-8") as full:
            p = home.spawn (*home.command (["alerts"]), stdout=full)
            kk.equal (p.wait (30 * kk.SLOW), 1, "to a full disk")
        d.stop ()
    home.write (f"{home.data}/alert/silences", "no silence\n" * 3)
    kk.equal (s.alerts ("silence", "--json").ok ().json ()["silences"], [], "lines that are none")
    s.alerts ("silence", "busy", "2h").ok ()
    kk.equal (len (s.alerts ("silence", "--json").ok ().json ()["silences"]), 1, "one more")


if __name__ == "__main__":
    kk.main ()
