#!/usr/bin/env python3
"""kode-kronical-daemon alerts test: rules over recorded files say what the daemon said, and when others would have fired."""

import json
import os
import random
import time

import kk
from alertkit import Scene

RULES = """      busy: {when: probe.load > 90, for: 250ms, clear: < 60 for 150ms}
      big: {when: "items[a*].size > 1KiB", for: 150ms}
      lost: {when: "gone(items[b1])"}
      both: {when: "probe.load > 50 and sum(items.size) > 3000"}
"""


def words (changes):
    return [(c["row"], c["change"], c["gone"], c["value"]) for c in changes]


@kk.test (deadline=180)
def agrees_with_the_daemon (home):
    "over what was recorded of a random series each rule changes as it did in the daemon: same rows, values and times"
    s = Scene (home, RULES)
    chance = random.Random (int (os.environ.get ("KK_SEED", "0")) or time.time_ns ())
    seed = chance.randrange (1, 1 << 30)
    chance.seed (seed)
    s.say (load=10, items={"b1": 1})
    begun = time.time () - 1
    with home.daemon (s.text) as d:
        kk.wait_for (lambda: any ("probe" in e for e in home.metrics ()), 30, "something is recorded")
        s.wait_samples (d, 8)
        for _ in range (45):
            items = {name: chance.choice ([10, 2000, 4000]) for name in ("a1", "a2", "b1") if chance.random () < 0.7}
            s.say (load=chance.choice ([10, 40, 70, 92, 99]), items=items)
            s.wait_samples (d, chance.choice ([1, 1, 2, 3, 5]))
        d.stop ()
    told = s.alerts ("history", "--json").ok ().json ()["changes"]
    kk.check (len (told) > 20, "changes", told)
    for rule in ("busy", "big", "lost", "both"):
        live = [c for c in told if c["rule"] == rule]
        tried = s.alerts ("test", rule, "--since", f"@{int (begun)}", "--json").ok ().json ()
        again = tried["changes"]
        # Rows that change in one sample have no order.
        order = lambda c: (c["time"], c["row"])
        live, again = sorted (live, key=order), sorted (again, key=order)
        kk.equal (words (again), words (live), f"rule {rule}, seed {seed}")
        late = [(a["time"], b["time"]) for a, b in zip (again, live) if abs (a["time"] - b["time"]) > 0.002]
        kk.equal (late, [], f"times of rule {rule}, seed {seed}")
        kk.equal (tried["fired"], len ([c for c in live if c["change"] == "fired"]), "how often it fired")


SCHEMA = {"format": 1, "tables": {
    "system": {"help": "", "fields": {n: {"unit": "%", "kind": "gauge", "type": "number", "help": ""} for n in ("cpu_percent", "memory_percent")}},
    "processes": {"help": "", "key": "pid", "key_type": "unsigned integer", "fields": {
        "name": {"unit": "1", "kind": "info", "type": "string", "help": ""},
        "memory_rss_mb": {"unit": "MiBy", "kind": "gauge", "type": "number", "help": ""}}}}}
CONFIG = """daemon: {cpu_alert_threshold: 90}
plugins:
  alert:
    rules:
      hot: {when: system.cpu_percent > 80, for: 10s, clear: < 50}
      fat: {when: "processes[name=py*].memory_rss_mb > 1GiB"}
      other: {when: network.bytes_sent > 3}
"""


def record (home, begin, values, processes=lambda i: {}, data=None):
    """A sample each second, a file each minute."""
    data = data or home.data
    for at in range (0, len (values), 60):
        entries = [{"system": {"timestamp": begin + i + 0.25, "cpu_percent": v, "memory_percent": 1.0}, "processes": processes (i)}
                   for i, v in enumerate (values[at:at + 60], at)]
        path = home.write (f"{data}/metrics_20260101_{at:06}.json", "[" + ",\n".join (json.dumps (e) for e in entries) + "]\n")
        os.utime (path, (entries[-1]["system"]["timestamp"],) * 2)
    home.write (f"{data}/schema.json", json.dumps (SCHEMA))


def process (pid, name, size, since=100):
    return {str (pid): {"pid": pid, "name": name, "memory_rss_mb": size, "create_time": since}}


