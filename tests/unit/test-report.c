/* What people read of uploads: one is not called many, and what was not said is counted. */
#include "upload-kit.h"

#include <errno.h>

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

/* The one line that is said of so many minutes. */
static void
check_line (uint64_t written, uint64_t present, uint64_t left, const char *line)
{
  struct buf *log = &bench.host.log;
  char whole[300];
  buf_clear (log);
  bench.work.report.line_ns = 0;
  report_uploaded (&bench.work.report, "minutes", written, present, T0, left);
  snprintf (whole, sizeof whole, "%d upload: %s\n", KK_LOG_INFO, line);
  ck_assert_str_eq (log->data, whole);
}

START_TEST (one_minute_is_not_called_many)
{
  check_line (1, 0, 0, "minute 2026-01-01 00:00 UTC written to DynamoDB table minutes");
  check_line (0, 1, 0, "minute 2026-01-01 00:00 UTC was there already, as full, in DynamoDB table minutes");
  check_line (1, 0, 1, "minute 2026-01-01 00:00 UTC written to DynamoDB table minutes; 1 waits");
  check_line (
    1, 1, 2,
    "1 minute written to DynamoDB table minutes, the newest 2026-01-01 00:00 UTC; 1 was there already, as full; 2 wait");
  check_line (25, 2, 1000,
              "25 minutes written to DynamoDB table minutes, the newest 2026-01-01 00:00 UTC; 2 were there already, as full; "
              "1000 wait");
  ck_assert_str_eq (bench.host.uploaded.data, "28 minutes");
}
END_TEST

START_TEST (lines_about_a_long_history_are_few)
{
  check_line (25, 0, 100, "25 minutes written to DynamoDB table minutes, the newest 2026-01-01 00:00 UTC; 100 wait");
  buf_clear (&bench.host.log);
  for (uint64_t left = 75; left; left -= 25)
    report_uploaded (&bench.work.report, "minutes", 24, 1, T0, left);
  ck_assert_uint_eq (bench.host.log.len, 0);
  report_uploaded (&bench.work.report, "minutes", 25, 0, T0, 0);
  ck_assert_ptr_nonnull (strstr (bench.host.log.data, "97 minutes written"));
  ck_assert_ptr_nonnull (strstr (bench.host.log.data, "; 3 were there already, as full\n"));
}
END_TEST

/* An hour later than it was said. */
static void
say (unsigned times)
{
  struct report *r = &bench.work.report;
  for (int i = 0; i < REPORT_TOPICS; i++)
    r->topics[i].next_ns -= r->topics[i].hash ? INT64_C (3600000000000) : 0;
  buf_clear (&bench.host.log);
  for (unsigned i = 0; i < times; i++)
    report_say (r, KK_LOG_WARNING, "weather", "it rains");
}

START_TEST (what_was_not_said_is_counted)
{
  char line[40], more[100];
  snprintf (line, sizeof line, "%d it rains\n", KK_LOG_WARNING);
  say (2);
  ck_assert_str_eq (bench.host.log.data, line);
  say (8);
  snprintf (more, sizeof more, "%s%d that came 1 time more since it was said\n", line, KK_LOG_WARNING);
  ck_assert_str_eq (bench.host.log.data, more);
  say (1);
  snprintf (more, sizeof more, "%s%d that came 7 times more since it was said\n", line, KK_LOG_WARNING);
  ck_assert_str_eq (bench.host.log.data, more);
  say (1);
  ck_assert_str_eq (bench.host.log.data, line);
}
END_TEST

START_TEST (minutes_that_cannot_be_read_are_counted)
{
  struct spool_view view = {.open = true, .unread_error = -EIO};
  for (view.unread = 1; view.unread <= 2; view.unread++)
    report_unread (&bench.work.report, &view);
  ck_assert_str_eq (bench.host.trouble.data,
                    "2 minutes for DynamoDB on disk cannot be read: Input/output error; the others go up");
  ck_assert_ptr_nonnull (strstr (bench.host.log.data,
                                 "1 minute for DynamoDB on disk cannot be read: Input/output error; the others "
                                 "go up, and this one is tried again"));
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_test (t, one_minute_is_not_called_many);
  tcase_add_test (t, lines_about_a_long_history_are_few);
  tcase_add_test (t, what_was_not_said_is_counted);
  tcase_add_test (t, minutes_that_cannot_be_read_are_counted);
}

UNIT_MAIN ("report", tests)
