/* Which files go, under every kind of clock; and who counts as a reader. */
#include "file-writer/name.h"
#include "file-writer/readers.h"
#include "file-writer/retention.h"
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>

static const int64_t SECOND = 1000000000, HOUR = INT64_C (3600000000000);
static const int64_t NOW = INT64_C (1772366400) * 1000000000; /* 2026-03-01 12:00:00 UTC */

/* A file whose newest sample and mtime are of these times; `text` NULL: one of ours. */
static void
make (const char *dir, int64_t named, int64_t sample, int64_t mtime, const char *text)
{
  char name[NAME_SIZE], entries[512];
  setenv ("TZ", "UTC", 1);
  name_make (named, 0, name);
  snprintf (entries, sizeof entries,
            "[{\"system\":{\"timestamp\":%lld.5,\"x\":1}},\n{\"system\":{\"timestamp\":%lld.500,\"x\":1}}]\n",
            (long long) (sample / SECOND) - 1, (long long) (sample / SECOND));
  unit_write (dir, name, text ? text : entries);
  char *path = unit_path (dir, name);
  struct timespec times[2] = {{.tv_sec = (time_t) (mtime / SECOND)}, {.tv_sec = (time_t) (mtime / SECOND)}};
  ck_assert_int_eq (utimensat (AT_FDCWD, path, times, 0), 0);
  free (path);
}

static unsigned
left (const char *dir)
{
  DIR *d = opendir (dir);
  struct dirent *entry;
  unsigned n = 0;
  ck_assert_ptr_nonnull (d);
  while ((entry = readdir (d)))
    n += !strncmp (entry->d_name, "metrics_", 8);
  closedir (d);
  return n;
}

static void
run (struct retention *r, const char *dir, int64_t wall, int64_t mono)
{
  int at = open (dir, O_RDONLY | O_DIRECTORY), more;
  ck_assert_int_ge (at, 0);
  do
    more = retention_run (r, at, "", (struct retention_clock){wall, mono});
  while (more == 1);
  ck_assert_int_eq (more, 0);
  close (at);
}

START_TEST (by_age)
{
  char *dir = unit_temp_dir ();
  struct retention r = {.max_age_ns = 24 * HOUR};
  for (int64_t h = 0; h < 48; h++)
    make (dir, NOW - h * HOUR, NOW - h * HOUR, NOW - h * HOUR, NULL);
  run (&r, dir, NOW, 100 * HOUR);
  ck_assert_uint_eq (left (dir), 25);
  ck_assert_uint_eq (r.aged, 23);
  run (&r, dir, NOW + HOUR + 5 * SECOND, 101 * HOUR + 5 * SECOND);
  ck_assert_uint_eq (left (dir), 23);
  retention_free (&r);
  free (dir);
}
END_TEST

START_TEST (the_list_stays_in_order)
{
  struct retention r = {.max_age_ns = 24 * HOUR};
  char name[NAME_SIZE];
  setenv ("TZ", "UTC", 1);
  for (int64_t i = 0; i < 1000; i++) { /* each twice, in no order */
    name_make (NOW + i * 7919 % 500 * SECOND, 0, name);
    ck_assert_int_eq (retention_note (&r, name, 10, NOW, (struct retention_clock){NOW, HOUR}), 0);
  }
  ck_assert_uint_eq (r.n, 500);
  ck_assert_uint_eq (r.bytes, 5000);
  for (size_t i = 1; i < r.n; i++)
    ck_assert_uint_lt (r.files[i - 1].code, r.files[i].code);
  retention_free (&r);
}
END_TEST

