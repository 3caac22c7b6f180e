"""What a plugin of any kind does wrong costs its own samples only: it is ended, its failure is told, it is started again."""

import contextlib
import os
import re

import filekit
import kk
from isokit import SANITIZED, TICK, Pace, child_of, config, daemon, instance, others_go_on

HANGS = "it did not answer within"
MODES = {"segv": "SIGSEGV", "abort": "SIGABRT", "exit": "it exited with status 7",
         "loop": HANGS, "deadlock": HANGS, "stop": HANGS, "garbage": "its answer made no sense", "nonsense": "its answer made no sense",
         "torn": "its answer made no sense", "closed": "its process failed", "scribble": "its process failed",
         "flicker": HANGS}
if not SANITIZED:
    MODES["grow"] = "SIGABRT"
DEADLINE = f"{int (600 * kk.SLOW)}ms"


def lines_of (home, name):
    """What the log says of an instance."""
    return [line for line in home.log ().split ("\n") if f" {name}: " in line]


def each_failed (home, d, names):
    """Each of these failed as its mode says, told so in log and status with its last words, and was started again."""
    def failed (name, says):
        return [line for line in lines_of (home, name) if "its process failed" in line and says in line]
    for mode, name in names.items ():
        kk.wait_for (lambda: failed (name, MODES[mode]), 30, f"{name}: '{MODES[mode]}' in the log")  # pylint: disable=cell-var-from-loop
        line = failed (name, MODES[mode])[0]
        kk.contains (line, "it is started again in", f"{name}: the log")
        if MODES[mode] in ("SIGSEGV", "SIGABRT", "it exited with status 7"):
            kk.contains (line, f"last words: about to do: {mode}", f"{name}: the log")
        # After that status speaks of the failure until it works again, or of the new process.
        one = kk.wait_for (lambda: (i := instance (d, name))["last_message"] and i, 5, name)  # pylint: disable=cell-var-from-loop
        kk.check ("process" in one["status"], f"{name}: status", one["status"])

    def again (name):
        return len (failed (name, "")) > 1 or any ("works again" in line for line in lines_of (home, name))
    for name in names.values ():
        kk.wait_for (lambda: again (name), 30, f"{name}: it is started again")  # pylint: disable=cell-var-from-loop


@kk.test (deadline=180)
def filters (home):
    "filters that do each of it: other outputs get every sample, and those behind one go on"
    place = os.path.join (home.top, "told")
    os.makedirs (place)
    instances, names = {}, {}
    for mode in MODES:
        names[mode] = f"f-{mode}"
        instances[f"f-{mode}"] = {"plugin": "sieve", "mode": mode, "memory_limit": "32MiB"}
        instances[f"o-{mode}"] = {"plugin": "teller", "isolate": False, "path": os.path.join (place, mode), "pipeline": [f"f-{mode}"]}
    with daemon (home, instances) as d, Pace () as pace:
        each_failed (home, d, names)
        for mode, name in names.items ():
            path = os.path.join (place, mode)
            before = os.path.getsize (path)
            kk.wait_for (lambda: os.path.getsize (path) > before, 60, f"{name}: samples after it")  # pylint: disable=cell-var-from-loop
            kk.check (instance (d, name)["dropped"] > 0, f"{name}: what it did not come to is counted")
        others_go_on (d, pace)
        kk.equal (instance (d, "file-writer")["queue"]["dropped"], 0, "samples that the recorder lost")
    kk.equal (home.processes (), [], "no process is left")


