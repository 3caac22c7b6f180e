#!/usr/bin/env python3
"""The output dynamodb-writer in the daemon: minutes and the registry's row, what it tells, what it does without credentials, and that
nothing of it is loaded while it is off."""

import calendar
import json
import os
import re
import time

import dynakit
import dynaproxy
import fakeaws
import filekit
import kk


def fast (home, rate=20):
    return dynakit.fast (home, rate)


def writer (d):
    return filekit.writer (d, "dynamodb-writer")


def libraries (d):
    with open (f"/proc/{d.pid}/maps", encoding="utf-8") as f:
        return f.read ()


@kk.test
def minutes_and_row (home):
    "tables are made, each minute becomes an item by two requests, the registry says online, and offline after a stop"
    with dynakit.Cloud (home, create_ms=200, shim=fast (home)) as cloud:
        with home.daemon (dynakit.config (), env=cloud.env ()) as d:
            kk.wait_for (lambda: len (cloud.minutes ()) >= 3, 60, "three minutes")
            kk.wait_for (cloud.registry, 30, "a row")
            row = cloud.registry ()
            kk.equal ((row["status"], row["active"], row["platform"]), ("online", True, "Linux"), "the row")
            kk.wait_for (lambda: "minute" in writer (d)["status"].get ("last upload", ""), 10, "status says so")
            kk.contains (writer (d)["status"]["spool"], "of 16.0 MiB; kept at most 30 d", "the bounds")
            kk.check ("trouble" not in writer (d)["status"], "no trouble", writer (d))
        after = cloud.registry ()
        kk.equal (after["status"], "offline", "after a stop")
        kk.check (after["last_seen"] >= row["last_seen"] and after["first_seen"] == row["first_seen"], "when it was seen", (row, after))
        cloud.check ()
        operations = [c.operation for c in cloud.proxy.calls]
        kk.equal (operations.count ("CreateTable"), 2, "tables made")
        puts = [c for c in cloud.proxy.calls if c.operation == "PutItem"]
        kk.check (len ({c.connection for c in puts}) == 1, "one connection", puts)
        steady = operations[operations.index ("PutItem", len (operations) - operations[::-1].index ("TagResource")):]
        kk.check (set (steady) == {"PutItem", "UpdateItem"} and abs (steady.count ("PutItem") - steady.count ("UpdateItem")) <= 2, "two a minute", steady)
    kk.contains (home.log (), "written to DynamoDB table kode-kronical-system", "the log")
    for secret in fakeaws.SECRETS:
        kk.check (secret not in home.log (), "a secret in the log")


@kk.test
def guide_permissions (home):
    "with exactly the permissions of the guide it works, and says once what is denied"
    with dynakit.Cloud (home, shim=fast (home)) as cloud:
        cloud.proxy.allowed = dynaproxy.GUIDE
        with home.daemon (dynakit.config (), env=cloud.env ()) as d:
            kk.wait_for (lambda: len (cloud.minutes ()) >= 3, 60, "three minutes")
            kk.check ("trouble" not in writer (d)["status"], "no trouble", writer (d))
            row = cloud.registry ()
            kk.equal (row["status"], "online", "the row")
        kk.equal (cloud.registry ()["status"], "offline", "after a stop")
        kk.equal (cloud.registry ()["first_seen"], row["first_seen"], "first_seen stays")
        cloud.check ()
    for operation in ("UpdateItem", "UpdateTimeToLive"):
        kk.equal (home.log ().count (f"AccessDenied: User is not authorized to perform: dynamodb:{operation}"), 1, operation)


