#include "command.h"

#include "launch.h"
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ASK_MS = 100, NAP_MS = 5, END_MS = 1000, CHUNK = 4096 };

struct run {
  pid_t pid;
  int out;
  struct buf *printed;
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

/* What the pipe has; closes it at its end. */
static void
take (struct run *run)
{
  char chunk[CHUNK];
  ssize_t n = read (run->out, chunk, sizeof chunk);
  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return;
  if (n <= 0)
    close_fd (&run->out);
  else
    buf_add (run->printed, chunk, (size_t) n);
  secret_wipe (chunk, sizeof chunk);
}

static bool
has_ended (pid_t pid)
{
  siginfo_t info = {.si_pid = 0};
  return waitid (P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid;
}

/* Until its output is closed and it has ended. A child of it that holds the output open counts as still running. */
static int
attend (struct run *run, const struct command_limits *limits)
{
  int64_t end = mono_ms () + limits->ns / 1000000;
  while (run->out >= 0 || !has_ended (run->pid)) {
    struct pollfd fds[] = {{.fd = run->out, .events = POLLIN}, {limits->stop_fd, POLLIN, 0}};
    int64_t left = end - mono_ms (), most = run->out < 0 ? NAP_MS : ASK_MS;
    if (left <= 0)
      return -ETIMEDOUT;
    poll (fds, 2, (int) (left < most ? left : most));
    if ((limits->stop_fd >= 0 && fds[1].revents) || (limits->stopped && limits->stopped (limits->data)))
      return -ECANCELED;
    if (fds[0].revents)
      take (run);
    if (run->printed->error)
      return run->printed->error;
  }
  return 0;
}

/* Waits for one that has ended, or was killed. A program of another user (setuid) takes no signal of ours, and nothing that is
 * stuck in the kernel ends at once: then it is left. */
static int
collect (pid_t pid, pid_t *left)
{
  int64_t end = mono_ms () + END_MS;
  int status = 0;
  while (!has_ended (pid) && mono_ms () < end)
    poll (NULL, 0, NAP_MS);
  if (!has_ended (pid))
    *left = pid;
  else
    while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
      ;
  return status;
}

bool
command_forget (pid_t *left)
{
  if (*left && !has_ended (*left))
    return false;
  if (*left)
    waitpid (*left, NULL, WNOHANG);
  *left = 0;
  return true;
}

int
command_run (char *const *argv, const struct command_limits *limits, struct buf *out, pid_t *left, int *ret_status)
{
  int pipes[2] = {-1, -1};
  struct run run = {.printed = out, .out = -1};
  if (!command_forget (left))
    return -EBUSY;
  buf_reserve (out, out->max); /* so that no copy is left behind when it grows */
  int r = out->error;
  if (r == 0 && pipe2 (pipes, O_CLOEXEC) < 0)
    r = -errno;
  if (r == 0)
    r = launch_group (argv[0], argv, NULL, (int[]){pipes[1], -1}, 2, &run.pid);
  close_fd (pipes + 1);
  run.out = pipes[0];
  if (r == 0) {
    r = attend (&run, limits);
    if (r < 0)
      kill (-run.pid, SIGKILL);
    close_fd (&run.out);
    *ret_status = collect (run.pid, left);
  }
  close_fd (&run.out);
  return r;
}
