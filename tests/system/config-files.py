#!/usr/bin/env python3
"""Configurations that users have: those of the guide, the shape of the Python daemon's samples, and what goes with plugins."""

import glob
import os
import re

import kk

GUIDE = {
    "basic": '''# ~/.config/kode-kronical/daemon.yaml
daemon:
  sample_interval: 1.0                    # Collect data every second
  data_retention_hours: 24                # Keep 24 hours of data
  enable_network_monitoring: true         # Monitor network usage
  
  # DynamoDB upload (optional)
  enable_dynamodb_upload: false           # Set to true for AWS
  dynamodb_table_name: "kode-kronical-system"
  dynamodb_region: "us-east-1"
''',
    "advanced": '''daemon:
  sample_interval: 1.0
  max_samples: 3600
  data_retention_hours: 168               # 1 week
  
  # Process monitoring
  track_processes: [python, node, java]
  
  # Alert thresholds
  cpu_alert_threshold: 90
  memory_alert_threshold: 85

# AWS configuration
aws:
  profile: "default" 
  region: "us-east-1"
''',
    "low": '''daemon:
  sample_interval: 5.0                 # Sample every 5 seconds
  max_samples: 720                     # Reduce memory buffer
  data_retention_hours: 12             # Keep less data
  enable_network_monitoring: false     # Disable if not needed
''',
}

SAMPLE = '''daemon:
  sample_interval: 1.0
  max_samples: 3600
  enable_network_monitoring: true
  data_retention_hours: 24
  data_dir: "~/.local/share/kode-kronical"
  log_file: "~/.local/share/kode-kronical/daemon.log"
  pid_file: "~/.local/share/kode-kronical/daemon.pid"

monitoring:
  auto_track_python: true
  track_processes:
    - "python"
    - "python3"
  cpu_alert_threshold: 80.0
  memory_alert_threshold: null

export:
  enabled: false
  format: json
  targets: [a, {b: c}]

integration:
  correlate_timing_data: true

security:
  run_as_user: null
'''


def check (home, text, rc=0, env=None):
    r = home.run ("config", "--check", home.write ("t.yaml", text), env=env)
    kk.equal (r.rc, rc, f"{r}")
    return r


@kk.test
def guide (home):
    "the guide's files are taken unchanged, without an error"
    for name, text in GUIDE.items ():
        r = check (home, text)
        kk.check ("error" not in r.all, name, r)
        if name == "basic":
            kk.check (r.out.strip ().endswith (": valid"), "not even a warning", r)


@kk.test
def guide_says_what_does_not_happen (home):
    "without the plugins for it, alerts and upload are said not to happen, and the daemon goes on"
    plugins, ours = os.path.join (home.top, "plugins"), os.environ["KODE_KRONICAL_PLUGINS"]
    os.mkdir (plugins)
    for name in set (os.listdir (ours)) - {"alert.so", "dynamodb-writer.so"}:
        os.symlink (os.path.realpath (os.path.join (ours, name)), os.path.join (plugins, name))
    env = {"KODE_KRONICAL_PLUGINS": plugins}
    r = check (home, GUIDE["advanced"], env=env)
    kk.contains (r.out, "warning: no alert is given: the plugin 'alert' is not installed", "alerts")
    kk.equal (r.out.count ("warning:"), 1, "warnings")
    r = check (home, GUIDE["basic"].replace ("upload: false", "upload: true"), env=env)
    kk.contains (r.out, "t.yaml:8:3: warning: nothing is uploaded: the plugin 'dynamodb-writer' is not installed", "upload")


@kk.test
def guide_says_slow_interval (home):
    "above 4 s, readers that look 2 s around miss moments"
    kk.contains (check (home, GUIDE["low"]).out, "note: sample_interval is above 4s", "the note")
    kk.check ("note" not in check (home, "daemon: {sample_interval: 4}\n").out, "4 s is not above")


@kk.test
def samples_of_the_python_daemon (home):
    "section monitoring is a synonym; export, integration and security are named as without effect, once each"
    r = check (home, SAMPLE)
    for section in ("export", "integration", "security"):
        kk.equal (r.out.count (f"warning: section '{section}' has no effect"), 1, section)
    kk.check ("error" not in r.all, "no error", r)


