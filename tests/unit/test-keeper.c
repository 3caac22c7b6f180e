#include "fake.h"
#include "isolate/keeper.c"

START_TEST (waits_double_up_to_a_minute_and_are_never_the_same)
{
  for (uint32_t failures = 1; failures < 50; failures++) {
    const struct keeper k = {.failures = failures};
    int64_t most = failures > 6 ? 60 * SECOND : SECOND << (failures - 1), lowest = INT64_MAX, highest = 0;
    for (int i = 0; i < 500; i++) {
      int64_t wait = back_off (&k);
      ck_assert_int_ge (wait, most / 2);
      ck_assert_int_le (wait, most);
      lowest = wait < lowest ? wait : lowest;
      highest = wait > highest ? wait : highest;
    }
    ck_assert_int_lt (lowest, most / 100 * 55); /* all of the range, not a few of its values */
    ck_assert_int_gt (highest, most / 100 * 95);
  }
}
END_TEST

/* ---- How long an answer is waited for ---- */

static struct kk_plugin plugin;
static struct instance_plan plan;
static struct instance instance;
static struct keeper keeper;

static void
set_up (void)
{
  plugin = (struct kk_plugin){.kind = KK_INPUT};
  plan = (struct instance_plan){.deadline_ns = 5 * SECOND};
  instance = (struct instance){.plan = &plan, .plugin = &plugin, .sample_interval_ns = SECOND};
  keeper = (struct keeper){.instance = &instance};
}

START_TEST (an_input_has_half_an_interval_and_less_while_it_is_late)
{
  ck_assert_int_eq (patience (&keeper), SECOND / 2);
  int64_t before = SECOND;
  for (keeper.late = 0; keeper.late < 10; keeper.late++) {
    ck_assert_int_le (patience (&keeper), before);
    before = patience (&keeper);
  }
  ck_assert_int_ge (before, LEAST_WAIT_NS);
  ck_assert_int_lt (before, 20 * MS);
}
END_TEST

START_TEST (a_deadline_that_is_shorter_counts)
{
  plan.deadline_ns = 100 * MS;
  ck_assert_int_lt (patience (&keeper), 100 * MS);
  plugin.kind = KK_OUTPUT;
  ck_assert_int_eq (patience (&keeper), 100 * MS);
  plan.deadline_ns = 30 * SECOND; /* an output holds up nobody */
  ck_assert_int_eq (patience (&keeper), 30 * SECOND);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, NULL);
  tcase_add_test (t, waits_double_up_to_a_minute_and_are_never_the_same);
  tcase_add_test (t, an_input_has_half_an_interval_and_less_while_it_is_late);
  tcase_add_test (t, a_deadline_that_is_shorter_counts);
}
UNIT_MAIN ("keeper", tests)
