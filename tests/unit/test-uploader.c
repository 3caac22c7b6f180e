/* The network thread as a whole: when it sends, what it says at the end, and what becomes of one that does not come back. */
#include "dynamodb-writer/backoff.h"
#include "dynamodb-writer/uploader.h"
#include "upload-kit.h"

#include <sys/eventfd.h>
#include <time.h>

static struct bench bench;
static pthread_t thread;
static struct options options = {.table = "the-table",
                                 .registry_table = "machines",
                                 .region = "",
                                 .aws_region = "",
                                 .profile = "",
                                 .endpoint = "",
                                 .ca_file = "",
                                 .ttl_days = 30,
                                 .create_tables = true};

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
begin (void)
{
  ck_assert_int_eq (uploader_start (bench.shared, &options, &thread), 0);
}

static double
seconds (void)
{
  return (double) shared_mono_ns () / 1e9;
}

/* Until so many requests came. */
static void
wait_for_requests (size_t n)
{
  const double until = seconds () + 10 * unit_slow ();
  while (bench.cloud.at < n) {
    ck_assert_msg (seconds () < until, "%zu of %zu requests came", (size_t) bench.cloud.at, n);
    nanosleep (&(struct timespec){.tv_nsec = 2000000}, NULL);
  }
}

static void
add (int64_t minute)
{
  struct point p = make_point ("web-1", T0 + minute * 60, 60);
  ck_assert_int_eq (spool_add (bench.shared->spool, &p), 0);
  shared_wake (bench.shared, false);
}

static void
read_one (void)
{
  const struct shared_latest latest = {.cpu_percent = 12, .memory_percent = 34};
  shared_tell (bench.shared, &latest);
  shared_wake (bench.shared, false);
}

START_TEST (a_minute_goes_up_when_it_is_over_and_the_end_is_said)
{
  expect ("DescribeTable", 200, OUR_TABLE);
  expect ("UpdateItem", 200, OK_ANSWER);
  expect ("UpdateTimeToLive", 200, OK_ANSWER);
  expect ("PutItem", 200, OK_ANSWER);
  expect ("UpdateItem", 200, OK_ANSWER);
  read_one ();
  begin ();
  wait_for_requests (2);
  ck_assert_ptr_nonnull (strstr (bench.cloud.bodies[1], "\"online\""));
  add (0);
  wait_for_requests (4);
  uploader_stop (bench.shared, thread);
  all_came ();
  ck_assert_ptr_nonnull (strstr (sent (0), "\"offline\""));
  ck_assert_uint_eq (look (bench.shared->spool).points, 0);
  ck_assert_int_eq (bench.cloud.sessions, 0);
}
END_TEST

/* The row may be there, and be it of an earlier run that was killed. */
START_TEST (the_end_is_said_where_the_first_answer_was_not_awaited)
{
  expect ("DescribeTable", 200, OUR_TABLE);
  expect_error ("UpdateItem", -ECANCELED);
  expect ("UpdateItem", 200, OK_ANSWER);
  const uint64_t one = 1;
  ck_assert_int_eq (write (bench.shared->stop_fd, &one, sizeof one), sizeof one); /* the stop that ended that request */
  read_one ();
  begin ();
  wait_for_requests (3);
  uploader_stop (bench.shared, thread);
  all_came ();
  ck_assert_ptr_nonnull (strstr (sent (0), "\"offline\""));
}
END_TEST

/* Its place in the minute is a second or two away, by a clock that stands. */
static void
stand_before_place (void)
{
  char host[HOSTNAME_SIZE];
  hostname_get (host);
  options.spread_ns = 60 * SECOND_NS_;
  bench.cloud.now += (backoff_place_ms (host) / 1000 + 59) % 60;
}

START_TEST (the_registry_waits_for_a_first_reading)
{
  stand_before_place ();
  expect ("DescribeTable", 200, OUR_TABLE);
  expect ("UpdateTimeToLive", 200, OK_ANSWER);
  expect ("UpdateItem", 200, OK_ANSWER);
  expect ("UpdateItem", 200, OK_ANSWER);
  begin ();
  wait_for_requests (1);
  shared_wake (bench.shared, false); /* a round with no reading, so that none hits the middle of the first one */
  wait_for_requests (2);
  bench.cloud.now += 3; /* the next place is a minute away, however long the rest of this takes */
  read_one ();
  wait_for_requests (3);
  ck_assert_ptr_nonnull (strstr (bench.cloud.bodies[2], "\"1.2\""));
  uploader_stop (bench.shared, thread);
  all_came ();
}
END_TEST

