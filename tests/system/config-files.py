#!/usr/bin/env python3
"""Configurations that users have: those of the guide, the shape of the Python daemon's samples, and what goes with plugins."""

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


def check (home, text, rc=0):
    r = home.run ("config", "--check", home.write ("t.yaml", text))
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
    if {"alert", "dynamodb-writer"} & {p["name"] for p in home.run ("plugin", "list", "--json").json ()}:
        kk.skip ("the plugins are there")
    r = check (home, GUIDE["advanced"])
    kk.contains (r.out, "warning: no alert is given: the plugin 'alert' is not installed", "alerts")
    kk.equal (r.out.count ("warning:"), 1, "warnings")
    r = check (home, GUIDE["basic"].replace ("upload: false", "upload: true"))
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


kk.main ()
