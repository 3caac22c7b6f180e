/* Tables that are missing, being made, or of others; and this machine's row in the registry. */
#include "upload-kit.h"

static struct bench bench;
static struct presence presence;

static void
setup (void)
{
  bench_begin (&bench);
  bench.table.state = TABLE_UNKNOWN;
  bench.table.finished = bench.table.described = false;
  presence = (struct presence){.by_put = false};
}

static void
teardown (void)
{
  presence_free (&presence);
  bench_end (&bench);
}

static enum work_result
ready (void)
{
  return table_ready (&bench.work, &bench.table);
}

/* ---- Tables ---- */

START_TEST (a_missing_table_is_made_and_waited_for)
{
  expect ("DescribeTable", 400, NO_TABLE);
  expect ("CreateTable", 200, OK_ANSWER);
  expect ("DescribeTable", 200, DESCRIPTION ("CREATING", "hostname_hour", "minute_timestamp"));
  expect ("DescribeTable", 200, OUR_TABLE);
  expect ("TagResource", 200, OK_ANSWER);
  expect ("UpdateTimeToLive", 200, OK_ANSWER);
  ck_assert_int_eq (ready (), WORK_LATER);
  ck_assert_int_eq (ready (), WORK_LATER);
  ck_assert_int_eq (ready (), WORK_DONE);
  ck_assert_ptr_nonnull (strstr (sent (1), "\"ResourceArn\":\"arn:t\""));
  ck_assert_int_eq (ready (), WORK_DONE); /* without a request */
  all_came ();
}
END_TEST

START_TEST (one_that_is_made_again_is_finished_again)
{
  for (int i = 0; i < 3; i++) {
    if (i < 2) {
      expect ("DescribeTable", 400, NO_TABLE);
      expect ("CreateTable", 200, OK_ANSWER);
      ck_assert_int_eq (ready (), WORK_LATER);
    }
    /* The third one somebody else made, before it was looked at. */
    expect ("DescribeTable", 200, OUR_TABLE);
    expect ("TagResource", 200, OK_ANSWER);
    expect ("UpdateTimeToLive", 200, OK_ANSWER);
    ck_assert_int_eq (ready (), WORK_DONE);
    ck_assert_int_eq (ready (), WORK_DONE);
    all_came ();
    table_doubt (&bench.table, i == 1);
  }
}
END_TEST

START_TEST (a_table_of_others_is_not_tagged)
{
  expect ("DescribeTable", 200, OUR_TABLE);
  expect ("UpdateTimeToLive", 400, INVALID ("TimeToLive is already enabled"));
  ck_assert_int_eq (ready (), WORK_DONE);
  ck_assert_str_eq (bench.host.log.data, "");
  ck_assert_int_eq (ready (), WORK_DONE);
  all_came ();
}
END_TEST

START_TEST (two_make_it_at_once)
{
  expect ("DescribeTable", 400, NO_TABLE);
  expect ("CreateTable", 400, "{\"__type\":\"x#ResourceInUseException\",\"message\":\"Table is being created\"}");
  ck_assert_int_eq (ready (), WORK_LATER);
  ck_assert (!bench.table.made);
  ck_assert_str_eq (bench.host.trouble.data, "");
}
END_TEST

START_TEST (an_account_that_may_have_no_more_tables_is_spoken_of)
{
  for (int i = 0; i < 2; i++) {
    expect ("DescribeTable", 400, NO_TABLE);
    expect ("CreateTable", 400, "{\"__type\":\"x#LimitExceededException\",\"message\":\"Subscriber limit exceeded\"}");
    ck_assert_int_eq (ready (), WORK_RETRY);
    ck_assert_int_eq (bench.table.state, TABLE_ABSENT);
  }
  ck_assert_ptr_nonnull (strstr (bench.host.trouble.data, "the-table in region eu-central-1 cannot be made for now"));
  ck_assert_uint_eq (times (bench.host.log.data, "LimitExceededException: Subscriber limit exceeded"), 1);
  expect ("DescribeTable", 400, NO_TABLE);
  expect ("CreateTable", 200, OK_ANSWER);
  ck_assert_int_eq (ready (), WORK_LATER);
  all_came ();
}
END_TEST