@kk.test (deadline=180)
def outputs (home):
    "outputs that do each of it: they hold up neither the samples nor other outputs, and get what they had not had"
    place = os.path.join (home.top, "told")
    os.makedirs (place)
    names = {mode: f"o-{mode}" for mode in MODES}
    instances = {f"o-{mode}": {"plugin": "teller", "mode": mode, "deadline": DEADLINE, "memory_limit": "32MiB",
                               "path": os.path.join (place, mode), "write_paths": [place]} for mode in MODES}
    whole = os.path.join (place, "whole")
    with daemon (home, {"whole": {"plugin": "teller", "isolate": False, "path": whole}, **instances}) as d, Pace () as pace:
        each_failed (home, d, names)
        others_go_on (d, pace)
        kk.equal (instance (d, "file-writer")["queue"]["dropped"], 0, "samples that the recorder lost")
        kk.equal (instance (d, "whole")["dropped"], 0, "samples that another output lost")
    kk.equal (home.processes (), [], "no process is left")
    with open (whole, encoding="utf-8", errors="replace") as f:
        told = {line.split (" |")[0] for line in f}
    for mode in MODES:
        with open (os.path.join (place, mode), encoding="utf-8", errors="replace") as f:
            kk.check ({line.split (" |")[0] for line in f if line.endswith ("\n")} <= told, f"{mode}: it got samples that there were")


@kk.test
def forged (home):
    "an answer with tables, rows and fields that do not exist or come twice: counted, and only what is right is kept"
    with daemon (home, {"rogue": {"mode": "forge"}}) as d, Pace () as pace:
        def entry ():
            return [e for e in home.metrics () if e.get ("rogue", {}).get ("reads") == 999999]
        one = kk.wait_for (entry, 10, "the entry of that read")[0]
        kk.equal (list (one["rogue"]), ["reads"], "what it had of the single table")
        kk.equal (one["rogue_numbers"], {"5": {}}, "a row that came twice is one")
        kk.check ("rogue_rows" not in one or not one["rogue_rows"], "what it did not say", one.get ("rogue_rows"))
        kk.check (instance (d, "rogue")["lost_rows"] > 0 and instance (d, "rogue")["bad_fields"] > 0, "the rest is counted")
        others_go_on (d, pace)


@kk.test
def late_filter (home):
    "a filter's answer that comes too late: its sample is dropped and counted, and not taken for that of the next"
    path = os.path.join (home.top, "told")
    # It is waited for for 50 ms and ended after 250.
    with daemon (home, {"late": {"plugin": "sieve", "pause": "150ms"},
                        "out": {"plugin": "teller", "isolate": False, "path": path, "pipeline": ["late"]}},
                 daemon={"sample_interval": 0.1, "data_dir": home.data}) as d, Pace () as pace:
        def times ():
            with open (path, encoding="utf-8", errors="replace") as f:
                return [int (line.split ()[0]) for line in f if line.endswith ("\n")]
        kk.wait_for (lambda: instance (d, "late")["dropped"] >= 1, 20, "dropped samples")
        n = len (times ())
        kk.wait_for (lambda: len (times ()) > n + 3, 20, "samples after it")
        kk.check ("late: has not answered within" in home.log () or "late: its process failed" in home.log (), "the log")
        others_go_on (d, pace)
    told = times ()
    kk.equal (told, sorted (set (told)), "each sample at most once, in order")
    kk.check (max (b - a for a, b in zip (told, told[1:])) > 0.15e9, "some are missing in between")


@kk.test
def late_in_the_daemon (home):
    "a filter of the daemon's own process that hangs: the log and status say which, and all goes on when it comes back"
    with daemon (home, {"late": {"plugin": "sieve", "isolate": False, "pause": f"{3 * kk.SLOW:.0f}s"}}) as d:
        kk.wait_for (lambda: instance (d, "late")["state"] == "stuck", 20, "its state")
        status = d.status ()
        kk.equal (status["health"], "degraded", "health")
        kk.check (any ("late: hangs in a call" in p for p in status["problems"]), "the problem", status["problems"])
        kk.wait_for (lambda: any ("did not come back from a sample" in line for line in lines_of (home, "late")), 20, "the log")
        kk.wait_for (lambda: any ("came back after" in line for line in lines_of (home, "late")), 30, "it comes back")
        late, taken = instance (d, "late"), d.status ()["ticks"]["taken"]
        kk.equal (late["failures"], 0, f"afterwards: {late}")
        kk.wait_for (lambda: d.status ()["ticks"]["taken"] > taken + 3, 20, "ticks")
        kk.wait_for (lambda: instance (d, "late")["state"] == "ok", 20, "its state")
        said = [line for line in lines_of (home, "late") if "did not come back" in line]
        kk.equal (len (said), instance (d, "late")["overruns"], f"said once for each call that was late: {said}")
        d.stop ()


