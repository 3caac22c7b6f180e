/* Minutes under clocks that step, and over restarts. */
#include "dynamodb-writer/minutes.h"
#include "minutes.h"

enum { MOST_TOLD = 100000, SPAN = 4000 };

/* What was told of each minute after T0 - SPAN / 2. */
struct told {
  unsigned n;
  uint32_t samples; /* of the last time */
  uint32_t fullest;
  bool unsafe; /* told without saying so when it was in the table */
  bool was_again;
  bool written;
};

struct world {
  struct minutes minutes;
  struct told told[SPAN];
  uint32_t taken[SPAN];
  unsigned tells;
};

static struct told *
of_minute (struct world *w, int64_t start)
{
  int64_t at = (start - T0) / 60 + SPAN / 2;
  ck_assert (at >= 0 && at < SPAN);
  return &w->told[at];
}

static void
hear (void *arg, const struct minute *m)
{
  struct world *w = arg;
  struct told *t = of_minute (w, m->start);
  ck_assert (m->dirty);
  w->tells++;
  t->unsafe |= t->written && !m->again;
  t->was_again = m->again;
  t->n++;
  t->samples = m->tallies[MINUTE_CPU_PERCENT].count;
  if (t->samples > t->fullest)
    t->fullest = t->samples;
}

static void
take (struct world *w, int64_t ms)
{
  struct minute_reading r = make_reading (ms, 5);
  int64_t start = minute_of (r.wall_ns);
  w->taken[(start - T0) / 60 + SPAN / 2]++;
  minutes_take (&w->minutes, &r);
}

/* Some that were told are in the table now. */
static void
confirm (struct world *w, uint32_t *seed)
{
  for (int i = 0; i < SPAN; i++)
    if (w->told[i].n && random_below (seed, 2)) {
      w->told[i].written = true;
      minutes_confirm (&w->minutes, T0 + (i - SPAN / 2) * 60);
    }
}

static struct world *
new_world (void)
{
  struct world *w = calloc (1, sizeof *w);
  ck_assert_ptr_nonnull (w);
  minutes_init (&w->minutes, hear, w);
  return w;
}

START_TEST (each_minute_is_told_once)
{
  struct world *w = new_world ();
  for (int64_t ms = 30000; ms < 600000; ms += 1000)
    take (w, ms);
  ck_assert_uint_eq (w->tells, 9);
  for (int i = 0; i < 9; i++) {
    struct told *t = of_minute (w, T0 + i * 60);
    ck_assert_uint_eq (t->n, 1);
    ck_assert_uint_eq (t->samples, i ? 60 : 30);
  }
  ck_assert_uint_eq (of_minute (w, T0 + 540)->n, 0);
  minutes_poll (&w->minutes, (T0 + 600) * SECOND_NS_, 5 * SECOND_NS_);
  ck_assert_uint_eq (of_minute (w, T0 + 540)->n, 0);
  minutes_poll (&w->minutes, (T0 + 605) * SECOND_NS_, 5 * SECOND_NS_);
  ck_assert_uint_eq (of_minute (w, T0 + 540)->n, 1);
  minutes_poll (&w->minutes, (T0 + 700) * SECOND_NS_, 5 * SECOND_NS_);
  minutes_flush (&w->minutes);
  ck_assert_uint_eq (w->tells, 10);
  free (w);
}
END_TEST

START_TEST (what_may_be_in_the_table_is_again)
{
  struct world *w = new_world ();
  take (w, 0);
  ck_assert (minutes_running (&w->minutes)->again); /* the first one of a run */
  take (w, 60000);
  ck_assert (!minutes_running (&w->minutes)->again);
  take (w, 600000);
  ck_assert (!minutes_running (&w->minutes)->again);
  take (w, 300000); /* never sent */
  ck_assert (!minutes_running (&w->minutes)->again);
  minutes_confirm (&w->minutes, T0 + 60);
  take (w, 120000);
  ck_assert (!minutes_running (&w->minutes)->again);
  minutes_confirm (&w->minutes, T0 + 180); /* it may have been made before, or by an earlier run */
  take (w, 720000);
  ck_assert (of_minute (w, T0 + 120)->was_again);
  take (w, 60000);
  ck_assert (minutes_running (&w->minutes)->again);
  take (w, 660000);
  ck_assert (!minutes_running (&w->minutes)->again);
  minutes_flush (&w->minutes);
  ck_assert (of_minute (w, T0 + 660)->was_again); /* it is not whole */
  ck_assert (!of_minute (w, T0 + 720)->was_again);
  free (w);
}
END_TEST

