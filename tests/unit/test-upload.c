/* Minutes from the spool to the table, and what each answer does to them. */
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
wait_point (int64_t minute, uint32_t samples, bool again)
{
  struct point p = make_point ("web-1", T0 + minute * 60, samples);
  p.flags = again ? POINT_AGAIN : 0;
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

START_TEST (one_minute_goes_on_a_condition)
{
  wait_point (0, 60, false);
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (some (), WORK_DONE);
  ck_assert_ptr_nonnull (strstr (sent (0), "\"ConditionExpression\":\"attribute_not_exists"));
  ck_assert_uint_eq (waiting (), 0);
  ck_assert_int_eq (bench.minutes.written, T0);
  ck_assert_ptr_nonnull (
    strstr (bench.host.log.data, "upload: minute 2026-01-01 00:00 UTC written to DynamoDB table the-table\n"));
  ck_assert_str_eq (bench.host.uploaded.data, "1 minute");
  ck_assert_int_eq (some (), WORK_DONE);
  all_came ();
}
END_TEST

/* What a stop or reload left of it would be replaced a minute later. */
START_TEST (the_minute_that_goes_on_is_not_sent_yet)
{
  const struct minute_reading reading = make_reading (121000, 3);
  minutes_take (&bench.minutes, &reading);
  wait_point (1, 60, false);
  wait_point (2, 1, true);
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (some (), WORK_DONE);
  ck_assert_int_eq (some (), WORK_DONE);
  all_came ();
  ck_assert_uint_eq (waiting (), 1);
  const struct minute_reading later = make_reading (180000, 3);
  minutes_take (&bench.minutes, &later);
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (some (), WORK_DONE);
  ck_assert_uint_eq (waiting (), 0);
}
END_TEST

START_TEST (a_condition_that_does_not_hold_means_done)
{
  wait_point (0, 60, true);
  expect ("PutItem", 400, CONDITION);
  ck_assert_int_eq (some (), WORK_DONE);
  ck_assert_uint_eq (waiting (), 0);
  ck_assert_ptr_nonnull (strstr (bench.host.log.data, "was there already, as full"));
  ck_assert_str_eq (bench.host.trouble.data, "");
}
END_TEST

START_TEST (many_go_together_the_newest_first)
{
  for (int i = 0; i < 30; i++)
    wait_point (i, 60, false);
  expect ("BatchWriteItem", 200, "{\"UnprocessedItems\":{}}");
  expect ("BatchWriteItem", 200, "{\"UnprocessedItems\":{}}");
  ck_assert_int_eq (some (), WORK_MORE);
  ck_assert_uint_eq (times (sent (0), "PutRequest"), 25);
  ck_assert_str_eq (bench.host.uploaded.data, "25 minutes");
  ck_assert_uint_eq (waiting (), 5);
  ck_assert_int_eq (bench.minutes.written, T0 + 29 * 60);
  ck_assert_int_eq (some (), WORK_DONE);
  ck_assert_uint_eq (times (sent (0), "PutRequest"), 5);
  ck_assert_uint_eq (waiting (), 0);
}
END_TEST

START_TEST (one_that_may_be_there_goes_by_itself)
{
  for (int i = 0; i < 6; i++)
    wait_point (i, 60, i == 3 || i == 5);
  expect ("PutItem", 200, OK_ANSWER); /* 5 */
  expect ("BatchWriteItem", 200, "{\"UnprocessedItems\":{}}");
  expect ("PutItem", 200, OK_ANSWER); /* 3 */
  ck_assert_int_eq (some (), WORK_MORE);
  ck_assert_int_eq (some (), WORK_MORE);
  ck_assert_uint_eq (times (sent (0), "PutRequest"), 4);
  ck_assert_int_eq (some (), WORK_DONE);
  all_came ();
}
END_TEST

/* An answer in which the items of those minutes are left over. */
static char *
left_over (int from, int to)
{
  struct buf b = {0};
  buf_adds (&b, "{\"UnprocessedItems\":{\"the-table\":[");
  for (int i = from; i <= to; i++) {
    struct point p = make_point ("web-1", T0 + i * 60, 60);
    buf_adds (&b, i > from ? ",{\"PutRequest\":{\"Item\":" : "{\"PutRequest\":{\"Item\":");
    item_json (&b, &p, 30);
    buf_adds (&b, "}}");
  }
  buf_adds (&b, "]}}");
  return b.data;
}

START_TEST (when_all_is_left_over_nothing_went_on)
{
  char *rest = left_over (0, 3);
  for (int i = 0; i < 4; i++)
    wait_point (i, 60, false);
  expect ("BatchWriteItem", 200, rest);
  ck_assert_int_eq (some (), WORK_RETRY);
  ck_assert_uint_eq (waiting (), 4);
  ck_assert_int_eq (bench.minutes.written, -1);
  free (rest);
}
END_TEST

START_TEST (what_is_left_over_goes_again_alone)
{
  char *rest = left_over (1, 1);
  for (int i = 0; i < 4; i++)
    wait_point (i, 60, false);
  expect ("BatchWriteItem", 200, rest);
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (some (), WORK_PART);
  ck_assert_uint_eq (waiting (), 1);
  ck_assert_int_eq (some (), WORK_DONE);
  ck_assert_ptr_nonnull (strstr (sent (0), "\"minute_timestamp\":{\"N\":\"1767225660\"}"));
  ck_assert_uint_eq (waiting (), 0);
  free (rest);
}
END_TEST

START_TEST (nothing_is_done_by_what_is_no_answer)
{
  static const struct {
    int status;
    const char *body;
    enum work_result result;
  } cases[] = {
    {200, "", WORK_RETRY},
    {200, "{\"UnprocessedItems\":", WORK_RETRY},
    {200, "<html>log in here</html>", WORK_RETRY},
    {200, "{}", WORK_RETRY},
    {302, "<html>moved</html>", WORK_RETRY},
    {400, THROTTLED, WORK_RETRY},
    {500, "{\"__type\":\"x#InternalServerError\"}", WORK_RETRY},
    {503, "", WORK_RETRY},
    {400, NO_TABLE, WORK_RETRY},
    {400, "{\"__type\":\"x#UnrecognizedClientException\",\"message\":\"token\"}", WORK_WAIT},
    {400, "{\"__type\":\"x#ExpiredTokenException\",\"message\":\"token\"}", WORK_WAIT},
    {400, "{\"__type\":\"x#RequestTimeTooSkewed\",\"message\":\"time\"}", WORK_WAIT},
  };
  wait_point (0, 60, false);
  wait_point (1, 60, false);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    expect ("BatchWriteItem", cases[i].status, cases[i].body);
    ck_assert_msg (some () == cases[i].result, "%s", cases[i].body);
    ck_assert_uint_eq (waiting (), 2);
  }
  expect_error ("BatchWriteItem", -ECONNREFUSED);
  ck_assert_int_eq (some (), WORK_RETRY);
  expect_error ("BatchWriteItem", -ECANCELED);
  ck_assert_int_eq (some (), WORK_STOP);
  ck_assert_uint_eq (waiting (), 2);
  ck_assert_int_eq (bench.minutes.written, -1);
}
END_TEST

