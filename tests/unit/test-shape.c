/* Filters that rename and add. */
#include "chain-kit.h"

/* What the filter is to do, by number. */
enum task { RENAME, RENAME_TWICE, ADD, ADD_AND_KEEP, ADD_HELD, ADD_TABLE, REPLACE, LIKE, MANY, FLUSH, BAD };

static enum task task;
static void *second_keeps; /* the filter that only keeps two rows */
static uint32_t added, added_2, table_number;
static int bound;

static int
new_create (struct kk_instance *self, const void *config, void **state)
{
  (void) config;
  *state = self;
  return 0;
}

static const struct kk_field more[] = {
  KK_F64 ("half", "By", KK_GAUGE, .help = "Half of a"),
  KK_STRING ("word", .help = "A word"),
};
static const struct kk_table things = KK_KEYED ("things", "key", KK_STRING_KEY, more, "Made of others");
static const struct kk_table one = KK_SINGLE ("one", more, "One row");

static int
rename_all (struct kk_shape *shape)
{
  /* crosswise */
  ck_assert_int_eq (kk_shape_rename_table (shape, 1, "numbers"), 0);
  ck_assert_int_eq (kk_shape_rename_table (shape, 2, "things"), 0);
  ck_assert_int_eq (kk_shape_rename_field (shape, 0, 0, "b"), 0);
  ck_assert_int_eq (kk_shape_rename_field (shape, 0, 1, "a"), 0);
  ck_assert_int_eq (kk_shape_rename_key (shape, 1, "name"), 0);
  ck_assert_int_eq (kk_shape_rename_key (shape, 0, "name"), -EINVAL); /* has none */
  ck_assert_int_eq (kk_shape_rename_table (shape, 3, "x"), -EINVAL);
  ck_assert_int_eq (kk_shape_rename_field (shape, 0, 2, "x"), -EINVAL);
  ck_assert_int_eq (kk_shape_rename_field (shape, 0, 1, "Not a name"), -EINVAL);
  return 0;
}

static int
add_wrongly (struct kk_shape *shape)
{
  struct kk_field field = more[0];
  struct kk_table table = one;
  uint32_t ret = 77;
  field.name = "A";
  ck_assert_int_eq (kk_shape_add_field (shape, 1, KK_NONE, &field, &ret), -EINVAL);
  ck_assert_int_eq (kk_shape_add_field (shape, 1, 2, more, &ret), -EINVAL);
  ck_assert_int_eq (kk_shape_add_field (shape, 3, KK_NONE, more, &ret), -EINVAL);
  table.n_fields = 0;
  ck_assert_int_eq (kk_shape_add_table (shape, KK_NONE, &table, &ret), -EINVAL);
  ck_assert_int_eq (kk_shape_add_table (shape, 3, &one, &ret), -EINVAL);
  table = things;
  table.key = NULL;
  ck_assert_int_eq (kk_shape_add_table (shape, KK_NONE, &table, &ret), -EINVAL);
  ck_assert_uint_eq (ret, 77);
  return kk_shape_add_table (shape, KK_NONE, &things, &ret); /* there is one of that name */
}

/* Each as old as another field than the one before it, so that none share a block. */
static int
add_many (struct kk_shape *shape)
{
  char name[20];
  struct kk_field field = more[0];
  field.name = name;
  for (uint32_t i = 0; i < 300; i++) {
    snprintf (name, sizeof name, "f%u", i);
    ck_assert_int_eq (kk_shape_add_field (shape, 0, i % 2 ? 0 : KK_NONE, &field, &added), 0);
  }
  return 0;
}

