#!/usr/bin/env python3
"""What holds a program of the exec input in: what it can do by itself, and what its options let it do."""

import contextlib
import ctypes
import os
import platform
import re
import shutil
import socket
import struct
import subprocess
import sys

import kk
from execkit import DAEMON, PRCTL, PR_SET_SECCOMP, latest, log_has, plugin, without

NOBODY, NET_RAW, PR_SET_KEEPCAPS, PR_CAP_AMBIENT = 65534, 13, 8, 47
LANDLOCK_CREATE, CAPSET = 444, {"x86_64": 126, "aarch64": 91}.get (platform.machine ())
libc = ctypes.CDLL (None, use_errno=True)

# Prints what becomes of each thing that it tries: the error's name, or "ok".
TRY = r"""
import ctypes, errno, fcntl, os, resource, signal, socket, struct, subprocess, tempfile, threading
libc = ctypes.CDLL (None, use_errno=True)
machine = os.uname ().machine
def call (x86, arm, *args):
  if libc.syscall (ctypes.c_long (x86 if machine == "x86_64" else arm), *map (ctypes.c_long, args)) < 0: raise OSError (ctypes.get_errno (), "")
def attempt (what, f):
  try: f (); said = "ok"
  except OSError as e: said = errno.errorcode.get (e.errno, str (e.errno))
  print ("try", what, "result", said)
def write (path):
  with open (path, "a") as f: f.write ("x")
def child ():
  p = subprocess.Popen (["sleep", "600"])
  p.terminate ()
  if p.wait () != -signal.SIGTERM: raise OSError (errno.EIO, "")
def alone (*args):
  pid = os.fork ()
  if not pid:
    try: call (*args)
    except OSError as e: os._exit (e.errno)
    os._exit (0)
  error = os.waitstatus_to_exitcode (os.waitpid (pid, 0)[1])
  if error: raise OSError (error, "")
def namespace ():
  pid = libc.syscall (*map (ctypes.c_long, (56 if machine == "x86_64" else 220, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)))
  if pid == 0: os._exit (0)
  if pid < 0: raise OSError (ctypes.get_errno (), "")
  os.waitpid (pid, 0)
def thread ():
  t = threading.Thread (target=lambda: None)
  t.start (); t.join ()
def temporary ():
  with tempfile.NamedTemporaryFile () as f: f.write (b"x")
def shell ():
  if subprocess.run (["sh", "-c", "cat <<END\nhere\nEND\necho no >/dev/null; echo words >&2; echo more >/dev/stderr"], capture_output=True).stdout != b"here\n":
    raise OSError (errno.EIO, "")
def to_itself ():
  got = []
  for number in (signal.SIGUSR1, signal.SIGUSR2): signal.signal (number, lambda n, f: got.append (n))
  signal.raise_signal (signal.SIGUSR1)
  signal.pthread_kill (threading.get_ident (), signal.SIGUSR2)
  if len (got) != 2: raise OSError (errno.EIO, "")
def of_socket (f):
  a, b = socket.socketpair ()
  with a, b: f (a.fileno ())
def by_directory ():
  fd = os.open ("/proc/%d" % os.getppid (), os.O_RDONLY)
  try: call (424, 424, fd, 0, 0, 0)
  finally: os.close (fd)
def pidfd ():
  os.close (os.pidfd_open (os.getppid ()))
keeper = os.getppid ()
info = ctypes.create_string_buffer (struct.pack ("iii", 0, 0, -1), 128)
queued = ctypes.addressof (info)
owner = struct.pack ("ii", 1, keeper)
attempt ("shell", shell)
attempt ("raise", to_itself)
attempt ("child", child)
attempt ("thread", thread)
attempt ("temporary", temporary)
attempt ("own", lambda: write (os.environ["KK_DATA_DIR"] + "/state"))
attempt ("null", lambda: write ("/dev/null"))
attempt ("read", lambda: open ("/etc/passwd").close ())
attempt ("socketpair", lambda: socket.socketpair ()[0].close ())
attempt ("seqpacket", lambda: socket.socketpair (socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)[0].close ())
attempt ("datagrams", lambda: socket.socketpair (socket.AF_UNIX, socket.SOCK_DGRAM)[0].close ())
attempt ("packets", lambda: socket.socketpair (socket.AF_UNIX, socket.SOCK_RAW)[0].close ())
attempt ("outside", lambda: write (PLACE + "/written"))
attempt ("chmod", lambda: os.chmod (PLACE, 0o755))
attempt ("truncate", lambda: os.truncate (PLACE + "/there", 0))
attempt ("open-truncate", lambda: os.close (os.open (PLACE + "/there", os.O_RDONLY | os.O_TRUNC)))
attempt ("open-three", lambda: os.close (os.open (PLACE + "/there", 3 | os.O_TRUNC)))
attempt ("inet", lambda: socket.socket ().close ())
attempt ("connect", lambda: socket.create_connection (("127.0.0.1", PORT)).close ())
attempt ("unix", lambda: socket.socket (socket.AF_UNIX).close ())
attempt ("raw", lambda: socket.socket (socket.AF_INET, socket.SOCK_RAW, 1).close ())
attempt ("mount", lambda: call (165, 40, 0, 0, 0, 0, 0))
attempt ("ptrace", lambda: alone (101, 117, 0, 0, 0, 0))
attempt ("unshare", lambda: alone (272, 97, 0x10000000))
attempt ("namespace", namespace)
attempt ("io_uring", lambda: call (425, 425, 1, 0))
attempt ("keyctl", lambda: call (250, 219, 0, -3, 0))
print ("try session result", "own" if os.getsid (0) == os.getpid () else "another's")
attempt ("keeper", lambda: os.kill (os.getppid (), 0))
attempt ("keepers", lambda: os.kill (-os.getppid (), 0))
attempt ("everybody", lambda: os.kill (-1, 0))
attempt ("tkill", lambda: call (200, 130, keeper, 0))
attempt ("tgkill", lambda: call (234, 131, keeper, keeper, 0))
attempt ("queue", lambda: call (129, 138, keeper, 0, queued))
attempt ("tgqueue", lambda: call (297, 240, keeper, keeper, 0, queued))
attempt ("pidfd", pidfd)
attempt ("directory", by_directory)
attempt ("owner", lambda: of_socket (lambda fd: fcntl.fcntl (fd, 8, keeper)))
attempt ("owner-ex", lambda: of_socket (lambda fd: fcntl.fcntl (fd, 15, owner)))
attempt ("socket-owner", lambda: of_socket (lambda fd: fcntl.ioctl (fd, 0x8901, struct.pack ("i", keeper))))
attempt ("socket-group", lambda: of_socket (lambda fd: fcntl.ioctl (fd, 0x8902, struct.pack ("i", keeper))))
caps = subprocess.run (["cat", "/proc/self/status"], capture_output=True, text=True).stdout
for line in caps.splitlines ():
  if line.startswith (("Cap", "NoNewPrivs", "Seccomp:")): print ("try", line.split (":")[0], "result", line.split ()[1])
for name in ("CORE", "NOFILE", "DATA", "AS"): print ("try", name, "result", *resource.getrlimit (getattr (resource, "RLIMIT_" + name)))
"""
FIELDS = "try[what].result string"
GOOD = ("shell", "child", "thread", "temporary", "own", "null", "read", "socketpair", "seqpacket", "raise")
SIGNALS = ("keeper", "keepers", "everybody", "tkill", "tgkill", "queue", "tgqueue", "pidfd", "owner", "owner-ex", "socket-owner", "socket-group")