/* The inputs stand still: what the machine was like then is not what it is like. */
START_TEST (an_old_reading_is_not_told)
{
  expect ("DescribeTable", 200, OUR_TABLE);
  read_one ();
  bench.shared->latest.mono_ns -= 200 * SECOND_NS_;
  expect ("UpdateTimeToLive", 200, OK_ANSWER);
  expect ("PutItem", 200, OK_ANSWER);
  begin ();
  wait_for_requests (1);
  shared_wake (bench.shared, false); /* a round without a minute, so that none hits the middle of the first one */
  wait_for_requests (2);
  add (0);
  wait_for_requests (3);
  uploader_stop (bench.shared, thread);
  all_came ();
}
END_TEST

START_TEST (a_registry_that_takes_no_row_is_looked_at)
{
  expect ("DescribeTable", 200, OUR_TABLE);
  expect ("UpdateItem", 400, INVALID ("The provided key element does not match the schema"));
  expect ("DescribeTable", 200, OUR_TABLE);
  read_one ();
  begin ();
  wait_for_requests (3);
  uploader_stop (bench.shared, thread);
  all_came ();
  ck_assert_ptr_nonnull (strstr (bench.host.log.data, "not listed in DynamoDB's registry: table machines has the keys"));
}
END_TEST

START_TEST (what_failed_is_tried_again_and_the_end_is_not_said_in_trouble)
{
  expect ("DescribeTable", 200, OUR_TABLE);
  expect_error ("PutItem", -ECONNREFUSED);
  expect ("UpdateTimeToLive", 200, OK_ANSWER);
  for (int i = 0; i < 50; i++) /* it is tried until the stop comes */
    expect ("PutItem", 400, THROTTLED);
  add (0);
  begin ();
  wait_for_requests (4);
  uploader_stop (bench.shared, thread);
  ck_assert_uint_eq (look (bench.shared->spool).points, 1);
  ck_assert_ptr_nonnull (strstr (bench.host.log.data, "EndpointConnectionError"));
}
END_TEST

START_TEST (a_thread_that_does_not_come_back_is_left_behind)
{
  const uint64_t one = 1;
  bench.cloud.gate = eventfd (0, EFD_CLOEXEC);
  ck_assert_int_ge (bench.cloud.gate, 0);
  shared_ref (bench.shared); /* bench_end has one more */
  begin ();
  double start = seconds ();
  uploader_stop (bench.shared, thread);
  ck_assert (seconds () - start > 1.9);
  ck_assert (seconds () - start < 2 + 3 * unit_slow ());
  shared_leave (bench.shared);
  shared_unref (bench.shared);
  bench.host.self.host = NULL; /* whoever asks the host now falls */
  ck_assert_int_eq (write (bench.cloud.gate, &one, sizeof one), sizeof one);
  start = seconds ();
  while (bench.cloud.sessions) {
    ck_assert (seconds () - start < 10 * unit_slow ());
    nanosleep (&(struct timespec){.tv_nsec = 2000000}, NULL);
  }
  close (bench.cloud.gate);
  ck_assert_uint_eq (bench.cloud.at, 0);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_set_timeout (t, 60 * unit_slow ());
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_test (t, a_minute_goes_up_when_it_is_over_and_the_end_is_said);
  tcase_add_test (t, the_end_is_said_where_the_first_answer_was_not_awaited);
  tcase_add_test (t, the_registry_waits_for_a_first_reading);
  tcase_add_test (t, an_old_reading_is_not_told);
  tcase_add_test (t, a_registry_that_takes_no_row_is_looked_at);
  tcase_add_test (t, what_failed_is_tried_again_and_the_end_is_not_said_in_trouble);
  tcase_add_test (t, a_thread_that_does_not_come_back_is_left_behind);
}

UNIT_MAIN ("uploader", tests)
