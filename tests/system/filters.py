#!/usr/bin/env python3
"""Filters between inputs and outputs, in the common pipeline and in that of one output: what each does to what is recorded."""

import json
import os

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


# ---- rate


@kk.test
def rate (home):
    "a counter's rate is recorded beside it: what it rose by over the time between two readings"
    with home.daemon ("""daemon: {sample_interval: 0.1}
plugins:
  cpu: {context_switches: true, interval: 0.2}
  net: {enabled: false}
  process: {enabled: false}
  rates: {plugin: rate, fields: ["*.context_switches", system.interrupts]}
pipeline: [rates]
""") as d:
        def fresh ():
            "the entries with a new reading of the counter"
            found = []
            for e in home.metrics ():
                if not found or e["system"].get ("context_switches") != found[-1]["system"].get ("context_switches"):
                    found.append (e)
            return found
        kk.wait_for (lambda: len (fresh ()) > 5, 20, "some readings")
        got = fresh ()
        d.stop ()
    off = []
    for before, after in zip (got[1:], got[2:]):
        a, b = before["system"], after["system"]
        rose, over = b["context_switches"] - a["context_switches"], b["timestamp"] - a["timestamp"]
        kk.check (b["context_switches_per_s"] > 0 and b["interrupts_per_s"] >= 0, f"rates: {after}")
        off.append (abs (rose / b["context_switches_per_s"] / over - 1))
    kk.check (sorted (off)[len (off) // 2] < 0.2, f"most rates are what the counter rose by, over the time: {got}")
    kk.check (all ("processes_started_per_s" not in e["system"] for e in got), "what was not named")


# ---- dedup and top, on a table that the test writes


THINGS = """daemon: {{sample_interval: 0.1}}
plugins:
  process: {{enabled: false}}
  net: {{enabled: false}}
  things: {{plugin: exec, command: [cat, {path}], format: json, fields: ['things[name].load f64 %', 'things[name].size u64 By']}}
{more}"""


def put_things (home, **things):
    path = os.path.join (home.top, "things")
    with open (path + ".new", "w", encoding="ascii") as f:
        json.dump ({"things": {k: {"load": v, "size": 10} for k, v in things.items ()}}, f)
    os.rename (path + ".new", path)
    return path


def recorded_things (home):
    return [{k: v["load"] for k, v in e.get ("things", {}).items ()} for e in home.metrics ()]


@kk.test
def dedup (home):
    "a row that stays as it is gets recorded once, one that changes at once, and one within its deadband not"
    path = put_things (home)
    with home.daemon (THINGS.format (path=path, more="""  changes: {plugin: dedup, every: 1000, deadband: [things.load=0.5]}
  file-writer: {pipeline: [changes]}
""")) as d:
        def wait_for (row, what):
            return kk.wait_for (lambda: row in recorded_things (home) and recorded_things (home), 30, what)
        kk.wait_for (lambda: home.metrics (), 30, "entries, of which the daemon's first sample is none")
        put_things (home, a=1, b=2)
        wait_for ({"a": 1, "b": 2}, "both")
        kk.wait_for (lambda: len (home.metrics ()) > 5, 30, "entries")
        put_things (home, a=1, b=2.25)
        n = len (home.metrics ())
        kk.wait_for (lambda: len (home.metrics ()) > n + 5, 30, "entries")
        put_things (home, a=4, b=2.5)
        wait_for ({"a": 4}, "the one that changed")
        put_things (home, a=4, b=2.5, c=0)
        got = wait_for ({"c": 0}, "a new one")
        live = samples (home)
        d.stop ()
    kk.equal ([g for g in got if g], [{"a": 1, "b": 2}, {"a": 4}, {"c": 0}], "what is recorded")
    kk.check (any (s.get ("things", {}).keys () >= {"a", "b"} for s in live), f"the ring has all: {live}")


@kk.test
def top (home):
    "the rows with the most are recorded, with a row for the rest"
    path = put_things (home, a=1, b=20, c=3, d=30, e=0)
    with home.daemon (THINGS.format (path=path, more="""  most: {plugin: top, by: things.load, n: 2, other: true}
pipeline: [most]
""")) as d:
        kk.wait_for (lambda: {"b": 20, "d": 30, "other": 4} in recorded_things (home), 30, "two, and the others")
        put_things (home, a=50, b=20, c=3, d=30)
        kk.wait_for (lambda: {"a": 50, "d": 30, "other": 23} in recorded_things (home), 30, "others")
        put_things (home, a=50)
        kk.wait_for (lambda: {"a": 50} in recorded_things (home), 30, "no rest")
        d.stop ()


@kk.test
def rows_by_value (home):
    "rows for which an expression is true are recorded, of those that a regular expression takes"
    path = put_things (home, a1=5, a2=50, b1=60, ab=70, a3=0)
    with home.daemon (THINGS.format (path=path, more="""  busy:
    plugin: select
    keep_rows: ['things./^a[0-9]$/']
    where: {{things: load > 10 and size < 1KiB}}
pipeline: [busy]
""".replace ("{{", "{").replace ("}}", "}"))) as d:
        kk.wait_for (lambda: {"a2": 50} in recorded_things (home), 30, "one of them")
        put_things (home, a1=11, a2=10, b1=60, a3=12.5)
        kk.wait_for (lambda: {"a1": 11, "a3": 12.5} in recorded_things (home), 30, "two others")
        d.stop ()
    got = [t for t in recorded_things (home) if t]
    kk.check (all (t in ({"a2": 50}, {"a1": 11, "a3": 12.5}) for t in got), f"nothing else: {got}")


@kk.test
def one_after_another (home):
    "the rate of a counter chooses the rows, and a select behind it takes away the counter"
    path = put_things (home, slow=1, fast=1, gone=1)
    config = THINGS.replace ("load f64 %", "load u64 By counter")
    with home.daemon (config.format (path=path, more="""  rate: {}
  most: {plugin: top, by: things.load_per_s, n: 1}
  few: {plugin: select, drop_fields: [things.load, things.size]}
pipeline: [rate, most, few]
""")) as d:
        count = 0
        def fast ():
            nonlocal count
            count += 1
            put_things (home, slow=1 + count, fast=1 + 1000 * count)
            return [t for t in (e.get ("things", {}) for e in home.metrics ()) if t.get ("fast", {}).get ("load_per_s")]
        got = kk.wait_for (fast, 30, "the fast one")
        d.stop ()
    kk.check (all (set (t) == {"fast"} and set (t["fast"]) == {"load_per_s"} for t in got), f"nothing else: {got}")


@kk.test
def each_output_has_its_chain_and_its_tables (home):
    "one output gets other names and a label, in the order of its chain, the other what comes from the inputs; each the tables it asks for"
    path, second = put_things (home, a=1, b=2), os.path.join (home.top, "second")
    config = THINGS.format (path=path, more=f"""  names:
    plugin: rename
    tables: {{things: objects}}
    fields: {{things.load: share}}
    keys: {{things: thing}}
    rows: {{things.a: first}}
  where: {{plugin: label, fields: {{site: berlin}}, tables: [objects]}}
  file-writer: {{pipeline: [names, where], tables: [system, obj*]}}
  plain: {{plugin: file-writer, path: {second}, tables: [system, things]}}
""")
    home.config (config.replace ("[names, where]", "[where, names]"))
    kk.contains (home.run ("config", "--check").err, "tables: no table 'objects' comes along", "before it has that name")
    with home.daemon (config) as d:
        renamed = kk.wait_for (lambda: next ((e for e in home.metrics () if "objects" in e), None), 30, "an entry")
        plain = kk.wait_for (lambda: next ((e for e in kk.read_metrics (second, False) if "things" in e), None), 30, "another")
        d.stop ()
    for e in renamed, plain:
        kk.check (set (e) - {"processes"} in ({"system", "objects"}, {"system", "things"}), f"the tables: {e}")
    kk.equal ({k: (v["share"], v["site"]) for k, v in renamed["objects"].items ()}, {"first": (1, "berlin"), "b": (2, "berlin")}, "new names")
    kk.equal ({k: v["load"] for k, v in plain["things"].items ()}, {"a": 1, "b": 2}, "as they came")
    kk.check (all ("site" not in v for v in plain["things"].values ()), f"without the label: {plain}")


@kk.test
def what_does_not_come_is_said (home):
    "config --check refuses a filter that names what nobody has"
    path = home.config ("""plugins: {most: {plugin: top, by: processes.cpu_percnt}, rate: {fields: [system.nothing]}}
pipeline: [most, rate]
""")
    r = home.run ("config", "--check", "-c", path)
    kk.contains (r.out + r.err, "has no field 'cpu_percnt': did you mean 'cpu_percent'?", "the first")
    kk.check (r.rc != 0, "the exit status")


@kk.test
def a_time_that_never_ends_is_said (home):
    "an alert's `for` behind dedup is a warning at its place, under another name of the table too; in front of it, of another table, or without `for` it is none"
    rules = '  alert:\n    rules:\n      fat:\n        when: "%s[name=python*].memory_rss_mb > 100"\n%s'
    def said (order, table="processes", line="        for: 30s\n", dedup="{tables: [processes]}", more=""):
        more += "  rename: {tables: {processes: programs}}\n" if "rename" in order else ""
        more += "  aggregate: {every: 60s, fields: ['*.*=last']}\n" if "aggregate" in order else ""
        r = home.run ("config", "--check", "-c", home.config (f"plugins:\n{rules % (table, line)}  dedup: {dedup}\n{more}pipeline: [{order}]\n"))
        return r.ok ().all
    text = "warning: rules.fat.for: this time may never be over: a filter in front leaves out rows of %s that have not changed"
    kk.contains (said ("dedup, alert"), ":6:14: " + text % "processes", "behind it")
    kk.contains (said ("dedup, alert"), "put that filter into the pipeline: of the outputs", "what to do")
    kk.contains (said ("dedup, rename, alert", "programs"), text % "programs", "renamed")
    kk.contains (said ("dedup, aggregate, alert"), text % "processes", "behind a window, which has the rows that came")
    kk.contains (said ("dedup, alert", dedup="{tables: [processes], isolate: true}"), text % "processes", "from a process of its own")
    kk.contains (said ("dedup, select, alert", more="  select: {drop_tables: [network], isolate: true}\n"), text % "processes", "through one")
    for args in (("alert, dedup",), ("aggregate, alert, dedup",), ("dedup, alert", "processes", ""), ("dedup, alert", "processes", "        for: 30s\n", "{tables: ['x*']}")):
        kk.check ("never be over" not in said (*args), f"none: {args}")


@kk.test
def rows_that_must_all_be_known (home):
    "gone() and count() behind dedup are a warning at the rule's `when`; in front of it, or of the rows that come, they are none"
    def said (when, order):
        rules = f'  alert:\n    rules:\n      few:\n        when: "{when}"\n'
        return home.run ("config", "--check", "-c", home.config (f"plugins:\n{rules}  dedup: {{tables: [processes]}}\npipeline: [{order}]\n")).ok ().all
    text = "warning: rules.few.when: %s() of processes will mostly be unknown: a filter in front leaves out rows that have not changed"
    kk.contains (said ("gone(processes[name=nginx])", "dedup, alert"), ":5:15: " + text % "gone", "gone")
    kk.contains (said ("system.cpu_percent > 5 and count(processes[name=nginx]) < 2", "dedup, alert"), text % "count", "count")
    kk.contains (said ("count(processes[*].cpu_percent > 50) > 2", "dedup, alert"), text % "count", "count of a comparison")
    for args in (("gone(processes[name=nginx])", "alert, dedup"), ("max(processes[*].cpu_percent) > 5", "dedup, alert"), ("processes.cpu_percent > 5", "dedup, alert")):
        kk.check ("mostly be unknown" not in said (*args), f"none: {args}")


@kk.test
def what_names_nothing_is_said (home):
    "a glob that names nothing is a warning with its place, and a key that no number can be is an error"
    def said (plugins, good=True, pipeline=""):
        r = home.run ("config", "--check", "-c", home.config ("plugins:\n" + plugins + pipeline))
        kk.check ((r.rc == 0) == good, "the exit status", r)
        return r.out + r.err
    few = "  few:\n    plugin: select\n    "
    kk.contains (said (few + "drop_fields: [system.lload_*]\n"), ":4:18: warning: drop_fields: 'system.lload_*' names no field that comes along", "a field")
    kk.contains (said (few + "drop_tables: [network, interfaces*]\n"), "warning: drop_tables: 'interfaces*' names no table that", "a table")
    kk.contains (said (few + "keep_fields: ['*./^lload/']\n"), "'*./^lload/' names no field", "an expression")
    kk.contains (said (few + "drop_tables: [/^nett/]\n"), "'/^nett/' names no table", "an expression for tables")
    kk.contains (said (few + "keep_rows: [sys*.a*]\n"), "'sys*.a*' names no table with many rows", "rows")
    kk.contains (said ("  means: {plugin: aggregate, fields: ['proc*.lload=mean']}\n"), "names no field", "aggregate")
    kk.contains (said ("  rate: {fields: ['net*.lload']}\n"), "'net*.lload' names no field", "rate")
    kk.contains (said ("  dedup: {tables: [proc*, things*]}\n"), "'things*' names no table", "dedup")
    kk.contains (said ("  label: {fields: {site: here}, tables: [sytem*]}\n"), "'sytem*' names no table", "label")
    for item in ("processes.python*", "proc*.[!0-9]*", "processes.init", "processes./^py/"):
        kk.contains (said (few + f"keep_rows: ['{item}']\n", False), ":4:16: error: keep_rows: the rows of 'processes' are known by numbers (pid),"
                     f" which '{item.split ('.', 1)[1]}' never takes", item)
    for item in ("processes.4*", "*.[!a-z]?", "proc*./^1?[0-9]$/"):
        kk.check ("keep_rows" not in said (few + f"keep_rows: ['{item}']\n"), f"{item} is fine")
    net = "  net: {per_interface: true}\n"
    kk.check ("keep_rows" not in said (net + few + "keep_rows: ['*.eth*']\n"), "another table has such rows")
    two = "  a: {plugin: select, drop_tables: [net*]}\n  b: {plugin: select, drop_fields: ['network.*']}\n"
    kk.contains (said (two, False, "pipeline: [a, b]\n"), "no table 'network' comes along", "it was dropped before")
    two = two.replace ("'network.*'", "'netw*.bytes_*'")
    kk.contains (said (two, True, "pipeline: [a, b]\n"), "'netw*.bytes_*' names no field", "it was dropped before")
    kk.check ("names no" not in said (two, True, "pipeline: [b, a]\n"), "it is there before it is dropped")


@kk.test
def what_select_cannot_do_is_said (home):
    "config --check gives the place of an expression with a fault, and the column in it"
    def said (options):
        r = home.run ("config", "--check", "-c", home.config (f"""plugins:
  few:
    plugin: select
    {options}
"""))
        kk.check (r.rc != 0, "the exit status", r)
        return r.out + r.err
    kk.contains (said ("where: {processes: cpu_percnt > 1}"), ":4:24: error: where.processes: column 1: the table 'processes' has no field"
                 " 'cpu_percnt': did you mean cpu_percent?", "a field")
    kk.contains (said ("where: {processes: cpu_percent >}"), ":4:24: error: where.processes: column 14: ", "a part is missing")
    kk.contains (said ("where: {process: cpu_percent > 1}"), "no table 'process' comes along: did you mean 'processes'?", "a table")
    kk.contains (said ("where: {system: cpu_percent > 1}"), "has a single row", "one row")
    kk.contains (said ("keep_rows: ['processes./(a*)*/']"), ":4:16: error: keep_rows: '/(a*)*/' is no regular expression to be used here:"
                 " it repeats what may be nothing", "an expression that costs too much")
    kk.contains (said ("drop_fields: ['system./(/']"), "a '(' is not closed", "no expression")


kk.main ()
