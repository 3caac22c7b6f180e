#!/usr/bin/env python3
"""How much alert says and does at once, in a whole daemon: groups, limits, programs; and the short keys through all their states."""

import contextlib
import json
import os
import threading
import time

import filekit
import kk
from alertkit import UNLIMITED, Scene, rows

MANY = """      big: {when: "items[a*].size > 1KiB", unknown_after: 0s}
"""
TWO = """      busy: {when: probe.load > 90, unknown_after: 0s}
      spare: {when: probe.spare > 90, unknown_after: 0s}
"""


def lines_of (path):
    with contextlib.suppress (FileNotFoundError), open (path, encoding="utf-8") as f:
        return f.read ().splitlines ()
    return []


def flap (s, d, n):
    """So many changes of both rules, each of which was judged."""
    for i in range (n):
        s.say (**dict.fromkeys (("load", "spare"), 10 if i % 2 else 95))
        s.wait_samples (d, 3)


@kk.test
def many_at_once (home):
    "when many rows fire at once it is one message, which says how many, and one when they are over"
    s = Scene (home, MANY, limits=UNLIMITED)
    s.text = s.text.replace ("    group_wait: 0s", "    group_wait: 2s")
    with home.daemon (s.text) as d:
        s.say (load=1, items={f"a{i}": 5000 for i in range (40)})
        s.wait (("big", "fired"))
        s.say (load=1, items={f"a{i}": 5 for i in range (40)})
        s.wait (("big", "fired"), ("big", "cleared"))
        s.wait_samples (d, 25)
        d.stop ()
    kk.equal ([(m["change"], m["total"], len (m["rows"])) for m in s.told ()], [("fired", 40, 10), ("cleared", 40, 10)], "messages")


@kk.test (deadline=120)
def limits_of_a_rule (home):
    "a rule that flaps tells rule_messages at once, then one each rule_every, which says how much nobody was told of; another rule has its own"
    s = Scene (home, TWO, limits="    rule_messages: 3\n    rule_every: 1h\n")
    shim = filekit.Shim (home)
    with home.daemon (s.text, env=shim.env ()) as d:
        flap (s, d, 12)
        told = s.changes ()
        kk.equal ([m for m in told if m[0] == "busy"], [("busy", "fired"), ("busy", "cleared"), ("busy", "fired")], "of one")
        kk.equal (len ([m for m in told if m[0] == "spare"]), 3, "of the other")
        # An hour later.
        shim.faster (max (1, round (600 / kk.SLOW)))
        kk.wait_for (lambda: len ([m for m in s.changes () if m[0] == "busy"]) > 3, 60, "the next")
        shim.faster (1)
        late = [m for m in s.told () if m["rule"] == "busy"][3]
        d.stop ()
    kk.check (late["suppressed"] >= 8 and late["late"], "what nobody was told of", late)


@kk.test
def limits_of_all_rules (home):
    "all rules together tell messages at once, and then one each message_every"
    s = Scene (home, TWO, limits="    messages: 4\n    message_every: 1h\n    rule_messages: 1000\n")
    with home.daemon (s.text) as d:
        flap (s, d, 10)
        d.stop ()
    kk.equal (len (s.told ()), 4, "messages")
    kk.equal ({m["rule"] for m in s.told ()}, {"busy", "spare"}, "of both")


@kk.test
def programs_at_once (home):
    "commands_at_once programs run at once and no more; when they end those that wait have their turn"
    s = Scene (home, MANY.replace ("big:", "big0:") + "".join (MANY.replace ("big:", f"big{i}:") for i in range (1, 7)), limits=UNLIMITED)
    out, hold = os.path.join (home.top, "ran"), home.write ("hold", "")
    script = home.write ("act.sh", f'#!/bin/sh\necho begin $$ >>{out}\nwhile [ -e "$HOME/hold" ]; do sleep 0.05; done\necho end $$ >>{out}\n', 0o755)
    text = s.text.replace ("    group_wait: 0s", f"    command: [sh, {script}]\n    command_timeout: 1h\n    commands_at_once: 3\n    group_wait: 0s")
    with home.daemon (text) as d:
        s.say (load=1, items={"a": 5000})
        kk.wait_for (lambda: len (lines_of (out)) == 3, 20, "three run at once")
        kk.wait_for (lambda: len (s.told ()) == 7, 20, "all seven are told")
        s.wait_samples (d, 10)
        kk.equal (len (lines_of (out)), 3, "no more than three")
        os.unlink (hold)
        kk.wait_for (lambda: len (lines_of (out)) == 14, 20, "all had their turn")
        d.stop ()
    now = most = 0
    for line in lines_of (out):
        now += 1 if line.startswith ("begin") else -1
        most = max (most, now)
    kk.check (most <= 3, "at once", lines_of (out))