@kk.test
def a_known_series (home):
    "when it would have fired and ended is told to the second; other thresholds are tried without writing them anywhere"
    home.config (CONFIG)
    begin = int (time.time ()) - 3000
    values = [10.0] * 100 + [85.0] * 5 + [10.0] * 95 + [95.0] * 50 + [60.0] * 50 + [10.0] * 300
    record (home, begin, values, lambda i: process (7, "python3", 2000.0, 100 if i < 60 else 160) if 40 <= i < 100 else {})
    run = lambda *args: home.run ("alerts", "test", *args, "--json").ok ().json ()
    hot = run ("hot")
    kk.equal ((hot["samples"], hot["files"], hot["damaged"], hot["fired"], hot["unit"]), (600, 10, 0, 1, "%"), f"what was read: {hot}")
    kk.equal ([(round (c["time"] - begin, 2), c["change"], c["value"]) for c in hot["changes"]],
              [(210.25, "fired", 95), (300.25, "cleared", 10)], "it fires and ends")
    kk.equal (round (hot["changes"][0]["since"] - begin, 2), 200.25, "since when it was true")
    short = run ("hot", "--for", "3s")
    kk.equal ([round (c["time"] - begin) for c in short["changes"]], [103, 105, 203, 300], "with a shorter time")
    kk.equal (run ("hot", "--when", "system.cpu_percent > 99")["fired"], 0, "with a higher threshold")
    kk.equal ([round (c["time"] - begin) for c in run ("hot", "--clear", "< 70")["changes"]], [210, 250], "with another end")
    kk.equal ([round (c["time"] - begin) for c in run ("new", "--when", "system.cpu_percent > 90", "--for", "5s")["changes"]], [205, 250], "a new rule")
    kk.equal (run ("cpu")["fired"], 0, "the short key's rule wants a minute")
    fat = run ("fat")["changes"]
    kk.equal ([(round (c["time"] - begin), c["row"], c["change"], c["gone"]) for c in fat],
              [(40, "7", "fired", False), (60, "7", "cleared", True), (60, "7", "fired", False), (100, "7", "cleared", True)],
              "a process, and another with its number")
    kk.equal (run ("hot", "--since", f"@{begin + 205}", "--until", f"@{begin + 280}")["samples"], 75, "a part of it")
    away = os.path.join (home.top, "away")
    record (home, begin, [99.0] * 60, data=away)
    kk.equal (run ("hot", "--from", away)["fired"], 1, "from another directory")


@kk.test
def for_people (home):
    "how often, for how long, a timeline and each firing, on terminals of 40, 80 and 200 columns; nothing on stderr in a pipe"
    home.config (CONFIG)
    record (home, int (time.time ()) - 3000, [10.0] * 100 + [95.0] * 100 + [10.0] * 100 + [95.0] * 100)
    r = home.run ("alerts", "test", "hot").ok ()
    kk.equal (r.err, "", "stderr")
    for part in ("It would have fired 2 times, for 2 min 59 s in all.", "400 samples of 7 files", "still fires", "█", "▄", "▁", "95 %"):
        kk.contains (r.out, part, "what is said")
    kk.check ("\033" not in r.out, "colors in a pipe", r)
    kk.contains (home.run ("alerts", "test", "cpu", "--for", "1h").ok ().out, "It would not have fired.", "of one that never fires")
    kk.contains (home.run ("alerts", "test", "hot", env={"LC_ALL": "C"}).ok ().out, "#", "without UTF-8")
    for columns in (40, 80, 200):
        lines = home.on_terminal (columns, "alerts", "test", "hot").splitlines ()
        kk.equal ([x for x in lines if len (kk.plain (x)) > columns], [], f"lines beyond {columns} columns")
        kk.check (any ("\033[" in x for x in lines), "colors", lines)
        kk.check (any (len (kk.plain (x)) == min (columns, 160) for x in lines), "the timeline's width", lines)


@kk.test
def durations (home):
    "how long it would have fired is said to the second from a second on, below that in milliseconds"
    home.config (CONFIG)
    begin = int (time.time ()) - 3000
    for values, wanted in (([10.0] * 3 + [95.0] * 9 + [10.0] * 3, "3 s"), ([10.0] * 3 + [95.0] * 2 + [10.0] * 3, "600 ms"), ([95.0] * 300, "1 min 30 s")):
        entries = [{"system": {"timestamp": begin + 0.3 * i, "cpu_percent": v, "memory_percent": 1.0}} for i, v in enumerate (values)]
        path = home.write (f"{home.data}/metrics_20260101_000000.json", json.dumps (entries))
        os.utime (path, (entries[-1]["system"]["timestamp"],) * 2)
        home.write (f"{home.data}/schema.json", json.dumps (SCHEMA))
        lines = home.run ("alerts", "test", "hot", "--for", "0s").ok ().out.splitlines ()
        kk.check (f"It would have fired 1 time, for {wanted}." in lines, f"in all, {wanted}", lines)
        kk.contains (lines[-1], f"  {wanted}  ", "each")


