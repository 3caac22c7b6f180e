"""The kit for the uploads: what stands before dynalite is as particular as AWS, and each fault really happens."""

import calendar
import json
import re
import socket
import ssl
import time
import zlib

import dynakit
import dynaproxy
import fakeaws
import kk

try:
    import botocore.config
    import botocore.exceptions
    import botocore.session
except ImportError:
    botocore = None


class Client:
    """A client of the proxy that hides nothing: it signs by hand and reads what comes off the wire."""

    def __init__ (self, cloud, key=dynakit.KEY, secret=None, token=None):
        self.cloud, self.key, self.token = cloud, key, token
        self.secret = secret or cloud.proxy.keys[key][0]
        self.ahead, self.region, self.leave_out = 0, "us-east-1", ()

    def ask (self, operation, timeout=20, **body):
        """Status, headers and body; an exception where no whole answer comes."""
        port = self.cloud.proxy.server_address[1]
        stamp = re.sub ("[-:]", "", fakeaws.stamp (self.ahead))
        request = type ("Request", (), {"method": "POST", "path": "/", "body": json.dumps (body), "headers": {
            "host": f"127.0.0.1:{port}", "content-type": "application/x-amz-json-1.0", "x-amz-date": stamp,
            "x-amz-target": "DynamoDB_20120810." + operation, **({"x-amz-security-token": self.token} if self.token else {})}})
        names = sorted (n for n in request.headers if n not in self.leave_out)
        scope = f"{stamp[:8]}/{self.region}/dynamodb/aws4_request"
        made = fakeaws.signature (self.secret, request, names, scope)
        request.headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={self.key}/{scope}, SignedHeaders={';'.join (names)}, Signature={made}"
        return self.raw (request.headers, request.body, timeout)

    def raw (self, headers, body, timeout=20):
        head = "".join (f"{n}: {v}\r\n" for n, v in headers.items ())
        with socket.create_connection (("127.0.0.1", self.cloud.proxy.server_address[1]), timeout * kk.SLOW) as s:
            s.sendall (f"POST / HTTP/1.1\r\n{head}content-length: {len (body)}\r\n\r\n{body}".encode ())
            with s.makefile ("rb") as f:
                line = f.readline ()
                if not line:
                    raise ConnectionError ("closed")
                got = {}
                while (text := f.readline ().decode ().strip ()):
                    name, _, value = text.partition (": ")
                    got[name.lower ()] = value
                return int (line.split ()[1]), got, f.read (int (got["content-length"]))

    def refused (self, word, operation="ListTables", **body):
        status, _, data = self.ask (operation, **body)
        kk.check (status >= 400, "refused", data)
        kk.contains (data.decode (), word, "the reason")
        return json.loads (data)


def item (host, minute, **more):
    return {"hostname_hour": {"S": f"{host}#x"}, "minute_timestamp": {"N": str (minute)}, "hostname": {"S": host}, **more}


def ready (cloud):
    cloud.make (dynakit.SYSTEM, ("hostname_hour", "S"), ("minute_timestamp", "N"))
    return Client (cloud)


def put (client, minute, **more):
    return client.ask ("PutItem", TableName=dynakit.SYSTEM, Item=item ("h", minute), **more)


@kk.test
def signatures (home):
    "a request with another signature, key, token, region, time or without signed headers is refused, and written down"
    with dynakit.Cloud (home) as cloud:
        client = Client (cloud)
        kk.equal (client.ask ("ListTables")[0], 200, "a request as it has to be")
        cloud.proxy.all_signed ()
        bad = Client (cloud, secret="another")
        bad.refused ("InvalidSignatureException")
        Client (cloud, key="AKIDNOBODY", secret="x").refused ("UnrecognizedClientException")
        Client (cloud, token="a-token").refused ("UnrecognizedClientException")
        for ahead, word in ((-1000, "Signature expired"), (400, "not yet current")):
            client.ahead = ahead
            client.refused (word)
        client.ahead, client.region = 0, "eu-west-1"
        client.refused ("valid region")
        client.region, client.leave_out = "us-east-1", ("x-amz-target",)
        client.refused ("headers that have to be signed")
        headers = {"host": "x", "x-amz-target": "DynamoDB_20120810.ListTables", "x-amz-date": "20260101T000000Z"}
        kk.contains (client.raw (headers, "{}")[2].decode (), "MissingAuthenticationToken", "without")
        kk.contains (client.raw ({**headers, "authorization": "AWS4-HMAC-SHA256 Credential=x"}, "{}")[2].decode (), "IncompleteSignature", "in part")
        kk.equal (len (cloud.proxy.wrong), 9, "refused requests")