START_TEST (what_is_denied_is_done_without)
{
  expect ("DescribeTable", 400, NO_TABLE);
  expect ("CreateTable", 200, OK_ANSWER);
  expect ("DescribeTable", 200, OUR_TABLE);
  expect ("TagResource", 400, DENIED);
  expect ("UpdateTimeToLive", 400, DENIED);
  ck_assert_int_eq (ready (), WORK_LATER);
  ck_assert_int_eq (ready (), WORK_DONE);
  ck_assert_int_eq (ready (), WORK_DONE);
  ck_assert_uint_eq (times (bench.host.log.data, "not authorized to perform: dynamodb:TagResource"), 1);
  ck_assert_uint_eq (times (bench.host.log.data, "not authorized to perform: dynamodb:UpdateTimeToLive"), 1);
  ck_assert_str_eq (bench.host.trouble.data, "");
}
END_TEST

START_TEST (one_that_may_not_be_looked_at_is_written_to)
{
  bench.table.finished = true;
  expect ("DescribeTable", 400, DENIED);
  ck_assert_int_eq (ready (), WORK_DONE);
  table_doubt (&bench.table, true);
  expect ("DescribeTable", 400, DENIED);
  expect ("CreateTable", 200, OK_ANSWER);
  ck_assert_int_eq (ready (), WORK_LATER);
  expect ("DescribeTable", 400, DENIED);
  expect ("UpdateTimeToLive", 200, OK_ANSWER);
  ck_assert_int_eq (ready (), WORK_DONE);
  all_came ();
}
END_TEST

START_TEST (one_that_may_not_be_made)
{
  expect ("DescribeTable", 400, NO_TABLE);
  expect ("CreateTable", 400, DENIED);
  ck_assert_int_eq (ready (), WORK_WAIT);
  ck_assert_ptr_nonnull (strstr (bench.host.trouble.data, "not authorized to perform: dynamodb:CreateTable"));
  ck_assert_int_eq (bench.table.state, TABLE_ABSENT);
  bench.table.create = false;
  expect ("DescribeTable", 400, NO_TABLE);
  ck_assert_int_eq (ready (), WORK_WAIT);
  ck_assert_ptr_nonnull (strstr (bench.host.trouble.data, "create_tables is off"));
}
END_TEST

/* A round later. */
static void
finish_again (void)
{
  ck_assert_int_eq (ready (), WORK_DONE); /* nothing yet */
  ck_assert_int_gt (bench.table.finish_again_ns, shared_mono_ns () + 20 * SECOND_NS_);
  bench.table.finish_again_ns = 0;
  ck_assert_int_eq (ready (), WORK_DONE);
}

START_TEST (expiry_that_failed_for_a_moment_is_switched_on_later)
{
  static const char *const answers[] = {THROTTLED, NO_TABLE, "{\"__type\":\"x#ResourceInUseException\"}",
                                        "{\"__type\":\"x#UnrecognizedClientException\"}"};
  expect ("DescribeTable", 200, OUR_TABLE);
  ck_assert_int_eq (ready (), WORK_DONE);
  expect_error ("UpdateTimeToLive", -ETIMEDOUT);
  ck_assert_int_eq (ready (), WORK_DONE);
  for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
    expect ("UpdateTimeToLive", 400, answers[i]);
    finish_again ();
  }
  expect ("UpdateTimeToLive", 200, OK_ANSWER);
  finish_again ();
  bench.table.finish_again_ns = 0;
  ck_assert_int_eq (ready (), WORK_DONE);
  all_came ();
}
END_TEST

START_TEST (tags_whose_answer_was_lost_are_added_later)
{
  expect ("DescribeTable", 400, NO_TABLE);
  expect ("CreateTable", 200, OK_ANSWER);
  ck_assert_int_eq (ready (), WORK_LATER);
  expect ("DescribeTable", 200, OUR_TABLE);
  expect_error ("TagResource", -ETIMEDOUT);
  expect ("UpdateTimeToLive", 200, OK_ANSWER);
  ck_assert_int_eq (ready (), WORK_DONE);
  expect ("TagResource", 500, "{\"__type\":\"x#InternalServerError\"}");
  finish_again ();
  expect ("TagResource", 200, "<html>");
  finish_again ();
  expect ("TagResource", 200, "");
  finish_again ();
  ck_assert_ptr_nonnull (strstr (sent (0), "\"ResourceArn\":\"arn:t\""));
  bench.table.finish_again_ns = 0;
  ck_assert_int_eq (ready (), WORK_DONE);
  all_came ();
}
END_TEST

START_TEST (what_is_no_description)
{
  expect ("DescribeTable", 200, "{\"Table\":{}}");
  ck_assert_int_eq (ready (), WORK_RETRY);
  expect_error ("DescribeTable", -ETIMEDOUT);
  ck_assert_int_eq (ready (), WORK_RETRY);
  ck_assert_int_eq (bench.table.state, TABLE_UNKNOWN);
}
END_TEST

/* ---- The registry ---- */

