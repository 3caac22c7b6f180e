#include "status.h"

#include "status-files.h"
#include "utf8.h"

#include <config.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void
add_u64 (struct json_object *o, const char *key, uint64_t value)
{
  json_object_object_add (o, key, json_object_new_int64 (value > INT64_MAX ? INT64_MAX : (int64_t) value));
}

static void
add_seconds (struct json_object *o, const char *key, int64_t ns)
{
  char text[40];
  uint64_t size = ns < 0 ? -(uint64_t) ns : (uint64_t) ns; /* a clock that was set back makes negative spans */
  snprintf (text, sizeof text, "%s%llu.%03llu", ns < 0 ? "-" : "", (unsigned long long) (size / 1000000000),
            (unsigned long long) (size / 1000000 % 1000));
  json_object_object_add (o, key, json_object_new_double_s ((double) ns / 1e9, text));
}

static void
add_rounded (struct json_object *o, const char *key, double value)
{
  char text[40];
  snprintf (text, sizeof text, "%.3f", value);
  json_object_object_add (o, key, json_object_new_double_s (value, text));
}

/* A plugin's words and a path may be any bytes; JSON is UTF-8. */
static struct json_object *
text_json (const char *text)
{
  struct buf clean BUF_CLEANUP = {0};
  utf8_clean (&clean, text, strlen (text), SIZE_MAX);
  return json_object_new_string (clean.data ? clean.data : "");
}

static void
add_text (struct json_object *o, const char *key, const char *text)
{
  json_object_object_add (o, key, text ? text_json (text) : NULL);
}

static uint64_t
resident_bytes (void)
{
  unsigned long long total, resident = 0;
  FILE *f = fopen ("/proc/self/statm", "re");
  if (f && fscanf (f, "%llu %llu", &total, &resident) != 2)
    resident = 0;
  if (f)
    fclose (f);
  return resident * (uint64_t) sysconf (_SC_PAGESIZE);
}

static uint64_t
count_entries (const char *path)
{
  DIR *dir = opendir (path);
  uint64_t n = 0;
  while (dir && readdir (dir))
    n++;
  if (dir)
    closedir (dir);
  return n > 2 ? n - 2 : 0;
}

static double
cpu_seconds (const struct rusage *r)
{
  return (double) (r->ru_utime.tv_sec + r->ru_stime.tv_sec) + (double) (r->ru_utime.tv_usec + r->ru_stime.tv_usec) / 1e6;
}

static struct json_object *
process_json (double uptime)
{
  struct json_object *o = json_object_new_object ();
  struct rusage r = {0};
  getrusage (RUSAGE_SELF, &r);
  double lived = uptime > 0.001 ? uptime : 0.001;
  add_rounded (o, "cpu_percent", cpu_seconds (&r) / lived * 100);
  add_rounded (o, "cpu_seconds", cpu_seconds (&r));
  add_u64 (o, "rss_bytes", resident_bytes ());
  add_u64 (o, "threads", count_entries ("/proc/self/task"));
  add_u64 (o, "open_files", count_entries ("/proc/self/fd"));
  add_rounded (o, "wakeups_per_second", (double) r.ru_nvcsw / lived);
  return o;
}

static struct json_object *
ticks_json (const struct sampler_view *v)
{
  struct json_object *o = json_object_new_object ();
  add_u64 (o, "taken", v->ticks);
  add_u64 (o, "missed", v->missed);
  add_u64 (o, "suspends", v->suspends);
  add_u64 (o, "clock_steps", v->steps);
  return o;
}

static struct json_object *
ring_json (struct ring *ring)
{
  struct ring_view v = ring_view (ring);
  struct json_object *o = json_object_new_object ();
  add_u64 (o, "samples", v.samples);
  add_u64 (o, "max_samples", v.max_samples);
  add_u64 (o, "bytes", v.bytes);
  add_u64 (o, "max_bytes", v.max_bytes);
  add_seconds (o, "span_seconds", v.last_wall_ns - v.first_wall_ns);
  return o;
}

