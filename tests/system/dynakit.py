"""DynamoDB for the tests: dynalite in memory, a proxy before it (dynaproxy), a daemon that uploads there, and what a table has to hold.

    with dynakit.Cloud (home) as cloud:                       # skips the test where dynalite is not there
        cloud.proxy.next ("throttling", times=3)
        with home.daemon (dynakit.config (), env=cloud.env ()):
            kk.wait_for (cloud.minutes, 90, "a minute")
        cloud.check ()

Tables are there at once when they are made, unless `create_ms` says after how long."""

import itertools
import json
import math
import os
import re
import shutil
import ssl
import subprocess

import dynaproxy
import fakeaws
import filekit
import kk

SYSTEM, REGISTRY = "kode-kronical-system", "kode-kronical-systems-registry"
KEY = "AKIDENV"
TTL_DAYS = 30
FULL = bool (os.environ.get ("KK_FULL"))
SPOOL_FILL = os.path.join (kk.BUILD, "tests", "dynamodb", "spool-fill")
SERVER = """
const server = require (process.argv[1]) (JSON.parse (process.argv[3]));
server.keepAliveTimeout = 0;  // the proxy keeps its connections
server.listen (process.argv[2], () => console.log ('ready'));
process.stdin.on ('end', () => process.exit (0)).resume ();
"""


def place ():
    """Where dynalite is; without it the test is skipped."""
    kk.need_tool ("node")
    home = os.path.expanduser ("~") if os.environ.get ("HOME") else "/root"
    top = os.path.join (os.environ.get ("KK_CACHE") or os.path.join (home, ".cache", "kode-kronical-tests"), "dynalite")
    if not os.path.exists (os.path.join (top, "installed")):
        kk.skip ("needs dynalite, which contrib/dynalite/get installs")
    return os.path.join (top, "node_modules", "dynalite")


def config (daemon="", options="", more=""):
    """A daemon.yaml with the upload on. daemon, options: further keys of these sections; more: further lines."""
    return f"""daemon: {{enable_dynamodb_upload: true, enable_network_monitoring: false{", " if daemon else ""}{daemon}}}
plugins:
  process: {{enabled: false}}
  dynamodb-writer: {{{options}}}
{more}"""


def certificate (home):
    """A key, and a certificate for 127.0.0.1 that vouches for itself."""
    kk.need_tool ("openssl")
    key, cert = os.path.join (home.top, "key.pem"), os.path.join (home.top, "cert.pem")
    home.run ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert, "-days", "30000",
              "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", program=shutil.which ("openssl")).ok ()
    return key, cert


def fast (home, rate=60):
    """A daemon's clock that is so many times faster, less where everything is slow; it begins with a minute, and the host's place is in its
    middle. KK_SECOND and KK_HOST begin elsewhere."""
    shim = filekit.Shim (home)
    shim.hostname (os.environ.get ("KK_HOST") or "host150")
    shim.from_second (float (os.environ.get ("KK_SECOND") or 0))
    shim.faster (max (1, round (rate / kk.SLOW)))
    return shim


def writer (d):
    """What the status says of the instance."""
    return filekit.writer (d, "dynamodb-writer")["status"]


def queue (d):
    """How many minutes wait in the spool."""
    return int (writer (d).get ("queue", "-1").split ()[0])


