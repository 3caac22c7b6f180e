/* Filters that fail, keep samples back or come back late: what goes on, and what is counted. */
#include "chain-kit.h"

enum { SYSTEM, THINGS, NUMBERS };

struct told {
  int result, emits;
  const uint32_t *touches; /* ended by KK_NONE, which is said, too; NULL: says nothing */
  bool drops_numbers, adds;
  int64_t takes_ns;
  uint32_t binds;
};

static int
told_create (struct kk_instance *self, const void *config, void **state)
{
  (void) self;
  *state = (void *) (uintptr_t) config;
  return 0;
}

static int
told_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  static const struct kk_field fields[] = {KK_U64 ("one", "1", KK_GAUGE, .help = "One")};
  static const struct kk_table added = KK_KEYED ("added", "key", KK_U64_KEY, fields, "Added");
  struct told *t = state;
  uint32_t number;
  (void) binding;
  t->binds++;
  ck_assert_int_eq (kk_shape_touch (shape, kk_schema_tables (in)), -EINVAL);
  for (const uint32_t *touched = t->touches; touched; touched = *touched == KK_NONE ? NULL : touched + 1)
    ck_assert_int_eq (kk_shape_touch (shape, *touched), 0);
  if (t->drops_numbers)
    ck_assert_int_eq (kk_shape_drop_field (shape, NUMBERS, 0), 0);
  if (t->adds)
    ck_assert_int_eq (kk_shape_add_table (shape, KK_NONE, &added, &number), 0);
  return 0;
}

static int
told_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *to)
{
  const struct told *t = state;
  (void) binding, (void) in;
  fake_pass (&now, t->takes_ns);
  for (int i = 0; i < t->emits; i++)
    ck_assert_int_eq (kk_emit (to), 0);
  return t->result;
}

static const struct kk_plugin told_plugin =
  FAKE_PLUGIN (.kind = KK_FILTER, .name = "told", .create = told_create, .bind = told_bind, .process = told_process,
               .config_size = sizeof (struct told));

static struct told first, second;
static struct descriptor *d;
static struct instance_plan plans[2];
static struct instance *filters[2];

static void
set_up (void)
{
  fake_env (&env, &now);
  schema = make_schema ();
  first = second = (struct told){.emits = 1};
  d = fake_descriptor (&told_plugin);
  for (int i = 0; i < 2; i++) {
    plans[i] = fake_plan ("told", d, i ? &second : &first);
    filters[i] = fake_instance (&env, plans + i);
  }
  ck_assert_int_eq (chain_new (filters, 2, sink, NULL, &chain), 0);
}

static void
tear_down (void)
{
  clear ();
  chain_free (chain);
  instance_free (filters[0]);
  instance_free (filters[1]);
  descriptor_free (d);
  schema_unref (schema);
}

static struct sample *
run (void)
{
  struct sample *s = make_sample (schema, "abc", "de");
  chain_run (chain, s);
  return s;
}

static uint32_t
table_of (const struct sample *s, const char *name)
{
  const int64_t t = schema_find_table (s->schema, name);
  ck_assert_int_ge (t, 0);
  return (uint32_t) t;
}

static void
is_shared (const struct sample *o, const struct sample *s, const char *name)
{
  const struct table *a = o->tables + table_of (o, name), *b = s->tables + table_of (s, name);
  ck_assert_uint_eq (a->n_rows, b->n_rows);
  ck_assert_uint_eq (a->state, b->state);
  ck_assert_uint_eq (a->held, b->held);
  for (uint32_t g = 0; g < b->n_segments; g++)
    ck_assert_ptr_eq (a->segments[g].columns[0].values, b->segments[g].columns[0].values);
}

static void
is_failed (const struct sample *o, const char *name, uint32_t rows)
{
  const uint32_t t = table_of (o, name);
  struct kk_value v;
  struct kk_table_info info;
  ck_assert_int_eq (kk_table_info (&o->face, t, &info), 0);
  ck_assert_uint_eq (info.state, KK_FAILED);
  ck_assert_uint_eq (info.rows, rows);
  ck_assert_uint_eq (info.held, 0);
  ck_assert_int_eq (info.mono_ns, o->time.mono_ns);
  for (uint32_t f = 0; f < o->schema->tables[t].n_fields && rows; f++)
    ck_assert_uint_eq (kk_get (&o->face, t, 0, f, &v), KK_ERROR);
}

static void
counts (uint64_t incomplete, uint64_t dropped)
{
  const struct instance_stats s = instance_stats (filters[0]);
  ck_assert_uint_eq (s.incomplete, incomplete);
  ck_assert_uint_eq (s.dropped, dropped);
  ck_assert_uint_eq (s.failures, incomplete + dropped);
}

