#include "lock.h"
#include "pid.h"
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

static pid_t
sleeper (void)
{
  pid_t pid = fork ();
  if (pid == 0) {
    pause ();
    _exit (0);
  }
  ck_assert_int_gt (pid, 0);
  return pid;
}

START_TEST (a_process_is_known_by_its_start)
{
  struct process_id self, child, stranger;
  ck_assert_int_eq (process_find (getpid (), &self), 0);
  ck_assert (process_lives (&self));
  pid_t pid = sleeper ();
  ck_assert_int_eq (process_find (pid, &child), 0);
  stranger = child;
  stranger.start--;
  ck_assert (!process_lives (&stranger));
  ck_assert_int_eq (process_signal (&stranger, SIGKILL), -ESRCH);
  ck_assert_int_eq (process_wait (&stranger, 0), 0);
  ck_assert_int_eq (process_wait (&child, 30), -ETIMEDOUT);
  ck_assert (process_lives (&child));
  ck_assert_int_eq (process_signal (&child, SIGKILL), 0);
  ck_assert_int_eq (process_wait (&child, 5000), 0); /* a zombie is gone */
  ck_assert_int_eq (process_find (pid, &child), -ESRCH);
  ck_assert_int_eq (waitpid (pid, NULL, 0), pid);
  ck_assert_int_eq (process_signal (&child, 0), -ESRCH);
  ck_assert_int_eq (process_find (0, &child), -ESRCH);
  ck_assert_int_eq (process_find (-1, &child), -ESRCH);
}
END_TEST

START_TEST (a_command_line_is_read_whole)
{
  char *line;
  size_t length;
  ck_assert_int_eq (process_command_line (getpid (), &line, &length), 0);
  ck_assert_uint_gt (length, 0);
  ck_assert_int_eq (line[length], 0);
  free (line);
  ck_assert_int_eq (process_command_line (0x7ffffffe, &line, &length), -ENOENT);
}
END_TEST

START_TEST (the_pid_file)
{
  char *dir = unit_temp_dir (), *path = unit_path (dir, "daemon.pid");
  pid_t pid = 77;
  ck_assert_int_eq (pidfile_read (path, &pid), -ENOENT);
  ck_assert_int_eq (pidfile_write (path, 4242), 0);
  ck_assert_int_eq (pidfile_read (path, &pid), 0);
  ck_assert_int_eq (pid, 4242);
  pidfile_remove (path, 4243);
  ck_assert_int_eq (access (path, F_OK), 0);
  pidfile_remove (path, 4242);
  ck_assert_int_eq (access (path, F_OK), -1);
  static const char *const bad[] = {"", "\n", "x", "-1\n", "0", "12x", "99999999999", "99999999999999999999999"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    unit_write (dir, "daemon.pid", bad[i]);
    ck_assert_msg (pidfile_read (path, &pid) == -EINVAL, "'%s' was taken", bad[i]);
  }
  ck_assert_int_eq (pid, 4242);
  unit_write (dir, "daemon.pid", "12");
  ck_assert_int_eq (pidfile_read (path, &pid), 0);
  ck_assert_int_eq (pid, 12);
  free (path);
  free (dir);
}
END_TEST

START_TEST (a_pid_file_is_not_written_through_a_link)
{
  char *dir = unit_temp_dir (), *path = unit_path (dir, "daemon.pid"), *other = unit_path (dir, "other");
  unit_write (dir, "other", "precious");
  ck_assert_int_eq (symlink (other, path), 0);
  ck_assert_int_eq (pidfile_write (path, 1), 0);
  char *text = unit_read (dir, "other", NULL);
  ck_assert_str_eq (text, "precious");
  free (text);
  free (other);
  free (path);
  free (dir);
}
END_TEST