@kk.test
def no_credentials (home):
    "without credentials it says so once and keeps the minutes; once there are some they go up without a restart"
    with dynakit.Cloud (home, shim=fast (home)) as cloud:
        env = cloud.env (AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
        with home.daemon (dynakit.config (), env=env) as d:
            kk.wait_for (lambda: "NoCredentialsError: Unable to locate credentials" in home.log (), 10, "the sentence")
            kk.wait_for (lambda: writer (d)["status"].get ("queue", "0").split ()[0] >= "2", 60, "minutes that wait")
            kk.contains (writer (d)["status"]["trouble"], "NoCredentialsError", "status")
            kk.equal (cloud.minutes (), {}, "nothing there yet")
            home.write (".aws/credentials", f"[default]\naws_access_key_id = {dynakit.KEY}\naws_secret_access_key = {fakeaws.KEYS[dynakit.KEY]}\n", 0o600)
            kk.wait_for (lambda: len (cloud.minutes ()) >= 2, 60, "the minutes")
            kk.wait_for (lambda: "trouble" not in writer (d)["status"], 10, "the trouble is over")
        kk.equal (home.log ().count ("NoCredentialsError"), 1, "said once")
        kk.contains (home.log (), "upload to DynamoDB works again", "the log")
        cloud.check ()


@kk.test
def no_endpoint (home):
    "where nobody listens the documented sentence stands in the log once, and a stop is not held up"
    env = fakeaws.no_aws (AWS_ACCESS_KEY_ID=dynakit.KEY, AWS_SECRET_ACCESS_KEY=fakeaws.KEYS[dynakit.KEY],
                          AWS_ENDPOINT_URL_DYNAMODB=f"http://127.0.0.1:{fakeaws.closed_port ()}")
    with home.daemon (dynakit.config (options="spread: 0"), env=env) as d:
        kk.wait_for (lambda: 'EndpointConnectionError: Could not connect to the endpoint URL: "http://127.0.0.1' in home.log (), 10, "the sentence")
        kk.contains (writer (d)["status"]["last error"], "EndpointConnectionError", "status")
    kk.equal (home.log ().count ("EndpointConnectionError"), 1, "said once")


@kk.test
def hanging_server (home):
    "a server that never answers holds up no stop, and no recorded file"
    with dynakit.Cloud (home) as cloud:
        cloud.proxy.next ("hang", times=100)
        d = home.daemon (dynakit.config (options="spread: 0"), env=cloud.env ())
        with d:
            kk.wait_for (lambda: cloud.proxy.calls, 10, "a request")
            kk.wait_for (home.metrics, 20, "recorded files")
            start = time.monotonic ()
        kk.check (time.monotonic () - start < 5 * kk.SLOW, "how long the stop takes", time.monotonic () - start)


@kk.test
def restart_in_the_minute (home):
    "a restart and a reload in the middle of a minute go on with it"
    with dynakit.Cloud (home, shim=fast (home, 8)) as cloud:
        with home.daemon (dynakit.config (), env=cloud.env ()) as d:
            kk.wait_for (lambda: d.status ()["ticks"]["taken"] > 20, 30, "samples")
        with home.daemon (dynakit.config (), env=cloud.env ()) as d:
            kk.wait_for (lambda: d.status ()["ticks"]["taken"] > 20, 30, "samples")
            home.config (dynakit.config (options="ttl_days: 30, spool_age: 20d"))
            home.run ("reload").ok ()
            kk.wait_for (lambda: len (cloud.minutes ()) >= 3, 90, "three minutes")
            kk.equal (cloud.registry ()["status"], "online", "after a reload")
        samples = {minute: item["samples"] for (_, minute), item in cloud.check ().items ()}
        recorded = {}
        for entry in home.metrics ():
            minute = int (entry["system"]["timestamp"]) // 60 * 60
            recorded[minute] = recorded.get (minute, 0) + 1
        for minute in sorted (samples)[:-1]:
            kk.check (abs (samples[minute] - recorded.get (minute, 0)) <= 1, "samples of a minute", (minute, samples, recorded))


@kk.test
def online_after_a_reload (home):
    "a reload that replaces it tells the registry offline, and online at once, not only at this machine's place of the next minute"
    shim = fast (home)
    with dynakit.Cloud (home, shim=shim) as cloud:
        def said ():
            return ["offline" if '"offline"' in json.dumps (c.body) else "online" for c in list (cloud.proxy.calls) if c.operation == "UpdateItem" and c.done]
        with home.daemon (dynakit.config (), env=cloud.env ()):
            kk.wait_for (lambda: len (said ()) >= 2, 60, "a row twice")
            shim.faster (1)  # its place has just gone by: the next one is nearly a minute away
            home.config (dynakit.config (options="ttl_days: 31"))
            home.run ("reload", env=cloud.env ()).ok ()
            kk.wait_for (lambda: said ()[-2:] == ["offline", "online"], 15, "online again")
            kk.equal (cloud.registry ()["status"], "online", "the row")


@kk.test
def no_place_for_the_minute (home):
    "where the file of the minute that runs cannot be opened the log says so once, and it is made as soon as it can be"
    place = os.path.join (home.data, "dynamodb-writer", "minute")
    os.makedirs (place, 0o700)
    with dynakit.Cloud (home, shim=fast (home)) as cloud:
        with home.daemon (dynakit.config (), env=cloud.env ()):
            kk.wait_for (lambda: len (cloud.minutes ()) >= 2, 60, "minutes all the same")
            kk.equal (home.log ().count ("file minute of the spool's directory: Is a directory"), 1, "said once")
            os.rmdir (place)
            kk.wait_for (lambda: os.path.isfile (place) and os.path.getsize (place) > 100, 30, "the file")
        cloud.check ()


@kk.test (deadline=120)
def next_try (home):
    "status tells people and programs when it is tried next, with and without trouble, and then it is"
    def promised ():
        for i in home.run ("status", "--json").ok ().json ()["instances"]:
            if i["name"] == "dynamodb-writer":
                return i["status"]["next try"]
        return None

    def keeps (cloud, least):
        def ahead ():
            before, done = promised (), cloud.proxy.count ()
            shown = re.search (r"^  next try +(.*)$", home.run ("status").ok ().out, re.MULTILINE)
            if not shown or before != promised () or done != cloud.proxy.count ():
                return None
            kk.equal (shown[1], before, "what people see")
            when = calendar.timegm (time.strptime (before, "%Y-%m-%d %H:%M:%S UTC"))
            kk.check (when < cloud.proxy.now () + 62, "within a minute", when - cloud.proxy.now ())
            return when > cloud.proxy.now () + least and (when, done)
        when, done = kk.wait_for (ahead, 60, "a time to come")
        kk.wait_for (lambda: cloud.proxy.count () > done, 60, "a request")
        late = cloud.proxy.calls[done].time - when
        kk.check (-2 < late < 30 * kk.SLOW, "the next request comes when status said", late)

    with dynakit.Cloud (home, shim=fast (home, 4)) as cloud:
        with home.daemon (dynakit.config (), env=cloud.env ()) as d:
            kk.wait_for (lambda: cloud.minutes () and cloud.registry (), 60, "a minute and a row")
            keeps (cloud, 10)
            cloud.proxy.next ("internal", times=None)
            kk.wait_for (lambda: "trouble" in writer (d)["status"], 60, "trouble")
            keeps (cloud, 20)


@kk.test
def off_loads_nothing (home):
    "a daemon without the upload never loads libcurl or OpenSSL"
    with home.daemon (dynakit.config ().replace ("enable_dynamodb_upload: true", "enable_dynamodb_upload: false")) as d:
        for name in ("libcurl", "libssl", "libcrypto", "dynamodb-writer.so"):
            kk.check (name not in libraries (d), f"{name} is loaded")
        home.config (dynakit.config (options="spread: 0"))
        home.run ("reload", env=fakeaws.no_aws ()).ok ()
        kk.contains (libraries (d), "libcurl", "with it")


@kk.test
def plugin_check (home):
    "plugin check finds no fault in it, also none of libcurl's descriptors in programs that are started"
    r = home.run ("plugin", "check", os.path.join (os.environ["KODE_KRONICAL_PLUGINS"], "dynamodb-writer.so"), env=fakeaws.no_aws (), timeout=60)
    kk.equal (r.rc, 0, f"faults: {r}")


@kk.test
def names_that_are_none (home):
    "config --check says what is wrong with names of tables, regions and endpoints, and where"
    for options, place, part in (("table: a table", "'a table' is no name of a table", "table"),
                                 ("region: Frankfurt", "'Frankfurt' is no name of a region", "region"),
                                 ("endpoint: localhost", "'localhost' is no address", "endpoint")):
        r = home.run ("config", "--check", home.write ("t.yaml", dynakit.config (options=options)))
        kk.equal (r.rc, 1, f"status for {options}: {r}")
        kk.contains (r.all, place, part)


kk.main ()
