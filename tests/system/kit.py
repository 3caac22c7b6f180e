"""A staged `make install` for tests that build plugins as a stranger does: with the installed header and program alone."""

import atexit
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile

import kk


class Stage:
    """Where everything was installed to; its kode-kronical.pc says the staged places."""

    def __init__ (self):
        self.top = tempfile.mkdtemp (prefix="kk-stage-", dir=kk.PLACE)
        atexit.register (shutil.rmtree, self.top, ignore_errors=True)
        self.dest = os.path.join (self.top, "dest")
        env = {k: v for k, v in os.environ.items () if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR")}
        r = subprocess.run (["make", "-s", "-C", kk.BUILD, "install", "DESTDIR=" + self.dest], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env, check=False)
        kk.check (r.returncode == 0, "make install", r.stdout.decode (errors="replace")[-3000:])
        pc = self.find ("kode-kronical.pc")
        with open (pc, encoding="utf-8") as f:
            text = f.read ()
        os.makedirs (os.path.join (self.top, "pc"))
        with open (os.path.join (self.top, "pc", "kode-kronical.pc"), "w", encoding="utf-8") as f:
            f.write (re.sub (r"^(\w+)=/", rf"\1={self.dest}/", text, flags=re.M))
        plugins = os.path.dirname (self.find ("file-writer.so"))
        self.plugins, self.plugin_dir = plugins, plugins + ".d"
        self.bin = os.path.join (self.top, "bin")
        self.script ("kode-kronical-daemon", f'exec "{self.find ("kode-kronical-daemon", "/bin")}" "$@"')
        self.script ("sudo", 'exec "$@"')

    def script (self, name, text):
        os.makedirs (self.bin, exist_ok=True)
        path = os.path.join (self.bin, name)
        with open (path, "w", encoding="utf-8") as f:
            f.write ("#!/bin/sh\n" + text + "\n")
        os.chmod (path, stat.S_IRWXU)

    def find (self, name, under=""):
        for top, _, names in os.walk (self.dest):
            if name in names and top.endswith (under):
                return os.path.join (top, name)
        raise kk.Failed (f"{name} was not installed")

    def env (self, **more):
        return {"PATH": self.bin + ":" + os.environ["PATH"], "PKG_CONFIG_PATH": os.path.join (self.top, "pc"),
                "KODE_KRONICAL_PLUGINS": self.plugins + ":" + self.plugin_dir, **more}

    def run (self, home, *argv, cwd=None, timeout=60):
        return home.run (*argv[1:], program=argv[0] if "/" in argv[0] else shutil.which (argv[0], path=self.env ()["PATH"]),
                         env=self.env (), cwd=cwd, timeout=timeout)


STAGES = []


def stage ():
    """Made once, for all tests of a script."""
    kk.need_tool ("make", "pkg-config", "gcc")
    if not STAGES:
        STAGES.append (Stage ())
    return STAGES[0]


def pkg_config (home, variable):
    return stage ().run (home, "pkg-config", "--variable=" + variable, "kode-kronical").ok ().out.strip ()


# ---- The guide ----

def guide_script (text):
    """The commands of doc/PLUGINS, every indented block that begins with '$ ', as a shell script."""
    found = []
    for block in re.findall (r"(?:^    .*\n|^\n(?=    (?!\$ )))+", text, re.M):
        lines = [line[4:] for line in block.split ("\n")]
        while lines and not lines[0]:
            lines.pop (0)
        if lines and lines[0].startswith ("$ "):
            found += [re.sub (r"^\$ ", "", line) for line in lines]
    script = "\n".join (found) + "\n"
    kk.check (script.count ("make") >= 3 and "KK_PLUGIN" in script and "sudo make install" in script, "commands were found", script)
    for part in re.findall (r"^    \$ (.*)$", text, re.M):
        kk.contains (script, part, "no command was passed over")
    return script


def check_guide_output (r):
    """Whether those commands did what the guide says."""
    kk.check (r.rc == 0, "every command succeeds", r)
    kk.check ("warning" not in r.err and "warning" not in r.out.lower (), "no compiler warns", r)
    kk.equal (r.out.count ("no faults"), 3, "plugin check of the collector and of two examples")
    rows = [json.loads (text) for text in re.findall (r'"open_files":({.*?})', r.out)]
    kk.check (len (rows) >= 5, "rows in what tail shows and in recorded files", r.out)
    for row in rows:
        kk.check (row["open"] > 0 and row["limit"] > 0, "what the plugin collects", row)
    kk.check (re.search (r"^open-files +input +ok ", r.out, re.M), "status names it", r.out)
