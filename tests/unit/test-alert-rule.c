/* The rows of a rule: which are kept, which are gone, and how many there may be. */
#include "alert/rule.h"
#include "unit.h"

#include <time.h>

#define S INT64_C (1000000000)

static struct alert_rule rule;
static struct {
  unsigned fired, cleared, gone, unknown, known, moved;
  char last[64];
  uint64_t identity;
} heard;
static int64_t mono;

static void
hear (void *arg, struct alert_rule *r, const struct alert_row *row, unsigned changes, bool gone, int64_t wall_ns)
{
  (void) arg, (void) wall_ns;
  ck_assert_ptr_eq (r, &rule);
  heard.fired += !!(changes & ALERT_FIRED);
  heard.cleared += !!(changes & ALERT_CLEARED);
  heard.unknown += !!(changes & ALERT_BECAME_UNKNOWN);
  heard.known += !!(changes & ALERT_KNOWN);
  heard.moved += !!(changes & ALERT_MOVED);
  heard.gone += gone && changes;
  heard.identity = row->identity;
  snprintf (heard.last, sizeof heard.last, "%s", row->is_number ? "number" : row->text);
}

static void
setup (void)
{
  const struct alert_params p = {.for_ns = 0, .clear_for_ns = 0, .unknown_after_ns = 10 * S};
  alert_rule_init (&rule, &p, 100, hear, NULL);
  memset (&heard, 0, sizeof heard);
  mono = 1000 * S;
}

static void
teardown (void)
{
  alert_rule_free (&rule);
}

static struct alert_key
named (const char *text, uint64_t identity)
{
  return (struct alert_key){.text = text, .length = strlen (text), .identity = identity};
}

static void
begin (void)
{
  mono += S;
  alert_rule_begin (&rule, mono, mono);
}

static void
look (struct alert_key key, enum alert_truth when)
{
  alert_rule_look (&rule, &key,
                   &(struct alert_look){.mono_ns = mono, .wall_ns = mono, .when = when, .clear = alert_not (when)});
}

START_TEST (quiet_rows_cost_nothing)
{
  begin ();
  for (uint64_t i = 0; i < 5000; i++)
    look ((struct alert_key){.number = i, .identity = i}, ALERT_FALSE);
  alert_rule_end (&rule, true);
  ck_assert_uint_eq (rule.n, 0);
  ck_assert_uint_eq (alert_rule_bytes (&rule), 0);
}
END_TEST

START_TEST (each_row_by_itself)
{
  begin ();
  look (named ("eth0", 1), ALERT_TRUE);
  look (named ("eth1", 2), ALERT_FALSE);
  look (named ("", 0), ALERT_TRUE);
  look ((struct alert_key){.number = 7}, ALERT_TRUE);
  look ((struct alert_key){.number = 8}, ALERT_FALSE);
  alert_rule_end (&rule, true);
  ck_assert_uint_eq (heard.fired, 3);
  ck_assert_uint_eq (rule.n_firing, 3);
  begin ();
  look (named ("eth0", 1), ALERT_TRUE);
  look (named ("eth1", 2), ALERT_TRUE);
  look (named ("", 0), ALERT_FALSE);
  look ((struct alert_key){.number = 7}, ALERT_FALSE);
  alert_rule_end (&rule, true);
  ck_assert_uint_eq (heard.fired, 4);
  ck_assert_uint_eq (heard.cleared, 2);
  ck_assert_uint_eq (heard.gone, 0);
  ck_assert_uint_eq (rule.n_firing, 2);
  ck_assert_uint_eq (rule.n, 2);
}
END_TEST

START_TEST (missing_from_a_complete_table_is_gone)
{
  begin ();
  look (named ("eth0", 1), ALERT_TRUE);
  look (named ("eth1", 2), ALERT_TRUE);
  alert_rule_end (&rule, true);
  begin ();
  look (named ("eth1", 2), ALERT_TRUE);
  alert_rule_end (&rule, true);
  ck_assert_uint_eq (heard.cleared, 1);
  ck_assert_uint_eq (heard.gone, 1);
  ck_assert_str_eq (heard.last, "eth0");
  ck_assert_uint_eq (rule.n, 1);
}
END_TEST