@kk.test
def late_bind (home):
    "a filter whose bind is late, in its first process and in the next: it goes on with one binding, and keeps none of the late ones"
    # As above; one that is ended gets another try in its next process.
    with daemon (home, {"late": {"plugin": "sieve", "bind_pause": "130ms", "mode": "exit"},
                        "out": {"plugin": "teller", "isolate": False, "path": os.path.join (home.top, "told"), "pipeline": ["late"]}},
                 daemon={"sample_interval": 0.1, "data_dir": home.data}):
        def processes ():
            return re.findall (r" late: bindings: (\d+) after (\d+) binds", home.log ())
        kk.wait_for (lambda: len (processes ()) > 1, 40, "samples in its second process")
        kk.contains (home.log (), "late: has not answered within", "the log")
    for bindings, binds in processes ():
        kk.check (int (binds) > 2, "its first binds were late", binds)
        kk.equal (int (bindings), 1, f"bindings after {binds} binds")


def zombies (d):
    """Processes of plugins that have ended and were not waited for."""
    found = []
    for pid in filter (str.isdigit, os.listdir ("/proc")):
        with contextlib.suppress (OSError):
            with open (f"/proc/{pid}/stat", "rb") as f:
                state, parent = f.read ().rsplit (b")", 1)[1].split ()[:2]
            if int (parent) == d.pid and state == b"Z":
                found.append (int (pid))
    return found


def pipes (d):
    """What the daemon has open that leads to processes of plugins."""
    n = 0
    for fd in os.listdir (f"/proc/{d.pid}/fd"):
        with contextlib.suppress (OSError):
            n += os.readlink (f"/proc/{d.pid}/fd/{fd}").startswith ("pipe:")
    return n


def samples_more (d, n):
    """The counters of ticks after so many more samples."""
    taken = d.status ()["ticks"]["taken"]
    kk.wait_for (lambda: d.status ()["ticks"]["taken"] >= taken + n, 20, "samples of others")
    return d.status ()["ticks"]


@kk.test
def endless (home):
    "a process that hangs in the kernel: no other beside it, its descriptors are released, nobody waits; a reload leaves it to itself"
    shim = filekit.Shim (home)
    good = config (home, {"rogue": {}})
    with daemon (home, {"rogue": {"mode": "exit"}}, env=shim.env ()) as d, Pace () as pace:
        kk.wait_for (lambda: instance (d, "rogue")["state"] == "ok", 10, "it works")
        kk.equal (pipes (d), 2, "pipes to it")
        shim.endless (True)
        kk.wait_for (lambda: "although it was killed; another is started when it is gone" in home.log (), 20, "the log")
        kk.wait_for (lambda: len (zombies (d)) == 1 and not pipes (d), 10, "its descriptors are released")
        kk.contains (instance (d, "rogue")["status"]["process"], "it does not end", "status")
        ticks, lost = samples_more (d, 2), pace.lost
        now = samples_more (d, 10)
        if pace.lost - lost < TICK / 2:
            kk.equal (now["missed"], ticks["missed"], "ticks missed after the first try")
        kk.equal ((len (zombies (d)), len (child_of (d))), (1, 0), "no other beside it")
        shim.endless (False)
        kk.wait_for (lambda: "rogue: its process failed: it exited with status 7" in home.log (), 10, "its end")
        kk.wait_for (lambda: instance (d, "rogue")["calls"] > 8 and child_of (d), 20, "it is started again")
        shim.endless (True)
        kk.wait_for (lambda: home.log ().count ("although it was killed") > 1, 20, "the next one")
        home.config (good)
        home.run ("reload").ok ("reload")
        kk.wait_for (lambda: not zombies (d), 10, "the old one is waited for")
        kk.wait_for (lambda: instance (d, "rogue")["state"] == "ok" and len (child_of (d)) == 1, 10, "the new one works")
    kk.wait_for (lambda: not home.processes (), 5, "no process is left")