@kk.test
def synonyms (home):
    "daemon wins over monitoring, plugins over both, and each is said"
    r = check (home, "daemon: {track_processes: [a]}\nmonitoring: {track_processes: [b]}\n")
    kk.contains (r.out, "t.yaml:2:14: note: 'track_processes' has no effect: section daemon says it too", "daemon wins")
    r = check (home, "daemon: {track_processes: [a], data_retention_hours: 3, enable_network_monitoring: false}\n"
                     "plugins:\n  process: {track: [c]}\n  file-writer: {retention: 5h}\n  net: true\n")
    for key, line in (("track_processes", 3), ("data_retention_hours", 4), ("enable_network_monitoring", 5)):
        kk.contains (r.out, f"note: '{key}' has no effect: plugins.", key)
        kk.contains (r.out, f"in line {line} says it too and wins", key)


@kk.test
def flat_keys_reach_plugins (home):
    "a flat key is checked by the plugin that it is for, at the flat key's place"
    r = check (home, "daemon: {data_retention_hours: 800000}\n")
    kk.check ("error" not in r.all, "80 years", r)
    r = check (home, "daemon: {enable_network_monitoring: no}\nplugins: {net: {per_interface: true}}\n")
    kk.contains (r.out, "note: this keeps plugins.net (line 2) off", "off, though it has options")


@kk.test
def forms (home):
    "empty, marked, with Windows line ends, in braces, with anchors: all the same"
    for text in ("", "\n", "# nothing\n", "---\n", "\ufeff" + GUIDE["basic"], GUIDE["basic"].replace ("\n", "\r\n"),
                 "{daemon: {sample_interval: 1.0}}", "daemon:\naws:\nplugins:\npipeline:\nmonitoring:\n",
                 "plugins:\n  cpu: &on {per_core: true}\n  memory: true\n  net: ~\n  process:\n",
                 "daemon: {track_processes: python, enable_network_monitoring: Yes, sample_interval: 500ms, log_level: debug}\n",
                 "daemon: {cpu_alert_threshold: ~, track_processes: []}\n", "plugins: {cpu: {enabled: no}}\n",
                 "daemon: {dynamodb_table_name: 12345, data_dir: ~root/x}\n", "? daemon\n: sample_interval: 1\n"):
        r = check (home, text)
        kk.check ("error" not in r.all, repr (text), r)


@kk.test
def plugins_section (home):
    "instances are repeated, renamed, slowed, made optional; filters stand in pipelines"
    r = check (home, """
plugins:
  dmz: {plugin: net, tables: {network: network_dmz}, interfaces: [lo], interval: 5s, deadline: 500ms}
  gpu: {optional: true}
  keep: {plugin: select, drop_tables: [network], on_error: pass}
  only: {plugin: select}
  file-writer: {queue_bytes: 1MiB, queue_age: 1m, pipeline: [only], tables: [system]}
pipeline: [keep]
""")
    kk.contains (r.out, "warning: there is no plugin 'gpu' in ", "what is optional is warned of")
    r = check (home, "plugins: {cpu: {interval: 100ms}, memory: {interval: 1500ms}}\n")
    kk.contains (r.out, "warning: interval is shorter than sample_interval", "shorter")
    kk.contains (r.out, "note: interval is no multiple of sample_interval", "no multiple")


