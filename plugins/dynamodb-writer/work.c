#include "work.h"

#include "text.h"

#include <errno.h>

#define POLICY "`kode-kronical-daemon dynamodb check --print-policy` prints what to grant"

struct buf *
work_begin (struct work *w)
{
  buf_clear (&w->body);
  return &w->body;
}

void
work_free (struct work *w)
{
  buf_free (&w->body);
  session_answer_free (&w->answer);
}

/* ---- No answer ---- */

static enum work_result
report_no_network (struct work *w, int r, const struct session_fault *fault)
{
  const struct session_place *place = session_place (w->session);
  if (r == -ECONNREFUSED)
    report_trouble (&w->report, "connect",
                    "upload to DynamoDB waits: %s; check the network, the name service, the proxy (HTTPS_PROXY, NO_PROXY) and "
                    "whether there is a region %s (%s). Minutes wait on disk",
                    fault->text, place->region, place->region_from);
  else if (r == -EKEYREJECTED)
    report_trouble (&w->report, "tls",
                    "upload to DynamoDB waits: %s; where a proxy or server of your own has the certificate, give its CA by the "
                    "option ca_file. Minutes wait on disk",
                    fault->text);
  else
    report_trouble (&w->report, r == -ETIMEDOUT ? "timeout" : "broken",
                    "upload to DynamoDB waits: %s; it is tried again. Minutes wait on disk", fault->text);
  return WORK_RETRY;
}

static enum work_result
report_nothing (struct work *w, int r, const struct session_fault *fault)
{
  if (r == -ECANCELED)
    return WORK_STOP;
  if (fault->step == SESSION_NETWORK)
    return report_no_network (w, r, fault);
  static const char *const topics[] = {"region", "endpoint", "credentials"};
  report_trouble (&w->report, topics[fault->step], "upload to DynamoDB waits: %s. Minutes wait on disk", fault->text);
  return WORK_WAIT;
}

enum work_result
work_find (struct work *w)
{
  struct session_fault fault = {.text = ""};
  int r = session_find (w->session, &fault);
  return r < 0 ? report_nothing (w, r, &fault) : WORK_DONE;
}

enum work_result
work_ask (struct work *w, const char *operation)
{
  w->asked_ns = 0;
  if (w->body.error) {
    report_say (&w->report, KK_LOG_ERROR, "memory", "upload to DynamoDB waits: no memory for a request");
    return WORK_RETRY;
  }
  int r = session_call (w->session, operation, w->body.data, w->body.len, &w->answer);
  w->asked_ns = w->answer.response.retry_ns;
  return r < 0 ? report_nothing (w, r, &w->answer.fault) : WORK_DONE;
}

/* ---- Answers ---- */

void
work_say_denied (struct work *w, const char *operation, const char *table, const char *instead)
{
  char topic[160];
  snprintf (topic, sizeof topic, "denied %.30s %.100s", operation, table);
  report_say (&w->report, KK_LOG_WARNING, topic,
              "AccessDenied: User is not authorized to perform: dynamodb:%s on table %s: %s. To grant it: " POLICY
              ". DynamoDB says: %s",
              operation, table, instead, w->answer.error.message);
}

static enum work_result
report_denied (struct work *w, const char *operation, const char *table)
{
  char topic[160];
  snprintf (topic, sizeof topic, "denied %.30s %.100s", operation, table);
  report_trouble (&w->report, topic,
                  "upload to DynamoDB waits: AccessDenied: User is not authorized to perform: dynamodb:%s on table %s; " POLICY
                  ". Credentials: %s. DynamoDB says: %s",
                  operation, table, session_place (w->session)->credentials_from, w->answer.error.message);
  return WORK_WAIT;
}

static enum work_result
report_credentials (struct work *w)
{
  const struct aws_error *e = &w->answer.error;
  report_trouble (&w->report, "credentials",
                  "upload to DynamoDB waits: %s: %s. The credentials (%s) are %s; they are looked for again each minute",
                  e->type, e->message, session_place (w->session)->credentials_from,
                  e->outcome == AWS_EXPIRED ? "expired: get new ones, or use a role, which renews them"
                                            : "not right or not valid any more: give others");
  return WORK_WAIT;
}

static enum work_result
report_skewed (struct work *w)
{
  struct buf b BUF_CLEANUP = {0};
  int64_t offset = 0;
  if (session_clock_offset (w->session, &offset))
    text_duration (&b, offset < 0 ? -offset : offset);
  report_trouble (&w->report, "clock",
                  "upload to DynamoDB waits: %s: this machine's clock is %s%s the server's: set it right (timedatectl set-ntp "
                  "true)",
                  w->answer.error.type, b.error || !b.data ? "" : b.data,
                  b.error || !b.data ? "not"
                  : offset < 0       ? " ahead of"
                                     : " behind");
  return WORK_WAIT;
}

static enum work_result
report_foreign (struct work *w)
{
  const struct session_place *place = session_place (w->session);
  report_trouble (&w->report, "foreign",
                  "upload to DynamoDB waits: what answers at %s (status %d) does not speak as DynamoDB does: is a proxy or a "
                  "login page in the way, or the endpoint (%s) wrong?",
                  place->endpoint.url, w->answer.error.status, place->endpoint.from);
  return WORK_RETRY;
}

enum work_result
work_judge (struct work *w, const char *operation, const char *table)
{
  const struct aws_error *e = &w->answer.error;
  switch (e->outcome) {
  case AWS_EXPIRED:
  case AWS_CREDENTIALS:
    return report_credentials (w);
  case AWS_SKEWED:
    return report_skewed (w);
  case AWS_DENIED:
    return report_denied (w, operation, table);
  case AWS_GARBLED:
  case AWS_FOREIGN:
    return report_foreign (w);
  case AWS_UNSUPPORTED:
  case AWS_INVALID:
  case AWS_NO_TABLE:
    report_trouble (&w->report, operation, "upload to DynamoDB waits: %s of table %s is refused: %s: %s", operation, table,
                    e->type, e->message);
    return WORK_WAIT;
  case AWS_THROTTLED:
    report_trouble (&w->report, "throttled", "upload to DynamoDB is slowed down: %s of table %s: %s: %s; it is tried again",
                    operation, table, e->type, e->message);
    return WORK_RETRY;
  case AWS_OK: /* with a body that is not that of an answer to this */
    return report_foreign (w);
  default:
    report_trouble (&w->report, "service", "upload to DynamoDB waits: %s of table %s: status %d, %s: %s; it is tried again",
                    operation, table, e->status, e->type, e->message);
    return WORK_RETRY;
  }
}