START_TEST (one_bad_point_keeps_no_other_from_the_table)
{
  wait_point (0, 60, false);
  wait_point (1, 60, false);
  wait_point (2, 60, false);
  expect ("BatchWriteItem", 400, INVALID ("one of them"));
  expect ("PutItem", 200, OK_ANSWER);            /* 2 */
  expect ("PutItem", 400, INVALID ("this one")); /* 1 */
  expect ("DescribeTable", 200, OUR_TABLE);
  expect ("PutItem", 400, INVALID ("this one"));
  expect ("PutItem", 200, OK_ANSWER); /* 0 */
  ck_assert_int_eq (some (), WORK_MORE);
  ck_assert_int_eq (some (), WORK_MORE);
  ck_assert_int_eq (some (), WORK_MORE);
  ck_assert_int_eq (bench.table.state, TABLE_UNKNOWN);
  ck_assert_int_eq (table_ready (&bench.work, &bench.table), WORK_DONE);
  ck_assert_int_eq (some (), WORK_MORE);
  ck_assert_int_eq (some (), WORK_DONE);
  all_came ();
  ck_assert_uint_eq (look (bench.shared->spool).refused, 1);
  char *kept = unit_read (bench.dir, SPOOL_REFUSED_FILE, NULL);
  ck_assert_ptr_nonnull (kept);
  ck_assert_ptr_nonnull (strstr (kept, "ValidationException: this one"));
  free (kept);
  wait_point (3, 60, false);
  wait_point (4, 60, false);
  expect ("BatchWriteItem", 200, "{\"UnprocessedItems\":{}}");
  ck_assert_int_eq (some (), WORK_DONE);
}
END_TEST

START_TEST (a_table_with_other_keys_refuses_nothing)
{
  wait_point (0, 60, false);
  expect ("PutItem", 400, INVALID ("One of the required keys was not given a value"));
  expect ("DescribeTable", 200, DESCRIPTION ("ACTIVE", "id", "time"));
  ck_assert_int_eq (some (), WORK_MORE);
  ck_assert_int_eq (table_ready (&bench.work, &bench.table), WORK_WAIT);
  ck_assert_int_eq (bench.table.state, TABLE_UNFIT);
  ck_assert_ptr_nonnull (
    strstr (bench.host.trouble.data, "the-table has the keys id (S), time (N), and not hostname_hour (S)"));
  ck_assert_uint_eq (waiting (), 1);
}
END_TEST