START_TEST (both_times_must_be_old)
{
  char *dir = unit_temp_dir ();
  struct retention r = {.max_age_ns = 24 * HOUR};
  make (dir, NOW - 1 * HOUR, NOW - 100 * HOUR, NOW, NULL);            /* an old sample, touched */
  make (dir, NOW - 2 * HOUR, NOW, NOW - 100 * HOUR, NULL);            /* a new sample with an old mtime */
  make (dir, NOW - 3 * HOUR, NOW - 99 * HOUR, NOW - 99 * HOUR, NULL); /* old: only its name is new */
  run (&r, dir, NOW, HOUR);
  ck_assert_uint_eq (left (dir), 2);
  retention_free (&r);
  free (dir);
}
END_TEST

START_TEST (clocks_that_are_wrong)
{
  char *dir = unit_temp_dir ();
  struct retention r = {.max_age_ns = 24 * HOUR};
  /* Boot in 1970 with files of 2026; then of 1970; then the clock becomes right. */
  make (dir, NOW, NOW, NOW, NULL);
  run (&r, dir, 10 * SECOND, HOUR);
  make (dir, 10 * SECOND, 10 * SECOND, 10 * SECOND, NULL);
  ck_assert_int_eq (
      retention_note (&r, "metrics_19700101_000010.json", 100, 10 * SECOND, (struct retention_clock){10 * SECOND, HOUR}), 0);
  run (&r, dir, NOW + HOUR, HOUR + SECOND);
  ck_assert_uint_eq (left (dir), 2);
  /* A step of a day, or of ten, while it runs. */
  run (&r, dir, NOW + 240 * HOUR, HOUR + 2 * SECOND);
  ck_assert_uint_eq (left (dir), 2);
  run (&r, dir, NOW - 240 * HOUR, HOUR + 3 * SECOND);
  ck_assert_uint_eq (left (dir), 2);
  /* A day that really passes. */
  run (&r, dir, NOW, 26 * HOUR);
  ck_assert_uint_eq (left (dir), 0);
  retention_free (&r);
  /* A new start, with files of 1970 from the boot before: their age is not known. */
  make (dir, 10 * SECOND, 10 * SECOND, 10 * SECOND, NULL);
  r = (struct retention){.max_age_ns = 24 * HOUR};
  run (&r, dir, NOW, HOUR);
  ck_assert_uint_eq (left (dir), 1);
  run (&r, dir, NOW, 26 * HOUR);
  ck_assert_uint_eq (left (dir), 0);
  retention_free (&r);
  free (dir);
}
END_TEST

START_TEST (files_of_others)
{
  static const char *const texts[] = {
      "",
      "[]",
      "{}",
      "[{\"mine\":1}]",
      "[{\"system\":{\"timestamp\":\"yesterday\"}}]",
      "{\"system\":{\"timestamp\":1}}",
      "[{\"x\":\"\\\"system\\\":{\\\"timestamp\\\":1\"}]",
      "[{\"system\":",
  };
  char *dir = unit_temp_dir ();
  struct retention r = {.max_age_ns = HOUR, .max_bytes = 1};
  unsigned n = sizeof texts / sizeof texts[0];
  for (unsigned i = 0; i < n; i++)
    make (dir, NOW - (100 + i) * HOUR, 0, NOW - 100 * HOUR, texts[i]);
  unit_write (dir, "metrics_notes.json", "[]");
  unit_write (dir, "metrics_20200101_000000_copy.json", "[]");
  char *from = unit_path (dir, "real"), *link = unit_path (dir, "metrics_20200101_000000.json");
  make (dir, NOW - 99 * HOUR, NOW - 99 * HOUR, NOW - 99 * HOUR, NULL);
  unit_write (dir, "real", "[{\"system\":{\"timestamp\":1600000000}}]");
  ck_assert_int_eq (symlink (from, link), 0);
  run (&r, dir, NOW, 1000 * HOUR);
  ck_assert_uint_eq (left (dir), n + 3);
  ck_assert_uint_eq (r.aged, 1);
  retention_free (&r);
  free (from);
  free (link);
  free (dir);
}
END_TEST