static int
new_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  *binding = NULL;
  bound++;
  if (state && state == second_keeps)
    return 0;
  switch (task) {
  case RENAME:
    return rename_all (shape);
  case RENAME_TWICE:
    return kk_shape_rename_field (shape, 1, 0, "b");
  case ADD:
  case ADD_AND_KEEP:
  case ADD_HELD:
    ck_assert_int_eq (kk_shape_drop_field (shape, 1, 0), 0);
    ck_assert_int_eq (kk_shape_add_field (shape, 1, task == ADD_HELD ? 0 : KK_NONE, more, &added), 0);
    return kk_shape_add_field (shape, 1, KK_NONE, more + 1, &added_2);
  case ADD_TABLE:
    ck_assert_int_eq (kk_shape_add_table (shape, KK_NONE, &one, &table_number), 0);
    ck_assert_int_eq (kk_shape_sparse (shape, kk_schema_tables (in) + table_number), -EINVAL); /* it has its one row */
    ck_assert_int_eq (kk_shape_sparse (shape, kk_schema_tables (in) + table_number + 1), -EINVAL);
    return 0;
  case REPLACE:
  case LIKE:
  case FLUSH:
    ck_assert_int_eq (kk_shape_drop_table (shape, 1), 0);
    ck_assert_int_eq (kk_shape_add_table (shape, task == FLUSH ? KK_NONE : 1, &things, &table_number), 0);
    return task == REPLACE ? kk_shape_sparse (shape, kk_schema_tables (in) + table_number) : 0;
  case MANY:
    return add_many (shape);
  default:
    return add_wrongly (shape);
  }
}

static void
set_added (const struct kk_sample *in, struct kk_emit *out)
{
  struct kk_table_info info;
  kk_table_info (in, 1, &info);
  for (uint32_t i = 0; i < info.rows; i++) {
    struct kk_value v;
    struct kk_row *row = kk_emit_row (out, 1, i);
    if (!kk_get (in, 1, i, 0, &v))
      kk_f64 (row, added, (double) v.u64 / 2);
    kk_string (row, added_2, i % 2 ? "odd" : "even");
    kk_u64 (row, 1, 5);       /* not one that was added */
    kk_f64 (row, added_2, 1); /* of another type */
  }
  kk_f64 (kk_emit_row (out, 1, info.rows), added, 1); /* no such row */
  kk_f64 (kk_emit_row (out, 0, 0), added, 1);         /* nothing was added there */
  kk_f64 (kk_emit_row (out, 99, 0), added, 1);
}

/* Rows 1, 3 and 4 of abc, de under other keys, in another order, and one that is made from none. */
static void
fill_likes (struct kk_rows *rows)
{
  static const struct {
    const char *key;
    uint32_t like;
  } wanted[] = {{"E", 4}, {"B", 1}, {"sum", KK_NONE}, {"D", 3}};
  for (size_t i = 0; i < KK_COUNT (wanted); i++) {
    struct kk_row *row = kk_row (rows, table_number, wanted[i].key, 0);
    if (wanted[i].like != KK_NONE)
      kk_row_like (row, wanted[i].like);
    kk_f64 (row, 0, wanted[i].like);
  }
  kk_row (rows, table_number, "E", 0); /* twice */
}

static int
new_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  (void) binding;
  struct kk_rows *rows = kk_emit_rows (out);
  if (state && state == second_keeps) {
    ck_assert_int_eq (kk_emit_keep_rows (out, 1, (uint32_t[]){0, 3}, 2), 0);
    return kk_emit (out);
  }
  switch (task) {
  case ADD:
  case ADD_HELD:
    set_added (in, out);
    break;
  case ADD_AND_KEEP:
    set_added (in, out);
    ck_assert_int_eq (kk_emit_keep_rows (out, 1, (uint32_t[]){0, 3}, 2), 0);
    break;
  case ADD_TABLE:
    kk_f64 (kk_row (rows, table_number, NULL, 0), 0, 2.5);
    break;
  case REPLACE: {
    struct kk_row *row = kk_row (rows, table_number, "sum", 9);
    kk_f64 (row, 0, 10);
    kk_string (row, 1, "all of them");
    kk_table_state (rows, table_number, KK_PARTIAL);
    kk_emit_time (out, 1000, 2000);
    ck_assert_int_eq (kk_emit (out), 0);
    break; /* the second one has no row, and the time of what came in */
  }
  case LIKE:
    fill_likes (rows);
    break;
  case MANY:
    ck_assert_int_eq (kk_emit (out), -E2BIG);
    return -E2BIG;
  case FLUSH:
    return 0;
  default:
    ck_assert_ptr_null (rows);
    break;
  }
  return kk_emit (out);
}

