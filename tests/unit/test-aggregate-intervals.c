/* The minute's mean of inputs with intervals of their own, from their reads on: each reading counts once, in the minute in
 * which it was read, however often samples repeat it. The slow way keeps all readings. */
#include "aggregate/aggregate.c"
#include "chain.h"
#include "fake.h"
#include "layout.h"

#include <math.h>

enum { INPUTS = 4, MOST_READINGS = 2000, MINUTES = 12 };

static const struct kk_field a[] = {KK_F64 ("a", "1", KK_GAUGE, .help = "A")}, b[] = {KK_F64 ("b", "1", KK_GAUGE, .help = "B")},
                             load[] = {KK_F64 ("load", "1", KK_GAUGE, .help = "Load")};
static const struct kk_table a_tables[] = {KK_SINGLE ("system", a, "All")}, b_tables[] = {KK_SINGLE ("system", b, "All")},
                             things[] = {KK_KEYED ("things", "name", KK_STRING_KEY, load, "Each")};

/* What each input is: which field or row is its own, and how often it is read. */
static const struct {
  const struct kk_table *table;
  const char *field, *key;
  int64_t interval_ns;
} kinds[INPUTS] = {{a_tables, "a", NULL, SECOND},
                   {b_tables, "b", NULL, 7 * SECOND},
                   {things, "load", "quick", 3 * SECOND},
                   {things, "load", "slow", 100 * SECOND}};

static struct {
  int64_t wall_ns;
  double value;
} readings[INPUTS][MOST_READINGS];
static uint32_t n_readings[INPUTS];
static struct env env;
static struct clock_reading now;
static uint64_t seed;
static uint32_t reading; /* which input */
static struct chain *chain;
static unsigned came, compared;

static uint32_t
random_below (uint32_t n)
{
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t) ((seed >> 33) % n);
}

/* Some reads fail, some say that nothing is newer, some do not know the value. */
static int
read_ (void *state, struct kk_rows *out)
{
  struct kk_time time;
  (void) state;
  kk_read_time (out, &time);
  const uint32_t dice = random_below (12);
  if (dice == 0)
    return -EIO;
  if (dice == 1 && time.after == KK_PRESENT)
    return KK_HELD;
  struct kk_row *row = kk_row (out, 0, kinds[reading].key, 0);
  if (dice == 2) {
    kk_absent (row, 0, KK_DENIED);
    return 0;
  }
  const double value = random_below (1000) / 8.0;
  kk_f64 (row, 0, value);
  ck_assert_uint_lt (n_readings[reading], MOST_READINGS);
  readings[reading][n_readings[reading]].wall_ns = now.wall_ns;
  readings[reading][n_readings[reading]++].value = value;
  return 0;
}

static void
compare (const struct sample *s, uint32_t input, int64_t from_ns, int64_t to_ns)
{
  double sum = 0;
  uint32_t n = 0;
  for (uint32_t i = 0; i < n_readings[input]; i++)
    if (readings[input][i].wall_ns >= from_ns && readings[input][i].wall_ns < to_ns) {
      sum += readings[input][i].value;
      n++;
    }
  const uint32_t t = (uint32_t) schema_find_table (s->schema, kinds[input].table->name);
  const uint32_t f = (uint32_t) table_schema_find (s->schema->tables + t, kinds[input].field);
  struct kk_value key, v = {.absent = KK_UNSET};
  for (uint32_t row = 0; row < s->tables[t].n_rows; row++) {
    if (kinds[input].key && !kk_get_key (&s->face, t, row, &key) && strcmp (key.string, kinds[input].key) != 0)
      continue;
    kk_get (&s->face, t, row, f, &v);
  }
  ck_assert_msg (!v.absent == (n > 0), "%s of input %u is there: %d, of %u readings", kinds[input].field, input, !v.absent, n);
  if (n)
    ck_assert_double_eq_tol (v.f64, sum / n, 1e-9 * (1 + fabs (sum / n)));
  compared += n > 0;
}

static void
sink (void *arg, const struct sample *s)
{
  (void) arg;
  if (came++) /* the first minute was not whole */
    for (uint32_t i = 0; i < INPUTS; i++)
      compare (s, i, s->time.wall_ns - 60 * SECOND, s->time.wall_ns);
}

/* Reads what is due at this tick, and sends the sample through the filter. */
static void
tick (struct input *const *inputs, struct layout *layout, uint64_t n)
{
  for (reading = 0; reading < INPUTS; reading++) {
    if (!input_due (inputs[reading], now.mono_ns))
      continue;
    struct kk_time time = input_begin (inputs[reading], &now);
    input_take (inputs[reading], &now, n, input_read (inputs[reading], &time));
  }
  const struct kk_time time = {.wall_ns = now.wall_ns, .mono_ns = now.mono_ns};
  struct sample *s = layout_collect (layout, inputs, n, &time);
  ck_assert_ptr_nonnull (s);
  chain_run (chain, s);
  sample_unref (s);
  fake_pass (&now, SECOND);
}

START_TEST (each_reading_counts_once)
{
  static const struct config config = {.every_ns = 60 * SECOND, .window_ns = 60 * SECOND};
  struct kk_plugin plugins[INPUTS];
  struct descriptor *d[INPUTS + 1];
  struct instance_plan plans[INPUTS + 1];
  struct input *inputs[INPUTS];
  struct layout *layout;
  char *reason;
  seed = (uint64_t) _i;
  came = compared = 0;
  memset (n_readings, 0, sizeof n_readings);
  fake_env (&env, &now);
  fake_pass (&now, (int64_t) random_below (60) * SECOND + random_below (1000) * MS);
  for (uint32_t i = 0; i < INPUTS; i++) {
    const struct kk_plugin plugin = FAKE_PLUGIN (.kind = KK_INPUT, .name = "made-up", .tables = kinds[i].table, .n_tables = 1,
                                                 .create = fake_create, .read = read_);
    plugins[i] = plugin;
    d[i] = fake_descriptor (plugins + i);
    plans[i] = fake_plan (i % 2 ? "one" : "other", d[i], NULL);
    plans[i].interval_ns = kinds[i].interval_ns;
    ck_assert_int_eq (input_new (fake_instance (&env, plans + i), inputs + i), 0);
  }
  ck_assert_int_eq (layout_new (&env, inputs, INPUTS, &layout, &reason), 0);
  d[INPUTS] = fake_descriptor (&kk_plugin);
  plans[INPUTS] = fake_plan ("aggregate", d[INPUTS], (void *) (uintptr_t) &config);
  struct instance *filter = fake_instance (&env, plans + INPUTS);
  ck_assert_int_eq (chain_new (&filter, 1, sink, NULL, &chain), 0);
  for (uint64_t n = 1; n <= 60 * MINUTES; n++)
    tick (inputs, layout, n);
  ck_assert_uint_ge (came, MINUTES - 1);
  ck_assert_uint_gt (compared, 3 * (MINUTES - 2));
  chain_free (chain);
  instance_free (filter);
  layout_free (layout);
  for (uint32_t i = 0; i < INPUTS; i++)
    input_free (inputs[i]);
  for (uint32_t i = 0; i <= INPUTS; i++)
    descriptor_free (d[i]);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_loop_test (t, each_reading_counts_once, 1, 1 + unit_rounds (100));
}

UNIT_MAIN ("aggregate-intervals", tests)
