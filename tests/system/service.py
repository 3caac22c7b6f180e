"""The units of systemd and their installers, as far as they can be tested without a booted system."""

import os

import kk

UNITS = os.path.join (kk.BUILD, "etc")
INSTALLER = os.path.join (UNITS, "install-kode-kronical-service")


def verify (home, text):
    """What systemd-analyze has to say about a unit; nothing is what is wanted (it ends with 0 even on a misspelt key)."""
    kk.need_tool ("systemd-analyze")
    path = home.write ("units/kode-kronical-daemon.service", text)
    r = home.run ("verify", "--man=no", path, program="systemd-analyze", env={"SYSTEMD_LOG_LEVEL": "warning"})
    if "Failed to" in r.err and "create" in r.err and "manager" in r.err:
        kk.skip ("systemd-analyze verify does not work here: " + r.err.strip ().splitlines ()[0])
    return [line for line in r.err.splitlines () if "kode-kronical" in line]


def unit (home, *args, **more):
    return home.run ("install", "--print", *args, **more).ok ().out


@kk.test
def verify_finds_faults (home):
    "systemd-analyze verify is able to find a fault"
    kk.check (verify (home, unit (home).replace ("Restart=", "Restrat=")), "a misspelt key is found")


@kk.test
def units_are_good (home):
    "systemd finds no fault in the units that install writes, nor in the packaged one"
    for args in ((), ("--system",), ("--system", "-c", home.path + "/a 'b' %h $c.yaml")):
        text = unit (home, *args)
        kk.equal (verify (home, text), [], f"install --print {args}")
    with open (os.path.join (UNITS, "kode-kronical-daemon.service"), encoding="utf-8") as f:
        text = f.read ()
    program = home.command ([])[-1]
    kk.check ("@" not in text.replace ("@system", ""), "every place is filled in", text)
    lines = [line.split ("=")[0] + "=" + program + " status" if line.startswith ("Exec") else line for line in text.splitlines ()]
    kk.equal (verify (home, "\n".join (lines) + "\n"), [], "the packaged unit")


@kk.test
def what_a_unit_says (home):
    "the unit runs the daemon in the foreground, as the user who called sudo, with the given configuration"
    text = unit (home, "--system", "-c", "my conf.yaml", env={"SUDO_USER": "daemon", "KODE_KRONICAL_PLUGINS": None})
    program = os.path.realpath (home.command ([])[-1])
    for line in ("Type=notify", "User=daemon", "EnvironmentFile=-/etc/default/kode-kronical", "Restart=on-failure",
                 "WantedBy=multi-user.target", f'ExecStart="{program}" -c "{home.path}/my conf.yaml" start --foreground',
                 f'ExecReload="{program}" -c "{home.path}/my conf.yaml" reload'):
        kk.check (line in text.splitlines (), line, text)
    text = unit (home)
    kk.check ("User=" not in text and "WantedBy=default.target" in text, "a user's unit", text)


@kk.test
def installer_explains_itself (home):
    "install-kode-kronical-service --help, --version, and what it does not know"
    r = home.run ("--help", program=INSTALLER).ok ()
    kk.contains (r.out, "Usage: install-kode-kronical-service", "help")
    kk.contains (r.out, "uninstall", "help")
    kk.equal ([line for line in r.out.splitlines () if len (line) > 79], [], "lines beyond 79 columns")
    kk.contains (home.run ("--version", program=INSTALLER).ok ().out, "install-kode-kronical-service", "version")
    for args in (("frobnicate",), ("install", "uninstall"), ("--config",)):
        r = home.run (*args, program=INSTALLER)
        kk.equal ((r.rc, r.out), (2, ""), f"{args}")


@kk.test
def refusals_change_nothing (home):
    "without root or systemd: a clear error, nothing half-installed"
    before = set (os.listdir ("/etc/systemd/system")) if os.path.isdir ("/etc/systemd/system") else None
    if os.path.isdir ("/run/systemd/system") and os.geteuid () == 0:
        kk.skip ("this is root on a machine with systemd: it would be installed")
    for args, program in ((("install", "--system"), None), (("uninstall", "--system"), None), ((), INSTALLER),
                          (("uninstall",), INSTALLER)):
        r = home.run (*args, program=program)
        kk.equal ((r.rc, r.out), (1, ""), f"{args} {program}")
        word = "root" if os.geteuid () else "systemd"
        kk.contains (r.err, word, "the reason")
    if not os.path.isdir ("/run/systemd/system"):
        r = home.run ("install")
        kk.equal (r.rc, 1, "a user service without systemd")
        kk.contains (r.err, "systemd", "the reason")
    if before is not None:
        kk.equal (set (os.listdir ("/etc/systemd/system")), before, "the system's units")
    kk.check (not os.path.exists (home.path + "/.config/systemd"), "the user's units")


@kk.test
def not_root (home):
    "another user than root is told that root is needed"
    kk.need_others (home, 65534)
    r = home.run ("install", "--system", preexec_fn=lambda: os.setuid (65534))
    kk.equal (r.rc, 1, "exit status")
    kk.contains (r.err, "root", "the reason")


@kk.test
def installer_prefers_its_neighbour (home):
    "the installer takes the daemon beside it, also when PATH leads to the Python library's"
    other = home.write ("first/kode-kronical-daemon", "#!/bin/sh\necho python\n", 0o755)
    home.write ("bin/kode-kronical-daemon", "#!/bin/sh\necho ours \"$@\"\n", 0o755)
    with open (INSTALLER, encoding="utf-8") as f:
        mine = home.write ("bin/install-kode-kronical-service", f.read (), 0o755)
    r = home.run ("-c", "a b", "uninstall", program=mine, env={"PATH": os.path.dirname (other) + ":" + os.environ["PATH"]})
    kk.equal (r.ok ().out, "ours --config a b uninstall --system\n", "what it runs")


kk.main ()
