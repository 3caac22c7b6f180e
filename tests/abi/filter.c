/* A filter that drops one field and some rows. */
#include <kode-kronical/plugin.h>

#include <stdlib.h>

struct config {
  const char *drop;
};
static const struct kk_option options[] = {
  KK_OPT_STRING ("drop", struct config, drop, .def = "text", .help = "The field to leave out"),
};

static int
abi_create (struct kk_instance *self, const void *config, void **state)
{
  (void) self;
  *state = (void *) (uintptr_t) config;
  return 0;
}

static int
abi_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  const struct config *c = state;
  for (uint32_t t = 0; t < kk_schema_tables (in); t++) {
    struct kk_table table;
    if (kk_schema_table (in, t, &table))
      return -22;
    for (uint32_t f = 0; f < table.n_fields; f++) {
      struct kk_field field;
      if (kk_schema_field (in, t, f, &field))
        return -22;
      if (!strcmp (field.name, c->drop))
        kk_shape_drop_field (shape, t, f);
    }
  }
  *binding = NULL;
  return 0;
}

static int
abi_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  (void) state, (void) binding;
  const uint32_t first[] = {0};
  const struct kk_schema *schema = kk_sample_schema (in);
  for (uint32_t t = 0; t < kk_schema_tables (schema); t++) {
    struct kk_table_info info;
    struct kk_table table;
    if (!kk_table_info (in, t, &info) && info.rows > 1 && !kk_schema_table (schema, t, &table) && table.key)
      kk_emit_keep_rows (out, t, first, 1);
  }
  return kk_emit (out);
}

KK_PLUGIN (.kind = KK_FILTER, .name = NAME, .version = "1.0", .summary = "Of the tests", KK_OPTIONS (options),
           .config_size = sizeof (struct config), .create = abi_create, .bind = abi_bind, .process = abi_process);
