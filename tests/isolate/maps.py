"""Options that are maps: checked, shown, documented and handed over alike within the daemon and in a process of its own."""

import json
import re

import kk
from isokit import TICK, daemon, instance, plugins

HEAD = "daemon: {sample_interval: %g}\nplugins:\n  process: false\n" % TICK


def mapper (home, body, isolate, command=("config", "--check")):
    """What `config --check` says of a mapper with these lines, which begin in line 6."""
    home.config (HEAD + f"  mapper:\n    isolate: {str (isolate).lower ()}\n" + body)
    return home.run (*command, env=plugins (home, "mapper"), timeout=60)


def both (home, body):
    """(exit status, ["line:column: error: text", …]) of a mapper, isolated and within; both must be the same."""
    said = []
    for isolate in (True, False):
        r = mapper (home, body, isolate)
        said.append ((r.rc, [line.partition ("daemon.yaml:")[2] for line in r.err.splitlines () if " error: " in line]))
    kk.equal (said[0], said[1], f"isolated and not: {body}")
    return said[0]


@kk.test
def refused (home):
    "what does not fit is said with its place, all of it at once, within the daemon and isolated"
    for body, *wanted in (
            ("    texts: [a]\n", "6:12: error: texts cannot be a list: give a map such as {some_name: text}"),
            ("    entries: yes\n", "6:14: error: entries does not fit: give a map such as {some_name: {text: …}}"),
            ("    texts:\n      a: {b: c}\n      d:\n", "7:10: error: texts.a cannot be a map (keys with values): give a text",
             "8:9: error: texts.d has no value: give a text, or remove the line"),
            ("    entries:\n      one: {txet: x, number: 11}\n      two: hunter2\n      three: {text: y, on: maybe}\n",
             "7:7: error: 'entries.one.text' is missing: it must be given (What the row says; 'bad' is refused)",
             "7:13: error: unknown key 'txet' in entries.one: did you mean 'text'?",
             "7:30: error: entries.one.number: 11 is out of range: give a whole number from 1 to 10",
             "8:12: error: entries.two cannot be a single value: give its options, such as {text: …}",
             "9:28: error: entries.three.on cannot be 'maybe': give true or false"),
            ("    texts: {a: b, a: c}\n", "6:19: error: key 'a' is here a second time"),
            ("    texts: {\"a\\tb\": c}\n", "6:13: error: a name in texts holds a control character: take it out"),
            ("    texts: {%s: c}\n" % ("n" * 128), "6:13: error: a name in texts is longer than 127 bytes"),
            ("    texts: {%s}\n" % ", ".join (f"n{i}: x" for i in range (1001)), "6:12: error: texts has 1001 entries: at most 1000 are taken"),
            ("    pins: {hunter2}\n", "6:19: error: pins.… has no value"),
            ("    pins: hunter2\n", "6:11: error: pins does not fit: give a map"),
            ("    entries: {a: {text: x, pin: [hunter2]}}\n", "6:33: error: entries.a.pin cannot be a list: give a text")):
        rc, lines = both (home, body)
        kk.equal (rc, 1, body)
        kk.equal (len (lines), len (wanted), (body, lines))
        for line, part in zip (lines, wanted):
            kk.check (line.startswith (part), part, line)
        kk.check ("hunter2" not in str (lines), "no secret is said", lines)


