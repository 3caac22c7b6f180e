#include "report.h"

#include "text.h"

#include <inttypes.h>
#include <time.h>

static const int64_t SECOND_NS = 1000000000;
#define SAY_EVERY_NS  INT64_C (3600000000000)
#define SAY_AGAIN_NS  INT64_C (600000000000) /* once it had worked in between */
#define LINE_EVERY_NS INT64_C (10000000000)
enum { LONGEST_LINE = 900, SHORT_LINE = 160 };

void
report_init (struct report *r, struct shared *shared)
{
  *r = (struct report){.shared = shared};
}

void
report_time (int64_t second, char ret[REPORT_TIME])
{
  const time_t t = (time_t) second;
  struct tm tm = {0};
  gmtime_r (&t, &tm);
  if (!strftime (ret, REPORT_TIME, "%Y-%m-%d %H:%M:%S UTC", &tm))
    *ret = 0;
}

/* ---- Sentences ---- */

/* The topic's place; for a new one a free place, or that of the one whose time is over first. */
static struct report_topic *
find_topic (struct report *r, const char *topic)
{
  const uint64_t hash = hostname_hash (topic);
  struct report_topic *oldest = &r->topics[0];
  for (int i = 0; i < REPORT_TOPICS; i++) {
    if (r->topics[i].hash == hash)
      return &r->topics[i];
    if (r->topics[i].next_ns < oldest->next_ns)
      oldest = &r->topics[i];
  }
  *oldest = (struct report_topic){.hash = hash};
  return oldest;
}

/* A line of the log has an end: a longer sentence goes on in the next one. */
static void
log_long (struct shared *shared, enum kk_level level, const char *text)
{
  while (strlen (text) > LONGEST_LINE) {
    size_t n = LONGEST_LINE;
    while (n > LONGEST_LINE / 2 && text[n] != ' ')
      n--;
    shared_log (shared, level, "%.*s …", (int) n, text);
    text += n + (text[n] == ' ');
  }
  shared_log (shared, level, "%s", text);
}

/* Whether it was. */
static bool
say (struct report *r, enum kk_level level, const char *topic, const char *text)
{
  const int64_t now = shared_mono_ns ();
  struct report_topic *t = find_topic (r, topic);
  if (t->next_ns && now < t->next_ns) {
    t->unsaid++;
    shared_log (r->shared, KK_LOG_DEBUG, "%s", text);
    return false;
  }
  log_long (r->shared, level, text);
  if (t->unsaid)
    shared_log (r->shared, level, "that came %" PRIu64 " time%s more since it was said", t->unsaid, t->unsaid == 1 ? "" : "s");
  t->next_ns = now + SAY_EVERY_NS;
  t->unsaid = 0;
  return true;
}

void
report_say (struct report *r, enum kk_level level, const char *topic, const char *format, ...)
{
  char text[2048];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  say (r, level, topic, text);
}

void
report_trouble (struct report *r, const char *topic, const char *format, ...)
{
  char text[2048], when[REPORT_TIME];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  r->said |= say (r, KK_LOG_ERROR, topic, text);
  report_time (time (NULL), when);
  if (!r->since_ns)
    r->since_ns = shared_mono_ns ();
  const size_t n = shared_shortened (text, SHORT_LINE);
  shared_trouble (r->shared, SHARED_NETWORK, "%s", text);
  shared_status (r->shared, "last error", "%s: %.*s%s", when, (int) n, text, text[n] ? " … (the log has all of it)" : "");
}

