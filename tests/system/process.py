"""Processes as the daemon records them, beside what others say about the same processes."""

import os
import shutil
import subprocess
import sys
import time

import kk

CONFIG = """daemon: {{sample_interval: {interval}, track_processes: [kk-victim]}}
plugins:
  file-writer: {{publish: always, publish_interval: 100ms, cmdline: full}}
  process: {{events: {events}}}
"""
BUSY = """
import sys, threading, time
block = bytearray (b"x") * (48 << 20)
threading.Thread (target=time.sleep, args=(600,), daemon=True).start ()
print ("up", flush=True)
while True:
    end = time.monotonic () + 0.05
    while time.monotonic () < end:
        pass
    time.sleep (0.05)
"""


def rows (home, pid):
    """All that was recorded of a process, oldest first."""
    return [e["processes"][str (pid)] for e in home.metrics () if str (pid) in e["processes"]]


def victim (home, name):
    """A program called `name` that sleeps."""
    path = os.path.join (home.top, name)
    shutil.copy (shutil.which ("sleep"), path)
    return path


def cpu_seconds (pid):
    with open (f"/proc/{pid}/stat", "rb") as f:
        fields = f.read ().rsplit (b")", 1)[1].split ()
    return (int (fields[11]) + int (fields[12])) / os.sysconf ("SC_CLK_TCK")


class Meter:
    """Processor time by another count, again and again; a busy machine gives the process now more, now less."""

    def __init__ (self, count):
        self.count, self.seen = count, []

    def look (self):
        self.seen.append ((time.time (), self.count ()))

    def at (self, when):
        (t0, v0), (t1, v1) = next (pair for pair in zip (self.seen, self.seen[1:]) if pair[0][0] <= when <= pair[1][0])
        return v0 + (v1 - v0) * (when - t0) / max (t1 - t0, 1e-6)


def rows_beside (home, pid, meter, n):
    """So many rows that were recorded while the meter was looked at."""
    begin = time.time ()

    def enough ():
        meter.look ()
        found = [r for r in rows (home, pid) if r["timestamp"] > begin]
        meter.look ()
        return len (found) >= n and found
    return kk.wait_for (enough, 30, "some samples")


def check_cpu (seen, meter):
    times = [r["timestamp"] for r in seen]
    have = sum (r["cpu_percent"] * (b - a) for r, a, b in zip (seen[1:], times, times[1:])) / (times[-1] - times[0])
    want = 100 * (meter.at (times[-1]) - meter.at (times[0])) / (times[-1] - times[0])
    kk.check (abs (have - want) < 8, "cpu_percent", (have, want))


def check_rows (busy, seen, meter):
    check_cpu (seen, meter)
    last = seen[-1]
    kk.equal (last["pid"], busy, "pid")
    kk.equal (last["num_threads"], 2, "num_threads")
    kk.check (last["memory_rss_mb"] > 48, "memory_rss_mb", last)
    kk.check (last["memory_vms_mb"] >= last["memory_rss_mb"], "memory_vms_mb", last)
    kk.check (last["status"] in ("running", "sleeping", "disk-sleep"), "status", last)
    kk.equal (len ({r["create_time"] for r in seen}), 1, "one create_time")
    kk.equal (seen[0]["name"].startswith ("python"), True, "name")


def start_busy (home):
    p = home.spawn (sys.executable, "-c", BUSY, "an argument", stdout=subprocess.PIPE)
    p.stdout.readline ()
    return p


@kk.test
def agrees_with_the_kernel (home):
    "processor time, memory and the rest agree with the kernel's own figures"
    busy = start_busy (home)
    with home.daemon (CONFIG.format (interval=0.5, events="auto")):
        kk.wait_for (lambda: len (rows (home, busy.pid)) >= 2, 20, "the process is recorded")
        meter = Meter (lambda: cpu_seconds (busy.pid))
        seen = rows_beside (home, busy.pid, meter, 6)
        check_rows (busy.pid, seen, meter)
        started = time.time () - float (open ("/proc/uptime").read ().split ()[0])
        with open (f"/proc/{busy.pid}/stat", "rb") as f:
            ticks = int (f.read ().rsplit (b")", 1)[1].split ()[19])
        kk.check (abs (seen[-1]["create_time"] - started - ticks / os.sysconf ("SC_CLK_TCK")) < 2, "create_time", seen[-1])
        kk.check (seen[-1]["cmdline"].endswith ("time.sleep (0.05)\n an argument"), "cmdline", seen[-1]["cmdline"])


