/* Groups, limits and what silences hold back: what is told, when, and what is only counted. */
#include "alert/outbox.h"
#include "unit.h"

#define S INT64_C (1000000000)
enum { RULES = 3, MOST = 2000 };

static struct alert_outbox o;
static int64_t mono;
static char silenced_row[ALERT_ROW_NAME]; /* "*": all; "": none */
static struct {
  uint32_t rule, total, n_items;
  unsigned change;
  bool late;
  uint64_t suppressed;
  char first[ALERT_ROW_NAME];
} told[MOST];
static int n_told;
enum { ROWS = 8 };
static bool *believed; /* where it is set: which of the rows a … h are said to fire */

static bool
is_silenced (void *arg, uint32_t rule, const char *row)
{
  (void) arg;
  return rule == 0 && (!strcmp (silenced_row, "*") || (silenced_row[0] && !strcmp (silenced_row, row)));
}

static void
hear (void *arg, const struct alert_message *m)
{
  (void) arg;
  ck_assert_int_lt (n_told, MOST);
  told[n_told].rule = m->rule;
  told[n_told].change = m->change;
  told[n_told].total = m->total;
  told[n_told].n_items = m->n_items;
  told[n_told].late = m->late;
  told[n_told].suppressed = m->suppressed;
  snprintf (told[n_told].first, sizeof told[0].first, "%s", m->n_items ? m->items[0]->row : "");
  for (uint32_t i = 0; i < m->n_items; i++) {
    ck_assert_uint_eq (m->items[i]->rule, m->rule);
    ck_assert_uint_eq (m->items[i]->change, m->change);
    if (!believed)
      continue;
    bool *b = &believed[m->items[i]->row[0] - 'a'];
    ck_assert_int_eq (*b, m->change == ALERT_CLEARED);
    *b = !*b;
  }
  n_told++;
}

static void
make (const struct alert_outbox_config *config)
{
  ck_assert_int_eq (alert_outbox_init (&o, config, RULES), 0);
  mono = 5000 * S;
  n_told = 0;
  silenced_row[0] = 0;
}

static void
teardown (void)
{
  alert_outbox_free (&o);
}

static void
add (uint32_t rule, const char *row, unsigned change)
{
  struct alert_item item = {.rule = rule, .change = (uint8_t) change};
  snprintf (item.row, sizeof item.row, "%s", row);
  for (const char *p = row; *p; p++)
    item.key_hash = item.key_hash * 31 + (unsigned char) *p;
  alert_outbox_add (&o, &item, mono);
}

/* Returns how many messages came. */
static int
flush_after (int64_t ns)
{
  int before = n_told;
  mono += ns;
  alert_outbox_flush (&o, mono, is_silenced, hear, NULL);
  return n_told - before;
}

static void
expect_told (uint32_t rule, unsigned change, uint32_t total, const char *first, bool late, uint64_t suppressed)
{
  ck_assert_int_gt (n_told, 0);
  int i = n_told - 1;
  ck_assert_uint_eq (told[i].rule, rule);
  ck_assert_uint_eq (told[i].change, change);
  ck_assert_uint_eq (told[i].total, total);
  ck_assert_str_eq (told[i].first, first);
  ck_assert_int_eq (told[i].late, late);
  ck_assert_uint_eq (told[i].suppressed, suppressed);
}

START_TEST (each_change_is_told_once)
{
  make (&(struct alert_outbox_config){0});
  add (1, "a", ALERT_FIRED);
  ck_assert_int_eq (flush_after (0), 1);
  expect_told (1, ALERT_FIRED, 1, "a", false, 0);
  ck_assert_int_eq (flush_after (S), 0);
  add (1, "a", ALERT_CLEARED);
  ck_assert_int_eq (flush_after (S), 1);
  expect_told (1, ALERT_CLEARED, 1, "a", false, 0);
  ck_assert_uint_eq (o.n_done, 2);
}
END_TEST

START_TEST (one_step_is_one_message)
{
  char row[16];
  make (&(struct alert_outbox_config){.named = 5});
  for (int i = 0; i < 1000; i++) {
    snprintf (row, sizeof row, "%d", i);
    add (1, row, ALERT_FIRED);
  }
  add (2, "x", ALERT_FIRED);
  ck_assert_int_eq (flush_after (0), 2);
  for (int i = 0; i < 2; i++)
    if (told[i].rule == 1) {
      ck_assert_uint_eq (told[i].total, 1000);
      ck_assert_uint_eq (told[i].n_items, 5);
      ck_assert_str_eq (told[i].first, "0");
    }
}
END_TEST

