/* Two machines of one name overwrite each other's row, and of each minute the fuller item of the two stays. */
#include "tool.h"

#include "json-limits.h"
#include "minute.h"
#include "recorded.h"
#include "registry.h"
#include "trials.h"

#include <stdlib.h>
#include <string.h>

static const int64_t SECOND_NS = 1000000000, FRESH_S = 180, SLACK_US = 2000; /* files may round to milliseconds */
#define ANOTHER ": another one has its name"

static bool
get_number (json_object *item, const char *name, double *ret)
{
  json_object *value = json_get (json_get (item, name, json_type_object), "N", json_type_string);
  if (!value)
    return false;
  *ret = strtod (json_object_get_string (value), NULL);
  return true;
}

/* ---- The row ---- */

static void
judge_row (struct tool_checker *c, json_object *row)
{
  double seen = 0;
  json_object *active = json_get (json_get (row, "active", json_type_object), "BOOL", json_type_boolean);
  int64_t now = session_now (c->caller.session) / SECOND_NS, age = now;
  if (!row) {
    report_step (c->report, REPORT_NOTE, "name", "%s is not in %s yet", c->host, c->tables[SCHEMA_REGISTRY]);
    return;
  }
  if (active && !json_object_get_boolean (active))
    report_step (c->report, REPORT_NOTE, "name", "%s was removed in the viewer, and stays so until that takes it back",
                 c->host);
  if (get_number (row, "last_seen", &seen) && seen > 0 && seen < 253402300799.0)
    age = now - (int64_t) seen;
  if (c->daemon_runs || age < -FRESH_S || age > FRESH_S)
    return;
  report_step (c->report, REPORT_WARN, "name",
               "%s was seen %lld s ago, and no daemon runs here: another machine may have this name", c->host, (long long) age);
  report_advice (c->report, "It may also be a daemon of this machine that stopped just now, or has another data directory.");
}

static void
check_row (struct tool_checker *c)
{
  struct session_answer answer SESSION_ANSWER_CLEANUP = {.timed_out = false};
  struct buf body BUF_CLEANUP = {0};
  registry_get_body (&body, c->tables[SCHEMA_REGISTRY], c->host);
  if (tool_call (&c->caller, "GetItem", &body, &answer) < 0 || answer.error.outcome != AWS_OK)
    return; /* the permissions said why */
  JSON_CLEANUP json_object *whole = json_read (answer.response.body.data, answer.response.body.len);
  judge_row (c, json_get (whole, "Item", json_type_object));
}

/* ---- The minutes ---- */

/* 1: this machine's; 0: it cannot be said; -1: another's. A minute in the table that is no fuller than ours may be an earlier
 * part of it. */
static int
whose (const struct recorded *own, json_object *item)
{
  double minute, samples, collected;
  struct point p;
  if (!get_number (item, "minute_timestamp", &minute) || !get_number (item, "samples", &samples)
      || !get_number (item, "collected_at", &collected) || minute < 0 || collected < 0 || collected > 253402300799.0)
    return 0;
  size_t i = recorded_find (own, (int64_t) minute);
  if (i == own->n || recorded_get (own, i, &p) < 0)
    return 0;
  int64_t apart = (int64_t) (collected * 1e6) - p.collected_us;
  if (apart >= -SLACK_US && apart <= SLACK_US)
    return 1;
  return samples < p.samples ? 0 : -1;
}

static void
judge_minutes (struct tool_checker *c, const struct recorded *own, json_object *items)
{
  unsigned ours = 0, others = 0;
  for (size_t i = 0; items && i < json_object_array_length (items); i++) {
    int who = whose (own, json_object_array_get_idx (items, i));
    ours += who > 0;
    others += who < 0;
  }
  if (others == 1 && !ours)
    report_step (c->report, REPORT_WARN, "name", "the last minute of %s in the table is not this machine's" ANOTHER, c->host);
  else if (others)
    report_step (c->report, REPORT_WARN, "name", "%u of the last %u minutes of %s in the table %s not this machine's" ANOTHER,
                 others, ours + others, c->host, others == 1 ? "is" : "are");
  else if (ours == 1)
    report_step (c->report, REPORT_OK, "name", "the last minute of %s is this machine's", c->host);
  else if (ours)
    report_step (c->report, REPORT_OK, "name", "the last %u minutes of %s are this machine's", ours, c->host);
  else
    report_step (c->report, REPORT_NOTE, "name", "%s has no late minute in the table to compare with the recorded files",
                 c->host);
  if (others)
    report_advice (c->report, "Give each machine a name of its own, and restart the daemons.");
}

static void
check_minutes (struct tool_checker *c)
{
  struct session_answer answer SESSION_ANSWER_CLEANUP = {.timed_out = false};
  struct buf body BUF_CLEANUP = {0};
  struct recorded own RECORDED_CLEANUP = {0};
  /* The hour of two minutes ago: what is over has had time to go up. */
  int64_t now = session_now (c->caller.session) / SECOND_NS, when = now - 120, hour = when - when % 3600;
  const struct trial *query = trials;
  while (strcmp (query->action, "Query") != 0)
    query++;
  query->body (&body, SCHEMA_SAMPLES, c->tables[SCHEMA_SAMPLES], c->host, when);
  if (tool_call (&c->caller, "Query", &body, &answer) < 0 || answer.error.outcome != AWS_OK)
    return;
  const struct recorded_source source = {.directory = c->config->recorded_dir,
                                         .host = c->host,
                                         .since = hour,
                                         .until = now - now % MINUTE_LENGTH,
                                         .cpu_ns = c->config->cpu_ns,
                                         .memory_ns = c->config->memory_ns};
  JSON_CLEANUP json_object *whole = json_read (answer.response.body.data, answer.response.body.len);
  recorded_read (&source, &own);
  judge_minutes (c, &own, json_get (whole, "Items", json_type_array));
}

void
tool_check_name (struct tool_checker *c)
{
  if (c->there[SCHEMA_REGISTRY])
    check_row (c);
  if (c->there[SCHEMA_SAMPLES])
    check_minutes (c);
}
