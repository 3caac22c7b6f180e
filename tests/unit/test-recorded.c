/* Minutes out of recorded files: entries, what stands in them again, clocks that went back; and moments as people write them.
 */
#include "dynamodb-writer/recorded-entry.h"
#include "dynamodb-writer/recorded.h"
#include "tool/moment.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const int64_t SECOND_NS = 1000000000;
enum { NOON = 1767268800 /* 2026-01-01 12:00 UTC */ };

static char *directory;

static void
set_up (void)
{
  char *temp = unit_temp_dir (), name[151] = "";
  memset (name, 'd', sizeof name - 1);
  directory = unit_path (temp, name); /* longer than many a buffer */
  free (temp);
  ck_assert_int_eq (mkdir (directory, 0700), 0);
  setenv ("TZ", "Asia/Kolkata", 1); /* half an hour beside the hour */
  tzset ();
}

static void
tear_down (void)
{
  free (directory);
}

/* A file of n entries from `start` on, `step` seconds apart, with one value of cpu, written with the last one. */
static void
write_file (int number, double start, int n, double step, double cpu)
{
  char path[PATH_MAX];
  snprintf (path, sizeof path, "%s/metrics_20260101_%06d.json", directory, number);
  FILE *f = fopen (path, "w");
  ck_assert_ptr_nonnull (f);
  for (int i = 0; i < n; i++)
    fprintf (f,
             "%s{\"system\":{\"timestamp\":%.3f,\"cpu_percent\":%.1f,\"memory_percent\":50.0,\"memory_available_mb\":100.0,"
             "\"memory_used_mb\":100.0},\"processes\":{}}",
             i ? ",\n" : "[", start + i * step, cpu);
  fputs ("\n]\n", f);
  fclose (f);
  const struct timespec times[2] = {{.tv_sec = (time_t) (start + (n - 1) * step)},
                                    {.tv_sec = (time_t) (start + (n - 1) * step)}};
  ck_assert_int_eq (utimensat (AT_FDCWD, path, times, 0), 0);
}

static struct recorded
read_files (int64_t since, int64_t until)
{
  const struct recorded_source source = {
    .directory = directory, .host = "h", .since = since, .until = until, .created_ns = NOON * SECOND_NS};
  struct recorded r = {0};
  ck_assert_int_eq (recorded_read (&source, &r), 0);
  return r;
}

static struct point
point_of (const struct recorded *r, int64_t minute)
{
  struct point p = {0};
  ck_assert_uint_lt (recorded_find (r, minute), r->n);
  ck_assert_int_eq (recorded_get (r, recorded_find (r, minute), &p), 0);
  return p;
}

START_TEST (minutes_go_over_files)
{
  write_file (1, NOON, 90, 1, 10.0);
  write_file (2, NOON + 90, 90, 1, 30.0);
  struct recorded r RECORDED_CLEANUP = read_files (NOON, NOON + 180);
  ck_assert_uint_eq (r.n, 3);
  ck_assert_uint_eq (r.files, 2);
  ck_assert_uint_eq (r.entries, 180);
  ck_assert_int_eq (point_of (&r, NOON).values[POINT_CPU_PERCENT], 100);
  struct point middle = point_of (&r, NOON + 60);
  ck_assert_uint_eq (middle.samples, 60);
  ck_assert_int_eq (middle.values[POINT_CPU_PERCENT], 200);
  ck_assert_int_eq (middle.collected_us, (NOON + 119) * INT64_C (1000000));
  ck_assert_str_eq (middle.host, "h");
  ck_assert_uint_eq (recorded_find (&r, NOON + 180), r.n);
}
END_TEST

START_TEST (only_what_was_asked_for)
{
  write_file (1, NOON, 300, 1, 10.0);
  struct recorded r RECORDED_CLEANUP = read_files (NOON + 60, NOON + 180);
  ck_assert_uint_eq (r.n, 2);
  ck_assert_int_eq (r.points[0].minute, NOON + 60);
  ck_assert_int_eq (r.points[1].minute, NOON + 120);
}
END_TEST

/* The clock went back by an hour: the same minutes come again, fewer samples in one, more in the other. They are not added up.
 */
START_TEST (fuller_of_two_stays)
{
  write_file (1, NOON, 60, 1, 10.0);
  write_file (2, NOON + 60, 30, 1, 10.0);
  write_file (3, NOON + 3600, 60, 1, 20.0);
  write_file (4, NOON, 30, 1, 90.0);
  write_file (5, NOON + 60, 60, 1, 90.0);
  struct recorded r RECORDED_CLEANUP = read_files (NOON, NOON + 7200);
  ck_assert_uint_eq (r.n, 3);
  ck_assert_int_eq (point_of (&r, NOON).values[POINT_CPU_PERCENT], 100);
  ck_assert_uint_eq (point_of (&r, NOON).samples, 60);
  ck_assert_int_eq (point_of (&r, NOON + 60).values[POINT_CPU_PERCENT], 900);
  ck_assert_int_eq (r.points[2].minute, NOON + 3600);
}
END_TEST

