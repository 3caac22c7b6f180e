"""A daemon whose values a file says, with rules on them."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios

import kk

CONFIG = """daemon: {sample_interval: %(interval)s}
plugins:
  process: false
  net: false
  probe:
    plugin: exec
    command: [cat, %(values)s]
    fields: ["probe.load f64 %%", "probe.spare f64 %%", "items[name].size f64 By"]
    timeout: 10s
    deadline: 10s
  alert:
    file: %(told)s
    group_wait: 0s
    rule_every: 0s
    message_every: 0s
    rules:
%(rules)s
"""


class Scene:
    def __init__ (self, home, rules, more="", interval=0.1):
        self.home = home
        self.values, self.told_file = os.path.join (home.top, "values"), os.path.join (home.top, "told")
        self.say (load=10)
        self.text = CONFIG % {"values": self.values, "told": self.told_file, "rules": rules, "interval": interval} + more

    def say (self, items=None, **values):
        lines = [f"probe {k} {v}\n" for k, v in values.items ()] + [f"items {k} size {v}\n" for k, v in (items or {}).items ()]
        with open (self.values + ".new", "w", encoding="utf-8") as f:
            f.writelines (lines)
        os.rename (self.values + ".new", self.values)

    def told (self):
        try:
            with open (self.told_file, encoding="utf-8") as f:
                return [(m["rule"], m["change"]) for m in map (json.loads, f)]
        except FileNotFoundError:
            return []

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

    def wait_samples (self, d, n):
        count = lambda: next (i for i in d.status ()["instances"] if i["name"] == "alert")["calls"]
        first = count ()
        kk.wait_for (lambda: count () >= first + n, 30, "samples")


def on_terminal (home, columns, *args, **env):
    """What a command prints on a terminal of that width: its lines."""
    master, slave = pty.openpty ()
    try:
        fcntl.ioctl (slave, termios.TIOCSWINSZ, struct.pack ("HHHH", 24, columns, 0, 0))
        p = home.spawn (*home.command (args), stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env={"TERM": "xterm", **env})
        os.close (slave)
        slave = -1
        text = b""
        try:
            while part := os.read (master, 65536):
                text += part
        except OSError:
            pass  # nobody has the other end any more
        kk.equal (p.wait (30 * kk.SLOW), 0, f"exit status of {args}")
    finally:
        os.close (master)
        if slave >= 0:
            os.close (slave)
    return text.decode ("utf-8").replace ("\r\n", "\n").splitlines ()


def plain (line):
    return re.sub ("\033\\[[0-9;]*m", "", line)
