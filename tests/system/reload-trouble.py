#!/usr/bin/env python3
"""Reloads at bad moments: while an output is behind, a plugin hangs, another reload is under way, a file is half written."""

import json
import os
import signal
import sys

import kk

sys.path.insert (0, os.path.join (kk.SOURCE, "tests", "abi"))
import plugins  # noqa: E402

# Counts its reads, all instances together, in a field whose type its options say. Waits in create and read while a file is there.
NUMBERS = r"""#include <kode-kronical/plugin.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
struct config { int32_t type; const char *create, *read, *destroyed; };
static const struct kk_option options[] = {
  KK_OPT_CHOICE ("type", struct config, type, "u64|f64|string", .def = "u64", .help = "Type of the field"),
  KK_OPT_STRING ("create", struct config, create, .help = "Wait in create while this file is there"),
  KK_OPT_STRING ("read", struct config, read, .help = "Wait in read while this file is there"),
  KK_OPT_STRING ("destroyed", struct config, destroyed, .help = "Make this file in destroy"),
};
static unsigned long long count;
static void make (const char *path, const char *more)
{
  char whole[4096];
  snprintf (whole, sizeof whole, "%s%s", path, more);
  int fd = *path ? open (whole, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) : -1;
  if (fd >= 0) close (fd);
}
static void wait (const char *path)
{
  if (*path && !access (path, F_OK)) make (path, ".seen");
  while (*path && !access (path, F_OK)) usleep (5000);
}
static int declare_ (const void *config, struct kk_declare *out, struct kk_fault *fault)
{
  static const struct kk_field u64[] = {KK_U64 ("n", "1", KK_GAUGE, .help = "A number")};
  static const struct kk_field f64[] = {KK_F64 ("n", "1", KK_GAUGE, .help = "A number")};
  static const struct kk_field string[] = {KK_STRING ("n", .help = "A number")};
  static const struct kk_table tables[] = {KK_SINGLE ("numbers", u64, "One row"), KK_SINGLE ("numbers", f64, "One row"),
                                           KK_SINGLE ("numbers", string, "One row")};
  (void) fault;
  return kk_declare_table (out, &tables[((const struct config *) config)->type]);
}
static int create (struct kk_instance *self, const void *config, void **state)
{
  (void) self;
  wait (((const struct config *) config)->create);
  *state = (void *) config;
  return 0;
}
static void destroy (void *state) { make (((const struct config *) state)->destroyed, ""); }
static int read_ (void *state, struct kk_rows *out)
{
  const struct config *c = state;
  char text[32];
  wait (c->read);
  struct kk_row *row = kk_row (out, 0, NULL, 0);
  snprintf (text, sizeof text, "%llu", ++count);
  if (c->type == 0) kk_u64 (row, 0, count);
  if (c->type == 1) kk_f64 (row, 0, (double) count);
  if (c->type == 2) kk_string (row, 0, text);
  return 0;
}
KK_PLUGIN (.kind = KK_INPUT, .name = NAME, .version = "1", .summary = "Of a test", KK_OPTIONS (options),
           .config_size = sizeof (struct config), .declare = declare_, .create = create, .destroy = destroy, .read = read_);
"""

# Writes type and value of numbers.n, a line a sample; asks to be called again while a file is there.
LINES = r"""#include <kode-kronical/plugin.h>
#include <stdlib.h>
#include <unistd.h>
struct config { const char *file, *hold; };
static const struct kk_option options[] = {
  KK_OPT_STRING ("file", struct config, file, .flags = KK_REQUIRED, .help = "Where to"),
  KK_OPT_STRING ("hold", struct config, hold, .help = "Write nothing while this file is there"),
};
static int create (struct kk_instance *self, const void *config, void **state)
{ (void) self; *state = (void *) config; return 0; }
static int write_ (void *state, const struct kk_sample *const *samples, uint32_t n, uint32_t *done)
{
  const struct config *c = state;
  if (*c->hold && !access (c->hold, F_OK)) { *done = 0; return KK_RETRY; }
  FILE *to = fopen (c->file, "ae");
  for (*done = 0; to && *done < n; ++*done) {
    const struct kk_schema *schema = kk_sample_schema (samples[*done]);
    for (uint32_t t = 0; t < kk_schema_tables (schema); t++) {
      struct kk_table table;
      struct kk_table_info info;
      struct kk_value v;
      if (kk_table_info (samples[*done], t, &info) || info.held) /* a tick too soon after the first one reads nothing anew */
        continue;
      if (kk_schema_table (schema, t, &table) || __builtin_strcmp (table.name, "numbers") || kk_get (samples[*done], t, 0, 0, &v))
        continue;
      if (v.type == KK_TYPE_U64) fprintf (to, "u64 %llu\n", (unsigned long long) v.u64);
      if (v.type == KK_TYPE_F64) fprintf (to, "f64 %.0f\n", v.f64);
      if (v.type == KK_TYPE_STRING) fprintf (to, "string %s\n", v.string);
    }
  }
  return to ? fclose (to) : -5;
}
KK_PLUGIN (.kind = KK_OUTPUT, .name = NAME, .version = "1", .summary = "Of a test", KK_OPTIONS (options),
           .config_size = sizeof (struct config), .create = create, .write = write_);
"""


