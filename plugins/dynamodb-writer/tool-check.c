#include "tool.h"

#include "cost.h"
#include "hostname.h"
#include "json-limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_NS INT64_C (8000000000)
#define CONNECT_NS INT64_C (7000000000)  /* another name server is asked after 5 s; and it is told what was not there */
#define FIND_NS    INT64_C (30000000000) /* metadata, STS, a program */
static const int64_t SECOND_NS = 1000000000, CLOCK_FINE_S = 5;

/* ---- The configuration and the daemon ---- */

static void
check_config (struct tool_checker *c)
{
  const struct tool_config *config = c->config;
  const char *file = config->config_file ? config->config_file : "built-in defaults, as there is no file";
  if (config->enabled) {
    report_step (c->report, REPORT_OK, "configuration", "%s, instance %s", file, config->instance);
    return;
  }
  report_step (c->report, REPORT_WARN, "configuration", "%s: the upload is off", file);
  report_advice (c->report,
                 "Turn it on: kode-kronical-daemon config set daemon.enable_dynamodb_upload true; then restart the daemon.");
}

/* What was found here holds for this user and this environment. */
static void
check_daemon (struct tool_checker *c)
{
  json_object *status = tool_daemon_status (), *running = json_get (status, "running", json_type_boolean),
              *pid = json_get (status, "pid", json_type_int), *unit = json_get (status, "systemd_unit", json_type_string);
  char path[64];
  struct stat st;
  c->daemon_runs = running && json_object_get_boolean (running);
  long id = pid ? (long) json_object_get_int64 (pid) : 0;
  snprintf (path, sizeof path, "/proc/%ld", id);
  if (!c->daemon_runs)
    report_step (c->report, REPORT_NOTE, "daemon", "not running on this data directory: %s", c->config->data_dir);
  else if (stat (path, &st) == 0 && st.st_uid != geteuid ()) {
    report_step (c->report, REPORT_WARN, "daemon",
                 "PID %ld runs as user %ld, this check as %ld: credentials may be others there", id, (long) st.st_uid,
                 (long) geteuid ());
    report_advice (c->report, "Check as that user.");
  } else
    report_step (c->report, REPORT_OK, "daemon", "running, PID %ld%s%s", id, unit ? ", by systemd unit " : "",
                 unit ? json_object_get_string (unit) : "");
  json_object_put (status);
}

/* ---- Region, endpoint, credentials ---- */

static void
tell_place (struct tool_checker *c, const struct session_place *place)
{
  report_step (c->report, REPORT_OK, "region", "%s (%s)", place->region, place->region_from);
  report_step (c->report, REPORT_OK, "endpoint", "%s (%s)", place->endpoint.url, place->endpoint.from);
  if (*place->ca_file)
    report_step (c->report, REPORT_OK, "certificates", "those of %s are trusted", place->ca_file);
  report_fact (c->report, "region", json_object_new_string (place->region));
  report_fact (c->report, "endpoint", json_object_new_string (place->endpoint.url));
}

static void
tell_credentials (struct tool_checker *c, const struct session_place *place)
{
  const char *trouble = session_credentials_trouble (c->caller.session);
  report_step (c->report, REPORT_OK, "credentials", "%s (access key %s)", place->credentials_from, place->access_key);
  report_fact (c->report, "credentials_from", json_object_new_string (place->credentials_from));
  report_fact (c->report, "access_key", json_object_new_string (place->access_key));
  if (*trouble)
    report_step (c->report, REPORT_WARN, "credentials", "%s", trouble);
  if (strncmp (place->credentials_from, "environment", 11) != 0)
    return;
  report_step (c->report, REPORT_NOTE, "credentials", "they are in the environment of this shell; a service does not get that");
  report_advice (c->report,
                 "For a service write them to /etc/default/kode-kronical (mode 0600), or to ~/.aws/credentials of its user.");
}

static bool
find (struct tool_checker *c)
{
  static const char *const steps[] = {[SESSION_REGION] = "region",
                                      [SESSION_ENDPOINT] = "endpoint",
                                      [SESSION_CREDENTIALS] = "credentials",
                                      [SESSION_NETWORK] = "connection"};
  struct session_answer none = {.timed_out = false};
  struct tool_sentence s;
  tool_limit_set (&c->caller.limit, FIND_NS);
  int r = session_find (c->caller.session, &none.fault);
  const struct session_place *place = session_place (c->caller.session);
  if (r == 0 || none.fault.step == SESSION_CREDENTIALS)
    tell_place (c, place);
  if (r == 0) {
    tell_credentials (c, place);
    return true;
  }
  tool_explain (&c->caller, "", r, &none, &s);
  report_step (c->report, REPORT_FAIL, steps[none.fault.step], "%s", s.text);
  return false;
}

/* ---- Connection, clock ---- */

