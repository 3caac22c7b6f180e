"""The daemon in odd surroundings: descriptors, umask, HOME, long paths, signals at odd moments; its log; its service manager."""

import contextlib
import errno
import os
import resource
import signal
import socket
import subprocess
import time

import filekit
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
    kk.wait_for (lambda: not home.processes (), 10, "all processes to be gone")
    kk.check ("Sanitizer" not in home.log (), "no sanitizer complains", home.log ()[-2000:])


@kk.test
def closed_descriptors (home):
    "stdin, stdout and stderr closed"
    home.config (FAST)
    subprocess.run (["sh", "-c", 'exec "$0" start <&- >&- 2>&-', home.command ([])[-1]], env=home.env (), check=True,
                    timeout=60 * kk.SLOW)
    pid = pid_of (home)
    for fd in "012":
        kk.check ("socket" not in os.readlink (f"/proc/{pid}/fd/{fd}"), "a standard descriptor is nothing of ours")
    kk.equal (home.run ("status").rc, 0, "status")
    subprocess.run (["sh", "-c", 'exec "$0" status <&- >&- 2>&-', home.command ([])[-1]], env=home.env (), timeout=60 * kk.SLOW)
    stopped (home)


@kk.test
def few_descriptors (home):
    "64 descriptors suffice"
    home.config (FAST)
    started (home, preexec_fn=lambda: resource.setrlimit (resource.RLIMIT_NOFILE, (64, 64)))
    kk.wait_for (lambda: home.ask ("status")["ticks"]["taken"] > 3, 10, "some ticks")
    kk.equal (home.ask ("status")["health"], "ok", "health")
    stopped (home)
    kk.check (len (home.metrics ()) > 0, "something was recorded")


@kk.test
def strange_umask (home):
    "a umask of 0777 changes nothing"
    home.config (FAST)
    started (home, preexec_fn=lambda: os.umask (0o777))
    kk.wait_for (lambda: home.ask ("status")["ticks"]["taken"] > 3, 10, "some ticks")
    kk.equal (os.stat (home.data).st_mode & 0o777, 0o700, "mode of the data directory")
    stopped (home)
    for name in home.files ():
        mode = os.stat (os.path.join (home.data, name)).st_mode & 0o777
        kk.check (mode & 0o600 == 0o600 and not mode & 0o022, f"mode of {name}", oct (mode))
    kk.check (len (home.metrics ()) > 0, "something was recorded")


@kk.test
def inherited_descriptors (home):
    "what the caller left open is not kept open"
    home.config (FAST)
    read, write = os.pipe ()
    started (home, pass_fds=(write,))
    os.close (write)
    os.set_blocking (read, False)
    kk.equal (os.read (read, 1), b"", "the pipe's other end is closed")
    os.close (read)
    stopped (home)


@kk.test
def home_missing_or_relative (home):
    "HOME missing, empty or relative: the user database counts"
    path = home.write ("x.yaml", f"daemon: {{data_dir: {home.data}, sample_interval: 0.1}}\n")
    for value in (None, "", "relative/home"):
        home.run ("-c", path, "start", env={"HOME": value}).ok (f"HOME={value!r}")
        kk.equal (home.run ("-c", path, "status", env={"HOME": value}).rc, 0, f"status with HOME={value!r}")
        home.run ("-c", path, "stop", env={"HOME": value}).ok (f"stop with HOME={value!r}")
    kk.check (not os.path.exists (home.path + "/relative"), "nothing was made in a relative home")


@kk.test
def nobody_home (home):
    "a user without any home directory: a clear word, and data_dir suffices"
    free = 61234
    kk.need_others (home, free)
    os.makedirs (home.top + "/data")
    os.chown (home.top + "/data", free, free)

    def become ():
        os.setgroups ([])
        os.setgid (free)
        os.setuid (free)
    for command in ("start", "status", "stop"):
        r = home.run (command, env={"HOME": None}, cwd="/", preexec_fn=become)
        kk.check (r.rc in (1, 4), f"{command} without a home", r)
        kk.contains (r.err, "home directory", f"{command} says why")
    path = home.write (home.top + "/x.yaml", f"daemon: {{data_dir: {home.top}/data, sample_interval: 0.1}}\n", 0o644)
    for command, rc in (("start", 0), ("status", 0), ("stop", 0), ("status", 3)):
        r = home.run ("-c", path, command, env={"HOME": None}, cwd="/", preexec_fn=become)
        kk.equal (r.rc, rc, f"{command} with data_dir: {r}")


