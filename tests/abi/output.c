/* An output that writes one line per value into a file. */
#include <kode-kronical/plugin.h>

#include <stdlib.h>

struct config {
  const char *file;
};
static const struct kk_option options[] = {
  KK_OPT_STRING ("file", struct config, file, .def = "lines", .help = "The name of the file in the data directory"),
};

struct state {
  FILE *to;
  struct kk_sample *last;
};

static int
abi_create (struct kk_instance *self, const void *config, void **state)
{
  char path[4096];
  snprintf (path, sizeof path, "%s/%s", kk_data_dir (self), ((const struct config *) config)->file);
  struct state *s = calloc (1, sizeof *s);
  if (!s || !(s->to = fopen (path, "ae"))) {
    free (s);
    kk_error (self, "cannot open %s", path);
    return -5;
  }
  *state = s;
  return 0;
}

static void
abi_destroy (void *state)
{
  struct state *s = state;
  kk_sample_unref (s->last);
  fclose (s->to);
  free (s);
}

static void
put (FILE *to, const struct kk_table *table, const struct kk_field *field, const struct kk_value *v)
{
  fprintf (to, "%s.%s=", table->name, field->name);
  switch (v->type) {
  case KK_TYPE_F64:
    fprintf (to, "%g\n", v->f64);
    break;
  case KK_TYPE_U64:
    fprintf (to, "%llu\n", (unsigned long long) v->u64);
    break;
  case KK_TYPE_I64:
    fprintf (to, "%lld\n", (long long) v->i64);
    break;
  case KK_TYPE_BOOL:
    fprintf (to, "%s\n", v->boolean ? "true" : "false");
    break;
  default:
    fprintf (to, "%s\n", v->string);
    break;
  }
}

static int
abi_write (void *state, const struct kk_sample *const *samples, uint32_t n, uint32_t *done)
{
  struct state *s = state;
  for (*done = 0; *done < n; ++*done) {
    const struct kk_sample *sample = samples[*done];
    const struct kk_schema *schema = kk_sample_schema (sample);
    kk_sample_unref (s->last);
    s->last = kk_sample_ref (sample);
    for (uint32_t t = 0; t < kk_schema_tables (schema); t++) {
      struct kk_table table;
      struct kk_table_info info;
      if (kk_schema_table (schema, t, &table) || kk_table_info (sample, t, &info))
        return -22;
      for (uint32_t r = 0; r < info.rows; r++)
        for (uint32_t f = 0; f < table.n_fields; f++) {
          struct kk_field field;
          struct kk_value value;
          if (!kk_schema_field (schema, t, f, &field) && !kk_get (sample, t, r, f, &value))
            put (s->to, &table, &field, &value);
        }
    }
  }
  return 0;
}

static int
abi_flush (void *state)
{
  return fflush (((struct state *) state)->to) ? -5 : 0;
}

KK_PLUGIN (.kind = KK_OUTPUT, .name = NAME, .version = "1.0", .summary = "Of the tests", KK_OPTIONS (options),
           .config_size = sizeof (struct config), .create = abi_create, .destroy = abi_destroy, .write = abi_write,
           .flush = abi_flush);