static int
new_flush (void *state, struct kk_emit *out)
{
  (void) state;
  struct kk_rows *rows = kk_emit_rows (out);
  if (task != FLUSH || !rows)
    return 0;
  kk_f64 (kk_row (rows, table_number, "rest", 0), 0, 3);
  kk_f64 (kk_emit_row (out, 0, 0), 0, 1); /* goes nowhere */
  ck_assert_int_eq (kk_emit_time (out, 5000, 6000), 0);
  return kk_emit (out);
}

static const struct kk_plugin new_plugin = FAKE_PLUGIN (.kind = KK_FILTER, .name = "new", .create = new_create,
                                                        .bind = new_bind, .process = new_process, .flush_filter = new_flush);

static struct descriptor *d;
static struct instance_plan plan;
static struct instance *filter;

static void
set_up (void)
{
  fake_env (&env, &now);
  schema = make_schema ();
  d = fake_descriptor (&new_plugin);
  plan = fake_plan ("new", d, NULL);
  filter = fake_instance (&env, &plan);
  bound = 0;
  ck_assert_int_eq (chain_new (&filter, 1, sink, NULL, &chain), 0);
}

static void
tear_down (void)
{
  clear ();
  chain_free (chain);
  instance_free (filter);
  descriptor_free (d);
  schema_unref (schema);
}

static void
run (enum task t)
{
  task = t;
  struct sample *s = make_sample (schema, "abc", "de");
  chain_run (chain, s);
  sample_unref (s);
}

START_TEST (tables_keys_and_fields_get_other_names)
{
  run (RENAME);
  ck_assert_uint_eq (n_out, 1);
  const struct schema *o = came[0]->schema;
  ck_assert_str_eq (o->tables[0].fields[0].name, "b");
  ck_assert_str_eq (o->tables[0].fields[1].name, "a");
  ck_assert_str_eq (o->tables[1].name, "numbers");
  ck_assert_str_eq (o->tables[1].key, "name");
  ck_assert_str_eq (o->tables[2].name, "things");
  struct kk_value v;
  kk_get (&came[0]->face, 0, 0, 1, &v);
  ck_assert_uint_eq (v.u64, 1000);
}
END_TEST

START_TEST (two_of_one_name_are_refused)
{
  run (RENAME_TWICE);
  ck_assert_uint_eq (n_out, 0);
  ck_assert_ptr_nonnull (strstr (filter->last_message, "two fields things.b"));
}
END_TEST

START_TEST (what_is_no_field_or_table_is_refused)
{
  run (BAD);
  ck_assert_uint_eq (n_out, 0);
  ck_assert_ptr_nonnull (strstr (filter->last_message, "two tables things"));
}
END_TEST

static void
check_added (const struct kk_sample *s, uint32_t row, uint32_t was, bool held)
{
  struct kk_value v;
  uint32_t why = kk_get (s, 1, row, 1, &v);
  ck_assert_uint_eq (why, was % 5 == 4 ? KK_UNSET : KK_PRESENT); /* row 3 was denied */
  if (!why)
    ck_assert_double_eq (v.f64, (double) was / 2);
  ck_assert_uint_eq (v.held, held);
  ck_assert_uint_eq (kk_get (s, 1, row, 0, &v), KK_PRESENT);
  ck_assert_uint_eq (v.u64, 1000 + was);
  ck_assert_uint_eq (kk_get (s, 1, row, 2, &v), KK_PRESENT);
  ck_assert_str_eq (v.string, was % 2 ? "even" : "odd");
  ck_assert_uint_eq (v.held, 0);
}

START_TEST (fields_are_added_to_rows)
{
  run (ADD);
  const struct kk_sample *o = &came[0]->face;
  ck_assert_uint_eq (came[0]->schema->tables[1].n_fields, 3);
  ck_assert_str_eq (came[0]->schema->tables[1].fields[1].name, "half");
  ck_assert_uint_eq (came[0]->tables[1].state, KK_COMPLETE);
  for (uint32_t i = 0; i < 5; i++)
    check_added (o, i, i + 1, false);
  run (ADD);
  ck_assert_int_eq (bound, 1);
  check_added (&came[1]->face, 4, 5, false);
  check_added (o, 4, 5, false); /* the first one is as it was */
}
END_TEST

