"""Measures what a tick of an input of twenty fields costs more in a process of its own than in the daemon, which does nothing else,
and what a bare message there and back costs on this machine.

Two daemons run by turns, the other one stopped meanwhile, so that a busy machine is as busy for both. CPU is what the scheduler
counted of the daemon and its child, wake-ups are their voluntary context switches; both are read between two ticks. What is more is
the middle of the differences of neighbouring turns, each the middle of its ticks."""

import json
import os
import shutil
import signal
import subprocess
import time

import bench
import kk

TURN, SKIPPED = 6, 1  # ticks that one daemon runs before it is the other one's turn; of these, after being stopped
EXACT_HZ = 2          # up to this rate each tick is measured by itself
PLUGIN = os.path.join (kk.BUILD, "tests", "bench", ".libs", "twenty.so")
PING = os.path.join (kk.BUILD, "tests", "bench", "ping")


class Side:
    """A daemon with the input, isolated or not."""

    def __init__ (self, home, interval, isolate):
        place = os.path.join (home.top, "plugins")
        os.makedirs (place, mode=0o755, exist_ok=True)
        shutil.copy (PLUGIN, place)
        plugins = {name: {"enabled": False} for name in ("cpu", "memory", "net", "process", "daemon", "file-writer")}
        plugins["twenty"] = {"isolate": isolate, "deadline": "60s"}  # its process is not ended because the daemon was stopped
        config = {"daemon": {"sample_interval": interval, "data_dir": home.data}, "plugins": plugins}
        env = {"KODE_KRONICAL_PLUGINS": os.environ["KODE_KRONICAL_PLUGINS"] + ":" + place}
        self.daemon = home.daemon (json.dumps (config), env=env).start ()
        kk.wait_for (lambda: self.instance ()["calls"] > 2, 30, "reads of the input")
        self.pids = [self.daemon.pid, *children (self.daemon.pid)]
        kk.equal (len (self.pids), 1 + isolate, "processes")
        self.cpu, self.wakes = [], []  # the middle of each turn
        self.daemon.process.send_signal (signal.SIGSTOP)

    def instance (self):
        return next (i for i in self.daemon.status ()["instances"] if i["name"] == "twenty")

    def usage (self):
        return [sum (of) for of in zip (*map (bench.usage, self.pids))]

    def turn (self, interval, ticks_at_once):
        """Lets it run for some ticks and notes what each cost."""
        self.daemon.process.send_signal (signal.SIGCONT)
        between_ticks (interval, SKIPPED)
        seen = [self.usage ()]
        for _ in range (TURN - SKIPPED):
            between_ticks (interval, ticks_at_once)
            seen.append (self.usage ())
        self.daemon.process.send_signal (signal.SIGSTOP)
        cpu, wakes = ([(b[i] - a[i]) / ticks_at_once for a, b in zip (seen, seen[1:])] for i in (0, 1))
        self.cpu.append (bench.middle (cpu) / 1000)
        self.wakes.append (bench.middle (wakes))


def children (parent):
    found = []
    for pid in filter (str.isdigit, os.listdir ("/proc")):
        try:
            if int (bench.read (f"/proc/{pid}/stat").rsplit (")", 1)[1].split ()[1]) == parent:
                found.append (int (pid))
        except OSError:
            pass
    return found


def between_ticks (interval, n):
    """Sleeps over n ticks, which fall on whole multiples of the interval, to the middle between two."""
    now = time.clock_gettime (time.CLOCK_MONOTONIC)
    time.sleep ((now // interval + n + 0.5) * interval - now)


def measure (hz, turns):
    interval = 1 / hz
    home, other = kk.Home ("isolated"), kk.Home ("inside")
    try:
        inside, isolated = Side (other, interval, False), Side (home, interval, True)
        bare = []
        for _ in range (turns):
            for side in (inside, isolated):
                side.turn (interval, 1 if hz <= EXACT_HZ else round (hz))
            bare.append (ping (interval, TURN - SKIPPED if hz <= EXACT_HZ else round (hz)))
    finally:
        home.close ()
        other.close ()
    more_cpu, more_wakes = ([b - a for a, b in zip (*of)] for of in ((inside.cpu, isolated.cpu), (inside.wakes, isolated.wakes)))
    return {"hz": hz, "bare_us": {name: bench.middle ([b[name] for b in bare]) for name in bare[0]}, "turns": turns,
            "ticks": turns * (TURN - SKIPPED) * (1 if hz <= EXACT_HZ else round (hz)),
            "inside_us": round (bench.middle (inside.cpu), 1), "isolated_us": round (bench.middle (isolated.cpu), 1),
            "more_us": round (bench.middle (more_cpu), 1), "inside_wakeups": round (bench.middle (inside.wakes), 2),
            "isolated_wakeups": round (bench.middle (isolated.wakes), 2), "more_wakeups": round (bench.middle (more_wakes), 2)}


def ping (interval, turns):
    """Microseconds of a bare message there and back, by what carries it."""
    run = subprocess.run ([PING, str (round (interval * 1000)), str (turns)], stdout=subprocess.PIPE, check=True)
    return json.loads (run.stdout)


def rows (row):
    """For the table of what is to be reached: at 50 Hz, where a few turns tell enough."""
    r = measure (50, 3)
    return [row ("isolated input of 20 fields: CPU a tick more", r["more_us"], "µs", 50, f"a bare message there and back: {r['bare_us']['futex']:.0f} µs"),
            row ("isolated input of 20 fields: wake-ups a tick more", round (r["more_wakeups"], 1), "", 2, judged=True)]


def main (turns, as_json):
    results = [measure (hz, turns) for hz in (1, 50)]
    if as_json:
        print (json.dumps ({"results": results}, indent=1))
        return
    print (f"{'20 fields, each tick':22} {'in the daemon':>14} {'isolated':>10} {'more':>8}")
    for r in results:
        print (f"{r['hz']:3} Hz, CPU µs {r['inside_us']:22.1f} {r['isolated_us']:10.1f} {r['more_us']:8.1f}   "
               f"a bare message there and back: {', '.join (f'{k} {v:.0f}' for k, v in r['bare_us'].items ())}")
        print (f"{r['hz']:3} Hz, wake-ups {r['inside_wakeups']:20.2f} {r['isolated_wakeups']:10.2f} {r['more_wakeups']:8.2f}")
