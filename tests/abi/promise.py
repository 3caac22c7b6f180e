"""What was built against one header works with the host of another, and what cannot work is refused with file and reason."""

import glob
import hashlib
import json
import os
import re
import shutil
import subprocess

import kk
import plugins

FROZEN = "4fd8e2c05255fafe89246e579c150e340138d4c1a2ba3ed8b21d8d41577293e5"
KINDS = ("input", "filter", "output")
HOST = """descriptor descriptor-check schema dict sample clock env instance input shape shape-ask shape-apply emit chain-link chain layout option option-value option-map diag log
limit util/buf util/units util/utf8 util/url util/nearest util/path util/text""".split ()


def wanted_lines (answer):
    return ("abi_one.sum=7", f"abi_one.answer={answer}", "abi_one.fine=true", "abi_one.share=80", "abi_many.count=2", "abi_numbers.count=2")


def run_daemon (home, prefix, answer):
    """A daemon with one plugin of each kind, until the output has written all that is wanted; what it wrote."""
    names = {k: f"{prefix}-{k}" for k in KINDS}
    home.write (home.config_file, "daemon: {sample_interval: 0.1}\n"
                f"plugins:\n  {names['input']}: {{}}\n  {names['filter']}: {{}}\n  {names['output']}: {{}}\n"
                f"pipeline: [{names['filter']}]\n")
    def written ():  # an isolated output has a directory of its own below the data directory
        files = glob.glob (os.path.join (glob.escape (home.data), "**", "lines"), recursive=True)
        if not files:
            return ""
        with open (files[0], encoding="utf-8") as f:
            return f.read ()

    with home.daemon (None, env={"KODE_KRONICAL_PLUGINS": os.path.join (home.top, "plugins") + ":" + os.environ["KODE_KRONICAL_PLUGINS"]}):
        # Command lines of the machine's own processes come too, of any length.
        kk.wait_for (lambda: set (wanted_lines (answer)) <= set (written ().split ("\n")), 30, "lines of the output")
    return written ()


def check_lines (text, answer):
    values = set (text.split ("\n"))
    for wanted in wanted_lines (answer):
        kk.check (wanted in values, f"{wanted} was written", sorted (values)[:20])
    kk.check ("abi_one.text" not in text, "the filter left a field out")


@kk.test
def header_1_is_frozen (home):
    "the kept header 1 is the one that was promised: what comes later goes into plugin.h alone"
    with open (os.path.join (plugins.HERE, "plugin-1.h"), "rb") as f:
        kk.equal (hashlib.sha256 (f.read ()).hexdigest (), FROZEN, "tests/abi/plugin-1.h")


@kk.test
def old_plugins_here (home):
    "plugins of every kind built with the kept header 1 run on this host"
    one, _ = plugins.headers (home)
    for kind in KINDS:
        plugins.build (home, kind + ".c", "one-" + kind, one)
    check_lines (run_daemon (home, "one", 1), 1)


@kk.test
def later_plugins_here (home):
    "plugins built with a later header and KK_API 1 run on this host, where later functions answer -ENOSYS"
    _, later = plugins.headers (home)
    for kind in KINDS:
        plugins.build (home, kind + ".c", "later-" + kind, later, "-DKK_API=1", "-DLATER")
    check_lines (run_daemon (home, "later", -38), -38)


@kk.test
def old_plugins_on_a_later_host (home):
    "plugins built with header 1, and with a later one, run on a host that was built with a later header"
    one, later = plugins.headers (home)
    host = os.path.join (home.top, "later-host")
    core = os.path.join (kk.SOURCE, "core")
    sources = [os.path.join (core, s + ".c") for s in HOST] + glob.glob (os.path.join (glob.escape (core), "rows*.c"))
    sources += glob.glob (os.path.join (glob.escape (core), "yaml*.c"))
    plugins.compile (home, os.path.join (plugins.HERE, "later-host.c"), host, *sources, "-D_GNU_SOURCE", f"-I{later}", f"-I{kk.BUILD}",
                     f"-I{core}", f"-I{core}/util", "-pthread", "-ldl", "-lm", "-lyaml", "-Wl,--export-dynamic")
    for prefix, include, flags, answer in (("one", one, (), 1), ("later", later, ("-DLATER",), 10)):
        made = [plugins.build (home, kind + ".c", f"{prefix}-{kind}", include, *flags) for kind in KINDS]
        directory = os.path.join (home.top, "data-" + prefix)
        os.makedirs (directory)
        r = home.run (*made, directory, program=host).ok ()
        number, text = ("77", "later") if prefix == "later" else ("0", "none")
        kk.contains (r.out, f"options of {prefix}-input: 10 {number} {text}", "members that an older plugin does not have are zero")
        with open (os.path.join (directory, "lines"), encoding="utf-8") as f:
            check_lines (f.read (), answer)


@kk.test
def maps_of_a_later_header (home):
    "the options of a map have the size of the plugin's header, too: its members are found where a later header puts them"
    _, later = plugins.headers (home)
    plugins.build (home, os.path.join (kk.SOURCE, "tests", "isolate", "mapper.c"), "mapper", later, "-DKK_API=2")
    env = {"KODE_KRONICAL_PLUGINS": os.path.join (home.top, "plugins") + ":" + os.environ["KODE_KRONICAL_PLUGINS"]}
    info = json.loads (home.run ("plugin", "info", "mapper", "--json", env=env).ok ().out)
    kk.equal ([m["name"] for o in info["options"] for m in o["members"] or []], ["text", "number", "on", "words", "pin"], "members")
    for isolate in ("true", "false"):
        home.config (f"plugins: {{mapper: {{isolate: {isolate}, entries: {{one: {{text: x, words: [w]}}, two: {{text: bad}}}}}}}}\n")
        kk.contains (home.run ("config", "--check", env=env).err, "entries.two.text: 'bad' is no good", f"isolate: {isolate}")


