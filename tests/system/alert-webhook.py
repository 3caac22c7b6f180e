#!/usr/bin/env python3
"""alert's webhook: each message arrives, once or again under the same id, whatever the server does; and nobody waits for it."""

import contextlib
import json
import os
import random
import socket
import ssl
import struct
import time

import dynakit
import fakeaws
import filekit
import kk
from alertkit import Scene
from fakeaws import answer, in_turn, slow

FLAP = """      flap: {when: probe.load > 90, unknown_after: 0s, text: "{host} \\"is\\" hot: {value}"}
"""
NONE = {"env": fakeaws.no_aws ()}


def hook (server, more="", path="/hook", body=""):
    """The scene's options with a webhook at this server."""
    return f"    webhook: {server.url (path)}\n    keep: 30d\n    rule_every: 0s\n    message_every: 0s\n{more}{body}    group_wait: 0s"


class Hooked (Scene):
    def __init__ (self, home, server, more="", path="/hook"):
        super ().__init__ (home, FLAP)
        self.text = self.text.replace ("    group_wait: 0s", hook (server, more, path))
        self.server = server

    def posted (self):
        return [json.loads (r.body) for r in list (self.server.requests) if r.method == "POST" and r.body]

    def ids (self):
        found = []
        for message in self.posted ():
            if message["id"] not in found:
                found.append (message["id"])
        return found

    def flap (self, n):
        """Changes so often, each of which is told to the file first."""
        for _ in range (n):
            told = len (self.told ())
            self.say (load=10 if told % 2 else 95)
            kk.wait_for (lambda: len (self.told ()) > told, 20, "the file")

    def wait_all (self, deadline=30):
        """Until all that the file has was posted."""
        kk.wait_for (lambda: self.ids () == [m["id"] for m in self.told ()], deadline, "all are posted, in order")


def status (d):
    return next (i for i in d.status ()["instances"] if i["name"] == "alert")["status"]


def fast (home, rate):
    shim = filekit.Shim (home)
    shim.faster (max (1, round (rate / kk.SLOW)))
    return shim


@kk.test
def what_is_posted (home):
    "each message is one POST of JSON, with its id in body and header; the daemon itself never loads libcurl"
    with fakeaws.Server () as server:
        server.on ("POST", "/hook", answer (200, "ok"))
        s = Hooked (home, server)
        with home.daemon (s.text, **NONE) as d:
            s.flap (2)
            s.wait_all ()
            kk.wait_for (lambda: status (d).get ("webhook") == "2 posted, 0 refused, 0 wait", 20, "status")
            with open (f"/proc/{d.pid}/maps", encoding="utf-8") as f:
                kk.check ("libcurl" not in f.read (), "libcurl is not there")
            d.stop ()
    first, request = s.posted ()[0], server.requests[0]
    kk.equal (first, s.told ()[0], "the body is the line of the file")
    kk.equal (sorted (first), sorted (["id", "time", "host", "rule", "severity", "change", "text", "when", "unit", "total", "late", "suppressed", "rows"]), "members")
    kk.equal ((first["rule"], first["change"], first["rows"][0]["value"]), ("flap", "fired", 95), "what it says")
    kk.equal ((request.headers["idempotency-key"], request.headers["content-type"]), (first["id"], "application/json"), "headers")
    kk.check (request.headers["user-agent"].startswith ("kode-kronical/"), "who it is", request.headers)


