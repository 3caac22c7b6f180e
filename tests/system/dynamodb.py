"""What the upload writes is what was recorded: values, times and names of the minutes, and a registry that the viewer shares."""

import os
import time

import dynakit
import dynaproxy
import kk

try:
    import boto3
    import boto3.dynamodb.conditions
except ImportError:
    boto3 = None

OFTEN = "sample_interval: 5"


@kk.test (deadline=120)
def values (home):
    "an item says of its minute what the recorded entries say: mean, maximum, count, last sample; two requests a minute"
    shim = dynakit.fast (home, 30)  # two minutes that wait would go up together
    with dynakit.Cloud (home, shim=shim) as cloud:
        with home.daemon (dynakit.config (), env=cloud.env ()):
            kk.wait_for (lambda: len (cloud.minutes ()) >= 2, 60, "two minutes")
            start, minutes = time.monotonic (), len (cloud.minutes ())
            kk.wait_for (lambda: len (cloud.minutes ()) >= minutes + 5, 60, "five more")
            calls = [c for c in list (cloud.proxy.calls) if c.at >= start]
        items = cloud.check ()
        recorded = dynakit.had_their_turn (home, items)
        kk.check (len (recorded) > 5, "minutes", sorted (recorded))
        kk.equal (sorted (items)[:len (recorded)], [(next (iter (items))[0], m) for m in recorded], "minutes")
        # But the first: its first sample is in no entry, as there is no cpu_percent yet.
        for (_, minute), item in sorted (items.items ())[1:len (recorded)]:
            entries = recorded[minute]
            kk.equal (item["samples"], len (entries), f"samples of minute {minute}")
            kk.check (abs (item["collected_at"] - entries[-1]["timestamp"]) < 0.001, "the last sample", (item, entries[-1]))
            for name, slack in (("cpu_percent", 0.051), ("memory_percent", 0.051), ("memory_used_mb", 1.01), ("memory_available_mb", 1.01)):
                mean = sum (e[name] for e in entries) / len (entries)
                kk.check (abs (item[name] - mean) < slack, f"{name} of minute {minute}: the mean", (item[name], mean))
            by_size = sorted (e["cpu_percent"] for e in entries)
            kk.equal (item["cpu_percent_max"], by_size[-1], "the maximum")
            kk.equal (item["cpu_percent_p95"], by_size[-(-95 * len (by_size) // 100) - 1], "the 95th percentile")
        kk.check (len (calls) <= 2 * 5 + 2, "two requests a minute", calls)
        kk.equal ({c.operation for c in calls}, {"PutItem", "UpdateItem"}, "and no others")
        kk.equal (len ({c.connection for c in calls}), 1, "connections")


@kk.test
def as_a_viewer (home):
    "a user of boto3 finds both tables as the viewer reads them"
    if not boto3:
        kk.skip ("needs boto3")
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()):
            kk.wait_for (lambda: len (cloud.minutes ()) >= 2 and cloud.registry (), 60, "two minutes and a row")
        # Past the proxy, whose clock is not this client's.
        cloud.proxy.shim, cloud.proxy.clock = None, 0
        db = boto3.resource ("dynamodb", region_name="us-east-1", endpoint_url=cloud.proxy.url (), aws_access_key_id=dynakit.KEY,
                             aws_secret_access_key=cloud.proxy.keys[dynakit.KEY][0])
        row = db.Table (dynakit.REGISTRY).scan ()["Items"][0]
        kk.equal ((row["status"], row["active"], row["platform"]), ("offline", True, "Linux"), "the row")
        one = db.Table (dynakit.SYSTEM).scan ()["Items"][0]
        found = db.Table (dynakit.SYSTEM).query (KeyConditionExpression=boto3.dynamodb.conditions.Key ("hostname_hour").eq (one["hostname_hour"])
                                                 & boto3.dynamodb.conditions.Key ("minute_timestamp").gte (0))["Items"]
        kk.check (one in found and one["hostname"] == row["hostname"], "an hour of the host", found)
        kk.check (all (0 <= float (i["cpu_percent"]) <= 100 and 0 < float (i["memory_percent"]) <= 100 for i in found + [row]), "values", found)


def registry_is_shared (home, allowed):
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.proxy.allowed = allowed
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()):
            row = kk.wait_for (cloud.registry, 60, "a row")
            kk.equal ((row["status"], row["active"]), ("online", True), "at first")
            cloud.ask ("UpdateItem", TableName=dynakit.REGISTRY, Key={"hostname": {"S": row["hostname"]}}, UpdateExpression="SET active = :a, note = :n",
                       ExpressionAttributeValues={":a": {"BOOL": False}, ":n": {"S": "removed"}})
            later = kk.wait_for (lambda: (r := cloud.registry ())["last_seen"] > row["last_seen"] + 59 and r, 60, "the next update")
            kk.equal ((later["active"], later["note"], later["first_seen"]), (False, "removed", row["first_seen"]), "what is the viewer's")
            kk.check (abs (cloud.proxy.now () - later["last_seen"]) < 120, "last_seen", (cloud.proxy.now (), later))
            shim.faster (1)  # a goodbye has a second
        after = cloud.registry ()
        kk.equal (after["status"], "offline", "after a stop")
        kk.check (after["last_seen"] < cloud.proxy.now (), "last_seen", after)
        shim.faster (max (1, round (60 / kk.SLOW)))
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()):
            again = kk.wait_for (lambda: (r := cloud.registry ())["status"] == "online" and r, 60, "online again")
            kk.equal ((again["active"], again["first_seen"]), (False, row["first_seen"]), "after a restart")
        # Removed as a whole while nobody runs: made anew, and by no goodbye.
        cloud.ask ("DeleteItem", TableName=dynakit.REGISTRY, Key={"hostname": {"S": row["hostname"]}})
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()):
            again = kk.wait_for (cloud.registry, 60, "a row")
            kk.check (again["active"] is True and again["first_seen"] > row["first_seen"], "made anew", again)
        cloud.check ()


