#include "upload.h"

#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static const int64_t SECOND_NS = 1000000000;
#define BATCH_AGAIN_NS INT64_C (3600000000000)
#define HELD_NS        INT64_C (110000000000) /* two rounds, and no minute may go */
#define LOOK_EVERY_NS  INT64_C (600000000000)
enum { MOST_REFUSED = 3 };

/* What is about to be sent. */
struct load {
  struct spool_ref refs[ITEM_BATCH];
  const struct point *points[ITEM_BATCH];
  size_t n;
  bool waiting; /* something waits that may go, whether or not it could be read */
  bool untried; /* of that, some could be read the last time, or was not tried yet */
};

int
upload_init (struct upload *u)
{
  *u = (struct upload){.points = calloc (ITEM_BATCH, sizeof *u->points)};
  return u->points ? 0 : -ENOMEM;
}

void
upload_free (struct upload *u)
{
  free (u->points);
}

/* ---- The spool ---- */

/* Unix seconds as true as they are known: no step of this machine's clock moves what a server confirmed. */
static int64_t
true_now (const struct work *w)
{
  int64_t now;
  return session_confirmed_now (w->session, &now) ? now : session_now (w->session) / SECOND_NS;
}

/* The newest points that can go up in one request: one that is on a condition, or all those that need none. What a stop or
 * reload left of the minute that goes on waits for the rest of it. 0, or the last error when none could be read. */
static int
load_points (struct spool *spool, const struct upload *u, int64_t now, int64_t running, struct load *ret)
{
  struct spool_ref refs[ITEM_BATCH];
  size_t n = 0, fresh = 0, found = spool_pick (spool, now, ITEM_BATCH, refs);
  int error = 0;
  for (size_t i = 0; i < found; i++)
    if (refs[i].minute != running) {
      fresh += !refs[i].again;
      ret->untried |= !refs[i].unread;
      refs[n++] = refs[i];
    }
  bool alone = u->singly || fresh < 2 || refs[0].again || shared_mono_ns () < u->batch_again_ns;
  ret->waiting = n > 0;
  for (size_t i = 0; i < n && !(alone && ret->n); i++) {
    if (!alone && refs[i].again)
      continue;
    int r = spool_get (spool, &refs[i], &u->points[ret->n]);
    if (r == 0) {
      ret->refs[ret->n] = refs[i];
      ret->points[ret->n] = &u->points[ret->n];
      ret->n++;
    } else if (r != -ENOENT && r != -EBADMSG)
      error = r;
  }
  return ret->n ? 0 : error;
}

/* Minutes of a clock that was ahead and has been put back. While it is ahead still, those it makes only become due later. */
static void
drop_future (const struct work *w, struct spool *spool)
{
  const int64_t running = shared_running (w->report.shared);
  int64_t now;
  if (running >= 0 && session_confirmed_now (w->session, &now))
    spool_drop_future (spool, now > running ? now : running);
}

/* What waits but for the minute that goes on. */
static struct spool_view
look (const struct work *w, struct spool *spool)
{
  struct spool_view view;
  spool_look (spool, &view);
  view.points -= view.points && view.newest == shared_running (w->report.shared);
  return view;
}

/* They need not be sent any more, but for those left out; and what was never true goes too. Returns how many wait still. */
static uint64_t
settle (struct work *w, const struct load *load, const bool *unprocessed)
{
  struct spool *spool = shared_spool (w->report.shared);
  if (!spool)
    return 0;
  for (size_t i = 0; i < load->n; i++)
    if (!unprocessed || !unprocessed[i])
      shared_done (w->report.shared, &load->refs[i]);
  drop_future (w, spool);
  const uint64_t left = look (w, spool).points;
  shared_give_back (w->report.shared);
  return left;
}

/* ---- One point ---- */

static bool
same_ref (const struct spool_ref *a, const struct spool_ref *b)
{
  return a->minute == b->minute && a->host == b->host && a->serial == b->serial;
}

