#!/usr/bin/env python3
"""Minutes go up whatever this machine and the clocks do, and none stands in the table more than a minute before its time."""

import dynakit
import kk

OFTEN = "sample_interval: 5"
DAY = 86400


@kk.test (deadline=120)
def paused (home):
    "the whole machine stands still for a day, of which its steady clocks know nothing, and the registry is denied: minutes go up, and no clock is blamed"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.proxy.denied = {("UpdateItem", dynakit.REGISTRY), ("GetItem", dynakit.REGISTRY)}
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()) as d:
            # By then no request is on its way, and none will be for a while.
            kk.wait_for (lambda: len (cloud.minutes ()) >= 2 and cloud.proxy.calls[-1].operation == "GetItem" and cloud.proxy.calls[-1].done, 60, "two minutes")
            before = max (m for _, m in cloud.minutes ())
            shim.step (DAY)  # DynamoDB's clock goes with it
            kk.wait_for (lambda: sum (m > before + DAY / 2 for _, m in cloud.minutes ()) >= 2 and dynakit.queue (d) <= 1, 60, "minutes after it")
        cloud.check ()
    kk.check ("this machine's clock" not in home.log (), "no word of its clock")


@kk.test (deadline=150)
def told_wrong (home):
    "a server tells once that it is yesterday, and the registry takes nothing: a look at the table tells better, and minutes go up again"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.proxy.next ("throttling", table=dynakit.REGISTRY, times=None)
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()) as d:
            kk.wait_for (lambda: len (cloud.minutes ()) >= 2, 60, "two minutes")
            cloud.proxy.next ("yesterday", "PutItem", dynakit.SYSTEM)
            kk.wait_for (lambda: "yesterday" in [c.fault for c in list (cloud.proxy.calls) if c.done], 60, "a minute that is answered so")
            calls, have = len (cloud.proxy.calls), len (cloud.minutes ())
            kk.wait_for (lambda: len (cloud.minutes ()) >= have + 4 and dynakit.queue (d) <= 1, 60, "later minutes")
            looks = [c.table for c in list (cloud.proxy.calls)[calls:] if c.operation == "DescribeTable"]
            kk.equal (looks, [dynakit.SYSTEM], "looks at a table")
        recorded = dynakit.recorded (home)
        kk.check (set (sorted (recorded)[:-2]) <= {m for _, m in cloud.check ()}, "every recorded minute is there")


kk.main ()
