/* The journal's records: whatever is damaged, everything before it stays and what follows it is found again. */
#include "file-writer/journal.h"
#include "unit.h"

#include <fcntl.h>
#include <stdbool.h>

enum { RECORDS = 5, ROOM = 1024 };

struct found {
  unsigned n;
  bool seen[RECORDS];
  bool strange; /* something that was never written */
};

static const char *const PAYLOADS[RECORDS] = {"metrics_20260301_120000.json", "{\"a\":1}", "{\"b\":[2,3]}", "{\"c\":\"KKj1\"}",
                                              "{\"d\":4}"};

static int
look (void *arg, const struct journal_record *record)
{
  struct found *f = arg;
  for (unsigned i = 0; i < RECORDS; i++)
    if (strlen (PAYLOADS[i]) == record->length && !memcmp (PAYLOADS[i], record->payload, record->length)
        && record->wall_ns == (int64_t) i * -7 && record->type == (i ? JOURNAL_ENTRY : JOURNAL_NAME)) {
      f->seen[i] = true;
      f->n++;
      return 0;
    }
  f->strange = true;
  return 0;
}

static int
open_directory (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY);
  ck_assert_int_ge (fd, 0);
  return fd;
}

/* A journal with all records; ends[i] is where record i ends. */
static size_t
make (const char *dir, char *bytes, size_t *ends)
{
  struct journal j;
  int at = open_directory (dir);
  ck_assert_int_eq (journal_open (at, "x.journal", &j), 0);
  for (unsigned i = 0; i < RECORDS; i++) {
    struct journal_record r = {i ? JOURNAL_ENTRY : JOURNAL_NAME, (int64_t) i * -7, PAYLOADS[i], strlen (PAYLOADS[i])};
    ck_assert_int_eq (journal_append (&j, &r, 1), 0);
    ends[i] = j.size;
  }
  journal_close (&j);
  close (at);
  size_t length = 0;
  char *text = unit_read (dir, "x.journal", &length);
  ck_assert_uint_lt (length, ROOM);
  ck_assert_uint_eq (length, ends[RECORDS - 1]);
  memcpy (bytes, text, length);
  free (text);
  return length;
}

static unsigned
whole_before (const size_t *ends, size_t at)
{
  unsigned n = 0;
  while (n < RECORDS && ends[n] <= at)
    n++;
  return n;
}

START_TEST (every_truncation_keeps_what_is_before)
{
  char *dir = unit_temp_dir (), bytes[ROOM];
  size_t ends[RECORDS], length = make (dir, bytes, ends);
  int at = open_directory (dir);
  for (size_t cut = 0; cut <= length; cut++) {
    struct found f = {0};
    struct journal_report report;
    struct journal j;
    unsigned whole = whole_before (ends, cut);
    unit_write_n (dir, "x.journal", bytes, cut);
    ck_assert_int_eq (journal_open (at, "x.journal", &j), 0);
    ck_assert_int_eq (journal_load (&j, look, &f, &report), 0);
    ck_assert_uint_eq (f.n, whole);
    ck_assert (!f.strange && !report.foreign && !report.damaged);
    ck_assert_uint_eq (report.torn, cut - (whole ? ends[whole - 1] : 0));
    ck_assert_uint_eq (j.size, whole ? ends[whole - 1] : 0);
    /* What is appended now follows the last whole record. */
    struct journal_record r = {JOURNAL_ENTRY, -7, PAYLOADS[1], strlen (PAYLOADS[1])};
    ck_assert_int_eq (journal_append (&j, &r, 1), 0);
    struct found again = {0};
    ck_assert_int_eq (journal_load (&j, look, &again, &report), 0);
    ck_assert_uint_eq (again.n, whole + 1);
    ck_assert_uint_eq (report.torn + report.damaged, 0);
    journal_close (&j);
  }
  close (at);
  free (dir);
}
END_TEST

START_TEST (every_flipped_bit_costs_one_record)
{
  char *dir = unit_temp_dir (), bytes[ROOM];
  size_t ends[RECORDS], length = make (dir, bytes, ends);
  for (size_t bit = 0; bit < length * 8; bit++) {
    struct found f = {0};
    struct journal_report report;
    unsigned hit = whole_before (ends, bit / 8);
    bytes[bit / 8] = (char) (bytes[bit / 8] ^ 1 << bit % 8);
    ck_assert_int_eq (journal_scan (bytes, length, look, &f, &report), 0);
    bytes[bit / 8] = (char) (bytes[bit / 8] ^ 1 << bit % 8);
    ck_assert_msg (!f.strange, "bit %zu made up a record", bit);
    for (unsigned i = 0; i < RECORDS; i++)
      ck_assert_msg (f.seen[i] == (i != hit), "bit %zu in record %u: record %u", bit, hit, i);
    ck_assert_uint_gt (report.torn + report.damaged, 0);
  }
  free (dir);
}
END_TEST

