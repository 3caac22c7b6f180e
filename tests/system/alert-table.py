#!/usr/bin/env python3
"""alert changes nothing but to add the table alerts, in the sample that caused it, at every output."""

import os

import kk
from alertkit import Scene, rows

RULES = """      high: {when: probe.load > 90}
      fat: {when: "items[*].size > 1KiB", clear: < 500B}
"""


def entries_by_time (path):
    """The entries of a directory as text of each table but alerts, and the alerts, by the time of their sample."""
    found = {}
    for entry in kk.read_metrics (path):
        found[entry["system"]["timestamp"]] = ({t: repr (v) for t, v in entry.items () if t != "alerts"}, rows (entry))
    return found


def record (home, scene, text, paths):
    """Values that fire and clear, and what is recorded of them in each of the directories."""
    with home.daemon (text) as d:
        for turn in range (8):
            scene.say (load=95, items={"a": 2000, "b": 100 * turn})
            kk.wait_for (lambda: len (scene.told ()) == 4 * turn + 2, 20, "they fire")
            scene.say (load=10, items={"a": 20})
            kk.wait_for (lambda: len (scene.told ()) == 4 * turn + 4, 20, "they clear")
        d.stop ()
    return [entries_by_time (p) for p in paths]


@kk.test
def it_changes_nothing (home):
    "what is recorded of all other tables with alert at the end of an output's chain is what is recorded without it"
    plain = os.path.join (home.top, "plain")
    s = Scene (home, RULES, f"  file-writer: {{pipeline: [alert]}}\n  plain: {{plugin: file-writer, path: {plain}}}\npipeline: []\n",
               limits="    rule_every: 0s\n    message_every: 0s\n")
    judged, without = record (home, s, s.text, [home.data, plain])
    kk.check (len (judged) > 12, "entries", len (judged))
    kk.equal (sorted (judged), sorted (without), "the samples")
    for time, (tables, _) in judged.items ():
        kk.equal (tables, without[time][0], f"tables of {time}")
    kk.check (any (alerts for _, alerts in judged.values ()), "alerts where they are wanted")
    kk.check (not any (alerts for _, alerts in without.values ()), "and nowhere else")


@kk.test
def in_the_very_sample (home):
    "what fires is in the sample that caused it, and in none that did not, at an output of its own chain, too"
    few = os.path.join (home.top, "few")
    s = Scene (home, RULES, f"  less: {{plugin: select, drop_tables: [network]}}\n"
               f"  few: {{plugin: file-writer, path: {few}, pipeline: [less]}}\npipeline: [alert]\n",
               limits="    rule_every: 0s\n    message_every: 0s\n")
    for entries in record (home, s, s.text, [home.data, few]):
        known = [("'load': 95" in t["probe"], a) for t, a in entries.values () if "load" in t.get ("probe", "")]
        kk.check (sum (high for high, _ in known) >= 4 and sum (not high for high, _ in known) >= 4, "entries", known)
        kk.equal ([(high, "high" in a) for high, a in known if high != ("high" in a)], [], "load, and whether it fires")
        kk.check (any ("fat/a" in a for _, a in known), "rows", known)


kk.main ()
