#!/usr/bin/env python3
"""Prints how many instructions a tick takes, counted by callgrind over a made-up /proc tree: the same from run to run, so that a
change in cost is seen however busy the machine is."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

BUILD = os.environ["KK_BUILD"]
TICKS = os.path.join (BUILD, "tests", "bench", "ticks")
MEMINFO = """MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive Active(anon) Inactive(anon) Active(file) Inactive(file)
Unevictable Mlocked SwapTotal SwapFree Zswap Zswapped Dirty Writeback AnonPages Mapped Shmem KReclaimable Slab SReclaimable SUnreclaim
KernelStack PageTables SecPageTables NFS_Unstable Bounce WritebackTmp CommitLimit Committed_AS VmallocTotal VmallocUsed VmallocChunk
Percpu HardwareCorrupted AnonHugePages ShmemHugePages ShmemPmdMapped FileHugePages FilePmdMapped DirectMap4k DirectMap2M""".split ()
CASES = {
    "cpu": "[cpu]", "memory": "[memory]", "net": "[net]", "process, 200 of which 5 tracked": "[process]",
    "cpu, memory, net": "[cpu, memory, net]", "the same, recorded": "[cpu, memory, net, file-writer]",
    "all, recorded": "[cpu, memory, net, process, file-writer]"}


def make_proc (top):
    def write (path, text):
        path = os.path.join (top, path)
        os.makedirs (os.path.dirname (path), exist_ok=True)
        with open (path, "w", encoding="ascii") as f:
            f.write (text)
    cpus = "".join (f"cpu{i} 60{i} 12 3{i}00 45{i}123 10{i} 0 2{i} 0 0 0\n" for i in range (8))
    write ("stat", f"cpu  4828 96 24800 3604984 808 0 160 0 0 0\n{cpus}intr 8231 {'0 ' * 200}\nctxt 1234567\nbtime 1767000000\n"
           "processes 98765\nprocs_running 2\nprocs_blocked 0\nsoftirq 4321 0 1 2 3 4 5 6 7 8 9\n")
    write ("meminfo", "".join (f"{name + ':':16}{8000000 - i * 100000:8} kB\n" for i, name in enumerate (MEMINFO)))
    write ("loadavg", "0.31 0.28 0.22 1/345 6789\n")
    write ("uptime", "100000.00 700000.00\n")
    device = "".join (f"{n:>6}: 123456789 234567 0 0 0 0 0 0 98765432 123456 0 0 0 0 0 0\n" for n in ("lo", "eth0", "eth1", "docker0"))
    heads = "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed " \
            "multicast|bytes    packets errs drop fifo colls carrier compressed\n"
    for where in ("net", "self/net", "thread-self/net"):
        write (where + "/dev", heads + device)
        for n in ("tcp", "tcp6"):
            write (f"{where}/{n}", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n")
    for i in range (200):
        pid, name = 1000 + i, "python3" if i % 40 == 0 else f"worker{i}"
        numbers = f"S 1 {pid} {pid} 0 -1 4194560 1000 0 0 0 {i * 3} {i} 0 0 20 0 4 0 {5000 + i} 222000000 9760 18446744073709551615 " + "1 " * 24
        write (f"{pid}/stat", f"{pid} ({name}) {numbers}0\n")
        write (f"{pid}/cmdline", f"/usr/bin/{name}\0train.py\0--epochs\0{i}\0")
        write (f"{pid}/comm", name + "\n")
        write (f"{pid}/statm", "54200 9760 2000 800 0 20000 0\n")
        write (f"{pid}/status", f"Name:\t{name}\nState:\tS (sleeping)\nTgid:\t{pid}\nPid:\t{pid}\nPPid:\t1\nUid:\t0\t0\t0\t0\nThreads:\t4\n")


def instructions (config, n, directory):
    out = os.path.join (directory, "out")
    r = subprocess.run (["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", TICKS, config, str (n)], stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    found = re.search (r"Collected : (\d+)", r.stdout)
    samples = re.search (r"(\d+) ticks, (\d+) samples", r.stdout)
    if r.returncode or not found or not samples or int (samples.group (1)) < n:
        sys.exit (f"count: {' '.join (r.args)} ended with {r.returncode}:\n{r.stdout}")
    return int (found.group (1))


def main ():
    p = argparse.ArgumentParser (description=__doc__)
    p.add_argument ("--ticks", type=int, default=50)
    p.add_argument ("--json", action="store_true")
    a = p.parse_args ()
    if not shutil.which ("valgrind"):
        sys.exit ("count: valgrind is not installed")
    results = {}
    with tempfile.TemporaryDirectory (prefix="kk-count-") as top:
        make_proc (os.path.join (top, "proc"))
        for title, wanted in CASES.items ():
            with tempfile.TemporaryDirectory (dir=top) as data:
                plugins = "".join (f"  {name}: {{enabled: {str (name in wanted).lower ()}"
                                   + ("" if name == "file-writer" else f", proc_root: {top}/proc") + "}\n"
                                   for name in ("cpu", "memory", "net", "process", "file-writer"))
                config = os.path.join (data, "daemon.yaml")
                with open (config, "w", encoding="ascii") as f:
                    f.write (f"daemon: {{data_dir: {data}/data}}\nplugins:\n{plugins}")
                os.mkdir (data + "/data")
                once, twice = (instructions (config, n, data) for n in (a.ticks, 2 * a.ticks))
                results[title] = round ((twice - once) / a.ticks)
    if a.json:
        print (json.dumps (results, indent=1))
        return
    print ("instructions per tick")
    for title, n in results.items ():
        print (f"  {title:34} {n:10,}")


main ()
