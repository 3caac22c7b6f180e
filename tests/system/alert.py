#!/usr/bin/env python3
"""alert: told once, rightly, when something is wrong, over restart, crash and reload; and the table alerts."""

import json
import os
import time

import kk
from alertkit import BUSY, ITEMS, Scene, rows


@kk.test
def fires_and_clears (home):
    "one message when it begins, one when it is over, none between; the log, the file and the table say the same"
    s = Scene (home, BUSY)
    with home.daemon (s.text) as d:
        s.wait_samples (d, 5)
        kk.equal (s.told (), [], "nothing is wrong")
        s.say (load=95)
        s.wait (("busy", "fired"))
        s.say (load=85)
        s.wait_samples (d, 10)
        s.say (load=99)
        s.wait_samples (d, 5)
        s.wait (("busy", "fired"))
        s.say (load=50)
        s.wait (("busy", "fired"), ("busy", "cleared"))
        s.wait_samples (d, 10)
        seen = s.samples ()
        d.stop ()
    first = s.told ()[0]
    kk.equal ((first["severity"], first["total"], first["rows"][0]["value"], first["unit"]), ("critical", 1, 95, "%"), "what the message says")
    kk.contains (first["text"], f"busy on {os.uname ().nodename}: 95 %", "its own text")
    kk.equal (home.log ().count ("busy fires: busy on"), 1, "lines of the log")
    kk.equal (home.log ().count ("busy is over"), 1, "lines of the log")
    states = [rows (x)["busy"]["state"] for x in seen if "busy" in rows (x)]
    kk.check (states and states == sorted (states, key=["pending", "firing", "clearing"].index) or "clearing" in states, "states in order", states)
    caused = next (x for x in seen if rows (x).get ("busy", {}).get ("state") == "firing")
    kk.check (caused["probe"]["load"] > 90, "it is in the sample that caused it", caused)
    kk.check (any (rows (e).get ("busy", {}).get ("state") == "firing" for e in home.metrics ()), "and in a recorded file")
    kk.check (not rows (seen[-1]), "nothing is left of it", seen[-1])


@kk.test
def each_row_of_its_own (home):
    "rows have states of their own; one that is gone is told as gone"
    s = Scene (home, ITEMS)
    with home.daemon (s.text) as d:
        s.say (load=1, items={"a1": 2000, "a2": 10, "b1": 5000})
        s.wait (("big", "fired"))
        s.say (load=1, items={"a1": 2000, "a2": 3000, "b1": 5000})
        s.wait (("big", "fired"), ("big", "fired"))
        s.say (load=1, items={"a2": 3000, "b1": 5000})
        s.wait (("big", "fired"), ("big", "fired"), ("big", "cleared"))
        d.stop ()
    kk.equal ([m["rows"][0]["row"] for m in s.told ()], ["a1", "a2", "a1"], "rows")
    kk.equal (s.told ()[2]["rows"][0].get ("gone"), True, "gone")


@kk.test
def over_a_crash (home):
    "after kill -9 what fires goes on firing without a new message, and is told to be over when it is"
    s = Scene (home, BUSY)
    s.say (load=95)
    with home.daemon (s.text) as d:
        s.wait (("busy", "fired"))
        d.kill ()
    with home.daemon (s.text) as d:
        kk.wait_for (lambda: any (rows (x).get ("busy", {}).get ("state") == "firing" for x in s.samples ()), 20, "it fires still")
        s.wait_samples (d, 10)
        s.wait (("busy", "fired"))
        d.kill ()
    s.say (load=10)
    with home.daemon (s.text) as d:
        s.wait (("busy", "fired"), ("busy", "cleared"))
        d.stop ()


@kk.test
def over_a_reload (home):
    "a reload that changes other rules leaves what fires as it is; a rule that is taken away ends what it had firing"
    s = Scene (home, BUSY)
    s.say (load=95)
    with home.daemon (s.text) as d:
        s.wait (("busy", "fired"))
        home.config (s.text + "      other: {when: probe.load < 0}\n")
        home.run ("reload").ok ()
        s.wait_samples (d, 10)
        s.wait (("busy", "fired"))
        home.config (s.text.replace (BUSY, "      other: {when: probe.load < 0}\n"))
        home.run ("reload").ok ()
        s.wait (("busy", "fired"), ("busy", "cleared"))
        d.stop ()


