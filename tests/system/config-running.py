#!/usr/bin/env python3
"""config show --running: what the daemon that runs goes by, whatever has become of its file."""

import os
import socket
import threading

import kk

TEXT = """daemon: {sample_interval: 0.1, cpu_alert_threshold: 91}
plugins:
  process: false
  alert:
    file: %s/told
    webhook: https://example.invalid/hunter2
    webhook_headers: {Authorization: hunter2}
    rules: {busy: {when: system.cpu_percent > 1000, for: 90s}}
pipeline: [alert]
"""
OLD = '{"error":"unknown command: status, samples, schema, tail, reload and stop are known"}\n'


def shown (home, *args):
    return home.run ("config", "show", *args)


@kk.test
def as_the_file_says (home):
    "what runs is told as `config show` tells what the file says: the same text, the same JSON, and no secret"
    with home.daemon (TEXT % home.top) as d:
        for args in ((), ("alert",), ("net",)):
            kk.equal (shown (home, "--running", *args).ok ().out, shown (home, *args).ok ().out, f"{args}")
        running = shown (home, "--running", "--json").ok ()
        kk.equal (running.json (), shown (home, "--json").ok ().json (), "as JSON")
        kk.equal (running.json ()["plugins"]["alert"]["options"]["rules"]["busy"]["for"], 90, "a rule")
        options = running.json ()["plugins"]["alert"]["options"]
        kk.equal ((options["webhook"], options["webhook_headers"]), (None, None), "what is secret")
        said = shown (home, "--running").ok ().out
        kk.check ("hunter2" not in running.out + said, "no secret", said)
        again = home.write (f"{home.top}/again.yaml", said)
        kk.contains (shown (home, "-c", again, "alert").ok ().out, "for: 90", "what is told can be read again")
        r = shown (home, "--running", "nte")
        kk.equal ((r.rc, r.out, r.err), (1, "", "kode-kronical-daemon: the daemon that runs says: no instance 'nte' is on\n"), "no such instance")
        d.stop ()


@kk.test
def a_file_that_changed (home):
    "a file that was changed counts when it was reloaded, one that is broken does not count; places stay until a restart"
    interval = lambda: shown (home, "--running", "--json").ok ().json ()["daemon"]["sample_interval"]
    with home.daemon ("daemon: {sample_interval: 0.1}\n") as d:
        home.config ("daemon: {sample_interval: 0.2}\nplugins: {memory: false}\n")
        kk.equal ((interval (), shown (home, "--json").ok ().json ()["daemon"]["sample_interval"]), (0.1, 0.2), "not yet reloaded")
        home.run ("reload").ok ()
        kk.equal (interval (), 0.2, "reloaded")
        kk.check ("memory" not in shown (home, "--running", "--json").ok ().json ()["plugins"], "what is off is not told")
        for broken in ("daemon: {sample_interval: [\n", "daemon: {sample_interval: never}\n"):
            home.config (broken)
            kk.equal ((shown (home).rc, home.run ("reload").rc), (1, 1), "the file is broken")
            r = shown (home, "--running").ok ()
            kk.equal ((r.err, "sample_interval: 0.2" in r.out, "memory: false" in r.out), ("", True, True), f"the daemon's: {r}")
        home.config (f"daemon: {{sample_interval: 0.3, data_dir: {home.top}/other, log_file: {home.top}/other.log}}\n")
        kk.check ("ok" in home.ask ("reload"), "the reload")
        told = home.ask ("config")["daemon"]
        kk.equal ([told[k] for k in ("sample_interval", "data_dir", "log_file", "pid_file")], [0.3, home.data, home.log_file, home.pid_file], "places")
        d.stop ()


def check_failure (home, running, words):
    r = shown (home, "--running")
    kk.equal ((r.rc, r.out, r.err.count ("\n")), (1, "", 1), f"for people: {r}")
    kk.contains (r.err, words, "for people")
    r = shown (home, "--running", "--json")
    kk.equal ((r.rc, r.err, r.json ()["running"], r.json ()["data_dir"]), (1, "", running, home.data), f"for programs: {r}")
    kk.contains (r.json ()["error"], words, "for programs")


@kk.test
def nobody_to_ask (home):
    "where none runs, it says so and what to do"
    check_failure (home, False, "not running; start it: kode-kronical-daemon start")
    home.config (f"daemon: {{data_dir: {home.data}\n")
    r = shown (home, "--running")
    kk.contains (r.err, "config --check", "a broken file")
    kk.contains (r.err, home.data, "where it looked")
    home.config ("{}")
    with home.daemon () as d:
        shown (home, "--running").ok ()
        d.stop ()
    check_failure (home, False, "not running")
    for args in (("set", "daemon.max_samples", "5", "--running"), ("--running",), ("--check", "--running")):
        r = home.run ("config", *args)
        kk.equal ((r.rc, r.out), (2, ""), f"{args}: {r}")
        kk.contains (r.err, "--running goes with show", f"{args}")


def answer_all (listener, line):
    """Answers each client's first line, until the listener is closed."""
    while True:
        try:
            client, _ = listener.accept ()
        except OSError:
            return
        with client:
            client.recv (4096)
            if line:
                client.sendall (line.encode ())


@kk.test
def others_that_answer (home):
    "a daemon that does not know the command, says nonsense or hangs up is told apart from none"
    os.makedirs (home.data)
    for line, words in ((OLD, "is of an older version and does not tell its configuration; restart it: kode-kronical-daemon restart"),
                        ('{"error":"too many clients at once"}\n', "says: too many clients at once"), ("[]\n", "does not answer"), ("", "does not answer")):
        path = f"{home.data}/daemon.sock"
        with socket.socket (socket.AF_UNIX) as listener:
            listener.bind (path)
            listener.listen ()
            thread = threading.Thread (target=answer_all, args=(listener, line), daemon=True)
            thread.start ()
            check_failure (home, True, words)
            listener.shutdown (socket.SHUT_RDWR)
            thread.join ()
        os.unlink (path)


@kk.test
def of_another_user (home):
    "who may not ask is told so"
    config = home.write (f"{home.top}/others.yaml", f"daemon: {{data_dir: {home.top}/data}}\n", 0o644)
    os.mkdir (f"{home.top}/data", 0o700)
    kk.need_others (home, 65534)
    for args in ((), ("--json",)):
        r = home.run ("-c", config, "config", "show", "--running", *args, cwd="/", user=65534, group=65534, extra_groups=[])
        kk.equal (r.rc, 1, f"{args}: {r}")
        kk.contains (r.err + r.out, "another user's", f"{args}")
    kk.equal (r.json ()["running"], None, "whether one runs")


if __name__ == "__main__":
    kk.main ()