START_TEST (what_it_does_not_touch_goes_on)
{
  static const uint32_t touches[] = {THINGS, KK_NONE};
  first.touches = touches;
  first.drops_numbers = first.adds = true;
  struct sample *s = run ();
  first.result = -EIO;
  struct sample *t = run ();
  ck_assert_uint_eq (n_out, 2);
  ck_assert_ptr_eq (came[1]->schema, came[0]->schema); /* those behind it notice nothing */
  ck_assert_uint_eq (second.binds, 1);
  is_shared (came[1], t, "system");
  is_failed (came[1], "things", 0);
  is_failed (came[1], "numbers", 0); /* of which it drops a field */
  is_failed (came[1], "added", 0);
  counts (1, 0);
  first.result = 0;
  sample_unref (s);
  s = run ();
  is_shared (came[2], s, "things");
  counts (1, 0);
  sample_unref (s);
  sample_unref (t);
}
END_TEST

START_TEST (a_single_table_keeps_its_row)
{
  static const uint32_t touches[] = {SYSTEM, KK_NONE};
  first.touches = touches;
  first.result = 1;
  struct sample *s = run ();
  is_failed (came[0], "system", 1);
  is_shared (came[0], s, "things");
  is_shared (came[0], s, "numbers");
  counts (1, 0);
  sample_unref (s);
}
END_TEST

START_TEST (one_that_hides_nothing_loses_nothing)
{
  static const uint32_t touches[] = {KK_NONE};
  first.touches = touches;
  first.adds = true;
  first.result = -EIO;
  struct sample *s = run ();
  is_shared (came[0], s, "system");
  is_shared (came[0], s, "things");
  is_shared (came[0], s, "numbers");
  is_failed (came[0], "added", 0);
  sample_unref (s);
}
END_TEST

START_TEST (one_that_says_nothing_touches_all)
{
  first.drops_numbers = true;
  first.result = -EIO;
  sample_unref (run ());
  ck_assert_uint_eq (n_out, 0);
  counts (0, 1);
}
END_TEST

START_TEST (of_one_that_touches_all_nothing_goes_on)
{
  static const uint32_t touches[] = {SYSTEM, THINGS, NUMBERS, KK_NONE};
  first.touches = touches;
  first.result = -EIO;
  sample_unref (run ());
  ck_assert_uint_eq (n_out, 0);
  counts (0, 1);
}
END_TEST

START_TEST (two_fail_one_behind_the_other)
{
  static const uint32_t touches[][2] = {{THINGS, KK_NONE}, {SYSTEM, KK_NONE}};
  first.touches = touches[0];
  second.touches = touches[1];
  first.result = second.result = -EIO;
  struct sample *s = run ();
  is_failed (came[0], "system", 1);
  is_failed (came[0], "things", 0);
  is_shared (came[0], s, "numbers");
  sample_unref (s);
}
END_TEST

START_TEST (what_is_kept_back_is_counted)
{
  first.emits = 0;
  for (int i = 0; i < 3; i++)
    sample_unref (run ());
  struct instance_stats s = instance_stats (filters[0]);
  ck_assert_uint_eq (s.withheld, 3);
  ck_assert_uint_eq (s.withheld_now, 3);
  first.emits = 2;
  sample_unref (run ());
  ck_assert_uint_eq (n_out, 2);
  first.emits = 0;
  sample_unref (run ());
  first.result = -EIO; /* which is no holding back */
  sample_unref (run ());
  s = instance_stats (filters[0]);
  ck_assert_uint_eq (s.withheld, 4);
  ck_assert_uint_eq (s.withheld_now, 1);
  ck_assert_uint_eq (s.dropped, 1);
  ck_assert_uint_eq (instance_stats (filters[1]).withheld, 0);
}
END_TEST

START_TEST (one_that_is_late_loses_nothing_and_is_counted)
{
  first.takes_ns = plans[0].deadline_ns;
  sample_unref (run ());
  first.takes_ns--;
  sample_unref (run ());
  ck_assert_uint_eq (n_out, 2);
  ck_assert_uint_eq (instance_stats (filters[0]).overruns, 1);
  counts (0, 0);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, what_it_does_not_touch_goes_on);
  tcase_add_test (t, a_single_table_keeps_its_row);
  tcase_add_test (t, one_that_hides_nothing_loses_nothing);
  tcase_add_test (t, one_that_says_nothing_touches_all);
  tcase_add_test (t, of_one_that_touches_all_nothing_goes_on);
  tcase_add_test (t, two_fail_one_behind_the_other);
  tcase_add_test (t, what_is_kept_back_is_counted);
  tcase_add_test (t, one_that_is_late_loses_nothing_and_is_counted);
}

UNIT_MAIN ("chain-fail", tests)