@kk.test
def missing_plugins (home):
    "a plugin that is not there: an error with the places searched and the nearest name; with optional a warning; the daemon says the same"
    places = home.top + "/one:" + os.environ["KODE_KRONICAL_PLUGINS"]
    config = "plugins:\n  process: false\n  memory2: {plugin: memroy%s}\n"
    said = f"there is no plugin 'memroy' in {places}: did you mean 'memory'?"
    home.config (config % "")
    for command in (("config", "--check"), ("start", "--foreground")):
        r = home.run (*command, env={"KODE_KRONICAL_PLUGINS": places})
        kk.equal (r.rc, 1, f"status of {command}")
        kk.contains (r.err, f"{home.config_file}:3:3: error: {said}", f"{command}")
    home.config (config % ", optional: true")
    kk.contains (home.run ("config", "--check", env={"KODE_KRONICAL_PLUGINS": places}).ok ().out, f"{home.config_file}:3:3: warning: {said}", "optional")
    with home.daemon (env={"KODE_KRONICAL_PLUGINS": places}):
        kk.contains (home.log (), f"warning  {home.config_file}:3:3: {said}", "the log")
        home.config (config % "")
        r = home.run ("reload")
        kk.equal (r.rc, 1, "status of reload")
        kk.contains (r.err, said, "reload")


@kk.test
def nothing_to_record (home):
    "cpu or memory off, or their table renamed: config --check warns and names what to turn on; status is degraded"
    def said (what):
        return f"'file-writer' will record nothing: no input that is on gives system.{what}"
    r = check (home, "plugins: {cpu: false}\n")
    kk.contains (r.out, f":1:11: warning: {said ('cpu_percent')}; turn 'cpu' on", "without cpu")
    r = check (home, "plugins: {cpu: false, memory: false}\n")
    kk.contains (r.out, f":1:23: warning: {said ('memory_percent')}; turn 'memory' on", "without both")
    kk.equal (r.out.count ("warning: "), 2, "one warning for each input")
    kk.contains (check (home, "plugins:\n  cpu: {tables: {system: mine}}\n").out, said ("cpu_percent"), "renamed")
    kk.check ("warning" not in check (home, "plugins: {cpu: false, file-writer: false}\n").all, "without file-writer")
    kk.check ("warning" not in check (home, "plugins: {cpu: false, cpu0: {plugin: cpu}}\n").all, "another instance gives it")
    with home.daemon ("daemon: {sample_interval: 0.1}\nplugins: {cpu: false}\n") as d:
        kk.contains (home.log (), said ("cpu_percent"), "the log")
        kk.wait_for (lambda: d.status ()["health"] == "degraded", 10, "health")
        kk.equal (d.status ()["problems"], ["file-writer: nothing can be recorded: no input gives cpu_percent"], "problems")
        home.config ("daemon: {sample_interval: 0.1}\n")
        home.run ("reload").ok ()
        kk.wait_for (lambda: d.status ()["health"] == "ok", 10, "health after cpu is on")
        kk.wait_for (home.metrics, 10, "entries")


@kk.test
def taken_away (home):
    "a filter that takes away what an output needs: a warning with the output, the field and the filter, once for each"
    def said (field, name):
        return f"warning: 'file-writer' will record nothing: it needs system.{field}, which the filter '{name}' takes away"
    r = check (home, "plugins:\n  few: {plugin: select, drop_tables: [system]}\n")
    kk.contains (r.out, ":2:3: " + said ("cpu_percent", "few"), "the table")
    kk.equal (r.out.count ("warning: "), 1, "once")
    r = check (home, "plugins:\n  names: {plugin: rename, fields: {system.cpu_percent: cpu}}\n")
    kk.contains (r.out, said ("cpu_percent", "names"), "renamed")
    r = check (home, "plugins:\n  a: {plugin: select, drop_fields: [system.memory_used_mb]}\n  b: {plugin: select}\n  file-writer: {pipeline: [a]}\npipeline: [b]\n")
    kk.contains (r.out, said ("memory_used_mb", "a"), "in its own pipeline")
    r = check (home, "plugins:\n  a: {plugin: rename, fields: {system.cpu_percent: cpu}}\n  b: {plugin: rename, fields: {system.cpu: cpu_percent}}\npipeline: [a, b]\n")
    kk.check ("warning" not in r.out, "taken away and given back", r)
    kk.check ("warning" not in check (home, "plugins:\n  few: {plugin: select, drop_tables: [network]}\n").out, "another table")
    r = check (home, "plugins:\n  cpu: false\n  few: {plugin: select, drop_fields: [system.memory_percent]}\n")
    kk.contains (r.out, "no input that is on gives system.cpu_percent", "what nothing gives")
    kk.contains (r.out, said ("memory_percent", "few"), "and what is taken away")


