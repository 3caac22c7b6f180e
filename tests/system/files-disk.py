"""A disk that is full, fails, goes away or may not be written: said once, nothing is lost as long as it is short, resumed by itself."""

import contextlib
import errno
import os
import shutil
import signal
import time

import filekit
import kk


def recorded (place):
    return filekit.stamps (kk.read_metrics (place))


def trouble (d):
    return filekit.writer (d)["status"].get ("trouble", "")


def expect_all (d, home, place, spare=0):
    """Stops the daemon: nothing was dropped, nothing is there twice, and everything that was taken is there."""
    def drained ():
        w = filekit.writer (d)
        return w["queue"]["samples"] == 0 and not w["status"].get ("trouble") and w
    w = kk.wait_for (drained, 20, "the queue is worked off")
    kk.equal ((w["dropped"], w["queue"]["dropped"]), (0, 0), "dropped")
    entries = lambda: int (filekit.writer (d)["status"]["entries"])
    at_least = entries ()
    kk.equal (d.stop (), 0, "exit status")
    have = recorded (place)
    filekit.check_once (have)
    kk.equal (have, sorted (have), "order")
    kk.check (len (have) + spare >= at_least, "entries are missing", (len (have), at_least))
    return have


def no_long_gap (have, seconds):
    gaps = [b - a for a, b in zip (have, have[1:])]
    kk.check (max (gaps) < seconds * kk.SLOW, "a gap", max (gaps))


@kk.test
def full_by_bytes (home):
    "a disk that is full for a while: nothing is lost, it is said once, it goes on by itself"
    with filekit.small_disk (home, "size=512k,mode=0755") as place:
        d = home.daemon (filekit.config (0.05, path=place, publish="always")).start ()
        kk.wait_for (lambda: recorded (place), 10)
        ballast = filekit.fill (place)
        kk.contains (kk.wait_for (lambda: trouble (d), 20, "status says it"), "No space left", "trouble")
        time.sleep (2)
        recorded (place)
        kk.check (d.process.poll () is None, "the daemon ended")
        os.unlink (ballast)
        no_long_gap (expect_all (d, home, place), 1)
    kk.equal (home.log ().count ("No space left on device"), home.log ().count ("works again"), "said once each time")
    kk.check (home.log ().count ("No space left on device") <= 2, "said more than once per place", home.log ())


@kk.test
def full_by_inodes (home):
    "a disk without a free inode: the journal goes on, files follow later"
    with filekit.small_disk (home, "size=4m,nr_inodes=24,mode=0755") as place:
        d = home.daemon (filekit.config (0.05, path=place, publish="always")).start ()
        kk.wait_for (lambda: recorded (place), 10)
        made = []
        with contextlib.suppress (OSError):
            while True:
                made.append (os.path.join (place, f"x{len (made)}"))
                open (made[-1], "w").close ()
        kk.contains (kk.wait_for (lambda: trouble (d), 20, "status says it"), "No space left", "trouble")
        time.sleep (1)
        for name in filter (os.path.exists, made):
            os.unlink (name)
        no_long_gap (expect_all (d, home, place), 1)


@kk.test
def full_from_the_start (home):
    "a disk that is full when the daemon starts does not keep it from starting"
    with filekit.small_disk (home, "size=64k,mode=0755") as place:
        ballast = filekit.fill (place)
        d = home.daemon (filekit.config (0.05, path=place)).start ()
        kk.wait_for (lambda: trouble (d), 10, "status says it")
        os.unlink (ballast)
        kk.wait_for (lambda: recorded (place), 20, "it records")
        expect_all (d, home, place)


@kk.test
def a_long_path (home):
    "the reason stands in status also where the path is long"
    place = home.write (os.path.join (home.top, *["a long name of a directory" * 3] * 4, "file"), "")
    with home.daemon (filekit.config (0.05, path=place + "/data")) as d:
        kk.contains (kk.wait_for (lambda: trouble (d), 20, "status says it"), "Not a directory", "the reason")


@kk.test
def crash_on_a_full_disk (home):
    "kill -9 while the disk is full loses nothing that was recorded"
    with filekit.small_disk (home, "size=512k,mode=0755") as place:
        d = home.daemon (filekit.config (0.05, path=place, publish="always")).start ()
        kk.wait_for (lambda: len (recorded (place)) > 5, 10)
        ballast = filekit.fill (place)
        kk.wait_for (lambda: trouble (d), 20, "status says it")
        d.kill ()
        before = set (recorded (place)) | set (filekit.stamps (filekit.journal_entries (place)))
        d = home.daemon ().start ()  # still full
        time.sleep (0.5)
        d.kill ()
        os.unlink (ballast)
        with home.daemon ():
            kk.wait_for (lambda: len (recorded (place)) > len (before), 20)
        have = recorded (place)
        filekit.check_once (have)
        kk.check (before <= set (have), "lost", sorted (before - set (have))[:3])


