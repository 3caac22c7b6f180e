#include "schema.h"

#include "json-limits.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MOST_KEYS = 2 };

static const struct {
  struct {
    const char *name, *type, *role;
  } keys[MOST_KEYS];
  const char *words;
} kinds[SCHEMA_KINDS] = {
  [SCHEMA_SAMPLES] = {{{"hostname_hour", "S", "HASH"}, {"minute_timestamp", "N", "RANGE"}},
                      "hostname_hour (S), minute_timestamp (N)"},
  [SCHEMA_REGISTRY] = {{{"hostname", "S", "HASH"}}, "hostname (S)"},
};

const char *
schema_keys (enum schema_kind kind)
{
  return kinds[kind].words;
}

bool
schema_is_name (const char *name)
{
  size_t n = strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
  return !name[n] && n >= 3 && n <= 255;
}

/* ---- Requests ---- */

static void
begin (struct buf *b, const char *name, const char *value)
{
  buf_printf (b, "{\"%s\":", name);
  text_json_string (b, value, strlen (value));
}

void
schema_table_body (struct buf *b, const char *table)
{
  begin (b, "TableName", table);
  buf_addc (b, '}');
}

void
schema_create_body (struct buf *b, enum schema_kind kind, const char *table)
{
  begin (b, "TableName", table);
  buf_adds (b, ",\"KeySchema\":[");
  for (int i = 0; i < MOST_KEYS && kinds[kind].keys[i].name; i++)
    buf_printf (b, "%s{\"AttributeName\":\"%s\",\"KeyType\":\"%s\"}", i ? "," : "", kinds[kind].keys[i].name,
                kinds[kind].keys[i].role);
  buf_adds (b, "],\"AttributeDefinitions\":[");
  for (int i = 0; i < MOST_KEYS && kinds[kind].keys[i].name; i++)
    buf_printf (b, "%s{\"AttributeName\":\"%s\",\"AttributeType\":\"%s\"}", i ? "," : "", kinds[kind].keys[i].name,
                kinds[kind].keys[i].type);
  buf_adds (b, "],\"BillingMode\":\"PAY_PER_REQUEST\"}");
}

void
schema_ttl_body (struct buf *b, const char *table)
{
  begin (b, "TableName", table);
  buf_adds (b, ",\"TimeToLiveSpecification\":{\"Enabled\":true,\"AttributeName\":\"" SCHEMA_TTL_ATTRIBUTE "\"}}");
}

void
schema_tags_body (struct buf *b, const char *arn)
{
  begin (b, "ResourceArn", arn);
  buf_adds (b, ",\"Tags\":[{\"Key\":\"Application\",\"Value\":\"kode-kronical\"},"
               "{\"Key\":\"Version\",\"Value\":\"v2-optimized\"}]}");
}

/* ---- Answers ---- */

static const char *
get_text (json_object *object, const char *name)
{
  json_object *value = json_get (object, name, json_type_string);
  return value ? json_object_get_string (value) : "";
}

static int64_t
get_number (json_object *object, const char *name)
{
  json_object *value = json_get (object, name, json_type_int);
  return value ? json_object_get_int64 (value) : -1;
}

static const char *
type_of (json_object *definitions, const char *attribute)
{
  for (size_t i = 0; definitions && i < json_object_array_length (definitions); i++) {
    json_object *one = json_object_array_get_idx (definitions, i);
    if (strcmp (get_text (one, "AttributeName"), attribute) == 0)
      return get_text (one, "AttributeType");
  }
  return "?";
}

/* The keys as words, the partition key first. */
static void
read_keys (json_object *table, struct schema_description *ret)
{
  static const char *const roles[] = {"HASH", "RANGE"};
  json_object *keys = json_get (table, "KeySchema", json_type_array),
              *definitions = json_get (table, "AttributeDefinitions", json_type_array);
  size_t at = 0;
  for (int role = 0; role < 2; role++)
    for (size_t i = 0; keys && i < json_object_array_length (keys) && at < sizeof ret->keys; i++) {
      json_object *key = json_object_array_get_idx (keys, i);
      if (strcmp (get_text (key, "KeyType"), roles[role]) != 0)
        continue;
      const char *name = get_text (key, "AttributeName");
      int n =
        snprintf (ret->keys + at, sizeof ret->keys - at, "%s%.60s (%.4s)", at ? ", " : "", name, type_of (definitions, name));
      at += n > 0 ? (size_t) n : 0;
    }
}

static enum schema_state
state_of (const char *status)
{
  if (strcmp (status, "CREATING") == 0)
    return SCHEMA_MAKING;
  if (strcmp (status, "DELETING") == 0)
    return SCHEMA_REMOVING;
  if (strcmp (status, "INACCESSIBLE_ENCRYPTION_CREDENTIALS") == 0 || strncmp (status, "ARCHIV", 6) == 0)
    return SCHEMA_BLOCKED;
  return SCHEMA_READY;
}

int
schema_read (const char *body, size_t length, enum schema_kind kind, struct schema_description *ret)
{
  JSON_CLEANUP json_object *whole = json_read (body, length);
  json_object *table = json_get (whole, "Table", json_type_object);
  if (!table)
    table = json_get (whole, "TableDescription", json_type_object);
  const char *status = get_text (table, "TableStatus");
  if (!*status)
    return -EBADMSG;
  *ret = (struct schema_description){.state = state_of (status)};
  snprintf (ret->status, sizeof ret->status, "%.39s", status);
  snprintf (ret->arn, sizeof ret->arn, "%.299s", get_text (table, "TableArn"));
  read_keys (table, ret);
  ret->fits = strcmp (ret->keys, kinds[kind].words) == 0;
  ret->by_request =
    strcmp (get_text (json_get (table, "BillingModeSummary", json_type_object), "BillingMode"), "PAY_PER_REQUEST") == 0;
  ret->items = get_number (table, "ItemCount");
  ret->bytes = get_number (table, "TableSizeBytes");
  return 0;
}

int
schema_read_ttl (const char *body, size_t length, enum schema_ttl *ret)
{
  JSON_CLEANUP json_object *whole = json_read (body, length);
  json_object *ttl = json_get (whole, "TimeToLiveDescription", json_type_object);
  const char *status = get_text (ttl, "TimeToLiveStatus");
  if (!*status)
    return -EBADMSG;
  if (strcmp (status, "ENABLED") != 0 && strcmp (status, "ENABLING") != 0)
    *ret = SCHEMA_TTL_OFF;
  else
    *ret = strcmp (get_text (ttl, "AttributeName"), SCHEMA_TTL_ATTRIBUTE) == 0 ? SCHEMA_TTL_ON : SCHEMA_TTL_OTHER;
  return 0;
}
