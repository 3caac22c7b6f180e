/* Home directories, joining, directories whatever the umask, files read with a bound and replaced whole. */
#include "path.h"
#include "unit.h"

#include <pwd.h>
#include <sys/stat.h>

static void
gives (int r, char *have, const char *want)
{
  ck_assert_int_eq (r, 0);
  ck_assert_str_eq (have, want);
  free (have);
}

START_TEST (expands)
{
  char *p = NULL;
  int r;
  setenv ("HOME", "/h/x", 1);
  r = path_expand ("~", &p), gives (r, p, "/h/x");
  r = path_expand ("~/a/b", &p), gives (r, p, "/h/x/a/b");
  r = path_expand ("/a/~", &p), gives (r, p, "/a/~");
  r = path_expand ("a", &p), gives (r, p, "a");
  r = path_expand ("", &p), gives (r, p, "");
  r = path_expand ("~root/x", &p), gives (r, p, "/root/x");
  ck_assert_int_eq (path_expand ("~no-such-user-at-all/x", &p), -ENOENT);
}
END_TEST

START_TEST (home_without_variable)
{
  char *home = NULL;
  const struct passwd *me = getpwuid (geteuid ());
  if (!me)
    return; /* a user that is in no database: nothing to hold it against */
  unsetenv ("HOME");
  int r = path_home (&home);
  gives (r, home, me->pw_dir);
  setenv ("HOME", "relative", 1);
  r = path_home (&home);
  gives (r, home, me->pw_dir);
}
END_TEST

START_TEST (joins)
{
  char *p = NULL;
  int r;
  r = path_join ("/a", "b", &p), gives (r, p, "/a/b");
  r = path_join ("/a/", "/b", &p), gives (r, p, "/a/b");
  r = path_join ("/", "b", &p), gives (r, p, "/b");
  r = path_join ("a", "", &p), gives (r, p, "a");
}
END_TEST

START_TEST (makes_lists_absolute)
{
  char *p = NULL, here[4096], want[8300];
  int r;
  setenv ("HOME", "/h", 1);
  ck_assert_ptr_nonnull (getcwd (here, sizeof here));
  r = path_list_absolute ("/a:/b c", &p), gives (r, p, "/a:/b c");
  r = path_list_absolute (":~/x::", &p), gives (r, p, "/h/x");
  r = path_list_absolute ("", &p), gives (r, p, "");
  r = path_list_absolute (".", &p), gives (r, p, here);
  snprintf (want, sizeof want, "/a:%s/b/../c", here);
  r = path_list_absolute ("/a:b/../c", &p), gives (r, p, want);
  ck_assert_int_eq (path_list_absolute ("/a:~no-such-user-at-all", &p), -ENOENT);
}
END_TEST

START_TEST (makes_directories)
{
  char *dir = unit_temp_dir (), *deep = unit_path (dir, "a/b/c"), *file = unit_path (dir, "file/x");
  struct stat st;
  mode_t old = umask (0777);
  ck_assert_int_eq (path_mkdirs (deep, 0700), 0);
  umask (old);
  ck_assert_int_eq (stat (deep, &st), 0);
  ck_assert_int_eq (st.st_mode & 07777, 0700);
  ck_assert_int_eq (path_mkdirs (deep, 0755), 0);
  stat (deep, &st);
  ck_assert_int_eq (st.st_mode & 07777, 0700);
  unit_write (dir, "file", "");
  ck_assert_int_eq (path_mkdirs (file, 0700), -ENOTDIR);
  free (file);
  free (deep);
  free (dir);
}
END_TEST

