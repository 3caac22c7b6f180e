"""Plugins of others run in processes of their own: what they do wrong costs their own values only."""

import os
import re
import shutil
import signal

import kk
from execkit import PRCTL, PR_SET_SECCOMP, without
from isokit import SANITIZED, TICK, Pace, child_of, config, daemon, in_sessions, instance, others_go_on, plugins

FIRST, GAP = 2, 4  # of enum kk_absent


def misbehaves (home, mode, says, **options):
    """The failure stands in log and status, it is started again, and nobody else misses anything."""
    with daemon (home, {"rogue": {"mode": mode, "deadline": f"{int (600 * kk.SLOW)}ms", **options}}) as d, Pace () as pace:
        kk.wait_for (lambda: says in home.log (), 15, f"{mode}: '{says}' in the log")
        kk.contains (home.log (), "is started again in", "the log")
        def message ():
            one = instance (d, "rogue")
            return one["last_message"] or "" if one["failures"] else ""
        kk.wait_for (lambda: "its process failed" in message () and says in message (), 20, "the message in status")
        kk.wait_for (lambda: home.log ().count (says) > 1, 20, "it is started again and does it again")
        others_go_on (d, pace)
        return home.log ()


@kk.test
def good_inside_and_out (home):
    "the same plugin gives the same values in the daemon and in a process of its own"
    renamed = {"rogue": "inside", "rogue_rows": "inside_rows", "rogue_numbers": "inside_numbers"}
    what = {"words": ["x", "y z"], "share": "99.5%", "choice": "three", "extra": True}
    with daemon (home, {"out": {"plugin": "rogue", **what},
                        "in": {"plugin": "rogue", "isolate": False, "tables": renamed, **what}}) as d:
        kk.wait_for (lambda: instance (d, "out")["calls"] > 5, 10, "some reads")
        kk.equal (len (child_of (d)), 1, "one of the two has a process")
        a, b = instance (d, "out"), instance (d, "in")
        for key in ("bad_fields", "lost_rows", "cut_strings"):
            kk.equal (a[key] // a["calls"], b[key] // b["calls"], key)
        kk.contains (a["status"]["process"], "held in by", "status says what it is held in by")
        kk.check ("reads" in a["status"], "its own status line", a["status"])
    both = [e for e in home.metrics () if "rogue" in e and "inside" in e and e["rogue"]["told_after"] == e["inside"]["told_after"]]
    entry = next (e for e in reversed (both) if e["rogue"]["reads"] == e["inside"]["reads"])  # an answer may have been late
    for one in "rogue", "inside":
        entry[one].pop ("told_elapsed")  # they are not read at the very same time
    kk.equal (entry["rogue"], entry["inside"], "the single table")
    kk.equal (entry["rogue_rows"], entry["inside_rows"], "rows by name")
    kk.equal (entry["rogue_numbers"], entry["inside_numbers"], "rows by number")
    kk.equal (len (entry["rogue_numbers"]), 3, "no more rows than the table may have")
    kk.equal (home.processes (), [], "no process is left")


@kk.test
def segv (home):
    "SIGSEGV"
    kk.contains (misbehaves (home, "segv", "SIGSEGV"), "its last words: about to do: segv", "last words")


@kk.test
def aborts (home):
    "abort ()"
    misbehaves (home, "abort", "SIGABRT")


@kk.test
def exits (home):
    "exit ()"
    misbehaves (home, "exit", "it exited with status 7")


@kk.test
def loops (home):
    "an endless loop"
    misbehaves (home, "loop", "it did not answer within")


@kk.test
def deadlock (home):
    "a deadlock"
    misbehaves (home, "deadlock", "it did not answer within")


@kk.test
def stopped (home):
    "SIGSTOP"
    misbehaves (home, "stop", "it did not answer within")


@kk.test
def grows (home):
    "memory without end"
    if SANITIZED:
        kk.skip ("memory is not limited in a build with sanitizers")
    misbehaves (home, "grow", "SIGABRT", memory_limit="32MiB")


@kk.test
def garbage (home):
    "garbage on the channel"
    misbehaves (home, "garbage", "its answer made no sense")


@kk.test
def torn (home):
    "a message that is cut off"
    misbehaves (home, "torn", "its answer made no sense")


@kk.test
def nonsense (home):
    "an answer in the right envelope that holds nonsense"
    misbehaves (home, "nonsense", "its answer made no sense")


@kk.test
def endless (home):
    "an answer without end"
    misbehaves (home, "endless", "its answer was too big", deadline=f"{int (5000 * kk.SLOW)}ms")


@kk.test
def closed (home):
    "a channel that it closes itself"
    misbehaves (home, "closed", "its process failed")


@kk.test
def rewrites (home):
    "an answer in shared memory that it goes on changing"
    misbehaves (home, "rewrite", "its process failed")


@kk.test
def scribbles (home):
    "shared memory that it writes over at random"
    misbehaves (home, "scribble", "its process failed")


@kk.test
def flickers (home):
    "shared memory whose word of the answer changes without end"
    misbehaves (home, "flicker", "it did not answer within")


@kk.test
def rows (home):
    "2^32 rows"
    misbehaves (home, "rows", "it did not answer within")


@kk.test
def floods_log (home):
    "a flood of lines for the log"
    with daemon (home, {"rogue": {"mode": "log"}}) as d, Pace () as pace:
        kk.wait_for (lambda: instance (d, "rogue")["calls"] > 8, 15, "some reads")
        others_go_on (d, pace)
    kk.check (len (home.log ()) < 1 << 20, "the log stays small", len (home.log ()))


@kk.test
def error_is_no_crash (home):
    "a read that fails in good order ends no process"
    with daemon (home, {"rogue": {"mode": "error", "after": 1}}) as d:
        kk.wait_for (lambda: instance (d, "rogue")["failures"] > 3, 10, "failed reads")
        kk.check ("its process failed" not in home.log (), "no failure of the process", home.log ())


@kk.test
def held (home):
    "a read with nothing newer leaves the last values, marked as held; the next one is told the time since those"
    what = {"plugin": "rogue", "mode": "held", "deadline": f"{int (TICK * 300)}ms"}
    renamed = {"rogue": "inside", "rogue_rows": "inside_rows", "rogue_numbers": "inside_numbers"}
    with daemon (home, {"out": what, "in": {**what, "isolate": False, "tables": renamed}}) as d, Pace () as pace:
        kk.wait_for (lambda: min (instance (d, n)["calls"] for n in ("in", "out")) > 12, 15, "some reads")
        for name, most in (("in", 0.3), ("out", 0.27)):
            failures = instance (d, name)["failures"]
            kk.check (failures <= 2 + pace.lost / TICK, "failures of " + name, (failures, pace.lost))  # a deadline this short is missed now and then
            kk.equal (instance (d, name)["status"]["deadline"], f"{int (TICK * most * 1000)} ms", "kk_deadline of " + name)
    for table in ("rogue", "inside"):
        rows = [e[table] for e in home.metrics () if table in e]
        kk.check (len (rows) > 4, "rows of " + table, len (rows))
        kk.equal ([r["reads"] for r in rows if r["reads"] % 2], [], f"reads of {table} that said held")
        kk.check (min (r["told_elapsed"] for r in rows[1:]) > TICK * 1.2, f"time since the values before, {table}", rows)


@kk.test
def slow (home):
    "an answer after half an interval is too late, but within the deadline nothing is ended"
    with daemon (home, {"rogue": {"pause": f"{int (TICK * 700)}ms", "deadline": f"{int (TICK * 20000)}ms"}}) as d, Pace () as pace:
        kk.wait_for (lambda: instance (d, "rogue")["failures"] > 3, 20, "reads that were late")
        kk.contains (home.log (), "has not answered within", "the log says so")
        kk.check ("its process failed" not in home.log (), "the process is left alone", home.log ())
        others_go_on (d, pace)


@kk.test
def late_answer (home):
    "an answer that comes too late is dropped and counted, and is never taken for that of the next read"
    late, ticks = 5, 4
    with daemon (home, {"rogue": {"mode": "late", "after": late, "pause": f"{int (TICK * 1000 * ticks)}ms",
                                  "deadline": f"{int (TICK * 60000)}ms"}}) as d, Pace () as pace:
        kk.wait_for (lambda: instance (d, "rogue")["calls"] > 1, 10, "some reads")
        children = child_of (d)
        kk.wait_for (lambda: any (e["rogue"]["reads"] > late + 2 for e in home.metrics () if "reads" in e.get ("rogue", {})), 15,
                     "entries after it")
        one = instance (d, "rogue")
        kk.check (one["failures"] >= 2, "failures: the one that was late, and those for which it was not back", one["failures"])
        others_go_on (d, pace)
        kk.equal (child_of (d), children, "its process")
    told = [e["rogue"] for e in home.metrics () if "reads" in e.get ("rogue", {})]
    reads = [t["reads"] for t in told]
    kk.equal (reads, sorted (set (reads)), "each read's values at most once, in order")
    kk.check (late not in reads and max (reads) > late, "all but the late one", reads)
    for before, after in zip (told, told[1:]):
        want = 0 if after["reads"] == before["reads"] + 1 else GAP
        kk.equal (after["told_after"], want, f"what read {after['reads']} after {before['reads']} was told")


@kk.test
def new_process_is_told (home):
    "the first read in a new process is told that it is the first, and how long its instance has been there"
    with daemon (home, {"rogue": {}}) as d:
        kk.wait_for (lambda: instance (d, "rogue")["calls"] > 8, 10, "some reads")
        os.kill (child_of (d)[0], signal.SIGKILL)
        kk.wait_for (lambda: "its process works again" in home.log (), 15, "it works again")
        n = instance (d, "rogue")["calls"]
        kk.wait_for (lambda: instance (d, "rogue")["calls"] > n + 2, 10, "reads after it")
    told = [(e["system"]["timestamp"], e["rogue"]) for e in home.metrics () if "reads" in e.get ("rogue", {})]
    (last, _), (first, read) = next ((a, b) for a, b in zip (told, told[1:]) if b[1]["reads"] <= a[1]["reads"])
    kk.equal (read["told_after"], FIRST, "what the first read was told")
    kk.check (0 < read["told_elapsed"] < first - last - 0.4, "what had passed: since it was started, not since the other's last read",
              (read["told_elapsed"], first - last))


@kk.test
def create_refused (home):
    "what create says is said as without isolation"
    home.config (config (home, {"rogue": {"mode": "no-create"}}))
    r = home.run ("start", "--foreground", env=plugins (home))
    kk.equal (r.rc, 1, "exit status")
    kk.contains (r.all, "there is no device", "the reason")


@kk.test
def create_crashes (home):
    "a crash in create leaves the daemon running"
    with daemon (home, {"rogue": {"mode": "create-segv"}}):
        kk.wait_for (lambda: home.log ().count ("SIGSEGV") > 1, 15, "tried again")


@kk.test
def held_in (home):
    "no writing, no change of modes, no sockets, no signals to others, no processes, no files of the daemon"
    if SANITIZED:
        kk.skip ("seccomp is off in a build with sanitizers")
    path = os.path.join (home.top, "written")
    home.write (path + "-there", "")
    with daemon (home, {"rogue": {"mode": "try", "path": path}}) as d:
        held = kk.wait_for (lambda: instance (d, "rogue")["status"]["process"], 5, "status")
        pid = child_of (d)[0]
        with open (f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
            said = dict (re.findall (r"^(\w+):\s*(.*)$", f.read (), re.MULTILINE))
        session, group = os.getsid (pid), os.getpgid (pid)
        entry = kk.wait_for (lambda: [e["rogue"] for e in home.metrics () if "tried" in e.get ("rogue", {})], 10, "an entry")[-1]
    kk.not_in_force (held)
    kk.equal ((said["NoNewPrivs"], said["Seccomp"]), ("1", "2"), "for good")
    kk.equal ((session, group), (pid, pid), "its own session and process group")
    kk.equal (entry["tried"], 256 + 32, "all it could do is read, and join two streams")
    kk.check (not os.path.exists (path), "nothing was written")


@kk.test
def let_out (home):
    "network and write_paths let it do that"
    if SANITIZED:
        kk.skip ("seccomp is off in a build with sanitizers")
    place = os.path.join (home.top, "place")
    home.write (place + "/written-there", "")
    with daemon (home, {"rogue": {"mode": "try", "path": place + "/written", "network": True, "write_paths": [place]}}):
        entry = kk.wait_for (lambda: [e["rogue"] for e in home.metrics () if "tried" in e.get ("rogue", {})], 10, "an entry")[-1]
    kk.equal (entry["tried"], 128 + 64 + 32 + 2 + 1, "it can read, write there, change modes and make sockets")
    kk.check (os.path.exists (place + "/written"), "it was written")


@kk.test
def no_grandchildren (home):
    "it cannot fork, and where the kernel does not keep it from that, what it forked does not stay: neither after a stop nor after kill -9"
    for take_away in (None, without (PRCTL, PR_SET_SECCOMP) if PRCTL and not SANITIZED else None):
        forks = SANITIZED or take_away is not None
        for way in ("stop", "kill"):
            d = home.daemon (config (home, {"rogue": {"mode": "fork", "deadline": "60s"}}), env=plugins (home), preexec_fn=take_away)
            with d:
                kk.wait_for (lambda: instance (d, "rogue")["calls"] > 6, 10, "some reads")  # pylint: disable=cell-var-from-loop
                leaders = child_of (d)
                if forks:
                    kk.wait_for (lambda: len (in_sessions (leaders)) > 1, 20, "it forks")  # pylint: disable=cell-var-from-loop
                else:
                    kk.equal (in_sessions (leaders), leaders, "it alone")
                if way == "kill":
                    d.kill ()
            kk.wait_for (lambda: not in_sessions (leaders), 5, f"no process is left after {way}")  # pylint: disable=cell-var-from-loop


@kk.test
def dies_with_the_daemon (home):
    "its process ends with the daemon, whatever it is doing"
    for mode in ("good", "loop", "stop"):
        with daemon (home, {"rogue": {"mode": mode, "deadline": "30s"}}) as d:
            kk.wait_for (lambda: instance (d, "rogue")["calls"] > 5, 10, "some reads")
            children = child_of (d)
            kk.check (children, "it has a process")
            d.kill ()
        kk.wait_for (lambda: not any (kk.alive (pid) for pid in children), 5, f"{mode}: its process is gone")  # pylint: disable=cell-var-from-loop


@kk.test
def killed_from_outside (home):
    "kill -9 of its process: started again, and then it works"
    with daemon (home, {"rogue": {}}) as d:
        kk.wait_for (lambda: instance (d, "rogue")["calls"] > 3, 10, "some reads")
        os.kill (child_of (d)[0], signal.SIGKILL)
        kk.wait_for (lambda: "its process works again" in home.log (), 15, "it works again")
        kk.contains (home.log (), "SIGKILL", "the log")
        kk.wait_for (lambda: instance (d, "rogue")["state"] == "ok", 5, "status")


@kk.test
def described_elsewhere (home):
    "a foreign file is not loaded by any command: one that crashes when loaded is refused with a sentence"
    place = plugins (home, "rogue")
    top = os.path.join (home.top, "plugins")
    source = home.write ("crash.c", "#include <stdlib.h>\n__attribute__ ((constructor)) static void f (void) { abort (); }\nint x;\n")
    kk.need_tool ("cc")
    home.run ("-shared", "-fPIC", "-o", os.path.join (top, "crash.so"), source, program=shutil.which ("cc")).ok ("cc")
    home.write (os.path.join (top, "text.so"), "no plugin\n", 0o755)
    os.chmod (os.path.join (top, "crash.so"), 0o755)
    r = home.run ("plugin", "list", env=place)
    kk.equal (r.rc, 1, "exit status")
    kk.contains (r.out, "SIGABRT", "the reason of one")
    kk.contains (r.out, "text.so", "the other")
    kk.contains (r.out, "rogue", "the good one is there")
    info = home.run ("plugin", "info", "rogue", "--json", env=place).ok ().json ()
    kk.equal ([o["name"] for o in info["options"]], ["mode", "after", "words", "share", "pause", "path", "extra", "choice"], "its options")
    home.config ("plugins: {crash: true}\n")
    kk.contains (home.run ("config", "--check", env=place).all, "SIGABRT", "the check says why")


@kk.test
def hangs_when_loaded (home):
    "a foreign file that hangs when it is loaded: whoever asks has an answer after a while"
    place = plugins (home, "rogue")
    top = os.path.join (home.top, "plugins")
    source = home.write ("hang.c", "#include <unistd.h>\n__attribute__ ((constructor)) static void f (void) { for (;;) pause (); }\nint x;\n")
    kk.need_tool ("cc")
    home.run ("-shared", "-fPIC", "-o", os.path.join (top, "hang.so"), source, program=shutil.which ("cc")).ok ("cc")
    os.chmod (os.path.join (top, "hang.so"), 0o755)
    r = home.run ("plugin", "info", "hang", env=place)
    kk.equal (r.rc, 1, "exit status")
    kk.contains (r.err, "did not answer within", "the reason")
    with daemon (home, {"rogue": {}}) as d:
        home.config (config (home, {"rogue": {}, "hang": {}}))
        taken = d.status ()["ticks"]["taken"]
        kk.contains (home.run ("reload", timeout=60).err, "did not answer within", "a reload")
        kk.check (d.status ()["ticks"]["taken"] > taken + 1 / TICK, "samples were taken meanwhile", d.status ()["ticks"])
        kk.equal (len (child_of (d)), 1, "processes")
    kk.equal (home.processes (), [], "what is left")


@kk.test
def root_is_careful (home):
    "as root, a plugin that others can write is refused"
    kk.need_root ()
    place = plugins (home, "rogue")
    for path in (os.path.join (home.top, "plugins", "rogue.so"), os.path.join (home.top, "plugins")):
        mode = os.stat (path).st_mode
        os.chmod (path, mode | 0o002)
        r = home.run ("plugin", "info", "rogue", env=place)
        kk.equal (r.rc, 1, "exit status")
        kk.contains (r.err, "users other than root can change", "the reason")
        os.chmod (path, mode)
    home.run ("plugin", "info", "rogue", env=place).ok ()


@kk.test
def missing_plugin (home):
    "a plugin that is not there: places and nearest name, or a warning when it is optional"
    place = plugins (home, "rogue")
    home.config ("plugins: {rouge: true}\n")
    r = home.run ("config", "--check", env=place)
    kk.equal (r.rc, 1, "exit status")
    kk.contains (r.all, "did you mean 'rogue'", "the nearest name")
    kk.contains (r.all, os.path.join (home.top, "plugins"), "the places")
    home.config ("plugins: {rouge: {optional: true}}\n")
    r = home.run ("config", "--check", env=place)
    kk.equal (r.rc, 0, "optional: exit status")
    kk.contains (r.all, "rouge", "optional: a warning")


kk.main ()
