"""start, stop, restart: one daemon per data directory, by its lock; PID files that lie; odd surroundings."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

import kk

FAST = "daemon: {sample_interval: 0.1}\n"


def pid_of (home):
    with open (home.pid_file, encoding="ascii") as f:
        return int (f.read ())


def started (home, *args, **more):
    home.run ("start", *args, **more).ok ("start")
    return pid_of (home)


def stopped (home):
    home.run ("stop").ok ("stop")
    kk.equal (home.run ("status").rc, 3, "status after stop")
    # A process lets go of its lock a moment before it is gone.
    kk.wait_for (lambda: set (home.processes ()) <= {p.pid for p in home.children}, 10, "all processes to be gone")
    kk.check ("Sanitizer" not in home.log (), "no sanitizer complains", home.log ()[-2000:])


@kk.test
def start_and_stop (home):
    "start returns when the daemon is ready and detached, stop when all is on disk"
    home.config (FAST)
    r = home.run ("start").ok ()
    pid = pid_of (home)
    kk.contains (r.out, str (pid), "start says the PID")
    kk.equal (home.ask ("status")["pid"], pid, "it answers at once")
    kk.equal (os.getsid (pid), pid, "a session of its own")
    kk.equal (os.readlink (f"/proc/{pid}/cwd"), "/", "its working directory")
    kk.equal (os.readlink (f"/proc/{pid}/fd/0"), "/dev/null", "stdin")
    for fd in "12":
        kk.equal (os.readlink (f"/proc/{pid}/fd/{fd}"), os.path.realpath (home.log_file), "stdout and stderr go to the log")
    kk.equal (os.stat (home.data).st_mode & 0o777, 0o700, "mode of the data directory")
    for name in ("daemon.log", "daemon.pid", "daemon.lock"):
        kk.equal (os.stat (os.path.join (home.data, name)).st_mode & 0o777, 0o600, f"mode of {name}")
    kk.wait_for (lambda: home.ask ("status")["ticks"]["taken"] > 3, 10, "some ticks")
    home.run ("stop").ok ()
    kk.check (not os.path.exists (home.pid_file), "the PID file is gone")
    kk.check (not kk.alive (pid), "the process is gone")
    kk.check (len (home.metrics ()) >= 2, "what was collected is on disk", len (home.metrics ()))
    for word in ("starts", "ready", "stopping", "ended"):
        kk.contains (home.log (), word, "the log")


@kk.test
def second_start (home):
    "a second start says so with the PID and does no harm"
    home.config (FAST)
    pid = started (home)
    for args in (("start",), ("start", "--foreground")):
        r = home.run (*args)
        kk.equal (r.rc, 1, "exit status")
        kk.contains (r.err, f"already running (PID {pid})", "the answer")
    kk.equal (pid_of (home), pid, "the PID file")
    kk.equal (home.ask ("status")["pid"], pid, "the daemon")
    stopped (home)


@kk.test
def simultaneous_starts (home):
    "of simultaneous starts exactly one wins, and each says the same PID"
    home.config (FAST)
    for _ in range (3):
        all_of_them = [subprocess.Popen (home.command (["start"]), env=home.env (), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                       for _ in range (5)]
        out = [p.communicate (timeout=60 * kk.SLOW)[0].decode () for p in all_of_them]
        kk.equal (sorted (p.returncode for p in all_of_them), [0, 1, 1, 1, 1], f"exit statuses ({out})")
        pid = pid_of (home)
        for text in out:
            kk.contains (text, f"(PID {pid})", "the answer")
        kk.equal (home.processes (), [pid], "one process")
        stopped (home)


@kk.test
def start_while_one_ends (home):
    "start waits for a daemon that is just ending"
    home.config (FAST)
    for _ in range (5):
        pid = started (home)
        os.kill (pid, signal.SIGTERM)
        home.run ("start").ok ("start right after SIGTERM")
        kk.check (pid_of (home) != pid, "a new one")
        stopped (home)


@kk.test
def restart_keeps_options (home):
    "restart keeps the options, and a faulty configuration leaves the old daemon alone"
    path = home.write ("my config.yaml", "daemon: {sample_interval: 0.1}\n")
    first = started (home, "--debug", "-c", path)
    kk.contains (home.log (), " debug ", "--debug")
    home.run ("restart").ok ()
    second = pid_of (home)
    kk.check (second != first, "another process")
    kk.equal (home.ask ("status")["config_file"], path, "the configuration of before")
    os.truncate (home.log_file, 0)
    home.run ("restart").ok ()
    kk.contains (home.log (), " debug ", "--debug is kept")
    pid = pid_of (home)
    home.write ("my config.yaml", "daemon: {sample_interval: never}\n")
    r = home.run ("restart")
    kk.equal (r.rc, 1, "a faulty configuration")
    kk.contains (r.err, "my config.yaml:1:", "the place of the fault")
    kk.contains (r.err, f"(PID {pid}) goes on", "the old one")
    kk.equal (home.ask ("status")["pid"], pid, "the old one")
    stopped (home)
    home.write ("my config.yaml", FAST)
    home.run ("restart", "-c", path).ok ("restart of nothing is a start")
    stopped (home)


@kk.test
def reload_of_another_file (home):
    "reload with -c of a file that the running daemon does not read says so, and changes nothing"
    home.config (FAST)
    other = home.write ("other.yaml", f"daemon: {{data_dir: {home.data}, sample_interval: 0.2}}\n")
    pid = started (home)
    for more in ((), ("--dry-run",)):
        r = home.run ("-c", other, "reload", *more)
        kk.check (r.rc == 1 and not r.out, f"reload {more}", r)
        kk.contains (r.err, f"reads {home.config_file}, not {other}; restart with it: kode-kronical-daemon -c {other} restart", f"reload {more}")
    kk.equal (home.ask ("status")["interval_seconds"], 0.1, "the interval")
    os.symlink (home.config_file, home.path + "/link.yaml")
    for same in (home.config_file, home.path + "/link.yaml", "link.yaml"):
        home.run ("-c", same, "reload").ok (same)
    home.run ("-c", other, "restart").ok ("restart")
    kk.equal (home.ask ("status")["interval_seconds"], 0.2, "the interval after a restart")
    home.run ("-c", other, "reload").ok ("reload of what it was restarted with")
    r = home.run ("-c", home.config_file, "reload")
    kk.check (r.rc == 1 and f"reads {other}" in r.err, "reload of the first", r)
    kk.check (pid_of (home) != pid, "another process")
    stopped (home)
    os.unlink (home.config_file)
    started (home)
    home.config (FAST)
    home.run ("-c", home.config_file, "reload").ok ("a file that is found now")
    kk.equal (home.ask ("status")["interval_seconds"], 0.1, "the interval of the file")
    stopped (home)


@kk.test
def start_tells_the_reason (home):
    "a start that fails says why on stderr, and leaves nothing running"
    home.config ("daemon: {sample_intervall: 1}\n")
    r = home.run ("start")
    kk.equal ((r.rc, r.out), (1, ""), "a misspelt key")
    kk.contains (r.err, "daemon.yaml:1:10:", "its place")
    kk.contains (r.err, "sample_interval", "the nearest key")
    home.config ("daemon: {data_dir: /proc/kk/none}\n")
    r = home.run ("start")
    kk.equal (r.rc, 1, "a directory that cannot be made")
    kk.contains (r.err, "/proc/kk", "the directory")
    home.config ("daemon: {log_file: /proc/kk/daemon.log}\n")
    r = home.run ("start")
    kk.equal (r.rc, 1, "a log that cannot be opened")
    kk.contains (r.err, "/proc/kk", "the log")
    home.config (FAST)
    os.makedirs (home.data + "/daemon.pid/x")
    r = home.run ("start")
    kk.equal (r.rc, 1, "a PID file that cannot be written")
    kk.contains (r.err, "daemon.pid", "the PID file")
    kk.wait_for (lambda: not home.processes (), 10, "all processes to be gone")


@kk.test
def warnings_reach_the_log (home):
    "what a configuration is warned of at the start stands in the log too, and in the foreground is said once"
    warning = "section 'export' has no effect"
    config = FAST + "\nexport: {format: csv}\n"
    home.config (config)
    r = home.run ("start").ok ()
    kk.contains (r.err, f"warning: {warning}", "on the terminal")
    kk.contains (home.log (), warning, "in the log")
    stopped (home)
    with home.daemon (config) as d:
        kk.equal (d.err ().count (warning), 1, "in the foreground")


@kk.test
def a_pid_file_without_a_place (home):
    "a PID file that cannot be is not blamed on the log"
    home.config ("daemon: {pid_file: /proc/nowhere/x.pid}\n")
    r = home.run ("start")
    kk.equal (r.rc, 1, "start")
    kk.contains (r.err, "pid_file /proc/nowhere/x.pid", "start")


@kk.test
def stale_pid_files (home):
    "a stale PID file is status 1 and blocks nothing"
    home.config (FAST)
    dead = subprocess.Popen (["true"])
    dead.wait ()
    for text in (str (dead.pid), str (dead.pid) + "\n", "", "rubbish\n", "-1\n", "0\n", "999999999999999999999\n"):
        home.write (home.pid_file, text)
        kk.equal (home.run ("status").rc, 1, f"status with {text!r}")
        kk.equal (home.run ("status", "--json").json ()["state"], "stale", f"status --json with {text!r}")
        pid = started (home)
        kk.equal (home.ask ("status")["pid"], pid, "the daemon")
        stopped (home)
    home.write (home.pid_file, str (dead.pid))
    home.run ("stop").ok ("stop with a stale PID file")


@kk.test
def pid_of_a_stranger (home):
    "a PID that belongs to another program now is never killed and blocks nothing"
    home.config (FAST)
    strangers = [home.spawn ("sleep", "600"), home.spawn (sys.executable, "-c", "import time; time.sleep (600)"),
                 home.spawn (sys.executable, "-c", "import time; time.sleep (600)", "kode-kronical-daemon.yaml")]
    for stranger in strangers:
        home.write (home.pid_file, f"{stranger.pid}\n")
        kk.equal (home.run ("status").rc, 1, "status")
        home.run ("stop").ok ("stop")
        kk.equal (stranger.poll (), None, "the stranger after stop")
        home.write (home.pid_file, f"{stranger.pid}\n")
        home.run ("restart").ok ("restart")
        kk.check (pid_of (home) != stranger.pid, "the PID file is ours")
        home.write (home.pid_file, f"{stranger.pid}\n")
        home.run ("stop").ok ("stop of ours while the file names the stranger")
        kk.equal (stranger.poll (), None, "the stranger in the end")
        home.write (home.pid_file, f"{stranger.pid}\n")
        pid = started (home)
        kk.check (pid != stranger.pid, "start is not blocked")
        stopped (home)
        kk.equal (stranger.poll (), None, "the stranger in the end")


@kk.test
def unreadable_configuration (home):
    "a configuration that has become no YAML does not hide a running daemon, and elsewhere is not passed over in silence"
    home.config (FAST)
    pid = started (home)
    home.config ("daemon: [\n")
    kk.contains (home.run ("status").ok ().out, str (pid), "status while it runs")
    stopped_words = home.run ("stop").ok ()
    kk.equal (stopped_words.err, "", "stop finds it")
    for command, rc in (("status", 3), ("stop", 0)):
        r = home.run (command)
        kk.equal (r.rc, rc, command)
        kk.contains (r.err, "config --check", command)
        kk.contains (r.err, home.data, command)


@kk.test
def killed_daemon (home):
    "after kill -9 the lock is free, whatever its file says"
    home.config (FAST)
    pid = started (home)
    os.kill (pid, signal.SIGKILL)
    kk.wait_for (lambda: not kk.alive (pid), 10, "its end")
    kk.equal (home.run ("status").rc, 1, "status")
    kk.check (started (home) != pid, "a new one")
    stopped (home)


def soon (pid, seconds):
    """In how many seconds a daemon sees what becomes of its files: where others have taken all instances of inotify, it looks every 5 s."""
    instances = 0
    for fd in os.listdir (f"/proc/{pid}/fd"):
        with contextlib.suppress (FileNotFoundError):
            instances += os.readlink (f"/proc/{pid}/fd/{fd}") == "anon_inode:inotify"
    return seconds if instances > 1 else 15


@kk.test
def files_deleted_while_running (home):
    "PID file and lock deleted while it runs: written again, and never a second daemon"
    home.config (FAST)
    pid = started (home)
    os.unlink (home.pid_file)
    os.unlink (home.data + "/daemon.lock")
    r = home.run ("start")
    kk.equal (r.rc, 1, "start without lock and PID file")
    kk.contains (r.err, f"(PID {pid})", "the answer")
    kk.equal (home.run ("status").rc, 0, "status")
    kk.wait_for (lambda: pid_of (home) == pid, 20, "the PID file is there again")
    kk.wait_for (lambda: os.path.getsize (home.data + "/daemon.lock") > 0, 20, "the lock is there again")
    kk.contains (home.run ("start").err, f"(PID {pid})", "start afterwards")
    home.write (home.pid_file, "1\n")
    kk.wait_for (lambda: pid_of (home) == pid, soon (pid, 2), "the PID file is right again, and at once")
    os.unlink (home.pid_file)
    kk.wait_for (lambda: os.path.exists (home.pid_file) and pid_of (home) == pid, soon (pid, 2), "the PID file is there again, and at once")
    for name in ("daemon.lock", "daemon.sock", "daemon.log"):
        os.unlink (os.path.join (home.data, name))
        kk.wait_for (lambda: os.path.exists (os.path.join (home.data, name)), soon (pid, 4), f"{name} is there again, and at once")
    os.kill (pid, signal.SIGUSR2)
    kk.equal (home.run ("status").rc, 0, "SIGUSR2 means nothing")
    stopped (home)


@kk.test
def directory_moved_while_running (home):
    "the data directory moved away while it runs: the places are made again at once"
    home.config (FAST)
    pid = started (home)
    os.rename (home.data, home.data + ".old")
    kk.wait_for (lambda: all (os.path.exists (os.path.join (home.data, n)) for n in ("daemon.lock", "daemon.sock", "daemon.log")), soon (pid, 4), "they are there")
    kk.wait_for (lambda: pid_of (home) == pid, soon (pid, 4), "and the PID file")
    stopped (home)


@kk.test
def directory_deleted_while_running (home):
    "the data directory deleted while it runs: made again with lock, PID file and socket"
    home.config (FAST)
    pid = started (home)
    shutil.rmtree (home.data, ignore_errors=True)
    for name in ("daemon.lock", "daemon.pid", "daemon.sock"):
        kk.wait_for (lambda: os.path.exists (os.path.join (home.data, name)), 20, f"{name} is there again")
    kk.equal (pid_of (home), pid, "the PID in it")
    kk.contains (home.run ("start").err, f"(PID {pid})", "start afterwards")
    kk.wait_for (lambda: home.run ("status").rc == 0, 20, "status", step=0.2)
    stopped (home)


@kk.test
def place_taken_while_running (home):
    "of two daemons on one data directory the one whose lock was deleted ends, and leaves the other's files alone"
    home.config (FAST)
    first = started (home)
    os.kill (first, signal.SIGSTOP)
    for name in ("daemon.lock", "daemon.pid", "daemon.sock"):
        os.unlink (os.path.join (home.data, name))
    second = started (home)
    kk.check (second != first, "another daemon")
    os.kill (first, signal.SIGCONT)
    kk.wait_for (lambda: not kk.alive (first), 30, "the first one ends")
    kk.contains (home.log (), "another daemon on the same data directory", "the log")
    kk.equal (pid_of (home), second, "the PID file")
    kk.equal (home.run ("status", "--json").ok ().json ()["pid"], second, "status")
    home.metrics ()
    stopped (home)


@kk.test
def shared_pid_file (home):
    "two daemons with data directories of their own and one PID file: the later one has it, then the other again"
    pids = []
    for name in ("a", "b"):
        path = home.write (f"{name}.yaml", f"daemon: {{sample_interval: 0.1, data_dir: ~/{name}, pid_file: ~/shared.pid}}\n")
        home.run ("-c", path, "start").ok (name)
        pids.append (home.run ("-c", path, "status", "--json").ok ().json ()["pid"])
    read = lambda name: open (os.path.join (home.path, name), encoding="utf-8").read ()
    kk.wait_for (lambda: f"PID {pids[1]}: give each a pid_file" in read ("a/daemon.log"), 20, "the first one says so")
    kk.equal (int (read ("shared.pid")), pids[1], "the PID file")
    home.run ("-c", home.path + "/b.yaml", "stop").ok ()
    kk.wait_for (lambda: os.path.exists (home.path + "/shared.pid") and read ("shared.pid") == f"{pids[0]}\n", 20, "the first one's again")
    home.run ("-c", home.path + "/a.yaml", "stop").ok ()
    kk.check (not os.path.exists (home.path + "/shared.pid"), "the PID file is gone")


@kk.test
def hangs (home):
    "a daemon that does not answer: status 4 within a bounded time, stop ends it"
    home.config (FAST)
    pid = started (home)
    os.kill (pid, signal.SIGSTOP)
    begin = time.monotonic ()
    r = home.run ("status")
    kk.equal (r.rc, 4, "status")
    kk.contains (r.out, str (pid), "with its PID")
    kk.contains (r.out, "restart", "with what to do")
    kk.check (time.monotonic () - begin < 15 * kk.SLOW, "within a bounded time")
    r = home.run ("start")
    kk.equal (r.rc, 1, "start")
    kk.contains (r.err, f"(PID {pid})", "start")
    stopped (home)


def stand_in (home, *argv):
    """A program that runs until it is told to end, with a command line of its own."""
    code = "import signal, sys, time\nsignal.signal (signal.SIGTERM, lambda *_: sys.exit (0))\nprint ('up', flush=True)\ntime.sleep (600)\n"
    script = home.write ("bin/kode-kronical-daemon", code)
    home.write ("lib/kode_kronical/__init__.py", "")
    home.write ("lib/kode_kronical/daemon.py", code)
    p = home.spawn (sys.executable, *(script if a == "SCRIPT" else a for a in argv), stdout=subprocess.PIPE,
                    env={"PYTHONPATH": home.path + "/lib"})
    kk.equal (p.stdout.readline (), b"up\n", "the stand-in runs")
    home.write (home.pid_file, str (p.pid))
    return p


@kk.test
def python_daemon (home):
    "a running Python daemon is recognised: start refuses with its PID, stop stops it"
    home.config (FAST)
    for argv in (("SCRIPT", "start"), ("-u", "SCRIPT", "-c", "x.yaml", "start"), ("-m", "kode_kronical.daemon", "start")):
        p = stand_in (home, *argv)
        r = home.run ("start")
        kk.equal (r.rc, 1, "start")
        kk.contains (r.err, f"PID {p.pid}", "its PID")
        kk.contains (r.err, "stop", "how to switch")
        kk.equal (p.poll (), None, "it goes on")
        r = home.run ("status")
        kk.equal (r.rc, 0, "status")
        kk.contains (r.out, str (p.pid), "status")
        kk.equal (home.run ("reload").rc, 1, "it cannot reload")
        home.run ("stop").ok ("stop")
        kk.equal (p.wait (10 * kk.SLOW), 0, "it ended by SIGTERM")
        p.stdout.close ()
        kk.equal (home.run ("status").rc, 3, "status afterwards")
    p = stand_in (home, "SCRIPT", "start")
    home.run ("restart").ok ("restart switches")
    kk.equal (p.wait (10 * kk.SLOW), 0, "the Python daemon ended")
    p.stdout.close ()
    stopped (home)


kk.main ()
