#!/usr/bin/env python3
"""The exec input: programs in any language, good ones and all kinds of bad ones."""

import contextlib
import os
import socket
import subprocess
import sys

import kk
from execkit import DAEMON, latest, log_has, pids, plugin, samples, schema

EXAMPLES = os.path.join (kk.SOURCE or os.path.join (os.path.dirname (os.path.abspath (__file__)), "..", ".."), "contrib", "exec-examples")
DISKS = "format: json, fields: ['disks[mount].size u64 By', 'disks[mount].free u64 By']"
TASKS = "format: lines, fields: [tasks.running u64, tasks.all u64, tasks.uptime f64 s counter]"


def check_examples (home, stream, disks="format: json", tasks="format: lines"):
    arg, mode = (", stream", "stream") if stream else ("", "once")
    with home.daemon (DAEMON + f"""plugins:
  disks: {{plugin: exec, command: ['{sys.executable}', '{EXAMPLES}/disks.py'{arg}], mode: {mode}, {disks}, timeout: 10s, deadline: 10s, interval: 4s}}
  tasks: {{plugin: exec, command: [sh, '{EXAMPLES}/load.sh'{arg}], mode: {mode}, {tasks}, timeout: 10s, deadline: 10s, interval: 4s}}
""") as d:
        disk = latest (home, "disks")["/"]
        kk.check (0 < disk["free"] <= disk["size"], f"the root's size: {disk}")
        tasks = latest (home, "tasks")
        kk.check (tasks["all"] >= 1 and tasks["uptime"] > 0, f"tasks: {tasks}")
        kk.wait_for (lambda: any ("disks" in e and "tasks" in e for e in home.metrics ()), 15, "both in a recorded file")
        if "fields" not in disks:
            said = kk.wait_for (lambda: schema (home)["tasks"]["fields"], 15, "the schema")
            kk.equal (said["uptime"], {"unit": "s", "kind": "counter", "type": "number", "help": "Since the machine was started"}, "a field")
        kk.equal (home.run ("status", "--json").json ()["health"], "ok", "nothing is refused")
        kk.check ("not taken" not in home.run ("status").out, "all is taken")
        kk.equal (d.stop (), 0, "the daemon's end")


@kk.test
def examples_once (home):
    "the examples in Python and shell, run for each reading: in samples and in files"
    check_examples (home, False)


@kk.test
def examples_stream (home):
    "the examples in Python and shell, long-lived: in samples and in files"
    check_examples (home, True)


@kk.test
def examples_with_fields (home):
    "the configuration may say the fields instead"
    check_examples (home, False, DISKS, TASKS)


@kk.test
def says_its_fields (home):
    "a program that says its fields: another order each time, an end by an empty line, none while it runs, others after a reload"
    script = """import random
fields = ["b u64 # Second", "a u64 By counter", "text string", "c u64"] if os.path.exists (sys.argv[0] + ".more") else ["b u64 # Second", "a u64 By counter"]
random.shuffle (fields)
print ("# What is to come", *(f"field: thing[key].{f}" for f in fields), "", sep="\\n", flush=True)
if os.environ.get ("KK_FIELDS"): time.sleep (600)
print ("thing x a 1\\nthing x b 2\\nthing x c 3\\nthing x text café")
"""
    path = home.write ("mine.py", "import os, sys, time\n" + script)
    config = f"  mine: {{plugin: exec, command: ['{sys.executable}', '{path}'], timeout: 20s, deadline: 20s, interval: 1s}}\n"
    with home.daemon (DAEMON + "plugins:\n" + config):
        kk.equal (latest (home, "thing"), {"x": {"a": 1, "b": 2}}, "what it says")
        kk.wait_for (lambda: "of unknown fields" in home.run ("status").out, 10, "others are counted")
        home.write ("mine.py.more", "")
        home.run ("reload").ok ()
        kk.wait_for (lambda: latest (home, "thing") == {"x": {"a": 1, "b": 2, "c": 3, "text": "café"}}, 20, "with those that are new")
        fields = kk.wait_for (lambda: "c" in schema (home)["thing"]["fields"] and schema (home)["thing"]["fields"], 20, "the schema")
        kk.equal (fields["b"], {"unit": "1", "kind": "gauge", "type": "unsigned integer", "help": "Second"}, "what it said of a field")
    kk.equal (pids (home, "mine.py"), [], "what is left")