@kk.test
def tables_to_record (home):
    "what file-writer is told of tables that do not come along is warned of; patterns, and what may come later, are not"
    def said (options, before=""):
        r = check (home, f"plugins:\n{before}  file-writer:\n    {options}\n")
        kk.check (r.out.count ("warning: ") < 2, "one warning at most", r)
        return r.out
    kk.contains (said ("tables: [networks]"), ":3:13: warning: tables: no table 'networks' comes along: did you mean 'network'?", "misspelt")
    kk.contains (said ("exclude: [daemon, proceses]"), ":3:14: warning: exclude: no table 'proceses' comes along: did you mean 'processes'?", "left out")
    kk.contains (said ("tables: [gpu]"), "tables: no table 'gpu' comes along: turn on what gives it", "nothing gives it")
    kk.contains (said ("exclude: [system.cpu_percent]"), "exclude: 'system.cpu_percent' is no table: give tables as a whole", "a field")
    kk.contains (said ("exclude: [system]"), "exclude: table 'system' is recorded all the same", "what no entry can be without")
    kk.contains (said ("tables: [network]", "  net: false\n"), "no table 'network' comes along", "its input is off")
    for good in ("tables: [system, 'net*', '*gpu']", "exclude: ['*']", "exclude: [daemon, interfaces]", "exclude: []", "fsync: never"):
        kk.check ("warning" not in said (good), good)
    kk.check ("warning" not in said ("tables: [dmz]", "  net: {tables: {network: dmz}}\n"), "a table's new name")


@kk.test
def examples_of_the_manual (home):
    "each configuration that the page of a plugin gives as an example is accepted as it stands"
    tried = 0
    for path in sorted (glob.glob (kk.SOURCE + "/plugins/*/*.pod")):
        with open (path, encoding="utf-8") as f:
            pod = f.read ()
        for block in re.findall (r"(?:^  .*\n)+", pod, re.M):
            if re.match (r"  (daemon|plugins|pipeline):", block) and "exec" not in path:
                r = home.run ("config", "--check", "--json", home.write ("t.yaml", re.sub (r"^  ", "", block, flags=re.M)))
                errors = [d["message"] for d in r.json ()["diagnostics"] if d["severity"] == "error"]
                kk.equal ([e for e in errors if "no plugin 'my-" not in e], [], f"{path}: {block}")
                tried += 1
    kk.check (tried >= 8, f"{tried} examples")


@kk.test
def what_is_off (home):
    "what is wrong with an instance that is off is a warning; a name that turns nothing off is said"
    r = check (home, """plugins:
  net:
    enabled: false
    phsical: 1
    interval: soon
    queue_age: 3s
  pick: {plugin: select, enabled: false, drop_fields: {a: b}}
  memroy: false
  of-another-machine: {enabled: false, any: thing}
  process: {enabled: false, events: off}
""")
    off = "is off; turned on, this is an error: "
    for line, text in ((":4:5", f"'net' {off}unknown key 'phsical'"), (":5:15", f"'net' {off}interval cannot be 'soon'"),
                       (":6:5", f"'net' {off}'queue_age' is for outputs"), (":7:55", f"'pick' {off}drop_fields cannot be a map"),
                       (":8:3", "there is no plugin 'memroy' in "), (":8:3", "so nothing is turned off here: did you mean 'memory'?")):
        kk.check (any (f"{line}: warning: " in x and text in x for x in r.out.split ("\n")), f"{line} {text}", r)
    kk.contains (r.out, "valid, with 5 warnings", "nothing else")


@kk.test
def one_word_with_commas (home):
    "a list that is one word with commas in quotes is taken, with a warning that says what to write"
    for text, place in (('"python3, node"', "2:20"), ('["python3, node"]', "2:21"), ("'python3,node'", "2:20")):
        r = check (home, f"daemon:\n  track_processes: {text}\n")
        word = text.strip ("[]\"'")
        kk.contains (r.out, f":{place}: warning: track: '{word}' is one word with a comma in it; if several are meant, write [{word}]", text)
    for text in ('"python"', "[python3, node]", '["/^a{1,2}$/"]', '["a, b", c]'):
        kk.check ("warning" not in check (home, f"daemon:\n  track_processes: {text}\n").all, text)


