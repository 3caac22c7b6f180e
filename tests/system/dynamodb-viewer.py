"""Both tables as the web viewer reads them, with boto3: a host's hours, its newest minute, the list of machines, and what its users
change there."""

import datetime
import decimal
import json
import time

import dynakit
import dynaproxy
import kk

try:
    import boto3
except ImportError:
    boto3 = None

ONLINE = 360  # seconds without news after which the viewer takes a machine for offline


class Viewer:
    """What the viewer asks, and what it makes of it. now: the time of the daemon."""

    def __init__ (self, proxy, now):
        db = boto3.resource ("dynamodb", region_name="us-east-1", endpoint_url=proxy.url (), aws_access_key_id=dynakit.KEY,
                             aws_secret_access_key=proxy.keys[dynakit.KEY][0])
        self.minutes, self.machines, self.now = db.Table (dynakit.SYSTEM), db.Table (dynakit.REGISTRY), now

    @staticmethod
    def shown (item):
        """An item as it goes to the browser; what JSON does not know is an error there."""
        plain = {name: float (v) if isinstance (v, decimal.Decimal) else v for name, v in item.items ()}
        kk.equal (json.loads (json.dumps (plain, allow_nan=False)), plain, "as JSON")
        return plain

    def hour (self, host, at, **more):
        key = f"{host}#{datetime.datetime.fromtimestamp (at, datetime.timezone.utc).strftime ('%Y-%m-%d-%H')}"
        condition = "hostname_hour = :h" + (" AND minute_timestamp >= :s" if "start" in more else "")
        values = {":h": key, **({":s": int (more.pop ("start"))} if "start" in more else {})}
        return [self.shown (i) for i in self.minutes.query (KeyConditionExpression=condition, ExpressionAttributeValues=values, **more)["Items"]]

    def history (self, host, hours):
        """A host's page: hour by hour, oldest first."""
        start, found = self.now () - 3600 * hours, []
        at = start // 3600 * 3600
        while at <= self.now ():
            found += self.hour (host, at, start=start)
            at += 3600
        return sorted (found, key=lambda r: r["timestamp"])

    def newest (self, host):
        for at in (self.now (), self.now () - 3600):
            found = self.hour (host, at, ScanIndexForward=False, Limit=1)
            if found:
                return found[0]
        return None

    def overview (self):
        """The machines that are listed, by name, page by page."""
        found, start = {}, {}
        while start is not None:
            page = self.machines.scan (FilterExpression="active = :a", ExpressionAttributeValues={":a": True}, Limit=1, **start)
            for row in page["Items"]:
                row = self.shown (row)
                row["online"] = self.now () - row["last_seen"] < ONLINE
                found[row["hostname"]] = row
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]} if "LastEvaluatedKey" in page else None
        return found

    def list (self, host, active):
        """What its users do by "remove", and take back."""
        self.machines.update_item (Key={"hostname": host}, UpdateExpression="SET active = :a", ExpressionAttributeValues={":a": active})


def check_history (records, host):
    """Every minute once, over the end of an hour, with what the graphs are made of."""
    times = [r["timestamp"] for r in records]
    kk.equal (times, [times[0] + 60 * i for i in range (len (times))], "minutes without a hole")
    kk.check (len ({r["hostname_hour"] for r in records}) == 2, "minutes of two hours", times)
    for r in records:
        kk.equal (r["hostname"], host, "whose they are")
        kk.check (0 <= r["cpu_percent"] <= 100 and 0 < r["memory_percent"] <= 100, "percent", r)
        kk.check (r["memory_available_mb"] > 0 and r["memory_used_mb"] > 0, "memory", r)


@kk.test (deadline=150)
def pages (home):
    "a host's hours, its newest minute and the list of machines are as the viewer wants them; who is removed there stays removed"
    if not boto3:
        kk.skip ("needs boto3")
    shim = dynakit.fast (home)
    shim.offset (3600 - 150 - (time.time () + shim.ahead ()) % 3600)  # two minutes and a half before the end of an hour
    with dynakit.Cloud (home, shim=shim) as cloud, dynaproxy.Proxy (cloud.socket) as direct:  # the viewer's clock is ours
        viewer = Viewer (direct, cloud.proxy.now)
        with home.daemon (dynakit.config ("sample_interval: 5"), env=cloud.env ()):
            row = kk.wait_for (cloud.registry, 60, "a row")
            kk.wait_for (lambda: len ({m // 3600 for _, m in cloud.minutes ()}) > 1 and len (cloud.minutes ()) > 4, 60, "minutes of two hours")
            host = row["hostname"]
            kk.wait_for (lambda: viewer.now () - max (cloud.minutes ())[1] < ONLINE / 2, 60, "the newest is there")
            shim.faster (1)
            # One may just be on its way.
            newest = kk.wait_for (lambda: (n := viewer.newest (host)) == viewer.history (host, 24)[-1] and n, 10, "the newest minute is the last one of all")
            now = cloud.proxy.now ()
            viewer.now = lambda: now
            machine, history = viewer.overview ()[host], viewer.history (host, 24)
            check_history (history, host)
            kk.check (viewer.now () - newest["timestamp"] < ONLINE and machine["online"], "online", (viewer.now (), newest, machine))
            kk.equal ((machine["platform"], machine["first_seen"]), ("Linux", row["first_seen"]), "the row")
            kk.equal ([r["timestamp"] for r in viewer.history (host, 0.05)], [r["timestamp"] for r in history if r["timestamp"] >= int (viewer.now () - 180)],
                      "the last three minutes")
            viewer.now = cloud.proxy.now
            for active in (False, True):
                viewer.list (host, active)
                seen = cloud.registry ()["last_seen"]
                shim.faster (max (1, round (60 / kk.SLOW)))
                kk.wait_for (lambda s=seen: cloud.registry ()["last_seen"] > s + 59, 60, "a later update")
                kk.equal (host in viewer.overview (), active, "whether it is listed")
        direct.all_signed ()
        cloud.check ()


kk.main ()
