/* States, what waits and silences over a restart, a reload and a crash. */
#include "alert-kit.h"

static char *dir;

static void
setup (void)
{
  dir = unit_temp_dir ();
  n_told = 0;
}

static void
teardown (void)
{
  free (dir);
}

/* Ends in one of the ways an engine ends, and starts a new one; the machine's clocks went on. */
static struct alert_engine *
again (struct alert_engine *e, int crash, int64_t down_ns)
{
  if (crash)
    kill_engine (e);
  else
    end_engine (e);
  mono += down_ns;
  wall += down_ns;
  boot += down_ns;
  return open_engine (dir);
}

START_TEST (firing_goes_on)
{
  struct alert_engine *e = open_engine (dir);
  ck_assert_int_eq (steps (e, 31, SLOW, "a", ALERT_TRUE), 1);
  e = again (e, _i, 3600 * S);
  ck_assert_int_eq (phase_of (e, SLOW, "a"), ALERT_FIRING);
  ck_assert_int_eq (steps (e, 100, SLOW, "a", ALERT_TRUE), 0);
  ck_assert_int_eq (steps (e, 10, SLOW, "a", ALERT_FALSE), 0);
  ck_assert_int_eq (step (e, SLOW, "a", ALERT_FALSE), 1);
  ck_assert_uint_eq (told[1].change, ALERT_CLEARED);
  e = again (e, _i, S);
  ck_assert_int_eq (phase_of (e, SLOW, "a"), ALERT_OK);
  ck_assert_int_eq (steps (e, 5, SLOW, "a", ALERT_FALSE), 0);
  end_engine (e);
}
END_TEST

START_TEST (pending_goes_on_with_its_time)
{
  struct alert_engine *e = open_engine (dir);
  ck_assert_int_eq (steps (e, 25, SLOW, "a", ALERT_TRUE), 0);
  desk_of (e)->store.behind = _i == 2;                   /* all is written anew */
  ck_assert_int_eq (step (e, SLOW, "a", ALERT_TRUE), 0); /* 25 s */
  e = again (e, _i, 3600 * S);
  ck_assert_int_eq (phase_of (e, SLOW, "a"), ALERT_PENDING);
  /* The first look counts nothing, for nobody looked before it. */
  int n = 0;
  while (!step (e, SLOW, "a", ALERT_TRUE))
    ck_assert_int_lt (n++, 40);
  if (_i == 1) /* what was saved last */
    ck_assert (n >= 5 && n <= 20);
  else
    ck_assert_int_eq (n, 5);
  end_engine (e);
}
END_TEST

START_TEST (clearing_goes_on_with_its_time)
{
  struct alert_engine *e = open_engine (dir);
  steps (e, 31, SLOW, "a", ALERT_TRUE);
  steps (e, 8, SLOW, "a", ALERT_FALSE); /* 7 s */
  e = again (e, 0, 3600 * S);
  ck_assert_int_eq (phase_of (e, SLOW, "a"), ALERT_CLEARING);
  ck_assert_int_eq (steps (e, 3, SLOW, "a", ALERT_FALSE), 0);
  ck_assert_int_eq (step (e, SLOW, "a", ALERT_FALSE), 1);
  end_engine (e);
}
END_TEST

/* The time since the last message that it fires goes on too; what was saved last counts, at most 16 s too little. */
START_TEST (reminders_keep_their_period)
{
  struct alert_engine *e = open_engine (dir);
  e->rules[FAST].rule.params.remind_ns = 100 * S;
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 1);
  int n = 0;
  for (int i = 0; i < 10 && !n; i++) {
    steps (e, 30, FAST, "a", ALERT_TRUE);
    n = n_told > 1;
    desk_of (e)->store.behind = _i == 2;
    steps (e, 1, FAST, "a", ALERT_TRUE);
    e = again (e, _i, 3600 * S);
    e->rules[FAST].rule.params.remind_ns = 100 * S;
    ck_assert_int_lt (i, _i == 1 ? 8 : 4);
  }
  ck_assert_uint_eq (told[1].change, ALERT_REMINDER);
  /* It was said, and is not said again by who comes after a crash right then. */
  while (told[n_told - 1].change != ALERT_REMINDER || n_told < 3)
    step (e, FAST, "a", ALERT_TRUE);
  e = again (e, _i, S);
  e->rules[FAST].rule.params.remind_ns = 100 * S;
  ck_assert_int_eq (steps (e, 90, FAST, "a", ALERT_TRUE), 0);
  end_engine (e);
}
END_TEST

