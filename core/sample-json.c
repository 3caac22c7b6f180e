#include "sample-json.h"

#include "text.h"

static void
put_value (struct buf *b, const struct kk_value *v, uint32_t decimals)
{
  switch (v->type) {
  case KK_TYPE_F64:
    text_f64 (b, v->f64, decimals);
    break;
  case KK_TYPE_U64:
    text_u64 (b, v->u64);
    break;
  case KK_TYPE_I64:
    text_i64 (b, v->i64);
    break;
  case KK_TYPE_BOOL:
    buf_adds (b, v->boolean ? "true" : "false");
    break;
  default:
    text_json_string (b, v->string, v->length);
  }
}

static void
put_row (struct buf *b, const struct kk_sample *s, uint32_t table, uint32_t row, uint32_t n_fields)
{
  const char *separator = "{";
  for (uint32_t f = 0; f < n_fields; f++) {
    struct kk_value v;
    struct kk_field field;
    if (kk_get (s, table, row, f, &v) || kk_schema_field (kk_sample_schema (s), table, f, &field))
      continue;
    buf_adds (b, separator);
    text_json_string (b, field.name, strlen (field.name));
    buf_addc (b, ':');
    put_value (b, &v, field.decimals);
    separator = ",";
  }
  buf_adds (b, *separator == '{' ? "{}" : "}");
}

static void
put_rows (struct buf *b, const struct kk_sample *s, uint32_t table, uint32_t n, const struct kk_table *schema)
{
  buf_addc (b, '{');
  for (uint32_t i = 0; i < n; i++) {
    struct kk_value key;
    kk_get_key (s, table, i, &key);
    if (i)
      buf_addc (b, ',');
    if (key.type == KK_TYPE_STRING)
      text_json_string (b, key.string, key.length);
    else {
      buf_addc (b, '"');
      text_u64 (b, key.u64);
      buf_addc (b, '"');
    }
    buf_addc (b, ':');
    put_row (b, s, table, i, schema->n_fields);
  }
  buf_addc (b, '}');
}

static bool
is_among (const char *name, const char *const *names, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (!strcmp (name, names[i]))
      return true;
  return false;
}

/* `names` NULL: all. */
static void
put_sample (struct buf *b, const struct kk_sample *sample, const char *const *names, size_t n)
{
  struct kk_time time;
  kk_sample_time (sample, &time);
  buf_adds (b, "{\"timestamp\":");
  text_wall_time (b, time.wall_ns);
  const struct kk_schema *schema = kk_sample_schema (sample);
  for (uint32_t t = 0; t < kk_schema_tables (schema); t++) {
    struct kk_table table;
    struct kk_table_info info;
    kk_schema_table (schema, t, &table);
    if (names && !is_among (table.name, names, n))
      continue;
    kk_table_info (sample, t, &info);
    buf_addc (b, ',');
    text_json_string (b, table.name, strlen (table.name));
    buf_addc (b, ':');
    if (table.key)
      put_rows (b, sample, t, info.rows, &table);
    else
      put_row (b, sample, t, 0, table.n_fields);
  }
  buf_addc (b, '}');
}

void
sample_json (struct buf *b, const struct kk_sample *sample)
{
  put_sample (b, sample, NULL, 0);
}

void
sample_json_tables (struct buf *b, const struct kk_sample *sample, const char *const *names, size_t n)
{
  put_sample (b, sample, names, n);
}
