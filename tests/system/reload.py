#!/usr/bin/env python3
"""A reload changes what the configuration changes, and nothing else: no sample lost or doubled, no memory or descriptor left behind."""

import os
import random
import time

import kk

FULL = bool (os.environ.get ("KK_FULL"))
COMMON = "daemon: {sample_interval: 0.01, enable_network_monitoring: %s, ring_bytes: 64KiB}\nplugins:\n  process: false\n  daemon: {interval: 10ms}\n  file-writer: {exclude: []}\n"


def configuration (rng, broken):
    text = COMMON % rng.choice (("true", "false"))
    text += "  memory: {swap: %s}\n" % rng.choice (("true", "false"))
    if rng.random () < 0.5:
        text += "  keep: {plugin: select, drop_fields: [%s]}\n" % rng.choice (("system.load_avg_5m", "system.load_avg_15m"))
    if broken:
        text += rng.choice (("  cpu: {no_such_option: 1}\n", "  nothing-like-it: {}\n", "  cpu: [\n", "pipeline: [nobody]\n"))
    return text


def instance (status, name):
    return next ((i for i in status["instances"] if i["name"] == name), None)


class Missed:
    """Ticks missed while reloads are under way, and in as much time without."""

    def __init__ (self, d):
        self.d, self.busy, self.quiet = d, 0, 0
        self.last = self.now ()

    def now (self):
        return self.d.status ()["ticks"]["missed"]

    def step (self):
        now = self.now ()
        step, self.last = now - self.last, now
        return step


