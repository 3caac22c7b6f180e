#include "item.h"

#include "json-limits.h"
#include "text.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static const int64_t SECOND_US = 1000000, DAY = 86400;

/* ---- Values ---- */

static struct tm
utc (int64_t second)
{
  time_t t = (time_t) second;
  struct tm tm = {0};
  gmtime_r (&t, &tm);
  return tm;
}

void
item_time (struct buf *b, int64_t us)
{
  struct tm tm = utc (us / SECOND_US);
  buf_printf (b, "%04d-%02d-%02dT%02d:%02d:%02d.%06d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
              tm.tm_sec, (int) (us % SECOND_US));
}

void
item_scaled (struct buf *b, int64_t value, uint32_t decimals)
{
  int64_t power = 1;
  for (uint32_t i = 0; i < decimals; i++)
    power *= 10;
  text_i64 (b, value / power);
  int64_t fraction = value % power;
  if (decimals)
    buf_printf (b, ".%0*lld", (int) decimals, (long long) (fraction < 0 ? -fraction : fraction));
}

void
item_seconds (struct buf *b, int64_t us)
{
  item_scaled (b, us, 6);
}

/* ---- The item ---- */

static void
add_name (struct buf *b, const char *name)
{
  if (b->len && b->data[b->len - 1] != '{')
    buf_addc (b, ',');
  text_json_string (b, name, strlen (name));
  buf_addc (b, ':');
}

static void
add_string (struct buf *b, const char *name, const char *text, size_t length)
{
  add_name (b, name);
  buf_adds (b, "{\"S\":");
  text_json_string (b, text, length);
  buf_addc (b, '}');
}

static void
add_number (struct buf *b, const char *name, int64_t value, uint32_t decimals)
{
  add_name (b, name);
  buf_adds (b, "{\"N\":\"");
  item_scaled (b, value, decimals);
  buf_adds (b, "\"}");
}

