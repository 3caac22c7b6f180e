#include "limit.h"
#include "log.h"
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

struct place {
  char *dir;
  char *path;
  struct log *log;
};

static struct place
open_in (unsigned to, enum kk_level level)
{
  struct place p = {.dir = unit_temp_dir ()};
  p.path = unit_path (p.dir, "daemon.log");
  ck_assert_int_eq (log_open (p.path, to, level, &p.log), 0);
  return p;
}

static char *
finish (struct place *p)
{
  log_close (p->log);
  char *text = unit_read (p->dir, "daemon.log", NULL);
  free (p->path);
  free (p->dir);
  return text;
}

static size_t
count (const char *text, const char *part)
{
  size_t n = 0;
  for (const char *at = text; (at = strstr (at, part)); at += strlen (part))
    n++;
  return n;
}

START_TEST (a_line_has_time_level_instance_message)
{
  struct place p = open_in (LOG_TO_FILE, KK_LOG_INFO);
  log_text (p.log, KK_LOG_WARNING, "net", "cannot read");
  log_error (p.log, "number %d", 7);
  log_debug (p.log, "not wanted");
  char *text = finish (&p);
  int year, month, day, hour, minute, second, ms, end = 0;
  ck_assert_int_eq (sscanf (text, "%4d-%2d-%2d %2d:%2d:%2d.%3d warning  net: cannot read%n", &year, &month, &day, &hour, &minute, &second,
                            &ms, &end), 7);
  ck_assert_int_eq (text[end], '\n');
  ck_assert_ptr_nonnull (strstr (text, " error    number 7\n"));
  ck_assert_ptr_null (strstr (text, "not wanted"));
  free (text);
}
END_TEST

START_TEST (control_characters_are_escaped)
{
  struct place p = open_in (LOG_TO_FILE, KK_LOG_INFO);
  log_text (p.log, KK_LOG_INFO, NULL, "a\nb\tc\x1b[31m\x7f \xc2\x9b \xff\xc3 gr\xc3\xbc\xc3\x9f \xe2\x82\xac");
  char *text = finish (&p);
  ck_assert_ptr_nonnull (strstr (text, "a\\nb\\tc\\x1b[31m\\x7f \\xc2\\x9b \\xff\\xc3 gr\xc3\xbc\xc3\x9f \xe2\x82\xac\n"));
  ck_assert_uint_eq (count (text, "\n"), 1);
  free (text);
}
END_TEST

START_TEST (a_long_message_is_one_bounded_line)
{
  struct place p = open_in (LOG_TO_FILE, KK_LOG_INFO);
  char *big = malloc (100001);
  memset (big, 1, 100000);
  big[100000] = 0;
  log_text (p.log, KK_LOG_INFO, "process", big);
  memset (big, 'x', 100000);
  log_at (p.log, KK_LOG_INFO, "process", "%s", big);
  free (big);
  char *text = finish (&p);
  ck_assert_uint_eq (count (text, "\n"), 2);
  ck_assert_uint_le (strlen (text), 2 * 4096);
  ck_assert_ptr_nonnull (strstr (text, "...\n"));
  free (text);
}
END_TEST

START_TEST (reopening_writes_to_a_new_file)
{
  struct place p = open_in (LOG_TO_FILE, KK_LOG_INFO);
  char *old = unit_path (p.dir, "daemon.log.1");
  log_info (p.log, "before");
  ck_assert_int_eq (rename (p.path, old), 0);
  log_info (p.log, "between");
  ck_assert_int_eq (log_reopen (p.log), 0);
  log_info (p.log, "after");
  char *was = unit_read (p.dir, "daemon.log.1", NULL);
  char *text = finish (&p);
  ck_assert_uint_eq (count (was, "before") + count (was, "between"), 2);
  ck_assert_uint_eq (count (text, "\n"), 1);
  ck_assert_ptr_nonnull (strstr (text, "after"));
  free (was);
  free (text);
  free (old);
}
END_TEST

START_TEST (a_failed_reopen_keeps_the_old_file)
{
  struct place p = open_in (LOG_TO_FILE, KK_LOG_INFO);
  char *old = unit_path (p.dir, "kept");
  ck_assert_int_eq (rename (p.path, old), 0);
  ck_assert_int_eq (mkdir (p.path, 0700), 0);
  ck_assert_int_eq (log_reopen (p.log), -EISDIR);
  log_info (p.log, "still here");
  char *was = unit_read (p.dir, "kept", NULL);
  ck_assert_ptr_nonnull (strstr (was, "still here"));
  ck_assert_int_eq (rmdir (p.path), 0);
  free (was);
  free (old);
  free (finish (&p));
}
END_TEST

