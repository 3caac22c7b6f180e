#!/usr/bin/env python3
"""Wrong configurations: each is refused, by its own error at its own place, and nothing is created on the way."""

import os
import kk

PLUGINS = "plugins:\n  "

# name, text, "line:column: error" and a part of the sentence; an expected place of None: the file as a whole
BROKEN = [
    # What is no YAML
    ("tab", "daemon:\n\tsample_interval: 1\n", "2:1", "a tab cannot indent YAML: use spaces"),
    ("tab-later", "daemon:\n  sample_interval: 1\n\tmax_samples: 5\n", "3:1", "a tab cannot indent YAML: use spaces"),
    ("open-list", "daemon:\n  track_processes: [python, node\n  max_samples: 5\n", "3:14", "a list in brackets is not closed"),
    ("open-map", "plugins: {cpu: {per_core: true}\n", "2:1", "a map in braces is not closed"),
    ("open-quote", "daemon:\n  dynamodb_region: \"us-east-1\n", "3:1", "close the quote (it began in line 2)"),
    ("indent", "daemon:\n  sample_interval: 1\n max_samples: 5\n", "3:2", "indent the line like its neighbours"),
    ("indent-more", "daemon:\n  sample_interval: 1\n    max_samples: 5\n", "3:16", "a ':' is not expected here"),
    ("no-colon", "daemon:\n  sample_interval\n  max_samples: 5\n", "3:14", "a ':' is not expected here"),
    ("no-space", "daemon:\n  sample_interval:1\n", "2:3", "section daemon cannot be a single value"),
    ("colon-in-value", "daemon:\n  dynamodb_table_name: a: b\n", "2:25", "put a value that holds ': ' in quotes"),
    ("at-sign", "daemon:\n  dynamodb_table_name: @table\n", "2:24", "a value cannot begin with '@': put it in quotes"),
    ("percent-sign", "daemon:\n  dynamodb_table_name: %a\n", "2:24", "a value cannot begin with '%': put it in quotes"),
    ("glob", PLUGINS + "select: {drop_fields: [*.load]}\n", "2:27", "begins with '*' or '&' needs quotes: put it in quotes"),
    ("glob-name", PLUGINS + "select: {drop_tables: [*work]}\n", "2:26", "alias '*work' has no anchor '&work' above it: put it in quotes if"),
    ("greater", PLUGINS + "a: {plugin: alert, rules: {x: {when: > 80}}}\n", "2:", "put it in quotes"),
    ("greater-block", PLUGINS + "alert:\n    rules:\n      x:\n        when: > 80\n", "5:", "text of several lines: put it in quotes"),
    ("greater-zero", PLUGINS + "alert:\n    rules:\n      x:\n        clear: >0\n", "5:", "text of several lines: put it in quotes"),
    ("escape", "daemon:\n  data_dir: \"C:\\data\"\n", "2:16", "an unknown escape"),
    ("latin-1", b"daemon:\n  dynamodb_table_name: caf\xe9\n", "2:27", "this is no UTF-8 text"),
    ("utf-16", "daemon:\n".encode ("utf-16"), "1:1", "this is no UTF-8 text"),
    ("control", b"daemon:\n  log_level: \x07info\n", "2:14", "a control character (0x07)"),
    ("zero-byte", b"daemon:\n  log_level: info\0\n", "2:18", "a control character (0x00)"),
    ("zero-escape", "daemon:\n  data_dir: \"/a\\0b\"\n", "2:13", "the value holds a zero byte"),
    ("two-documents", "daemon:\n  max_samples: 5\n---\naws:\n  profile: x\n", "3:1", "a second document begins here"),
    ("no-anchor", "daemon:\n  max_samples: *many\n", "2:16", "alias '*many' has no anchor '&many' above it"),
    ("endless-alias", "plugins: &p\n  cpu: *p\n", "2:8", "alias '*p' stands inside its own anchor"),
    ("merge-key", "a: &a {x: 1}\ndaemon:\n  <<: *a\n", "3:3", "merge keys ('<<') are not supported"),
    ("key-list", "daemon:\n  ? [a, b]\n  : 1\n", "2:5", "a key must be a word"),
    ("no-key", "daemon:\n  : 1\n", "2:3", "no key where one is expected"),
    ("tag", "daemon:\n  max_samples: !include other.yaml\n", "2:16", "the tag '!include' means nothing here"),
    ("laughs", "".join (f"a{i}: &a{i} [{', '.join ([f'*a{i - 1}' if i else 'x'] * 9)}]\n" for i in range (12)), "5:15",
     "the file has more than 20000 values"),
    ("deep", "daemon: " + "[" * 200 + "]" * 200 + "\n", "1:40", "nested deeper than 32 levels"),
    ("wide", "plugins:\n" + "".join (f"  p{i}: false\n" for i in range (20001)), "20000:", "more than 20000 values"),
    ("huge", "#" * (1 << 20) + "\n", None, "the file is larger than 1 MiB"),
    # What is no configuration
    ("list", "- daemon\n", "1:1", "the file is a list: it must hold sections"),
    ("word", "daemon\n", "1:1", "the file is a single value: it must hold sections"),
    ("json-text", "\"{}\"\n", "1:1", "the file is a single value"),
    ("section-value", "daemon: on\n", "1:9", "section daemon cannot be a single value"),
    ("section-list", "aws:\n  - profile: x\n", "2:3", "section aws cannot be a list"),
    ("section-misspelt", "deamon:\n  max_samples: 5\n", "1:1", "unknown section 'deamon': did you mean 'daemon'?"),
    ("section-unknown", "colours:\n  red: 1\n", "1:1", "unknown section 'colours': there are daemon, aws"),
    ("section-missing", "sample_interval: 1.0\n", "1:1", "'sample_interval' belongs in section daemon: indent it below 'daemon:'"),
    ("section-plugin", "cpu:\n  per_core: true\n", "1:1", "'cpu' is a plugin: indent it below 'plugins:'"),
    ("section-wrong", "daemon:\n  profile: work\n", "2:3", "'profile' does not belong in section daemon: move it to section aws"),
    ("section-twice", "daemon:\n  max_samples: 5\ndaemon:\n  max_samples: 6\n", "3:1", "key 'daemon' is here a second time, the first is in line 1"),
    ("key-misspelt", "daemon:\n  sample_intervall: 1\n", "2:3", "unknown key 'sample_intervall' in section daemon: did you mean 'sample_interval'?"),
    ("key-dash", "daemon:\n  max-samples: 5\n", "2:3", "did you mean 'max_samples'?"),
    ("key-case", "daemon:\n  Max_Samples: 5\n", "2:3", "did you mean 'max_samples'?"),
    ("key-unknown", "daemon:\n  colour: red\n", "2:3", "unknown key 'colour' in section daemon: remove it; there are sample_interval, "),
    ("key-twice", "daemon:\n  max_samples: 5\n  max_samples: 6\n", "3:3", "key 'max_samples' is here a second time, the first is in line 2"),
    ("key-monitoring", "monitoring:\n  sample_interval: 5\n", "2:3", "'sample_interval' does not belong in section monitoring: move it to section daemon"),
    # Values of the daemon's own
    ("interval-word", "daemon:\n  sample_interval: fast\n", "2:20",
     "sample_interval cannot be 'fast': give a duration such as 500ms, 5s or 2h, from 1ms to 1h"),
    ("interval-zero", "daemon:\n  sample_interval: 0\n", "2:20", "sample_interval: 0 is out of range"),
    ("interval-negative", "daemon:\n  sample_interval: -1\n", "2:20", "sample_interval: -1 is out of range"),
    ("interval-long", "daemon:\n  sample_interval: 2h\n", "2:20", "sample_interval: 2h is out of range"),
    ("interval-unit", "daemon:\n  sample_interval: 5 seconds\n", "2:20", "sample_interval cannot be '5 seconds'"),
    ("interval-comma", "daemon:\n  sample_interval: 1,5\n", "2:20", "sample_interval cannot be '1,5'"),
    ("interval-nan", "daemon:\n  sample_interval: .nan\n", "2:20", "sample_interval cannot be '.nan'"),
    ("interval-empty", "daemon:\n  sample_interval:\n", "2:", "sample_interval has no value: give a duration"),
    ("interval-list", "daemon:\n  sample_interval: [1]\n", "2:20", "sample_interval cannot be a list"),
    ("samples-fraction", "daemon:\n  max_samples: 5.5\n", "2:16", "max_samples cannot be '5.5': give a whole number from 1 to 100000000"),
    ("samples-huge", "daemon:\n  max_samples: 99999999999999999999\n", "2:16", "is out of range"),
    ("samples-quoted", "daemon:\n  max_samples: \"5\"\n", "2:16", "is a text because of its quotes: give a whole number"),
    ("retention-word", "daemon:\n  data_retention_hours: week\n", "2:25", "data_retention_hours cannot be 'week': give a number from 0.01 to 876000"),
    ("retention-zero", "daemon:\n  data_retention_hours: 0\n", "2:25", "data_retention_hours: 0 is out of range"),
    ("network-word", "daemon:\n  enable_network_monitoring: maybe\n", "2:30", "enable_network_monitoring cannot be 'maybe': give true or false"),
    ("network-quoted", "daemon:\n  enable_network_monitoring: \"false\"\n", "2:30", "because of its quotes: give true or false without quotes"),
    ("upload-number", "daemon:\n  enable_dynamodb_upload: 1\n", "2:27", "enable_dynamodb_upload cannot be '1': give true or false"),
    ("track-comma", "daemon:\n  track_processes: python, node\n", "2:20", "'python, node' is one word to YAML: write a list in brackets, [python, node]"),
    ("track-nested", "daemon:\n  track_processes: [python, [node]]\n", "2:29", "an item of the list is a list: give a word"),
    ("track-long", "daemon:\n  track_processes: [" + "a, " * 1001 + "]\n", "2:20", "track_processes has 1001 items: at most 1000 are taken"),
    ("track-map", "daemon:\n  track_processes: {python: 1}\n", "2:20", "track_processes cannot be a map"),
    ("threshold-high", "daemon:\n  cpu_alert_threshold: 150\n", "2:24", "cpu_alert_threshold: 150 is out of range: give a percentage such as 80 from 0 to 100"),
    ("threshold-word", "monitoring:\n  memory_alert_threshold: high\n", "2:27", "memory_alert_threshold cannot be 'high'"),
    ("table-map", "daemon:\n  dynamodb_table_name: {a: b}\n", "2:24", "dynamodb_table_name cannot be a map"),
    ("profile-list", "aws:\n  profile: [a, b]\n", "2:12", "profile cannot be a list"),
    ("dir-relative", "daemon:\n  data_dir: metrics\n", "2:13", "data_dir cannot be 'metrics': give a path that begins with / or ~"),
    ("dir-user", "daemon:\n  data_dir: ~no-such-user-at-all/x\n", "2:13", "names a home directory that is not known: give the full path"),
    ("dir-empty", "daemon:\n  data_dir: \"\"\n", "2:13", "data_dir is empty"),
    ("dir-newline", "daemon:\n  data_dir: \"/a\\nb\"\n", "2:13", "data_dir cannot be"),
    ("level", "daemon:\n  log_level: verbose\n", "2:14", "log_level cannot be 'verbose': give one of error, warning, info, debug"),
    # Plugins
    ("plugins-list", "plugins: [cpu, net]\n", "1:10", "plugins cannot be a list: write one 'name:' a line"),
    ("plugin-word", PLUGINS + "cpu: fast\n", "2:8", "plugin 'cpu' cannot be fast: write its options as a map, or true, or false"),
    ("plugin-list", PLUGINS + "cpu: [per_core]\n", "2:8", "plugin 'cpu' cannot be a list"),
    ("plugin-misspelt", PLUGINS + "memroy: {}\n", "2:3", "did you mean 'memory'?"),
    ("plugin-unknown", PLUGINS + "xyzzy:\n    a: 1\n", "2:3", "install it, or remove the entry, or say 'optional: true'"),
    ("plugin-own-name", PLUGINS + "topten: {by: [processes.cpu_percent]}\n", "2:3", "or say which plugin it is: 'plugin: NAME'"),
    ("plugins-pipeline", PLUGINS + "pipeline: [select]\n", "2:3", "'pipeline' is a section of its own: write it without indentation"),
    ("plugin-path", PLUGINS + "../evil: {}\n", "2:3", "'../evil' cannot name an instance"),
    ("plugin-named-path", PLUGINS + "x: {plugin: ../../evil}\n", "2:3", "there is no plugin '../../evil'"),
    ("option-misspelt", PLUGINS + "cpu:\n    per_cor: true\n", "3:5", "unknown key 'per_cor': did you mean 'per_core'?"),
    ("option-host-misspelt", PLUGINS + "cpu: {intervall: 5s}\n", "2:9", "unknown key 'intervall': did you mean 'interval'?"),
    ("option-type", PLUGINS + "cpu: {per_core: 7}\n", "2:19", "per_core cannot be '7': give true or false"),
    ("option-range", PLUGINS + "process: {max_processes: 0}\n", "2:28", "max_processes: 0 is out of range: give a whole number from 1"),
    ("option-choice", PLUGINS + "file-writer: {publish: sometimes}\n", "2:26", "publish cannot be 'sometimes': give one of auto"),
    ("interval-short", PLUGINS + "cpu: {interval: 10us}\n", "2:19", "interval: 10us is out of range"),
    ("enabled-word", PLUGINS + "cpu: {enabled: perhaps}\n", "2:18", "enabled cannot be 'perhaps': give true or false"),
    ("queue-on-input", PLUGINS + "cpu: {queue_bytes: 1MiB}\n", "2:9", "'queue_bytes' is for outputs, and 'cpu' is an input: remove it"),
    ("interval-on-output", PLUGINS + "file-writer: {interval: 5s}\n", "2:17", "'interval' is for inputs, and 'file-writer' is an output"),
    ("queue-small", PLUGINS + "file-writer: {queue_bytes: 1}\n", "2:30", "queue_bytes: 1 is out of range: give a size"),
    ("on-error", PLUGINS + "select: {on_error: ignore}\n", "2:22", "on_error cannot be 'ignore': give one of drop, pass"),
    ("same-field", PLUGINS + "cpu2: {plugin: cpu}\n", "2:3", "'cpu' and 'cpu2' both fill field cpu_percent of table 'system'"),
    ("same-after-rename", PLUGINS + "m: {plugin: memory, tables: {system: network}}\n  memory: {tables: {system: network}}\n", "2:3",
     "both fill field"),
    ("rows-unlike", PLUGINS + "p2: {plugin: process, io: true}\n", "2:3",
     "'process' and 'p2' both fill table 'processes', but not both with field io_read_bytes"),
    ("declared-rows-unlike", PLUGINS + "a: {plugin: exec, command: [echo], fields: ['gpu[n].x f64']}\n"
     "  b: {plugin: exec, command: [echo], fields: ['gpu[n].y f64']}\n", "3:3", "both fill table 'gpu', but not both with field y"),
    ("declared-key-unlike", PLUGINS + "a: {plugin: exec, command: [echo], fields: ['gpu[n].x f64']}\n"
     "  b: {plugin: exec, command: [echo], fields: ['gpu.x f64']}\n", "3:3", "'a' and 'b' both fill the rows of table 'gpu'"),
    ("rename-unknown", PLUGINS + "cpu: {tables: {sistem: x}}\n", "2:18", "plugin 'cpu' has no table 'sistem': did you mean 'system'?"),
    ("rename-bad", PLUGINS + "cpu: {tables: {system: Sys-1}}\n", "2:26", "the new name of table 'system' must be lower case letters"),
    ("rename-list", PLUGINS + "cpu: {tables: [system]}\n", "2:17", "tables cannot be a list: write {OLD_NAME: new_name}"),
    ("no-input", PLUGINS + "cpu: false\n  memory: false\n  net: false\n  process: false\n", None, "no input is on"),
    # Pipelines
    ("pipeline-unknown", "pipeline: [selct]\nplugins: {select: {}}\n", "1:12", "no filter is named 'selct': did you mean 'select'?"),
    ("pipeline-input", "pipeline: [cpu]\n", "1:12", "'cpu' is an input: a pipeline holds filters only"),
    ("pipeline-map", "pipeline: {a: 1}\n", "1:11", "pipeline cannot be a map"),
    ("pipeline-item", "pipeline: [[a]]\n", "1:12", "an item of pipeline is a list"),
    ("pipeline-twice", "pipeline: [select]\nplugins: {select: {}, file-writer: {pipeline: [select]}}\n", "2:48",
     "filter 'select' stands in the common pipeline already"),
    ("recorded-twice", PLUGINS + "second: {plugin: file-writer}\n", "2:3", "'file-writer' and 'second' both record in "),
    ("recorded-twice-by-path", "daemon: {data_dir: /nowhere/kk}\nplugins:\n  second: {plugin: file-writer, path: /nowhere//kk/}\n  third: {plugin: file-writer, path: /nowhere/k}\n",
     "3:3", "'file-writer' and 'second' both record in /nowhere//kk/, so that each sample is there twice: turn one off, or give it a directory"),
    ("pipeline-own-unknown", PLUGINS + "file-writer: {pipeline: [nothing]}\n", "2:28", "no filter is named 'nothing'"),
]