@kk.test
def agrees_with_psutil (home):
    "psutil says the same of the same process"
    try:
        import psutil
    except ImportError:
        kk.skip ("needs psutil")
    busy = start_busy (home)
    with home.daemon (CONFIG.format (interval=0.5, events="auto")):
        kk.wait_for (lambda: len (rows (home, busy.pid)) >= 2, 20, "the process is recorded")
        p = psutil.Process (busy.pid)
        meter = Meter (lambda: sum (p.cpu_times ()[:2]))
        seen = rows_beside (home, busy.pid, meter, 6)
        check_cpu (seen, meter)
        last = seen[-1]
        kk.check (abs (last["memory_rss_mb"] - p.memory_info ().rss / 2**20) < 2, "memory_rss_mb", last)
        kk.check (abs (last["memory_vms_mb"] - p.memory_info ().vms / 2**20) < 2, "memory_vms_mb", last)
        kk.equal (last["num_threads"], p.num_threads (), "num_threads")
        kk.equal (last["name"], p.name (), "name")
        kk.equal (last["cmdline"], " ".join (p.cmdline ()), "cmdline")
        kk.check (abs (last["create_time"] - p.create_time ()) < 1.1, "create_time", (last, p.create_time ()))


@kk.test
def sees_exec (home):
    "a shell that becomes a tracked program is seen, with and without the kernel's events"
    program = victim (home, "kk-victim3.1")
    for events in ("off", "auto"):
        with home.daemon (CONFIG.format (interval=0.2, events=events)):
            p = home.spawn ("sh", "-c", f"read x; exec {program} 600", stdin=subprocess.PIPE)
            have = len (home.metrics ())
            kk.wait_for (lambda: len (home.metrics ()) > have + 2, 15, "some samples")
            kk.equal (rows (home, p.pid), [], "the shell is not tracked")
            p.stdin.write (b"go\n")
            p.stdin.close ()
            row = kk.wait_for (lambda: rows (home, p.pid), 12, f"it is tracked (events: {events})")[0]
            kk.equal (row["name"], "kk-victim3.1", "name")
            kk.equal (row["cmdline"], program + " 600", "cmdline")
            kk.equal (row["cpu_percent"], 0.0, "cpu_percent of the first")
            p.kill ()
            p.wait ()
            gone = time.time ()
            kk.wait_for (lambda: str (p.pid) not in home.metrics ()[-1]["processes"], 15, "it leaves")
            kk.check (sum (r["timestamp"] > gone for r in rows (home, p.pid)) == 0, "it leaves at once", gone)


@kk.test
def survives_forks (home):
    "hundreds of forks a second: what stays is found, memory and descriptors stay as they are"
    program = victim (home, "kk-victim")
    shell = "i=0; while [ $i -lt 400 ]; do /bin/true; i=$((i+1)); done"
    for events in ("off", "auto"):
        config = CONFIG.format (interval=0.2, events=events).replace ("{sample", "{auto_track_python: false, sample")
        with home.daemon (config) as d:
            kk.wait_for (home.metrics, 15, "a first entry")

            def storm ():
                p = home.spawn (program, "600")
                subprocess.run (["sh", "-c", shell], check=True)
                kk.wait_for (lambda: rows (home, p.pid), 15, f"the one that stays is found (events: {events})")
                p.kill ()
                p.wait ()

            def size ():
                with open (f"/proc/{d.pid}/statm", encoding="ascii") as f:
                    return int (f.read ().split ()[1]) * os.sysconf ("SC_PAGE_SIZE")

            storm ()
            first, files = size (), len (os.listdir (f"/proc/{d.pid}/fd"))
            for _ in range (3):
                storm ()
            kk.check (size () - first < 1 << 20, "memory stays flat", (first, size ()))
            kk.wait_for (lambda: len (os.listdir (f"/proc/{d.pid}/fd")) <= files + 2, 10, f"descriptors stay flat: {files}")


kk.main ()