START_TEST (group_wait_collects)
{
  make (&(struct alert_outbox_config){.group_wait_ns = 10 * S});
  add (1, "a", ALERT_FIRED);
  for (int i = 1; i < 10; i++) {
    ck_assert_int_eq (flush_after (S), 0);
    add (1, i % 2 ? "b" : "c", i % 2 ? ALERT_FIRED : ALERT_CLEARED);
  }
  /* The first one's time is up; nobody waits longer because others came. */
  ck_assert_int_ge (flush_after (S), 2);
  ck_assert_uint_eq (o.n, 0);
}
END_TEST

/* Where samples come seldom nothing can join it in time: it is told with them, and not with the next ones. */
START_TEST (seldom_samples_tell_at_once)
{
  make (&(struct alert_outbox_config){.group_wait_ns = S, .interval_ns = 10 * S});
  add (1, "a", ALERT_FIRED);
  add (1, "b", ALERT_FIRED);
  ck_assert_int_eq (flush_after (0), 1); /* the first ones, too */
  expect_told (1, ALERT_FIRED, 2, "a", false, 0);
  ck_assert_int_eq (flush_after (20 * S), 0); /* a filter makes windows of them */
  add (1, "a", ALERT_CLEARED);
  ck_assert_int_eq (flush_after (20 * S), 1);
  /* With samples that come by the second all waits as long as it should, and no longer because one comes a moment early. */
  flush_after (S);
  add (1, "a", ALERT_FIRED);
  ck_assert_int_eq (flush_after (0), 0);
  flush_after (S / 2);
  add (1, "c", ALERT_FIRED);
  ck_assert_int_eq (flush_after (S / 2 - S / 100), 1);
  expect_told (1, ALERT_FIRED, 2, "a", false, 0);
}
END_TEST

/* Whoever reads the messages of a row in their order knows how it is. */
START_TEST (changes_of_a_row_stay_in_order)
{
  make (&(struct alert_outbox_config){.group_wait_ns = 10 * S});
  add (1, "a", ALERT_FIRED);
  add (1, "b", ALERT_FIRED);
  add (1, "a", ALERT_CLEARED);
  add (1, "c", ALERT_CLEARED);
  add (1, "a", ALERT_FIRED);
  add (1, "d", ALERT_FIRED);
  ck_assert_int_eq (flush_after (10 * S), 3);
  ck_assert_uint_eq (told[0].change, ALERT_FIRED);
  ck_assert_uint_eq (told[0].total, 3); /* a, b, d */
  ck_assert_uint_eq (told[1].change, ALERT_CLEARED);
  ck_assert_uint_eq (told[1].total, 2); /* a, c */
  ck_assert_uint_eq (told[2].change, ALERT_FIRED);
  ck_assert_uint_eq (told[2].total, 1); /* a again */
  ck_assert_str_eq (told[2].first, "a");
}
END_TEST

START_TEST (a_rule_is_limited)
{
  char row[16];
  make (&(struct alert_outbox_config){.rule_burst = 3, .rule_every_ns = 60 * S});
  for (int i = 0; i < 10; i++) {
    snprintf (row, sizeof row, "%d", i);
    add (1, row, ALERT_FIRED);
    ck_assert_int_eq (flush_after (S), i < 3);
  }
  /* Another one is not. */
  add (2, "x", ALERT_FIRED);
  ck_assert_int_eq (flush_after (S), 1);
  ck_assert_int_eq (flush_after (45 * S), 0);
  ck_assert_int_eq (flush_after (5 * S), 1);
  expect_told (1, ALERT_FIRED, 7, "3", true, 0);
  ck_assert_int_eq (flush_after (600 * S), 0);
}
END_TEST

