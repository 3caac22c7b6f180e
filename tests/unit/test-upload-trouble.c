/* What is said of minutes that cannot be read or kept, and how several troubles share one line of the status. */
#include "upload-kit.h"

#include <sys/resource.h>
#include <sys/stat.h>

static struct bench bench;
static struct rlimit files;

static void
setup (void)
{
  bench_begin (&bench);
  ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &files), 0);
}

static void
teardown (void)
{
  bench_end (&bench);
}

static void
wait_point (int64_t minute, bool again)
{
  struct point p = make_point ("web-1", T0 + minute * 60, 60);
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

static const char *
log_text (void)
{
  return bench.host.log.data;
}

/* ---- Minutes that cannot be read ---- */

enum { MANY = 340 };

/* From now on no file can be opened: the last one is, the first one is not. */
static void
no_files (bool none)
{
  const struct rlimit less = {.rlim_cur = 0, .rlim_max = files.rlim_max};
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, none ? &less : &files), 0);
}

/* Two minutes in the first file of the spool; one in the last. */
static void
fill (void)
{
  struct spool_ref refs[MANY];
  for (int i = 0; i < MANY; i++)
    wait_point (i, false);
  ck_assert_uint_eq (spool_pick (bench.shared->spool, INT64_MAX / 2, MANY, refs), MANY);
  for (size_t i = MANY - 2; i-- > 1;)
    spool_done (bench.shared->spool, &refs[i]);
  char *second = unit_read (bench.dir, "00000002.points", NULL), *third = unit_read (bench.dir, "00000003.points", NULL);
  ck_assert (!second && third);
  free (third);
}

START_TEST (minutes_that_cannot_be_read_hold_up_no_others)
{
  fill ();
  no_files (true);
  for (int i = 0; i < 4; i++) {
    if (i)
      wait_point (MANY + i, false);
    expect ("PutItem", 200, OK_ANSWER);
    ck_assert_int_eq (some (), WORK_MORE);
    ck_assert_int_eq (some (), WORK_DONE);
    ck_assert_str_eq (bench.host.trouble.data,
                      "2 minutes for DynamoDB on disk cannot be read: Too many open files; the others go up");
    report_works (&bench.work.report);
  }
  all_came ();
  ck_assert_uint_eq (waiting (), 2);
  ck_assert_uint_eq (times (log_text (), "cannot be read"), 1);
  ck_assert_ptr_null (strstr (log_text (), "upload to DynamoDB"));
  no_files (false);
  expect ("BatchWriteItem", 200, "{\"UnprocessedItems\":{}}");
  ck_assert_int_eq (some (), WORK_DONE);
  ck_assert_int_eq (some (), WORK_DONE);
  ck_assert_uint_eq (waiting (), 0);
  ck_assert_str_eq (bench.host.trouble.data, "");
  ck_assert_uint_eq (times (log_text (), "on disk that could not be read can be read again"), 1);
}
END_TEST

START_TEST (minutes_that_are_gone_are_not_called_read)
{
  fill ();
  no_files (true);
  expect ("PutItem", 200, OK_ANSWER);
  ck_assert_int_eq (some (), WORK_MORE);
  ck_assert_int_eq (some (), WORK_DONE);
  no_files (false);
  char *path = unit_path (bench.dir, "00000001.points");
  ck_assert_int_eq (unlink (path), 0);
  free (path);
  ck_assert_int_eq (some (), WORK_MORE);
  ck_assert_int_eq (some (), WORK_DONE);
  ck_assert_uint_eq (waiting (), 0);
  ck_assert_uint_eq (look (bench.shared->spool).damaged, 2);
  ck_assert_str_eq (bench.host.trouble.data, "");
  ck_assert_uint_eq (times (log_text (), "on disk that could not be read are gone"), 1);
}
END_TEST

/* ---- What cannot be kept ---- */

