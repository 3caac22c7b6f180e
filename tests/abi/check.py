"""plugin check: our own plugins pass, and each thing that can be wrong with one is found and named."""

import os
import re
import resource

import kk
import plugins

OURS = sorted (n[:-3] for n in os.listdir (os.path.join (kk.BUILD, "plugins", "all")) if n.endswith (".so"))
SECONDS = 20
# A window that fills looks like a leak as long as it fills.
NEEDED = {"exec": ("command=[/bin/echo, t f 1]", "fields=[t.f u64 1 gauge]"), "top": ("by=[processes.cpu_percent]",), "aggregate": ("every=1s",)}

INPUT = r"""#include <kode-kronical/plugin.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
struct config { int64_t number; };
static const struct kk_option options[] = {
  KK_OPT_INT ("number", struct config, number, .def = "1", .min = "1", .max = "5", .help = "A number"), OPTIONS};
enum { VALUE, NAME_ };
static const struct kk_field single[] = {[VALUE] = KK_U64 ("value", "1", KK_GAUGE, .help = "A value"),
                                         [NAME_] = KK_STRING ("name", .help = "A name")};
static const struct kk_field keyed[] = {KK_COUNTER_ ("count", "1", KK_COUNTER, .help = "A counter")};
static const struct kk_table tables[] = {KK_SINGLE ("one", single, "One row"),
                                         KK_KEYED ("many", "key", KK_STRING_KEY, keyed, "Many rows", .max_rows = 100)};
struct state { struct kk_instance *self; const struct config *config; char *memory; uint64_t reads; };
static int made;
static int create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = calloc (1, sizeof *s);
  *s = (struct state) {.self = self, .config = config};
  made++;
  CREATE;
  *state = s;
  return 0;
}
static void destroy (void *state)
{
  struct state *s = state;
  made--;
  DESTROY;
  free (s->memory);
  free (s);
}
static int read_ (void *state, struct kk_rows *out)
{
  struct state *s = state;
  s->reads++;
  struct kk_row *row = kk_row (out, 0, NULL, 0);
  kk_u64 (row, VALUE, 1);
  kk_string (row, NAME_, "name");
  kk_u64 (kk_row (out, 1, "a", 0), 0, s->reads);
  READ;
  return 0;
}
KK_PLUGIN (.kind = KK_INPUT, .name = NAME, .version = "1.0", .summary = "Of a test", KK_OPTIONS (options), KK_TABLES (tables),
           .config_size = sizeof (struct config), .create = create, .read = read_, .destroy = destroy);
"""
INPUT = INPUT.replace ("KK_COUNTER_", "KK_U64").replace ("), OPTIONS}", ") OPTIONS}")

FILTER = r"""#include <kode-kronical/plugin.h>
#include <stdlib.h>
static struct kk_sample *kept;
static int create (struct kk_instance *self, const void *config, void **state) { (void) config; *state = self; return 0; }
static int bind_ (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{ (void) state, (void) in, (void) shape; *binding = NULL; BIND; return 0; }
static int process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{ (void) state, (void) binding; PROCESS; return kk_emit (out); }
KK_PLUGIN (.kind = KK_FILTER, .name = NAME, .version = "1.0", .summary = "Of a test", .create = create, .bind = bind_, .process = process);
"""

OUTPUT = r"""#include <kode-kronical/plugin.h>
#include <stdlib.h>
static int create (struct kk_instance *self, const void *config, void **state) { (void) config; *state = self; return 0; }
static int write_ (void *state, const struct kk_sample *const *samples, uint32_t n, uint32_t *done)
{ (void) state, (void) samples; *done = n; WRITE; return 0; }
static int flush (void *state) { (void) state; FLUSH; return 0; }
KK_PLUGIN (.kind = KK_OUTPUT, .name = NAME, .version = "1.0", .summary = "Of a test", .create = create, .write = write_, .flush = flush);
"""