def one (name, text, place, sentence):
    def run (home):
        path = home.write ("t.yaml", text)
        before = sorted (os.listdir (home.path))
        r = home.run ("config", "--check", path)
        kk.equal (r.rc, 1, "exit status")
        errors = [line for line in r.err.splitlines () if ": error: " in line]
        start = f"{path}:" if place is None else f"{path}:{place}"
        hits = [line for line in errors if line.startswith (start) and sentence in line]
        kk.check (len (hits) == 1, f"one error at {place}: {sentence}", r)
        kk.check (all (line.startswith (path) for line in errors), "every error names the file", r)
        kk.equal (sorted (os.listdir (home.path)), before, "files after a check")
        # The daemon says the same and does not start.
        if name in ("tab", "key-misspelt", "same-field", "rows-unlike"):
            r = home.run ("-c", path, "start")
            kk.check (r.rc != 0 and sentence in r.err, "start refuses it and says why", r)
    run.__name__ = "broken_" + name.replace ("-", "_")
    run.__doc__ = f"{name}: {sentence}"
    kk.test (run)


for entry in BROKEN:
    one (*entry)


@kk.test
def at_least_sixty (home):
    "the list is long, and no name is there twice"
    kk.check (len (BROKEN) >= 60 and len ({b[0] for b in BROKEN}) == len (BROKEN), f"{len (BROKEN)} cases")