@kk.test
def sessions (home):
    "temporary credentials need their token, and expire for good"
    with dynakit.Cloud (home) as cloud:
        made = fakeaws.session ("SELF", server=cloud.proxy)
        client = Client (cloud, made["AccessKeyId"], token=made["Token"])
        kk.equal (client.ask ("ListTables")[0], 200, "with the token")
        Client (cloud, made["AccessKeyId"]).refused ("UnrecognizedClientException")
        cloud.proxy.next ("expired")
        for _ in range (2):
            client.refused ("ExpiredTokenException")


@kk.test
def both_signatures (home):
    "botocore and our own arithmetic come to the same signatures"
    if not dynaproxy.SigV4Auth:
        kk.skip ("needs botocore")
    with dynakit.Cloud (home) as cloud:
        client = Client (cloud)
        for text in ("", "é", "x" * 3000):
            kk.equal (client.ask ("ListTables", ExclusiveStartTableName="abc" + "x" * len (text))[0], 200 if len (text) < 250 else 400, text[:9])
        for request in cloud.proxy.requests:
            names = ["content-type", "host", "x-amz-date", "x-amz-target"]
            both = [dynaproxy.signature ("s", request, names, request.headers["x-amz-date"][:8] + "/eu-west-1/dynamodb/aws4_request", how) for how in (True, False)]
            kk.equal (both[0], both[1], "signatures")


@kk.test
def another_client (home):
    "a client of AWS's own makes, tags, fills and reads a table"
    if not botocore:
        kk.skip ("needs botocore")
    with dynakit.Cloud (home) as cloud:
        proxy = cloud.proxy
        client = botocore.session.get_session ().create_client (
            "dynamodb", "us-east-1", endpoint_url=proxy.url (), aws_access_key_id=dynakit.KEY, aws_secret_access_key=proxy.keys[dynakit.KEY][0],
            config=botocore.config.Config (retries={"total_max_attempts": 1}))
        keys = {"AttributeDefinitions": [{"AttributeName": "hostname_hour", "AttributeType": "S"}, {"AttributeName": "minute_timestamp", "AttributeType": "N"}],
                "KeySchema": [{"AttributeName": "hostname_hour", "KeyType": "HASH"}, {"AttributeName": "minute_timestamp", "KeyType": "RANGE"}]}
        arn = client.create_table (TableName="table-t", BillingMode="PAY_PER_REQUEST", Tags=[{"Key": "a", "Value": "b"}], **keys)["TableDescription"]["TableArn"]
        kk.equal (client.describe_table (TableName="table-t")["Table"]["TableStatus"], "ACTIVE", "the table at once")
        client.tag_resource (ResourceArn=arn, Tags=[{"Key": "c", "Value": "d"}])
        kk.equal (client.list_tags_of_resource (ResourceArn=arn)["Tags"], [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}], "tags")
        wish = {"Enabled": True, "AttributeName": "ttl"}
        client.update_time_to_live (TableName="table-t", TimeToLiveSpecification=wish)
        kk.equal (client.describe_time_to_live (TableName="table-t")["TimeToLiveDescription"]["TimeToLiveStatus"], "ENABLED", "TTL")
        left = client.batch_write_item (RequestItems={"table-t": [{"PutRequest": {"Item": item ("h", n)}} for n in range (25)]})
        kk.equal (left["UnprocessedItems"], {}, "left")
        kk.equal (sorted (cloud.minutes ("table-t")), [("h", n) for n in range (25)], "the table")
        proxy.denied.add ("TagResource")
        for call, word in ((lambda: client.update_time_to_live (TableName="table-t", TimeToLiveSpecification=wish), "already enabled"),
                           (lambda: client.create_table (TableName="table-u", BillingMode="PAY_PER_REQUEST", Tags=[{"Key": "a", "Value": "b"}], **keys),
                            "not authorized to perform: dynamodb:TagResource on resource: arn:aws:dynamodb:us-east-1:123456789012:table/table-u"),
                           (lambda: client.update_time_to_live (TableName="table-u", TimeToLiveSpecification=wish), "not found")):
            try:
                call ()
                raise kk.Failed ("not refused: " + word)
            except botocore.exceptions.ClientError as e:
                kk.contains (str (e), word, "the reason")
        proxy.all_signed ()


