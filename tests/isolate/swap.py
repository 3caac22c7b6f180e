"""A reload with isolated plugins: what does not change keeps its process, what changes gets another, and nothing is left behind."""

import os
import random

import kk
from isokit import TICK, Pace, child_of, config, daemon, instance, others_go_on

FULL = bool (os.environ.get ("KK_FULL"))


def pid_of (d, name):
    """The process of an instance, as status tells it."""
    return int (instance (d, name)["status"]["process"].split (",")[0])


def pids_of (d, *names):
    """Their processes, once all are up; there are no others."""
    def found ():
        pids = [pid_of (d, name) for name in names]
        return sorted (child_of (d)) == sorted (pids) and pids
    return kk.wait_for (found, 10, f"processes of {names} and no others")


def told (path):
    with open (path, encoding="utf-8", errors="replace") as f:
        return [int (line.split ()[0]) for line in f if line.endswith ("\n")]


def of_each_kind (home, **more):
    """An input, a filter and an output, all isolated."""
    place = os.path.join (home.top, "told")
    os.makedirs (place, exist_ok=True)
    return {"rogue": {}, "sieve": {}, "teller": {"path": os.path.join (place, "teller"), "write_paths": [place], "pipeline": ["sieve"]}, **more}


def reload (home, instances):
    home.config (config (home, instances))
    return home.run ("reload", timeout=60)


@kk.test
def kept_and_swapped (home):
    "what does not change keeps its process, what changes gets another one, and the old one ends"
    instances = of_each_kind (home)
    with daemon (home, instances) as d, Pace () as pace:
        rogue, sieve, teller = pids_of (d, "rogue", "sieve", "teller")
        reload (home, {**instances, "keep": {"plugin": "select", "drop_fields": ["system.load_avg_5m"]}}).ok ("one that concerns none of them")
        kk.equal (pids_of (d, "rogue", "sieve", "teller"), [rogue, sieve, teller], "their processes")
        reload (home, {**instances, "rogue": {"choice": "three"}}).ok ("other options of the input")
        now = pids_of (d, "rogue", "sieve", "teller")
        kk.equal (now[1:], [sieve, teller], "the others' processes")
        kk.check (now[0] != rogue and not kk.alive (rogue), "another one for it", (rogue, now))
        kk.wait_for (lambda: home.metrics ()[-1]["rogue"]["choice"] == 2, 10, "its new options count")
        rogue = now[0]
        reload (home, {**instances, "rogue": {"choice": "three", "memory_limit": "99MiB"}}).ok ("other bounds of its process")
        now = pids_of (d, "rogue", "sieve", "teller")
        kk.check (now[0] != rogue and not kk.alive (rogue), "another one for it", (rogue, now))
        kk.equal (now[1:], [sieve, teller], "the others' processes")
        reload (home, {**instances, "rogue": {"isolate": False}}).ok ("from a process into the daemon")
        kk.equal (pids_of (d, "sieve", "teller"), [sieve, teller], "the others' processes")
        reload (home, {**instances, "sieve": {"pause": "1ms"}}).ok ("back, and another filter")
        now = pids_of (d, "rogue", "sieve", "teller")
        kk.check (sieve not in now and teller not in now, "a filter and the output behind it change together", (sieve, teller, now))
        kk.wait_for (lambda: "choice" in home.metrics ()[-1].get ("rogue", {}), 10, "its values are there again")
        others_go_on (d, pace)
    times = told (instances["teller"]["path"])
    kk.equal (times, sorted (set (times)), "each sample once, in order")


@kk.test
def patience_follows_samples (home):
    "another interval of samples: an isolated input with an interval of its own is waited for as long as that allows, one in the daemon is kept"
    inputs = {"rogue": {"interval": 8 * TICK, "deadline": "20s"}, "net": {"interval": 8 * TICK, "deadline": "20s"}}

    def told (interval):
        return {"sample_interval": interval * TICK, "data_dir": home.data}

    def patience ():
        return instance (d, "rogue")["status"].get ("deadline")
    with daemon (home, inputs, daemon=told (8)) as d:
        kk.wait_for (lambda: patience () == f"{int (TICK * 4000)} ms", 10, "half of eight ticks")
        before = pids_of (d, "rogue")
        home.config (config (home, {**inputs, "memory": {"swap": True}}, daemon=told (8)))
        home.run ("reload").ok ("one that changes no interval")
        kk.equal (pids_of (d, "rogue"), before, "its process")
        home.config (config (home, inputs, daemon=told (2)))
        said = home.run ("reload", "--dry-run").ok ("dry run").out
        kk.contains (said, "restart  rogue: its interval changed", "what the dry run says")
        kk.contains (said, "keep     net", "what the dry run says")
        home.run ("reload").ok ("reload")
        kk.wait_for (lambda: patience () == f"{int (TICK * 1000)} ms", 10, "half of two ticks")


@kk.test
def broken_changes_nothing (home):
    "a configuration that is broken in any way changes nothing, and leaves no process behind"
    instances = of_each_kind (home, chooser={})
    names = ("rogue", "sieve", "teller", "chooser")
    with daemon (home, instances) as d, Pace () as pace:
        before = pids_of (d, *names)
        for what, broken in (("an unknown option", {**instances, "rogue": {"no-such": 1}}),
                             ("a config that check refuses", {**instances, "chooser": {"columns": ["bad"]}}),
                             ("a config that kills its check", {**instances, "rogue": {"choice": "one"}, "chooser": {"mode": "check-segv"}}),
                             ("an instance that will not start beside one that does",
                              {**instances, "rogue": {"choice": "one"}, "more": {"plugin": "rogue", "mode": "no-create", "tables":
                               {"rogue": "more", "rogue_rows": "more_rows", "rogue_numbers": "more_numbers"}}}),
                             ("an unknown plugin", {**instances, "nobody": {}}),
                             ("two of one table", {**instances, "second": {"plugin": "rogue"}})):
            r = reload (home, broken)
            kk.equal (r.rc, 1, f"exit status with {what}")
            kk.equal (pids_of (d, *names), before, f"processes after {what}")
        others_go_on (d, pace)
    times = told (instances["teller"]["path"])
    kk.equal (times, sorted (set (times)), "each sample once, in order")


