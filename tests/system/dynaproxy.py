"""A proxy that stands before dynalite and is as particular as AWS, and as unreliable as a network when it is told to.

It checks the signature, the time and the scope of every request, refuses what a policy does not allow, does what dynalite has not
(time to live, tags), writes down every call, and injects faults, each known by a name:

    proxy.next ("drop-after", operation="PutItem", times=2)      # what is said wins
    proxy.rain = dynaproxy.Rain (seed, 0.5)                      # half of all calls go wrong, the same ones with the same seed
    proxy.allowed = dynaproxy.GUIDE                              # what the guide tells users to grant, and no more
    proxy.calls                                                  # Call: operation, table, host, error, fault, time …

Use it through dynakit."""

import datetime
import http.client
import json
import random
import re
import socket
import struct
import sys
import threading
import time
import traceback
import zlib

import fakeaws
import kk

try:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
except ImportError:
    SigV4Auth = None

ACCOUNT = "123456789012"
API = "com.amazonaws.dynamodb.v20120810#"
CORAL = "com.amazon.coral.service#"
GUIDE = frozenset (("CreateTable", "DescribeTable", "PutItem", "BatchWriteItem", "GetItem", "Scan", "Query"))
REFUSALS = {
    "throughput": (400, API + "ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the table was "
                   "exceeded. Consider increasing your provisioning level with the UpdateTable API."),
    "throttling": (400, "com.amazon.coral.availability#ThrottlingException", "Rate of requests exceeds the allowed throughput."),
    "request-limit": (400, API + "RequestLimitExceeded", "Throughput exceeds the current throughput limit for your account."),
    "internal": (500, API + "InternalServerError", "Internal server error"),
    "unavailable": (503, "com.amazon.coral.availability#ServiceUnavailableException", "The service is temporarily unavailable."),
    "expired": (400, CORAL + "ExpiredTokenException", "The security token included in the request is expired"),
    "skew": (400, CORAL + "InvalidSignatureException", "Signature expired: the Date of this answer says by how much"),
}
BEFORE = ("drop-before", "reset-before", "html", "hang")  # dynalite never sees the request
AFTER = ("drop-after", "reset-after", "reset-middle", "truncated", "cut", "crc", "hang-after")  # it has done what was asked
FAULTS = (*REFUSALS, *BEFORE, *AFTER, "half", "none", "delay", "yesterday")
# Not in a rain: a server that lies, and what costs a client its whole patience.
LASTING = ("skew", "yesterday", "hang", "hang-after", "none")


class Rain:
    """Random faults: a share of all calls, the same ones for the same seed and order of calls."""

    faults = tuple (f for f in FAULTS if f not in LASTING)

    def __init__ (self, seed, share=0.5, faults=faults):
        self.random, self.share, self.faults = random.Random (seed), share, faults

    def choose (self, _):
        return self.random.choice (self.faults) if self.random.random () < self.share else None


class Call:
    """One request: what it was, and what became of it."""

    def __init__ (self, server, request):
        self.at, self.time, self.connection = time.monotonic (), server.now (), request.client
        self.operation = request.headers.get ("x-amz-target", "").rpartition (".")[2]
        self.fault = self.error = self.status = self.done = None
        self.applied = False
        self.bytes = len (request.body)
        try:
            self.body = json.loads (request.body)
        except ValueError:
            self.body = {}
        puts = self.puts ()
        self.items = len (puts)
        self.table = self.body.get ("TableName") or next (iter (self.body.get ("RequestItems", {})), None) or \
            self.body.get ("ResourceArn", "").rpartition ("/")[2] or None
        about = self.body.get ("Item") or self.body.get ("Key") or (puts[0] if puts else {})
        self.host = about.get ("hostname", {}).get ("S")

    def puts (self):
        """The items that it writes."""
        found = [r["PutRequest"]["Item"] for rs in self.body.get ("RequestItems", {}).values () for r in rs if "PutRequest" in r]
        return found + ([self.body.get ("Item", {})] if self.operation == "PutItem" else [])

    def __repr__ (self):
        return f"{self.operation}({self.table}{f', {self.items} items' if self.items > 1 else ''}): {self.fault or ''} {self.error or self.status}"


