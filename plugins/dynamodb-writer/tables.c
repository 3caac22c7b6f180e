#include "tables.h"

#define MADE_BY_HAND "make it by hand (`kode-kronical-daemon dynamodb check --print-tables` prints it)"
#define FINISH_AGAIN_NS INT64_C (30000000000) /* less than a round: each one tries it again, but not each request */

void
table_doubt (struct table *t, bool missing)
{
  t->state = TABLE_UNKNOWN;
  t->doubted = true;
  t->missing = missing;
  if (missing)
    t->finished = t->tagged = false;
}

const char *
table_state_name (const struct table *t)
{
  static const char *const names[] = {"not looked at yet", "being made", "there", "missing", "of another kind"};
  return names[t->state];
}

/* Without the one table nothing goes up, without the other this machine is not listed. */
__attribute__ ((format (printf, 3, 4))) static enum work_result
complain (struct work *w, const struct table *t, const char *format, ...)
{
  char text[1600];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  if (t->kind == SCHEMA_SAMPLES)
    report_trouble (&w->report, t->name, "upload to DynamoDB waits: %s", text);
  else
    report_say (&w->report, KK_LOG_ERROR, t->name, "this machine is not listed in DynamoDB's registry: %s", text);
  return WORK_WAIT;
}

/* ---- What a table is to have besides ---- */

/* Whether asking again would get the same answer. */
static bool
is_final (enum aws_outcome outcome)
{
  return outcome == AWS_OK || outcome == AWS_DENIED || outcome == AWS_INVALID || outcome == AWS_UNSUPPORTED;
}

/* Whether that is settled. */
static bool
switch_expiry_on (struct work *w, const struct table *t)
{
  const struct aws_error *e = &w->answer.error;
  schema_ttl_body (work_begin (w), t->name);
  if (work_ask (w, "UpdateTimeToLive") != WORK_DONE)
    return false;
  if (e->outcome == AWS_OK)
    report_say (&w->report, KK_LOG_INFO, "ttl", "items of DynamoDB table %s expire from now on, by their attribute ttl",
                t->name);
  else if (e->outcome == AWS_DENIED)
    work_say_denied (w, "UpdateTimeToLive", t->name,
                     "upload goes on, but whether old items expire is not known: switch the table's TTL on, attribute ttl");
  else if (e->outcome == AWS_INVALID && !strstr (e->message, "already enabled"))
    report_say (&w->report, KK_LOG_WARNING, "ttl", "the expiry of DynamoDB table %s cannot be switched on: %s", t->name,
                e->message);
  else
    report_say (&w->report, KK_LOG_DEBUG, "ttl", "expiry of DynamoDB table %s: %s", t->name, e->message);
  return is_final (e->outcome);
}

/* Likewise. */
static bool
add_tags (struct work *w, const struct table *t)
{
  const struct aws_error *e = &w->answer.error;
  schema_tags_body (work_begin (w), t->arn);
  if (work_ask (w, "TagResource") != WORK_DONE)
    return false;
  if (e->outcome == AWS_GARBLED && !w->answer.response.body.len) /* a success has no body */
    return true;
  if (e->outcome == AWS_DENIED)
    work_say_denied (w, "TagResource", t->name, "upload goes on, and the table has no tags");
  else if (e->outcome != AWS_OK)
    report_say (&w->report, KK_LOG_DEBUG, "tags", "tags of DynamoDB table %s: %s", t->name, e->message);
  return is_final (e->outcome);
}

static void
finish (struct work *w, struct table *t)
{
  const int64_t now = shared_mono_ns ();
  bool tags = t->made && *t->arn && !t->tagged, expiry = t->kind == SCHEMA_SAMPLES && !t->finished;
  if (!t->create || (!tags && !expiry) || now < t->finish_again_ns)
    return;
  if (tags)
    t->tagged = add_tags (w, t);
  if (expiry)
    t->finished = switch_expiry_on (w, t);
  if ((tags && !t->tagged) || (expiry && !t->finished))
    t->finish_again_ns = now + FINISH_AGAIN_NS;
}

/* ---- There or not ---- */