GOOD = """#include <kode-kronical/plugin.h>
struct config { bool flag; };
static const struct kk_option options[] = {KK_OPT_BOOL ("flag", struct config, flag, .help = "A flag")};
static const struct kk_field fields[] = {[0] = KK_U64 ("value", "1", KK_GAUGE, .help = "A value")};
static const struct kk_table tables[] = {KK_SINGLE ("good", fields, "One row")};
static int create (struct kk_instance *self, const void *config, void **state) { (void) config; *state = self; return 0; }
static int read_ (void *state, struct kk_rows *out) { (void) state; kk_u64 (kk_row (out, 0, NULL, 0), 0, 42); return 0; }
KK_PLUGIN (.kind = KK_INPUT, .name = NAME, .version = "1", .summary = "Of a test", KK_OPTIONS (options), KK_TABLES (tables),
           .config_size = sizeof (struct config), .create = create, .read = read_);
"""


def refused (home, name, reason):
    """plugin info, list and a config that names it say file and reason; nothing crashes."""
    directory = os.path.join (home.top, "plugins")
    file = os.path.join (directory, name + ".so")
    env = {"KODE_KRONICAL_PLUGINS": directory}
    info = home.run ("plugin", "info", name, env=env)
    kk.equal (info.rc, 1, f"plugin info {name}: {info}")
    kk.contains (info.err, file, "the file is named")
    kk.check (re.search (reason, info.err), f"the reason of {name} is said", info.err)
    kk.equal (info.err.count ("\n"), 1, f"one line: {info.err}")
    checked = home.run ("plugin", "check", file, env=env)
    kk.equal (checked.rc, 1, f"plugin check {name}: {checked}")
    kk.contains (checked.out, "FAULT", f"plugin check {name}")
    home.config (f"plugins: {{{name}: {{}}}}\n")
    config = home.run ("config", "--check", env=env)
    kk.check (config.rc and re.search (reason, config.all), f"config --check with {name}", config)
    listed = home.run ("plugin", "list", env=env)
    kk.check (re.search (rf"^{name} .*{reason}", listed.out, re.M), f"plugin list with {name}", listed)


@kk.test
def refused_for_their_code (home):
    "a newer API, a missing count, a hole, no callback, a name twice: refused with file and reason"
    one, later = plugins.headers (home)
    changes = {
        "count": (("KK_OPTIONS (options)", ".options = options"), "options have no count: write KK_OPTIONS"),
        "bare": (("KK_TABLES (tables)", ".tables = tables"), "tables have no count: write KK_TABLES"),
        "hole": (("[0] = KK_U64", "[1] = KK_U64"), "hole in the field table"),
        "no-create": ((".create = create, ", ""), "no .create callback"),
        "no-read": ((", .read = read_", ""), "an input needs .read"),
        "twice": (('.help = "A value")}', '.help = "A value"), KK_U64 ("value", "1", KK_GAUGE, .help = "Again")}'), "declared twice"),
        "misnamed": ((".name = NAME", '.name = "cpu"'), "calls itself 'cpu'"),
    }
    for name, (change, reason) in changes.items ():
        kk.contains (GOOD, change[0], name)
        plugins.build (home, GOOD.replace (*change), name, one, "-Wno-unused")
        refused (home, name, reason)
    plugins.build (home, GOOD, "newest", later)
    refused (home, "newest", "needs plugin API 3 and this daemon knows up to 2")


@kk.test
def refused_for_their_file (home):
    "a 32-bit object, a cut one, a text, an empty file: refused with file and reason"
    one, _ = plugins.headers (home)
    good = plugins.build (home, GOOD, "good", one)
    directory = os.path.dirname (good)
    with open (good, "rb") as f:
        whole = f.read ()
    bits = bytearray (whole)
    bits[4] = 1
    for name, content in (("bits", bytes (bits)), ("cut", whole[:len (whole) // 8]), ("text", b"hello\n" * 100), ("empty", b"")):
        with open (os.path.join (directory, name + ".so"), "wb") as f:
            f.write (content)
    for name, reason in (("bits", "wrong ELF class|32-bit"), ("cut", "cut off"), ("text", "ELF header|no shared object"), ("empty", "too short|empty")):
        refused (home, name, reason)


@kk.test
def refused_for_a_real_32_bit (home):
    "an object that was built for 32 bits"
    source = home.write ("small.c", "int kk_plugin = 1;\n")
    to = os.path.join (home.top, "plugins")
    os.makedirs (to)
    p = plugins.compile (home, source, os.path.join (to, "small.so"), "-m32", "-shared", "-fPIC", "-nostdlib", check=False)
    if p.returncode:
        kk.skip ("this compiler builds nothing for 32 bits")
    refused (home, "small", "wrong ELF class|32-bit")


@kk.test
def refused_for_another_sanitizer (home):
    "one built with a sanitizer that the host does not have: refused, and the host lives"
    one, _ = plugins.headers (home)
    flags = subprocess.run ([shutil.which (kk.PROGRAM), "--version"], env={**home.env (), "ASAN_OPTIONS": "help=1"}, capture_output=True,
                            text=True).stderr
    other, name = ("thread", "ThreadSanitizer") if "AddressSanitizer" in flags else ("address", "AddressSanitizer")
    try:
        plugins.build (home, GOOD, "sanitized", one, f"-fsanitize={other}")
    except kk.Failed:
        kk.skip (f"this compiler has no -fsanitize={other}")
    refused (home, "sanitized", f"built with {name}")


kk.main ()
