"""What the tests of isolation share."""

import contextlib
import json
import os
import shutil
import threading
import time

import kk

MODULES = os.path.join (kk.BUILD, "tests", "isolate", ".libs")
with open (os.path.join (kk.BUILD, "config.h"), encoding="utf-8") as f:
    SANITIZED = "#define KK_SANITIZED 1" in f.read ()
TICK = 0.1 * kk.SLOW
PLUGINS = ("rogue", "teller", "sieve", "chooser", "mapper", "faulty")


def plugins (home, *names):
    """A directory with the plugins of these tests, and the search path that has it."""
    place = os.path.join (home.top, "plugins")
    os.makedirs (place, mode=0o755, exist_ok=True)
    for name in names or PLUGINS:
        shutil.copy (os.path.join (MODULES, name + ".so"), place)
        os.chmod (os.path.join (place, name + ".so"), 0o755)
    return {"KODE_KRONICAL_PLUGINS": os.environ["KODE_KRONICAL_PLUGINS"] + ":" + place}


def config (home, instances, **more):
    """A daemon.yaml with these instances; without the processes of this machine, which may be any number of any size."""
    text = {"daemon": {"sample_interval": TICK, "data_dir": home.data}, "plugins": {"process": False, **instances}}
    text.update (more)
    return json.dumps (text)


def daemon (home, instances, env=None, **more):
    return home.daemon (config (home, instances, **more), env={**plugins (home), **(env or {})})


def instance (d, name):
    for one in d.status ()["instances"]:
        if one["name"] == name:
            return one
    raise kk.Failed ("no instance " + name)


def child_of (d):
    """PIDs of the processes of isolated plugins."""
    found = []
    for pid in filter (str.isdigit, os.listdir ("/proc")):
        try:
            with open (f"/proc/{pid}/stat", "rb") as f:
                parent = int (f.read ().rsplit (b")", 1)[1].split ()[1])
        except OSError:
            continue
        if parent == d.pid and kk.alive (int (pid)):
            found.append (int (pid))
    return found


def in_sessions (leaders):
    """PIDs of the processes that are in the sessions of these, which themselves may be gone."""
    found = []
    for pid in filter (str.isdigit, os.listdir ("/proc")):
        with contextlib.suppress (OSError):
            with open (f"/proc/{pid}/stat", "rb") as f:
                session = int (f.read ().rsplit (b")", 1)[1].split ()[3])
            if session in leaders and kk.alive (int (pid)):
                found.append (int (pid))
    return found


class Pace:
    """How evenly this machine lets processes run, in a `with`: `lost` is how much longer than asked for sleeps took, in s, but for what is usual."""

    STEP, USUAL = 0.01, 0.01

    def __init__ (self):
        self.lost, self.ended = 0.0, threading.Event ()
        self.thread = threading.Thread (target=self.run)

    def run (self):
        while not self.ended.is_set ():
            began = time.monotonic ()
            time.sleep (self.STEP)
            late = time.monotonic () - began - self.STEP
            self.lost += late if late > self.USUAL else 0

    def __enter__ (self):
        self.thread.start ()
        return self

    def __exit__ (self, *_):
        self.ended.set ()
        self.thread.join ()


def others_go_on (d, pace):
    """The inputs of the daemon itself were read in every tick, and no more ticks were missed than a busy machine takes: two, and twice what it was
    seen to lose. An input or output that holds up the others costs a tick each time, or ten a second."""
    allowed = 2 + int (2 * pace.lost / TICK)
    s = d.status ()
    kk.check (s["ticks"]["missed"] <= allowed, "missed ticks", (s["ticks"], allowed))
    for name in ("cpu", "memory", "net"):
        one = next (i for i in s["instances"] if i["name"] == name)
        kk.equal (one["failures"], 0, "failures of " + name)
        kk.check (one["skipped"] <= allowed, "skipped reads of " + name, (one["skipped"], allowed))
        kk.check (one["calls"] + one["skipped"] >= s["ticks"]["taken"] - 1, "reads of " + name, (one, s["ticks"]))
