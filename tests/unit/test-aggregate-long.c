/* Windows over reloads, flushes, steps of the clock and inputs that are not read, and what they hold. */
#include "aggregate-kit.h"

static const struct table *
table_of (const struct sample *s, const char *name)
{
  return s->tables + schema_find_table (s->schema, name);
}

START_TEST (a_table_that_is_not_read_keeps_its_rows)
{
  static const char *const items[] = {"many.value=mean"};
  for (int64_t panes = 1; panes <= 2; panes++) {
    begin (60 * SECOND, panes * 60 * SECOND, items, 1);
    struct moment m = {.wall_ns = 1767225600 * SECOND, .many = {{.there = true, .value = 3}, {.there = true, .identity = 1}}};
    for (uint64_t i = 0; i <= 5; i++, m.wall_ns += 60 * SECOND) {
      many_held = i > 0 && i < 5;
      m.many[1].there = i < 5; /* gone by the next reading */
      send_moment (&m, 10 + i);
    }
    chain_flush (chain);
    ck_assert_uint_eq (n_out, 6);
    for (int64_t i = 0; i <= 5; i++) {
      bool read = i < panes || i == 5;
      ck_assert_uint_eq (table_of (came[i], "many")->n_rows, i == 5 ? 1 : 2);
      ck_assert_uint_eq (table_of (came[i], "many")->state, read ? KK_COMPLETE : KK_PARTIAL);
      ck_assert_uint_eq (!get (came[i], "many", 0, "value").absent, read);
      ck_assert_str_eq (get (came[i], "many", 0, "word").string, "even");
    }
    end ();
  }
  many_held = false;
}
END_TEST

/* The same tables with other fields in `one`, more and value or the other way round, as after a reload. */
static struct schema *
make_other_tables (bool turned)
{
  struct schema *s = schema_new (&env.host, 3);
  table_schema_name (s->tables, "one", NULL, "Help", KK_NO_KEY, 1);
  table_schema_add (s->tables, &(struct kk_field){.name = turned ? "value" : "more", .type = KK_TYPE_F64, .kind = KK_GAUGE});
  table_schema_add (s->tables, &(struct kk_field){.name = turned ? "more" : "value", .type = KK_TYPE_F64, .kind = KK_GAUGE});
  table_schema_name (s->tables + 1, "many", "name", "Help", KK_STRING_KEY, 100);
  table_schema_add (s->tables + 1, &(struct kk_field){.name = "value", .type = KK_TYPE_F64, .kind = KK_GAUGE});
  table_schema_add (s->tables + 1, &(struct kk_field){.name = "word", .type = KK_TYPE_STRING, .kind = KK_INFO});
  table_schema_name (s->tables + 2, "rest", NULL, "Help", KK_NO_KEY, 1);
  table_schema_add (s->tables + 2, &(struct kk_field){.name = "number", .type = KK_TYPE_U64, .kind = KK_GAUGE});
  return s;
}

static void
send_other (struct schema *other, int64_t wall_ns, double first, double second)
{
  struct sample *s = sample_new (&env.host, other, (uint32_t[]){1, 1, 1});
  struct moment m = {.wall_ns = wall_ns, .many = {{.there = true, .value = 8}}};
  s->tick = 50;
  s->time = (struct kk_time){.wall_ns = wall_ns, .mono_ns = wall_ns + 5 * SECOND};
  fill_one (s, &m);
  struct block *b = block_new (1, 2, NULL);
  b->tick = s->tick;
  b->mono_ns = s->time.mono_ns;
  b->values[0] = bits_of (first);
  b->values[1] = bits_of (second);
  b->absent[0] = b->absent[1] = KK_PRESENT;
  column (s, s->tables[0].segments, b);
  block_unref (b);
  fill_many (s, &m);
  sample_seal (s);
  chain_run (chain, s);
  sample_unref (s);
}

static void
reload (void)
{
  chain_free (chain);
  ck_assert_int_eq (chain_new (&filter, 1, sink, NULL, &chain), 0);
}

START_TEST (a_window_goes_on_by_the_names_of_its_fields)
{
  static const char *const items[] = {"one.*=mean", "many.value=p50"};
  struct schema *other = make_other_tables (false);
  for (int turn = 0; turn < 2; turn++) {
    begin (60 * SECOND, turn * 120 * SECOND, items, 2);
    struct moment m = {.wall_ns = 1767225601 * SECOND, .one = {.value = 10}, .many = {{.there = true, .value = 4}}};
    send_moment (&m, 10);
    reload ();
    send_other (other, m.wall_ns + SECOND, 1000, 20);
    reload ();
    m.wall_ns += 2 * SECOND;
    m.one.value = 60;
    m.many[0].value = 6;
    send_moment (&m, 60);
    reload ();
    send_other (other, m.wall_ns + 60 * SECOND, 1, 1);
    ck_assert_uint_eq (n_out, 1);
    ck_assert_double_eq_tol (get (came[0], "one", 0, "value").f64, 30, 1e-9);
    ck_assert_double_eq (get (came[0], "many", 0, "value").f64, 6);
    ck_assert_str_eq (get (came[0], "many", 0, "word").string, "even");
    end ();
  }
  schema_unref (other);
}
END_TEST

START_TEST (fields_that_change_places_stay_apart)
{
  static const char *const items[] = {"one.*=mean"};
  struct schema *other = make_other_tables (false), *turned = make_other_tables (true);
  int64_t wall_ns = 1767225601 * SECOND;
  begin (60 * SECOND, 0, items, 1);
  send_other (other, wall_ns, 1000, 10);
  reload ();
  send_other (turned, wall_ns + SECOND, 20, 3000);
  send_other (turned, wall_ns + 60 * SECOND, 1, 1);
  ck_assert_uint_eq (n_out, 1);
  ck_assert_double_eq_tol (get (came[0], "one", 0, "value").f64, 15, 1e-9);
  ck_assert_double_eq_tol (get (came[0], "one", 0, "more").f64, 2000, 1e-9);
  end ();
  schema_unref (other);
  schema_unref (turned);
}
END_TEST