START_TEST (a_missing_directory_is_an_error)
{
  char *dir = unit_temp_dir (), *path = unit_path (dir, "none/daemon.log");
  struct log *log = (struct log *) dir;
  ck_assert_int_eq (log_open (path, LOG_TO_FILE, KK_LOG_INFO, &log), -ENOENT);
  ck_assert_ptr_eq (log, dir);
  free (path);
  free (dir);
}
END_TEST

START_TEST (a_umask_of_0777_does_not_lock_us_out)
{
  mode_t old = umask (0777);
  struct place p = open_in (LOG_TO_FILE, KK_LOG_INFO);
  umask (old);
  struct stat st;
  ck_assert_int_eq (stat (p.path, &st), 0);
  ck_assert_int_eq (st.st_mode & 0777, 0600);
  free (finish (&p));
}
END_TEST

START_TEST (one_noisy_instance_is_limited_and_counted)
{
  struct place p = open_in (LOG_TO_FILE, KK_LOG_INFO);
  for (int i = 0; i < 1000; i++)
    log_at (p.log, KK_LOG_WARNING, "noisy", "line %d", i);
  log_text (p.log, KK_LOG_WARNING, "quiet", "heard");
  uint64_t left_out = log_suppressed (p.log);
  char *text = finish (&p);
  ck_assert_uint_ge (left_out, 1000 - LIMIT_BURST - 5);
  ck_assert_uint_eq (count (text, "noisy: line"), 1000 - left_out);
  ck_assert_ptr_nonnull (strstr (text, "quiet: heard"));
  ck_assert_uint_eq (count (text, "lines were left out here"), 1);
  free (text);
}
END_TEST

START_TEST (the_limit_fills_up_with_time)
{
  struct limit l = {.n = 0};
  const int64_t second = 1000000000;
  uint64_t missed = 99, n = 0;
  for (int i = 0; i < 300; i++)
    n += limit_take (&l, "a", false, 0, &missed);
  ck_assert_uint_eq (n, LIMIT_BURST);
  ck_assert_ptr_null (limit_settle (&l, second, &missed));
  ck_assert (limit_take (&l, "a", false, 61 * second, &missed));
  ck_assert_uint_eq (missed, 300 - LIMIT_BURST);
  ck_assert_ptr_null (limit_settle (&l, 61 * second, &missed));
  for (int i = 0; i < 50; i++)
    limit_take (&l, "a", false, 61 * second, &missed);
  ck_assert_str_eq (limit_settle (&l, 121 * second, &missed), "a");
  ck_assert_uint_eq (missed, 50 - (LIMIT_PER_MINUTE + LIMIT_PER_MINUTE / 60 - 1));
  ck_assert (limit_take (&l, "a", true, 0, &missed));
  /* A clock that goes backwards gives nothing and takes nothing. */
  ck_assert (limit_take (&l, "a", false, 0, &missed));
  for (int i = 0; i < 500; i++) {
    char name[16];
    snprintf (name, sizeof name, "n%d", i);
    limit_take (&l, name, false, 0, &missed);
  }
  ck_assert_uint_le (l.n, LIMIT_NAMES * 2);
}
END_TEST

START_TEST (a_full_disk_is_survived_and_said)
{
  if (access ("/dev/full", W_OK) < 0)
    return;
  char *dir = unit_temp_dir (), *path = unit_path (dir, "daemon.log");
  struct log *log;
  ck_assert_int_eq (symlink ("/dev/full", path), 0);
  ck_assert_int_eq (log_open (path, LOG_TO_FILE, KK_LOG_INFO, &log), 0);
  log_info (log, "lost");
  log_info (log, "lost too");
  ck_assert_int_eq (unlink (path), 0);
  ck_assert_int_eq (log_reopen (log), 0);
  log_tend (log);
  log_info (log, "kept");
  log_close (log);
  char *text = unit_read (dir, "daemon.log", NULL);
  ck_assert_ptr_nonnull (strstr (text, "2 lines could not be written to this log: No space left on device"));
  ck_assert_ptr_nonnull (strstr (text, "kept"));
  free (text);
  free (path);
  free (dir);
}
END_TEST