START_TEST (unknown_is_not_said_again)
{
  struct alert_engine *e = open_engine (dir);
  steps (e, 31, SLOW, "a", ALERT_TRUE);
  ck_assert_int_eq (steps (e, 61, SLOW, "a", ALERT_UNKNOWN), 1);
  ck_assert_int_eq (steps (e, 61, FAST, "b", ALERT_UNKNOWN), 1);
  desk_of (e)->store.behind = _i == 2;
  step (e, FAST, "b", ALERT_UNKNOWN);
  e = again (e, _i, 60 * S);
  n_told = 0;
  ck_assert_int_eq (steps (e, 200, SLOW, "a", ALERT_UNKNOWN), 0);
  ck_assert_int_eq (steps (e, 200, FAST, "b", ALERT_UNKNOWN), 0);
  ck_assert_int_eq (step (e, SLOW, "a", ALERT_TRUE), 1);
  ck_assert_int_eq (step (e, FAST, "b", ALERT_FALSE), 1);
  ck_assert_uint_eq (told[0].change, ALERT_KNOWN);
  ck_assert_uint_eq (told[1].change, ALERT_KNOWN);
  end_engine (e);
}
END_TEST

START_TEST (gone_or_another_meanwhile)
{
  struct alert_engine *e = open_engine (dir);
  tick ();
  struct alert_rule *r = alert_engine_begin (e, FAST, mono, wall);
  look_at_row (r, "gone", 1, ALERT_TRUE);
  look_at_row (r, "other", 1, ALERT_TRUE);
  look_at_row (r, "same", 1, ALERT_TRUE);
  alert_rule_end (r, true);
  flush_engine (e);
  e = again (e, _i, 60 * S);
  n_told = 0;
  tick ();
  r = alert_engine_begin (e, FAST, mono, wall);
  look_at_row (r, "other", 2, ALERT_FALSE);
  look_at_row (r, "same", 1, ALERT_TRUE);
  alert_rule_end (r, true);
  ck_assert_int_eq (flush_engine (e), 1);
  ck_assert_uint_eq (told[0].change, ALERT_CLEARED);
  ck_assert_uint_eq (told[0].total, 2);
  ck_assert (told[0].gone);
  end_engine (e);
}
END_TEST

START_TEST (a_rule_that_is_no_more)
{
  const struct alert_rule_config other = {.name = "other"};
  struct alert_engine *e = open_engine (dir);
  step (e, FAST, "a", ALERT_TRUE);
  steps (e, 5, SLOW, "b", ALERT_TRUE);
  end_engine (e);
  n_told = 0;
  ck_assert_int_eq (alert_engine_new (&(struct alert_engine_config){0}, &other, 1, &e), 0);
  ck_assert_int_eq (open_at (e, dir), 0);
  ck_assert_int_eq (flush_engine (e), 1);
  ck_assert_str_eq (told[0].rule, "fast");
  ck_assert_uint_eq (told[0].change, ALERT_CLEARED);
  ck_assert (told[0].gone);
  end_engine (e);
  e = open_engine (dir);
  ck_assert_int_eq (flush_engine (e), 0);
  ck_assert_int_eq (phase_of (e, FAST, "a"), ALERT_OK);
  end_engine (e);
}
END_TEST

