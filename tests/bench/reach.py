"""What is measured once, by itself: how soon the first reading is there, fast ticks, a full ring, many processes, bytes for the disk.
Each returns rows for the table of what is to be reached."""

import contextlib
import json
import os
import subprocess
import threading
import time

import bench
import kk

CROWD = os.path.join (kk.BUILD, "tests", "bench", "crowd")
FAST_MS = 5


def row (what, value, unit, reach=None, note="", judged=False):
    """judged: the same however busy the machine is, or measured beside a bare loop in the same run."""
    return {"what": what, "value": value, "unit": unit, "reach": reach, "kept": None if reach is None else value <= reach, "judged": judged,
            "note": note}


def samples (daemon, last):
    """The last samples in the ring, oldest first."""
    with kk.Connection (daemon.data) as c:
        c.send ("samples", last=last)
        found = []
        while "end" not in (s := c.receive ()):
            found.append (s)
        return found


def first_reading (starts):
    took, bare = [], []
    for _ in range (starts):
        home = kk.Home ("bench-start")
        try:
            home.config (bench.SMALL)
            before = time.time ()
            daemon = home.daemon ().start ()
            took.append ((samples (daemon, 1000)[0]["timestamp"] - before) * 1000)
            before = time.time ()
            home.spawn (bench.BARE, os.path.join (home.path, "bare"))
            first = kk.wait_for (lambda: bench.read (os.path.join (home.path, "bare")), 10, "a first line", step=0.001)
            bare.append ((float (first.split ()[0]) - before) * 1000)
        finally:
            home.close ()
    took, bare = sorted (took), sorted (bare)
    return [row (f"first reading after start, middle of {starts}", round (bench.middle (took), 1), "ms", 15,
                 f"the bare loop's {max (0, bench.middle (bare)):.1f} ms"),
            row ("first reading after start, slowest", round (took[-1], 1), "ms", 15,
                 f"the bare loop's {max (0, bare[-1]):.1f} ms; a busy machine tells most here")]


def fast (seconds, runs=3):
    """200 Hz of cpu, memory and net, recorded, until the ring is full; beside it a bare loop at the same rate. A tick is missed where the
    machine leaves a thread waiting for 5 ms, which says nothing of the daemon unless it is so in every run."""
    home = kk.Home ("bench-fast")
    try:
        daemon = home.daemon (bench.NO_PROCESSES.replace ("{enable", f"{{sample_interval: {FAST_MS / 1000}, enable")).start ()
        line = os.path.join (home.path, "bare")
        home.spawn (bench.BARE, line, FAST_MS)
        time.sleep (0.5)

        def ticks ():
            with open (line, encoding="ascii") as f:
                late = int (f.read ().rstrip ().rsplit (" ", 1)[1])
            now = daemon.status ()["ticks"]
            return now["taken"], now["missed"], late
        found, before = [], ticks ()
        for _ in range (runs):
            time.sleep (seconds)
            before, begin = ticks (), before
            found.append ([b - a for a, b in zip (begin, before)])
        kk.wait_for (lambda: (s := daemon.status ()["ring"])["samples"] >= s["max_samples"], 60, "the ring fills", step=0.2)
        ring = daemon.status ()["ring"]
        taken, missed, _ = min (found, key=lambda f: f[1])
        return [row (f"200 Hz of cpu, memory, net for {seconds:g} s: missed ticks, best of {runs}", missed, f"of {taken + missed}", 0,
                     f"{', '.join (str (f[1]) for f in found)}; a bare loop beside it missed {', '.join (str (f[2]) for f in found)}"),
                row (f"resident with a full ring ({ring['samples']} samples, {ring['bytes'] / 1024:.0f} KiB, at 200 Hz)",
                     round (bench.rss (daemon.pid), 2), "MiB", 4, judged=True)]
    finally:
        home.close ()


def crowded (processes, tracked, windows=3, seconds=5):
    """Some processes tracked among many that are not, found by name as Python's are."""
    home = kk.Home ("bench-crowd")
    try:
        crowd = home.spawn (CROWD, processes, tracked, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if crowd.stdout.readline () != b"ready\n":
            return [row (f"{tracked} tracked among {processes}", None, "ms/s", note="left out: " + crowd.stderr.read ().decode ().strip ())]
        daemon = home.daemon ("plugins: {net: {enabled: true}}\n").start (deadline=30)
        time.sleep (3)
        cost = []
        for _ in range (windows):
            start, (before, _) = time.monotonic (), bench.usage (daemon.pid)
            time.sleep (seconds)
            cost.append ((bench.usage (daemon.pid)[0] - before) / (time.monotonic () - start) / 1e6)
        found = len (samples (daemon, 1)[0]["processes"])
        there = sum (name.isdigit () for name in os.listdir ("/proc"))
        return [row (f"{found} tracked among {there:,} processes", round (bench.middle (cost), 2), "ms/s", 10,
                     f"everything recorded; {found - tracked} of them are not of this test")]
    finally:
        home.close ()


class Disk (threading.Thread):
    """Bytes for the disk over whole minutes, of a daemon that nobody reads and of one that is read; runs beside the rest."""

    def __init__ (self):
        super ().__init__ (daemon=True)
        self.home, self.stop, self.marks = [kk.Home ("bench-disk"), kk.Home ("bench-disk")], threading.Event (), []
        self.daemons = [home.daemon (bench.NO_PROCESSES).start () for home in self.home]
        self.reader = bench.Reader (self.home[1].data)
        self.start ()

    def run (self):
        while not self.stop.wait (5 if not self.marks else max (0, self.marks[-1][0] + 60 - time.monotonic ())):
            with contextlib.suppress (OSError):
                self.marks.append ((time.monotonic (), [self.written (d.pid) for d in self.daemons]))

    @staticmethod
    def written (pid):
        said = dict (line.split (": ") for line in bench.read (f"/proc/{pid}/io").splitlines ())
        return int (said["wchar"]), int (said["write_bytes"])

    def close (self):
        self.stop.set ()
        self.reader.done.set ()
        for t in (self, self.reader):
            t.join ()
        for home in self.home:
            home.close ()

    def rows (self):
        kk.wait_for (lambda: len (self.marks) > 1, 120, "a minute of bytes", step=0.2)
        (begin, first), (end, last) = self.marks[0], self.marks[-1]
        found = []
        for who, a, b in zip (("nobody reads", "read each second"), first, last):
            given, disk = ((y - x) * 86400 / (end - begin) / 1e6 for x, y in zip (a, b))
            found.append (row (f"given to write (), {who}", round (given), "MB/day",
                               note=f"{disk:.0f} MB/day reach the disk" if disk else "none of it reaches a disk here"))
        return found
