"""What the tests of alert and of its command share: a daemon whose values a file says, and what it told."""

import json
import os

import kk

CONFIG = """daemon: {sample_interval: %(interval)s}
plugins:
  process: false
  probe:
    plugin: exec
    command: [cat, %(values)s]
    fields: ["probe.load f64 %%", "probe.spare f64 %%", "items[name].size f64 By"]
    timeout: 10s
    deadline: 10s
  alert:
    file: %(told)s
    group_wait: 0s
%(limits)s    rules:
%(rules)s
"""
UNLIMITED = "    rule_every: 0s\n    message_every: 0s\n"
BUSY = """      busy: {when: probe.load > 90, for: 300ms, clear: < 80 for 300ms, severity: critical, text: "{rule} on {host}: {value} {unit}"}
"""
ITEMS = """      big: {when: "items[a*].size > 1KiB"}
"""


class Scene:
    """A daemon whose values a file says, and what it told. limits: the lines of alert's options that say how much it may tell."""

    def __init__ (self, home, rules, more="", interval=0.1, limits=""):
        self.home = home
        self.values, self.told_file = os.path.join (home.top, "values"), os.path.join (home.top, "told")
        self.say (load=10)
        self.text = CONFIG % {"values": self.values, "told": self.told_file, "rules": rules, "interval": interval, "limits": limits} + more

    def say (self, items=None, **values):
        lines = [f"probe {k} {v}\n" for k, v in values.items ()] + [f"items {k} size {v}\n" for k, v in (items or {}).items ()]
        with open (self.values + ".new", "w", encoding="utf-8") as f:
            f.writelines (lines)
        os.rename (self.values + ".new", self.values)

    def told (self):
        try:
            with open (self.told_file, encoding="utf-8") as f:
                return [json.loads (line) for line in f]
        except FileNotFoundError:
            return []

    def changes (self):
        return [(m["rule"], m["change"]) for m in self.told ()]

    def wait (self, *changes):
        kk.wait_for (lambda: len (self.changes ()) >= len (changes), 20, f"{changes}")
        kk.equal (self.changes (), list (changes), "what was told")

    def alerts (self, *args, **more):
        return self.home.run ("alerts", *args, **more)

    def list (self):
        """Of each rule and row what the list says."""
        answer = self.alerts ("--json").ok ().json ()
        return {(a["rule"], a["row"]): a for a in answer["alerts"]}

    def states (self):
        return {k[0] + ("/" + k[1] if k[1] else ""): a["state"] for k, a in self.list ().items ()}

    def wait_states (self, **states):
        kk.wait_for (lambda: {k: v for k, v in self.states ().items () if k in states} == states, 30, f"{states}")

    def samples (self, n=200):
        with kk.Connection (self.home.data) as c:
            c.send ("samples", last=n)
            found = []
            while "end" not in (line := c.receive ()):
                found.append (line)
        return found

    def wait_samples (self, d, n):
        """Until n more samples were judged."""
        count = lambda: next (i for i in d.status ()["instances"] if i["name"] == "alert")["calls"]
        first = count ()
        kk.wait_for (lambda: count () >= first + n, 30, "samples")


def rows (sample):
    return sample.get ("alerts") or {}
