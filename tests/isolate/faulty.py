"""Filters that fail, come late, keep all back or hang: their tables have no values and that is counted, the rest flows."""

import os
import time

import kk
from isokit import child_of, config, daemon, instance

NETWORK_DOWN = " | network - 1 rows state 2 held 0 "


def told (path):
    """The lines of a teller, whole ones only."""
    try:
        with open (path, encoding="utf-8", errors="replace") as f:
            return [line for line in f if line.endswith ("\n")]
    except FileNotFoundError:
        return []


def is_down (line):
    return NETWORK_DOWN in line


def system (line):
    """The values of the table `system` in a teller's line."""
    return next (part for part in line.split (" | ") if part.startswith ("system "))


def wait_down (path, n, what):
    """Waits for n more samples without values of `network`."""
    had = len ([line for line in told (path) if is_down (line)])
    kk.wait_for (lambda: len ([line for line in told (path) if is_down (line)]) >= had + n, 40, what)


def grows (d, name, key, by=3):
    had = instance (d, name)[key]
    kk.wait_for (lambda: instance (d, name)[key] >= had + by, 40, f"{name}: {key}")


def scene (home, filters, **more):
    path = os.path.join (home.top, "told")
    return path, daemon (home, {"out": {"plugin": "teller", "isolate": False, "path": path}, **filters}, **more)


def common (home, isolate):
    path, running = scene (home, {"faulty": {"mode": "fail", "isolate": isolate}})
    with running as d:
        wait_down (path, 5, "samples without it")
        grows (d, "faulty", "incomplete")
        i = instance (d, "faulty")
        kk.equal ((i["dropped"], i["state"]), (0, "failing"), f"{i}")
        kk.equal (instance (d, "out")["dropped"], 0, "of the output")
        d.stop ()
    lines = told (path)
    good = next (n for n, line in enumerate (lines) if is_down (line))
    kk.check (good >= 4, "those before it failed have all", lines[:good])
    # Of one process or the next its first samples pass; what failed has a row without values, the rest has values.
    for line in filter (is_down, lines):
        kk.check (" absent6" in line.split (NETWORK_DOWN)[1].split (" | ")[0], "no value of it", line)
        kk.contains (system (line), "1 rows state 0", "the rest")
    times = [int (line.split ()[0]) for line in lines]
    kk.equal (times, sorted (set (times)), "each sample once, in order")


@kk.test
def fails_in_the_daemon (home):
    "a filter of the common chain that fails with every sample: its table goes on without values and is counted, all others as they are"
    common (home, False)


@kk.test
def fails_in_its_process (home):
    "the same of one in a process of its own, which the daemon does not take for a failure of the process"
    common (home, True)


@kk.test (deadline=120)
def hangs_in_its_process (home):
    "one in a process of its own that hangs in the common chain: it is ended and started again, and the rest flows all the while"
    path, running = scene (home, {"faulty": {"mode": "hang", "isolate": True}})
    with running as d:
        wait_down (path, 3, "samples without its table while it hangs")
        kk.wait_for (lambda: "faulty: its process failed: it did not answer within" in home.log (), 40, "it is ended")
        wait_down (path, 3, "samples without its table until it is started again")
        had = len ([line for line in told (path) if not is_down (line)])
        kk.wait_for (lambda: len ([line for line in told (path) if not is_down (line)]) > had, 60, "its next process works")
        grows (d, "faulty", "incomplete")
        kk.check (instance (d, "faulty")["overruns"] > 0, "counted as late", instance (d, "faulty"))
        kk.equal (instance (d, "file-writer")["dropped"], 0, "of the recorder")
        d.stop ()
    for line in told (path):
        kk.contains (system (line), "1 rows state", "the rest")


