"""What a reader sees: whole files at every moment, fresh ones while somebody reads, little writing while nobody does."""

import json
import os
import sys
import time

import filekit
import kk

SECONDS = 60 if filekit.FULL else 6


@kk.test (deadline=150)
def every_file_parses_at_every_moment (home):
    "a reader that parses all files in a loop never meets a broken one while 100 samples a second are written"
    with home.daemon (filekit.config (0.01, publish_interval="10ms", segment_bytes="8KiB")):
        kk.wait_for (lambda: home.metrics (), 10, "a first entry")
        end, looks, have = time.monotonic () + SECONDS, 0, []
        while time.monotonic () < end:
            seen = filekit.stamps (home.metrics ())
            kk.check (set (have) <= set (seen), "an entry went away", sorted (set (have) - set (seen))[:3])
            have, looks = seen, looks + 1
    filekit.check_once (have)
    kk.check (looks > 20, "hardly looked", looks)
    print (f"# {looks} looks at up to {len (have)} entries")


@kk.test
def fresh_within_a_second (home):
    "a second look finds samples that are at most about a second old"
    with home.daemon (filekit.config (0.1)):
        kk.wait_for (lambda: home.metrics (), 10, "a first entry, right after the start")
        time.sleep (1.5)
        home.metrics ()  # the first look tells that somebody reads
        ages = []
        for _ in range (5):
            time.sleep (1.2)
            now = time.time ()
            ages.append (now - home.metrics ()[-1]["system"]["timestamp"])
        kk.check (sorted (ages)[2] < 1.3 * kk.SLOW, "most are too old", ages)  # a busy machine makes one late now and then


@kk.test
def a_new_file_is_fresh_too (home):
    "while somebody reads, the sample that begins a new file is readable at once, not one interval later"
    ages, newest = [], 0
    home.spawn (sys.executable, "-c", "import time; time.sleep (1000)", *["0" for _ in range (4000)])  # each entry is larger than a file may be
    with home.daemon ("plugins: {file-writer: {segment_bytes: 4KiB}}"):
        kk.wait_for (lambda: home.metrics (), 10, "a first entry")
        while len (ages) < 4:
            entries = home.metrics ()
            if entries[-1]["system"]["timestamp"] > newest:
                newest = entries[-1]["system"]["timestamp"]
                ages.append (time.time () - newest)
            time.sleep (0.02)
        sizes = [os.path.getsize (os.path.join (home.data, n)) for n in home.files () if n.startswith ("metrics_")]
        kk.check (len (sizes) >= 3 and sorted (sizes)[-3] > 4096, "every sample has a file of its own", sizes)
    kk.check (min (ages[1:]) < 0.9, "all were readable an interval late", ages)


@kk.test (deadline=90)
def once_a_minute_while_nobody_reads (home):
    "while nobody reads, a file is written when its minute is over, and only then"
    shim = filekit.Shim (home)
    with home.daemon (filekit.config (0.05), env=shim.env ()) as d:
        kk.wait_for (lambda: filekit.writer (d)["status"].get ("segment"), 10)
        shim.offset (10 - time.time () % 60)  # ten seconds past a minute
        kk.wait_for (lambda: filekit.writer (d)["calls"] > 20, 10)
        before = filekit.writer (d)["calls"]
        kk.wait_for (lambda: filekit.writer (d)["calls"] > before + 130, 20)  # the status line is rewritten every five seconds
        path = os.path.join (home.data, filekit.segment (d))
        first = os.stat (path)
        kk.wait_for (lambda: filekit.writer (d)["calls"] > before + 170, 10)
        same = os.stat (path)
        kk.equal ((same.st_ino, same.st_size), (first.st_ino, first.st_size), "the file although nobody read")
        shim.offset (59.5 - time.time () % 60)
        kk.wait_for (lambda: os.stat (path).st_size > first.st_size, 10, "the file is completed at the minute")
    filekit.check_once (filekit.stamps (home.metrics ()))


