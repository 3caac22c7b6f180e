#!/usr/bin/env python3
"""Measures what the daemon costs, beside a bare loop and, where it is installed, collectd, and whether that keeps what is to be reached.

All are measured in the same run, by turns, so that their ratios hold on any machine; one absolute time says little. CPU is what
the scheduler counted (/proc/PID/task/*/schedstat), wake-ups are voluntary context switches, memory is VmRSS at the end.

What is over its reach is said and fails nothing: a shared machine is too restless for that. With --fail-over N the exit status is
1 when a figure that does not hang on how busy the machine is (a ratio within the run, wake-ups, memory) is more than N times over."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert (0, os.path.join (os.path.dirname (os.path.abspath (__file__)), "..", "system"))
import kk  # noqa: E402

BARE = os.path.join (kk.BUILD, "tests", "bench", "bare")
SMALL = "daemon: {enable_network_monitoring: true, auto_track_python: false, track_processes: []}\n"
NO_PROCESSES = SMALL + "plugins: {process: {enabled: false}}\n"
COLLECTD = """Interval 1
BaseDir "{dir}"
PIDFile "{dir}/pid"
TypesDB "/usr/share/collectd/types.db"
LoadPlugin cpu
LoadPlugin memory
LoadPlugin load
LoadPlugin interface
{more}
LoadPlugin csv
<Plugin csv>
  DataDir "{dir}/csv"