@kk.test
def a_store_that_cannot_be_used (home):
    "where the store cannot be, alerts go on and it is said once; a damaged one is put aside, and what fires is known all the same"
    s = Scene (home, BUSY)
    s.say (load=95)
    store = os.path.join (home.data, "alert")
    os.makedirs (home.data, 0o700, exist_ok=True)
    with open (store, "w", encoding="utf-8") as f:
        f.write ("in the way")
    with home.daemon (s.text) as d:
        s.wait (("busy", "fired"))
        s.wait_samples (d, 10)
        kk.equal (home.log ().count (f"{store} cannot be used"), 1, "said once")
        kk.check ("is written again" not in home.log (), "and not taken back")
        os.unlink (store)
        kk.wait_for (lambda: f"{store} is written again" in home.log (), 90, "it comes back")
        d.kill ()
    with open (os.path.join (store, "alerts"), "r+b") as f:
        f.write (b"damaged!")
    with home.daemon (s.text) as d:
        kk.wait_for (lambda: "alerts was damaged" in home.log (), 20, "it is said")
        kk.check (os.path.exists (os.path.join (store, "alerts.damaged")), "a copy")
        s.wait_samples (d, 5)
        kk.equal (s.changes ()[0], ("busy", "fired"), "what was told")
        d.stop ()


@kk.test
def a_command_is_run (home):
    "a command gets each message in its environment, and of the daemon's only what it needs"
    s = Scene (home, BUSY)
    out = os.path.join (home.top, "ran")
    script = home.write ("act.sh", f"#!/bin/sh\nenv >{out}.new && mv {out}.new {out}.$KK_ALERT_CHANGE\n", 0o755)
    text = s.text.replace ("    group_wait: 0s", f"    command: [sh, {script}]\n    group_wait: 0s")
    s.say (load=95)
    with home.daemon (text, env={"SECRET_OF_THE_DAEMON": "x"}) as d:
        kk.wait_for (lambda: os.path.exists (out + ".fired"), 20, "the command")
        s.say (load=1)
        kk.wait_for (lambda: os.path.exists (out + ".cleared"), 20, "the command again")
        d.stop ()
    with open (out + ".fired", encoding="utf-8") as f:
        env = dict (line.rstrip ("\n").split ("=", 1) for line in f if "=" in line)
    kk.equal ((env["KK_ALERT_RULE"], env["KK_ALERT_SEVERITY"], env["KK_ALERT_VALUE"], env["KK_ALERT_TOTAL"]), ("busy", "critical", "95", "1"), "environment")
    kk.equal (json.loads (env["KK_ALERT_JSON"])["change"], "fired", "all of it")
    kk.check ("PATH" in env and "SECRET_OF_THE_DAEMON" not in env, "no more than needed", sorted (env))


def command_line (pid):
    with open (f"/proc/{pid}/cmdline", "rb") as f:
        return f.read ().decode ().rstrip ("\0").split ("\0")


@kk.test
def a_command_that_never_ends (home):
    "a command that never ends is ended after its time, with what it started; sampling and other messages go on, and a stop is quick"
    s = Scene (home, BUSY + """      low: {when: probe.load < 50}
""")
    text = s.text.replace ("    group_wait: 0s", "    command: [sh, -c, 'sleep 1000 & sleep 1000']\n    command_timeout: 500ms\n    commands_at_once: 1\n    group_wait: 0s")
    s.say (load=95)
    with home.daemon (text) as d:
        kk.wait_for (lambda: "took longer than command_timeout" in home.log (), 20, "it is ended")
        s.say (load=10)
        s.wait_samples (d, 10)
        kk.wait_for (lambda: len (s.changes ()) >= 3, 20, "messages go on")
        children = lambda: [p for p in home.processes () if p != d.pid and command_line (p) == ["sleep", "1000"]]
        kk.wait_for (lambda: home.log ().count ("took longer than command_timeout") >= 3 and not children (), 20, "all are ended, with what they started")
        begin = time.monotonic ()
        kk.equal (d.stop (), 0, "the daemon's end")
        kk.check (time.monotonic () - begin < 8 * kk.SLOW, "a stop is quick", time.monotonic () - begin)
    kk.equal (home.processes (), [], "nothing is left running")


