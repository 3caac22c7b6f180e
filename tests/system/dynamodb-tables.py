"""Tables: made when they are missing, waited for without holding anything up, never mistaken, and left to those who make them by hand."""

import dynakit
import dynaproxy
import kk

OFTEN = "sample_interval: 5"
KEYS = {dynakit.SYSTEM: (("hostname_hour", "S", "HASH"), ("minute_timestamp", "N", "RANGE")), dynakit.REGISTRY: (("hostname", "S", "HASH"),)}


def check_table (cloud, name, keys):
    table = cloud.ask ("DescribeTable", TableName=name)["Table"]
    types = {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]}
    kk.equal ([(k["AttributeName"], types[k["AttributeName"]], k["KeyType"]) for k in table["KeySchema"]], list (keys), f"keys of {name}")
    kk.equal (table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST", f"how {name} is paid")


def complete (home, cloud):
    """That every recorded minute that is over is in the table with all of its samples."""
    have = {m: i["samples"] for (_, m), i in cloud.check ().items ()}
    recorded = {m: len (e) for m, e in dynakit.had_their_turn (home, cloud.minutes ()).items ()}
    kk.check (recorded, "minutes were recorded")
    kk.equal ([(m, n, have.get (m)) for m, n in recorded.items () if have.get (m) != n], [], "minutes with other numbers of samples")


@kk.test
def made (home):
    "both tables are made as agreed, with their tags, and minutes expire"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()):
            kk.wait_for (lambda: cloud.minutes () and cloud.registry (), 60, "a minute and a row")
            for name, keys in KEYS.items ():
                check_table (cloud, name, keys)
                kk.wait_for (lambda n=name: cloud.proxy.tags.get (n) == {"Application": "kode-kronical", "Version": "v2-optimized"}, 30, "tags")
            kk.equal (cloud.proxy.ttl, {dynakit.SYSTEM: {"AttributeName": "ttl", "TimeToLiveStatus": "ENABLED"}}, "what expires")
        first = len (cloud.proxy.calls)
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()):
            before = len (cloud.minutes ())
            kk.wait_for (lambda: len (cloud.minutes ()) >= before + 3, 60, "three minutes more")
        again = [c.operation for c in cloud.proxy.calls[first:]]
        kk.check ("CreateTable" not in again and again.count ("DescribeTable") <= 2, "tables that are there are looked at once", again)
        complete (home, cloud)


@kk.test
def slowly (home):
    "a table that takes its time holds up no sample, and no minute is lost over it"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, create_ms=4000, shim=shim) as cloud:
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()):
            kk.wait_for (lambda: cloud.minutes () and cloud.registry (), 60, "a minute and a row")
            kk.wait_for (lambda: set (dynakit.recorded (home)) <= {m for _, m in cloud.minutes ()} | {max (dynakit.recorded (home))}, 60, "all of them")
        complete (home, cloud)
        kk.equal (cloud.proxy.count ("CreateTable"), 2, "tables made")
        early = [c for c in cloud.proxy.calls if c.error == "ResourceNotFoundException" and c.operation in ("PutItem", "BatchWriteItem")]
        kk.equal (early, [], "writes to what is not there")


@kk.test
def two_at_once (home):
    "who finds that another machine makes the table at this moment waits for it"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, create_ms=1000, shim=shim) as cloud:
        # Not there when it looks, and there when it makes it.
        cloud.proxy.meanwhile = lambda call: cloud.make (call.table, *[k[:2] for k in KEYS[call.table]]) if call.operation == "CreateTable" else None
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()):
            kk.wait_for (lambda: cloud.minutes () and cloud.registry (), 60, "a minute and a row")
        kk.equal ([c.error for c in cloud.proxy.calls if c.operation == "CreateTable"], ["ResourceInUseException"] * 2, "what it was told")
        complete (home, cloud)


@kk.test
def of_another_kind (home):
    "a table with other keys is not written to; the log says which keys it has to have, once"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.make (dynakit.SYSTEM, ("id", "S"))
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()) as d:
            kk.wait_for (lambda: "hostname_hour (S), minute_timestamp (N)" in home.log (), 60, "the sentence")
            kk.wait_for (lambda: dynakit.queue (d) >= 3 and cloud.registry (), 60, "minutes that wait, and a row")
            kk.equal (cloud.proxy.count ("PutItem", "BatchWriteItem"), 0, "writes")
            kk.equal (home.log ().count ("hostname_hour (S), minute_timestamp (N)"), 1, "said once")
            cloud.ask ("DeleteTable", TableName=dynakit.SYSTEM)
            kk.wait_for (lambda: dynakit.all_up (home, cloud, d), 60, "nothing waits")
        complete (home, cloud)


