"""The command dynamodb: `check` says what is right and what is wrong and changes nothing; `backfill` uploads what was recorded."""

import datetime
import json
import os
import pty
import select
import signal
import socket
import struct
import time
import zlib

import dynakit
import dynaproxy
import fakeaws
import filekit
import kk

HOST = socket.gethostname ().strip ()
SAMPLES = (("hostname_hour", "S"), ("minute_timestamp", "N"))
COMMAND = os.path.join (kk.BUILD, "plugins", "commands", "dynamodb")


# ---- What the tests share ----

def make_tables (cloud):
    cloud.make (dynakit.SYSTEM, *SAMPLES)
    cloud.make (dynakit.REGISTRY, ("hostname", "S"))
    cloud.proxy.ttl[dynakit.SYSTEM] = {"AttributeName": "ttl", "TimeToLiveStatus": "ENABLED"}
    cloud.proxy.tags[dynakit.SYSTEM] = {"Application": "kode-kronical"}


class Answer:
    """What check --json says."""

    def __init__ (self, result):
        self.result, self.rc = result, result.rc
        self.json = json.loads (result.out)
        kk.equal (self.json["ok"], self.rc == 0, "ok is the exit status")
        for secret in fakeaws.SECRETS:
            kk.check (secret not in result.all, "a secret is shown", result)

    def steps (self, name):
        return [s for s in self.json["steps"] if s["step"] == name]

    def step (self, name, result, part="", which=0):
        found = self.steps (name)
        kk.check (len (found) > which, f"there is a step {name}", self.json)
        kk.equal (found[which]["result"], result, f"{name}: {found[which]}")
        kk.contains (found[which]["text"], part, name)
        return found[which]

    def bad (self):
        return [(s["step"], s["result"]) for s in self.json["steps"] if s["result"] in ("warn", "fail")]


def check (home, env, *args, timeout=120):
    return Answer (home.run ("dynamodb", "check", "--json", *args, env=env, timeout=timeout))


def entry (t, cpu, memory=50.0, available=1000.0, used=900.0, **more):
    return {"system": {"timestamp": t, "cpu_percent": cpu, "memory_percent": memory, "memory_available_mb": available, "memory_used_mb": used,
                       **more}, "processes": {}}


def record (home, entries, data=None):
    """Writes entries as file-writer does; one file."""
    when = datetime.datetime.fromtimestamp (entries[0]["system"]["timestamp"])
    name = os.path.join (data or home.data, when.strftime ("metrics_%Y%m%d_%H%M%S.json"))
    path = home.write (name, "[" + ",\n".join (json.dumps (e) for e in entries) + "\n]\n")
    newest = entries[-1]["system"]["timestamp"]
    os.utime (path, (newest, newest))
    return path


def minute_entries (minute, values=(10.0, 20.0, 30.0)):
    return [entry (minute + 10 * i + 0.25, v, load_avg_1m=0.5) for i, v in enumerate (values)]


def whole_minutes (n, before=5):
    """The starts of n whole minutes, the last one so many minutes ago."""
    last = int (time.time ()) // 60 * 60 - before * 60
    return [last - 60 * i for i in range (n - 1, -1, -1)]


def record_minutes (home, minutes, **more):
    for m in minutes:
        record (home, minute_entries (m, **more))


def backfill (home, cloud, *args, since="1d", env=None, timeout=120):
    r = home.run ("dynamodb", "backfill", "--since", since, "--rate", "1000", "--json", *args, env=env or cloud.env (), timeout=timeout)
    for secret in fakeaws.SECRETS:
        kk.check (secret not in r.all, "a secret is shown", r)
    return r


def backfill_of_this_minute (home, cloud):
    """What is made of a recorded minute that has not ended when this returns."""
    for i in range (10):
        now, data = time.time (), os.path.join (home.path, f"running-{i}")
        record (home, [entry (now, 2.0)], data)
        r = backfill (home, cloud, "--dry-run", "--from", data).ok ()
        if time.time () // 60 == now // 60:
            return r
    raise kk.Failed ("a backfill of one sample takes a minute")


def counts (r):
    return tuple (r.json ()[k] for k in ("uploaded", "already_there", "refused"))


# ---- check ----

