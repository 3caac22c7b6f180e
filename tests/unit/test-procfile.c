#include "unit.h"

#include "procfile.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>

START_TEST (reads_again)
{
  char *dir = unit_temp_dir ();
  struct procfile f;
  unit_write (dir, "a/stat", "one");
  ck_assert_int_eq (procfile_init (&f, dir, "a/stat"), 0);
  ck_assert_int_eq (procfile_read (&f, 100), 0);
  ck_assert_str_eq (f.data, "one");
  ck_assert_uint_eq (f.len, 3);
  /* Another file of the same name, as an editor makes it: what counts is the name. */
  unit_write (dir, "a/new", "three");
  char *from = unit_path (dir, "a/new"), *to = unit_path (dir, "a/stat");
  ck_assert_int_eq (rename (from, to), 0);
  ck_assert_int_eq (procfile_read (&f, 100), 0);
  ck_assert_str_eq (f.data, "three");
  procfile_close (&f);
  free (from);
  free (to);
  free (dir);
}
END_TEST

START_TEST (bounded)
{
  char *dir = unit_temp_dir (), text[10001];
  struct procfile f;
  memset (text, 'x', sizeof text - 1);
  text[sizeof text - 1] = 0;
  unit_write (dir, "big", text);
  ck_assert_int_eq (procfile_init (&f, dir, "big"), 0);
  ck_assert_int_eq (procfile_read (&f, 9999), -EFBIG);
  ck_assert_uint_eq (f.len, 0);
  ck_assert_int_eq (procfile_read (&f, 10000), 0);
  ck_assert_uint_eq (f.len, 10000);
  ck_assert_str_eq (f.data, text);
  procfile_close (&f);
  free (dir);
}
END_TEST

START_TEST (not_there)
{
  char *dir = unit_temp_dir ();
  struct procfile f;
  ck_assert_int_eq (procfile_init (&f, dir, "stat"), 0);
  ck_assert_int_eq (procfile_read (&f, 100), -ENOENT);
  unit_write (dir, "stat", "");
  ck_assert_int_eq (procfile_read (&f, 100), 0);
  ck_assert_uint_eq (f.len, 0);
  ck_assert_str_eq (f.data, "");
  procfile_close (&f);
  procfile_close (&f);
  procfile_close (NULL);
  struct procfile zeroed = {0};
  procfile_close (&zeroed);
  ck_assert_int_eq (fcntl (0, F_GETFD) >= 0 || errno == EBADF, 1);
  free (dir);
}
END_TEST

START_TEST (live_file_keeps_its_descriptor)
{
  struct procfile f;
  ck_assert_int_eq (procfile_init (&f, "/proc", "self/stat"), 0);
  ck_assert_int_eq (procfile_read (&f, 4096), 0);
  int fd = f.fd;
  ck_assert_int_ge (fd, 0);
  ck_assert_int_eq (procfile_read (&f, 4096), 0);
  ck_assert_int_eq (f.fd, fd);
  ck_assert_uint_gt (f.len, 10);
  procfile_close (&f);
  ck_assert_int_lt (fcntl (fd, F_GETFD), 0);
}
END_TEST

/* A file longer than a page, which the kernel hands out in pieces. */
START_TEST (live_file_in_pieces)
{
  struct procfile f;
  size_t length;
  char *witness = unit_read ("/proc", "self/smaps", &length);
  if (!witness || length < 8192)
    return;
  free (witness);
  ck_assert_int_eq (procfile_init (&f, "/proc", "self/smaps"), 0);
  ck_assert_int_eq (procfile_read (&f, 16 << 20), 0);
  ck_assert_uint_gt (f.len, 4096);
  ck_assert (strstr (f.data, "[stack]") != NULL);
  procfile_close (&f);
}
END_TEST

START_TEST (works_with_few_descriptors)
{
  struct rlimit few;
  struct procfile f[8];
  ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &few), 0);
  few.rlim_cur = 8;
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &few), 0);
  for (int round = 0; round < 2; round++)
    for (int i = 0; i < 8; i++) {
      if (round == 0)
        ck_assert_int_eq (procfile_init (&f[i], "/proc", "self/stat"), 0);
      ck_assert_int_eq (procfile_read (&f[i], 4096), 0);
    }
  for (int i = 0; i < 8; i++)
    procfile_close (&f[i]);
}
END_TEST

/* A process's file after the process ended: the descriptor is of no use any more, and the name is gone too. */
START_TEST (gone_process)
{
  struct procfile f;
  char name[64];
  int hold[2];
  ck_assert_int_eq (pipe (hold), 0);
  pid_t pid = fork ();
  if (pid == 0) {
    char c;
    close (hold[1]);
    _exit (read (hold[0], &c, 1) == 0 ? 0 : 1);
  }
  close (hold[0]);
  snprintf (name, sizeof name, "%d/stat", (int) pid);
  ck_assert_int_eq (procfile_init (&f, "/proc", name), 0);
  ck_assert_int_eq (procfile_read (&f, 4096), 0);
  close (hold[1]);
  ck_assert_int_eq (waitpid (pid, NULL, 0), pid);
  ck_assert_int_eq (procfile_read (&f, 4096), -ENOENT);
  ck_assert_int_eq (f.fd, -1);
  procfile_close (&f);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, reads_again);
  tcase_add_test (t, bounded);
  tcase_add_test (t, not_there);
  tcase_add_test (t, live_file_keeps_its_descriptor);
  tcase_add_test (t, live_file_in_pieces);
  tcase_add_test (t, works_with_few_descriptors);
  tcase_add_test (t, gone_process);
}
UNIT_MAIN ("procfile", tests)
