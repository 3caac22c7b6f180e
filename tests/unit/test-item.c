/* A point as the item that the viewer reads, and batches of them. */
#include "dynamodb-writer/item.h"
#include "dynamodb-writer/json-limits.h"
#include "minutes.h"

static const char *
attribute (json_object *item, const char *name, const char *type)
{
  json_object *typed = json_get (item, name, json_type_object);
  ck_assert_msg (typed != NULL, "no %s", name);
  ck_assert_int_eq (json_object_object_length (typed), 1);
  json_object *value = json_get (typed, type, json_type_string);
  ck_assert_msg (value != NULL, "%s is not of type %s", name, type);
  return json_object_get_string (value);
}

static json_object *
read_json (const struct buf *b)
{
  ck_assert_int_eq (b->error, 0);
  json_object *o = json_read (b->data, b->len);
  ck_assert_msg (o != NULL, "no JSON: %s", b->data);
  return o;
}

START_TEST (the_item_is_as_contracted)
{
  struct buf b = {0};
  struct point p = make_point ("web-1.example.com", T0 + 45296 / 60 * 60, 60); /* 12:34 */
  p.values[POINT_CPU_PERCENT] = 31;
  p.values[POINT_MEMORY_PERCENT] = 1000;
  p.values[POINT_MEMORY_AVAILABLE_MB] = 9421;
  p.values[POINT_MEMORY_USED_MB] = 0;
  p.values[POINT_LOAD_AVG_1M] = 7;
  p.collected_us = p.minute * 1000000 + 59004000;
  p.created_us = p.minute * 1000000 + 61000001;
  item_json (&b, &p, 30);
  json_object *item = read_json (&b);
  ck_assert_str_eq (attribute (item, "hostname_hour", "S"), "web-1.example.com#2026-01-01-12");
  ck_assert_str_eq (attribute (item, "minute_timestamp", "N"), "1767270840");
  ck_assert_str_eq (attribute (item, "timestamp", "N"), "1767270840");
  ck_assert_str_eq (attribute (item, "hostname", "S"), "web-1.example.com");
  ck_assert_str_eq (attribute (item, "cpu_percent", "N"), "3.1");
  ck_assert_str_eq (attribute (item, "memory_percent", "N"), "100.0");
  ck_assert_str_eq (attribute (item, "memory_available_mb", "N"), "9421");
  ck_assert_str_eq (attribute (item, "memory_used_mb", "N"), "0");
  ck_assert_str_eq (attribute (item, "collected_at", "N"), "1767270899.004000");
  ck_assert_str_eq (attribute (item, "created_at", "S"), "2026-01-01T12:35:01.000001");
  ck_assert_str_eq (attribute (item, "ttl", "N"), "1769862899");
  ck_assert_str_eq (attribute (item, "samples", "N"), "60");
  ck_assert_str_eq (attribute (item, "load_avg_1m", "N"), "0.07");
  ck_assert_int_eq (json_object_object_length (item), 8 + POINT_ATTRIBUTES);
  json_object_put (item);
  buf_free (&b);
}
END_TEST

/* The size as DynamoDB documents it: names, bytes of texts, and for a number half its significant digits and one. */
static size_t
slow_bytes (json_object *item)
{
  size_t bytes = 0;
  json_object_object_foreach (item, name, typed)
  {
    bytes += strlen (name);
    json_object_object_foreach (typed, type, value)
    {
      const char *text = json_object_get_string (value);
      size_t digits = 0;
      if (*type == 'S')
        bytes += strlen (text);
      else {
        ck_assert_str_eq (type, "N");
        for (const char *p = text; *p; p++)
          digits += *p >= '0' && *p <= '9';
        bytes += (digits + 1) / 2 + 1;
      }
    }
  }
  return bytes;
}

START_TEST (the_item_stays_within_a_kilobyte)
{
  char host[1024] = "";
  for (size_t n = 1; n <= 253; n++) {
    memset (host, 'h', n);
    host[n] = 0;
    struct point p = make_point (host, T0, 60);
    for (unsigned i = 0; i < POINT_ATTRIBUTES; i++)
      p.values[i] = point_rules[i].most;
    struct buf b = {0};
    item_json (&b, &p, 30);
    json_object *item = read_json (&b);
    size_t slow = slow_bytes (item);
    ck_assert_uint_le (slow, ITEM_BYTES);
    ck_assert_uint_le (slow, item_bytes (&p));
    ck_assert_uint_le (item_bytes (&p), slow + 2 * (POINT_ATTRIBUTES + 8));
    ck_assert_int_ge (json_object_object_length (item), 8 + POINT_REQUIRED + 2);
    if (n <= 100)
      ck_assert_int_eq (json_object_object_length (item), 8 + POINT_ATTRIBUTES);
    json_object_put (item);
    buf_free (&b);
  }
}
END_TEST

