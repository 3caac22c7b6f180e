"""doc/PLUGINS: its commands, run in its order as a new user would, lead to an installed plugin."""

import json
import os
import re

import kit
import kk


def commands (text):
    """Every indented block that begins with '$ ', as a shell script."""
    found = []
    for block in re.findall (r"(?:^    .*\n|^\n(?=    (?!\$ )))+", text, re.M):
        lines = [line[4:] for line in block.split ("\n")]
        while lines and not lines[0]:
            lines.pop (0)
        if lines and lines[0].startswith ("$ "):
            found += [re.sub (r"^\$ ", "", line) for line in lines]
    return "\n".join (found) + "\n"


@kk.test (deadline=180)
def the_guide (home):
    "the commands of the author's guide lead from nothing to an installed plugin that collects"
    stage = kit.stage ()
    guide = stage.find ("PLUGINS")
    with open (guide, encoding="utf-8") as f:
        text = f.read ()
    script = commands (text)
    kk.check (script.count ("make") >= 3 and "KK_PLUGIN" in script and "sudo make install" in script, "commands were found", script)
    for part in re.findall (r"^    \$ (.*)$", text, re.M):
        kk.contains (script, part, "no command was passed over")
    file = home.write ("guide.sh", script)
    r = stage.run (home, "sh", "-eu", file, timeout=120)
    stop = stage.run (home, "kode-kronical-daemon", "stop")
    kk.check (r.rc == 0, "every command succeeds", r)
    kk.check ("warning" not in r.err, "no compiler warns", r.err)
    kk.equal (stop.rc, 0, "the daemon that the guide started is stopped")
    samples = [json.loads (line) for line in r.out.splitlines () if line.startswith ("{")]
    kk.equal (len (samples), 2, "samples that were shown")
    for sample in samples:
        kk.check (sample["open_files"]["open"] > 0, "what the plugin collects", sample)
    kk.check (os.path.exists (os.path.join (stage.plugin_dir, "open-files.so")), "it is installed")


kk.main ()
