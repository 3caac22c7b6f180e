/* A filter that drops a field and lets through the second row of a table; for the tests of isolation. */
#include "misdeeds.h"

#include <errno.h>
#include <time.h>

struct config {
  const char *mode;
  int64_t pause_ns;
  int64_t bind_pause_ns;
};
enum { SLOW_BINDS = 2 };
static const struct kk_option options[] = {
  KK_OPT_STRING ("mode", struct config, mode, .def = "good", .help = "What it does wrong"),
  KK_OPT_DURATION ("pause", struct config, pause_ns, .def = "0", .help = "How long it takes once, when it is late"),
  KK_OPT_DURATION ("bind_pause", struct config, bind_pause_ns, .def = "0", .help = "How long each of its first binds takes"),
};

struct state {
  struct kk_instance *self;
  const struct config *config;
  uint64_t samples;
  uint32_t binds, bindings; /* so far; now */
};
struct binding {
  uint32_t rows; /* number of the table */
};

static int
sieve_check (const void *config, struct kk_fault *fault)
{
  const struct config *c = config;
  return strcmp (c->mode, "refused") ? 0 : kk_refuse (fault, "mode", "a sieve does not do that");
}

static int
sieve_create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  s->self = self;
  s->config = config;
  *state = s;
  return 0;
}

static void
take (int64_t ns)
{
  if (ns > 0)
    nanosleep (&(struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000}, NULL);
}

static int
sieve_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  struct state *s = state;
  struct binding *b = calloc (1, sizeof *b);
  if (!b)
    return -ENOMEM;
  if (s->binds++ < SLOW_BINDS)
    take (s->config->bind_pause_ns);
  s->bindings++;
  b->rows = UINT32_MAX;
  for (uint32_t t = 0; t < kk_schema_tables (in); t++) {
    struct kk_table table;
    kk_schema_table (in, t, &table);
    if (!strcmp (table.name, "rogue_rows"))
      b->rows = t;
    if (!strcmp (table.name, "rogue_numbers"))
      kk_shape_drop_table (shape, t);
    for (uint32_t f = 0; f < table.n_fields; f++) {
      struct kk_field field;
      kk_schema_field (in, t, f, &field);
      if (!strcmp (field.name, "number"))
        kk_shape_drop_field (shape, t, f);
    }
  }
  *binding = b;
  return 0;
}

static void
sieve_unbind (void *state, void *binding)
{
  struct state *s = state;
  s->bindings--;
  free (binding);
}

static int
sieve_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  struct state *s = state;
  const struct binding *b = binding;
  const uint32_t rows[] = {1};
  struct kk_table_info info;
  if (++s->samples == 4)
    take (s->config->pause_ns);
  if (s->samples == 1)
    kk_info (s->self, "bindings: %u after %u binds", s->bindings, s->binds);
  if (s->samples == 4 && strcmp (s->config->mode, "good"))
    misbehave (s->self, s->config->mode, (uint32_t) s->samples + 3); /* it was opened, created, bound */
  if (b->rows != UINT32_MAX && !kk_table_info (in, b->rows, &info) && info.rows > 1) {
    int r = kk_emit_keep_rows (out, b->rows, rows, 1);
    if (r)
      return r;
  }
  return kk_emit (out);
}

KK_PLUGIN (.kind = KK_FILTER, .name = "sieve", .version = "1.0", .summary = "Lets some through", KK_OPTIONS (options),
           .config_size = sizeof (struct config), .check = sieve_check, .create = sieve_create, .bind = sieve_bind,
           .unbind = sieve_unbind, .process = sieve_process, .destroy = free);