START_TEST (rows_are_kept_with_what_was_added)
{
  run (ADD_AND_KEEP);
  ck_assert_uint_eq (came[0]->tables[1].n_rows, 2);
  check_added (&came[0]->face, 0, 1, false);
  check_added (&came[0]->face, 1, 4, false);
}
END_TEST

/* The strings that one filter added are not those of the table that the next one takes rows of. */
START_TEST (a_later_filter_keeps_rows_with_what_an_earlier_one_added)
{
  static const char *const words[] = {"even", "odd"};
  struct instance *both[2] = {filter, fake_instance (&env, &plan)};
  chain_free (chain);
  ck_assert_int_eq (chain_new (both, 2, sink, NULL, &chain), 0);
  second_keeps = both[1];
  run (ADD);
  second_keeps = NULL;
  const struct kk_sample *o = &came[0]->face;
  ck_assert_uint_eq (came[0]->tables[1].n_rows, 2);
  ck_assert_uint_eq (came[0]->tables[1].state, KK_PARTIAL);
  for (uint32_t i = 0; i < 2; i++) {
    struct kk_value v, key;
    ck_assert_uint_eq (kk_get (o, 1, i, 2, &v), KK_PRESENT);
    ck_assert_str_eq (v.string, words[i]); /* rows 0 and 3 */
    ck_assert_uint_eq (kk_get_key (o, 1, i, &key), KK_PRESENT);
    ck_assert_int_eq (*key.string, i ? 'd' : 'a');
    ck_assert_uint_eq (kk_get (o, 1, i, 1, &v), i ? KK_UNSET : KK_PRESENT);
  }
  clear ();
  chain_free (chain);
  instance_free (both[1]);
  ck_assert_int_eq (chain_new (&filter, 1, sink, NULL, &chain), 0);
}
END_TEST

START_TEST (what_is_made_of_a_held_value_is_held)
{
  task = ADD_HELD;
  struct sample *s = make_sample (schema, "abc", "de");
  s->tick = 2;
  ((struct block *) (uintptr_t) s->tables[1].segments[1].block)->tick = 2;
  chain_run (chain, s);
  for (uint32_t i = 0; i < 5; i++)
    check_added (&came[0]->face, i, i + 1, i < 3);
  struct kk_time before, time;
  kk_value_time (&s->face, 1, 0, 0, &before);
  kk_value_time (&came[0]->face, 1, 0, 1, &time);
  ck_assert_int_eq (time.wall_ns, before.wall_ns);
  sample_unref (s);
}
END_TEST

START_TEST (a_table_is_added)
{
  run (ADD_TABLE);
  ck_assert_uint_eq (came[0]->schema->n_tables, 4);
  ck_assert_str_eq (came[0]->schema->tables[3].name, "one");
  struct kk_value v;
  struct kk_table_info info;
  ck_assert_uint_eq (kk_get (&came[0]->face, 3, 0, 0, &v), KK_PRESENT);
  ck_assert_double_eq (v.f64, 2.5);
  ck_assert_uint_eq (v.held, 0);
  ck_assert_uint_eq (kk_get (&came[0]->face, 3, 0, 1, &v), KK_UNSET);
  kk_table_info (&came[0]->face, 3, &info);
  ck_assert_int_eq (info.wall_ns, now.wall_ns);
}
END_TEST

START_TEST (a_table_is_replaced_and_a_sample_is_of_another_time)
{
  run (REPLACE);
  ck_assert_uint_eq (n_out, 2);
  const struct kk_sample *o = &came[0]->face;
  struct kk_value v;
  struct kk_time time;
  ck_assert_uint_eq (came[0]->schema->n_tables, 3);
  ck_assert_str_eq (came[0]->schema->tables[2].name, "things");
  ck_assert (kk_schema_sparse (&came[0]->schema->face, 2) && !kk_schema_sparse (&came[0]->schema->face, 1));
  ck_assert_uint_eq (came[0]->tables[2].state, KK_PARTIAL);
  ck_assert_uint_eq (kk_get_key (o, 2, 0, &v), KK_PRESENT);
  ck_assert_str_eq (v.string, "sum");
  ck_assert_uint_eq (kk_get_identity (o, 2, 0), 9);
  ck_assert_uint_eq (kk_get (o, 2, 0, 1, &v), KK_PRESENT);
  ck_assert_str_eq (v.string, "all of them");
  kk_sample_time (o, &time);
  ck_assert_int_eq (time.wall_ns, 1000);
  ck_assert_int_eq (time.mono_ns, 2000);
  kk_sample_time (&came[1]->face, &time);
  ck_assert_int_eq (time.wall_ns, now.wall_ns);
  ck_assert_uint_eq (came[1]->tables[2].n_rows, 0);
  ck_assert_uint_eq (came[1]->tables[2].state, KK_COMPLETE);
}
END_TEST