/* ---- Instances ---- */

static const char TROUBLE[] = "trouble"; /* what a plugin shows under this key counts for the daemon's health */

struct listing {
  const struct status_source *from;
  struct json_object *instances;
  struct json_object *problems;
  struct status_files files;
  int64_t now_ns;
  uint64_t duplicate_rows, lost;
};

/* What is so while an instance hangs in a call. */
static const char SKIPPED[] = "hangs in a call and is skipped until it returns";
static const char LEFT_OUT[] = "hangs in a call, and what it has to do with is left out until it returns";
static const char HELD_UP[] = "hangs in a call, and what comes after it waits";

/* `hangs`: one of these, or NULL. */
static const char *
state_of (const struct instance_stats *s, const char *hangs, bool waiting)
{
  if (hangs)
    return "stuck";
  if (waiting)
    return "waiting";
  return s->failing ? "failing" : "ok";
}

static void
add_problem (struct listing *l, const struct instance *i, const char *state, const char *hangs, const struct instance_stats *s,
             const char *message)
{
  char text[512];
  if (!strcmp (state, "ok"))
    snprintf (text, sizeof text, "%s: %s", i->plan->name, message);
  else if (!strcmp (state, "failing"))
    snprintf (text, sizeof text, "%s: %s", i->plan->name, *message ? message : strerror (-s->last_error));
  else
    snprintf (text, sizeof text, "%s: %s%s%s", i->plan->name, hangs ? hangs : "cannot write now and tries again",
              *message ? ": " : "", message);
  json_object_array_add (l->problems, text_json (text));
}

static struct json_object *
add_instance (struct listing *l, struct instance *i, const char *hangs, bool waiting)
{
  struct json_object *o = json_object_new_object (), *lines = json_object_new_object ();
  char message[INSTANCE_TEXT_SIZE], trouble[INSTANCE_TEXT_SIZE] = "";
  pthread_mutex_lock (&i->lock);
  struct instance_stats s = i->stats;
  for (uint32_t k = 0; k < i->n_status; k++) {
    add_text (lines, i->status[k].key, i->status[k].text);
    if (!strcmp (i->status[k].key, TROUBLE))
      snprintf (trouble, sizeof trouble, "%s", i->status[k].text);
  }
  memcpy (message, i->last_message, sizeof message);
  pthread_mutex_unlock (&i->lock);
  const char *state = state_of (&s, hangs, waiting);
  add_text (o, "name", i->plan->name);
  add_text (o, "plugin", i->plugin->name);
  add_text (o, "kind", descriptor_kind (i->plan->descriptor));
  add_text (o, "state", state);
  if (i->plugin->kind == KK_INPUT)
    add_seconds (o, "interval_seconds", i->plan->interval_ns);
  add_u64 (o, "calls", s.calls);
  add_u64 (o, "failures", s.failures);
  add_u64 (o, "overruns", s.overruns);
  add_u64 (o, "skipped", s.skipped);
  add_u64 (o, "dropped", s.dropped);
  add_u64 (o, "retries", s.retries);
  if (i->plugin->kind == KK_FILTER) {
    add_u64 (o, "incomplete", s.incomplete);
    add_u64 (o, "withheld", s.withheld);
    add_u64 (o, "withheld_now", s.withheld_now);
    add_u64 (o, "bad_fields", s.bad_fields);
    add_u64 (o, "lost_rows", s.lost_rows);
    add_u64 (o, "cut_strings", s.cut_strings);
  }
  add_rounded (o, "cpu_us_per_call", s.cpu_timed ? (double) s.cpu_ns / (double) s.cpu_timed / 1e3 : 0);
  add_rounded (o, "wall_us_per_call", s.calls ? (double) s.wall_ns / (double) s.calls / 1e3 : 0);
  add_rounded (o, "wall_us_most", (double) s.wall_max_ns / 1e3);
  add_text (o, "last_error", s.last_error ? strerror (-s.last_error) : NULL);
  if (s.last_error)
    add_seconds (o, "last_error_time", s.last_error_wall_ns);
  add_text (o, "last_message", *message ? message : NULL);
  json_object_object_add (o, "status", lines);
  json_object_array_add (l->instances, o);
  status_files_add (&l->files, i, o);
  if (strcmp (state, "ok"))
    add_problem (l, i, state, hangs, &s, message);
  else if (*trouble)
    add_problem (l, i, state, hangs, &s, trouble);
  return o;
}