@kk.test
def hours_with_a_unit (home):
    "data_retention_hours takes a plain number of hours, or a duration with its unit"
    for text, seconds in (("24", 86400), ("1.5", 5400), ("24h", 86400), ("2d", 172800), ("90min", 5400)):
        path = home.write ("x.yaml", f"daemon: {{data_retention_hours: {text}}}\n")
        shown = home.run ("config", "show", "-c", path, "--json").ok (text).json ()
        kk.equal (shown["plugins"]["file-writer"]["options"]["retention"], seconds, text)
    home.write ("x.yaml", "daemon: {data_retention_hours: 0s}\n")
    kk.contains (home.run ("-c", path, "config", "--check").err, "x.yaml:1:32: error: retention: 0s is out of range", "nothing")


@kk.test
def search_order (home):
    "-c before the user's file; before and after the command"
    home.config ("daemon: {max_samples: user}\n")
    given = home.write ("given.yaml", "daemon: {max_samples: given}\n")
    kk.contains (home.run ("config", "--check").err, "cannot be 'user'", "the user's")
    for args in (("-c", given, "config", "--check"), ("config", "--check", "-c", given), ("config", "--check", given)):
        kk.contains (home.run (*args).err, "cannot be 'given'", str (args))


@kk.test
def plugin_commands (home):
    "plugin list and info say what options and tables there are"
    listed = home.run ("plugin", "list").ok ().out
    for name in ("cpu", "memory", "net", "process", "file-writer"):
        kk.contains (listed, name, "list")
        info = home.run ("plugin", "info", name, "--json").ok ().json ()
        kk.equal (info["name"], name, "name")
        for option in info["options"]:
            kk.check (option["help"][0].isupper () and not option["help"].endswith ("."), f"{name}.{option['name']}: {option['help']}")
        text = home.run ("plugin", "info", name).ok ().out
        for option in info["options"]:
            kk.contains (text, option["name"], "info")
        kk.check (not any (len (line) > 80 and " " in line.strip () for line in text.splitlines () if not line.startswith ("  file ")), "80 columns", text)
    fields = [f for t in home.run ("plugin", "info", "cpu", "--json").json ()["tables"] for f in t["fields"]]
    kk.check (any (f["name"] == "cpu_percent" and f["unit"] == "%" and f["kind"] == "gauge" for f in fields), "cpu_percent", fields)
    kk.equal ({p["name"] for p in home.run ("plugin", "list", "--json").json ()} >= {"cpu", "net"}, True, "list --json")
    r = home.run ("plugin", "info", "./nowhere.so")
    kk.check (r.rc == 1 and "by --plugin-dir" in r.err, "a file instead of a name", r)
    r = home.run ("plugin", "info", "memroy")
    kk.equal (r.rc, 1, "an unknown one")
    kk.contains (r.err, "did you mean 'memory'?", "an unknown one")
    kk.equal (home.run ("plugin").rc, 2, "usage")
    kk.equal (home.run ("plugin", "frobnicate").rc, 2, "usage")


@kk.test
def two_recorders (home):
    "a second file-writer is fine in a directory of its own, and when one of the two is off; a link to the first one's is the same place"
    second = "plugins:\n  second: {plugin: file-writer, path: %s}\n"
    os.makedirs (home.data)
    os.symlink (home.data, os.path.join (home.top, "link"))
    check (home, second % os.path.join (home.top, "other"))
    check (home, second % home.data + "  file-writer: false\n")
    check (home, "plugins:\n  second: {plugin: file-writer, enabled: false}\n")
    kk.contains (check (home, second % os.path.join (home.top, "link"), 1).err, "t.yaml:2:3: error: 'file-writer' and 'second' both record in", "the same place")


kk.main ()