# name: source, what is put in, and the finding: its stage, level, code and a part of its sentence
BAD = {
    "undefined": (INPUT, {"READ": "extern void missing_one (void); missing_one ()"}, "descriptor", "fault", "undefined-symbol", "missing_one"),
    "no-range": (INPUT, {" OPTIONS": ', KK_OPT_INT ("free", struct config, number, .def = "1", .help = "Any")'}, "descriptor", "advice", "no-range",
                 "option 'free'"),
    "bad-default": (INPUT, {'.def = "1"': '.def = "9"'}, "descriptor", "fault", "descriptor", "option 'number' has .def = \"9\""),
    "bad-range": (INPUT, {'.max = "5"': '.max = "many"'}, "descriptor", "fault", "descriptor", ".max = \"many\""),
    "help-style": (INPUT, {'"A value"': '"a value."'}, "descriptor", "advice", "help-style", "one.value"),
    "no-help": (INPUT, {'"A value"': '""'}, "descriptor", "fault", "no-help", "one.value"),
    "misnamed": (INPUT, {".name = NAME": '.name = "other"'}, "descriptor", "fault", "file-name", "'other'"),
    "refuses": (INPUT, {"CREATE": 'kk_error (self, "no device"); free (s); made--; return -ENODEV'}, "create", "fault", "create", "no device"),
    "loses-memory": (INPUT, {"CREATE": "s->memory = malloc (100)", "free (s->memory);": ""}, "create", "fault", "leak-memory", "bytes are lost"),
    "loses-descriptors": (INPUT, {"CREATE": 'if (open ("/dev/null", O_RDONLY | O_CLOEXEC) < 0) return -errno'}, "create", "fault",
                          "leak-descriptors", "descriptors are left open"),
    "loses-threads": (INPUT, {"CREATE": "pthread_t t; if (made == 1) { pthread_create (&t, NULL, (void *(*) (void *)) sleep, (void *) 60); }"},
                      "create", "fault", "leak-threads", "threads still run"),
    "takes-signals": (INPUT, {"CREATE": "signal (SIGURG, SIG_IGN)"}, "create", "fault", "signal-handler", "changes what happens at signal"),
    "moves": (INPUT, {"CREATE": 'if (chdir ("/")) return -errno'}, "create", "fault", "process-state", "working directory"),
    "crashes-in-create": (INPUT, {"CREATE": "*(volatile int *) 0 = 1"}, "create", "fault", "crash", "calls create"),
    "crashes-in-destroy": (INPUT, {"DESTROY": "abort ()"}, "create", "fault", "crash", "calls destroy"),
    "exits": (INPUT, {"READ": "exit (0)"}, "use", "fault", "exit", "calls read"),
    "hangs": (INPUT, {"READ": "for (;;) pause ()"}, "use", "fault", "hang", "calls read"),
    "spins": (INPUT, {"READ": "for (volatile int i = 0;; i++) continue"}, "use", "fault", "hang", "calls read"),
    "never-sets": (INPUT, {'kk_string (row, NAME_, "name");': ""}, "use", "fault", "never-set", "'one.name'"),
    "wrong-type": (INPUT, {"READ": "kk_f64 (row, VALUE, 1)"}, "use", "fault", "wrong-type", "'one.value', declared as u64, by kk_f64"),
    "no-field": (INPUT, {"READ": "kk_u64 (row, 7, 1)"}, "use", "fault", "no-such-field", "field number 7 of 'one'"),
    "no-table": (INPUT, {"READ": "kk_row (out, 9, NULL, 0)"}, "use", "fault", "no-such-table", "table number 9"),
    "wrong-key": (INPUT, {"READ": "kk_row_u64 (out, 1, 5, 0)"}, "use", "fault", "wrong-key", "row of 'many'"),
    "same-key": (INPUT, {"READ": 'kk_row (out, 1, "a", 0)'}, "use", "fault", "lost-rows", "rows of 'many' are lost"),
    "many-rows": (INPUT, {"READ": 'for (int i = 0; i < 200; i++) { char k[9]; snprintf (k, 9, "k%d", i); kk_u64 (kk_row (out, 1, k, 0), 0, 1); }'},
                  "use", "fault", "lost-rows", "rows of 'many' are lost"),
    "falls": (INPUT, {"KK_STRING_KEY": "KK_U64_KEY", 'kk_row (out, 1, "a", 0), 0, s->reads': "kk_row_u64 (out, 1, 1, 0), 0, 1000 - s->reads"},
              "use", "advice", "counter-falls", "'many.count'"),
    "slow": (INPUT, {"READ": "if (s->reads == 3) usleep (700000)"}, "use", "fault", "slow", "one read takes"),
    "grows": (INPUT, {"READ": "s->memory = malloc (200)"}, "use", "fault", "memory-grows", "grows by"),
    "fails": (INPUT, {"READ": 'kk_error (s->self, "the device is off"); return -EIO'}, "use", "fault", "fails", "every read fails: the device is off"),
    "prints": (INPUT, {"READ": 'puts ("hello")'}, "use", "advice", "prints", "hello"),
    "only-one": (INPUT, {"CREATE": "if (made > 1) { made--; free (s); return -EBUSY; }"}, "two", "fault", "second-instance", "second instance"),
    "shares": (INPUT, {"DESTROY": "free (shared); shared = NULL", "CREATE": "if (!shared) shared = calloc (1, 8)", "READ": "shared[0]++",
                       "static int made;": "static int made; static volatile char *shared_; \n#define shared (*(char **) &shared_)"},
               "two", "fault", "crash", "calls read"),
    "no-reload": (INPUT, {"CREATE": "char p[4096]; snprintf (p, sizeof p, \"%s/lock\", kk_data_dir (self)); int fd = open (p, O_CREAT | O_EXCL | "
                          "O_CLOEXEC, 0600); if (fd < 0) { free (s); return -errno; } close (fd); s->memory = strdup (p)",
                          "DESTROY": "unlink (s->memory)"}, "reload", "fault", "reload", "while the old one is there"),
    "inherited": (INPUT, {"CREATE": 's->reads = (uint64_t) open ("/dev/zero", O_RDONLY)', "DESTROY": "close (made_fd)",
                          "static int made;": "static int made, made_fd;", "READ": "made_fd = 3"}, "fork", "fault", "inherited-descriptor", "/dev/zero"),
    "leaves-process": (INPUT, {"static int made;": "static int made, born;", "CREATE": "if (!born++ && !fork ()) for (;;) pause ()"}, "create",
                       "fault", "leak-process", "leaves a process behind"),
    "takes-children": (INPUT, {"READ": "signal (SIGCHLD, SIG_IGN)"}, "fork", "fault", "reaps-children", "exit status of a child"),
    "bad-value": (INPUT, {"READ": 'kk_string (kk_row (out, 0, NULL, 0), NAME_, NULL)'}, "use", "advice", "bad-value", "'one.name'"),
    "bad-state": (INPUT, {"READ": "kk_table_state (out, 7, KK_PARTIAL)"}, "use", "fault", "table-state", "table number 7"),
    "says-nothing": (INPUT, {"READ": "if (s->reads % 2) return -EIO"}, "use", "advice", "no-message", "without a message"),
    "no-plugin": (INPUT, {"#include <kode-kronical/plugin.h>": "#define kk_plugin hidden\n#include <kode-kronical/plugin.h>"}, "descriptor", "fault",
                  "no-plugin", "exports no kk_plugin"),
    "cpu": (INPUT, {}, "descriptor", "advice", "name-taken", "there is a plugin 'cpu' already"),
    "wild": (INPUT, {"READ": "if (s->config->number == 5) abort ()"}, "configs", "fault", "crash", "calls read"),
    "filter-crashes": (FILTER, {"PROCESS": "abort ()"}, "use", "fault", "crash", "bind and process"),
    "filter-fails": (FILTER, {"PROCESS": "return -22"}, "use", "fault", "fails", "every process fails"),
    "filter-keeps": (FILTER, {"PROCESS": "kept = kk_sample_ref (in)"}, "use", "fault", "leak-samples", "still holds"),
    "filter-hangs": (FILTER, {"BIND": "for (;;) ;"}, "use", "fault", "hang", "bind and process"),
    "output-done": (OUTPUT, {"WRITE": "*done = n + 1"}, "use", "fault", "done-too-large", "samples are done"),
    "output-result": (OUTPUT, {"WRITE": "return 7"}, "use", "fault", "result", "write returns 7"),
    "output-retries": (OUTPUT, {"WRITE": "*done = 0; return KK_RETRY"}, "use", "fault", "fails", "always asks to be called again"),
    "output-fails": (OUTPUT, {"WRITE": "return -5"}, "use", "fault", "fails", "every write fails: Input/output error"),
    "output-flush": (OUTPUT, {"FLUSH": "abort ()"}, "create", "fault", "crash", "calls flush"),
}
BLANK = {"OPTIONS": "", "CREATE": "", "DESTROY": "", "READ": "", "BIND": "", "PROCESS": "", "WRITE": "", "FLUSH": ""}


