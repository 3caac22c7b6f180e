#!/usr/bin/env python3
"""kode-kronical-daemon alerts: the rules are those of the daemon that runs, whatever has become of its file."""

import contextlib
import json
import os
import socket
import threading

import kk
from alertkit import Scene

BUSY = """      busy: {when: probe.load > 90}
      other: {when: probe.load > 95}
"""
BROKEN = ("daemon: {sample_interval: [\n", "daemon: {sample_interval: never}\n", "nonsense: {}\n")


def names (s):
    return sorted (rule for rule, _ in s.list ())


@kk.test
def a_file_that_changed (home):
    "what was changed and not reloaded does not count, but for `test`, which is there to choose thresholds before"
    s = Scene (home, BUSY)
    s.say (load=93)
    with home.daemon (s.text) as d:
        s.wait_states (busy="firing", other="ok")
        kk.check ("reload" not in s.alerts ().ok ().out, "before")
        home.config (s.text.replace ("busy:", "lazy:").replace ("> 95", "> 1"))
        kk.contains (s.alerts ().ok ().out.splitlines ()[-1], "The file was changed since: 'kode-kronical-daemon reload'", "it is said")
        kk.equal (names (s), ["busy", "other"], "the daemon's rules")
        kk.equal ((s.list ()["other", ""]["threshold"], s.states ()["other"]), ("> 95", "ok"), "its thresholds")
        answer = s.alerts ("--json").ok ().json ()
        kk.equal ((answer["rules_of"], answer["running"], answer["enabled"]), ("daemon", True, True), "whose they are")
        kk.contains (s.alerts ("silence", "lazy", "1h").err, "no rule 'lazy'", "a rule that is in the file alone")
        s.alerts ("silence", "busy", "1h").ok ()
        kk.equal (s.list ()["busy", ""]["silenced"], True, "it is silenced")
        kk.contains (s.alerts ("history", "lazy").err, "no rule 'lazy'", "history of it")
        kk.contains (s.alerts ("test", "busy").err, "no rule 'busy'", "test: the file's")
        kk.wait_for (lambda: any ("probe" in e for e in home.metrics ()), 30, "something is recorded")
        kk.equal (s.alerts ("test", "other", "--json").ok ().json ()["when"], "probe.load > 1", "test: the file's thresholds")
        home.run ("reload").ok ()
        kk.wait_for (lambda: names (s) == ["lazy", "other"], 20, "reloaded; what is no more is over")
        kk.check ("reload" not in s.alerts ().ok ().out, "after a reload")
        home.write (f"{home.config_dir}/conf.d/more.yaml", "daemon: {log_level: info}\n")
        kk.contains (s.alerts ().ok ().out, "The file was changed since", "a file of conf.d")
        d.stop ()


@kk.test
def a_broken_file (home):
    "while the daemon runs, list, history and silences need no file that can be read"
    s = Scene (home, BUSY)
    s.say (load=93)
    with home.daemon (s.text) as d:
        s.wait_states (busy="firing", other="ok")
        kk.wait_for (lambda: s.alerts ("history", "--json").ok ().json ()["changes"], 20, "it is remembered")
        for text in BROKEN:
            home.config (text)
            kk.equal (home.run ("config", "show").rc, 1, "the file is broken")
            for args, words in (((), "93 %"), (("history",), "93 %"), (("history", "busy"), "fired"), (("silence",), "Nothing"),
                                (("silence", "busy", "1h"), "is silenced"), (("silence", "--end", "busy"), "1 silence ended")):
                r = s.alerts (*args).ok ()
                kk.equal (r.err, "", f"{args}")
                kk.contains (r.out, words, f"{args}")
            r = s.alerts ("test", "busy")
            kk.equal ((r.rc, r.out), (1, ""), f"test: {r}")
            kk.contains (r.err, "daemon.yaml:", "test: the file's fault")
        d.stop ()


@kk.test
def a_broken_file_and_no_daemon (home):
    "what is remembered is there all the same, and the fault of the file is told once"
    s = Scene (home, BUSY)
    s.say (load=93)
    with home.daemon (s.text) as d:
        s.wait_states (busy="firing")
        kk.wait_for (lambda: s.alerts ("history", "--json").ok ().json ()["changes"], 20, "it is remembered")
        d.stop ()
    s.alerts ("silence", "busy", "1h").ok ()
    for text in BROKEN:
        home.config (text)
        for args, words in (((), "firing"), (("history",), "fired"), (("history", "busy"), "fired"), (("silence",), "busy")):
            r = s.alerts (*args).ok ()
            kk.contains (r.out, words, f"{args}")
            kk.equal ((r.err.count ("daemon.yaml:"), r.err.count ("cannot be used")), (1, 1), f"{args}: {r}")
        kk.contains (s.alerts ().ok ().out, "The daemon does not run", "it is said")
        answer = s.alerts ("--json").ok ().json ()
        kk.equal ((answer["running"], answer["enabled"], answer["rules_of"]), (False, None, None), "what is not known")
        kk.equal ([(a["rule"], a["state"], a["value"], a["silenced"]) for a in answer["alerts"]], [("busy", "firing", 93, True)], "what is")
        for args in (("silence", "busy", "1h"), ("history", "bsy")):
            r = s.alerts (*args)
            kk.equal ((r.rc, r.out), (2, ""), f"{args}: {r}")
            kk.contains (r.err, "which rules there are is not known", f"{args}")
    kk.equal (s.alerts ("--instance", "none", "--json").ok ().json ()["alerts"], [], "of another instance")