@kk.test
def a_stop_with_messages_that_wait (home):
    "at a stop what waits for a program is in the file, the log says how many that are, and the next start runs it for them"
    s = Scene (home, BUSY + """      low: {when: probe.load < 50}
""")
    text = s.text.replace ("    group_wait: 0s", "    command: [sleep, '1000']\n    command_timeout: 1h\n    commands_at_once: 1\n    group_wait: 0s")
    s.say (load=95)
    with home.daemon (text) as d:
        kk.wait_for (lambda: home.log ().count ("busy fires"), 20, "the first")
        s.say (load=10)
        kk.wait_for (lambda: home.log ().count ("busy is over"), 20, "the third")
        kk.equal (d.stop (20), 0, "the daemon's end")
    kk.equal (len (s.told ()), 3, "lines of the file")
    kk.contains (home.log (), "at the end 2 messages wait for the command, and 1 command was ended before time", "the log")
    with home.daemon (text.replace ("[sleep, '1000']", f"[sh, -c, 'echo $KK_ALERT_ID >>{home.top}/ran']")) as d:
        ran = lambda: open (f"{home.top}/ran", encoding="utf-8").read ().split ()
        kk.wait_for (lambda: len (ran ()) >= 3, 20, "the next start runs it for them")
        d.stop ()
    kk.equal (ran (), [m["id"] for m in s.told ()], "each once")
    kk.equal (len (s.told ()), 3, "lines of the file are what they were")


@kk.test
def a_rule_that_becomes_another_kind (home):
    "a rule about rows that is changed to one value ends what its rows had firing"
    s = Scene (home, ITEMS)
    s.say (load=1, items={"a1": 5000})
    with home.daemon (s.text) as d:
        s.wait (("big", "fired"))
        home.config (s.text.replace ("items[a*].size > 1KiB", "max(items[a*].size) > 10KiB"))
        home.run ("reload").ok ()
        s.wait (("big", "fired"), ("big", "cleared"))
        s.wait_samples (d, 5)
        kk.wait_for (lambda: not rows (s.samples (1)[-1]), 20, "nothing fires")
        d.stop ()


@kk.test
def nothing_comes_any_more (home):
    "absence that fires goes on firing over a restart, without a word"
    s = Scene (home, """      dead: {when: "absent(probe.load, 500ms)"}
""")
    s.say ()
    with home.daemon (s.text) as d:
        s.wait (("dead", "fired"))
        d.stop ()
    with home.daemon (s.text) as d:
        s.wait_samples (d, 15)
        s.wait (("dead", "fired"))
        s.say (load=1)
        s.wait (("dead", "fired"), ("dead", "cleared"))
        d.stop ()


@kk.test
def too_early_to_know (home):
    "what cannot be known yet is no trouble; what is not known is told after its time, and when it is known again"
    s = Scene (home, """      early: {when: "change(probe.load, 10m) > 5", unknown_after: 500ms}
      blind: {when: probe.load > 90, unknown_after: 500ms}
""")
    with home.daemon (s.text) as d:
        s.wait_samples (d, 15)
        kk.equal (s.told (), [], "nothing to be told")
        s.say (items={"a": 1})
        kk.wait_for (lambda: ("blind", "unknown") in s.changes (), 20, "it is told")
        s.say (load=1)
        kk.wait_for (lambda: ("blind", "known") in s.changes (), 20, "and taken back")
        d.stop ()