</Plugin>
"""


def read (path):
    with open (path, encoding="ascii", errors="replace") as f:
        return f.read ()


def usage (pid):
    """CPU ns and voluntary switches of all threads of a process so far."""
    cpu = wakes = 0
    for tid in os.listdir (f"/proc/{pid}/task"):
        try:
            cpu += int (read (f"/proc/{pid}/task/{tid}/schedstat").split ()[0])
            wakes += int (read (f"/proc/{pid}/task/{tid}/status").split ("\nvoluntary_ctxt_switches:")[1].split ()[0])
        except FileNotFoundError:
            pass
    return cpu, wakes


def rss (pid):
    return int (read (f"/proc/{pid}/status").split ("VmRSS:")[1].split ()[0]) / 1024


class Reader (threading.Thread):
    """Reads the recorded files once a second, as an application with the Python library does."""

    def __init__ (self, data):
        super ().__init__ (daemon=True)
        self.data, self.done = data, threading.Event ()
        self.start ()

    def run (self):
        while not self.done.wait (1):
            kk.read_metrics (self.data, strict=False)


class Contender:
    def __init__ (self, name, reach=None):
        self.name, self.reach, self.cpu, self.wakes, self.memory = name, reach, [], [], []

    def begin (self, home):
        """Starts it; returns its process."""
        raise NotImplementedError

    def window (self, seconds, settle):
        home = kk.Home ("bench")
        reader = None
        try:
            process = self.begin (home)
            reader = self.reader (home)
            time.sleep (settle)
            start, (cpu, wakes) = time.monotonic (), usage (process.pid)
            time.sleep (seconds)
            cpu_end, wakes_end = usage (process.pid)
            took = time.monotonic () - start
            self.cpu.append ((cpu_end - cpu) / took / 1000)
            self.wakes.append ((wakes_end - wakes) / took)
            self.memory.append (rss (process.pid))
        finally:
            if reader:
                reader.done.set ()
                reader.join ()
            home.close ()

    def reader (self, home):
        return None


class Bare (Contender):
    def begin (self, home):
        return home.spawn (BARE, os.path.join (home.path, "out"))


class Daemon (Contender):
    def __init__ (self, name, config, reach=None, read=False):
        super ().__init__ (name, reach)
        self.config, self.read = config, read

    def begin (self, home):
        return home.daemon (self.config).start ().process

    def reader (self, home):
        return Reader (home.data) if self.read else None


class Collectd (Contender):
    def __init__ (self, name, program, more=""):
        super ().__init__ (name)
        self.program, self.more = program, more

    def begin (self, home):
        config = home.write ("collectd.conf", COLLECTD.format (dir=home.path, more=self.more))
        return home.spawn (self.program, "-f", "-C", config, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def middle (values):
    values = sorted (values)
    return (values[(len (values) - 1) // 2] + values[len (values) // 2]) / 2


def contenders ():
    found = [Bare ("bare loop"), Daemon ("daemon, nobody reads", NO_PROCESSES, 2), Daemon ("daemon, read each second", NO_PROCESSES, 4, read=True),
             Daemon ("daemon with processes", SMALL)]
    collectd = shutil.which ("collectd", path=os.environ.get ("PATH", "") + ":/usr/sbin")
    if collectd:
        found += [Collectd ("collectd", collectd), Collectd ("collectd with processes", collectd, "LoadPlugin processes")]
    else:
        print ("collectd is not installed (Debian: collectd-core): left out", file=sys.stderr)
    return found


def say (text):
    if sys.stderr.isatty ():
        print ("\r\033[K" + text, end="", file=sys.stderr, flush=True)


def compare (todo, rounds, seconds, settle):
    """Measures the contenders by turns; a row each."""
    for i in range (rounds):
        for c in todo:
            say (f"round {i + 1}/{rounds}: {c.name}")
            c.window (seconds, settle)
    base = middle (todo[0].cpu)
    return [{"name": c.name, "cpu_us_per_s": round (middle (c.cpu), 1), "ratio": round (middle (c.cpu) / base, 2), "reach": c.reach,
             "wakeups_per_s": round (middle (c.wakes), 2), "rss_mib": round (middle (c.memory), 2)} for c in todo]


def reaches (a, results, disk):
    """What is to be reached, and what it is here."""
    import filter_cost
    import isolated
    import reach
    import uploads
    rows = [reach.row (f"{r['name']}: CPU beside the bare loop's", r["ratio"], "×", r["reach"], f"{r['cpu_us_per_s']:.0f} µs/s", judged=True)
            for r in results if r["reach"]]
    rows += [reach.row (f"{r['name']}: wake-ups", round (r["wakeups_per_s"], 1), "/s", 2, "sampler 1, file-writer 1, looking after files less than 0.1",
                        judged=True) for r in results if r["name"] == "daemon, nobody reads"]
    for what, measure in (("first readings", lambda: reach.first_reading (9)), ("200 Hz and a full ring", lambda: reach.fast (10)),
                          ("many processes", lambda: reach.crowded (a.processes, 5)), ("isolation", lambda: isolated.rows (reach.row)),
                          ("uploads", uploads.rows), ("filters", lambda: filter_cost.rows (reach.row)), ("bytes for the disk", disk.rows)):
        say (what)
        rows += measure ()
    return rows


def print_results (results, rows):
    print (f"{'':28} {'CPU µs/s':>10} {'× bare':>7} {'reach':>6} {'wake-ups/s':>11} {'RSS MiB':>8}")
    for r in results:
        print (f"{r['name']:28} {r['cpu_us_per_s']:10.0f} {r['ratio']:7.2f} {'' if r['reach'] is None else '≤ %g' % r['reach']:>6} "
               f"{r['wakeups_per_s']:11.1f} {r['rss_mib']:8.2f}")
    if rows:
        print ()
        print_rows (rows)


def print_rows (rows):
    width = max (len (r["what"]) for r in rows)
    print (f"{'':{width}} {'here':>8} {'unit':8} {'reach':>6}  verdict")
    for r in rows:
        verdict = "" if r["kept"] is None else "kept" if r["kept"] else "OVER"
        print (f"{r['what']:{width}} {'-' if r['value'] is None else r['value']:>8} {r['unit']:8} {'' if r['reach'] is None else '≤ %g' % r['reach']:>6}"
               f"  {verdict:7} {r['note']}".rstrip ())


def main ():
    p = argparse.ArgumentParser (description=__doc__.split ("\n", maxsplit=1)[0])
    p.add_argument ("--seconds", type=float, default=6, help="length of one window (6)")
    p.add_argument ("--rounds", type=int, default=3, help="windows each (3); the middle one counts")
    p.add_argument ("--settle", type=float, default=2, help="seconds between start and window (2)")
    p.add_argument ("--processes", type=int, default=5000, help="idle processes among which 5 are tracked (5000)")
    p.add_argument ("--only", help="contenders with this word in their name, and the bare loop; nothing else")
    p.add_argument ("--isolate", action="store_true", help="what a process of its own costs an input, instead")
    p.add_argument ("--fail-over", type=float, help="exit with 1 when a figure is so many times over its reach")
    p.add_argument ("--json", action="store_true", help="JSON instead of tables")
    a = p.parse_args ()
    if a.isolate:
        import isolated
        isolated.main (a.rounds, a.json)
        return
    import reach
    todo = [c for c in contenders () if not a.only or a.only in c.name or c.name == "bare loop"]
    disk = None if a.only else reach.Disk ()
    try:
        results = compare (todo, a.rounds, a.seconds, a.settle)
        rows = reaches (a, results, disk) if disk else []
    finally:
        say ("")
        if disk:
            disk.close ()
    far = [r for r in rows if r["judged"] and r["reach"] and a.fail_over and r["value"] > r["reach"] * a.fail_over]
    if a.json:
        print (json.dumps ({"seconds": a.seconds, "rounds": a.rounds, "results": results, "reaches": rows, "far_over": [r["what"] for r in far]},
                           indent=1, ensure_ascii=False))
    else:
        print_results (results, rows)
    for r in far:
        print (f"bench: more than {a.fail_over:g} times over its reach: {r['what']}: {r['value']} {r['unit']}", file=sys.stderr)
    sys.exit (1 if far else 0)


if __name__ == "__main__":
    main ()
