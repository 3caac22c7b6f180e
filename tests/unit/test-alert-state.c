/* One row under one rule: every change of every kind, with a clock of the test's own. */
#include "alert/state.h"
#include "unit.h"

#define S INT64_C (1000000000)

static struct alert_state s;
static struct alert_params p;
static int64_t mono, wall;

static void
setup (void)
{
  s = (struct alert_state){0};
  p = (struct alert_params){.for_ns = 30 * S, .clear_for_ns = 10 * S, .unknown_after_ns = 300 * S, .gap_ns = 5 * S};
  mono = 1000 * S;
  wall = 1767225600 * S;
}

static unsigned
look_after (int64_t ns, enum alert_truth when, enum alert_truth clear)
{
  mono += ns;
  wall += ns;
  return alert_look (&s, &p, &(struct alert_look){.mono_ns = mono, .wall_ns = wall, .when = when, .clear = clear});
}

static unsigned
look (enum alert_truth when)
{
  return look_after (S, when, alert_not (when));
}

/* n looks; none but the last may say a thing. */
static unsigned
looks (int n, enum alert_truth when)
{
  for (int i = 1; i < n; i++)
    ck_assert_uint_eq (look (when) & ~(unsigned) ALERT_MOVED, 0);
  return look (when);
}

static void
make_firing (void)
{
  ck_assert_uint_eq (looks (31, ALERT_TRUE), ALERT_FIRED | ALERT_MOVED);
  ck_assert_int_eq (s.phase, ALERT_FIRING);
}

START_TEST (ok_stays_ok)
{
  ck_assert_uint_eq (looks (100, ALERT_FALSE), 0);
  ck_assert (alert_is_plain (&s));
}
END_TEST

START_TEST (fires_after_its_time)
{
  ck_assert_uint_eq (look (ALERT_TRUE), ALERT_MOVED);
  ck_assert_int_eq (s.phase, ALERT_PENDING);
  ck_assert_int_eq (s.began_ns, wall);
  ck_assert_uint_eq (looks (29, ALERT_TRUE), 0);
  ck_assert_uint_eq (look (ALERT_TRUE), ALERT_FIRED | ALERT_MOVED);
  ck_assert_int_eq (s.fired_ns, wall);
  ck_assert_int_eq (s.fired_ns - s.began_ns, 30 * S);
  ck_assert_uint_eq (looks (1000, ALERT_TRUE), 0);
}
END_TEST

START_TEST (fires_at_once_without_for)
{
  p.for_ns = 0;
  ck_assert_uint_eq (look (ALERT_TRUE), ALERT_FIRED | ALERT_MOVED);
  ck_assert_int_eq (s.began_ns, wall);
}
END_TEST

START_TEST (pending_that_ends_says_nothing)
{
  looks (30, ALERT_TRUE);
  ck_assert_uint_eq (look (ALERT_FALSE), ALERT_MOVED);
  ck_assert (alert_is_plain (&s));
  /* All of the time is gone. */
  looks (30, ALERT_TRUE);
  ck_assert_int_eq (s.phase, ALERT_PENDING);
}
END_TEST

START_TEST (clears_after_its_time)
{
  make_firing ();
  ck_assert_uint_eq (look (ALERT_FALSE), ALERT_MOVED);
  ck_assert_int_eq (s.phase, ALERT_CLEARING);
  ck_assert_uint_eq (looks (9, ALERT_FALSE), 0);
  ck_assert_uint_eq (look (ALERT_FALSE), ALERT_CLEARED | ALERT_MOVED);
  ck_assert (alert_is_plain (&s));
}
END_TEST

START_TEST (clears_at_once_without_time)
{
  p.clear_for_ns = 0;
  make_firing ();
  ck_assert_uint_eq (look (ALERT_FALSE), ALERT_CLEARED | ALERT_MOVED);
}
END_TEST

START_TEST (clearing_that_ends_says_nothing)
{
  make_firing ();
  looks (10, ALERT_FALSE);
  ck_assert_uint_eq (look (ALERT_TRUE), ALERT_MOVED);
  ck_assert_int_eq (s.phase, ALERT_FIRING);
  ck_assert_uint_eq (looks (10, ALERT_FALSE) & ~(unsigned) ALERT_MOVED, 0);
  ck_assert_int_eq (s.phase, ALERT_CLEARING);
}
END_TEST

START_TEST (between_both_thresholds_nothing_changes)
{
  make_firing ();
  for (int i = 0; i < 100; i++)
    ck_assert_uint_eq (look_after (S, ALERT_FALSE, ALERT_FALSE), 0);
  ck_assert_int_eq (s.phase, ALERT_FIRING);
}
END_TEST

START_TEST (what_is_true_does_not_clear)
{
  /* when: > 50, clear: < 90 */
  make_firing ();
  for (int i = 0; i < 100; i++)
    ck_assert_uint_eq (look_after (S, ALERT_TRUE, ALERT_TRUE), 0);
  ck_assert_int_eq (s.phase, ALERT_FIRING);
}
END_TEST

