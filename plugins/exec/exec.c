/* The exec input: values that a program in any language prints. */
#include <kode-kronical/plugin.h>

#include "ask.h"
#include "child.h"
#include "parse.h"
#include "text.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

static const int64_t NS_PER_S = 1000000000, LEAST_LIMIT = 250000000, MOST_ASKING = 10000000000;
enum { ONCE, STREAM, MOST_WARNINGS = 5, LATEST_BACK_OFF_S = 60, KEPT_INTERVALS = 3 };

struct config {
  struct kk_list command, fields;
  int32_t mode, format;
  int64_t timeout_ns, max_output;
  uint64_t declared; /* what exec_declare made of this config, by exec_schema_print; 0: it was not asked. No option. */
};

static const struct kk_option options[] = {
  KK_OPT_LIST ("command", struct config, command, .flags = KK_REQUIRED,
               .help = "The program and its arguments, found by PATH; no shell: [sh, -c, \"...\"] where one is wanted"),
  KK_OPT_LIST (
    "fields", struct config, fields,
    .help = "What it prints, a field a line: \"gpu[device].utilization_percent f64 % gauge\"; not given: it says so itself"),
  KK_OPT_CHOICE ("mode", struct config, mode, "once|stream", .def = "once",
                 .help = "once: run for each reading; stream: started once, it prints whenever it has something"),
  KK_OPT_CHOICE ("format", struct config, format, "json|lines", .def = "lines",
                 .help =
                   "lines: \"table key field value\"; json: one object per line, {\"table\": {\"key\": {\"field\": value}}}"),
  KK_OPT_DURATION ("timeout", struct config, timeout_ns, .def = "1s", .min = "10ms", .max = "1h",
                   .help = "Kill a program that takes longer for one reading; half the interval when that is shorter"),
  KK_OPT_BYTES ("max_output", struct config, max_output, .def = "1MiB", .min = "256", .max = "16MiB",
                .help = "Most that is taken of its output for one reading"),
};

struct exec {
  struct kk_instance *self;
  const struct config *config;
  struct exec_schema *schema;
  struct exec_values values;
  struct exec_parser parser;
  struct exec_child child;
  int64_t started_ns, next_start_ns, warned_since_ns;
  uint64_t restarts, said_refused;
  uint32_t back_off_s, warnings, random;
  bool flooded, silent;
  char last_words[160], said[400]; /* the program's last line on stderr; the failure that was logged */
};

/* ---- What is said ---- */

/* One failure is one message, however often it comes. */
__attribute__ ((format (printf, 2, 3))) static void
fail (struct exec *x, const char *format, ...)
{
  char text[sizeof x->said];
  va_list args;
  va_start (args, format);
  int n = vsnprintf (text, sizeof text, format, args);
  va_end (args);
  bool again = n < 0 || strcmp (text, x->said) == 0; /* its last words may differ each time */
  const char *between = *x->last_words ? "; it said: " : "";
  kk_status (x->self, "program", "%s%s%s", text, between, x->last_words);
  if (!again)
    kk_error (x->self, "%s%s%s", text, between, x->last_words);
  if (!again)
    strcpy (x->said, text);
}

static void
fail_by_status (struct exec *x, int status, const char *then)
{
  const char *name = x->config->command.items[0];
  if (WIFSIGNALED (status))
    fail (x, "'%s' was ended by signal %d (%s)%s", name, WTERMSIG (status), strsignal (WTERMSIG (status)), then);
  else
    fail (x, "'%s' ended with exit status %d%s", name, WEXITSTATUS (status), then);
}

static void
succeed (struct exec *x)
{
  if (*x->said) {
    kk_info (x->self, "'%s' works again", x->config->command.items[0]);
    kk_status (x->self, "program", "%s", "");
  }
  *x->said = 0;
}

static void
say_refused (struct exec *x)
{
  const struct exec_values *v = &x->values;
  uint64_t all = v->unknown_tables + v->unknown_fields + v->bad_values + v->bad_lines + v->lost + x->child.out.too_long;
  if (all == x->said_refused)
    return;
  if (!x->said_refused)
    kk_warn (x->self, "'%s' prints what cannot be taken, such as '%s': status counts it", x->config->command.items[0], v->last);
  x->said_refused = all;
  kk_status (x->self, "not taken",
             "%" PRIu64 " of unknown tables, %" PRIu64 " of unknown fields, %" PRIu64 " bad values, %" PRIu64
             " bad lines, %" PRIu64 " too long, %" PRIu64 " rows too many; last: %s",
             v->unknown_tables, v->unknown_fields, v->bad_values, v->bad_lines, x->child.out.too_long, v->lost, v->last);
}

static void
take_line (void *data, const char *line, size_t n)
{
  struct exec *x = data;
  exec_parse_line (&x->parser, line, n);
}

