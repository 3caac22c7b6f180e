#include "uploader.h"

#include "backoff.h"
#include "presence.h"
#include "secret.h"
#include "text.h"
#include "upload.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

static const int64_t MINUTE_NS = INT64_C (60000000000);
#define PAUSE_NS       INT64_C (50000000)     /* between requests while there are more to be made */
#define LATER_NS       INT64_C (5000000000)   /* a table is being made */
#define GOODBYE_NS     INT64_C (1000000000)   /* for the last words */
#define STOP_NS        INT64_C (2000000000)   /* with all that comes after them */
#define OLD_READING_NS INT64_C (180000000000) /* older ones are not told to the registry */
#define CLOCK_OFF_NS   INT64_C (60000000000)  /* a clock that is off by more is spoken of */
#define NEARLY_NS      INT64_C (10000000000)  /* the registry's place is the round's, give or take what clocks do */
enum { STACK = 1 << 20 };

struct uploader {
  struct shared *shared;
  char *names[SCHEMA_KINDS];
  int64_t ttl_days, spread_ns;
  struct work work;
  struct table tables[SCHEMA_KINDS];
  struct upload upload;
  struct presence presence;
  struct backoff backoff;
  int64_t due_ns;          /* monotonic; when the next round is */
  int64_t presence_due_ns; /* the registry, with the next round after that */
  bool awaits_reading;     /* the registry, of a first one */
  uint64_t place_changes;  /* of the session's place, when the tables were looked at */
  int64_t end_ns;          /* of the last request; 0: it does not end yet */
};

static bool
is_over (void *data)
{
  const struct uploader *u = data;
  return u->end_ns && shared_mono_ns () >= u->end_ns;
}

/* ---- Making ---- */

static void
uploader_free (struct uploader *u)
{
  session_free (u->work.session);
  work_free (&u->work);
  upload_free (&u->upload);
  presence_free (&u->presence);
  for (int i = 0; i < SCHEMA_KINDS; i++)
    free (u->names[i]);
  free (u);
}

