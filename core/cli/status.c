#include "buf.h"
#include "cli/command.h"
#include "cli/member.h"
#include "cli/stop.h"
#include "cli/systemd.h"
#include "cli/table.h"
#include "cli/wrap.h"
#include "diag.h"
#include "text.h"

#include <errno.h>
#include <json.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The custom of init scripts. */
enum { STATUS_RUNNING = 0, STATUS_STALE = 1, STATUS_STOPPED = 3, STATUS_UNKNOWN = 4 };
enum { ANSWER_MS = 5000, STARTING_TRIES = 20, STARTING_MS = 100, SETTLED_S = 10, LABEL = 12 };

static const struct command_option options[] = {
    {"json", 0, NULL, "For programs: all that the daemon knows about itself, as one JSON object"},
};

/* ---- Reading the answer ---- */

static int64_t
count (struct json_object *o, const char *key)
{
  return json_object_get_int64 (member (o, key));
}

static int64_t
nanoseconds (double seconds)
{
  return seconds > 0 && seconds < 9e9 ? (int64_t)(seconds * 1e9) : 0;
}

/* ---- For people ---- */

struct paint {
  const char *good, *warn, *bad, *off;
};

static struct paint
paint_for (FILE *to)
{
  return diag_may_colour (to) ? (struct paint){"\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"} : (struct paint){"", "", "", ""};
}

/* `value` behind its label, on as many lines as it takes. */
static void
print_line (const char *label, char *value, const char *colour, const char *off)
{
  BUF_CLEANUP struct buf text = {0}, lines = {0};
  table_clean (value);
  buf_printf (&text, "  %-9s %s\n", label, value);
  wrap_add (&lines, text.data ? text.data : "", wrap_width (stdout), LABEL);
  if (!text.error && !lines.error)
    printf ("%s%s%s", colour, lines.data, off);
}

__attribute__ ((format (printf, 2, 3))) static void
line (const char *label, const char *format, ...)
{
  char *value;
  va_list args;
  va_start (args, format);
  int n = vasprintf (&value, format, args);
  va_end (args);
  if (n < 0)
    return;
  print_line (label, value, "", "");
  free (value);
}

/* A duration or a number of bytes as text; each call has its own place among a few. */
static const char *
duration (struct buf *b, int64_t ns)
{
  buf_clear (b);
  text_duration (b, ns);
  return b->error ? "?" : b->data;
}

static const char *
bytes (struct buf *b, int64_t n)
{
  buf_clear (b);
  text_bytes (b, n > 0 ? (uint64_t)n : 0);
  return b->error ? "?" : b->data;
}

static void
print_health (struct json_object *o, const struct paint *p)
{
  const char *health = member_text (o, "health");
  bool good = !strcmp (health, "ok");
  printf ("  %-9s %s%s%s\n", "Health", good ? p->good : p->warn, good ? "ok" : "degraded", p->off);
  struct json_object *problems = member (o, "problems");
  for (size_t i = 0; problems && i < json_object_array_length (problems); i++) {
    char *problem = strdup (json_object_get_string (json_object_array_get_idx (problems, i)));
    if (problem)
      print_line ("", problem, p->bad, p->off);
    free (problem);
  }
}

/* What is no fault of the daemon's, and yet somebody should do something about. */
static void
print_notices (struct json_object *o, const struct paint *p)
{
  struct json_object *notices = member (o, "notices");
  for (size_t i = 0; notices && i < json_object_array_length (notices); i++) {
    char *notice = strdup (json_object_get_string (json_object_array_get_idx (notices, i)));
    if (notice)
      print_line (i ? "" : "Plugins", notice, p->warn, p->off);
    free (notice);
  }
}

