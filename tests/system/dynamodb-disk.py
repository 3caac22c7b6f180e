"""Minutes that wait on a disk that is full, cannot be read or is somebody else's: the daemon goes on, says so once, status shows it, and
what is on disk goes up in the end."""

import fcntl
import os
import re
import shutil
import time

import dynakit
import filekit
import kk

HOST = "history"
OFTEN = "sample_interval: 5"
NO_ROOM = "minutes for DynamoDB cannot wait on disk: No space left on device"


def first_of (count, shim):
    """A first minute so that the history ends an hour ago, in the daemon's time."""
    return int (time.time () + shim.ahead ()) // 60 * 60 - 3600 - 60 * count


def trouble (d, name="dynamodb-writer"):
    return filekit.writer (d, name)["status"].get ("trouble", "")


def for_people (home):
    return " ".join (home.run ("status").ok ().out.split ())


def in_memory (d):
    found = re.search (r"; (\d+) in memory$", dynakit.writer (d)["spool"])
    return int (found[1]) if found else 0


def size (spool):
    return os.path.getsize (os.path.join (spool, "00000001.points"))


def fill_page (home, spool, first):
    """So many minutes that the next one needs more room; their number."""
    page, count = os.sysconf ("SC_PAGE_SIZE"), 0
    while not count or page - size (spool) > 160:
        more = (page - size (spool)) // 160 if count else 10
        dynakit.fill_spool (home, HOST, first + 60 * count, more, place=spool)
        count += more
    return count


def check_recorded (home, minutes, but=()):
    """Every recorded minute that is over is in the table, with as many samples."""
    have = {m: i["samples"] for (h, m), i in minutes.items () if h != HOST}
    recorded = sorted (dynakit.had_their_turn (home, [(h, m) for h, m in minutes if h != HOST]).items ())
    kk.check (len (recorded) > 3, "minutes recorded", recorded)
    kk.equal ([(m, len (e), have.get (m)) for m, e in recorded if have.get (m) != len (e) and (m not in but or not have.get (m))], [], "samples of each minute")


class Full:
    """A daemon whose spool has a disk of its own, without room from soon after the start on; nothing goes up."""

    def __init__ (self, home, cloud, place):
        self.spool = os.path.join (place, "spool")
        cloud.shim.faster (1)
        self.first = first_of (200, cloud.shim)
        self.count = fill_page (home, self.spool, self.first)
        cloud.proxy.next ("internal", times=None)
        self.config, self.env = dynakit.config (OFTEN, f"spool_dir: {self.spool}"), cloud.env ()
        d = home.daemon (self.config, env=self.env).start ()
        kk.wait_for (lambda: os.path.getsize (os.path.join (self.spool, "minute")) > 100, 20, "the minute that runs")
        self.ballast = filekit.fill (place)
        cloud.shim.faster (max (1, round (60 / kk.SLOW)))
        kk.wait_for (lambda: in_memory (d) >= 3, 120, "minutes in memory")
        self.daemon = d


def said (home, words):
    return [line for line in home.log ().splitlines () if words in line and " debug " not in line]


def all_there (home, cloud, d, full):
    return dynakit.all_up (home, cloud, d) and sum (host == HOST for host, _ in cloud.minutes ()) >= full.count


