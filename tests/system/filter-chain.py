#!/usr/bin/env python3
"""All filters in one chain, with alert behind them and the file-writer at its end, while it is reloaded."""

import json
import os

import kk

# Every filter does something that the entries show. Where they stand changes with each reload.
FILTERS = {
    "label": "  label: {fields: {site: here}}\n",
    "rename": "  rename: {tables: {raw: things}, rows: {raw.old: new}}\n",
    "rate": "  rate: {fields: [%(table)s.total]}\n",
    "top": "  top: {by: %(table)s.load, n: 3, other: true}\n",
    "dedup": "  dedup: {every: 5, tables: [%(table)s]}\n",
    "select": "  select: {drop_fields: [system.load_avg_15m]}\n",
    "aggregate": "  aggregate: {every: %(every)s, fields: [\"*.*=mean\"]}\n",
}
CONFIG = """daemon: {sample_interval: 0.02}
plugins:
  process: false
  raw:
    plugin: exec
    command: [cat, %(values)s]
    interval: 0.05
    timeout: 10s
    deadline: 10s
    fields: ["raw[name].load f64 %%", "raw[name].total u64 By counter"]
%(filters)s  alert:
    file: %(told)s
    group_wait: 0s
    rules:
      fat: {when: "things[name=new].load > 50", clear: < 20}
pipeline: [%(order)s, alert]
"""
ORDERS = (
    ("label", "rename", "rate", "top", "dedup", "select", "aggregate"),
    ("rename", "aggregate", "select", "dedup", "top", "label"),
    ("select", "label", "rename", "rate", "aggregate", "top", "dedup"),
    ("rename", "rate", "dedup", "aggregate", "top", "select", "label"),
)


class Scene:
    def __init__ (self, home):
        self.home, self.n = home, 0
        self.values, self.told = os.path.join (home.top, "values"), os.path.join (home.top, "told")

    def say (self, load):
        self.n += 1
        rows = {"old": load, "a": 3, "b": 2, "c": 1, "d": 4}
        with open (self.values + ".new", "w", encoding="ascii") as f:
            f.writelines (f"raw {k} load {v}\nraw {k} total {1000 * self.n}\n" for k, v in rows.items ())
        os.rename (self.values + ".new", self.values)

    def config (self, order, every="100ms"):
        renamed = {name: "things" if "rename" in order[:i] else "raw" for i, name in enumerate (order)}
        filters = "".join (FILTERS[name] % {"table": renamed[name], "every": every} for name in order)
        return CONFIG % {"values": self.values, "told": self.told, "filters": filters, "order": ", ".join (order)}


def changes (scene):
    try:
        with open (scene.told, encoding="utf-8") as f:
            return [json.loads (line)["change"] for line in f]
    except FileNotFoundError:
        return []


def wait_more (home, n):
    had = len (home.metrics ())
    kk.wait_for (lambda: len (home.metrics ()) >= had + n, 40, f"{n} more entries")


@kk.test (deadline=180)
def all_of_them (home):
    "all seven filters, alert and the file-writer in one chain, in several orders by reload: nothing fails or is lost, no time is there twice, and what fires is told once"
    s = Scene (home)
    s.say (5)
    with home.daemon (s.config (ORDERS[0])) as d:
        kk.wait_for (lambda: any (e.get ("things") for e in home.metrics ()), 40, "the first entries")
        s.say (80)
        kk.wait_for (lambda: changes (s) == ["fired"], 40, "the alert")
        for turn in range (2 * len (ORDERS)):
            home.config (s.config (ORDERS[(turn + 1) % len (ORDERS)], "60ms" if turn % 2 else "100ms"))
            home.run ("reload").ok ()
            s.say (80)
            wait_more (home, 10)
            for i in [i for i in d.status ()["instances"] if i["kind"] != "input"]: # programs may be late on a busy machine
                kk.equal ((i["failures"], i["dropped"]), (0, 0), f"{i['name']}: {i}")
                kk.equal ([i.get (k, 0) for k in ("lost_rows", "bad_fields", "cut_strings")], [0, 0, 0], f"{i['name']}: {i}")
        kk.equal (changes (s), ["fired"], "nothing new")
        s.say (5)
        kk.wait_for (lambda: changes (s) == ["fired", "cleared"], 40, "it is over")
        d.stop ()
    entries = home.metrics ()
    times = [e["system"]["timestamp"] for e in entries]
    kk.equal (times, sorted (set (times)), "times")
    # In a window without a reading rows are there, and nothing is known of them.
    things = [t for e in entries if (t := {k: v for k, v in e.get ("things", {}).items () if v})]
    kk.check (len (things) > 20, f"rows in many entries: {len (things)} of {len (entries)}")
    kk.check (all (e["system"].get ("site") == "here" and "load_avg_15m" not in e["system"] for e in entries), "label and select", entries)
    kk.equal ([t for t in things if not set (t) <= {"new", "a", "d", "other"}], [], "rename and top")
    kk.check (any (v.get ("total_per_s", 0) > 0 for t in things for v in t.values ()), "rate", things)
    kk.check (len (things) < len (entries), "dedup", (len (things), len (entries)))
    kk.check (any ("alerts" in e for e in entries), "the table alerts")


kk.main ()