static bool
connect_once (struct tool_checker *c)
{
  struct session_answer answer SESSION_ANSWER_CLEANUP = {.timed_out = false};
  struct buf body BUF_CLEANUP = {0};
  struct tool_sentence s;
  struct timespec before, after;
  schema_table_body (&body, c->tables[SCHEMA_SAMPLES]);
  clock_gettime (CLOCK_MONOTONIC, &before);
  int r = tool_call (&c->caller, "DescribeTable", &body, &answer);
  clock_gettime (CLOCK_MONOTONIC, &after);
  enum aws_outcome outcome = answer.error.outcome;
  if (r == 0 && outcome != AWS_FOREIGN && outcome != AWS_GARBLED) {
    double ms = (double) (after.tv_sec - before.tv_sec) * 1e3 + (double) (after.tv_nsec - before.tv_nsec) / 1e6;
    report_step (c->report, REPORT_OK, "connection", "the service answers, after %.0f ms", ms);
    if (outcome != AWS_CREDENTIALS && outcome != AWS_EXPIRED && outcome != AWS_SKEWED)
      return true;
  }
  tool_explain (&c->caller, "DescribeTable", r, &answer, &s);
  report_step (c->report, REPORT_FAIL,
               r == 0 && outcome != AWS_FOREIGN && outcome != AWS_GARBLED ? "credentials" : "connection", "%s", s.text);
  if (*s.advice)
    report_advice (c->report, "%s", s.advice);
  return false;
}

static void
check_clock (struct tool_checker *c)
{
  int64_t offset = 0;
  if (!session_clock_offset (c->caller.session, &offset)) {
    report_step (c->report, REPORT_NOTE, "clock", "the server does not tell its time");
    return;
  }
  /* The server's is in whole seconds. */
  int64_t s = offset / SECOND_NS, size = s < 0 ? -s : s;
  report_fact (c->report, "clock_offset_s", json_object_new_int64 (s));
  if (size < CLOCK_FINE_S) {
    report_step (c->report, REPORT_OK, "clock", "as the server's, to %lld s", (long long) size + 1);
    return;
  }
  report_step (c->report, REPORT_WARN, "clock", "%lld s %s the server's: minutes are recorded at the wrong time",
               (long long) size, s > 0 ? "behind" : "ahead of");
  report_advice (c->report, "Set it, and keep it right: timedatectl set-ntp true.");
}

/* ---- Tables ---- */

static void
check_ttl (struct tool_checker *c)
{
  struct session_answer answer SESSION_ANSWER_CLEANUP = {.timed_out = false};
  struct buf body BUF_CLEANUP = {0};
  enum schema_ttl ttl;
  schema_table_body (&body, c->tables[SCHEMA_SAMPLES]);
  int r = tool_call (&c->caller, "DescribeTimeToLive", &body, &answer);
  if (r < 0 || answer.error.outcome != AWS_OK
      || schema_read_ttl (answer.response.body.data, answer.response.body.len, &ttl) < 0) {
    report_step (c->report, REPORT_NOTE, "expiry", "not known: %s", r < 0 ? answer.fault.text : answer.error.type);
    return;
  }
  if (ttl == SCHEMA_TTL_ON) {
    report_step (c->report, REPORT_OK, "expiry", "on: items go after %lld day%s", (long long) c->config->options.ttl_days,
                 c->config->options.ttl_days == 1 ? "" : "s");
    return;
  }
  report_step (c->report, REPORT_WARN, "expiry",
               ttl == SCHEMA_TTL_OFF ? "off: items stay for ever"
                                     : "on, but not on the attribute " SCHEMA_TTL_ATTRIBUTE ": items stay for ever");
  report_advice (
    c->report,
    "Allow the daemon dynamodb:UpdateTimeToLive, or switch it on: aws dynamodb update-time-to-live --table-name %s "
    "--time-to-live-specification Enabled=true,AttributeName=" SCHEMA_TTL_ATTRIBUTE,
    c->tables[SCHEMA_SAMPLES]);
}

static void
check_tags (struct tool_checker *c, const char *arn)
{
  struct session_answer answer SESSION_ANSWER_CLEANUP = {.timed_out = false};
  struct buf body BUF_CLEANUP = {0};
  buf_printf (&body, "{\"ResourceArn\":\"%s\"}", arn);
  if (strpbrk (arn, "\"\\") || tool_call (&c->caller, "ListTagsOfResource", &body, &answer) < 0
      || answer.error.outcome != AWS_OK) {
    report_step (c->report, REPORT_NOTE, "tags", "not known: %s", *answer.error.type ? answer.error.type : answer.fault.text);
    return;
  }
  bool there = memmem (answer.response.body.data, answer.response.body.len, "\"kode-kronical\"", 15) != NULL;
  report_step (c->report, there ? REPORT_OK : REPORT_NOTE, "tags",
               there ? "Application=kode-kronical is there"
                     : "without Application=kode-kronical, which only bills and people look at");
}

