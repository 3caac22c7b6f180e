/* When minutes go up that the clock of this machine, or the time that a server told, calls too old or still to come. */
#include "upload-kit.h"

static struct bench bench;

static void
setup (void)
{
  bench_begin (&bench);
}

static void
teardown (void)
{
  bench_end (&bench);
}

static void
wait_point (int64_t minute)
{
  struct point p = make_point ("web-1", T0 + minute * 60, 60);
  ck_assert_int_eq (spool_add (bench.shared->spool, &p), 0);
}

static enum work_result
some (void)
{
  return upload_some (&bench.work, &bench.upload, &bench.table, 30);
}

static uint64_t
waiting (void)
{
  return look (bench.shared->spool).points;
}

static void
read_at (int64_t second)
{
  const struct minute_reading reading = make_reading ((second - T0) * 1000, 3);
  minutes_take (&bench.minutes, &reading);
}

START_TEST (what_is_too_old_goes_once_a_server_told_the_time)
{
  wait_point (0);
  wait_point (40 * 24 * 60);
  wait_point (99 * 24 * 60); /* of a clock that was ahead */
  bench.cloud.now = T0 + 40 * 86400 + 60;
  expect ("BatchWriteItem", 400, THROTTLED);
  expect ("PutItem", 400, THROTTLED);
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (some (), WORK_RETRY);
  ck_assert_uint_eq (waiting (), 3);
  bench.cloud.confirmed = true;
  read_at (bench.cloud.now);
  ck_assert_int_eq (some (), WORK_RETRY); /* also while nothing goes up */
  ck_assert_uint_eq (look (bench.shared->spool).dropped_age, 1);
  ck_assert_int_eq (some (), WORK_DONE);
  ck_assert_uint_eq (waiting (), 0);
  ck_assert_uint_eq (look (bench.shared->spool).dropped_future, 1);
}
END_TEST

/* By 30 minutes. Each is finished before its time, waits for that, and goes up. */
START_TEST (a_clock_that_is_ahead_loses_no_minute)
{
  bench.cloud.confirmed = true;
  bench.cloud.now = T0 - 60;
  for (int i = 0; i < 30; i++)
    wait_point (i);
  read_at (T0 + 30 * 60);
  for (uint64_t left = 30; left-- > 0; bench.cloud.now += 60) {
    expect ("PutItem", 200, OK_ANSWER);
    ck_assert_int_eq (some (), left ? WORK_MORE : WORK_DONE);
    ck_assert_int_eq (some (), WORK_DONE);
    ck_assert_uint_eq (waiting (), left);
  }
  all_came ();
  ck_assert_uint_eq (look (bench.shared->spool).dropped_future, 0);
}
END_TEST

START_TEST (a_clock_that_is_put_back_takes_its_minutes_along)
{
  bench.cloud.confirmed = true;
  bench.cloud.now = T0 + 60;
  for (int i = 0; i < 30; i++)
    wait_point (i);
  read_at (T0 + 30 * 60);
  read_at (bench.cloud.now + 60);
  expect ("BatchWriteItem", 200, "{\"UnprocessedItems\":{}}");
  ck_assert_int_eq (some (), WORK_MORE);
  ck_assert_uint_eq (look (bench.shared->spool).dropped_future, 26);
  ck_assert_uint_eq (waiting (), 2);
}
END_TEST

/* As after an answer with a wrong date, or a pause of which a machine knows nothing. */
START_TEST (minutes_that_are_held_back_have_the_table_looked_at)
{
  bench.cloud.confirmed = true;
  bench.cloud.now = T0 - 7200;
  wait_point (0);
  wait_point (1);
  read_at (T0 + 150);
  ck_assert_int_eq (some (), WORK_DONE);
  bench.upload.held_ns -= 61 * SECOND_NS_;
  ck_assert_int_eq (some (), WORK_DONE);
  ck_assert_int_eq (bench.table.state, TABLE_USABLE);
  bench.upload.held_ns -= 61 * SECOND_NS_;
  ck_assert_int_eq (some (), WORK_MORE);
  expect ("DescribeTable", 200, OUR_TABLE);
  ck_assert_int_eq (table_ready (&bench.work, &bench.table), WORK_DONE);
  bench.cloud.now = T0 + 180;
  expect ("BatchWriteItem", 200, "{\"UnprocessedItems\":{}}");
  ck_assert_int_eq (some (), WORK_DONE);
  all_came ();
  ck_assert_uint_eq (waiting (), 0);
  ck_assert (!bench.upload.held_back);
  ck_assert_ptr_null (strstr (bench.host.log.data, "waits"));
}
END_TEST

