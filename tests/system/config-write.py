#!/usr/bin/env python3
"""Writing and changing daemon.yaml: what `config` makes, and that nothing a user wrote is ever lost."""

import os
import random
import re
import subprocess
import kk

# Every common key, with its default; the thresholds have none and stand in comments.
LIVE = {
    "daemon": {"sample_interval": "1.0", "max_samples": "3600", "data_retention_hours": "24", "enable_network_monitoring": "true",
               "track_processes": "[python]", "enable_dynamodb_upload": "false", "dynamodb_table_name": "kode-kronical-system",
               "dynamodb_region": "us-east-1", "registry_table_name": "kode-kronical-systems-registry",
               "data_dir": "~/.local/share/kode-kronical", "log_file": "~/.local/share/kode-kronical/daemon.log",
               "pid_file": "~/.local/share/kode-kronical/daemon.pid"},
    "aws": {"profile": "default", "region": '""'},
}
COMMENTED = ("cpu_alert_threshold", "memory_alert_threshold")

OLD = '''# My own file: do not lose it.
daemon:
    sample_interval: 2.0   # slower
    # a thought
    track_processes: [ruby]


    max_samples: 10

plugins:
  net: false    # noisy
# the end'''


def read (path):
    with open (path, encoding="utf-8", newline="") as f:
        return f.read ()


@kk.test
def generated (home):
    "config writes every common key as a live line, exactly once, with a comment; the file is valid and pleasant"
    r = home.run ("config").ok ()
    kk.contains (r.out, home.config_file, "it says where")
    text = read (home.config_file)
    for section, keys in LIVE.items ():
        body = re.search (rf"^{section}:\n((?:  .*\n|\n)+)", text, re.M).group (1)
        for key, value in keys.items ():
            kk.equal (len (re.findall (rf"^  {key}:", body, re.M)), 1, f"{section}.{key}")
            kk.check (re.search (rf"^  {key}: {re.escape (value)} +# [A-Z].+$", body, re.M), f"{key} with its default and a comment", body)
    for key in COMMENTED:
        kk.equal (len (re.findall (rf"^  # {key}: \d+ +# .+$", text, re.M)), 1, key)
    kk.check (max (map (len, text.split ("\n"))) <= 100 and "\t" not in text, "at most 100 columns, no tabs")
    kk.check (not re.search (r" +$", text, re.M) and text.endswith ("\n"), "no blanks at line ends")
    r = home.run ("config", "--check").ok ()
    kk.equal (r.out, f"{home.config_file}: valid\n", "valid without a note")
    kk.equal (home.run ("config", "--print").out, text, "--print gives the same")
    kk.check (len ([line for line in text.split ("\n") if "sample_interval" in line and "4s" in line]) == 1, "it says what is above 4 s")
    kk.check (re.search (r"^  dynamodb_region: .*wins over aws.region", text, re.M), "it says which region wins")


@kk.test
def every_line_can_be_uncommented (home):
    "each commented option of the generated file is valid as it stands"
    home.run ("config").ok ()
    text = read (home.config_file)
    lines = text.split ("\n")
    tried = 0
    for i, line in enumerate (lines):
        m = re.match (r"( +)# ([a-z_]+: \S.*)$", line)
        if m and ":" in m.group (2) and not m.group (2).endswith (":"):
            path = home.write ("t.yaml", "\n".join (lines[:i] + [m.group (1) + m.group (2)] + lines[i + 1:]))
            r = home.run ("config", "--check", path)
            kk.check (r.rc == 0, line, r)
            tried += 1
    kk.check (tried >= 10, f"{tried} lines")


