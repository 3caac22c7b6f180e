"""plugin new: what it writes builds, is tested, installs and runs as it is, with nothing but the installed package."""

import json
import os
import re
import resource
import shutil
import signal

import kit
import kk

FAST = "daemon: {sample_interval: 0.05}\n"


def new (home, name, kind, *more, at=None):
    return kit.stage ().run (home, "kode-kronical-daemon", "plugin", "new", name, "--kind", kind, *more, cwd=at)


def make (home, at, *args):
    r = kit.stage ().run (home, "make", *args, cwd=at)
    kk.check (r.rc == 0, "make " + " ".join (args), r)
    return r


def texts (directory):
    found = {}
    for name in sorted (os.listdir (directory)):
        with open (os.path.join (directory, name), encoding="utf-8") as f:
            found[name] = f.read ()
    return found


def built (home, name, kind):
    """A new project, built with every warning an error, checked and installed; its conf.d file is the user's too."""
    directory = os.path.join (home.path, name)
    r = new (home, name, kind).ok ()
    kk.contains (r.out, "make install", "the next steps")
    kk.contains (r.out, f"cd {name}", "the next steps")
    names = {f"{name}.c", "Makefile", "README", f"{name}.yaml", f"test-{name}.sh", f"kode-kronical-{name}.5"}
    files = texts (directory)
    kk.equal (set (files), names, "the files of a project")
    for file, text in files.items ():
        kk.check (not re.search (r"@[A-Z]+@", text), f"nothing is left to be filled in in {file}", text)
    r = make (home, directory, "CFLAGS=-O2 -Werror")
    kk.equal (r.err, "", "warnings")
    r = make (home, directory, "check")
    kk.check ("not ok" not in r.out and "\nok 2" in r.out, "its own test", r)
    make (home, directory, "install")
    kk.check (os.path.exists (os.path.join (kit.stage ().plugin_dir, name + ".so")), "it is installed to plugindir")
    conf = os.path.join (kit.pkg_config (home, "confdir"), name + ".yaml")
    kk.check (os.path.exists (conf), "its conf.d file is installed", conf)
    home.write (os.path.join (home.config_dir, "conf.d", name + ".yaml"), files[name + ".yaml"])
    return directory


def daemon (home, more=""):
    return home.daemon (FAST + more, env=kit.stage ().env ())


@kk.test (deadline=120)
def a_new_input (home):
    "plugin new --kind input: its table is recorded"
    directory = built (home, "my-number", "input")
    with daemon (home):
        r = home.run ("tail", "-n1", "--json", env=kit.stage ().env ()).ok ()
        value = json.loads (r.out.splitlines ()[-1])
        kk.check (isinstance (value.get ("my_number", {}).get ("value"), float), "the number of the file", r)
    make (home, directory, "uninstall")
    kk.check (not os.path.exists (os.path.join (kit.stage ().plugin_dir, "my-number.so")), "make uninstall takes it away")


@kk.test (deadline=120)
def a_new_filter (home):
    "plugin new --kind filter: what it leaves out is not recorded"
    directory = built (home, "my-filter", "filter")
    with daemon (home, "plugins: {my-filter: {drop: [network]}}\n"):
        entries = kk.wait_for (home.metrics, 10, "entries")
        kk.check (all ("network" not in e and "system" in e for e in entries), "the table is left out", entries[:1])
    make (home, directory, "uninstall")


@kk.test (deadline=120)
def a_new_output (home):
    "plugin new --kind output: a line for each sample"
    directory = built (home, "my-lines", "output")
    file = os.path.join (home.data, "plugins", "my-lines", "my-lines.txt")
    with daemon (home):
        def lines ():
            with open (file, encoding="utf-8") as f:
                return f.read ().splitlines ()
        kk.wait_for (lambda: len (lines ()) > 2, 10, "lines")
        kk.check (all (re.fullmatch (r"\d+\.\d{3}( [a-z0-9_]+\.[a-z0-9_]+=[-+.e0-9]+)+", line) for line in lines ()[:2]), "how a line looks", lines ())
    make (home, directory, "uninstall")


@kk.test
def an_edited_conf_d_file (home):
    "make install leaves a conf.d file that is there as it is"
    new (home, "edited", "input").ok ()
    directory = os.path.join (home.path, "edited")
    make (home, directory, "install")
    conf = home.write (os.path.join (kit.pkg_config (home, "confdir"), "edited.yaml"), "plugins: {edited: false}\n")
    make (home, directory, "install")
    with open (conf, encoding="utf-8") as f:
        kk.equal (f.read (), "plugins: {edited: false}\n", "what the administrator wrote")
    make (home, directory, "uninstall")