static int
uploader_new (struct shared *shared, const struct options *options, struct uploader **ret)
{
  struct uploader *u = calloc (1, sizeof *u);
  if (!u)
    return -ENOMEM;
  struct session_settings settings = options_session (options);
  settings.stop_fd = shared->stop_fd;
  settings.stopped = is_over;
  settings.data = u;
  u->shared = shared;
  u->ttl_days = options->ttl_days;
  u->spread_ns = options->spread_ns;
  report_init (&u->work.report, shared);
  int r = session_new (&settings, &u->work.session);
  if (r == 0)
    r = upload_init (&u->upload);
  if (r == 0)
    r = secret_set (&u->names[SCHEMA_SAMPLES], options->table);
  if (r == 0)
    r = secret_set (&u->names[SCHEMA_REGISTRY], options->registry_table);
  for (int i = 0; i < SCHEMA_KINDS; i++)
    u->tables[i] = (struct table){.name = u->names[i], .kind = (enum schema_kind) i, .create = options->create_tables};
  uint64_t seed = 0;
  if (getrandom (&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
    seed = (uint64_t) shared_mono_ns () ^ (uint64_t) getpid () << 32;
  backoff_init (&u->backoff, seed);
  if (r < 0)
    uploader_free (u);
  else
    *ret = u;
  return r;
}

/* ---- When ---- */

static int64_t
until_place (const struct uploader *u)
{
  char host[HOSTNAME_SIZE];
  hostname_get (host);
  return backoff_until_place (host, session_now (u->work.session), u->spread_ns);
}

/* When to go on after that result; *ret_early: or as soon as there is a new minute. */
static int64_t
plan (struct uploader *u, enum work_result result, bool *ret_early)
{
  const int64_t now = shared_mono_ns ();
  bool rests;
  int64_t wait;
  *ret_early = false;
  switch (result) {
  case WORK_DONE:
    backoff_succeeded (&u->backoff);
    *ret_early = !u->spread_ns || u->awaits_reading;
    return now + until_place (u);
  case WORK_MORE:
    backoff_succeeded (&u->backoff);
    return now + PAUSE_NS;
  case WORK_PART:
    return now + backoff_progressed (&u->backoff);
  case WORK_LATER:
    return now + LATER_NS;
  case WORK_RETRY:
    wait = backoff_failed (&u->backoff, u->work.answer.timed_out, &rests);
    return now + (wait < u->work.asked_ns && u->work.asked_ns <= MINUTE_NS ? u->work.asked_ns : wait);
  default:
    return now + until_place (u);
  }
}

/* ---- What ---- */

static void
say_clock (struct uploader *u)
{
  struct buf b BUF_CLEANUP = {0};
  int64_t offset;
  if (!session_clock_offset (u->work.session, &offset))
    return;
  if (offset < CLOCK_OFF_NS && offset > -CLOCK_OFF_NS) {
    shared_status (u->shared, "clock", "%s", "");
    return;
  }
  text_duration (&b, offset < 0 ? -offset : offset);
  const char *far = b.error || !b.data ? "far" : b.data, *where = offset < 0 ? "ahead of" : "behind";
  shared_status (u->shared, "clock", "this machine's is %s %s that of DynamoDB", far, where);
  report_say (&u->work.report, KK_LOG_WARNING, "clock-off",
              "this machine's clock is %s %s that of DynamoDB, so its minutes stand at wrong times: set it right (timedatectl "
              "set-ntp true)",
              far, where);
}

static void
show (struct uploader *u)
{
  const char *trouble = session_credentials_trouble (u->work.session);
  report_place (&u->work.report, session_place (u->work.session));
  shared_status (u->shared, "tables", "%.90s: %s; %.90s: %s", u->names[SCHEMA_SAMPLES],
                 table_state_name (&u->tables[SCHEMA_SAMPLES]), u->names[SCHEMA_REGISTRY],
                 table_state_name (&u->tables[SCHEMA_REGISTRY]));
  if (*trouble)
    report_say (&u->work.report, KK_LOG_WARNING, "renewal",
                "the credentials for DynamoDB cannot be renewed, and the old ones are used as long as they last: %s", trouble);
  say_clock (u);
}

/* Whether its table is there shows when the row is written, and it is looked at only where that fails: when a whole fleet
 * starts at once, each request counts. */
static enum work_result
write_row (struct uploader *u, const struct shared_latest *latest, bool *ret_missing)
{
  struct table *t = &u->tables[SCHEMA_REGISTRY];
  bool tried = t->state == TABLE_UNKNOWN && !t->doubted;
  enum work_result r = tried ? WORK_DONE : table_ready (&u->work, t);
  if (r == WORK_DONE)
    r = presence_write (&u->work, &u->presence, t->name, latest, true, ret_missing);
  if (r != WORK_DONE || !tried || *ret_missing)
    return r;
  if (u->work.answer.error.outcome == AWS_INVALID) {
    table_doubt (t, false);
    return table_ready (&u->work, t);
  }
  t->state = TABLE_USABLE;
  return r;
}

/* The row in the registry, where it is due. */
static enum work_result
tell_registry (struct uploader *u)
{
  struct table *t = &u->tables[SCHEMA_REGISTRY];
  struct shared_latest latest = shared_latest (u->shared);
  bool missing = false;
  if (shared_mono_ns () < u->presence_due_ns - NEARLY_NS)
    return WORK_DONE;
  u->awaits_reading = !latest.mono_ns;
  if (!latest.mono_ns)
    return WORK_DONE;
  enum work_result r = WORK_DONE;
  if (shared_mono_ns () - latest.mono_ns < OLD_READING_NS)
    r = write_row (u, &latest, &missing);
  if (missing)
    table_doubt (t, true);
  if (missing || r == WORK_LATER)
    return WORK_LATER;
  if (r == WORK_DONE || r == WORK_WAIT)
    u->presence_due_ns = shared_mono_ns () + until_place (u);
  return r;
}

/* Another region or endpoint has other tables. */
static void
look_anew (struct uploader *u)
{
  const uint64_t changes = session_place (u->work.session)->changes;
  for (int i = 0; changes != u->place_changes && i < SCHEMA_KINDS; i++)
    u->tables[i] = (struct table){.name = u->tables[i].name, .kind = u->tables[i].kind, .create = u->tables[i].create};
  u->place_changes = changes;
}

/* The minutes come first, as there is trouble with one table or the other. */
static enum work_result
one_round (struct uploader *u)
{
  struct table *t = &u->tables[SCHEMA_SAMPLES];
  enum work_result r = work_find (&u->work);
  if (r != WORK_DONE)
    return r;
  look_anew (u);
  r = table_ready (&u->work, t);
  if (r == WORK_DONE)
    r = upload_some (&u->work, &u->upload, t, u->ttl_days);
  if (r == WORK_STOP || r == WORK_RETRY)
    return r;
  enum work_result registry = tell_registry (u);
  if (registry == WORK_STOP || registry == WORK_RETRY)
    return registry;
  if (r == WORK_DONE && !u->upload.held_back)
    report_works (&u->work.report);
  return r == WORK_DONE ? registry : r;
}

/* ---- The thread ---- */

static void
begin (struct uploader *u)
{
  const struct session_place *place = session_place (u->work.session);
  u->due_ns = shared_mono_ns () + (u->spread_ns ? until_place (u) : 0);
  u->presence_due_ns = u->due_ns;
  if (work_find (&u->work) == WORK_DONE)
    shared_log (u->shared, KK_LOG_INFO, "uploads go to DynamoDB table %s at %s, with credentials of %s",
                u->names[SCHEMA_SAMPLES], place->endpoint.url, place->credentials_from);
  show (u);
}

/* A clean stop is told to the registry, if that takes no time. */
static void
say_goodbye (struct uploader *u, enum work_result last)
{
  struct shared_latest latest = shared_latest (u->shared);
  bool missing;
  uint64_t count;
  if (!u->presence.told || last == WORK_RETRY || last == WORK_WAIT)
    return;
  u->end_ns = shared_mono_ns () + GOODBYE_NS;
  if (read (u->shared->stop_fd, &count, sizeof count) == sizeof count)
    presence_write (&u->work, &u->presence, u->names[SCHEMA_REGISTRY], &latest, false, &missing);
}

static void *
run (void *arg)
{
  struct uploader *u = arg;
  struct shared *shared = u->shared;
  enum work_result result = WORK_DONE;
  enum shared_wakeup why = SHARED_TIME;
  bool early = false;
  prctl (PR_SET_NAME, "kk-dynamodb");
  begin (u);
  while (result != WORK_STOP) {
    report_next (&u->work.report, session_now (u->work.session), u->due_ns - shared_mono_ns ());
    why = shared_sleep (shared, u->due_ns, early);
    if (why == SHARED_STOP)
      break;
    if (why == SHARED_TAKEN_OVER)
      u->presence_due_ns = 0;
    result = one_round (u);
    show (u);
    u->due_ns = plan (u, result, &early);
  }
  say_goodbye (u, result);
  uploader_free (u);
  shared_ended (shared);
  shared_unref (shared);
  return NULL;
}

int
uploader_start (struct shared *shared, const struct options *options, pthread_t *ret)
{
  struct uploader *u;
  pthread_attr_t attributes;
  sigset_t all, before;
  int r = uploader_new (shared, options, &u);
  if (r < 0)
    return r;
  shared_ref (shared);
  sigfillset (&all);
  pthread_attr_init (&attributes);
  pthread_attr_setstacksize (&attributes, STACK);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  r = -pthread_create (ret, &attributes, run, u);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  pthread_attr_destroy (&attributes);
  if (r < 0) {
    uploader_free (u);
    shared_unref (shared);
  }
  return r;
}

void
uploader_stop (struct shared *shared, pthread_t thread)
{
  if (shared_stop (shared, STOP_NS))
    pthread_join (thread, NULL);
  else
    pthread_detach (thread);
}
