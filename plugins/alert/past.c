#include "past.h"

#include "past-host.h"
#include "tool/tool-json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LAST_SECOND = 253402300799.0;

/* To the microsecond, which is what is written. */
static bool
time_of (json_object *o, int64_t *ret_ns)
{
  json_object *value;
  if (!json_object_is_type (o, json_type_object) || !json_object_object_get_ex (o, "timestamp", &value))
    return false;
  const double seconds = json_object_get_double (value);
  if (!(seconds > 0 && seconds < LAST_SECOND))
    return false;
  *ret_ns = (int64_t) llround (seconds * 1e6) * 1000;
  return true;
}

bool
past_time (json_object *entry, int64_t *ret_wall_ns)
{
  return time_of (entry, ret_wall_ns) || time_of (tool_member (entry, "system", json_type_object), ret_wall_ns);
}

/* ---- The schema ---- */

static uint32_t
word_of (const char *word, const char *const *words, uint32_t n)
{
  for (uint32_t i = 1; i < n; i++)
    if (!strcmp (word, words[i]))
      return i;
  return 0;
}

static int
add_field (struct past_table *t, const char *name, json_object *from)
{
  static const char *const types[] = {"", "number", "unsigned integer", "integer", "boolean", "string"};
  static const char *const kinds[] = {"", "gauge", "counter", "info"};
  struct kk_field *field = t->fields + t->face.n_fields++;
  *field = (struct kk_field){.name = name,
                             .unit = tool_text (from, "unit"),
                             .help = tool_text (from, "help"),
                             .type = word_of (tool_text (from, "type"), types, KK_COUNT (types)),
                             .kind = word_of (tool_text (from, "kind"), kinds, KK_COUNT (kinds))};
  return field->type && field->kind ? 0 : -EBADMSG;
}

static int
add_table (struct past *p, const char *name, json_object *from)
{
  struct past_table *t = p->tables + p->n_tables++;
  json_object *fields = tool_member (from, "fields", json_type_object);
  const char *key = tool_text (from, "key");
  const bool by_number = !strcmp (tool_text (from, "key_type"), "unsigned integer");
  *t = (struct past_table){.held = true};
  t->face = (struct kk_table){.name = name, .help = tool_text (from, "help"), .key = *key ? key : NULL};
  t->face.key_type = !*key ? KK_NO_KEY : by_number ? KK_U64_KEY : KK_STRING_KEY;
  t->fields = fields ? calloc ((size_t) json_object_object_length (fields) + 1, sizeof *t->fields) : NULL;
  t->face.fields = t->fields;
  if (!t->fields)
    return fields ? -ENOMEM : -EBADMSG;
  json_object_object_foreach (fields, field, value)
  {
    const int r = add_field (t, field, value);
    if (r)
      return r;
  }
  return 0;
}

static int
add_tables (struct past *p, json_object *tables)
{
  json_object_object_foreach (tables, name, table)
  {
    const int r = add_table (p, name, table);
    if (r)
      return r;
  }
  return 0;
}

int
past_new (json_object *schema, int64_t interval_ns, bool partial, struct past **ret)
{
  json_object *tables = tool_member (schema, "tables", json_type_object);
  struct past *p = tables ? calloc (1, sizeof *p) : NULL;
  if (!p)
    return tables ? -ENOMEM : -EBADMSG;
  past_host (&p->host);
  p->sample.host = p->schema.host = &p->host;
  p->text = json_object_get (schema);
  p->interval_ns = interval_ns;
  p->partial = partial;
  p->tables = calloc ((size_t) json_object_object_length (tables) + 1, sizeof *p->tables);
  int r = p->tables ? add_tables (p, tables) : -ENOMEM;
  if (r)
    past_free (p);
  else
    *ret = p;
  return r;
}

void
past_free (struct past *p)
{
  if (!p)
    return;
  for (uint32_t i = 0; p->tables && i < p->n_tables; i++) {
    struct past_table *t = p->tables + i;
    json_object_put (t->object);
    free (t->fields);
    free (t->rows);
  }
  free (p->tables);
  json_object_put (p->text);
  free (p);
}

const struct kk_schema *
past_schema (const struct past *p)
{
  return &p->schema;
}

/* ---- A sample ---- */

static int
take_rows (struct past_table *t)
{
  const size_t n = t->face.key ? (size_t) json_object_object_length (t->object) : 1;
  struct past_row *rows = n > t->capacity ? reallocarray (t->rows, n, sizeof *rows) : t->rows;
  if (n > t->capacity) {
    if (!rows)
      return -ENOMEM;
    t->rows = rows;
    t->capacity = n;
  }
  t->n_rows = 0;
  if (!t->face.key) {
    rows[t->n_rows++] = (struct past_row){.key = "", .object = t->object};
    return 0;
  }
  json_object_object_foreach (t->object, key, row)
  {
    rows[t->n_rows++] = (struct past_row){.key = key, .object = row};
  }
  return 0;
}

/* When it was read, where it says so: rows repeat it as long as they are held. */
static int64_t
stamp_of (const struct past_table *t, json_object *object)
{
  int64_t newest = 0, at;
  if (!t->face.key)
    return time_of (object, &newest) ? newest : 0;
  json_object_object_foreach (object, key, row)
  {
    (void) key;
    if (time_of (row, &at) && at > newest)
      newest = at;
  }
  return newest;
}

static int
take_table (struct past *p, struct past_table *t, json_object *entry)
{
  json_object *object = tool_member (entry, t->face.name, json_type_object);
  const int64_t stamp = object ? stamp_of (t, object) : 0;
  t->held = !object || (stamp && stamp == t->stamp);
  if (!object)
    return 0;
  json_object_put (t->object);
  t->object = json_object_get (object);
  if (!t->held) {
    t->stamp = stamp;
    t->wall_ns = stamp ? stamp : p->wall_ns;
    t->mono_ns = p->mono_ns + t->wall_ns - p->wall_ns;
  }
  return take_rows (t);
}

int
past_take (struct past *p, json_object *entry, const struct kk_sample **ret)
{
  int64_t wall_ns;
  if (!past_time (entry, &wall_ns))
    return -EBADMSG;
  const int64_t passed = wall_ns > p->wall_ns ? wall_ns - p->wall_ns : 0;
  p->after = !p->mono_ns ? KK_FIRST : p->interval_ns && passed > p->interval_ns + p->interval_ns / 2 ? KK_GAP : KK_PRESENT;
  p->mono_ns = p->mono_ns ? p->mono_ns + passed : wall_ns;
  p->wall_ns = wall_ns;
  int r = 0;
  for (uint32_t i = 0; i < p->n_tables && !r; i++)
    r = take_table (p, p->tables + i, entry);
  *ret = &p->sample;
  return r;
}