@kk.test (deadline=120)
def registry_by_update (home):
    "the registry keeps first_seen and the viewer's `active` over updates, stops and restarts"
    registry_is_shared (home, None)


@kk.test (deadline=120)
def registry_by_put (home):
    "the same where UpdateItem is denied"
    registry_is_shared (home, dynaproxy.GUIDE)


@kk.test (deadline=120)
def fuller_stays (home):
    "a minute whose answer was lost, and which a restart then has with fewer samples, stays as full as it was"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        config, env = dynakit.config (options="spread: 0"), cloud.env ()
        with home.daemon (config, env=env) as d:
            kk.wait_for (lambda: len (cloud.minutes ()) >= 2, 60, "two minutes, of which the first is done")
            minute, full = min (cloud.minutes ().items ())
            d.kill ()
        # As a daemon knows this minute that lost its own state: with fewer samples, and with more.
        dynakit.fill_spool (home, minute[0], minute[1], 1, 1, "again")
        done = cloud.proxy.count ()
        with home.daemon (config, env=env) as d:
            kk.wait_for (lambda: [c for c in cloud.proxy.calls[done:] if c.error == "ConditionalCheckFailedException"
                                  and c.puts ()[0]["samples"]["N"] == "1"], 60, "it is sent")
            kk.equal (cloud.minutes ()[minute], full, "the minute")
            d.kill ()
        dynakit.fill_spool (home, minute[0], minute[1], 1, 99, "again")
        cloud.proxy.next ("drop-after", "PutItem")
        with home.daemon (config, env=env) as d:
            kk.wait_for (lambda: cloud.minutes ()[minute]["samples"] == 99, 60, "a fuller one")
            kk.wait_for (lambda: cloud.proxy.calls[-1].fault is None and dynakit.queue (d) == 0, 60, "it is done")


@kk.test (deadline=120)
def answer_lost_then_restart (home):
    "the answer to a PutItem is lost, and the daemon restarts in that minute: it goes on, and its last word is the fullest"
    shim = dynakit.fast (home, 10)
    with dynakit.Cloud (home, shim=shim) as cloud:
        config, env = dynakit.config (options="spread: 0"), cloud.env ()
        for n in range (3):
            cloud.proxy.next ("drop-after", "PutItem")
            with home.daemon (config, env=env) as d:
                kk.wait_for (lambda: d.status ()["ticks"]["taken"] > 12, 30, "samples")
                if n:
                    kk.wait_for (lambda: cloud.proxy.count ("PutItem") > n, 60, "an upload")
        with home.daemon (config, env=env):
            last = max (dynakit.recorded (home))
            kk.wait_for (lambda: any (m > last for _, m in cloud.minutes ()), 60, "a later minute")
        have, recorded = {m: i["samples"] for (_, m), i in cloud.check ().items ()}, dynakit.had_their_turn (home, cloud.minutes ())
        kk.equal ({m: have.get (m) for m in recorded}, {m: len (e) for m, e in recorded.items ()}, "samples of each minute")


