#include "cli/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 10 };

bool
systemd_is_there (void)
{
  return access ("/run/systemd/system", F_OK) == 0;
}

/* `output`: the descriptor that becomes its stdout, or -1; `silent`: neither stdout nor stderr goes anywhere. */
static int
run (const char *const *argv, int output, bool silent)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, defaults;
  pid_t pid;
  int status = 0;
  sigemptyset (&none);
  sigemptyset (&defaults);
  sigaddset (&defaults, SIGPIPE);
  if (posix_spawn_file_actions_init (&actions))
    return 127;
  if (posix_spawnattr_init (&attributes)) {
    posix_spawn_file_actions_destroy (&actions);
    return 127;
  }
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask (&attributes, &none);
  posix_spawnattr_setsigdefault (&attributes, &defaults);
  if (output >= 0)
    posix_spawn_file_actions_adddup2 (&actions, output, STDOUT_FILENO);
  else if (silent)
    posix_spawn_file_actions_addopen (&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  if (silent)
    posix_spawn_file_actions_addopen (&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  int r = posix_spawnp (&pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
  posix_spawnattr_destroy (&attributes);
  posix_spawn_file_actions_destroy (&actions);
  if (r)
    return 127;
  while (waitpid (pid, &status, 0) < 0)
    if (errno != EINTR)
      return 127;
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

int
systemd_run (const char *const *argv)
{
  return run (argv, -1, false);
}

int
systemd_control (bool user, bool quiet, const char *verb, const char *more, const char *unit)
{
  const char *argv[MAX_ARGUMENTS];
  size_t n = 0;
  argv[n++] = "systemctl";
  if (user)
    argv[n++] = "--user";
  argv[n++] = "--no-ask-password";
  argv[n++] = verb;
  if (more)
    argv[n++] = more;
  if (unit)
    argv[n++] = unit;
  argv[n] = NULL;
  return run (argv, -1, quiet);
}

char *
systemd_property (bool user, const char *unit, const char *property)
{
  int pipes[2];
  if (!systemd_is_there () || pipe2 (pipes, O_CLOEXEC) < 0)
    return NULL;
  const char *argv[MAX_ARGUMENTS] = {"systemctl"};
  size_t n = 1;
  if (user)
    argv[n++] = "--user";
  argv[n++] = "show";
  argv[n++] = "--value";
  argv[n++] = "-p";
  argv[n++] = property;
  argv[n++] = unit;
  argv[n] = NULL;
  /* The answer is one short line: it fits the pipe, and is read when systemctl has ended. */
  int status = run (argv, pipes[1], true);
  close (pipes[1]);
  char text[1024];
  ssize_t length = read (pipes[0], text, sizeof text - 1);
  close (pipes[0]);
  if (status || length < 0)
    return NULL;
  text[length] = 0;
  text[strcspn (text, "\n")] = 0;
  return strdup (text);
}

bool
systemd_manages (const struct running *r)
{
  if ((r->state != RUNNING_OURS && r->state != RUNNING_PYTHON) || !r->holder.unit)
    return false;
  char *main_pid = systemd_property (r->holder.user_unit, r->holder.unit, "MainPID");
  bool same = main_pid && strtol (main_pid, NULL, 10) == (long)r->id.pid;
  free (main_pid);
  return same;
}