START_TEST (reads_and_writes)
{
  char *dir = unit_temp_dir (), *file = unit_path (dir, "f"), *text = NULL;
  size_t length = 0;
  struct stat st;
  ck_assert_int_eq (path_read_file (file, 100, &text, &length), -ENOENT);
  ck_assert_int_eq (path_write_file (file, "hello", 5, 0640, 1), 0);
  ck_assert_int_eq (stat (file, &st), 0);
  ck_assert_int_eq (st.st_mode & 07777, 0640);
  ck_assert_int_eq (path_read_file (file, 5, &text, &length), 0);
  ck_assert_uint_eq (length, 5);
  ck_assert_str_eq (text, "hello");
  free (text);
  ck_assert_int_eq (path_read_file (file, 4, &text, &length), -EFBIG);
  ck_assert_int_eq (path_read_file (dir, 100, &text, &length), -EISDIR);
  ck_assert_int_eq (path_write_file (file, "", 0, 0600, 0), 0);
  ck_assert_int_eq (path_read_file (file, 4, &text, &length), 0);
  ck_assert_str_eq (text, "");
  free (text);
  /* /proc says size 0 and holds something. */
  ck_assert_int_eq (path_read_file ("/proc/self/stat", 65536, &text, &length), 0);
  ck_assert_uint_gt (length, 10);
  free (text);
  ck_assert_int_eq (path_read_file ("/proc/self/stat", 3, &text, &length), -EFBIG);
  ck_assert_int_eq (path_read_file ("/dev/zero", 100, &text, &length), -EINVAL);
  char *nowhere = unit_path (dir, "no/such/f");
  ck_assert_int_eq (path_write_file (nowhere, "x", 1, 0600, 0), -ENOENT);
  ck_assert_int_eq (path_write_file (dir, "x", 1, 0600, 0), -EISDIR);
  char *fifo = unit_path (dir, "fifo");
  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  ck_assert_int_eq (path_write_file (fifo, "x", 1, 0600, 0), -EEXIST);
  ck_assert (!lstat (fifo, &st) && S_ISFIFO (st.st_mode));
  free (fifo);
  free (nowhere);
  free (file);
  free (dir);
}
END_TEST

START_TEST (finds_a_program_of_ours)
{
  char self[4096], path[4096];
  const ssize_t n = readlink ("/proc/self/exe", self, sizeof self - 1);
  ck_assert_int_gt (n, 0);
  self[n] = 0;
  path_own_program (strrchr (self, '/') + 1, "/nowhere", path, sizeof path);
  ck_assert_str_eq (path, self);
  path_own_program ("no-such-program", "/nowhere", path, sizeof path);
  ck_assert_str_eq (path, "/nowhere/no-such-program");
  path_own_program (strrchr (self, '/') + 1, "/x", path, 8); /* no room for where it is */
  ck_assert_uint_lt (strlen (path), 8);
}
END_TEST

START_TEST (finds_programs)
{
  char path[600], *dir = unit_temp_dir (), *file = unit_path (dir, "there"), *plain = unit_path (dir, "plain");
  unit_write (dir, "there", "#!/bin/sh\n");
  unit_write (dir, "plain", "");
  chmod (file, 0700);
  chmod (plain, 0600);
  snprintf (path, sizeof path, "/no/such:%s", dir);
  setenv ("PATH", path, 1);
  ck_assert_int_eq (path_find_program ("there"), 0);
  ck_assert_int_eq (path_find_program (file), 0);
  ck_assert_int_eq (path_find_program ("plain"), -EACCES);
  ck_assert_int_eq (path_find_program (plain), -EACCES);
  ck_assert_int_eq (path_find_program ("not-there"), -ENOENT);
  ck_assert_int_eq (path_find_program ("/no/such"), -ENOENT);
  ck_assert_int_eq (path_find_program (dir), -EACCES);
  setenv ("PATH", "", 1);
  ck_assert_int_eq (path_find_program ("sh"), 0);
  unit_remove_tree (dir);
  free (file);
  free (plain);
  free (dir);
}
END_TEST

START_TEST (knows_files_of_ours)
{
  ck_assert (path_is_ours ("metrics_x.json") && path_is_ours ("schema.json") && path_is_ours ("daemon.log.1"));
  ck_assert (!path_is_ours ("alerts.json") && !path_is_ours ("metrics_x.json.gz") && !path_is_ours (""));
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, expands);
  tcase_add_test (t, home_without_variable);
  tcase_add_test (t, joins);
  tcase_add_test (t, makes_lists_absolute);
  tcase_add_test (t, makes_directories);
  tcase_add_test (t, reads_and_writes);
  tcase_add_test (t, finds_a_program_of_ours);
  tcase_add_test (t, finds_programs);
  tcase_add_test (t, knows_files_of_ours);
}
UNIT_MAIN ("path", tests)
