"""Commands that come with plugins: programs in the directory of commands, run as if they were kode-kronical-daemon's own; and
`config show`, by which they learn what the daemon would use."""

import json
import os
import stat

import kk

TELL = """#!/bin/sh
printf '%s\\n' "$#" "$@"
printf 'config=%s\\nplugins=%s\\ndaemon=%s\\n' "${KODE_KRONICAL_CONFIG-none}" "${KODE_KRONICAL_PLUGINS-none}" "$KODE_KRONICAL_DAEMON"
exit 7
"""


def commands (home, **programs):
    """A directory of commands; the environment in which it is used."""
    for name, text in programs.items ():
        home.write (os.path.join ("commands", name.replace ("_", "-")), text, 0o755)
    os.chmod (os.path.join (home.path, "commands"), 0o755)
    return {"KODE_KRONICAL_COMMANDS": os.path.join (home.path, "commands")}


@kk.test
def run_with_its_arguments (home):
    "a program in the directory of commands is a command: its arguments and its exit status are its own"
    env = commands (home, tell=TELL)
    r = home.run ("tell", "one", "--two=2", "-x", "three four", "", "--", "-c", "x", env=env)
    kk.equal (r.rc, 7, "its exit status")
    kk.equal (r.out.split ("\n")[:9], ["8", "one", "--two=2", "-x", "three four", "", "--", "-c", "x"], "its arguments")
    kk.contains (r.out, "config=none", "no configuration was named")
    kk.contains (r.out, "daemon=/", "it knows the daemon's program")
    for args in (("--help", "tell"), ("help", "tell"), ("-h", "tell", "more"), ("tell", "--help")):
        kk.equal (home.run (*args, env=env).out.split ("\n")[:2], ["1", "--help"], " ".join (args))


@kk.test
def general_options_reach_it (home):
    "-c, --config and --plugin-dir are taken before and after it and reach it as absolute paths"
    env = commands (home, tell=TELL)
    path = home.write ("other.yaml", "")
    for args in (("-c", "other.yaml", "tell", "a"), ("tell", "a", "-c", "other.yaml"), ("tell", "--config=other.yaml", "a"),
                 ("tell", "--config", path, "a"), ("tell", "a", "-cother.yaml"), ("--config=~/other.yaml", "tell", "a")):
        r = home.run (*args, env=env)
        kk.equal (r.out.split ("\n")[:3], ["1", "a", "config=" + path], " ".join (args))
    r = home.run ("tell", "--plugin-dir", "here", env=env)
    kk.contains (r.out, f"plugins={home.path}/here\n", "the directory of plugins")
    for args in (("tell", "-c"), ("tell", "--config=")):
        r = home.run (*args, env=env)
        kk.equal (r.rc, 2, "a value that is missing")
        kk.contains (r.err, "Try: kode-kronical-daemon tell --help", "what to do")
    r = home.run ("tell", env={**env, "KODE_KRONICAL_CONFIG": "/from/elsewhere"})
    kk.contains (r.out, "config=none", "what was in the environment before does not count")


@kk.test
def listed_with_its_summary (home):
    "--help lists such commands with the line that lies beside them, and runs none"
    ran = os.path.join (home.path, "ran")
    env = commands (home, tell=f"#!/bin/sh\ntouch '{ran}'\n", quiet=TELL, start=TELL, Upper=TELL)
    home.write ("commands/tell.summary", "Tell what was \x1bsaid\nand more\n")
    home.write ("commands/no-program", "x", 0o644)
    os.mkdir (os.path.join (home.path, "commands", "directory"))
    r = home.run ("--help", env=env).ok ()
    lines = [line.split (None, 1) for line in r.out.split ("Commands that came with plugins:\n")[1].split ("\n\n")[0].splitlines ()]
    kk.equal (lines, [["quiet", "(says nothing of itself)"], ["tell", "Tell what was ?said"]], "the list")
    kk.check (not os.path.exists (ran), "nothing was run")
    kk.check ("Commands that came" not in home.run ("--help", env={"KODE_KRONICAL_COMMANDS": "/nowhere"}).ok ().out, "without any there is no list")
    kk.check (home.run ("start", "--help", env=env).rc == 0, "what the daemon knows itself is its own")
    r = home.run ("tel", env=env)
    kk.equal (r.rc, 2, "an unknown name")
    kk.contains (r.err, "did you mean 'tell'", "the nearest one")
    kk.equal (home.run ("../commands/tell", env=env).rc, 2, "a path is no name")
    kk.equal (home.run ("no-program", env=env).rc, 2, "a file that cannot be run is no command")