START_TEST (what_a_limit_took_is_told_of)
{
  make (&(struct alert_outbox_config){.rule_burst = 1, .rule_every_ns = 60 * S});
  add (1, "a", ALERT_FIRED);
  ck_assert_int_eq (flush_after (0), 1);
  for (int i = 0; i < 20; i++) {
    add (1, "a", i % 2 ? ALERT_FIRED : ALERT_CLEARED);
    ck_assert_int_eq (flush_after (S), 0);
  }
  add (1, "a", ALERT_REMINDER);
  ck_assert_int_eq (flush_after (S), 0);
  ck_assert_uint_eq (o.n, 0);
  ck_assert_int_eq (flush_after (60 * S), 1);
  expect_told (1, ALERT_SUMMARY, 0, "", true, 21);
  ck_assert_int_eq (flush_after (600 * S), 0);
  /* With the next message, where there is one. */
  add (1, "a", ALERT_CLEARED);
  ck_assert_int_eq (flush_after (S), 1);
  add (1, "a", ALERT_FIRED);
  flush_after (S);
  add (1, "a", ALERT_CLEARED);
  flush_after (S);
  add (1, "b", ALERT_FIRED);
  ck_assert_int_eq (flush_after (S), 0);
  ck_assert_int_eq (flush_after (60 * S), 1);
  expect_told (1, ALERT_FIRED, 1, "b", true, 2);
}
END_TEST

START_TEST (all_rules_together_are_limited)
{
  int per_rule[RULES] = {0};
  char row[16];
  make (&(struct alert_outbox_config){.rule_burst = 100, .rule_every_ns = S, .all_burst = 5, .all_every_ns = 10 * S});
  for (int i = 0; i < 1000; i++) {
    for (uint32_t r = 0; r < RULES; r++) {
      snprintf (row, sizeof row, "%d", i);
      add (r, row, ALERT_FIRED);
    }
    flush_after (S);
  }
  ck_assert_int_le (n_told, 5 + 1000 / 10);
  ck_assert_int_ge (n_told, 1000 / 10);
  for (int i = 0; i < n_told; i++)
    per_rule[told[i].rule]++;
  for (int r = 0; r < RULES; r++)
    ck_assert_int_ge (per_rule[r], n_told / RULES / 2); /* none starves */
}
END_TEST

START_TEST (silence_then_still_firing)
{
  make (&(struct alert_outbox_config){0});
  strcpy (silenced_row, "a");
  add (0, "a", ALERT_FIRED);
  add (0, "b", ALERT_FIRED);
  ck_assert_int_eq (flush_after (0), 1);
  expect_told (0, ALERT_FIRED, 1, "b", false, 0);
  add (0, "a", ALERT_REMINDER);
  ck_assert_int_eq (flush_after (3600 * S), 0);
  silenced_row[0] = 0;
  ck_assert_int_eq (flush_after (S), 1);
  expect_told (0, ALERT_FIRED, 1, "a", true, 0);
  ck_assert_int_eq (flush_after (S), 0);
}
END_TEST

START_TEST (silence_and_over_before_its_end)
{
  make (&(struct alert_outbox_config){0});
  strcpy (silenced_row, "*");
  for (int i = 0; i < 100; i++) {
    add (0, "a", i % 2 ? ALERT_CLEARED : ALERT_FIRED);
    ck_assert_int_eq (flush_after (S), 0);
  }
  ck_assert_uint_eq (o.n, 0);
  ck_assert_uint_eq (o.rules[0].silenced_ever, 100);
  silenced_row[0] = 0;
  ck_assert_int_eq (flush_after (S), 0);
}
END_TEST

START_TEST (told_before_a_silence_and_cleared_in_it)
{
  make (&(struct alert_outbox_config){0});
  add (0, "a", ALERT_FIRED);
  add (0, "b", ALERT_BECAME_UNKNOWN);
  ck_assert_int_eq (flush_after (0), 2);
  strcpy (silenced_row, "*");
  add (0, "a", ALERT_CLEARED);
  add (0, "b", ALERT_KNOWN);
  ck_assert_int_eq (flush_after (S), 0);
  silenced_row[0] = 0;
  ck_assert_int_eq (flush_after (S), 2);
}
END_TEST

START_TEST (gone_while_unknown_was_held_back)
{
  make (&(struct alert_outbox_config){0});
  strcpy (silenced_row, "*");
  add (0, "a", ALERT_FIRED);
  add (0, "a", ALERT_BECAME_UNKNOWN);
  flush_after (S);
  ck_assert_uint_eq (o.n, 2);
  struct alert_item gone = *o.items[0];
  gone.serial = 0;
  gone.held_back = false;
  gone.change = ALERT_CLEARED;
  gone.gone = true;
  alert_outbox_add (&o, &gone, mono);
  flush_after (S);
  ck_assert_uint_eq (o.n, 0);
}
END_TEST

