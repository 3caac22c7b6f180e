/* Bytes as the schema and the samples that an isolated filter or output is sent: refused, or samples whose every value can be
 * read. */
#include "env.h"
#include "isolate/carry.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { MOST_SAMPLES = 20, MOST_ROWS = 2000 };

static void
read_all (const struct kk_sample *s, uint32_t n_tables)
{
  for (uint32_t t = 0; t < n_tables; t++) {
    struct kk_table table;
    struct kk_table_info info;
    if (kk_table_info (s, t, &info) || kk_schema_table (kk_sample_schema (s), t, &table))
      abort ();
    for (uint32_t r = 0; r < info.rows && r < MOST_ROWS; r++) {
      struct kk_value v;
      if (!kk_get_key (s, t, r, &v) && v.type == KK_TYPE_STRING && strlen (v.string) > v.length)
        abort ();
      for (uint32_t f = 0; f < table.n_fields; f++)
        if (!kk_get (s, t, r, f, &v) && v.type == KK_TYPE_STRING && strlen (v.string) > v.length)
          abort ();
    }
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct env env;
  env_init (&env);
  struct wire w = {.p = (const char *) data, .end = (const char *) data + size};
  struct schema *schema = carry_take_schema (&w, &env.host);
  struct sample *before = NULL, *s;
  for (int n = 0; schema && n < MOST_SAMPLES && w.p < w.end && (s = carry_take_sample (&w, schema, before)); n++) {
    struct buf again = {0};
    read_all (&s->face, schema->n_tables);
    carry_put_sample (&again, s, before);
    buf_free (&again);
    sample_unref (before);
    before = s;
  }
  sample_unref (before);
  schema_unref (schema);
  return 0;
}
