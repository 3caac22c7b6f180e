"""Minutes that wait are in the table in the end, each exactly once and with the right values, whatever the network, the service, the
credentials or a kill -9 do on the way."""

import os
import random
import socket
import time

import dynakit
import dynaproxy
import kk

HOST = "history"


def first_of (count, shim):
    """A first minute so that the history ends an hour ago, in the daemon's time."""
    return int (time.time () + shim.ahead ()) // 60 * 60 - 3600 - 60 * count


@kk.test (deadline=400)
def history_in_the_rain (home):
    "a long history, while half of all requests go wrong in every way there is: each minute is there once, with its values"
    count = 10000 if dynakit.FULL else 1000
    shim = dynakit.fast (home)
    first = first_of (count, shim)
    with dynakit.Cloud (home, shim=shim) as cloud:
        proxy = cloud.proxy
        proxy.rain = dynaproxy.Rain (20261123)
        dynakit.fill_spool (home, HOST, first, count)
        with home.daemon (dynakit.config (), env=cloud.container ()) as d:
            kk.wait_for (lambda: dynakit.queue (d) <= 1 and sum (h == HOST for h, _ in cloud.minutes ()) == count, 300, "nothing waits", step=0.2)
        dynakit.check_filled (cloud.check (), HOST, first, count)
        unseen = set (dynaproxy.Rain.faults) - {c.fault for c in proxy.calls if c.operation == "BatchWriteItem"}
        kk.equal (unseen, set (), "faults that happened to no batch")
        batches = proxy.count ("BatchWriteItem")
        kk.check (batches < count / 25 * 6, "requests for that", batches)
        kk.check (len (proxy.gone) >= 2, "credentials that expired", proxy.gone)
        sent = [[int (i["minute_timestamp"]["N"]) for i in c.puts () if i["hostname"]["S"] == HOST] for c in proxy.calls]
        sent = [minutes for minutes in sent if minutes]
        kk.equal ((max (sent[0]), min (sent[-1])), (first + 60 * (count - 1), first), "the newest first")


@kk.test (deadline=240)
def killed_at_any_moment (home):
    "kill -9 at random moments of an upload, again and again: nothing is lost, nothing is wrong"
    count, runs = (6000, 40) if dynakit.FULL else (2000, 10)
    shim = dynakit.fast (home)
    first = first_of (count, shim)
    rng = random.Random (1)
    with dynakit.Cloud (home, shim=shim) as cloud:
        proxy = cloud.proxy
        proxy.rain = dynaproxy.Rain (3, 0.3)
        dynakit.fill_spool (home, HOST, first, count)
        config, env = dynakit.config (options="spread: 0"), cloud.env ()
        in_the_middle = 0
        for _ in range (runs):
            before = proxy.count ()
            with home.daemon (config, env=env) as d:
                kk.wait_for (lambda n=before + rng.randrange (1, 12): proxy.count () >= n, 60, "requests")
                time.sleep (rng.random () * 0.05)
                d.kill ()
            in_the_middle += len ([m for m in cloud.minutes () if m[0] == HOST]) < count
        kk.check (in_the_middle > 2, "killed in the middle", in_the_middle)
        proxy.fair ()
        with home.daemon (config, env=env) as d:
            kk.wait_for (lambda: len ([m for m in cloud.minutes () if m[0] == HOST]) == count, 120, "all of them", step=0.2)
        dynakit.check_filled (cloud.check (), HOST, first, count)


