#include "command.h"

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ASK_MS = 100, CHUNK = 4096 };

struct run {
  pid_t pid;
  int out, err;
  struct buf *printed;
  char line[200]; /* of stderr, as far as it has come */
  size_t length;
  char *complaint;
};

static int64_t
mono_ms (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static int
spawn (struct run *run, char *const *argv, int out, int err)
{
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  sigset_t none, all;
  sigemptyset (&none);
  sigfillset (&all);
  int r = posix_spawn_file_actions_init (&files);
  if (r)
    return -r;
  r = posix_spawnattr_init (&how);
  if (r) {
    posix_spawn_file_actions_destroy (&files);
    return -r;
  }
  r = posix_spawn_file_actions_addopen (&files, 0, "/dev/null", O_RDONLY, 0);
  if (!r)
    r = posix_spawn_file_actions_adddup2 (&files, out, 1);
  if (!r)
    r = posix_spawn_file_actions_adddup2 (&files, err, 2);
  posix_spawnattr_setpgroup (&how, 0);
  posix_spawnattr_setsigmask (&how, &none);
  posix_spawnattr_setsigdefault (&how, &all);
  posix_spawnattr_setflags (&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  if (!r)
    r = posix_spawnp (&run->pid, argv[0], &files, &how, argv, environ);
  posix_spawnattr_destroy (&how);
  posix_spawn_file_actions_destroy (&files);
  return -r;
}

static void
end_line (struct run *run)
{
  while (run->length && run->line[run->length - 1] == ' ')
    run->length--;
  if (run->length)
    snprintf (run->complaint, 200, "%.*s", (int) run->length, run->line);
  run->length = 0;
}

static void
take_complaint (struct run *run, const char *text, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (text[i] == '\n' || text[i] == '\r')
      end_line (run);
    else if (run->length < sizeof run->line - 1)
      run->line[run->length++] = (char) (text[i] >= ' ' && text[i] < 127 ? text[i] : ' ');
}

/* What a pipe has; closes it at its end. */
static void
take (struct run *run, int *fd)
{
  char chunk[CHUNK];
  ssize_t n = read (*fd, chunk, sizeof chunk);
  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return;
  if (n <= 0)
    close_fd (fd);
  else if (fd == &run->out)
    buf_add (run->printed, chunk, (size_t) n);
  else
    take_complaint (run, chunk, (size_t) n);
  secret_wipe (chunk, sizeof chunk);
}

static bool
has_ended (const struct run *run)
{
  siginfo_t info = {.si_pid = 0};
  return waitid (P_PID, (id_t) run->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid;
}

/* Until both pipes are closed and it has ended. A child of it that holds a pipe open counts as still running. */
static int
attend (struct run *run, const struct command_limits *limits)
{
  int64_t end = mono_ms () + limits->ns / 1000000;
  while (run->out >= 0 || run->err >= 0 || !has_ended (run)) {
    struct pollfd fds[] = {
      {.fd = run->out, .events = POLLIN}, {.fd = run->err, .events = POLLIN}, {limits->stop_fd, POLLIN, 0}};
    int64_t left = end - mono_ms ();
    bool closed = run->out < 0 && run->err < 0;
    if (left <= 0)
      return -ETIMEDOUT;
    int64_t most = closed ? 5 : ASK_MS;
    poll (fds, 3, (int) (left < most ? left : most));
    if ((limits->stop_fd >= 0 && fds[2].revents) || (limits->stopped && limits->stopped (limits->data)))
      return -ECANCELED;
    if (fds[0].revents)
      take (run, &run->out);
    if (fds[1].revents)
      take (run, &run->err);
    if (run->printed->error)
      return run->printed->error;
  }
  return 0;
}

int
command_run (char *const *argv, const struct command_limits *limits, struct buf *out, char complaint[200], int *ret_status)
{
  int o[2] = {-1, -1}, e[2] = {-1, -1}, status = 0;
  struct run run = {.printed = out, .complaint = complaint, .out = -1, .err = -1};
  *complaint = 0;
  buf_reserve (out, out->max); /* so that no copy is left behind when it grows */
  int r = out->error;
  if (r == 0 && (pipe2 (o, O_CLOEXEC) < 0 || pipe2 (e, O_CLOEXEC) < 0))
    r = -errno;
  if (r == 0)
    r = spawn (&run, argv, o[1], e[1]);
  close_fd (o + 1);
  close_fd (e + 1);
  run.out = o[0];
  run.err = e[0];
  if (r == 0) {
    r = attend (&run, limits);
    if (r < 0)
      kill (-run.pid, SIGKILL);
    while (waitpid (run.pid, &status, 0) < 0 && errno == EINTR)
      ;
    end_line (&run);
    *ret_status = status;
  }
  close_fd (&run.out);
  close_fd (&run.err);
  return r;
}
