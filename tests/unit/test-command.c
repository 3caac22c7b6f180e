/* Programs that are run to their end, also when they cannot be brought to it. */
#include "unit.h"

#include "command.h"
#include "secret.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static bool deaf; /* no signal reaches it, as with a program of another user */
static int tried;

int __real_kill (pid_t pid, int signal);
int __wrap_kill (pid_t pid, int signal);

int
__wrap_kill (pid_t pid, int signal)
{
  tried += deaf;
  errno = EPERM;
  return deaf ? -1 : __real_kill (pid, signal);
}

struct outcome {
  int r, status;
  double seconds;
  char text[1000];
};

static double
seconds (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static struct outcome
run (const char *script, const struct command_limits *limits, pid_t *left)
{
  const char *const argv[] = {"sh", "-c", script, NULL};
  struct outcome o = {.r = 0};
  struct buf out SECRET_BUF_CLEANUP = {.max = sizeof o.text - 1};
  double begin = seconds ();
  o.r = command_run ((char *const *) (uintptr_t) argv, limits, &out, left, &o.status);
  o.seconds = seconds () - begin;
  if (out.len)
    memcpy (o.text, out.data, out.len);
  return o;
}

static const struct command_limits patient = {.ns = INT64_C (60000000000), .stop_fd = -1};

START_TEST (output_and_status)
{
  pid_t left = 0;
  struct outcome o = run ("cat; [ /proc/self/fd/2 -ef /dev/null ] && echo out; exit 3", &patient, &left);
  ck_assert_int_eq (o.r, 0);
  ck_assert (WIFEXITED (o.status) && WEXITSTATUS (o.status) == 3);
  ck_assert_str_eq (o.text, "out\n");
  o = run ("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", &patient, &left);
  ck_assert_int_eq (o.r, -EFBIG);
  ck_assert_int_eq (left, 0);
}
END_TEST

START_TEST (one_that_takes_too_long_is_killed)
{
  const struct command_limits limits = {.ns = 100000000, .stop_fd = -1};
  pid_t left = 0;
  struct outcome o = run ("exec sleep 1000", &limits, &left);
  ck_assert_int_eq (o.r, -ETIMEDOUT);
  ck_assert_int_eq (left, 0);
  ck_assert_int_eq (waitpid (-1, NULL, WNOHANG), -1);
}
END_TEST

static bool
now (void *data)
{
  (void) data;
  return true;
}

/* The second one is in its limit, but shall stop. */
START_TEST (one_that_cannot_be_killed_is_left)
{
  const struct command_limits limits[] = {{.ns = 100000000, .stop_fd = -1},
                                          {.ns = INT64_C (60000000000), .stop_fd = -1, .stopped = now}};
  pid_t left = 0;
  tried = 0;
  deaf = true;
  struct outcome o = run ("exec sleep 1000", &limits[_i], &left);
  ck_assert_int_eq (o.r, _i ? -ECANCELED : -ETIMEDOUT);
  ck_assert_int_eq (tried, 1);
  ck_assert_int_gt (left, 0);
  ck_assert_msg (o.seconds < 15 * unit_slow (), "%g s", o.seconds);
  pid_t pid = left;
  /* No second one beside it. */
  ck_assert_int_eq (run ("echo more", &patient, &left).r, -EBUSY);
  ck_assert_int_eq (left, pid);
  ck_assert (!command_forget (&left));
  ck_assert_int_eq (__real_kill (pid, SIGKILL), 0);
  while (!command_forget (&left))
    usleep (1000);
  ck_assert_int_eq (left, 0);
  ck_assert_int_eq (waitpid (-1, NULL, WNOHANG), -1);
  deaf = false;
  o = run ("echo more", &patient, &left);
  ck_assert_int_eq (o.r, 0);
  ck_assert_str_eq (o.text, "more\n");
}
END_TEST

static void
tests (TCase *t)
{
  tcase_set_timeout (t, 60 * unit_slow ());
  tcase_add_test (t, output_and_status);
  tcase_add_test (t, one_that_takes_too_long_is_killed);
  tcase_add_loop_test (t, one_that_cannot_be_killed_is_left, 0, 2);
}

UNIT_MAIN ("command", tests)
