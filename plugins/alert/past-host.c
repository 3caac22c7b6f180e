#include "past-host.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct past *
past_of (const struct kk_sample *sample)
{
  return (const struct past *) sample;
}

static const struct past *
past_of_schema (const struct kk_schema *schema)
{
  return (const struct past *) (const void *) ((const char *) schema - offsetof (struct past, schema));
}

static const struct past_table *
table_of (const struct past *p, uint32_t table)
{
  return table < p->n_tables ? p->tables + table : NULL;
}

/* ---- The schema ---- */

static uint64_t
schema_id (const struct kk_schema *schema)
{
  return (uint64_t) (uintptr_t) schema;
}

static uint32_t
schema_tables (const struct kk_schema *schema)
{
  return past_of_schema (schema)->n_tables;
}

static int
schema_table (const struct kk_schema *schema, uint32_t table, struct kk_table *ret, size_t size)
{
  const struct past_table *t = table_of (past_of_schema (schema), table);
  if (!t)
    return -EINVAL;
  memcpy (ret, &t->face, size < sizeof t->face ? size : sizeof t->face);
  return 0;
}

static int
schema_field (const struct kk_schema *schema, uint32_t table, uint32_t field, struct kk_field *ret, size_t size)
{
  const struct past_table *t = table_of (past_of_schema (schema), table);
  if (!t || field >= t->face.n_fields)
    return -EINVAL;
  memcpy (ret, t->fields + field, size < sizeof *t->fields ? size : sizeof *t->fields);
  return 0;
}

/* ---- The sample ---- */

static const struct kk_schema *
sample_schema (const struct kk_sample *sample)
{
  return &past_of (sample)->schema;
}

static void
sample_time (const struct kk_sample *sample, struct kk_time *time)
{
  const struct past *p = past_of (sample);
  *time = (struct kk_time){.wall_ns = p->wall_ns, .mono_ns = p->mono_ns, .after = p->after};
}

static int
table_info (const struct kk_sample *sample, uint32_t table, struct kk_table_info *ret, size_t size)
{
  const struct past *p = past_of (sample);
  const struct past_table *t = table_of (p, table);
  if (!t)
    return -EINVAL;
  const struct kk_table_info info = {.wall_ns = t->wall_ns,
                                     .mono_ns = t->mono_ns,
                                     .rows = (uint32_t) t->n_rows,
                                     .state = !t->object                  ? KK_FAILED
                                              : p->partial && t->face.key ? KK_PARTIAL
                                                                          : KK_COMPLETE,
                                     .held = t->held};
  memcpy (ret, &info, size < sizeof info ? size : sizeof info);
  return 0;
}

/* Whether it is of the type that the schema says. */
static bool
take (json_object *from, uint32_t type, struct kk_value *to)
{
  const bool is_int = json_object_is_type (from, json_type_int);
  switch (type) {
  case KK_TYPE_F64:
    to->f64 = json_object_get_double (from);
    return (is_int || json_object_is_type (from, json_type_double)) && isfinite (to->f64);
  case KK_TYPE_U64:
    to->u64 = json_object_get_int64 (from) < 0 ? 0 : (uint64_t) json_object_get_int64 (from);
    return is_int;
  case KK_TYPE_I64:
    to->i64 = json_object_get_int64 (from);
    return is_int;
  case KK_TYPE_BOOL:
    to->boolean = json_object_get_boolean (from);
    return json_object_is_type (from, json_type_boolean);
  default:
    to->string = json_object_get_string (from);
    to->length = (uint32_t) json_object_get_string_len (from);
    return json_object_is_type (from, json_type_string);
  }
}

static uint32_t
get (const struct kk_sample *sample, uint32_t table, uint32_t row, uint32_t field, struct kk_value *value)
{
  const struct past_table *t = table_of (past_of (sample), table);
  json_object *from;
  *value = (struct kk_value){.absent = KK_ERROR};
  if (!t || field >= t->face.n_fields || row >= t->n_rows)
    return value->absent;
  const struct kk_field *f = t->fields + field;
  struct kk_value found = {.type = f->type, .held = t->held};
  if (json_object_is_type (t->rows[row].object, json_type_object)
      && json_object_object_get_ex (t->rows[row].object, f->name, &from) && take (from, f->type, &found))
    *value = found;
  else
    value->held = t->held;
  value->type = f->type;
  return value->absent;
}

static uint32_t
get_key (const struct kk_sample *sample, uint32_t table, uint32_t row, struct kk_value *value)
{
  const struct past_table *t = table_of (past_of (sample), table);
  *value = (struct kk_value){.absent = KK_UNSET};
  if (!t || !t->face.key || row >= t->n_rows)
    return value->absent;
  const char *key = t->rows[row].key;
  if (t->face.key_type == KK_U64_KEY)
    *value = (struct kk_value){.type = KK_TYPE_U64, .u64 = strtoull (key, NULL, 10)};
  else
    *value = (struct kk_value){.type = KK_TYPE_STRING, .string = key, .length = (uint32_t) strlen (key)};
  return 0;
}

/* Of processes when they were started; of others nothing is written that tells one from the next. */
static uint64_t
get_identity (const struct kk_sample *sample, uint32_t table, uint32_t row)
{
  const struct past_table *t = table_of (past_of (sample), table);
  json_object *from;
  if (!t || row >= t->n_rows || !json_object_is_type (t->rows[row].object, json_type_object)
      || !json_object_object_get_ex (t->rows[row].object, "create_time", &from))
    return 0;
  const double seconds = json_object_get_double (from);
  return seconds > 0 && seconds < 1e12 ? (uint64_t) llround (seconds * 1000) : 0;
}

static void
value_time (const struct kk_sample *sample, uint32_t table, uint32_t row, uint32_t field, struct kk_time *time)
{
  const struct past_table *t = table_of (past_of (sample), table);
  (void) row, (void) field;
  *time = (struct kk_time){.wall_ns = t ? t->wall_ns : 0, .mono_ns = t ? t->mono_ns : 0};
}

void
past_host (struct kk_host *host)
{
  *host = (struct kk_host){.size = sizeof *host,
                           .api = KK_API,
                           .schema_id = schema_id,
                           .schema_tables = schema_tables,
                           .schema_table = schema_table,
                           .schema_field = schema_field,
                           .sample_schema = sample_schema,
                           .sample_time = sample_time,
                           .table_info = table_info,
                           .get = get,
                           .get_key = get_key,
                           .get_identity = get_identity,
                           .value_time = value_time};
}
