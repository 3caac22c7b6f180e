"""A loopback server that plays AWS for the tests: STS (it verifies signatures), the container endpoint, EC2 instance metadata, or
anything else; and Probe, which drives our side of it.

    with fakeaws.Server () as aws:
        aws.on ("GET", "/creds", fakeaws.answer (200, "{…}"))     # or any function of the request's handler
        probe = fakeaws.Probe (home, env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.url ("/creds")})
        kk.equal (probe.ask ("get")["access_key"], "ASIA…", "what was found")
        aws.requests                                               # what came, in order"""

import datetime
import hashlib
import hmac
import http.server
import json
import os
import shlex
import socket
import subprocess
import threading
import time
import urllib.parse

import kk

PROGRAM = os.path.join (kk.BUILD, "tests", "dynamodb", "aws-probe")
KEYS = {"AKIDSTATIC": "static/secret+key", "AKIDENV": "env-secret-key", "AKIDCONFIG": "config-secret-key"}
SECRETS = set (KEYS.values ())


def stamp (seconds):
    """The time so many seconds from now, as AWS writes it."""
    return (datetime.datetime.now (datetime.timezone.utc) + datetime.timedelta (seconds=seconds)).strftime ("%Y-%m-%dT%H:%M:%SZ")


def session (name, seconds=3600, server=None):
    """Temporary credentials of this name, as endpoints answer them; the server then knows them too."""
    key, secret, token = f"ASIA{name}", f"secret-of-{name}", f"token-of-{name}=="
    SECRETS.update ([secret, token])
    if server is not None:
        server.keys[key] = (secret, token)
    return {"Code": "Success", "AccessKeyId": key, "SecretAccessKey": secret, "Token": token, "Expiration": stamp (seconds)}


class Request:
    def __init__ (self, handler):
        self.method, self.path, self.headers = handler.command, handler.path, dict ((k.lower (), v) for k, v in handler.headers.items ())
        self.body = handler.rfile.read (int (handler.headers.get ("Content-Length") or 0)).decode ()
        self.client = handler.client_address

    @property
    def form (self):
        return dict (urllib.parse.parse_qsl (self.body))

    def __repr__ (self):
        return f"{self.method} {self.path}"


