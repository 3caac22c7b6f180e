#include "trials.h"

#include "aws-error.h"
#include "text.h"

#include <string.h>
#include <time.h>

/* No host's name has a control character (hostname.h), so nobody's item has this key. */
#define NOBODY "\\u0001kode-kronical-check"

static void
begin (struct buf *b, const char *table)
{
  buf_adds (b, "{\"TableName\":");
  text_json_string (b, table, strlen (table));
  buf_addc (b, ',');
}

static void
add_nobody (struct buf *b, enum schema_kind kind)
{
  buf_adds (b, kind == SCHEMA_SAMPLES ? "{\"hostname_hour\":{\"S\":\"" NOBODY "\"},\"minute_timestamp\":{\"N\":\"0\"}}"
                                      : "{\"hostname\":{\"S\":\"" NOBODY "\"}}");
}

static void
create_body (struct buf *b, enum schema_kind kind, const char *table, const char *host, int64_t now)
{
  (void) host;
  (void) now;
  schema_create_body (b, kind, table);
}

static void
describe_body (struct buf *b, enum schema_kind kind, const char *table, const char *host, int64_t now)
{
  (void) kind;
  (void) host;
  (void) now;
  schema_table_body (b, table);
}

static void
get_body (struct buf *b, enum schema_kind kind, const char *table, const char *host, int64_t now)
{
  (void) host;
  (void) now;
  begin (b, table);
  buf_adds (b, "\"Key\":");
  add_nobody (b, kind);
  buf_addc (b, '}');
}

/* Only in the place of an item that is there, and there is none. */
static void
add_impossible (struct buf *b, enum schema_kind kind)
{
  buf_printf (b, ",\"ConditionExpression\":\"attribute_exists(#k)\",\"ExpressionAttributeNames\":{\"#k\":\"%s\"}",
              kind == SCHEMA_SAMPLES ? "hostname_hour" : "hostname");
}

static void
put_body (struct buf *b, enum schema_kind kind, const char *table, const char *host, int64_t now)
{
  (void) host;
  (void) now;
  begin (b, table);
  buf_adds (b, "\"Item\":");
  add_nobody (b, kind);
  add_impossible (b, kind);
  buf_addc (b, '}');
}

static void
update_body (struct buf *b, enum schema_kind kind, const char *table, const char *host, int64_t now)
{
  (void) host;
  (void) now;
  begin (b, table);
  buf_adds (b, "\"Key\":");
  add_nobody (b, kind);
  buf_adds (b, ",\"UpdateExpression\":\"SET checked = :n\",\"ExpressionAttributeValues\":{\":n\":{\"N\":\"0\"}}");
  add_impossible (b, kind);
  buf_addc (b, '}');
}

/* BatchWriteItem takes no condition: it removes what nobody has. */
static void
batch_body (struct buf *b, enum schema_kind kind, const char *table, const char *host, int64_t now)
{
  (void) host;
  (void) now;
  buf_adds (b, "{\"RequestItems\":{");
  text_json_string (b, table, strlen (table));
  buf_adds (b, ":[{\"DeleteRequest\":{\"Key\":");
  add_nobody (b, kind);
  buf_adds (b, "}}]}}");
}

static void
scan_body (struct buf *b, enum schema_kind kind, const char *table, const char *host, int64_t now)
{
  (void) kind;
  (void) host;
  (void) now;
  begin (b, table);
  buf_adds (b, "\"Limit\":1}");
}

static void
query_body (struct buf *b, enum schema_kind kind, const char *table, const char *host, int64_t now)
{
  char hour[20] = "";
  time_t t = (time_t) now;
  struct tm tm = {0};
  struct buf key BUF_CLEANUP = {0};
  gmtime_r (&t, &tm);
  strftime (hour, sizeof hour, "#%Y-%m-%d-%H", &tm);
  buf_printf (&key, "%s%s", host, kind == SCHEMA_SAMPLES ? hour : "");
  begin (b, table);
  buf_printf (b,
              "\"KeyConditionExpression\":\"%s = :k\",\"Limit\":%d,\"ScanIndexForward\":false,"
              "\"ExpressionAttributeValues\":{\":k\":{\"S\":",
              kind == SCHEMA_SAMPLES ? "hostname_hour" : "hostname", kind == SCHEMA_SAMPLES ? 10 : 1);
  text_json_string (b, key.data ? key.data : "", key.len);
  buf_adds (b, "}}}");
  b->error = b->error ? b->error : key.error;
}

#define VIEWER       "the daemon does not need it, the web viewer may"
#define NOBODY_NEEDS "the daemon does not need it there"
/* UpdateItem comes before what it spares. */
const struct trial trials[] = {
  {"DescribeTable", {NULL, NULL}, .body = describe_body},
  {"CreateTable",
   {"the table is there already", "the table is there already"},
   .table_must_be_there = true,
   .body = create_body},
  {"UpdateItem", {"", "the daemon does without, by GetItem and PutItem"}, .extra = true, .body = update_body},
  {"PutItem", {NULL, NULL}, .spared = true, .body = put_body},
  {"BatchWriteItem", {"after an outage minutes go up one by one", NOBODY_NEEDS}, .body = batch_body},
  {"GetItem", {NOBODY_NEEDS, NULL}, .spared = true, .body = get_body},
  {"Scan", {VIEWER, VIEWER}, .body = scan_body},
  {"Query", {VIEWER, VIEWER}, .body = query_body},
};
const size_t n_trials = sizeof trials / sizeof *trials;

bool
trial_is_allowed (const struct trial *t, const struct aws_error *e)
{
  if (t->body == create_body)
    return strcmp (e->type, "ResourceInUseException") == 0;
  if (t->body == put_body || t->body == update_body)
    return e->outcome == AWS_CONDITION;
  return e->outcome == AWS_OK;
}