START_TEST (what_is_no_entry)
{
  static const char *const bad[] = {"", "{}", "[", "nothing", "[{\"system\":{}}", "[1,2"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char path[PATH_MAX];
    snprintf (path, sizeof path, "%s/metrics_bad_%zu.json", directory, i);
    FILE *f = fopen (path, "w");
    fputs (bad[i], f);
    fclose (f);
  }
  write_file (1, NOON, 3, 1, 10.0);
  struct recorded r RECORDED_CLEANUP = read_files (NOON, NOON + 60);
  ck_assert_uint_eq (r.damaged, sizeof bad / sizeof *bad);
  ck_assert_ptr_nonnull (strstr (r.fault, "metrics_bad_"));
  ck_assert_uint_eq (r.n, 1);
  struct recorded none = {0};
  const struct recorded_source nowhere = {.directory = "/nowhere", .host = "h", .since = 0, .until = 60};
  ck_assert_int_eq (recorded_read (&nowhere, &none), -ENOENT);
  recorded_free (&none);
}
END_TEST

/* ---- Entries ---- */

static bool
take (struct recorded_memory *m, const char *text, struct minute_reading *r)
{
  json_object *o = json_tokener_parse (text);
  bool fine = recorded_entry (m, o, r);
  json_object_put (o);
  return fine;
}

/* cpu is read every 5 s, a sample is taken each second. */
START_TEST (values_that_stand_again)
{
  struct recorded_memory m = {.cpu_ns = 5 * SECOND_NS};
  struct minute_reading r;
  unsigned fresh = 0, memory = 0;
  for (int i = 0; i < 20; i++) {
    char text[200];
    snprintf (text, sizeof text, "{\"system\":{\"timestamp\":%d.004,\"cpu_percent\":%s,\"memory_percent\":40.0}}", NOON + i,
              i < 12 ? "7.0" : "8.0");
    ck_assert (take (&m, text, &r));
    fresh += r.fresh >> MINUTE_CPU_PERCENT & 1;
    memory += r.fresh >> MINUTE_MEMORY_PERCENT & 1;
    ck_assert_int_eq ((r.fresh | r.held) >> MINUTE_CPU_PERCENT & 1, 1);
  }
  ck_assert_uint_eq (memory, 20);
  ck_assert_uint_eq (fresh, 5); /* at 0, 5, 10, 12 (changed) and 17 */
  struct recorded_memory n = {0};
  ck_assert (
    take (&n, "{\"system\":{\"timestamp\":1767268800.5},\"network\":{\"timestamp\":1767268800.1,\"bytes_sent_per_s\":5}}", &r));
  ck_assert (r.fresh >> MINUTE_BYTES_SENT_PER_S & 1);
  ck_assert_int_eq (r.wall_ns, INT64_C (1767268800500000000));
  ck_assert (
    take (&n, "{\"system\":{\"timestamp\":1767268801.5},\"network\":{\"timestamp\":1767268800.1,\"bytes_sent_per_s\":5}}", &r));
  ck_assert (r.held >> MINUTE_BYTES_SENT_PER_S & 1);
}
END_TEST

START_TEST (entries_without_a_time)
{
  static const char *const bad[] = {"1",
                                    "null",
                                    "{}",
                                    "{\"system\":1}",
                                    "{\"system\":{\"timestamp\":\"1\"}}",
                                    "{\"system\":{\"timestamp\":-5}}",
                                    "{\"system\":{\"timestamp\":1e300}}",
                                    "{\"system\":{\"timestamp\":NaN}}"};
  struct recorded_memory m = {0};
  struct minute_reading r;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    ck_assert_msg (!take (&m, bad[i], &r), "'%s' is an entry", bad[i]);
  ck_assert (take (&m, "{\"system\":{\"timestamp\":1767268800,\"cpu_percent\":\"x\",\"memory_percent\":101}}", &r));
  ck_assert_uint_eq (r.fresh | r.held, 0);
}
END_TEST

/* ---- Moments ---- */

START_TEST (moments)
{
  static const struct {
    const char *text;
    int64_t seconds; /* -1: none */
  } cases[] = {{"2h", NOON - 7200},
               {"3d", NOON - 3 * 86400},
               {"1.5h", NOON - 5400},
               {"@1767225600", 1767225600},
               {"2026-01-01T12:00:00Z", NOON},
               {"2026-01-01 12:00Z", NOON},
               {"2026-01-01 17:30", NOON},
               {"2026-01-01T17:30:05", NOON + 5},
               {"2026-01-01", NOON - 17 * 3600 - 1800},
               {"17:30", NOON},
               {"00:00", NOON - 17 * 3600 - 1800},
               {"", -1},
               {"soon", -1},
               {"5", -1},
               {"-2h", -1},
               {"9999999d", -1},
               {"@", -1},
               {"@-1", -1},
               {"@99999999999999", -1},
               {"2026-02-30", -1},
               {"2026-13-01", -1},
               {"2026-01-01 17:30 more", -1},
               {"25:00", -1},
               {"1969-01-01", -1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int64_t have = -1;
    int r = moment_parse (cases[i].text, NOON, &have);
    ck_assert_msg (have == cases[i].seconds && (r == 0) == (have >= 0), "'%s' is %lld", cases[i].text, (long long) have);
  }
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, minutes_go_over_files);
  tcase_add_test (t, only_what_was_asked_for);
  tcase_add_test (t, fuller_of_two_stays);
  tcase_add_test (t, what_is_no_entry);
  tcase_add_test (t, values_that_stand_again);
  tcase_add_test (t, entries_without_a_time);
  tcase_add_test (t, moments);
}

UNIT_MAIN ("recorded", tests)