@kk.test
def no_shell (home):
    "arguments reach the program as they stand, and values in its environment too: no shell sees them"
    wild = ["$HOME", "`touch boo`", "$(touch boo)", "a b", "; touch boo", "*", "\"'\\", "-n", "{text}", "%s", "|&><"]
    row = "a$(touch${IFS}boo);`touch${IFS}boo`"
    s = Scene (home, """      big: {when: "items[a*].size > 1KiB", text: "$(touch boo) `touch boo` ; {row}"}
""")
    out = os.path.join (home.top, "got")
    program = home.write ("act.py", "import json, os, sys\nwith open (sys.argv[1] + '.new', 'w') as f:\n    json.dump ([sys.argv[2:], dict (os.environ)], f)\n"
                          "os.rename (sys.argv[1] + '.new', sys.argv[1])\n")
    command = json.dumps (["python3", program, out, *wild])
    text = s.text.replace ("    group_wait: 0s", f"    command: {command}\n    group_wait: 0s")
    with home.daemon (text) as d:
        s.say (load=1, items={row: 5000})
        kk.wait_for (lambda: os.path.exists (out), 20, "it ran")
        d.stop ()
    with open (out, encoding="utf-8") as f:
        arguments, env = json.load (f)
    told = s.told ()[0]
    kk.equal (arguments, wild, "arguments")
    want = {"ID": told["id"], "HOST": told["host"], "RULE": "big", "SEVERITY": "warning", "CHANGE": "fired", "TEXT": f"big fires: $(touch boo) `touch boo` ; {row}",
            "WHEN": "items[a*].size > 1KiB", "UNIT": "By", "TOTAL": "1", "ROW": row, "VALUE": "5000"}
    kk.equal ({k: env.get ("KK_ALERT_" + k) for k in want}, want, "environment")
    kk.equal (json.loads (env["KK_ALERT_JSON"]), told, "all of it")
    kk.equal ((float (env["KK_ALERT_TIME"]), float (env["KK_ALERT_SINCE"])), (told["time"], told["rows"][0]["since"]), "times")
    kk.equal ([p for p, _, names in os.walk (home.top) if "boo" in names], [], "what a shell would have made")


class FakeProc:
    """A made-up /proc whose processors are as busy, and whose memory is as full, as is said; by the daemon's clock."""

    def __init__ (self, home, shim):
        self.path, self.shim, self.lock, self.ending = os.path.join (home.top, "proc"), shim, threading.Lock (), threading.Event ()
        self.busy_ticks, self.idle_ticks, self.seen = 1e6, 1e6, self.now ()
        os.makedirs (self.path)
        for name in ("stat", "meminfo", "loadavg"):
            with open (os.path.join (self.path, name), "w", encoding="ascii"):
                pass
        self.put ("loadavg", "0.10 0.20 0.30 1/100 4242\n")
        self.say (10, 10)
        self.thread = threading.Thread (target=self.run)
        self.thread.start ()

    def now (self):
        return time.monotonic () + self.shim.ahead ()

    def put (self, name, text):
        """Into the file that is there: readers keep it open."""
        with open (os.path.join (self.path, name), "r+b", buffering=0) as f:
            os.pwrite (f.fileno (), text.encode (), 0)

    def tick (self):
        now = self.now ()
        self.busy_ticks += (now - self.seen) * self.cpu
        self.idle_ticks += (now - self.seen) * (100 - self.cpu)
        self.seen = now
        numbers = f"{self.busy_ticks:012.0f} 0 0 {self.idle_ticks:012.0f} 0 0 0 0 0 0\n"
        self.put ("stat", f"cpu  {numbers}cpu0 {numbers}ctxt 1\nbtime 1767225600\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n")

    def say (self, cpu, memory):
        with self.lock:
            if hasattr (self, "cpu"):
                self.tick ()
            self.cpu = cpu
            self.tick ()
            free = f"{1000000 * (100 - memory) // 100:8d} kB\n"
            self.put ("meminfo", f"MemTotal:        1000000 kB\nMemFree:        {free}MemAvailable:   {free}Buffers:               0 kB\nCached:                0 kB\n"
                      "SReclaimable:          0 kB\n")

    def run (self):
        while not self.ending.wait (0.004):
            with self.lock:
                self.tick ()

    def __enter__ (self):
        return self

    def __exit__ (self, *_):
        self.ending.set ()
        self.thread.join ()