START_TEST (missing_from_a_partial_table_is_unknown)
{
  begin ();
  look (named ("eth0", 1), ALERT_TRUE);
  alert_rule_end (&rule, true);
  for (int i = 0; i < 11; i++) {
    ck_assert_uint_eq (heard.unknown, 0);
    begin ();
    alert_rule_end (&rule, false);
  }
  ck_assert_uint_eq (heard.unknown, 1);
  ck_assert_uint_eq (heard.cleared, 0);
  ck_assert_uint_eq (rule.n_firing, 1);
  begin ();
  look (named ("eth0", 1), ALERT_TRUE);
  alert_rule_end (&rule, false);
  ck_assert_uint_eq (heard.known, 1);
  ck_assert_uint_eq (heard.fired, 1);
}
END_TEST

START_TEST (a_reused_key_is_another_row)
{
  for (int partial = 0; partial < 2; partial++) {
    teardown ();
    setup ();
    begin ();
    look ((struct alert_key){.number = 4242, .identity = 100}, ALERT_TRUE);
    alert_rule_end (&rule, true);
    begin ();
    look ((struct alert_key){.number = 4242, .identity = 200}, ALERT_TRUE);
    alert_rule_end (&rule, !partial);
    ck_assert_uint_eq (heard.fired, 2);
    ck_assert_uint_eq (heard.cleared, 1);
    ck_assert_uint_eq (heard.gone, 1);
    ck_assert_uint_eq (heard.identity, 200);
    begin ();
    look ((struct alert_key){.number = 4242, .identity = 300}, ALERT_FALSE);
    alert_rule_end (&rule, !partial);
    ck_assert_uint_eq (heard.gone, 2);
    ck_assert_uint_eq (rule.n, 0);
  }
}
END_TEST

START_TEST (a_reused_key_begins_its_time_anew)
{
  rule.params.for_ns = 10 * S;
  for (uint64_t i = 0; i < 50; i++) {
    begin ();
    look ((struct alert_key){.number = 1, .identity = i / 10}, ALERT_TRUE);
    alert_rule_end (&rule, true);
  }
  ck_assert_uint_eq (heard.fired, 0);
}
END_TEST

START_TEST (a_row_known_to_be_gone)
{
  begin ();
  look (named ("a", 1), ALERT_TRUE);
  struct alert_key other = named ("a", 2), key = named ("a", 1);
  alert_rule_row_gone (&rule, &other);
  ck_assert_uint_eq (heard.cleared, 0);
  alert_rule_row_gone (&rule, &key);
  ck_assert_uint_eq (heard.gone, 1);
  ck_assert_uint_eq (rule.n, 0);
}
END_TEST

START_TEST (rows_are_bounded)
{
  begin ();
  for (uint64_t i = 0; i < 5000; i++)
    look ((struct alert_key){.number = i}, ALERT_TRUE);
  alert_rule_end (&rule, true);
  ck_assert_uint_eq (rule.n, 100);
  ck_assert_uint_eq (heard.fired, 100);
  ck_assert_uint_eq (rule.left_out, 4900);
  begin ();
  alert_rule_end (&rule, true);
  ck_assert_uint_eq (rule.n, 0);
  ck_assert_uint_eq (heard.gone, 100);
}
END_TEST

START_TEST (what_is_unknown_gives_way_to_what_is_true)
{
  begin ();
  for (uint64_t i = 0; i < 5000; i++)
    look ((struct alert_key){.number = i}, ALERT_UNKNOWN);
  alert_rule_end (&rule, true);
  ck_assert_uint_eq (rule.n, 100);
  ck_assert_uint_eq (rule.left_out, 0);
  ck_assert_uint_eq (heard.moved, 0);
  begin ();
  for (uint64_t i = 4000; i < 4090; i++)
    look ((struct alert_key){.number = i}, ALERT_TRUE);
  ck_assert_uint_eq (rule.n_firing, 90);
  ck_assert_uint_eq (rule.left_out, 0);
  alert_rule_end (&rule, true);
  ck_assert_uint_eq (rule.n, 90);
}
END_TEST

START_TEST (what_was_said_to_be_unknown_gives_way_last)
{
  for (int i = 0; i < 12; i++) {
    begin ();
    for (uint64_t k = 0; k < 60; k++)
      look ((struct alert_key){.number = k}, ALERT_UNKNOWN);
    alert_rule_end (&rule, true);
  }
  ck_assert_uint_eq (heard.unknown, 60);
  begin ();
  for (uint64_t k = 0; k < 100; k++)
    look ((struct alert_key){.number = k}, ALERT_UNKNOWN);
  for (uint64_t k = 1000; k < 1040; k++)
    look ((struct alert_key){.number = k}, ALERT_TRUE);
  ck_assert_uint_eq (rule.n_firing, 40);
  ck_assert_uint_eq (rule.n_ok, 60);
  ck_assert_uint_eq (rule.left_out, 0);
  for (uint64_t k = 2000; k < 2060; k++)
    look ((struct alert_key){.number = k}, ALERT_TRUE);
  ck_assert_uint_eq (rule.n_firing, 100);
  ck_assert_uint_eq (rule.n_ok, 0);
  ck_assert_uint_eq (rule.left_out, 60); /* nobody is told when they are known again */
  look ((struct alert_key){.number = 3000}, ALERT_TRUE);
  ck_assert_uint_eq (rule.n_firing, 100);
  ck_assert_uint_eq (rule.left_out, 61);
  alert_rule_end (&rule, true);
}
END_TEST