@kk.test
def deleted_meanwhile (home):
    "tables that are deleted while it runs are made again, with tags and expiry, and no later minute is lost"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()):
            kk.wait_for (lambda: len (cloud.minutes ()) >= 2 and cloud.registry (), 60, "two minutes and a row")
            newest = max (m for _, m in cloud.minutes ())
            for name in KEYS:
                cloud.ask ("DeleteTable", TableName=name)
            cloud.proxy.tags.clear ()
            cloud.proxy.ttl.clear ()
            kk.wait_for (lambda: len (cloud.minutes ()) >= 3 and cloud.registry (), 60, "three minutes and a row")
            kk.wait_for (lambda: set (cloud.proxy.tags) == set (KEYS) and set (cloud.proxy.ttl) == {dynakit.SYSTEM}, 30, "tags and expiry")
        for name, keys in KEYS.items ():
            check_table (cloud, name, keys)
        have = {m: i["samples"] for (_, m), i in cloud.check ().items ()}
        later = {m: len (e) for m, e in dynakit.had_their_turn (home, cloud.minutes ()).items () if m > newest}
        kk.equal ([(m, n, have.get (m)) for m, n in later.items () if have.get (m) != n], [], "minutes with other numbers of samples")


@kk.test
def by_hand (home):
    "who makes the tables himself: nothing is made, minutes wait, and go up once the tables are there"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.proxy.denied = {"CreateTable"}
        with home.daemon (dynakit.config (OFTEN, options="create_tables: false"), env=cloud.env ()) as d:
            kk.wait_for (lambda: dynakit.queue (d) >= 2, 60, "minutes that wait")
            kk.check (dynakit.SYSTEM in dynakit.writer (d)["trouble"], "status names the table", dynakit.writer (d))
            kk.equal (cloud.proxy.count ("CreateTable"), 0, "tables made")
            for name, keys in KEYS.items ():
                cloud.make (name, *[k[:2] for k in keys])
            kk.wait_for (lambda: cloud.registry () and dynakit.all_up (home, cloud, d), 60, "nothing waits")
        complete (home, cloud)


@kk.test
def not_allowed (home):
    "who may not make tables is told so in AWS's word, and what to do"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.proxy.allowed = dynaproxy.GUIDE - {"CreateTable"}
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()) as d:
            kk.wait_for (lambda: "AccessDenied: User is not authorized to perform: dynamodb:CreateTable" in home.log (), 60, "the sentence")
            kk.contains (home.log (), "--print-tables", "what to do")
            kk.wait_for (lambda: dynakit.queue (d) >= 2, 60, "minutes that wait")
            kk.check (home.log ().count ("perform: dynamodb:CreateTable") <= 4, "said seldom", home.log ().count ("perform: dynamodb:CreateTable"))
            for name, keys in KEYS.items ():
                cloud.make (name, *[k[:2] for k in keys])
            kk.wait_for (lambda: dynakit.all_up (home, cloud, d), 60, "nothing waits")
        complete (home, cloud)


@kk.test
def other_names (home):
    "tables of other names and another region, from the flat keys"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        cloud.proxy.region = "eu-central-1"
        flat = OFTEN + ", dynamodb_table_name: our-minutes, registry_table_name: our-machines, dynamodb_region: eu-central-1"
        with home.daemon (dynakit.config (flat), env=cloud.env ()):
            kk.wait_for (lambda: cloud.minutes ("our-minutes") and "our-machines" in cloud.tables () and cloud.scan ("our-machines"), 60, "both")
        kk.equal (sorted (cloud.tables ()), ["our-machines", "our-minutes"], "tables")
        cloud.proxy.all_signed ()
        for item in cloud.scan ("our-minutes"):
            dynakit.check_item (item)


@kk.test
def reload_to_another (home):
    "a reload that names another table: the minute under way goes there, and those before stay where they are"
    shim = dynakit.fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        with home.daemon (dynakit.config (OFTEN), env=cloud.env ()):
            kk.wait_for (lambda: len (cloud.minutes ()) >= 2, 60, "two minutes")
            home.config (dynakit.config (OFTEN + ", dynamodb_table_name: another"))
            home.run ("reload", env=cloud.env ()).ok ()
            kk.wait_for (lambda: len (cloud.minutes ("another")) >= 2, 60, "two minutes there")
        have = {m: i["samples"] for t in (dynakit.SYSTEM, "another") for (_, m), i in cloud.minutes (t).items ()}
        recorded = {m: len (e) for m, e in dynakit.had_their_turn (home, cloud.minutes ("another")).items ()}
        kk.equal ([(m, n, have.get (m)) for m, n in recorded.items () if abs ((have.get (m) or 0) - n) > 1], [], "samples of each minute")


kk.main ()