@kk.test (deadline=180)
def the_short_keys (home):
    "cpu_alert_threshold and memory_alert_threshold: a minute above is pending, then firing; a little less changes nothing; a minute of 5 % less clears"
    shim = filekit.Shim (home)
    told = os.path.join (home.top, "told")
    with FakeProc (home, shim) as proc:
        text = f"""daemon: {{sample_interval: 2, cpu_alert_threshold: 90, memory_alert_threshold: 85, max_samples: 3600}}
plugins: {{process: false, net: false, cpu: {{proc_root: {proc.path}}}, memory: {{proc_root: {proc.path}}}, alert: {{file: {told}, group_wait: 0s}}}}
"""
        changes = lambda: [(m["rule"], m["change"]) for m in map (json.loads, lines_of (told))]
        def samples (n=1000):
            with kk.Connection (home.data) as c:
                c.send ("samples", last=n)
                found = []
                while "end" not in (line := c.receive ()):
                    found.append (line)
            return found
        states = lambda: {k: rows (samples (1)[-1]).get (k, {}).get ("state", "ok") for k in ("cpu", "memory")}
        shim.faster (max (2, round (12 / kk.SLOW)))
        with home.daemon (text, env=shim.env ()) as d:
            later = lambda n: (lambda until: kk.wait_for (lambda: shim.ahead () > until, 60, f"{n} s"))(shim.ahead () + n)
            later (90)
            kk.equal (states (), {"cpu": "ok", "memory": "ok"}, "nothing is wrong")
            proc.say (100, 95)
            later (30)
            kk.equal (states (), {"cpu": "pending", "memory": "pending"}, "half a minute")
            kk.equal (changes (), [], "nothing is told yet")
            later (50)
            kk.equal (states (), {"cpu": "firing", "memory": "firing"}, "more than a minute")
            proc.say (88, 83)
            later (90)
            # Of a very short time a share is not exact: of one sample it may be much less.
            kk.wait_for (lambda: states () == {"cpu": "firing", "memory": "firing"}, 20, "a little less")
            kk.equal (sorted (changes ()), [("cpu", "fired"), ("memory", "fired")], "what was told")
            proc.say (20, 20)
            later (30)
            kk.equal (states (), {"cpu": "clearing", "memory": "clearing"}, "much less")
            later (50)
            kk.equal (states (), {"cpu": "ok", "memory": "ok"}, "over")
            seen = samples ()
            d.stop ()
    kk.equal (sorted (changes ()), sorted ((r, c) for r in ("cpu", "memory") for c in ("fired", "cleared")), "what was told")
    for rule in ("cpu", "memory"):
        runs = []  # of each state its name, its beginning, and when another one began
        for sample in seen:
            state = rows (sample).get (rule, {}).get ("state", "ok")
            if not runs or runs[-1][0] != state:
                runs.append ([state, sample["timestamp"], 0])
            if len (runs) > 1:
                runs[-2][2] = runs[-1][1]
        kk.equal ([r[0] for r in runs[:3]] + [r[0] for r in runs[-3:]], ["ok", "pending", "firing", "firing", "clearing", "ok"], f"states of {rule}: {runs}")
        for state, begin, end in (runs[1], runs[-2]):
            kk.check (58 <= end - begin <= 66, f"{rule} is {state} for a minute", end - begin)


kk.main ()