@kk.test
def secrets_and_a_body_of_ones_own (home):
    "headers with secrets from the environment and a file, a body of one's own; no secret in log, status, config or process list"
    secrets = ["from-the-env-1", "from-the-file-2", "from-the-url-3", "plain-4"]
    token = home.write ("token", secrets[1] + "\n", 0o600)
    more = f"""    webhook_headers: {{Authorization: "Bearer {{env:HOOK_TOKEN}}", X-Key: "{{file:{token}}}", X-Plain: {secrets[3]}}}
    webhook_body: '{{"text": "{{severity}}: {{text}}", "n": {{total}}, "value": "{{value}}", "all": {{json}}}}'
"""
    with fakeaws.Server () as server:
        server.on ("POST", "*", in_turn (answer (401, "no"), answer (200, "ok")))
        s = Hooked (home, server, more, f"/{secrets[2]}/hook?x=1")
        with home.daemon (s.text, env={**NONE["env"], "HOOK_TOKEN": secrets[0]}) as d:
            s.flap (1)
            kk.wait_for (lambda: len (server.requests) >= 2, 30, "posted")
            shown = json.dumps (d.status ())
            d.stop ()
        shown += home.log () + d.err () + home.run ("config", "show").all + home.run ("config", "--check").all
    request = server.requests[1]
    kk.equal ((request.headers["authorization"], request.headers["x-key"], request.headers["x-plain"]), ("Bearer from-the-env-1", "from-the-file-2", "plain-4"), "headers")
    kk.equal (request.path, f"/{secrets[2]}/hook?x=1", "path")
    body, told = json.loads (request.body), s.told ()[0]
    kk.equal (body, {"text": f"warning: {told['text']}", "n": 1, "value": "95", "all": told}, "body")
    kk.contains (told["text"], '"is" hot', "what needs care in JSON")
    kk.equal ([x for x in secrets if x in shown], [], "secrets that people see")
    kk.contains (home.log (), "the server answers with status 401", "the log")


@kk.test
def headers_with_nothing_in_them (home):
    "an empty value, variable or file is an empty header, whatever was in the memory before"
    blank = home.write ("blank", "\n", 0o600)
    more = f"    webhook_headers: {{X-Empty: '', X-Env: '{{env:HOOK_EMPTY}}', X-File: '{{file:{blank}}}', X-After: there}}\n"
    with fakeaws.Server () as server:
        server.on ("POST", "*", answer (200, "ok"))
        s = Hooked (home, server, more)
        with home.daemon (s.text, env={**NONE["env"], "HOOK_EMPTY": "", "MALLOC_PERTURB_": "165"}) as d:
            s.flap (1)
            s.wait_all ()
            d.stop ()
    kk.equal ({k: v for k, v in server.requests[0].headers.items () if k.startswith ("x-")},
              {"x-empty": "", "x-env": "", "x-file": "", "x-after": "there"}, "headers")


@kk.test
def a_url_that_is_all_secret (home):
    "a variable that holds no URL is said before anything goes to anybody, and not what it holds"
    for secret, why in (("hunter2", "begins with https:// or http://"), ("chat.example/hunter2", "begins with https:// or http://"),
                        ("https://hunter2@chat.example/", "no user name or password"), ("http://chat.example/ hunter2", "a character in it")):
        with fakeaws.Server () as server:
            s = Hooked (home, server)
            text = s.text.replace (server.url ("/hook"), "'{env:HOOK_URL}'")
            with home.daemon (text, env={**NONE["env"], "HOOK_URL": secret}) as d:
                s.flap (1)
                kk.wait_for (lambda w=why: w in status (d)["webhook"], 20, "status")
                shown = json.dumps (d.status ())
                d.stop ()
            shown += home.log () + d.err ()
            kk.contains (home.log (), "makes no URL: ", "the log")
            kk.check ("hunter2" not in shown and "Could not resolve" not in shown, "what it holds", shown)


@kk.test
def a_secret_that_is_not_there (home):
    "a variable or a file that is not there is said, and messages wait for it"
    with fakeaws.Server () as server:
        server.on ("POST", "/hook", answer (200, "ok"))
        key = os.path.join (home.top, "key")
        s = Hooked (home, server, f'    webhook_headers: {{X-Key: "{{file:{key}}}"}}\n')
        shim = fast (home, 20)
        with home.daemon (s.text, env=shim.env (**NONE["env"])) as d:
            s.flap (1)
            kk.wait_for (lambda: f"the file {key} cannot be read" in home.log (), 20, "it is said")
            kk.equal (server.requests, [], "nothing was posted")
            home.write (key, "here")
            s.wait_all (60)
            d.stop ()
    kk.equal (server.requests[0].headers["x-key"], "here", "the header")