class Handler (http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def run (self):
        request = Request (self)
        self.server.requests.append (request)
        route = self.server.routes.get ((self.command, self.path.split ("?")[0])) or self.server.routes.get ((self.command, "*"))
        (route or answer (404, "nothing here")) (self, request)

    do_GET = do_POST = do_PUT = do_CONNECT = run

    def reply (self, status, body, headers=None, length=None):
        data = body if isinstance (body, bytes) else body.encode ()
        self.send_response_only (status)
        for name, value in (headers or {}).items ():
            self.send_header (name, value)
        self.send_header ("Content-Length", str (len (data) if length is None else length))
        self.end_headers ()
        self.wfile.write (data)

    def log_message (self, *_):
        pass


def answer (status, body, headers=None, length=None):
    """One and the same answer; a length that is not the body's breaks it off."""
    def run (handler, _):
        handler.reply (status, json.dumps (body) if isinstance (body, dict) else body, headers, length)
        handler.close_connection = length is not None
    return run


def raw (data, wait=0.0):
    """These bytes, and the end of the connection."""
    def run (handler, _):
        handler.wfile.write (data)
        handler.wfile.flush ()
        handler.server.pause (wait)
        handler.close_connection = True
    return run


def slow (seconds, then):
    """An answer that comes late, or at the end of the server."""
    def run (handler, request):
        handler.server.pause (seconds)
        then (handler, request)
    return run


def in_turn (*answers):
    """One after the other, the last one for ever."""
    left = list (answers)

    def run (handler, request):
        (left.pop (0) if len (left) > 1 else left[0]) (handler, request)
    return run


def signature (secret, request, names, scope):
    """What the signature of a request to "/" has to be, over these headers."""
    canonical = "\n".join ([request.method, "/", "", *(f"{n}:{request.headers[n]}" for n in names), "", ";".join (names),
                            hashlib.sha256 (request.body.encode ()).hexdigest ()])
    text = "\n".join (["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, hashlib.sha256 (canonical.encode ()).hexdigest ()])
    made = ("AWS4" + secret).encode ()
    for part in scope.split ("/"):
        made = hmac.new (made, part.encode (), "sha256").digest ()
    return hmac.new (made, text.encode (), "sha256").hexdigest ()


class Server (http.server.ThreadingHTTPServer):
    handler = Handler
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__ (self, context=None, address=("127.0.0.1", 0)):
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super ().__init__ (address, self.handler)
        self.routes, self.requests, self.connections, self.keys, self.ending = {}, [], 0, {k: (s, None) for k, s in KEYS.items ()}, threading.Event ()
        self.clock = 0  # seconds that it is ahead of ours
        self.shim = None  # whose clock is the true time
        self.scheme = "https" if context else "http"
        if context:
            self.socket = context.wrap_socket (self.socket, server_side=True, do_handshake_on_connect=False)

    def pause (self, seconds):
        self.ending.wait (seconds * kk.SLOW)

    def get_request (self):
        self.connections += 1
        return super ().get_request ()

    def handle_error (self, *_):  # a client that goes away is what many tests are about
        pass

    def ahead (self):
        return self.clock + (self.shim.ahead () if self.shim else 0)

    def url (self, path=""):
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}{path}"

    def on (self, method, path, what):
        self.routes[(method, path)] = what

    def paths (self):
        return [r.path for r in self.requests]

    def metadata (self, role="the-role", credentials=None):
        """Plays an EC2 instance with this role."""
        self.on ("PUT", "/latest/api/token", answer (200, "metadata-token"))
        self.on ("GET", "/latest/meta-data/iam/security-credentials/", only_with_token (answer (200, role)))
        self.on ("GET", f"/latest/meta-data/iam/security-credentials/{role}",
                 only_with_token (answer (200, credentials or session ("INSTANCE", 3600 * 6, self))))
        self.on ("GET", "/latest/meta-data/placement/region", only_with_token (answer (200, "eu-north-1")))
        return self.url ()

    def sts (self, seconds=3600):
        """Plays STS: a session for whoever asks with a signature that is right, or with a token of a web identity."""
        def run (handler, request):
            form = request.form
            wrong = None if form["Action"] == "AssumeRoleWithWebIdentity" else self.verify (request, "sts")
            if wrong:
                date = datetime.datetime.now (datetime.timezone.utc) + datetime.timedelta (seconds=self.ahead ())
                handler.reply (403, error ("SignatureDoesNotMatch", wrong), {"Date": date.strftime ("%a, %d %b %Y %H:%M:%S GMT")})
                return
            name = form["RoleArn"].rsplit ("/", 1)[1].upper ()
            made = session (name, seconds + self.ahead (), self)
            handler.reply (200, f"""<{form["Action"]}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{form["Action"]}Result>
  <AssumedRoleUser><Arn>{form["RoleArn"]}</Arn></AssumedRoleUser><Credentials><AccessKeyId>{made["AccessKeyId"]}</AccessKeyId>
  <SecretAccessKey>{made["SecretAccessKey"]}</SecretAccessKey><SessionToken>{made["Token"]}</SessionToken>
  <Expiration>{made["Expiration"]}</Expiration></Credentials></{form["Action"]}Result></{form["Action"]}Response>""")
        self.on ("POST", "/", run)
        return self.url ()

    def verify (self, request, service):
        """What is wrong with the signature of a request to "/", or None."""
        try:
            fields = dict (f.split ("=", 1) for f in request.headers["authorization"].split (" ", 1)[1].split (", "))
            key, day, region, of, end = fields["Credential"].split ("/")
            secret, token = self.keys[key]
        except (KeyError, ValueError) as e:
            return f"no or foreign authorization: {e!r}"
        if of != service or end != "aws4_request" or request.headers.get ("x-amz-security-token") != token:
            return "scope or token"
        names = fields["SignedHeaders"].split (";")
        if not {"host", "x-amz-date"} <= set (names) or (token and "x-amz-security-token" not in names):
            return "signed headers"
        if abs ((datetime.datetime.strptime (request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ") - datetime.datetime.strptime (stamp (self.ahead ()), "%Y-%m-%dT%H:%M:%SZ")).total_seconds ()) > 300:
            return f"Signature expired: {request.headers['x-amz-date']}"
        return None if signature (secret, request, names, f"{day}/{region}/{of}/{end}") == fields["Signature"] else "signature"

    def __enter__ (self):
        threading.Thread (target=self.serve_forever, args=(0.02,), daemon=True).start ()
        return self

    def __exit__ (self, *_):
        self.ending.set ()
        self.shutdown ()
        self.server_close ()


def error (code, message):
    return f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"


def only_with_token (then):
    def run (handler, request):
        (then if request.headers.get ("x-aws-ec2-metadata-token") == "metadata-token" else answer (401, "")) (handler, request)
    return run


CLOSED = []


def closed_port ():
    """A port of this machine where nobody listens, and nobody will as long as this test runs: it is taken."""
    CLOSED.append (socket.socket ())
    CLOSED[-1].bind (("127.0.0.1", 0))
    return CLOSED[-1].getsockname ()[1]


def no_aws (**more):
    """An environment without AWS: the instance metadata are off unless a test turns them on."""
    env = {k: None for k in os.environ if k.startswith ("AWS_") or k.lower ().endswith ("_proxy")}
    return {**env, "AWS_EC2_METADATA_DISABLED": "true", "AWS_METADATA_SERVICE_TIMEOUT": str (int (5 * kk.SLOW)), **more}


class Probe:
    """`aws-probe find`: asks it one question after the other, and watches that no secret is where people read."""

    def __init__ (self, home, *args, env=None):
        self.process = home.spawn (*shlex.split (os.environ.get ("KK_WRAPPER", "")), PROGRAM, "find", *args, env=no_aws (**(env or {})),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say (self, text):
        self.process.stdin.write (text + "\n")
        self.process.stdin.flush ()

    def ask (self, question):
        self.say (question)
        line = self.process.stdout.readline ()
        kk.check (line, "an answer", self.process.poll ())
        found = json.loads (line)
        for name in ("error", "from", "trouble"):
            for secret in SECRETS:
                kk.check (secret not in (found.get (name) or ""), f"a secret in {name}", found)
        return found

    def get (self, access_key):
        """Asks for credentials, which have to be these."""
        found = self.ask ("get")
        kk.equal (found.get ("access_key"), access_key, f"the credentials found ({found})")
        return found

    def none (self, *words, result=None):
        """Asks for credentials; there are none, and the reason has these words."""
        found = self.ask ("get")
        kk.check (found["result"] != "ok", "no credentials", found)
        for word in words:
            kk.contains (found["error"], word, "the reason")
        if result:
            kk.equal (found["result"], result, "the result")
        return found

    def close (self):
        """Its end, which has to be a good one (sanitizers and valgrind speak here)."""
        self.process.stdin.close ()
        self.process.stdout.close ()
        kk.equal (self.process.wait (30 * kk.SLOW), 0, "exit status of the probe")

    def __enter__ (self):
        return self

    def __exit__ (self, kind, *_):
        if kind is None:
            self.close ()


def probe (home, *args, env=None):
    """Any other question to aws-probe: its answers."""
    result = home.run (*args, program=PROGRAM, env=no_aws (**(env or {})))
    kk.equal (result.rc, 0, f"exit status of aws-probe {args}: {result}")
    return [json.loads (line) for line in result.out.splitlines ()]


def took (function):
    """What it returned, and after how many seconds."""
    start = time.monotonic ()
    value = function ()
    return value, time.monotonic () - start
