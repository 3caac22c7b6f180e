#!/usr/bin/env python3
"""What filters cost: for each value that they touch, and for tables that they do not touch.

The measuring is filters.c's. A value's cost is told beside a bare loop's of the same run, which reads it, compares it with the one before
and puts it into a row, about a nanosecond: so the machine drops out of it. What a row of an untouched table costs is judged as it is, for
it is to be nothing: a look at the row would be a bare loop's time at the least."""

import argparse
import json
import os
import subprocess
import sys

sys.path.insert (0, os.path.join (os.path.dirname (os.path.abspath (__file__)), "..", "system"))
import kk  # noqa: E402

PROGRAM = os.path.join (kk.BUILD, "tests", "bench", "filters")
NUMBER = 15       # a value goes through the plugin's face, which checks each access; a bare loop's is about a nanosecond
NOTHING = 0.1     # a tenth of what looking at a row takes at the least; a clock's grain lies below
# What is more than a look at a number, and why.
DEARER = {
    "select, rows by glob, numbers": (20, "a key is looked up among those of the sample before"),
    "select, rows by glob, names": (20, "likewise"),
    "select, rows by /expression/": (20, "likewise"),
    "select, where, a rate": (30, "the row is looked up"),
    "rename, a row": (25, "the table is made anew, keys and all"),
    "rate, 1 counter of 8": (45, "the row is looked up for one value alone"),
    "rate, 8 counters": (25, "asked for with its time, and a field added"),
    "aggregate, 10 s, mean": (30, "the row is looked up, and a mean that loses nothing divides"),
    "aggregate, 30 s each 10 s, mean": (40, "likewise, with three panes merged each 10 s"),
    "aggregate, 10 s, all but percentiles": (60, "seven figures come of each"),
    "aggregate, 10 s, p50 and p95, exact": (80, "the values are kept, and sorted at the end"),
    "aggregate, a day, p95, sketched": (90, "a logarithm, and its range is looked up"),
    "alert, 10 plain rules": (150, "a rule: its expression, and its state"),
    "alert, a rule over rows by glob": (100, "a row: its key, the expression, and its state"),
}


def measure ():
    run = subprocess.run ([PROGRAM, os.path.join (kk.BUILD, "plugins", "all")], stdout=subprocess.PIPE, check=True, timeout=600)
    return [json.loads (line) for line in run.stdout.splitlines ()]


def rows (row):
    """For the table of what is to be reached."""
    found, measured = [], measure ()
    for m in measured:
        reach, why = DEARER.get (m["what"], (NUMBER, ""))
        if m["touches"]:
            note = f"{m['value_ns']:.1f} ns; of few rows {m['sample_ns'] / 1000:.1f} µs a sample" + (f"; {why}" if why else "")
            found.append (row (f"{m['what']}: CPU of a value", max (0, round (m["value_ns"] / m["bare_ns"], 1)), "× bare", reach, note, judged=True))
        else:
            note = f"{m['sample_ns'] / 1000:.1f} µs a sample; the values are shared"
            found.append (row (f"{m['what']}: CPU of a value", max (0, round (m["value_ns"], 2)), "ns", NOTHING, note, judged=True))
    for name in sorted ({m["filter"] for m in measured}):
        worst = max (m["idle_row_ns"] for m in measured if m["filter"] == name)
        found.append (row (f"{name}: CPU of a row that it does not touch", max (0, round (worst, 2)), "ns", NOTHING, "of 20,000", judged=True))
    return found


def main ():
    import bench
    import reach
    p = argparse.ArgumentParser (description=__doc__.split ("\n", maxsplit=1)[0])
    p.add_argument ("--json", action="store_true", help="what was measured, a line of JSON for each")
    if p.parse_args ().json:
        for m in measure ():
            print (json.dumps (m))
        return
    bench.print_rows (rows (reach.row))


if __name__ == "__main__":
    main ()