def check_entries (entries, status):
    """Each sample that was taken is recorded once: the daemon numbers its ticks, and from the first entry on none is left out."""
    ticks = [(i, e["daemon"]["ticks"]) for i, e in enumerate (entries) if "daemon" in e]
    kk.equal ([(a, b) for a, b in zip (ticks, ticks[1:]) if b[1] - a[1] != b[0] - a[0]], [], "entries whose ticks do not follow each other")
    kk.check (len (ticks) > len (entries) // 2 and ticks[0][1] < 15, "entries begin with the daemon", (ticks[:1], len (ticks), len (entries)))
    kk.check (ticks[-1][1] >= status["ticks"]["taken"] - 1, "entries go on to the end", f"{ticks[-1]} of {status['ticks']['taken']}")


@kk.test (deadline=240)
def under_load (home):
    "reloads at 100 Hz, one in three broken: unchanged instances go on, no tick is lost, no sample lost or doubled, nothing leaks"
    rng = random.Random (7)
    rounds = 500 if FULL or kk.SLOW == 1 else 60
    with home.daemon (configuration (rng, False)) as d:
        kk.wait_for (lambda: d.status ()["ticks"]["taken"] > 20, 10, "the first samples")
        settled, missed, longest = None, Missed (d), 0
        with kk.Connection (home.data) as c:
            for i in range (rounds):
                broken = i % 3 == 2
                home.config (configuration (rng, broken))
                missed.step ()
                began = time.monotonic ()
                c.send ("reload")
                answer = c.receive ()
                took = time.monotonic () - began
                longest = max (longest, took)
                missed.busy += missed.step ()
                time.sleep (took)
                missed.quiet += missed.step ()
                kk.equal ("error" in answer, broken, f"reload {i}: {answer}")
                if broken:
                    kk.check (answer["faults"], "a broken configuration is explained")
                if i == rounds // 3:
                    settled = d.status ()["process"]
                time.sleep (rng.uniform (0, 0.03))
        status = d.status ()
        print (f"# {rounds} reloads, longest {longest * 1e3:.1f} ms, {status['ticks']['taken']} ticks, missed during reloads {missed.busy}, "
               f"in as much time without {missed.quiet}; from a third of them on: "
               + ", ".join (f"{k} {settled[k]} -> {status['process'][k]}" for k in ("rss_bytes", "open_files", "threads")))
        kk.check (missed.busy <= rounds + 2 * missed.quiet, "ticks are lost", f"{missed.busy} in {rounds} reloads, {missed.quiet} without")
        kk.equal (instance (status, "cpu")["failures"], 0, "failed reads of cpu")
        kk.check (instance (status, "cpu")["calls"] >= status["ticks"]["taken"] - 1, "cpu is the same instance all the time")
        kk.equal (instance (status, "file-writer")["queue"]["dropped"], 0, "dropped samples")
        # The net input, which comes and goes, has some files open; a leak would be one for each reload at least.
        kk.check (status["process"]["open_files"] <= settled["open_files"] + 10, f"descriptors: {settled} {status['process']}")
        kk.check (status["process"]["rss_bytes"] <= settled["rss_bytes"] + ((4 if kk.SLOW == 1 else 24) << 20), f"memory: {settled} {status['process']}")
        kk.check (status["process"]["threads"] <= settled["threads"] + 1, f"threads: {settled} {status['process']}")
        d.stop ()
    entries = home.metrics ()
    stamps = [e["system"]["timestamp"] for e in entries]
    kk.equal (len (set (stamps)), len (stamps), "a sample recorded twice")
    check_entries (entries, status)


@kk.test
def dry_run (home):
    "reload --dry-run says what would start, stop and start anew, and changes nothing"
    with home.daemon (COMMON % "true") as d:
        home.config ((COMMON % "false") + "  memory: {swap: true}\n  mine: {plugin: cpu, tables: {system: other}}\n")
        said = home.run ("reload", "--dry-run").ok ("dry run").out
        for line in ("stop     net: it is no longer wanted", "restart  memory: its options changed", "start    mine: it is new", "keep     cpu"):
            kk.contains (said, line, "what the dry run says")
        kk.check (instance (d.status (), "net") and not instance (d.status (), "mine"), "the dry run changed something")
        home.run ("reload").ok ("reload")
        kk.check (not instance (d.status (), "net") and instance (d.status (), "mine"), "the reload did not change what it said")


@kk.test
def another_order (home):
    "reload says that the filters of the common pipeline come in another order, and only then"
    filters = COMMON % "false" + "  first: {plugin: select, drop_fields: [system.load_avg_1m]}\n  second: {plugin: select, drop_fields: [system.load_avg_5m]}\n"
    reorder = "reorder  pipeline: its filters come in another order"
    with home.daemon (filters + "pipeline: [first, second]\n"):
        home.config (filters + "  third: {plugin: select, drop_fields: [system.load_avg_15m]}\npipeline: [third, first, second]\n")
        kk.check ("reorder" not in home.run ("reload", "-n").ok ().out, "one more in front")
        home.config (filters + "pipeline: [second, first]\n")
        kk.contains (home.run ("reload", "-n").ok ().out, reorder, "the dry run")
        kk.contains (home.run ("reload").ok ().out, reorder, "the reload")
        kk.check ("reorder" not in home.run ("reload", "-n").ok ().out, "once it is in force")


@kk.test
def rates_go_on (home):
    "an input that is not concerned keeps its counters over a reload: its rates are known in the very next sample"
    with home.daemon ("daemon: {sample_interval: 0.2}\nplugins:\n  process: false\n") as d:
        kk.wait_for (lambda: d.status ()["ticks"]["taken"] > 3, 10, "the first samples")
        home.config ("daemon: {sample_interval: 0.2}\nplugins:\n  process: false\n  memory: {parts: true}\n")
        home.run ("reload").ok ("reload")
        taken = d.status ()["ticks"]["taken"]
        kk.wait_for (lambda: d.status ()["ticks"]["taken"] >= taken + 2, 10, "samples after the reload")
        with kk.Connection (home.data) as c:
            c.send ("samples", last=100)
            samples = []
            while "end" not in (line := c.receive ()):
                samples.append (line)
        for s in samples[2:]:
            kk.check ("bytes_recv_per_s" in s["network"] and "cpu_percent" in s["system"], f"unknown after a reload: {s}")


@kk.test
def failure_leaves_the_old (home):
    "an instance that cannot be made leaves everything as it was, and says why"
    with home.daemon (COMMON % "true") as d:
        home.config ((COMMON % "true") + "  mine: {plugin: select, keep_fields: [no-dot-in-it]}\n")
        r = home.run ("reload")
        kk.equal (r.rc, 1, "exit status")
        kk.contains (r.err, "write it as table.no-dot-in-it", "the reason")
        kk.check (instance (d.status (), "net"), "the old graph goes on")
        taken = d.status ()["ticks"]["taken"]
        kk.wait_for (lambda: d.status ()["ticks"]["taken"] > taken + 3, 10, "samples after the failed reload")


kk.main ()
