"""Filters and outputs in processes of their own do the same as in the daemon, and lose no more than they must when they fail."""

import os

import kk
from isokit import TICK, Pace, child_of, daemon, instance, others_go_on


def told (path):
    try:
        with open (path, encoding="utf-8", errors="replace") as f:
            return [line for line in f.read ().split ("\n") if line]
    except FileNotFoundError:
        return []


def two_tellers (home, second=None, **more):
    place = os.path.join (home.top, "told")
    os.makedirs (place)
    a, b = os.path.join (place, "inside"), os.path.join (place, "outside")
    instances = {"rogue": {"isolate": False, "interval": 2 * TICK},
                 "inside": {"plugin": "teller", "isolate": False, "path": a},
                 "outside": {"plugin": "teller", "path": b, "write_paths": [place], **(second or {})}, **more}
    return a, b, instances


@kk.test
def output_isolated (home):
    "an output in a process of its own sees exactly the same samples"
    a, b, instances = two_tellers (home)
    with daemon (home, instances) as d:
        kk.wait_for (lambda: len (told (b)) > 8, 15, "samples told")
        kk.equal (len (child_of (d)), 1, "one has a process")
    inside, outside = told (a), told (b)
    kk.check (len (inside) > 8 and "rogue_rows" in inside[-1], "samples", inside[-1:])
    kk.equal (outside, inside, "what both were told")


@kk.test
def output_crashes (home):
    "an output that crashes is started again and gets what it has not had"
    a, b, instances = two_tellers (home, {"mode": "segv"})
    with daemon (home, instances) as d, Pace () as pace:
        kk.wait_for (lambda: "SIGSEGV" in home.log (), 15, "a crash")
        kk.wait_for (lambda: len (told (b)) > 12, 30, "samples told after it")
        others_go_on (d, pace)
    inside = told (a)
    kk.equal ([x for x in told (b) if x not in inside], [], "nothing else")


@kk.test
def filter_isolated (home):
    "a filter in a process of its own does the same, and when it crashes it is told again what it was told"
    a, b, instances = two_tellers (home, sieve={})
    instances["inside"]["pipeline"] = ["within"]
    instances["outside"]["pipeline"] = ["sieve"]
    instances["within"] = {"plugin": "sieve", "isolate": False}
    with daemon (home, instances):
        kk.wait_for (lambda: len (told (b)) > 5, 15, "samples told")
    inside = told (a)
    kk.check ("rogue_rows" in inside[-1] and "rogue_numbers" not in inside[-1] and " number[" not in inside[-1], "filtered", inside[-1])
    kk.check ("rogue_rows string 1 rows" in inside[-1] or "1 rows state 1" in inside[-1], "one row", inside[-1])
    kk.equal (told (b), inside, "what both were told")


@kk.test
def filter_crashes (home):
    "a filter that crashes drops what it did not come to, and goes on afterwards"
    a, b, instances = two_tellers (home, sieve={"mode": "segv"})
    instances["outside"]["pipeline"] = ["sieve"]
    del instances["inside"]
    with daemon (home, instances) as d:
        kk.wait_for (lambda: "SIGSEGV" in home.log (), 15, "a crash")
        n = len (told (b))
        kk.wait_for (lambda: len (told (b)) > n + 1, 15, "samples after it")
        kk.check (instance (d, "sieve")["dropped"], "dropped ones are counted")
    kk.check (not any ("rogue_numbers" in line for line in told (b)), "nothing passes by it")
    kk.equal (told (a), [], "there is no other")


@kk.test
def late_output (home):
    "an isolated output that is slower than its deadline: ended and started again, and it is told every sample once, in order"
    a, b, instances = two_tellers (home, {"pause": f"{int (1500 * kk.SLOW)}ms", "deadline": f"{int (500 * kk.SLOW)}ms"})
    with daemon (home, instances) as d, Pace () as pace:
        kk.wait_for (lambda: home.log ().count ("outside: its process failed: it did not answer within") > 1, 30, "it is ended twice")
        n = len (told (b))
        kk.wait_for (lambda: len (told (b)) > n, 20, "it is told more")
        kk.equal (instance (d, "outside")["dropped"], 0, "samples given up")
        kk.check (instance (d, "outside")["overruns"] > 1, "overruns are counted")
        others_go_on (d, pace)
    inside, outside = told (a), told (b)
    kk.equal (outside, inside[:len (outside)], "what both were told")


@kk.test
def noise (home):
    "a filter and an output that flood the log, or fork: the log stays small, nothing is lost, and no process is left"
    for mode in ("log", "fork"):
        path = os.path.join (home.top, f"told-{mode}")
        with daemon (home, {"sieve": {"mode": mode}, "out": {"plugin": "teller", "mode": mode, "path": path, "write_paths": [home.top],
                                                            "pipeline": ["sieve"]}}) as d, Pace () as pace:
            kk.wait_for (lambda: len (told (path)) > 8, 20, f"{mode}: samples told")  # pylint: disable=cell-var-from-loop
            others_go_on (d, pace)
            kk.equal (instance (d, "out")["dropped"], 0, f"{mode}: samples given up")
        kk.check (len (home.log ()) < 1 << 20, "the log stays small", len (home.log ()))
        kk.wait_for (lambda: not home.processes (), 5, f"{mode}: no process is left")


kk.main ()
