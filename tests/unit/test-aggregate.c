/* Windows against a slow, obvious way: all values kept, and each function worked out from its definition. */
#include "aggregate-kit.h"

#include <math.h>

/* ---- The slow way ---- */

enum { MOST_SAMPLES = 4000 };

static struct moment moments[MOST_SAMPLES];
static size_t n_moments;
static uint64_t seed;

static uint32_t
random_below (uint32_t n)
{
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t) ((seed >> 33) % n);
}

struct series {
  double values[MOST_SAMPLES];
  uint32_t n;
};

static int
by_value (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

static double
slow (struct series s, const char *function)
{
  double sum = 0, squares = 0, last = s.values[s.n - 1];
  for (uint32_t i = 0; i < s.n; i++)
    sum += s.values[i];
  for (uint32_t i = 0; i < s.n; i++)
    squares += (s.values[i] - sum / s.n) * (s.values[i] - sum / s.n);
  qsort (s.values, s.n, sizeof *s.values, by_value);
  if (!strcmp (function, "min"))
    return s.values[0];
  if (!strcmp (function, "max"))
    return s.values[s.n - 1];
  if (!strcmp (function, "mean"))
    return sum / s.n;
  if (!strcmp (function, "sum"))
    return sum;
  if (!strcmp (function, "last"))
    return last;
  if (!strcmp (function, "stddev"))
    return sqrt (squares / s.n);
  uint32_t rank = 0;
  while (rank < s.n && (rank + 1) * 10 < s.n * 9)
    rank++;
  return s.values[rank]; /* p90 */
}

/* The readings of a row (-1: the single one) from one moment up to another; *ret_seen: it was there at all. */
static struct series
gather_series (int row, int64_t from_ns, int64_t to_ns, bool *ret_seen)
{
  struct series s = {.n = 0};
  uint32_t identity = 0;
  *ret_seen = false;
  for (size_t i = 0; i < n_moments; i++) {
    const struct moment *m = moments + i;
    const struct reading *r = row < 0 ? &m->one : m->many + row;
    if (m->wall_ns < from_ns || m->wall_ns >= to_ns || (row >= 0 && !r->there))
      continue;
    if (*ret_seen && r->identity != identity)
      s.n = 0;
    identity = r->identity;
    *ret_seen = true;
    if (!r->held && !r->absent)
      s.values[s.n++] = r->value;
  }
  return s;
}

/* ---- Comparing ---- */

static const char *const functions[] = {"min", "max", "mean", "last", "sum", "stddev", "p90"};

static void
compare_row (const struct sample *s, const char *table, uint32_t row, const struct series *wanted)
{
  ck_assert_uint_eq (get (s, table, row, "value_count").u64, wanted->n);
  for (size_t i = 0; i < KK_COUNT (functions); i++) {
    char name[32];
    snprintf (name, sizeof name, "value_%s", functions[i]);
    struct kk_value v = get (s, table, row, name);
    ck_assert_msg (!v.absent == (wanted->n > 0), "%s.%s is there: %d", table, name, !v.absent);
    if (!wanted->n)
      continue;
    double is = v.f64, should = slow (*wanted, functions[i]);
    double off = !strcmp (functions[i], "p90") && wanted->n > SKETCH_EXACT ? fabs (should) * 0.0101 : 1e-6 * (1 + fabs (should));
    ck_assert_msg (fabs (is - should) <= off, "%s.%s of %u is %.17g, and not %.17g", table, name, wanted->n, is, should);
  }
}

static void
compare_window (const struct sample *s, int64_t from_ns, int64_t to_ns)
{
  bool seen;
  uint32_t rows = 0;
  struct kk_time time;
  kk_sample_time (&s->face, &time);
  ck_assert_int_eq (time.wall_ns, to_ns);
  struct series all = gather_series (-1, from_ns, to_ns, &seen);
  compare_row (s, "one", 0, &all);
  int64_t many = schema_find_table (s->schema, "many");
  for (int i = 0; i < MOST_ROWS; i++) {
    all = gather_series (i, from_ns, to_ns, &seen);
    for (uint32_t row = 0; seen && row < s->tables[many].n_rows; row++) {
      struct kk_value key;
      kk_get_key (&s->face, (uint32_t) many, row, &key);
      if (*key.string != 'a' + i)
        continue;
      rows++;
      compare_row (s, "many", row, &all);
      ck_assert_str_eq (get (s, "many", row, "word").string, kk_get_identity (&s->face, (uint32_t) many, row) % 2 ? "odd" : "even");
    }
  }
  ck_assert_uint_eq (rows, s->tables[many].n_rows);
}

/* ---- The tests ---- */

static struct reading
random_reading (int row, uint32_t generation)
{
  return (struct reading){.there = random_below (5) > 0,
                          .held = row < 0 && !random_below (4),
                          .absent = random_below (7) ? KK_PRESENT : KK_DENIED,
                          .identity = row < 0 ? 0 : generation,
                          .value = (double) random_below (100000) / 7 - 2000};
}

START_TEST (windows_are_what_they_are_by_definition)
{
  static const char *const items[] = {"*.value=min max mean last count sum stddev p90", "one.*=max"};
  for (int turn = 0; turn < 120; turn++) {
    uint32_t panes = 1 + (uint32_t) turn % 4, generation = 0, emitted = 0;
    int64_t every = SECOND * (1 + turn % 3 * 20), wall = 1767225600 * SECOND + turn * 7 * SECOND, begun = -1;
    seed = (uint64_t) turn * 77 + 1;
    begin (every, panes * every, items, 2);
    n_moments = 0;
    for (int i = 0; i < 400; i++) {
      struct moment *m = moments + n_moments;
      wall += random_below (30) ? every / 7 + 1 : every * (1 + random_below (6)); /* now and then a gap */
      generation += !random_below (50);
      *m = (struct moment){.wall_ns = wall, .one = random_reading (-1, 0)};
      for (int row = 0; row < MOST_ROWS; row++)
        m->many[row] = random_reading (row, row % 2 ? generation : 4);
      int64_t pane = wall / every;
      send_moment (m, (uint64_t) i + 10);
      if (begun >= 0 && pane != begun) {
        ck_assert_uint_eq (n_out, 1);
        compare_window (came[0], (begun + 1 - panes) * every, (begun + 1) * every);
        ck_assert_uint_eq (get (came[0], "rest", 0, "number").u64, (uint64_t) wall); /* what is not chosen: the last */
        emitted++;
      } else
        ck_assert_uint_eq (n_out, 0);
      clear ();
      begun = pane;
      n_moments++; /* the one that ended the window is not in it */
    }
    ck_assert_uint_gt (emitted, 20);
    end ();
  }
}
END_TEST

START_TEST (what_is_left_goes_on_at_the_end)
{
  static const char *const items[] = {"one.value=mean"};
  begin (60 * SECOND, 0, items, 1);
  struct moment m = {.wall_ns = 1767225601 * SECOND, .one = {.value = 10}};
  send_moment (&m, 1);
  m.wall_ns += SECOND;
  m.one.value = 20;
  send_moment (&m, 2);
  ck_assert_uint_eq (n_out, 0);
  chain_flush (chain);
  ck_assert_uint_eq (n_out, 1);
  struct kk_time time;
  kk_sample_time (&came[0]->face, &time);
  ck_assert_int_eq (time.wall_ns, m.wall_ns);
  ck_assert_double_eq (get (came[0], "one", 0, "value").f64, 15); /* one function: the name stays */
  ck_assert_uint_eq (get (came[0], "one", 0, "total").u64, (uint64_t) m.wall_ns / 1000);
  chain_flush (chain);
  ck_assert_uint_eq (n_out, 1); /* once */
  m.one.value = 50;
  m.wall_ns += SECOND;
  send_moment (&m, 3);
  chain_flush (chain);
  ck_assert_double_eq (get (came[1], "one", 0, "value").f64, 50); /* and not with what was told already */
  end ();
}
END_TEST

START_TEST (a_step_of_the_clock_ends_the_window)
{
  static const char *const items[] = {"one.value=sum"};
  begin (60 * SECOND, 0, items, 1);
  struct moment m = {.wall_ns = 1767225630 * SECOND, .one = {.value = 1}};
  send_moment (&m, 1);
  m.wall_ns -= 7200 * SECOND;
  send_moment (&m, 2);
  ck_assert_uint_eq (n_out, 1);
  ck_assert_double_eq (get (came[0], "one", 0, "value").f64, 1);
  m.wall_ns += 60 * SECOND;
  send_moment (&m, 3);
  ck_assert_double_eq (get (came[1], "one", 0, "value").f64, 1);
  end ();
}
END_TEST

/* Back to before a window of three: nothing of the reading that is now in time to come counts when that time comes. */
START_TEST (what_was_before_the_clock_was_set_back_is_over)
{
  static const char *const items[] = {"many.value=max"};
  begin (SECOND, 3 * SECOND, items, 1);
  struct moment m = {.wall_ns = 1767225610 * SECOND, .many = {{.there = true, .value = 5}}};
  send_moment (&m, 1);
  m.wall_ns -= 3 * SECOND;
  many_held = true;
  for (uint64_t i = 2; i < 7; i++) {
    m.wall_ns += i > 2 ? SECOND : 0;
    send_moment (&m, i);
  }
  ck_assert_uint_eq (n_out, 5);
  const struct table *t = came[4]->tables + schema_find_table (came[4]->schema, "many");
  ck_assert_uint_eq (t->n_rows, 1);
  ck_assert_uint_eq (t->state, KK_PARTIAL);
  ck_assert_uint_eq (get (came[4], "many", 0, "value").absent, KK_UNSET);
  end ();
}
END_TEST

/* Whatever part of the window has its place behind. */
START_TEST (why_there_is_nothing_is_what_was_said_last)
{
  static const char *const items[] = {"one.value=max"};
  begin (SECOND, 3 * SECOND, items, 1);
  struct moment m = {.wall_ns = 1767225600 * SECOND, .one = {.absent = KK_DENIED}};
  for (uint64_t i = 1; i < 8; i++) {
    send_moment (&m, i);
    ck_assert_uint_eq (n_out, i - 1);
    if (n_out)
      ck_assert_uint_eq (get (came[n_out - 1], "one", 0, "value").absent, i % 2 ? KK_ERROR : KK_DENIED);
    m.wall_ns += SECOND;
    m.one.absent = i % 2 ? KK_ERROR : KK_DENIED;
  }
  end ();
}
END_TEST

START_TEST (a_table_that_failed_and_has_no_row_has_failed)
{
  static const char *const items[] = {"many.value=max"};
  begin (10 * SECOND, 0, items, 1);
  struct moment m = {.wall_ns = 1767225600 * SECOND, .many = {{.there = true}}};
  many_held = true;
  send_moment (&m, 1);
  many_held = m.many[0].there = false;
  many_state = KK_FAILED;
  m.wall_ns += SECOND;
  send_moment (&m, 2);
  chain_flush (chain);
  ck_assert_uint_eq (n_out, 1);
  const struct table *t = came[0]->tables + schema_find_table (came[0]->schema, "many");
  ck_assert_uint_eq (t->n_rows, 0);
  ck_assert_uint_eq (t->state, KK_FAILED);
  end ();
}
END_TEST

START_TEST (globs_leave_alone_what_is_no_amount)
{
  static const struct kk_field fields[] = {KK_U64 ("pid", "1", KK_INFO),       KK_F64 ("create_time", "s", KK_INFO),
                                           KK_F64 ("since", "s", KK_GAUGE),    KK_U64 ("total", "1", KK_COUNTER),
                                           KK_F64 ("cpu_time", "%", KK_GAUGE), KK_U64 ("threads", "1", KK_GAUGE)};
  static const enum kk_type types[] = {KK_TYPE_U64, KK_TYPE_F64, KK_TYPE_F64, KK_TYPE_U64, KK_TYPE_F64, KK_TYPE_F64};
  static const bool stay[] = {true, true, true, true, false, false};
  struct schema *of_processes = schema_new (&env.host, 1);
  struct choice *choices;
  struct window *w;
  char why[160];
  struct config c = {.every_ns = SECOND};
  table_schema_name (of_processes->tables, "processes", "pid", "Help", KK_U64_KEY, 100);
  for (size_t i = 0; i < KK_COUNT (fields); i++)
    table_schema_add (of_processes->tables, fields + i);
  ck_assert_int_eq (choices_make (items_of (&c), &choices, why), 0); /* none named: the mean of all */
  ck_assert_int_eq (choices_window (choices, 1, 1, NULL, &of_processes->face, 0, &w), 0);
  ck_assert_uint_eq (w->n_outs, KK_COUNT (fields));
  for (size_t i = 0; i < KK_COUNT (fields); i++) {
    char name[64];
    struct kk_field f = function_field (&w->outs[i].function, fields + i, true, name);
    ck_assert_msg (w->outs[i].function.kind == (stay[i] ? FUNCTION_LAST : FUNCTION_MEAN), "%s", fields[i].name);
    ck_assert_str_eq (f.name, fields[i].name);
    ck_assert_uint_eq (f.type, types[i]);
  }
  window_free (w);
  choices_free (choices, 1);
  schema_unref (of_processes);
}
END_TEST

static const char *
refused (const char *item, int64_t every_ns, int64_t window_ns)
{
  static struct kk_fault fault;
  struct config c = {every_ns, window_ns, {.items = &item, .count = 1}};
  fault = (struct kk_fault){.option = NULL};
  if (!aggregate_check (&c, &fault)) {
    struct shape *shape;
    ck_assert_int_eq (shape_new (&env.host, schema, &shape), 0);
    aggregate_shape (&c, &schema->face, &shape->face, &fault);
    shape_free (shape);
  }
  return fault.text;
}

START_TEST (what_makes_no_sense_is_refused)
{
  ck_assert_str_eq (refused ("one.value=mean p99.9", SECOND, 0), "");
  ck_assert_str_eq (refused ("*.*", SECOND, 10 * SECOND), "");
  ck_assert_ptr_nonnull (strstr (refused ("one.value=maen", SECOND, 0), "did you mean 'mean'?"));
  ck_assert_ptr_nonnull (strstr (refused ("one.value=p101", SECOND, 0), "there is no function 'p101'"));
  ck_assert_ptr_nonnull (strstr (refused ("one.value=p9.9.9", SECOND, 0), "there is no function"));
  ck_assert_ptr_nonnull (strstr (refused ("one.value=max,max", SECOND, 0), "twice"));
  ck_assert_ptr_nonnull (strstr (refused ("one.value=", SECOND, 0), "no function"));
  ck_assert_ptr_nonnull (strstr (refused ("value=max", SECOND, 0), "table.value"));
  ck_assert_ptr_nonnull (strstr (refused ("one.valu=max", SECOND, 0), "did you mean 'value'?"));
  ck_assert_ptr_nonnull (strstr (refused ("on.value=max", SECOND, 0), "no table 'on'"));
  ck_assert_ptr_nonnull (strstr (refused ("many.word=max", SECOND, 0), "many.word is no number"));
  ck_assert_str_eq (refused ("many.*=max", SECOND, 0), "");
  ck_assert_ptr_nonnull (strstr (refused ("max", SECOND, 0), "=mean max"));
  ck_assert_ptr_nonnull (strstr (refused ("p99.9", SECOND, 0), "=mean max"));
  ck_assert_ptr_nonnull (strstr (refused ("one.value=max", 2 * SECOND, 3 * SECOND), "multiple"));
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, windows_are_what_they_are_by_definition);
  tcase_add_test (t, what_is_left_goes_on_at_the_end);
  tcase_add_test (t, a_step_of_the_clock_ends_the_window);
  tcase_add_test (t, what_was_before_the_clock_was_set_back_is_over);
  tcase_add_test (t, why_there_is_nothing_is_what_was_said_last);
  tcase_add_test (t, a_table_that_failed_and_has_no_row_has_failed);
  tcase_add_test (t, globs_leave_alone_what_is_no_amount);
  tcase_add_test (t, what_makes_no_sense_is_refused);
}

UNIT_MAIN ("aggregate", tests)