@kk.test
def all_at_once (home):
    "every error of a file is said in one run, in the order of the file"
    path = home.write ("t.yaml", "daemon:\n  sample_interval: x\n  max_sample: 1\n  log_level: y\naws: 3\nplugins:\n  cpu: {a: 1}\n  foo: {}\n")
    r = home.run ("config", "--check", path)
    places = [line[len (path) + 1:].split (": ")[0] for line in r.err.splitlines () if ": error: " in line]
    kk.equal (places, ["2:20", "3:3", "4:14", "5:6", "7:9", "8:3"], "places")
    kk.contains (r.err, "6 errors", "the count")


@kk.test
def bounded (home):
    "a file full of mistakes is judged in short time, and the list of them has an end"
    for text in ("daemon:\n" + "".join (f"  {'x' * 50}{i}: 1\n" for i in range (9900)),
                 "pipeline: [" + ", ".join (f"t{i}" for i in range (19000)) + "]\n"):
        r = home.run ("config", "--check", home.write ("t.yaml", text), timeout=10)
        kk.equal (r.rc, 1, "exit status")
        kk.check (r.err.count ("\n") <= 202 and "more\n" in r.err, "at most 200 are said, the rest is counted", r)


@kk.test
def json_for_programs (home):
    "--json gives the same with file, line and column"
    path = home.write ("t.yaml", "daemon:\n  sample_interval: x\nexport: {}\n")
    r = home.run ("config", "--check", path, "--json")
    kk.equal (r.rc, 1, "exit status")
    j = r.json ()
    kk.equal ((j["valid"], j["errors"], j["warnings"], j["file"]), (False, 1, 1, path), "head")
    kk.equal ([(d["severity"], d["line"], d["column"]) for d in j["diagnostics"]], [("error", 2, 20), ("warning", 3, 1)], "list")
    missing = home.run ("config", "--check", path + ".no", "--json")
    kk.equal ((missing.rc, missing.err), (1, ""), "a file that is not there")
    kk.contains (missing.json ()["diagnostics"][0]["message"], "No such file", "its message")
    good = home.run ("config", "--check", home.write ("g.yaml", ""), "--json")
    kk.equal ((good.rc, good.json ()["valid"], good.json ()["diagnostics"]), (0, True, []), "a valid file")