@kk.test
def a_file_that_is_a_pipe (home):
    "a pipe that nobody reads holds neither messages nor a stop up"
    s = Scene (home, BUSY)
    os.mkfifo (s.told_file)
    s.say (load=95)
    with home.daemon (s.text) as d:
        kk.wait_for (lambda: f"{s.told_file} cannot be written" in home.log (), 20, "it is said")
        kk.equal (d.stop (), 0, "the daemon's end")


@kk.test
def a_file_that_cannot_be_written (home):
    "a file that cannot be written is said once, and nothing else is held up; what waits is written in its order when it can be, over a restart, too"
    s = Scene (home, BUSY)
    s.say (load=95)
    text = s.text.replace (f"file: {s.told_file}", f"file: {home.top}/no/such/dir/told")
    with home.daemon (text) as d:
        kk.wait_for (lambda: "no/such/dir/told cannot be written" in home.log (), 20, "it is said")
        s.say (load=1)
        kk.wait_for (lambda: "busy is over" in home.log (), 20, "the log goes on")
        s.wait_samples (d, 5)
        kk.equal (home.log ().count ("cannot be written"), 1, "once")
        kk.equal (next (i for i in d.status ()["instances"] if i["name"] == "alert")["status"]["messages"], "0 told, 2 wait", "status")
        d.stop ()
    kk.contains (home.log (), "at the end 2 messages wait for the file: the next start writes them", "the log")
    with home.daemon (text) as d:
        kk.wait_for (lambda: home.log ().count ("told cannot be written") == 2, 20, "it is said")
        os.makedirs (f"{home.top}/no/such/dir")
        s.told_file = f"{home.top}/no/such/dir/told"
        kk.wait_for (lambda: len (s.changes ()) >= 2, 60, "both")
        kk.wait_for (lambda: "dir/told is written again" in home.log (), 20, "it is said")
        s.say (load=95)
        s.wait (("busy", "fired"), ("busy", "cleared"), ("busy", "fired"))
        d.stop ()


@kk.test
def what_is_wrong_in_rules (home):
    "a rule that cannot be is an error with its place, its column and what would be right"
    s = Scene (home, BUSY)
    def refused (rule, message):
        home.config (s.text.replace (BUSY, f"      busy: {rule}\n"))
        r = home.run ("config", "--check")
        kk.equal (r.rc, 1, f"config --check with {rule}: {r}")
        kk.contains (r.err, message, rule)
        kk.check (":13:" in r.err or ":14:" in r.err or ":15:" in r.err, "its place", r.err)
    refused ("{when: probe.lod > 90}", "did you mean load?")
    refused ("{when: prob.load > 90}", "column 1: ")
    refused ("{when: 'probe.load >'}", "column ")
    refused ("{when: probe.load > 90, clear: < 80 for soon}", "ends in no time")
    refused ("{when: probe.load > 90, clear: 80}", "column ")
    refused ("{when: probe.load > 90, for: 25h}", "at most 24h")
    refused ("{when: probe.load > 90, clear: < 80 for 25h}", "at most 24h")
    refused ("{when: probe.load > 90, severty: info}", "severity")
    refused ("{for: 3s}", "when")
    # All of them at once, each with its place; those that are right are not named.
    for rules in ("      a: {when: 'probe.load >'}\n      fine: {when: probe.load > 90}\n      b.c: {when: probe.load > 90, clear: 80}\n"
                  "      d: {when: 'probe.load ~'}\n",
                  "      a: {when: probe.lod > 90}\n      fine: {when: probe.load > 90}\n      b.c: {when: prob.load > 90}\n"
                  "      d: {when: probe.loa > 9}\n"):
        home.config (s.text.replace (BUSY, rules))
        r = home.run ("config", "--check")
        errors = [line for line in r.err.splitlines () if ": error: " in line]
        kk.equal ([line.split (".yaml:")[1].split (":")[0] for line in errors], ["14", "16", "17"], f"the errors' lines: {r}")
        for line, rule in zip (errors, ("rules.a.when", "rules.b.c.", "rules.d.when")):
            kk.contains (line, "error: " + rule, "which rule")
    home.config (s.text.replace ("    group_wait: 0s", "    command: notify -u root\n    group_wait: 0s"))
    kk.contains (home.run ("config", "--check").err, "12:14: error: command: write the program and each of its arguments as a list", "no list")
    home.config ("daemon: {cpu_alert_threshold: 90}\nplugins: {cpu: false}\n")
    r = home.run ("config", "--check")
    kk.equal (r.rc, 1, "it is refused")
    kk.contains (r.err, "it is about system.cpu_percent, and", "the short key")
    kk.contains (r.err, ":1:31: error: cpu: ", "the place of the key that the user wrote")


