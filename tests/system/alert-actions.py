#!/usr/bin/env python3
"""alert's actions: a message counts as told when the action said so, over kill -9, and nobody who samples waits for a disk."""

import contextlib
import fcntl
import os
import random
import re
import signal
import time

import filekit
import kk
from alertkit import BUSY, Scene

FLAP = """      flap: {when: probe.load > 90, unknown_after: 0s}
"""


class Runs:
    """A command, and what it was run for."""

    def __init__ (self, home, scene, body, more=""):
        self.home, self.out = home, os.path.join (home.top, "ran")
        script = home.write ("act.sh", f"#!/bin/sh\nout={self.out}\n{body}\n", 0o755)
        scene.text = scene.text.replace ("    group_wait: 0s", f"    command: [sh, {script}]\n    command_timeout: 1h\n{more}    group_wait: 0s")

    def lines (self):
        with contextlib.suppress (FileNotFoundError), open (self.out, encoding="utf-8") as f:
            return [tuple (line.split ()) for line in f]
        return []


def once (pairs):
    """Without what came again under the same id."""
    found = {}
    for key, value in pairs:
        found.setdefault (key, value)
    return list (found.values ())


@kk.test
def last_words (home):
    "of a command that fails the last line of its complaints is in the log; one that writes without end is not held up by that"
    s = Scene (home, FLAP)
    ran = Runs (home, s, 'echo not this >&2\necho no such server >&2\necho ran >>$out\n[ $KK_ALERT_CHANGE = cleared ] || exit 3\n'
                'head -c 1000000 /dev/zero >&2 2>/dev/null\nexit 4')
    s.say (load=95)
    with home.daemon (s.text) as d:
        kk.wait_for (lambda: "ended with status 3: no such server\n" in home.log (), 20, "it fails")
        s.say (load=10)
        kk.wait_for (lambda: "ended with status 4\n" in home.log (), 20, "it fails again")
        kk.equal (len (ran.lines ()), 2, "once for each")
        d.stop ()


@kk.test
def killed_while_a_program_runs (home):
    "a message whose program still ran when the daemon was killed is told by the next one, under the same id"
    s = Scene (home, FLAP)
    ran = Runs (home, s, 'echo $$ $KK_ALERT_ID >>$out\nwhile [ -e "$HOME/hold" ]; do sleep 0.05; done\necho told $KK_ALERT_ID >>$out')
    hold = home.write ("hold", "")
    s.say (load=95)
    with home.daemon (s.text) as d:
        kk.wait_for (ran.lines, 20, "it runs")
        kk.wait_for (s.told, 20, "the file")
        d.kill ()
    pid, id_ = ran.lines ()[0]
    os.killpg (int (pid), signal.SIGKILL)
    kk.wait_for (lambda: not kk.alive (int (pid)), 20, "its end")
    os.unlink (hold)
    with home.daemon (s.text) as d:
        kk.wait_for (lambda: ("told", id_) in ran.lines (), 20, "told by the next one")
        s.wait_samples (d, 5)
        d.stop ()
    kk.equal ([x[1] for x in ran.lines ()], [id_] * 3, "nothing else was told")
    kk.equal ([m["id"] for m in s.told ()], [id_], "nor anything twice by what had told it")


def cpu (pid, name):
    """Seconds of CPU of a thread."""
    for task in os.listdir (f"/proc/{pid}/task"):
        with open (f"/proc/{pid}/task/{task}/stat", encoding="utf-8", errors="replace") as f:
            head, _, rest = f.read ().rpartition (")")
        if head.endswith ("(" + name):
            return sum (int (x) for x in rest.split ()[11:13]) / os.sysconf ("SC_CLK_TCK")
    raise kk.Failed (f"no thread {name}")