@kk.test
def long_data_dir (home):
    "a data directory whose path is longer than a socket address"
    data = os.path.join (home.path, *["a long name of a directory " + "x" * 40] * 4)
    home.config (f"daemon: {{data_dir: '{data}', sample_interval: 0.1}}\n")
    home.run ("start").ok ()
    kk.equal (home.run ("status").rc, 0, "status")
    home.run ("stop").ok ()


@kk.test
def hangup_during_start (home):
    "SIGHUP at any moment of a start kills nothing"
    home.config (FAST)
    for delay in (0, 0.002, 0.005, 0.01, 0.02, 0.05):
        p = subprocess.Popen (home.command (["start", "--foreground"]), env=home.env (), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, preexec_fn=lambda: signal.pthread_sigmask (signal.SIG_BLOCK, {signal.SIGHUP}))
        home.children.append (p)
        time.sleep (delay)
        p.send_signal (signal.SIGHUP)
        kk.wait_for (lambda: home.ask ("status")["pid"] == p.pid, 10, "it runs")
        p.send_signal (signal.SIGTERM)
        kk.equal (p.wait (20 * kk.SLOW), 0, "its end")


@kk.test
def log_is_reopened (home):
    "SIGHUP and reload open the log anew, for logrotate"
    home.config (FAST)
    pid = started (home)
    for number, ask in enumerate ((lambda: os.kill (pid, signal.SIGHUP), lambda: home.run ("reload").ok ())):
        os.rename (home.log_file, f"{home.log_file}.{number}")
        ask ()
        kk.wait_for (lambda: "reloaded" in home.log (), 10, "the new log")
        kk.equal (os.readlink (f"/proc/{pid}/fd/2"), os.path.realpath (home.log_file), "stderr goes there too")
    home.config ("daemon: {sample_interval: never}\n")
    r = home.run ("reload")
    kk.equal (r.rc, 1, "reload of a faulty configuration")
    kk.contains (r.err, "goes on as before", "reload of a faulty configuration")
    kk.equal (home.ask ("status")["pid"], pid, "the daemon")
    stopped (home)


@kk.test
def status_in_the_log (home):
    "SIGUSR1 writes the status into the log, and changes nothing"
    config = "daemon: {sample_interval: 0.1}\nplugins: {file-writer: {publish: always}}\n"
    with home.daemon (config) as d:
        kk.wait_for (lambda: d.status ()["ticks"]["taken"] > 3, 10, "some ticks")
        d.signal (signal.SIGUSR1)
        kk.wait_for (lambda: "file-writer: status: " in home.log (), 10, "the status in the log")
        log = home.log ()
        for part in ("status: ok, up ", "status: process {", "status: ticks {", "status: ring {", "cpu: status: ok, ", "process: status: ok, "):
            kk.contains (log, part, "the status in the log")
        taken = d.status ()["ticks"]["taken"]
        kk.wait_for (lambda: d.status ()["ticks"]["taken"] > taken + 3, 10, "it goes on")
    filekit.check_once (filekit.stamps (home.metrics ()))


@kk.test
def interrupted (home):
    "Ctrl-C ends a daemon in the foreground in order"
    d = home.daemon (FAST).start ()
    kk.wait_for (lambda: d.status ()["ticks"]["taken"] > 3, 10, "some ticks")
    d.signal (signal.SIGINT)
    kk.equal (d.wait (), 0, "its exit status")
    kk.contains (home.log (), "stopping: interrupted", "the log")
    kk.contains (home.log (), " ended", "the log")
    filekit.check_once (filekit.stamps (home.metrics ()))
    kk.check (not os.path.exists (home.pid_file), "the PID file is gone")


@kk.test
def every_millisecond (home):
    "1 ms between samples: each tick is taken or counted as missed, and recorded once"
    def ticks ():
        s = d.status ()
        return s["uptime_seconds"] * 1000, s["ticks"]["taken"] + s["ticks"]["missed"], s["ticks"]["taken"]
    with home.daemon ("daemon: {sample_interval: 1ms, max_samples: 100}\nplugins: {net: false, process: false}\n") as d:
        begin = ticks ()

        def as_due ():
            elapsed, counted, taken = (now - then for now, then in zip (ticks (), begin))
            return elapsed > 300 and taken > 20 and abs (counted - elapsed) < elapsed / 20
        kk.wait_for (as_due, 20, "as many ticks as milliseconds")
    filekit.check_once (filekit.stamps (home.metrics ()))