@kk.test
def what_cannot_be_run_or_written (home):
    "a program that is not there is a warning, one whose place is not said and a file that is the daemon's own are errors"
    s = Scene (home, BUSY)
    def check (option):
        home.config (s.text.replace (f"    file: {s.told_file}\n", f"    {option}\n"))
        return home.run ("config", "--check")
    plain = home.write ("plain", "", 0o600)
    for program, why in (("/no/such", "No such file"), ("nosuchprog", "No such file"), (home.top, "Permission denied"), (plain, "Permission denied")):
        r = check (f"command: [{program}, x]").ok ()
        kk.contains (r.all, f":11:14: warning: command: the program {program} cannot be run as it is now: {why}", program)
    for program in ("true", "/bin/sh"):
        kk.check ("warning: command" not in check (f"command: [{program}]").ok ().all, program)
    for program in ("./x", "bin/x"):
        r = check (f"command: [{program}]")
        kk.equal (r.rc, 1, program)
        kk.contains (r.err, f":11:14: error: command: '{program}' depends on where the daemon is started", "its place")
    for name in ("metrics_x.json", "schema.json", "daemon.log", "daemon.lock"):
        r = check (f"file: {home.data}/{name}")
        kk.equal (r.rc, 1, name)
        kk.contains (r.err, f":11:11: error: file: the daemon has files of the name {name} itself", "its place")


@kk.test
def an_emptied_store (home):
    "a store that somebody emptied is said once, a first start says nothing"
    s = Scene (home, BUSY)
    s.say (load=95)
    for said in (0, 1, 1):
        with home.daemon (s.text) as d:
            s.wait_samples (d, 8)
            d.stop ()
        kk.equal (home.log ().count ("alert/alerts was emptied: what fires is told again"), said, "how often")
        if not said:
            os.truncate (os.path.join (home.data, "alert", "alerts"), 0)
    kk.equal (s.changes (), [("busy", "fired")] * 2, "what was told")


@kk.test
def two_of_them (home):
    "two alerts behind each other are refused with advice that works: one for each output, or another name; each has a store of its own"
    s = Scene (home, BUSY)
    second = "  second:\n    plugin: alert\n    rules: {other: {when: probe.load > 80}}\n"
    home.config (s.text + second)
    r = home.run ("config", "--check")
    kk.equal (r.rc, 1, f"it is refused: {r}")
    kk.contains (r.err, "error: second: a table alerts comes to it already: put all rules into one alert", "the advice")
    kk.contains (r.err, ":16:3: ", "the place of the second")
    text = s.text + second + "  rename: {tables: {alerts: first_alerts}}\npipeline: [alert, rename, second]\n"
    s.say (load=95)
    with home.daemon (text):
        kk.wait_for (lambda: all (os.path.exists (os.path.join (home.data, n, "alerts")) for n in ("alert", "second")), 20, "two stores")
        kk.wait_for (lambda: any (x.get ("first_alerts") and x.get ("alerts") for x in s.samples (5)), 20, "both tables")


@kk.test
def it_stands_last (home):
    "a filter that comes later in the file still stands in front of it"
    s = Scene (home, BUSY, "  few: {plugin: select, drop_tables: [network]}\n")
    home.config (s.text)
    graph = home.run ("plugin", "graph", "--json").ok ().json ()
    kk.equal ([f["name"] for f in graph["pipeline"]["filters"]], ["few", "alert"], "the common pipeline")
    kk.check ("alerts" in graph["pipeline"]["tables"] and "network" not in graph["pipeline"]["tables"], "tables", graph["pipeline"])


kk.main ()
