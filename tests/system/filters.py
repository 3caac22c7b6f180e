#!/usr/bin/env python3
"""Filters between inputs and outputs: select in the common pipeline and in that of one output."""

import kk


def samples (home, n=5):
    with kk.Connection (home.data) as c:
        c.send ("samples", last=n)
        found = []
        while "end" not in (line := c.receive ()):
            found.append (line)
    return found


@kk.test
def in_the_common_pipeline (home):
    "what a filter of the common pipeline drops is in no sample and in no file; the rest is"
    with home.daemon ("""daemon: {sample_interval: 0.05}
plugins:
  net: {per_interface: true}
  process: false
  few:
    plugin: select
    keep_rows: [interfaces.lo]
    drop_fields: [system.load_avg_*, network.physical_*]
pipeline: [few]
""") as d:
        kk.wait_for (lambda: home.metrics (), 10, "a file")
        kk.wait_for (lambda: len (samples (home)) == 5, 10, "samples")
        got = samples (home)
        d.stop ()
    for s in got + home.metrics ():
        kk.check (not [f for f in s["system"] if f.startswith ("load_avg")], f"dropped fields: {s}")
        kk.check (not [f for f in s["network"] if f.startswith ("physical")], f"dropped fields: {s}")
        kk.equal (list (s["interfaces"]), ["lo"], "rows that are kept")
        kk.check ("memory_percent" in s["system"] and "bytes_sent" in s["network"], f"what is kept: {s}")


@kk.test
def in_one_outputs_pipeline (home):
    "a filter of one output leaves the samples of all others whole"
    with home.daemon ("""daemon: {sample_interval: 0.05}
plugins:
  process: false
  less: {plugin: select, drop_tables: [network], drop_fields: [system.load_avg_15m]}
  file-writer: {pipeline: [less]}
""") as d:
        kk.wait_for (lambda: home.metrics (), 10, "a file")
        kk.wait_for (lambda: len (samples (home)) == 5, 10, "samples")
        got = samples (home)
        d.stop ()
    kk.check (all ("network" in s and "load_avg_15m" in s["system"] for s in got), f"the ring has all: {got}")
    kk.check (all ("network" not in e and "load_avg_15m" not in e["system"] for e in home.metrics ()), "the files have less")


@kk.test
def without_a_required_field (home):
    "a filter that takes away what an entry must have leaves no entry, and status says why"
    with home.daemon ("""daemon: {sample_interval: 0.05}
plugins: {process: false, blind: {plugin: select, drop_fields: [system.memory_percent]}}
""") as d:
        def left_out ():
            writer = next (i for i in d.status ()["instances"] if i["name"] == "file-writer")
            return writer["status"].get ("left out", "")
        kk.wait_for (lambda: left_out (), 10, "samples that are left out")
        d.stop ()
    kk.equal (home.metrics (), [], "entries")


kk.main ()