def recorded (home):
    """The recorded entries by their minute."""
    found = {}
    for entry in home.metrics ():
        found.setdefault (int (entry["system"]["timestamp"]) // 60 * 60, []).append (entry["system"])
    return found


def had_their_turn (home, minutes):
    """The recorded entries of the minutes up to the newest of these, which are in the table. When the daemon ended, those after it may have
    waited for this host's place in the minute."""
    newest, found = max ((m for _, m in minutes), default=0), recorded (home)
    return {m: found[m] for m in sorted (found)[:-1] if m <= newest}


def all_up (home, cloud, d):
    """Whether nothing waits but a minute that waits for this host's place: near the end of the minute there nearly always is one."""
    if queue (d) > 1:
        return False
    minutes = cloud.minutes ()
    return bool (minutes) and set (had_their_turn (home, minutes)) <= {m for _, m in minutes}


def fill_spool (home, host, first, count, samples=60, *again, place=None):
    """Puts so many minutes into the spool of a daemon that does not run. place: its spool_dir."""
    os.makedirs (home.data, 0o700, exist_ok=True)
    home.run (place or os.path.join (home.data, "dynamodb-writer"), host, first, count, samples, *again, program=SPOOL_FILL, timeout=60).ok ()


def check_filled (minutes, host, first, count, samples=60):
    """That the table has just these minutes of that host, with their values."""
    have = sorted (m for h, m in minutes if h == host)
    want = [first + 60 * i for i in range (count)]
    kk.check (have == want, "minutes", f"missing {sorted (set (want) - set (have))[:5]}, not wanted {sorted (set (have) - set (want))[:5]}")
    for minute in want:
        item = minutes[(host, minute)]
        for i, (name, scale) in enumerate ((("cpu_percent", 10), ("memory_percent", 10), ("memory_available_mb", 1), ("memory_used_mb", 1),
                                            ("cpu_percent_max", 10), ("cpu_percent_p95", 10))):
            kk.equal (item[name], (minute // 60 * 7 + samples * 31 + i * 97) % 1000 / scale, f"{name} of minute {minute}")
        kk.equal ((item["collected_at"], item["samples"]), (minute + 59.004, samples), f"minute {minute}")


class Cloud:
    """dynalite and the proxy; with `with`, or start () and stop ()."""

    def __init__ (self, home, create_ms=0, tls=False, shim=None):
        self.socket = os.path.join (home.top, "dynalite.sock")
        options = json.dumps ({"createTableMs": create_ms, "deleteTableMs": 0, "updateTableMs": 0})
        # Its end is that of its input: also when this test is killed nothing stays behind.
        self.process = home.spawn ("node", "-e", SERVER, place (), self.socket, options, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        kk.equal (self.process.stdout.readline (), "ready\n", "dynalite")
        context, self.ca = None, None
        if tls:
            key, self.ca = certificate (home)
            context = ssl.SSLContext (ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain (self.ca, key)
        self.proxy = dynaproxy.Proxy (self.socket, context)
        self.proxy.shim = self.shim = shim
        self.sessions = itertools.count (1)

    def __enter__ (self):
        self.proxy.__enter__ ()
        return self

    def __exit__ (self, kind, *_):
        self.proxy.__exit__ ()
        self.process.stdin.close ()
        self.process.stdout.close ()
        if self.proxy.broken:
            raise kk.Failed ("the proxy itself failed: " + self.proxy.broken[0])
        kk.check (self.process.wait (20 * kk.SLOW) == 0 or kind, "the end of dynalite", self.process.returncode)

    def env (self, **more):
        """The environment of a daemon that uploads here."""
        env = fakeaws.no_aws (AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=fakeaws.KEYS[KEY], AWS_ENDPOINT_URL_DYNAMODB=self.proxy.url ())
        return {**env, **(self.shim.env () if self.shim else {}), **more}

    def container (self, **more):
        """The same with credentials of a container's endpoint: others each time, which last an hour."""
        def run (handler, _):
            made = fakeaws.session (f"N{next (self.sessions)}", 3600 + (self.shim.ahead () if self.shim else 0), self.proxy)
            handler.reply (200, json.dumps (made))
        self.proxy.on ("GET", "/creds", run)
        return self.env (AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, AWS_CONTAINER_CREDENTIALS_FULL_URI=self.proxy.url ("/creds"), **more)

    # ---- Past the proxy ----

    def ask (self, operation, **body):
        """Any request, answered by dynalite itself."""
        with_end = dynaproxy.Backend (self.socket)
        try:
            status, _, data = with_end.ask (operation, json.dumps (body))
        finally:
            with_end.close ()
        kk.equal (status, 200, f"{operation}: {data[:500]}")
        return json.loads (data)

    def tables (self):
        return self.ask ("ListTables")["TableNames"]

    def scan (self, table=SYSTEM):
        """Every item of a table."""
        items, start = [], {}
        while start is not None:
            page = self.ask ("Scan", TableName=table, ConsistentRead=True, **start)
            items += page["Items"]
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]} if "LastEvaluatedKey" in page else None
        return items

    def minutes (self, table=SYSTEM):
        """What is in the table, plain, by (host name, minute); nothing before the table is there."""
        if table not in self.tables ():
            return {}
        return {(i["hostname"]["S"], int (i["minute_timestamp"]["N"])): plain (i) for i in self.scan (table)}

    def registry (self, host=None):
        """The row of a host, or of the only one; None: there is none."""
        rows = [plain (i) for i in self.scan (REGISTRY)] if REGISTRY in self.tables () else []
        rows = [r for r in rows if host in (None, r["hostname"])]
        kk.check (len (rows) < 2, "one row", rows)
        return rows[0] if rows else None

    def make (self, table, *keys):
        """Makes a table with these keys, as in ("hostname", "S")."""
        self.ask ("CreateTable", TableName=table, BillingMode="PAY_PER_REQUEST",
                  AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in keys],
                  KeySchema=[{"AttributeName": n, "KeyType": k} for (n, _), k in zip (keys, ("HASH", "RANGE"))])

    def check (self, **more):
        """That every item is as the readers need it, and every signature was right; the items, plain."""
        self.proxy.all_signed ()
        for item in self.scan (SYSTEM):
            check_item (item, **more)
        for item in self.scan (REGISTRY) if REGISTRY in self.tables () else []:
            check_row (item)
        return self.minutes ()


def plain (item):
    """An item as numbers, texts and booleans."""
    def value (v):
        kind, text = next (iter (v.items ()))
        return text if kind != "N" else float (text) if re.search ("[.eE]", text) else int (text)
    return {name: value (v) for name, v in item.items ()}


def size (item):
    """Bytes of an item, as DynamoDB counts them but for numbers, which are smaller there."""
    return sum (len (name.encode ()) + (1 if "BOOL" in v else len (next (iter (v.values ())).encode ())) for name, v in item.items ())


TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}"
KINDS = {"hostname_hour": "S", "minute_timestamp": "N", "hostname": "S", "timestamp": "N", "cpu_percent": "N", "memory_percent": "N",
         "memory_available_mb": "N", "memory_used_mb": "N", "collected_at": "N", "created_at": "S", "ttl": "N"}
ROW = {"hostname": "S", "platform": "S", "first_seen": "N", "last_seen": "N", "last_update": "S", "active": "BOOL", "status": "S",
       "cpu_percent": "N", "memory_percent": "N"}


def check_kinds (item, kinds):
    """Types: those that are agreed, and of others only what the viewer can show."""
    for name, value in item.items ():
        kind, text = next (iter (value.items ()))
        kk.check (len (value) == 1 and kind in ("N", "S", "BOOL"), "an attribute that the viewer cannot show", f"{name}: {value}")
        kk.check (kind != "N" or math.isfinite (float (text)), "a number that is none", f"{name}: {value}")
        kk.check (kind != "BOOL" or isinstance (text, bool), "a boolean", f"{name}: {value}")
    for name, kind in kinds.items ():
        kk.equal (list (item.get (name, {})), [kind], f"the type of {name} in {item}")
    for name in ("cpu_percent", "memory_percent"):
        text = item[name]["N"]
        kk.check (re.fullmatch (r"\d+(\.\d)?", text) and 0 <= float (text) <= 100, f"{name}: one decimal, 0 to 100", text)


def check_item (item, ttl_days=TTL_DAYS):
    """That an item of the system table is as agreed."""
    check_kinds (item, KINDS)
    kk.check (size (item) <= 1024, "an item that costs more than one write", size (item))
    p = plain (item)
    minute = p["minute_timestamp"]
    hour = fakeaws.datetime.datetime.fromtimestamp (minute, fakeaws.datetime.timezone.utc).strftime ("%Y-%m-%d-%H")
    kk.equal (p["hostname_hour"], f"{p['hostname']}#{hour}", "hostname_hour")
    for name in ("minute_timestamp", "timestamp", "memory_available_mb", "memory_used_mb", "ttl"):
        kk.check (re.fullmatch (r"\d+", item[name]["N"]), "a whole number", f"{name}: {item[name]}")
    kk.check (minute % 60 == 0 and p["timestamp"] == minute, "a whole minute", p)
    kk.check (minute <= p["collected_at"] < minute + 60, "collected_at lies in the minute", p)
    kk.check (0 <= p["ttl"] - p["collected_at"] - ttl_days * 86400 + 1 < 2, "ttl", p)
    kk.check (re.fullmatch (TIME, p["created_at"]), "created_at", p["created_at"])


def check_row (item):
    """That a row of the registry is as agreed."""
    check_kinds (item, ROW)
    p = plain (item)
    kk.check (p["platform"] in ("Linux", "Darwin", "Windows") and p["status"] in ("online", "offline"), "platform and status", p)
    kk.check (p["first_seen"] <= p["last_seen"] and re.fullmatch (TIME, p["last_update"]), "times", p)
