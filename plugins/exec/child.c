#include "child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int64_t NS_PER_MS = 1000000;
enum { LOOK_MS = 10, GRACE_MS = 200, CHUNK = 16384 };

int64_t
exec_mono_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

void
exec_child_init (struct exec_child *c, size_t most)
{
  *c = (struct exec_child){.pidfd = -1, .out = {.fd = -1, .most = most}, .err = {.fd = -1, .most = 4096}};
}

/* ---- Starting ---- */

/* PATH, HOME and LANG as the daemon has them, and the interval in seconds: nothing else is the program's business. */
static int
make_environment (char *env[5], int64_t interval_ns)
{
  static const char *const names[] = {"PATH", "HOME", "LANG"};
  int n = 0;
  for (size_t i = 0; i < 3; i++) {
    const char *value = getenv (names[i]);
    if (value && asprintf (env + n, "%s=%s", names[i], value) < 0) {
      env[n] = NULL;
      return -ENOMEM;
    }
    n += value != NULL;
  }
  /* No fraction through printf: the locale may have a comma. */
  int64_t ms = interval_ns / NS_PER_MS;
  int r = ms % 1000 ? asprintf (env + n, "KK_INTERVAL=%lld.%03d", (long long) (ms / 1000), (int) (ms % 1000))
                    : asprintf (env + n, "KK_INTERVAL=%lld", (long long) (ms / 1000));
  if (r < 0)
    env[n] = NULL;
  return r < 0 ? -ENOMEM : 0;
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static int
spawn (pid_t *ret, char *const *argv, char *const *env, int out, int err)
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
    r = posix_spawnp (ret, argv[0], &files, &how, argv, env);
  posix_spawnattr_destroy (&how);
  posix_spawn_file_actions_destroy (&files);
  return -r;
}

static void
begin_pipe (struct exec_pipe *p, int fd)
{
  p->fd = fd;
  p->skipping = false;
  buf_clear (&p->part);
  p->part.max = p->most + CHUNK + 1;
  fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) | O_NONBLOCK);
}

int
exec_child_start (struct exec_child *c, const struct kk_list *command, int64_t interval_ns)
{
  int out[2] = {-1, -1}, err[2] = {-1, -1};
  char *env[5] = {NULL};
  char **argv = calloc (command->count + 1, sizeof *argv);
  int r = argv ? make_environment (env, interval_ns) : -ENOMEM;
  for (uint32_t i = 0; argv && i < command->count; i++)
    argv[i] = (char *) (uintptr_t) command->items[i];
  if (!r && (pipe2 (out, O_CLOEXEC) < 0 || pipe2 (err, O_CLOEXEC) < 0))
    r = -errno;
  if (!r)
    r = spawn (&c->pid, argv, env, out[1], err[1]);
  close_fd (out + 1);
  close_fd (err + 1);
  for (int i = 0; i < 4; i++)
    free (env[i]);
  free (argv);
  if (r) {
    close_fd (out);
    close_fd (err);
    c->pid = 0;
    return r;
  }
  begin_pipe (&c->out, out[0]);
  begin_pipe (&c->err, err[0]);
  c->pidfd = (int) syscall (SYS_pidfd_open, c->pid, 0);
  return 0;
}

/* ---- Reading ---- */

static void
end_pipe (struct exec_pipe *p, exec_line *line, void *data)
{
  close_fd (&p->fd);
  if (p->part.len && !p->skipping)
    line (data, p->part.data, p->part.len);
  buf_clear (&p->part);
  p->skipping = false;
}

/* Gives away the whole lines; `old` bytes were looked through before. */
static void
cut_lines (struct exec_pipe *p, size_t old, exec_line *line, void *data)
{
  char *start = p->part.data, *end = start + p->part.len, *newline, *from = start + old;
  while ((newline = memchr (from, '\n', (size_t) (end - from)))) {
    if (!p->skipping)
      line (data, start, (size_t) (newline - start));
    p->skipping = false;
    start = from = newline + 1;
  }
  p->part.len = (size_t) (end - start);
  memmove (p->part.data, start, p->part.len);
  if (p->part.len <= p->most)
    return;
  p->too_long += !p->skipping;
  p->skipping = true;
  p->part.len = 0;
}

bool
exec_pipe_read (struct exec_pipe *p, size_t bytes, exec_line *line, void *data)
{
  while (p->fd >= 0) {
    size_t want = bytes < CHUNK ? bytes : CHUNK, old = p->part.len;
    char *to = want ? buf_reserve (&p->part, want) : NULL;
    if (want && !to) { /* no memory: this line is lost, the next may be shorter */
      buf_clear (&p->part);
      p->skipping = true;
      return true;
    }
    if (!want)
      return true;
    ssize_t n = read (p->fd, to, want);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN)
      return false;
    if (n <= 0) {
      end_pipe (p, line, data);
      return false;
    }
    p->part.len += (size_t) n;
    p->bytes += (uint64_t) n;
    bytes -= (size_t) n;
    cut_lines (p, old, line, data);
  }
  return false;
}

bool
exec_child_wait (struct exec_child *c, int64_t until_ns)
{
  struct pollfd fds[] = {
    {.fd = c->out.fd, .events = POLLIN}, {.fd = c->err.fd, .events = POLLIN}, {.fd = c->pidfd, .events = POLLIN}};
  int64_t left = until_ns - exec_mono_ns ();
  if (left <= 0)
    return false;
  int64_t ms = (left + NS_PER_MS - 1) / NS_PER_MS;
  if (c->pidfd < 0 && ms > LOOK_MS)
    ms = LOOK_MS; /* nothing wakes us when it ends */
  poll (fds, 3, ms > 60000 ? 60000 : (int) ms);
  return true;
}

/* ---- Ending ---- */

bool
exec_child_ended (const struct exec_child *c)
{
  siginfo_t info = {.si_pid = 0};
  return c->pid && waitid (P_PID, (id_t) c->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid;
}

int
exec_child_end (struct exec_child *c)
{
  int status = 0;
  if (c->pid) {
    /* Before it is waited for: until then nobody else can have its number. */
    kill (-c->pid, SIGKILL);
    kill (c->pid, SIGKILL);
    while (waitpid (c->pid, &status, 0) < 0 && errno == EINTR)
      ;
  }
  c->pid = 0;
  close_fd (&c->pidfd);
  close_fd (&c->out.fd);
  close_fd (&c->err.fd);
  return status;
}

void
exec_child_stop (struct exec_child *c)
{
  int64_t until = exec_mono_ns () + GRACE_MS * NS_PER_MS;
  if (c->pid)
    kill (-c->pid, SIGTERM);
  close_fd (&c->out.fd);
  close_fd (&c->err.fd);
  while (c->pid && !exec_child_ended (c) && exec_child_wait (c, until))
    ;
  exec_child_end (c);
}

void
exec_child_free (struct exec_child *c)
{
  exec_child_stop (c);
  buf_free (&c->out.part);
  buf_free (&c->err.part);
}
