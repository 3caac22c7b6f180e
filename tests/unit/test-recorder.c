/* Files and journal together: a crash at any moment, names that are taken, directories that go away. A crash is played by a
 * recorder that is left as it is and a second one that opens what it left; descriptors are closed, nothing is finished. */
#include "file-writer/recorder.h"
#include "unit.h"

#include <dirent.h>

static const int64_t MINUTE = INT64_C (60000000000), SECOND = 1000000000;
static const int64_t START = INT64_C (1772366400) * 1000000000; /* 2026-03-01 12:00:00 UTC */

static void
open_recorder (struct recorder *r, const char *dir, int64_t wall)
{
  *r = (struct recorder){.segment_bytes = 4096};
  ck_assert_int_eq (recorder_open (r, dir, 0600, "file-writer", wall), 0);
}

static void
crash (struct recorder *r)
{
  segment_let_go (&r->segment, NULL, "");
  journal_close (&r->journal);
  store_close (&r->store);
  buf_free (&r->segment.text);
}

static int
add (struct recorder *r, int64_t wall, unsigned number)
{
  char text[64];
  int n = snprintf (text, sizeof text, "{\"n\":%u}", number);
  return recorder_add (r, wall, text, (size_t) n);
}

/* How often each number stands in the files of a directory; every file must be an array. Returns the number of files. */
static unsigned
count (const char *dir, unsigned *times, unsigned n)
{
  DIR *d = opendir (dir);
  struct dirent *entry;
  unsigned files = 0;
  memset (times, 0, n * sizeof *times);
  ck_assert_ptr_nonnull (d);
  while ((entry = readdir (d))) {
    if (strncmp (entry->d_name, "metrics_", 8))
      continue;
    size_t length = 0;
    char *text = unit_read (dir, entry->d_name, &length), *p = text;
    files++;
    ck_assert_msg (length > 3 && text[0] == '[' && !strcmp (text + length - 2, "]\n"), "%s: %s", entry->d_name, text);
    for (; (p = strstr (p, "{\"n\":")); p++) {
      unsigned number = (unsigned) strtoul (p + 5, NULL, 10);
      ck_assert_uint_lt (number, n);
      times[number]++;
    }
    free (text);
  }
  closedir (d);
  return files;
}

static void
expect_once_each (const char *dir, unsigned n, unsigned files)
{
  unsigned times[100], have = count (dir, times, 100);
  for (unsigned i = 0; i < 100; i++)
    ck_assert_msg (times[i] == (i < n), "entry %u stands there %u times", i, times[i]);
  if (files)
    ck_assert_uint_eq (have, files);
}

START_TEST (a_file_per_minute)
{
  char *dir = unit_temp_dir ();
  struct recorder r;
  setenv ("TZ", "UTC", 1);
  open_recorder (&r, dir, START);
  for (unsigned i = 0; i < 6; i++)
    ck_assert_int_eq (add (&r, START + i * 20 * SECOND, i), 0);
  expect_once_each (dir, 3, 1); /* the second minute is not out yet */
  ck_assert_int_eq (recorder_publish (&r, SEGMENT_NO_SYNC), 0);
  expect_once_each (dir, 6, 2);
  ck_assert_int_eq (recorder_finish (&r), 0);
  ck_assert_uint_eq (r.journal.size, 0);
  recorder_close (&r);
  expect_once_each (dir, 6, 2);
  char *text = unit_read (dir, "metrics_20260301_120000.json", NULL);
  ck_assert_str_eq (text, "[{\"n\":0},\n{\"n\":1},\n{\"n\":2}]\n");
  free (text);
  free (dir);
}
END_TEST

START_TEST (mtime_and_modes)
{
  char *dir = unit_temp_dir (), *path;
  struct recorder r;
  struct stat st;
  umask (0777);
  open_recorder (&r, dir, START);
  ck_assert_int_eq (add (&r, START, 0), 0);
  ck_assert_int_eq (add (&r, START + 123456789, 1), 0);
  ck_assert_int_eq (recorder_finish (&r), 0);
  umask (022);
  path = unit_path (dir, r.segment.name);
  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert_int_eq (st.st_mtim.tv_sec * SECOND + st.st_mtim.tv_nsec, START + 123456789);
  ck_assert_uint_eq (st.st_mode & 0777, 0600);
  free (path);
  path = unit_path (dir, STORE_JOURNALS);
  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert_uint_eq (st.st_mode & 0777, 0700);
  free (path);
  recorder_close (&r);
  free (dir);
}
END_TEST

/* Every place where a crash may fall: before the first publish, after one, after all are published and before the journal is
 * emptied. */
