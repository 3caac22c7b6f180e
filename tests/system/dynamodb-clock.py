#!/usr/bin/env python3
"""Minutes go up whatever this machine and the clocks do, and none stands in the table more than a minute before its time."""

import re

import dynakit
import dynaproxy
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
    kk.check (not re.search (r"clock is \d+ (h|d)", home.log ()), "no word of its clock")


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
            kk.check (set (looks) == {dynakit.SYSTEM} and len (looks) <= 3, "a look at the table", looks)
        recorded = dynakit.recorded (home)
        kk.check (set (sorted (recorded)[:-2]) <= {m for _, m in cloud.check ()}, "every recorded minute is there")


@kk.test (deadline=150)
def dates_that_tell_nothing (home):
    "a Date that is not DynamoDB's, or that is none: no minute is given up for it or waits for it, and no clock is blamed"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        proxy = cloud.proxy
        first = int (proxy.now ()) // 60 * 60 - 7200
        dynakit.fill_spool (home, "history", first, 60)
        proxy.date = dynaproxy.date_of (proxy.now () + 60 * DAY)  # by which everything that waits is too old
        proxy.next ("html", times=None)
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()) as d:
            for proxy.page in (200, 403, 503):
                done = len (proxy.calls)
                kk.wait_for (lambda n=done: sum (c.status == proxy.page for c in proxy.calls[n:] if c.done) >= 2, 90, f"pages with status {proxy.page}")
            proxy.date = ""
            proxy.fair ()
            for proxy.date in ("", "soon", "Fri, 31 Dec 9999 23:59:59 GMT"):
                newest = max ((m for _, m in cloud.minutes ()), default=0)
                kk.wait_for (lambda n=newest: sum (m > n for _, m in cloud.minutes ()) >= 2, 60, f"minutes while the Date is '{proxy.date}'")
            kk.wait_for (lambda: dynakit.queue (d) <= 1, 60, "nothing waits")
            told = dynakit.writer (d)
            kk.check (not {"dropped", "clock", "trouble"} & set (told), "what status says", told)
        dynakit.check_filled (cloud.check (), "history", first, 60)
    kk.check ("clock is" not in home.log (), "no word of its clock", home.log ())


@kk.test (deadline=120)
def refused_without_a_date (home):
    "a signature that is too old for a server which does not tell its time: the sentence says of the clock what is known, and it goes on"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.proxy.date = "soon"
        cloud.proxy.next ("skew", times=None)
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()) as d:
            kk.wait_for (lambda: "this machine's clock is not the server's: set it right" in home.log (), 60, "the sentence")
            kk.wait_for (lambda: dynakit.queue (d) >= 2, 60, "minutes that wait")
            cloud.proxy.fair ()
            kk.wait_for (lambda: dynakit.all_up (home, cloud, d), 60, "nothing waits")
        cloud.check ()


def check_times (cloud):
    """That no minute was sent more than a minute before its time."""
    sent = [(int (item["minute_timestamp"]["N"]), c.time) for c in list (cloud.proxy.calls) if c.table == dynakit.SYSTEM for item in c.puts ()]
    kk.equal ([(minute, at) for minute, at in sent if minute > at + 60], [], "minutes sent before their time")


def off (home, seconds, words, during=lambda cloud, d: None):
    """A daemon whose clock is so far ahead of DynamoDB's all the time. The words stand in log and status, and its minutes in the table."""
    shim = dynakit.fast (home)
    shim.offset (seconds)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.proxy.clock = -seconds
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()) as d:
            during (cloud, d)
            kk.wait_for (lambda: len (cloud.minutes ()) >= 4 and "trouble" not in dynakit.writer (d), 90, "four minutes")
            said = r"clock is (\d+) min(?: \d+ s)? " + words
            kk.wait_for (lambda: abs (int (re.search (said, home.log ())[1]) - abs (seconds) / 60) < 5, 10, "the log says so")
            kk.contains (dynakit.writer (d)["clock"], words, "status")
            row = kk.wait_for (cloud.registry, 60, "a row")
            kk.check (row["status"] == "online" and abs (cloud.proxy.now () - row["last_seen"]) < 300, "the row", (row, cloud.proxy.now ()))
            told = dynakit.writer (d)
            kk.check (not {"dropped", "refused"} & set (told), "none is lost", told)
            # The first reading of the CPU tells nothing yet: a first minute that has no other stays out.
            kk.check (told.get ("left out") in (None, "1 minute without cpu_percent"), "but the first", told)
            have = {m: i["samples"] for (_, m), i in cloud.minutes ().items ()}
            recorded = kk.wait_for (lambda: (r := dynakit.recorded (home)) and len ([m for m in have if m < max (r)]) >= 3 and r, 60, "recorded minutes")
            minutes = sorted (have)[1:3]
            kk.equal ([have[m] for m in minutes], [len (recorded[m]) for m in minutes], "samples, by this machine's own time")
            check_times (cloud)
            # Then it is set right.
            shim.offset (0)
            cloud.proxy.clock = 0
            kk.wait_for (lambda: "clock" not in dynakit.writer (d), 60, "status does not say so any more")
        wrong, cloud.proxy.wrong = [w[1][1].split ()[:2] for w in cloud.proxy.wrong], []
        kk.check (wrong[:1] == [["Signature", "not" if seconds > 0 else "expired:"]] and len (wrong) <= 3, "refused at first", wrong)
        cloud.check ()


@kk.test (deadline=150)
def ahead (home):
    "a clock that is ten minutes ahead: each minute waits for its time, log and status say why, and all go up then"
    def during (_, d):
        kk.wait_for (lambda: "a time still to come" in dynakit.writer (d).get ("trouble", ""), 60, "why nothing goes up")
        kk.check (home.log ().count ("a time still to come") == 1, "said once", home.log ())
        kk.wait_for (lambda: "works again" in home.log (), 90, "they go up")
    off (home, 600, "ahead of that of DynamoDB", during)


@kk.test (deadline=150)
def behind (home):
    "a clock that is twenty minutes behind: minutes go up at once, and log and status say that they stand at wrong times"
    off (home, -1200, "behind that of DynamoDB", lambda cloud, d: kk.wait_for (cloud.minutes, 60, "a minute"))
    kk.check ("still to come" not in home.log (), "none waits for its time")


@kk.test (deadline=150)
def ahead_with_least_rights (home):
    "a clock that is four minutes ahead, which no request is refused for, and the right to nothing but to write minutes: not one comes too early"
    shim = dynakit.fast (home)
    shim.offset (240)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.proxy.clock = -240
        cloud.make (dynakit.SYSTEM, ("hostname_hour", "S"), ("minute_timestamp", "N"))
        cloud.proxy.allowed = {"PutItem"}
        cloud.proxy.denied = {("PutItem", dynakit.REGISTRY)}
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()):
            kk.wait_for (lambda: len (cloud.minutes ()) >= 3, 90, "three minutes")
        check_times (cloud)
        cloud.check ()


kk.main ()
