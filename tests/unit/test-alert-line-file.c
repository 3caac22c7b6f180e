/* The file of messages on a disk without room: no half line is left in it. */
#include "alert/line-file.h"
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

static int n_said;

static void
say (struct kk_instance *self, uint32_t level, const char *text)
{
  (void) self, (void) level, (void) text;
  n_said++;
}

static uint32_t
level (const struct kk_instance *instance)
{
  (void) instance;
  return KK_LOG_INFO;
}

static const struct kk_host host = {.size = sizeof host, .api = KK_API, .log = say, .log_level = level};
static struct kk_instance self = {.host = &host};
static char *dir, path[256];

static void
setup (void)
{
  dir = unit_temp_dir ();
  snprintf (path, sizeof path, "%s/told", dir);
  signal (SIGXFSZ, SIG_IGN);
}

static void
teardown (void)
{
  free (dir);
}

static void
room (rlim_t bytes)
{
  struct rlimit limit;
  getrlimit (RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
}

/* Without room for more than that; a test that fails needs some itself. */
static int
write_with (rlim_t bytes, struct line_file *f, const char *line)
{
  room (bytes);
  int r = line_file_write (f, line, 0);
  room (RLIM_INFINITY);
  return r;
}

static void
holds (const char *text)
{
  char have[256];
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  ssize_t n = read (fd, have, sizeof have - 1);
  close (fd);
  ck_assert_int_ge (n, 0);
  have[n] = 0;
  ck_assert_str_eq (have, text);
}

START_TEST (half_a_line_is_taken_back)
{
  struct line_file f = {.self = &self, .path = path};
  ck_assert_int_eq (line_file_write (&f, "one", 0), 0);
  for (int i = 0; i < 3; i++) {
    ck_assert_int_lt (write_with (8, &f, "twotwo"), 0);
    holds ("one\n");
  }
  ck_assert_int_eq (n_said, 1);
  ck_assert_int_eq (line_file_write (&f, "twotwo", 0), 0);
  holds ("one\ntwotwo\n");
}
END_TEST

/* What another process has left is ended before the next line. */
START_TEST (half_a_line_that_stays_is_ended)
{
  struct line_file f = {.self = &self, .path = path, .torn = true};
  ck_assert_int_lt (write_with (2, &f, "one"), 0);
  holds ("");
  ck_assert_int_eq (line_file_write (&f, "one", 0), 0);
  ck_assert_int_eq (line_file_write (&f, "two", 0), 0);
  holds ("\none\ntwo\n");
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_test (t, half_a_line_is_taken_back);
  tcase_add_test (t, half_a_line_that_stays_is_ended);
}
UNIT_MAIN ("alert-line-file", tests)