/* Too many tables are being made at this moment, or the account may have no more: only the message tells. */
static enum work_result
complain_of_limit (struct work *w, const struct table *t)
{
  complain (w, t,
            "table %s in region %s cannot be made for now: %s: %s; it is tried again. Where the account has too many tables, "
            "remove some or have its quota raised",
            t->name, session_place (w->session)->region, w->answer.error.type, w->answer.error.message);
  return WORK_RETRY;
}

static enum work_result
create (struct work *w, struct table *t)
{
  const enum aws_outcome *outcome = &w->answer.error.outcome;
  const char *region = session_place (w->session)->region;
  t->state = TABLE_ABSENT;
  t->finished = t->tagged = false; /* what another of this name had is gone with it */
  if (!t->create)
    return complain (w, t, "there is no table %s in region %s, and create_tables is off: " MADE_BY_HAND, t->name, region);
  schema_create_body (work_begin (w), t->kind, t->name);
  enum work_result r = work_ask (w, "CreateTable");
  if (r != WORK_DONE) {
    t->state = TABLE_UNKNOWN;
    return r;
  }
  if (*outcome == AWS_DENIED)
    return complain (w, t,
                     "there is no table %s in region %s, and AccessDenied: User is not authorized to perform: "
                     "dynamodb:CreateTable: " MADE_BY_HAND ". DynamoDB says: %s",
                     t->name, region, w->answer.error.message);
  if (*outcome == AWS_BUSY && !strcmp (w->answer.error.type, "LimitExceededException"))
    return complain_of_limit (w, t);
  if (*outcome != AWS_OK && *outcome != AWS_BUSY)
    return work_judge (w, "CreateTable", t->name);
  if (*outcome == AWS_OK)
    report_say (&w->report, KK_LOG_INFO, t->name, "DynamoDB table %s is being made in region %s", t->name, region);
  t->made |= *outcome == AWS_OK;
  t->missing = false;
  t->state = TABLE_MAKING;
  return WORK_LATER;
}

static enum work_result
report_unfit (struct work *w, struct table *t, const struct schema_description *d)
{
  t->state = TABLE_UNFIT;
  if (d->fits)
    return complain (w, t, "table %s is %s: see to it in the AWS console", t->name, d->status);
  return complain (
    w, t, "table %s has the keys %s, and not %s: give the name of another table, or remove that one, and it is made anew",
    t->name, *d->keys ? d->keys : "that are not known", schema_keys (t->kind));
}

static enum work_result
take_description (struct work *w, struct table *t, const struct schema_description *d)
{
  if (d->state == SCHEMA_MAKING || d->state == SCHEMA_REMOVING) {
    t->state = TABLE_MAKING;
    return WORK_LATER;
  }
  if (!d->fits || d->state == SCHEMA_BLOCKED)
    return report_unfit (w, t, d);
  t->described = true;
  t->missing = false;
  t->state = TABLE_USABLE;
  snprintf (t->arn, sizeof t->arn, "%s", d->arn);
  if (t->made)
    finish (w, t);
  return WORK_DONE;
}

/* It may not be looked at: whether it is there shows when it is written to. */
static enum work_result
assume (struct work *w, struct table *t)
{
  work_say_denied (w, "DescribeTable", t->name, "upload is tried all the same");
  if (t->missing)
    return create (w, t);
  t->state = TABLE_USABLE;
  finish (w, t);
  return WORK_DONE;
}

enum work_result
table_ready (struct work *w, struct table *t)
{
  const struct aws_error *e = &w->answer.error;
  struct schema_description d;
  if (t->state == TABLE_USABLE) {
    finish (w, t);
    return WORK_DONE;
  }
  schema_table_body (work_begin (w), t->name);
  enum work_result r = work_ask (w, "DescribeTable");
  if (r != WORK_DONE)
    return r;
  if (e->outcome == AWS_NO_TABLE)
    return create (w, t);
  if (e->outcome == AWS_DENIED)
    return assume (w, t);
  if (e->outcome != AWS_OK || schema_read (w->answer.response.body.data, w->answer.response.body.len, t->kind, &d) < 0)
    return work_judge (w, "DescribeTable", t->name);
  return take_description (w, t, &d);
}