@kk.test (deadline=90)
def fsync_fails (home):
    "EIO from fsync: said once, files are there all the same, recording goes on"
    shim = filekit.Shim (home)
    with home.daemon (filekit.config (0.02, fsync="always", publish="always", publish_interval="50ms"), env=shim.env ()) as d:
        kk.wait_for (lambda: home.metrics (), 10)
        shim.fsync (errno.EIO)
        kk.wait_for (lambda: "Input/output error" in home.log (), 10, "the log says it")
        since = time.time ()
        kk.wait_for (lambda: home.metrics ()[-1]["system"]["timestamp"] > since + 1, 10, "recording goes on")
        kk.equal (home.log ().count ("Input/output error"), 1, "said once")
        shim.fsync (0)
        kk.wait_for (lambda: "works again" in home.log (), 10, "it is over")
        kk.wait_for (lambda: "fsync" in filekit.writer (d)["status"], 10, "status counts it")
    filekit.check_once (filekit.stamps (home.metrics ()))


@kk.test
def directory_removed (home):
    "a data directory that is removed is made again, with what is in memory"
    place = os.path.join (home.top, "data")
    d = home.daemon (filekit.config (0.05, path=place, publish="always")).start ()
    kk.wait_for (lambda: len (recorded (place)) > 5, 10)
    before = len (recorded (place))
    shutil.rmtree (place, ignore_errors=True)
    kk.wait_for (lambda: len (recorded (place)) > before, 20, "the directory and its files are back")
    kk.equal (os.stat (place).st_mode & 0o777, 0o700, "mode of the directory")
    no_long_gap (expect_all (d, home, place), 1)


@kk.test
def own_data_directory_removed (home):
    "also the daemon's own data directory, with its log and socket"
    with home.daemon (filekit.config (0.05, publish="always")) as d:
        kk.wait_for (lambda: len (home.metrics ()) > 5, 10)
        shutil.rmtree (home.data, ignore_errors=True)
        kk.wait_for (lambda: len (home.metrics ()) > 5, 20, "files are back")
        kk.check (d.process.poll () is None, "the daemon ended")
        kk.wait_for (lambda: home.run ("status").rc == 0, 20, "it answers again", step=0.2)
        kk.wait_for (lambda: os.path.exists (home.log_file), 20, "its log is there again")
        kk.wait_for (lambda: os.path.exists (os.path.join (home.data, "schema.json")), 20, "schema.json is there again")
    filekit.check_once (filekit.stamps (home.metrics ()))


@kk.test
def nothing_to_record (home):
    "without an input that every entry needs the health says so, until there is one"
    config = filekit.config (0.05, publish="always")
    with home.daemon (filekit.config (0.05, inputs="  memory: false\n", publish="always")) as d:
        kk.contains (kk.wait_for (lambda: trouble (d), 20, "trouble"), "memory_percent", "what is missing")
        status = d.status ()
        kk.equal (status["health"], "degraded", "health")
        kk.contains (str (status["problems"]), "nothing can be recorded", "the problem")
        kk.contains (home.run ("status").ok ().out, "nothing can be recorded", "status")
        home.config (config)
        d.signal (signal.SIGHUP)
        kk.wait_for (home.metrics, 20, "an entry")
        kk.wait_for (lambda: d.status ()["health"] == "ok", 20, "health")


@kk.test
def directory_moved_away (home):
    "a data directory that is moved away is made again"
    place, away = os.path.join (home.top, "data"), os.path.join (home.top, "away")
    d = home.daemon (filekit.config (0.05, path=place, publish="always")).start ()
    kk.wait_for (lambda: len (recorded (place)) > 5, 10)
    os.rename (place, away)
    kk.wait_for (lambda: recorded (place), 20, "a new one")
    expect_all (d, home, place)


@kk.test
def read_only (home):
    "a file system that is read-only at first"
    with filekit.small_disk (home, "size=4m,mode=0755") as place:
        if home.run ("-o", "remount,ro", place, program="mount").rc != 0:
            kk.skip ("cannot make a tmpfs read-only here")
        d = home.daemon (filekit.config (0.05, path=place, publish="always")).start ()
        kk.contains (kk.wait_for (lambda: trouble (d), 20, "status says it"), "Read-only", "trouble")
        home.run ("-o", "remount,rw", place, program="mount").ok ()
        kk.wait_for (lambda: len (recorded (place)) > 5, 20, "it records")
        no_long_gap (expect_all (d, home, place), 1)


@kk.test
def no_right_to_write (home):
    "a directory without the right to write, for a user who is not root"
    kk.need_tool ("setpriv")
    kk.need_others (home, 65534)
    place = os.path.join (home.top, "data")
    os.makedirs (place)
    os.chown (place, 65534, 65534)
    for top, _, names in os.walk (home.top):
        os.chmod (top, 0o755)
        if top.startswith (home.path):
            os.chown (top, 65534, 65534)
    home.config (filekit.config (0.05, path=place, publish="always"))
    for top, _, _ in os.walk (home.path):
        os.chown (top, 65534, 65534)
    d = home.daemon (wrap=False)
    d.argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] + d.argv
    d.start ()
    kk.wait_for (lambda: recorded (place), 10)
    os.chmod (place, 0o500)
    kk.contains (kk.wait_for (lambda: trouble (d), 20, "status says it"), "Permission denied", "trouble")
    time.sleep (0.5)
    os.chmod (place, 0o700)
    no_long_gap (expect_all (d, home, place), 1)


kk.main ()