START_TEST (rows_of_an_added_table_keep_their_age)
{
  static const char *const keys[] = {"sum", "B", "E", "D"};
  static const bool held[] = {false, true, false, false};
  task = LIKE;
  struct sample *s = make_sample (schema, "abc", "de");
  s->tick = 2;
  for (uint32_t i = 0; i < 2; i++) {
    struct block *b = (struct block *) (uintptr_t) s->tables[1].segments[i].block;
    b->tick = i + 1;
    b->mono_ns = b->wall_ns = 100 * (i + 1);
  }
  chain_run (chain, s);
  const struct kk_sample *o = &came[0]->face;
  const struct table *t = came[0]->tables + 2;
  ck_assert_uint_eq (t->n_rows, 4);
  ck_assert_uint_eq (t->n_segments, 3);
  ck_assert_uint_eq (t->held, 0);
  for (uint32_t i = 0; i < 4; i++) {
    struct kk_value v;
    struct kk_time time;
    kk_get_key (o, 2, i, &v);
    ck_assert_str_eq (v.string, keys[i]);
    ck_assert_uint_eq (v.held, held[i]);
    kk_get (o, 2, i, 0, &v);
    ck_assert_uint_eq (v.held, held[i]);
    kk_value_time (o, 2, i, 0, &time);
    ck_assert_int_eq (time.mono_ns, held[i] ? 100 : 200);
  }
  ck_assert_uint_eq (instance_stats (filter).lost_rows, 1); /* the key that was there twice */
  sample_unref (s);
}
END_TEST

START_TEST (too_many_blocks_are_said_and_dropped)
{
  run (MANY);
  ck_assert_uint_eq (n_out, 0);
  ck_assert_int_eq (instance_stats (filter).last_error, -E2BIG);
  ck_assert_uint_eq (instance_stats (filter).dropped, 1);
  ck_assert_ptr_nonnull (strstr (filter->last_message, "fewer inputs"));
}
END_TEST

START_TEST (a_flush_passes_on_what_is_left)
{
  chain_flush (chain); /* before anything came */
  ck_assert_uint_eq (n_out, 0);
  run (FLUSH);
  ck_assert_uint_eq (n_out, 0);
  chain_flush (chain);
  ck_assert_uint_eq (n_out, 1);
  struct kk_value v;
  struct kk_time time;
  ck_assert_uint_eq (kk_get (&came[0]->face, 2, 0, 0, &v), KK_PRESENT);
  ck_assert_double_eq (v.f64, 3);
  ck_assert_uint_eq (v.held, 0);
  ck_assert_uint_eq (kk_get (&came[0]->face, 0, 0, 1, &v), KK_PRESENT); /* went through, and counts no second time */
  ck_assert_uint_eq (v.held, 1);
  kk_sample_time (&came[0]->face, &time);
  ck_assert_int_eq (time.wall_ns, 5000);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, tables_keys_and_fields_get_other_names);
  tcase_add_test (t, two_of_one_name_are_refused);
  tcase_add_test (t, what_is_no_field_or_table_is_refused);
  tcase_add_test (t, fields_are_added_to_rows);
  tcase_add_test (t, rows_are_kept_with_what_was_added);
  tcase_add_test (t, a_later_filter_keeps_rows_with_what_an_earlier_one_added);
  tcase_add_test (t, what_is_made_of_a_held_value_is_held);
  tcase_add_test (t, a_table_is_added);
  tcase_add_test (t, a_table_is_replaced_and_a_sample_is_of_another_time);
  tcase_add_test (t, rows_of_an_added_table_keep_their_age);
  tcase_add_test (t, too_many_blocks_are_said_and_dropped);
  tcase_add_test (t, a_flush_passes_on_what_is_left);
}

UNIT_MAIN ("shape", tests)