class Bench:
    """Both plugins, within the daemon, and files that hold them up."""

    def __init__ (self, home, *names):
        self.home, self.file = home, home.top + "/lines"
        for name in names or ("numbers",):
            plugins.build (home, NUMBERS, name, os.path.join (kk.SOURCE, "include"))
        plugins.build (home, LINES, "lines", os.path.join (kk.SOURCE, "include"))
        self.env = {"KODE_KRONICAL_PLUGINS": os.path.join (home.top, "plugins") + ":" + os.environ["KODE_KRONICAL_PLUGINS"]}

    def config (self, numbers, *more):
        return ("daemon: {sample_interval: 0.02}\nplugins:\n  process: false\n  net: false\n"
                f"  lines: {{isolate: false, file: {self.file}, hold: {self.home.top}/hold}}\n"
                f"  numbers: {{isolate: false, {numbers}}}\n" + "".join (f"  {line}\n" for line in more))

    def daemon (self, numbers, *more):
        return self.home.daemon (self.config (numbers, *more), env=self.env)

    def reload (self, numbers, *more):
        self.home.config (self.config (numbers, *more))
        return self.home.run ("reload", env=self.env)

    def hold (self, name="hold"):
        return self.home.write (os.path.join (self.home.top, name), "")

    def lines (self):
        try:
            with open (self.file, encoding="utf-8") as f:
                return f.read ().split ("\n")[:-1]
        except FileNotFoundError:
            return []

    def wait_more (self, n=3):
        """Until some more samples are written."""
        have = len (self.lines ())
        kk.wait_for (lambda: len (self.lines ()) >= have + n, 20, "more samples written")


def instance (d, name):
    return next ((i for i in d.status ()["instances"] if i["name"] == name), None)


@kk.test
def type_changed (home):
    "a field's type changes while older samples wait for an output: each arrives once, in order, with the type it was taken with"
    b = Bench (home)
    with b.daemon ("type: u64") as d:
        b.wait_more ()
        hold = b.hold ()
        types = ["u64"]
        for kind in ("f64", "string", "u64", "f64"):
            waiting = instance (d, "lines")["queue"]["samples"]
            kk.wait_for (lambda: instance (d, "lines")["queue"]["samples"] > waiting + 3, 20, "samples wait")
            kk.contains (b.reload (f"type: {kind}").ok ().out, "restart  numbers: its options changed", "the reload")
            types.append (kind)
        calls = instance (d, "numbers")["calls"]
        kk.wait_for (lambda: instance (d, "numbers")["calls"] > calls + 3, 20, "samples of the last type")
        os.unlink (hold)
        b.wait_more (20)
        kk.equal ((instance (d, "lines")["queue"]["dropped"], instance (d, "lines")["failures"]), (0, 0), "lost samples")
    lines = [line.split (" ") for line in b.lines ()]
    kk.equal ([n for _, n in lines], [str (i + 1) for i in range (len (lines))], "the numbers")
    seen = [kind for i, (kind, _) in enumerate (lines) if not i or lines[i - 1][0] != kind]
    kk.equal (seen, types, "the types, one after the other")
    recorded = [e["numbers"]["n"] for e in home.metrics () if "numbers" in e]  # not where a tick came too soon after one that was late
    kk.equal ([int (n) for n in recorded], list (range (int (recorded[0]), int (recorded[0]) + len (recorded))), "the recorded files")
    kk.check (isinstance (recorded[-1], (int, float)) and any (isinstance (n, str) for n in recorded), "types of the recorded files", recorded)


