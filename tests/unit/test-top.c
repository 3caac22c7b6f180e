#include "rows-kit.h"
#include "top/top.c"

static const struct flow_table tables[] = {
  {"things",
   "key",
   KK_STRING_KEY,
   6,
   {KK_F64 ("load", "%", KK_GAUGE, .help = "Load"), KK_U64 ("size", "By", KK_GAUGE, .help = "Size"),
    KK_I64 ("balance", "1", KK_GAUGE, .help = "Balance"), KK_STRING ("word", .help = "Word"),
    KK_U64 ("count", "1", KK_COUNTER, .help = "Count"), KK_F64 ("heat", "Cel", KK_GAUGE, .help = "Heat")}},
  {"one", NULL, KK_NO_KEY, 1, {KK_U64 ("count", "1", KK_COUNTER, .help = "Count")}},
  {"pids", "pid", KK_U64_KEY, 2, {KK_F64 ("cpu", "%", KK_GAUGE, .help = "CPU"), KK_BOOL ("busy", .help = "Busy")}},
};

enum { MANY = 40 };

static struct config config;
static struct schema *schema;
static struct flow flow;
static const char *by[2];
static struct flow_row things[MANY], pids[MANY];
static char names_of_things[MANY][8];
static unsigned random_number;

static void
set_up (void)
{
  fake_env (&flow_env, &flow_now);
  schema = flow_schema (tables, KK_COUNT (tables));
  config = (struct config){.n = 2, .by = {.items = by, .count = 1}};
  by[0] = "things.load";
  random_number = 4;
  for (uint32_t i = 0; i < MANY; i++) {
    snprintf (names_of_things[i], sizeof names_of_things[i], "%c", (char) ('a' + i % 26));
    things[i] = (struct flow_row){
      .name = names_of_things[i], .identity = i + 1, .cells = {{.f64 = i % 5}, {i}, {i}, {.text = "w"}, {i}, {.f64 = i}}};
    pids[i] = (struct flow_row){.key = i + 1, .identity = 7, .cells = {{.f64 = i}, {1}}};
  }
  flow = (struct flow){0};
}

static void
tear_down (void)
{
  flow_clear ();
  if (flow.chain)
    flow_end (&flow);
  schema_unref (schema);
}

static const struct kk_sample *
pass_state (uint32_t n_things, uint32_t n_pids, bool held, uint32_t state)
{
  static const struct flow_row single = {.cells = {{5}}};
  if (!flow.chain)
    flow = flow_begin (&kk_plugin, &config);
  fake_pass (&flow_now, SECOND);
  return flow_run (&flow, schema,
                   (struct flow_rows[]){{.n = n_things, .rows = things, .held = held, .state = state, .ago_ns = held * SECOND},
                                        {.n = 1, .rows = &single},
                                        {.n = n_pids, .rows = pids, .state = state}},
                   0);
}

static const struct table *
table_out (const char *name)
{
  return flow_out[0]->tables + schema_find_table (flow_out[0]->schema, name);
}

/* The keys of the things that stay, each of one letter; other is +. */
static const char *
keys_out (void)
{
  static char came[MANY + 1];
  uint32_t t = (uint32_t) schema_find_table (flow_out[0]->schema, "things"), i;
  for (i = 0; i < flow_out[0]->tables[t].n_rows; i++) {
    struct kk_value key;
    kk_get_key (&flow_out[0]->face, t, i, &key);
    came[i] = strcmp (key.string, "other") ? key.string[0] : '+';
    ck_assert_uint_eq (kk_get_identity (&flow_out[0]->face, t, i), came[i] == '+' ? 0 : (uint64_t) (key.string[0] - 'a' + 1));
  }
  came[i] = 0;
  return came;
}

static const char *
pass (uint32_t n)
{
  pass_state (n, 1, false, KK_COMPLETE);
  return keys_out ();
}

START_TEST (the_most_stay_in_their_order)
{
  things[1].cells[0].f64 = 50;
  things[3].cells[0].f64 = 40;
  ck_assert_str_eq (pass (5), "bd");
  ck_assert_uint_eq (table_out ("things")->state, KK_PARTIAL);
  ck_assert_uint_eq (table_out ("pids")->state, KK_COMPLETE);
  things[4].cells[0].f64 = 60;
  ck_assert_str_eq (pass (5), "be");
  ck_assert_str_eq (pass (2), "ab");
  ck_assert_uint_eq (table_out ("things")->state, KK_COMPLETE); /* all are there */
  ck_assert_str_eq (pass (0), "");
}
END_TEST