/* Of a stream some lines an hour are worth a warning; a program that is run again and again repeats itself. */
static void
take_complaint (void *data, const char *line, size_t n)
{
  struct exec *x = data;
  size_t most = sizeof x->last_words - 1;
  while (n && (line[n - 1] == '\r' || line[n - 1] == ' '))
    n--;
  if (!n)
    return;
  snprintf (x->last_words, sizeof x->last_words, "%.*s", (int) (n < most ? n : most), line);
  int64_t now = exec_mono_ns ();
  if (now - x->warned_since_ns > 3600 * NS_PER_S) {
    x->warned_since_ns = now;
    x->warnings = 0;
  }
  if (x->config->mode == STREAM && x->warnings++ < MOST_WARNINGS)
    kk_warn (x->self, "it says: %s", x->last_words);
  else
    kk_debug (x->self, "it says: %s", x->last_words);
}

/* ---- Both modes ---- */

/* How long one reading may take. */
static int64_t
limit (const struct exec *x)
{
  int64_t most = kk_deadline (x->self), half = kk_interval (x->self) / 2;
  most -= most / 10;
  if (half < LEAST_LIMIT)
    half = LEAST_LIMIT;
  if (most > half)
    most = half;
  return x->config->timeout_ns < most ? x->config->timeout_ns : most;
}

static int
start (struct exec *x)
{
  *x->last_words = 0;
  int r = exec_child_start (&x->child, &x->config->command, kk_interval (x->self), NULL);
  if (r == -ENOENT)
    fail (x, "'%s' cannot be started: there is no such program; give its whole path in command", x->config->command.items[0]);
  else if (r == -ENOEXEC)
    fail (x, "'%s' cannot be started: the program kode-kronical-exec-keeper is missing; install kode-kronical completely",
          x->config->command.items[0]);
  else if (r)
    fail (x, "'%s' cannot be started: %s%s", x->config->command.items[0], strerror (-r), exec_advice (r));
  return r;
}

/* ---- once ---- */

/* Takes all until it has ended. 0, -ETIMEDOUT or -EFBIG. */
static int
run_to_end (struct exec *x, int64_t until)
{
  uint64_t before = x->child.out.bytes;
  uint64_t most = (uint64_t) x->config->max_output;
  for (;;) {
    bool ended = exec_child_ended (&x->child); /* asked first: what it printed before is read after */
    bool more = exec_pipe_read (&x->child.out, most - (x->child.out.bytes - before), take_line, x);
    exec_pipe_read (&x->child.err, 65536, take_complaint, x);
    if (more && x->child.out.bytes - before >= most)
      return -EFBIG;
    if (ended)
      return 0;
    if (!exec_child_wait (&x->child, until))
      return -ETIMEDOUT;
  }
}

static int
read_once (struct exec *x, struct kk_rows *out)
{
  exec_values_expire (&x->values, INT64_MAX);
  int64_t span = limit (x), until = exec_mono_ns () + span;
  int r = start (x);
  if (r)
    return r;
  r = run_to_end (x, until);
  int status = exec_child_end (&x->child);
  say_refused (x);
  if (r == -EFBIG)
    fail (x, "'%s' printed more than max_output, %lld bytes, and was killed", x->config->command.items[0],
          (long long) x->config->max_output);
  else if (r)
    fail (x, "'%s' did not end within %lld ms and was killed: see timeout, deadline and interval", x->config->command.items[0],
          (long long) (span / 1000000));
  else if (status)
    fail_by_status (x, status, "");
  if (r || status)
    return r ? r : -EIO;
  succeed (x);
  exec_values_put (&x->values, out);
  return 0;
}

/* ---- stream ---- */

static void
start_stream (struct exec *x)
{
  int64_t now = exec_mono_ns ();
  if (x->child.pid || now < x->next_start_ns)
    return;
  x->started_ns = now;
  x->silent = false;
  if (start (x) == 0)
    return;
  x->started_ns = 0;
}

/* Doubles the pause, and shakes it so that many such programs do not come back at once. */
static void
back_off (struct exec *x)
{
  int64_t now = exec_mono_ns ();
  if (x->started_ns && now - x->started_ns > LATEST_BACK_OFF_S * NS_PER_S)
    x->back_off_s = 0;
  x->back_off_s = x->back_off_s ? x->back_off_s * 2 : 1;
  if (x->back_off_s > LATEST_BACK_OFF_S)
    x->back_off_s = LATEST_BACK_OFF_S;
  x->random = x->random * 1664525u + 1013904223u;
  int64_t least = x->back_off_s == 1 ? NS_PER_S : x->back_off_s * NS_PER_S / 2;
  int64_t pause = least + (int64_t) (x->random >> 8) * (x->back_off_s * NS_PER_S - least) / (1 << 24);
  x->next_start_ns = now + pause;
}

/* What it printed since. Returns whether anything of it could be taken, or took an older value away. */
static bool
drain (struct exec *x)
{
  uint64_t before = x->values.taken + x->values.dropped;
  bool more = exec_pipe_read (&x->child.out, (size_t) x->config->max_output, take_line, x);
  exec_pipe_read (&x->child.err, 65536, take_complaint, x);
  if (more && !x->flooded && x->child.out.fd >= 0) {
    x->flooded = true;
    kk_warn (x->self, "'%s' prints more than max_output between two readings: its values come late",
             x->config->command.items[0]);
  }
  return x->values.taken + x->values.dropped != before;
}

