#include "launch.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static int
add_files (posix_spawn_file_actions_t *files, const int *fds, size_t n)
{
  int r = posix_spawn_file_actions_addopen (files, 0, "/dev/null", O_RDWR, 0);
  for (size_t i = 0; i < n && !r; i++)
    r = posix_spawn_file_actions_adddup2 (files, fds[i] < 0 ? 0 : fds[i], (int) i + 1);
  return r;
}

static int
add_attributes (posix_spawnattr_t *how)
{
  sigset_t none, all;
  sigemptyset (&none);
  sigfillset (&all);
  int r = posix_spawnattr_setpgroup (how, 0);
  if (!r)
    r = posix_spawnattr_setsigmask (how, &none);
  if (!r)
    r = posix_spawnattr_setsigdefault (how, &all);
  if (!r)
    r = posix_spawnattr_setflags (how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  return r;
}

int
launch_group (const char *file, char *const *argv, char *const *env, const int *fds, size_t n, pid_t *ret)
{
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  int r = posix_spawn_file_actions_init (&files);
  if (r)
    return -r;
  r = posix_spawnattr_init (&how);
  if (r) {
    posix_spawn_file_actions_destroy (&files);
    return -r;
  }
  r = add_files (&files, fds, n);
  if (!r)
    r = add_attributes (&how);
  if (!r)
    r = posix_spawnp (ret, file, &files, &how, argv, env ? env : environ);
  posix_spawnattr_destroy (&how);
  posix_spawn_file_actions_destroy (&files);
  return -r;
}

void
launch_kill (pid_t pid)
{
  kill (-pid, SIGKILL);
  kill (pid, SIGKILL); /* before it made the group its own */
}

bool
launch_take_end (pid_t pid, int *ret_status)
{
  return waitpid (pid, ret_status, WNOHANG) == pid;
}
