"""What the tests of isolation share."""

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
PLUGINS = ("rogue", "teller", "sieve", "chooser")


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


def daemon (home, instances, **more):
    return home.daemon (config (home, instances, **more), env=plugins (home))


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


class Pace:
    """How evenly this machine lets processes run, in a `with`: `worst` is the longest that a sleep took too long, in s."""

    STEP = 0.01

    def __init__ (self):
        self.worst, self.ended = 0.0, threading.Event ()
        self.thread = threading.Thread (target=self.run)

    def run (self):
        while not self.ended.is_set ():
            began = time.monotonic ()
            time.sleep (self.STEP)
            self.worst = max (self.worst, time.monotonic () - began - self.STEP)

    def __enter__ (self):
        self.thread.start ()
        return self

    def __exit__ (self, *_):
        self.ended.set ()
        self.thread.join ()


def others_go_on (d, pace):
    """No tick was missed, and the inputs of the daemon itself were read in every one; as far as the machine lets it."""
    s = d.status ()
    if pace.worst > TICK / 2:
        print (f"# this machine stood still for {pace.worst:.3f} s: ticks are not counted")
        return
    kk.equal (s["ticks"]["missed"], 0, "missed ticks")
    for name in ("cpu", "memory", "net"):
        one = next (i for i in s["instances"] if i["name"] == name)
        kk.equal ((one["failures"], one["skipped"]), (0, 0), "failures and skipped reads of " + name)
        kk.check (one["calls"] >= s["ticks"]["taken"] - 1, "reads of " + name, (one["calls"], s["ticks"]))