@kk.test
def waits_for_its_turn (home):
    "a message that is to be told again while other programs run waits for one of them, and burns no CPU"
    s = Scene (home, FLAP)
    ran = Runs (home, s, '[ -e $out ] || { echo again $KK_ALERT_ID >>$out; exit 75; }\necho run $KK_ALERT_ID >>$out\n'
                'while [ -e "$HOME/hold" ]; do sleep 0.05; done', "    commands_at_once: 1\n    rule_every: 0s\n    message_every: 0s\n")
    hold = home.write ("hold", "")
    shim = filekit.Shim (home)
    shim.faster (max (1, round (20 / kk.SLOW)))
    with home.daemon (s.text.replace ("sample_interval: 0.1", "sample_interval: 2"), env=shim.env ()) as d:
        s.say (load=95)
        kk.wait_for (ran.lines, 20, "the first, which is to be told again")
        s.say (load=10)
        kk.wait_for (lambda: len (ran.lines ()) == 2, 40, "one that runs on")
        due = shim.ahead () + 60
        kk.wait_for (lambda: shim.ahead () > due, 60, "the other one is due")
        before, begin = cpu (d.pid, "kk-alert"), time.monotonic ()
        time.sleep (1)
        share = (cpu (d.pid, "kk-alert") - before) / (time.monotonic () - begin)
        kk.check (share < 0.25, "CPU of its thread", share)
        os.unlink (hold)
        kk.wait_for (lambda: {x[1] for x in ran.lines () if x[0] == "run"} == {m["id"] for m in s.told ()} and len (s.told ()) == 2, 40, "both are told")
        d.stop ()