START_TEST (by_size)
{
  char *dir = unit_temp_dir ();
  struct retention r = {.max_age_ns = 24 * HOUR, .max_bytes = 500};
  for (int64_t i = 0; i < 10; i++)
    make (dir, NOW - i * SECOND, NOW - i * SECOND, NOW - i * SECOND, NULL);
  run (&r, dir, NOW, HOUR);
  ck_assert_uint_le (r.bytes, 500);
  ck_assert_uint_ge (r.bytes, 400);
  ck_assert_uint_eq (r.pushed, 10 - left (dir));
  char *newest = unit_read (dir, "metrics_20260301_120000.json", NULL);
  ck_assert_ptr_nonnull (newest);
  free (newest);
  /* The current file stays, however large. */
  int at = open (dir, O_RDONLY | O_DIRECTORY);
  r.max_bytes = 1;
  ck_assert_int_eq (retention_run (&r, at, "metrics_20260301_120000.json", (struct retention_clock){NOW, HOUR}), 0);
  ck_assert_uint_eq (left (dir), 1);
  close (at);
  retention_free (&r);
  free (dir);
}
END_TEST

START_TEST (large_entries)
{
  char *dir = unit_temp_dir ();
  struct retention r = {.max_age_ns = HOUR};
  size_t n = 700000; /* more than one look at the end */
  char *text = malloc (n + 1);
  ck_assert_ptr_nonnull (text);
  memset (text, 'x', n);
  int head = sprintf (text, "[{\"system\":{\"timestamp\":1600000000.0},\"cmdline\":\"");
  text[head] = 'x';
  memcpy (text + n - 3, "\"}]", 4);
  make (dir, NOW - 100 * HOUR, 0, NOW - 100 * HOUR, text);
  free (text);
  run (&r, dir, NOW, 10 * HOUR);
  ck_assert_uint_eq (left (dir), 0);
  retention_free (&r);
  free (dir);
}
END_TEST

START_TEST (readers_are_seen)
{
  char *dir = unit_temp_dir ();
  int at = open (dir, O_RDONLY | O_DIRECTORY);
  struct readers r;
  unit_write (dir, "daemon.log", "");
  unit_write (dir, "metrics_x.json", "");
  ck_assert_int_eq (readers_init (&r, 100 * SECOND), 0);
  readers_poll (&r, at, SECOND);
  ck_assert (!readers_active (&r, SECOND));
  free (unit_read (dir, "daemon.log", NULL));
  readers_poll (&r, at, 2 * SECOND);
  ck_assert_msg (!readers_active (&r, 2 * SECOND), "the log is no recorded file");
  free (unit_read (dir, "metrics_x.json", NULL));
  readers_poll (&r, at, 3 * SECOND);
  ck_assert (readers_active (&r, 3 * SECOND));
  ck_assert (readers_active (&r, 102 * SECOND));
  ck_assert (!readers_active (&r, 103 * SECOND));
  /* Not watched for a while, then again; a list of the directory counts, too. */
  left (dir);
  readers_poll (&r, at, 10 * SECOND);
  ck_assert_int_lt (r.watch, 0);
  readers_poll (&r, at, 60 * SECOND);
  left (dir);
  readers_poll (&r, at, 61 * SECOND);
  ck_assert (readers_active (&r, 160 * SECOND));
  ck_assert_uint_eq (r.times, 2);
  /* Own looks do not count. */
  readers_poll (&r, at, 200 * SECOND);
  readers_pause (&r);
  left (dir);
  readers_poll (&r, at, 201 * SECOND);
  ck_assert (!readers_active (&r, 201 * SECOND));
  readers_close (&r);
  close (at);
  free (dir);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, by_age);
  tcase_add_test (t, the_list_stays_in_order);
  tcase_add_test (t, both_times_must_be_old);
  tcase_add_test (t, clocks_that_are_wrong);
  tcase_add_test (t, files_of_others);
  tcase_add_test (t, by_size);
  tcase_add_test (t, large_entries);
  tcase_add_test (t, readers_are_seen);
}

UNIT_MAIN ("retention", tests)