/* A sample with a clock far ahead, and a while with one that is an hour ahead: neither is sent before its time, and nothing
 * afterwards is taken for a minute that was there. */
START_TEST (a_clock_that_was_ahead_leaves_no_trace)
{
  struct world *w = new_world (), *next = new_world ();
  for (int i = 0; i < 30; i++) {
    if (i == 10)
      take (w, 60000 * 1990);
    take (w, i * 60000);
    minutes_confirm (&w->minutes, T0 + (i - 1) * 60);
  }
  for (int i = 30; i < 40; i++)
    take (w, 3600000 + i * 60000);
  for (int i = 40; i < 120; i++)
    take (w, i * 60000);
  for (int i = 11; i < 119; i++)
    if (i < 90 || i >= 100)
      ck_assert_msg (!of_minute (w, T0 + i * 60)->n || !of_minute (w, T0 + i * 60)->was_again, "minute %d", i);
  take (w, 60000 * 1990);
  minutes_flush (&w->minutes);
  minutes_restore (&next->minutes, minutes_running (&w->minutes), w->minutes.written);
  for (int i = 121; i < 130; i++)
    take (next, i * 60000);
  for (int i = 122; i < 129; i++) /* the first one of a run aside */
    ck_assert_msg (!of_minute (next, T0 + i * 60)->was_again, "minute %d after a restart", i);
  free (w);
  free (next);
}
END_TEST

START_TEST (a_small_step_back_goes_on_with_the_minute)
{
  struct world *w = new_world ();
  for (int64_t ms = 0; ms < 62000; ms += 1000)
    take (w, ms);
  for (int64_t ms = 59000; ms < 200000; ms += 1000) /* three seconds back over the border */
    take (w, ms);
  ck_assert_uint_eq (w->minutes.steps_back, 1);
  ck_assert_uint_eq (of_minute (w, T0)->n, 2);
  ck_assert_uint_eq (of_minute (w, T0)->samples, 61);
  ck_assert_uint_eq (of_minute (w, T0 + 60)->samples, 62);
  free (w);
}
END_TEST

START_TEST (times_outside_of_the_calendar_are_passed_over)
{
  struct world *w = new_world ();
  struct minute_reading r = make_reading (0, 5);
  r.wall_ns = -1;
  minutes_take (&w->minutes, &r);
  r.wall_ns = INT64_MIN;
  minutes_take (&w->minutes, &r);
  ck_assert_uint_eq (w->minutes.misplaced, 2);
  ck_assert_int_eq (minutes_running (&w->minutes)->start, -1);
  minutes_flush (&w->minutes);
  minutes_poll (&w->minutes, INT64_MAX, 0);
  ck_assert_uint_eq (w->tells, 0);
  free (w);
}
END_TEST

/* Any clock: whatever is told of a minute that is in the table says so, nothing is told that was not taken, and as long as the
 * clock only goes back by a few seconds now and then, each minute's last word has all of its samples. */
static void
walk (uint32_t seed, uint32_t most_back_ms)
{
  struct world *w = new_world ();
  int64_t ms = 0;
  for (int i = 0; i < 5000; i++) {
    take (w, ms);
    ms += 1000;
    if (most_back_ms < 60000 ? i % 90 == 0 : random_below (&seed, 40) == 0)
      ms -= random_below (&seed, most_back_ms);
    if (random_below (&seed, 200) == 0)
      ms += random_below (&seed, 300000);
    if (random_below (&seed, 50) == 0)
      minutes_poll (&w->minutes, (T0 * 1000 + ms) * 1000000, 2 * SECOND_NS_);
    if (random_below (&seed, 300) == 0)
      minutes_flush (&w->minutes);
    if (random_below (&seed, 300) == 0)
      confirm (w, &seed);
  }
  minutes_flush (&w->minutes);
  for (int i = 0; i < SPAN; i++) {
    ck_assert (!w->told[i].unsafe);
    ck_assert_uint_le (w->told[i].fullest, w->taken[i]);
    ck_assert (!w->taken[i] == !w->told[i].n);
    if (most_back_ms < 60000)
      ck_assert_uint_eq (w->told[i].samples, w->taken[i]);
  }
  free (w);
}

START_TEST (any_clock)
{
  for (uint32_t seed = 1; seed <= 20; seed++) {
    walk (seed * 7919, 20000);
    walk (seed * 104729, 900000);
  }
}
END_TEST

/* ---- Restarts ---- */

