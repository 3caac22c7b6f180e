/* A filter that touches one table and, from a sample on, does something wrong with every sample; for the tests of chains. */
#include <kode-kronical/plugin.h>

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { GOOD, FAIL, LATE, NEVER, HANG };

struct config {
  int32_t mode;
  const char *table;
  const char *hold;
};
static const struct kk_option options[] = {
  KK_OPT_CHOICE ("mode", struct config, mode, "good|fail|late|never|hang", .def = "good", .help = "What it does wrong"),
  KK_OPT_STRING ("table", struct config, table, .def = "network", .help = "The table that it touches"),
  KK_OPT_STRING ("hold", struct config, hold, .help = "Hangs in each call while this file is there"),
};

enum { GOOD_ONES = 4 };

struct state {
  const struct config *config;
  uint64_t samples, longest;
};

static int
faulty_create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  s->config = config;
  s->longest = (uint64_t) kk_deadline (self);
  *state = s;
  return 0;
}

static int
faulty_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  const struct state *s = state;
  struct kk_table table;
  int r = kk_shape_touch (shape, KK_NONE);
  (void) binding;
  for (uint32_t t = 0; !r && !kk_schema_table (in, t, &table); t++)
    if (!strcmp (table.name, s->config->table))
      r = kk_shape_touch (shape, t);
  return r;
}

static void
take (uint64_t ns)
{
  nanosleep (&(struct timespec){.tv_sec = (time_t) (ns / 1000000000), .tv_nsec = (long) (ns % 1000000000)}, NULL);
}

static int
faulty_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  struct state *s = state;
  (void) binding;
  (void) in;
  if (++s->samples > GOOD_ONES && s->config->mode == LATE)
    take (s->longest + s->longest / 4);
  while (s->samples > GOOD_ONES && s->config->mode == HANG)
    take (3600 * UINT64_C (1000000000));
  while (*s->config->hold && !access (s->config->hold, F_OK))
    take (5000000);
  if (s->samples > GOOD_ONES && s->config->mode == NEVER)
    return 0;
  const int r = kk_emit (out);
  return s->samples > GOOD_ONES && s->config->mode == FAIL ? -EIO : r;
}

KK_PLUGIN (.kind = KK_FILTER, .name = "faulty", .version = "1.0", .summary = "Does not do its work", KK_OPTIONS (options),
           .config_size = sizeof (struct config), .create = faulty_create, .bind = faulty_bind, .process = faulty_process,
           .destroy = free);