/* Once it is known of each: nothing is said while others of a file are still to be tried. */
void
report_unread (struct report *r, const struct spool_view *view)
{
  const uint64_t n = view->unread;
  if (!view->open || view->doubted || n == r->unread)
    return;
  if (!n) {
    if (!view->unreadable)
      shared_log (r->shared, KK_LOG_INFO, "minutes for DynamoDB on disk that could not be read %s",
                  view->read_again > r->read_again ? "can be read again" : "are gone");
    shared_trouble (r->shared, SHARED_MINUTES, "%s", "");
    r->unread = 0;
    return;
  }
  if (!r->unread)
    r->read_again = view->read_again;
  const char *what = minutes_word (n), *why = strerror (-view->unread_error);
  if (n > r->unread)
    report_say (r, KK_LOG_ERROR, "unread",
                "%" PRIu64 " %s for DynamoDB on disk cannot be read: %s; the others go up, and %s tried again", n, what, why,
                n == 1 ? "this one is" : "these are");
  shared_trouble (r->shared, SHARED_MINUTES, "%" PRIu64 " %s for DynamoDB on disk cannot be read: %s; the others go up", n,
                  what, why);
  r->unread = n;
}

/* ---- What works ---- */

void
report_works (struct report *r)
{
  const int64_t now = shared_mono_ns ();
  struct buf b BUF_CLEANUP = {0};
  if (!r->since_ns)
    return;
  text_duration (&b, (now - r->since_ns) / SECOND_NS * SECOND_NS);
  shared_log (r->shared, r->said ? KK_LOG_INFO : KK_LOG_DEBUG, "upload to DynamoDB works again, after %s",
              b.error || !b.data ? "a while" : b.data);
  shared_trouble (r->shared, SHARED_NETWORK, "%s", "");
  r->since_ns = 0;
  r->said = false;
  for (int i = 0; i < REPORT_TOPICS; i++)
    if (r->topics[i].next_ns > now + SAY_AGAIN_NS)
      r->topics[i].next_ns = now + SAY_AGAIN_NS;
}

static void
write_line (struct report *r, const char *table, uint64_t left)
{
  char newest[REPORT_TIME];
  struct buf b BUF_CLEANUP = {0};
  report_time (r->newest, newest);
  if (r->written + r->present == 1)
    buf_printf (&b, "upload: minute %.16s UTC %s DynamoDB table %s", newest,
                r->present ? "was there already, as full, in" : "written to", table);
  else {
    buf_printf (&b, "upload: %" PRIu64 " %s written to DynamoDB table %s, the newest %.16s UTC", r->written,
                minutes_word (r->written), table, newest);
    if (r->present)
      buf_printf (&b, "; %" PRIu64 " %s there already, as full", r->present, r->present == 1 ? "was" : "were");
  }
  if (left)
    buf_printf (&b, "; %" PRIu64 " wait%s", left, left == 1 ? "s" : "");
  if (!b.error)
    shared_log (r->shared, KK_LOG_INFO, "%s", b.data);
  r->written = r->present = 0;
  r->newest = 0;
}

void
report_uploaded (struct report *r, const char *table, uint64_t written, uint64_t present, int64_t newest, uint64_t left)
{
  const int64_t now = shared_mono_ns ();
  char when[REPORT_TIME], minute[REPORT_TIME];
  report_works (r);
  r->written += written;
  r->present += present;
  r->uploaded += written;
  r->newest = newest > r->newest ? newest : r->newest;
  report_time (time (NULL), when);
  report_time (newest, minute);
  shared_status (r->shared, "last upload", "%s, minute %.16s", when, minute);
  shared_status (r->shared, "uploaded", "%" PRIu64 " %s", r->uploaded, minutes_word (r->uploaded));
  if (left && r->line_ns && now - r->line_ns < LINE_EVERY_NS)
    return;
  write_line (r, table, left);
  r->line_ns = now;
}

/* ---- Status ---- */

void
report_place (struct report *r, const struct session_place *place)
{
  shared_status (r->shared, "endpoint", "%.180s (%.60s)", place->endpoint.url, place->endpoint.from);
  shared_status (r->shared, "region", "%s (%.150s)", place->region, place->region_from);
  shared_status (r->shared, "credentials", "%.240s", place->credentials_from);
}

void
report_next (struct report *r, int64_t wall_ns, int64_t wait_ns)
{
  char when[REPORT_TIME];
  report_time ((wall_ns + wait_ns) / SECOND_NS, when);
  shared_status (r->shared, "next try", "%s", when);
}