@kk.test
def the_form_of_an_entry (home):
    "every entry has what the contract says, and no number that is none"
    def refuse (text):
        raise kk.Failed ("not a JSON number: " + text)
    with home.daemon ("daemon: {sample_interval: 0.1}"):
        kk.wait_for (lambda: len (home.metrics ()) > 3, 10)
    for name in [n for n in home.files () if n.startswith ("metrics_")]:
        path = os.path.join (home.data, name)
        with open (path, encoding="utf-8") as f:
            entries = json.load (f, parse_constant=refuse)
        kk.equal (os.stat (path).st_mode & 0o777, 0o600, "mode")
        kk.check (abs (os.stat (path).st_mtime - entries[-1]["system"]["timestamp"]) < 0.002, "mtime is the newest sample's time")
        for e in entries:
            kk.equal (list (e)[:3], ["system", "processes", "network"], "tables")
            kk.equal (list (e["system"])[:5],
                      ["timestamp", "cpu_percent", "memory_percent", "memory_available_mb", "memory_used_mb"], "required fields")
            kk.check (all (isinstance (v, (int, float)) for v in e["system"].values ()), "numbers", e["system"])
            for pid, p in e["processes"].items ():
                kk.equal (p["pid"], int (pid), "pid")
                kk.equal (list (p)[:3], ["timestamp", "pid", "name"], "fields of a process")
                kk.check (isinstance (p["cpu_percent"], float), "cpu_percent of a process", p["cpu_percent"])
    kk.check ("daemon" not in entries[0], "the daemon's own table is not recorded by default")
    with open (os.path.join (home.data, "schema.json"), encoding="utf-8") as f:
        schema = json.load (f)
    kk.equal (schema["tables"]["system"]["fields"]["cpu_percent"]["unit"], "%", "unit in schema.json")
    for e in entries:
        for table in e:
            kk.check (table in schema["tables"], "a table that schema.json does not know", table)


@kk.test
def held_tables (home):
    "processes and network repeat their last rows with their own time; further tables are left out"
    text = "daemon: {sample_interval: 0.05}\nplugins:\n  net: {interval: 500ms}\n  process: {interval: 500ms}\n"
    with home.daemon (text):
        kk.wait_for (lambda: len (home.metrics ()) > 25, 10)
    entries = home.metrics ()
    reads = (entries[-1]["system"]["timestamp"] - entries[0]["system"]["timestamp"]) / 0.5 + 2  # however many ticks were missed
    kk.check (reads < len (entries), "samples between two reads", (reads, len (entries)))
    times = [e["network"]["timestamp"] for e in entries]
    kk.check (len (set (times)) <= reads, "network was read as often as recorded", (len (set (times)), reads))
    own = str (os.getpid ())
    rows = [e["processes"][own] for e in entries if own in e["processes"]]
    kk.check (len ({r["timestamp"] for r in rows}) <= reads, "rows of processes", (len (rows), reads))
    kk.check (len (rows) > 10, "this test's own Python is tracked", len (rows))
    fresh = [e for e in entries if "interfaces" in e]
    kk.check (len (fresh) <= reads, "interfaces are left out when they were not read", (len (fresh), reads))


@kk.test
def retention_and_other_peoples_files (home):
    "old files go, files of others stay"
    os.makedirs (home.data)
    others = ["metrics_mine.json", "metrics_20200101_000000.json", "metrics_20200101_000000_backup.json", "notes.json"]
    for name in others:
        path = home.write (os.path.join (home.data, name), '[{"mine": 1}]')
        os.utime (path, (1577836800, 1577836800))
    entry = '[{"system":{"timestamp":%d.5,"cpu_percent":1.0},"processes":{}}]\n'
    old = home.write (os.path.join (home.data, "metrics_20200102_000000.json"), entry % 1577923200)
    os.utime (old, (1577923200, 1577923200))
    kept = home.write (os.path.join (home.data, "metrics_20200103_000000.json"), entry % (time.time () - 100))
    os.utime (kept, (1577923200, 1577923200))  # an old mtime, but a new sample
    with home.daemon (filekit.config (0.1, retention="1h")):
        kk.wait_for (lambda: not os.path.exists (old), 10, "the old file goes")
        time.sleep (1.2)
    for name in others:
        kk.check (os.path.exists (os.path.join (home.data, name)), "somebody else's file went", name)
    kk.check (os.path.exists (kept), "a file with a recent sample went")


@kk.test
def room_for_files (home):
    "max_bytes deletes the oldest first"
    with home.daemon (filekit.config (0.01, segment_bytes="4KiB", max_bytes="20000", retention="8s", publish="always")):
        kk.wait_for (lambda: len (filekit.stamps (home.metrics ())) > 10, 10)
        first = home.metrics ()[0]["system"]["timestamp"]
        kk.wait_for (lambda: home.metrics ()[0]["system"]["timestamp"] > first, 20, "the oldest goes")
        def size ():
            names = [n for n in os.listdir (home.data) if n.startswith ("metrics_")]
            return sum (os.stat (os.path.join (home.data, n)).st_size for n in names)
        kk.wait_for (lambda: size () < 40000, 5, "the room is kept to")
    kk.contains (home.log (), "max_bytes", "the log says it")


kk.main ()
