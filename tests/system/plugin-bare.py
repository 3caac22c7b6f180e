"""A new user on a bare machine, with the installed package and a compiler and nothing else: no sources, no network. doc/PLUGINS is
followed from its first line to an installed plugin; then a plugin of each kind, and the examples."""

import os
import subprocess

import kit
import kk
import treekit

PACKAGES = "gcc,g++,libc6-dev,make,pkg-config,sudo"
# Processes, mounts and network of its own: what it starts ends with it, what it mounts is gone, and nothing can be fetched.
INSIDE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", "--uts", "--ipc"]
ENTER = 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && hostname localhost && exec chroot "$1" su -l alice -c "$2"'


class Tree:
    def __init__ (self, home):
        kk.need_tool ("unshare", "mount")
        self.home, self.top = home, os.path.join (home.top, "tree")
        treekit.installed (self.top, "author", PACKAGES, "whose run-time library the tree has not")
        self.write ("/etc/hosts", "127.0.0.1 localhost\n")
        self.write ("/etc/sudoers.d/alice", "alice ALL=(ALL) NOPASSWD: ALL\n")
        r = subprocess.run ([*INSIDE, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if r.returncode:
            kk.skip ("unshare is not allowed here: " + r.stderr.decode (errors="replace").strip ())

    def write (self, path, text):
        with open (self.top + path, "w", encoding="utf-8") as f:
            f.write (text)

    def read (self, path):
        with open (self.top + path, encoding="utf-8") as f:
            return f.read ()

    def alice (self, command, timeout=120):
        """Her login shell runs it, in her home."""
        return self.home.run (*INSIDE[1:], "sh", "-c", ENTER, "sh", self.top, command, program="unshare", timeout=timeout,
                              env={k: None for k in kk.FROM_OUTSIDE if k != "PATH"})


@kk.test (deadline=900)
def from_nothing_to_installed (home):
    "the guide, then a new plugin of each kind and the examples: all with nothing but the installed package"
    tree = Tree (home)
    where = tree.alice ("pkg-config --variable=docdir kode-kronical").ok ("pkg-config").out.strip ()
    tree.write ("/home/alice/guide.sh", kit.guide_script (tree.read (where + "/PLUGINS")) + "kode-kronical-daemon stop\n")
    kit.check_guide_output (tree.alice ("sh -eu guide.sh"))
    so = tree.alice ("pkg-config --variable=plugindir kode-kronical").out.strip () + "/open-files.so"
    kk.equal (os.stat (tree.top + so).st_uid, 0, "the installed plugin is root's")
    kk.check (os.listdir (tree.top + "/home/alice/.local/share/kode-kronical"), "what her daemon recorded")
    for kind in ("input", "filter", "output"):
        r = tree.alice (f"kode-kronical-daemon plugin new my-{kind} --kind {kind} && cd my-{kind} && make check && sudo make install").ok ()
        kk.check ("not ok" not in r.out and "warning" not in r.all.lower (), "its own test", r)
    r = tree.alice ("make -C examples check && sudo make -C examples install").ok ("the examples, one of them in C++")
    kk.equal (r.out.count ("no faults"), 3, "plugin check of each")
    r = tree.alice ("kode-kronical-daemon plugin list").ok ()
    for name in ("open-files", "my-input", "my-filter", "my-output", "disk-space", "above", "csv-writer"):
        kk.contains (r.out, name, "plugin list")
    tree.alice ("cd open-files && sudo make uninstall").ok ()
    kk.check (not os.path.exists (tree.top + so), "it is gone again")


kk.main ()
