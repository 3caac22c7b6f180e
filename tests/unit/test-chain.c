#include "chain-kit.h"
#include "select/select.c"

#include <fnmatch.h>

/* ---- A filter that does as it is told ---- */

struct told {
  int bind_result, result, emits;
  bool drop_table, drop_field, drop_all;
  const uint32_t *keep;
  uint32_t n_keep, binds, unbinds;
};

static int
told_create (struct kk_instance *self, const void *config, void **state)
{
  (void)self;
  *state = (void *)(uintptr_t)config;
  return 0;
}

static int
told_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  struct told *t = state;
  t->binds++;
  *binding = t;
  ck_assert_int_eq (kk_shape_drop_table (shape, kk_schema_tables (in)), -EINVAL);
  ck_assert_int_eq (kk_shape_drop_field (shape, 0, 2), -EINVAL);
  if (t->drop_table)
    ck_assert_int_eq (kk_shape_drop_table (shape, 2), 0);
  if (t->drop_field || t->drop_all)
    ck_assert_int_eq (kk_shape_drop_field (shape, 1, 0), 0);
  if (t->drop_all)
    ck_assert_int_eq (kk_shape_drop_field (shape, 1, 1), 0);
  return t->bind_result;
}

static void
told_unbind (void *state, void *binding)
{
  ck_assert_ptr_eq (state, binding);
  ((struct told *)state)->unbinds++;
}

static int
told_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *to)
{
  struct told *t = state;
  (void)in;
  ck_assert_ptr_eq (state, binding);
  for (int i = 0; i < t->emits; i++) {
    if (t->keep)
      ck_assert_int_eq (kk_emit_keep_rows (to, 1, t->keep, t->n_keep), 0);
    ck_assert_int_eq (kk_emit_keep_rows (to, 0, (uint32_t[]){0}, 1), -EINVAL);    /* a single table */
    ck_assert_int_eq (kk_emit_keep_rows (to, 2, (uint32_t[]){1, 1}, 2), -EINVAL); /* not ascending */
    ck_assert_int_eq (kk_emit_keep_rows (to, 2, (uint32_t[]){99}, 1), -EINVAL);
    ck_assert_int_eq (kk_emit (to), 0);
  }
  return t->result;
}

static const struct kk_plugin told_plugin =
    FAKE_PLUGIN (.kind = KK_FILTER, .name = "told", .create = told_create, .bind = told_bind, .unbind = told_unbind,
                 .process = told_process, .config_size = sizeof (struct told));

static struct told told;
static struct descriptor *d;
static struct instance_plan plans[2];
static struct instance *filters[2];

static void
set_up (void)
{
  fake_env (&env, &now);
  schema = make_schema ();
  told = (struct told){.emits = 1};
  d = fake_descriptor (&told_plugin);
  for (int i = 0; i < 2; i++) {
    plans[i] = fake_plan ("told", d, &told);
    filters[i] = fake_instance (&env, plans + i);
  }
  ck_assert_int_eq (chain_new (filters, 1, sink, NULL, &chain), 0);
}

