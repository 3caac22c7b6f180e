#!/usr/bin/env python3
"""The examples of contrib/alert-examples, each with a program or server that stands for the real one."""

import base64
import email
import email.header
import json
import os
import re

import fakeaws
import kk
from alertkit import Scene

EXAMPLES = os.path.join (kk.SOURCE or os.path.join (os.path.dirname (os.path.abspath (__file__)), "..", ".."), "contrib", "alert-examples")
HOT = """      hot: {when: probe.load > 90, severity: critical, text: "grün & <b>heiß</b>: {value}"}
"""


def example (home, name, *args, more=""):
    """A scene whose command is that example, with a PATH where the test's programs come first."""
    s = Scene (home, HOT)
    command = json.dumps ([os.path.join (EXAMPLES, name), *args])
    s.text = s.text.replace ("    group_wait: 0s", f"    command: {command}\n{more}    group_wait: 0s")
    return s, {"PATH": f"{home.path}/bin:{os.environ['PATH']}"}


def read (path):
    with open (path, encoding="utf-8") as f:
        return f.read ()


def subject_of (text):
    """The headers of a mail, decoded, and its body; whether they are as RFC 2047 has them."""
    head = text.split ("\n\n", 1)[0]
    kk.equal ([x for x in head.split ("\n") if len (x) > 76 or not x.isascii ()], [], "lines of the head that cannot be")
    found = email.message_from_string (text)
    for word in re.findall (r"=\?UTF-8\?B\?([^?]*)\?=", head):
        base64.b64decode (word, validate=True).decode ("utf-8")  # each is whole characters
    return {k: str (email.header.make_header (email.header.decode_header (v))) for k, v in found.items ()}, found.get_payload ()


@kk.test
def subjects (home):
    "a subject of any length and of any letters is one that mail programs can read; one in plain letters is not encoded"
    home.write ("bin/sendmail", "#!/bin/sh\ncat\n", 0o755)
    def mailed (text, **env):
        env = {"PATH": f"{home.path}/bin:{os.environ['PATH']}", "KK_ALERT_TEXT": text, "KK_ALERT_SEVERITY": "info", "KK_ALERT_ID": "1", **env}
        return home.run ("ops@example.org", program=os.path.join (EXAMPLES, "mail.sh"), env=env).ok ().out
    for text in ("x" * 54, "x" * 55, "x" * 190, "ü" * 90, "日本語" * 15, "a" + "😀" * 40, "one\ntwo\r\tthree", "$HOME `id` \\n %s * \"'", "=?UTF-8?B?eA==?=", " ü  ü "):
        for env in ({}, {"LANG": "C"}, {"LC_ALL": "C.UTF-8"}):
            out = mailed (text, **env)
            plain = re.sub ("[\n\r\t]", " ", "info: " + text)
            kk.equal (subject_of (out)[0]["Subject"], plain, f"subject of {text!r}")
    kk.contains (mailed ("a plain one"), "\nSubject: info: a plain one\n", "in plain letters")
    long = subject_of (mailed ("日" * 20000))[0]["Subject"]
    kk.check (("info: " + "日" * 20000).startswith (long) and 195 < len (long.encode ()) <= 200, "a very long one", long)


@kk.test
def mail (home):
    "a mail has the message in subject and body, and goes to whom it should"
    home.write ("bin/msmtp", f"#!/bin/sh\necho \"$@\" >{home.path}/args\ncat >{home.path}/mail.new\nmv {home.path}/mail.new {home.path}/mail\n", 0o755)
    s, env = example (home, "mail.sh", "ops@example.org", "msmtp")
    s.say (load=95)
    with home.daemon (s.text, env=env) as d:
        text = kk.wait_for (lambda: read (f"{home.path}/mail"), 20, "a mail")
        d.stop ()
    headers, body = subject_of (text)
    kk.equal (read (f"{home.path}/args"), "-i -t\n", "arguments")
    kk.equal (headers["To"], "ops@example.org", "To")
    told = s.told ()[0]
    kk.equal (headers["Message-ID"], f"<{told['id']}@kode-kronical>", "Message-ID")
    kk.equal (headers["Subject"], f"critical: {told['text']}", "Subject")
    kk.check (body.startswith (told["text"] + "\n\nrule: hot\nchange: fired\n"), "body", body)


@kk.test
def mail_that_cannot_be_sent (home):
    "the example ends as sendmail does; where there is no such program it asks for another time"
    env = {"PATH": f"{home.path}/bin:{os.environ['PATH']}", "KK_ALERT_TEXT": "x", "KK_ALERT_ID": "1"}
    for status in (75, 69, 1, 0):
        home.write ("bin/sendmail", f"#!/bin/sh\ncat >/dev/null\nexit {status}\n", 0o755)
        kk.equal (home.run ("ops@example.org", program=os.path.join (EXAMPLES, "mail.sh"), env=env).rc, status, "exit status")
    kk.equal (home.run ("ops@example.org", "no-such-program", program=os.path.join (EXAMPLES, "mail.sh"), env=env).rc, 75, "without the program")


@kk.test
def desktop (home):
    "a notification says how bad it is, and its text is no markup"
    home.write ("bin/notify-send", f"#!/bin/sh\nfor one; do echo \"$one\"; done >{home.path}/new\nmv {home.path}/new {home.path}/shown.$KK_ALERT_CHANGE\n", 0o755)
    s, env = example (home, "desktop.sh")
    s.say (load=95)
    with home.daemon (s.text, env=env) as d:
        shown = kk.wait_for (lambda: read (f"{home.path}/shown.fired"), 20, "a notification")
        s.say (load=1)
        over = kk.wait_for (lambda: read (f"{home.path}/shown.cleared"), 20, "another one")
        d.stop ()
    host = os.uname ().nodename
    kk.equal (shown.split ("\n")[:4], ["--app-name=kode-kronical", "--urgency=critical", "--", f"hot on {host}"], "arguments")
    kk.contains (shown, "grün &amp; &lt;b&gt;heiß&lt;/b&gt;: 95", "text")
    kk.contains (over, "--urgency=low", "when it is over")


@kk.test
def chat (home):
    "the example for a chat is accepted as it stands, and posts what it says"
    if not os.path.exists (os.path.join (kk.BUILD, "core", "kode-kronical-webhook")):
        kk.skip ("built without libcurl")
    text = read (os.path.join (EXAMPLES, "chat.yaml"))
    home.config (text)
    home.run ("config", "--check").ok ()
    s = Scene (home, HOT)
    lines = [line + "\n" for line in text.split ("\n") if "webhook" in line]
    s.text = s.text.replace ("    group_wait: 0s", "".join (lines) + "    group_wait: 0s")
    s.say (load=95)
    with fakeaws.Server () as server:
        server.on ("POST", "/chat", fakeaws.answer (200, "ok"))
        with home.daemon (s.text, env=fakeaws.no_aws (CHAT_URL=server.url ("/chat"))) as d:
            kk.wait_for (lambda: server.requests and s.told (), 20, "a message")
            d.stop ()
    kk.equal (json.loads (server.requests[0].body), {"text": f"critical: {s.told ()[0]['text']} ({os.uname ().nodename})"}, "what was posted")


kk.main ()