START_TEST (as_many_rules_as_may_be_are_no_more)
{
  enum { N = 1000 };
  struct alert_rule_config *rules = calloc (N, sizeof *rules);
  char (*names)[16] = calloc (N, sizeof *names);
  struct alert_engine *e;
  ck_assert (rules && names);
  for (int i = 0; i < N; i++) {
    snprintf (names[i], sizeof names[i], "rule %d", i);
    rules[i].name = names[i];
  }
  ck_assert_int_eq (alert_engine_new (&(struct alert_engine_config){0}, rules, N, &e), 0);
  ck_assert_int_eq (open_at (e, dir), 0);
  tick ();
  for (uint32_t i = 0; i < N; i++) {
    struct alert_rule *r = alert_engine_begin (e, i, mono, wall);
    look_at_row (r, "a", 1, ALERT_TRUE);
    alert_rule_end (r, true);
  }
  ck_assert_int_eq (flush_engine (e), N);
  end_engine (e);
  n_told = 0;
  e = open_engine (dir);
  ck_assert_uint_eq (e->forgotten, 0);
  ck_assert_int_eq (flush_engine (e), N);
  for (int i = 0; i < N; i++)
    ck_assert (told[i].change == ALERT_CLEARED && told[i].gone);
  end_engine (e);
  free (names);
  free (rules);
}
END_TEST

/* The history may name many more; they take no place of those that have something to clear. */
START_TEST (rules_of_the_history_are_nobodys)
{
  struct alert_record r = {.type = ALERT_RECORD_EVENT, .change = ALERT_FIRED, .key = {.text = ""}, .serial = 1};
  struct buf b = {0};
  r.state.phase = ALERT_FIRING;
  for (int i = 0; i < 200; i++, r.serial++) {
    snprintf (r.rule, sizeof r.rule, "old %d", i);
    alert_record_add (&b, &r);
  }
  alert_record_add (&b, &(struct alert_record){.type = ALERT_RECORD_BASE, .serial = r.serial});
  r.type = ALERT_RECORD_ROW;
  strcpy (r.rule, "the last");
  alert_record_add (&b, &r);
  unit_write_n (dir, ALERT_STORE_FILE, b.data, b.len);
  buf_free (&b);
  struct alert_engine *e = open_engine (dir);
  ck_assert_int_eq (flush_engine (e), 1);
  ck_assert_str_eq (told[0].rule, "the last");
  ck_assert_uint_eq (told[0].change, ALERT_CLEARED);
  ck_assert_uint_eq (told[0].suppressed, 0);
  end_engine (e);
}
END_TEST

START_TEST (a_rule_that_is_another_now)
{
  struct alert_engine *e = open_engine (dir);
  steps (e, 20, SLOW, "pending", ALERT_TRUE);
  end_engine (e);
  e = new_engine (NULL);
  e->rules[SLOW].made++;
  ck_assert_int_eq (open_at (e, dir), 0);
  ck_assert_int_eq (phase_of (e, SLOW, "pending"), ALERT_OK);
  end_engine (e);
}
END_TEST

START_TEST (what_waits_is_told_after_a_crash)
{
  const struct alert_engine_config config = {.outbox = {.group_wait_ns = 10 * S}};
  struct alert_engine *e = new_engine (&config);
  ck_assert_int_eq (open_at (e, dir), 0);
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 0);
  desk_of (e)->store.behind = _i; /* also from a file that was written anew */
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 0);
  kill_engine (e);
  e = new_engine (&config);
  ck_assert_int_eq (open_at (e, dir), 0);
  ck_assert_int_eq (steps (e, 9, FAST, "a", ALERT_TRUE), 0);
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 1);
  ck_assert_uint_eq (told[0].change, ALERT_FIRED);
  ck_assert_str_eq (told[0].row, "a");
  kill_engine (e);
  e = open_engine (dir);
  ck_assert_int_eq (steps (e, 30, FAST, "a", ALERT_TRUE), 0);
  end_engine (e);
}
END_TEST