@kk.test
def file_removed (home):
    "the file of an isolated plugin is removed: a reload that would start it is refused and says why, one that would not is done"
    second = {"plugin": "rogue", "tables": {"rogue": "more", "rogue_rows": "more_rows", "rogue_numbers": "more_numbers"}}
    with daemon (home, {"rogue": {}, "sieve": {}}) as d, Pace () as pace:
        before = pids_of (d, "rogue", "sieve")
        file = os.path.join (home.top, "plugins", "rogue.so")
        os.rename (file, file + ".away")
        for what, name, instances in (("one more of it", "second", {"rogue": {}, "sieve": {}, "second": second}),
                                      ("another option of it", "rogue", {"rogue": {"choice": "three"}, "sieve": {}}),
                                      ("one more, and another filter", "second", {"rogue": {}, "sieve": {"pause": "1ms"}, "second": second})):
            r = reload (home, instances)
            kk.equal (r.rc, 1, f"exit status with {what}")
            kk.contains (r.err, f"{name}: cannot start: {file} cannot be loaded: cannot open shared object file: No such file or directory\n", what)
            kk.contains (r.err, f"{file} is gone from disk: '{name}' can only go on in a process that it has already; install it again", what)
            kk.check ("started again" not in home.log (), f"nothing is started again after {what}")
            kk.equal (pids_of (d, "rogue", "sieve"), before, f"processes after {what}")
        calls = instance (d, "rogue")["calls"]
        kk.wait_for (lambda: instance (d, "rogue")["calls"] > calls + 2, 10, "it is read as before")
        reload (home, {"rogue": {}, "sieve": {}, "keep": {"plugin": "select", "drop_fields": ["system.load_avg_5m"]}}).ok ("a reload that leaves it alone")
        kk.equal (pids_of (d, "rogue", "sieve"), before, "processes after that")
        os.rename (file + ".away", file)
        reload (home, {"rogue": {}, "sieve": {}, "second": second}).ok ("a reload when it is there again")
        kk.equal (pids_of (d, "rogue", "sieve", "second")[:2], before, "the processes that were there")
        others_go_on (d, pace)


def descriptors (d):
    return len (os.listdir (f"/proc/{d.pid}/fd"))


def memory (d):
    return d.status ()["process"]["rss_bytes"]


@kk.test (deadline=240)
def many (home):
    "many reloads at random, one in three broken: no process, descriptor, thread or memory is left behind"
    rng = random.Random (11)
    rounds = 300 if FULL else 36
    fixed = of_each_kind (home)
    renamed = {"rogue": "other", "rogue_rows": "other_rows", "rogue_numbers": "other_numbers"}
    with daemon (home, fixed) as d, Pace () as pace:
        kept = pids_of (d, *fixed)
        settled = None
        for i in range (rounds):
            changing = {}
            if rng.random () < 0.7:
                changing["other"] = {"plugin": "rogue", "share": f"{rng.randrange (100)}%", "tables": renamed}
            if rng.random () < 0.7:
                changing["chooser"] = {"columns": rng.sample (["a", "b", "c", "d"], 2)}
            broken = i % 3 == 2
            if broken:
                changing[rng.choice (("cpu", "rogue", "chooser"))] = {"no_such_option": 1}
            r = reload (home, {**fixed, **changing})
            kk.equal (r.rc != 0, broken, f"reload {i}: {r}")
            if i == rounds // 3:
                reload (home, fixed).ok ("back to the beginning")
                pids_of (d, *fixed)
                settled = descriptors (d), d.status ()["process"]["threads"], memory (d)
        reload (home, fixed).ok ("back to the beginning")
        kk.equal (pids_of (d, *fixed), kept, "those that never changed have their processes")
        kk.wait_for (lambda: descriptors (d) <= settled[0] + 2, 10, f"descriptors: {settled[0]} before")
        kk.check (d.status ()["process"]["threads"] <= settled[1] + 1, "threads", settled)
        kk.check (memory (d) <= settled[2] + (24 << 20), "memory", (settled, memory (d)))
        others_go_on (d, pace)
    times = told (fixed["teller"]["path"])
    kk.equal (times, sorted (set (times)), "each sample once, in order")
    kk.check (len (times) > 0.5 * (times[-1] - times[0]) / 1e9 / TICK, "and most of them were there to be told", len (times))
    kk.equal (home.processes (), [], "no process is left")


@kk.test
def while_it_fails (home):
    "a reload while a process hangs, is dead or waits for its next start: it is replaced, and the old one is gone"
    for mode in ("loop", "stop", "exit"):
        with daemon (home, {"rogue": {"mode": mode, "after": 1, "deadline": "20s"}}) as d:
            kk.wait_for (lambda: instance (d, "rogue")["failures"] > 1, 20, f"{mode}: failures")
            old = child_of (d)
            reload (home, {"rogue": {}}).ok (f"{mode}: reload")
            now = pids_of (d, "rogue")
            kk.check (not any (kk.alive (pid) for pid in old if pid not in now) and now[0] not in old, f"{mode}: the old one is gone")
            kk.wait_for (lambda: instance (d, "rogue")["state"] == "ok", 10, f"{mode}: it works")
            kk.equal (d.stop (), 0, "exit status")


kk.main ()