def make (home, name, source, changes):
    for old, new in changes.items ():
        kk.check (old in source, f"{name}: the source has {old!r}")
        source = source.replace (old + ";", new + ";", 1) if old in BLANK else source.replace (old, new)
    for word in BLANK:
        source = source.replace (f"  {word};\n", "").replace (f" {word};", ";").replace (f" {word}}}", "}")
    return plugins.build (home, source, name, os.path.join (kk.SOURCE, "include"), "-w", "-pthread")


# A sanitizer that catches signals itself would make a crash an exit.
CRASHES_ARE_CRASHES = "handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0"
ENV = {name: os.environ.get (name, "") + ":" + CRASHES_ARE_CRASHES for name in ("ASAN_OPTIONS", "TSAN_OPTIONS")}


def check (home, file, *more, **popen):
    r = home.run ("plugin", "check", file, "--json", "--time", int (SECONDS * kk.SLOW), *more, timeout=SECONDS + 30, env=ENV, **popen)
    kk.check (r.rc in (0, 1) and not r.err, "plugin check ends well", r)
    report = r.json ()
    kk.equal (report["ok"], r.rc == 0, "the exit status is what the report says")
    kk.check (report["seconds"] < SECONDS * kk.SLOW + 5, "it keeps its time", report["seconds"])
    return report