class Backend (http.client.HTTPConnection):
    """A connection to dynalite's socket."""

    def __init__ (self, path):
        super ().__init__ ("dynalite", timeout=60 * kk.SLOW)
        self.path = path

    def connect (self):
        self.sock = socket.socket (socket.AF_UNIX)
        self.sock.settimeout (self.timeout)
        self.sock.connect (self.path)

    def ask (self, operation, body):
        """Status, headers and body of an answer."""
        self.request ("POST", "/", body.encode (), {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810." + operation,
                      "Authorization": "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0", "X-Amz-Date": "x"})
        r = self.getresponse ()
        return r.status, dict (r.getheaders ()), r.read ()


class Handler (fakeaws.Handler):
    disable_nagle_algorithm = True
    backend = None

    def finish (self):
        if self.backend:
            self.backend.close ()
        super ().finish ()

    def ask (self, operation, body):
        if not self.backend:
            self.backend = Backend (self.server.socket_path)
        try:
            return self.backend.ask (operation, body)
        except (OSError, http.client.HTTPException) as e:
            raise RuntimeError ("dynalite does not answer") from e  # is no fault that anybody wished for

    def dynamodb (self, request):
        server = self.server
        with server.lock:
            call = Call (server, request)
            call.fault = server.choose (call)
            server.calls.append (call)
        try:
            self.serve (call, request)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            call.done = time.monotonic ()
            self.close_connection |= server.short

    def serve (self, call, request):
        server, fault = self.server, call.fault
        refusal = server.unsigned (request)
        if refusal:
            server.wrong.append ((call.operation, refusal[1:]))
        refusal = refusal or server.forbidden (call) or REFUSALS.get (fault)
        if fault == "expired" and not call.error:
            server.expire (request)
        if fault == "delay":
            server.pause (server.delay)
        elif fault in BEFORE:
            return self.misbehave (call)
        if refusal:
            return self.answer (call, refusal[0], {"__type": refusal[1], "message": refusal[2]}, late=3600 if fault == "skew" else 0)
        if fault in ("half", "none") and call.operation == "BatchWriteItem":
            return self.part (call, 2 if fault == "half" else 26)
        if server.meanwhile:
            server.meanwhile (call)
        status, headers, data = server.own (self, call) or self.ask (call.operation, server.passed_on (call))
        call.applied = True
        self.after (call, status, data, headers.get ("x-amz-crc32"))

    def answer (self, call, status, body, late=0):
        data = json.dumps (body, separators=(",", ":")).encode ()
        call.status, call.error = status, body.get ("__type", "").rpartition ("#")[2] or None
        self.reply (status, data, self.server.headers (data, late))

    def after (self, call, status, data, crc=None):
        """Answers, or fails to, when the work is done."""
        server, fault = self.server, call.fault
        call.status = status
        if status != 200:
            call.error = json.loads (data).get ("__type", "").rpartition ("#")[2]
        headers = server.headers (data, -86400 if fault == "yesterday" else 0)
        if crc:
            kk.equal (crc, headers["x-amz-crc32"], "dynalite's own sum")
        if fault in ("drop-after", "reset-after", "hang-after"):
            return self.misbehave (call)
        if fault in ("reset-middle", "truncated"):
            self.reply (status, data[:len (data) // 2], headers, length=len (data))
            if fault == "reset-middle":
                self.reset ()
            self.close_connection = True
        elif fault == "cut":  # a proxy in between that takes what it got for all
            self.reply (status, data[:len (data) // 2], headers)
        elif fault == "crc":
            self.reply (status, data, {**headers, "x-amz-crc32": str (int (headers["x-amz-crc32"]) ^ 1)})
        else:
            self.reply (status, data, headers)
        return None

    def part (self, call, divisor):
        """Does the first half of a batch, or nothing of it; the rest comes back."""
        table, requests = next (iter (call.body["RequestItems"].items ()))
        n = len (requests) // divisor
        if n:
            self.ask (call.operation, json.dumps ({"RequestItems": {table: requests[:n]}}))
        call.applied = n
        self.answer (call, 200, {"UnprocessedItems": {table: requests[n:]}})

    def misbehave (self, call):
        self.close_connection = True
        if call.fault.startswith ("hang"):
            self.server.ending.wait ()
        elif call.fault.startswith ("reset"):
            self.reset ()
        elif call.fault == "html":  # who pays for the network here has to log in first
            call.status = self.server.page
            dated = {"Date": self.server.date} if self.server.date else {}
            self.reply (call.status, "<!DOCTYPE html><html><body>Welcome</body></html>", {"Content-Type": "text/html", **dated})

    def reset (self):
        self.wfile.flush ()
        self.connection.setsockopt (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack ("ii", 1, 0))
        self.connection.close ()


class Proxy (fakeaws.Server):
    handler = Handler

    def __init__ (self, socket_path, context=None, region="us-east-1"):
        super ().__init__ (context)
        self.socket_path, self.region, self.lock, self.turning = socket_path, region, threading.Lock (), threading.Lock ()
        self.calls, self.wrong, self.said, self.rain, self.allowed, self.denied = [], [], [], None, None, set ()
        self.delay, self.gone, self.ttl, self.tags, self.broken = 0.2, set (), {}, {}, []
        self.short = False  # each answer is the last one of its connection
        self.date = None  # what every answer has for its Date, where it is not the true one
        self.page = 200  # the status of pages that are no answer
        self.meanwhile = None  # a function of the call that is about to be done
        self.on ("POST", "/", Handler.dynamodb)

    # ---- What tests say and ask ----

    def next (self, fault, operation=None, table=None, times=1):
        """The next calls that fit go wrong in this way. times: None is for ever."""
        kk.check (fault in FAULTS, "a fault", fault)
        with self.lock:
            self.said.append ([fault, operation, table, times])

    def fair (self):
        """No faults from now on."""
        with self.lock:
            self.said, self.rain = [], None

    def count (self, *operations, since=0.0):
        """Calls of these operations, or all, since a time of time.monotonic ()."""
        return sum (c.at >= since and (not operations or c.operation in operations) for c in list (self.calls))

    def at_most (self, n, *operations, since=0.0):
        have = self.count (*operations, since=since)
        kk.check (have <= n, f"at most {n} requests", f"{have}: {[c for c in self.calls if c.at >= since]}")

    def all_signed (self):
        """Every request that came was signed as it has to be."""
        kk.equal (self.wrong, [], "signatures that were refused")

    def handle_error (self, *_):
        if not isinstance (sys.exc_info ()[1], OSError):  # a client that goes away is what many tests are about
            self.broken.append (traceback.format_exc ())

    # ---- Being AWS ----

    def now (self):
        with self.turning:
            return time.time () + self.ahead ()

    def step (self, seconds):
        """The daemon's clock steps, and the true time does not."""
        with self.turning:
            self.shim.step (seconds)
            self.clock -= seconds

    def headers (self, data, late=0):
        return {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": f"{random.getrandbits (128):032X}",
                "x-amz-crc32": str (zlib.crc32 (data)), "Date": date_of (self.now () + late) if self.date is None else self.date}

    def choose (self, call):
        """The fault of this call."""
        for said in self.said:
            fault, operation, table, times = said
            if operation in (None, call.operation) and table in (None, call.table) and times != 0:
                if times is not None:
                    said[3] -= 1
                return fault
        return self.rain.choose (call) if self.rain else None

    def expire (self, request):
        """Temporary credentials that are said to be expired are, from then on."""
        key = re.search (r"Credential=([^/]+)/", request.headers.get ("authorization", ""))
        if key and self.keys.get (key[1], (None, None))[1]:
            self.gone.add (key[1])

    def unsigned (self, request):
        """The refusal of a request whose signature, time or scope is not right, or None."""
        bad, h = CORAL + "InvalidSignatureException", request.headers
        try:
            kind, rest = h["authorization"].split (" ", 1)
            fields = dict (f.strip ().split ("=", 1) for f in rest.split (","))
            key, day, region, service, end = fields["Credential"].split ("/")
            names, stamp = fields["SignedHeaders"].split (";"), h["x-amz-date"]
            when = datetime.datetime.strptime (stamp, "%Y%m%dT%H%M%SZ").replace (tzinfo=datetime.timezone.utc).timestamp ()
        except KeyError:
            return 400, CORAL + "MissingAuthenticationTokenException", "Request is missing Authentication Token"
        except ValueError as e:
            return 400, CORAL + "IncompleteSignatureException", f"Authorization header or date: {e}"
        secret, token = self.keys.get (key, (None, None))
        if key in self.gone:
            return REFUSALS["expired"]
        if secret is None or h.get ("x-amz-security-token") != token:
            return 400, CORAL + "UnrecognizedClientException", "The security token included in the request is invalid."
        if not when - 300 <= self.now () <= when + 900:
            late = "expired: {} is now earlier than" if when < self.now () else "not yet current: {} is still later than"
            return 400, bad, f"Signature {late.format (stamp)} {self.now ():.0f} (15 min.)"
        if kind != "AWS4-HMAC-SHA256" or service != "dynamodb" or end != "aws4_request" or day != stamp[:8]:
            return 400, bad, f"Credential should be scoped to correct service, date and terminator, not {fields['Credential']}"
        if region != self.region:
            return 400, bad, f"Credential should be scoped to a valid region, not '{region}'."
        need = {"host", "x-amz-date", "x-amz-target"} | ({"x-amz-security-token"} if token else set ())
        if not need <= set (names) or names != sorted (names) or h.get ("host") != f"127.0.0.1:{self.server_address[1]}":
            return 400, bad, f"headers that have to be signed: {sorted (need)}; of {h.get ('host')} were {names}"
        if signature (secret, request, names, f"{day}/{region}/{service}/{end}") != fields["Signature"]:
            return 400, bad, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key " \
                "and signing method. Consult the service documentation for details."
        return None

    def forbidden (self, call):
        """The refusal of what no policy allows, or None."""
        wanted = [call.operation] + ["TagResource"] * (call.operation == "CreateTable" and bool (call.body.get ("Tags")))
        for action in wanted:
            if (self.allowed is not None and action not in self.allowed) or action in self.denied or (action, call.table) in self.denied:
                return (400, CORAL + "AccessDeniedException", f"User: arn:aws:iam::{ACCOUNT}:user/tester is not authorized to perform: "
                        f"dynamodb:{action} on resource: arn:aws:dynamodb:{self.region}:{ACCOUNT}:table/{call.table} because no identity-based "
                        f"policy allows the dynamodb:{action} action")
        return None

    def passed_on (self, call):
        """The request as dynalite gets it: without what it would make nothing of."""
        body = dict (call.body)
        if call.operation == "CreateTable" and body.get ("Tags"):
            self.tags[call.table] = {t["Key"]: t["Value"] for t in body.pop ("Tags")}
        return json.dumps (body)

    def own (self, handler, call):
        """The answer to what dynalite does not know, or None."""
        if call.operation not in ("UpdateTimeToLive", "DescribeTimeToLive", "TagResource", "ListTagsOfResource"):
            return None
        status, headers, data = handler.ask ("DescribeTable", json.dumps ({"TableName": call.table}))
        answer = {}
        if status == 200 and call.operation == "UpdateTimeToLive":
            wish = call.body["TimeToLiveSpecification"]
            on = {"AttributeName": wish["AttributeName"], "TimeToLiveStatus": "ENABLED" if wish["Enabled"] else "DISABLED"}
            if self.ttl.get (call.table) == on:
                status, answer = 400, {"__type": "com.amazon.coral.validate#ValidationException", "message": "TimeToLive is already enabled"}
            else:
                self.ttl[call.table], answer = on, {"TimeToLiveSpecification": wish}
        elif status == 200 and call.operation == "DescribeTimeToLive":
            answer = {"TimeToLiveDescription": self.ttl.get (call.table, {"TimeToLiveStatus": "DISABLED"})}
        elif status == 200 and call.operation == "TagResource":
            self.tags.setdefault (call.table, {}).update ((t["Key"], t["Value"]) for t in call.body["Tags"])
        elif status == 200:
            answer = {"Tags": [{"Key": k, "Value": v} for k, v in self.tags.get (call.table, {}).items ()]}
        else:
            return status, headers, data
        return status, {}, b"" if call.operation == "TagResource" else json.dumps (answer).encode ()


def date_of (seconds):
    """A time as HTTP writes it."""
    return datetime.datetime.fromtimestamp (seconds, datetime.timezone.utc).strftime ("%a, %d %b %Y %H:%M:%S GMT")


def signature (secret, request, names, scope, by_botocore=SigV4Auth is not None):
    """What the signature of a request to "/" has to be; botocore's word where it is there."""
    if not by_botocore:
        return fakeaws.signature (secret, request, names, scope)
    aws = AWSRequest (request.method, f"http://{request.headers['host']}{request.path}", data=request.body.encode ())
    for name in names:
        aws.headers[name] = request.headers[name]
    _, region, service, _ = scope.split ("/")
    auth = SigV4Auth (Credentials ("any", secret), service, region)
    aws.context["timestamp"] = request.headers["x-amz-date"]
    return auth.signature (auth.string_to_sign (aws, auth.canonical_request (aws)), aws)
