"""Measures what a tick of an input of twenty fields costs more in a process of its own than in the daemon, and what a bare message
there and back costs on this machine.

Two daemons run by turns, the other one stopped meanwhile, so that a busy machine is as busy for both. CPU is what the scheduler
counted of the daemon and its child, wake-ups are their voluntary context switches; both are read between two ticks."""

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
        plugins = {name: {"enabled": False} for name in ("net", "process")}
        plugins["twenty"] = {"isolate": isolate}
        config = {"daemon": {"sample_interval": interval, "data_dir": home.data}, "plugins": plugins}
        env = {"KODE_KRONICAL_PLUGINS": os.environ["KODE_KRONICAL_PLUGINS"] + ":" + place}
        self.daemon = home.daemon (json.dumps (config), env=env).start ()
        kk.wait_for (lambda: self.instance ()["calls"] > 2, 30, "reads of the input")
        self.pids = [self.daemon.pid, *children (self.daemon.pid)]
        kk.equal (len (self.pids), 1 + isolate, "processes")
        self.cpu, self.wakes = [], []
        self.daemon.process.send_signal (signal.SIGSTOP)

    def instance (self):
        return next (i for i in self.daemon.status ()["instances"] if i["name"] == "twenty")

    def usage (self):
        return [sum (of) for of in zip (*map (bench.usage, self.pids))]

    def turn (self, interval, ticks_at_once):
        """Lets it run for some ticks and notes what each cost."""
        self.daemon.process.send_signal (signal.SIGCONT)
        between_ticks (interval, SKIPPED)
        last = self.usage ()
        for _ in range (TURN - SKIPPED):
            between_ticks (interval, ticks_at_once)
            now = self.usage ()
            self.cpu.append ((now[0] - last[0]) / 1000 / ticks_at_once)
            self.wakes.append ((now[1] - last[1]) / ticks_at_once)
            last = now
        self.daemon.process.send_signal (signal.SIGSTOP)


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
        for _ in range (turns):
            for side in (inside, isolated):
                side.turn (interval, 1 if hz <= EXACT_HZ else round (hz))
    finally:
        home.close ()
        other.close ()
    cpu, wakes = ([bench.middle (getattr (side, what)) for side in (inside, isolated)] for what in ("cpu", "wakes"))
    return {"hz": hz, "ticks": len (inside.cpu) * (1 if hz <= EXACT_HZ else round (hz)), "inside_us": round (cpu[0], 1),
            "isolated_us": round (cpu[1], 1), "more_us": round (cpu[1] - cpu[0], 1), "inside_wakeups": round (wakes[0], 2),
            "isolated_wakeups": round (wakes[1], 2), "more_wakeups": round (wakes[1] - wakes[0], 2)}


def ping (hz, turns):
    """Microseconds of a bare message there and back, by what carries it."""
    run = subprocess.run ([PING, str (round (1000 / hz)), str (turns)], stdout=subprocess.PIPE, check=True)
    return json.loads (run.stdout)


def main (turns, as_json):
    results = []
    for hz, pings in ((1, 5 * turns), (50, 250 * turns)):
        results.append ({**measure (hz, turns), "bare_us": ping (hz, pings // 2)})
    if as_json:
        print (json.dumps ({"results": results}, indent=1))
        return
    print (f"{'20 fields, each tick':22} {'in the daemon':>14} {'isolated':>10} {'more':>8}")
    for r in results:
        print (f"{r['hz']:3} Hz, CPU µs {r['inside_us']:22.1f} {r['isolated_us']:10.1f} {r['more_us']:8.1f}   "
               f"a bare message there and back: {', '.join (f'{k} {v:.0f}' for k, v in r['bare_us'].items ())}")
        print (f"{r['hz']:3} Hz, wake-ups {r['inside_wakeups']:20.2f} {r['isolated_wakeups']:10.2f} {r['more_wakeups']:8.2f}")
