#!/usr/bin/env python3
"""The examples of contrib/alert-examples, each with a program or server that stands for the real one."""

import base64
import json
import os

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


@kk.test
def mail (home):
    "a mail has the message in subject and body, and goes to whom it should"
    home.write ("bin/msmtp", f"#!/bin/sh\necho \"$@\" >{home.path}/args\ncat >{home.path}/mail.new\nmv {home.path}/mail.new {home.path}/mail\n", 0o755)
    s, env = example (home, "mail.sh", "ops@example.org", "msmtp")
    s.say (load=95)
    with home.daemon (s.text, env=env) as d:
        text = kk.wait_for (lambda: read (f"{home.path}/mail"), 20, "a mail")
        d.stop ()
    head, body = text.split ("\n\n", 1)
    headers = dict (line.split (": ", 1) for line in head.split ("\n"))
    kk.equal (read (f"{home.path}/args"), "-i -t\n", "arguments")
    kk.equal (headers["To"], "ops@example.org", "To")
    told = s.told ()[0]
    kk.equal (headers["Message-ID"], f"<{told['id']}@kode-kronical>", "Message-ID")
    kk.equal (base64.b64decode (headers["Subject"].split ("?")[3]).decode (), f"critical: {told['text']}", "Subject")
    kk.check (body.startswith (told["text"] + "\n\nrule: hot\nchange: fired\n"), "body", body)


@kk.test
def mail_that_cannot_be_sent (home):
    "where the mail cannot be handed over, the example asks for another time"
    home.write ("bin/sendmail", "#!/bin/sh\ncat >/dev/null\nexit 69\n", 0o755)
    env = {"PATH": f"{home.path}/bin:{os.environ['PATH']}", "KK_ALERT_TEXT": "x", "KK_ALERT_ID": "1"}
    for args in (["ops@example.org"], ["ops@example.org", "no-such-program"]):
        kk.equal (home.run (*args, program=os.path.join (EXAMPLES, "mail.sh"), env=env).rc, 75, f"exit status with {args}")


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
