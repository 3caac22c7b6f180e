"""doc/PLUGINS: its commands, run in its order as a new user would, lead to an installed plugin."""

import os

import kit
import kk


@kk.test (deadline=180)
def the_guide (home):
    "the commands of the author's guide lead from nothing to an installed plugin that collects"
    stage = kit.stage ()
    guide = stage.find ("PLUGINS")
    with open (guide, encoding="utf-8") as f:
        text = f.read ()
    file = home.write ("guide.sh", kit.guide_script (text))
    r = stage.run (home, "sh", "-eu", file, timeout=120)
    stop = stage.run (home, "kode-kronical-daemon", "stop")
    kit.check_guide_output (r)
    kk.equal (stop.rc, 0, "the daemon that the guide started is stopped")
    kk.check (os.path.exists (os.path.join (stage.plugin_dir, "open-files.so")), "it is installed")


kk.main ()
