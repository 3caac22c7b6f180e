"""The daemon's life from start to stop, short enough to be run under valgrind."""

import json
import os
import signal

import kk

CONFIG = "daemon: {sample_interval: 0.2, track_processes: [python]}\n"


@kk.test
def lives (home):
    "starts, records, answers, reloads and stops with everything on disk"
    with home.daemon (CONFIG) as d:
        kk.wait_for (home.metrics, 15, "a first entry")
        entry = home.metrics ()[0]
        for field in ("timestamp", "cpu_percent", "memory_percent", "memory_available_mb", "memory_used_mb"):
            kk.check (isinstance (entry["system"].get (field), (int, float)), f"system.{field} is a number", entry["system"])
        kk.check (isinstance (entry["processes"], dict), "processes is there", entry)
        kk.check ("network" in entry, "network is there", entry)
        kk.wait_for (lambda: str (os.getpid ()) in home.metrics ()[-1]["processes"], 15, "this Python process is tracked")
        home.run ("status").ok ("status while it runs")
        status = home.run ("status", "--json").ok ().json ()
        kk.check (isinstance (status, dict), "status --json is an object", status)
        before = len (home.metrics ())
        d.signal (signal.SIGHUP)
        d.signal (signal.SIGUSR1)
        kk.wait_for (lambda: len (home.metrics ()) > before + 3, 15, "entries after a reload")
        kk.equal (d.stop (20), 0, "exit status after SIGTERM")
    times = [e["system"]["timestamp"] for e in home.metrics ()]
    kk.equal (times, sorted (set (times)), "entries in order, none twice")
    kk.equal (home.run ("status").rc, 3, "status when it does not run")
    kk.check (not os.path.exists (home.pid_file), "the PID file is gone")


@kk.test
def again (home):
    "a second life goes on where the first one ended"
    with home.daemon (CONFIG):
        kk.wait_for (home.metrics, 15, "a first entry")
    first = home.metrics ()
    with home.daemon ():
        kk.wait_for (lambda: len (home.metrics ()) > len (first), 15, "a new entry")
    kk.equal (home.metrics ()[:len (first)], first, "what was recorded before")
    for name in home.files ():
        if name.endswith (".json"):
            with open (os.path.join (home.data, name), encoding="utf-8") as f:
                json.load (f)


@kk.test
def killed (home):
    "kill -9 loses nothing that could be read, and the next start goes on"
    d = home.daemon (CONFIG).start ()
    kk.wait_for (lambda: len (home.metrics ()) > 3, 15, "some entries")
    seen = home.metrics ()
    d.kill ()
    with home.daemon ():
        kk.wait_for (lambda: len (home.metrics ()) > len (seen), 15, "new entries")
    times = [e["system"]["timestamp"] for e in home.metrics ()]
    kk.equal (times, sorted (set (times)), "entries in order, none twice")
    kk.equal (home.metrics ()[:len (seen)], seen, "what was seen before")


kk.main ()