static const struct shared_latest latest = {.mono_ns = 1, .cpu_percent = 123, .memory_percent = 456};
#define ROW(active_)                                                                                                           \
  "{\"Item\":{\"hostname\":{\"S\":\"h\"},\"first_seen\":{\"N\":\"7\"},\"last_seen\":{\"N\":\"8.5\"},\"active\":{"              \
  "\"BOOL\":" active_ "}}}"

static enum work_result
tell (bool online, bool want_missing)
{
  bool missing;
  enum work_result r = presence_write (&bench.work, &presence, "registry", &latest, online, &missing);
  ck_assert_int_eq (missing, want_missing);
  return r;
}

START_TEST (a_row_a_minute_by_one_request)
{
  for (int i = 0; i < 3; i++) {
    expect ("UpdateItem", 200, OK_ANSWER);
    ck_assert_int_eq (tell (true, false), WORK_DONE);
    ck_assert_ptr_nonnull (strstr (sent (0), "\"12.3\""));
  }
  expect ("UpdateItem", 400, CONDITION); /* no row to go offline */
  ck_assert_int_eq (tell (false, false), WORK_DONE);
  all_came ();
  ck_assert_str_eq (bench.host.log.data, "");
}
END_TEST

START_TEST (without_updates_it_is_read_once_and_put)
{
  expect ("UpdateItem", 400, DENIED);
  expect ("GetItem", 200, ROW ("false"));
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  ck_assert_ptr_nonnull (strstr (sent (0), "\"first_seen\":{\"N\":\"7\"}"));
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  expect ("PutItem", 400, CONDITION); /* somebody changed `active` */
  expect ("GetItem", 200, ROW ("true"));
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  expect ("GetItem", 200, ROW ("true")); /* for last_seen as it is */
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (tell (false, false), WORK_DONE);
  ck_assert_ptr_nonnull (strstr (sent (0), "offline"));
  ck_assert_ptr_nonnull (strstr (sent (0), "8.5"));
  all_came ();
  ck_assert_uint_eq (times (bench.host.log.data, "dynamodb:UpdateItem"), 1);
}
END_TEST

START_TEST (a_row_that_was_made_is_read_before_the_next)
{
  presence.by_put = true;
  presence.update_again_ns = INT64_MAX;
  expect ("GetItem", 200, "{}");
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  expect ("GetItem", 200, ROW ("true"));
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  all_came ();
}
END_TEST

START_TEST (a_lost_answer_is_read_again)
{
  presence.by_put = true;
  presence.update_again_ns = INT64_MAX;
  expect ("GetItem", 200, ROW ("true"));
  expect_error ("PutItem", -ETIMEDOUT);
  ck_assert_int_eq (tell (true, false), WORK_RETRY);
  expect ("GetItem", 200, ROW ("true"));
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  all_came ();
}
END_TEST

START_TEST (updates_are_tried_again_after_a_while)
{
  presence.by_put = true;
  expect ("UpdateItem", 200, OK_ANSWER);
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  ck_assert (!presence.by_put);
}
END_TEST

/* The row was written under another name before. */
static void
rename_host (void)
{
  snprintf (presence.online, sizeof presence.online, "old-name");
}

START_TEST (a_host_with_a_new_name_is_not_left_online_under_the_old_one)
{
  rename_host ();
  expect_error ("UpdateItem", -ETIMEDOUT);
  ck_assert_int_eq (tell (true, false), WORK_RETRY);
  expect ("UpdateItem", 200, OK_ANSWER);
  expect ("UpdateItem", 200, OK_ANSWER);
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  ck_assert_ptr_nonnull (strstr (sent (1), "\"old-name\""));
  ck_assert_ptr_nonnull (strstr (sent (1), "\"offline\""));
  ck_assert_ptr_null (strstr (sent (0), "\"old-name\""));
  ck_assert_ptr_nonnull (strstr (sent (0), "\"online\""));
  expect ("UpdateItem", 200, OK_ANSWER);
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  ck_assert_ptr_null (strstr (sent (0), "\"old-name\""));
  all_came ();
}
END_TEST

START_TEST (without_updates_the_old_name_goes_offline_as_well)
{
  presence.by_put = true;
  presence.update_again_ns = INT64_MAX;
  rename_host ();
  expect ("GetItem", 200, ROW ("true"));
  expect ("PutItem", 200, OK_ANSWER);
  expect ("GetItem", 200, "{}");
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  ck_assert_ptr_nonnull (strstr (sent (3), "\"old-name\""));
  ck_assert_ptr_nonnull (strstr (sent (2), "\"offline\""));
  ck_assert_ptr_null (strstr (sent (1), "\"old-name\""));
  ck_assert_ptr_nonnull (strstr (sent (0), "\"online\""));
  all_came ();
}
END_TEST