def stalled (name, finding):
    """Whether it is that of hundreds of programs that exec started, one or two did not end in time, as on a machine that stalls."""
    few = re.match (r"[12] of \d{3,} calls of read fail", finding["what"])
    return name == "exec" and (finding["level"], finding["code"]) == ("advice", "fails") and few is not None


def our_plugin (name):
    def test (home):
        report = check (home, os.path.join (kk.BUILD, "plugins", "all", name + ".so"), *NEEDED.get (name, ()))
        kk.equal ([f for f in report["findings"] if not stalled (name, f)], [], f"findings of {name}")
        kk.equal ([s["name"] for s in report["stages"] if s["result"] != "ok"], [], "stages that are not ok")
    test.__doc__ = f"our own {name} passes"
    test.__name__ = "our_" + name.replace ("-", "_")
    kk.test (test)


for one in OURS:
    our_plugin (one)


@kk.test
def memory_that_settles (home):
    "one whose memory grows for a while and then no more has no fault"
    file = make (home, "settles", INPUT, {"READ": "if (s->reads < 320) s->memory = realloc (s->memory, s->reads * 200)"})
    kk.equal (check (home, file)["findings"], [], "findings")


@kk.test
def good_ones (home):
    "a plain plugin of each kind passes, with options from the command line"
    for name, source in (("good-input", INPUT), ("good-filter", FILTER), ("good-output", OUTPUT)):
        report = check (home, make (home, name, source, {}))
        kk.equal (report["findings"], [], name)
        figures = next (s["figures"] for s in report["stages"] if s["name"] == "use")
        kk.check (int (figures["calls"]) >= 40 and int (figures["us CPU each"]) >= 0, f"{name}: what a call costs", figures)
    report = check (home, os.path.join (home.top, "plugins", "good-input.so"), "number=7")
    kk.equal ([f["code"] for f in report["findings"]], ["config"], "a value out of range")