@kk.test
def refused_by_the_plugin (home):
    "an entry that the plugin refuses, or a member of one, is said at its place"
    long = "ä" * 60
    for body, wanted in (
            ("    entries:\n      good: {text: x}\n      one:\n        number: 3\n        text: bad\n",
             "10:15: error: entries.one.text: 'bad' is no good"),
            ("    entries:\n      'a.b: c':\n        text: bad\n", "8:15: error: entries.a.b: c.text: 'bad' is no good"),
            ("    entries:\n      one: {text: x}\n      two: {text: odd}\n", "8:7: error: entries.two: it does not fit together"),
            ("    entries:\n      %s: {text: odd}\n" % long, f"7:7: error: entries.{long}: it does not fit together"),
            ("    entries:\n      %s: {text: odd}\n" % ("y" * 127), f"7:7: error: entries.{'y' * 127}: it does not fit together"),
            ("    texts:\n      x: y\n      z: bad\n", "8:10: error: texts.z: number 1 is no good"),
            ("    texts:\n%s" % "".join (f"      n{i}: x\n" for i in range (13)), "6:5: error: texts: thirteen of them")):
        kk.equal (both (home, body), (1, [wanted]), body)
    kk.equal (both (home, "    entries:\n    texts:\n")[0], 0, "empty ones are good")


@kk.test
def handed_over (home):
    "the plugin gets names, texts and structs in the order of the file, and other files of conf.d add to them"
    entries = {"one": {"text": "x", "words": ["u", "v", "w"]}, "zwölf: \"12\"": {"text": "", "number": 10, "words": []},
               "off": {"text": "x", "on": False}}
    options = {"texts": {"b": "c", "a.a": "d"}, "entries": entries, "pins": {"p": "hunter2"}}
    home.write (home.config_file.replace ("daemon.yaml", "conf.d/more.yaml"), "plugins: {in: {entries: {late: {text: z}}}, out: {entries: {late: {text: z}}}}\n")
    with daemon (home, {"out": {"plugin": "mapper", **options}, "in": {"plugin": "mapper", "isolate": False, "tables": {"mapped": "inner"},
                                                                       **options}}) as d:
        kk.wait_for (lambda: instance (d, "out")["calls"] > 2, 10, "some reads")
    entry = kk.wait_for (lambda: [e for e in home.metrics () if "mapped" in e and "inner" in e][-1], 5, "an entry")
    rows = {name: {k: v for k, v in row.items () if k != "timestamp" and v is not None} for name, row in entry["mapped"].items ()}
    kk.equal (rows, {"b": {"text": "c"}, "a.a": {"text": "d"}, "one": {"text": "x", "number": 5, "words": 3, "last_word": "w"},
                     "zwölf: \"12\"": {"text": "", "number": 10, "words": 0},
                     "late": {"text": "z", "number": 5, "words": 2, "last_word": "b"}}, "rows")
    kk.equal (list (entry["mapped"]), list (entry["inner"]), "the same order")
    kk.equal (entry["mapped"].keys (), entry["inner"].keys (), "the same rows")
    kk.check ("a pin of" not in home.log (), "the secret arrived whole", home.log ())


SHOWN = """    texts: {"a: b": c}
    pins: {p: hunter2}
    entries:
      one: {text: x, pin: hunter2}
      "two\\"": {text: "", number: 7, words: [q]}
"""


@kk.test
def shown (home):
    "config show gives maps that can be read again, and no secret; a map is not set from the command line"
    r = mapper (home, SHOWN, False, ("config", "show", "--json")).ok ()
    kk.equal (json.loads (r.out)["plugins"]["mapper"]["options"],
              {"texts": {"a: b": "c"}, "pins": None,
               "entries": {"one": {"text": "x", "number": 5, "on": True, "words": ["a", "b"], "pin": None},
                           "two\"": {"text": "", "number": 7, "on": True, "words": ["q"], "pin": None}}}, "as JSON")
    first = mapper (home, SHOWN, True, ("config", "show")).ok ().out
    kk.check ("hunter2" not in first, "no secret", first)
    home.config (first)
    again = home.run ("config", "show", env=plugins (home, "mapper")).ok ().out
    kk.equal (again, first, "what is shown can be read again")
    for key in ("plugins.mapper.entries", "plugins.mapper.entries.one.text"):
        r = mapper (home, SHOWN, False, ("config", "set", key, "x"))
        kk.equal (r.rc, 1, key)
        kk.contains (r.err, "entries of 'mapper' is a map, which is not set from the command line: write its entries into", key)
        with open (home.config_file, encoding="utf-8") as f:
            kk.contains (f.read (), SHOWN, "the file is as it was")
    home.config ("plugins:\n  cpu: true\n")
    r = home.run ("config", "set", "plugins.mapper.entries.one.text", "x", env=plugins (home, "mapper"))
    kk.equal (r.rc, 1, "of a plugin that the file does not name")
    kk.contains (r.err, "entries of 'mapper' is a map, which is not set", "of a plugin that the file does not name")