@kk.test
def policies (home):
    "what a policy does not allow is refused in AWS's words and not done; calls are counted"
    with dynakit.Cloud (home) as cloud:
        client = ready (cloud)
        cloud.proxy.allowed = dynaproxy.GUIDE
        client.refused ("is not authorized to perform: dynamodb:UpdateItem on resource: arn:aws:dynamodb:us-east-1:123456789012:table/"
                        + dynakit.SYSTEM, "UpdateItem", TableName=dynakit.SYSTEM, Key=item ("h", 1))
        kk.equal (put (client, 60)[0], 200, "what is allowed")
        cloud.proxy.denied.add (("PutItem", dynakit.SYSTEM))
        kk.equal (put (client, 120)[0], 400, "what is not")
        kk.equal (list (cloud.minutes ()), [("h", 60)], "the table")
        last = cloud.proxy.calls[-1]
        kk.equal ((last.operation, last.table, last.host, last.error, last.items), ("PutItem", dynakit.SYSTEM, "h", "AccessDeniedException", 1), "a call")
        cloud.proxy.at_most (2, "PutItem")
        try:
            cloud.proxy.at_most (1, "PutItem")
        except kk.Failed:
            return
        raise kk.Failed ("two are not at most one")


@kk.test
def refusals (home):
    "throttling and errors of the server have their types and status, and nothing is done"
    with dynakit.Cloud (home) as cloud:
        client = ready (cloud)
        for fault, (status, kind, _) in dynaproxy.REFUSALS.items ():
            cloud.proxy.next (fault, "PutItem")
            have, headers, data = put (client, 60)
            kk.equal ((have, json.loads (data)["__type"]), (status, kind), fault)
            kk.equal (headers["x-amz-crc32"], str (zlib.crc32 (data)), "the sum")
            late = calendar.timegm (time.strptime (headers["date"], "%a, %d %b %Y %H:%M:%S GMT")) - time.time ()
            kk.check (abs (late - (3600 if fault == "skew" else 0)) < 30, "its Date", late)
        kk.equal (cloud.minutes (), {}, "the table")
        kk.equal (put (client, 60)[0], 200, "afterwards")