START_TEST (foreign_files)
{
  static const char *const texts[] = {"[{\"system\":1}]", "K", "KKj1", "\0\0\0\0", "KKj2xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
  static const int foreign[] = {1, 0, 0, 1, 1};
  static const size_t lengths[] = {14, 1, 4, 4, 39};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    struct found f = {0};
    struct journal_report report;
    ck_assert_int_eq (journal_scan (texts[i], lengths[i], look, &f, &report), 0);
    ck_assert_int_eq (report.foreign, foreign[i]);
    ck_assert_uint_eq (f.n, 0);
    ck_assert_uint_eq (report.torn, lengths[i]);
  }
}
END_TEST

START_TEST (one_owner)
{
  char *dir = unit_temp_dir ();
  int at = open_directory (dir);
  struct journal first, second;
  ck_assert_int_eq (journal_open (at, "x.journal", &first), 0);
  ck_assert_int_eq (journal_open (at, "x.journal", &second), -EWOULDBLOCK);
  journal_close (&first);
  ck_assert_int_eq (journal_open (at, "x.journal", &second), 0);
  journal_close (&second);
  close (at);
  free (dir);
}
END_TEST

START_TEST (something_else_in_its_place_is_put_aside)
{
  char *dir = unit_temp_dir (), *path = unit_path (dir, "x.journal"), *bad = unit_path (dir, "x.journal.bad");
  int at = open_directory (dir);
  struct journal j;
  struct stat st;
  ck_assert_int_eq (mkdir (path, 0700), 0);
  ck_assert_int_eq (journal_open (at, "x.journal", &j), 0);
  journal_close (&j);
  ck_assert (lstat (path, &st) == 0 && S_ISREG (st.st_mode));
  ck_assert (lstat (bad, &st) == 0 && S_ISDIR (st.st_mode));
  unlink (path);
  rmdir (bad);
  ck_assert_int_eq (symlink ("/etc/passwd", path), 0);
  ck_assert_int_eq (journal_open (at, "x.journal", &j), 0);
  journal_close (&j);
  ck_assert (lstat (path, &st) == 0 && S_ISREG (st.st_mode));
  unlink (path);
  unlink (bad);
  ck_assert_int_eq (mkfifo (path, 0600), 0);
  ck_assert_int_eq (journal_open (at, "x.journal", &j), 0);
  journal_close (&j);
  ck_assert (lstat (path, &st) == 0 && S_ISREG (st.st_mode));
  close (at);
  free (path);
  free (bad);
  free (dir);
}
END_TEST

START_TEST (quarantine_is_bounded)
{
  char *dir = unit_temp_dir ();
  int at = open_directory (dir);
  struct journal j = {.fd = -1};
  for (int i = 0; i < 10; i++) {
    char text[2] = {(char) ('0' + i), 0};
    unit_write (dir, "x.journal", text);
    ck_assert_int_eq (journal_quarantine (at, "x.journal"), 0);
    ck_assert_int_eq (journal_replace (&j, at, "x.journal", NULL, 0), 0);
    ck_assert_uint_eq (j.size, 0);
  }
  static const char *const names[] = {"x.journal.bad", "x.journal.bad.1", "x.journal.bad.2"};
  static const char *const texts[] = {"9", "8", "7"};
  for (int i = 0; i < JOURNAL_BAD_KEPT; i++) {
    char *text = unit_read (dir, names[i], NULL);
    ck_assert_str_eq (text, texts[i]);
    free (text);
  }
  ck_assert_ptr_null (unit_read (dir, "x.journal.bad.3", NULL));
  journal_close (&j);
  close (at);
  free (dir);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, every_truncation_keeps_what_is_before);
  tcase_add_test (t, every_flipped_bit_costs_one_record);
  tcase_add_test (t, foreign_files);
  tcase_add_test (t, one_owner);
  tcase_add_test (t, something_else_in_its_place_is_put_aside);
  tcase_add_test (t, quarantine_is_bounded);
}

UNIT_MAIN ("journal", tests)