START_TEST (the_goodbye_is_for_the_name_that_is_online)
{
  expect ("UpdateItem", 200, OK_ANSWER);
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  rename_host ();
  expect ("UpdateItem", 200, OK_ANSWER);
  ck_assert_int_eq (tell (false, false), WORK_DONE);
  ck_assert_ptr_nonnull (strstr (sent (0), "\"old-name\""));
  ck_assert_ptr_nonnull (strstr (sent (0), "\"offline\""));
  all_came ();
}
END_TEST

START_TEST (updates_that_stay_denied_are_spoken_of_once)
{
  for (int hour = 0; hour < 3; hour++) {
    expect ("UpdateItem", 400, DENIED);
    expect ("GetItem", 200, ROW ("true"));
    expect ("PutItem", 200, OK_ANSWER);
    ck_assert_int_eq (tell (true, false), WORK_DONE);
    presence.update_again_ns = 0;
    bench.work.report.topics[0].next_ns = 0;
  }
  ck_assert_uint_eq (times (bench.host.log.data, "dynamodb:UpdateItem"), 1);
  for (int i = 0; i < 2; i++) {
    expect ("UpdateItem", 200, OK_ANSWER);
    ck_assert_int_eq (tell (true, false), WORK_DONE);
  }
  ck_assert_uint_eq (times (bench.host.log.data, "is written by UpdateItem again"), 1);
  all_came ();
}
END_TEST

START_TEST (a_row_that_cannot_be_written_stops_nothing_else)
{
  expect ("UpdateItem", 400, INVALID ("no"));
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  expect ("UpdateItem", 400, NO_TABLE);
  ck_assert_int_eq (tell (true, true), WORK_DONE);
  expect ("UpdateItem", 400, DENIED);
  expect ("GetItem", 400, DENIED);
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  expect ("GetItem", 200, ROW ("true"));
  expect ("PutItem", 400, DENIED);
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  ck_assert_str_eq (bench.host.trouble.data, "");
  expect ("GetItem", 200, "{\"Item\":7}");
  ck_assert_int_eq (tell (true, false), WORK_RETRY);
  expect ("GetItem", 400, THROTTLED);
  ck_assert_int_eq (tell (true, false), WORK_RETRY);
  all_came ();
}
END_TEST

START_TEST (somebody_who_changes_it_all_the_time_is_given_way)
{
  presence.by_put = true;
  presence.update_again_ns = INT64_MAX;
  for (int i = 0; i < 3; i++) {
    expect ("GetItem", 200, ROW ("true"));
    expect ("PutItem", 400, CONDITION);
  }
  ck_assert_int_eq (tell (true, false), WORK_DONE);
  all_came ();
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_test (t, a_missing_table_is_made_and_waited_for);
  tcase_add_test (t, one_that_is_made_again_is_finished_again);
  tcase_add_test (t, a_table_of_others_is_not_tagged);
  tcase_add_test (t, two_make_it_at_once);
  tcase_add_test (t, an_account_that_may_have_no_more_tables_is_spoken_of);
  tcase_add_test (t, what_is_denied_is_done_without);
  tcase_add_test (t, one_that_may_not_be_looked_at_is_written_to);
  tcase_add_test (t, one_that_may_not_be_made);
  tcase_add_test (t, expiry_that_failed_for_a_moment_is_switched_on_later);
  tcase_add_test (t, tags_whose_answer_was_lost_are_added_later);
  tcase_add_test (t, what_is_no_description);
  tcase_add_test (t, a_row_a_minute_by_one_request);
  tcase_add_test (t, without_updates_it_is_read_once_and_put);
  tcase_add_test (t, a_row_that_was_made_is_read_before_the_next);
  tcase_add_test (t, a_lost_answer_is_read_again);
  tcase_add_test (t, updates_are_tried_again_after_a_while);
  tcase_add_test (t, a_host_with_a_new_name_is_not_left_online_under_the_old_one);
  tcase_add_test (t, without_updates_the_old_name_goes_offline_as_well);
  tcase_add_test (t, the_goodbye_is_for_the_name_that_is_online);
  tcase_add_test (t, updates_that_stay_denied_are_spoken_of_once);
  tcase_add_test (t, a_row_that_cannot_be_written_stops_nothing_else);
  tcase_add_test (t, somebody_who_changes_it_all_the_time_is_given_way);
}

UNIT_MAIN ("tables", tests)