@kk.test
def says_no_fields (home):
    "config --check says what is wrong with a program that does not say its fields, and ends one that does not end"
    for script, says in (("print ('thing x a 1')", "does not begin with lines 'field: ...'"), ("", "does not begin with lines"),
                         ("sys.exit ('no\\nsuch device')", "ended with exit status 1; it said: such device"),
                         ("print ('field: thing.a u65')", "the type must be one of"), ("print ('field: thing.a u64\\nfield: thing.a u64')", "twice"),
                         ("print ('field: thing.a u64', flush=True); time.sleep (600)", "does not end its fields within"),
                         ("while True: print ('field: thing.a u64')", "too many fields"), ("while True: print (end='x' * 9999)", "does not begin with")):
        path = home.write ("mine.py", "import sys, time\n" + script)
        timeout = "2s" if "sleep" in script else "10s"
        home.config (DAEMON + f"plugins:\n  mine: {{plugin: exec, command: ['{sys.executable}', '{path}'], timeout: {timeout}}}\n")
        r = home.run ("config", "--check")
        kk.check (r.rc != 0 and says in r.all, says, r)
        kk.equal (pids (home, "mine.py"), [], "what is left")
    home.config (DAEMON + "plugins:\n  mine: {plugin: exec, command: [/nowhere]}\n")
    kk.contains (home.run ("config", "--check").all, "there is no program '/nowhere'", "a missing program")


@kk.test
def environment (home):
    "a program gets PATH, HOME, LANG, KK_INTERVAL and a directory, an empty standard input and a process group of its own"
    script = """print ("thing x names", *sorted (set (os.environ) - {"LC_CTYPE", "TZ"}))
print ("thing x interval", os.environ["KK_INTERVAL"])
print ("thing x place", os.environ["KK_DATA_DIR"])
print ("thing x own", "true" if os.getpgid (0) == os.getpid () and not sys.stdin.read () else "false")
print ("thing x fds", len ([f for f in os.listdir ("/proc/self/fd") if os.path.exists ("/proc/self/fd/" + f)]))
"""
    fields = "thing[key].names string', 'thing[key].interval f64 s', 'thing[key].own bool', 'thing[key].fds u64', 'thing[key].place string"
    with home.daemon (DAEMON + "plugins:\n" + plugin (home, script, "interval: 3.5s", fields=fields)):
        got = latest (home, "thing")["x"]
    kk.equal (got, {"names": "HOME KK_DATA_DIR KK_INTERVAL LANG PATH TMPDIR", "interval": 3.5, "own": True, "fds": 3,
                   "place": os.path.join (home.data, "plugins", "mine")}, "what the program sees")