/* As behind a filter that lets but the largest rows pass: what fired leaves it, and others come. */
START_TEST (what_nothing_is_known_of_gives_way_to_what_is_true)
{
  for (uint64_t turn = 0; turn < 20; turn++)
    for (int i = 0; i < 12; i++) {
      begin ();
      for (uint64_t k = 0; k < 10; k++)
        look ((struct alert_key){.number = turn * 10 + k}, ALERT_TRUE);
      alert_rule_end (&rule, false);
    }
  ck_assert_uint_eq (heard.fired, 200);
  ck_assert_uint_eq (heard.cleared, 100);
  ck_assert_uint_eq (heard.gone, 100);
  ck_assert_uint_eq (rule.n, 100);
  ck_assert_uint_eq (rule.left_out, 0);
  for (uint64_t k = 0; k < 200; k++)
    ck_assert (!alert_rule_find (&rule, &(struct alert_key){.number = k}) == (k < 100)); /* the oldest went first */
  /* Of what was known a moment ago nothing gives way. */
  begin ();
  for (uint64_t k = 100; k < 200; k++)
    look ((struct alert_key){.number = k}, ALERT_TRUE);
  alert_rule_end (&rule, false);
  begin ();
  look ((struct alert_key){.number = 1000}, ALERT_TRUE);
  alert_rule_end (&rule, false);
  ck_assert_uint_eq (heard.gone, 100);
  ck_assert_uint_eq (rule.left_out, 1);
}
END_TEST

START_TEST (without_a_time_for_unknown_it_takes_five_minutes)
{
  rule.params.unknown_after_ns = 0;
  begin ();
  for (uint64_t k = 0; k < 100; k++)
    look ((struct alert_key){.number = k}, ALERT_TRUE);
  alert_rule_end (&rule, false);
  for (int i = 0; i < 301; i++) {
    begin ();
    look ((struct alert_key){.number = 1000}, ALERT_TRUE);
    alert_rule_end (&rule, false);
    ck_assert_uint_eq (heard.gone, 0);
  }
  begin ();
  look ((struct alert_key){.number = 1000}, ALERT_TRUE);
  ck_assert_uint_eq (heard.gone, 1);
  ck_assert_uint_eq (heard.fired, 101);
}
END_TEST

/* Once while it lasts, and again when it was over for long enough. */
START_TEST (that_rows_are_left_out_is_said_when_it_begins)
{
  unsigned said = 0;
  for (int i = 0; i < 1000; i++) {
    const unsigned full = i < 200 || i == 300 || i > 900;
    begin ();
    for (uint64_t k = 0; k < 100 + full; k++)
      look ((struct alert_key){.number = k}, ALERT_TRUE);
    alert_rule_end (&rule, true);
    said += alert_rule_says_full (&rule);
    ck_assert_uint_eq (said, i > 900 ? 2 : 1);
  }
}
END_TEST

/* What is looked at every 20 min counts whole; a single long time without a look does not. */
START_TEST (gaps_are_by_how_often_it_is_looked)
{
  const struct alert_params p = {.for_ns = 3000 * S, .gap_ns = 300 * S};
  const struct alert_key key = named ("", 0);
  for (int seldom = 0; seldom < 2; seldom++) {
    alert_rule_init (&rule, &p, 100, hear, NULL);
    for (int i = 0; i < 6; i++) {
      mono += (seldom ? 1200 : 60) * S - S;
      begin ();
      look (key, i < 5 ? ALERT_FALSE : ALERT_TRUE);
      alert_rule_end (&rule, true);
    }
    mono += 1199 * S;
    begin ();
    alert_rule_look (&rule, &key, &(struct alert_look){.mono_ns = mono - 600 * S, .when = ALERT_TRUE, .held = true});
    look (key, ALERT_TRUE);
    alert_rule_end (&rule, true);
    ck_assert_int_eq (alert_rule_find (&rule, &key)->state.lasted_ns, (seldom ? 1200 : 300) * S);
    alert_rule_free (&rule);
  }
}
END_TEST