START_TEST (silence_over_restarts)
{
  struct alert_silence silence = {.rule = "f*", .by = "me", .why = "work \"on\" it"};
  silence.from_ns = wall;
  silence.until_ns = wall + 100 * S;
  struct alert_engine *e = open_engine (dir);
  ck_assert_int_eq (alert_silence_add (dir, &silence, wall), 0);
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 0);
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 0);
  e = again (e, _i, 10 * S);
  ck_assert_int_eq (steps (e, 50, FAST, "a", ALERT_TRUE), 0);
  e = again (e, _i, 10 * S);
  desk_of (e)->store.behind = true;
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 0);
  e = again (e, _i, 10 * S);
  ck_assert_int_eq (steps (e, 30, FAST, "a", ALERT_TRUE), 1);
  ck_assert (told[0].late);
  ck_assert_uint_eq (told[0].change, ALERT_FIRED);
  end_engine (e);
}
END_TEST

START_TEST (what_limits_took_outlives_a_crash)
{
  const struct alert_engine_config config = {.outbox = {.rule_burst = 1, .rule_every_ns = 600 * S}};
  struct alert_engine *e = new_engine (&config);
  ck_assert_int_eq (open_at (e, dir), 0);
  ck_assert_int_eq (steps (e, 1, FAST, "a", ALERT_TRUE), 1);
  for (int i = 0; i < 10; i++)
    ck_assert_int_eq (step (e, FAST, "a", i % 2 ? ALERT_TRUE : ALERT_FALSE), 0);
  desk_of (e)->store.behind = _i;
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 0);
  kill_engine (e);
  n_told = 0;
  e = open_engine (dir);
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 1);
  ck_assert_uint_eq (told[0].change, ALERT_SUMMARY);
  ck_assert_uint_eq (told[0].suppressed, 10);
  end_engine (e);
}
END_TEST

/* Ended well, killed, with a store that is behind: no process begins with a burst of its own. */
START_TEST (limits_hold_over_restarts)
{
  const struct alert_engine_config config = {
    .outbox = {.rule_burst = 2, .rule_every_ns = 600 * S, .all_burst = 3, .all_every_ns = 600 * S}};
  int messages = 0, limit = 2;
  for (int round = 0; round < 60; round++) {
    struct alert_engine *e = new_engine (&config);
    ck_assert_int_eq (open_at (e, dir), 0);
    for (int i = 0; i < 5; i++)
      messages += step (e, FAST, "a", i % 2 ? ALERT_FALSE : ALERT_TRUE);
    if (round == 30) {
      ck_assert_int_eq (messages, 2);
      limit += 3; /* in an hour no more than both bursts come again */
      mono += 3600 * S, wall += 3600 * S, boot += 3600 * S;
    }
    desk_of (e)->store.behind = _i == 2;
    messages += _i == 2 ? step (e, FAST, "a", ALERT_TRUE) : 0;
    if (_i)
      kill_engine (e);
    else
      end_engine (e);
    n_told = 0;
  }
  ck_assert_int_ge (messages, 4);
  ck_assert_int_le (messages, limit);
}
END_TEST

START_TEST (two_never_share_a_store)
{
  struct alert_engine *first = open_engine (dir), *second = new_engine (NULL);
  step (first, FAST, "a", ALERT_TRUE);
  ck_assert_int_eq (open_at (second, dir), -EWOULDBLOCK);
  step (first, FAST, "b", ALERT_TRUE);
  end_engine (first);
  ck_assert_int_eq (open_at (second, dir), 0);
  ck_assert_int_eq (phase_of (second, FAST, "b"), ALERT_FIRING);
  end_engine (second);
}
END_TEST

START_TEST (a_removed_directory_is_made_again)
{
  struct alert_engine *e = open_engine (dir);
  step (e, FAST, "a", ALERT_TRUE);
  unit_remove_tree (dir);
  steps (e, 40, FAST, "a", ALERT_TRUE);
  ck_assert_int_eq (desk_of (e)->store.error, 0);
  kill_engine (e);
  n_told = 0;
  e = open_engine (dir);
  ck_assert_int_eq (phase_of (e, FAST, "a"), ALERT_FIRING);
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 0);
  end_engine (e);
}
END_TEST

