"""The service in a booted system: install, start, reload, kill, stop, uninstall. Each test has a Debian tree of its own
(treekit.py), booted by systemd-nspawn without a network."""

import contextlib
import json
import os
import re
import subprocess
import time

import kk
import treekit

PACKAGES = "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd"
UNIT = "kode-kronical-daemon"
DATA = "/home/alice/.local/share/kode-kronical"
CONFIG = "/home/alice/.config/kode-kronical/daemon.yaml"


class Machine:
    """A booted copy of the tree. With `with`: it is switched off and removed at the end."""

    def __init__ (self, home):
        kk.need_tool ("systemd-nspawn", "nsenter")
        self.home, self.top = home, os.path.join (home.top, "machine")
        treekit.installed (self.top, "tree", PACKAGES, "which a service's sandbox does not let run")
        self.process, self.leader = None, None

    def __enter__ (self):
        self.console = os.path.join (self.home.top, "console")
        with open (self.console, "wb") as f:
            self.process = subprocess.Popen (["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network",
                                              "--console=pipe", "--machine=kk-" + self.home.id[:12], "-D", self.top],
                                             stdin=subprocess.DEVNULL, stdout=f, stderr=f, start_new_session=True)
        try:
            kk.wait_for (self.find_leader, 20, "the first process of the machine")
            kk.wait_for (lambda: self.run ("systemctl", "is-system-running").out.strip () in ("running", "degraded"), 60, "it has booted",
                         0.2)
        except kk.Failed as e:
            with open (self.console, encoding="utf-8", errors="replace") as f:
                text = f.read ()[-1000:]
            self.__exit__ ()
            kk.skip (f"systemd-nspawn does not boot here: {e} {text!r}")
        return self

    def __exit__ (self, *_):
        if self.process.poll () is None:
            self.process.terminate ()
            with contextlib.suppress (subprocess.TimeoutExpired):
                self.process.wait (20)
        if self.process.poll () is None:
            self.process.kill ()
        self.process.wait ()

    def find_leader (self):
        if self.process.poll () is not None:
            raise kk.Failed ("systemd-nspawn has ended")
        with open (f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as f:
            pids = f.read ().split ()
        with open (f"/proc/{pids[0]}/comm", encoding="ascii") as f:
            self.leader = pids[0] if f.read ().strip () == "systemd" else None
        return self.leader

    def run (self, *argv, timeout=120, **env):
        """As root, inside."""
        argv = ["nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "-r", "-w", "env", "-i", "PATH=/usr/local/bin:/usr/sbin:/usr/bin",
                "HOME=/root", *(f"{k}={v}" for k, v in env.items ()), *argv]
        p = subprocess.run (argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout * kk.SLOW,
                            check=False)
        return kk.Result (argv[len (argv) - 3:], p.returncode, p.stdout.decode (errors="replace"), p.stderr.decode (errors="replace"))

    def alice (self, command, **more):
        return self.run ("su", "-l", "alice", "-c", command, **more)

    def sudo (self, *argv):
        return self.run (*argv, SUDO_USER="alice")

    def property (self, name):
        return self.run ("systemctl", "show", "-p", name, "--value", UNIT).out.strip ()

    def active (self):
        return self.property ("ActiveState")

    def path (self, inside):
        return self.top + inside

    def config (self, text):
        path = self.path (CONFIG)
        os.makedirs (os.path.dirname (path), exist_ok=True)
        with open (path, "w", encoding="utf-8") as f:
            f.write (text)
        self.run ("chown", "-R", "alice:alice", "/home/alice")

    def status (self):
        return json.loads (self.alice (f"{UNIT} status --json").out)

    def metrics (self):
        return kk.read_metrics (self.path (DATA))


def not_installed (m):
    kk.check (not os.path.lexists (m.path (f"/etc/systemd/system/{UNIT}.service")), "the unit is not there")
    kk.check (not os.path.lexists (m.path (f"/etc/systemd/system/multi-user.target.wants/{UNIT}.service")), "nothing is enabled")
    kk.equal (m.active (), "inactive", "nothing runs")


@kk.test (deadline=900)
def system_service (home):
    "a system service is installed over a hand-started daemon, reloads, restarts after a kill, stops, is uninstalled"
    with Machine (home) as m:
        r = m.alice ("install-kode-kronical-service")
        kk.check (r.rc == 1 and "root" in r.err, "without root", r)
        m.config ("daemon: {sample_interval: never}\n")
        r = m.sudo ("install-kode-kronical-service")
        kk.equal (r.rc, 1, "with a faulty configuration")
        kk.contains (r.all, "daemon.yaml:1:", "its place")
        not_installed (m)

        m.config ("daemon: {sample_interval: 0.2}\n")
        by_hand = int (re.search (r"PID (\d+)", m.alice (f"{UNIT} start").ok ().out).group (1))
        r = m.sudo ("install-kode-kronical-service").ok ("install")
        kk.contains (r.out, f"stopped (PID {by_hand})", "the hand-started one is stopped")
        kk.contains (r.out, "stands before the packaged one", "the packaged unit is named")
        pid = int (m.property ("MainPID"))
        kk.equal ((m.active (), m.property ("User"), m.property ("UnitFileState")), ("active", "alice", "enabled"), "the unit")
        status = m.status ()
        kk.equal ((status["pid"], status["data_dir"], status["config_file"]), (pid, DATA, CONFIG), "the daemon")
        kk.equal (status["systemd_unit"], UNIT + ".service", "it knows its unit")
        kk.equal (os.stat (m.path (DATA) + "/daemon.log").st_uid, os.stat (m.path ("/home/alice")).st_uid, "the log's owner")

        # Never a second one beside the unit, and stopped through systemd or not at all.
        r = m.alice (f"{UNIT} start")
        kk.check (r.rc == 1 and f"(PID {pid})" in r.err and "systemctl" in r.err, "start beside it", r)
        for verb in ("stop", "restart"):
            r = m.alice (f"{UNIT} {verb}")
            kk.check (r.rc == 1 and f"systemctl {verb}" in r.err, f"{verb} by the user", r)
        kk.equal (m.status ()["pid"], pid, "it goes on")
        m.run (UNIT, "restart", HOME="/home/alice").ok ("restart by root goes through systemd")
        kk.check (m.active () == "active" and int (m.property ("MainPID")) != pid, "restarted")

        m.config ("daemon: {sample_interval: 0.3}\n")
        m.run ("systemctl", "reload", UNIT).ok ("reload")
        kk.equal (m.status ()["interval_seconds"], 0.3, "the new interval")
        m.config ("daemon: {sample_interval: never}\n")
        kk.check (m.run ("systemctl", "reload", UNIT).rc != 0, "reload of a faulty configuration fails")
        kk.equal ((m.active (), m.status ()["interval_seconds"]), ("active", 0.3), "and changes nothing")
        m.config ("daemon: {sample_interval: 0.2}\n")

        pid = m.property ("MainPID")
        m.run ("sh", "-c", "kill -9 " + pid).ok ()
        kk.wait_for (lambda: m.active () == "active" and m.property ("MainPID") not in (pid, "0"), 30, "systemd starts it again")
        kk.wait_for (lambda: len (m.metrics ()) > 0, 20, "it records")

        # The unit's own minute would be long to wait for.
        drop_in = f"/etc/systemd/system/{UNIT}.service.d"
        m.run ("sh", "-c", f"mkdir {drop_in} && printf '[Service]\\nWatchdogSec=10s\\n' >{drop_in}/soon.conf && systemctl daemon-reload").ok ()
        m.run ("systemctl", "restart", UNIT).ok ("restart with a short watchdog")
        pid = m.property ("MainPID")
        m.run ("sh", "-c", "kill -STOP " + pid).ok ()
        kk.wait_for (lambda: m.active () == "active" and m.property ("MainPID") not in (pid, "0"), 60, "one that hangs is started again", 0.2)
        kk.contains (m.run ("journalctl", "-u", UNIT, "--no-pager", "-o", "cat").out, "Watchdog timeout", "who ended it")
        m.run ("sh", "-c", f"rm -r {drop_in} && systemctl daemon-reload && systemctl restart {UNIT}").ok ()

        kk.contains (m.run ("journalctl", "-u", UNIT, "--no-pager", "-o", "cat").out, "ready, PID", "the journal")
        with open (m.path (DATA) + "/daemon.log", encoding="utf-8") as f:
            kk.contains (f.read (), "ready, PID", "daemon.log")
        kk.contains (m.run ("systemctl", "status", "--no-pager", UNIT).out, "Recording", "its status line")

        m.run ("systemctl", "stop", UNIT).ok ()
        kk.equal (m.active (), "inactive", "stopped")
        kk.check (max (e["system"]["timestamp"] for e in m.metrics ()) > time.time () - 20 * kk.SLOW, "everything is on disk")
        kk.equal (m.alice (f"{UNIT} status").rc, 3, "status")
        m.run ("systemctl", "start", UNIT).ok ()

        m.sudo ("install-kode-kronical-service").ok ("install again")
        r = m.sudo ("install-kode-kronical-service", "uninstall").ok ("uninstall")
        kk.contains (r.out, "stay", "it says what stays")
        not_installed (m)
        kk.check (os.path.exists (m.path (CONFIG)) and m.metrics (), "configuration and data stay")
        m.sudo ("install-kode-kronical-service", "uninstall", "--purge").ok ("uninstall again, with everything")
        kk.check (not os.path.exists (m.path (CONFIG)) and not os.path.exists (m.path (DATA)), "configuration and data are gone")
        kk.check (os.path.isdir (m.path ("/home/alice/.local/share")), "and nothing more")


@kk.test (deadline=900)
def python_service (home):
    "the Python library's service of the same name is stopped through systemd, and replaced by ours"
    with Machine (home) as m:
        m.config ("daemon: {sample_interval: 0.2}\n")
        m.alice (f"mkdir -p {DATA} bin")
        with open (m.path ("/home/alice/bin/" + UNIT), "w", encoding="utf-8") as f:
            f.write (f"echo $$ >{DATA}/daemon.pid\nwhile :; do sleep 1; done\n")
        with open (m.path (f"/etc/systemd/system/{UNIT}.service"), "w", encoding="utf-8") as f:
            f.write (f"[Service]\nUser=alice\nRestart=always\nExecStart=/bin/bash -c 'exec -a python3 bash /home/alice/bin/{UNIT} start'\n"
                     "[Install]\nWantedBy=multi-user.target\n")
        m.run ("systemctl", "enable", "--now", UNIT).ok ()
        kk.wait_for (lambda: os.path.exists (m.path (DATA + "/daemon.pid")), 10, "its PID file")
        r = m.alice (f"{UNIT} start")
        kk.check (r.rc == 1 and f"PID {m.property ('MainPID')}" in r.err, "start beside it", r)
        r = m.alice (f"{UNIT} stop")
        kk.check (r.rc == 1 and "systemctl stop" in r.err, "stop by the user", r)
        m.run (UNIT, "stop", HOME="/home/alice").ok ("stop by root")
        kk.equal (m.active (), "inactive", "stopped for good")
        m.run ("systemctl", "start", UNIT).ok ()
        m.sudo ("install-kode-kronical-service").ok ("install")
        kk.equal (m.status ()["pid"], int (m.property ("MainPID")), "ours runs now")
        m.sudo ("install-kode-kronical-service", "uninstall").ok ()
        not_installed (m)


@kk.test (deadline=900)
def user_service (home):
    "a user's own service: install, restart through systemd, uninstall"
    with Machine (home) as m:
        m.config ("daemon: {sample_interval: 0.2}\n")
        r = m.alice (f"{UNIT} install")
        if r.rc and "cannot be reached" in r.err:
            kk.skip ("no user manager in this machine")
        r.ok ("install")
        systemctl = f"XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user show -p MainPID --value {UNIT}"
        pid = int (m.alice (systemctl).out)
        kk.equal (m.status ()["pid"], pid, "the daemon")
        kk.check (m.sudo ("install-kode-kronical-service").rc == 1, "no system service beside it")
        not_installed (m)
        m.alice (f"{UNIT} restart").ok ("restart")
        kk.check (int (m.alice (systemctl).out) not in (pid, 0), "restarted by systemd")
        m.alice (f"{UNIT} stop").ok ("stop")
        kk.equal (m.alice (f"{UNIT} status").rc, 3, "status")
        with open (m.path (DATA) + "/precious", "w", encoding="utf-8") as f:
            f.write ("not ours")
        m.alice (f"{UNIT} uninstall --purge").ok ("uninstall")
        kk.equal (os.listdir (m.path (DATA)), ["precious"], "what is left of the data")
        kk.check (not os.path.exists (m.path (CONFIG)), "the configuration is gone")
        kk.check (not os.path.exists (m.path (f"/home/alice/.config/systemd/user/{UNIT}.service")), "the unit is gone")


@kk.test (deadline=900)
def packaged_unit (home):
    "the packaged unit runs with a user of its own and records to /var/lib/kode-kronical"
    with Machine (home) as m:
        m.run ("systemd-sysusers").ok ()
        m.run ("systemd-tmpfiles", "--create", "kode-kronical.conf").ok ()
        m.run ("systemctl", "daemon-reload").ok ()
        r = m.run ("systemctl", "start", UNIT)
        kk.check (r.rc == 0, "start", m.run ("journalctl", "-u", UNIT, "--no-pager", "-o", "cat").out)
        kk.equal (m.property ("User"), "kode-kronical", "its user")
        kk.wait_for (lambda: os.path.exists (m.path ("/var/lib/kode-kronical/daemon.pid")), 10, "its PID file")
        kk.contains (m.run (UNIT, "status").out, "systemctl status", "root is told where to look")
        m.run ("systemctl", "reload", UNIT).ok ("reload")
        kk.wait_for (lambda: kk.ask (m.path ("/var/lib/kode-kronical"), "status")["ticks"]["taken"] > 2, 10, "some ticks")
        m.run ("systemctl", "stop", UNIT).ok ("stop")
        kk.check (kk.read_metrics (m.path ("/var/lib/kode-kronical")), "what was collected is there")


kk.main ()
