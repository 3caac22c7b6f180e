"""What cpu, memory and net record, against witnesses that look at the same machine over the same time."""

import bisect
import socket
import subprocess
import threading
import time

import kk

try:
    import psutil
except ImportError:
    psutil = None

CONFIG = "daemon: {sample_interval: 0.25, track_processes: [], auto_track_python: false}\n"


def need_psutil ():
    if not psutil:
        kk.skip ("needs psutil (python3-psutil)")


class Witness:
    """Looks every 20 ms, in a thread of its own, and remembers when it saw what."""

    def __init__ (self, look):
        self.look, self.times, self.seen, self.ending = look, [], [], threading.Event ()
        self.thread = threading.Thread (target=self.run)

    def run (self):
        going = True
        while going:  # and once more at the end
            going = not self.ending.wait (0.02)
            value = self.look ()
            self.times.append (time.time ())
            self.seen.append (value)

    def __enter__ (self):
        self.thread.start ()
        kk.wait_for (lambda: self.seen, 10, "the witness sees")
        return self

    def __exit__ (self, *_):
        self.ending.set ()
        self.thread.join ()

    def at (self, when):
        """The last thing seen before that time; None when it was not looking yet."""
        i = bisect.bisect_right (self.times, when)
        return self.seen[i - 1] if i else None

    def between (self, start, end):
        return self.seen[max (0, bisect.bisect_left (self.times, start) - 1):bisect.bisect_right (self.times, end) + 1]


def entries_while (home, witness, n, config=CONFIG):
    """At least n entries that were recorded while the witness was looking."""
    with witness, home.daemon (config):  # an entry has the time when its tick began, and may have been read a good while later
        start = witness.times[0]
        kk.wait_for (lambda: len ([e for e in home.metrics () if e["system"]["timestamp"] > start]) > n, 60, "entries")
    return [e for e in home.metrics () if start < e["system"]["timestamp"] < witness.times[-1]]


def cpu_times ():
    with open ("/proc/stat", encoding="ascii") as f:
        t = [int (x) for x in f.readline ().split ()[1:9]]
    return sum (t) - t[3] - t[4], sum (t)


def psutil_times ():
    t = psutil.cpu_times ()
    total = t.user + t.nice + t.system + t.idle + t.iowait + t.irq + t.softirq + t.steal
    return total - t.idle - t.iowait, total


def compare_cpu (home, look):
    witness = Witness (look)
    burner = home.spawn ("sh", "-c", "while :; do :; done")
    entries = entries_while (home, witness, 8)
    burner.kill ()
    times = [e["system"]["timestamp"] for e in entries]
    before, after = witness.at (times[0]), witness.at (times[-1])
    want = 100 * (after[0] - before[0]) / (after[1] - before[1])
    spans = [b - a for a, b in zip (times, times[1:])]
    have = sum (e["system"]["cpu_percent"] * s for e, s in zip (entries[1:], spans)) / sum (spans)
    print (f"# cpu_percent {have:.1f}, the witness {want:.1f}, over {len (spans)} samples")
    kk.check (abs (have - want) < 10, "the mean of cpu_percent is what the witness saw", f"{have} against {want}")


@kk.test
def cpu_by_proc (home):
    "cpu_percent is what /proc/stat says over the same time"
    compare_cpu (home, cpu_times)


@kk.test
def cpu_by_psutil (home):
    "cpu_percent is what psutil says over the same time"
    need_psutil ()
    compare_cpu (home, psutil_times)


@kk.test
def load (home):
    "load averages are those of the kernel"
    def look ():
        with open ("/proc/loadavg", encoding="ascii") as f:
            return tuple (float (x) for x in f.read ().split ()[:3])
    witness = Witness (look)
    for e in entries_while (home, witness, 2):
        s = e["system"]
        have = (s["load_avg_1m"], s["load_avg_5m"], s["load_avg_15m"])
        kk.check (have in witness.between (s["timestamp"] - 0.1, s["timestamp"] + 1), "a load seen at that time", have)


def compare_memory (home, look, names):
    """look () gives the same figures in MiB; between the looks around it each may move a little."""
    witness = Witness (look)
    for e in entries_while (home, witness, 3):
        s = e["system"]
        near = witness.between (s["timestamp"] - 0.1, s["timestamp"] + 1)
        for i, (name, slack) in enumerate (names):
            low, high = min (n[i] for n in near) - slack, max (n[i] for n in near) + slack
            kk.check (low <= s[name] <= high, f"{name} as the witness saw it", f"{s[name]} not within {low}..{high}")


@kk.test
def memory_by_psutil (home):
    "memory is what psutil says at the same time"
    need_psutil ()

    def look ():
        m = psutil.virtual_memory ()
        # psutil 6 says used as procps 4 does; this is the definition of psutil 5.9.
        used = m.total - m.free - m.buffers - m.cached
        return m.percent, m.available / 2**20, (used if used >= 0 else m.total - m.free) / 2**20
    compare_memory (home, look, [("memory_percent", 1), ("memory_available_mb", 48), ("memory_used_mb", 48)])


