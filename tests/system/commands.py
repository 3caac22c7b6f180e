"""The command line: help, version, misspelt words, exit statuses of commands that find nothing running."""

import json
import os
import re
import subprocess

import kk

COMMANDS = "start stop restart reload status tail config plugin install uninstall".split ()


@kk.test
def help_of_every_command (home):
    "every command explains itself within 80 columns"
    listed = home.run ("--help").ok ().out
    for command in COMMANDS:
        kk.check (any (line.split ()[:1] == [command] for line in listed.splitlines ()), f"{command} is listed", listed)
        for asked in ((command, "--help"), ("--help", command), (command, "-h"), ("help", command)):
            r = home.run (*asked).ok ()
            kk.contains (r.out, f"Usage: kode-kronical-daemon {command}", " ".join (asked))
            kk.contains (r.out, "--config FILE", "the general options")
            wide = [line for line in r.out.splitlines () if len (line) > 79]
            kk.equal (wide, [], "lines beyond 79 columns")
            kk.equal (r.err, "", "stderr")
    kk.equal ([line for line in listed.splitlines () if len (line) > 79], [], "lines beyond 79 columns")


@kk.test
def version (home):
    "--version"
    r = home.run ("--version").ok ()
    kk.check (r.out.startswith ("kode-kronical-daemon ") and r.out.count ("\n") == 1, "one line", r)
    kk.equal (home.run ("status", "--version").rc, 0, "also after a command")


@kk.test
def no_command (home):
    "without a command the help goes to stderr and the status is 2"
    r = home.run ()
    kk.equal ((r.rc, r.out), (2, ""), "status and stdout")
    kk.contains (r.err, "Usage:", "stderr")


@kk.test
def misspelt (home):
    "misspelt words are answered with the nearest known one"
    for args, meant in ((("strat",), "start"), (("statsu",), "status"), (("--confg", "x", "start"), "--config"),
                        (("start", "--foregruond"), "--foreground"), (("status", "--jsno"), "--json")):
        r = home.run (*args)
        kk.equal (r.rc, 2, f"exit status of {args}")
        kk.contains (r.err, f"did you mean '{meant}'", f"answer to {args}")
    for args in (("start", "now"), ("status", "--json=yes"), ("-c",), ("start", "-c"), ("-x",), ("start", "-x"), ("tail", "-n"),
                 ("tail", "-n", "0"), ("tail", "-n", "many"), ("--config=", "status"), ("frobnicate",)):
        r = home.run (*args)
        kk.equal (r.rc, 2, f"exit status of {args}")
        kk.check (r.err and not r.out, f"{args} is answered on stderr", r)


@kk.test
def completion (home):
    "bash completes commands, options, plugins and files"
    kk.need_tool ("bash")
    home.write ("some.yaml", "")
    script = os.path.join (kk.SOURCE, "contrib", "completions", "kode-kronical-daemon")
    for line, wanted in (("st", {"start", "stop", "status"}), ("-c some.yaml rest", {"restart"}), ("start --f", {"--foreground"}),
                         ("--ver", {"--version"}), ("plugin i", {"info"}), ("config show --run", {"--running"}),
                         ("plugin info me", {"memory"}), ("-c some.y", {"some.yaml"})):
        words = ["kode-kronical-daemon", *line.split (" ")]
        r = home.run ("-c", f'. "{script}" && COMP_WORDS=({" ".join (words)}) COMP_CWORD={len (words) - 1} && _kode_kronical_daemon && '
                      'printf "%s\\n" "${COMPREPLY[@]}"', program="bash").ok (line)
        kk.equal (set (r.out.split ()), wanted, f"completion of '{line}'")


@kk.test
def nothing_runs (home):
    "with nothing running: status 3, stop 0, reload and tail 1"
    for args, rc in ((("status",), 3), (("stop",), 0), (("reload",), 1), (("tail",), 1), (("tail", "--json", "-n", 2), 1)):
        r = home.run (*args)
        kk.equal (r.rc, rc, " ".join (map (str, args)))
        kk.contains (r.all, "not running", " ".join (map (str, args)))
    state = home.run ("status", "--json")
    kk.equal (state.rc, 3, "status --json")
    kk.equal ({k: state.json ()[k] for k in ("state", "running")}, {"state": "stopped", "running": False}, "status --json")
    kk.check (not home.files (), "nothing was made", home.files ())