/* hostname_hour and created_at. */
static void
make_texts (const struct point *p, struct buf *hour, struct buf *created)
{
  struct tm tm = utc (p->minute);
  buf_adds (hour, p->host);
  buf_printf (hour, "#%04d-%02d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour);
  item_time (created, p->created_us);
}

/* A number takes a byte for each two digits and one more; a sign or a digit that stands alone may take another. */
static size_t
number_bytes (int64_t value)
{
  size_t digits = 1;
  while (value /= 10)
    digits++;
  return digits / 2 + 3;
}

static size_t
required_bytes (const struct point *p)
{
  size_t n = strlen ("hostname_hour") + strlen ("hostname") + strlen ("minute_timestamp") + strlen ("timestamp")
             + strlen ("collected_at") + strlen ("created_at") + strlen ("ttl") + strlen ("samples");
  n += 2 * strlen (p->host) + strlen ("#2026-01-01-00") + strlen ("2026-01-01T00:00:59.123456");
  n += 2 * number_bytes (p->minute) + number_bytes (p->collected_us) + number_bytes (p->minute) + number_bytes (p->samples);
  for (unsigned i = 0; i < POINT_REQUIRED; i++)
    n += strlen (point_rules[i].name) + number_bytes (p->values[i]);
  return n;
}

/* The attributes that fit, as bits. */
static uint64_t
choose (const struct point *p, size_t *ret_bytes)
{
  uint64_t chosen = (UINT64_C (1) << POINT_REQUIRED) - 1;
  size_t bytes = required_bytes (p);
  for (unsigned i = POINT_REQUIRED; i < POINT_ATTRIBUTES; i++) {
    if (!(p->there >> i & 1))
      continue;
    size_t more = strlen (point_rules[i].name) + number_bytes (p->values[i]);
    if (bytes + more > ITEM_BYTES)
      break;
    bytes += more;
    chosen |= UINT64_C (1) << i;
  }
  *ret_bytes = bytes;
  return chosen;
}

size_t
item_bytes (const struct point *p)
{
  size_t bytes;
  choose (p, &bytes);
  return bytes;
}

void
item_json (struct buf *b, const struct point *p, int64_t ttl_days)
{
  struct buf hour BUF_CLEANUP = {0}, created BUF_CLEANUP = {0};
  size_t bytes;
  const uint64_t chosen = choose (p, &bytes);
  make_texts (p, &hour, &created);
  if (hour.error || created.error) {
    b->error = -ENOMEM;
    return;
  }
  buf_addc (b, '{');
  add_string (b, "hostname_hour", hour.data, hour.len);
  add_number (b, "minute_timestamp", p->minute, 0);
  add_string (b, "hostname", p->host, strlen (p->host));
  add_number (b, "timestamp", p->minute, 0);
  add_number (b, "collected_at", p->collected_us, 6);
  add_string (b, "created_at", created.data, created.len);
  add_number (b, "ttl", p->collected_us / SECOND_US + ttl_days * DAY, 0);
  add_number (b, "samples", p->samples, 0);
  for (unsigned i = 0; i < POINT_ATTRIBUTES; i++)
    if (chosen >> i & 1)
      add_number (b, point_rules[i].name, p->values[i], point_rules[i].decimals);
  buf_addc (b, '}');
}

/* ---- Requests ---- */

void
item_put_body (struct buf *b, const char *table, const struct point *p, int64_t ttl_days)
{
  buf_adds (b, "{\"TableName\":");
  text_json_string (b, table, strlen (table));
  buf_adds (b, ",\"Item\":");
  item_json (b, p, ttl_days);
  buf_printf (b,
              ",\"ConditionExpression\":\"attribute_not_exists(#k) OR #n < :n\","
              "\"ExpressionAttributeNames\":{\"#k\":\"hostname_hour\",\"#n\":\"samples\"},"
              "\"ExpressionAttributeValues\":{\":n\":{\"N\":\"%u\"}}}",
              p->samples);
}

void
item_batch_body (struct buf *b, const char *table, const struct point *const *points, size_t n, int64_t ttl_days)
{
  buf_adds (b, "{\"RequestItems\":{");
  text_json_string (b, table, strlen (table));
  buf_adds (b, ":[");
  for (size_t i = 0; i < n; i++) {
    buf_adds (b, i ? ",{\"PutRequest\":{\"Item\":" : "{\"PutRequest\":{\"Item\":");
    item_json (b, points[i], ttl_days);
    buf_adds (b, "}}");
  }
  buf_adds (b, "]}}");
}

static const char *
get_text (json_object *item, const char *name, const char *type)
{
  json_object *typed = json_get (item, name, json_type_object), *value = json_get (typed, type, json_type_string);
  return value ? json_object_get_string (value) : NULL;
}

/* Which of the points an item that came back is; -1: none. */
static int
find_item (json_object *item, const struct point *const *points, size_t n)
{
  const char *hour = get_text (item, "hostname_hour", "S"), *minute = get_text (item, "minute_timestamp", "N");
  for (size_t i = 0; hour && minute && i < n; i++) {
    struct buf own_hour BUF_CLEANUP = {0}, created BUF_CLEANUP = {0}, own_minute BUF_CLEANUP = {0};
    make_texts (points[i], &own_hour, &created);
    text_i64 (&own_minute, points[i]->minute);
    if (!own_hour.error && !own_minute.error && !strcmp (own_hour.data, hour) && !strcmp (own_minute.data, minute))
      return (int) i;
  }
  return -1;
}

static int
take_unprocessed (json_object *list, const struct point *const *points, size_t n, bool *unprocessed)
{
  int count = 0;
  for (size_t i = 0, length = json_object_array_length (list); i < length; i++) {
    json_object *put = json_get (json_object_array_get_idx (list, i), "PutRequest", json_type_object);
    int which = find_item (json_get (put, "Item", json_type_object), points, n);
    if (which < 0 || unprocessed[which])
      return -EBADMSG;
    unprocessed[which] = true;
    count++;
  }
  return count;
}

int
item_batch_answer (const char *body, size_t length, const char *table, const struct point *const *points, size_t n,
                   bool *unprocessed)
{
  JSON_CLEANUP json_object *answer = json_read (body, length);
  memset (unprocessed, 0, n * sizeof *unprocessed);
  json_object *rest = json_get (answer, "UnprocessedItems", json_type_object);
  if (!rest)
    return -EBADMSG;
  if (json_object_object_length (rest) == 0)
    return 0;
  json_object *list = json_get (rest, table, json_type_array);
  if (!list || json_object_object_length (rest) != 1)
    return -EBADMSG;
  return take_unprocessed (list, points, n, unprocessed);
}

void
item_refused_line (struct buf *b, const struct point *p, const char *reason, int64_t now_us)
{
  buf_adds (b, "{\"refused_at\":\"");
  item_time (b, now_us > 0 ? now_us : 0);
  buf_adds (b, "\",\"reason\":");
  text_json_string (b, reason, strlen (reason));
  buf_adds (b, ",\"item\":");
  item_json (b, p, ITEM_TTL_DAYS);
  buf_adds (b, "}\n");
}