START_TEST (held_values_change_nothing)
{
  looks (20, ALERT_TRUE);
  struct alert_state before = s;
  for (int i = 0; i < 100; i++) {
    mono += S;
    ck_assert_uint_eq (alert_look (&s, &p, &(struct alert_look){.mono_ns = mono, .when = ALERT_FALSE, .held = true}), 0);
  }
  ck_assert_int_eq (memcmp (&s, &before, sizeof s), 0);
}
END_TEST

START_TEST (a_table_read_rarely_is_counted_by_its_reads)
{
  p.gap_ns = 60 * S;
  p.for_ns = 120 * S;
  ck_assert_uint_eq (look_after (60 * S, ALERT_TRUE, ALERT_FALSE), ALERT_MOVED);
  ck_assert_uint_eq (look_after (60 * S, ALERT_TRUE, ALERT_FALSE), 0);
  ck_assert_uint_eq (look_after (60 * S, ALERT_TRUE, ALERT_FALSE), ALERT_FIRED | ALERT_MOVED);
}
END_TEST

START_TEST (a_gap_counts_little_and_takes_nothing)
{
  looks (21, ALERT_TRUE); /* 20 s */
  ck_assert_uint_eq (look_after (3600 * S, ALERT_TRUE, ALERT_FALSE), 0);
  ck_assert_int_eq (s.lasted_ns, 25 * S);
  ck_assert_uint_eq (looks (5, ALERT_TRUE), ALERT_FIRED | ALERT_MOVED);
}
END_TEST

START_TEST (sleep_counts_for_nothing)
{
  looks (21, ALERT_TRUE);
  wall += 8 * 3600 * S; /* monotonic time stood still */
  ck_assert_uint_eq (look (ALERT_TRUE), 0);
  ck_assert_int_eq (s.lasted_ns, 21 * S);
}
END_TEST

START_TEST (the_wall_clock_moves_nothing)
{
  looks (21, ALERT_TRUE);
  wall -= 86400 * S;
  ck_assert_uint_eq (looks (9, ALERT_TRUE), 0);
  ck_assert_uint_eq (look (ALERT_TRUE), ALERT_FIRED | ALERT_MOVED);
}
END_TEST

START_TEST (time_that_goes_backwards_counts_for_nothing)
{
  looks (21, ALERT_TRUE);
  look_after (-5 * S, ALERT_TRUE, ALERT_FALSE);
  ck_assert_int_eq (s.lasted_ns, 20 * S);
  alert_look (&s, &p, &(struct alert_look){.mono_ns = INT64_MIN, .when = ALERT_TRUE});
  p.gap_ns = 0;
  ck_assert_uint_eq (alert_look (&s, &p, &(struct alert_look){.mono_ns = INT64_MAX, .when = ALERT_TRUE}),
                     ALERT_FIRED | ALERT_MOVED);
  ck_assert_int_eq (s.lasted_ns, INT64_MAX);
}
END_TEST

START_TEST (unknown_holds_each_state)
{
  static const enum alert_phase phases[] = {ALERT_OK, ALERT_PENDING, ALERT_FIRING, ALERT_CLEARING};
  for (int i = 0; i < 4; i++) {
    setup ();
    if (phases[i] == ALERT_PENDING)
      looks (21, ALERT_TRUE);
    else if (phases[i] != ALERT_OK)
      make_firing ();
    if (phases[i] == ALERT_CLEARING)
      looks (6, ALERT_FALSE);
    int64_t lasted = s.lasted_ns;
    ck_assert_uint_eq (looks (300, ALERT_UNKNOWN), 0);
    ck_assert_int_eq (s.phase, phases[i]);
    ck_assert_int_eq (s.lasted_ns, lasted);
    ck_assert_uint_eq (look (ALERT_UNKNOWN), ALERT_BECAME_UNKNOWN);
    ck_assert_uint_eq (looks (3000, ALERT_UNKNOWN), 0);
    ck_assert_uint_eq (look_after (S, phases[i] == ALERT_PENDING, phases[i] == ALERT_CLEARING), ALERT_KNOWN);
    ck_assert_int_eq (s.phase, phases[i]);
    /* Neither the time in it nor that before and after it counts. */
    ck_assert_int_eq (s.lasted_ns, lasted);
  }
}
END_TEST

START_TEST (unknown_is_said_with_what_it_ends_in)
{
  p.for_ns = 0;
  looks (301, ALERT_UNKNOWN);
  ck_assert_uint_eq (look (ALERT_TRUE), ALERT_KNOWN | ALERT_FIRED | ALERT_MOVED);
}
END_TEST

START_TEST (unknown_for_a_while_says_nothing)
{
  ck_assert_uint_eq (looks (300, ALERT_UNKNOWN), 0);
  ck_assert_uint_eq (look (ALERT_FALSE), 0);
  ck_assert_uint_eq (looks (300, ALERT_UNKNOWN), 0);
  p.unknown_after_ns = 0;
  ck_assert_uint_eq (looks (3000, ALERT_UNKNOWN), 0);
}
END_TEST