static int
stream_ended (struct exec *x)
{
  int status = exec_child_end (&x->child);
  char then[64];
  back_off (x);
  x->restarts++;
  kk_status (x->self, "restarts", "%" PRIu64, x->restarts);
  snprintf (then, sizeof then, "; it is started again, later each time");
  fail_by_status (x, status, then);
  return -EIO;
}

static int
read_stream (struct exec *x, struct kk_rows *out)
{
  int64_t now = exec_mono_ns (), until = now + limit (x), kept = KEPT_INTERVALS * kk_interval (x->self);
  struct kk_time time;
  if (!x->child.pid) {
    exec_values_expire (&x->values, INT64_MAX);
    start_stream (x);
    if (!x->child.pid) {
      if (now >= x->next_start_ns)
        back_off (x);
      return -EIO;
    }
  }
  bool gone = exec_values_expire (&x->values, now - kept);
  bool ended = exec_child_ended (&x->child), fresh = drain (x);
  /* Only a program that has just begun is waited for. */
  while (!fresh && !ended && !exec_values_rows (&x->values) && !x->silent && exec_child_wait (&x->child, until)) {
    ended = exec_child_ended (&x->child);
    fresh = drain (x);
  }
  say_refused (x);
  if (ended && !fresh)
    return stream_ended (x);
  if (!exec_values_rows (&x->values)) {
    if (exec_mono_ns () - x->started_ns > kept && !x->silent)
      fail (x,
            "'%s' runs and prints nothing that can be taken; a line counts when its newline is there: it may have to flush its "
            "output",
            x->config->command.items[0]);
    x->silent = true;
    return -ENODATA;
  }
  if (fresh) {
    x->silent = false;
    succeed (x);
  }
  kk_read_time (out, &time);
  if (!fresh && !gone && time.after == KK_PRESENT)
    return KK_HELD;
  exec_values_put (&x->values, out);
  return 0;
}

/* ---- The plugin ---- */

static int
exec_check (const void *config, struct kk_fault *fault)
{
  const struct config *c = config;
  if (!c->command.count || !*c->command.items[0])
    return kk_refuse (fault, "command", "name a program, and its arguments: [nvidia-smi, --query]");
  return 0;
}

static int
make_schema (const struct config *c, struct kk_fault *fault, struct exec_schema **ret)
{
  if (c->fields.count)
    return exec_schema_make (&c->fields, fault, ret);
  return exec_ask (&c->command, c->timeout_ns < MOST_ASKING ? c->timeout_ns : MOST_ASKING, fault, ret);
}

static int
exec_declare (const void *config, struct kk_declare *out, struct kk_fault *fault)
{
  struct exec_schema *schema = NULL;
  int r = make_schema (config, fault, &schema);
  if (r)
    return r;
  /* The program is asked again by exec_create, and may say something else by then: values would stand under wrong names. */
  ((struct config *) (uintptr_t) config)->declared = exec_schema_print (schema);
  r = exec_schema_declare (schema, out);
  exec_schema_free (schema);
  return r;
}

static void
exec_destroy (void *state)
{
  struct exec *x = state;
  exec_child_free (&x->child);
  exec_values_free (&x->values);
  exec_parser_free (&x->parser);
  exec_schema_free (x->schema);
  free (x);
}

static int
exec_create (struct kk_instance *self, const void *config, void **state)
{
  struct kk_fault fault = {.option = NULL};
  struct exec *x = calloc (1, sizeof *x);
  if (!x)
    return -ENOMEM;
  x->self = self;
  x->config = config;
  x->parser.values = &x->values;
  x->parser.format = (enum exec_format) x->config->format;
  x->random = (uint32_t) (exec_mono_ns () ^ (int64_t) (uintptr_t) x);
  exec_child_init (&x->child, (size_t) x->config->max_output);
  int r = make_schema (x->config, &fault, &x->schema);
  if (r == -EINVAL)
    kk_error (self, "%s: %s", fault.option, fault.text);
  if (!r && x->config->declared && x->config->declared != exec_schema_print (x->schema)) {
    kk_error (self, "'%s' says other fields than a moment ago, when it was asked for the first time; start or reload once more",
              x->config->command.items[0]);
    r = -EAGAIN;
  }
  if (!r)
    r = exec_values_init (&x->values, x->schema);
  if (r) {
    exec_schema_free (x->schema);
    free (x);
    return r;
  }
  if (x->config->mode == STREAM)
    start_stream (x);
  *state = x;
  return 0;
}

static int
exec_read (void *state, struct kk_rows *out)
{
  struct exec *x = state;
  x->values.now_ns = exec_mono_ns ();
  return x->config->mode == STREAM ? read_stream (x, out) : read_once (x, out);
}

KK_PLUGIN (.kind = KK_INPUT, .name = "exec", .version = "1.0", .summary = "Values that a program in any language prints",
           KK_OPTIONS (options), .config_size = sizeof (struct config), .create = exec_create, .read = exec_read,
           .destroy = exec_destroy, .check = exec_check, .declare = exec_declare);
