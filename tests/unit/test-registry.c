/* The row of this host in the registry. */
#include "dynamodb-writer/json-limits.h"
#include "dynamodb-writer/registry.h"
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

static struct registry_row
row (bool online)
{
  return (struct registry_row){.host = "web-1",
                               .platform = "Linux",
                               .now_us = T0 * 1000000 + 5,
                               .cpu_percent = 31,
                               .memory_percent = 412,
                               .online = online};
}

/* Every alias that an expression uses is defined, and every one that is defined is used. */
static void
check_aliases (json_object *o)
{
  struct buf all = {0};
  static const char *const expressions[] = {"UpdateExpression", "ConditionExpression"};
  static const char *const lists[] = {"ExpressionAttributeNames", "ExpressionAttributeValues"};
  unsigned used = 0, defined = 0;
  for (int i = 0; i < 2; i++) {
    json_object *text = json_get (o, expressions[i], json_type_string);
    buf_adds (&all, text ? json_object_get_string (text) : "");
    buf_addc (&all, ' ');
  }
  for (int i = 0; i < 2; i++) {
    json_object *list = json_get (o, lists[i], json_type_object);
    if (!list)
      continue;
    json_object_object_foreach (list, name, value)
    {
      (void) value;
      defined++;
      ck_assert_msg (strstr (all.data, name) != NULL, "%s is not used", name);
    }
  }
  char seen[64][8] = {""};
  for (const char *p = all.data; *p; p++) {
    if (*p != '#' && *p != ':')
      continue;
    char name[8] = {*p};
    for (size_t n = 1; n < sizeof name - 1 && p[n] >= 'a' && p[n] <= 'z'; n++)
      name[n] = p[n];
    unsigned i = 0;
    while (i < used && strcmp (seen[i], name))
      i++;
    if (i == used)
      memcpy (seen[used++], name, sizeof name);
    json_object *list = json_get (o, lists[*p == ':'], json_type_object);
    ck_assert_msg (json_object_object_get_ex (list, name, NULL), "%s is not defined", name);
  }
  ck_assert_uint_eq (used, defined);
  buf_free (&all);
}

static unsigned
occurrences (const struct buf *b, const char *text)
{
  unsigned n = 0;
  for (const char *p = b->data; (p = strstr (p, text)); p++)
    n++;
  return n;
}

START_TEST (registry_update)
{
  struct buf b = {0};
  struct registry_row r = row (true);
  registry_update_body (&b, "reg", &r);
  json_object *o = read_json (&b), *values = json_get (o, "ExpressionAttributeValues", json_type_object);
  check_aliases (o);
  const char *update = json_object_get_string (json_get (o, "UpdateExpression", json_type_string));
  ck_assert_ptr_nonnull (strstr (update, "#fs = if_not_exists(#fs, :ls)"));
  ck_assert_ptr_nonnull (strstr (update, "#a = if_not_exists(#a, :a)"));
  ck_assert_str_eq (attribute (values, ":ls", "N"), "1767225600.000005");
  ck_assert_str_eq (attribute (values, ":lu", "S"), "2026-01-01T00:00:00.000005");
  ck_assert_str_eq (attribute (values, ":c", "N"), "3.1");
  ck_assert_str_eq (attribute (values, ":m", "N"), "41.2");
  ck_assert_str_eq (attribute (values, ":st", "S"), "online");
  json_object_put (o);
  buf_clear (&b);
  r.online = false;
  registry_update_body (&b, "reg", &r);
  o = read_json (&b);
  check_aliases (o);
  update = json_object_get_string (json_get (o, "UpdateExpression", json_type_string));
  ck_assert_str_eq (update, "SET #st = :st, #lu = :lu"); /* last_seen stays */
  ck_assert_str_eq (json_object_get_string (json_get (o, "ConditionExpression", json_type_string)), "attribute_exists(#h)");
  json_object_put (o);
  buf_free (&b);
}
END_TEST