START_TEST (reminds_only_if_asked)
{
  make_firing ();
  ck_assert_uint_eq (looks (10000, ALERT_TRUE), 0);
  setup ();
  p.remind_ns = 60 * S;
  make_firing ();
  for (int i = 0; i < 5; i++) {
    ck_assert_uint_eq (looks (59, ALERT_TRUE), 0);
    ck_assert_uint_eq (look (ALERT_TRUE), ALERT_REMINDER);
  }
  /* Once, however long nobody looked; also while it is unknown or clearing; never once it is clear. */
  ck_assert_uint_eq (look_after (3600 * S, ALERT_TRUE, ALERT_FALSE), ALERT_REMINDER);
  ck_assert_uint_eq (look_after (60 * S, ALERT_UNKNOWN, ALERT_UNKNOWN), ALERT_REMINDER);
  ck_assert_uint_eq (look_after (60 * S, ALERT_FALSE, ALERT_TRUE), ALERT_REMINDER | ALERT_MOVED);
  p.gap_ns = 0;
  ck_assert_uint_eq (look_after (60 * S, ALERT_FALSE, ALERT_TRUE), ALERT_CLEARED | ALERT_MOVED);
  ck_assert_uint_eq (looks (1000, ALERT_FALSE), 0);
}
END_TEST

START_TEST (gone_clears)
{
  ck_assert_uint_eq (alert_gone (&s), 0);
  looks (10, ALERT_TRUE);
  ck_assert_uint_eq (alert_gone (&s), ALERT_MOVED);
  make_firing ();
  ck_assert_uint_eq (alert_gone (&s), ALERT_CLEARED | ALERT_MOVED);
  make_firing ();
  look (ALERT_FALSE);
  ck_assert_uint_eq (alert_gone (&s), ALERT_CLEARED | ALERT_MOVED);
  looks (301, ALERT_UNKNOWN);
  ck_assert_uint_eq (alert_gone (&s), ALERT_KNOWN);
  ck_assert (alert_is_plain (&s));
}
END_TEST

START_TEST (resumes_with_the_time_it_had)
{
  looks (21, ALERT_TRUE);
  alert_resume (&s, false);
  mono = 5 * S; /* the machine started anew */
  ck_assert_uint_eq (look (ALERT_TRUE), 0);
  ck_assert_int_eq (s.lasted_ns, 20 * S);
  ck_assert_uint_eq (looks (10, ALERT_TRUE), ALERT_FIRED | ALERT_MOVED);
  alert_resume (&s, false);
  ck_assert_uint_eq (looks (100, ALERT_TRUE), 0);
  looks (6, ALERT_FALSE); /* 5 s */
  alert_resume (&s, false);
  mono += 3600 * S;
  ck_assert_uint_eq (looks (5, ALERT_FALSE), 0);
  ck_assert_uint_eq (looks (1, ALERT_FALSE), ALERT_CLEARED | ALERT_MOVED);
}
END_TEST

START_TEST (a_changed_rule_collects_anew)
{
  looks (21, ALERT_TRUE);
  alert_resume (&s, true);
  ck_assert (alert_is_plain (&s));
  make_firing ();
  looks (6, ALERT_FALSE);
  alert_resume (&s, true);
  ck_assert_int_eq (s.phase, ALERT_FIRING);
  ck_assert_uint_eq (looks (10, ALERT_FALSE) & ~(unsigned) ALERT_MOVED, 0);
  ck_assert_uint_eq (looks (1, ALERT_FALSE), ALERT_CLEARED | ALERT_MOVED);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, setup, NULL);
  tcase_add_test (t, ok_stays_ok);
  tcase_add_test (t, fires_after_its_time);
  tcase_add_test (t, fires_at_once_without_for);
  tcase_add_test (t, pending_that_ends_says_nothing);
  tcase_add_test (t, clears_after_its_time);
  tcase_add_test (t, clears_at_once_without_time);
  tcase_add_test (t, clearing_that_ends_says_nothing);
  tcase_add_test (t, between_both_thresholds_nothing_changes);
  tcase_add_test (t, what_is_true_does_not_clear);
  tcase_add_test (t, held_values_change_nothing);
  tcase_add_test (t, a_table_read_rarely_is_counted_by_its_reads);
  tcase_add_test (t, a_gap_counts_little_and_takes_nothing);
  tcase_add_test (t, sleep_counts_for_nothing);
  tcase_add_test (t, the_wall_clock_moves_nothing);
  tcase_add_test (t, time_that_goes_backwards_counts_for_nothing);
  tcase_add_test (t, unknown_holds_each_state);
  tcase_add_test (t, unknown_is_said_with_what_it_ends_in);
  tcase_add_test (t, unknown_for_a_while_says_nothing);
  tcase_add_test (t, reminds_only_if_asked);
  tcase_add_test (t, gone_clears);
  tcase_add_test (t, resumes_with_the_time_it_had);
  tcase_add_test (t, a_changed_rule_collects_anew);
}

UNIT_MAIN ("alert-state", tests)