@kk.test (deadline=180)
def outage (home):
    "nobody listens for hours, over restarts: everything recorded meanwhile is there afterwards, and the log is short"
    hours = 24 if dynakit.FULL else 4
    shim = dynakit.fast (home, 1800)
    with socket.socket () as s, dynakit.Cloud (home, shim=shim) as cloud:
        s.bind (("127.0.0.1", 0))  # and does not listen
        config = dynakit.config ("sample_interval: 20, data_retention_hours: 100")
        env = cloud.env (AWS_ENDPOINT_URL_DYNAMODB=f"http://127.0.0.1:{s.getsockname ()[1]}")
        for _ in range (2):
            began = time.time () + shim.ahead ()
            with home.daemon (config, env=env) as d:
                kk.wait_for (lambda n=began: time.time () + shim.ahead () > n + hours * 1800, hours * 10, "time passes", step=0.1)
                kk.contains (dynakit.writer (d)["last error"], "EndpointConnectionError", "status")
                kk.check (dynakit.queue (d) > 25 * hours, "minutes wait", dynakit.writer (d))
        on_disk = sum (os.path.getsize (os.path.join (home.data, "dynamodb-writer", n)) for n in os.listdir (os.path.join (home.data, "dynamodb-writer")))
        kk.check (on_disk < 300 * 60 * hours, "bytes for a minute that waits: 300 at most", on_disk)
        lines = [line for line in home.log ().splitlines () if "EndpointConnectionError" in line]
        kk.check (2 <= len (lines) <= hours + 4, "lines of the log about it: one an hour", len (lines))
        recorded = {m: len (e) for m, e in sorted (dynakit.recorded (home).items ())[:-1]}  # the last one goes on now
        kk.check (len (recorded) > hours * 30, "minutes recorded", len (recorded))
        shim.faster (max (1, round (60 / kk.SLOW)))
        with home.daemon (config, env=cloud.env ()) as d:
            kk.wait_for (lambda: dynakit.all_up (home, cloud, d), 60, "nothing waits")
        have = {minute: item["samples"] for (_, minute), item in cloud.check ().items ()}
        other = [(m, n, have.get (m)) for m, n in recorded.items () if have.get (m) != n]
        if "a sample was left out" in home.log ():  # of the files alone: at this pace a read that takes 3 ms is given up
            other = [(m, n, h) for m, n, h in other if (h or 0) < n]
        kk.equal (other, [], "minutes with other numbers of samples")
        kk.check (cloud.proxy.count ("BatchWriteItem") <= len (recorded) / 25 + 3, "requests for that", cloud.proxy.count ("BatchWriteItem"))


@kk.test (deadline=120)
def full_spool (home):
    "a spool that is full drops the oldest minutes, says how many, and the rest goes up"
    shim = dynakit.fast (home)
    first = first_of (3000, shim)
    with dynakit.Cloud (home, shim=shim) as cloud:
        dynakit.fill_spool (home, HOST, first, 3000)  # about 300 KB
        with home.daemon (dynakit.config (options="spool_bytes: 64KiB"), env=cloud.env ()) as d:
            def up ():
                n = sum (h == HOST for h, _ in cloud.minutes ())
                said = dynakit.writer (d).get ("dropped", "")
                return n and said.startswith (f"{3000 - n} minutes") and said
            said = kk.wait_for (up, 60, "what is not dropped is there")
        have = sorted (m for h, m in cloud.check () if h == HOST)
        kk.check (100 < len (have) < 3000, "minutes", len (have))
        dynakit.check_filled (cloud.minutes (), HOST, first + 60 * (3000 - len (have)), len (have))
        kk.check (said.startswith (f"{3000 - len (have)} minutes"), "what status says", said)


@kk.test (deadline=120)
def takes_no_more (home):
    "a table that takes nothing of a batch: said once, shown with the next try, all of it is sent again, and it is over when it is"
    words = f"upload to DynamoDB is slowed down: table {dynakit.SYSTEM} takes no more for now"
    shim = dynakit.fast (home)
    first = first_of (60, shim)
    with dynakit.Cloud (home, shim=shim) as cloud:
        proxy = cloud.proxy
        proxy.next ("none", "BatchWriteItem", times=None)
        dynakit.fill_spool (home, HOST, first, 60)
        with home.daemon (dynakit.config (), env=cloud.env ()) as d:
            kk.wait_for (lambda: dynakit.writer (d).get ("trouble") == words and proxy.count ("BatchWriteItem") >= 4, 90, "status says it")
            kk.contains (dynakit.writer (d)["last error"], words, "status")
            kk.check ("next try" in dynakit.writer (d) and dynakit.queue (d) >= 60, "it waits", dynakit.writer (d))
            batches = [c for c in proxy.calls if c.operation == "BatchWriteItem"]
            kk.equal ({(c.items, c.fault) for c in batches}, {(25, "none")}, "batches")
            kk.equal ([m for h, m in cloud.minutes () if h == HOST], [], "what is there")
            kk.equal (home.log ().count (words), 1, "said once")
            proxy.fair ()
            kk.wait_for (lambda: dynakit.queue (d) <= 1 and sum (h == HOST for h, _ in cloud.minutes ()) == 60, 60, "nothing waits")
            kk.wait_for (lambda: "trouble" not in dynakit.writer (d) and "upload to DynamoDB works again" in home.log (), 20, "the log")
        dynakit.check_filled (cloud.check (), HOST, first, 60)


kk.main ()
