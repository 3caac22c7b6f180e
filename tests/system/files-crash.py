"""No end, however sudden, leaves an unparsable file, an entry twice, or loses one that was recorded."""

import contextlib
import os
import random
import signal
import time

import filekit
import kk

KILLS = 200


@kk.test (deadline=240)
def kill_at_any_moment (home):
    "200 times kill -9 at random moments: every recorded sample is there once, every file parses"
    home.config (filekit.config (0.01, publish="always", publish_interval="10ms", segment_bytes="4KiB"))
    recorded = set ()
    os.makedirs (home.data)
    dice = random.Random (4711)
    for _ in range (KILLS):
        d = home.daemon ().start (ready=False)
        if dice.random () < 0.7:
            before = len (os.listdir (home.data))
            with contextlib.suppress (kk.Failed):
                kk.wait_for (lambda: len (os.listdir (home.data)) > before, 2, "a new file", 0.002)
        time.sleep (dice.uniform (0, 0.1))
        d.kill ()
        files = filekit.stamps (home.metrics ())
        filekit.check_once (files)
        recorded |= set (files) | set (filekit.stamps (filekit.journal_entries (home.data)))
    with home.daemon ():
        pass
    files = filekit.stamps (home.metrics ())
    filekit.check_once (files)
    lost = recorded - set (files)
    kk.check (not lost, "recorded and lost", sorted (lost)[:5])
    kk.check (len (recorded) > KILLS, "hardly anything was recorded", len (recorded))
    print (f"# {len (files)} entries over {KILLS} kills")


@kk.test
def what_was_answered_is_recorded (home):
    "what status counts as recorded is there after kill -9"
    home.config (filekit.config (0.02))
    d = home.daemon ().start ()
    kk.wait_for (lambda: int (filekit.writer (d)["status"]["entries"]) > 50, 20)  # rewritten every five seconds
    answered = int (filekit.writer (d)["status"]["entries"])
    d.kill ()
    with home.daemon ():
        pass
    have = filekit.stamps (home.metrics ())
    filekit.check_once (have)
    kk.check (len (have) >= answered, "lost", (len (have), answered))


def run_and_kill (home, **options):
    """Leaves a journal behind; returns its path and what is in it."""
    d = home.daemon (filekit.config (0.01, **options)).start ()
    kk.wait_for (lambda: filekit.writer (d)["calls"] > 30, 10)
    d.kill ()
    name = os.path.join (home.data, "journal", "file-writer.journal")
    with open (name, "rb") as f:
        return name, f.read ()


@kk.test
def a_torn_journal (home):
    "a journal torn in mid-record loses that record only"
    name, text = run_and_kill (home)
    before = filekit.stamps (filekit.journal_entries (home.data))
    home.write (name, text[:-30])
    with home.daemon ():
        pass
    have = filekit.stamps (home.metrics ())
    filekit.check_once (have)
    kk.check (set (before[:-1]) <= set (have), "an entry before the tear was lost")
    kk.contains (home.log (), "torn", "the log says so")


@kk.test
def a_foreign_journal (home):
    "a journal that is not ours is put aside, and recording goes on"
    home.write (os.path.join (home.data, "journal", "file-writer.journal"), b"\x00\x01 something else " * 1000)
    with home.daemon (filekit.config (0.01)):
        kk.wait_for (lambda: home.metrics (), 10, "a first entry")
    with open (os.path.join (home.data, "journal", "file-writer.journal.bad"), "rb") as f:
        kk.equal (f.read (4), b"\x00\x01 s", "the copy")
    kk.contains (home.log (), "damaged or not ours", "the log says so")


@kk.test
def a_damaged_journal (home):
    "a flipped bit in mid-journal costs one entry"
    name, text = run_and_kill (home)
    before = filekit.stamps (filekit.journal_entries (home.data))
    at = len (text) // 2
    home.write (name, text[:at] + bytes ([text[at] ^ 4]) + text[at + 1:])
    with home.daemon ():
        pass
    have = filekit.stamps (home.metrics ())
    filekit.check_once (have)
    kk.check (len (set (before) - set (have)) <= 1, "more than one entry was lost", len (set (before) - set (have)))


@kk.test
def between_publish_and_truncation (home):
    "a crash after a file was completed and before its journal was emptied doubles nothing"
    name, text = run_and_kill (home)
    with home.daemon ():  # folds the journal in
        pass
    once = filekit.stamps (home.metrics ())
    home.write (name, text)  # as if it had never been emptied
    with home.daemon ():
        pass
    have = filekit.stamps (home.metrics ())
    filekit.check_once (have)
    kk.check (set (once) <= set (have), "lost")


@kk.test
def stopped_and_continued (home):
    "SIGSTOP and SIGCONT leave a gap and nothing else"
    with home.daemon (filekit.config (0.01)) as d:
        kk.wait_for (lambda: len (home.metrics ()) > 3, 10)
        d.signal (signal.SIGSTOP)
        time.sleep (0.5)
        home.metrics ()
        d.signal (signal.SIGCONT)
        stop = time.time ()
        kk.wait_for (lambda: home.metrics ()[-1]["system"]["timestamp"] > stop + 0.2, 10, "it goes on")
    have = filekit.stamps (home.metrics ())
    filekit.check_once (have)
    kk.equal (have, sorted (have), "order")


@kk.test
def reloaded (home):
    "SIGHUP in full swing: no entry is lost or doubled"
    with home.daemon (filekit.config (0.02, publish="always", publish_interval="20ms")) as d:
        for _ in range (5):
            before = len (home.metrics ())
            kk.wait_for (lambda: len (home.metrics ()) > before + 5, 10)
            seen = filekit.stamps (home.metrics ())
            d.signal (signal.SIGHUP)
        kk.wait_for (lambda: len (home.metrics ()) > before + 20, 10)
    have = filekit.stamps (home.metrics ())
    filekit.check_once (have)
    kk.check (set (seen) <= set (have), "lost")
    left = [n for n in os.listdir (os.path.join (home.data, "journal")) if n.endswith (".tmp")]
    kk.equal (left, [], "temporary files")


kk.main ()