def reset (handler, _):
    """The connection breaks once the body was there."""
    handler.connection.setsockopt (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack ("ii", 1, 0))
    handler.connection.close ()
    handler.close_connection = True


@kk.test
def what_is_tried_again (home):
    "500, 429, 404, 301 and a broken connection are tried again, in order and under the same id; no redirection is followed"
    with fakeaws.Server () as server:
        moved = answer (301, "", {"Location": server.url ("/elsewhere")})
        server.on ("POST", "/elsewhere", answer (200, "ok"))
        server.on ("POST", "/hook", in_turn (answer (500, "x"), answer (429, "", {"Retry-After": "3"}), answer (404, ""), moved, reset, answer (204, "")))
        s = Hooked (home, server)
        shim = fast (home, 20)
        with home.daemon (s.text, env=shim.env (**NONE["env"])) as d:
            s.flap (1)
            s.wait_all (60)
            kk.wait_for (lambda: len (server.requests) == 6, 60, "all answers")
            s.flap (1)
            s.wait_all (60)
            kk.wait_for (lambda: "messages are taken again" in home.log (), 20, "it is said")
            d.stop ()
    kk.equal ([m["id"] for m in s.posted ()], [s.told ()[0]["id"]] * 6 + [s.told ()[1]["id"]], "ids")
    kk.equal ({r.path for r in server.requests}, {"/hook"}, "paths")
    kk.equal (home.log ().count ("tried again"), 1, "said once")


@kk.test
def one_that_is_never_taken (home):
    "a message that the server never takes holds no other up, and is taken when the server takes it"
    with fakeaws.Server () as server:
        refused = []
        def some (handler, request):
            id_ = json.loads (request.body)["id"]
            refused.append (id_)
            answer (500 if id_ == refused[0] else 200, "") (handler, request)
        server.on ("POST", "/hook", some)
        s = Hooked (home, server)
        shim = fast (home, 20)
        with home.daemon (s.text, env=shim.env (**NONE["env"])) as d:
            s.flap (1)
            kk.wait_for (lambda: server.requests, 20, "the first")
            s.flap (4)
            kk.wait_for (lambda: status (d)["webhook"].startswith ("4 posted, 0 refused, 1 wait"), 60, "the others")
            kk.contains (home.log (), "a message is not taken: the server answers with status 500; others go before it", "the log")
            s.flap (1)
            kk.wait_for (lambda: status (d)["webhook"].startswith ("5 posted"), 20, "a later one waits for nothing")
            kk.equal (s.ids (), [m["id"] for m in s.told ()], "in order")
            server.on ("POST", "/hook", answer (200, ""))
            kk.wait_for (lambda: status (d)["webhook"].startswith ("6 posted, 0 refused, 0 wait"), 60, "the first in the end")
            d.stop ()


@kk.test
def what_waits_at_a_stop (home):
    "a stop says how many messages wait for the webhook"
    with fakeaws.Server () as server:
        server.on ("POST", "/hook", answer (503, "", {"Retry-After": "3600"}))
        s = Hooked (home, server)
        with home.daemon (s.text, **NONE) as d:
            s.flap (2)
            kk.wait_for (lambda: "2 wait; next try at" in status (d)["webhook"], 20, "both wait")
            d.stop ()
    kk.contains (home.log (), "at the end 2 messages wait for the webhook: the next start posts them", "the log")


@kk.test
def what_is_refused (home):
    "a message that the server refuses as such is given up, and said; the next one goes on"
    with fakeaws.Server () as server:
        server.on ("POST", "/hook", in_turn (answer (400, "no"), answer (200, "")))
        s = Hooked (home, server)
        with home.daemon (s.text, **NONE) as d:
            s.flap (2)
            s.wait_all ()
            kk.wait_for (lambda: status (d)["webhook"].startswith ("1 posted, 1 refused, 0 wait"), 20, "status")
            d.stop ()
    kk.equal (len (server.requests), 2, "requests")
    kk.contains (home.log (), "a message is refused with status 400, and not tried again", "the log")


