#include "rows-kit.h"
#include "rate/rate.c"

#include <math.h>

static const struct flow_table tables[] = {
  {"things",
   "key",
   KK_STRING_KEY,
   4,
   {KK_U64 ("count", "1", KK_COUNTER, .help = "Count"), KK_F64 ("bytes", "By", KK_COUNTER, .help = "Bytes"),
    KK_I64 ("signed", "s", KK_COUNTER, .help = "Seconds"), KK_U64 ("level", "1", KK_GAUGE, .help = "Level")}},
  {"one", NULL, KK_NO_KEY, 2, {KK_U64 ("count", "1", KK_COUNTER, .help = "Count"), KK_STRING ("word", .help = "Word")}},
  {"pids",
   "pid",
   KK_U64_KEY,
   2,
   {KK_U64 ("io", "By", KK_COUNTER, .help = "Bytes"), KK_U64 ("io_per_s", "By/s", KK_GAUGE, .help = "Is there")}},
};

static struct config config;
static struct schema *schema;
static struct flow flow;
static struct flow_row row; /* of things, for tests of one counter */
static const char *items[2];

static void
set_up (void)
{
  fake_env (&flow_env, &flow_now);
  row = (struct flow_row){.name = "a"};
  schema = flow_schema (tables, KK_COUNT (tables));
  config = (struct config){.suffix = "_per_s", .keep = true, .fields = {.items = items}};
  flow = flow_begin (&kk_plugin, &config);
}

static void
tear_down (void)
{
  flow_clear ();
  flow_end (&flow);
  schema_unref (schema);
}

/* ---- One counter: things.count of row a ---- */

static const struct kk_sample *
pass (uint64_t count, int64_t ns, uint32_t after)
{
  static const struct flow_row single = {.cells = {{5}, {.text = "x"}}};
  fake_pass (&flow_now, ns);
  row.cells[0].bits = count;
  return flow_run (&flow, schema, (struct flow_rows[]){{.n = 1, .rows = &row}, {.n = 1, .rows = &single}, {0}}, after);
}

static void
is_rate (const struct kk_sample *s, double want)
{
  struct kk_value v = flow_get (s, "things", 0, "count_per_s");
  ck_assert_msg (!v.absent, "there is no rate: %u", v.absent);
  ck_assert_double_eq_tol (v.f64, want, 1e-9 * fabs (want) + 1e-12);
}

static void
is_none (const struct kk_sample *s, uint32_t why)
{
  ck_assert_uint_eq (flow_get (s, "things", 0, "count_per_s").absent, why);
}

START_TEST (a_rate_is_over_the_time_between_readings)
{
  is_none (pass (100, 0, KK_FIRST), KK_FIRST);
  is_rate (pass (110, SECOND, 0), 10);
  is_rate (pass (110, SECOND, 0), 0);
  is_rate (pass (130, 2 * SECOND, KK_GAP), 10); /* a missed tick or two is none */
  is_rate (pass (131, SECOND / 2, 0), 2);
}
END_TEST

START_TEST (fields_are_described)
{
  const struct kk_sample *s = pass (1, 0, 0);
  struct kk_field f;
  uint32_t t, n = flow_field (s, "things", "count_per_s", &t);
  ck_assert_int_eq (kk_schema_field (kk_sample_schema (s), t, n, &f), 0);
  ck_assert_str_eq (f.unit, "/s");
  ck_assert_uint_eq (f.type, KK_TYPE_F64);
  ck_assert_uint_eq (f.kind, KK_GAUGE);
  ck_assert_uint_eq (f.decimals, 3);
  n = flow_field (s, "things", "bytes_per_s", &t);
  ck_assert_int_eq (kk_schema_field (kk_sample_schema (s), t, n, &f), 0);
  ck_assert_str_eq (f.unit, "By/s");
  ck_assert_uint_eq (f.decimals, 1);
  flow_field (s, "things", "signed_per_s", &t);
  flow_field (s, "one", "count_per_s", &t);
  ck_assert_int_eq (table_schema_find (sample_of (s)->schema->tables + t, "word_per_s"), -1);
  ck_assert_uint_eq (sample_of (s)->schema->tables[2].n_fields, 2); /* had one already */
}
END_TEST

START_TEST (a_reset_is_no_spike)
{
  pass (UINT64_MAX - 5, 0, KK_FIRST);
  is_none (pass (3, SECOND, 0), KK_RESET);
  is_rate (pass (10, SECOND, 0), 7); /* a new baseline at once */
}
END_TEST

