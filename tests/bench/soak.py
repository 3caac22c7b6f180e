#!/usr/bin/env python3
"""Lets the daemon run for a long time and shows whether its memory and descriptors grow.

It samples cpu, memory, net and processes that come and go all the time with command lines of any length, records, and is read.
What is bounded is made small enough to be full after the first minutes: the ring of samples and the recorded files. From then on
nothing may grow. The exit status is 1 when something does."""

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time

sys.path.insert (0, os.path.join (os.path.dirname (os.path.abspath (__file__)), "..", "system"))
import kk  # noqa: E402

NAME = "kk-soak"
WORDS = (0, 0, 5, 50, 1000)
ROOM_KIB = 128  # what the allocator may shift about
CONFIG = """daemon: {{sample_interval: {interval}, max_samples: {samples}, auto_track_python: false, track_processes: [{name}]}}
plugins:
  cpu: {{per_core: true}}
  net: {{per_interface: true}}
  process: {{io: true, open_files: true, faults: true}}
  file-writer: {{max_bytes: 2MiB, segment_bytes: 64KiB}}
"""


class Crowd:
    """Processes by the name NAME, always so many; each lives for some seconds."""

    def __init__ (self, home, size, seed):
        self.random, self.running, self.started = random.Random (seed), [None] * size, 0
        self.program = os.path.join (home.top, NAME)
        os.symlink (shutil.which ("sleep"), self.program)

    def tend (self):
        for i, p in enumerate (self.running):
            if p is None or p.poll () is not None:
                words = ["0"] * WORDS[i % len (WORDS)]  # the same for who comes next, so that there is as much to hold all the time
                self.running[i] = subprocess.Popen ([self.program, f"{self.random.uniform (2, 60):.3f}", *words], stdin=subprocess.DEVNULL)
                self.started += 1

    def end (self):
        for p in filter (None, self.running):
            p.kill ()
            p.wait ()


def reading (daemon):
    """What the daemon has now; `fds` without the two that it keeps open for each process."""
    with open (f"/proc/{daemon.pid}/status", encoding="ascii", errors="replace") as f:
        memory = dict (line.split (":", 1) for line in f if ":" in line)
    fds = 0
    for fd in os.listdir (f"/proc/{daemon.pid}/fd"):
        with contextlib.suppress (OSError):
            fds += not re.match (r"/proc/\d+/", os.readlink (f"/proc/{daemon.pid}/fd/{fd}"))
    status = daemon.status ()
    ring = status["ring"]
    written = [i for i in status["instances"] if i["name"] == "file-writer"][0]["status"]
    return {"rss_kib": int (memory["VmRSS"].split ()[0]), "anonymous_kib": int (memory["RssAnon"].split ()[0]), "fds": fds,
            "threads": status["process"]["threads"], "missed": status["ticks"]["missed"], "taken": status["ticks"]["taken"],
            "ring_samples": ring["samples"], "full": (ring["samples"] >= ring["max_samples"] or ring["bytes"] > ring["max_bytes"] * 0.9)
            and "deleted: 0 by age, 0 by" not in written.get ("files", "deleted: 0 by age, 0 by")}


def middle (values):
    return sorted (values)[len (values) // 2]


def verdict (minutes):
    """Compares the second and the last quarter of the minutes in which all was full, as the allocator takes the first one to settle; what
    it says, and whether it is well."""
    full = minutes[next ((i for i, m in enumerate (minutes) if m["full"]), len (minutes)) + 1:]
    if len (full) < 8:
        return f"too short: all was full for {len (full)} minutes only; it takes 8", False
    n = len (full) // 4
    first, last = full[n:2 * n], full[-n:]
    grown = {what: middle ([m[what] for m in last]) - middle ([m[what] for m in first]) for what in ("rss_kib", "anonymous_kib", "fds")}
    well = grown["rss_kib"] <= ROOM_KIB and grown["fds"] <= 0
    return (f"{'no growth' if well else 'GROWTH'} from the second to the last quarter of {len (full)} minutes with all full: resident {grown['rss_kib']:+d} KiB (of it anonymous "
            f"{grown['anonymous_kib']:+d}), descriptors {grown['fds']:+d}; allowed {ROOM_KIB} KiB and none"), well


def run (a, show):
    home = kk.Home ("soak")
    crowd = Crowd (home, a.processes, a.seed)
    minutes = []
    try:
        crowd.tend ()
        daemon = home.daemon (CONFIG.format (interval=a.interval, samples=a.samples, name=NAME)).start ()
        end = time.monotonic ()
        for minute in range (a.minutes):
            end, seen = end + a.minute, []
            while time.monotonic () < end:
                crowd.tend ()
                daemon.check_alive ()
                home.metrics ()
                seen.append (reading (daemon))
                time.sleep (max (0, min (a.minute / 30, end - time.monotonic ())))
            minutes.append ({**seen[-1], "minute": minute + 1, "started": crowd.started,
                             **{what: middle ([s[what] for s in seen]) for what in ("rss_kib", "anonymous_kib", "fds")}})
            show (minutes[-1])
        kk.equal (daemon.stop (), 0, "exit status")
    finally:
        crowd.end ()
        home.close ()
    return minutes


def show_minute (m):
    if m["minute"] == 1:
        print (f"{'minute':>6} {'resident KiB':>12} {'anonymous KiB':>13} {'descriptors':>11} {'threads':>7} {'ring':>6} {'full':>4} {'ticks':>8} "
               f"{'missed':>6} {'processes so far':>16}")
    print (f"{m['minute']:6} {m['rss_kib']:12} {m['anonymous_kib']:13} {m['fds']:11} {m['threads']:7} {m['ring_samples']:6} "
           f"{'yes' if m['full'] else 'no':>4} {m['taken']:8} {m['missed']:6} {m['started']:16}", flush=True)


def main ():
    p = argparse.ArgumentParser (description=__doc__.split ("\n\n", maxsplit=1)[0])
    p.add_argument ("--minutes", type=int, default=30, help="how long (30)")
    p.add_argument ("--minute", type=float, default=60, help="seconds in a minute, for a look at the script itself (60)")
    p.add_argument ("--interval", type=float, default=0.1, help="seconds between samples (0.1)")
    p.add_argument ("--samples", type=int, default=600, help="samples in the ring (600)")
    p.add_argument ("--processes", type=int, default=20, help="processes that are tracked at a time (20)")
    p.add_argument ("--seed", type=int, default=1, help="of the processes' lives and command lines (1)")
    p.add_argument ("--json", action="store_true", help="JSON instead of a table")
    a = p.parse_args ()
    minutes = run (a, (lambda m: None) if a.json else show_minute)
    text, well = verdict (minutes)
    if a.json:
        print (json.dumps ({"minutes": minutes, "verdict": text, "well": well}, indent=1))
    else:
        print (text)
    sys.exit (0 if well else 1)


main ()
