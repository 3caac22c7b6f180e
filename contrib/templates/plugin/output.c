/* @NAME@: writes one line per sample to a file: the time, then the numbers of every table of one row.
 *
 * Begin by changing the options and what @IDENT@_write does with a sample. kode-kronical-plugin(3) has every function; the
 * README says where the guide is. */
#define KK_API 1
#include <kode-kronical/plugin.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What daemon.yaml says below plugins.@NAME@. The daemon parses and checks it. */
struct config {
  const char *file;
};

static const struct kk_option options[] = {
  KK_OPT_PATH ("file", struct config, file, .help = "File to append to; @NAME@.txt in the data directory when it is not given"),
};

/* Each use of the plugin in daemon.yaml has a state of its own. */
struct state {
  struct kk_instance *self;
  FILE *file;
};

static int
@IDENT@_create (struct kk_instance *self, const void *config, void **state)
{
  const struct config *c = config;
  char name[4096];
  int n = c->file[0] ? snprintf (name, sizeof name, "%s", c->file)
                     : snprintf (name, sizeof name, "%s/%s.txt", kk_data_dir (self), kk_name (self));
  if (n < 0 || (size_t) n >= sizeof name)
    return -ENAMETOOLONG;
  struct state *s = malloc (sizeof *s);
  if (!s)
    return -ENOMEM;
  *s = (struct state){.self = self, .file = fopen (name, "ae")};
  if (!s->file) {
    int error = errno;
    kk_error (self, "cannot append to %s: %s", name, strerror (error));
    free (s);
    return -error;
  }
  *state = s;
  return 0;
}

static void
@IDENT@_destroy (void *state)
{
  struct state *s = state;
  fclose (s->file);
  free (s);
}

static void
write_value (FILE *to, const char *table, const char *field, const struct kk_value *value)
{
  switch (value->type) {
  case KK_TYPE_F64:
    fprintf (to, " %s.%s=%.10g", table, field, value->f64);
    break;
  case KK_TYPE_U64:
    fprintf (to, " %s.%s=%" PRIu64, table, field, value->u64);
    break;
  case KK_TYPE_I64:
    fprintf (to, " %s.%s=%" PRId64, table, field, value->i64);
    break;
  default:
    break; /* no number */
  }
}

static void
write_sample (FILE *to, const struct kk_sample *sample)
{
  const struct kk_schema *schema = kk_sample_schema (sample);
  struct kk_time time;
  kk_sample_time (sample, &time);
  fprintf (to, "%" PRId64 ".%03d", time.wall_ns / 1000000000, (int) (time.wall_ns / 1000000 % 1000));
  for (uint32_t t = 0; t < kk_schema_tables (schema); t++) {
    struct kk_table table;
    struct kk_table_info info;
    if (kk_schema_table (schema, t, &table) || table.key || kk_table_info (sample, t, &info) || !info.rows)
      continue;
    for (uint32_t f = 0; f < table.n_fields; f++) {
      struct kk_field field;
      struct kk_value value;
      if (!kk_schema_field (schema, t, f, &field) && !kk_get (sample, t, 0, f, &value))
        write_value (to, table.name, field.name, &value);
    }
  }
  fputc ('\n', to);
}

/* Called from a thread of its own, with what has come since. KK_RETRY: call again later with what is not *done. */
static int
@IDENT@_write (void *state, const struct kk_sample *const *samples, uint32_t n, uint32_t *done)
{
  struct state *s = state;
  for (uint32_t i = 0; i < n; i++)
    write_sample (s->file, samples[i]);
  if (fflush (s->file))
    return -errno;
  *done = n;
  return 0;
}

KK_PLUGIN (.kind = KK_OUTPUT, .name = "@NAME@", .version = "0.1", .summary = "Writes samples to a text file, one line each",
           KK_OPTIONS (options), .config_size = sizeof (struct config), .create = @IDENT@_create, .destroy = @IDENT@_destroy,
           .write = @IDENT@_write);