START_TEST (without_a_directory_it_works_all_the_same)
{
  unit_write (dir, "file", "x");
  char *path = unit_path (dir, "file");
  struct alert_engine *e = new_engine (NULL);
  ck_assert_int_lt (open_at (e, path), 0);
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 1);
  ck_assert_int_eq (step (e, FAST, "a", ALERT_FALSE), 1);
  ck_assert_int_eq (step (e, FAST, "b", ALERT_TRUE), 1);
  remove (path);
  steps (e, 30, FAST, "b", ALERT_TRUE);
  kill_engine (e);
  e = new_engine (NULL);
  ck_assert_int_eq (open_at (e, path), 0);
  ck_assert_int_eq (phase_of (e, FAST, "b"), ALERT_FIRING);
  end_engine (e);
  free (path);
}
END_TEST

static int
count_change (void *arg, const struct alert_record *r, const char *line, size_t length)
{
  int *counts = arg;
  (void) line, (void) length;
  ck_assert_str_eq (r->rule, "fast");
  counts[r->change == ALERT_FIRED ? 0 : 1]++;
  return 0;
}

START_TEST (history_and_bytes_are_bounded)
{
  /* By their number, or by their bytes. */
  const struct alert_engine_config config = {.store_bytes = 100 << 10};
  struct alert_engine *e = new_engine (&config);
  struct stat st;
  char *path = unit_path (dir, ALERT_STORE_FILE);
  int counts[2] = {0};
  kit_history = _i ? 2000 : 50;
  ck_assert_int_eq (open_at (e, dir), 0);
  for (int i = 0; i < 2000; i++) {
    step (e, FAST, i % 3 ? "a row" : "another", i % 2 ? ALERT_FALSE : ALERT_TRUE);
    n_told = 0;
    ck_assert_int_eq (stat (path, &st), 0);
    ck_assert_int_le (st.st_size, (100 << 10) + 4096);
  }
  ck_assert_uint_gt (desk_of (e)->store.rewritten, 3);
  desk_of (e)->store.behind = true;
  flush_engine (e);
  ck_assert_int_eq (alert_history_read (dir, count_change, counts), 0);
  ck_assert_uint_le (desk_of (e)->store.begun, (50 << 10) + 100);
  if (_i)
    ck_assert_int_gt (counts[0] + counts[1], 100);
  else
    ck_assert_int_eq (counts[0] + counts[1], 50);
  ck_assert_int_ge (counts[0], 20);
  end_engine (e);
  free (path);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_loop_test (t, firing_goes_on, 0, 2);
  tcase_add_loop_test (t, pending_goes_on_with_its_time, 0, 3);
  tcase_add_test (t, clearing_goes_on_with_its_time);
  tcase_add_loop_test (t, reminders_keep_their_period, 0, 3);
  tcase_add_loop_test (t, unknown_is_not_said_again, 0, 3);
  tcase_add_loop_test (t, gone_or_another_meanwhile, 0, 2);
  tcase_add_test (t, a_rule_that_is_no_more);
  tcase_add_test (t, as_many_rules_as_may_be_are_no_more);
  tcase_add_test (t, rules_of_the_history_are_nobodys);
  tcase_add_test (t, a_rule_that_is_another_now);
  tcase_add_loop_test (t, what_waits_is_told_after_a_crash, 0, 2);
  tcase_add_loop_test (t, silence_over_restarts, 0, 2);
  tcase_add_loop_test (t, what_limits_took_outlives_a_crash, 0, 2);
  tcase_add_loop_test (t, limits_hold_over_restarts, 0, 3);
  tcase_add_test (t, two_never_share_a_store);
  tcase_add_test (t, a_removed_directory_is_made_again);
  tcase_add_test (t, without_a_directory_it_works_all_the_same);
  tcase_add_loop_test (t, history_and_bytes_are_bounded, 0, 2);
}

UNIT_MAIN ("alert-engine", tests)
