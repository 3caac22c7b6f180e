#!/usr/bin/env python3
"""rename and label: what is recorded has the new names and the constant fields, and plugin graph knows them before."""

import socket

import kk

RENAME = """daemon: {sample_interval: 0.1}
plugins:
  process: false
  names:
    plugin: rename
    tables: {network: traffic}
    fields: {system.load_avg_1m: load, system.load_avg_5m: load_avg_1m}
pipeline: [names]
"""


def refused (home, text, at, message):
    home.config (text)
    r = home.run ("config", "--check")
    kk.equal (r.rc, 1, f"config --check: {r}")
    kk.contains (r.err, f":{at}: error: {message}", "place and reason")


@kk.test
def new_names_are_recorded (home):
    "fields have their new names in the files, also where one takes the old name of another, and the graph says so"
    home.config (RENAME)
    graph = home.run ("plugin", "graph", "--json").ok ().json ()
    kk.check ("traffic" in graph["pipeline"]["tables"] and "network" not in graph["pipeline"]["tables"], "the table's new name", graph)
    system = graph["pipeline"]["tables"]["system"]
    kk.check ("load" in system and "load_avg_1m" in system and "load_avg_5m" not in system, "the fields' new names", system)
    with home.daemon (RENAME) as d:
        e = kk.wait_for (lambda: next ((e for e in home.metrics () if "load" in e["system"]), None), 20, "an entry")
        d.stop ()
    kk.check ("load_avg_1m" in e["system"] and "load_avg_5m" not in e["system"] and "cpu_percent" in e["system"], "its fields", e)


@kk.test
def a_name_that_is_wrong (home):
    "an old name that nothing has, and a new one that two would have, is an error at its entry"
    refused (home, RENAME.replace ("network: traffic", "netwrk: traffic"), "6:22", "tables.netwrk: no table 'netwrk' comes along: did you mean 'network'?")
    refused (home, RENAME.replace ("5m: load_avg_1m", "5m: load_avg_15m"), "7:60", "fields.system.load_avg_5m: there would be two fields system.load_avg_15m")
    rows = RENAME.replace ("tables: {network: traffic}", "rows: {interfaces.lo: one, interfaces.eth0: two, interfaces.eth1: one}")
    refused (home, rows, "6:71", "rows.interfaces.eth1: interfaces.lo is to be 'one' too: choose another key")
    refused (home, RENAME.replace ("load, ", "Load, "), "7:34", "fields.system.load_avg_1m: 'Load' is no name")


LABEL = """daemon: {sample_interval: 0.1}
plugins:
  process: false
  where:
    plugin: label
    fields: {site: berlin, rack: "12"}
    environment: {role: KK_TEST_ROLE, gone: KK_TEST_GONE}
    host_name: hostname
    tables: [system]
pipeline: [where]
"""


@kk.test
def constant_fields_are_recorded (home):
    "each entry has the texts of the configuration, of the environment and the name of the machine; a variable that is not set is told once"
    home.config (LABEL)
    graph = home.run ("plugin", "graph", "--json").ok ().json ()
    kk.check ({"site", "rack", "role", "gone", "hostname"} <= set (graph["pipeline"]["tables"]["system"]), "the graph has them", graph)
    with home.daemon (LABEL, env={"KK_TEST_ROLE": "database"}) as d:
        entries = kk.wait_for (lambda: e if len (e := home.metrics ()) >= 3 else None, 20, "entries")
        d.stop ()
    for e in entries:
        kk.equal ([e["system"].get (k) for k in ("site", "rack", "role", "gone", "hostname")],
                  ["berlin", "12", "database", None, socket.gethostname ()], "its texts")
    kk.equal (home.log ().count ("KK_TEST_GONE is not set"), 1, "told once")


@kk.test
def a_label_that_is_wrong (home):
    "a field that is there already is an error at its entry"
    refused (home, LABEL.replace ("site:", "cpu_percent:"), "6:27", "fields.cpu_percent: table 'system' has a field 'cpu_percent' already")
    refused (home, LABEL.replace ("[system]", "[systm]"), "9:13", "tables: no table 'systm' comes along: did you mean 'system'?")


kk.main ()