@kk.test
def documented (home):
    "plugin info, the manual and the generated daemon.yaml have the members, and the example is a right one"
    env = plugins (home, "mapper")
    text = home.run ("plugin", "info", "mapper", env=env).ok ().out
    kk.check (re.search (r"^  entries +Rows by name\n +\(a map of names to what follows\)\n    text +What .*\n +\(a text; must be given\)\n    number +A number\n",
                         text, re.M), "text", text)
    options = {o["name"]: o for o in json.loads (home.run ("plugin", "info", "mapper", "--json", env=env).ok ().out)["options"]}
    kk.equal ((options["texts"]["type"], options["texts"]["members"]), ("map", None), "a map of texts")
    kk.equal ([(m["name"], m["type"], m["required"], m["secret"]) for m in options["entries"]["members"]],
              [("text", "string", True, False), ("number", "int", False, False), ("on", "bool", False, False),
               ("words", "list", False, False), ("pin", "string", False, True)], "members")
    pod = home.run ("plugin", "info", "mapper", "--pod", env=env).ok ().out
    kk.check (re.search (r"=item B<entries>\n\n.*\n\n=item B<entries\.>I<NAME>B<\.text>\n(.*\n)*=item B<pins>", pod), "pod", pod)
    kk.equal (pod.count ("=over"), pod.count ("=back"), "lists are ended")
    generated = home.run ("config", "--print", env=env).ok ().out
    block = re.search (r"  # mapper:\n((?:  #.*\n)+)", generated).group (1)
    kk.equal (block, "  #   # Names and texts:\n  #   texts:\n  #     some_name: text\n  #   # Rows by name:\n  #   entries:\n"
                     "  #     some_name:\n"
                     "  #       text: \"\"   # What the row says; 'bad' is refused\n"
                     "  #       number: 5  # A number\n"
                     "  #       on: true   # Whether there is a row\n"
                     "  #       pin: \"\"    # Nobody's business\n", "commented lines")
    home.config ("plugins:\n  mapper:\n" + block.replace ("  # ", "  ", 1).replace ("\n  # ", "\n  "))
    kk.equal (home.run ("config", "--check", env=env).rc, 0, "the example")


@kk.test
def checked (home):
    "plugin check tries wild maps on the plugin"
    r = home.run ("plugin", "check", plugins (home, "mapper")["KODE_KRONICAL_PLUGINS"].rsplit (":", 1)[1] + "/mapper.so", timeout=300)
    kk.equal (r.rc, 0, r)
    tried = re.search (r"configs: (\d+)", r.out)
    kk.check (tried and int (tried.group (1)) > 60, "configs", r.out)


@kk.test
def reload (home):
    "an entry that changed makes the instance anew, and nothing else does"
    options = {"entries": {"one": {"text": "x"}, "two": {"text": "y"}}}
    env = plugins (home)
    with daemon (home, {"mapper": options}) as d:
        for change, made in (({"entries": {"one": {"text": "x", "number": 5}, "two": {"text": "y"}}}, False),
                             ({"entries": {"one": {"text": "x"}, "two": {"text": "z"}}}, True),
                             ({"entries": {"two": {"text": "z"}, "one": {"text": "x"}}}, True)):
            home.config (json.dumps ({"daemon": {"sample_interval": TICK, "data_dir": home.data}, "plugins": {"process": False, "mapper": change}}))
            r = home.run ("reload", env=env).ok ()
            kk.equal ("mapper" in r.out and "options changed" in r.out, made, (change, r.out))
        kk.check (d.pid, "it runs")


kk.main ()