@kk.test (deadline=200)
def full (home):
    "a full disk is said once and shown, sampling goes on, and what waits is there when there is room and network again"
    with filekit.small_disk (home, "size=256k,mode=0755") as place, dynakit.Cloud (home, shim=filekit.Shim (home)) as cloud:
        full = Full (home, cloud, place)
        d = full.daemon
        kk.contains (trouble (d), NO_ROOM, "status")
        kk.contains (trouble (d), "InternalServerError", "and the other trouble")
        status = for_people (home)
        kk.contains (status, NO_ROOM, "the status for people")
        kk.check ("degraded" in status and NO_ROOM in str (d.status ()["problems"]), "health", status)
        kk.check (dynakit.queue (d) >= full.count + 3, "what waits", dynakit.writer (d))
        taken = d.status ()["ticks"]["taken"]
        kk.wait_for (lambda: d.status ()["ticks"]["taken"] > taken + 12, 60, "sampling goes on")
        kk.equal (len (said (home, NO_ROOM)), 1, "said once")
        os.unlink (full.ballast)
        kk.wait_for (lambda: "minutes for DynamoDB wait on disk again" in home.log (), 60, "there is room")
        kk.wait_for (lambda: not in_memory (d) and NO_ROOM not in trouble (d), 60, "status says so")
        cloud.shim.faster (1)
        running = max (dynakit.recorded (home))
        d.kill ()  # what waited in memory is on disk now
        cloud.proxy.fair ()
        cloud.shim.faster (max (1, round (60 / kk.SLOW)))
        with home.daemon (full.config, env=full.env) as d:
            kk.wait_for (lambda: all_there (home, cloud, d, full) and not trouble (d), 90, "nothing waits")
        dynakit.check_filled (cloud.check (), HOST, full.first, full.count)
        check_recorded (home, cloud.minutes (), range (running, running + 180))
        kk.equal (len (said (home, "cannot wait on disk")), 1, "said once")


@kk.test (deadline=200)
def stop_when_full (home):
    "a stop on a full disk says what ends with it and what brings it back; what is on disk is sent by the next daemon, full or not"
    with filekit.small_disk (home, "size=256k,mode=0755") as place, dynakit.Cloud (home, shim=filekit.Shim (home)) as cloud:
        full = Full (home, cloud, place)
        full.daemon.stop ()
        lost = re.search (r"(\d+) minutes for DynamoDB that waited in memory are lost with this stop: No space left on device; .*dynamodb backfill", home.log ())
        kk.check (lost and int (lost[1]) >= 3, "what is said", home.log ())
        cloud.proxy.fair ()
        with home.daemon (full.config, env=full.env) as d:
            # What was lost with the stop does not come; one minute may wait for this host's place.
            kk.wait_for (lambda: dynakit.queue (d) <= 1 and sum (host == HOST for host, _ in cloud.minutes ()) >= full.count, 90, "nothing waits")
        dynakit.check_filled (cloud.check (), HOST, full.first, full.count)
        cloud.shim.faster (1)
        home.run ("dynamodb", "backfill", "--since", "1d", env=full.env).ok ()
        check_recorded (home, cloud.check ())


def two_files (home, shim):
    """A spool of two files with older and newer minutes; their first ones."""
    spool, other, count = os.path.join (home.data, "dynamodb-writer"), os.path.join (home.data, "other"), 60
    old = first_of (2 * count, shim)
    dynakit.fill_spool (home, HOST, old, count)
    dynakit.fill_spool (home, HOST, old + 60 * count, count, place=other)
    kk.check (size (spool) > 4096 and size (other) > 4096, "files that are not appended to", (size (spool), size (other)))
    os.rename (os.path.join (other, "00000001.points"), os.path.join (spool, "00000002.points"))
    shutil.rmtree (other)
    return old, old + 60 * count, count


def files_wait (home, at_once, sentence, again):
    """A file that cannot be read, from the start or soon after: the others go up, it waits; once it can be read it goes up too."""
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        old, new, count = two_files (home, shim)
        cloud.proxy.next ("internal", times=None)
        if at_once:
            shim.unreadable (5, "/00000002.points")
        with home.daemon (dynakit.config (OFTEN, "spool_bytes: 64KiB"), env=cloud.env ()) as d:
            kk.wait_for (lambda: dynakit.queue (d) >= 60, 20, "the spool is open")
            shim.unreadable (5, "/00000002.points")
            cloud.proxy.fair ()
            kk.wait_for (lambda: len ([m for h, m in cloud.minutes () if h == HOST]) == count, 90, "what can be read")
            kk.wait_for (lambda: sentence in trouble (d), 30, "status says it")
            kk.contains (for_people (home), sentence, "the status for people")
            kk.equal (len (said (home, sentence)), 1, "said once")
            kk.wait_for (lambda: len ([m for h, m in cloud.minutes () if h != HOST]) >= 2, 60, "new minutes go up")
            dynakit.check_filled (cloud.minutes (), HOST, old, count)
            kk.check (os.path.exists (os.path.join (home.data, "dynamodb-writer", "00000002.points")), "it stays")
            shim.unreadable (0)
            kk.wait_for (lambda: len ([m for h, m in cloud.minutes () if h == HOST]) == 2 * count, 90, "all of them")
            kk.wait_for (lambda: not trouble (d), 30, "no trouble any more")
            kk.contains (home.log (), again, "the log")
            kk.check ("dropped" not in dynakit.writer (d), "nothing was dropped", dynakit.writer (d))
            kk.check (home.log ().count ("works again") <= 1, "of the time before only", home.log ())
        dynakit.check_filled (cloud.check (), HOST, old, 2 * count)