START_TEST (only_one_holds_the_lock)
{
  char *dir = unit_temp_dir ();
  struct lock *lock, *second = NULL;
  char config_file[] = "/a \"b\"\n\xff", unit[] = "x.service";
  struct holder self = {.foreground = true, .config_file = config_file, .unit = unit, .user_unit = true}, seen;
  ck_assert_int_eq (lock_holder (dir, &seen), -ENOENT);
  ck_assert_int_eq (lock_take (dir, &lock), 0);
  ck_assert_int_eq (lock_take (dir, &second), -EWOULDBLOCK);
  ck_assert_ptr_null (second);
  ck_assert_int_eq (lock_holder (dir, &seen), -ESRCH);
  holder_clear (&seen);
  ck_assert_int_eq (process_find (getpid (), &self.id), 0);
  ck_assert_int_eq (lock_describe (lock, &self), 0);
  ck_assert_int_eq (lock_holder (dir, &seen), 0);
  ck_assert_int_eq (seen.id.pid, getpid ());
  ck_assert_uint_eq (seen.id.start, self.id.start);
  ck_assert (seen.foreground && !seen.debug && seen.user_unit);
  ck_assert_str_eq (seen.unit, "x.service");
  ck_assert_ptr_nonnull (strstr (seen.config_file, "/a \"b\"\n"));
  ck_assert_ptr_null (seen.plugin_dir);
  holder_clear (&seen);
  self.unit = NULL;
  self.config_file = NULL;
  ck_assert_int_eq (lock_describe (lock, &self), 0);
  lock_release (lock);
  ck_assert_int_eq (lock_holder (dir, &seen), -ENOENT);
  ck_assert_int_eq (seen.id.pid, getpid ());
  ck_assert_ptr_null (seen.unit);
  holder_clear (&seen);
  ck_assert_int_eq (lock_take (dir, &second), 0);
  lock_release (second);
  lock_release (NULL);
  free (dir);
}
END_TEST

START_TEST (a_removed_lock_is_made_again)
{
  char *dir = unit_temp_dir (), *path = unit_path (dir, "daemon.lock");
  struct lock *lock, *thief;
  struct holder self = {.debug = true}, seen;
  ck_assert_int_eq (process_find (getpid (), &self.id), 0);
  ck_assert_int_eq (lock_take (dir, &lock), 0);
  ck_assert_int_eq (lock_describe (lock, &self), 0);
  ck_assert_int_eq (lock_tend (lock, &self), 0);
  ck_assert_int_eq (unlink (path), 0);
  ck_assert_int_eq (lock_tend (lock, &self), 1);
  ck_assert_int_eq (lock_tend (lock, &self), 0);
  ck_assert_int_eq (lock_holder (dir, &seen), 0);
  holder_clear (&seen);
  ck_assert_int_eq (unlink (path), 0);
  ck_assert_int_eq (lock_take (dir, &thief), 0);
  ck_assert_int_eq (lock_tend (lock, &self), -EBUSY);
  struct holder other = {0};
  ck_assert_int_eq (process_find (getppid (), &other.id), 0);
  ck_assert_int_eq (lock_describe (thief, &other), 0);
  ck_assert_int_eq (lock_tend (lock, &self), -EEXIST);
  lock_release (thief);
  lock_release (lock);
  free (path);
  free (dir);
}
END_TEST

START_TEST (rubbish_in_the_lock_file_names_nobody)
{
  char *dir = unit_temp_dir (), *path = unit_path (dir, "daemon.lock");
  static const char *const bad[] = {"", "1", "[]", "{}", "{\"pid\":1}", "{\"pid\":-5,\"start\":1}", "{\"pid\":\"x\"", "\0\0\0"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    unit_write (dir, "daemon.lock", bad[i]);
    int fd = open (path, O_RDWR | O_CLOEXEC);
    ck_assert_int_eq (flock (fd, LOCK_EX), 0);
    struct holder seen;
    ck_assert_int_eq (lock_holder (dir, &seen), -ESRCH);
    holder_clear (&seen);
    close (fd);
  }
  free (path);
  free (dir);
}
END_TEST

START_TEST (a_umask_of_0777_makes_a_lock_that_can_be_taken_again)
{
  char *dir = unit_temp_dir ();
  struct lock *lock;
  mode_t old = umask (0777);
  ck_assert_int_eq (lock_take (dir, &lock), 0);
  umask (old);
  lock_release (lock);
  ck_assert_int_eq (lock_take (dir, &lock), 0);
  lock_release (lock);
  free (dir);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, a_process_is_known_by_its_start);
  tcase_add_test (t, a_command_line_is_read_whole);
  tcase_add_test (t, the_pid_file);
  tcase_add_test (t, a_pid_file_is_not_written_through_a_link);
  tcase_add_test (t, only_one_holds_the_lock);
  tcase_add_test (t, a_removed_lock_is_made_again);
  tcase_add_test (t, rubbish_in_the_lock_file_names_nobody);
  tcase_add_test (t, a_umask_of_0777_makes_a_lock_that_can_be_taken_again);
}
UNIT_MAIN ("pid", tests)