START_TEST (no_crash_loses_or_doubles)
{
  for (unsigned published = 0; published <= 5; published++)
    for (int same_minute = 0; same_minute < 2; same_minute++) {
      char *dir = unit_temp_dir ();
      struct recorder r;
      open_recorder (&r, dir, START);
      for (unsigned i = 0; i < 5; i++) {
        ck_assert_int_eq (add (&r, START + i * SECOND, i), 0);
        if (i + 1 == published)
          ck_assert_int_eq (recorder_publish (&r, SEGMENT_NO_SYNC), 0);
      }
      crash (&r);
      int64_t later = same_minute ? START + 10 * SECOND : START + 3 * MINUTE;
      open_recorder (&r, dir, later);
      expect_once_each (dir, 5, 1);
      ck_assert_uint_eq (r.recovery.entries, 5);
      ck_assert_int_eq (add (&r, later, 5), 0);
      ck_assert_int_eq (recorder_finish (&r), 0);
      recorder_close (&r);
      expect_once_each (dir, 6, same_minute ? 1 : 2);
      open_recorder (&r, dir, later);
      ck_assert_uint_eq (r.recovery.entries, 0);
      recorder_close (&r);
      free (dir);
    }
}
END_TEST

START_TEST (a_torn_journal_over_a_newer_file)
{
  /* A power cut may keep the file and lose the end of the journal. */
  char *dir = unit_temp_dir ();
  struct recorder r;
  open_recorder (&r, dir, START);
  for (unsigned i = 0; i < 4; i++)
    ck_assert_int_eq (add (&r, START + i * SECOND, i), 0);
  ck_assert_int_eq (recorder_publish (&r, SEGMENT_NO_SYNC), 0);
  ck_assert_int_eq (ftruncate (r.journal.fd, (off_t) r.journal.size - 40), 0);
  crash (&r);
  open_recorder (&r, dir, START + 5 * SECOND);
  ck_assert_uint_gt (r.recovery.torn_bytes, 0);
  ck_assert_int_eq (add (&r, START + 5 * SECOND, 4), 0);
  ck_assert_int_eq (recorder_finish (&r), 0);
  recorder_close (&r);
  expect_once_each (dir, 5, 2);
  free (dir);
}
END_TEST

START_TEST (a_damaged_journal_is_kept_and_its_rest_recovered)
{
  char *dir = unit_temp_dir ();
  struct recorder r;
  open_recorder (&r, dir, START);
  for (unsigned i = 0; i < 5; i++)
    ck_assert_int_eq (add (&r, START + i * SECOND, i), 0);
  ck_assert_int_eq (recorder_publish (&r, SEGMENT_NO_SYNC), 0);
  crash (&r);
  size_t length = 0;
  char *bytes = unit_read (dir, STORE_JOURNALS "/file-writer.journal", &length);
  char *third = memmem (bytes, length, "{\"n\":2}", 7);
  third[6] ^= 1;
  unit_write_n (dir, STORE_JOURNALS "/file-writer.journal", bytes, length);
  free (bytes);
  open_recorder (&r, dir, START + 10 * SECOND);
  ck_assert_uint_eq (r.recovery.damaged, 1);
  ck_assert_uint_eq (r.recovery.duplicates, 4);
  ck_assert_int_eq (add (&r, START + 10 * SECOND, 5), 0);
  ck_assert_int_eq (recorder_finish (&r), 0);
  recorder_close (&r);
  expect_once_each (dir, 6, 2);
  bytes = unit_read (dir, STORE_JOURNALS "/file-writer.journal.bad", NULL);
  ck_assert_ptr_nonnull (bytes);
  free (bytes);
  free (dir);
}
END_TEST

START_TEST (a_foreign_journal_is_put_aside)
{
  char *dir = unit_temp_dir (), *text;
  struct recorder r;
  unit_write (dir, STORE_JOURNALS "/file-writer.journal", "this is somebody's shopping list\n");
  open_recorder (&r, dir, START);
  ck_assert_uint_eq (r.recovery.damaged, 1);
  ck_assert_int_eq (add (&r, START, 0), 0);
  ck_assert_int_eq (recorder_finish (&r), 0);
  recorder_close (&r);
  expect_once_each (dir, 1, 1);
  text = unit_read (dir, STORE_JOURNALS "/file-writer.journal.bad", NULL);
  ck_assert_str_eq (text, "this is somebody's shopping list\n");
  free (text);
  free (dir);
}
END_TEST

