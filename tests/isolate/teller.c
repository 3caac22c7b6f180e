/* An output that tells all it can see of each sample, one line a sample; for the tests of isolation. */
#include "misdeeds.h"

#include <errno.h>
#include <time.h>

struct config {
  const char *path;
  const char *mode;
  int64_t pause_ns;
};
static const struct kk_option options[] = {
  KK_OPT_STRING ("path", struct config, path, .flags = KK_REQUIRED, .help = "File to write to"),
  KK_OPT_STRING ("mode", struct config, mode, .def = "good", .help = "What it does wrong"),
  KK_OPT_DURATION ("pause", struct config, pause_ns, .def = "0", .help = "How long its third write takes"),
};

struct state {
  struct kk_instance *self;
  FILE *file;
  const struct config *config;
  struct kk_sample *last;
  uint64_t writes;
};

static int
teller_check (const void *config, struct kk_fault *fault)
{
  const struct config *c = config;
  return strcmp (c->mode, "refused") ? 0 : kk_refuse (fault, "mode", "a teller does not do that");
}

static int
teller_create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  s->self = self;
  s->config = config;
  s->file = fopen (s->config->path, "a");
  if (!s->file) {
    int r = -errno;
    kk_error (self, "cannot open %s: %s", s->config->path, strerror (-r));
    free (s);
    return r;
  }
  *state = s;
  return 0;
}

static void
tell_value (FILE *f, const struct kk_value *v)
{
  if (v->absent)
    fprintf (f, " absent%u", v->absent);
  else if (v->type == KK_TYPE_STRING)
    fprintf (f, " \"%.*s\"%u", (int) v->length, v->string, v->length);
  else if (v->type == KK_TYPE_BOOL)
    fprintf (f, " %d", v->boolean);
  else
    fprintf (f, " %llx", (unsigned long long) v->u64);
  fprintf (f, "%s", v->held ? "held" : "");
}

static void
tell_table (FILE *f, const struct kk_sample *sample, uint32_t t)
{
  struct kk_table table;
  struct kk_table_info info;
  struct kk_value v;
  struct kk_time time;
  kk_schema_table (kk_sample_schema (sample), t, &table);
  kk_table_info (sample, t, &info);
  fprintf (f, " | %s %s %u rows state %u held %u at %lld %lld", table.name, table.key ? table.key : "-", info.rows, info.state,
           info.held, (long long) info.wall_ns, (long long) info.mono_ns);
  for (uint32_t r = 0; r < info.rows; r++) {
    if (table.key) {
      kk_get_key (sample, t, r, &v);
      tell_value (f, &v);
      fprintf (f, " id %llu", (unsigned long long) kk_get_identity (sample, t, r));
    }
    for (uint32_t i = 0; i < table.n_fields; i++) {
      struct kk_field field;
      kk_schema_field (kk_sample_schema (sample), t, i, &field);
      kk_get (sample, t, r, i, &v);
      kk_value_time (sample, t, r, i, &time);
      fprintf (f, " %s[%s,%u]", field.name, field.unit, field.decimals);
      tell_value (f, &v);
      fprintf (f, "@%lld", (long long) time.mono_ns);
    }
  }
}

static int
teller_write (void *state, const struct kk_sample *const *samples, uint32_t n, uint32_t *done)
{
  struct state *s = state;
  if (++s->writes == 3 && s->config->pause_ns)
    nanosleep (&(struct timespec){.tv_sec = s->config->pause_ns / 1000000000, .tv_nsec = s->config->pause_ns % 1000000000},
               NULL);
  if (s->writes == 3 && strcmp (s->config->mode, "good"))
    misbehave (s->self, s->config->mode, (uint32_t) s->writes + 2); /* it was opened and created */
  if (s->writes == 3 && !strcmp (s->config->mode, "retry"))
    return KK_RETRY;
  for (uint32_t i = 0; i < n; i++) {
    struct kk_time time;
    kk_sample_time (samples[i], &time);
    fprintf (s->file, "%lld %lld %u", (long long) time.wall_ns, (long long) time.mono_ns, time.after);
    for (uint32_t t = 0; t < kk_schema_tables (kk_sample_schema (samples[i])); t++)
      tell_table (s->file, samples[i], t);
    fputc ('\n', s->file);
    kk_sample_unref (s->last);
    s->last = kk_sample_ref (samples[i]);
    *done = i + 1;
  }
  return fflush (s->file) ? -EIO : 0;
}

static void
teller_destroy (void *state)
{
  struct state *s = state;
  kk_sample_unref (s->last);
  fclose (s->file);
  free (s);
}

KK_PLUGIN (.kind = KK_OUTPUT, .name = "teller", .version = "1.0", .summary = "Tells all it sees", KK_OPTIONS (options),
           .config_size = sizeof (struct config), .check = teller_check, .create = teller_create, .write = teller_write,
           .destroy = teller_destroy);