@kk.test
def all_is_well (home):
    "check finds credentials, region, endpoint, clock, tables and each permission in order, and changes nothing"
    home.config (dynakit.config ())
    with dynakit.Cloud (home) as cloud:
        make_tables (cloud)
        a = check (home, cloud.env ())
        kk.equal ((a.rc, a.bad ()), (0, []), a.result)
        a.step ("credentials", "ok", "environment")
        a.step ("credentials", "note", "does not get that", 1)
        a.step ("region", "ok", "us-east-1")
        a.step ("endpoint", "ok", cloud.proxy.url ())
        a.step ("clock", "ok")
        a.step ("expiry", "ok", "30 days")
        a.step ("tags", "ok")
        for action in dynaproxy.GUIDE:
            for which, table in enumerate ((dynakit.SYSTEM, dynakit.REGISTRY)):
                a.step (action, "ok", table, which)
        a.step ("UpdateItem", "ok", dynakit.REGISTRY)
        cost, stored = a.json["cost"], 30 * 1440 * (1024 + 100)
        kk.equal ((cost["writes_per_month"], cost["stored_bytes"]), (2 * 30 * 1440, stored), "writes, and bytes")
        kk.check (abs (cost["usd_per_month"] - 86400 * 0.625e-6 - stored * 0.25e-9) < 1e-9, "the cost", cost)
        for part in ("us-east-1", "2024-11-01"):
            kk.contains (cost["basis"], part, "where and since when it costs that")
            a.step ("cost", "note", part)
        kk.equal ((cloud.scan (), cloud.scan (dynakit.REGISTRY)), ([], []), "nothing was written")
        kk.check (set (cloud.tables ()) == {dynakit.SYSTEM, dynakit.REGISTRY}, "no table was made")
        cloud.proxy.all_signed ()
        text = home.run ("dynamodb", "check", env=cloud.env ()).ok ()
        kk.contains (text.out, "ok    PutItem           kode-kronical-system: allowed\n", "for people")
        kk.contains (text.out, "\n0 failed, 0 warnings\n", "for people")
        kk.equal ([line for line in text.out.splitlines () if len (line) > 80 and " " in line[24:]], [], "lines beyond 80 columns")
    kk.equal (home.files (), [], "nothing was made here")