static void
tear_down (void)
{
  clear ();
  chain_free (chain);
  ck_assert_uint_eq (told.unbinds, told.bind_result ? 0 : told.binds);
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

START_TEST (an_untouched_sample_is_the_very_same)
{
  struct sample *s = run ();
  ck_assert_uint_eq (n_out, 1);
  ck_assert_ptr_eq (came[0], s);
  sample_unref (s);
}
END_TEST

START_TEST (what_is_dropped_is_gone_and_the_rest_shared)
{
  told.drop_table = told.drop_field = true;
  struct sample *s = run (), *o = came[0];
  ck_assert_uint_eq (o->schema->n_tables, 2);
  ck_assert_uint_eq (o->schema->tables[1].n_fields, 1);
  ck_assert_str_eq (o->schema->tables[1].fields[0].name, "b");
  ck_assert_uint_eq (o->schema->tables[1].max_rows, 50);
  ck_assert_uint_ne (o->schema->id, s->schema->id);
  ck_assert_ptr_eq (o->tables[0].segments[0].columns[0].values, s->tables[0].segments[0].columns[0].values);
  ck_assert_ptr_eq (o->tables[1].segments[1].columns[0].values, s->tables[1].segments[1].columns[1].values);
  ck_assert_uint_eq (o->tables[1].state, KK_COMPLETE); /* fields less, rows all */
  sample_unref (s);
  struct kk_value v;
  kk_get (&o->face, 1, 4, 0, &v); /* and lives on without the first */
  ck_assert_uint_eq (v.u64, 1005);
  s = run ();
  ck_assert_uint_eq (told.binds, 1);
  ck_assert_ptr_eq (came[1]->schema, o->schema);
  sample_unref (s);
}
END_TEST

START_TEST (a_table_without_fields_is_none)
{
  told.drop_all = true;
  struct sample *s = run ();
  ck_assert_uint_eq (came[0]->schema->n_tables, 2);
  ck_assert_int_eq (schema_find_table (came[0]->schema, "things"), -1);
  sample_unref (s);
}
END_TEST

START_TEST (a_large_table_takes_the_place_of_a_small_one)
{
  enum { MANY = 200 };
  struct schema *s = schema_new (&env.host, 2);
  struct shape *shape;
  for (uint32_t t = 0; t < 2; t++) {
    ck_assert_int_eq (table_schema_name (s->tables + t, t ? "large" : "small", NULL, NULL, KK_NO_KEY, 0), 0);
    for (uint32_t f = 0; f < (t ? MANY : 1); f++) {
      char name[16];
      snprintf (name, sizeof name, "f%u", f);
      ck_assert_int_eq (table_schema_add (s->tables + t, &(struct kk_field){.name = name, .type = KK_TYPE_U64, .kind = KK_GAUGE}), 0);
    }
  }
  ck_assert_int_eq (shape_new (&env.host, s, &shape), 0);
  ck_assert_int_eq (kk_shape_drop_table (&shape->face, 0), 0);
  ck_assert_int_eq (shape_finish (shape), 0);
  ck_assert_uint_eq (shape->out->tables[0].n_fields, MANY);
  for (uint32_t f = 0; f < MANY; f++)
    ck_assert_uint_eq (shape->fields[0][f], f);
  shape_free (shape);
  schema_unref (s);
}
END_TEST

START_TEST (rows_are_kept_over_segments)
{
  static const uint32_t keep[] = {0, 2, 4};
  told.keep = keep;
  told.n_keep = 3;
  told.drop_field = true;
  struct sample *s = run ();
  const struct kk_sample *o = &came[0]->face;
  static const char want[] = "ace";
  ck_assert_uint_eq (came[0]->tables[1].n_rows, 3);
  ck_assert_uint_eq (came[0]->tables[1].state, KK_PARTIAL);
  for (uint32_t i = 0; i < 3; i++) {
    struct kk_value v, w;
    kk_get_key (o, 1, i, &v);
    ck_assert_int_eq (v.string[0], want[i]);
    ck_assert_uint_eq (kk_get_identity (o, 1, i), kk_get_identity (&s->face, 1, keep[i]));
    kk_get (o, 1, i, 0, &v);
    kk_get (&s->face, 1, keep[i], 1, &w);
    ck_assert_uint_eq (v.u64, w.u64);
  }
  ck_assert_uint_eq (came[0]->tables[2].state, KK_COMPLETE);
  sample_unref (s);
}
END_TEST

START_TEST (a_filter_may_emit_none_or_many)
{
  for (told.emits = 0; told.emits < 4; told.emits++) {
    struct sample *s = run ();
    ck_assert_int_eq ((int)n_out, told.emits);
    clear ();
    sample_unref (s);
  }
  ck_assert_uint_eq (instance_stats (filters[0]).dropped, 0);
}
END_TEST

START_TEST (one_that_fails_passes_on_nothing)
{
  told.emits = 2;
  for (told.result = -EIO; told.result <= 1; told.result += EIO + 1) {
    struct sample *s = run ();
    ck_assert_uint_eq (n_out, 0);
    sample_unref (s);
  }
  struct instance_stats stats = instance_stats (filters[0]);
  ck_assert_uint_eq (stats.dropped, 2);
  ck_assert_uint_eq (stats.failures, 2);
}
END_TEST

START_TEST (on_error_pass_passes_the_sample_as_it_came)
{
  told.result = -EIO;
  told.drop_field = true;
  plans[0].pass_on_error = true;
  struct sample *s = run ();
  ck_assert_uint_eq (n_out, 1);
  ck_assert_ptr_eq (came[0], s);
  ck_assert_uint_eq (instance_stats (filters[0]).failures, 1);
  sample_unref (s);
}
END_TEST

START_TEST (one_that_cannot_bind_drops)
{
  told.bind_result = -EINVAL;
  struct sample *s = run ();
  ck_assert_uint_eq (n_out, 0);
  ck_assert_uint_eq (instance_stats (filters[0]).dropped, 1);
  sample_unref (s);
}
END_TEST

START_TEST (many_schemas_are_bound_and_let_go)
{
  for (int i = 0; i < 40; i++) {
    struct schema *one = make_schema ();
    struct sample *s = make_sample (one, "x", "");
    chain_run (chain, s);
    sample_unref (s);
    schema_unref (one);
    clear ();
  }
  ck_assert_uint_eq (told.binds, 40);
  ck_assert_uint_ge (told.unbinds, 30);
}
END_TEST

/* ---- select, against a slow version of itself ---- */

static bool
plain (const char *const *keep, const char *const *drop, const char *name)
{
  bool kept_ = !keep[0];
  for (; *keep; keep++)
    kept_ = kept_ || !fnmatch (*keep, name, 0);
  for (; *drop; drop++)
    kept_ = kept_ && fnmatch (*drop, name, 0);
  return kept_;
}

START_TEST (select_keeps_what_it_should)
{
  static const char *const globs[] = {"*", "a", "[a-c]", "?", "d*", "x", "[!e]", "1", "[2-4]"};
  unsigned random = 7;
  struct descriptor *descriptor = fake_descriptor (&kk_plugin);
  for (int round = 0; round < 500; round++) {
    const char *lists[4][3] = {0}; /* keep and drop fields, keep and drop rows */
    char text[4][2][32];
    const char *items[4][2];
    struct kk_list given[4];
    for (int l = 0; l < 4; l++) {
      random = random * 1103515245 + 12345;
      given[l] = (struct kk_list){.items = items[l], .count = (random >> 16) % 3};
      for (uint32_t i = 0; i < given[l].count; i++) {
        random = random * 1103515245 + 12345;
        lists[l][i] = globs[(random >> 16) % KK_COUNT (globs)];
        snprintf (text[l][i], sizeof text[l][i], "thi*.%s", lists[l][i]);
        items[l][i] = text[l][i];
      }
    }
    struct config config = {
      .lists = {[KEEP_FIELDS] = given[0], [DROP_FIELDS] = given[1], [KEEP_ROWS] = given[2], [DROP_ROWS] = given[3]}};
    struct instance_plan plan = fake_plan ("select", descriptor, &config);
    struct instance *filter = fake_instance (&env, &plan);
    struct chain *one;
    ck_assert_int_eq (chain_new (&filter, 1, sink, NULL, &one), 0);
    struct sample *s = make_sample (schema, "abc", "de");
    chain_run (one, s);
    ck_assert_uint_eq (n_out, 1);
    const struct schema *o = came[0]->schema;
    int64_t t = schema_find_table (o, "things");
    bool a = plain (lists[0], lists[1], "a"), b = plain (lists[0], lists[1], "b");
    ck_assert_int_eq (t >= 0, a || b);
    for (uint32_t i = 0, row = 0; t >= 0 && i < 5; i++) {
      struct kk_value v, w;
      kk_get_key (&s->face, 1, i, &v);
      ck_assert_int_eq (table_schema_find (o->tables + t, "a") >= 0, a);
      if (plain (lists[2], lists[3], v.string)) {
        kk_get_key (&came[0]->face, (uint32_t) t, row, &w);
        ck_assert_str_eq (v.string, w.string);
        kk_get (&s->face, 1, i, a ? 0 : 1, &v);
        kk_get (&came[0]->face, (uint32_t) t, row++, 0, &w);
        ck_assert_uint_eq (v.absent, w.absent);
        ck_assert_uint_eq (v.u64, w.u64);
      }
      if (i == 4)
        ck_assert_uint_eq (came[0]->tables[t].n_rows, row);
    }
    ck_assert_int_ge (schema_find_table (o, "numbers"), 0);
    clear ();
    sample_unref (s);
    chain_free (one);
    instance_free (filter);
  }
  descriptor_free (descriptor);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, an_untouched_sample_is_the_very_same);
  tcase_add_test (t, what_is_dropped_is_gone_and_the_rest_shared);
  tcase_add_test (t, a_table_without_fields_is_none);
  tcase_add_test (t, a_large_table_takes_the_place_of_a_small_one);
  tcase_add_test (t, rows_are_kept_over_segments);
  tcase_add_test (t, a_filter_may_emit_none_or_many);
  tcase_add_test (t, one_that_fails_passes_on_nothing);
  tcase_add_test (t, on_error_pass_passes_the_sample_as_it_came);
  tcase_add_test (t, one_that_cannot_bind_drops);
  tcase_add_test (t, many_schemas_are_bound_and_let_go);
  tcase_add_test (t, select_keeps_what_it_should);
}

UNIT_MAIN ("chain", tests)