static void
add_output (struct listing *l, struct worker *w)
{
  struct worker_view v = worker_view (w);
  struct instance *output = worker_output (w);
  bool stuck = v.busy_since_ns && l->now_ns - v.busy_since_ns > output->plan->deadline_ns;
  struct json_object *o = add_instance (l, output, stuck ? SKIPPED : NULL, v.retry_at_ns != 0),
                     *queue = json_object_new_object ();
  add_u64 (queue, "samples", v.queued);
  add_u64 (queue, "bytes", v.queued_bytes);
  add_u64 (queue, "max_bytes", v.max_bytes);
  add_u64 (queue, "most_samples", v.most);
  add_u64 (queue, "dropped", v.dropped);
  if (v.retry_at_ns)
    add_seconds (queue, "retry_in_seconds", v.retry_at_ns > l->now_ns ? v.retry_at_ns - l->now_ns : 0);
  json_object_object_add (o, "queue", queue);
}

/* Also when nobody has left it behind yet. */
static bool
is_away (const struct graph *g, const struct instance *filter, int64_t now_ns)
{
  return instance_away (filter) || chain_is_late (g->chain, filter, now_ns);
}

static void
list_graph (void *arg, const struct graph *g)
{
  struct listing *l = arg;
  l->duplicate_rows = layout_duplicates (g->layout);
  l->lost = layout_lost (g->layout);
  for (size_t i = 0; i < g->n_inputs; i++) {
    const struct input *in = g->inputs[i];
    struct json_object *o = add_instance (l, in->instance, input_stuck (in) ? SKIPPED : NULL, false);
    struct rows_counts c = rows_counts (in->rows);
    add_u64 (o, "bad_fields", c.bad_sets);
    add_u64 (o, "lost_rows", c.lost_rows);
    add_u64 (o, "cut_strings", c.cut_strings);
  }
  for (size_t i = 0; i < g->n_filters; i++)
    add_instance (l, g->filters[i], is_away (g, g->filters[i], l->now_ns) ? LEFT_OUT : NULL, false);
  for (size_t i = 0; i < g->n_workers; i++) {
    size_t n;
    struct instance *const *filters = worker_filters (g->workers[i], &n);
    for (size_t k = 0; k < n; k++)
      add_instance (l, filters[k], worker_is_late (g->workers[i], filters[k], l->now_ns) ? HELD_UP : NULL, false);
    add_output (l, g->workers[i]);
  }
}

struct json_object *
status_json (const struct status_source *from)
{
  struct clock_reading now = clock_read (&from->env->clock);
  struct sampler_view view = sampler_view (from->sampler);
  int64_t uptime = now.mono_ns - from->started.mono_ns;
  struct json_object *o = json_object_new_object ();
  struct listing l = {.from = from,
                      .instances = json_object_new_array (),
                      .problems = json_object_new_array (),
                      .now_ns = now.mono_ns};
  sampler_inspect (from->sampler, list_graph, &l);
  add_text (o, "version", PACKAGE_VERSION);
  add_u64 (o, "pid", (uint64_t) getpid ());
  add_text (o, "health", json_object_array_length (l.problems) ? "degraded" : "ok");
  json_object_object_add (o, "problems", l.problems);
  status_files_end (&l.files, o);
  add_seconds (o, "started", from->started.wall_ns);
  add_seconds (o, "uptime_seconds", uptime);
  add_text (o, "config_file", from->plan->config_file);
  add_seconds (o, "config_read_at", from->plan->read_ns);
  add_text (o, "data_dir", from->env->data_dir);
  add_text (o, "log_file", from->log_file);
  add_seconds (o, "interval_seconds", from->env->interval_ns);
  json_object_object_add (o, "process", process_json ((double) uptime / 1e9));
  json_object_object_add (o, "ticks", ticks_json (&view));
  json_object_object_add (o, "ring", ring_json (from->ring));
  struct json_object *log = json_object_new_object ();
  add_u64 (log, "suppressed", from->env->log ? log_suppressed (from->env->log) : 0);
  json_object_object_add (o, "log", log);
  add_u64 (o, "lost_samples", l.lost);
  add_u64 (o, "duplicate_rows", l.duplicate_rows);
  json_object_object_add (o, "instances", l.instances);
  return o;
}

