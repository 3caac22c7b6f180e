"""As root, the process of an isolated plugin has none of root's capabilities(7), unless its options say which."""

import ctypes
import re

import kk
from isokit import child_of, config, daemon, instance, plugins

SETPCAP, NET_RAW, SYS_PTRACE = 8, 13, 19
PR_CAPBSET_DROP = 24


def sets (pid):
    """CapInh, CapPrm, CapEff, CapBnd and CapAmb of a process."""
    with open (f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        return {name: int (value, 16) for name, value in re.findall (r"^Cap(\w+):\s*(\w+)$", f.read (), re.MULTILINE)}


def of_child (d):
    """The sets of the plugin's process, once it works."""
    kk.wait_for (lambda: instance (d, "rogue")["calls"] > 2, 10, "some reads")
    pids = child_of (d)
    kk.equal (len (pids), 1, "processes of plugins")
    return sets (pids[0])


def expect (found, kept, bounded):
    """It has these, and can get no others."""
    kk.equal ({name: found[name] for name in ("Prm", "Eff", "Inh", "Amb")}, {"Prm": kept, "Eff": kept, "Inh": 0, "Amb": 0}, "its capabilities")
    if bounded:
        kk.equal (found["Bnd"] & ~kept, 0, "its bounding set beyond them")


@kk.test
def none_kept (home):
    "its process has no capability in any set"
    kk.need_root ()
    with daemon (home, {"rogue": {}}) as d:
        own = sets (d.pid)
        if not own["Eff"]:
            kk.skip ("root has no capabilities here")
        expect (of_child (d), 0, own["Eff"] >> SETPCAP & 1)
        kk.contains (instance (d, "rogue")["status"]["process"], "capabilities", "status says so")
        kk.equal (sets (d.pid), own, "the daemon's own stay")


@kk.test
def some_kept (home):
    "it keeps those that its options name, and a reload that names others starts it again"
    kk.need_root ()
    with daemon (home, {"rogue": {"capabilities": ["sys_ptrace", "CAP_NET_RAW"]}}) as d:
        own = sets (d.pid)
        kept = own["Prm"] & (1 << SYS_PTRACE | 1 << NET_RAW)
        if not kept:
            kk.skip ("root has neither of them here")
        expect (of_child (d), kept, own["Eff"] >> SETPCAP & 1)
        home.config (config (home, {"rogue": {"capabilities": []}}))
        home.run ("reload", env=plugins (home)).ok ()
        expect (kk.wait_for (lambda: (found := of_child (d))["Prm"] == 0 and found, 10, "a process without them"), 0, own["Eff"] >> SETPCAP & 1)


@kk.test
def not_there (home):
    "what the daemon does not have itself cannot be kept, and the log says so"
    kk.need_root ()
    libc = ctypes.CDLL (None)
    d = home.daemon (config (home, {"rogue": {"capabilities": ["net_raw"]}}), env=plugins (home),
                     preexec_fn=lambda: libc.prctl (PR_CAPBSET_DROP, NET_RAW, 0, 0, 0))
    with d:
        if sets (d.pid)["Prm"] >> NET_RAW & 1:
            kk.skip ("a capability cannot be taken from root here")
        expect (of_child (d), 0, False)
        kk.contains (home.log (), "the daemon itself does not have the capabilities that this plugin is to keep: net_raw", "the log")


@kk.test
def wrong_name (home):
    "one that a plugin cannot keep is an error that names those it can"
    home.config (config (home, {"rogue": {"capabilities": ["sys_admin"]}}))
    r = home.run ("config", "--check", env=plugins (home))
    kk.equal (r.rc, 1, "exit status")
    kk.contains (r.err, "a plugin cannot keep 'sys_admin'; there are dac_override, dac_read_search, net_admin, net_raw, sys_ptrace, sys_rawio, "
                 "syslog", "what is said")


kk.main ()