START_TEST (a_flush_tells_nothing_twice_and_empties_no_sliding_window)
{
  static const char *const items[] = {"one.value=sum", "many.value=sum"};
  for (int64_t panes = 1; panes <= 3; panes += 2) {
    begin (10 * SECOND, panes * 10 * SECOND, items, 2);
    struct moment m = {.wall_ns = 1767225600 * SECOND, .one = {.value = 1}, .many = {{.there = true, .value = 1}}};
    send_moment (&m, 1);
    m.wall_ns += 10 * SECOND;
    send_moment (&m, 2);
    clear ();
    chain_flush (chain);
    chain_flush (chain);
    ck_assert_uint_eq (n_out, 1);
    ck_assert_double_eq (get (came[0], "one", 0, "value").f64, panes == 1 ? 1 : 2);
    clear ();
    m.wall_ns += SECOND;
    m.many[0].there = false;
    send_moment (&m, 3);
    m.wall_ns += 10 * SECOND;
    send_moment (&m, 4);
    ck_assert_uint_eq (n_out, 1);
    ck_assert_double_eq (get (came[0], "one", 0, "value").f64, panes == 1 ? 1 : 3);
    ck_assert_uint_eq (table_of (came[0], "many")->n_rows, panes > 1);
    end ();
  }
}
END_TEST

START_TEST (a_small_step_back_tells_no_window_twice)
{
  static const char *const items[] = {"one.value=sum"};
  static const int64_t at[] = {30, 59, 61, 58, 62, 119, 121};
  begin (60 * SECOND, 0, items, 1);
  struct moment m = {.one = {.value = 1}};
  for (size_t i = 0; i < KK_COUNT (at); i++) {
    m.wall_ns = (1767225600 + at[i]) * SECOND;
    send_moment (&m, i + 1);
  }
  ck_assert_uint_eq (n_out, 2);
  ck_assert_double_eq (get (came[0], "one", 0, "value").f64, 2);
  ck_assert_double_eq (get (came[1], "one", 0, "value").f64, 4);
  clear ();
  m.wall_ns -= 100 * SECOND; /* no small one; the clock that only rises stands near here */
  send_moment (&m, 20);
  struct kk_time time;
  ck_assert_uint_eq (n_out, 1);
  kk_sample_time (&came[0]->face, &time);
  ck_assert_int_le (time.mono_ns, m.wall_ns + 5 * SECOND);
  end ();
}
END_TEST

START_TEST (what_windows_hold_is_bounded)
{
  static const char *const items[] = {"many.value=p90"};
  begin (60 * SECOND, 0, items, 1);
  struct state *s = filter->state;
  struct moment m = {.wall_ns = 1767225600 * SECOND};
  for (int i = 0; i < MOST_ROWS; i++)
    m.many[i] = (struct reading){.there = true, .value = i};
  s->budget.most = 4096; /* some rows with their sketches, and not all */
  for (uint64_t i = 0; i < 20; i++, m.wall_ns += SECOND)
    send_moment (&m, 1 + i);
  ck_assert_uint_gt (s->budget.used, 1024);
  ck_assert_uint_lt (s->budget.used, 4096 + 2048);
  ck_assert_uint_gt (s->lost, 0);
  ck_assert_uint_eq (s->lost, s->budget.lost);
  m.wall_ns += 60 * SECOND;
  s->budget.most = MOST_BYTES;
  send_moment (&m, 30);
  ck_assert_uint_gt (table_of (came[0], "many")->n_rows, 0);
  ck_assert_uint_lt (table_of (came[0], "many")->n_rows, MOST_ROWS);
  ck_assert_uint_eq (table_of (came[0], "many")->state, KK_PARTIAL);
  m.wall_ns += 60 * SECOND;
  send_moment (&m, 31);
  ck_assert_uint_eq (table_of (came[1], "many")->n_rows, MOST_ROWS); /* there is room again */
  ck_assert_uint_eq (table_of (came[1], "many")->state, KK_COMPLETE);
  m = (struct moment){.wall_ns = m.wall_ns + 600 * SECOND};
  send_moment (&m, 32);
  m.wall_ns += 600 * SECOND;
  send_moment (&m, 33);
  ck_assert_uint_eq (s->budget.used, 0);
  uint64_t lost = s->lost;
  s->budget.most = 4096; /* all rows, and not all sketches */
  for (int i = 0; i < 2; i++, m.wall_ns += SECOND) {
    for (int row = 0; row < MOST_ROWS; row++)
      m.many[row] = (struct reading){.there = true, .absent = i ? KK_PRESENT : KK_DENIED};
    send_moment (&m, 40 + (uint64_t) i);
  }
  ck_assert_uint_gt (s->lost, lost);
  ck_assert_uint_lt (s->budget.used, 4096 + 2048);
  end ();
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, a_table_that_is_not_read_keeps_its_rows);
  tcase_add_test (t, a_window_goes_on_by_the_names_of_its_fields);
  tcase_add_test (t, fields_that_change_places_stay_apart);
  tcase_add_test (t, a_flush_tells_nothing_twice_and_empties_no_sliding_window);
  tcase_add_test (t, a_small_step_back_tells_no_window_twice);
  tcase_add_test (t, what_windows_hold_is_bounded);
}

UNIT_MAIN ("aggregate-long", tests)
