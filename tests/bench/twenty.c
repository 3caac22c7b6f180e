/* An input of twenty numbers that costs next to nothing itself, so that what is measured is the way they take. */
#include <kode-kronical/plugin.h>

#include <errno.h>
#include <stdlib.h>

#define PAIR(n)                                                                                                                \
  KK_F64 ("f" #n, "%", KK_GAUGE, .decimals = 1, .help = "A share"), KK_U64 ("u" #n, "By", KK_COUNTER, .help = "A counter")

enum { PAIRS = 10 };
static const struct kk_field fields[] = {PAIR (0), PAIR (1), PAIR (2), PAIR (3), PAIR (4),
                                         PAIR (5), PAIR (6), PAIR (7), PAIR (8), PAIR (9)};
static const struct kk_table tables[] = {KK_SINGLE ("twenty", fields, "Twenty fields")};

static int
twenty_create (struct kk_instance *self, const void *config, void **state)
{
  (void) self;
  (void) config;
  *state = calloc (1, sizeof (uint64_t));
  return *state ? 0 : -ENOMEM;
}

static int
twenty_read (void *state, struct kk_rows *out)
{
  uint64_t *reads = state;
  struct kk_row *row = kk_row (out, 0, NULL, 0);
  ++*reads;
  for (uint32_t i = 0; i < PAIRS; i++) {
    kk_f64 (row, 2 * i, (double) (*reads % 1000) / 10);
    kk_u64 (row, 2 * i + 1, *reads * (i + 1));
  }
  return 0;
}

static void
twenty_destroy (void *state)
{
  free (state);
}

KK_PLUGIN (.kind = KK_INPUT, .name = "twenty", .version = "1.0", .summary = "Twenty numbers", KK_TABLES (tables),
           .create = twenty_create, .read = twenty_read, .destroy = twenty_destroy);
