/* Files of the spool that cannot be read, each for itself. */
#include "spool-kit.h"

#include <fcntl.h>
#include <stdarg.h>

enum { ROOM = 16 << 20, FILES = 3 };

static bool refused[FILES + 1]; /* by number */

int __real_openat (int directory, const char *path, int flags, ...);
int __wrap_openat (int directory, const char *path, int flags, ...);
int __wrap_openat64 (int directory, const char *path, int flags, ...);

static bool
is_refused (const char *path)
{
  unsigned number;
  return sscanf (path, "%8x.points", &number) == 1 && number <= FILES && refused[number];
}

int
__wrap_openat (int directory, const char *path, int flags, ...)
{
  va_list args;
  va_start (args, flags);
  unsigned mode = flags & O_CREAT ? va_arg (args, unsigned) : 0;
  va_end (args);
  errno = EIO;
  return is_refused (path) ? -1 : __real_openat (directory, path, flags, mode);
}

int
__wrap_openat64 (int directory, const char *path, int flags, ...)
{
  va_list args;
  va_start (args, flags);
  unsigned mode = flags & O_CREAT ? va_arg (args, unsigned) : 0;
  va_end (args);
  return __wrap_openat (directory, path, flags, mode);
}

/* A directory with so many points in each of some files. */
static char *
make_files (int points)
{
  char *dir = unit_temp_dir ();
  for (int i = 1; i <= FILES; i++) {
    char *other = unit_temp_dir (), *from = unit_path (other, "00000001.points"), to[32];
    struct spool *s = open_spool (other, ROOM);
    for (int j = 0; j < points; j++)
      ck_assert_int_eq (add_minute (s, "h", T0 + (i * points + j) * 60, 60), 0);
    spool_free (s);
    snprintf (to, sizeof to, "%08x.points", (unsigned) i);
    char *path = unit_path (dir, to);
    ck_assert_int_eq (rename (from, path), 0);
    unit_remove_tree (other);
    free (path);
    free (from);
    free (other);
  }
  return dir;
}

static void
refuse (bool first, bool second, bool third)
{
  refused[1] = first;
  refused[2] = second;
  refused[3] = third;
}

static void
expect_view (struct spool *s, uint64_t unreadable, uint64_t points, uint64_t gone)
{
  const struct spool_view v = look (s);
  ck_assert (v.open);
  ck_assert_uint_eq (v.unreadable, unreadable);
  ck_assert_uint_eq (v.points, points);
  ck_assert_uint_eq (v.unreadable_gone, gone);
}

/* Also while one before it still cannot be. */
START_TEST (each_is_tried_again)
{
  char *dir = make_files (1);
  refuse (true, true, true);
  struct spool *s = open_spool (dir, ROOM);
  expect_view (s, 3, 0, 0);
  refuse (true, true, false);
  ck_assert_int_eq (spool_open (s), 0);
  expect_view (s, 2, 1, 0);
  refuse (true, false, false);
  ck_assert_int_eq (spool_open (s), 0);
  expect_view (s, 1, 2, 0);
  ck_assert_int_eq (look (s).unreadable_error, -EIO);
  refuse (false, false, false);
  ck_assert_int_eq (spool_open (s), 0);
  expect_view (s, 0, 3, 0);
  ck_assert_uint_eq (look (s).lost, 0);
  spool_free (s);
  free (dir);
}
END_TEST

START_TEST (one_that_is_removed_was_not_read)
{
  char *dir = make_files (1), *second = unit_path (dir, "00000002.points");
  refuse (false, true, true);
  struct spool *s = open_spool (dir, ROOM);
  expect_view (s, 2, 1, 0);
  refuse (false, false, true);
  ck_assert_int_eq (unlink (second), 0);
  ck_assert_int_eq (spool_open (s), 0);
  expect_view (s, 1, 1, 1);
  refuse (false, false, false);
  ck_assert_int_eq (spool_open (s), 0);
  expect_view (s, 0, 2, 1);
  spool_free (s);
  free (second);
  free (dir);
}
END_TEST

/* However many newer ones still cannot be. */
START_TEST (each_point_has_its_turn)
{
  enum { POINTS = 30, AT_ONCE = 25 };
  struct spool_ref refs[AT_ONCE];
  struct point p;
  char *dir = make_files (POINTS);
  struct spool *s = open_spool (dir, ROOM);
  const int64_t now = T0 + 3 * POINTS * 60 - SPOOL_FUTURE - 60; /* the last file is left out */
  bool again = false;
  refuse (true, true, false);
  for (int round = 0; round < 8; round++) {
    ck_assert_uint_eq (spool_pick (s, now, AT_ONCE, refs), AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++)
      ck_assert_int_eq (spool_get (s, &refs[i], &p), -EIO);
  }
  ck_assert_uint_eq (look (s).unread, 2 * POINTS);
  refuse (false, true, false);
  for (int round = 0; round < 3 && !again; round++) {
    ck_assert_uint_eq (spool_pick (s, now, AT_ONCE, refs), AT_ONCE);
    for (int i = 0; i < AT_ONCE && !again; i++)
      again = spool_get (s, &refs[i], &p) == 0;
  }
  ck_assert (again);
  ck_assert_uint_eq (look (s).doubted, POINTS - 1);
  ck_assert_uint_eq (spool_pick (s, now, AT_ONCE, refs), AT_ONCE);
  for (int i = 0; i < AT_ONCE; i++)
    ck_assert_int_eq (spool_get (s, &refs[i], &p), 0);
  refuse (false, false, false);
  spool_free (s);
  free (dir);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, each_is_tried_again);
  tcase_add_test (t, each_point_has_its_turn);
  tcase_add_test (t, one_that_is_removed_was_not_read);
}

UNIT_MAIN ("spool-unreadable", tests)
