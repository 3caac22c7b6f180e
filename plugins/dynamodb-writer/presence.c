#include "presence.h"

#include "registry.h"

#include <errno.h>

enum { TRIES = 3 };
#define UPDATE_AGAIN_NS INT64_C (3600000000000)

#if defined __APPLE__
#define PLATFORM "Darwin"
#elif defined _WIN32
#define PLATFORM "Windows"
#else
#define PLATFORM "Linux"
#endif

void
presence_free (struct presence *p)
{
  buf_free (&p->row);
}

/* What an answer means that is neither success nor a condition. Only what concerns the whole way stops it all: a row that
 * cannot be written keeps no minute from going up. */
static enum work_result
judge (struct work *w, const char *operation, const char *table, bool *ret_missing)
{
  const struct aws_error *e = &w->answer.error;
  switch (e->outcome) {
  case AWS_NO_TABLE:
    *ret_missing = true;
    return WORK_DONE;
  case AWS_DENIED:
    work_say_denied (w, operation, table, "this machine is not, or no longer, listed as online");
    return WORK_DONE;
  case AWS_INVALID:
  case AWS_UNSUPPORTED:
    report_say (&w->report, KK_LOG_WARNING, "registry", "this machine's row in DynamoDB table %s cannot be written: %s: %s",
                table, e->type, e->message);
    return WORK_DONE;
  default:
    return work_judge (w, operation, table);
  }
}

static void
note_written (struct presence *p, const struct registry_row *row)
{
  p->told = true;
  snprintf (p->online, sizeof p->online, "%s", row->online ? row->host : "");
}

/* Users are told to grant the rights that do without: that is no trouble to come back to. */
static void
say_update (struct work *w, struct presence *p, const char *table, bool works)
{
  if (works && p->said)
    shared_log (w->report.shared, KK_LOG_INFO, "the row of this machine in DynamoDB table %s is written by UpdateItem again",
                table);
  else if (!works && !p->said)
    work_say_denied (w, "UpdateItem", table, "the row of this machine is written by GetItem and PutItem instead");
  p->said = !works;
}

static enum work_result
update (struct work *w, struct presence *p, const char *table, const struct registry_row *row, bool *ret_missing)
{
  const enum aws_outcome *outcome = &w->answer.error.outcome;
  registry_update_body (work_begin (w), table, row);
  enum work_result r = work_ask (w, "UpdateItem");
  if (r != WORK_DONE)
    return r;
  if (*outcome == AWS_DENIED || *outcome == AWS_UNSUPPORTED) {
    say_update (w, p, table, false);
    p->by_put = true;
    p->update_again_ns = shared_mono_ns () + UPDATE_AGAIN_NS;
    return WORK_MORE;
  }
  if (*outcome != AWS_OK && *outcome != AWS_CONDITION) /* going offline where there is no row */
    return judge (w, "UpdateItem", table, ret_missing);
  say_update (w, p, table, true);
  note_written (p, row);
  return WORK_DONE;
}

/* ---- Without UpdateItem ---- */

/* WORK_MORE: the row is known. */
static enum work_result
get (struct work *w, struct presence *p, const char *table, const struct registry_row *row, bool *ret_missing)
{
  registry_get_body (work_begin (w), table, row->host);
  enum work_result r = work_ask (w, "GetItem");
  if (r != WORK_DONE)
    return r;
  if (w->answer.error.outcome != AWS_OK)
    return judge (w, "GetItem", table, ret_missing);
  buf_clear (&p->row);
  buf_add (&p->row, w->answer.response.body.data, w->answer.response.body.len);
  snprintf (p->host, sizeof p->host, "%s", row->host);
  return p->row.error ? WORK_DONE : WORK_MORE;
}

/* WORK_MORE: the row is another one by now. */
static enum work_result
put (struct work *w, struct presence *p, const char *table, const struct registry_row *row, bool *ret_missing)
{
  const enum aws_outcome *outcome = &w->answer.error.outcome;
  bool there = strstr (p->row.data, "\"Item\"") != NULL;
  int made = registry_put_body (work_begin (w), table, row, p->row.data, p->row.len);
  if (made == -ENOENT)
    return WORK_DONE;
  if (made < 0) {
    buf_clear (&p->row);
    return work_judge (w, "GetItem", table);
  }
  enum work_result r = work_ask (w, "PutItem");
  if (r == WORK_DONE && *outcome == AWS_OK) {
    note_written (p, row);
    if (!there)
      buf_clear (&p->row); /* it was made just now */
    return WORK_DONE;
  }
  buf_clear (&p->row); /* what was read is not what is there, or is not known to be */
  if (r != WORK_DONE)
    return r;
  return *outcome == AWS_CONDITION ? WORK_MORE : judge (w, "PutItem", table, ret_missing);
}

/* From what was read once, which saves a request each minute: others may have changed `active` or removed the row, and then the
 * condition does not hold and it is read again. What else they add to the row within the hour is lost. */
static enum work_result
get_and_put (struct work *w, struct presence *p, const char *table, const struct registry_row *row, bool *ret_missing)
{
  enum work_result r = WORK_MORE;
  if (!row->online || strcmp (p->host, row->host) != 0) /* going offline keeps last_seen as it is now */
    buf_clear (&p->row);
  for (int i = 0; i < TRIES && r == WORK_MORE; i++) {
    if (!p->row.len)
      r = get (w, p, table, row, ret_missing);
    if (r == WORK_MORE)
      r = put (w, p, table, row, ret_missing);
  }
  return r == WORK_MORE ? WORK_DONE : r;
}

static enum work_result
write_row (struct work *w, struct presence *p, const char *table, const struct registry_row *row, bool *ret_missing)
{
  if (p->by_put && row->online && shared_mono_ns () >= p->update_again_ns) {
    p->by_put = false;
    buf_clear (&p->row);
  }
  if (!p->by_put) {
    enum work_result r = update (w, p, table, row, ret_missing);
    if (r != WORK_MORE)
      return r;
  }
  return get_and_put (w, p, table, row, ret_missing);
}

enum work_result
presence_write (struct work *w, struct presence *p, const char *table, const struct shared_latest *latest, bool online,
                bool *ret_missing)
{
  char host[HOSTNAME_SIZE], before[HOSTNAME_SIZE];
  struct registry_row row = {.host = before,
                             .platform = PLATFORM,
                             .now_us = session_now (w->session) / 1000,
                             .cpu_percent = latest->cpu_percent,
                             .memory_percent = latest->memory_percent};
  hostname_get (host);
  snprintf (before, sizeof before, "%s", *p->online ? p->online : host);
  *ret_missing = false;
  if (!online || strcmp (before, host) != 0) {
    enum work_result r = write_row (w, p, table, &row, ret_missing);
    if (r != WORK_DONE)
      return r;
    *p->online = 0;
  }
  if (!online || *ret_missing)
    return WORK_DONE;
  row.host = host;
  row.online = true;
  enum work_result r = write_row (w, p, table, &row, ret_missing);
  p->told |= r == WORK_STOP;
  return r;
}