@kk.test
def wrong_words (home):
    "what cannot be tried says why"
    home.config (CONFIG)
    run = lambda *args: home.run ("alerts", "test", *args)
    for args, rc, part in ((("ht",), 2, "did you mean 'hot'"), ((), 2, "test RULE"), (("hot", "fat"), 2, "test RULE"),
                           (("hot", "--since", "long"), 2, "is no time"), (("hot", "--since", "1h", "--until", "2h"), 2, "--since"),
                           *((("hot", "--since", x), 2, "is no time") for x in ("", "-1h", "5", "tomorrow", "25:00", "2026-02-30", "@x", "@-5", "1h30", "99999999d")),
                           (("hot", "--since", "2099-01-01"), 2, "a time to come"), (("hot", "--until", "soon"), 2, "is no time"),
                           (("hot", "--for", "long"), 2, "--for"), (("hot", "--for", "1000d"), 2, "at most 24h"), (("hot", "--when", "1 +"), 2, "column"), (("x", "--for", "3s"), 2, "no rule"),
                           (("hot", "--lines", "3"), 2, "--lines"), (("hot", "--from", "/nonexistent"), 1, "/nonexistent"), (("hot",), 1, "schema.json")):
        r = run (*args)
        kk.equal ((r.rc, r.out), (rc, ""), f"{args}: {r}")
        kk.contains (r.err, part, f"{args}")
    kk.equal (home.run ("alerts", "--when", "1").rc, 2, "--when with the list")
    home.write (f"{home.data}/schema.json", json.dumps (SCHEMA))
    kk.contains (run ("hot").err, "nothing was recorded", "no files")
    record (home, int (time.time ()) - 300, [10.0] * 100)
    home.write (f"{home.data}/metrics_20260101_999999.json", '[{"system": ')
    answer = run ("hot", "--json").ok ().json ()
    kk.equal ((answer["samples"], answer["damaged"]), (100, 1), "a damaged file")
    kk.contains (run ("hot").ok ().out, "left out", "it is said")
    r = run ("other")
    kk.equal (r.rc, 1, "a table that was not recorded")
    kk.contains (r.err, "network", "it is named")
    home.write (f"{home.data}/schema.json", "{")
    kk.contains (run ("hot").err, "damaged", "a damaged schema")


@kk.test (deadline=120)
def very_many_firings (home):
    "100,000 firings of 1,000 rows are all counted, each with its end, in seconds"
    home.config (CONFIG)
    begin = int (time.time ()) - 3000
    # On and off in turn; the last ones do not end.
    record (home, begin, [1.0] * 199, lambda i: {k: v for pid in range (1000) for k, v in process (pid, "py", 2000.0 if i % 2 == 0 else 1.0).items ()})
    began = time.monotonic ()
    answer = home.run ("alerts", "test", "fat", "--json").ok ().json ()
    r = home.run ("alerts", "test", "fat").ok ()
    took = time.monotonic () - began
    kk.equal ((answer["fired"], answer["more"], len (answer["changes"])), (100000, 0, 199000), "changes")
    kk.contains (r.out, "100000 times, for 1 d 03 h in all", "the sum")
    kk.equal (r.out.splitlines ()[-1], "and 99000 more", "the rest")
    kk.check ("still fires" not in r.out, "the first ones all ended", r.out[:2000])
    kk.check (took < 30 * kk.SLOW, "time", took)


def same_file_often (home, begin, n):
    """One big file under n names: it is read as often, and counts once."""
    record (home, begin, [])
    entries = [{"system": {"timestamp": begin + i / 10, "cpu_percent": 1.0, "memory_percent": 1.0}, "processes": {}} for i in range (20000)]
    path = home.write (f"{home.data}/metrics_20260101_000000.json", json.dumps (entries))
    for i in range (1, n):
        os.link (path, f"{home.data}/metrics_20260101_{i:06}.json")