static void
print_head (struct json_object *o, const struct running *r, const struct paint *p)
{
  BUF_CLEANUP struct buf a = {.max = 256}, b = {.max = 256};
  struct json_object *process = member (o, "process"), *ticks = member (o, "ticks"), *ring = member (o, "ring");
  printf (PROGRAM " %s is running\n", member_text (o, "version"));
  line ("PID", "%ld%s%s", (long)r->id.pid, r->holder.unit ? ", of systemd's " : "", r->holder.unit ? r->holder.unit : "");
  print_health (o, p);
  print_notices (o, p);
  line ("Uptime", "%s", duration (&a, nanoseconds (member_number (o, "uptime_seconds", 0))));
  if (member_number (o, "uptime_seconds", 0) < SETTLED_S) /* a share of so short a time would only tell of the start itself */
    line ("CPU", "%.0f ms since the start", member_number (process, "cpu_seconds", 0) * 1e3);
  else
    line ("CPU", "%.2f %% of one core since the start, %.0f wake-ups a second", member_number (process, "cpu_percent", 0),
          member_number (process, "wakeups_per_second", 0));
  line ("Memory", "%s resident, %lld threads, %lld open files", bytes (&a, count (process, "rss_bytes")),
        (long long)count (process, "threads"), (long long)count (process, "open_files"));
  line ("Samples", "%lld, one every %s; %lld missed", (long long)count (ticks, "taken"),
        duration (&a, nanoseconds (member_number (o, "interval_seconds", 0))), (long long)count (ticks, "missed"));
  if (count (o, "lost_samples"))
    line ("Lost", "%lld of them, for want of memory", (long long)count (o, "lost_samples"));
  line ("In memory", "%lld sample%s, %s, of %s", (long long)count (ring, "samples"), count (ring, "samples") == 1 ? "" : "s", bytes (&a, count (ring, "bytes")),
        duration (&b, nanoseconds (member_number (ring, "span_seconds", 0))));
  line ("Config", "%s", *member_text (o, "config_file") ? member_text (o, "config_file") : "built-in defaults");
  line ("Data", "%s", member_text (o, "data_dir"));
  line ("Log", "%s", member_text (o, "log_file"));
}

/* Not every call is timed: 0 is "not known yet". */
static void
add_duration (struct table *t, double us)
{
  BUF_CLEANUP struct buf b = {.max = 64};
  table_add (t, "%s", us > 0 ? duration (&b, (int64_t)(us * 1e3)) : "-");
}

static void
add_instance (struct table *t, struct json_object *i)
{
  struct json_object *queue = member (i, "queue");
  int64_t dropped = count (i, "dropped") + count (i, "incomplete") + count (queue, "dropped");
  table_add (t, "%s", member_text (i, "name"));
  table_add (t, "%s", member_text (i, "kind"));
  table_add (t, "%s", member_text (i, "state"));
  table_add (t, "%lld", (long long)count (i, "calls"));
  table_add (t, "%lld", (long long)count (i, "failures"));
  table_add (t, "%lld", (long long)dropped);
  add_duration (t, member_number (i, "cpu_us_per_call", 0));
  add_duration (t, member_number (i, "wall_us_most", 0));
}

static void
print_instances (struct json_object *o)
{
  static const struct table_column columns[] = {{"INSTANCE", false, 16}, {"KIND", false, 6},  {"STATE", false, 7},
                                                {"CALLS", true, 9},      {"FAILED", true, 7}, {"LOST", true, 7},
                                                {"CPU", true, 7},        {"LONGEST", true, 7}};
  struct table t = TABLE (columns);
  struct json_object *instances = member (o, "instances");
  size_t n = instances ? json_object_array_length (instances) : 0;
  for (size_t i = 0; i < n; i++)
    add_instance (&t, json_object_array_get_idx (instances, i));
  putchar ('\n');
  table_print (&t, stdout);
  table_free (&t);
  for (size_t i = 0; i < n; i++) {
    struct json_object *one = json_object_array_get_idx (instances, i), *words = member (one, "status");
    const long long withheld = count (one, "withheld");
    if ((!words || !json_object_object_length (words)) && !withheld)
      continue;
    printf ("\n%s\n", member_text (one, "name"));
    if (withheld)
      line ("kept back", "%lld sample%s, %lld of them since it last passed one on", withheld, withheld == 1 ? "" : "s",
            (long long) count (one, "withheld_now"));
    json_object_object_foreach (words, key, value) line (key, "%s", json_object_get_string (value));
  }
}

/* ---- For programs ---- */