@kk.test
def memory_by_free (home):
    "available memory is what free says at the same time"
    kk.need_tool ("free")

    def look ():
        lines = subprocess.run (["free", "-k"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines ()
        column = lines[0].split ().index ("available") + 1
        return (int (lines[1].split ()[column]) / 1024,)
    compare_memory (home, look, [("memory_available_mb", 48)])


class Traffic:
    """Sends over the loopback until it is told to end."""

    def __enter__ (self):
        self.ending = threading.Event ()
        self.thread = threading.Thread (target=self.run)
        self.thread.start ()

    def run (self):
        with socket.socket (socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind (("127.0.0.1", 0))
            while not self.ending.wait (0.01):
                s.sendto (bytes (1000), s.getsockname ())
                s.recv (2000)

    def __exit__ (self, *_):
        self.ending.set ()
        self.thread.join ()


def compare_network (home, look):
    """Counters only rise: each recorded one lies between what was seen before and after it."""
    witness = Witness (look)
    with Traffic ():
        entries = entries_while (home, witness, 4)
    for e in entries:
        at = e["system"]["timestamp"]
        near = witness.between (at - 0.1, at + 1)
        for i, name in enumerate (("bytes_sent", "bytes_recv", "packets_sent", "packets_recv")):
            kk.check (near[0][i] <= e["network"][name] <= near[-1][i], f"{name} between two looks",
                      f"{near[0][i]} {e['network'][name]} {near[-1][i]}")
    first, last = entries[0], entries[-1]
    seconds = last["system"]["timestamp"] - first["system"]["timestamp"]
    sent = last["network"]["bytes_sent"] - first["network"]["bytes_sent"]
    kk.check (sent > 0, "the test's own traffic was seen")
    mean = sum (e["network"]["bytes_sent_per_s"] for e in entries[1:]) / (len (entries) - 1)
    kk.check (0.5 < mean / (sent / seconds) < 2, "rates are of the size of what was sent", f"{mean} against {sent / seconds}")


@kk.test
def network_by_proc (home):
    "network counters are those of /proc/net/dev, added up"
    def look ():
        total = [0] * 4
        with open ("/proc/net/dev", encoding="ascii", errors="replace") as f:
            for line in f.readlines ()[2:]:
                n = [int (x) for x in line.rpartition (":")[2].split ()]
                for i, column in enumerate ((8, 0, 9, 1)):
                    total[i] += n[column]
        return total
    compare_network (home, look)


@kk.test
def network_by_psutil (home):
    "network counters are what psutil.net_io_counters says"
    need_psutil ()

    def look ():
        n = psutil.net_io_counters ()
        return n.bytes_sent, n.bytes_recv, n.packets_sent, n.packets_recv
    compare_network (home, look)


def established ():
    count = 0
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open (name, encoding="ascii") as f:
                count += sum (line.split ()[3] == "01" for line in f.readlines ()[1:])
        except FileNotFoundError:
            pass
    return count


def listener (family):
    s = socket.socket (family, socket.SOCK_STREAM)
    s.bind (("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    s.listen (16)
    return s


@kk.test
def connections (home):
    "established connections of both families are counted, and no others"
    families = [socket.AF_INET]
    try:
        listener (socket.AF_INET6).close ()
        families.append (socket.AF_INET6)
    except OSError:
        pass

    def agree ():
        a = established ()
        have = home.metrics ()[-1]["network"]["active_connections"]
        return have == a == established () and (have or have == 0) and [have]

    def settled (what):
        kk.wait_for (lambda: agree () and agree (), 20, what, 0.3)
        return home.metrics ()[-1]["network"]["active_connections"]

    with home.daemon (CONFIG):
        kk.wait_for (home.metrics, 10, "a first entry")
        settled ("connections before")
        opened = []
        for family in families:
            with listener (family) as here:
                for _ in range (5):
                    c = socket.create_connection (here.getsockname ()[:2])
                    opened += [c, here.accept ()[0]]
        kk.check (settled ("connections while ten and more are open") >= len (opened), "ours are counted")
        for s in opened[::2]:
            s.shutdown (socket.SHUT_WR)  # one end waits for the other to close: not established any more
        settled ("connections that are half closed")
        for s in opened:
            s.close ()
        settled ("connections after")


@kk.test
def all_options (home):
    "every option on: each field that this machine can give is a finite number"
    with home.daemon (CONFIG + """plugins:
  cpu: {states: true, per_core: true, context_switches: true, processes: true, pressure: true}
  memory: {swap: true, parts: true}
  net: {per_interface: true}
"""):
        # What was not read anew, for a read was late, is left out.
        e = kk.wait_for (lambda: [e for e in home.metrics ()[1:] if {"cores", "interfaces"} <= set (e)], 15, "an entry with all")[-1]
    system = e["system"]
    kk.check ({"cpu_user_percent", "context_switches", "processes_running", "swap_total_mb", "memory_total_mb"} <= set (system),
              "fields of the options", sorted (system))
    shares = [system[f"cpu_{n}_percent"] for n in ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
              if f"cpu_{n}_percent" in system]
    kk.check (99 < sum (shares) < 101, "shares add up", shares)
    with open ("/proc/stat", encoding="ascii") as f:
        online = {line.split ()[0][3:] for line in f if line.startswith ("cpu") and line[3] != " "}
    kk.equal (set (e["cores"]), online, "a row for each processor")
    for name, row in e["interfaces"].items ():
        kk.check (row["bytes_sent"] >= 0 and isinstance (row["physical"], bool), "an interface's row", (name, row))
    kk.equal (sum (r["bytes_sent"] for r in e["interfaces"].values ()), e["network"]["bytes_sent"], "interfaces add up to network")


kk.main ()
