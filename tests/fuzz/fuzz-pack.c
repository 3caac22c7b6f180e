/* Bytes as the ring's packed samples: refused, or samples whose every value can be read. */
#include "env.h"
#include "pack.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static struct schema *
make_schema (const struct kk_host *host)
{
  static const char *const names[] = {"single", "named", "numbered"};
  struct schema *s = schema_new (host, 3);
  for (uint32_t t = 0; s && t < 3; t++) {
    if (table_schema_name (s->tables + t, names[t], t ? "key" : NULL, "", t, 0))
      abort ();
    for (uint32_t type = KK_TYPE_F64; type <= KK_TYPE_STRING + 1; type++) {
      struct kk_field f = {.name = "f",
                           .type = type > KK_TYPE_STRING ? KK_TYPE_F64 : type,
                           .kind = KK_GAUGE,
                           .decimals = type > KK_TYPE_STRING ? 3 : 0};
      if (table_schema_add (s->tables + t, &f))
        abort ();
    }
  }
  return s;
}

static void
read_all (const struct kk_sample *s)
{
  for (uint32_t t = 0; t < 3; t++) {
    struct kk_table_info info;
    kk_table_info (s, t, &info);
    if (info.state > KK_FAILED)
      abort ();
    for (uint32_t i = 0; i < info.rows; i++) {
      struct kk_value v;
      if (!kk_get_key (s, t, i, &v) && v.type == KK_TYPE_STRING && strlen (v.string) > v.length)
        abort ();
      for (uint32_t f = 0; f < 6; f++)
        if (!kk_get (s, t, i, f, &v) && v.type == KK_TYPE_STRING && strlen (v.string) > v.length)
          abort ();
    }
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct env env;
  env_init (&env);
  struct schema *schema = make_schema (&env.host);
  struct dict *dict = dict_new ();
  struct sample *before = NULL, *s;
  const char *p = (const char *)data, *end = p + size;
  for (int n = 0; schema && dict && n < 50 && p < end && !unpack_sample (&p, end, schema, before, dict, &s); n++) {
    struct buf again = {0};
    read_all (&s->face);
    pack_sample (&again, s, before);
    buf_free (&again);
    sample_unref (before);
    before = s;
  }
  sample_unref (before);
  dict_unref (dict);
  schema_unref (schema);
  return 0;
}