@kk.test
def retry_after (home):
    "a server that asks to wait is not asked before"
    with fakeaws.Server () as server:
        server.on ("POST", "/hook", in_turn (answer (503, "", {"Retry-After": "3600"}), answer (200, "")))
        s = Hooked (home, server)
        with home.daemon (s.text, **NONE) as d:
            s.flap (1)
            kk.wait_for (lambda: "next try at" in status (d).get ("webhook", ""), 20, "status")
            kk.contains (status (d)["webhook"], "the server answers with status 503", "the last error")
            s.flap (1)
            s.wait_samples (d, 10)
            d.stop ()
    kk.equal (len (server.requests), 1, "requests")


@kk.test
def certificates (home):
    "a certificate that nobody vouches for gets no message; a CA file vouches"
    key, cert = dynakit.certificate (home)
    context = ssl.SSLContext (ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain (cert, key)
    with fakeaws.Server (context) as server:
        server.on ("POST", "/hook", answer (200, ""))
        s = Hooked (home, server)
        with home.daemon (s.text, **NONE) as d:
            s.flap (1)
            kk.wait_for (lambda: "no trustworthy TLS connection" in home.log (), 20, "it is said")
            kk.equal (server.requests, [], "requests")
            home.config (s.text.replace ("    keep: 30d", f"    webhook_ca_file: {cert}\n    keep: 30d"))
            home.run ("reload").ok ()
            s.wait_all ()
            d.stop ()


@kk.test
def a_server_that_hangs (home):
    "a server that never answers holds up neither samples, nor the file, nor a stop; its message is told after the next start"
    with fakeaws.Server () as server:
        server.on ("POST", "/hook", slow (600, answer (200, "")))
        s = Hooked (home, server)
        with home.daemon (s.text, **NONE) as d:
            s.flap (1)
            kk.wait_for (lambda: server.requests, 20, "it has the message")
            s.flap (3)
            s.wait_samples (d, 10)
            begin = time.monotonic ()
            kk.equal (d.stop (), 0, "the daemon's end")
            kk.check (time.monotonic () - begin < 8 * kk.SLOW, "a stop is quick", time.monotonic () - begin)
        server.on ("POST", "/hook", answer (200, ""))
        with home.daemon (s.text, **NONE) as d:
            s.wait_all ()
            d.stop ()


@kk.test
def a_timeout (home):
    "a server that does not answer in time is asked again"
    with fakeaws.Server () as server:
        server.on ("POST", "/hook", in_turn (slow (60, answer (200, "")), answer (200, "")))
        s = Hooked (home, server, f"    webhook_timeout: {max (1, round (kk.SLOW))}s\n")
        with home.daemon (s.text, **NONE) as d:
            s.flap (1)
            kk.wait_for (lambda: len (server.requests) >= 2, 60, "asked again")
            s.wait_all ()
            kk.wait_for (lambda: status (d)["webhook"].startswith ("1 posted, 0 refused, 0 wait"), 20, "status")
            d.stop ()
    kk.contains (home.log (), "no answer in time", "the log")


@kk.test (deadline=120)
def killed_at_any_moment (home):
    "whenever the daemon is killed, each change is posted, in order, and again only under the same id"
    with fakeaws.Server () as server:
        dice = random.Random (11)
        def some (handler, request):
            handler.server.pause (dice.random () * 0.05 / kk.SLOW)
            answer (*dice.choice ([(200, ""), (200, ""), (500, "")])) (handler, request)
        server.on ("POST", "/hook", some)
        s = Hooked (home, server)
        for i in range (14):
            with home.daemon (s.text, **NONE) as d:
                s.say (load=10 if i % 2 else 95)
                time.sleep (dice.random () * 0.6) # any moment: nothing is waited for
                d.kill ()
        server.on ("POST", "/hook", answer (200, ""))
        s.say (load=95)
        with home.daemon (s.text, **NONE) as d:
            kk.wait_for (lambda: s.told () and s.told ()[-1]["change"] == "fired", 20, "the last")
            s.wait_samples (d, 5)
            told = lambda: list (dict.fromkeys (m["id"] for m in s.told ()))
            kk.wait_for (lambda: s.ids () == told (), 60, "all are posted, in order")
            kk.wait_for (lambda: ", 0 wait" in status (d)["webhook"], 20, "none waits")
            d.stop ()
    changes = list ({m["id"]: m["change"] for m in s.posted ()}.values ())
    kk.equal (changes, ["fired", "cleared"] * (len (changes) // 2) + ["fired"], "changes")


@kk.test (deadline=120)
def an_outage_of_an_hour (home):
    "after an hour without a network all that happened is posted, in order; the tries grow seldom"
    port = fakeaws.closed_port ()
    with fakeaws.Server () as server:
        server.on ("POST", "/hook", answer (200, ""))
        s = Hooked (home, server)
        shim = fast (home, 120)
        s.text = s.text.replace ("sample_interval: 0.1", "sample_interval: 5")
        text = s.text.replace (server.url ("/hook"), f"http://127.0.0.1:{port}/hook")
        with home.daemon (text, env=shim.env (**NONE["env"])) as d:
            s.flap (3)
            kk.wait_for (lambda: shim.ahead () > 3600, 100, "an hour")
            kk.contains (status (d)["webhook"], "3 wait; next try at", "status")
            s.flap (1)
            kk.check (home.log ().count ("messages wait on disk") < 5, "not said too often")
            d.kill ()
        with home.daemon (s.text, env=shim.env (**NONE["env"])) as d:
            s.wait_all (60)
            d.stop ()
    kk.equal (len (server.requests), 4, "requests")


@kk.test
def what_cannot_be (home):
    "a URL, a header or a body that cannot be is an error with its place"
    with fakeaws.Server () as server:
        s = Hooked (home, server)
        def refused (option, message, place=None):
            text = s.text.replace ("    keep: 30d", f"    keep: 30d\n    {option}") if not option.startswith ("webhook: ") else s.text.replace (f"webhook: {server.url ('/hook')}", option)
            home.config (text)
            r = home.run ("config", "--check")
            kk.equal (r.rc, 1, f"config --check with {option}: {r}")
            kk.contains (r.err, message, option)
            line = next (i for i, x in enumerate (text.split ("\n"), 1) if option in x)
            kk.contains (r.err, f":{line}:{place or ''}", "its place")
        refused ("webhook: ftp://example.org/", "begins with https:// or http://")
        refused ("webhook: https:///path", "has no host")
        for port in ("99999", "65536", "0", "", "x", "000080"):
            refused (f"webhook: 'http://127.0.0.1:{port}/'", "no port from 1 to 65535")
        home.config (s.text.replace (server.url ("/hook"), "http://127.0.0.1:65535/"))
        home.run ("config", "--check").ok ()
        refused ("webhook: https://user:secretword@example.org/", "no user name or password")
        kk.check ("secretword" not in home.run ("config", "--check").all, "it is not said")
        refused ("webhook: https://example.org/#part", "behind '#'")
        refused ("webhook: 'https://example.org/a b'", "column 22: no such character")
        refused ("webhook: 'https://example.org/{env:}'", "write {env:NAME}")
        refused ("webhook_headers: {'X y': z}", "letters, digits and '-'")
        refused ("webhook_headers: {Content-Length: '3'}", "always set")
        refused ("webhook_headers: {X-Key: '{file:key}'}", "with its whole path")
        refused ("webhook_body: '{\"text\": \"{txt}\"}'", "column 11: '{txt}' is none of json, id,")
        refused ("webhook_body: '{\"text\": {text}}'", "it is no JSON")
        refused ("webhook_body: '{\"n\": {value}}'", "it is no JSON")  # where nothing is known it is empty
        home.config (s.text.replace (f"    webhook: {server.url ('/hook')}\n", "    webhook_body: '{}'\n"))
        kk.contains (home.run ("config", "--check").err, "of no use without webhook", "without a URL")


kk.main ()
