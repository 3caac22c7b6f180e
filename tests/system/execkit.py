"""What the tests of the input exec share."""

import ctypes
import json
import os
import platform
import struct
import sys

import kk

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 38, 22
PRCTL = {"x86_64": 157, "aarch64": 167}.get (platform.machine ())
libc = ctypes.CDLL (None, use_errno=True)
DAEMON = "daemon: {sample_interval: 0.2, track_processes: [], auto_track_python: false}\n"


def samples (home, n=5):
    with kk.Connection (home.data) as c:
        c.send ("samples", last=n)
        found = []
        while "end" not in (line := c.receive ()):
            found.append (line)
    return found


def plugin (home, script, more, name="mine", fields="thing[key].value u64", python=sys.executable):
    """An instance that runs a Python script."""
    path = home.write (f"{name}.py", "import os, sys, time\n" + script)
    return f"  {name}: {{plugin: exec, command: ['{python}', '{path}'], fields: ['{fields}'], timeout: 20s, deadline: 20s, {more}}}\n"


def schema (home):
    with open (os.path.join (home.data, "schema.json"), encoding="utf-8") as f:
        return json.load (f)["tables"]


def latest (home, table):
    return kk.wait_for (lambda: samples (home, 1)[0].get (table), 25, f"the table {table}")


def log_has (home, *parts):
    return kk.wait_for (lambda: all (p in home.log () for p in parts), 25, f"{parts} in the log")


def pids (home, name):
    """Processes that have this test's file in their command line."""
    path, found = os.path.join (home.path, name), []
    for pid in filter (str.isdigit, os.listdir ("/proc")):
        try:
            with open (f"/proc/{pid}/cmdline", "rb") as f:
                if path.encode () in f.read ().split (b"\0") and kk.alive (pid):
                    found.append (int (pid))
        except OSError:
            pass
    return found


def without (call, argument=None):
    """A function for a new process in which this system call, with this first argument, is not there any more."""
    words = [(0x20, 0, 0, 0), (0x15, 0, 3 if argument is not None else 1, call)]
    words += [(0x20, 0, 0, 16), (0x15, 0, 1, argument)] if argument is not None else []
    words += [(6, 0, 0, 0x50000 | 38), (6, 0, 0, 0x7fff0000)]
    code = ctypes.create_string_buffer (b"".join (struct.pack ("HBBI", *w) for w in words))
    program = ctypes.create_string_buffer (struct.pack ("HxxxxxxP", len (words), ctypes.addressof (code)))

    def take_away ():
        libc.prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if libc.prctl (PR_SET_SECCOMP, 2, program, 0, 0, code) < 0:
            os._exit (99)
    return take_away