START_TEST (equal_ones_are_taken_by_key_and_unknown_ones_last)
{
  for (int i = 0; i < 5; i++)
    things[i].cells[0].f64 = i == 4 ? 0.0 : -0.0;
  for (int i = 0; i < 3; i++)
    ck_assert_str_eq (pass (5), "ab");
  things[0].cells[0].why = KK_FIRST;
  ck_assert_str_eq (pass (5), "bc");
  for (int i = 0; i < 5; i++)
    things[i].cells[0].why = i == 3 ? 0 : KK_ERROR;
  things[3].cells[0].f64 = -1e300;
  ck_assert_str_eq (pass (5), "ad");
}
END_TEST

START_TEST (numbers_of_all_types_are_in_order)
{
  static const int64_t balances[] = {-5, 3, INT64_MIN, INT64_MAX, -1};
  static const uint64_t sizes[] = {UINT64_MAX, UINT64_MAX - 1, 0, UINT64_MAX - 2, 5};
  static const double loads[] = {-1, -1e-300, -1e300, -3, 1e-300};
  for (int i = 0; i < 5; i++)
    things[i].cells[0].f64 = loads[i];
  ck_assert_str_eq (pass (5), "be");
  flow_clear ();
  flow_end (&flow);
  flow.chain = NULL;
  by[0] = "things.size";
  for (int i = 0; i < 5; i++)
    things[i].cells[1].bits = sizes[i];
  ck_assert_str_eq (pass (5), "ab");
  flow_clear ();
  flow_end (&flow);
  flow.chain = NULL;
  by[0] = "things.balance";
  config.n = 3;
  for (int i = 0; i < 5; i++)
    things[i].cells[2].bits = (uint64_t) balances[i];
  ck_assert_str_eq (pass (5), "bde");
}
END_TEST

START_TEST (of_two_fields_the_first_of_each_stay)
{
  by[1] = "things.size";
  config.by.count = 2;
  config.n = 1;
  things[2].cells[0].f64 = 99;
  ck_assert_str_eq (pass (5), "ce");
  by[1] = "pids.cpu";
  flow_clear ();
  flow_end (&flow);
  flow.chain = NULL;
  pass_state (5, 9, false, KK_COMPLETE);
  ck_assert_str_eq (keys_out (), "c");
  ck_assert_uint_eq (table_out ("pids")->n_rows, 1);
  ck_assert_double_eq (flow_get (&flow_out[0]->face, "pids", 0, "cpu").f64, 8);
}
END_TEST

START_TEST (the_rest_is_one_row)
{
  config.other = true;
  things[1].cells[0].f64 = 50;
  things[3].cells[0].f64 = 40;
  things[3].cells[4].why = KK_DENIED;
  ck_assert_str_eq (pass (5), "+bd");
  const struct kk_sample *s = &flow_out[0]->face;
  ck_assert_double_eq (flow_get (s, "things", 0, "load").f64, 0 + 2 + 4);
  ck_assert_uint_eq (flow_get (s, "things", 0, "size").u64, 0 + 2 + 4);
  ck_assert_int_eq (flow_get (s, "things", 0, "balance").i64, 0 + 2 + 4);
  ck_assert_str_eq (flow_get (s, "things", 0, "word").string, "other");
  ck_assert_uint_eq (flow_get (s, "things", 0, "count").absent, KK_UNSET);
  ck_assert_uint_eq (flow_get (s, "things", 0, "heat").absent, KK_UNSET);
  ck_assert_double_eq (flow_get (s, "things", 1, "load").f64, 50);
  ck_assert_str_eq (flow_get (s, "things", 1, "word").string, "w");
  ck_assert_uint_eq (flow_get (s, "things", 2, "count").absent, KK_DENIED);
  ck_assert_uint_eq (table_out ("things")->state, KK_PARTIAL);
  ck_assert_str_eq (pass (2), "ab"); /* there is no rest */
  ck_assert_uint_eq (table_out ("things")->state, KK_COMPLETE);
  pass_state (0, 0, false, KK_FAILED);
  ck_assert_uint_eq (table_out ("things")->state, KK_FAILED);
}
END_TEST

