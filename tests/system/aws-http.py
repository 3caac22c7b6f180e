"""The HTTP room of dynamodb-writer: what it takes for a whole answer, and what it never does."""

import os
import shutil
import socket
import ssl
import struct
import threading
import zlib

import fakeaws
import kk
from fakeaws import answer, probe, raw


def get (home, url, *args, env=None):
    return probe (home, "get", url, *args, env=env)


@kk.test
def whole_answers (home):
    "what an answer says of itself is taken, over one kept connection"
    with fakeaws.Server () as aws:
        aws.on ("GET", "/a", answer (200, "body", {"Date": "Mon, 23 Nov 2026 06:00:00 GMT", "x-amzn-RequestId": "ID-1", "Retry-After": "7",
                                                 "x-amz-crc32": str (zlib.crc32 (b"body"))}))
        for found in get (home, aws.url ("/a"), "--times", "3"):
            kk.equal (found, {"result": "ok", "status": 200, "body": "body", "date": 1795413600, "retry_ms": 7000, "request_id": "ID-1",
                              "sent": False}, "the answer")
        kk.equal (aws.connections, 1, "connections for three requests")
        for date in ("yesterday", "", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"):
            aws.on ("GET", "/empty", answer (500, "", {"x-amz-crc32": "5x", "Date": date}))
            found = get (home, aws.url ("/empty"))[0]
            kk.equal ((found["result"], found["status"], found["body"], found["date"]), ("ok", 500, "", 0), f"an error of '{date}'")


@kk.test
def waits (home):
    "how long a server asks to wait is taken in its unit, and for an hour at most"
    with fakeaws.Server () as aws:
        for name, value, ms in (("Retry-After", "99999", 3600000), ("Retry-After", "-1", 0), ("Retry-After", "9" * 30, 3600000), ("Retry-After", "soon", 0),
                                ("x-amz-retry-after", "250", 250), ("x-amz-retry-after", "90000", 90000), ("x-amz-retry-after", "7200000", 3600000),
                                ("x-amz-retry-after", "x", 0)):
            aws.on ("GET", "/", answer (503, "", {name: value}))
            kk.equal (get (home, aws.url ("/"))[0]["retry_ms"], ms, f"{name}: {value}")


@kk.test
def heads (home):
    "only the head of the answer counts: neither what a server says before it, nor what comes behind the body"
    with fakeaws.Server () as aws:
        head = b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: ID-1\r\n"
        late = b"Retry-After: 99\r\nx-amzn-RequestId: late\r\nx-amz-crc32: 1\r\nDate: Mon, 23 Nov 2026 06:00:00 GMT\r\n"
        for name, data in (("trailers", head + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n" + late + b"\r\n"),
                           ("hints", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + head + b"Content-Length: 4\r\n\r\nbody")):
            aws.on ("GET", f"/{name}", raw (data))
            kk.equal (get (home, aws.url (f"/{name}"))[0], {"result": "ok", "status": 200, "body": "body", "date": 0, "retry_ms": 0, "request_id": "ID-1",
                                                           "sent": False}, name)
        aws.on ("GET", "/", raw (b"HTTP/1.1 103 Early Hints\r\n\r\n"))
        kk.equal (get (home, aws.url ("/"))[0]["result"], "EPROTO", "nothing behind the hints")


@kk.test
def checksums (home):
    "a body that is not what x-amz-crc32 says is a broken answer"
    with fakeaws.Server () as aws:
        for body, crc, result in (("body", zlib.crc32 (b"body"), "ok"), ("bodY", zlib.crc32 (b"body"), "EPROTO"), ("", 0, "ok"), ("", 1, "EPROTO"), ("body", 0, "EPROTO"),
                                  ("body", "x", "ok")):
            aws.on ("GET", "/", answer (200, body, {"x-amz-crc32": str (crc)}))
            found = get (home, aws.url ("/"))[0]
            kk.equal ((found["result"], found["sent"]), (result, result != "ok"), f"{body!r}, {crc}: {found}")
            if result != "ok":
                kk.contains (found["error"], "x-amz-crc32", "the reason")


@kk.test
def broken_answers (home):
    "an answer that is cut off, too large or no HTTP is an error"
    head = b"HTTP/1.1 200 OK\r\n"
    with fakeaws.Server () as aws:
        for name, what, result in (("short", answer (200, "abc", length=10), "EPROTO"),
                                   ("chunks", raw (head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc"), "EPROTO"),
                                   ("chunk", raw (head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"), "EPROTO"),
                                   ("none", raw (b""), "EPROTO"),
                                   ("line", raw (b"hello\r\n\r\n"), "EPROTO"),
                                   ("headers", raw (head + b"X: y\r\n"), "EPROTO"), ("status", raw (head), "EPROTO"),
                                   ("large", answer (200, "x" * 1001), "EFBIG"),
                                   ("endless", raw (head + b"\r\n" + b"x" * 100000), "EFBIG")):
            aws.on ("GET", f"/{name}-path", what)
            found = get (home, aws.url (f"/{name}-path?q=secret"), "--most", "1000")[0]
            kk.equal ((found["result"], found["sent"]), (result, True), f"{name}: {found}")
            kk.contains (found["error"], f'"{aws.url ("/")}"', name)
            kk.check ("path" not in found["error"] and "secret" not in found["error"], "a path or a query may be a secret", found)
        aws.on ("GET", "/fits", answer (200, "x" * 1000))
        kk.equal (get (home, aws.url ("/fits"), "--most", "1000")[0]["result"], "ok", "exactly what is allowed")


@kk.test
def no_redirect (home):
    "a redirect is an answer like any other, and nobody goes there"
    with fakeaws.Server () as aws:
        aws.on ("GET", "/from", answer (302, "", {"Location": aws.url ("/to")}))
        found = get (home, aws.url ("/from"))[0]
        kk.equal ((found["result"], found["status"], aws.paths ()), ("ok", 302, ["/from"]), "the redirect")


@kk.test
def no_connection (home):
    "who cannot be reached is named, in the words that users look for"
    url = f"http://127.0.0.1:{fakeaws.closed_port ()}/"
    found = get (home, url.replace ("://", "://user:password@") + "path?token=secret")[0]
    kk.equal ((found["result"], found["sent"]), ("ECONNREFUSED", False), f"a closed port: {found}")
    kk.contains (found["error"], f'EndpointConnectionError: Could not connect to the endpoint URL: "{url}"', "the words")
    kk.check ("path" not in found["error"] and "password" not in found["error"] and "secret" not in found["error"], "of the URL only its origin", found)
    found = get (home, "http://no-such-host.invalid/")[0]
    kk.equal (found["result"], "ECONNREFUSED", f"a name that is none: {found}")
    kk.contains (found["error"], "resolve", "the reason")
    for url in ("ftp://127.0.0.1/", "http://", "file:///etc/passwd", "http://h:99999/"):
        kk.equal (get (home, url)[0]["result"], "EINVAL", f"the URL {url}")


@kk.test
def proxies (home):
    "proxies as curl has them, unless none may be used"
    with fakeaws.Server () as aws, fakeaws.Server () as proxy:
        aws.on ("GET", "/", answer (200, "direct"))
        proxy.on ("GET", "*", answer (200, "proxy"))
        env = {"http_proxy": proxy.url ()}
        kk.equal (get (home, aws.url ("/"), env=env)[0]["body"], "proxy", "http_proxy")
        kk.equal (get (home, aws.url ("/"), env={**env, "no_proxy": "127.0.0.1"})[0]["body"], "direct", "no_proxy")
        for name in ("http_proxy", "ALL_PROXY", "all_proxy"):
            kk.equal (get (home, aws.url ("/"), "--direct", env={name: proxy.url ()})[0]["body"], "direct", f"never through {name}")
        kk.equal (len (proxy.requests), 1, "requests to the proxy")
        found = get (home, "https://example.invalid/", env={"https_proxy": aws.url ()})[0]
        kk.equal ((found["result"], found["sent"]), ("ECONNREFUSED", False), f"a proxy that does not connect: {found}")


@kk.test
def stops_at_once (home):
    "a stop ends a request that nobody answers; a time limit does too"
    with fakeaws.Server () as aws:
        aws.on ("GET", "/", fakeaws.slow (60, answer (200, "late")))
        for stop in ("--stop", "--ask-stop"):
            found, seconds = fakeaws.took (lambda how=stop: get (home, aws.url ("/"), "--ms", "60000", how, "100")[0])
            kk.equal (found["result"], "ECANCELED", f"after a stop: {found}")
            kk.check (seconds < 5 * kk.SLOW, "it took long", seconds)
        found = get (home, aws.url ("/"), "--ms", "1500")[0]
        kk.equal ((found["result"], found["sent"]), ("ETIMEDOUT", True), f"after the time limit: {found}")


@kk.test
def tls (home):
    "a certificate that nobody vouches for is refused, also with the right name; a CA file vouches"
    kk.need_tool ("openssl")
    paths = [os.path.join (home.path, n) for n in ("key.pem", "cert.pem", "other-key.pem", "other.pem")]
    for key, cert, name in ((*paths[:2], "IP:127.0.0.1"), (*paths[2:], "DNS:example.org")):
        home.run ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                  "-subj", "/CN=test", "-addext", f"subjectAltName={name}", program=shutil.which ("openssl")).ok ()
    for key, cert, result in ((*paths[:2], "ok"), (*paths[2:], "EKEYREJECTED")):
        context = ssl.SSLContext (ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain (cert, key)
        with fakeaws.Server (context) as aws:
            aws.on ("GET", "/", answer (200, "safe"))
            kk.equal (get (home, aws.url ("/"))[0]["result"], "EKEYREJECTED", "nobody vouches")
            found = get (home, aws.url ("/"), "--ca", cert)[0]
            kk.equal (found["result"], result, f"with {os.path.basename (cert)}: {found}")
            kk.equal (len (aws.requests), result == "ok", "requests that it got")
            kk.equal (get (home, aws.url ("/"), "--ca", "/nonexistent")[0]["result"], "EKEYREJECTED", "a CA file that is not there")


@kk.test
def broken_handshakes (home):
    "who breaks off the handshake, or speaks no TLS, was not reached; that says nothing about trust"
    def reset (listener):
        connection = listener.accept ()[0]
        connection.recv (100)
        connection.setsockopt (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack ("ii", 1, 0))
        connection.close ()
    with socket.create_server (("127.0.0.1", 0)) as listener:
        thread = threading.Thread (target=reset, args=(listener,))
        thread.start ()
        url = f"https://127.0.0.1:{listener.getsockname ()[1]}/"
        found = get (home, url)[0]
        thread.join ()
    kk.equal ((found["result"], found["sent"]), ("ECONNREFUSED", False), f"a reset: {found}")
    kk.contains (found["error"], f'EndpointConnectionError: Could not connect to the endpoint URL: "{url}"', "the words")
    with fakeaws.Server () as aws:
        found = get (home, aws.url ("/").replace ("http:", "https:"))[0]
    kk.equal ((found["result"], found["sent"]), ("ECONNREFUSED", False), f"no TLS: {found}")


@kk.test
def urls (home):
    "URLs are taken apart as curl does"
    for url, host_port, path in (("https://dynamodb.us-east-1.amazonaws.com", "dynamodb.us-east-1.amazonaws.com", "/"),
                                 ("http://127.0.0.1:8000/", "127.0.0.1:8000", "/"), ("http://h:80/a/b?c=d", "h", "/a/b"),
                                 ("https://[::1]:8443/x", "[::1]:8443", "/x"), ("https://h:443", "h", "/")):
        found = probe (home, "url", url)[0]
        kk.equal ((found["result"], found["host_port"], found["path"]), ("ok", host_port, path), url)
    for url in ("http://user:pw@h/", "http://user@h/", "ftp://h/", "h", "http://h/#x", "http://h /", "http://h\n/", ""):
        kk.equal (probe (home, "url", url)[0]["result"], "EINVAL", repr (url))


kk.main ()