@kk.test
def every_section_can_be_uncommented (home):
    "a whole section without its comment signs is valid, but for what only the user can say"
    text = home.run ("config", "--print").ok ().out
    blocks = [b.split ("\n") for b in text.split ("plugins:\n", 1)[1].rstrip ("\n").split ("\n\n")]
    kk.check (len (blocks) >= 12 and all (b[0].startswith ("  # ") for b in blocks), "sections", blocks)
    for i, block in enumerate (blocks):
        lines = [block[0]] + [re.sub (r"^( +)# ", r"\1", line) for line in block[1:]]
        path = home.write ("t.yaml", text.split ("plugins:\n", 1)[0] + "plugins:\n" + "\n".join (lines) + "\n")
        r = home.run ("config", "--check", path, "--json")
        bad = [d["message"] for d in r.json ()["diagnostics"] if d["severity"] == "error"
               and not re.search (r"is missing|: name a |comes along", d["message"])]
        kk.equal (bad, [], block[1])
    part = re.search (r"^# (pipeline: .*)$", text, re.M).group (1)
    home.config (f"plugins: {{select: {{}}}}\n{part}\n")
    home.run ("config", "--check").ok ()
    label = next (b for b in blocks if b[1] == "  # label:")
    kk.check ("  #     site: berlin" in label and "  #     role: ROLE" in label, "examples of maps", label)


@kk.test
def one_liners (home):
    "the guide's sed and grep work on it"
    home.run ("config").ok ()
    for expression in ("s/enable_dynamodb_upload: false/enable_dynamodb_upload: true/",):
        subprocess.run (["sed", "-i", expression, home.config_file], check=True)
    text = read (home.config_file)
    kk.equal (text.count ("enable_dynamodb_upload: true"), 1, "turned on")
    kk.equal (text.count ("enable_dynamodb_upload"), 1, "once in the file")
    kk.equal (len ([line for line in text.split ("\n") if "dynamodb_region" in line]), 1, "grep dynamodb_region finds one line")
    home.run ("config", "--check").ok ()


@kk.test
def never_lost (home):
    "an existing file is refused with a word; --force keeps every older one"
    home.config (OLD)
    r = home.run ("config")
    kk.equal (r.rc, 1, "exit status")
    for word in (home.config_file, "--force", "--update"):
        kk.contains (r.err, word, "the word")
    kk.equal (read (home.config_file), OLD, "the file")
    home.run ("config", "--force").ok ()
    kk.equal (read (home.config_file + ".bak"), OLD, "the backup")
    fresh = read (home.config_file)
    home.config ("daemon: {}\n")
    home.run ("config", "--force").ok ()
    kk.equal (read (home.config_file + ".bak"), "daemon: {}\n", "the newest backup")
    kk.equal (read (home.config_file + ".bak.1"), OLD, "the older backup")
    kk.equal (read (home.config_file), fresh, "the new file")


@kk.test
def update_adds_and_keeps (home):
    "--update adds what is new and keeps every line; doing it again changes nothing"
    home.config (OLD)
    home.run ("config", "--update").ok ()
    text = read (home.config_file)
    rest = iter (text.split ("\n"))
    kk.check (all (line in rest for line in OLD.split ("\n")), "every old line, in order", text)
    for section, keys in LIVE.items ():
        for key in keys:
            if key != "enable_network_monitoring":   # plugins.net says it already
                kk.equal (len (re.findall (rf"^ +{key}:", text, re.M)), 1, key)
    home.run ("config", "--check").ok ()
    r = home.run ("config", "--update").ok ()
    kk.contains (r.out, "nothing is missing", "again")
    kk.equal (read (home.config_file), text, "again")


@kk.test
def update_changes_no_meaning (home):
    "added lines say what held before: paths beside data_dir, the region of aws, section monitoring"
    home.config ("daemon:\n  data_dir: ~/elsewhere\naws:\n  region: eu-west-1\nmonitoring:\n  track_processes: [x]\n")
    home.run ("config", "--update").ok ()
    text = read (home.config_file)
    kk.contains (text, f"log_file: {home.path}/elsewhere/daemon.log", "log")
    kk.contains (text, f"pid_file: {home.path}/elsewhere/daemon.pid", "pid")
    kk.contains (text, "dynamodb_region: eu-west-1", "region")
    kk.equal (text.count ("track_processes"), 1, "synonym")
    kk.check ("note" not in home.run ("config", "--check").ok ().out, "nothing hides anything")


