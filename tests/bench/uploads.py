"""What the upload to DynamoDB costs, over TLS, by clocks that run faster: requests, connections, CPU, wake-ups, memory.
Returns rows for the table of what is to be reached."""

import os

import bench
import dynakit
import filekit
import kk
import reach

RATE, MINUTES = 60, 15
CONFIG = bench.NO_PROCESSES.replace ("daemon: {", "daemon: {enable_dynamodb_upload: true, ")


def thread (pid, name):
    """CPU ns and voluntary switches of a thread so far."""
    for tid in os.listdir (f"/proc/{pid}/task"):
        top = f"/proc/{pid}/task/{tid}"
        if bench.read (f"{top}/comm").strip () == name:
            status = bench.read (f"{top}/status")
            return int (bench.read (f"{top}/schedstat").split ()[0]), int (status.split ("\nvoluntary_ctxt_switches:")[1].split ()[0])
    raise kk.Failed (f"there is no thread {name}")


class Window:
    """Some minutes of the network's thread, from behind one row of the registry to behind another."""

    def __init__ (self, cloud, pid, minutes):
        proxy = cloud.proxy
        self.after (proxy, proxy.count ("UpdateItem") + 1)
        calls, (cpu, wakes) = proxy.count (), thread (pid, "kk-dynamodb")
        self.after (proxy, proxy.count ("UpdateItem") + minutes)
        cpu_end, wakes_end = thread (pid, "kk-dynamodb")
        self.calls = proxy.calls[calls:]
        self.ms, self.wakes = (cpu_end - cpu) / minutes / 1e6, (wakes_end - wakes) / minutes
        self.requests, self.connections = len (self.calls) / minutes, len ({c.connection for c in self.calls})

    @staticmethod
    def after (proxy, rows):
        """Until so many rows are written and the thread sleeps again."""
        def done ():
            last = [c for c in list (proxy.calls) if c.operation == "UpdateItem"]
            return len (last) >= rows and last[-1].done and proxy.now () > last[-1].time + 5
        kk.wait_for (done, 120, "rows", step=0.005)


def measure (cloud, home, plain):
    plain.daemon (bench.NO_PROCESSES).start ()
    daemon = home.daemon (CONFIG, env=cloud.env (AWS_CA_BUNDLE=cloud.ca)).start ()
    kk.wait_for (cloud.minutes, 120, "a minute")
    start, _ = thread (daemon.pid, "kk-dynamodb")
    steady = Window (cloud, daemon.pid, MINUTES)
    memory = [bench.rss (d.pid) for d in (daemon, plain.daemons[0])]
    cloud.proxy.short = True
    short = Window (cloud, daemon.pid, MINUTES)
    new = (short.ms - steady.ms) / max (1, short.connections / MINUTES - steady.connections / MINUTES)
    return [reach.row ("upload: requests in a minute", round (steady.requests, 2), "/min", 2, "an item, and the row in the registry", judged=True),
            reach.row (f"upload: connections in {MINUTES} minutes", steady.connections, "", 1, "kept open, with TLS", judged=True),
            reach.row ("upload: CPU of its network thread", round (steady.ms, 2), "ms/min", 5, f"the start, with tables and TLS: {start / 1e6:.1f} ms"),
            reach.row ("upload: CPU of a new TLS connection, resumed", round (new, 2), "ms", note="where a server closes it after each answer"),
            reach.row ("upload: wake-ups of its network thread", round (steady.wakes, 1), "/min", note="two answers that are waited for, and its place"),
            reach.row ("upload: resident memory with it", round (memory[0], 2), "MiB", note=f"without it {memory[1]:.2f} MiB")]


def rows ():
    homes = [kk.Home ("bench-upload"), kk.Home ("bench-plain")]
    try:
        if not os.path.exists (os.path.join (kk.BUILD, "plugins", "all", "dynamodb-writer.so")):
            kk.skip ("built without dynamodb-writer")
        shim = filekit.Shim (homes[0])
        shim.faster (RATE)
        with dynakit.Cloud (homes[0], tls=True, shim=shim) as cloud:
            try:
                return measure (cloud, *homes)
            finally:
                for daemon in homes[0].daemons:
                    daemon.kill (quiet=True)
    except kk.Skip as e:
        return [reach.row ("upload to DynamoDB", None, "", note=f"left out: {e}")]
    finally:
        for home in homes:
            home.close ()
