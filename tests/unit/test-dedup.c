#include "dedup/dedup.c"
#include "rows-kit.h"

static const struct flow_table tables[] = {
  {"things",
   "key",
   KK_STRING_KEY,
   4,
   {KK_F64 ("level", "1", KK_GAUGE, .help = "Level"), KK_U64 ("size", "By", KK_GAUGE, .help = "Size"),
    KK_I64 ("balance", "1", KK_GAUGE, .help = "Balance"), KK_STRING ("word", .help = "Word")}},
  {"one", NULL, KK_NO_KEY, 1, {KK_U64 ("count", "1", KK_COUNTER, .help = "Count")}},
  {"pids", "pid", KK_U64_KEY, 1, {KK_U64 ("io", "By", KK_COUNTER, .help = "Bytes")}},
};

static struct config config;
static struct schema *schema;
static struct flow flow;
static const char *watched_tables[2], *deadbands[3];
static struct flow_row rows[3];

static void
set_up (void)
{
  fake_env (&flow_env, &flow_now);
  schema = flow_schema (tables, KK_COUNT (tables));
  config = (struct config){.every = 5, .tables = {.items = watched_tables}, .deadband = {.items = deadbands}};
  for (int i = 0; i < 3; i++)
    rows[i] = (struct flow_row){.name = (const char *[]){"a", "b", "c"}[i], .cells = {{.f64 = 1}, {100}, {7}, {.text = "x"}}};
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
pass_state (uint32_t n, bool held, uint32_t state)
{
  static const struct flow_row single = {.cells = {{5}}};
  if (!flow.chain)
    flow = flow_begin (&kk_plugin, &config);
  fake_pass (&flow_now, SECOND);
  return flow_run (&flow, schema,
                   (struct flow_rows[]){{.n = n, .rows = rows, .held = held, .state = state}, {.n = 1, .rows = &single}, {0}},
                   0);
}

/* The keys of the rows that go on, in one word. */
static const char *
pass (uint32_t n)
{
  static char came[64];
  const struct kk_sample *s = pass_state (n, false, KK_COMPLETE);
  const struct table *t = sample_of (s)->tables;
  came[0] = 0;
  for (uint32_t i = 0; i < t->n_rows; i++) {
    struct kk_value key;
    kk_get_key (s, 0, i, &key);
    strcat (came, key.string);
  }
  ck_assert_uint_eq (t->state, t->n_rows < n ? KK_PARTIAL : KK_COMPLETE);
  ck_assert_uint_eq (sample_of (s)->tables[1].n_rows, 1);
  return came;
}

START_TEST (what_has_not_changed_goes_on_now_and_then)
{
  for (int i = 0; i < 20; i++)
    ck_assert_str_eq (pass (3), i % 5 ? "" : "abc");
  rows[1].cells[1].bits++;
  ck_assert_str_eq (pass (3), "abc"); /* the 20th */
  rows[1].cells[1].bits++;
  ck_assert_str_eq (pass (3), "b");
  for (int i = 0; i < 3; i++)
    ck_assert_str_eq (pass (3), "");
  ck_assert_str_eq (pass (3), "ac"); /* each row counts by itself */
  ck_assert_str_eq (pass (3), "b");
}
END_TEST

START_TEST (a_change_of_any_kind_goes_on_at_once)
{
  ck_assert_str_eq (pass (2), "ab");
  ck_assert_str_eq (pass (3), "c"); /* new */
  rows[0].cells[0].f64 = 1.5;
  ck_assert_str_eq (pass (3), "a");
  rows[0].cells[2].bits = (uint64_t) -7;
  ck_assert_str_eq (pass (3), "a");
  rows[0].cells[3].text = "xx";
  ck_assert_str_eq (pass (3), "a");
  rows[0].cells[1].why = KK_ERROR;
  ck_assert_str_eq (pass (3), "ab"); /* b is as it was for the fifth time */
  rows[0].cells[1].why = KK_DENIED;
  ck_assert_str_eq (pass (3), "ac");
  rows[0].cells[1].why = 0;
  ck_assert_str_eq (pass (3), "a");
  rows[2].identity = 9; /* another thing */
  ck_assert_str_eq (pass (3), "c");
  ck_assert_str_eq (pass (3), "");
  ck_assert_str_eq (pass (2), "b");
  ck_assert_str_eq (pass (3), "c"); /* gone and back */
}
END_TEST

START_TEST (a_repeated_reading_counts_as_none)
{
  ck_assert_str_eq (pass (3), "abc");
  for (int i = 0; i < 4; i++) {
    ck_assert_str_eq (pass (3), "");
    for (int k = 0; k < 10; k++)
      ck_assert_uint_eq (sample_of (pass_state (3, true, KK_COMPLETE))->tables[0].n_rows, 0);
  }
  ck_assert_str_eq (pass (3), "abc");
  rows[2].held = true; /* of two inputs one is read */
  for (int i = 1; i < 5; i++)
    ck_assert_str_eq (pass (3), "");
  ck_assert_str_eq (pass (3), "ab");
  rows[2].held = false;
  for (int i = 1; i < 5; i++)
    ck_assert_str_eq (pass (3), "");
  ck_assert_str_eq (pass (3), "abc");
}
END_TEST

START_TEST (a_row_that_is_first_seen_in_a_repeated_reading_goes_on)
{
  ck_assert_uint_eq (sample_of (pass_state (3, true, KK_COMPLETE))->tables[0].n_rows, 3);
  ck_assert_uint_eq (sample_of (pass_state (3, true, KK_COMPLETE))->tables[0].n_rows, 0);
  ck_assert_str_eq (pass (3), "");
}
END_TEST

START_TEST (only_a_complete_table_says_that_a_row_is_gone)
{
  ck_assert_str_eq (pass (3), "abc");
  pass_state (1, false, KK_PARTIAL);
  pass_state (0, false, KK_FAILED);
  ck_assert_str_eq (pass (3), "");
  pass (1);
  ck_assert_str_eq (pass (3), "bc"); /* were gone */
  ck_assert_str_eq (pass (3), "a");  /* was not: this is its fifth time */
}
END_TEST

START_TEST (a_change_within_the_deadband_is_none)
{
  deadbands[0] = "things.level=0.5";
  deadbands[1] = "thing?.size=10%";
  deadbands[2] = "*.b*=3";
  config.deadband.count = 3;
  config.every = 1000;
  ck_assert_str_eq (pass (3), "abc");
  rows[0].cells[0].f64 = 1.5;
  rows[1].cells[1].bits = 110;
  rows[2].cells[2].bits = 4;
  ck_assert_str_eq (pass (3), "");
  rows[0].cells[0].f64 = 0.5;
  rows[1].cells[1].bits = 90;
  rows[2].cells[2].bits = 10;
  ck_assert_str_eq (pass (3), ""); /* measured from what went on, not from the last reading */
  rows[0].cells[0].f64 = 0.49;
  ck_assert_str_eq (pass (3), "a");
  rows[1].cells[1].bits = 89;
  ck_assert_str_eq (pass (3), "b");
  rows[2].cells[2].bits = 11;
  ck_assert_str_eq (pass (3), "c");
  rows[2].cells[2].bits = 14;
  rows[1].cells[1].bits = 80;
  ck_assert_str_eq (pass (3), "b"); /* a tenth of 89 is the band now */
  rows[0].cells[3].text = "y";
  ck_assert_str_eq (pass (3), "a");
}
END_TEST

START_TEST (what_goes_on_because_it_is_time_is_measured_from_too)
{
  deadbands[0] = "things.level=0.5";
  config.deadband.count = 1;
  ck_assert_str_eq (pass (1), "a");
  rows[0].cells[0].f64 = 1.4;
  for (int i = 1; i < 5; i++)
    ck_assert_str_eq (pass (1), "");
  ck_assert_str_eq (pass (1), "a");
  rows[0].cells[0].f64 = 1.8;
  ck_assert_str_eq (pass (1), "");
}
END_TEST

START_TEST (what_creeps_is_seen)
{
  deadbands[0] = "things.level=1";
  config.deadband.count = 1;
  config.every = 1000;
  int went = 0;
  pass (1);
  for (int i = 0; i < 1000; i++) {
    rows[0].cells[0].f64 += 0.125;
    went += *pass (1) == 'a';
  }
  ck_assert_int_eq (went, 111); /* each time it is 1.125 off */
}
END_TEST

START_TEST (only_the_tables_that_are_named)
{
  watched_tables[0] = "p*";
  config.tables.count = 1;
  for (int i = 0; i < 3; i++)
    ck_assert_str_eq (pass (3), "abc");
  ck_assert_uint_eq (sample_of (pass_state (3, true, KK_COMPLETE))->tables[0].n_rows, 3);
}
END_TEST

START_TEST (an_unchanged_shape_costs_nothing)
{
  watched_tables[0] = "p*";
  config.tables.count = 1;
  pass (3);
  static const struct flow_row single = {.cells = {{5}}};
  struct sample *s = flow_sample (schema, (struct flow_rows[]){{.n = 3, .rows = rows}, {.n = 1, .rows = &single}, {0}}, 0);
  flow_clear ();
  chain_run (flow.chain, s);
  ck_assert_ptr_eq (flow_out[0], s);
  sample_unref (s);
}
END_TEST

/* ---- Random rows, against a slow version that keeps all it sent ---- */

START_TEST (random_rows_are_as_the_slow_way_has_them)
{
  enum { KEYS = 6 };
  static const char *const names[KEYS] = {"a", "b", "c", "d", "e", "f"};
  struct {
    bool known;
    int age;
    struct flow_row row;
  } sent[KEYS] = {0};
  deadbands[0] = "things.level=0.25";
  config.deadband.count = 1;
  unsigned random = 11;
  int rounds = unit_rounds (4000);
  for (int round = 0; round < rounds; round++) {
    struct flow_row in[KEYS];
    uint32_t n = 0, of[KEYS];
    char want[KEYS + 1] = "", got[KEYS + 1] = "";
    random = random * 1103515245 + 12345;
    uint32_t state = (random >> 16) % 5 ? KK_COMPLETE : KK_PARTIAL;
    for (uint32_t k = 0; k < KEYS; k++) {
      random = random * 1103515245 + 12345;
      unsigned dice = random >> 12;
      if (dice % 7 == 0) {
        sent[k].known &= state != KK_COMPLETE;
        continue;
      }
      in[n] =
        (struct flow_row){.name = names[k],
                          .identity = dice / 7 % 20 == 0,
                          .cells = {{.f64 = (dice >> 8) % 4 / 8.0}, {dice % 3 == 0}, {0}, {.text = dice % 2 ? "x" : "y"}}};
      if (dice / 3 % 4 == 0)
        in[n].cells[1].why = KK_ERROR;
      of[n++] = k;
    }
    for (uint32_t i = 0; i < n; i++) {
      const struct flow_cell *a = in[i].cells, *b = sent[of[i]].row.cells;
      double off = a[0].f64 - b[0].f64;
      bool same = sent[of[i]].known && in[i].identity == sent[of[i]].row.identity && off <= 0.25 && off >= -0.25
                  && a[1].why == b[1].why && (a[1].why || a[1].bits == b[1].bits) && !strcmp (a[3].text, b[3].text);
      if (!same || ++sent[of[i]].age == config.every) {
        strcat (want, in[i].name);
        sent[of[i]].known = true;
        sent[of[i]].age = 0;
        sent[of[i]].row = in[i];
      }
    }
    static const struct flow_row single = {.cells = {{5}}};
    if (!flow.chain)
      flow = flow_begin (&kk_plugin, &config);
    const struct kk_sample *s =
      flow_run (&flow, schema, (struct flow_rows[]){{.n = n, .rows = in, .state = state}, {.n = 1, .rows = &single}, {0}}, 0);
    for (uint32_t i = 0; i < sample_of (s)->tables[0].n_rows; i++) {
      struct kk_value key;
      kk_get_key (s, 0, i, &key);
      strcat (got, key.string);
    }
    ck_assert_str_eq (got, want);
  }
}
END_TEST

/* ---- What is refused ---- */

static const char *
fault (const char *table, const char *deadband)
{
  struct kk_fault f = {0};
  watched_tables[0] = table;
  deadbands[0] = deadband;
  config.tables.count = table != NULL;
  config.deadband.count = deadband != NULL;
  static char text[256];
  if (!dedup_check (&config, &f))
    return flow_fault (&kk_plugin, &config, schema);
  snprintf (text, sizeof text, "%s", f.text);
  return text;
}

START_TEST (what_makes_no_sense_is_refused)
{
  ck_assert_ptr_null (fault (NULL, NULL));
  ck_assert_ptr_null (fault ("things", "things.level=0.5"));
  ck_assert_ptr_null (fault ("*", "*.*=.5%"));
  ck_assert_str_eq (fault ("thigns", NULL), "no table 'thigns' comes along: did you mean 'things'?");
  ck_assert_str_eq (fault ("one", NULL), "table 'one' has a single row: it always goes on");
  ck_assert_str_eq (fault (NULL, "one.count=1"), "table 'one' has a single row: it always goes on");
  ck_assert_str_eq (fault (NULL, "things.lewel=1"), "table 'things' has no field 'lewel': did you mean 'level'?");
  ck_assert_str_eq (fault (NULL, "things.word=1"), "things.word is no number");
  static const char *const bad[] = {"things",           "things.level",       "things.level=",    "things.level=x",
                                    "things.level=-1",  "things.level=1%%",   "things.=1",        ".level=1",
                                    "things.level=inf", "things.level=1e999", "things.level=nan", "=1.5"};
  for (uint32_t i = 0; i < KK_COUNT (bad); i++)
    ck_assert_ptr_nonnull (strstr (fault (NULL, bad[i]), "write it as table.field=0.5, or table.field=1%"));
}
END_TEST

START_TEST (at_work_it_is_only_warned_of)
{
  watched_tables[0] = "gone";
  watched_tables[1] = "things";
  config.tables.count = 2;
  ck_assert_str_eq (pass (3), "abc");
  ck_assert_str_eq (pass (3), "");
  ck_assert_ptr_nonnull (strstr (flow.filter->last_message, "no table 'gone' comes along"));
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, what_has_not_changed_goes_on_now_and_then);
  tcase_add_test (t, a_change_of_any_kind_goes_on_at_once);
  tcase_add_test (t, a_repeated_reading_counts_as_none);
  tcase_add_test (t, a_row_that_is_first_seen_in_a_repeated_reading_goes_on);
  tcase_add_test (t, only_a_complete_table_says_that_a_row_is_gone);
  tcase_add_test (t, a_change_within_the_deadband_is_none);
  tcase_add_test (t, what_goes_on_because_it_is_time_is_measured_from_too);
  tcase_add_test (t, what_creeps_is_seen);
  tcase_add_test (t, only_the_tables_that_are_named);
  tcase_add_test (t, an_unchanged_shape_costs_nothing);
  tcase_add_test (t, random_rows_are_as_the_slow_way_has_them);
  tcase_add_test (t, what_makes_no_sense_is_refused);
  tcase_add_test (t, at_work_it_is_only_warned_of);
}

UNIT_MAIN ("dedup", tests)