def bad_ones (part, of):
    def test (home):
        names = sorted (BAD)[part::of]
        for name in names:
            source, changes, stage, level, code, what = BAD[name]
            report = check (home, make (home, name, source, changes))
            found = [f for f in report["findings"] if (f["stage"], f["level"], f["code"]) == (stage, level, code) and what in f["what"] and f["do"]]
            kk.check (found, f"{name}: a {level} '{code}' of {stage} that says {what!r}", report["findings"])
            kk.equal (report["ok"], not any (f["level"] == "fault" for f in report["findings"]), f"{name}: ok")
    test.__doc__ = f"what can be wrong is found ({part + 1} of {of})"
    test.__name__ = f"bad_ones_{part}"
    kk.test (test)


for part in range (4):
    bad_ones (part, 4)


@kk.test
def sloppy (home):
    "a descriptor that says little, or what does not fit: all of it is said, with what to do"
    report = check (home, make (home, "sloppy", INPUT, {
        '.version = "1.0"': '.version = ""', '.summary = "Of a test"': '.summary = ""', "KK_COUNTER, .help": "KK_COUNTER, .decimals = 2, .help",
        '"value", "1"': '"value", ""', 'NAME_] = KK_STRING ("name"': 'NAME_] = KK_STRING ("name", .kind = KK_COUNTER',
        " OPTIONS": ', KK_OPT_INT ("interval", struct config, number, .def = "1", .min = "1", .max = "2", .help = "Mine")'}))
    said = {(f["code"], f["level"]) for f in report["findings"] if f["stage"] == "descriptor" and f["do"]}
    kk.equal (said, {("no-version", "advice"), ("no-summary", "advice"), ("no-unit", "advice"), ("decimals", "advice"), ("kind", "fault"),
                     ("name-of-host", "advice")}, "findings")


@kk.test
def memory_ends (home):
    "one that takes memory without end comes to an end of it, not the machine"
    if kk.sanitized ():
        kk.skip ("memory is not limited in a build with sanitizers")
    file = make (home, "endless", INPUT, {"READ": "for (;;) { char *volatile p = malloc (64 << 20); if (!p) abort (); *p = 1; }"})
    kk.check ([f for f in check (home, file)["findings"] if f["code"] == "crash" and "calls read" in f["what"]], "it crashes", file)


@kk.test
def no_descriptor_left (home):
    "one that loses descriptors until none is left, not even to count them"
    file = make (home, "loses-descriptors", *BAD["loses-descriptors"][:2])
    report = check (home, file, preexec_fn=lambda: resource.setrlimit (resource.RLIMIT_NOFILE, (256, 256)))
    kk.check ([f for f in report["findings"] if f["code"] == "leak-descriptors"], "it is found", report["findings"])


@kk.test
def for_people (home):
    "the report for people: aligned, within 80 columns, with what to do; wrong usage has status 2; nothing is left behind"
    file = make (home, "never-sets", *BAD["never-sets"][:2])
    r = home.run ("plugin", "check", file, "--time", int (SECONDS * kk.SLOW), timeout=SECONDS + 30)
    kk.equal (r.rc, 1, "status")
    kk.contains (r.out, "FAULT: field 'one.name' is never set\n        Set it", "the finding and what to do")
    kk.contains (r.out, "1 fault, 0 pieces of advice", "the sum")
    kk.equal ([line for line in r.out.splitlines ()[1:] if len (line) > 80], [], "long lines")
    kk.equal (os.listdir (os.path.join (home.top, "tmp")), [], "temporary files")
    for args in (("check",), ("check", file, "number"), ("check", file, "--time", "0"), ("check", file, "--time", "x")):
        kk.equal (home.run ("plugin", *args).rc, 2, f"status of {args}")
    gone = home.run ("plugin", "check", "/nowhere/x.so")
    kk.equal (gone.rc, 1, "a file that is not there")
    kk.contains (gone.out, "No such file", "a file that is not there")


kk.main ()