/* ---- For the table `daemon` ---- */

struct losses {
  uint64_t dropped, failed;
};

static void
add_losses (struct losses *sum, struct instance *i)
{
  struct instance_stats s = instance_stats (i);
  sum->dropped += s.dropped + s.incomplete;
  sum->failed += s.failures + s.overruns;
}

static void
count_losses (void *arg, const struct graph *g)
{
  struct losses *sum = arg;
  sum->dropped += layout_lost (g->layout);
  for (size_t i = 0; i < g->n_inputs; i++)
    add_losses (sum, g->inputs[i]->instance);
  for (size_t i = 0; i < g->n_filters; i++)
    add_losses (sum, g->filters[i]);
  for (size_t i = 0; i < g->n_workers; i++) {
    size_t n;
    struct instance *const *filters = worker_filters (g->workers[i], &n);
    for (size_t k = 0; k < n; k++)
      add_losses (sum, filters[k]);
    add_losses (sum, worker_output (g->workers[i]));
    sum->dropped += worker_view (g->workers[i]).dropped;
  }
}

void
status_self (struct sampler *sampler, struct ring *ring, struct self_reading *ret)
{
  struct sampler_view ticks = sampler_view (sampler);
  struct ring_view samples = ring_view (ring);
  struct losses sum = {0};
  sampler_inspect (sampler, count_losses, &sum);
  *ret = (struct self_reading){.ticks = ticks.ticks,
                               .missed_ticks = ticks.missed,
                               .dropped = sum.dropped,
                               .failed = sum.failed,
                               .ring_samples = samples.samples,
                               .ring_bytes = samples.bytes};
}

/* ---- For the log ---- */

static const char *
text_of (struct json_object *o, const char *key)
{
  struct json_object *value;
  return json_object_object_get_ex (o, key, &value) && value ? json_object_get_string (value) : "-";
}

void
status_log (const struct status_source *from)
{
  struct log *log = from->env->log;
  struct json_object *o = status_json (from), *part, *instances;
  if (!log || !json_object_object_get_ex (o, "instances", &instances)) {
    json_object_put (o);
    return;
  }
  log_info (log, "status: %s, up %s s", text_of (o, "health"), text_of (o, "uptime_seconds"));
  static const char *const parts[] = {"process", "ticks", "ring", "notices"};
  for (size_t i = 0; i < KK_COUNT (parts); i++)
    if (json_object_object_get_ex (o, parts[i], &part))
      log_info (log, "status: %s %s", parts[i], json_object_to_json_string_ext (part, JSON_C_TO_STRING_SPACED));
  for (size_t i = 0; i < json_object_array_length (instances); i++) {
    struct json_object *one = json_object_array_get_idx (instances, i);
    log_at (log, KK_LOG_INFO, text_of (one, "name"), "status: %s, %s calls, %s failures, %s us of CPU a call, %s dropped",
            text_of (one, "state"), text_of (one, "calls"), text_of (one, "failures"), text_of (one, "cpu_us_per_call"),
            text_of (one, "dropped"));
  }
  json_object_put (o);
}
