/* backfill: recorded minutes into the table, each by a PutItem that replaces no fuller item. */
#include "tool.h"

#include "backoff.h"
#include "hostname.h"
#include "item.h"
#include "minute.h"
#include "recorded.h"
#include "tool/moment.h"
#include "tool/progress.h"
#include "units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 8, USUAL_RATE = 25, DAY = 86400 };
#define REQUEST_NS INT64_C (30000000000)
static const int64_t SECOND_NS = 1000000000;

struct backfill {
  const struct tool_options *o;
  struct tool_config config;
  struct tool_caller caller;
  struct recorded found;
  struct progress progress;
  struct backoff backoff;
  char host[HOSTNAME_SIZE];
  int64_t now, since, until; /* Unix seconds */
  double rate;               /* items a second */
  int64_t next_ns;           /* monotonic: not before this */
  size_t expired, uploaded, there, refused;
  char reason[300]; /* of the first refusal */
};

static int64_t
mono_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t) t.tv_sec * SECOND_NS + t.tv_nsec;
}

static int
complain (const char *what, const char *text)
{
  fprintf (stderr, TOOL_NAME " backfill: %s '%s'\nTry: " TOOL_NAME " --help\n", what, text);
  return TOOL_USAGE;
}

/* ---- What is asked ---- */

static int
take_options (struct backfill *b)
{
  const struct tool_options *o = b->o;
  b->now = (int64_t) time (NULL);
  b->until = b->now;
  b->rate = USUAL_RATE;
  if (!o->since)
    return complain ("from when on? Give, for example,", "--since 2h");
  if (moment_parse (o->since, b->now, &b->since) < 0)
    return complain ("--since takes 2h, 3d, 17:05, 2026-01-31, '2026-01-31 17:05' or @SECONDS, not", o->since);
  if (o->until && moment_parse (o->until, b->now, &b->until) < 0)
    return complain ("--until takes 2h, 3d, 17:05, 2026-01-31, '2026-01-31 17:05' or @SECONDS, not", o->until);
  if (o->rate && (units_f64 (o->rate, &b->rate) < 0 || b->rate < 0.1 || b->rate > 1000))
    return complain ("--rate takes items a second, from 0.1 to 1000, not", o->rate);
  if (b->until > b->now)
    b->until = b->now; /* the minute that runs is not whole yet */
  b->since -= b->since % MINUTE_LENGTH;
  b->until -= b->until % MINUTE_LENGTH;
  if (b->since >= b->until)
    return complain ("no whole minute lies in that time: --since", o->since);
  return TOOL_OK;
}

/* ---- What there is ---- */

static bool
go_on (void *data, size_t done, size_t files)
{
  struct backfill *b = data;
  progress_show (&b->progress, done, files);
  return !b->o->interrupted || !*b->o->interrupted;
}

/* An item whose time is over would be deleted again. */
static void
drop_expired (struct backfill *b)
{
  int64_t oldest = b->now - b->config.options.ttl_days * DAY;
  while (b->expired < b->found.n && b->found.points[b->expired].minute < oldest)
    b->expired++;
}

static int
read_minutes (struct backfill *b)
{
  const struct recorded_source source = {.directory = b->o->directory ? b->o->directory : b->config.recorded_dir,
                                         .host = b->host,
                                         .since = b->since,
                                         .until = b->until,
                                         .created_ns = b->now * SECOND_NS,
                                         .cpu_ns = b->config.cpu_ns,
                                         .memory_ns = b->config.memory_ns,
                                         .go_on = go_on,
                                         .data = b};
  progress_begin (&b->progress, "reading");
  int r = recorded_read (&source, &b->found);
  progress_end (&b->progress);
  if (r < 0) {
    fprintf (stderr, TOOL_NAME " backfill: cannot read %s: %s\n", source.directory, strerror (-r));
    return r;
  }
  if (b->found.damaged)
    fprintf (stderr, TOOL_NAME " backfill: warning: %llu file%s left out; %s\n", (unsigned long long) b->found.damaged,
             b->found.damaged == 1 ? " was" : "s were", b->found.fault);
  drop_expired (b);
  return 0;
}

/* ---- Uploading ---- */

static int
wait_until (struct backfill *b, int64_t when_ns)
{
  for (int64_t left; (left = when_ns - mono_ns ()) > 0;) {
    if (*b->o->interrupted)
      return -ECANCELED;
    int64_t part = left < SECOND_NS / 10 ? left : SECOND_NS / 10;
    nanosleep (&(struct timespec){.tv_sec = part / SECOND_NS, .tv_nsec = part % SECOND_NS}, NULL);
  }
  return *b->o->interrupted ? -ECANCELED : 0;
}

/* No burst after a slow request. */
static int
wait_for_turn (struct backfill *b)
{
  int r = wait_until (b, b->next_ns);
  b->next_ns = mono_ns () + (int64_t) (1e9 / b->rate);
  return r;
}

static void
refuse (struct backfill *b, const struct aws_error *e)
{
  if (!b->refused++)
    snprintf (b->reason, sizeof b->reason, "%.60s: %.200s", e->type, e->message);
}

