"""Whatever the wall clock does, no file is overwritten, no entry is lost, and nothing recent is deleted."""

import glob
import os
import time

import filekit
import kk

DAY = 86400


def calls (d):
    return filekit.writer (d)["calls"]


def more (d, n=10):
    """Waits until n more samples have been taken."""
    before = calls (d)
    kk.wait_for (lambda: calls (d) >= before + n, 20, "samples")


def files (home):
    return {name: os.stat (name).st_ino for name in glob.glob (os.path.join (home.data, "metrics_*.json"))}


def texts (home):
    found = {}
    for name in files (home):
        with open (name, encoding="utf-8") as f:
            found[name] = f.read ()
    return found


@kk.test
def steps_both_ways (home):
    "a clock that jumps to and fro: a file for each stretch, none overwritten, none deleted"
    shim = filekit.Shim (home)
    with home.daemon (filekit.config (0.05, retention="1h", publish="always"), env=shim.env ()) as d:
        more (d)
        done = {}
        for offset in (DAY, 0, -DAY, 0, -3600, 3 * DAY, 0):
            shim.offset (offset)
            more (d)
            now = texts (home)
            for name, text in done.items ():
                kk.check (name in now, "a file was deleted", name)
                kk.check (now[name][:len (text) - 2] == text[:-2], "a file was overwritten", name)
            done = now
        time.sleep (1.2)  # retention has had its turn
        kk.check (set (done) <= set (texts (home)), "a file was deleted")
    have = filekit.stamps (home.metrics ())
    filekit.check_once (have)
    kk.check (len (files (home)) >= 5, "files", len (files (home)))


@kk.test
def starts_in_1970 (home):
    "a clock at 1970 on boot, then right: what was recorded before and in 1970 stays"
    shim = filekit.Shim (home)
    with home.daemon (filekit.config (0.05, retention="24h", publish="always")) as d:
        more (d)
    before = set (files (home))
    shim.offset (5 - time.time ())
    with home.daemon (env=shim.env ()) as d:
        more (d)
        kk.check (before <= set (files (home)), "a recent file was deleted in 1970")
        shim.offset (0)
        more (d)
        early = {n for n in files (home) if "metrics_1970" in n}
        kk.check (early, "files of 1970", files (home))
        time.sleep (1.2)
        kk.check (before | early <= set (files (home)), "a file was deleted when the clock became right")
    filekit.check_once (filekit.stamps (home.metrics ()))


@kk.test
def restarts_days_ahead (home):
    "a clock that was set days ahead between two runs wipes nothing either"
    shim = filekit.Shim (home)
    with home.daemon (filekit.config (0.05, retention="24h"), env=shim.env ()) as d:
        more (d)
    before = set (files (home))
    shim.offset (3 * DAY)
    for _ in range (2):
        with home.daemon (env=shim.env ()) as d:
            more (d)
            time.sleep (1.2)
    kk.check (before <= set (files (home)), "a recent file was deleted")


@kk.test
def hour_of_autumn (home):
    "the hour that comes twice in autumn: two files, the second with _01"
    shim = filekit.Shim (home)
    zone = "CET-1CEST,M3.5.0,M10.5.0/3"
    first = 1792888200  # 2026-10-25 02:30:00 CEST; an hour later it is 02:30:00 again
    with home.daemon (filekit.config (0.05, publish="always"), env=shim.env (TZ=zone)) as d:
        more (d, 3)
        shim.offset (first - time.time ())
        more (d)
        shim.offset (first + 3600 - time.time ())
        more (d)
    names = sorted (os.path.basename (n) for n in files (home) if "20261025_0230" in n)
    kk.check (len (names) >= 2, "two files", names)
    filekit.check_once (filekit.stamps (home.metrics ()))
    again = [e for e in home.metrics () if first + 3600 <= e["system"]["timestamp"] < first + 3660]
    kk.check (again, "the second hour is there")


@kk.test
def two_files_in_a_second (home):
    "several files in one second get names of their own"
    with home.daemon (filekit.config (0.01, segment_bytes="4KiB")) as d:
        more (d, 120)
    names = [os.path.basename (n) for n in files (home)]
    kk.check (any (n.endswith ("_01.json") for n in names), "a second file of a second", names)
    have = filekit.stamps (home.metrics ())
    filekit.check_once (have)


@kk.test
def mtime_follows_the_newest_sample (home):
    "mtime is the newest sample's time, also under a clock of its own"
    shim = filekit.Shim (home)
    shim.offset (-30 * DAY)
    with home.daemon (filekit.config (0.05, publish="always"), env=shim.env ()) as d:
        more (d)
    entries = home.metrics ()
    newest = max (os.stat (n).st_mtime for n in files (home))
    kk.check (abs (newest - entries[-1]["system"]["timestamp"]) < 0.002, "mtime", newest)


kk.main ()