START_TEST (minutes_that_go_on_being_held_back_are_spoken_of_once)
{
  bench.cloud.confirmed = true;
  bench.cloud.now = T0 - 7200;
  wait_point (0);
  wait_point (1);
  read_at (T0 + 150);
  ck_assert_int_eq (some (), WORK_DONE);
  bench.upload.held_ns -= 121 * SECOND_NS_;
  for (int looks = 1; looks <= 2; looks++) {
    ck_assert_int_eq (some (), WORK_MORE);
    expect ("DescribeTable", 200, OUR_TABLE);
    ck_assert_int_eq (table_ready (&bench.work, &bench.table), WORK_DONE);
    for (int i = 0; i < 3; i++)
      ck_assert_int_eq (some (), WORK_DONE);
    ck_assert (bench.upload.held_back);
    bench.upload.look_ns -= 600 * SECOND_NS_;
  }
  all_came ();
  ck_assert_ptr_nonnull (strstr (bench.host.trouble.data, "2 minutes on disk are of a time still to come"));
  ck_assert_uint_eq (times (bench.host.log.data,
                            "by DynamoDB's clock 2 minutes on disk are of a time still to come, the first in "
                            "1 h 59 min: this machine's clock is or was ahead; set it right"),
                     1);
  bench.cloud.now = T0 + 180;
  expect ("BatchWriteItem", 200, "{\"UnprocessedItems\":{}}");
  ck_assert_int_eq (some (), WORK_DONE);
  ck_assert (!bench.upload.held_back);
  ck_assert_str_eq (bench.host.trouble.data, "");
}
END_TEST

START_TEST (one_minute_that_is_held_back_is_one)
{
  bench.cloud.confirmed = true;
  bench.cloud.now = T0 - 7200;
  wait_point (0);
  read_at (T0 + 90);
  ck_assert_int_eq (some (), WORK_DONE);
  bench.upload.held_ns -= 121 * SECOND_NS_;
  ck_assert_int_eq (some (), WORK_MORE);
  ck_assert_int_eq (some (), WORK_DONE);
  ck_assert_ptr_nonnull (strstr (bench.host.log.data, "1 minute on disk is of a time still to come, in 1 h 59 min: this "));
}
END_TEST

/* What goes up in between ends the wait. */
START_TEST (a_minute_that_goes_up_holds_no_other_back)
{
  bench.cloud.confirmed = true;
  bench.cloud.now = T0 - 60;
  for (int i = 0; i < 5; i++)
    wait_point (i);
  read_at (T0 + 300);
  for (int i = 0; i < 5; i++, bench.cloud.now += 60) {
    expect ("PutItem", 200, OK_ANSWER);
    ck_assert_int_eq (some (), i < 4 ? WORK_MORE : WORK_DONE);
    ck_assert_int_eq (some (), WORK_DONE);
    bench.upload.held_ns -= i < 4 ? 61 * SECOND_NS_ : 0;
  }
  all_came ();
  ck_assert_int_eq (bench.upload.held_ns, 0);
  ck_assert_str_eq (bench.host.trouble.data, "");
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_test (t, what_is_too_old_goes_once_a_server_told_the_time);
  tcase_add_test (t, a_clock_that_is_ahead_loses_no_minute);
  tcase_add_test (t, a_clock_that_is_put_back_takes_its_minutes_along);
  tcase_add_test (t, minutes_that_are_held_back_have_the_table_looked_at);
  tcase_add_test (t, minutes_that_go_on_being_held_back_are_spoken_of_once);
  tcase_add_test (t, one_minute_that_is_held_back_is_one);
  tcase_add_test (t, a_minute_that_goes_up_holds_no_other_back);
}

UNIT_MAIN ("upload-time", tests)