@kk.test (deadline=200)
def unreadable (home):
    "minutes on disk that cannot be read are spoken of and hold up no others; they go up when they can be read again"
    files_wait (home, False, "minutes for DynamoDB on disk cannot be read: Input/output error; the others go up", "on disk that could not be read can be read again")


@kk.test (deadline=200)
def unreadable_from_the_start (home):
    "the same where a file cannot be read when the daemon starts"
    files_wait (home, True, "minutes for DynamoDB in 1 file of the spool's directory cannot be read: Input/output error", "can be read again")


@kk.test (deadline=120)
def two_owners (home):
    "two instances with one directory: the second says so after a minute, shows it, and takes the directory when the first is gone"
    words = "another instance or daemon uses the spool's directory"
    spool = os.path.join (home.top, "spool")
    second = f"  second: {{plugin: dynamodb-writer, spool_dir: {spool}, table: second-table, registry_table: second-registry}}\n"
    with dynakit.Cloud (home, shim=dynakit.fast (home)) as cloud:
        with home.daemon (dynakit.config (OFTEN, f"spool_dir: {spool}"), env=cloud.env ()) as d:
            kk.wait_for (cloud.minutes, 60, "the first one's minute")
            home.config (dynakit.config (OFTEN, f"spool_dir: {spool}", second))
            home.run ("reload").ok ()
            kk.wait_for (lambda: words in trouble (d, "second"), 60, "status says it")
            kk.contains (filekit.writer (d, "second")["status"]["spool"], "not open", "its spool")
            kk.contains (for_people (home), "second: " + words, "the status for people")
            kk.equal ([len (said (home, words)), len (said (home, "give each one of its own by spool_dir"))], [1, 1], "said once")
            kk.equal (trouble (d), "", "the first one")
            kk.wait_for (lambda: cloud.minutes ("second-table"), 60, "its minutes go up all the same")
            home.config (dynakit.config (OFTEN, "enabled: false", second))
            home.run ("reload").ok ()
            kk.wait_for (lambda: not trouble (d, "second"), 60, "the directory is its own")
            kk.wait_for (lambda: "not open" not in filekit.writer (d, "second")["status"]["spool"], 30, "its spool is open")
            kk.contains (home.log (), "minutes for DynamoDB wait on disk again", "the log")
            written = len (cloud.minutes ("second-table"))
            kk.wait_for (lambda: len (cloud.minutes ("second-table")) >= written + 2, 60, "it goes on")
        cloud.check ()


@kk.test (deadline=120)
def stop_without_the_directory (home):
    "a stop while somebody else has the directory says what is lost, and that it is for that"
    spool = home.write ("spool/lock", "")
    with open (spool, "w") as lock, dynakit.Cloud (home, shim=dynakit.fast (home)) as cloud:
        fcntl.flock (lock, fcntl.LOCK_EX)
        cloud.proxy.next ("internal", times=None)
        with home.daemon (dynakit.config (OFTEN, f"spool_dir: {os.path.dirname (spool)}"), env=cloud.env ()) as d:
            kk.wait_for (lambda: in_memory (d) >= 2, 60, "minutes in memory")
    words = r"\d+ minutes for DynamoDB that waited in memory are lost with this stop: another instance or daemon uses the spool's directory; .*backfill"
    kk.check (re.search (words, home.log ()), "what is said", home.log ())


kk.main ()