START_TEST (what_is_not_known_is_left_out_of_the_sum)
{
  config.other = true;
  config.n = 1;
  things[0].cells[0].f64 = 50;
  things[1].cells[0].why = KK_ERROR;
  things[1].cells[1].why = things[2].cells[1].why = KK_FIRST;
  things[1].cells[2].bits = things[2].cells[2].bits = INT64_MAX;
  pass (3);
  const struct kk_sample *s = &flow_out[0]->face;
  ck_assert_double_eq (flow_get (s, "things", 0, "load").f64, 2);
  ck_assert_uint_eq (flow_get (s, "things", 0, "size").absent, KK_FIRST);
  ck_assert_uint_eq (flow_get (s, "things", 0, "balance").absent, KK_ERROR); /* has no room */
}
END_TEST

START_TEST (a_table_by_number_has_its_rest_at_0)
{
  config.other = true;
  by[0] = "pids.cpu";
  pids[3].cells[0].f64 = 70;
  pass_state (1, 9, false, KK_COMPLETE);
  const struct kk_sample *s = &flow_out[0]->face;
  struct kk_value key;
  uint32_t t, f = flow_field (s, "pids", "cpu", &t);
  ck_assert_uint_eq (table_out ("pids")->n_rows, 3);
  static const uint64_t want[] = {0, 4, 9};
  for (uint32_t i = 0; i < 3; i++) {
    kk_get_key (s, t, i, &key);
    ck_assert_uint_eq (key.u64, want[i]);
    ck_assert_uint_eq (kk_get_identity (s, t, i), i ? 7 : 0);
  }
  ck_assert_double_eq (flow_get (s, "pids", 0, "cpu").f64, 0 + 1 + 2 + 4 + 5 + 6 + 7);
  ck_assert_uint_eq (flow_get (s, "pids", 0, "busy").absent, KK_UNSET);
  (void) f;
}
END_TEST

START_TEST (a_row_called_other_is_one_of_the_rest)
{
  config.other = true;
  config.n = 1;
  things[1].name = "other";
  things[1].cells[0].f64 = 99;
  ck_assert_str_eq (pass (3), "+c");
  ck_assert_double_eq (flow_get (&flow_out[0]->face, "things", 0, "load").f64, 99);
  ck_assert_str_eq (pass (2), "+a");
}
END_TEST

START_TEST (what_is_held_stays_held)
{
  for (int other = 0; other < 2; other++) {
    config.other = other;
    const struct kk_sample *s = pass_state (5, 1, true, KK_COMPLETE);
    struct kk_time time;
    uint32_t t, f = flow_field (s, "things", "load", &t);
    ck_assert_uint_eq (table_out ("things")->held, 1);
    ck_assert_uint_eq (flow_get (s, "things", 0, "load").held, 1);
    ck_assert_uint_eq (table_out ("pids")->held, 0);
    kk_value_time (s, t, 1, f, &time);
    ck_assert_int_eq (time.mono_ns, flow_now.mono_ns - SECOND);
    pass (5);
    ck_assert_uint_eq (table_out ("things")->held, 0);
    flow_clear ();
    flow_end (&flow);
    flow.chain = NULL;
  }
}
END_TEST

/* ---- Against a full sort ---- */

static int
ahead (const void *a, const void *b)
{
  const struct flow_row *x = *(const struct flow_row *const *) a, *y = *(const struct flow_row *const *) b;
  if (!x->cells[0].why != !y->cells[0].why)
    return x->cells[0].why ? 1 : -1;
  if (!x->cells[0].why && x->cells[0].f64 != y->cells[0].f64)
    return x->cells[0].f64 > y->cells[0].f64 ? -1 : 1;
  return x->key < y->key ? -1 : 1;
}