START_TEST (a_restart_goes_on_with_the_minute)
{
  struct world *w = new_world (), *next = new_world ();
  for (int64_t ms = 0; ms < 90000; ms += 1000)
    take (w, ms);
  ck_assert (!minutes_running (&w->minutes)->again);
  minutes_restore (&next->minutes, minutes_running (&w->minutes), w->minutes.written);
  ck_assert (minutes_running (&next->minutes)->again);
  minutes_init (&next->minutes, hear, next);
  minutes_flush (&w->minutes);
  ck_assert_uint_eq (of_minute (w, T0 + 60)->samples, 30);
  minutes_restore (&next->minutes, minutes_running (&w->minutes), w->minutes.written);
  for (int64_t ms = 95000; ms < 125000; ms += 1000)
    take (next, ms);
  ck_assert_uint_eq (next->tells, 1);
  ck_assert_uint_eq (of_minute (next, T0 + 60)->samples, 55);
  free (w);
  free (next);
}
END_TEST

START_TEST (a_reload_that_gets_the_directory_late_merges)
{
  struct world *w = new_world (), *next = new_world ();
  for (int64_t ms = 0; ms < 30000; ms += 1000)
    take (w, ms);
  for (int64_t ms = 30000; ms < 45000; ms += 1000)
    take (next, ms);
  minutes_restore (&next->minutes, minutes_running (&w->minutes), w->minutes.written);
  for (int64_t ms = 45000; ms < 61000; ms += 1000)
    take (next, ms);
  ck_assert_uint_eq (of_minute (next, T0)->n, 1);
  ck_assert_uint_eq (of_minute (next, T0)->samples, 60);
  free (w);
  free (next);
}
END_TEST

START_TEST (a_crash_in_another_minute_still_tells_it)
{
  struct world *w = new_world (), *next = new_world (), *late = new_world ();
  for (int64_t ms = 0; ms < 30000; ms += 1000)
    take (w, ms);
  minutes_restore (&next->minutes, minutes_running (&w->minutes), w->minutes.written);
  take (next, 300000);
  ck_assert_uint_eq (of_minute (next, T0)->samples, 30);
  take (late, 300000);
  minutes_restore (&late->minutes, minutes_running (&w->minutes), w->minutes.written);
  ck_assert_uint_eq (of_minute (late, T0)->samples, 30);
  /* What was told before the stop is not told again. */
  minutes_flush (&w->minutes);
  struct world *again = new_world ();
  minutes_restore (&again->minutes, minutes_running (&w->minutes), w->minutes.written);
  take (again, 300000);
  ck_assert_uint_eq (again->tells, 0);
  free (w);
  free (next);
  free (late);
  free (again);
}
END_TEST

START_TEST (what_an_earlier_run_had_of_a_minute_may_have_been_sent)
{
  struct world *w = new_world (), *next = new_world ();
  take (w, 0);
  take (w, 60000);
  take (next, 0);
  take (next, 61000);
  ck_assert (!minutes_running (&w->minutes)->again && !minutes_running (&next->minutes)->again);
  minutes_restore (&next->minutes, minutes_running (&w->minutes), w->minutes.written);
  ck_assert (minutes_running (&next->minutes)->again);
  free (w);
  free (next);
}
END_TEST

START_TEST (history_of_an_earlier_run_is_known)
{
  struct world *w = new_world (), *next = new_world ();
  take (w, 3600000);
  minutes_confirm (&w->minutes, T0 + 3600);
  minutes_restore (&next->minutes, minutes_running (&w->minutes), w->minutes.written);
  for (int i = 0; i < 60; i++) { /* the clock was set back by an hour meanwhile */
    take (next, i * 60000);
    ck_assert (minutes_running (&next->minutes)->again);
  }
  take (next, 3660000);
  ck_assert (!minutes_running (&next->minutes)->again);
  free (w);
  free (next);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, each_minute_is_told_once);
  tcase_add_test (t, what_may_be_in_the_table_is_again);
  tcase_add_test (t, a_clock_that_was_ahead_leaves_no_trace);
  tcase_add_test (t, a_small_step_back_goes_on_with_the_minute);
  tcase_add_test (t, times_outside_of_the_calendar_are_passed_over);
  tcase_add_test (t, any_clock);
  tcase_add_test (t, a_restart_goes_on_with_the_minute);
  tcase_add_test (t, a_reload_that_gets_the_directory_late_merges);
  tcase_add_test (t, a_crash_in_another_minute_still_tells_it);
  tcase_add_test (t, what_an_earlier_run_had_of_a_minute_may_have_been_sent);
  tcase_add_test (t, history_of_an_earlier_run_is_known);
}

UNIT_MAIN ("minutes", tests)