def place (home):
    path = os.path.join (home.top, "place")
    os.makedirs (path, exist_ok=True)
    home.write (os.path.join (path, "there"), "text")
    return path


def trying (home, more, port=1, **other):
    return "plugins:\n" + plugin (home, f"PLACE, PORT = {place (home)!r}, {port}\n" + TRY, f"interval: 600s, {more}", fields=FIELDS, **other)


def tried (home):
    return {what: row["result"] for what, row in latest (home, "try").items ()}


def status (home):
    return kk.wait_for (lambda: home.ask ("status")["instances"], 10, "status")


def process (home, name="mine"):
    """What status says holds it in."""
    return kk.wait_for (lambda: next (i for i in status (home) if i["name"] == name)["status"]["process"], 20, "status")


def need_all (home):
    """Skips where the kernel or the build lacks a part of what holds programs in."""
    if kk.sanitized ():
        kk.skip ("built with a sanitizer, with which seccomp and limits of memory are off")
    kk.not_in_force (process (home))


def expect_held (got):
    kk.equal ({what: got[what] for what in GOOD}, dict.fromkeys (GOOD, "ok"), "what any program needs")
    kk.equal (got["outside"], "EACCES", "writing elsewhere")
    refused = ("chmod", "truncate", "inet", "connect", "unix", "raw", "mount", "ptrace", "unshare", "namespace", "io_uring", "keyctl",
               "datagrams", "packets", *SIGNALS)
    kk.equal ({what: got[what] for what in refused}, dict.fromkeys (refused, "EPERM"), "what is refused")
    kk.equal (got["directory"], "ENOSYS", "a signal by a directory of /proc")
    kk.check (all (got[what] in ("EACCES", "EPERM") for what in ("open-truncate", "open-three")), "truncating what is not opened for writing", got)
    kk.equal (got["session"], "own", "its session: it has no terminal")
    kk.equal ([got["NoNewPrivs"], got["Seccomp"]], ["1", "2"], "for good")
    kk.equal ([int (got[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")], [0] * 4, "capabilities of what it starts")
    kk.equal (got["CORE"], "0 0", "core files")
    kk.equal (got["DATA"], f"{256 << 20} {256 << 20}", "memory")
    kk.equal (got["AS"], f"{(256 << 20) + (4 << 30)} {(256 << 20) + (4 << 30)}", "addresses")
    kk.check (int (got["NOFILE"].split ()[1]) <= 256, "files", got["NOFILE"])


@kk.test
def held_in (home):
    "Python and shell do their work, and write nowhere else, make no socket, trace and mount nothing, keep no capability"
    with home.daemon (DAEMON + trying (home, "isolate: auto")) as d:
        got = tried (home)
        need_all (home)
        expect_held (got)
        if int (re.search (r"CapEff:\s*(\w+)", open (f"/proc/{d.pid}/status", encoding="ascii").read ())[1], 16) >> 8 & 1:
            kk.equal (int (got["CapBnd"], 16), 0, "nor can it get one")
        kk.equal (os.listdir (place (home)), ["there"], "nothing was written")


def as_nobody (*kept):
    """A function for a new process that becomes a common user, with these capabilities."""
    def become ():
        libc.prctl (PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setgroups ([])
        os.setgid (NOBODY)
        os.setuid (NOBODY)
        low = sum (1 << one for one in kept)
        libc.syscall (CAPSET, struct.pack ("Ii", 0x20080522, 0), struct.pack ("6I", low, low, low, 0, 0, 0))
        for one in kept:
            libc.prctl (PR_CAP_AMBIENT, 2, one, 0, 0)
    return become


def python_of_all ():
    """A python3 that every user can run."""
    for path in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        with contextlib.suppress (OSError, subprocess.SubprocessError):
            subprocess.run ([path, "-c", "import ctypes"], user=NOBODY, cwd="/", check=True, stderr=subprocess.DEVNULL)
            return path
    return kk.skip ("no python3 that a common user can run")


def need_way (home):
    """Skips where that user cannot even come to the test's directory."""
    os.chmod (home.top, 0o755)
    if subprocess.run (["test", "-x", home.top], user=NOBODY, cwd="/", check=False).returncode:
        kk.skip ("another user cannot reach " + home.top)


def nobodys (home, kept=()):
    """A daemon of that user, with copies of its files, for the build may be where others cannot go."""
    program, plugins = os.path.join (home.top, "bin", kk.PROGRAM), os.path.join (home.top, "plugins")
    os.makedirs (os.path.dirname (program))
    os.makedirs (plugins)
    for name in (kk.PROGRAM, "kode-kronical-exec-keeper", "kode-kronical-plugin-host"):
        shutil.copy (os.path.join (kk.BUILD, "core", name), os.path.dirname (program))
    for name in os.listdir (os.path.join (kk.BUILD, "plugins", "all")):
        shutil.copy (os.path.join (kk.BUILD, "plugins", "all", name), plugins)
    d = home.daemon (env={"KODE_KRONICAL_PLUGINS": plugins}, preexec_fn=as_nobody (*kept))
    d.argv = [program if word == shutil.which (kk.PROGRAM) else word for word in d.argv]
    os.chmod (home.top, 0o755)
    for top, _, names in os.walk (home.top):
        for path in [top, *(os.path.join (top, n) for n in names)]:
            os.chown (path, NOBODY, NOBODY)
    return d


@kk.test
def held_in_as_user (home):
    "the same where the daemon is not root"
    kk.need_root ()
    need_way (home)
    home.config (DAEMON + trying (home, "isolate: auto", python=python_of_all ()))
    with nobodys (home):
        got = tried (home)
        need_all (home)
        expect_held (got)


@kk.test
def let_out (home):
    "write_paths, network and capabilities let it do that, and a reload that takes them away starts it again without"
    with socket.create_server (("127.0.0.1", 0)) as server:
        port = server.getsockname ()[1]
        more = f"network: true, write_paths: ['{place (home)}'], capabilities: [CAP_NET_RAW], memory_limit: 300MiB, isolate: true"
        with home.daemon (DAEMON + trying (home, more, port)) as d:
            got = tried (home)
            need_all (home)
            allowed = ("outside", "chmod", "datagrams", "inet", "connect", "unix", *GOOD)
            kk.equal ({what: got[what] for what in allowed}, dict.fromkeys (allowed, "ok"), "what it may")
            cuts = "ok" if libc.syscall (LANDLOCK_CREATE, None, 0, 1) >= 3 else "EPERM"
            kk.equal ([got[what] for what in ("truncate", "open-truncate")], [cuts] * 2, "truncating, which landlock sees since Linux 6.2")
            kk.equal ([got[what] for what in ("mount", "ptrace", "unshare", "namespace")], ["EPERM"] * 4, "what it never may")
            kk.equal (got["DATA"], f"{300 << 20} {300 << 20}", "memory")
            own = int (re.search (r"CapPrm:\s*(\w+)", open (f"/proc/{d.pid}/status", encoding="ascii").read ())[1], 16)
            if own >> NET_RAW & 1:
                kk.equal (got["raw"], "ok", "a raw socket")
                kk.equal ([int (got[name], 16) for name in ("CapPrm", "CapEff")], [1 << NET_RAW] * 2, "capabilities")
            else:
                kk.contains (home.log (), "the daemon itself does not have the capabilities that this program is to keep: net_raw", "the log")
            home.config (DAEMON + trying (home, "isolate: true", port))
            home.run ("reload").ok ()
            kk.wait_for (lambda: tried (home)["inet"] == "EPERM", 20, "without")


@kk.test
def keeps_as_user (home):
    "a daemon that is not root and was given a capability hands it on, and to no program that was not to have it"
    kk.need_root ()
    need_way (home)
    python = python_of_all ()
    home.config (DAEMON + trying (home, "network: true, capabilities: [net_raw]", python=python))
    with nobodys (home, (NET_RAW,)) as d:
        if not int (re.search (r"CapEff:\s*(\w+)", open (f"/proc/{d.pid}/status", encoding="ascii").read ())[1], 16) >> NET_RAW & 1:
            kk.skip ("this root cannot hand on CAP_NET_RAW")
        got = tried (home)
        need_all (home)
        kk.equal (got["raw"], "ok", "a raw socket")
        home.config (DAEMON + trying (home, "network: true", python=python))
        home.run ("reload", env=d.env).ok ()
        kk.wait_for (lambda: tried (home)["raw"] == "EPERM", 20, "without")


@kk.test
def not_held (home):
    "isolate: false: it may do what the daemon may, status says so, and the other options are named as having no effect"
    with home.daemon (DAEMON + trying (home, "isolate: false, network: true")):
        got = tried (home)
        kk.equal (process (home), "not held in: isolate is false", "status")
    kk.contains (home.run ("config", "--check").all, "'network' has no effect: 'mine' is not held in; remove 'isolate: false'", "config --check")
    here = home.run (os.path.join (home.path, "mine.py"), program=sys.executable, env={"KK_DATA_DIR": place (home)}).ok ().out
    want = dict (line.split (maxsplit=3)[1::2] for line in here.splitlines ())
    for what in ("session", "keepers"):  # are others here
        del got[what], want[what]
    kk.equal (got, want, "what it may")
    kk.equal ([want["outside"], want["inet"]], ["ok"] * 2, "which is more than it may by itself")


@kk.test
def traced (home):
    "a program that is stopped because it is traced is not taken for one that has ended"
    script = """import ctypes, signal
libc = ctypes.CDLL (None)
libc.ptrace (0, 0, None, None)
os.kill (os.getpid (), signal.SIGWINCH)
"""
    config = plugin (home, script, "interval: 600s, isolate: false").replace ("timeout: 20s", "timeout: 1s")
    with home.daemon (DAEMON + "plugins:\n" + config):
        log_has (home, "did not end within 1000 ms and was killed")


@kk.test
def memory (home):
    "a program that takes more than memory_limit fails, alone, with a reason, and is started again"
    words = """print ("thing a value", os.getpid (), flush=True); time.sleep (1)
held = b"x" * (80 << 20)
"""
    silent = """held = []
try:
  while True: held.append (b"x" * (1 << 18))
except MemoryError: os._exit (9)
"""
    child = """import subprocess
print ("born x value", subprocess.run ([sys.executable, "-c", "x = b'x' * (80 << 20)"], stderr=subprocess.DEVNULL).returncode)
"""
    with home.daemon (DAEMON + "plugins:\n" + plugin (home, words, "mode: stream, memory_limit: 64MiB")
                      + plugin (home, silent, "interval: 600s, memory_limit: 64MiB", "silent", "other.value u64")
                      + plugin (home, child, "interval: 600s, memory_limit: 64MiB", "child", "born[key].value u64")):
        first = latest (home, "thing")["a"]["value"]
        need_all (home)
        kk.equal (latest (home, "born")["x"]["value"], 1, "what a program of the program ends with")
        log_has (home, "MiB of memory; memory_limit is 64 MiB); it is started again, later each time; it said: MemoryError")
        kk.wait_for (lambda: latest (home, "thing")["a"]["value"] != first, 25, "another process")
        log = log_has (home, "silent: ", "ended with exit status 9") and home.log ()
        used = re.search (r"ended with exit status 9 \(it used (\d+) MiB of memory; memory_limit is 64 MiB\)", log)
        kk.check (used and 48 <= int (used[1]) <= 80, "what it had used", log)


@kk.test
def asked (home):
    "a program that is asked for its fields is held in alike, and what would help is said"
    script = "import socket, sys\nsocket.socket ()\nprint ('field: thing.a u64\\n\\nthing a 7')\n"
    path = home.write ("mine.py", script)
    config = DAEMON + f"plugins:\n  mine: {{plugin: exec, command: ['{sys.executable}', '{path}'], timeout: 10s, network: %s}}\n"
    home.config (config % "true")
    home.run ("config", "--check").ok ("with network")
    with home.daemon ():
        kk.equal (latest (home, "thing"), {"a": 7}, "what it says")
        need_all (home)
    home.config (config % "false")
    kk.contains (home.run ("config", "--check").all, "needs network: true for sockets", "config --check")


@kk.test
def another_word (home):
    "a program of 32 bits is ended, and the reason says what to do"
    if platform.machine () != "x86_64":
        kk.skip ("its machine code is for x86-64")
    code = bytes.fromhex ("b801000000bb00000000cd80")  # _exit (0)
    elf = (b"\x7fELF\1\1\1" + bytes (9) + struct.pack ("<2H5I6H", 2, 3, 1, 0x8048054, 52, 0, 0, 52, 32, 1, 0, 0, 0)
           + struct.pack ("<8I", 1, 0, 0x8048000, 0x8048000, 84 + len (code), 84 + len (code), 5, 4096) + code)
    path = home.write ("small", elf, 0o755)
    try:
        kk.check (subprocess.run ([path], check=False).returncode == 0, "it runs")
    except (OSError, kk.Failed):
        kk.skip ("this kernel runs no programs of 32 bits")
    with home.daemon (DAEMON + f"plugins:\n  mine: {{plugin: exec, command: ['{path}'], fields: [thing.a u64], interval: 600s}}\n"):
        need_all (home)
        log_has (home, "was ended by signal 31", "programs of 32 bits run with isolate: false only")


@kk.test
def old_kernel (home):
    "where the kernel has no landlock or no seccomp, status says what is missing, and the rest holds"
    if kk.sanitized () or not PRCTL:
        kk.skip ("built with a sanitizer" if kk.sanitized () else "the numbers of calls here are not known to this test")
    with home.daemon (DAEMON + trying (home, "isolate: auto")):
        need_all (home)
    for lacking, call, argument in (("landlock", LANDLOCK_CREATE, None), ("seccomp", PRCTL, PR_SET_SECCOMP)):
        with home.daemon (DAEMON + trying (home, "isolate: auto"), preexec_fn=without (call, argument)):
            got = tried (home)
            kk.check (process (home).endswith ("; not there: " + lacking), "status", process (home))
            kk.equal (got["outside"], "ok" if lacking == "landlock" else "EACCES", "writing elsewhere")
            kk.equal (got["unix"], "ok" if lacking == "seccomp" else "EPERM", "sockets")
            kk.equal (got["CapEff"], "0" * 16, "capabilities")
            if lacking == "landlock":
                kk.equal ({what: got[what] for what in SIGNALS}, dict.fromkeys (SIGNALS, "EPERM"), "signals")
                kk.equal (got["directory"], "ENOSYS", "a signal by a directory of /proc")
                kk.equal (got["raise"], "ok", "a signal to itself")
                cuts = [got[what] for what in ("truncate", "open-truncate", "open-three")]
                kk.equal (cuts, ["EPERM"] * 3, "truncating what is not opened for writing, as before Linux 6.2")
                kk.equal (os.path.getsize (os.path.join (place (home), "there")), 4, "what is left of the file")
            os.unlink (os.path.join (place (home), "written")) if lacking == "landlock" else None


@kk.test
def bad_config (home):
    "what is wrong in its options is said: by config --check, once, a wrong capability, path or size; in the log, a path that is not there"
    for option, says in (("capabilities: [sys_admin]", "a plugin cannot keep 'sys_admin'"), ("write_paths: [here]", "'here' is no full path"),
                         ("memory_limit: 1MiB", "memory_limit"), ("isolate: perhaps", "isolate")):
        home.config (DAEMON + f"plugins:\n  mine: {{plugin: exec, command: [x], fields: [a.b u64], {option}}}\n")
        r = home.run ("config", "--check")
        kk.check (r.rc != 0, "an error", r)
        kk.contains (r.all, says, "the message")
        kk.equal (r.all.count ("error:"), 1, "errors")
    with home.daemon (DAEMON + "plugins:\n  mine: {plugin: exec, command: [echo], fields: [a.b u64], write_paths: [/dev/null, ~/none]}\n"):
        log_has (home, f"write_paths: {home.path}/none is not there: the program can neither write to it nor make it")
    kk.check ("/dev/null is not there" not in home.log (), "the other is", home.log ())


if __name__ == "__main__":
    kk.main ()