@kk.test
def update_leaves_fragments_in_force (home):
    "what a file in conf.d says is not added to the main file, where it would win"
    home.config ("daemon:\n  max_samples: 5\n")
    home.write (home.config_dir + "/conf.d/10-site.yaml", "daemon: {sample_interval: 2, data_dir: ~/elsewhere}\naws: {region: eu-west-1}\n"
                "monitoring: {auto_track_python: false}\nplugins: {net: false}\n")
    home.run ("config", "--update").ok ()
    text = read (home.config_file)
    for key in ("sample_interval", "data_dir", " region", "auto_track_python", "enable_network_monitoring"):
        kk.check (f"{key}:" not in text, f"{key} is not added", text)
    kk.contains (text, f"log_file: {home.path}/elsewhere/daemon.log", "log")
    kk.check ("note" not in home.run ("config", "--check").ok ().out, "nothing hides anything")


@kk.test
def update_without_file_or_with_a_broken_one (home):
    "without a file --update writes one; a broken one stays as it is"
    home.run ("config", "--update").ok ()
    kk.check (os.path.exists (home.config_file), "written")
    home.config ("daemon: [x\n")
    r = home.run ("config", "--update")
    kk.equal (r.rc, 1, "exit status")
    kk.contains (r.err, "is not closed", "why")
    kk.equal (read (home.config_file), "daemon: [x\n", "unchanged")
    ended = "daemon:\n  max_samples: 5\n...\n"   # no section can follow
    home.config (ended)
    r = home.run ("config", "--update")
    kk.equal ((r.rc, r.out), (1, ""), "nothing is said to be added")
    kk.equal (read (home.config_file), ended, "unchanged")


@kk.test
def set_changes_one_line (home):
    "config set changes one line, and says no to what would be wrong"
    home.run ("config").ok ()
    before = read (home.config_file)
    for key, value, line in (("daemon.sample_interval", "2.0", "  sample_interval: 2.0 "), ("max_samples", "5", "  max_samples: 5 "),
                             ("aws.profile", "work", "  profile: work "), ("cpu_alert_threshold", "95", "  cpu_alert_threshold: 95 "),
                             ("track_processes", "[python, node]", "  track_processes: [python, node] "),
                             ("plugins.cpu.per_core", "true", "    per_core: true "), ("data_dir", "/srv/a b", "  data_dir: /srv/a b ")):
        home.run ("config", "set", key, value).ok ()
        after = read (home.config_file)
        changed = [(a, b) for a, b in zip (before.split ("\n"), after.split ("\n")) if a != b]
        kk.equal (len (changed), 1, f"{key}: changed lines")
        kk.check (changed[0][1].startswith (line) and changed[0][0].split ("  # ")[-1] == changed[0][1].split ("  # ")[-1], key, changed)
        before = after
    home.run ("config", "--check").ok ()
    for key, value, word in (("daemon.sample_interval", "fast", "give a duration"), ("daemon.sampel_interval", "1", "did you mean 'sample_interval'?"),
                             ("sampel_interval", "1", "did you mean 'daemon.sample_interval'?"), ("plugins.cpu.foo", "1", "unknown key 'foo'"),
                             ("plugins.nothing.foo", "1", "there is no plugin 'nothing'"), ("track_processes", "python, node", "write a list"),
                             ("daemon", "1", "unknown key"), ("", "1", "unknown key"), ("daemon.", "1", "unknown key"),
                             ("plugins.cpu", "false", "holds keys of its own")):
        r = home.run ("config", "set", key, value)
        kk.equal (r.rc, 1, f"{key} {value}: {r}")
        kk.contains (r.err, word, f"{key} {value}")
        kk.equal (read (home.config_file), before, "unchanged")
    kk.equal (home.run ("config", "set", "max_samples").rc, 2, "usage")