@kk.test
def access_key_is_shortened (home):
    "of the access key its ends are shown, of the secret nothing, wherever it stands"
    home.config (dynakit.config ())
    key, secret = "AKIAIOSFODNN7EXAMPLE", "another/secret+of+the+tests"
    fakeaws.SECRETS.add (secret)
    home.write (".aws/credentials", f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    with dynakit.Cloud (home) as cloud:
        make_tables (cloud)
        cloud.proxy.keys[key] = (secret, None)
        a = check (home, cloud.env (AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None))
        kk.equal (a.bad (), [], a.result)
        kk.equal (a.json["access_key"], "AKIA…MPLE", "the access key")
        kk.check (key not in a.result.all, "the whole key is shown", a.result)
        a.step ("credentials", "ok", ".aws/credentials")


@kk.test
def permissions (home):
    "with the guide's permissions nothing fails; a denied one is named in the words of the manual, with what to do"
    home.config (dynakit.config ())
    with dynakit.Cloud (home) as cloud:
        make_tables (cloud)
        cloud.proxy.allowed = dynaproxy.GUIDE
        a = check (home, cloud.env ())
        kk.equal ((a.rc, a.bad ()), (0, []), a.result)
        a.step ("UpdateItem", "note", "GetItem and PutItem")
        a.step ("expiry", "note", "AccessDenied")
        kk.check (a.json["cost"]["reads_per_month"] > 0, "reads cost, too", a.json["cost"])
        cloud.proxy.allowed = dynaproxy.GUIDE - {"PutItem", "Scan", "CreateTable"}
        a = check (home, cloud.env ())
        kk.equal ((a.rc, sorted (a.bad ())), (1, sorted ([("PutItem", "fail")] * 2 + [("Scan", "warn")] * 2)), a.result)
        denied = a.step ("PutItem", "fail", "AccessDenied: User is not authorized to perform: dynamodb:PutItem")
        kk.contains (denied["advice"], "--print-policy", "what to do")
        cloud.proxy.allowed, cloud.proxy.denied = None, {("PutItem", dynakit.REGISTRY), ("GetItem", dynakit.REGISTRY), "BatchWriteItem"}
        a = check (home, cloud.env ())
        kk.equal (sorted (a.bad ()), sorted ([("PutItem", "warn"), ("GetItem", "warn")] + [("BatchWriteItem", "warn")] * 2), a.result)
        a.step ("PutItem", "warn", "as long as UpdateItem is allowed", 1)
        a.step ("BatchWriteItem", "warn", "one by one")
        cloud.proxy.denied.add ("UpdateItem")
        kk.equal (check (home, cloud.env ()).rc, 1, "without both")
        cloud.proxy.allowed = frozenset ()
        a = check (home, cloud.env ())
        kk.equal (a.rc, 1, "without any")
        a.step ("table", "fail", "dynamodb:DescribeTable")
        kk.equal ((cloud.scan (), cloud.scan (dynakit.REGISTRY)), ([], []), "nothing was written")


@kk.test
def tables (home):
    "missing tables are a warning and are not made, wrong keys a failure, expiry that is off a warning"
    home.config (dynakit.config ())
    with dynakit.Cloud (home) as cloud:
        a = check (home, cloud.env ())
        kk.equal ((a.rc, a.bad ()), (0, [("table", "warn")] * 2), a.result)
        a.step ("table", "warn", "is missing: the daemon makes it")
        a.step ("CreateTable", "note", "not tried")
        kk.equal (cloud.tables (), [], "none was made")
        home.config (dynakit.config (options="create_tables: false"))
        check (home, cloud.env ()).step ("table", "fail", "create_tables is off")
        cloud.make (dynakit.REGISTRY, *SAMPLES)
        cloud.make (dynakit.SYSTEM, *SAMPLES)
        a = check (home, cloud.env ())
        kk.equal (a.rc, 1, a.result)
        a.step ("table", "fail", "has the keys hostname_hour (S), minute_timestamp (N): it needs hostname (S)", 1)
        a.step ("expiry", "warn", "off")
        kk.contains (a.steps ("expiry")[0]["advice"], "aws dynamodb update-time-to-live", "what to do")


@kk.test
def what_does_not_answer (home):
    "a wrong secret, a wrong region, nobody there, no name, another service, silence: the right sentence, in bounded time"
    home.config (dynakit.config ())
    with dynakit.Cloud (home) as cloud:
        make_tables (cloud)
        a = check (home, cloud.env (AWS_SECRET_ACCESS_KEY="wrong"))
        kk.equal ((a.rc, a.bad ()), (1, [("credentials", "fail")]), a.result)
        kk.contains (a.steps ("credentials")[-1]["text"], "InvalidSignatureException", "a wrong secret")
        a = check (home, cloud.env (AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None))
        a.step ("credentials", "fail", "NoCredentialsError: Unable to locate credentials")
        kk.equal (a.steps ("credentials")[0]["text"].count ("NoCredentialsError"), 1, "said once")
        home.config (dynakit.config ("dynamodb_region: eu-central-1"))
        a = check (home, cloud.env ())
        kk.equal (a.rc, 1, "a wrong region")
        a.step ("region", "ok", "eu-central-1")
        kk.contains (a.steps ("credentials")[-1]["text"], "valid region", "a wrong region")
        home.config (dynakit.config ())
        with socket.socket () as s:
            s.bind (("127.0.0.1", 0))
            url = f"http://127.0.0.1:{s.getsockname ()[1]}"
            a = check (home, cloud.env (AWS_ENDPOINT_URL_DYNAMODB=url))
            a.step ("connection", "fail", f'EndpointConnectionError: Could not connect to the endpoint URL: "{url}/"')
        a = check (home, cloud.env (AWS_ENDPOINT_URL_DYNAMODB="http://no-such-host.invalid:1"))
        a.step ("connection", "fail", 'EndpointConnectionError: Could not connect to the endpoint URL: "http://no-such-host.invalid:1/"')
        cloud.proxy.next ("html")
        a = check (home, cloud.env ())
        a.step ("connection", "fail", "no answer of DynamoDB")
        cloud.proxy.next ("hang")
        begun = time.monotonic ()
        a = check (home, cloud.env ())
        a.step ("connection", "fail", "no answer within 8 s")
        kk.check (time.monotonic () - begun < 20 * kk.SLOW, "in bounded time", time.monotonic () - begun)
        for times, bad in ((1, []), (2, [("Scan", "warn")])):
            cloud.proxy.next ("internal", operation="Scan", table=dynakit.SYSTEM, times=times)
            a = check (home, cloud.env ())
            kk.equal ((a.rc, a.bad ()), (0, bad), "what may pass is tried again, once, and does not end the check")


@kk.test
def clock (home):
    "a clock that is off is said, and the other steps go on"
    home.config (dynakit.config ())
    with dynakit.Cloud (home) as cloud:
        make_tables (cloud)
        for ahead, word in ((-120, "ahead of"), (4000, "behind")):
            cloud.proxy.clock = ahead
            a = check (home, cloud.env ())
            kk.equal ((a.rc, a.bad ()), (0, [("clock", "warn")]), a.result)
            a.step ("clock", "warn", word)
            kk.check (abs (a.json["clock_offset_s"] - ahead) < 3 * kk.SLOW, "by how much", a.json["clock_offset_s"])


@kk.test
def configuration (home):
    "an upload that is off, a configuration with errors, options and another instance are what the daemon would see"
    with dynakit.Cloud (home) as cloud:
        make_tables (cloud)
        a = check (home, cloud.env ())
        kk.equal ((a.rc, a.bad ()), (0, [("configuration", "warn")]), a.result)
        a.step ("configuration", "warn", "the upload is off")
        home.config ("daemon: {enable_dynamodb_upload: maybe}\n")
        a = check (home, cloud.env ())
        kk.equal ((a.rc, a.bad ()), (1, [("configuration", "fail")]), a.result)
        kk.contains (a.result.err, "daemon.yaml:1:34: error", "the error itself")
        other = home.write ("other.yaml", "plugins:\n  second: {plugin: dynamodb-writer, table: others, registry_table: names, ttl_days: 7}\n")
        a = check (home, cloud.env (), "-c", other)
        a.step ("configuration", "ok", f"{other}, instance second")
        kk.contains (a.steps ("table")[0]["text"], "others is missing", "its table")
        home.write ("other.yaml", "plugins:\n  a: {plugin: dynamodb-writer}\n  b: {plugin: dynamodb-writer, table: bees}\n")
        check (home, cloud.env (), "-c", other).step ("configuration", "fail", "--instance")
        kk.contains (check (home, cloud.env (), "-c", other, "--instance", "b").steps ("table")[0]["text"], "bees", "the one that is named")
        check (home, cloud.env (), "-c", other, "--instance", "cpu").step ("configuration", "fail", "no instance of the plugin")


@kk.test
def two_of_one_name (home):
    "minutes that another machine wrote under this name are seen, and a row that is fresh though no daemon runs here"
    home.config (dynakit.config ())
    with dynakit.Cloud (home) as cloud:
        make_tables (cloud)
        now = time.time ()
        hour = int (now - 120) // 3600 * 3600
        minutes = [hour + 60 * i for i in range (2)] if int (now) // 60 * 60 - hour >= 120 else [hour]
        record_minutes (home, minutes)
        backfill (home, cloud, since="@" + str (hour)).ok ()
        kk.equal (len (cloud.minutes ()), len (minutes), "minutes in the table")
        a = check (home, cloud.env ())
        same_hour = time.time () - 120 < hour + 3600  # what is compared is of the hour of two minutes ago
        if same_hour:
            a.step ("name", "ok", "the last 2 minutes of" if len (minutes) > 1 else "the last minute of", 1)
        cloud.ask ("UpdateItem", TableName=dynakit.SYSTEM, UpdateExpression="SET collected_at = :c, samples = :n",
                   Key={"hostname_hour": {"S": time.strftime (HOST + "#%Y-%m-%d-%H", time.gmtime (minutes[0]))}, "minute_timestamp": {"N": str (minutes[0])}},
                   ExpressionAttributeValues={":c": {"N": str (minutes[0] + 59.5)}, ":n": {"N": "60"}})
        a = check (home, cloud.env ())
        if time.time () - 120 < hour + 3600:
            a.step ("name", "warn", "1 of the last 2 minutes of" if len (minutes) > 1 else "the last minute of", 1)
            kk.equal (a.rc, 0, "a warning only")
        row = {"hostname": {"S": HOST}, "last_seen": {"N": str (time.time ())}, "active": {"BOOL": False}}
        cloud.ask ("PutItem", TableName=dynakit.REGISTRY, Item=row)
        a = check (home, cloud.env ())
        a.step ("name", "note", "removed in the viewer")
        a.step ("name", "warn", "another machine may have this name", 1)
        row["last_seen"] = {"N": str (time.time () - 4000)}
        cloud.ask ("PutItem", TableName=dynakit.REGISTRY, Item=row)
        kk.check (not any ("another machine may" in s["text"] for s in check (home, cloud.env ()).steps ("name")), "an old row is no sign")


@kk.test
def region_of_the_instance (home):
    "an instance whose metadata does not tell the region for a moment is not sent to another region"
    home.config (dynakit.config ())
    tell = ("GET", "/latest/meta-data/placement/region")
    with dynakit.Cloud (home) as cloud, fakeaws.Server () as metadata:
        make_tables (cloud)
        metadata.keys = cloud.proxy.keys
        on = {"AWS_EC2_METADATA_DISABLED": None, "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.metadata (), "AWS_ENDPOINT_URL_STS": metadata.sts ()}
        instance = cloud.env (AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, **on)
        home.write (".aws/config", "[profile role]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Ec2InstanceMetadata\n"
                    "[profile next]\nrole_arn = arn:aws:iam::1:role/n\nsource_profile = role\n")
        of_instance = [{**instance, "AWS_PROFILE": name} for name in (None, "role", "next")]
        told = metadata.routes[tell]
        for status in (500, 429):
            metadata.on (*tell, fakeaws.answer (status, ""))
            before = len (cloud.proxy.calls)
            for env in of_instance:
                a = check (home, env)
                a.step ("region", "fail", "its metadata did not tell the region")
                kk.equal ((a.rc != 0, len (cloud.proxy.calls)), (True, before), "nothing was asked elsewhere")
                kk.equal ([r for r in metadata.requests if r.method == "POST"], [], "no role was asked for elsewhere")
            check (home, cloud.env (**on)).step ("region", "ok", "us-east-1")  # with credentials of another place
        metadata.on (*tell, fakeaws.answer (404, ""))
        for env in of_instance:
            check (home, env).step ("region", "ok", "us-east-1")
        metadata.on (*tell, told)
        cloud.proxy.region = "eu-north-1"
        for env in of_instance:
            a = check (home, env)
            a.step ("region", "ok", "eu-north-1 (instance metadata)")
            kk.equal ([s["result"] for s in a.steps ("credentials")], ["ok"], "the role's credentials")


@kk.test
def printed (home):
    "the policy and the tables are printed without asking anybody, and the tables can be made from it"
    with fakeaws.Server () as metadata:
        env = fakeaws.no_aws (AWS_EC2_METADATA_DISABLED=None, AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url ())
        arn, _ = home.run ("dynamodb", "check", "--print-policy", env=env).ok ().json ()["Statement"][0]["Resource"]
        kk.equal ((arn, metadata.requests), ("arn:aws:dynamodb:us-east-1:*:table/kode-kronical-system", []), "not even the instance's metadata")
    home.config ("daemon: {dynamodb_table_name: minutes, registry_table_name: machines, dynamodb_region: cn-north-1}\n")
    with dynakit.Cloud (home) as cloud:
        policy = home.run ("dynamodb", "check", "--print-policy", env=cloud.env (AWS_EC2_METADATA_DISABLED=None)).ok ().json ()
        statement, = policy["Statement"]
        kk.equal (set (statement["Action"]), {"dynamodb:" + a for a in dynaproxy.GUIDE}, "the guide's list, and no more")
        kk.equal (statement["Resource"], [f"arn:aws-cn:dynamodb:cn-north-1:*:table/{t}" for t in ("minutes", "machines")], "the two tables")
        kk.equal ((policy["Version"], statement["Effect"]), ("2012-10-17", "Allow"), "the rest")
        made = home.run ("dynamodb", "check", "--print-tables", env=cloud.env ()).ok ().json ()
        kk.equal (cloud.proxy.calls, [], "nobody was asked")
        for table in made["create_table"]:
            kk.equal ({t["Key"]: t["Value"] for t in table.pop ("Tags")}, {"Application": "kode-kronical", "Version": "v2-optimized"}, "tags")
            cloud.ask ("CreateTable", **table)
        kk.equal (made["update_time_to_live"], [{"TableName": "minutes", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ttl"}}], "TTL")
        cloud.proxy.region = "cn-north-1"
        a = check (home, cloud.env ())
        kk.equal ([s["result"] for s in a.steps ("table")], ["ok", "ok"], "the daemon's tables")


# ---- backfill ----

@kk.test
def values (home):
    "each recorded minute becomes the item that the daemon would have made; repeated, nothing is written again"
    home.config (dynakit.config ())
    first, second = whole_minutes (2)
    network = {"timestamp": first + 0.3, "bytes_sent_per_s": 100.0, "bytes_recv_per_s": 7.0, "active_connections": 3}
    entries = minute_entries (first, (10.0, 20.1, 90.0)) + minute_entries (second, (0.0, 0.1))
    for e in entries[:2]:
        e["network"] = network  # held: the same reading twice
    entries[2]["network"] = {**network, "timestamp": first + 20.3, "bytes_sent_per_s": 300.0}
    record (home, entries)
    with dynakit.Cloud (home) as cloud:
        make_tables (cloud)
        r = backfill (home, cloud).ok ()
        kk.equal (counts (r), (2, 0, 0), "uploaded")
        items = cloud.check ()
        have = items[(HOST, first)]
        want = {"cpu_percent": 40.0, "cpu_percent_max": 90.0, "cpu_percent_p95": 90.0, "samples": 3, "memory_available_mb": 1000, "load_avg_1m": 0.5,
                "bytes_sent_per_s": 200, "bytes_recv_per_s": 7, "active_connections": 3, "collected_at": first + 20.25}
        kk.equal ({k: have.get (k) for k in want}, want, "the first minute")
        kk.equal ((items[(HOST, second)]["cpu_percent"], items[(HOST, second)]["samples"]), (0.1, 2), "a tie is rounded up")
        r = backfill (home, cloud).ok ()
        kk.equal (counts (r), (0, 2, 0), "again")
        kk.equal (cloud.check (), items, "and nothing changed")
        cloud.ask ("UpdateItem", TableName=dynakit.SYSTEM, UpdateExpression="SET samples = :n", ExpressionAttributeValues={":n": {"N": "60"}},
                   Key={"hostname_hour": {"S": items[(HOST, first)]["hostname_hour"]}, "minute_timestamp": {"N": str (first)}})
        cloud.ask ("UpdateItem", TableName=dynakit.SYSTEM, UpdateExpression="SET samples = :n", ExpressionAttributeValues={":n": {"N": "1"}},
                   Key={"hostname_hour": {"S": items[(HOST, second)]["hostname_hour"]}, "minute_timestamp": {"N": str (second)}})
        kk.equal (counts (backfill (home, cloud)), (1, 1, 0), "the fuller item stays, the less full one is replaced")
        kk.equal ([cloud.minutes ()[(HOST, m)]["samples"] for m in (first, second)], [60, 2], "samples")
        text = home.run ("dynamodb", "backfill", "--since", "1d", env=cloud.env ()).ok ()
        kk.equal ((text.out, text.err), (f"2 recorded minutes of {HOST}: 0 uploaded, 2 already there, 0 refused\n", ""), "for people")


@kk.test
def journal_and_damage (home):
    "what is only in the journal is taken, once; a damaged file is left out and said"
    home.config (dynakit.config ())
    minutes = whole_minutes (3)
    record (home, minute_entries (minutes[0]))
    both = minute_entries (minutes[1], (1.0, 2.0, 3.0, 4.0))
    record (home, both[:2])
    records = b""
    for kind, payload in [(1, b"metrics_x.json")] + [(2, json.dumps (e).encode ()) for e in both]:
        head = struct.pack ("<Iq", kind, 0)
        crc = zlib.crc32 (payload, zlib.crc32 (head, zlib.crc32 (struct.pack ("<I", len (payload)))))
        records += b"KKj1" + struct.pack ("<II", len (payload), crc) + head + payload
    home.write (os.path.join (home.data, "journal", "file-writer.journal"), records + b"KKj1torn")
    path = record (home, minute_entries (minutes[2]))
    with open (path, "r+b") as f:
        f.truncate (50)
    home.write (os.path.join (home.data, "metrics_20000101_000000.json"), "[]")
    with dynakit.Cloud (home) as cloud:
        make_tables (cloud)
        r = backfill (home, cloud).ok ()
        kk.equal ((counts (r), r.json ()["damaged_files"]), ((2, 0, 0), 1), r)
        kk.contains (r.err, path, "the damaged file is named")
        have = cloud.check ()[(HOST, minutes[1])]
        kk.equal ((have["samples"], have["cpu_percent"]), (4, 2.5), "each entry once")


@kk.test
def which_minutes (home):
    "--since and --until choose, the minute that runs and those that have expired are left out, --dry-run sends nothing"
    home.config (dynakit.config (options="ttl_days: 1"))
    minutes = whole_minutes (4)
    old = minutes[0] - 2 * 86400
    record_minutes (home, [old, *minutes])
    with dynakit.Cloud (home) as cloud:
        make_tables (cloud)
        running = backfill_of_this_minute (home, cloud).json ()
        kk.equal ((running["recorded"], running["uploaded"]), (0, 0), "the minute that runs")
        r = backfill (home, cloud, "--dry-run", since="7d").ok ()
        kk.equal ([r.json ()[k] for k in ("recorded", "expired", "uploaded", "dry_run")], [5, 1, 0, True], r)
        kk.equal (cloud.proxy.calls, [], "nothing was sent")
        utc = time.strftime ("%Y-%m-%d %H:%MZ", time.gmtime (minutes[1]))
        until = time.strftime ("%Y-%m-%dT%H:%M:%S", time.localtime (minutes[3]))
        kk.equal (counts (backfill (home, cloud, "--until", until, since=utc)), (2, 0, 0), "a part")
        kk.equal (sorted (m for _, m in cloud.minutes ()), minutes[1:3], "which")
        kk.equal (counts (backfill (home, cloud, since="7d")), (2, 2, 0), "the rest, without what has expired")
        kk.equal (sorted (m for _, m in cloud.minutes ()), minutes, "which")
        elsewhere = os.path.join (home.path, "copy")
        record (home, minute_entries (minutes[0] - 60), elsewhere)
        kk.equal (counts (backfill (home, cloud, "--from", elsewhere)), (1, 0, 0), "of another directory")
    for args in ((), ("--since", "soon"), ("--since", "5"), ("--since", "2026-02-30"), ("--since", "1h", "--rate", "0"), ("--since", "1h", "--until", "2h"),
                 ("--since", "1h", "more"), ("--since", "1h", "--print-policy")):
        r = home.run ("dynamodb", "backfill", *args)
        kk.equal ((r.rc, r.out), (2, ""), args)
        kk.contains (r.err, "dynamodb --help", args)
    for args in ((), ("--since", "1h"), ("--print-policy", "--print-tables"), ("--nosuch",)):
        kk.equal (home.run ("dynamodb", "check", *args).rc, 2 if args else 1, args)
    r = home.run ("dynamodb", "backfill", "--since", "1h", "--from", "/nowhere")
    kk.equal (r.rc, 1, "no such directory")
    kk.contains (r.err, "/nowhere: No such file", "the reason")


@kk.test (deadline=240)
def through_all_faults (home):
    "with half of all requests going wrong every minute is there exactly once in the end"
    home.config (dynakit.config ())
    minutes = whole_minutes (40 if dynakit.FULL else 12)
    record_minutes (home, minutes)
    with dynakit.Cloud (home) as cloud:
        make_tables (cloud)
        cloud.proxy.rain = dynaproxy.Rain (7, 0.3, faults=("throttling", "internal", "drop-before", "drop-after", "reset-after", "truncated", "html", "crc"))
        for _ in range (20):
            r = backfill (home, cloud, timeout=200)
            if r.rc == 0:
                break
        kk.equal (r.rc, 0, r)
        kk.equal (sorted (m for _, m in cloud.check ()), minutes, "the minutes")
        cloud.proxy.fair ()
        kk.equal (counts (backfill (home, cloud)), (0, len (minutes), 0), "all are known to be there")


@kk.test
def ends_where_it_cannot_go_on (home):
    "a denied permission, a missing table, a wrong secret end it at once with the reason; what is left is said"
    home.config (dynakit.config ())
    minutes = whole_minutes (3)
    record_minutes (home, minutes)
    with dynakit.Cloud (home) as cloud:
        r = backfill (home, cloud)
        kk.equal ((r.rc, r.json ()["complete"]), (1, False), r)
        kk.contains (r.err, "ResourceNotFoundException", "no table")
        make_tables (cloud)
        cloud.proxy.denied = {"PutItem"}
        since = time.monotonic ()
        r = home.run ("dynamodb", "backfill", "--since", "1d", env=cloud.env ())
        kk.equal (r.rc, 1, r)
        kk.contains (r.err, "AccessDenied: User is not authorized to perform: dynamodb:PutItem", "denied")
        kk.contains (r.out, "0 uploaded, 0 already there, 0 refused, 3 still to do", "the summary")
        cloud.proxy.at_most (1, since=since)
        cloud.proxy.denied = set ()
        r = backfill (home, cloud, env=cloud.env (AWS_SECRET_ACCESS_KEY="wrong"))
        kk.contains (r.err, "InvalidSignatureException", "a wrong secret")
        kk.equal (cloud.minutes (), {}, "nothing was written")
        home.config (dynakit.config (options="table: wrong-keys"))
        cloud.make ("wrong-keys", ("id", "S"))
        r = backfill (home, cloud)
        kk.equal ((r.rc, counts (r)), (1, (0, 0, 3)), "refused")
        kk.contains (r.json ()["reason"], "ValidationException", "the reason")


@kk.test
def bounded_rate_and_an_end (home):
    "no more than --rate items a second go out; Ctrl-C ends it with a summary; the bar is drawn on a terminal"
    home.config (dynakit.config ())
    minutes = whole_minutes (30)
    record_minutes (home, minutes)
    with dynakit.Cloud (home) as cloud:
        make_tables (cloud)
        pid, fd = pty.fork ()
        if not pid:
            os.execvpe (kk.PROGRAM, [kk.PROGRAM, "dynamodb", "backfill", "--since", "1d", "--rate", "5"], home.env (**cloud.env ()))
        kk.wait_for (lambda: cloud.proxy.count ("PutItem") >= 6, 60, "six items")
        puts = [c.at for c in cloud.proxy.calls if c.operation == "PutItem"][:6]
        kk.check (puts[5] - puts[0] > 0.9, "five items a second", puts)
        os.kill (pid, signal.SIGINT)
        shown, deadline = b"", time.monotonic () + 20 * kk.SLOW
        while time.monotonic () < deadline and select.select ([fd], [], [], 1)[0]:
            try:
                shown += os.read (fd, 65536)
            except OSError:
                break
        kk.equal (os.waitstatus_to_exitcode (os.waitpid (pid, 0)[1]), 1, "the exit status")
        os.close (fd)
        text = shown.decode ()
        kk.contains (text, "uploading [", "the bar")
        kk.contains (text, " of 30", "the bar")
        last = text.split ("\r")[-2 if text.endswith ("\n") else -1]
        kk.contains (text, "still to do", f"the summary: {last}")
        kk.check (0 < len (cloud.minutes ()) < 30, "some are there", len (cloud.minutes ()))
        kk.equal (sum (counts (backfill (home, cloud))), 30, "the same command again does the rest")
        kk.equal (len (cloud.check ()), 30, "all are there")


@kk.test (deadline=180)
def same_as_the_daemon (home):
    "of the minutes that the daemon uploaded, the recorded files give the same items"
    shim = filekit.Shim (home)
    shim.faster (20)
    with dynakit.Cloud (home, shim=shim) as cloud:
        with home.daemon (dynakit.config (), env=cloud.env ()) as d:
            kk.wait_for (lambda: len (cloud.minutes ()) >= 4, 90, "some minutes")
            a = check (home, {k: v for k, v in cloud.env ().items () if k not in shim.env ()})  # at its own pace
            a.step ("daemon", "ok", f"running, PID {d.pid}")
            kk.equal ((a.rc, set (a.bad ()) - {("clock", "warn")}), (0, set ()), a.result)
        before = cloud.check ()
        until = str (max (m for _, m in before) + 60)  # what came after it may have waited for this host's place in the minute
        r = backfill (home, cloud, "--until", "@" + until, since="@" + str (min (m for _, m in before)))
        kk.equal ((r.rc, r.json ()["uploaded"]), (0, 0), f"nothing was missed: {r}")
        kk.check (r.json ()["already_there"] >= 3, "minutes were compared", r)
        for host, minute in before:
            key = {"hostname_hour": {"S": before[(host, minute)]["hostname_hour"]}, "minute_timestamp": {"N": str (minute)}}
            cloud.ask ("DeleteItem", TableName=dynakit.SYSTEM, Key=key)
        backfill (home, cloud, "--until", "@" + until, since="@" + str (min (m for _, m in before))).ok ()
        after = cloud.check ()
        kk.check (len (after) >= 3, "written again", after)
        del after[min (after)]  # the first sample has no cpu_percent: it counts for the daemon's means of memory, and is not recorded
        for key, item in after.items ():
            differ = {k for k in item if k not in ("created_at", "collected_at", "ttl") and item[k] != before[key].get (k)}
            kk.equal (differ, set (), f"what differs: {item} {before[key]}")
            kk.check (abs (item["collected_at"] - before[key]["collected_at"]) < 0.0011, "its time", (item, before[key]))


@kk.test
def what_it_is_linked_with (home):
    "the daemon links no libcurl and no OpenSSL; the command does"
    kk.need_tool ("ldd")
    def linked (path):
        return home.run (path, program="ldd").out
    kk.check ("libcurl" not in linked (os.path.join (kk.BUILD, "core", "kode-kronical-daemon")), "the daemon")
    kk.contains (linked (COMMAND), "libcurl", "the command")
    kk.contains (home.run ("--help").ok ().out, "dynamodb   Check the upload to DynamoDB", "the list of commands")
    kk.contains (home.run ("dynamodb", "--help").ok ().out, "Usage: kode-kronical-daemon dynamodb check", "its help")


kk.main ()