START_TEST (registry_put_keeps_what_is_not_ours)
{
  static const char known[] = "{\"Item\":{\"hostname\":{\"S\":\"web-1\"},\"first_seen\":{\"N\":\"1700000000.123456789\"},"
                              "\"last_seen\":{\"N\":\"1700000001\"},\"active\":{\"BOOL\":false},\"status\":{\"S\":\"offline\"},"
                              "\"cpu_percent\":{\"N\":\"99\"},\"memory_percent\":{\"N\":\"98\"},\"platform\":{\"S\":\"Linux\"},"
                              "\"last_update\":{\"S\":\"x\"},\"note\":{\"S\":\"rack 7 \\u00e4/\"}}}";
  struct buf b = {0};
  struct registry_row r = row (true);
  ck_assert_int_eq (registry_put_body (&b, "reg", &r, known, strlen (known)), 0);
  json_object *o = read_json (&b), *item = json_get (o, "Item", json_type_object);
  check_aliases (o);
  ck_assert_int_eq (json_object_object_length (item), 10);
  ck_assert_uint_eq (occurrences (&b, "\"active\":{"), 1);
  ck_assert_uint_eq (occurrences (&b, "\"first_seen\":{"), 1);
  ck_assert_uint_eq (occurrences (&b, "\"last_seen\":{"), 1);
  ck_assert_str_eq (attribute (item, "first_seen", "N"), "1700000000.123456789");
  ck_assert_str_eq (attribute (item, "last_seen", "N"), "1767225600.000005");
  ck_assert_str_eq (attribute (item, "status", "S"), "online");
  ck_assert_str_eq (attribute (item, "cpu_percent", "N"), "3.1");
  ck_assert_str_eq (attribute (item, "note", "S"), "rack 7 \xc3\xa4/");
  json_object *active = json_get (json_get (item, "active", json_type_object), "BOOL", json_type_boolean);
  ck_assert (active && !json_object_get_boolean (active));
  ck_assert_str_eq (json_object_get_string (json_get (o, "ConditionExpression", json_type_string)), "#a = :a");
  json_object_put (o);
  buf_clear (&b);
  r.online = false;
  ck_assert_int_eq (registry_put_body (&b, "reg", &r, known, strlen (known)), 0);
  o = read_json (&b);
  item = json_get (o, "Item", json_type_object);
  ck_assert_int_eq (json_object_object_length (item), 10);
  ck_assert_str_eq (attribute (item, "last_seen", "N"), "1700000001");
  ck_assert_str_eq (attribute (item, "cpu_percent", "N"), "99");
  ck_assert_str_eq (attribute (item, "status", "S"), "offline");
  json_object_put (o);
  buf_free (&b);
}
END_TEST

START_TEST (registry_put_of_a_new_row)
{
  struct buf b = {0};
  struct registry_row r = row (true);
  ck_assert_int_eq (registry_put_body (&b, "reg", &r, "{}", 2), 0);
  json_object *o = read_json (&b), *item = json_get (o, "Item", json_type_object);
  check_aliases (o);
  ck_assert_int_eq (json_object_object_length (item), 9);
  ck_assert_str_eq (attribute (item, "first_seen", "N"), "1767225600.000005");
  ck_assert (json_object_get_boolean (json_get (json_get (item, "active", json_type_object), "BOOL", json_type_boolean)));
  ck_assert_str_eq (json_object_get_string (json_get (o, "ConditionExpression", json_type_string)), "attribute_not_exists(#h)");
  json_object_put (o);
  buf_clear (&b);
  r.online = false;
  ck_assert_int_eq (registry_put_body (&b, "reg", &r, "{}", 2), -ENOENT);
  ck_assert_int_eq (registry_put_body (&b, "reg", &r, "{\"Item\":", 8), -EBADMSG);
  ck_assert_int_eq (registry_put_body (&b, "reg", &r, "{\"Item\":[]}", 11), -EBADMSG);
  r.online = true;
  ck_assert_int_eq (registry_put_body (&b, "reg", &r, "<html>", 6), -EBADMSG);
  ck_assert_uint_eq (b.len, 0);
  registry_get_body (&b, "reg", "web-1");
  o = read_json (&b);
  ck_assert_str_eq (attribute (json_get (o, "Key", json_type_object), "hostname", "S"), "web-1");
  json_object_put (o);
  buf_free (&b);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, registry_update);
  tcase_add_test (t, registry_put_keeps_what_is_not_ours);
  tcase_add_test (t, registry_put_of_a_new_row);
}

UNIT_MAIN ("registry", tests)
