"""The files of plugins: one that lacks a symbol, two of one name, one that an upgrade replaces or takes away."""

import os
import signal

import kk
import plugins

SOURCE = r"""#include <kode-kronical/plugin.h>
#include <stdlib.h>
struct config { int64_t number; };
static const struct kk_option options[] = {KK_OPT_INT ("number", struct config, number, .def = "1", .help = "A number")};
static const struct kk_field fields[] = {KK_U64 ("value", "1", KK_GAUGE, .help = "A value")
#ifdef MORE
  , KK_U64 ("more", "1", KK_GAUGE, .help = "Another value")
#endif
};
static const struct kk_table tables[] = {KK_SINGLE ("of_file", fields, "One row")};
static int create (struct kk_instance *self, const void *config, void **state) { (void) config; *state = self; return 0; }
static int read_ (void *state, struct kk_rows *out)
{
  (void) state;
  struct kk_row *row = kk_row (out, 0, NULL, 0);
  kk_u64 (row, 0, VALUE);
#ifdef MORE
  kk_u64 (row, 1, VALUE);
#endif
#ifdef MISSING
  extern void missing_one (void);
  missing_one ();
#endif
  return 0;
}
KK_PLUGIN (.kind = KK_INPUT, .name = NAME, .version = "1", .summary = "Of a test", KK_OPTIONS (options), KK_TABLES (tables),
           .config_size = sizeof (struct config), .create = create, .read = read_);
"""
CONFIG = "daemon: {sample_interval: 0.05}\nplugins:\n  process: false\n  net: false\n  other: {isolate: %s, number: %d}\n"


def build (home, *flags, to="plugins", name="other"):
    """Builds the plugin beside and puts it in place by renaming, as a package does."""
    new = plugins.build (home, SOURCE, name, os.path.join (kk.SOURCE, "include"), *flags, to=os.path.join (home.top, "new"))
    os.makedirs (os.path.join (home.top, to), exist_ok=True)
    path = os.path.join (home.top, to, name + ".so")
    os.rename (new, path)
    return path


def places (home, *more):
    return {"KODE_KRONICAL_PLUGINS": ":".join ([os.path.join (home.top, d) for d in ("plugins", *more)] + [os.environ["KODE_KRONICAL_PLUGINS"]])}


def value (d, field="value"):
    """What the plugin gives now."""
    def last ():
        with kk.Connection (d.data) as c:
            c.send ("samples", last=1)
            return c.receive ()
    return last ()["of_file"].get (field)


def wait_value (d, want, field="value"):
    kk.wait_for (lambda: value (d, field) == want, 20, f"{field} {want}")


def other (d):
    return next (i for i in d.status ()["instances"] if i["name"] == "other")


@kk.test
def undefined_symbol (home):
    "a plugin that calls what nobody has is refused when it is loaded, within the daemon and in a process of its own"
    path = build (home, "-DVALUE=1", "-DMISSING", "-Wl,-z,lazy", "-Wl,-z,undefs")
    wanted = f"{path} cannot be loaded: undefined symbol: missing_one; link it with -Wl,-z,defs"
    for isolate in ("true", "false"):
        home.config (CONFIG % (isolate, 1))
        for command in (("config", "--check"), ("start", "--foreground")):
            r = home.run (*command, env=places (home))
            kk.equal (r.rc, 1, f"status of {command}")
            kk.contains (r.err, wanted, f"what {command} says")
    with home.daemon ("daemon: {sample_interval: 0.05}\n", env=places (home)) as d:
        home.config (CONFIG % ("false", 1))
        r = home.run ("reload", env=places (home))
        kk.equal (r.rc, 1, "status of reload")
        kk.contains (r.err, wanted, "what reload says")
        taken = d.status ()["ticks"]["taken"]
        kk.wait_for (lambda: d.status ()["ticks"]["taken"] > taken + 2, 10, "samples after it")


@kk.test
def two_of_one_name (home):
    "of two files of one name the first counts, and the other is refused with a sentence that names both"
    first, second = build (home, "-DVALUE=1"), build (home, "-DVALUE=2", to="second")
    said = f"{second} is refused: there is a plugin 'other' before it, {first}; remove one of them, or give it another name"
    home.config (CONFIG % ("true", 1))
    kk.contains (home.run ("config", "--check", env=places (home, "second")).ok ().out, "warning: " + said, "config --check")
    kk.contains (home.run ("plugin", "list", env=places (home, "second")).ok ().err, "warning: " + said, "plugin list")
    with home.daemon (env=places (home, "second")) as d:
        wait_value (d, 1)
        kk.contains (home.log (), said, "the log")
    os.unlink (second)
    os.symlink (first, second)
    kk.equal (home.run ("config", "--check", env=places (home, "second")).ok ().out.count ("refused"), 0, "one file under two names")
    build (home, "-DVALUE=1", name="daemon")
    kk.contains (home.run ("plugin", "list", env=places (home)).err, "daemon.so is refused: 'daemon' is a part of the daemon", "a second 'daemon'")


