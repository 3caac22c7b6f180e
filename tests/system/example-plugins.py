"""contrib/example-plugin: built against the installed header, installed, and run by the installed daemon."""

import csv
import json
import os
import shutil

import kit
import kk

ALL = ("disk-space", "above", "csv-writer")


def built (home, *plugins):
    """The examples as a stranger builds them; returns what a daemon needs to find them."""
    stage = kit.stage ()
    directory = os.path.join (home.path, "example")
    shutil.copytree (os.path.join (kk.SOURCE, "contrib", "example-plugin"), directory)
    os.chmod (directory, 0o755)  # distcheck's sources are read-only
    r = stage.run (home, "make", "-C", directory, "PLUGINS=" + " ".join (plugins), "CFLAGS=-O2 -Werror", "CXXFLAGS=-O2 -Werror", "check",
                   timeout=120).ok ()
    kk.equal (r.err, "", "warnings")
    return {**stage.env (), "KODE_KRONICAL_PLUGINS": stage.plugins + ":" + directory}


def last (home, env):
    return json.loads (home.run ("tail", "-n1", "--json", env=env).ok ().out.splitlines ()[-1])


def mounts ():
    with open ("/proc/self/mounts", encoding="ascii", errors="replace") as f:
        return {line.split ()[1].encode ().decode ("unicode_escape") for line in f}


@kk.test (deadline=120)
def disk_space (home):
    "the input: filesystems with their sizes; one that is not there is a row of unknown values"
    env = built (home, "disk-space")
    st = os.statvfs (home.path)
    mounted = mounts ()
    with home.daemon ("daemon: {sample_interval: 0.05}\nplugins:\n  disk-space: {interval: 50ms}\n"
                      f"  named: {{plugin: disk-space, interval: 50ms, mounts: ['{home.path}', /not/there], tables: {{disk_space: named}}}}\n", env=env):
        e = last (home, env)
        rows = e.get ("disk_space", {})
        mounted |= mounts ()  # other tests have disks of their own for a while
        for mount, row in rows.items ():
            kk.check (mount in mounted and row["used"] <= row["size"] and 0 <= row.get ("used_percent", 0) <= 100, mount, row)
        kk.equal (e["named"][home.path]["size"], st.f_blocks * st.f_frsize, "the size of the test's own filesystem")
        kk.check ("size" not in e["named"]["/not/there"] or e["named"]["/not/there"]["size"] is None, "not known is not 0", e["named"])


@kk.test (deadline=120)
def above (home):
    "the filter: only rows with enough are recorded; a table that is not there is said once"
    env = built (home, "above")
    config = """daemon: {sample_interval: 0.05}
plugins:
  above: {table: processes, field: num_threads, min: 2}
  lost: {plugin: above, table: nowhere, field: x, min: 2}
"""
    with home.daemon (config, env=env):
        entries = kk.wait_for (home.metrics, 10, "entries")
        for e in entries:
            kk.check (all (p["num_threads"] >= 2 for p in e["processes"].values ()), "processes of two threads and more", e["processes"])
    kk.equal (home.log ().count ("no table nowhere with a field x"), 1, "what is said of it")


@kk.test (deadline=120)
def csv_writer (home):
    "the output, in C++: a header, then a row per sample; another header after the columns changed"
    kk.need_tool ("g++")
    env = built (home, "csv-writer")
    file = os.path.join (home.data, "plugins", "csv-writer", "csv-writer.csv")

    def rows ():
        with open (file, encoding="utf-8", newline="") as f:
            return list (csv.reader (f))
    with home.daemon ("daemon: {sample_interval: 0.05}\nplugins: {csv-writer: {table: system}}\n", env=env):
        kk.wait_for (lambda: len (rows ()) > 5, 10, "rows")
        have = rows ()
        home.config ("daemon: {sample_interval: 0.05}\nplugins: {csv-writer: {table: system}, memory: false}\n")
        home.run ("reload", env=env).ok ()
        header = kk.wait_for (lambda: [r for r in rows () if r[0] == "time"][1], 10, "another header")
        kk.check ("cpu_percent" in header and "memory_percent" not in header, "its columns", header)
    kk.check (have[0][0] == "time" and "cpu_percent" in have[0], "the header", have[0])
    kk.check (all (len (r) == len (have[0]) for r in have), "every row is whole", have)
    cpu = have[0].index ("cpu_percent")
    kk.check (all (r[cpu] == "" or 0 <= float (r[cpu]) <= 100 for r in have[1:]), "values", have)
    times = [float (r[0]) for r in have[1:]]
    kk.equal (times, sorted (set (times)), "every sample once, in order")


@kk.test (deadline=120)
def all_of_them (home):
    "make install puts all three and their conf.d files in place, and the daemon accepts them together"
    kk.need_tool ("g++")
    stage = kit.stage ()
    built (home, *ALL)
    directory = os.path.join (home.path, "example")
    stage.run (home, "make", "-C", directory, "install").ok ()
    for name in ALL:
        with open (os.path.join (kit.pkg_config (home, "confdir"), name + ".yaml"), encoding="utf-8") as f:
            home.write (os.path.join (home.config_dir, "conf.d", name + ".yaml"), f.read ())
    home.config ("daemon: {sample_interval: 1.0}\n")
    r = stage.run (home, "kode-kronical-daemon", "config", "--check").ok ()
    r = stage.run (home, "kode-kronical-daemon", "plugin", "list").ok ()
    for name in ALL:
        kk.contains (r.out, name, "plugin list")
    stage.run (home, "make", "-C", directory, "uninstall").ok ()
    kk.check (not os.path.exists (os.path.join (stage.plugin_dir, "above.so")), "make uninstall takes them away")


kk.main ()
