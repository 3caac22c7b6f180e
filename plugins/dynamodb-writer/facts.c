#include "facts.h"

static bool
find_table (const struct kk_schema *schema, const char *name, uint32_t *ret)
{
  struct kk_table table;
  for (uint32_t i = 0, n = kk_schema_tables (schema); i < n; i++)
    if (!kk_schema_table (schema, i, &table) && table.key_type == KK_NO_KEY && !strcmp (table.name, name)) {
      *ret = i;
      return true;
    }
  return false;
}

static bool
find_field (const struct kk_schema *schema, uint32_t table, const char *name, uint32_t *ret)
{
  struct kk_field field;
  for (uint32_t i = 0; !kk_schema_field (schema, table, i, &field); i++)
    if (!strcmp (field.name, name)) {
      *ret = i;
      return true;
    }
  return false;
}

static void
look_up (struct facts *f, const struct kk_schema *schema)
{
  for (unsigned i = 0; i < MINUTE_SOURCES; i++)
    f->places[i].there = find_table (schema, minute_rules[i].table, &f->places[i].table)
                         && find_field (schema, f->places[i].table, minute_rules[i].field, &f->places[i].field);
  f->schema_id = kk_schema_id (schema);
  f->made = true;
}

static bool
as_number (const struct kk_value *v, double *ret)
{
  if (v->type == KK_TYPE_F64)
    *ret = v->f64;
  else if (v->type == KK_TYPE_U64)
    *ret = (double) v->u64;
  else if (v->type == KK_TYPE_I64)
    *ret = (double) v->i64;
  else
    return false;
  return true;
}

void
facts_take (struct facts *f, const struct kk_sample *sample, struct minute_reading *ret)
{
  const struct kk_schema *schema = kk_sample_schema (sample);
  struct minute_reading r = {0};
  struct kk_time time;
  struct kk_value value;
  double number;
  if (!f->made || f->schema_id != kk_schema_id (schema))
    look_up (f, schema);
  kk_sample_time (sample, &time);
  r.wall_ns = time.wall_ns;
  for (unsigned i = 0; i < MINUTE_SOURCES; i++) {
    if (!f->places[i].there)
      continue;
    uint32_t absent = kk_get (sample, f->places[i].table, 0, f->places[i].field, &value);
    if (!absent && as_number (&value, &number))
      minute_read (&r, (enum minute_source) i, number, value.held);
    else if (i < MINUTE_REQUIRED)
      r.absent[i] = (uint8_t) (absent ? absent : KK_ERROR);
  }
  *ret = r;
}