@kk.test (deadline=120)
def hangs_in_the_daemon (home):
    "one in the daemon itself that hangs in the common chain: the rest flows all the while, also over reloads, and it works again when it comes back"
    hold = os.path.join (home.top, "hold")

    def more (plugins):
        return {"faulty": {"isolate": False, "hold": hold}, **plugins}
    path, running = scene (home, more ({}))
    other = {"out": {"plugin": "teller", "isolate": False, "path": path}, "late": {"plugin": "faulty", "isolate": False, "mode": "good"}}

    def reload (plugins):
        before = len (told (path))
        home.config (config (home, {**other, **plugins}))
        home.run ("reload", env=running.env).ok ()
        kk.wait_for (lambda: len (told (path)) > before + 3, 40, "samples after the reload")
        kk.check (all (map (system, told (path)[before:])), "they have the other table")

    with running as d:
        kk.wait_for (lambda: len (told (path)) > 3, 40, "samples")
        home.write (hold, "")
        wait_down (path, 3, "samples without its table while it hangs")
        i = instance (d, "faulty")
        kk.equal ((i["state"], i["overruns"], i["failures"]), ("stuck", 1, 0), f"{i}")
        grows (d, "faulty", "skipped")
        grows (d, "faulty", "incomplete")
        kk.check (any ("faulty: hangs in a call, and what it has to do with is left out" in p for p in d.status ()["problems"]), "the problem", d.status ()["problems"])
        kk.contains (home.log (), "faulty: did not come back from a sample within", "the log")
        reload (more ({"late": {"plugin": "faulty", "isolate": False, "mode": "late", "table": "memory"}}))
        kk.equal (instance (d, "faulty")["state"], "stuck", "after a reload that does not concern it")
        reload (more ({}))
        os.unlink (hold)
        kk.wait_for (lambda: instance (d, "faulty")["state"] == "ok", 40, "it is back")
        kk.contains (home.log (), "faulty: came back after", "the log")
        before = len (told (path))
        kk.wait_for (lambda: len (told (path)) > before + 3, 40, "samples")
        kk.check (not is_down (told (path)[-1]), "its table is there again", told (path)[-1])
        home.write (hold, "")
        kk.wait_for (lambda: instance (d, "faulty")["state"] == "stuck", 40, "it hangs again")
        before = time.monotonic ()
        kk.equal (d.stop (), 0, "exit status")
        kk.check (time.monotonic () - before < 10 * kk.SLOW, "it ends although one hangs", time.monotonic () - before)
    os.unlink (hold)


@kk.test
def never_passes (home):
    "one of the common chain that passes on nothing: that is no failure, and status says how much it keeps back, for how long"
    path, running = scene (home, {"faulty": {"mode": "never", "isolate": False}})
    with running as d:
        grows (d, "faulty", "withheld_now")
        i = instance (d, "faulty")
        kk.equal ((i["failures"], i["dropped"], i["incomplete"], i["state"]), (0, 0, 0, "ok"), f"{i}")
        kk.equal (i["withheld"], i["withheld_now"], "it never passed one on since")
        kk.check ("kept back" in home.run ("status").out, "the status for people", home.run ("status").out)
        d.stop ()
    kk.equal (len (told (path)), 4, "those before it began")


@kk.test (deadline=120)
def own_chains (home):
    "each of them in the chain of one output: all other outputs get every sample, status says which, and the daemon ends in time"
    modes = ("fail", "late", "never", "hang")
    place = os.path.join (home.top, "own")
    os.makedirs (place)
    instances = {}
    for mode in modes:
        instances[f"f-{mode}"] = {"plugin": "faulty", "mode": mode, "isolate": False}
        instances[f"o-{mode}"] = {"plugin": "teller", "isolate": False, "path": os.path.join (place, mode), "pipeline": [f"f-{mode}"]}
    path, running = scene (home, instances)
    with running as d:
        wait_down (os.path.join (place, "fail"), 3, "fail: without its table")
        kk.wait_for (lambda: instance (d, "f-hang")["state"] == "stuck", 40, "hang: its state")
        kk.check (any ("f-hang: hangs in a call" in p for p in d.status ()["problems"]), "the problem", d.status ()["problems"])
        grows (d, "f-late", "overruns", 2)
        grows (d, "f-never", "withheld_now")
        kk.wait_for (lambda: len (told (os.path.join (place, "late"))) > 5, 40, "late: they come")
        late = instance (d, "f-late")
        kk.equal ((late["dropped"], late["incomplete"], late["failures"]), (0, 0, 0), f"late: nothing is lost: {late}")
        kk.equal ([instance (d, f"f-{m}")["incomplete"] > 0 for m in modes], [True, False, False, False], "incomplete")
        before = len (told (path))
        kk.wait_for (lambda: len (told (path)) > before + 5, 40, "the others go on")
        kk.equal (instance (d, "out")["dropped"] + instance (d, "file-writer")["dropped"], 0, "of them nothing is lost")
        d.stop (40) # it waits for the one that hangs as long as for any output
    kk.contains (home.log (), "o-hang: does not come to an end", "the log")
    kk.check (not any (map (is_down, told (path))), "no other output misses the table")
    kk.equal (child_of (d), [], "no process is left")
    kk.equal ([len (told (os.path.join (place, m))) for m in ("never", "hang")], [4, 4], "those before they began")


kk.main ()
