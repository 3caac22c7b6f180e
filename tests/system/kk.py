"""What the system tests share. A test is a function that gets a Home of its own; the module ends with kk.main ().

    import kk

    @kk.test
    def start_says_ready (home):
        "start returns 0 only when the daemon is ready"
        with home.daemon ("daemon: {sample_interval: 0.1}") as d:
            kk.equal (home.run ("status").rc, 0, "status while it runs")
            kk.wait_for (lambda: home.metrics (), 5, "a first entry")

    kk.main ()

A test fails by raising (kk.check, kk.equal, assert, any exception), and skips itself by kk.skip ("reason"). After each test
nothing that it started may still run, and its directory is removed. Results are TAP on stdout.

Environment: KK_WRAPPER is put before the program ("valgrind -q"), KK_SLOW makes every deadline that many times longer,
KK_KEEP=1 keeps the directories, KK_ONLY=name runs one test."""

import contextlib
import ctypes
import errno
import fcntl
import glob
import json
import os
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback
import uuid

PROGRAM = "kode-kronical-daemon"
BUILD = os.environ.get ("KK_BUILD", "")
SOURCE = os.environ.get ("KK_SOURCE", "")
SLOW = max (1.0, float (os.environ.get ("KK_SLOW") or 1))
KEEP = bool (os.environ.get ("KK_KEEP"))
FROM_OUTSIDE = ("PATH", "KODE_KRONICAL_PLUGINS", "KODE_KRONICAL_PLUGIN_HOST", "KODE_KRONICAL_COMMANDS", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH", "TZ")


class Failed (AssertionError):
    """A promise that was not kept."""


class Skip (Exception):
    """A test that cannot run here."""


def skip (reason):
    raise Skip (reason)


def sanitized ():
    """Whether the programs were built with a sanitizer."""
    with open (os.path.join (BUILD, "config.h"), encoding="utf-8") as f:
        return "#define KK_SANITIZED 1" in f.read ()


def not_in_force (text):
    """What of that which holds in a plugin's process or a program is not there, by its line in status: skips where neither this kernel nor
    this build has it, and fails where they do."""
    lacking = text.partition ("; not there: ")[2].split (", ") if "not there" in text else []
    libc = ctypes.CDLL (None, use_errno=True)
    have = {"landlock": libc.syscall (444, None, 0, 1) >= 1, "limits": True, "capabilities": True,
            "seccomp": libc.prctl (22, 2, None, 0, 0) < 0 and ctypes.get_errno () == errno.EFAULT and os.uname ().machine in ("x86_64", "aarch64")}
    if lacking and sanitized ():
        skip ("built with a sanitizer, with which seccomp and limits of memory are off")
    equal ([name for name in lacking if have[name]], [], "what this kernel has and is not in force")
    if lacking:
        skip ("this kernel lacks " + ", ".join (lacking))


def need_root ():
    if os.geteuid () != 0:
        skip ("needs root")


def need_others (home, uid):
    """Opens the test's directory to another user; skips where the way to it or to the program is closed for him."""
    need_root ()
    os.chmod (home.top, 0o755)
    plugin = os.path.join (os.environ["KODE_KRONICAL_PLUGINS"].split (":", 1)[0], "file-writer.so")
    for how, path in (("-x", home.top), ("-x", shutil.which (PROGRAM)), ("-r", plugin)):
        if subprocess.run (["test", how, path], user=uid, group=uid, extra_groups=[], cwd="/", check=False).returncode:
            skip (f"another user cannot reach {path}")


def need_tool (*names):
    for name in names:
        if not shutil.which (name):
            skip ("needs " + name)


def check (condition, what, detail=""):
    if not condition:
        raise Failed (what + (f": {detail}" if detail != "" else ""))


def equal (have, want, what):
    if have != want:
        raise Failed (f"{what}: have {have!r}, want {want!r}")


def contains (text, part, what):
    if part not in text:
        raise Failed (f"{what}: {part!r} is not in {text!r}")


RUNNING = []  # daemons that nobody asked to end


def wait_for (condition, deadline=10, what="", step=0.02):
    """Waits until condition () is true and returns what it returned. An exception in it counts as not yet."""
    end = time.monotonic () + deadline * SLOW
    last = None
    while True:
        try:
            value = condition ()
            if value:
                return value
            last = value
        except (OSError, ValueError, KeyError, IndexError, Failed) as e:
            last = e
        for d in RUNNING:
            d.check_alive ()
        if time.monotonic () > end:
            raise Failed (f"not within {deadline * SLOW:g} s: {what or condition} (last: {last!r})")
        time.sleep (step)


def alive (pid):
    """Whether a process exists and is no zombie."""
    try:
        with open (f"/proc/{pid}/stat", "rb") as f:
            return f.read ().rsplit (b")", 1)[1].split ()[0] not in (b"Z", b"X")
    except (OSError, IndexError):
        return False


def read_metrics (data_dir, strict=True):
    """All recorded entries as the Python library reads them: every metrics_*.json, in order of mtime, each parsed whole.
    strict: a file that does not parse is a failure; otherwise it is dropped, as the library does."""
    names = []
    for name in glob.glob (os.path.join (glob.escape (str (data_dir)), "metrics_*.json")):
        with contextlib.suppress (FileNotFoundError):  # retention may take it away meanwhile
            names.append ((os.stat (name).st_mtime_ns, name))
    entries = []
    for _, name in sorted (names):
        try:
            with open (name, encoding="utf-8") as f:
                text = f.read ()
        except FileNotFoundError:
            continue
        except UnicodeDecodeError as e:
            if strict:
                raise Failed (f"{name} is no UTF-8: {e}") from None
            continue
        try:
            part = json.loads (text)
            if not isinstance (part, list):
                raise ValueError ("no array")
        except ValueError as e:
            if strict:
                raise Failed (f"{name} does not parse: {e}: {text[:80]!r} … {text[-80:]!r}") from None
            continue
        entries += part
    return entries


def plain (text):
    """Without the colours that it has on a terminal."""
    return re.sub ("\033\\[[0-9;]*m", "", text)


class Result:
    def __init__ (self, args, rc, out, err):
        self.args, self.rc, self.out, self.err = args, rc, out, err

    @property
    def all (self):
        return self.out + self.err

    def json (self):
        return json.loads (self.out)

    def ok (self, what=""):
        check (self.rc == 0, what or shlex.join (map (str, self.args)), self)
        return self

    def __repr__ (self):
        return f"rc={self.rc} out={self.out[-2000:]!r} err={self.err[-2000:]!r}"


# Sockets and what status says hold a path of some length only.
PLACE = next ((d for d in (tempfile.gettempdir (), "/tmp", "/var/tmp") if len (d) < 50 and os.access (d, os.W_OK | os.X_OK)), None)


class Home:
    """A user's home of its own: nothing outside it is read or written."""

    def __init__ (self, name="home"):
        self.top = tempfile.mkdtemp (prefix=f"kk-{name[:24]}-", dir=PLACE)
        self.path = os.path.join (self.top, "home")
        os.makedirs (self.path, 0o700)
        os.makedirs (os.path.join (self.top, "tmp"))
        self.config_dir = os.path.join (self.path, ".config", "kode-kronical")
        self.config_file = os.path.join (self.config_dir, "daemon.yaml")
        self.data = os.path.join (self.path, ".local", "share", "kode-kronical")
        self.log_file = os.path.join (self.data, "daemon.log")
        self.pid_file = os.path.join (self.data, "daemon.pid")
        self.id = uuid.uuid4 ().hex
        self.daemons = []
        self.children = []
        self.shim = None  # what moves the clocks of its daemons (filekit)

    def env (self, **more):
        e = {k: os.environ[k] for k in FROM_OUTSIDE if k in os.environ}
        e.update (HOME=self.path, TMPDIR=os.path.join (self.top, "tmp"), LANG="C.UTF-8", KK_TEST_ID=self.id)
        e.update ({k: str (v) for k, v in more.items () if v is not None})
        for k in [k for k, v in more.items () if v is None]:
            e.pop (k, None)
        return e

    def write (self, path, text, mode=None):
        """Writes a file; a relative path counts from the home."""
        path = os.path.join (self.path, path)
        os.makedirs (os.path.dirname (path), exist_ok=True)
        with open (path, "wb") as f:
            f.write (text if isinstance (text, bytes) else text.encode ())
        if mode is not None:
            os.chmod (path, mode)
        return path

    def config (self, text):
        """Writes the user's daemon.yaml."""
        return self.write (self.config_file, text)

    @staticmethod
    def command (args, program=None, wrap=True):
        wrapper = shlex.split (os.environ.get ("KK_WRAPPER", "")) if wrap and program is None else []
        return wrapper + [program or shutil.which (PROGRAM) or PROGRAM] + [str (a) for a in args]

    def run (self, *args, program=None, timeout=30, env=None, stdin="", wrap=True, cwd=None, **popen):
        """Runs the daemon's program (or another) to its end. env: what differs from this home's; None removes a name."""
        argv = self.command (args, program, wrap)
        # Files, not pipes: a daemon that a command left behind must not keep this call waiting.
        with tempfile.TemporaryFile () as out, tempfile.TemporaryFile () as err, tempfile.TemporaryFile () as inp:
            inp.write (stdin.encode ())
            inp.seek (0)
            p = subprocess.Popen (argv, stdin=inp, stdout=out, stderr=err, env=self.env (**(env or {})), cwd=cwd or self.path, **popen)
            try:
                rc = p.wait (timeout * SLOW)
            except subprocess.TimeoutExpired:
                p.kill ()
                p.wait ()
                rc = None
            texts = []
            for f in (out, err):
                f.seek (0)
                texts.append (f.read ().decode ("utf-8", "replace"))
        if rc is None:
            raise Failed (f"{shlex.join (argv)} did not end within {timeout * SLOW:g} s: {texts!r}")
        return Result (argv, rc, *texts)

    def spawn (self, *argv, env=None, **popen):
        """Starts a process that the test keeps; it is killed and waited for at the end."""
        p = subprocess.Popen ([str (a) for a in argv], env=self.env (**(env or {})), **{"cwd": self.path, **popen})
        self.children.append (p)
        return p

    def on_terminal (self, columns, *args, **env):
        """What the program writes where its output is a terminal of so many columns."""
        ours, theirs = os.openpty ()
        try:
            fcntl.ioctl (theirs, termios.TIOCSWINSZ, struct.pack ("HHHH", 24, columns, 0, 0))
            p = self.spawn (*self.command (args), env={"TERM": "xterm", **env}, stdin=theirs, stdout=theirs, stderr=theirs)
        finally:
            os.close (theirs)
        text = b""
        try:
            while part := os.read (ours, 65536):
                text += part
        except OSError:
            pass  # so ends a terminal that nobody has open
        finally:
            os.close (ours)
        p.wait ()
        return text.decode ().replace ("\r\n", "\n")

    def daemon (self, config=None, *args, **more):
        return Daemon (self, config, *args, **more)

    def metrics (self, strict=True):
        return read_metrics (self.data, strict)

    def log (self):
        try:
            with open (self.log_file, encoding="utf-8", errors="replace") as f:
                return f.read ()
        except FileNotFoundError:
            return ""

    def ask (self, command, timeout=10, **more):
        return ask (self.data, command, timeout, **more)

    def files (self):
        """Every file below the data directory, relative."""
        found = []
        for top, _, names in os.walk (self.data):
            found += [os.path.relpath (os.path.join (top, n), self.data) for n in names]
        return sorted (found)

    def processes (self):
        """PIDs that this test's programs left running."""
        marks = {f"KK_TEST_ID={self.id}".encode (), b"HOME=" + os.fsencode (self.path)}  # plugins and programs get no other
        found = []
        for pid in filter (str.isdigit, os.listdir ("/proc")):
            with contextlib.suppress (OSError):
                with open (f"/proc/{pid}/environ", "rb") as f:
                    if not marks.isdisjoint (f.read ().split (b"\0")) and alive (pid):
                        found.append (int (pid))
        return found

    def close (self):
        """Ends and removes everything; returns what should not have been there."""
        for d in self.daemons:
            d.kill (quiet=True)
        for p in self.children:
            if p.poll () is None:
                p.kill ()
            p.wait ()
        left = []
        end = time.monotonic () + 2 * SLOW
        while (pids := self.processes ()) and time.monotonic () < end:
            time.sleep (0.02)
        for pid in pids:
            with contextlib.suppress (OSError):
                with open (f"/proc/{pid}/cmdline", "rb") as f:
                    left.append (f"process {pid} still runs: {f.read ().replace (bytes (1), b' ').decode ('utf-8', 'replace')}")
                os.kill (pid, signal.SIGKILL)
        if KEEP:
            print (f"# kept {self.top}")
        else:
            for top, dirs, _ in os.walk (self.top):
                for d in dirs:
                    with contextlib.suppress (OSError):
                        os.chmod (os.path.join (top, d), 0o700)
            shutil.rmtree (self.top, ignore_errors=True)
        return left


class Connection:
    """A client of the control socket; works with a data directory of any length."""

    def __init__ (self, data_dir, timeout=10):
        self.socket = socket.socket (socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout (timeout * SLOW)
        fd = os.open (data_dir, os.O_PATH | os.O_DIRECTORY)
        try:
            self.socket.connect (f"/proc/self/fd/{fd}/daemon.sock")
        except OSError:
            self.socket.close ()
            raise
        finally:
            os.close (fd)
        self.lines = self.socket.makefile ("r", encoding="utf-8")

    def send (self, command, **more):
        self.socket.sendall ((json.dumps ({"command": command, **more}) + "\n").encode ())

    def receive (self):
        """The next answer, or None at the end."""
        line = self.lines.readline ()
        return json.loads (line) if line else None

    def close (self):
        self.lines.close ()
        self.socket.close ()

    def __enter__ (self):
        return self

    def __exit__ (self, *_):
        self.close ()


def ask (data_dir, command, timeout=10, **more):
    """One command to the control socket; the first line of its answer."""
    with Connection (data_dir, timeout) as c:
        c.send (command, **more)
        return c.receive ()


class Daemon:
    """`start --foreground` in the background. With `with`: started, ready, and stopped (or killed) at the end."""

    def __init__ (self, home, config=None, *args, env=None, data=None, options=(), wrap=True, **popen):
        """config: text of the user's daemon.yaml (None: what is there). args: after `start --foreground`; options: before it."""
        self.home, self.data, self.process = home, data or home.data, None
        if config is not None:
            home.config (config)
        self.argv = home.command ([*options, "start", "--foreground", *args], wrap=wrap)
        self.env, self.popen = env or {}, popen
        self.err_file = os.path.join (home.top, f"stderr-{len (home.daemons)}")
        home.daemons.append (self)

    def start (self, ready=True, deadline=10):
        RUNNING.append (self)
        with open (self.err_file, "ab") as err:
            self.process = subprocess.Popen (self.argv, **{"stdin": subprocess.DEVNULL, "stdout": err, "stderr": err, "cwd": self.home.path,
                                                           "env": self.home.env (**self.env), **self.popen})
        if ready:
            self.wait_ready (deadline)
        return self

    def wait_ready (self, deadline=10):
        def answers ():
            return ask (self.data, "status", 5)
        try:
            return wait_for (lambda: self.process.poll () is not None or answers (), deadline, "the control socket answers")
        finally:
            if self.process.poll () is not None:
                raise Failed (f"the daemon ended with {self.process.returncode}: {self.err ()[-2000:]}")

    @property
    def pid (self):
        return self.process.pid

    def status (self):
        return ask (self.data, "status")

    def err (self):
        with open (self.err_file, encoding="utf-8", errors="replace") as f:
            return f.read ()

    def check_alive (self):
        """Fails at once when it crashed, instead of at some deadline."""
        rc = self.process.poll () if self.process else None
        if rc is not None:
            self.forget ()
            check (rc in (0, -signal.SIGKILL, -signal.SIGTERM), "the daemon ended by itself", rc)

    def forget (self):
        if self in RUNNING:
            RUNNING.remove (self)

    def signal (self, number):
        if number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGQUIT, signal.SIGABRT):
            self.forget ()
        self.process.send_signal (number)

    def wait (self, deadline=10):
        self.forget ()
        try:
            return self.process.wait (deadline * SLOW)
        except subprocess.TimeoutExpired:
            raise Failed (f"the daemon did not end within {deadline * SLOW:g} s: {self.err ()[-2000:]}") from None

    def stop (self, deadline=10):
        """SIGTERM; returns the exit status. Clocks that run faster do so again afterwards: what a stop may take is true time."""
        rate = self.home.shim.rate if self.home.shim else 1
        if rate > 1:
            self.home.shim.faster (1)
        try:
            if self.process.poll () is None:
                self.signal (signal.SIGTERM)
            return self.wait (deadline)
        finally:
            if rate > 1:
                self.home.shim.faster (rate)

    def kill (self, quiet=False):
        """SIGKILL, and waits."""
        self.forget ()
        if self.process and self.process.poll () is None:
            self.process.kill ()
        if self.process:
            self.process.wait ()
        elif not quiet:
            raise Failed ("not started")

    def __enter__ (self):
        return self if self.process else self.start ()

    def __exit__ (self, kind, value, tb):
        if kind is None and self.process.poll () is None:
            rc = self.stop ()
            check (rc == 0, f"the daemon ended with {rc} after SIGTERM", self.err ()[-2000:])


TESTS = []


def test (function=None, *, deadline=60):
    """Marks a test. deadline: seconds after which it is taken as hung."""
    def mark (f):
        TESTS.append ((f, deadline))
        return f
    return mark (function) if function else mark


def _late (number, frame):
    raise Failed ("the test took too long")


def _run_one (number, function, deadline):
    title = (function.__doc__ or function.__name__.replace ("_", " ")).split ("\n")[0].replace ("#", "")
    home = Home (function.__name__.replace ("_", "-"))
    verdict, notes = "ok", ""
    signal.signal (signal.SIGALRM, _late)
    signal.setitimer (signal.ITIMER_REAL, deadline * SLOW)
    try:
        function (home)
    except Skip as e:
        title += f" # SKIP {e}"
    except Failed as e:
        where = [f for f in traceback.extract_tb (e.__traceback__) if f.filename != __file__]
        verdict, notes = "not ok", (f"line {where[-1].lineno}: " if where else "") + str (e)
    except Exception:
        verdict, notes = "not ok", traceback.format_exc ()
    finally:
        signal.setitimer (signal.ITIMER_REAL, 0)
    if verdict != "ok":
        for d in home.daemons:
            if os.path.exists (d.err_file):
                notes += "\nstderr of the daemon:\n" + d.err ()[-3000:]
        notes += "\ndaemon.log:\n" + home.log ()[-3000:] if home.log () else ""
    left = home.close ()
    if left:
        verdict, notes = "not ok", "\n".join ([notes, *left])
    print (f"{verdict} {number} - {title}")
    for line in filter (None, notes.split ("\n")):
        print ("# " + line)
    sys.stdout.flush ()
    return verdict == "ok"


def main ():
    sys.stdout.reconfigure (encoding="utf-8", errors="replace")
    os.umask (0o022)
    chosen = [t for t in TESTS if os.environ.get ("KK_ONLY", t[0].__name__) == t[0].__name__]
    print (f"1..{len (chosen)}", flush=True)
    failed = sum (not _run_one (i + 1, *t) for i, t in enumerate (chosen))
    sys.exit (1 if failed else 0)
