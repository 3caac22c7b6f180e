#!/usr/bin/env python3
"""alert: a daemon that is killed while a state wants to last goes on with it: the time away counts for nothing, and each is told once."""

import time

import kk
from alertkit import Scene, rows
import filekit

RULES = "      busy: {when: probe.load > 90, for: 5m, clear: < 80 for 5m}\n"
LASTS = 300
AWAY = 3600


def row (scene):
    found = scene.samples (1)
    return rows (found[0]).get ("busy") if found else None


def times (scene, state):
    """Of the samples that the daemon still has, those with that state."""
    return [s["timestamp"] for s in scene.samples () if (rows (s).get ("busy") or {}).get ("state") == state]


def killed_in (home, scene, shim, state, load, change):
    """The daemon is killed when it has been in that state for half of the time. What it saw of it before, and then again, is all of
    the time; each is taken from the samples, and rather too long than too short."""
    with home.daemon (scene.text, env=shim.env ()) as d:
        scene.say (load=load)
        kk.wait_for (lambda: (row (scene) or {}).get ("state") == state, 30, state)
        begin = times (scene, state)[0]
        since = row (scene)["since"]
        kk.wait_for (lambda: times (scene, state)[-1] > begin + LASTS / 2, 60, "half of the time")
        kk.equal (row (scene)["state"], state, "it lasts")
        d.kill ()
    ran = time.time () + shim.ahead () - begin
    before = len (scene.told ())
    shim.step (AWAY)
    with home.daemon (scene.text, env=shim.env ()) as d:
        found = kk.wait_for (lambda: row (scene), 30, "it is known")
        kk.equal ((found["state"], found["since"]), (state, since), "and as it was")
        first = times (scene, state)[0]
        kk.wait_for (lambda: len (scene.told ()) > before, 60, change)
        lasted = scene.told ()[before]["time"] - first
        kk.equal ([c[1] for c in scene.changes ()[before:]], [change], "what is told")
        d.stop ()
    kk.check (ran + lasted > LASTS - 1, f"{change}: the time away counted", (ran, lasted))


@kk.test (deadline=180)
def killed_in_pending_and_clearing (home):
    "kill -9 in pending and in clearing: the state, and since when, are kept; it fires and clears once, after the rest of its time"
    shim = filekit.Shim (home)
    shim.faster (max (2, round (60 / kk.SLOW)))
    s = Scene (home, RULES, interval=2)
    killed_in (home, s, shim, "pending", 95, "fired")
    killed_in (home, s, shim, "clearing", 10, "cleared")
    kk.equal (s.changes (), [("busy", "fired"), ("busy", "cleared")], "all that was told")


kk.main ()