START_TEST (it_is_what_a_full_sort_gives)
{
  by[0] = "pids.cpu";
  int rounds = unit_rounds (1500);
  for (int round = 0; round < rounds; round++) {
    const struct flow_row *sorted[MANY];
    uint32_t n = unit_draw (&random_number, MANY);
    double rest = 0;
    config.n = 1 + unit_draw (&random_number, 10);
    config.other = unit_draw (&random_number, 2);
    for (uint32_t i = 0; i < n; i++) {
      uint64_t gap = 1 + unit_draw (&random_number, 3);
      pids[i] = (struct flow_row){
        .key = (i ? pids[i - 1].key : 0) + gap,
        .identity = unit_draw (&random_number, 100),
        .cells = {{.f64 = (int) unit_draw (&random_number, 9) - 4.0, .why = unit_draw (&random_number, 6) ? 0 : KK_ERROR},
                  {unit_draw (&random_number, 2)}}};
      sorted[i] = pids + i;
    }
    qsort (sorted, n, sizeof *sorted, ahead);
    uint32_t keep = n < config.n ? n : (uint32_t) config.n, row = config.other && keep < n, unknown = 0;
    flow_clear ();
    if (flow.chain)
      flow_end (&flow);
    flow.chain = NULL;
    const struct kk_sample *s = pass_state (1, n, false, KK_COMPLETE);
    uint32_t t, f = flow_field (s, "pids", "cpu", &t);
    ck_assert_uint_eq (table_out ("pids")->n_rows, keep + row);
    for (uint32_t i = 0; i < n; i++) {
      struct kk_value key, v;
      bool first = false;
      for (uint32_t k = 0; k < keep; k++)
        first |= sorted[k] == pids + i;
      if (!first) {
        rest += pids[i].cells[0].why ? 0 : pids[i].cells[0].f64;
        unknown += pids[i].cells[0].why != 0;
        continue;
      }
      kk_get_key (s, t, row, &key);
      ck_assert_uint_eq (key.u64, pids[i].key);
      ck_assert_uint_eq (kk_get_identity (s, t, row), pids[i].identity);
      ck_assert_uint_eq (kk_get (s, t, row++, f, &v), pids[i].cells[0].why);
      if (!v.absent)
        ck_assert_double_eq (v.f64, pids[i].cells[0].f64);
    }
    if (config.other && keep < n) {
      struct kk_value v = flow_get (s, "pids", 0, "cpu");
      ck_assert_uint_eq (v.absent, unknown == n - keep ? KK_ERROR : KK_PRESENT);
      if (!v.absent)
        ck_assert_double_eq (v.f64, rest);
    }
  }
}
END_TEST

/* ---- What is refused ---- */

static const char *
fault (const char *item)
{
  static struct kk_fault f;
  by[0] = item;
  return top_check (&config, &f) ? f.text : flow_fault (&kk_plugin, &config, schema);
}

START_TEST (what_makes_no_sense_is_refused)
{
  for (int other = 0; other < 2; other++) {
    config.other = other;
    ck_assert_ptr_null (fault ("things.load"));
    ck_assert_ptr_null (fault ("pids.cpu"));
    ck_assert_str_eq (fault ("pid.cpu"), "no table 'pid' comes along: did you mean 'pids'?");
    ck_assert_str_eq (fault ("things.laod"), "table 'things' has no field 'laod': did you mean 'load'?");
    ck_assert_str_eq (fault ("one.count"), "table 'one' has a single row");
    ck_assert_str_eq (fault ("things.word"), "things.word is no number");
    ck_assert_ptr_nonnull (strstr (fault ("*.load"), "is no field: write it as table.field"));
    ck_assert_ptr_nonnull (strstr (fault ("things.load=10"), "is no field: write it as table.field"));
    ck_assert_ptr_nonnull (strstr (fault ("load"), "is no field: write it as table.field"));
  }
  config.by.count = 0;
  ck_assert_ptr_nonnull (strstr (fault ("things.load"), "name a field"));
}
END_TEST

START_TEST (at_work_it_is_only_warned_of)
{
  by[0] = "gone.load";
  by[1] = "things.load";
  config.by.count = 2;
  ck_assert_str_eq (pass (5), "de");
  ck_assert_ptr_nonnull (strstr (flow.filter->last_message, "no table 'gone' comes along"));
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, the_most_stay_in_their_order);
  tcase_add_test (t, equal_ones_are_taken_by_key_and_unknown_ones_last);
  tcase_add_test (t, numbers_of_all_types_are_in_order);
  tcase_add_test (t, of_two_fields_the_first_of_each_stay);
  tcase_add_test (t, the_rest_is_one_row);
  tcase_add_test (t, what_is_not_known_is_left_out_of_the_sum);
  tcase_add_test (t, a_table_by_number_has_its_rest_at_0);
  tcase_add_test (t, a_row_called_other_is_one_of_the_rest);
  tcase_add_test (t, what_is_held_stays_held);
  tcase_add_test (t, it_is_what_a_full_sort_gives);
  tcase_add_test (t, what_makes_no_sense_is_refused);
  tcase_add_test (t, at_work_it_is_only_warned_of);
}

UNIT_MAIN ("top", tests)
