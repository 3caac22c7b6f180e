"""Builds plugins for the tests here, as somebody outside this tree would: with the compiler and one header."""

import os
import shlex
import subprocess

import kk

HERE = os.path.join (kk.SOURCE, "tests", "abi")
CC = shlex.split (os.environ.get ("KK_CC") or "cc")


def headers (home):
    """Two include directories: header 1 as it was kept, and a later one made from the header of now."""
    one, later = os.path.join (home.top, "one"), os.path.join (home.top, "later")
    kept = os.path.join (HERE, "plugin-1.h")
    now = os.path.join (kk.SOURCE, "include", "kode-kronical", "plugin.h")
    made = subprocess.run (["awk", "-f", os.path.join (HERE, "later.awk"), now], capture_output=True, text=True, check=True).stdout
    with open (kept, encoding="utf-8") as f:
        text = f.read ()
    for directory, content in ((one, text), (later, made)):
        os.makedirs (os.path.join (directory, "kode-kronical"), exist_ok=True)
        with open (os.path.join (directory, "kode-kronical", "plugin.h"), "w", encoding="utf-8") as f:
            f.write (content)
    kk.check (made.count ("later") > 10, "the later header has more than the first", made.count ("later"))
    return one, later


def compile (home, source, output, *flags, check=True):
    p = subprocess.run ([*CC, "-std=gnu11", "-O1", "-g", "-Wall", "-o", output, source, *flags], capture_output=True, text=True,
                        cwd=home.path)
    if check:
        kk.equal (p.returncode, 0, f"compiling {source}: {p.stderr}")
    return p


def build (home, source, name, include, *flags, to=None):
    """A plugin called `name` in the directory `to` (plugins in the home)."""
    to = to or os.path.join (home.top, "plugins")
    os.makedirs (to, exist_ok=True)
    if "\n" in source:
        path = os.path.join (home.top, name + ".c")
        with open (path, "w", encoding="utf-8") as f:
            f.write (source)
    else:
        path = os.path.join (HERE, source)
    so = os.path.join (to, name + ".so")
    compile (home, path, so, "-shared", "-fPIC", f"-I{include}", f'-DNAME="{name}"', *flags)
    return so