@kk.test
def tables_change_while_read (home):
    "tables change while a reader has the files written each time: recording goes on, and schema.json says what is there"
    config = "daemon: {sample_interval: 0.05}\nplugins:\n  process: false\n  file-writer: {publish: always, publish_interval: 50ms}\n  memory: {swap: %s}\n"

    def schema ():
        with open (os.path.join (home.data, "schema.json"), encoding="utf-8") as f:
            return json.load (f)["tables"]["system"]["fields"]

    with home.daemon (config % "false") as d:
        for swap in (False, True, False, True, True):
            home.config (config % str (swap).lower ())
            home.run ("reload").ok ()
            have = len (home.metrics ())
            kk.wait_for (lambda: len (home.metrics ()) > have + 5, 20, "more entries")
            kk.equal (any ("swap" in k for k in home.metrics ()[-1]["system"]), swap, "fields of the newest entry")
            kk.equal (any ("swap" in k for k in schema ()), swap, "fields of schema.json")
        kk.equal (d.status ()["health"], "ok", "health")
        kk.equal (instance (d, "file-writer")["retries"], 0, "files that could not be written")
    stamps = [e["system"]["timestamp"] for e in home.metrics ()]
    kk.equal (stamps, sorted (set (stamps)), "each sample once")


@kk.test
def stuck_in_read (home):
    "an instance that hangs in read: a reload keeps it, another takes it out, a third puts it in again; it is never destroyed while it hangs"
    b = Bench (home, "numbers", "stuck")
    stuck = f"stuck: {{isolate: false, deadline: 50ms, tables: {{numbers: others}}, read: {home.top}/stuck, destroyed: {home.top}/destroyed, type: %s}}"
    # What was left behind is never freed, and is no leak.
    b.env["ASAN_OPTIONS"] = os.environ.get ("ASAN_OPTIONS", "") + ":detect_leaks=0"
    with b.daemon ("type: u64", stuck % "u64") as d:
        b.wait_more ()
        hold = b.hold ("stuck")
        kk.wait_for (lambda: instance (d, "stuck")["state"] == "stuck", 20, "it hangs")
        kk.check ("stuck" not in b.reload ("type: f64", stuck % "u64").ok ().out, "a reload that does not concern it")
        b.wait_more ()
        kk.equal (instance (d, "stuck")["state"], "stuck", "after a reload that does not concern it")
        kk.contains (b.reload ("type: f64").ok ().out, "stop     stuck: it is no longer wanted", "the reload without it")
        b.wait_more ()
        kk.equal (instance (d, "stuck"), None, "after the reload without it")
        kk.contains (b.reload ("type: f64", stuck % "u64").ok ().out, "start    stuck: it is new", "the reload with it")
        kk.wait_for (lambda: instance (d, "stuck")["state"] == "stuck", 20, "the new one hangs too")
        kk.contains (b.reload ("type: f64", stuck % "f64").ok ().out, "restart  stuck: its options changed", "the reload that changes it")
        b.wait_more ()
        kk.check (not os.path.exists (home.top + "/destroyed"), "it was destroyed while it hung")
        os.unlink (hold)
        kk.wait_for (lambda: instance (d, "stuck")["state"] == "ok", 20, "it works again")
        b.reload ("type: f64").ok ()
        kk.wait_for (lambda: os.path.exists (home.top + "/destroyed"), 20, "the one that does not hang is destroyed")
        b.wait_more ()
        kk.equal (d.stop (), 0, "exit status")
    lines = [line.split (" ")[1] for line in b.lines ()]
    kk.equal (lines, [str (i + 1) for i in range (len (lines))], "the numbers of the other input")


@kk.test
def hup_during_reload (home):
    "SIGHUP while a reload is under way: samples go on, and the configuration of the last one counts"
    b = Bench (home, "numbers", "late")
    with b.daemon ("type: u64") as d:
        b.wait_more ()
        hold = b.hold ("late")
        late = f"late: {{isolate: false, tables: {{numbers: others}}, create: {hold}}}"
        home.config (b.config ("type: f64", late))
        d.signal (signal.SIGHUP)
        kk.wait_for (lambda: os.path.exists (hold + ".seen"), 20, "the first reload is under way")
        b.wait_more ()
        kk.equal (b.lines ()[-1].split (" ")[0], "u64", "the old graph goes on")
        for kind in ("f64", "u64", "string"):
            home.config (b.config (f"type: {kind}"))
            d.signal (signal.SIGHUP)
        b.wait_more ()
        os.unlink (hold)
        kk.wait_for (lambda: b.lines ()[-1].startswith ("string"), 20, "the last configuration is in force")
        kk.equal (instance (d, "late"), None, "what only the first one wanted")
        b.wait_more ()
        kk.equal (d.stop (), 0, "exit status")
    kk.check (home.log ().count ("info     reloaded") >= 2, "two reloads", home.log ())
    lines = [line.split (" ")[1] for line in b.lines ()]
    kk.equal (lines, [str (i + 1) for i in range (len (lines))], "the numbers")