@kk.test (deadline=120)
def other_compilers (home):
    "new projects build without a warning under clang and with -pedantic"
    for kind in ("input", "filter", "output"):
        new (home, "a-" + kind, kind).ok ()
        directory = os.path.join (home.path, "a-" + kind)
        for compiler in ("clang", "gcc -pedantic"):
            if shutil.which (compiler.split ()[0]):
                kk.equal (make (home, directory, "-B", "CC=" + compiler, "CFLAGS=-O2 -Werror").err, "", f"{kind} with {compiler}")


@kk.test
def manual_pages (home):
    "the manual page of a new project has no mistake"
    kk.need_tool ("mandoc")
    for kind in ("input", "filter", "output"):
        new (home, "a-" + kind, kind).ok ()
        r = home.run ("-Tlint", "-Wwarning", f"a-{kind}/kode-kronical-a-{kind}.5", program="mandoc")
        lines = [line for line in r.out.splitlines () if "missing date" not in line]
        kk.equal (lines, [], "mandoc")


@kk.test
def refusals (home):
    "plugin new refuses bad names and kinds, names that are taken, and what exists, and writes nothing"
    for name in ("", "Upper", "1st", "a_b", "a b", "a/b", "..", "a--b", "a-", "x" * 49, "é"):
        r = home.run ("plugin", "new", name, "--kind", "input")
        kk.check (r.rc == 1 and "name" in r.err and r.out == "", f"the name {name!r} is refused", r)
    for name in ("cpu", "file-writer", "daemon"):
        r = home.run ("plugin", "new", name, "--kind", "input")
        kk.check (r.rc == 1 and "already a plugin" in r.err, f"{name} is taken", r)
    for args, part in (((), "--kind input"), (("--kind", "imput"), "did you mean 'input'?"), (("--kind", "zzzzzzzz"), "input (collects)")):
        r = home.run ("plugin", "new", "mine", *args)
        kk.check (r.rc == 2 and part in r.err, f"kind {args}", r)
    kk.equal (home.run ("plugin", "new", "--kind", "input").rc, 2, "no name")
    r = home.run ("plugin", "new", "mine", "--kind", "input", "--dir", "nowhere")
    kk.check (r.rc == 1 and "nowhere/mine" in r.err and "does not exist" in r.err, "no such place", r)
    home.write ("there/kept", "")
    r = home.run ("plugin", "new", "there", "--kind", "input")
    kk.check (r.rc == 1 and "it exists already" in r.err, "an existing directory", r)
    kk.equal (os.listdir (os.path.join (home.path, "there")), ["kept"], "what was in it")
    home.write ("file", "")
    kk.equal (home.run ("plugin", "new", "file", "--kind", "input").rc, 1, "an existing file")
    kk.equal (sorted (n for n in os.listdir (home.path) if not n.startswith (".")), ["file", "there"], "what was written")


@kk.test
def nothing_half_written (home):
    "when not everything can be written nothing is left behind, and the reason is said"
    def no_room ():
        signal.signal (signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit (resource.RLIMIT_FSIZE, (1500, 1500))
    r = home.run ("plugin", "new", "mine", "--kind", "input", preexec_fn=no_room)
    kk.check (r.rc == 1 and "cannot make 'mine': File too large" in r.err, "the reason", r)
    kk.check (not os.path.exists (os.path.join (home.path, "mine")), "nothing is left")


@kk.test
def places (home):
    "--dir says where the directory is made"
    os.makedirs (os.path.join (home.path, "src"))
    home.run ("plugin", "new", "mine", "--kind", "output", "--dir", "src/").ok ()
    kk.check (os.path.exists (os.path.join (home.path, "src", "mine", "mine.c")), "below --dir")
    r = home.run ("plugin", "new", "mine", "--kind", "output", "--dir", home.path).ok ()
    kk.contains (r.out, f"cd {home.path}/mine\n", "the next steps")


@kk.test
def package (home):
    "kode-kronical.pc says where plugins of others and their conf.d files go, and where the header is"
    stage = kit.stage ()
    kk.check (kit.pkg_config (home, "plugindir").endswith ("/kode-kronical/plugins.d"), "plugindir", kit.pkg_config (home, "plugindir"))
    kk.equal (os.path.realpath (kit.pkg_config (home, "hostplugindir")), os.path.realpath (stage.plugins), "hostplugindir")
    kk.check (kit.pkg_config (home, "confdir").endswith ("/kode-kronical/conf.d"), "confdir", kit.pkg_config (home, "confdir"))
    flags = stage.run (home, "pkg-config", "--cflags", "kode-kronical").ok ().out.split ()
    kk.check (any (os.path.exists (f[2:] + "/kode-kronical/plugin.h") for f in flags), "--cflags finds the header", flags)


kk.main ()
