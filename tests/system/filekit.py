"""What the tests of recorded files share: a daemon that writes fast and little, a reader of journals, a clock that can be moved."""

import contextlib
import glob
import json
import mmap
import os
import struct
import time
import zlib

import kk

SHIM = os.path.join (kk.BUILD, "tests", "system", "preload", ".libs", "libshim.so")
FULL = bool (os.environ.get ("KK_FULL"))


def config (interval=0.01, daemon="", inputs="", **options):
    """Only cpu and memory (and what `inputs` says), so that an entry is small; options are file-writer's."""
    text = f"daemon: {{sample_interval: {interval}{', ' + daemon if daemon else ''}}}\n"
    text += "plugins:\n  net: {enabled: false}\n  process: {enabled: false}\n" + inputs
    return text + "  file-writer: {" + ", ".join (f"{k}: {v}" for k, v in options.items ()) + "}\n"


def stamps (entries):
    return [e["system"]["timestamp"] for e in entries]


def check_once (have, what="entries"):
    twice = sorted ({t for t in have if have.count (t) > 1}) if len (set (have)) != len (have) else []
    kk.check (not twice, f"{what}: recorded twice", twice[:5])


def journal_entries (data):
    """The entries in all journals, read as the format says: "KKj1", length, CRC-32, type, time, payload; ends at the first torn one."""
    found = []
    for name in sorted (glob.glob (os.path.join (glob.escape (data), "journal", "*.journal"))):
        with open (name, "rb") as f:
            text = f.read ()
        at = 0
        while at + 24 <= len (text):
            magic, length, crc, kind, _ = struct.unpack_from ("<4sIIIq", text, at)
            payload = text[at + 24:at + 24 + length]
            good = magic == b"KKj1" and len (payload) == length
            if not good or zlib.crc32 (payload, zlib.crc32 (text[at + 12:at + 24], zlib.crc32 (text[at + 4:at + 8]))) != crc:
                break
            if kind == 2:
                found += json.loads (b"[" + payload + b"]")
            at += 24 + length
    return found


class Shim:
    """Moves the daemon's clocks, lets its fsync and its reads of some files fail, its inotify fail or see nothing, and its processes seem
    not to end."""

    def __init__ (self, home):
        if not os.path.exists (SHIM):
            kk.skip ("needs tests/system/preload/libshim.la, which make check builds")
        self.path = os.path.join (home.top, "shim")
        with open (self.path, "wb") as f:
            f.write (bytes (4096))
        with open (self.path, "r+b") as f:
            self.map = mmap.mmap (f.fileno (), 4096)
        self.rate, self.since, self.paced, self.place, self.base = 1, 0.0, 0.0, 0, 0.0
        home.shim = self

    def env (self, **more):
        asan = os.environ.get ("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        return {"LD_PRELOAD": SHIM, "KK_SHIM": self.path, "ASAN_OPTIONS": asan, **more}

    def from_second (self, second):
        """The daemon's wall clock is now at this second of a minute, the next one; offsets count from there."""
        self.base = (second - time.time ()) % 60
        self.offset (0)

    def offset (self, seconds):
        self.map[0:8] = struct.pack ("<q", round ((self.base + seconds) * 1e9))

    def step (self, seconds):
        self.offset (struct.unpack ("<q", self.map[0:8])[0] / 1e9 - self.base + seconds)

    def faster (self, rate):
        """All clocks of the daemon run so many times faster from now on, and every wait that begins is shorter. They go on from
        where they are."""
        self.paced, self.rate, self.since, self.place = self.paced + self.gained (), rate, time.monotonic (), 1 - self.place
        self.map[384 + 24 * self.place:408 + 24 * self.place] = struct.pack ("<qqq", rate, round (self.since * 1e9), round (self.paced * 1e9))
        self.map[16:24] = struct.pack ("<q", self.place)

    def gained (self):
        return (time.monotonic () - self.since) * (self.rate - 1)

    def ahead (self):
        """Seconds that the daemon's wall clock is ahead of ours now."""
        return struct.unpack ("<q", self.map[0:8])[0] / 1e9 + self.paced + self.gained ()

    def hostname (self, name):
        self.map[64:65 + len (name.encode ())] = name.encode () + b"\0"

    def fsync (self, error):
        self.map[8:16] = struct.pack ("<q", error)

    def unreadable (self, error, name=""):
        """The errno of reads of files whose names end so."""
        self.map[432:440] = bytes (8)
        if error:
            self.map[440:441 + len (name)] = name.encode () + b"\0"
            self.map[432:440] = struct.pack ("<q", error)

    def inotify (self, instance=0, watch=0, deaf=False):
        self.map[32:56] = struct.pack ("<qqq", instance, watch, deaf)

    def held (self, on):
        """waitpid sees no end where it does not wait for one: the programs of alert."""
        self.map[24:32] = struct.pack ("<q", on)

    def endless (self, on):
        self.map[56:64] = struct.pack ("<q", on)


def writer (d, name="file-writer"):
    """The instance as the status shows it."""
    for instance in d.status ()["instances"]:
        if instance["name"] == name:
            return instance
    raise kk.Failed ("no such instance: " + name)


def segment (d):
    """The name of the current file, found without looking at the directory, which would count as reading."""
    return writer (d)["status"]["segment"].split (",")[0]


def fill (place):
    """Leaves no room on that disk; the file that takes it."""
    with open (os.path.join (place, "ballast"), "wb") as f, contextlib.suppress (OSError):
        while True:
            os.write (f.fileno (), bytes (4096))
    return os.path.join (place, "ballast")


@contextlib.contextmanager
def small_disk (home, options):
    """A tmpfs of its own."""
    kk.need_root ()
    place = os.path.join (home.top, "disk")
    os.makedirs (place, exist_ok=True)
    if home.run ("-t", "tmpfs", "-o", options, "tmpfs", place, program="mount").rc != 0:
        kk.skip ("cannot mount a tmpfs here")
    try:
        yield place
    finally:
        home.run ("-l", place, program="umount")