@kk.test
def half_written (home):
    "a conf.d file that is half written: the reload fails, or takes what is there, and a name that editors and packagers use is not read"
    text = "plugins:\n  mine:\n    plugin: cpu\n    tables: {system: mine}\n    interval: 10s\n# the end\n"
    with home.daemon ("daemon: {sample_interval: 0.05}\nplugins: {process: false}\n") as d:
        fragment = os.path.join (home.config_dir, "conf.d", "mine.yaml")
        for name in (".mine.yaml.swp", "mine.yaml~", "mine.yaml.dpkg-new", ".mine.yaml", "mine.yaml.rpmsave"):
            home.write (os.path.join (os.path.dirname (fragment), name), "plugins: [\n")
        outcomes = set ()
        with kk.Connection (home.data) as c:
            for n in range (len (text) + 1):
                before = {i["name"] for i in d.status ()["instances"]}
                home.write (fragment, text[:n])
                c.send ("reload")
                answer = c.receive ()
                after = {i["name"] for i in d.status ()["instances"]}
                outcomes.add ("error" in answer)
                if "error" in answer:
                    kk.equal (after, before, f"after a failed reload of {text[:n]!r}")
                    kk.check (all (f["file"] and f["text"] for f in answer["faults"]), "faults name the file", answer)
                    kk.check (any (f["file"] == fragment for f in answer["faults"]), "faults name the file", answer)
                else:
                    kk.equal ("mine" in after, text.find ("}") < n, f"after a reload of {text[:n]!r}")
        kk.equal (outcomes, {True, False}, "some were refused and some taken")
        kk.check (instance (d, "mine"), "the whole file is in force at the end")
        taken = d.status ()["ticks"]["taken"]
        kk.wait_for (lambda: d.status ()["ticks"]["taken"] > taken + 2, 10, "samples after it")


@kk.test
def places_changed (home):
    "data_dir, log_file and pid_file stay until a restart, and each reload says so with its place; other settings change at once"
    config = "daemon:\n  sample_interval: 0.05\n  data_dir: %s\n  log_level: %s\n  max_samples: %d\n"
    other = os.path.join (home.top, "other")
    with home.daemon (config % (home.data, "error", 1000)) as d:
        kk.wait_for (lambda: d.status ()["ring"]["samples"] > 10, 10, "samples in memory")
        kk.check ("ready" not in home.log (), "the log's level", home.log ())
        home.config (config % (other, "info", 5))
        for _ in range (2):
            said = d.status ()
            answer = home.ask ("reload")
            kk.check (answer.get ("ok"), "the reload", answer)
            kk.equal ([(f["severity"], f["file"], f["line"], f["column"], f["text"]) for f in answer["faults"]],
                      [("warning", home.config_file, 3, 13, f"data_dir changes with a restart only: until then it stays {home.data}")], "what it says")
            status = d.status ()
            kk.equal ([status[k] for k in ("data_dir", "log_file")], [said[k] for k in ("data_dir", "log_file")], "places")
            kk.equal (status["ring"]["max_samples"], 5, "max_samples")
            kk.check (status["ring"]["samples"] <= 5, "samples in memory", status["ring"])
            kk.check (not os.path.exists (other), "nothing is made there")
        kk.contains (home.log (), "info     reloaded", "the log's level after it")
        kk.contains (home.log (), "warning  " + home.config_file + ":3:13: data_dir changes with a restart only", "the log")
        home.config (config % (home.data, "info", 5) + f"  log_file: {other}/log\n  pid_file: {other}/pid\n")
        r = home.run ("reload", "--dry-run").ok ()
        for line, key, now in ((6, "log_file", home.log_file), (7, "pid_file", home.pid_file)):
            kk.contains (r.err, f"{home.config_file}:{line}:13: warning: {key} changes with a restart only: until then it stays {now}", "a dry run")
        home.config (config % (home.data, "info", 5))
        kk.equal (home.ask ("reload")["faults"], [], "as it was")


kk.main ()