START_TEST (large_counters_lose_nothing)
{
  pass ((UINT64_C (1) << 60) + 1, 0, KK_FIRST);
  is_rate (pass ((UINT64_C (1) << 60) + 4, SECOND, 0), 3);
}
END_TEST

START_TEST (a_gap_and_a_sleep_end_a_rate)
{
  pass (100, 0, KK_FIRST);
  pass (110, SECOND, 0);
  is_none (pass (4000, 30 * SECOND, KK_GAP), KK_GAP);
  is_rate (pass (4010, SECOND, 0), 10);
  is_none (pass (4020, SECOND, KK_SUSPEND), KK_SUSPEND);
  is_rate (pass (4030, SECOND, 0), 10);
}
END_TEST

START_TEST (held_values_repeat_the_rate_and_are_no_gap)
{
  pass (100, 0, KK_FIRST);
  for (int reading = 1; reading < 4; reading++) {
    row.held = true;
    for (int i = 1; i < 60; i++) {
      const struct kk_sample *s = pass (row.cells[0].bits, SECOND, 0);
      if (reading == 1)
        is_none (s, KK_FIRST);
      else
        is_rate (s, 2);
      ck_assert_uint_eq (flow_get (s, "things", 0, "count_per_s").held, 1);
    }
    row.held = false;
    const struct kk_sample *s = pass (row.cells[0].bits + 120, SECOND, 0);
    is_rate (s, 2);
    ck_assert_uint_eq (flow_get (s, "things", 0, "count_per_s").held, 0);
  }
  /* ten missed ticks are a gap for what is read each second, not for what is read each minute */
  row.held = true;
  pass (row.cells[0].bits, SECOND, 0);
  pass (row.cells[0].bits, 11 * SECOND, KK_GAP);
  row.held = false;
  is_rate (pass (row.cells[0].bits + 120, 48 * SECOND, 0), 2);
  /* but a sleep in between is one for both */
  row.held = true;
  pass (row.cells[0].bits, SECOND, KK_SUSPEND);
  row.held = false;
  is_none (pass (row.cells[0].bits + 120, SECOND, 0), KK_SUSPEND);
}
END_TEST

START_TEST (a_first_reading_that_is_held_counts_from_when_it_was_read)
{
  static const struct flow_row single = {.cells = {{5}, {.text = "x"}}};
  row.cells[0].bits = 100;
  row.held = true;
  const struct flow_rows in[] = {{.n = 1, .rows = &row, .ago_ns = 9 * SECOND}, {.n = 1, .rows = &single}, {0}};
  is_none (flow_run (&flow, schema, in, 0), KK_FIRST);
  row.held = false;
  is_rate (pass (200, SECOND, 0), 10);
}
END_TEST

START_TEST (what_is_not_known_passes_and_the_next_rate_is_over_the_whole_time)
{
  pass (100, 0, KK_FIRST);
  row.cells[0].why = KK_DENIED;
  is_none (pass (0, SECOND, 0), KK_DENIED);
  row.cells[0].why = KK_ERROR;
  is_none (pass (0, SECOND, 0), KK_ERROR);
  row.cells[0].why = 0;
  is_rate (pass (130, SECOND, 0), 10);
  row.cells[0].why = KK_ERROR;
  for (int i = 0; i < 9; i++)
    is_none (pass (0, SECOND, 0), KK_ERROR);
  row.cells[0].why = 0;
  is_none (pass (400, SECOND, 0), KK_GAP); /* too long ago */
  is_rate (pass (401, SECOND, 0), 1);
}
END_TEST

START_TEST (another_thing_with_the_same_key_begins_anew)
{
  row.identity = 1;
  pass (100, 0, KK_FIRST);
  is_rate (pass (110, SECOND, 0), 10);
  row.identity = 2;
  is_none (pass (5000000, SECOND, 0), KK_FIRST);
  is_rate (pass (5000001, SECOND, 0), 1);
}
END_TEST

START_TEST (samples_that_come_rarely_are_no_gap)
{
  pass (0, 0, KK_FIRST);
  for (int i = 1; i < 5; i++)
    is_rate (pass (60 * (uint64_t) i, 60 * SECOND, 0), 1);
  is_none (pass (9999, 600 * SECOND, 0), KK_GAP);
}
END_TEST