START_TEST (keys_that_may_not_be_looked_at_are_believed_to_be_wrong)
{
  wait_point (0, 60, false);
  for (int i = 0; i < 2; i++) {
    expect ("PutItem", 400, INVALID ("The provided key element does not match the schema"));
    if (!i)
      expect ("DescribeTable", 400, DENIED);
  }
  ck_assert_int_eq (some (), WORK_MORE);
  ck_assert_int_eq (table_ready (&bench.work, &bench.table), WORK_DONE);
  ck_assert_int_eq (some (), WORK_WAIT);
  ck_assert_uint_eq (waiting (), 1);
}
END_TEST

START_TEST (when_every_point_is_refused_it_is_not_the_points)
{
  for (int i = 0; i < 10; i++)
    wait_point (i, 60, true);
  enum work_result r = WORK_MORE;
  for (int i = 0; i < 20 && r != WORK_WAIT; i++) {
    expect ("PutItem", 400, INVALID ("Type mismatch for index"));
    r = some ();
    bench.table.state = TABLE_USABLE;
    bench.table.described = true;
  }
  ck_assert_int_eq (r, WORK_WAIT);
  ck_assert_uint_eq (look (bench.shared->spool).refused, 3);
  ck_assert_uint_eq (waiting (), 7);
}
END_TEST

START_TEST (without_batches_they_go_one_by_one)
{
  for (int i = 0; i < 3; i++)
    wait_point (i, 60, false);
  expect ("BatchWriteItem", 400, DENIED);
  ck_assert_int_eq (some (), WORK_MORE);
  for (int i = 0; i < 3; i++) {
    expect ("PutItem", 200, OK_ANSWER);
    ck_assert_int_eq (some (), i < 2 ? WORK_MORE : WORK_DONE);
  }
  ck_assert_uint_eq (times (bench.host.log.data, "AccessDenied: User is not authorized to perform: dynamodb:BatchWriteItem"),
                     1);
  ck_assert_str_eq (bench.host.trouble.data, "");
}
END_TEST

START_TEST (denied_is_said_once_and_shown_until_it_is_over)
{
  wait_point (0, 60, false);
  for (int i = 0; i < 5; i++) {
    expect ("PutItem", 400, DENIED);
    ck_assert_int_eq (some (), WORK_WAIT);
  }
  ck_assert_uint_eq (times (bench.host.log.data, "AccessDenied: User is not authorized to perform: dynamodb:PutItem"), 1);
  ck_assert_ptr_nonnull (strstr (bench.host.trouble.data, "dynamodb:PutItem"));
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (some (), WORK_DONE);
  ck_assert_str_eq (bench.host.trouble.data, "");
  ck_assert_ptr_nonnull (strstr (bench.host.log.data, "works again"));
}
END_TEST

START_TEST (nothing_is_touched_once_the_instance_is_gone)
{
  wait_point (0, 60, false);
  shared_leave (bench.shared);
  size_t said = bench.host.log.len;
  ck_assert_int_eq (some (), WORK_STOP);
  report_trouble (&bench.work.report, "x", "nobody hears this");
  ck_assert_uint_eq (bench.host.log.len, said);
  ck_assert_str_eq (bench.host.trouble.data, "");
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_test (t, one_minute_goes_on_a_condition);
  tcase_add_test (t, the_minute_that_goes_on_is_not_sent_yet);
  tcase_add_test (t, a_condition_that_does_not_hold_means_done);
  tcase_add_test (t, many_go_together_the_newest_first);
  tcase_add_test (t, one_that_may_be_there_goes_by_itself);
  tcase_add_test (t, when_all_is_left_over_nothing_went_on);
  tcase_add_test (t, what_is_left_over_goes_again_alone);
  tcase_add_test (t, nothing_is_done_by_what_is_no_answer);
  tcase_add_test (t, one_bad_point_keeps_no_other_from_the_table);
  tcase_add_test (t, a_table_with_other_keys_refuses_nothing);
  tcase_add_test (t, keys_that_may_not_be_looked_at_are_believed_to_be_wrong);
  tcase_add_test (t, when_every_point_is_refused_it_is_not_the_points);
  tcase_add_test (t, without_batches_they_go_one_by_one);
  tcase_add_test (t, denied_is_said_once_and_shown_until_it_is_over);
  tcase_add_test (t, nothing_is_touched_once_the_instance_is_gone);
}

UNIT_MAIN ("upload", tests)