def starts_anew (home, forget):
    """The answers to the uploads of a minute are lost, and the daemon is killed; then it starts in that minute, without what `forget`
    removes of its spool. The minute, and the numbers of samples that are sent of it and refused."""
    shim = dynakit.fast (home, 10)
    with dynakit.Cloud (home, shim=shim) as cloud:
        env, spool = cloud.env (), os.path.join (home.data, "dynamodb-writer")
        cloud.proxy.next ("drop-after", "PutItem", times=None)
        with home.daemon (dynakit.config (options="spread: 0"), env=env) as d:
            kk.wait_for (lambda: [i for i in cloud.minutes ().values () if i["samples"] > 24], 90, "a full minute, whose answer is lost")
            kk.wait_for (lambda: dynakit.queue (d) > 0, 60, "it waits for an answer")
            d.kill ()
        (host, minute), full = max (cloud.minutes ().items (), key=lambda m: m[1]["samples"])
        for name in filter (forget, os.listdir (spool)):
            os.unlink (os.path.join (spool, name))
        cloud.proxy.fair ()
        done = cloud.proxy.count ()
        shim.faster (1)
        shim.step (minute + 38 - time.time () - shim.ahead ())
        def refused ():
            return [int (i["samples"]["N"]) for c in cloud.proxy.calls[done:] for i in c.puts ()
                    if c.error == "ConditionalCheckFailedException" and int (i["minute_timestamp"]["N"]) == minute]
        with home.daemon (env=env) as d:
            kk.wait_for (lambda: d.status ()["ticks"]["taken"] > 2, 20, "samples")
            kk.check (time.time () + shim.ahead () < minute + 60, "they are of that minute", time.time () + shim.ahead () - minute)
            shim.faster (max (1, round (10 / kk.SLOW)))
            kk.wait_for (refused, 60, "it is sent again and refused")
            kk.wait_for (lambda: len ([m for _, m in cloud.minutes () if m > minute]) >= 2 and dynakit.queue (d) == 0, 90, "it goes on")
        kk.equal (cloud.check ()[(host, minute)], full, "the minute")
        return full, refused ()


@kk.test (deadline=150)
def restart_without_state (home):
    "the answer to a PutItem is lost, and who starts anew in that minute without its state has fewer samples: the fuller stays"
    full, sent = starts_anew (home, lambda name: name == "minute")
    kk.check (set (sent) == {full["samples"]}, "the spool keeps the fuller", (sent, full))


@kk.test (deadline=150)
def restart_without_spool (home):
    "the same where nothing is left of the spool either"
    full, sent = starts_anew (home, lambda _: True)
    kk.check (max (sent) < full["samples"], "what is sent is emptier", (sent, full))


@kk.test (deadline=120)
def another_name (home):
    "the host's name changes while it runs: minutes and rows of both, none of them twice"
    shim = dynakit.fast (home)
    shim.hostname ("first.example")
    with dynakit.Cloud (home, shim=shim) as cloud:
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()):
            kk.wait_for (lambda: len (cloud.minutes ()) >= 2 and cloud.registry ("first.example"), 60, "two minutes")
            shim.hostname (" second\x01.example \n")
            kk.wait_for (lambda: len ([h for h, _ in cloud.minutes () if h == "second.example"]) >= 2 and cloud.registry ("second.example"), 60,
                         "two of the other")
        names = {}
        for host, minute in cloud.check ():
            names.setdefault (minute, []).append (host)
        kk.check (all (len (n) == 1 for n in names.values ()), "each minute has one name", names)


@kk.test (deadline=150)
def clock_steps (home):
    "a clock that jumps ahead and back again writes nothing into the future, and rewrites nothing"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()) as d:
            kk.wait_for (lambda: len (cloud.minutes ()) >= 2, 60, "two minutes")
            before = cloud.minutes ()
            for step in (7200, -7200):
                cloud.proxy.step (step)
                done = cloud.proxy.count ()
                kk.wait_for (lambda n=done: cloud.proxy.count () >= n + 6, 60, "requests after a step")
                late = [m for _, m in cloud.minutes () if m > cloud.proxy.now () + 60]
                kk.equal (late, [], "minutes of the future")
            kk.wait_for (lambda: max (cloud.minutes ())[1] > max (before)[1] + 300, 60, "later minutes")
            wrong, cloud.proxy.wrong = cloud.proxy.wrong, []
            kk.equal ([w[1][1].split ()[:2] for w in wrong], [["Signature", "not"], ["Signature", "expired:"]], "refused once for each step")
            now = cloud.check ()
            kk.equal ({m: now[m] for m in before}, before, "what was there before")
            kk.contains (home.log (), "clock", "the log")
            kk.check (dynakit.queue (d) <= 130, "what waits", dynakit.queue (d))


kk.main ()
