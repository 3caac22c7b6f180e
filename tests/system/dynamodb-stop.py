"""A stop, a reload and a sample never wait for the network, whatever it does, and say goodbye where that is possible."""

import contextlib
import os
import signal
import socket
import time

import dynakit
import fakeaws
import kk

AT_ONCE = "spread: 0"


@contextlib.contextmanager
def black_hole ():
    """An address that answers no attempt to connect: a listener whose queue is full."""
    with contextlib.ExitStack () as stack:
        listener = stack.enter_context (socket.socket ())
        listener.bind (("127.0.0.1", 0))
        listener.listen (0)
        while True:
            s = stack.enter_context (socket.socket ())
            s.settimeout (0.3)
            try:
                s.connect (listener.getsockname ())
            except socket.timeout:
                break
        yield f"http://127.0.0.1:{listener.getsockname ()[1]}"


def stop_is_quick (d, most=5):
    start = time.monotonic ()
    kk.equal (d.stop (60), 0, "exit status")
    took = time.monotonic () - start
    kk.check (took < most * kk.SLOW, f"a stop within {most} s", took)


@kk.test
def nobody_connects (home):
    "an endpoint that answers no attempt to connect: stop, and stop again at any moment"
    with black_hole () as url:
        env = fakeaws.no_aws (AWS_ACCESS_KEY_ID=dynakit.KEY, AWS_SECRET_ACCESS_KEY=fakeaws.KEYS[dynakit.KEY], AWS_ENDPOINT_URL_DYNAMODB=url)
        for n in range (4):
            with home.daemon (dynakit.config ("sample_interval: 0.1", AT_ONCE), env=env) as d:
                before = d.status ()["ticks"]["taken"]
                kk.wait_for (lambda d=d, b=before, n=n: d.status ()["ticks"]["taken"] > b + 5 * n, 20, "samples")
                stop_is_quick (d)


@kk.test
def every_step_hangs (home):
    "a server that stops answering at any request, before or after it is done: stop"
    shim = dynakit.fast (home, 20)
    with dynakit.Cloud (home, shim=shim) as cloud:
        for operation in ("DescribeTable", "CreateTable", "PutItem", "UpdateItem"):
            for fault in ("hang", "hang-after"):
                cloud.proxy.fair ()
                cloud.proxy.next (fault, operation, times=None)
                for table in cloud.tables ():
                    cloud.ask ("DeleteTable", TableName=table)
                done = cloud.proxy.count ()
                with home.daemon (dynakit.config (options=AT_ONCE), env=cloud.env ()) as d:
                    kk.wait_for (lambda n=done, f=fault: any (c.fault == f for c in cloud.proxy.calls[n:]), 60, f"{operation} hangs")
                    shim.faster (1)
                    stop_is_quick (d)
                shim.faster (max (1, round (20 / kk.SLOW)))


@kk.test
def goodbye (home):
    "a clean stop says offline, also where it is asked twice; a kill does not"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        for end, status in (("stop", "offline"), ("kill", "online"), ("twice", "offline")):
            cloud.proxy.fair ()
            with home.daemon (dynakit.config (options=AT_ONCE), env=cloud.env ()) as d:
                kk.wait_for (lambda: (cloud.registry () or {}).get ("status") == "online", 60, "online")
                written = cloud.proxy.count ("UpdateItem")
                kk.wait_for (lambda n=written: cloud.proxy.count ("UpdateItem") > n and all (c.done for c in cloud.proxy.calls), 60, "it goes on")
                shim.faster (1)
                if end == "twice":
                    d.process.send_signal (signal.SIGTERM)
                if end == "kill":
                    d.kill ()
                else:
                    stop_is_quick (d)
            kk.equal (cloud.registry ()["status"], status, f"after {end}")
            shim.faster (max (1, round (60 / kk.SLOW)))
        kk.equal (len ({c.host for c in cloud.proxy.calls if c.host}), 1, "one host")


@kk.test
def goodbye_without_an_answer (home):
    "a stop while the answer to the first row is awaited says offline, too"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.make (dynakit.REGISTRY, ("hostname", "S"))
        cloud.proxy.next ("hang-after", "UpdateItem")
        with home.daemon (dynakit.config (options=AT_ONCE), env=cloud.env ()) as d:
            kk.wait_for (lambda: (cloud.registry () or {}).get ("status") == "online", 60, "online")
            shim.faster (1)
            stop_is_quick (d)
        kk.equal (cloud.registry ()["status"], "offline", "the row")


@kk.test
def offline_and_nobody_there (home):
    "a network that went away keeps the goodbye from being said, and nothing else"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        with home.daemon (dynakit.config (options=AT_ONCE), env=cloud.env ()) as d:
            kk.wait_for (lambda: cloud.registry () and cloud.minutes (), 60, "a minute and a row")
            cloud.proxy.next ("hang", times=None)
            shim.faster (1)
            stop_is_quick (d)
        kk.equal (cloud.registry ()["status"], "online", "nobody was told")
        recorded = sorted (dynakit.recorded (home))
        cloud.proxy.fair ()
        shim.faster (max (1, round (60 / kk.SLOW)))
        with home.daemon (dynakit.config (options=AT_ONCE), env=cloud.env ()):
            kk.wait_for (lambda: set (recorded) <= {m for _, m in cloud.minutes ()}, 60, "the minute that was under way")


@kk.test
def reloads (home):
    "a reload while a request hangs is done at once, and takes what waits along"
    shim = dynakit.fast (home, 20)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.proxy.next ("hang", times=None)
        with home.daemon (dynakit.config (options=AT_ONCE), env=cloud.env ()) as d:
            kk.wait_for (lambda: dynakit.queue (d) >= 1 and cloud.proxy.calls, 60, "a minute that waits, and a request")
            home.config (dynakit.config (options=AT_ONCE + ", ttl_days: 7"))
            start = time.monotonic ()
            home.run ("reload").ok ()
            took = time.monotonic () - start
            kk.check (took < 8 * kk.SLOW, "a reload within 8 s", took)
            cloud.proxy.fair ()
            kk.wait_for (lambda: len (cloud.minutes ()) >= 2 and dynakit.queue (d) == 0, 60, "all go up")
        kk.check (len (cloud.minutes ()) >= 2, "minutes")
        for item in cloud.scan ():
            dynakit.check_item (item, ttl_days=7)


@kk.test
def nothing_left (home):
    "what it leaves on disk when all is up: no points, and nothing that others may read"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        with home.daemon (dynakit.config (options=AT_ONCE), env=cloud.env ()) as d:
            kk.wait_for (lambda: len (cloud.minutes ()) >= 2 and dynakit.queue (d) == 0, 60, "two minutes")
            top = os.path.join (home.data, "dynamodb-writer")
            kk.equal (os.stat (top).st_mode & 0o77, 0, "the directory's mode")
            for name in os.listdir (top):
                kk.equal (os.stat (os.path.join (top, name)).st_mode & 0o77, 0, f"the mode of {name}")
        kk.check (sum (n.endswith (".points") for n in os.listdir (top)) <= 1, "files of points: the minute under way", os.listdir (top))


kk.main ()