@kk.test
def broken_answers (home):
    "connections that end, answers that are no whole ones: what was done is as the fault's name says"
    with dynakit.Cloud (home) as cloud:
        client, minute = ready (cloud), 0
        for fault, error in (("drop-before", ConnectionError), ("reset-before", ConnectionError), ("drop-after", ConnectionError),
                             ("reset-after", ConnectionError), ("hang", socket.timeout), ("hang-after", socket.timeout)):
            cloud.proxy.next (fault, "PutItem")
            minute += 60
            try:
                have = client.ask ("PutItem", 0.5 if error is socket.timeout else 20, TableName=dynakit.SYSTEM, Item=item ("h", minute))
                raise kk.Failed (f"{fault}: an answer: {have}")
            except error:
                if fault in dynaproxy.AFTER:
                    kk.wait_for (lambda m=minute: ("h", m) in cloud.minutes (), 10, f"{fault}: it is done")
                kk.equal (("h", minute) in cloud.minutes (), fault in dynaproxy.AFTER, f"{fault}: done")
        scan = {"TableName": dynakit.SYSTEM}
        whole = client.ask ("Scan", **scan)[2]
        for fault in ("truncated", "reset-middle", "cut", "crc", "html"):
            cloud.proxy.next (fault)
            try:
                status, headers, data = client.ask ("Scan", **scan)
            except ConnectionResetError:
                kk.equal (fault, "reset-middle", "reset")
                continue
            kk.equal (status, 200, fault)
            if fault == "html":
                kk.check (data.startswith (b"<!DOCTYPE") and headers["content-type"] == "text/html", "HTML", data)
                continue
            kk.equal (headers["x-amz-crc32"] == str (zlib.crc32 (data)), False, f"{fault}: the sum fits")
            kk.equal (data, whole if fault == "crc" else whole[:len (whole) // 2], f"{fault}: the body")
            kk.equal (int (headers["content-length"]), len (whole) if fault in ("crc", "truncated") else len (data), f"{fault}: its length")


@kk.test
def half_of_a_batch (home):
    "the second half of a batch comes back unprocessed, or all of it"
    with dynakit.Cloud (home) as cloud:
        client = ready (cloud)
        cloud.proxy.next ("half", times=2)
        left, rounds = {dynakit.SYSTEM: [{"PutRequest": {"Item": item ("h", 60 * n)}} for n in range (5)]}, []
        while left:
            rounds.append (len (left[dynakit.SYSTEM]))
            left = json.loads (client.ask ("BatchWriteItem", RequestItems=left)[2])["UnprocessedItems"]
        kk.equal ((rounds, len (cloud.minutes ())), ([5, 3, 2], 5), "rounds and items")
        cloud.proxy.next ("none")
        all_of_it = {dynakit.SYSTEM: [{"PutRequest": {"Item": item ("h", 60 * n)}} for n in range (10, 35)]}
        kk.equal (json.loads (client.ask ("BatchWriteItem", RequestItems=all_of_it)[2])["UnprocessedItems"], all_of_it, "what comes back")
        kk.equal (len (cloud.minutes ()), 5, "items")


@kk.test
def delays (home):
    "a delayed answer is a whole one"
    with dynakit.Cloud (home) as cloud:
        client = ready (cloud)
        cloud.proxy.next ("delay")
        (status, _, _), seconds = fakeaws.took (lambda: put (client, 60))
        kk.check (status == 200 and seconds >= 0.2, "late", seconds)


@kk.test
def yesterday (home):
    "an answer that is right but for its Date"
    with dynakit.Cloud (home) as cloud:
        client = ready (cloud)
        cloud.proxy.next ("yesterday")
        status, headers, _ = put (client, 60)
        late = calendar.timegm (time.strptime (headers["date"], "%a, %d %b %Y %H:%M:%S GMT")) - time.time ()
        kk.check (status == 200 and len (cloud.minutes ()) == 1 and abs (late + 86400) < 30, "its Date", late)


@kk.test
def rain (home):
    "the same seed gives the same faults, and each of them"
    with dynakit.Cloud (home) as cloud:
        def faults (seed):
            rain = dynaproxy.Rain (seed)
            return [rain.choose (None) for _ in range (300)]
        kk.equal (faults (1), faults (1), "the same seed")
        kk.check (faults (1) != faults (2), "another seed")
        kk.equal (set (faults (1)) - {None}, set (dynaproxy.FAULTS) - set (dynaproxy.LASTING), "faults")
        client = ready (cloud)
        cloud.proxy.rain = dynaproxy.Rain (1, 1.0, ("throttling",))
        cloud.proxy.next ("internal")
        kk.equal ([put (client, 60)[0] for _ in range (3)], [500, 400, 400], "what is said wins")
        cloud.proxy.fair ()
        kk.equal (put (client, 60)[0], 200, "afterwards")


@kk.test
def items (home):
    "an item that is not as agreed is noticed"
    good = {"hostname_hour": {"S": "h#2026-01-01-00"}, "minute_timestamp": {"N": "1767225600"}, "hostname": {"S": "h"}, "timestamp": {"N": "1767225600"},
            "cpu_percent": {"N": "3.1"}, "memory_percent": {"N": "41"}, "memory_available_mb": {"N": "9421"}, "memory_used_mb": {"N": "6210"},
            "collected_at": {"N": "1767225659.004"}, "created_at": {"S": "2026-01-01T00:01:00.000001"}, "ttl": {"N": str (1767225659 + 30 * 86400)}}
    dynakit.check_item (good)
    for name, value in (("hostname_hour", {"S": "h#2026-01-01-01"}), ("minute_timestamp", {"N": "1767225601"}), ("cpu_percent", {"N": "3.14"}),
                        ("cpu_percent", {"N": "100.1"}), ("cpu_percent", {"S": "3.1"}), ("memory_used_mb", {"N": "6.5"}), ("ttl", {"N": "1767225659"}),
                        ("collected_at", {"N": "1767225660"}), ("created_at", {"S": "2026-01-01T00:01:00.000001Z"}), ("more", {"SS": ["a"]}),
                        ("more", {"N": "NaN"}), ("more", {"S": "x" * 1024})):
        try:
            dynakit.check_item ({**good, name: value})
        except kk.Failed:
            continue
        raise kk.Failed (f"not noticed: {name} {value}")


@kk.test
def tls (home):
    "over TLS it is the same, for who trusts the certificate"
    with dynakit.Cloud (home, tls=True) as cloud:
        context = ssl.create_default_context (cafile=cloud.ca)
        with socket.create_connection (cloud.proxy.server_address) as s, context.wrap_socket (s, server_hostname="127.0.0.1") as t:
            t.sendall (b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n")
            kk.contains (t.recv (9999), b"HTTP/1.1 400", "an answer")


@kk.test
def table_in_the_making (home):
    "a table that takes its time is not there before"
    with dynakit.Cloud (home, create_ms=300) as cloud:
        client = ready (cloud)
        kk.contains (put (client, 60)[2].decode (), "ResourceNotFoundException", "too early")
        kk.wait_for (lambda: put (client, 60)[0] == 200, 10, "the table")


kk.main ()