@kk.test
def nothing_else_open (home):
    "what the daemon may have left open is closed before the program runs, and its end is the keeper's"
    keeper = os.path.join (kk.BUILD, "core", "kode-kronical-exec-keeper")
    line, other = socket.socketpair ()

    def open_them ():
        os.dup2 (other.fileno (), 3)
        os.dup2 (1, 9)
    with line, other:
        p = home.spawn (keeper, "--", "sh", "-c", "ls /proc/$$/fd; exit 7", preexec_fn=open_them, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        kk.equal (p.communicate (timeout=20 * kk.SLOW)[0].split (), [b"0", b"1", b"2"], "descriptors")
        kk.equal (p.returncode, 7, "exit status")


@kk.test
def garbage (home):
    "what cannot be taken is counted and shown, and the rest is recorded"
    script = r"""sys.stdout.buffer.write (b"thing a value 7\n\xff\xfe\0 rubbish\nthing a other 1\nthing b value x\nthing a value 8\nthing\n"
                         + b"thing a text caf\xc3\xa9 \xff!")
"""
    fields = "thing[key].value u64', 'thing[key].text string"
    with home.daemon (DAEMON + "plugins:\n" + plugin (home, script, "interval: 4s", fields=fields)):
        got = latest (home, "thing")["a"]
        kk.equal (got, {"value": 8, "text": "caf\u00e9 \ufffd!"}, "the good values")
        text = kk.wait_for (lambda: (t := home.run ("status").out) and "not taken" in t and t, 10, "status counts it")
    kk.contains (text, "of unknown fields", "status")
    kk.equal (home.log ().count ("prints what cannot be taken"), 1, "warnings")


@kk.test
def fails (home):
    "a program that fails: nothing of it is kept, one message with status and last words, then it works again"
    flag = os.path.join (home.path, "flag")
    script = f"""print ("thing a value 7", flush=True)
if not os.path.exists ({flag!r}):
  print ("first\\nno such device", file=sys.stderr)
  sys.exit (3)
"""
    with home.daemon (DAEMON + "plugins:\n" + plugin (home, script, "interval: 3s")):
        log_has (home, "ended with exit status 3; it said: no such device")
        n = len (samples (home, 1000))
        kk.wait_for (lambda: len (samples (home, 1000)) > n + 16, 20, "more samples")
        kk.check (not any (s.get ("thing") for s in samples (home, 1000)), "values of a program that failed")
        kk.equal (home.log ().count ("exit status 3"), 1, "messages")
        home.write ("flag", "")
        kk.equal (latest (home, "thing"), {"a": {"value": 7}}, "when it works")
        log_has (home, "works again")


@kk.test
def hangs (home):
    "a program that hangs is killed with its children, and holds up nobody else"
    script = """if os.fork () == 0: time.sleep (600)
time.sleep (600)
"""
    config = plugin (home, script, "interval: 1s").replace ("timeout: 20s", "timeout: 100ms")
    with home.daemon (DAEMON + "plugins:\n" + config) as d:
        log_has (home, "did not end within 100 ms and was killed")
        kk.wait_for (lambda: len (samples (home, 100)) > 8, 20, "samples go on")
        d.stop ()
    kk.equal (pids (home, "mine.py"), [], "what is left")


# Leaves the process group, the session and the parent, and does not mind SIGTERM; says that it is there.
ESCAPE = """import signal
def escape (n):
  if os.fork (): return
  os.setsid ()
  signal.signal (signal.SIGTERM, signal.SIG_IGN)
  if n: escape (n - 1)
  open (f"{sys.argv[0]}.{n}", "w").close ()
  time.sleep (600)
  os._exit (0)
escape (3)
while not all (os.path.exists (f"{sys.argv[0]}.{n}") for n in range (4)): time.sleep (0.01)
"""


def marks (home):
    "Where it says so may be written to."
    return f"write_paths: ['{home.path}']"


def escaped (home):
    "All four are there."
    return all (os.path.exists (os.path.join (home.path, f"mine.py.{n}")) for n in range (4))


def nothing_left (home, when):
    kk.wait_for (lambda: not pids (home, "mine.py"), 10, f"nothing is left {when}")


@kk.test
def escapes_at_end (home):
    "what a program starts in sessions of its own does not outlive the program"
    script = ESCAPE + 'print ("thing a value 7")\n'
    with home.daemon (DAEMON + "plugins:\n" + plugin (home, script, "interval: 600s, " + marks (home))):
        kk.equal (latest (home, "thing"), {"a": {"value": 7}}, "what it says")
        kk.check (escaped (home), "they were there")
        nothing_left (home, "when it has ended")


@kk.test
def escapes_when_late (home):
    "nor is it left when the program is killed because it is late"
    config = plugin (home, ESCAPE + "time.sleep (600)\n", "interval: 600s, " + marks (home)).replace ("timeout: 20s", f"timeout: {int (4 * kk.SLOW)}s")
    with home.daemon (DAEMON + "plugins:\n" + config):
        kk.wait_for (lambda: escaped (home), 25, "they are there")
        log_has (home, f"did not end within {int (4 * kk.SLOW) * 1000} ms and was killed")
        nothing_left (home, "after the timeout")


@kk.test
def slower_than_the_samples (home):
    "a stream that prints less often than samples are taken is recorded once for each line, not again and again"
    script = 'n = 0\nwhile True: print ("thing a value", n, flush=True); n += 1; time.sleep (0.5)\n'
    config = "plugins:\n" + plugin (home, script, "mode: stream")
    with home.daemon (DAEMON.replace ("0.2", "0.1") + config):
        kk.wait_for (lambda: len ([e for e in home.metrics () if "thing" in e]) > 4, 25, "several of them")
    values = [e["thing"]["a"]["value"] for e in home.metrics () if "thing" in e]
    kk.equal (values, sorted (set (values)), "each value once, in order")


@kk.test
def has_just_begun (home):
    "what a stream has not printed yet is not gone: a rule about it waits for three intervals"
    script = 'while True: print ("thing a value 1", flush=True); time.sleep (0.1)\n'
    rule = "  alert: {log: false, rules: {lost: {when: 'gone(thing[b])'}, few: {when: 'count(thing[*]) < 2'}}}\n"
    with home.daemon (DAEMON + "plugins:\n" + plugin (home, script, f"mode: stream, interval: {2 * kk.SLOW}s") + rule):
        latest (home, "thing")
        told = kk.wait_for (lambda: samples (home, 1)[0].get ("alerts"), 25, "they fire in the end")
        kk.equal (sorted (told), ["few", "lost"], "both")
        found = [s for s in samples (home, 200) if "thing" in s]
        first = next (s["timestamp"] for s in found if s.get ("alerts"))
        kk.check (first - found[0]["timestamp"] > 3 * kk.SLOW, "not at once", first)


@kk.test
def changes_its_mind (home):
    "a program that says other fields when it is asked again: refused, and no value stands under a wrong name"
    script = """asked = os.path.exists (sys.argv[0] + ".asked")
open (sys.argv[0] + ".asked", "w").close ()
print ("field: thing.b u64" + ("\\nfield: thing.a u64" if asked else "") + "\\n")
print ("thing a 1111\\nthing b 2222")
"""
    path = home.write ("mine.py", "import os, sys\n" + script)
    home.config (DAEMON + f"plugins:\n  mine: {{plugin: exec, command: ['{sys.executable}', '{path}'], timeout: 10s, {marks (home)}}}\n")
    r = home.run ("start")
    kk.check (r.rc != 0 and "says other fields than a moment ago" in r.all + home.log (), "refused", (r, home.log ()))
    with home.daemon (None):
        kk.equal (latest (home, "thing"), {"a": 1111, "b": 2222}, "the second time it says the same")


@kk.test
def bad_for_good (home):
    "a value of a stream that turns bad is not repeated: an older one would be a lie"
    script = """while True:
  print ("thing a value", "N/A" if os.path.exists (sys.argv[0] + ".bad") else 45, flush=True)
  time.sleep (0.05)
"""
    with home.daemon (DAEMON.replace ("0.2", "0.1") + "plugins:\n" + plugin (home, script, "mode: stream")):
        kk.wait_for (lambda: any ("thing" in e for e in home.metrics ()), 25, "the good one")
        home.write ("mine.py.bad", "")
        log_has (home, "prints what cannot be taken")
        n = len (home.metrics ())
        kk.wait_for (lambda: len (home.metrics ()) > n + 10, 25, "more entries")
        kk.check (not any ("value" in row for e in home.metrics ()[n + 5:] for row in e.get ("thing", {}).values ()), "it is gone", home.metrics ()[-1])


@kk.test
def escapes_at_stop (home):
    "nor when the daemon stops, reloads without it, or is killed by kill -9"
    script = ESCAPE + 'while True: print ("thing a value 7", flush=True); time.sleep (0.1)\n'
    config = "plugins:\n" + plugin (home, script, "mode: stream, " + marks (home))
    for way in ("stop", "reload", "kill"):
        with home.daemon (DAEMON + config) as d:
            latest (home, "thing")
            kk.check (escaped (home) and len (pids (home, "mine.py")) == 5, "they are there", pids (home, "mine.py"))
            if way == "reload":
                home.config (DAEMON)
                home.run ("reload").ok ()
                nothing_left (home, "after a reload without it")
            if way == "kill":
                d.kill ()
            else:
                d.stop ()
        nothing_left (home, f"after {way}")
        for n in range (4):
            os.unlink (os.path.join (home.path, f"mine.py.{n}"))


@kk.test
def killed_by_its_own (home):
    "a program that is not held in and kills its keeper is dead too, and is started again; the keeper is not taken for the program"
    script = """print ("thing a value", os.getpid (), flush=True)
time.sleep (1)
os.kill (os.getppid (), 9)
time.sleep (600)
"""
    with home.daemon (DAEMON + "plugins:\n" + plugin (home, script, "mode: stream, isolate: false")) as d:
        pid = latest (home, "thing")["a"]["value"]
        with open (f"/proc/{d.pid}/task/{d.pid}/children", encoding="ascii") as f:
            keepers = f.read ().split ()
        for keeper in keepers:
            with contextlib.suppress (OSError), open (f"/proc/{keeper}/cmdline", encoding="utf-8") as f:
                kk.check ("python" not in f.read (), "its command line", keeper)
        log_has (home, "was ended by signal 9")
        kk.wait_for (lambda: not kk.alive (pid), 10, "the program is dead")
        kk.wait_for (lambda: latest (home, "thing")["a"]["value"] != pid, 25, "another one")


@kk.test
def dies (home):
    "a stream that dies is named with its signal and started again; missing programs are an error too"
    script = """print ("thing a value", os.getpid (), flush=True)
time.sleep (1)
os.kill (os.getpid (), 9)
"""
    missing = "  gone: {plugin: exec, command: [/nowhere/at-all], fields: [gone.x u64], mode: stream}\n"
    with home.daemon (DAEMON + "plugins:\n" + plugin (home, script, "mode: stream") + missing):
        log_has (home, "was ended by signal 9", "'/nowhere/at-all' cannot be started: there is no such program")
        first = kk.wait_for (lambda: {s["thing"]["a"]["value"] for s in samples (home, 1000) if s.get ("thing")}, 10, "a value")
        kk.wait_for (lambda: {s["thing"]["a"]["value"] for s in samples (home, 1000) if s.get ("thing")} - first, 20, "another process")


@kk.test
def floods (home):
    "endless output is bounded, in both modes, and nothing is left at the end"
    flood = """while True: sys.stdout.write ("thing a value 7\\n" * 1000)
"""
    endless = """while True: sys.stdout.write ("x" * 65536)
"""
    with home.daemon (DAEMON + "plugins:\n" + plugin (home, flood, "interval: 3s, max_output: 4KiB", "once")
                      + plugin (home, flood.replace ("thing", "other"), "mode: stream, max_output: 4KiB", "stream", "other[key].value u64")
                      + plugin (home, endless, "mode: stream, max_output: 4KiB", "endless", "third.value u64")) as d:
        log_has (home, "printed more than max_output, 4096 bytes", "prints more than max_output between two readings")
        kk.wait_for (lambda: len (samples (home, 100)) > 8, 30, "samples go on")
        with open (f"/proc/{d.pid}/statm", encoding="ascii") as f:
            kk.check (int (f.read ().split ()[1]) * os.sysconf ("SC_PAGESIZE") < (64 << 20) * kk.SLOW ** 2, "memory")
        d.stop ()
    for name in ("once.py", "stream.py", "endless.py"):
        kk.equal (pids (home, name), [], "what is left")


@kk.test
def rows_go (home):
    "a stream's row that is no longer printed goes, one that is stays"
    script = """while True:
  print ('{"thing": {"stays": {"value": 1}}}', flush=True)
  if not os.path.exists (sys.argv[0] + ".gone"): print ('{"thing": {"goes": {"value": 1}}}', flush=True)
  time.sleep (0.1)
"""
    with home.daemon (DAEMON + "plugins:\n" + plugin (home, script, "mode: stream, format: json")) as d:
        kk.wait_for (lambda: any (set (s.get ("thing") or ()) == {"stays", "goes"} for s in samples (home, 1000)), 20, "both rows")
        home.write ("mine.py.gone", "")
        kk.wait_for (lambda: set (samples (home, 1)[0]["thing"]) == {"stays"}, 20, "one row")
        kk.equal (len (pids (home, "mine.py")), 1, "programs")
        d.stop ()
    kk.equal (pids (home, "mine.py"), [], "what is left")


@kk.test
def bad_config (home):
    "config --check names a bad line of fields and what would be right"
    for fields, says in (("[gpu.load float]", "one of f64, u64, i64, bool, string"), ("[gpu]", "write \"table[key].field type unit kind\""),
                         ("[a.b f64, a.b f64]", "the field is there twice"), ("[]", "fields")):
        home.config (DAEMON + f"plugins:\n  mine: {{plugin: exec, command: [x], fields: {fields}}}\n")
        r = home.run ("config", "--check")
        kk.check (r.rc != 0, "an error", r)
        kk.contains (r.all, says, "the message")
    home.config (DAEMON + "plugins:\n  mine: {plugin: exec, fields: [a.b u64]}\n")
    kk.contains (home.run ("config", "--check").all, "command", "without a command")
    home.config (DAEMON + "plugins:\n  mine: {plugin: exec, command: [x], fields: [system.cpu_percent f64]}\n")
    kk.check (home.run ("config", "--check").rc != 0, "a field that cpu has already")
    home.config (DAEMON + "plugins:\n  mine: {plugin: exec, command: [/nowhere], fields: [system.heat f64 Cel]}\n")
    home.run ("config", "--check").ok ("a good config; the program is not looked for")


if __name__ == "__main__":
    kk.main ()