static void
refuse (struct work *w, struct upload *u, const struct table *t, const struct load *load)
{
  const struct aws_error *e = &w->answer.error;
  char minute[REPORT_TIME], reason[AWS_TYPE + AWS_MESSAGE + 4];
  report_time (load->refs[0].minute, minute);
  snprintf (reason, sizeof reason, "%s: %s", e->type, e->message);
  struct spool *spool = shared_spool (w->report.shared);
  if (!spool)
    return;
  int r = spool_refuse (spool, &load->refs[0], reason, session_now (w->session) / 1000);
  shared_give_back (w->report.shared);
  report_say (&w->report, KK_LOG_ERROR, r < 0 ? "refused, lost" : "refused",
              "upload: DynamoDB table %s refuses minute %.16s UTC for good: %s; the item %s in " SPOOL_REFUSED_FILE
              " of the spool's directory%s%s",
              t->name, minute, reason, r < 0 ? "cannot be kept" : "is kept", r < 0 ? ": " : "", r < 0 ? strerror (-r) : "");
  u->refused++;
  u->singly -= u->singly > 0;
}

/* A point that is not acceptable: is it the point, or is the table another one than it was? And when several in a row are not,
 * it is not the points: they wait. */
static enum work_result
doubt_point (struct work *w, struct upload *u, struct table *t, const struct load *load)
{
  const struct aws_error *e = &w->answer.error;
  if (!same_ref (&u->suspect, &load->refs[0])) {
    u->suspect = load->refs[0];
    table_doubt (t, false);
    t->described = false;
    return WORK_MORE;
  }
  bool of_keys = !t->described && strcasestr (e->message, "key");
  if (of_keys || u->refused >= MOST_REFUSED) {
    u->suspect = (struct spool_ref){.minute = -1};
    return work_judge (w, "PutItem", t->name);
  }
  refuse (w, u, t, load);
  return WORK_MORE;
}

static enum work_result
put_one (struct work *w, struct upload *u, struct table *t, const struct load *load, int64_t ttl_days)
{
  item_put_body (work_begin (w), t->name, load->points[0], ttl_days);
  enum work_result r = work_ask (w, "PutItem");
  if (r != WORK_DONE)
    return r;
  enum aws_outcome outcome = w->answer.error.outcome;
  if (outcome == AWS_INVALID)
    return doubt_point (w, u, t, load);
  if (outcome == AWS_NO_TABLE) {
    table_doubt (t, true);
    return WORK_RETRY;
  }
  if (outcome != AWS_OK && outcome != AWS_CONDITION)
    return work_judge (w, "PutItem", t->name);
  u->refused = 0;
  u->singly -= u->singly > 0;
  uint64_t left = settle (w, load, NULL);
  report_uploaded (&w->report, t->name, outcome == AWS_OK, outcome == AWS_CONDITION, load->refs[0].minute, left);
  return left ? WORK_MORE : WORK_DONE;
}

/* ---- Many ---- */

static enum work_result
take_batch_answer (struct work *w, const struct table *t, const struct load *load)
{
  bool unprocessed[ITEM_BATCH];
  const struct buf *body = &w->answer.response.body;
  int64_t newest = 0;
  int rest = item_batch_answer (body->data, body->len, t->name, load->points, load->n, unprocessed);
  if (rest < 0)
    return work_judge (w, "BatchWriteItem", t->name);
  if ((size_t) rest == load->n) {
    report_trouble (&w->report, "throttled", "upload to DynamoDB is slowed down: table %s takes no more for now", t->name);
    return WORK_RETRY;
  }
  for (size_t i = load->n; i-- > 0;)
    newest = unprocessed[i] ? newest : load->refs[i].minute;
  uint64_t left = settle (w, load, unprocessed);
  report_uploaded (&w->report, t->name, load->n - (size_t) rest, 0, newest, left);
  return rest ? WORK_PART : left ? WORK_MORE : WORK_DONE;
}

