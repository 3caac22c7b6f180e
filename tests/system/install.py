"""make install and uninstall from the built tree, into a directory of the test's own."""

import os
import re
import subprocess

import kk

SHARED = re.compile (r"lib/[^/]*/?kode-kronical/plugins/[a-z0-9-]+\.so$")


def make (home, *args):
    r = subprocess.run (["make", "-s", "-C", kk.BUILD, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                        env={k: v for k, v in os.environ.items () if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR")}, check=False)
    kk.check (r.returncode == 0, "make " + " ".join (args), r.stdout.decode (errors="replace")[-3000:])


def files (top):
    return sorted (os.path.relpath (os.path.join (d, n), top) for d, _, names in os.walk (top) for n in names)


def variable (name):
    with open (os.path.join (kk.BUILD, "config.status"), encoding="utf-8") as f:
        found = re.search (rf'^S\["{name}"\]="(.*)"$', f.read (), re.M)
    return found.group (1) if found else None


@kk.test (deadline=180)
def installs (home):
    "make install DESTDIR puts everything in its place, it runs from there, and uninstall takes it away"
    kk.check (os.path.exists (os.path.join (kk.BUILD, "Makefile")), "a build tree")
    dest = os.path.join (home.top, "dest")
    make (home, "install", "DESTDIR=" + dest)
    there = files (dest)
    for wanted in (r"bin/kode-kronical-daemon$", r"include/kode-kronical/plugin\.h$", r"pkgconfig/kode-kronical\.pc$",
                   r"plugins/rate\.so$", r"plugins/dedup\.so$", r"plugins/top\.so$",
                   r"plugins/cpu\.so$", r"plugins/memory\.so$", r"plugins/net\.so$", r"plugins/process\.so$", r"plugins/select\.so$", r"plugins/aggregate\.so$", r"plugins/alert\.so$",
                   r"plugins/rename\.so$", r"plugins/label\.so$",
                   r"plugins/exec\.so$",
                   r"plugins/file-writer\.so$", r"bin/install-kode-kronical-service$", r"doc/kode-kronical/README$"):
        kk.check (any (re.search (wanted, f) for f in there), f"{wanted} is installed", there)
    if variable ("POD2MAN"):
        for page in ("kode-kronical-daemon.1", "daemon.yaml.5", "kode-kronical-cpu.5", "kode-kronical-file-writer.5"):
            kk.check (any (f.endswith (page) for f in there), f"{page} is installed", there)
    kk.equal ([f for f in there if f.endswith ((".la", ".a"))], [], "no libtool or static libraries")
    for name in there:
        if name.endswith (".so"):
            kk.check (SHARED.search (name), "plugins are where they belong", name)
        path = os.path.join (dest, name)
        with open (path, "rb") as f:
            text = f.read ()
        kk.check (dest.encode () not in text, "DESTDIR is in no file", name)
        if not name.endswith (".so") and "/bin/" not in "/" + name and "/libexec/" not in "/" + name:
            kk.check (kk.BUILD.encode () not in text, "the build directory is in no file", name)
    program = os.path.join (dest, next (f for f in there if f.endswith ("bin/kode-kronical-daemon")))
    plugins = os.path.dirname (os.path.join (dest, next (f for f in there if f.endswith (".so"))))
    r = home.run ("--version", program=program, env={"KODE_KRONICAL_PLUGINS": plugins})
    kk.check (r.rc == 0 and variable ("PACKAGE_VERSION") in r.out, "the installed program says its version", r)
    r = home.run ("plugin", "list", program=program, env={"KODE_KRONICAL_PLUGINS": plugins}).ok ("the installed program finds its plugins")
    kk.contains (r.out, "file-writer", "plugin list")
    make (home, "uninstall", "DESTDIR=" + dest)
    kk.equal (files (dest), [], "what uninstall leaves")


def built ():
    """The programs and plugins of the build tree."""
    found = [os.path.join (kk.BUILD, "core", n) for n in ("kode-kronical-daemon", "kode-kronical-plugin-host")]
    for place in ("plugins/all", "plugins/commands"):
        top = os.path.join (kk.BUILD, place)
        found += [os.path.join (top, n) for n in sorted (os.listdir (top))]
    found = [os.path.realpath (path) for path in found]
    return [path for path in found if os.path.isfile (path) and open_magic (path) == b"\x7fELF"]


def open_magic (path):
    with open (path, "rb") as f:
        return f.read (4)


def readelf (*args):
    return subprocess.run (["readelf", "-W", *args], stdout=subprocess.PIPE, check=True, env={**os.environ, "LC_ALL": "C"}).stdout.decode ()


@kk.test
def hardened (home):
    "programs and plugins are hardened: PIE, RELRO, bound at start, a stack that is no code, guarded frames"
    kk.need_tool ("readelf")
    options = subprocess.run ([os.path.join (kk.BUILD, "config.status"), "--config"], stdout=subprocess.PIPE, check=True).stdout.decode ()
    if re.search (r"--(disable-hardening|enable-hardening=no)", options):
        kk.skip ("configured with --disable-hardening")
    kk.check (len (built ()) > 10, "programs and plugins", built ())
    for path in built ():
        text, dynamic = readelf ("-h", "-l", path), readelf ("-d", path)
        kk.check (re.search (r"Type: +DYN", text), f"{path} is position-independent")
        kk.check ("GNU_RELRO" in text, f"{path} has RELRO")
        kk.check (re.search (r"BIND_NOW|Flags:.* NOW", dynamic), f"{path} is bound at its start", dynamic)
        kk.check (re.search (r"GNU_STACK.* RW +0x", text), f"the stack of {path} is no code", text)
    if "-fstack-protector-strong" in (variable ("KK_CFLAGS") or ""):
        kk.contains (readelf ("--dyn-syms", built ()[0]), "__stack_chk_fail", "guarded frames")


@kk.test
def one_name (home):
    "a plugin shows one name of its own, and needs none of the host"
    kk.need_tool ("readelf")
    for path in (p for p in built () if p.endswith (".so")):
        lines = [line.split () for line in readelf ("--dyn-syms", path).splitlines () if re.match (r" *[0-9]+:", line)]
        names = {n[7].split ("@")[0]: n[6] for n in lines if len (n) > 7}
        # Sanitizers and the C library's start files have names of their own.
        shown = [n for n, where in names.items () if where != "UND" and not n.startswith ("_")]
        kk.equal (shown, ["kk_plugin"], f"what {path} shows")
        kk.equal ([n for n, where in names.items () if where == "UND" and n.startswith ("kk_")], [], f"what {path} needs of the host")


kk.main ()
