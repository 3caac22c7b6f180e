#include "registry.h"

#include "item.h"
#include "json-limits.h"
#include "text.h"

#include <errno.h>
#include <string.h>

static void
add_text (struct buf *b, const char *before, const char *text, const char *after)
{
  buf_adds (b, before);
  text_json_string (b, text, strlen (text));
  buf_adds (b, after);
}

static void
add_number (struct buf *b, const char *before, int64_t value, uint32_t decimals)
{
  buf_adds (b, before);
  item_scaled (b, value, decimals);
  buf_adds (b, "\"}");
}

static void
add_percent (struct buf *b, const char *before, int64_t tenths)
{
  add_number (b, before, tenths < 0 ? 0 : tenths > 1000 ? 1000 : tenths, 1);
}

static void
begin (struct buf *b, const char *table, const char *host)
{
  add_text (b, "{\"TableName\":", table, ",");
  add_text (b, "\"Key\":{\"hostname\":{\"S\":", host, "}}");
}

void
registry_get_body (struct buf *b, const char *table, const char *host)
{
  begin (b, table, host);
  buf_adds (b, ",\"ConsistentRead\":true}");
}

static void
add_last_update (struct buf *b, const char *before, int64_t now_us)
{
  buf_adds (b, before);
  item_time (b, now_us);
  buf_adds (b, "\"}");
}

/* All names are aliases: status and others are reserved words. */
void
registry_update_body (struct buf *b, const char *table, const struct registry_row *row)
{
  begin (b, table, row->host);
  if (!row->online) {
    buf_adds (b, ",\"UpdateExpression\":\"SET #st = :st, #lu = :lu\",\"ConditionExpression\":\"attribute_exists(#h)\","
                 "\"ExpressionAttributeNames\":{\"#st\":\"status\",\"#lu\":\"last_update\",\"#h\":\"hostname\"},"
                 "\"ExpressionAttributeValues\":{\":st\":{\"S\":\"offline\"}");
    add_last_update (b, ",\":lu\":{\"S\":\"", row->now_us);
    buf_adds (b, "}}");
    return;
  }
  buf_adds (
    b, ",\"UpdateExpression\":\"SET #p = :p, #fs = if_not_exists(#fs, :ls), #ls = :ls, #lu = :lu, "
       "#a = if_not_exists(#a, :a), #st = :st, #c = :c, #m = :m\","
       "\"ExpressionAttributeNames\":{\"#p\":\"platform\",\"#fs\":\"first_seen\",\"#ls\":\"last_seen\",\"#lu\":\"last_update\","
       "\"#a\":\"active\",\"#st\":\"status\",\"#c\":\"cpu_percent\",\"#m\":\"memory_percent\"},"
       "\"ExpressionAttributeValues\":{\":a\":{\"BOOL\":true},\":st\":{\"S\":\"online\"},");
  add_text (b, "\":p\":{\"S\":", row->platform, "}");
  add_number (b, ",\":ls\":{\"N\":\"", row->now_us, 6);
  add_last_update (b, ",\":lu\":{\"S\":\"", row->now_us);
  add_percent (b, ",\":c\":{\"N\":\"", row->cpu_percent);
  add_percent (b, ",\":m\":{\"N\":\"", row->memory_percent);
  buf_adds (b, "}}");
}

/* ---- Without UpdateItem ---- */

static void
add_json (struct buf *b, json_object *value)
{
  const char *text = json_object_to_json_string_ext (value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
  if (text)
    buf_adds (b, text);
  else
    b->error = -ENOMEM;
}

static bool
is_ours (const char *name, bool online)
{
  static const char *const names[] = {"hostname",  "status",      "last_update",   "platform",
                                      "last_seen", "cpu_percent", "memory_percent"};
  for (size_t i = 0; i < (online ? sizeof names / sizeof names[0] : 3); i++)
    if (!strcmp (name, names[i]))
      return true;
  return false;
}

/* What stands in the row and is not written anew. */
static void
add_kept (struct buf *b, json_object *item, bool online)
{
  json_object_object_foreach (item, name, value)
  {
    if (is_ours (name, online))
      continue;
    add_text (b, ",", name, ":");
    add_json (b, value);
  }
}

static void
add_row (struct buf *b, const struct registry_row *row, json_object *item)
{
  add_text (b, ",\"Item\":{\"hostname\":{\"S\":", row->host, "}");
  buf_adds (b, row->online ? ",\"status\":{\"S\":\"online\"}" : ",\"status\":{\"S\":\"offline\"}");
  add_last_update (b, ",\"last_update\":{\"S\":\"", row->now_us);
  if (row->online) {
    add_text (b, ",\"platform\":{\"S\":", row->platform, "}");
    add_number (b, ",\"last_seen\":{\"N\":\"", row->now_us, 6);
    add_percent (b, ",\"cpu_percent\":{\"N\":\"", row->cpu_percent);
    add_percent (b, ",\"memory_percent\":{\"N\":\"", row->memory_percent);
    if (!json_get (item, "first_seen", json_type_object))
      add_number (b, ",\"first_seen\":{\"N\":\"", row->now_us, 6);
    if (!json_get (item, "active", json_type_object))
      buf_adds (b, ",\"active\":{\"BOOL\":true}");
  }
  if (item)
    add_kept (b, item, row->online);
  buf_addc (b, '}');
}

/* That the row is still what was read, as far as others write it. */
static void
add_condition (struct buf *b, json_object *item)
{
  json_object *active = json_get (item, "active", json_type_object);
  if (!item) {
    buf_adds (b, ",\"ConditionExpression\":\"attribute_not_exists(#h)\",\"ExpressionAttributeNames\":{\"#h\":\"hostname\"}}");
    return;
  }
  if (!active) {
    buf_adds (b, ",\"ConditionExpression\":\"attribute_exists(#h) AND attribute_not_exists(#a)\","
                 "\"ExpressionAttributeNames\":{\"#h\":\"hostname\",\"#a\":\"active\"}}");
    return;
  }
  buf_adds (b, ",\"ConditionExpression\":\"#a = :a\",\"ExpressionAttributeNames\":{\"#a\":\"active\"},"
               "\"ExpressionAttributeValues\":{\":a\":");
  add_json (b, active);
  buf_adds (b, "}}");
}

int
registry_put_body (struct buf *b, const char *table, const struct registry_row *row, const char *answer, size_t length)
{
  JSON_CLEANUP json_object *whole = json_read (answer, length);
  json_object *item = NULL;
  if (!whole || (json_object_object_get_ex (whole, "Item", &item) && json_object_get_type (item) != json_type_object))
    return -EBADMSG;
  if (!item && !row->online)
    return -ENOENT;
  add_text (b, "{\"TableName\":", table, "");
  add_row (b, row, item);
  add_condition (b, item);
  return 0;
}