@kk.test
def foreground (home):
    "--foreground stays attached and logs to stderr; the log file has it too"
    d = home.daemon (FAST, "--debug").start ()
    kk.equal (pid_of (home), d.pid, "no other process")
    kk.contains (d.err (), "ready, PID", "stderr")
    kk.contains (d.err (), " debug ", "--debug")
    kk.contains (home.log (), "ready, PID", "the log file")
    home.run ("stop").ok ()
    kk.equal (d.wait (), 0, "its exit status")


@kk.test
def service_manager_is_told (home):
    "READY, RELOADING and STATUS reach the service manager's socket"
    address = os.path.join (home.top, "notify")
    s = socket.socket (socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind (address)
    s.settimeout (20 * kk.SLOW)

    def said ():
        words = s.recv (4096).decode ()
        return words if "WATCHDOG" not in words else said ()
    with home.daemon (FAST, env={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "6000000"}) as d:
        kk.contains (said (), "READY=1", "the first word")
        d.signal (signal.SIGHUP)
        kk.contains (said (), "RELOADING=1\nMONOTONIC_USEC=", "while it reloads")
        kk.contains (said (), "READY=1", "when it has reloaded")
        kk.wait_for (lambda: "WATCHDOG=1" in s.recv (4096).decode (), 6, "signs of life")
        with open (f"/proc/{d.pid}/environ", "rb") as f:
            kk.check (b"KK_TEST_ID" in f.read (), "it is ours")
    last = []
    s.settimeout (0.2)
    try:
        while True:
            last.append (s.recv (4096).decode ())
    except TimeoutError:
        pass
    s.close ()
    kk.check (any ("STOPPING=1" in word for word in last), "STOPPING in the end", last)


def watches (pid):
    """How many watches of inotify a process has, and how many instances."""
    n = instances = 0
    for fd in os.listdir (f"/proc/{pid}/fd"):
        with contextlib.suppress (FileNotFoundError):
            if os.readlink (f"/proc/{pid}/fd/{fd}") == "anon_inode:inotify":
                instances += 1
                with open (f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as f:
                    n += f.read ().count ("inotify wd:")
    return n, instances


def goes_on (home, d, within):
    """What is deleted under the daemon is made again, although nothing tells it; twice, since it looks soon after its start anyway."""
    names = ("daemon.pid", "daemon.lock", "daemon.sock")
    for _ in range (2):
        for name in names:
            os.unlink (os.path.join (home.data, name))
        for name in names:
            kk.wait_for (lambda: os.path.getsize (os.path.join (home.data, name)) > 0 or name == "daemon.sock", within, f"{name} is there again")
    kk.equal (pid_of (home), d.pid, "the PID in it")
    kk.equal (home.run ("status").rc, 0, "status")


@kk.test
def no_inotify (home):
    "no instance of inotify left, or no watch: what is deleted is made again, and files are fresh for readers that cannot be seen"
    for error, fault in ((errno.EMFILE, {"instance": errno.EMFILE}), (errno.ENOSPC, {"watch": errno.ENOSPC})):
        shim = filekit.Shim (home)
        shim.inotify (**fault)
        with home.daemon (filekit.config (0.1), env=shim.env ()) as d:
            n, instances = watches (d.pid)
            if instances < 2 and "watch" in fault:
                kk.skip ("others have taken all instances of inotify")
            kk.equal ((n, instances), (0, 2 if "watch" in fault else 0), "watches and instances")
            goes_on (home, d, 15)
            last = kk.wait_for (home.metrics, 10, "recorded entries")[-1]
            kk.wait_for (lambda: home.metrics ()[-1] != last, 15, "newer entries in the files")  # pylint: disable=cell-var-from-loop
            kk.contains (home.log (), "cannot see whether anybody reads (inotify: " + os.strerror (error), "the log")
            kk.equal (home.log ().count ("cannot see whether"), 1, "it is said once")
            kk.contains (filekit.writer (d)["status"]["reader"], "cannot be seen", "status")
        os.unlink (home.log_file)


@kk.test
def deaf_inotify (home):
    "a file system of which inotify tells nothing: what is deleted is made again"
    shim = filekit.Shim (home)
    shim.inotify (deaf=True)
    shim.faster (10)
    with home.daemon (filekit.config (1), env=shim.env ()) as d:
        goes_on (home, d, 12)


kk.main ()