static enum work_result
put_many (struct work *w, struct upload *u, struct table *t, const struct load *load, int64_t ttl_days)
{
  item_batch_body (work_begin (w), t->name, load->points, load->n, ttl_days);
  enum work_result r = work_ask (w, "BatchWriteItem");
  if (r != WORK_DONE)
    return r;
  switch (w->answer.error.outcome) {
  case AWS_OK:
    u->refused = 0;
    return take_batch_answer (w, t, load);
  case AWS_INVALID:
    u->singly = (unsigned) load->n;
    return WORK_MORE;
  case AWS_NO_TABLE:
    table_doubt (t, true);
    return WORK_RETRY;
  case AWS_DENIED:
  case AWS_UNSUPPORTED:
    work_say_denied (w, "BatchWriteItem", t->name, "minutes go up one by one instead");
    u->batch_again_ns = shared_mono_ns () + BATCH_AGAIN_NS;
    return WORK_MORE;
  default:
    return work_judge (w, "BatchWriteItem", t->name);
  }
}

/* ---- None ---- */

static void
report_held (struct work *w, const struct spool_view *view)
{
  struct buf b BUF_CLEANUP = {0};
  int64_t now;
  const bool confirmed = session_confirmed_now (w->session, &now);
  const int64_t wait = view->oldest - SPOOL_FUTURE - true_now (w);
  text_duration (&b, (wait > 0 ? wait : 0) * SECOND_NS);
  const bool one = view->points == 1;
  report_trouble (
    &w->report, "held",
    "upload to DynamoDB waits: by %s clock %" PRIu64 " %s on disk %s of a time still to come, %sin %s: this "
    "machine's clock is or was ahead; set it right (timedatectl set-ntp true), and the minutes from then on go up "
    "at once",
    confirmed ? "DynamoDB's" : "this machine's", view->points, minutes_word (view->points), one ? "is" : "are",
    one ? "" : "the first ", b.error || !b.data ? "a while" : b.data);
}

/* None may go before its time. What is taken for the time may be behind: an answer had a wrong date, or the machine stood
 * still, as one under a hypervisor may, and does not know for how long. The next answer tells it, but while nothing goes up
 * only the registry gets any, if that: that of looking at the table tells it, too. */
static enum work_result
hold (struct work *w, struct upload *u, struct table *t, const struct spool_view *view)
{
  const int64_t now = shared_mono_ns ();
  if (!view->points)
    u->held_ns = 0;
  else if (!u->held_ns)
    u->held_ns = now;
  u->held_back = u->held_ns && now - u->held_ns >= HELD_NS;
  if (!u->held_back)
    return WORK_DONE;
  if (now >= u->look_ns) {
    u->look_ns = now + LOOK_EVERY_NS;
    table_doubt (t, false);
    return WORK_MORE;
  }
  report_held (w, view);
  return WORK_DONE;
}

enum work_result
upload_some (struct work *w, struct upload *u, struct table *t, int64_t ttl_days)
{
  struct load load = {.n = 0};
  int64_t now;
  struct spool *spool = shared_spool (w->report.shared);
  if (!spool)
    return WORK_STOP;
  if (session_confirmed_now (w->session, &now))
    spool_expire (spool, now);
  int r = load_points (spool, u, true_now (w), shared_running (w->report.shared), &load);
  const struct spool_view view = look (w, spool);
  shared_give_back (w->report.shared);
  report_unread (&w->report, &view);
  if (!load.n && !load.waiting)
    return hold (w, u, t, &view);
  u->held_ns = 0;
  u->held_back = false;
  if (!load.n)
    return r < 0 && !load.untried ? WORK_DONE : WORK_MORE;
  return load.n == 1 ? put_one (w, u, t, &load, ttl_days) : put_many (w, u, t, &load, ttl_days);
}