@kk.test
def back_off (home):
    "after each failure in a row it waits longer, by no fixed time; when it does well it begins anew"
    with daemon (home, {"again": {"plugin": "rogue", "mode": "exit", "after": 0}, "well": {"plugin": "rogue", "mode": "exit", "after": 4,
                        "tables": {"rogue": "well", "rogue_rows": "well_rows", "rogue_numbers": "well_numbers"}}}) as d:
        def waits (name):
            return [float (w) for w in re.findall (rf" {name}: its process failed: .* started again in ([0-9.]+) s", home.log ())]
        kk.wait_for (lambda: len (waits ("again")) > 2 and len (waits ("well")) > 2, 30, "some failures")
        kk.contains (instance (d, "again")["status"]["process"], "in a row", "status")
    for i, wait in enumerate (waits ("again")[:3]):
        kk.check (2 ** i / 2 - 0.06 <= wait <= 2 ** i + 0.06, f"the wait after failure {i + 1}", wait)
    for wait in waits ("well")[:3]:
        kk.check (0.44 <= wait <= 1.06, "the wait after the first failure again", wait)


@kk.test
def input_left_behind (home):
    "an input in the daemon that overruns its deadline is left behind, skipped, counted, and taken back"
    with daemon (home, {"rogue": {"isolate": False, "mode": "late", "pause": f"{int (TICK * 12000)}ms",
                                  "deadline": f"{int (TICK * 500)}ms"}}) as d, Pace () as pace:
        kk.wait_for (lambda: "rogue: did not come back from a read" in home.log (), 20, "it is left behind")
        kk.wait_for (lambda: instance (d, "rogue")["skipped"] > 2, 10, "reads that are left out")
        kk.check (instance (d, "rogue")["overruns"] >= 1, "overruns are counted")
        kk.wait_for (lambda: "rogue: came back after" in home.log (), 20, "it comes back")
        n = instance (d, "rogue")["calls"]
        kk.wait_for (lambda: instance (d, "rogue")["calls"] > n + 3 and instance (d, "rogue")["state"] == "ok", 10, "it is read again")
        others_go_on (d, pace)
    reads = [e["rogue"]["reads"] for e in home.metrics () if "reads" in e.get ("rogue", {})]
    kk.equal (reads, sorted (set (reads)), "each read's values at most once, in order")
    kk.check (3 not in reads and max (reads) > 3, "the late values are thrown away", reads)


@kk.test
def output_holds_up_nobody (home):
    "an output in the daemon that takes long: the samples and other outputs go on, and it gets all of them in the end"
    path = os.path.join (home.top, "told")
    with daemon (home, {"slow": {"plugin": "teller", "isolate": False, "path": path, "pause": f"{int (TICK * 15000)}ms",
                                 "deadline": f"{int (TICK * 1000)}ms"}}) as d, Pace () as pace:
        kk.wait_for (lambda: instance (d, "slow")["queue"]["samples"] > 8, 20, "samples that wait for it")
        others_go_on (d, pace)
        n = len (home.metrics ())
        kk.wait_for (lambda: len (home.metrics ()) > n, 10, "the recorder writes meanwhile")
        kk.wait_for (lambda: instance (d, "slow")["queue"]["samples"] < 3, 30, "it has caught up")
        kk.equal (instance (d, "slow")["dropped"], 0, "samples that it did not get")
        others_go_on (d, pace)
    with open (path, encoding="utf-8", errors="replace") as f:
        told = [int (line.split ()[0]) for line in f]
    kk.equal (told, sorted (set (told)), "each sample once, in order")


kk.main ()
