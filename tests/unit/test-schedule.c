#include "fake.h"
#include "schedule.h"

static struct clock_reading
at (int64_t mono_ns)
{
  return (struct clock_reading){.wall_ns = 1767225600 * SECOND + mono_ns, .mono_ns = mono_ns, .boot_ns = mono_ns};
}

START_TEST (the_first_is_at_once_then_whole_multiples)
{
  struct schedule s;
  struct clock_reading now = at (10 * SECOND + 300 * MS);
  schedule_init (&s, SECOND, &now);
  ck_assert (schedule_due (&s, &now));
  ck_assert_uint_eq (schedule_take (&s, &now), KK_FIRST);
  ck_assert_int_eq (s.next_ns, 11 * SECOND);
  ck_assert (!schedule_due (&s, &now));
  for (int64_t i = 11; i < 20; i++) {
    now = at (i * SECOND + 7 * MS); /* woken late, which does not add up */
    ck_assert (schedule_due (&s, &now));
    ck_assert_uint_eq (schedule_take (&s, &now), KK_PRESENT);
    ck_assert_int_eq (s.next_ns, (i + 1) * SECOND);
  }
  ck_assert_uint_eq (s.missed, 0);
  ck_assert_uint_eq (s.ticks, 10);
}
END_TEST

START_TEST (missed_ticks_are_counted_not_made_up_for)
{
  struct schedule s;
  struct clock_reading now = at (0);
  schedule_init (&s, SECOND, &now);
  schedule_take (&s, &now);
  now = at (5 * SECOND + 400 * MS); /* 1 comes late, 2 to 5 are missed */
  ck_assert_uint_eq (schedule_take (&s, &now), KK_GAP);
  ck_assert_uint_eq (s.missed, 4);
  ck_assert_int_eq (s.next_ns, 6 * SECOND);
  ck_assert (!schedule_due (&s, &now));
  now = at (6 * SECOND + 999 * MS); /* late within its interval: nothing is missed */
  ck_assert_uint_eq (schedule_take (&s, &now), KK_PRESENT);
  ck_assert_uint_eq (s.missed, 4);
  now = at (7 * SECOND);
  ck_assert (schedule_due (&s, &now));
}
END_TEST

START_TEST (every_tick_is_taken_or_missed)
{
  struct schedule s;
  struct clock_reading now = at (123456789);
  uint32_t random = 1;
  schedule_init (&s, MS, &now);
  schedule_take (&s, &now);
  int64_t begun = now.mono_ns / MS;
  for (int i = 0; i < 100000; i++) {
    random = random * 1664525 + 1013904223;
    now = at (now.mono_ns + (random >> 10) % (random % 100 ? MS : 50 * MS));
    if (!schedule_due (&s, &now))
      continue;
    schedule_take (&s, &now);
    ck_assert_int_gt (s.next_ns, now.mono_ns);
    ck_assert_int_le (s.next_ns - now.mono_ns, MS);
    ck_assert_int_eq (s.next_ns % MS, 0);
  }
  ck_assert_int_eq ((int64_t)(s.ticks + s.missed), s.last.mono_ns / MS - begun + 1);
}
END_TEST

START_TEST (sleep_is_no_gap)
{
  struct schedule s;
  struct clock_reading now = at (0);
  schedule_init (&s, SECOND, &now);
  schedule_take (&s, &now);
  now = at (SECOND);
  now.boot_ns += 3600 * SECOND;
  now.wall_ns += 3600 * SECOND;
  ck_assert_uint_eq (schedule_take (&s, &now), KK_SUSPEND);
  ck_assert_uint_eq (s.suspends, 1);
  ck_assert_uint_eq (s.missed, 0);
  ck_assert_uint_eq (s.steps, 0); /* the wall clock went with the machine's */
  now.mono_ns += SECOND, now.boot_ns += SECOND, now.wall_ns += SECOND;
  ck_assert_uint_eq (schedule_take (&s, &now), KK_PRESENT);
}
END_TEST

START_TEST (steps_of_the_wall_clock_are_counted_and_change_nothing)
{
  static const int64_t steps[] = {3600 * SECOND, -3600 * SECOND, -1767225600 * SECOND, 86400 * SECOND, 1500 * MS, -1500 * MS};
  struct schedule s;
  struct clock_reading now = at (0);
  schedule_init (&s, SECOND, &now);
  schedule_take (&s, &now);
  for (size_t i = 0; i < KK_COUNT (steps); i++) {
    now.mono_ns += SECOND, now.boot_ns += SECOND, now.wall_ns += SECOND + steps[i];
    ck_assert_uint_eq (schedule_take (&s, &now), KK_PRESENT);
    ck_assert_uint_eq (s.steps, i + 1);
    ck_assert_int_eq (s.next_ns, now.mono_ns + SECOND);
  }
  now.mono_ns += SECOND, now.boot_ns += SECOND, now.wall_ns += SECOND + 200 * MS; /* slewing is no step */
  schedule_take (&s, &now);
  ck_assert_uint_eq (s.steps, KK_COUNT (steps));
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, the_first_is_at_once_then_whole_multiples);
  tcase_add_test (t, missed_ticks_are_counted_not_made_up_for);
  tcase_add_test (t, every_tick_is_taken_or_missed);
  tcase_add_test (t, sleep_is_no_gap);
  tcase_add_test (t, steps_of_the_wall_clock_are_counted_and_change_nothing);
}

UNIT_MAIN ("schedule", tests)
