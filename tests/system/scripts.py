"""contrib/check and contrib/quickstart: what they say when they cannot do their work."""

import os
import shutil

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
def quickstart_usage (home):
    "quickstart explains itself and refuses what it does not know"
    kk.contains (home.run ("--help", program=QUICKSTART).ok ().out, "usage: contrib/quickstart", "--help")
    kk.equal (home.run ("--nonsense", program=QUICKSTART).rc, 2, "an unknown option")


kk.main ()
