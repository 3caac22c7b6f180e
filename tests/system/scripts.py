"""contrib/check and contrib/quickstart: what they say when they cannot do their work."""

import os
import select
import shlex
import shutil
import signal
import subprocess

import kk

CHECK = os.path.join (kk.SOURCE, "contrib", "check")
QUICKSTART = os.path.join (kk.SOURCE, "contrib", "quickstart")
TOOLS = "awk bash cat cut date dirname dpkg-query env getconf grep head id mkdir paste pod2man printf sed sh sleep sort tail tee tr xargs".split ()


def bare_path (home):
    """A PATH with the common tools and no compiler."""
    path = os.path.join (home.top, "bin")
    os.mkdir (path)
    for tool in TOOLS:
        if shutil.which (tool):
            os.symlink (shutil.which (tool), os.path.join (path, tool))
    return path


@kk.test
def check_without_compiler (home):
    "check without a compiler fails early, with the total as its last line"
    r = home.run ("--no-install", "--dir", os.path.join (home.top, "build"), program=CHECK, env={"PATH": bare_path (home), "CC": None})
    kk.equal (r.rc, 1, "exit status")
    kk.equal (r.out.splitlines ()[-1], "0 passed, 1 failed, 0 skipped", "the last line")
    kk.contains (r.out, "a C compiler", "what is missing")


@kk.test
def check_usage (home):
    "check explains itself, lists its stages, and refuses what it does not know"
    kk.contains (home.run ("--help", program=CHECK).ok ().out, "usage: contrib/check", "--help")
    stages = home.run ("--list", program=CHECK).ok ().out.split ()
    for stage in ("gcc", "clang", "asan", "tsan", "valgrind", "dist", "static"):
        kk.check (stage in stages, stage + " is a stage", stages)
    kk.equal (home.run ("--stage", "nonsense", program=CHECK).rc, 2, "an unknown stage")
    kk.equal (home.run ("--nonsense", program=CHECK).rc, 2, "an unknown option")


@kk.test
def quickstart_without_compiler (home):
    "quickstart without a compiler says what to install, on this system or by the names of others"
    top = os.path.join (home.top, "tree")
    os.makedirs (os.path.join (top, "contrib"))
    for name in ("quickstart", "packages.sh"):
        shutil.copy (os.path.join (kk.SOURCE, "contrib", name), os.path.join (top, "contrib", name))
    path = bare_path (home)
    program = os.path.join (top, "contrib", "quickstart")
    r = home.run ("--no-install", program=program, env={"PATH": path, "CC": None})
    kk.equal (r.rc, 1, "exit status without any package system")
    for word in ("libyaml-dev", "libyaml-devel", "Arch", "Alpine", "openSUSE"):
        kk.contains (r.err, word, "names of packages")
    for system, command in (("dnf", "dnf install -y"), ("zypper", "zypper --non-interactive install"), ("pacman", "pacman -S"), ("apk", "apk add")):
        fake = os.path.join (path, system)
        os.symlink (shutil.which ("true"), fake)
        r = home.run ("--no-install", program=program, env={"PATH": path, "CC": None})
        kk.check (r.rc == 1 and command in r.err, f"what to install with {system}", r)
        os.unlink (fake)


@kk.test
def quickstart_without_root (home):
    "quickstart says what to ask for where only root could install what the build needs"
    path = bare_path (home)
    for name, text in (("id", "echo 1000"), ("apt-get", "echo called >&2; exit 1"), ("dpkg-query", "exit 1")):
        if os.path.lexists (os.path.join (path, name)):
            os.unlink (os.path.join (path, name))
        home.write (os.path.join (path, name), f"#!/bin/sh\n{text}\n", 0o755)
    top = os.path.join (home.top, "tree")
    for name in ("quickstart", "packages.sh"):
        home.write (os.path.join (top, "contrib", name), "")
        shutil.copy (os.path.join (kk.SOURCE, "contrib", name), os.path.join (top, "contrib", name))
    r = home.run (program=os.path.join (top, "contrib", "quickstart"), env={"PATH": path, "CC": None})
    kk.equal (r.rc, 1, "exit status")
    for word in ("only root can install", "sudo apt-get update", "sudo apt-get install -y", " libyaml-dev ", "start contrib/quickstart again"):
        kk.contains (r.err, word, "what to ask for")
    kk.check ("called" not in r.all, "nothing is installed", r)