START_TEST (a_refused_item_that_cannot_be_kept_is_spoken_of)
{
  static const char *const names[] = {SPOOL_REFUSED_FILE, SPOOL_REFUSED_FILE ".1", SPOOL_REFUSED_FILE ".1/full"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char *path = unit_path (bench.dir, names[i]);
    ck_assert_int_eq (mkdir (path, 0700), 0);
    free (path);
  }
  wait_point (0, true);
  expect ("PutItem", 400, INVALID ("this one"));
  expect ("DescribeTable", 200, OUR_TABLE);
  expect ("PutItem", 400, INVALID ("this one"));
  ck_assert_int_eq (some (), WORK_MORE);
  ck_assert_int_eq (table_ready (&bench.work, &bench.table), WORK_DONE);
  ck_assert_int_eq (some (), WORK_MORE);
  all_came ();
  ck_assert_uint_eq (look (bench.shared->spool).refused_unsaved, 1);
  ck_assert_uint_eq (times (log_text (), "this one; the item cannot be kept in refused.json of the spool's directory: "), 1);
  ck_assert_ptr_null (strstr (log_text (), "is kept"));
}
END_TEST

/* ---- One line for all ---- */

#define NETWORK                                                                                                                \
  "upload to DynamoDB waits: EndpointConnectionError: Could not connect to the endpoint URL: \"https://dynamodb.eu-x.aws/\": " \
  "Could not resolve host; check the network, the name service, the proxy (HTTPS_PROXY, NO_PROXY) and whether there is a "     \
  "region eu-x (daemon.yaml)"
#define DISK "minutes for DynamoDB cannot wait on disk: No space left on device"
#define LOG  " (the log has all of it)"

START_TEST (the_network_comes_first_and_each_has_its_share)
{
  const char *files_text = "minutes for DynamoDB in 12 files of the spool's directory cannot be read: Input/output error",
             *minutes_text = "60 minutes for DynamoDB on disk cannot be read: Input/output error; the others go up";
  shared_trouble (bench.shared, SHARED_DISK, "%s", DISK);
  ck_assert_str_eq (bench.host.trouble.data, DISK);
  shared_trouble (bench.shared, SHARED_NETWORK, "the network");
  ck_assert_str_eq (bench.host.trouble.data, "the network; " DISK);
  shared_trouble (bench.shared, SHARED_NETWORK, "%s", NETWORK);
  const char *all = bench.host.trouble.data;
  ck_assert_ptr_nonnull (strstr (all, " …; " DISK LOG)); /* it takes no more than its share */
  ck_assert_int_eq (strncmp (all, NETWORK, 150), 0);
  ck_assert_uint_le (strlen (all), SHARED_SHOWN);
  shared_trouble (bench.shared, SHARED_FILES, "%s", files_text);
  shared_trouble (bench.shared, SHARED_MINUTES, "%s", minutes_text);
  all = bench.host.trouble.data;
  ck_assert_uint_le (strlen (all), SHARED_SHOWN);
  ck_assert_uint_ge (strlen (all), SHARED_SHOWN - 60);
  ck_assert_int_eq (strncmp (all, NETWORK, 40), 0);
  ck_assert_ptr_nonnull (strstr (all, "…; minutes for DynamoDB cannot wait"));
  ck_assert_ptr_nonnull (strstr (all, "…; 60 minutes for DynamoDB on disk"));
  ck_assert_ptr_nonnull (strstr (all, "…; minutes for DynamoDB in 12 files"));
  ck_assert_str_eq (all + strlen (all) - strlen ("…" LOG), "…" LOG);
  for (int side = 0; side < SHARED_SIDES; side++)
    shared_trouble (bench.shared, (enum shared_side) side, "%s", "");
  ck_assert_str_eq (bench.host.trouble.data, "");
}
END_TEST

START_TEST (no_letter_is_cut_in_two)
{
  ck_assert_uint_eq (shared_shortened ("one, two", 8), 8);
  ck_assert_uint_eq (shared_shortened ("one, two", 6), 3);
  for (size_t most = 1; most < 12; most++)
    ck_assert_uint_eq (shared_shortened ("ääääääää", most), most / 2 * 2);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_test (t, minutes_that_cannot_be_read_hold_up_no_others);
  tcase_add_test (t, minutes_that_are_gone_are_not_called_read);
  tcase_add_test (t, a_refused_item_that_cannot_be_kept_is_spoken_of);
  tcase_add_test (t, the_network_comes_first_and_each_has_its_share);
  tcase_add_test (t, no_letter_is_cut_in_two);
}

UNIT_MAIN ("upload-trouble", tests)