/* A model of many rows that come, go, come again and change: a plain list of what fires. */
START_TEST (random_rows)
{
  enum { KEYS = 60 };
  uint64_t identity[KEYS] = {0}, fires[KEYS] = {0}, seed = 5;
  const int rounds = unit_rounds (5000);
  unsigned fired = 0, cleared = 0;
  for (int step = 0; step < rounds; step++) {
    begin ();
    for (uint64_t k = 0; k < KEYS; k++) {
      seed = seed * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
      const unsigned dice = (unsigned) (seed >> 40) % 20;
      if (dice == 0)
        identity[k]++;
      if (fires[k] && fires[k] != identity[k] + 1) { /* another one now */
        cleared++;
        fires[k] = 0;
      }
      if (dice == 1) { /* not there */
        cleared += !!fires[k];
        fires[k] = 0;
        continue;
      }
      const bool yes = dice < 8;
      fired += yes && !fires[k];
      cleared += !yes && fires[k];
      fires[k] = yes ? identity[k] + 1 : 0;
      char text[32];
      snprintf (text, sizeof text, "key-%llu", (unsigned long long) k);
      look (k % 2 ? named (text, identity[k]) : (struct alert_key){.number = k, .identity = identity[k]}, yes);
    }
    alert_rule_end (&rule, true);
    ck_assert_uint_eq (heard.fired, fired);
    ck_assert_uint_eq (heard.cleared, cleared);
    ck_assert_uint_eq (rule.n_firing, fired - cleared);
    ck_assert_uint_eq (rule.n, fired - cleared);
  }
}
END_TEST

static int64_t
now (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * S + t.tv_nsec;
}

/* What it costs, for who reads the log. */
START_TEST (figures)
{
  enum { ROWS = 5000, STEPS = 40 };
  const struct alert_key key = named ("", 0);
  const int looks = unit_rounds (1000000);
  int64_t start = now ();
  for (int i = 0; i < looks; i++) {
    begin ();
    look (key, ALERT_FALSE);
    alert_rule_end (&rule, true);
  }
  printf ("# an ok rule: %.1f ns a step\n", (double) (now () - start) / looks);
  start = now ();
  for (int i = 0; i < STEPS; i++) {
    begin ();
    for (uint64_t k = 0; k < ROWS; k++)
      look ((struct alert_key){.number = k, .identity = k}, ALERT_FALSE);
    alert_rule_end (&rule, true);
  }
  printf ("# of 5,000 rows that are ok: %.1f ns each\n", (double) (now () - start) / ROWS / STEPS);
  start = now ();
  for (int i = 0; i < STEPS; i++) {
    begin ();
    for (uint64_t k = 0; k < ROWS; k++)
      look ((struct alert_key){.number = k, .identity = k}, k < 100);
    alert_rule_end (&rule, true);
  }
  printf ("# of 5,000 rows, 100 of which fire: %.1f ns each\n", (double) (now () - start) / ROWS / STEPS);
  printf ("# a row that fires: %.0f bytes\n", (double) alert_rule_bytes (&rule) / rule.n);
  ck_assert_uint_lt (alert_rule_bytes (&rule) / rule.n, 200);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_test (t, quiet_rows_cost_nothing);
  tcase_add_test (t, each_row_by_itself);
  tcase_add_test (t, missing_from_a_complete_table_is_gone);
  tcase_add_test (t, missing_from_a_partial_table_is_unknown);
  tcase_add_test (t, a_reused_key_is_another_row);
  tcase_add_test (t, a_reused_key_begins_its_time_anew);
  tcase_add_test (t, a_row_known_to_be_gone);
  tcase_add_test (t, rows_are_bounded);
  tcase_add_test (t, what_is_unknown_gives_way_to_what_is_true);
  tcase_add_test (t, what_was_said_to_be_unknown_gives_way_last);
  tcase_add_test (t, what_nothing_is_known_of_gives_way_to_what_is_true);
  tcase_add_test (t, without_a_time_for_unknown_it_takes_five_minutes);
  tcase_add_test (t, that_rows_are_left_out_is_said_when_it_begins);
  tcase_add_test (t, gaps_are_by_how_often_it_is_looked);
  tcase_add_test (t, random_rows);
  tcase_add_test (t, figures);
}

UNIT_MAIN ("alert-rule", tests)