@kk.test
def replaced_in_the_daemon (home):
    "a plugin within the daemon that an upgrade replaces: the old code goes on, status says restart, and a restart has the new"
    path = build (home, "-DVALUE=1")
    with home.daemon (CONFIG % ("false", 1), env=places (home)) as d:
        wait_value (d, 1)
        kk.equal ((d.status ()["notices"], other (d)["on_disk"]), ([], "same"), "before")
        build (home, "-DVALUE=2", "-DMORE")
        kk.equal ((d.status ()["notices"], other (d)["on_disk"]), (["changed on disk, restart: other"], "changed"), "after")
        kk.contains (home.run ("status").ok ().out, "Plugins   changed on disk, restart: other\n", "status for people")
        kk.equal (d.status ()["health"], "ok", "health")
        home.config (CONFIG % ("false", 2))
        r = home.run ("reload").ok ()
        kk.contains (r.out, "restart  other: its options changed", "the reload")
        kk.contains (r.err, f"warning: {path} has changed on disk: this daemon goes on with the one it has", "the reload")
        calls = other (d)["calls"]
        kk.wait_for (lambda: other (d)["calls"] > calls + 2, 10, "readings after it")
        kk.equal ((value (d), value (d, "more"), other (d)["on_disk"]), (1, None, "changed"), "the old code goes on")
        os.unlink (path)
        kk.equal (d.status ()["notices"], ["gone from disk, goes on until a restart: other"], "without the file")
        r = home.run ("reload").ok ()
        kk.contains (r.err, f"warning: {path} is gone from disk: this daemon goes on with it", "a reload without the file")
        wait_value (d, 1)
        build (home, "-DVALUE=2", "-DMORE")
    with home.daemon (env=places (home)) as d:
        wait_value (d, 2, "more")
        kk.equal (d.status ()["notices"], [], "after the restart")


@kk.test
def replaced_in_its_own_process (home):
    "a plugin in a process of its own that an upgrade replaces: status says reload, and a reload has the new code, or leaves all as it was"
    path = build (home, "-DVALUE=1")
    with home.daemon (CONFIG % ("true", 1), env=places (home)) as d:
        wait_value (d, 1)
        build (home, "-DVALUE=2", "-DMORE")
        kk.equal (d.status ()["notices"], ["changed on disk, reload: other"], "after the upgrade")
        wait_value (d, 1)
        kk.contains (home.run ("reload", "--dry-run").ok ().out, "restart  other: its file has changed", "a dry run")
        kk.equal (d.status ()["notices"], ["changed on disk, reload: other"], "after the dry run")
        kk.contains (home.run ("reload").ok ().out, "restart  other: its file has changed", "the reload")
        wait_value (d, 2, "more")
        kk.equal ((d.status ()["notices"], other (d)["on_disk"]), ([], "same"), "after the reload")
        with open (path, "rb") as f:
            cut = f.read ()[:4000]
        with open (path + ".new", "wb") as f:
            f.write (cut)
        os.rename (path + ".new", path)
        r = home.run ("reload")
        kk.equal (r.rc, 1, "status of a reload with half a file")
        kk.contains (r.err, f"{path} cannot be loaded: the file is cut off", "half a file")
        os.unlink (path)
        kk.equal (d.status ()["notices"], ["gone from disk, goes on as long as its process: other"], "without the file")
        r = home.run ("reload").ok ()
        kk.contains (r.err, f"warning: {path} is gone from disk", "a reload without the file")
        kk.check ("other" not in r.out, "it goes on as it is", r)
        wait_value (d, 2, "more")


def process (d):
    """The PID of the plugin's process."""
    return int (other (d)["status"]["process"].split (",")[0])


@kk.test
def replaced_and_crashed (home):
    "a process that is started again takes what is on disk, unless that takes or gives something else: then it waits for a reload"
    build (home, "-DVALUE=1")
    with home.daemon (CONFIG % ("true", 1), env=places (home)) as d:
        wait_value (d, 1)
        build (home, "-DVALUE=2")
        os.kill (process (d), signal.SIGKILL)
        wait_value (d, 2)
        kk.equal ((d.status ()["notices"], other (d)["on_disk"]), ([], "same"), "with the new code")
        build (home, "-DVALUE=3", "-DMORE")
        os.kill (process (d), signal.SIGKILL)
        kk.wait_for (lambda: "has changed on disk, and what it takes or gives with it: reload the daemon" in other (d)["status"]["process"], 20,
                     "the reason in status")
        home.run ("reload").ok ()
        wait_value (d, 3, "more")


@kk.test
def open_to_others (home):
    "as root, a plugin that others could have changed: a reload is refused and changes nothing, and no new process runs it"
    kk.need_root ()
    path = build (home, "-DVALUE=1")
    refused = f"{path} is refused: users other than root can change it"
    with home.daemon (CONFIG % ("true", 1), env=places (home)) as d:
        wait_value (d, 1)
        pid = process (d)
        for mode in (0o777, 0o775):
            os.chmod (build (home, "-DVALUE=2"), mode)
            home.config (CONFIG % ("true", 2))
            r = home.run ("reload")
            kk.equal (r.rc, 1, f"status of a reload with mode {mode:o}")
            kk.contains (r.err, refused, "the reload")
            kk.equal ((process (d), value (d)), (pid, 1), "the process goes on")
        os.kill (pid, signal.SIGKILL)
        kk.wait_for (lambda: "not be started: Operation not permitted" in other (d)["status"]["process"], 20, "no new process")
        kk.contains (home.log (), refused, "the log")
        os.chmod (path, 0o755)
        wait_value (d, 2)
        home.run ("reload").ok ("once it is root's alone")


kk.main ()
