/* What a program that is started has of us, and what it has not. */
#include "unit.h"

#include "launch.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>

/* Runs a script with its descriptors 1, 2 and 3 on pipes and returns what it wrote to them. */
struct outcome {
  char out[3][4096];
  int r, status;
  pid_t pid;
};

static void
run (struct outcome *o, const char *file, const char *const *argv, char *const *env, bool quiet)
{
  int pipes[3][2], fds[3];
  *o = (struct outcome){.r = 0};
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq (pipe2 (pipes[i], O_CLOEXEC), 0);
    fds[i] = pipes[i][1];
  }
  if (quiet)
    fds[1] = -1;
  o->r = launch_group (file, (char *const *) (uintptr_t) argv, env, fds, 3, &o->pid);
  for (int i = 0; i < 3; i++) {
    ssize_t n;
    size_t have = 0;
    close (pipes[i][1]);
    while ((n = read (pipes[i][0], o->out[i] + have, sizeof o->out[i] - 1 - have)) > 0)
      have += (size_t) n;
    close (pipes[i][0]);
  }
  if (!o->r)
    ck_assert_int_eq (waitpid (o->pid, &o->status, 0), o->pid);
}

START_TEST (descriptors)
{
  const char *const argv[] = {"sh", "-c", "cat; echo one; echo two >&2; echo three >&3; ls -l /proc/self/fd/; exit 7", NULL};
  struct outcome o;
  run (&o, "sh", argv, NULL, false);
  ck_assert_int_eq (o.r, 0);
  ck_assert_msg (strncmp (o.out[0], "one\n", 4) == 0, "%s", o.out[0]);
  ck_assert_str_eq (o.out[1], "two\n");
  ck_assert_str_eq (o.out[2], "three\n");
  ck_assert (WIFEXITED (o.status) && WEXITSTATUS (o.status) == 7);
  ck_assert_msg (strstr (o.out[0], " 0 -> /dev/null") != NULL, "%s", o.out[0]);
  run (&o, "sh", argv, NULL, true);
  ck_assert_msg (strstr (o.out[0], " 2 -> /dev/null") != NULL, "%s", o.out[0]);
  ck_assert_str_eq (o.out[1], "");
  ck_assert_str_eq (o.out[2], "three\n");
}
END_TEST

START_TEST (a_group_and_signals_of_its_own)
{
  const char *const argv[] = {"sh", "-c", "grep -E '^Sig(Blk|Ign)' /proc/self/status", NULL};
  struct outcome o;
  sigset_t set, old;
  sigemptyset (&set);
  sigaddset (&set, SIGTERM);
  sigaddset (&set, SIGUSR1);
  ck_assert_int_eq (sigprocmask (SIG_BLOCK, &set, &old), 0);
  signal (SIGPIPE, SIG_IGN);
  run (&o, "sh", argv, NULL, false);
  signal (SIGPIPE, SIG_DFL);
  sigprocmask (SIG_SETMASK, &old, NULL);
  ck_assert_msg (strstr (o.out[0], "SigBlk:\t0000000000000000") != NULL, "%s", o.out[0]);
  const char *ignored = strstr (o.out[0], "SigIgn:");
  ck_assert_ptr_nonnull (ignored);
  /* But 32 and 33, which belong to the C library. */
  ck_assert_msg (!(strtoull (ignored + 7, NULL, 16) & 0x7fffffff), "%s", o.out[0]);
}
END_TEST

START_TEST (is_killed_as_a_group)
{
  const char *const argv[] = {"sh", "-c", "sleep 1000 & echo; wait", NULL};
  int p[2], status;
  char c;
  pid_t pid;
  ck_assert_int_eq (pipe2 (p, O_CLOEXEC), 0);
  ck_assert_int_eq (launch_group ("sh", (char *const *) (uintptr_t) argv, NULL, (int[]){p[1], -1}, 2, &pid), 0);
  close (p[1]);
  ck_assert_int_eq (read (p[0], &c, 1), 1);
  ck_assert_int_eq (getpgid (pid), pid);
  ck_assert_int_eq (kill (-pid, SIGKILL), 0);
  ck_assert_int_eq (read (p[0], &c, 1), 0); /* nobody has it open any more */
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  close (p[0]);
}
END_TEST

START_TEST (environment)
{
  const char *const argv[] = {"/bin/sh", "-c", "echo $ONE-$TWO", NULL};
  char one[] = "ONE=1", *const env[] = {one, NULL};
  struct outcome o;
  setenv ("TWO", "2", 1);
  run (&o, "/bin/sh", argv, env, false);
  ck_assert_str_eq (o.out[0], "1-\n");
  run (&o, "/bin/sh", argv, NULL, false);
  ck_assert_str_eq (o.out[0], "-2\n");
}
END_TEST

/* valgrind starts the program in a process that cannot tell why it does not begin: it ends with 127. */
static int
failure (const struct outcome *o, int wanted)
{
  const char *preload = getenv ("LD_PRELOAD");
  bool watched = preload && strstr (preload, "vgpreload");
  return watched && !o->r && WEXITSTATUS (o->status) == 127 ? wanted : o->r;
}

START_TEST (what_cannot_be_started)
{
  const char *const argv[] = {"x", NULL};
  char *dir = unit_temp_dir (), *path;
  struct outcome o;
  run (&o, "no-such-program-anywhere", argv, NULL, false);
  ck_assert_int_eq (failure (&o, -ENOENT), -ENOENT);
  unit_write (dir, "text", "#!/bin/sh\n");
  path = unit_path (dir, "text");
  run (&o, path, argv, NULL, false);
  ck_assert_int_eq (failure (&o, -EACCES), -EACCES);
  free (path);
  free (dir);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, descriptors);
  tcase_add_test (t, a_group_and_signals_of_its_own);
  tcase_add_test (t, is_killed_as_a_group);
  tcase_add_test (t, environment);
  tcase_add_test (t, what_cannot_be_started);
}

UNIT_MAIN ("launch", tests)
