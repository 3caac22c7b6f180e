"""A small Debian tree with the product installed in it, as on a bare machine. debootstrap makes each kind once; they are kept in
${KK_CACHE:-~/.cache/kode-kronical-tests} and copied for each test."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile

import kk


def suite ():
    with open ("/etc/os-release", encoding="utf-8") as f:
        found = dict (line.rstrip ().split ("=", 1) for line in f if "=" in line)
    if found.get ("ID", "") not in ("debian", "ubuntu") or "VERSION_CODENAME" not in found:
        kk.skip ("needs Debian or Ubuntu, whose tree debootstrap makes")
    return found["VERSION_CODENAME"]


def mirror ():
    """What this machine's own apt uses; nothing: debootstrap's choice."""
    r = subprocess.run (["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"], stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL, check=False)
    sites = [line for line in r.stdout.decode ().splitlines () if re.match (r"https?://", line) and "security" not in line]
    return sites[:1]


def tree (kind, packages):
    """The kept tree of this kind; made when it is not there."""
    name = suite ()
    home = os.path.expanduser ("~") if os.environ.get ("HOME") else "/root"
    cache = os.environ.get ("KK_CACHE") or os.path.join (home, ".cache", "kode-kronical-tests")
    os.makedirs (cache, exist_ok=True)
    path = os.path.join (cache, f"{kind}-{name}")
    with open (path + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock (lock, fcntl.LOCK_EX)
        if not os.path.isdir (path):
            fresh = tempfile.mkdtemp (dir=cache, prefix="making-")
            os.chmod (fresh, 0o755)
            try:
                r = subprocess.run (["debootstrap", "--variant=minbase", "--include=" + packages, name, fresh, *mirror ()],
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
                if r.returncode:
                    kk.skip ("debootstrap cannot make a tree here: " + r.stdout.decode (errors="replace").strip ().split ("\n")[-1])
                os.rename (fresh, path)
            finally:
                shutil.rmtree (fresh, ignore_errors=True)
    return path


def make_install (top):
    keep = {k: v for k, v in os.environ.items () if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR")}
    r = subprocess.run (["make", "-s", "-C", kk.BUILD, "install", "DESTDIR=" + top], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                        stdin=subprocess.DEVNULL, env=keep, check=False)
    kk.check (r.returncode == 0, "make install", r.stdout.decode (errors="replace")[-2000:])


def copy_libraries (top):
    """What the programs need and the small tree has not; it is the same release, so they fit."""
    files = [os.path.join (kk.BUILD, "core", kk.PROGRAM)]
    plugins = os.path.join (kk.BUILD, "plugins", "all")
    files += [os.path.join (plugins, n) for n in os.listdir (plugins) if n.endswith (".so")]
    out = subprocess.run (["ldd", *files], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout.decode ()
    os.makedirs (top + "/usr/local/lib", exist_ok=True)
    for path in sorted (set (re.findall (r"=> (/\S+)", out))):
        name = os.path.basename (path)
        if not any (os.path.exists (top + d + name) for d in (os.path.dirname (path) + "/", "/usr/local/lib/")):
            shutil.copy (path, top + "/usr/local/lib/" + name)
    subprocess.run (["chroot", top, "/sbin/ldconfig"], check=True)


def installed (top, kind, packages, sanitized):
    """At `top` a tree of its own, with the product and a user called alice; skips the test where that cannot be. sanitized: what a
    build with a sanitizer is, for which there is none."""
    kk.need_root ()
    kk.need_tool ("debootstrap", "chroot", "ldd", "make")
    if kk.sanitized ():
        kk.skip ("built with a sanitizer, " + sanitized)
    with open (os.path.join (kk.BUILD, "config.status"), encoding="utf-8") as f:
        prefix = re.search (r'^S\["prefix"\]="(.*)"$', f.read (), re.M).group (1)
    if prefix not in ("/usr", "/usr/local"):
        kk.skip (f"built for {prefix}, which is in no user's PATH")
    subprocess.run (["cp", "-a", "--reflink=auto", tree (kind, packages), top], check=True)
    make_install (top)
    copy_libraries (top)
    subprocess.run (["chroot", top, "/usr/sbin/useradd", "-m", "-s", "/bin/bash", "alice"], check=True)
