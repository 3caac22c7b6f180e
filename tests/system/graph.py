#!/usr/bin/env python3
"""The whole chain is known before anything runs: what a filter names must come along, and plugin graph shows what flows where."""

import shutil
import subprocess

import kk

CONFIG = """daemon: {sample_interval: 0.1}
plugins:
  process: false
  few: {plugin: select, drop_tables: [daemon], drop_fields: [system.load_avg_15m]}
  less: {plugin: select, keep_tables: [system]}
  file-writer: {pipeline: [less]}
pipeline: [few]
"""


def refused (home, text, at, message):
    home.config (text)
    r = home.run ("config", "--check")
    kk.equal (r.rc, 1, f"config --check: {r}")
    kk.contains (r.err, f":{at}: error: {message}", "place and reason")


@kk.test
def a_name_that_nothing_gives (home):
    "a filter that names a table, field or row that does not come along is an error with its place, and the name that was meant"
    one = "plugins:\n  process: false\n  few: {plugin: select, %s}\n"
    refused (home, one % "drop_tables: [netwrk]", "3:38", "drop_tables: no table 'netwrk' comes along: did you mean 'network'?")
    refused (home, one % "keep_fields: [system.cpu_pct]", "3:38", "keep_fields: table 'system' has no field 'cpu_pct'")
    refused (home, one % "drop_rows: [system.eth0]", "3:36", "drop_rows: table 'system' has a single row")
    refused (home, one % "drop_rows: [processes.1]", "3:36", "drop_rows: no table 'processes' comes along")
    home.config (one % "drop_tables: [gpu*], drop_fields: ['*.watts', system.x*]")
    home.run ("config", "--check").ok ()


@kk.test
def what_an_earlier_filter_dropped (home):
    "what an earlier filter drops does not come along to a later one, nor to that of an output"
    refused (home, "plugins:\n  a: {plugin: select, drop_tables: [network]}\n  b: {plugin: select, drop_tables: [network]}\npipeline: [a, b]\n",
             "3:36", "drop_tables: no table 'network' comes along")
    refused (home, CONFIG.replace ("keep_tables: [system]", "keep_fields: [system.load_avg_15m]"), "5:39", "keep_fields: table 'system' has no")


@kk.test
def more_than_fits (home):
    "more fields than a table may have are refused with a word about how many"
    names = ", ".join (f"gpu.a{i} u64 By counter" for i in range (300))
    refused (home, "plugins:\n  x: {plugin: exec, command: [echo], fields: [%s]}\n  r: {plugin: rate, fields: [gpu.*]}\n" % names, "3:3",
             "r: more than 512 fields of a table, or 64 tables, would come of it: choose fewer in its options")


@kk.test
def a_reload_asks_too (home):
    "a reload with such a name is refused, and all goes on as before"
    with home.daemon (CONFIG) as d:
        kk.wait_for (lambda: home.metrics (), 10, "a file")
        home.config (CONFIG.replace ("load_avg_15m", "load_avg_15min"))
        r = home.run ("reload")
        kk.equal (r.rc, 1, f"reload: {r}")
        kk.contains (r.all, "did you mean 'load_avg_15m'?", "the reason")
        kk.check (d.status ()["instances"], "it runs on")


@kk.test
def the_graph_as_text (home):
    "plugin graph says what each input gives, what each filter changes, and what each output gets"
    home.config (CONFIG)
    r = home.run ("plugin", "graph").ok ()
    kk.check (all (len (line) <= 80 for line in r.out.splitlines ()), "fits the terminal", r.out)
    words = " ".join (r.out.split ())
    for part in ("cpu every 100 ms: system", "few select: -daemon, -system.load_avg_15m", "less select: -network",
                 "file-writer gets system ("):
        kk.contains (words, part, "plugin graph")
    home.config (CONFIG.replace ("pipeline: [less]}", "pipeline: [less]}\n  second: {plugin: file-writer, path: ~/second}"))
    heads = [line for line in home.run ("plugin", "graph").ok ().out.splitlines () if not line.startswith ("  ")]
    kk.equal (heads, ["Inputs", "Pipeline, for all outputs", "Pipeline behind it, for file-writer alone", "Outputs"], "in the order in which it flows")


@kk.test
def the_graph_as_json (home):
    "plugin graph --json is what flows: an entry of a file has those fields"
    home.config (CONFIG)
    graph = home.run ("plugin", "graph", "--json").ok ().json ()
    kk.check ("daemon" in graph["inputs"]["tables"], "the daemon's own table", graph)
    kk.equal (sorted (graph["pipeline"]["tables"]), ["network", "system"], "after the common pipeline")
    writer = next (o for o in graph["outputs"] if o["name"] == "file-writer")
    kk.equal ([f["name"] for f in writer["filters"]], ["less"], "its own filter")
    with home.daemon (CONFIG) as d:
        entries = kk.wait_for (lambda: [e for e in home.metrics () if "load_avg_1m" in e["system"] and "cpu_percent" in e["system"]], 20, "an entry")
        d.stop ()
    kk.check (set (entries[-1]["system"]) <= {"timestamp", *writer["tables"]["system"]}, "no field that the graph does not have",
              (entries[-1]["system"], writer))
    kk.check ("network" not in entries[-1] or not entries[-1]["network"], "a table that is dropped", entries[-1])


@kk.test
def the_graph_for_graphviz (home):
    "plugin graph --dot is what dot draws"
    home.config (CONFIG)
    r = home.run ("plugin", "graph", "--dot").ok ()
    for edge in ('"cpu" -> "one sample"', '"one sample" -> "few"', '"few" -> "less"', '"less" -> "file-writer"'):
        kk.contains (r.out, edge, "an edge")
    for label in ('"cpu" -> "one sample" [label="system"]', '"few" [shape=box, label="\\N\\n(select)"]', "daemon: 9 fields", '"one sample" [shape=plaintext];'):
        kk.contains (r.out, label, "what it is")
    kk.equal ((r.out.count ("{"), r.out[:7], r.out[-2:]), (1, "digraph", "}\n"), "a graph")
    if shutil.which ("dot"):
        p = subprocess.run (["dot", "-Tsvg"], input=r.out, capture_output=True, text=True)
        kk.equal ((p.returncode, p.stderr), (0, ""), "dot")


@kk.test
def a_config_that_is_wrong (home):
    "plugin graph of a configuration with errors says them"
    home.config (CONFIG.replace ("[daemon]", "[deamon]"))
    r = home.run ("plugin", "graph")
    kk.equal ((r.rc, r.out), (1, ""), "no graph")
    kk.contains (r.err, "did you mean 'daemon'?", "why")
    kk.contains (home.run ("plugin", "graph", "-c", home.path + "/none.yaml").err, "cannot read", "no file")


kk.main ()
