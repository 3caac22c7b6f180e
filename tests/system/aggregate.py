#!/usr/bin/env python3
"""aggregate: one output gets a sample for each second, with what the samples between came to; all others get every sample."""

import kk

CONFIG = """daemon: {sample_interval: 0.05}
plugins:
  process: false
  seconds:
    plugin: aggregate
    every: 1s
    fields: ["system.cpu_percent=mean min max", "system.memory_*=mean", "system.load_avg_*=last"]
  names: {plugin: select, drop_tables: [daemon]}
  file-writer: {pipeline: [seconds, names]}
"""


def at (entry):
    return entry["system"]["timestamp"]


@kk.test
def one_output_gets_seconds (home):
    "what the file-writer records is of whole seconds, each with the mean of its samples, and the rest goes on as it was"
    with home.daemon (CONFIG.replace ("cpu_percent=mean min max", "cpu_percent=mean")) as d:
        entries = kk.wait_for (lambda: e if len (e := home.metrics ()) >= 3 else None, 30, "three seconds")
        with kk.Connection (home.data) as c:
            c.send ("samples", last=60)
            seen = []
            while "end" not in (line := c.receive ()):
                seen.append (line)
        d.stop ()
    whole = [e for e in entries if at (e) == int (at (e))]
    kk.check (len (whole) >= 3, "entries of whole seconds", [at (e) for e in entries])
    kk.equal (len ({at (e) for e in entries}), len (entries), "no second twice")
    for e in whole:
        kk.check ("network" in e and "load_avg_1m" in e["system"] and "memory_percent" in e["system"], "what is not chosen goes on", e)
        within = [s["system"]["cpu_percent"] for s in seen
                  if at (e) - 1 <= s["timestamp"] < at (e) and s["system"].get ("cpu_percent") is not None]
        if len (within) >= 10 and min (s["timestamp"] for s in seen) < at (e) - 1:
            kk.check (abs (sum (within) / len (within) - e["system"]["cpu_percent"]) < 0.11, "the mean of that second", (within, e))


@kk.test
def what_is_left_at_a_stop (home):
    "what is left of a window at a stop is recorded"
    with home.daemon (CONFIG.replace ("cpu_percent=mean min max", "cpu_percent=mean").replace ("every: 1s", "every: 24h")) as d:
        kk.wait_for (lambda: next (i for i in d.status ()["instances"] if i["name"] == "seconds")["calls"] > 5, 20, "samples")
        d.stop ()
    kk.equal (len (home.metrics ()), 1, "entries")


@kk.test
def the_default_keeps_names (home):
    "without fields it is means under the old names, which the file-writer takes, and a process keeps its number"
    home.config ("plugins:\n  seconds: {plugin: aggregate, every: 1s}\n  file-writer: {pipeline: [seconds]}\n")
    graph = home.run ("plugin", "graph", "--json").ok ().json ()
    tables = next (o for o in graph["outputs"] if o["name"] == "file-writer")["tables"]
    for table, field in (("system", "cpu_percent"), ("system", "memory_used_mb"), ("processes", "pid"), ("processes", "create_time")):
        kk.check (field in tables[table], f"{table}.{field} is there", tables)
    home.run ("config", "--check").ok ()
    home.config ("plugins:\n  seconds: {plugin: aggregate, every: 1s, fields: [system.cpu_percent=mean, max]}\n  file-writer: {pipeline: [seconds]}\n")
    kk.contains (home.run ("config", "--check").err, "with a blank between", "a comma splits the list")
    daemon = "daemon: {sample_interval: 0.05}\nplugins:\n  seconds: {plugin: aggregate, every: 1s}\n  file-writer: {pipeline: [seconds]}\n"
    with home.daemon (daemon) as d:
        entry = kk.wait_for (lambda: home.metrics (), 30, "an entry")[-1]
        d.stop ()
    kk.check ("cpu_percent" in entry["system"] and "memory_used_mb" in entry["system"], "names stay", entry)


@kk.test
def its_fields_are_known_before (home):
    "plugin graph says which fields come of it, and a later filter may name them"
    home.config (CONFIG)
    graph = home.run ("plugin", "graph", "--json").ok ().json ()
    writer = next (o for o in graph["outputs"] if o["name"] == "file-writer")
    for field in ("cpu_percent_mean", "cpu_percent_min", "cpu_percent_max", "memory_percent"):
        kk.check (field in writer["tables"]["system"], f"{field} is there", writer)
    kk.check ("cpu_percent" not in writer["tables"]["system"], "several functions have names of their own")
    home.config (CONFIG.replace ("drop_tables: [daemon]", "drop_fields: [system.cpu_percent_max]"))
    home.run ("config", "--check").ok ()
    home.config (CONFIG.replace ("drop_tables: [daemon]", "drop_fields: [system.cpu_percent]"))
    kk.contains (home.run ("config", "--check").err, "has no field 'cpu_percent': did you mean 'cpu_percent_", "the old name is gone")
    home.config (CONFIG.replace ("mean min", "maen min"))
    kk.contains (home.run ("config", "--check").err, "7:13: error: fields: there is no function 'maen': did you mean 'mean'?", "place and reason")


kk.main ()