START_TEST (a_reload_forgets_nothing)
{
  pass (100, 0, KK_FIRST);
  flow_clear ();
  flow_rechain (&flow);
  schema_unref (schema);
  schema = flow_schema (tables, KK_COUNT (tables));
  is_rate (pass (110, SECOND, 0), 10);
}
END_TEST

START_TEST (the_counter_may_be_left_out)
{
  config.keep = false;
  pass (1, 0, 0);
  const struct schema *o = flow_out[0]->schema;
  ck_assert_int_eq (table_schema_find (o->tables, "count"), -1);
  ck_assert_int_ge (table_schema_find (o->tables, "level"), 0);
  is_rate (pass (5, SECOND, 0), 4);
  ck_assert_uint_eq (o->tables[2].n_fields, 2); /* of which no rate was formed: stays */
}
END_TEST

/* ---- What is refused ---- */

static const char *
fault (const char *item)
{
  items[0] = item;
  config.fields.count = 1;
  return flow_fault (&kk_plugin, &config, schema);
}

START_TEST (names_that_do_not_come_along_are_refused)
{
  ck_assert_ptr_null (flow_fault (&kk_plugin, &config, schema));
  ck_assert_ptr_null (fault ("things.count"));
  ck_assert_ptr_null (fault ("*.count"));
  ck_assert_ptr_null (fault ("thi*.*"));
  ck_assert_str_eq (fault ("thing.count"), "no table 'thing' comes along: did you mean 'things'?");
  ck_assert_str_eq (fault ("things.cuont"), "table 'things' has no field 'cuont': did you mean 'count'?");
  ck_assert_str_eq (fault ("zebra.*"), "no table 'zebra' comes along");
  ck_assert_ptr_null (fault ("things.z*"));
  ck_assert_str_eq (fault ("things.level"), "things.level is no counter: there is no rate of it");
  ck_assert_str_eq (fault ("pids.io"), "there is a field pids.io_per_s already: choose another suffix");
  config.suffix = "_by_the_second";
  ck_assert_ptr_null (fault ("pids.io"));
  struct kk_fault f;
  ck_assert_int_eq (rate_check (&config, &f), 0);
  config.suffix = "/s";
  ck_assert_int_eq (rate_check (&config, &f), -EINVAL);
  config.suffix = "";
  ck_assert_int_eq (rate_check (&config, &f), -EINVAL);
  items[0] = "things";
  ck_assert_int_eq (rate_check (&config, &f), -EINVAL);
  ck_assert_str_eq (f.text, "'things' has no dot: write a field as table.things, all of a table as things.*");
}
END_TEST

START_TEST (at_work_they_are_only_warned_of)
{
  items[0] = "gone.count";
  items[1] = "things.count";
  config.fields.count = 2;
  pass (1, 0, 0);
  is_rate (pass (5, SECOND, 0), 4);
  ck_assert_ptr_nonnull (strstr (flow.filter->last_message, "no table 'gone' comes along"));
}
END_TEST

START_TEST (what_it_does_not_touch_is_the_very_same)
{
  items[0] = "gone.count";
  config.fields.count = 1;
  static const struct flow_row single = {.cells = {{5}, {.text = "x"}}};
  struct sample *s = flow_sample (schema, (struct flow_rows[]){{0}, {.n = 1, .rows = &single}, {0}}, 0);
  chain_run (flow.chain, s);
  ck_assert_ptr_eq (flow_out[0], s);
  sample_unref (s);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, a_rate_is_over_the_time_between_readings);
  tcase_add_test (t, fields_are_described);
  tcase_add_test (t, a_reset_is_no_spike);
  tcase_add_test (t, large_counters_lose_nothing);
  tcase_add_test (t, a_gap_and_a_sleep_end_a_rate);
  tcase_add_test (t, held_values_repeat_the_rate_and_are_no_gap);
  tcase_add_test (t, a_first_reading_that_is_held_counts_from_when_it_was_read);
  tcase_add_test (t, what_is_not_known_passes_and_the_next_rate_is_over_the_whole_time);
  tcase_add_test (t, another_thing_with_the_same_key_begins_anew);
  tcase_add_test (t, samples_that_come_rarely_are_no_gap);
  tcase_add_test (t, a_reload_forgets_nothing);
  tcase_add_test (t, the_counter_may_be_left_out);
  tcase_add_test (t, names_that_do_not_come_along_are_refused);
  tcase_add_test (t, at_work_they_are_only_warned_of);
  tcase_add_test (t, what_it_does_not_touch_is_the_very_same);
}

UNIT_MAIN ("rate", tests)
