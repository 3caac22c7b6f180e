#include "schema-text.h"

#include "text.h"

#include <string.h>

static void
add_pair (struct buf *out, const char *name, const char *value)
{
  text_json_string (out, name, strlen (name));
  buf_addc (out, ':');
  text_json_string (out, value ? value : "", value ? strlen (value) : 0);
}

static void
add_field (struct buf *out, const struct kk_field *f)
{
  static const char *const types[] = {"", "number", "unsigned integer", "integer", "boolean", "string"};
  static const char *const kinds[] = {"", "gauge", "counter", "info"};
  text_json_string (out, f->name, strlen (f->name));
  buf_adds (out, ":{");
  add_pair (out, "unit", f->unit);
  buf_addc (out, ',');
  add_pair (out, "kind", f->kind < sizeof kinds / sizeof kinds[0] ? kinds[f->kind] : "");
  buf_addc (out, ',');
  add_pair (out, "type", f->type < sizeof types / sizeof types[0] ? types[f->type] : "");
  buf_addc (out, ',');
  add_pair (out, "help", f->help);
  buf_addc (out, '}');
}

void
schema_text_table (struct buf *out, const struct kk_schema *schema, uint32_t number, const struct kk_table *t)
{
  struct kk_field field;
  const char *separator = "\n  ";
  text_json_string (out, t->name, strlen (t->name));
  buf_adds (out, ":{");
  add_pair (out, "help", t->help);
  if (t->key_type != KK_NO_KEY) {
    buf_addc (out, ',');
    add_pair (out, "key", t->key);
    buf_addc (out, ',');
    add_pair (out, "key_type", t->key_type == KK_STRING_KEY ? "string" : "unsigned integer");
  }
  buf_adds (out, ",\"fields\":{");
  for (uint32_t i = 0; i < t->n_fields; i++) {
    if (kk_schema_field (schema, number, i, &field))
      continue;
    buf_adds (out, separator);
    add_field (out, &field);
    separator = ",\n  ";
  }
  buf_adds (out, "}}");
}

void
schema_text (struct buf *out, const struct kk_schema *schema)
{
  struct kk_table t;
  const char *separator = "";
  const size_t begin = out->len;
  buf_adds (out, "{\"format\":1,\"tables\":{");
  for (uint32_t i = 0; i < kk_schema_tables (schema); i++) {
    if (kk_schema_table (schema, i, &t))
      continue;
    buf_adds (out, separator);
    schema_text_table (out, schema, i, &t);
    separator = ",";
  }
  buf_adds (out, "}}");
  for (size_t i = begin; i < out->len; i++)
    if (out->data[i] == '\n') /* none of a text: there it is written \\n */
      out->data[i] = ' ';
}