/* 1: done with, whatever came of it; 0: try again; -errno: it cannot go on, and is said. */
static int
send_once (struct backfill *b, const struct buf *body, bool last)
{
  struct session_answer answer SESSION_ANSWER_CLEANUP = {.timed_out = false};
  struct tool_sentence s;
  int r = tool_call (&b->caller, "PutItem", body, &answer);
  enum aws_outcome outcome = answer.error.outcome;
  if (r == -ECANCELED)
    return r;
  if (r == 0 && (outcome == AWS_OK || outcome == AWS_CONDITION || outcome == AWS_INVALID)) {
    b->uploaded += outcome == AWS_OK;
    b->there += outcome == AWS_CONDITION;
    if (outcome == AWS_INVALID)
      refuse (b, &answer.error);
    backoff_succeeded (&b->backoff);
    return 1;
  }
  bool passing = r < 0 ? answer.fault.step == SESSION_NETWORK && r != -ENOMEM : aws_outcome_is_passing (outcome);
  if (passing && !last) {
    bool rest;
    int64_t wait = backoff_failed (&b->backoff, answer.timed_out, &rest);
    return wait_until (b, mono_ns () + (rest ? BACKOFF_MOST_NS : wait));
  }
  tool_explain (&b->caller, "PutItem", r, &answer, &s);
  progress_end (&b->progress);
  fprintf (stderr, TOOL_NAME " backfill: %s\n%s%s", s.text, s.advice, *s.advice ? "\n" : "");
  return r < 0 ? r : -EIO;
}

static int
upload_one (struct backfill *b, const struct point *p)
{
  struct buf body BUF_CLEANUP = {0};
  item_put_body (&body, b->config.options.table, p, b->config.options.ttl_days);
  int r = 0;
  for (int i = 0; r == 0 && i < TRIES; i++) {
    r = wait_for_turn (b);
    if (r == 0)
      r = send_once (b, &body, i == TRIES - 1);
  }
  return r < 0 ? r : 0;
}

/* The newest first, as the daemon does it. */
static int
upload_all (struct backfill *b)
{
  size_t n = b->found.n - b->expired;
  struct point p;
  int r = 0;
  progress_begin (&b->progress, "uploading");
  for (size_t i = 0; i < n && r == 0; i++) {
    progress_show (&b->progress, i, n);
    r = recorded_get (&b->found, b->found.n - 1 - i, &p);
    if (r == 0)
      r = upload_one (b, &p);
  }
  progress_end (&b->progress);
  return r;
}

/* ---- The end ---- */

static void
print_json (const struct backfill *b, bool complete)
{
  const struct {
    const char *name;
    int64_t value;
  } members[] = {{"since", b->since},
                 {"until", b->until},
                 {"recorded", (int64_t) b->found.n},
                 {"uploaded", (int64_t) b->uploaded},
                 {"already_there", (int64_t) b->there},
                 {"refused", (int64_t) b->refused},
                 {"expired", (int64_t) b->expired},
                 {"incomplete", (int64_t) b->found.incomplete},
                 {"damaged_files", (int64_t) b->found.damaged}};
  json_object *o = json_object_new_object ();
  for (size_t i = 0; i < sizeof members / sizeof *members; i++)
    json_object_object_add (o, members[i].name, json_object_new_int64 (members[i].value));
  json_object_object_add (o, "complete", json_object_new_boolean (complete));
  json_object_object_add (o, "dry_run", json_object_new_boolean (b->o->dry_run));
  if (*b->reason)
    json_object_object_add (o, "reason", json_object_new_string (b->reason));
  printf ("%s\n", json_object_to_json_string_ext (o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put (o);
}

static void
print_text (const struct backfill *b, bool complete)
{
  size_t n = b->found.n - b->expired, done = b->uploaded + b->there + b->refused;
  const int64_t days = b->config.options.ttl_days;
  printf ("%zu recorded minute%s of %s", b->found.n, b->found.n == 1 ? "" : "s", b->host);
  if (b->o->dry_run)
    printf (", %zu to upload to %s; nothing was sent", n, b->config.options.table);
  else
    printf (": %zu uploaded, %zu already there, %zu refused", b->uploaded, b->there, b->refused);
  if (b->expired)
    printf (", %zu left out because %s older than %lld day%s", b->expired, b->expired == 1 ? "it is" : "they are",
            (long long) days, days == 1 ? "" : "s");
  if (b->found.incomplete)
    printf (", %llu left out because a value is missing", (unsigned long long) b->found.incomplete);
  if (!complete)
    printf (", %zu still to do: the same command again does %s", n - done, n - done == 1 ? "it" : "them");
  putchar ('\n');
  if (*b->reason)
    printf ("refused: %s\n", b->reason);
}

static int
run (struct backfill *b)
{
  struct session_settings settings = options_session (&b->config.options);
  uint64_t seed = 0;
  settings.stopped = tool_limit_over;
  settings.data = &b->caller.limit;
  if (read_minutes (b) < 0)
    return TOOL_FAILED;
  int r = 0;
  if (!b->o->dry_run && b->found.n > b->expired) {
    if (getrandom (&seed, sizeof seed, GRND_NONBLOCK) < 0)
      seed = (uint64_t) mono_ns ();
    backoff_init (&b->backoff, seed);
    r = session_new (&settings, &b->caller.session);
    r = r == 0 ? upload_all (b) : r;
    session_free (b->caller.session);
  }
  if (b->o->json)
    print_json (b, r == 0);
  else
    print_text (b, r == 0);
  return r == 0 && !b->refused ? TOOL_OK : TOOL_FAILED;
}

int
tool_backfill (const struct tool_options *o)
{
  struct tool_fault fault = {.text = ""};
  struct backfill *b = calloc (1, sizeof *b);
  if (!b)
    return TOOL_FAILED;
  b->o = o;
  b->caller = (struct tool_caller){.request_ns = REQUEST_NS, .limit = {.interrupted = o->interrupted}};
  hostname_get (b->host);
  int status = take_options (b);
  if (status == TOOL_OK && tool_config_load (o->instance, &b->config, &fault) < 0) {
    fprintf (stderr, TOOL_NAME " backfill: %s\n", fault.text);
    status = TOOL_FAILED;
  } else if (status == TOOL_OK)
    status = run (b);
  tool_config_free (&b->config);
  recorded_free (&b->found);
  free (b);
  return status;
}