/* stderr is one end of a socket or pipe; what `write` logs is read from the other. */
static size_t
capture (const int ends[2], unsigned to, char *text, size_t size, bool close_reader)
{
  struct log *log;
  int saved = dup (STDERR_FILENO);
  ck_assert_int_ge (dup2 (ends[1], STDERR_FILENO), 0);
  ck_assert_int_eq (log_open (NULL, to, KK_LOG_INFO, &log), 0);
  if (close_reader)
    close (ends[0]);
  log_text (log, KK_LOG_WARNING, "net", "one\ntwo");
  log_info (log, "three");
  dup2 (saved, STDERR_FILENO);
  close (saved);
  log_close (log);
  close (ends[1]);
  ssize_t n = close_reader ? 0 : read (ends[0], text, size - 1);
  ck_assert_int_ge (n, 0);
  text[n] = 0;
  return (size_t) n;
}

START_TEST (the_journal_gets_a_priority_and_no_time)
{
  int ends[2];
  char text[4096];
  ck_assert_int_eq (pipe (ends), 0);
  capture (ends, LOG_TO_JOURNAL, text, sizeof text, false);
  close (ends[0]);
  ck_assert_str_eq (text, "<4>net: one\\ntwo\n<6>three\n");
}
END_TEST

START_TEST (a_closed_stderr_does_no_harm)
{
  int ends[2];
  char text[16];
  signal (SIGPIPE, SIG_IGN);
  ck_assert_int_eq (pipe (ends), 0);
  capture (ends, LOG_TO_STDERR, text, sizeof text, true);
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), 0);
  capture (ends, LOG_TO_JOURNAL, text, sizeof text, true);
}
END_TEST

START_TEST (a_reader_that_stopped_reading_holds_nobody_up)
{
  int ends[2];
  ck_assert_int_eq (pipe (ends), 0);
  int saved = dup (STDERR_FILENO);
  fcntl (ends[1], F_SETPIPE_SZ, 4096);
  ck_assert_int_ge (dup2 (ends[1], STDERR_FILENO), 0);
  struct log *log;
  ck_assert_int_eq (log_open (NULL, LOG_TO_STDERR, KK_LOG_INFO, &log), 0);
  for (int i = 0; i < LIMIT_BURST; i++)
    log_at (log, KK_LOG_INFO, "noisy", "%0200d", i);
  dup2 (saved, STDERR_FILENO);
  close (saved);
  log_close (log);
  close (ends[0]);
  close (ends[1]);
}
END_TEST

struct writer {
  struct log *log;
  int number;
};

static void *
write_many (void *arg)
{
  const struct writer *w = arg;
  char name[16];
  snprintf (name, sizeof name, "t%d", w->number);
  for (int i = 0; i < 80; i++)
    log_at (w->log, KK_LOG_INFO, name, "%d %0500d", i, 0);
  return NULL;
}

START_TEST (threads_do_not_mix_their_lines)
{
  struct place p = open_in (LOG_TO_FILE, KK_LOG_INFO);
  struct writer args[4];
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) {
    args[i] = (struct writer){p.log, i};
    ck_assert_int_eq (pthread_create (&threads[i], NULL, write_many, &args[i]), 0);
  }
  for (int i = 0; i < 4; i++)
    pthread_join (threads[i], NULL);
  char *text = finish (&p);
  size_t lines = 0;
  for (char *line = text; *line; line = strchr (line, '\n') + 1, lines++)
    ck_assert_uint_ge (strcspn (line, "\n"), 500 + 35);
  ck_assert_uint_eq (lines, 4 * 80);
  free (text);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, a_line_has_time_level_instance_message);
  tcase_add_test (t, control_characters_are_escaped);
  tcase_add_test (t, a_long_message_is_one_bounded_line);
  tcase_add_test (t, reopening_writes_to_a_new_file);
  tcase_add_test (t, a_failed_reopen_keeps_the_old_file);
  tcase_add_test (t, a_missing_directory_is_an_error);
  tcase_add_test (t, a_umask_of_0777_does_not_lock_us_out);
  tcase_add_test (t, one_noisy_instance_is_limited_and_counted);
  tcase_add_test (t, the_limit_fills_up_with_time);
  tcase_add_test (t, a_full_disk_is_survived_and_said);
  tcase_add_test (t, the_journal_gets_a_priority_and_no_time);
  tcase_add_test (t, a_closed_stderr_does_no_harm);
  tcase_add_test (t, a_reader_that_stopped_reading_holds_nobody_up);
  tcase_add_test (t, threads_do_not_mix_their_lines);
}
UNIT_MAIN ("log", tests)
