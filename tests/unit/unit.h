/* What every unit test shares: one main, and a place for files.
 *
 *   START_TEST (adds) { ck_assert_int_eq (1 + 1, 2); } END_TEST
 *   static void tests (TCase *t) { tcase_add_test (t, adds); }
 *   UNIT_MAIN ("sum", tests)
 *
 * Results go to stdout as TAP, the exit status is 1 when one failed. CK_FORK=no, CK_RUN_CASE and the like work as Check says.
 * KK_SLOW=N makes time limits N times longer (valgrind, sanitizers). */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int
unit_remove_one (const char *path, const struct stat *st, int type, struct FTW *walk)
{
  (void) st, (void) type, (void) walk;
  if (remove (path) != 0)
    fprintf (stderr, "# cannot remove %s: %s\n", path, strerror (errno));
  return 0;
}

static inline void
unit_remove_tree (const char *dir)
{
  nftw (dir, unit_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A new empty directory of this test's own, absolute. It is removed with all that is in it after the last test, also when one
 * failed. The caller's to free. */
static inline char *
unit_temp_dir (void)
{
  char path[PATH_MAX], *copy;
  int n = snprintf (path, sizeof path, "%s/XXXXXX", getenv ("UNIT_TEMP"));

  ck_assert_msg (n > 0 && (size_t) n < sizeof path, "TMPDIR is too long");
  ck_assert_msg (mkdtemp (path) != NULL, "mkdtemp %s: %s", path, strerror (errno));
  copy = strdup (path);
  ck_assert_msg (copy != NULL, "no memory");
  return copy;
}

/* "dir/name"; the caller's to free. */
static inline char *
unit_path (const char *dir, const char *name)
{
  char path[PATH_MAX], *copy;
  int n = snprintf (path, sizeof path, "%s/%s", dir, name);

  ck_assert_msg (n > 0 && (size_t) n < sizeof path, "path too long: %s/%s", dir, name);
  copy = strdup (path);
  ck_assert_msg (copy != NULL, "no memory");
  return copy;
}

/* Writes dir/name; directories in `name` are made. */
static inline void
unit_write_n (const char *dir, const char *name, const void *data, size_t length)
{
  char *path = unit_path (dir, name);
  FILE *f;

  for (char *slash = path + strlen (dir) + 1; (slash = strchr (slash, '/')); slash++) {
    *slash = 0;
    ck_assert_msg (mkdir (path, 0700) == 0 || errno == EEXIST, "mkdir %s: %s", path, strerror (errno));
    *slash = '/';
  }
  f = fopen (path, "w");
  ck_assert_msg (f != NULL, "open %s: %s", path, strerror (errno));
  ck_assert_msg (fwrite (data, 1, length, f) == length, "write %s: %s", path, strerror (errno));
  ck_assert_msg (fclose (f) == 0, "close %s: %s", path, strerror (errno));
  free (path);
}

static inline void
unit_write (const char *dir, const char *name, const char *text)
{
  unit_write_n (dir, name, text, strlen (text));
}

/* The whole of dir/name, 0-terminated; NULL when there is no such file. The caller's to free; `length` may be NULL. */
static inline char *
unit_read (const char *dir, const char *name, size_t *length)
{
  char *path = unit_path (dir, name), *text = NULL;
  size_t have = 0, cap = 0;
  FILE *f = fopen (path, "r");

  free (path);
  if (!f)
    return NULL;
  do {
    if (have + 4096 > cap) {
      cap = cap * 2 + 8192;
      text = realloc (text, cap);
      ck_assert_msg (text != NULL, "no memory");
    }
    have += fread (text + have, 1, cap - have - 1, f);
  } while (!feof (f) && !ferror (f));
  fclose (f);
  text[have] = 0;
  if (length)
    *length = have;
  return text;
}

/* Whether this test can become a user who is not root, and come to its directories as such. */
static inline bool
unit_has_nobody (void)
{
  const char *top = getenv ("UNIT_TEMP");

  if (geteuid () != 0 || chmod (top, 0755) != 0 || seteuid (65534) != 0)
    return false;
  bool reaches = faccessat (AT_FDCWD, top, X_OK, AT_EACCESS) == 0;
  ck_assert_int_eq (seteuid (0), 0);
  return reaches;
}

static inline double
unit_slow (void)
{
  const char *slow = getenv ("KK_SLOW");
  double n = slow ? strtod (slow, NULL) : 1;

  return n > 1 ? n : 1;
}

/* How often to do something that is done many times: less where everything takes longer. */
static inline int
unit_rounds (int n)
{
  return (int) (n / unit_slow ()) + 1;
}

/* A number below n, the next of a series that begins with whatever *random is. */
static inline unsigned
unit_draw (unsigned *random, unsigned n)
{
  *random = *random * 1103515245 + 12345;
  return (*random >> 12) % n;
}

static inline int
unit_main (const char *name, void (*add) (TCase *))
{
  const char *top = getenv ("TMPDIR");
  char temp[PATH_MAX];
  Suite *suite = suite_create (name);
  TCase *tests = tcase_create (name);
  SRunner *runner;
  int failed;

  umask (022);
  /* Sockets and messages hold a path of some length only. */
  snprintf (temp, sizeof temp, "%s/kk-unit-XXXXXX", top && *top && strlen (top) < 64 ? top : "/tmp");
  if (!mkdtemp (temp) || setenv ("UNIT_TEMP", temp, 1) != 0) {
    printf ("Bail out! cannot make %s: %s\n", temp, strerror (errno));
    return 1;
  }
  tcase_set_timeout (tests, 20 * unit_slow ());
  add (tests);
  suite_add_tcase (suite, tests);
  runner = srunner_create (suite);
  srunner_set_tap (runner, "-");
  srunner_run_all (runner, CK_SILENT);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  unit_remove_tree (temp);
  return failed != 0;
}

#define UNIT_MAIN(name_, add_)                                                                                                 \
  int main (void)                                                                                                              \
  {                                                                                                                            \
    return unit_main (name_, add_);                                                                                            \
  }
#endif