START_TEST (scaled_numbers)
{
  static const struct {
    int64_t value;
    uint32_t decimals;
    const char *text;
  } cases[] = {{0, 0, "0"},        {0, 1, "0.0"},  {5, 1, "0.5"},          {31, 1, "3.1"},
               {1000, 1, "100.0"}, {7, 2, "0.07"}, {123456, 2, "1234.56"}, {1767270899004000, 6, "1767270899.004000"},
               {-15, 1, "-1.5"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct buf b = {0};
    item_scaled (&b, cases[i].value, cases[i].decimals);
    ck_assert_str_eq (b.data, cases[i].text);
    buf_free (&b);
  }
}
END_TEST

START_TEST (put_is_conditional_on_the_samples)
{
  struct buf b = {0};
  struct point p = make_point ("h\"x", T0, 42);
  item_put_body (&b, "my\"table", &p, 30);
  json_object *o = read_json (&b);
  ck_assert_str_eq (json_object_get_string (json_get (o, "TableName", json_type_string)), "my\"table");
  ck_assert_str_eq (json_object_get_string (json_get (o, "ConditionExpression", json_type_string)),
                    "attribute_not_exists(#k) OR #n < :n");
  json_object *names = json_get (o, "ExpressionAttributeNames", json_type_object);
  ck_assert_str_eq (json_object_get_string (json_get (names, "#k", json_type_string)), "hostname_hour");
  ck_assert_str_eq (json_object_get_string (json_get (names, "#n", json_type_string)), "samples");
  ck_assert_str_eq (attribute (json_get (o, "ExpressionAttributeValues", json_type_object), ":n", "N"), "42");
  ck_assert_str_eq (attribute (json_get (o, "Item", json_type_object), "hostname", "S"), "h\"x");
  json_object_put (o);
  buf_free (&b);
}
END_TEST

/* ---- Batches ---- */

START_TEST (a_batch_and_what_was_left_of_it)
{
  struct point points[ITEM_BATCH];
  const struct point *list[ITEM_BATCH];
  bool again[ITEM_BATCH];
  struct buf b = {0};
  for (int i = 0; i < ITEM_BATCH; i++) {
    points[i] = make_point (i % 2 ? "one" : "two", T0 + i / 2 * 60, 60);
    list[i] = &points[i];
  }
  item_batch_body (&b, "t", list, ITEM_BATCH, 30);
  json_object *o = read_json (&b);
  json_object *requests = json_get (json_get (o, "RequestItems", json_type_object), "t", json_type_array);
  ck_assert_uint_eq (json_object_array_length (requests), ITEM_BATCH);
  json_object_put (o);
  /* The request's own form is that of an answer in which nothing was done. */
  static const struct {
    const char *from, *to;
  } names = {"\"RequestItems\"", "\"UnprocessedItems\""};
  struct buf answer = {0};
  buf_adds (&answer, "{");
  buf_adds (&answer, names.to);
  buf_adds (&answer, b.data + 1 + strlen (names.from));
  ck_assert_int_eq (item_batch_answer (answer.data, answer.len, "t", list, ITEM_BATCH, again), ITEM_BATCH);
  for (int i = 0; i < ITEM_BATCH; i++)
    ck_assert (again[i]);
  /* Torn anywhere it is no answer. */
  for (size_t cut = 0; cut < answer.len; cut += cut < 1500 || cut > answer.len - 50 ? 1 : 499)
    ck_assert_int_eq (item_batch_answer (answer.data, cut, "t", list, ITEM_BATCH, again), -EBADMSG);
  ck_assert_int_eq (item_batch_answer (answer.data, answer.len, "other", list, ITEM_BATCH, again), -EBADMSG);
  ck_assert_int_eq (item_batch_answer (answer.data, answer.len, "t", list, ITEM_BATCH - 1, again), -EBADMSG);
#define ONE                                                                                                                    \
  "{\"PutRequest\":{\"Item\":{\"hostname_hour\":{\"S\":\"one#2026-01-01-00\"},\"minute_timestamp\":{\"N\":\"1767225600\"}}}}"
  static const struct {
    const char *text;
    int result;
  } cases[] = {{"{\"UnprocessedItems\":{}}", 0},
               {"{\"UnprocessedItems\":{\"t\":[" ONE "]}}", 1},
               {"{\"UnprocessedItems\":{\"t\":[" ONE "," ONE "]}}", -EBADMSG},
               {"{\"UnprocessedItems\":{},\"ConsumedCapacity\":[]}\n", 0},
               {"{}", -EBADMSG},
               {"", -EBADMSG},
               {"[]", -EBADMSG},
               {"<html></html>", -EBADMSG},
               {"{\"UnprocessedItems\":[]}", -EBADMSG},
               {"{\"UnprocessedItems\":{\"t\":{}}}", -EBADMSG},
               {"{\"UnprocessedItems\":{\"t\":[]}}", 0},
               {"{\"UnprocessedItems\":{\"t\":[{}]}}", -EBADMSG},
               {"{\"UnprocessedItems\":{\"t\":[1]}}", -EBADMSG},
               {"{\"UnprocessedItems\":{}} x", -EBADMSG}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    ck_assert_msg (item_batch_answer (cases[i].text, strlen (cases[i].text), "t", list, ITEM_BATCH, again) == cases[i].result,
                   "%s", cases[i].text);
  ck_assert (!again[0] && !again[1]);
  buf_free (&b);
  buf_free (&answer);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, the_item_is_as_contracted);
  tcase_add_test (t, the_item_stays_within_a_kilobyte);
  tcase_add_test (t, scaled_numbers);
  tcase_add_test (t, put_is_conditional_on_the_samples);
  tcase_add_test (t, a_batch_and_what_was_left_of_it);
}

UNIT_MAIN ("item", tests)