@kk.test
def whose_they_are (home):
    "without a daemon the list says that its rules are those of the file"
    s = Scene (home, BUSY)
    home.config (s.text)
    kk.contains (s.alerts ().ok ().out.splitlines ()[0], "does not run: these are the rules of the file", "for people")
    kk.equal (s.alerts ("--json").ok ().json ()["rules_of"], "file", "for programs")


@kk.test
def on_in_the_file_alone (home):
    "where the daemon has no rules and its file has, both are said"
    s = Scene (home, BUSY)
    with home.daemon ("daemon: {sample_interval: 0.1}\n") as d:
        kk.equal (s.alerts ().ok ().out.count ("\n"), 1, "no rules anywhere")
        home.config (s.text)
        r = s.alerts ().ok ()
        kk.contains (r.out, "nothing is watched", "the daemon's")
        kk.contains (r.out, "In the file it is on: 'kode-kronical-daemon reload'", "the file's")
        kk.equal (s.alerts ("--json").ok ().json ()["enabled"], False, "for programs")
        home.config (BROKEN[0])
        kk.contains (s.alerts ().ok ().out, "nothing is watched", "a broken file")
        kk.equal (s.alerts ("--instance", "none").rc, 1, "an instance that is nowhere")
        home.config (s.text)
        home.run ("reload").ok ()
        kk.equal (names (s), ["busy", "other"], "reloaded")
        d.stop ()


@kk.test
def units_of_what_is_no_more (home):
    "values of a rule that is configured no more, or in another way, keep the unit that they had"
    s = Scene (home, BUSY + '      big: {when: "items[a*].size > 1KiB"}\n')
    s.say (load=93, items={"a1": 2048})
    changes = lambda: {(c["rule"], c["change"]): (c["value"], c["unit"], c["gone"]) for c in s.alerts ("history", "--json").ok ().json ()["changes"]}
    with home.daemon (s.text) as d:
        s.wait_states (busy="firing", **{"big/a1": "firing"})
        kk.wait_for (lambda: len (changes ()) == 2, 20, "both are remembered")
        d.stop ()
    with contextlib.suppress (FileNotFoundError):
        os.unlink (f"{home.data}/schema.json")
    home.config ("{}")
    kk.equal (changes (), {("busy", "fired"): (93, "%", False), ("big", "fired"): (2048, "By", False)}, "without rules")
    kk.contains (s.alerts ("history").ok ().out, "2.0 KiB", "for people")
    home.config (BROKEN[0])
    kk.equal ({(a["rule"], a["unit"]) for a in s.alerts ("--json").ok ().json ()["alerts"]}, {("busy", "%"), ("big", "By")}, "the list without rules")
    with home.daemon (s.text.replace ("busy:", "lazy:").replace ('"items[a*].size > 1KiB"', "probe.spare > 3")) as d:
        kk.wait_for (lambda: ("busy", "cleared") in changes () and ("big", "cleared") in changes (), 20, "they are over")
        found = changes ()
        kk.equal ([found[k] for k in (("busy", "fired"), ("busy", "cleared"))], [(93, "%", False), (93, "%", True)], "of a rule that is no more")
        kk.equal (found["big", "fired"], (2048, "By", False), "of one that is another now")
        d.stop ()


def answer_as_before (listener):
    """As a daemon that does not know the command `config`."""
    answers = {"schema": {"error": "nothing was collected yet"}, "samples": {"end": True, "samples": 0}}
    while True:
        try:
            client, _ = listener.accept ()
        except OSError:
            return
        with client, client.makefile ("rw", encoding="utf-8") as lines:
            for line in lines:
                answer = answers.get (json.loads (line)["command"], {"error": "unknown command: status, samples, schema, tail, reload and stop are known"})
                lines.write (json.dumps (answer) + "\n")
                lines.flush ()


@kk.test
def an_older_daemon (home):
    "of one that does not tell its rules the file's are taken, and it is said"
    s = Scene (home, BUSY)
    os.makedirs (home.data)
    home.config (s.text)
    with socket.socket (socket.AF_UNIX) as listener:
        listener.bind (f"{home.data}/daemon.sock")
        listener.listen ()
        thread = threading.Thread (target=answer_as_before, args=(listener,), daemon=True)
        thread.start ()
        r = s.alerts ("--json").ok ()
        kk.equal ((r.json ()["running"], r.json ()["rules_of"], [a["rule"] for a in r.json ()["alerts"]]), (True, "file", ["busy", "other"]), "the list")
        kk.contains (r.err, "the rules are those of the file, for the daemon that runs is of an older version", "it is said")
        home.config (BROKEN[0])
        r = s.alerts ("--json").ok ()
        kk.equal (r.json ()["rules_of"], None, "with a broken file")
        kk.contains (r.err, "cannot be used, and the daemon does not tell its own", "it is said")
        listener.shutdown (socket.SHUT_RDWR)
        thread.join ()


if __name__ == "__main__":
    kk.main ()
