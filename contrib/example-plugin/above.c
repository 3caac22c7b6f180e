/* above, a filter: passes on only those rows of a table in which a field has at least a certain value, such as processes that
 * use more than 1 % of a CPU. */
#define KK_API 1
#include <kode-kronical/plugin.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct config {
  const char *table, *field;
  double min;
};

static const struct kk_option options[] = {
  KK_OPT_STRING ("table", struct config, table, .flags = KK_REQUIRED, .help = "Table whose rows are looked at"),
  KK_OPT_STRING ("field", struct config, field, .flags = KK_REQUIRED, .help = "Field that decides"),
  KK_OPT_FLOAT ("min", struct config, min, .flags = KK_REQUIRED, .min = "-1e300", .max = "1e300",
                .help = "Least value of it in a row that is passed on"),
};

struct state {
  struct kk_instance *self;
  const struct config *config;
};

/* Where table and field are in the samples of one schema. */
struct binding {
  uint32_t table, field;
};

static int
above_create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = malloc (sizeof *s);
  if (!s)
    return -ENOMEM;
  *s = (struct state){.self = self, .config = config};
  *state = s;
  return 0;
}

static void
above_destroy (void *state)
{
  free (state);
}

static bool
find (const struct config *c, const struct kk_schema *in, struct binding *ret)
{
  for (uint32_t t = 0; t < kk_schema_tables (in); t++) {
    struct kk_table table;
    if (kk_schema_table (in, t, &table) || !table.key || strcmp (table.name, c->table))
      continue;
    for (uint32_t f = 0; f < table.n_fields; f++) {
      struct kk_field field;
      if (!kk_schema_field (in, t, f, &field) && !strcmp (field.name, c->field)) {
        *ret = (struct binding){.table = t, .field = f};
        return true;
      }
    }
  }
  return false;
}

/* Samples without the table or the field go through as they are: the binding is NULL. */
static int
above_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  const struct state *s = state;
  struct binding found, *b;
  (void) shape;
  *binding = NULL;
  if (!find (s->config, in, &found)) {
    kk_warn (s->self, "no table %s with a field %s comes along: everything is passed on", s->config->table, s->config->field);
    return 0;
  }
  b = malloc (sizeof *b);
  if (!b)
    return -ENOMEM;
  *b = found;
  *binding = b;
  return 0;
}

static void
above_unbind (void *state, void *binding)
{
  (void) state;
  free (binding);
}

/* A row whose value is not known is not above anything. */
static bool
is_above (const struct kk_sample *in, const struct binding *b, uint32_t row, double min)
{
  struct kk_value value;
  if (kk_get (in, b->table, row, b->field, &value))
    return false;
  switch (value.type) {
  case KK_TYPE_F64:
    return value.f64 >= min;
  case KK_TYPE_U64:
    return (double) value.u64 >= min;
  case KK_TYPE_I64:
    return (double) value.i64 >= min;
  default:
    return false;
  }
}

static int
above_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  const struct state *s = state;
  const struct binding *b = binding;
  struct kk_table_info info;
  if (!b || kk_table_info (in, b->table, &info) || !info.rows)
    return kk_emit (out);
  uint32_t n = 0, *rows = malloc (info.rows * sizeof *rows);
  if (!rows)
    return -ENOMEM;
  for (uint32_t i = 0; i < info.rows; i++)
    if (is_above (in, b, i, s->config->min))
      rows[n++] = i;
  int r = kk_emit_keep_rows (out, b->table, rows, n);
  free (rows);
  return r ? r : kk_emit (out);
}

KK_PLUGIN (.kind = KK_FILTER, .name = "above", .version = "1.0", .summary = "Passes on only rows with at least a certain value",
           KK_OPTIONS (options), .config_size = sizeof (struct config), .create = above_create, .destroy = above_destroy,
           .bind = above_bind, .unbind = above_unbind, .process = above_process);