@kk.test
def files_that_are_none (home):
    "a missing file, a directory and an unreadable one get a word each"
    for path, word in (("none.yaml", "No such file"), (home.path, "directory"), ("/dev/zero", "no regular file")):
        r = home.run ("config", "--check", path)
        kk.equal (r.rc, 1, path)
        kk.contains (r.err, word, path)


@kk.test
def fragments (home):
    "an error in conf.d names its own file; the main file wins over it, a later file over an earlier"
    home.config ("daemon:\n  max_samples: 10\nplugins:\n  cpu: {per_core: true}\n")
    first = home.write (".config/kode-kronical/conf.d/10-a.yaml", "plugins:\n  cpu: {per_core: maybe, states: 1}\n  memory: {swap: 7}\n")
    last = home.write (".config/kode-kronical/conf.d/20-b.yaml", "plugins:\n  memory: {swap: true, parts: 8}\ndaemon: {max_samples: x}\n")
    home.write (".config/kode-kronical/conf.d/30-c.yaml.off", "nonsense: [")
    home.write (".config/kode-kronical/conf.d/.hidden.yaml", "nonsense: [")
    os.chmod (os.path.dirname (first), 0o755)
    r = home.run ("config", "--check")
    kk.equal (r.rc, 1, "exit status")
    kk.contains (r.err, f"{first}:2:34: error: states cannot be '1'", "an error of the first file")
    kk.contains (r.err, f"{last}:2:31: error: parts cannot be '8'", "an error of the last file")
    kk.contains (r.err, f"{first}:2:9: note: 'per_core' has no effect", "what the main file hides")
    kk.contains (r.err, f"{last}:3:10: note: 'max_samples' has no effect", "what the main file hides")
    kk.check ("swap cannot be" not in r.err and "nonsense" not in r.err, "the last file wins, other names are not read", r)