static void
print_json (struct json_object *o, const struct running *r, const char *state)
{
  if (!o)
    o = json_object_new_object ();
  json_object_object_add (o, "state", json_object_new_string (state));
  json_object_object_add (o, "running",
                          json_object_new_boolean (r && (r->state == RUNNING_OURS || r->state == RUNNING_PYTHON)));
  if (r && r->id.pid)
    json_object_object_add (o, "pid", json_object_new_int64 (r->id.pid));
  if (r && r->state == RUNNING_STALE)
    json_object_object_add (o, "stale_pid_file", json_object_new_string (r->stale_file));
  if (r && r->holder.unit && r->state == RUNNING_OURS)
    json_object_object_add (o, "systemd_unit", json_object_new_string (r->holder.unit));
  puts (json_object_to_json_string_ext (o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put (o);
}

/* ---- The cases ---- */

static int
show_running (const struct places *places, const struct running *r, bool json)
{
  struct json_object *o = NULL;
  int e = running_ask (places->data_dir, "{\"command\":\"status\"}", ANSWER_MS, &o);
  for (int i = 0; i < STARTING_TRIES && (e == -ENOENT || e == -ECONNREFUSED); i++) {
    nanosleep (&(struct timespec){.tv_nsec = STARTING_MS * 1000000L}, NULL);
    e = running_ask (places->data_dir, "{\"command\":\"status\"}", ANSWER_MS, &o);
  }
  if (e < 0) {
    if (json)
      print_json (NULL, r, "unresponsive");
    else
      printf (PROGRAM ": PID %ld runs, but %s\n", (long)r->id.pid,
              e == -ENOENT || e == -ECONNREFUSED ? "is not ready, or just ending"
                                                      : "does not answer; if that lasts: " PROGRAM " restart");
    return STATUS_UNKNOWN;
  }
  if (json) {
    print_json (o, r, "running");
    return STATUS_RUNNING;
  }
  struct paint p = paint_for (stdout);
  print_head (o, r, &p);
  print_instances (o);
  json_object_put (o);
  return STATUS_RUNNING;
}

static void
hint_at_service (void)
{
  char *state = systemd_property (false, PROGRAM ".service", "ActiveState");
  if (state && !strcmp (state, "active"))
    puts ("The system's service is running, with data of its own: systemctl status " PROGRAM);
  free (state);
}

static int
show (const struct places *places, const struct running *r, bool json)
{
  struct process_id other;
  switch (r->state) {
  case RUNNING_OURS:
    return show_running (places, r, json);
  case RUNNING_PYTHON:
    if (json)
      print_json (NULL, r, "python");
    else
      printf (PROGRAM ": the Python library's daemon is running (PID %ld); restart switches to this one\n", (long)r->id.pid);
    return STATUS_RUNNING;
  case RUNNING_HIDDEN:
    if (json)
      print_json (NULL, r, "hidden");
    else
      puts (PROGRAM ": daemon.lock is held by a process that cannot be seen from here");
    return STATUS_UNKNOWN;
  case RUNNING_STALE:
    if (json)
      print_json (NULL, r, "stale");
    else if (!r->stale_pid)
      printf (PROGRAM ": not running, but a PID file was left behind:\n  %s\n", r->stale_file);
    else
      printf (PROGRAM ": not running, but a PID file was left behind:\n  %s names PID %ld, which is %s\n", r->stale_file,
              (long)r->stale_pid, process_find (r->stale_pid, &other) == 0 ? "another program" : "gone");
    return STATUS_STALE;
  case RUNNING_NONE:
    break;
  }
  if (json) {
    print_json (NULL, r, "stopped");
  } else {
    puts (PROGRAM ": not running");
    hint_at_service ();
  }
  return STATUS_STOPPED;
}

static int
run (const struct command_call *call)
{
  struct places places;
  struct running r;
  bool json = command_given (call, "json");
  if (stop_find (call->config_file, &places, &r) < 0) {
    if (json)
      print_json (NULL, NULL, "unknown");
    return STATUS_UNKNOWN;
  }
  int status = show (&places, &r, json);
  running_clear (&r);
  places_clear (&places);
  return status;
}

const struct command command_status = {
    .name = "status",
    .summary = "Say whether the daemon runs, what it costs, and how it does",
    .text = "Exit status: 0 running, 1 not running but a PID file is there, 3 not running,\n"
            "4 cannot tell.",
    COMMAND_OPTIONS (options),
    .run = run,
};