START_TEST (names_that_are_taken)
{
  char *dir = unit_temp_dir (), *text;
  struct recorder r;
  setenv ("TZ", "UTC", 1);
  unit_write (dir, "metrics_20260301_120000.json", "not ours");
  open_recorder (&r, dir, START);
  for (unsigned i = 0; i < 3; i++) {
    /* 3,000 bytes each: a file for every entry, all in one second */
    char big[3000];
    memset (big, ' ', sizeof big);
    big[sizeof big - 1] = 0;
    memcpy (big, "{\"n\":", 5);
    big[5] = (char) ('0' + i);
    big[sizeof big - 2] = '}';
    ck_assert_int_eq (recorder_add (&r, START + i, big, sizeof big - 1), 0);
  }
  ck_assert_str_eq (r.segment.name, "metrics_20260301_120000_03.json");
  /* Somebody takes our name before the first publish, and replaces the file after it. */
  unit_write (dir, "metrics_20260301_120000_03.json", "not ours either");
  ck_assert_int_eq (recorder_publish (&r, SEGMENT_NO_SYNC), 0);
  ck_assert_str_eq (r.segment.name, "metrics_20260301_120000_04.json");
  text = unit_path (dir, "metrics_20260301_120000_04.json");
  ck_assert_int_eq (unlink (text), 0);
  free (text);
  unit_write (dir, "other", "nor this");
  char *from = unit_path (dir, "other"), *to = unit_path (dir, "metrics_20260301_120000_04.json");
  ck_assert_int_eq (rename (from, to), 0);
  free (from);
  free (to);
  ck_assert_int_eq (add (&r, START + 4, 3), 0);
  ck_assert_int_eq (recorder_finish (&r), 0);
  recorder_close (&r);
  static const char *const names[] = {"metrics_20260301_120000.json", "metrics_20260301_120000_03.json",
                                      "metrics_20260301_120000_04.json"};
  static const char *const texts[] = {"not ours", "not ours either", "nor this"};
  for (int i = 0; i < 3; i++) {
    char *path = unit_path (dir, names[i]);
    text = unit_read (dir, names[i], NULL);
    ck_assert_str_eq (text, texts[i]);
    free (text);
    unlink (path);
    free (path);
  }
  expect_once_each (dir, 4, 0);
  free (dir);
}
END_TEST