@kk.test
def refused_for_root (home):
    "as root a program that others can change is refused"
    kk.need_root ()
    env = commands (home, tell=TELL)
    path, directory = os.path.join (home.path, "commands", "tell"), os.path.join (home.path, "commands")
    kk.equal (home.run ("tell", env=env).rc, 7, "when only root can write")
    for place in (path, directory):
        mode = stat.S_IMODE (os.stat (place).st_mode)
        os.chmod (place, mode | 0o002)
        r = home.run ("tell", env=env)
        kk.equal ((r.rc, r.out), (1, ""), place)
        kk.contains (r.err, "users other than root can change", "the reason")
        os.chmod (place, mode)
    os.chown (path, 65534, 0)
    kk.equal (home.run ("tell", env=env).rc, 1, "when it is another's")


@kk.test
def asks_for_the_configuration (home):
    "a command gets the resolved configuration by config show, of an instance that is off, too"
    ask = '#!/bin/sh\nexec "$KODE_KRONICAL_DAEMON" ${KODE_KRONICAL_CONFIG:+-c "$KODE_KRONICAL_CONFIG"} config show "$@" --json\n'
    env = commands (home, ask=ask)
    path = home.write ("x.yaml", "daemon: {data_retention_hours: 2, track_processes: [node, java]}\nplugins:\n  select: {enabled: false}\n"
                       "  cpu: {interval: 2s}\n  second: {plugin: memory, tables: {system: system_2}, proc_root: ~/proc}\n")
    shown = home.run ("ask", "-c", path, env=env).ok ().json ()
    kk.equal (shown["config_file"], path, "the file")
    kk.equal (shown["daemon"]["data_dir"], home.data, "a path with its default")
    kk.equal (shown["plugins"]["file-writer"]["options"]["retention"], 7200, "a short form with a unit, in seconds")
    kk.equal (shown["plugins"]["process"]["options"]["track"], ["node", "java"], "a list")
    kk.equal (shown["plugins"]["cpu"]["interval"], 2, "how often an input is read")
    kk.equal (shown["plugins"]["second"]["plugin"], "memory", "whose instance it is")
    kk.equal (shown["plugins"]["second"]["options"]["proc_root"], home.path + "/proc", "a path with ~")
    kk.check ("select" not in shown["plugins"], "what is off is not there")
    off = home.run ("ask", "select", "-c", path, env=env).ok ().json ()["plugins"]["select"]
    kk.equal ((off["enabled"], off["plugin"]), (False, "select"), "asked for, it is")
    kk.check (isinstance (off["options"]["drop_fields"], list), "with its options", off)
    kk.equal (home.run ("ask", env=env).ok ().json ()["config_file"], None, "without a file")


@kk.test
def shown_for_people (home):
    "config show writes what config --check accepts; faults and unknown instances are said"
    home.config ("daemon: {sample_interval: 0.5, enable_network_monitoring: false}\nplugins: {cpu: {per_core: true}, process: false}\n")
    text = home.run ("config", "show").ok ().out
    for name in ("net", "process"):
        kk.contains (text, f"  {name}: false\n", "one that is off")
    kk.contains (text, "  sample_interval: 0.5\n", "a setting")
    kk.contains (text, "    per_core: true\n", "an option")
    kk.contains (home.run ("config", "show", "memory").ok ().out, "swap: false", "one instance")
    kk.check ("per_core" not in home.run ("config", "show", "memory").out, "and no other")
    home.write ("again.yaml", text)
    home.run ("config", "--check", "again.yaml").ok ("it is a configuration")
    again = home.run ("-c", "again.yaml", "config", "show", "--json").ok ().json ()
    kk.equal ({k: v for k, v in again.items () if k != "config_file"},
              {k: v for k, v in home.run ("config", "show", "--json").json ().items () if k != "config_file"}, "which means the same")
    r = home.run ("config", "show", "nosuch")
    kk.equal ((r.rc, r.out), (1, ""), "an unknown instance")
    kk.contains (r.err, "there is no plugin 'nosuch'", "the reason")
    home.config ("daemon: {sample_interval: never}\n")
    r = home.run ("config", "show", "--json")
    kk.equal ((r.rc, r.out), (1, ""), "a wrong file")
    kk.contains (r.err, "daemon.yaml:1:27: error", "its place")
    for args in (("config", "show", "a", "b"), ("config", "show", "--force"), ("config", "--json")):
        kk.equal (home.run (*args).rc, 2, " ".join (args))
    kk.equal (json.dumps (home.files ()), "[]", "nothing was made")


@kk.test
def off_stays_off (home):
    "config show of an exec instance that is off runs no program"
    home.config (json.dumps ({"plugins": {"mine": {"plugin": "exec", "enabled": False, "isolate": False, "command": ["touch", os.path.join (home.top, "ran")]}}}))
    kk.contains (home.run ("config", "show", "mine").ok ().out, "touch", "its command")
    kk.check (not os.path.exists (os.path.join (home.top, "ran")), "it was run")


kk.main ()