static void
tell_missing (struct tool_checker *c, const char *name)
{
  bool makes = c->config->options.create_tables;
  report_step (c->report, makes ? REPORT_WARN : REPORT_FAIL, "table", "%s is missing%s", name,
               makes ? ": the daemon makes it when it starts, if it may" : ", and create_tables is off");
  if (!makes)
    report_advice (c->report, "Make it: --print-tables says how.");
}

static void
check_table (struct tool_checker *c, enum schema_kind kind)
{
  struct session_answer answer SESSION_ANSWER_CLEANUP = {.timed_out = false};
  struct buf body BUF_CLEANUP = {0};
  struct schema_description d;
  struct tool_sentence s;
  const char *name = c->tables[kind];
  schema_table_body (&body, name);
  int r = tool_call (&c->caller, "DescribeTable", &body, &answer);
  if (r == 0 && answer.error.outcome == AWS_NO_TABLE)
    tell_missing (c, name);
  else if (r < 0 || answer.error.outcome != AWS_OK
           || schema_read (answer.response.body.data, answer.response.body.len, kind, &d) < 0) {
    tool_explain (&c->caller, "DescribeTable", r, &answer, &s);
    report_step (c->report, REPORT_FAIL, "table", "%s: %s", name, *s.text ? s.text : "the answer cannot be read");
  } else if (!d.fits) {
    report_step (c->report, REPORT_FAIL, "table", "%s has the keys %s: it needs %s", name, d.keys, schema_keys (kind));
    report_advice (c->report, "Keys cannot be changed: name another table, or delete this one.");
  } else if (d.state != SCHEMA_READY)
    report_step (c->report, d.state == SCHEMA_BLOCKED ? REPORT_FAIL : REPORT_WARN, "table", "%s is %s", name, d.status);
  else {
    c->there[kind] = true;
    report_step (c->report, REPORT_OK, "table", "%s is %s, with the right keys%s", name, d.status,
                 d.by_request ? ", paid by request" : "");
    if (kind == SCHEMA_SAMPLES) {
      check_ttl (c);
      check_tags (c, d.arn);
    }
  }
}

/* ---- Cost ---- */

static void
tell_cost (struct tool_checker *c)
{
  struct cost cost = cost_of_host (c->config->options.ttl_days, !c->can_update);
  report_step (
    c->report, REPORT_NOTE, "cost",
    "about $%.2f a month for this host: %lld writes of at most 1 KB at $%.3f per million, %lld reads, at most %.0f MB stored "
    "(" COST_BASIS "; other regions differ)",
    cost.usd, (long long) cost.writes, COST_WRITES_PER_MILLION, (long long) cost.reads, (double) cost.stored / 1e6);
  json_object *o = json_object_new_object ();
  json_object_object_add (o, "usd_per_month", json_object_new_double (cost.usd));
  json_object_object_add (o, "writes_per_month", json_object_new_int64 (cost.writes));
  json_object_object_add (o, "reads_per_month", json_object_new_int64 (cost.reads));
  json_object_object_add (o, "stored_bytes", json_object_new_int64 (cost.stored));
  json_object_object_add (o, "usd_per_million_writes", json_object_new_double (COST_WRITES_PER_MILLION));
  json_object_object_add (o, "basis", json_object_new_string (COST_BASIS));
  report_fact (c->report, "cost", o);
}

static void
check_all (struct tool_checker *c)
{
  check_config (c);
  check_daemon (c);
  if (!find (c) || !connect_once (c)) {
    tell_cost (c);
    return;
  }
  check_clock (c);
  for (int kind = 0; kind < SCHEMA_KINDS; kind++)
    check_table (c, (enum schema_kind) kind);
  tool_check_permissions (c);
  tool_check_name (c);
  tell_cost (c);
}

int
tool_check (const struct tool_options *o)
{
  struct tool_config config = {.instance = NULL};
  struct tool_fault fault = {.text = ""};
  struct report report;
  char host[HOSTNAME_SIZE];
  if (report_begin (&report, o->json, stdout) < 0)
    return TOOL_FAILED;
  if (tool_config_load (o->instance, &config, &fault) < 0) {
    report_step (&report, REPORT_FAIL, "configuration", "%s", fault.text);
    report_advice (&report, "See: kode-kronical-daemon config --check");
    report_end (&report);
    return TOOL_FAILED;
  }
  hostname_get (host);
  struct tool_checker c = {.config = &config,
                           .report = &report,
                           .host = host,
                           .can_update = true,
                           .tables = {config.options.table, config.options.registry_table},
                           .caller = {.twice = true, .request_ns = REQUEST_NS, .limit = {.interrupted = o->interrupted}}};
  struct session_settings settings = options_session (&config.options);
  settings.connect_ns = CONNECT_NS;
  settings.stopped = tool_limit_over;
  settings.data = &c.caller.limit;
  if (session_new (&settings, &c.caller.session) == 0)
    check_all (&c);
  else
    report_step (&report, REPORT_FAIL, "configuration", "no memory");
  session_free (c.caller.session);
  tool_config_free (&config);
  return report_end (&report) ? TOOL_OK : TOOL_FAILED;
}