START_TEST (the_hour_of_autumn_and_a_clock_set_back)
{
  char *dir = unit_temp_dir (), *text;
  struct recorder r;
  setenv ("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  int64_t before = INT64_C (1792888200) * SECOND; /* 2026-10-25 02:30:00 CEST, and an hour later CET */
  open_recorder (&r, dir, before);
  ck_assert_int_eq (add (&r, before, 0), 0);
  ck_assert_int_eq (add (&r, before + 60 * MINUTE, 1), 0);
  ck_assert_str_eq (r.segment.name, "metrics_20261025_023000_01.json");
  ck_assert_int_eq (add (&r, before, 2), 0); /* set back by an hour */
  ck_assert_str_eq (r.segment.name, "metrics_20261025_023000_02.json");
  ck_assert_int_eq (add (&r, 5 * SECOND, 3), 0); /* 1970 */
  ck_assert_str_eq (r.segment.name, "metrics_19700101_010005.json");
  ck_assert_int_eq (recorder_finish (&r), 0);
  recorder_close (&r);
  expect_once_each (dir, 4, 4);
  text = unit_read (dir, "metrics_20261025_023000.json", NULL);
  ck_assert_str_eq (text, "[{\"n\":0}]\n");
  free (text);
  free (dir);
}
END_TEST

START_TEST (a_directory_that_goes_away)
{
  char *top = unit_temp_dir (), *dir = unit_path (top, "data"), *away = unit_path (top, "away");
  struct recorder r;
  open_recorder (&r, dir, START);
  ck_assert_int_eq (add (&r, START, 0), 0);
  unit_remove_tree (dir);
  ck_assert_int_eq (add (&r, START + SECOND, 1), 0);
  ck_assert_uint_eq (r.reopened, 1);
  crash (&r);
  open_recorder (&r, dir, START + 2 * SECOND);
  ck_assert_uint_eq (r.recovery.entries, 2);
  /* moved away: seen when it is published at the latest */
  ck_assert_int_eq (rename (dir, away), 0);
  ck_assert_int_eq (add (&r, START + 2 * SECOND, 2), 0);
  ck_assert_int_eq (recorder_publish (&r, SEGMENT_NO_SYNC), 0);
  expect_once_each (dir, 3, 1);
  /* and back again, over the new one */
  unit_remove_tree (dir);
  ck_assert_int_eq (rename (away, dir), 0);
  ck_assert_int_eq (add (&r, START + 3 * SECOND, 3), 0);
  ck_assert_int_eq (recorder_finish (&r), 0);
  recorder_close (&r);
  expect_once_each (dir, 4, 0);
  free (top);
  free (dir);
  free (away);
}
END_TEST

START_TEST (something_else_where_the_directory_should_be)
{
  char *top = unit_temp_dir (), *dir = unit_path (top, "data");
  struct recorder r = {.segment_bytes = 4096};
  unit_write (top, "data", "a file");
  ck_assert_int_ne (recorder_open (&r, dir, 0600, "file-writer", START), 0);
  ck_assert_int_ne (add (&r, START, 0), 0);
  unlink (dir);
  ck_assert_int_eq (add (&r, START, 0), 0);
  ck_assert_int_eq (recorder_finish (&r), 0);
  recorder_close (&r);
  expect_once_each (dir, 1, 1);
  free (top);
  free (dir);
}
END_TEST

START_TEST (two_at_once_and_the_journal_of_the_second)
{
  /* A reload may make the new instance before the old one has ended. */
  char *dir = unit_temp_dir ();
  struct recorder old, new;
  open_recorder (&old, dir, START);
  ck_assert_int_eq (add (&old, START, 0), 0);
  open_recorder (&new, dir, START);
  ck_assert_str_ne (old.journal_name, new.journal_name);
  ck_assert_int_eq (add (&old, START + SECOND, 1), 0);
  ck_assert_int_eq (add (&new, START + 2 * SECOND, 2), 0);
  ck_assert_int_eq (recorder_finish (&old), 0);
  recorder_close (&old);
  crash (&new);
  open_recorder (&old, dir, START + 3 * SECOND);
  recorder_close (&old);
  expect_once_each (dir, 3, 2);
  free (dir);
}
END_TEST

START_TEST (a_file_torn_by_a_power_cut)
{
  for (off_t keep = 0; keep < 14; keep++) {
    char *dir = unit_temp_dir ();
    struct recorder r;
    open_recorder (&r, dir, START);
    ck_assert_int_eq (add (&r, START, 0), 0);
    ck_assert_int_eq (add (&r, START, 1), 0);
    ck_assert_int_eq (recorder_publish (&r, SEGMENT_NO_SYNC), 0);
    char *path = unit_path (dir, r.segment.name);
    ck_assert_int_eq (truncate (path, keep), 0);
    crash (&r);
    open_recorder (&r, dir, START + 3 * MINUTE);
    recorder_close (&r);
    expect_once_each (dir, 2, 1);
    free (path);
    free (dir);
  }
}
END_TEST

START_TEST (a_file_that_somebody_reads_slowly)
{
  char *dir = unit_temp_dir (), *kept = unit_path (dir, "backup");
  struct recorder r;
  FILE *open_at[6];
  open_recorder (&r, dir, START);
  for (unsigned i = 0; i < 6; i++) {
    ck_assert_int_eq (add (&r, START + i * SECOND, i), 0);
    ck_assert_int_eq (recorder_publish (&r, SEGMENT_NO_SYNC), 0);
    char *path = unit_path (dir, r.segment.name);
    open_at[i] = fopen (path, "r");
    ck_assert_ptr_nonnull (open_at[i]);
    if (i == 2)
      ck_assert_int_eq (link (path, kept), 0);
    free (path);
  }
  for (unsigned i = 0; i < 6; i++) {
    char text[256] = "";
    size_t n = fread (text, 1, sizeof text - 1, open_at[i]);
    unsigned entries = 0;
    for (char *p = text; (p = strstr (p, "{\"n\":")); p++)
      ck_assert_uint_eq (strtoul (p + 5, NULL, 10), entries++);
    ck_assert_uint_eq (entries, i + 1);
    ck_assert_str_eq (text + n - 2, "]\n");
    fclose (open_at[i]);
  }
  for (unsigned i = 6; i < 12; i++) {
    ck_assert_int_eq (add (&r, START + i * SECOND, i), 0);
    ck_assert_int_eq (recorder_publish (&r, SEGMENT_NO_SYNC), 0);
  }
  ck_assert_int_eq (recorder_finish (&r), 0);
  recorder_close (&r);
  expect_once_each (dir, 12, 1);
  char *text = unit_read (dir, "backup", NULL);
  ck_assert_str_eq (text, "[{\"n\":0},\n{\"n\":1},\n{\"n\":2}]\n");
  free (text);
  free (kept);
  free (dir);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, a_file_per_minute);
  tcase_add_test (t, mtime_and_modes);
  tcase_add_test (t, no_crash_loses_or_doubles);
  tcase_add_test (t, a_torn_journal_over_a_newer_file);
  tcase_add_test (t, a_damaged_journal_is_kept_and_its_rest_recovered);
  tcase_add_test (t, a_foreign_journal_is_put_aside);
  tcase_add_test (t, names_that_are_taken);
  tcase_add_test (t, the_hour_of_autumn_and_a_clock_set_back);
  tcase_add_test (t, a_directory_that_goes_away);
  tcase_add_test (t, something_else_where_the_directory_should_be);
  tcase_add_test (t, two_at_once_and_the_journal_of_the_second);
  tcase_add_test (t, a_file_torn_by_a_power_cut);
  tcase_add_test (t, a_file_that_somebody_reads_slowly);
}

UNIT_MAIN ("recorder", tests)
