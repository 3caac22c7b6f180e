/* A plugin that does nothing, for the test of loading. */
#include <kode-kronical/plugin.h>

#ifndef NAME
#define NAME "good"
#endif

static const struct kk_field fields[] = {KK_U64 ("value", "1", KK_GAUGE, .help = "A value")};
static const struct kk_table tables[] = {KK_SINGLE ("good", fields, "One row")};

static int
create (struct kk_instance *self, const void *config, void **state)
{
  (void)config;
  *state = self;
  return 0;
}

static int
read_ (void *state, struct kk_rows *out)
{
  (void)state;
  kk_u64 (kk_row (out, 0, NULL, 0), 0, 42);
  return 0;
}

KK_PLUGIN (.kind = KK_INPUT, .name = NAME, .version = "1", .summary = "Of a test", KK_TABLES (tables), .create = create,
           .read = read_);