@kk.test (deadline=180)
def a_bar_where_it_takes_long (home):
    "a bar after a second, no wider than the terminal, wiped at the end; none in a pipe, with --json or where it is quick"
    home.config (CONFIG)
    record (home, int (time.time ()) - 3000, [1.0] * 60)
    kk.check ("\r" not in home.on_terminal (80, "alerts", "test", "hot"), "a bar for nothing")
    same_file_often (home, int (time.time ()) - 3000, 40)
    for columns in (20, 40, 80, 200):
        text = home.on_terminal (columns, "alerts", "test", "hot")
        bars = text[:text.rindex ("\r")].split ("\r")
        kk.check (len (bars) > 2 and any (" %" in b for b in bars), f"a bar at {columns} columns", bars)
        kk.equal ([b for b in bars if len (b) >= columns or "\n" in b], [], f"wider than {columns} columns")
        kk.check (columns < 40 or any ("reading [" in b for b in bars), "its form", bars)
        kk.equal ((bars[-1].strip (" "), len (bars[-1]) >= max (map (len, bars))), ("", True), f"wiped at {columns} columns: {bars}")
        kk.check (text[text.rindex ("\r") + 1:].startswith ("hot: "), "what comes then", text)
    text = home.on_terminal (80, "alerts", "test", "hot", "--json")
    kk.equal (json.loads (text)["files"], 40, "--json on a terminal")
    kk.equal (home.run ("alerts", "test", "hot").ok ().err, "", "in a pipe")


@kk.test
def partial_recordings (home):
    "what cannot be read is left out and said, the rest counts; files out of the time are not opened; an empty time says so"
    home.config (CONFIG)
    begin = int (time.time ()) - 20000
    record (home, begin, [95.0] * 60 + [1.0] * 60)
    record (home, begin + 14400, [95.0] * 60, data=home.data + "/later")
    os.rename (f"{home.data}/later/metrics_20260101_000000.json", f"{home.data}/metrics_20260102_000000.json")
    with open (f"{home.data}/metrics_20260101_000060.json", encoding="utf-8") as f:
        text = f.read ()
    broken = {"1_cut.json": text[:len (text) // 2], "2_empty.json": "", "3_other.json": '{"version": 2, "entries": []}', "4_strange.json": '[1, {"time": 3}]',
              "5.json.gz": "\x1f", "6_zero.json": "\0" * 100}
    for name, data in broken.items ():
        os.utime (home.write (f"{home.data}/metrics_20260101_{name}", data), (begin + 200,) * 2)
    r = home.run ("alerts", "test", "hot", "--json").ok ().json ()
    kk.equal ((r["samples"], r["files"], r["damaged"], r["strange"], r["fired"]), (180, 4, 4, 2, 2), f"what counts: {r}")
    said = " ".join (home.run ("alerts", "test", "hot").ok ().out.split ())
    kk.contains (said, "left out: 4 files, 2 entries, the first:", "it is said")
    kk.contains (said, "1_cut.json: cut off", "which is the first")
    r = home.run ("alerts", "test", "hot", "--since", f"@{begin + 1000}", "--json").ok ().json ()
    kk.equal ((r["samples"], r["files"], r["damaged"]), (60, 1, 0), "older files are not opened")
    os.utime (home.write (f"{home.data}/metrics_20260103_000000.json", "torn"), (begin + 16000,) * 2)
    r = home.run ("alerts", "test", "hot", "--until", f"@{begin + 1000}", "--json").ok ().json ()
    kk.equal ((r["samples"], r["damaged"]), (120, 4), "nor much newer ones")
    for name in os.listdir (home.data):
        if name.startswith ("metrics_"):
            home.write (f"{home.data}/{name}", "torn")
    r = home.run ("alerts", "test", "hot")
    kk.equal ((r.rc, r.out), (1, ""), f"all damaged: {r}")
    kk.contains (r.err, "nothing that can be read was recorded", "why")


@kk.test
def what_a_filter_took_away (home):
    "rows that a filter leaves out, in the common chain or in file-writer's own, do not count as gone"
    begin = int (time.time ()) - 3000
    few = "  few: {plugin: top, by: [processes.memory_rss_mb], n: 1}\n"
    own = CONFIG + few + "  file-writer: {pipeline: [few]}\n"
    for config, gone in ((CONFIG, True), (own, False), (CONFIG + few + "pipeline: [few]\n", False)):
        home.config (config)
        home.run ("config", "--check").ok ()
        record (home, begin, [1.0] * 120, lambda i: process (7, "python3", 2000.0) if i < 60 else {})
        changes = home.run ("alerts", "test", "fat", "--json").ok ().json ()["changes"]
        kk.equal ([c["change"] for c in changes if c["gone"]], ["cleared"] if gone else [], f"gone, with {config}")
    kk.contains (home.run ("config", "show").ok ().out, "pipeline: [", "config show")
    home.config (own)
    kk.contains (home.run ("config", "show", "file-writer").ok ().out, 'pipeline: ["few"]', "config show of an output's own chain")


if __name__ == "__main__":
    kk.main ()