def quickstart_tree (home):
    """A tree whose build is there already, so that quickstart has nothing to get and to compile; what runs it."""
    top = os.path.join (home.top, "tree")
    path = bare_path (home)
    for tool in "apt-cache autoconf automake find gcc kill libtoolize make mkdir pkg-config pod2man".split ():
        real = shutil.which (tool) if tool in ("find", "kill", "mkdir") else shutil.which ("true")
        if real and not os.path.exists (os.path.join (path, tool)):
            os.symlink (real, os.path.join (path, tool))
    for name in ("quickstart", "packages.sh"):
        home.write (os.path.join (top, "contrib", name), "")
        shutil.copy (os.path.join (kk.SOURCE, "contrib", name), os.path.join (top, "contrib", name))
    for name in ("configure.ac", "Makefile.am", "build/Makefile", "configure"):
        home.write (os.path.join (top, name), "")
    home.write (os.path.join (top, "build", "run"), f"#!/bin/sh\nPATH={shlex.quote (os.environ['PATH'])} exec \"$@\"\n", 0o755)
    return os.path.join (top, "contrib", "quickstart"), path


class Script:
    """A script with a process group of its own, as a terminal gives it; what it says is read by lines."""

    def __init__ (self, home, path, *argv):
        self.process = home.spawn (*argv, env={"PATH": path}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   start_new_session=True, preexec_fn=lambda: signal.signal (signal.SIGINT, signal.SIG_DFL))
        self.text = b""

    def reads (self, condition, what):
        """Reads on until condition (lines)."""
        def more ():
            if select.select ([self.process.stdout], [], [], 0.1)[0]:
                self.text += os.read (self.process.stdout.fileno (), 65536)
            return condition (self.text.decode ().splitlines ())
        kk.wait_for (more, 30, what, step=0.01)

    def interrupted (self):
        """Ctrl-C: all that runs there gets the signal."""
        os.killpg (self.process.pid, signal.SIGINT)
        rc = self.process.wait (30 * kk.SLOW)
        self.text += self.process.stdout.read ()
        self.process.stdout.close ()
        return rc


@kk.test
def quickstart_records (home):
    "quickstart shows each sample in a line until Ctrl-C, keeps what it recorded, and shows what a daemon that runs already records"
    program, path = quickstart_tree (home)

    def shows (lines):
        heading = next ((i for i, line in enumerate (lines) if line.startswith ("TIME ")), len (lines))
        return len ([line for line in lines[heading + 1:] if line[2:3] == ":"]) > 2
    first = Script (home, path, program)
    first.reads (shows, "a heading, and a line for each sample")
    kk.contains (first.text.decode (), "Recording this machine once a second. Ctrl-C stops.", "what it says")
    pid = home.ask ("status")["pid"]
    second = Script (home, path, program, "--no-install")
    second.reads (shows, "the same beside it")
    kk.contains (second.text.decode (), "A daemon is running already", "what the second one says")
    kk.equal (second.interrupted (), 0, "its end")
    kk.equal (home.ask ("status")["pid"], pid, "the daemon goes on")
    kk.equal (first.interrupted (), 0, "the end of the first")
    kk.contains (first.text.decode (), "Stopped. The recorded files are kept", "its last word")
    kk.check (not kk.alive (pid), "the daemon has ended")
    kk.check (len (home.metrics ()) > 0, "something was recorded")
    r = home.run ("--seconds", 1, program=program, env={"PATH": path}).ok ("--seconds")
    kk.contains (r.out, "Stopped. ", "it stops by itself")


@kk.test
def quickstart_usage (home):
    "quickstart explains itself and refuses what it does not know"
    kk.contains (home.run ("--help", program=QUICKSTART).ok ().out, "usage: contrib/quickstart", "--help")
    kk.equal (home.run ("--nonsense", program=QUICKSTART).rc, 2, "an unknown option")


kk.main ()