START_TEST (what_waits_is_bounded)
{
  char row[16];
  make (&(struct alert_outbox_config){.most = 50});
  strcpy (silenced_row, "*");
  for (int i = 0; i < 200; i++) {
    snprintf (row, sizeof row, "%d", i);
    add (0, row, ALERT_FIRED);
    flush_after (S);
  }
  ck_assert_uint_eq (o.n, 50);
  ck_assert_uint_eq (o.lost, 150);
  silenced_row[0] = 0;
  ck_assert_int_eq (flush_after (S), 1);
  expect_told (0, ALERT_FIRED, 50, "0", true, 150);
  /* A silenced row does not hide that of others. */
  teardown ();
  make (&(struct alert_outbox_config){.most = 1, .group_wait_ns = 5 * S});
  strcpy (silenced_row, "a");
  add (0, "a", ALERT_FIRED);
  add (0, "b", ALERT_FIRED);
  ck_assert_int_eq (flush_after (S), 1);
  expect_told (0, ALERT_SUMMARY, 0, "", true, 1);
  /* A message that waits for its group will say it. */
  add (1, "c", ALERT_FIRED);
  o.config.most = 2;
  add (1, "c", ALERT_FIRED);
  add (1, "d", ALERT_FIRED);
  ck_assert_int_eq (flush_after (S), 0);
  ck_assert_int_eq (flush_after (4 * S), 1);
  expect_told (1, ALERT_FIRED, 1, "c", false, 2);
}
END_TEST

/* Whatever comes: the messages of a row alternate, and what was told last is how it is once nothing holds back any more. */
START_TEST (random_changes_are_told_in_the_end)
{
  enum { STEPS = 400 };
  uint64_t seed = 3;
  const int rounds = unit_rounds (300);
  for (int round = 0; round < rounds; round++) {
    bool fires[ROWS] = {0}, heard[ROWS] = {0};
    believed = heard;
    make (&(struct alert_outbox_config){
      .group_wait_ns = round % 3 * S, .named = STEPS, .rule_burst = 1 + (uint32_t) round % 4, .rule_every_ns = round % 5 * S});
    for (int step = 0; step < STEPS; step++) {
      seed = seed * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
      const unsigned dice = (unsigned) (seed >> 40), k = dice % ROWS;
      char row[2] = {(char) ('a' + k), 0};
      fires[k] = !fires[k];
      add (0, row, fires[k] ? ALERT_FIRED : ALERT_CLEARED);
      if (dice / 8 % 20 == 0)
        strcpy (silenced_row, dice / 160 % 3 == 0 ? "*" : dice / 160 % 3 == 1 ? row : "");
      flush_after (dice / 480 % 2 * S);
    }
    silenced_row[0] = 0;
    for (int i = 0; i < 100; i++)
      flush_after (S);
    ck_assert_uint_eq (o.n, 0);
    ck_assert_int_eq (memcmp (fires, heard, sizeof fires), 0);
    ck_assert_uint_eq (o.n_done, STEPS);
    alert_outbox_free (&o);
  }
  believed = NULL;
  make (&(struct alert_outbox_config){0});
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, NULL, teardown);
  tcase_add_test (t, each_change_is_told_once);
  tcase_add_test (t, one_step_is_one_message);
  tcase_add_test (t, group_wait_collects);
  tcase_add_test (t, seldom_samples_tell_at_once);
  tcase_add_test (t, changes_of_a_row_stay_in_order);
  tcase_add_test (t, a_rule_is_limited);
  tcase_add_test (t, what_a_limit_took_is_told_of);
  tcase_add_test (t, all_rules_together_are_limited);
  tcase_add_test (t, silence_then_still_firing);
  tcase_add_test (t, silence_and_over_before_its_end);
  tcase_add_test (t, told_before_a_silence_and_cleared_in_it);
  tcase_add_test (t, gone_while_unknown_was_held_back);
  tcase_add_test (t, what_waits_is_bounded);
  tcase_add_test (t, random_changes_are_told_in_the_end);
}

UNIT_MAIN ("alert-outbox", tests)