@kk.test (deadline=120)
def killed_at_any_moment (home):
    "whenever the daemon is killed, each change is told by the file and the program, in order, and again only under the same id"
    s = Scene (home, FLAP)
    ran = Runs (home, s, "echo $KK_ALERT_ID $KK_ALERT_CHANGE >>$out", "    commands_at_once: 1\n    rule_every: 0s\n    message_every: 0s\n")
    dice = random.Random (7)
    for i in range (16):
        with home.daemon (s.text) as d:
            s.say (load=10 if i % 2 else 95)
            time.sleep (dice.random () * 0.5) # any moment: nothing is waited for
            d.kill ()
    s.say (load=95)
    with home.daemon (s.text) as d:
        kk.wait_for (lambda: s.told () and s.told ()[-1]["change"] == "fired", 20, "the last")
        s.wait_samples (d, 5)
        kk.wait_for (lambda: {x[0] for x in ran.lines ()} == {m["id"] for m in s.told ()}, 20, "both told the same")
        d.stop ()
    changes = once ((m["id"], m["change"]) for m in s.told ())
    kk.equal (changes, ["fired", "cleared"] * (len (changes) // 2) + ["fired"], "changes of the file")


@kk.test
def a_program_that_asks_for_another_time (home):
    "a program that ends with status 75 is run again, under the same id; one with another status is not"
    s = Scene (home, FLAP)
    ran = Runs (home, s, "echo $KK_ALERT_ID $KK_ALERT_CHANGE >>$out\n[ $(wc -l <$out) -ge 3 ] || exit 75\nexit 1")
    shim = filekit.Shim (home)
    shim.faster (max (1, round (30 / kk.SLOW)))
    s.say (load=95)
    with home.daemon (s.text, env=shim.env ()) as d:
        kk.wait_for (lambda: len (ran.lines ()) >= 3, 60, "the third time")
        kk.wait_for (lambda: "ended with status 1" in home.log (), 20, "which fails")
        s.say (load=10)
        kk.wait_for (lambda: len (ran.lines ()) >= 4, 60, "the next message")
        d.stop ()
    kk.equal (len ({x[0] for x in ran.lines ()[:3]}), 1, "the same id")
    kk.equal ([x[1] for x in ran.lines ()], ["fired"] * 3 + ["cleared"], "what it was run for")
    kk.contains (home.log (), "ended with status 75, and is run again later", "the log")


@kk.test
def a_stop_while_the_disk_hangs (home):
    "a stop and a reload do not wait for a disk that hangs: they say what they leave behind, and what was on disk is there"
    shim = filekit.Shim (home)
    s = Scene (home, BUSY + """      other: {when: probe.spare > 90}
""")
    s.text = s.text.replace ("  process: false", "  process: false\n  file-writer: false")  # it would wait for the disk, too
    s.say (load=95, spare=1)
    with home.daemon (s.text, env=shim.env ()) as d:
        s.wait (("busy", "fired"))
        shim.fsync (-1)
        s.say (load=95, spare=99)
        kk.wait_for (lambda: "other fires" in home.log (), 20, "it fires")
        s.wait_samples (d, 3)
        home.config (s.text + "      third: {when: probe.load < 0}\n")
        begin = time.monotonic ()
        home.run ("reload").ok ()
        kk.check (time.monotonic () - begin < 8 * kk.SLOW, "a reload is quick", time.monotonic () - begin)
        kk.check (re.search ("is left behind with 1 message and 0 commands: what is on disk is not lost", home.log ()), "the log", home.log ())
        kk.wait_for (lambda: "alert is in use by another daemon, or by what a reload ended and hangs: no rule is judged" in home.log (), 40, "who has the store")
        kk.contains (str (filekit.writer (d, "alert")["status"]), "in use by another", "status")
        shim.fsync (0)
        kk.wait_for (lambda: "is free, and rules are judged" in home.log (), 20, "the disk is there again")
        s.wait (("busy", "fired"), ("other", "fired"))
        kk.check ("store" not in filekit.writer (d, "alert")["status"], "status says no more")
        shim.fsync (-1)
        s.say (load=10, spare=99)
        kk.wait_for (lambda: "busy is over" in home.log (), 20, "another change")
        s.wait_samples (d, 3)
        begin = time.monotonic ()
        home.run ("stop").ok ()
        kk.check (time.monotonic () - begin < 8 * kk.SLOW, "a stop is quick", time.monotonic () - begin)
        d.wait ()
    shim.fsync (0)
    kk.equal (home.log ().count ("its thread hangs, in writing to"), 2, "said each time")
    with home.daemon (s.text) as d:
        s.wait (("busy", "fired"), ("other", "fired"), ("busy", "cleared"))
        d.stop ()
    kk.equal (len ({m["id"] for m in s.told ()}), 3, "each once")


@kk.test
def a_stop_while_a_program_hangs (home):
    "a stop and a reload do not wait for a program that hangs in the kernel: they say so, and the next one is run for its message"
    shim = filekit.Shim (home)
    s = Scene (home, FLAP)
    ran = Runs (home, s, 'echo $$ $KK_ALERT_ID >>$out\nwhile [ -e "$HOME/hold" ]; do sleep 0.05; done')
    hold = home.write ("hold", "")
    s.say (load=95)
    with home.daemon (s.text, env=shim.env ()) as d:
        kk.wait_for (ran.lines, 20, "it runs")
        shim.held (True)
        home.config (s.text + "      third: {when: probe.load < 0}\n")
        begin = time.monotonic ()
        home.run ("reload").ok ()
        kk.check (time.monotonic () - begin < 8 * kk.SLOW, "a reload is quick", time.monotonic () - begin)
        kk.contains (home.log (), "1 program was killed, but hangs in the kernel: left behind", "the log")
        kk.wait_for (lambda: len (ran.lines ()) == 2, 20, "another one is run for it")
        shim.held (False)
        kk.wait_for (lambda: not os.path.exists (f"/proc/{ran.lines ()[0][0]}"), 20, "once it can, it is gone for good")
        shim.held (True)
        begin = time.monotonic ()
        kk.equal (d.stop (), 0, "the daemon's end")
        kk.check (time.monotonic () - begin < 8 * kk.SLOW, "a stop is quick", time.monotonic () - begin)
    os.unlink (hold)
    with home.daemon (s.text) as d:
        kk.wait_for (lambda: len (ran.lines ()) == 3, 20, "the next start runs it")
        d.stop ()
    kk.equal (len ({x[1] for x in ran.lines ()}), 1, "the same message")


@kk.test
def a_store_that_another_has (home):
    "while another process has the store no rule is judged, which is said; when that ends they are"
    s = Scene (home, BUSY)
    s.say (load=95)
    store = os.path.join (home.data, "alert")
    os.makedirs (store, 0o700)
    with open (os.path.join (store, "lock"), "w", encoding="utf-8") as f:
        fcntl.flock (f, fcntl.LOCK_EX)
        with home.daemon (s.text) as d:
            kk.wait_for (lambda: f"{store} is in use by another daemon" in home.log (), 40, "it is said")
            kk.contains (str (filekit.writer (d, "alert")["status"]), "in use by another", "status")
            kk.equal (s.told (), [], "what was told")
            fcntl.flock (f, fcntl.LOCK_UN)
            s.wait (("busy", "fired"))
            d.stop ()
    kk.equal (home.log ().count ("is in use by another"), 1, "said once")


@kk.test
def a_disk_that_hangs (home):
    "a disk that hangs holds up neither samples nor what is in them; messages wait, for what is not stored is not told"
    shim = filekit.Shim (home)
    s = Scene (home, BUSY)
    with home.daemon (s.text, env=shim.env ()) as d:
        s.wait_samples (d, 5)
        shim.fsync (-1)
        s.say (load=95)
        kk.wait_for (lambda: "busy fires" in home.log (), 20, "it fires")
        s.wait_samples (d, 20)
        kk.equal (s.told (), [], "what was told")
        shim.fsync (0)
        s.wait (("busy", "fired"))
        d.stop ()


kk.main ()