@kk.test
def set_and_set_back (home):
    "there and back again, in any order, is the file as it was"
    home.run ("config").ok ()
    home.config (read (home.config_file).replace ("us-east-1 ", "'us-east-1' ").replace ("kode-kronical-system ", '"kode-kronical-system" '))
    before = read (home.config_file)
    changes = {"sample_interval": ("1.0", "250ms"), "max_samples": ("3600", "7"), "track_processes": ("[python]", "[a, 'b c']"),
               "dynamodb_region": ("us-east-1", "eu-central-1"), "dynamodb_table_name": ("kode-kronical-system", "a table"),
               "log_level": ("info", "debug"), "aws.profile": ("default", "it's me"), "data_retention_hours": ("24", "168")}
    rng = random.Random (7)
    order = list (changes)
    for way in (1, 0):
        rng.shuffle (order)
        for key in order:
            home.run ("config", "set", key, changes[key][way]).ok ()
        if way:
            kk.check (read (home.config_file) != before, "changed")
    kk.equal (read (home.config_file), before.replace ("profile: default", "profile: 'default'")
              if "profile: 'default'" in read (home.config_file) else before, "as it was")


@kk.test
def set_keeps_the_rest (home):
    "links, permissions and Windows line ends stay; a file with errors can be mended step by step"
    real = home.write ("real.yaml", "daemon:\r\n  max_samples: 5   # x\r\n", 0o640)
    os.makedirs (home.config_dir)
    os.symlink (real, home.config_file)
    home.run ("config", "set", "max_samples", "6").ok ()
    kk.check (os.path.islink (home.config_file), "still a link")
    kk.equal (read (real), "daemon:\r\n  max_samples: 6   # x\r\n", "line ends")
    kk.equal (os.stat (real).st_mode & 0o777, 0o640, "permissions")
    home.run ("config", "--force").ok ()
    kk.check (os.path.islink (home.config_file), "still a link after --force")
    kk.contains (read (real), "sample_interval: 1.0", "the file behind it")
    kk.equal (os.stat (real).st_mode & 0o777, 0o640, "its permissions")
    kk.equal (read (home.config_file + ".bak"), "daemon:\r\n  max_samples: 6   # x\r\n", "the backup")
    os.unlink (real)
    for command in (("config", "--check"), ("start",)):
        r = home.run (*command)
        kk.equal (r.rc, 1, "a link that leads nowhere is not passed over")
        kk.contains (r.err, home.config_file, "the answer")
    path = home.write ("bad.yaml", "daemon:\n  max_samples: x\n  log_level: y\n")
    home.run ("-c", path, "config", "set", "max_samples", "5").ok ()
    home.run ("-c", path, "config", "set", "log_level", "info").ok ()
    home.run ("config", "--check", path).ok ()
    kk.equal (home.run ("-c", path, "config", "set", "log_level", "z").rc, 1, "not made worse")


@kk.test
def system_file_needs_root (home):
    "who may not write the system's file is told what to do"
    nobody = {}
    if os.geteuid () == 0:
        kk.need_others (home, 65534)
        nobody = {"preexec_fn": lambda: os.setuid (65534)}
    r = home.run ("config", "--system", **nobody)
    if r.rc == 0 or "exists" in r.err:
        kk.skip ("this prefix is the user's own")
    kk.contains (r.err, "sudo", "the word")


@kk.test
def manual_names_every_key (home):
    "daemon.yaml(5) says something about every key of the generated file, and about what every plugin takes"
    with open (os.path.join (kk.SOURCE, "doc", "daemon.yaml.5.pod"), encoding="utf-8") as f:
        page = f.read ()
    for line in home.run ("config", "--print").ok ().out.split ("\nplugins:")[0].split ("\n"):
        m = re.match (r"  (?:# )?([a-z_]+):", line)
        if m:
            kk.contains (page, f"B<{m.group (1)}>", "the manual")
    kk.contains (page, "=for generated", "the place for what every plugin takes")
    lists = home.run ("plugin", "list", "--pod").ok ().out
    for key in ("enabled", "plugin", "optional", "interval", "deadline", "queue_bytes", "queue_age", "pipeline", "on_error", "tables"):
        kk.equal (lists.count (f"=item B<{key}>"), 1, key)


@kk.test
def usage (home):
    "options that do not go together are refused"
    for args in (("--json",), ("--force", "--update"), ("--check", "--force"), ("frobnicate",), ("set",), ("--check", "a", "b")):
        kk.equal (home.run ("config", *args).rc, 2, str (args))
    kk.check (not os.path.exists (home.config_file), "nothing written")
    kk.contains (home.run ("config", "--help").ok ().out, "--update", "help")


kk.main ()