@kk.test
def config_before_and_after (home):
    "-c and --config are taken before and after the command"
    path = home.write ("other.yaml", "daemon: {data_dir: ~/elsewhere, sample_interval: 0.1}\n")
    with home.daemon (None, options=("-c", path), data=home.path + "/elsewhere"):
        for args in (("-c", path, "status"), ("status", "-c", path), ("--config", path, "status"), ("status", f"--config={path}"),
                     (f"-c{path}", "status"), ("status", "-c", "other.yaml")):
            kk.equal (home.run (*args).rc, 0, " ".join (args))
        kk.equal (home.run ("status", "--config=~/other.yaml").rc, 0, "with the home directory")
        kk.equal (home.run ("status").rc, 3, "without it the user's own place counts")
    for args in (("-c", "/nowhere/x.yaml", "start"), ("start", "--config", "/nowhere/x.yaml")):
        r = home.run (*args)
        kk.equal (r.rc, 1, "a missing file")
        kk.contains (r.err, "/nowhere/x.yaml", "the missing file is named")
    kk.equal (home.run ("-c", "/nowhere/x.yaml", "status").rc, 4, "status cannot tell")


@kk.test
def closed_output (home):
    "a full disk behind stdout is said, a closed pipe is silent"
    with open ("/dev/full", "wb") as full:
        p = subprocess.run (home.command (["--help"]), stdout=full, stderr=subprocess.PIPE, env=home.env ())
    kk.equal (p.returncode, 1, "status")
    kk.contains (p.stderr.decode (), "No space left", "stderr")


@kk.test
def terminals (home):
    "on a terminal there is colour, and lines fit its width"
    with home.daemon ("daemon: {sample_interval: 0.1}"):
        r = home.on_terminal (100, "status")
        kk.check (re.search (r"Health +\x1b\[32mok\x1b\[0m", r), "a good health is green", r)
        kk.check ("\x1b" not in home.on_terminal (100, "status", NO_COLOR=1), "no colour where NO_COLOR says so")
    faulty = home.write ("x.yaml", "daemon: {max_sample: 5}\n")
    kk.contains (home.on_terminal (100, "config", "--check", faulty), "\x1b[1;31merror:", "an error has a colour")
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": None}):
        kk.check ("\x1b" not in home.on_terminal (100, "config", "--check", faulty, **env), f"no colour with {env}")
    kk.check ("\x1b" not in home.run ("config", "--check", faulty, env={"TERM": "xterm"}).all, "none when it is no terminal")
    for columns in (40, 60, 120):
        lines = home.on_terminal (columns, "plugin", "info", "cpu").splitlines ()
        kk.check (len (lines) > 40, "plugin info", lines)
        kk.equal ([line for line in lines if len (line) > columns and ".so" not in line], [], f"lines beyond {columns} columns")
        kk.check (max (map (len, lines)) > columns - 20, f"{columns} columns are used")


@kk.test
def status_and_tail_of_a_running_daemon (home):
    "status and tail show a running daemon, for people and for programs"
    with home.daemon ("daemon: {sample_interval: 0.1}") as d:
        kk.wait_for (lambda: d.status ()["ticks"]["taken"] > 3, 10, "some ticks")
        r = home.run ("status").ok ()
        for word in ("PID", str (d.pid), "CPU", "Memory", "Uptime", "Health", "cpu", "memory", "file-writer"):
            kk.contains (r.out, word, "status")
        kk.check ("\x1b" not in r.out, "no colour when it is no terminal")
        kk.equal ([line for line in r.out.splitlines () if len (line) > 80 and home.path not in line], [], "lines beyond 80 columns")
        o = home.run ("status", "--json").ok ().json ()
        kk.equal ((o["pid"], o["running"], o["state"]), (d.pid, True, "running"), "status --json")
        for key in ("uptime_seconds", "health", "process", "instances"):
            kk.check (key in o, f"status --json has {key}")
        lines = home.run ("tail", "-n", 3).ok ().out.splitlines ()
        kk.equal (len (lines), 4, "a heading and three samples")
        kk.equal ([line for line in lines if len (line) > 80], [], "lines beyond 80 columns")
        samples = [json.loads (line) for line in home.run ("tail", "--json", "-n", 5).ok ().out.splitlines ()]
        kk.equal (len (samples), 5, "five samples")
        times = [s["timestamp"] for s in samples]
        kk.equal (times, sorted (set (times)), "in order, none twice")
        kk.check (all ("memory_percent" in s["system"] for s in samples), "with their tables")
        more = home.spawn (*home.command (["tail"]), stdout=-1)
        kk.contains (more.stdout.readline ().decode (), "TIME", "the heading")
        more.stdout.readline ()
        rc = d.stop ()
        kk.equal (rc, 0, "the daemon's end")
        kk.equal (more.wait (10 * kk.SLOW), 1, "tail ends with the daemon")
        more.stdout.close ()


kk.main ()