@kk.test
def a_broken_one_hides_no_other (home):
    "of a file that is no YAML only that is said, and of the others all that is wrong with them alone"
    main = home.config ("daemon: {max_sample: 5}\nplugins:\n  cpu: {per_cor: true}\n  mine: {plugin: nothing}\n  accelerator: {interval: 5s}\n  nett: {}\n")
    broken = home.write (".config/kode-kronical/conf.d/10-a.yaml", "plugins:\n\taccelerator: {plugin: cpu}\n")
    good = home.write (".config/kode-kronical/conf.d/20-b.yaml", "daemn: {}\nplugins:\n  memory: {swap: 7}\npipeline: [gpu1]\n")
    list_ = home.write (".config/kode-kronical/conf.d/30-c.yaml", "- gpu1\n")
    os.chmod (os.path.dirname (good), 0o755)

    def errors (*wanted):
        r = home.run ("config", "--check")
        kk.equal (r.rc, 1, "exit status")
        said = [line for line in r.err.splitlines () if ": error: " in line]
        kk.equal (sorted (":".join (line.split (":")[:2]) for line in said), sorted (f"{f}:{n}" for f, n in wanted), f"{r.err}")
        return r.err
    said = errors ((main, 1), (main, 3), (main, 4), (main, 6), (broken, 2), (good, 1), (good, 3), (list_, 1))
    for part in ("did you mean 'max_samples'", "did you mean 'per_core'", "'nothing'", "did you mean 'net'", "did you mean 'daemon'", "swap cannot be '7'"):
        kk.contains (said, part, "the errors")
    home.config ("plugins: [\n")
    errors ((main, 2), (broken, 2), (good, 1), (good, 3), (list_, 1))
    r = home.run ("start")
    kk.check (r.rc != 0 and "did you mean 'daemon'" in r.err, "start says the same", r)


@kk.test
def fragments_others_can_write (home):
    "as root, a conf.d that others can write is refused"
    kk.need_root ()
    home.config ("")
    path = home.write (".config/kode-kronical/conf.d/a.yaml", "plugins: {cpu: {per_core: true}}\n")
    home.run ("config", "--check").ok ("root's own")
    os.chmod (path, 0o666)
    r = home.run ("config", "--check")
    kk.equal (r.rc, 1, "exit status")
    kk.contains (r.err, "users other than root can change it", "the reason")


kk.main ()
