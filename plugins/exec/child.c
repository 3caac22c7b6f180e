#include "child.h"

#include "keeper.h"
#include "launch.h"
#include "path.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int64_t NS_PER_MS = 1000000;
enum { LOOK_MS = 10, KEEPER_MS = 3000, CHUNK = 16384 };
#define KEEPER "kode-kronical-exec-keeper"

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
  *c = (struct exec_child){.pidfd = -1, .line = -1, .out = {.fd = -1, .most = most}, .err = {.fd = -1, .most = 4096}};
}

/* ---- Starting ---- */

static char *
text_of (const char *name, const char *value)
{
  char *text;
  return asprintf (&text, "%s=%s", name, value) < 0 ? NULL : text;
}

enum { N_ENVIRONMENT = 8 };

/* PATH, HOME and LANG as the daemon has them, the interval in seconds, and where the program may write: nothing else is its
 * business. */
static int
make_environment (char *env[N_ENVIRONMENT], const struct exec_start *s)
{
  char interval[32]; /* no fraction through printf: the locale may have a comma */
  int64_t ms = s->interval_ns / NS_PER_MS;
  snprintf (interval, sizeof interval, ms % 1000 ? "%lld.%03d" : "%lld", (long long) (ms / 1000), (int) (ms % 1000));
  const struct {
    const char *name, *value;
  } all[] = {{"PATH", getenv ("PATH")}, {"HOME", getenv ("HOME")},    {"LANG", getenv ("LANG")},
             {"KK_INTERVAL", interval}, {"KK_DATA_DIR", s->data_dir}, {"TMPDIR", s->data_dir}};
  int n = 0;
  for (size_t i = 0; i < KK_COUNT (all); i++)
    if (all[i].value && !(env[n++] = text_of (all[i].name, all[i].value)))
      return -ENOMEM;
  return s->more && !(env[n] = strdup (s->more)) ? -ENOMEM : 0;
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
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

/* The keeper gets the program's output, its errors and the line as descriptors 1, 2 and 3. argv[0] is the keeper's. */
static int
start_keeper (struct exec_child *c, char **argv, char *const *env)
{
  int out[2] = {-1, -1}, err[2] = {-1, -1}, line[2] = {-1, -1};
  char keeper[4096];
  int r = 0;
  if (pipe2 (out, O_CLOEXEC) < 0 || pipe2 (err, O_CLOEXEC) < 0 || socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line) < 0)
    r = -errno;
  path_own_program (KEEPER, LIBEXEC_DIR, keeper, sizeof keeper);
  if (!r)
    r = launch_group (keeper, argv, env, (int[]){out[1], err[1], line[1]}, 3, &c->pid);
  close_fd (out + 1);
  close_fd (err + 1);
  close_fd (line + 1);
  if (r) {
    close_fd (out);
    close_fd (err);
    close_fd (line);
    c->pid = 0;
    return r == -ENOENT ? -ENOEXEC : r; /* it is not the program that is missing */
  }
  begin_pipe (&c->out, out[0]);
  begin_pipe (&c->err, err[0]);
  c->line = line[0];
  c->pidfd = (int) syscall (SYS_pidfd_open, c->pid, 0);
  return 0;
}

int
exec_child_start (struct exec_child *c, const struct exec_start *s)
{
  char *env[N_ENVIRONMENT] = {NULL};
  int r = path_find_program (s->command->items[0]);
  char **argv = r ? NULL : exec_limits_arguments (s->limits, s->data_dir, s->command);
  if (!r)
    r = argv ? make_environment (env, s) : -ENOMEM;
  c->held = !exec_limits_hold (s->limits);
  c->confined = 0;
  c->kept = c->peak = 0;
  if (!r)
    r = start_keeper (c, argv, env);
  for (int i = 0; i < N_ENVIRONMENT; i++)
    free (env[i]);
  exec_limits_free (argv);
  return r;
}

/* ---- Listening to the keeper ---- */

static void
hear (struct exec_child *c)
{
  struct keeper_word word;
  while (c->line >= 0 && recv (c->line, &word, sizeof word, MSG_DONTWAIT) == sizeof word) {
    if (word.what == KEEPER_PEAK)
      c->peak = word.number;
    if (word.what != KEEPER_HELD)
      continue;
    c->held = true;
    c->confined = word.confined;
    c->kept = word.number;
  }
}

bool
exec_child_held (struct exec_child *c)
{
  if (!c->held)
    hear (c);
  return c->held;
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

/* The keeper ends when nothing of the program is left, or nothing that can be killed at all. */
static int
end_keeper (struct exec_child *c)
{
  int status = 0;
  int64_t until = exec_mono_ns () + KEEPER_MS * NS_PER_MS;
  if (c->line >= 0)
    shutdown (c->line, SHUT_WR);
  close_fd (&c->out.fd);
  close_fd (&c->err.fd);
  while (c->pid && !exec_child_ended (c) && exec_child_wait (c, until))
    ;
  if (c->pid) {
    kill (c->pid, SIGKILL); /* until it is waited for nobody else can have its number */
    while (waitpid (c->pid, &status, 0) < 0 && errno == EINTR)
      ;
  }
  hear (c);
  c->pid = 0;
  close_fd (&c->line);
  close_fd (&c->pidfd);
  return status;
}

int
exec_child_end (struct exec_child *c)
{
  if (c->line >= 0)
    send (c->line, "k", 1, MSG_NOSIGNAL);
  return end_keeper (c);
}

void
exec_child_stop (struct exec_child *c)
{
  end_keeper (c); /* at the end of the line it asks by SIGTERM first */
}

void
exec_child_free (struct exec_child *c)
{
  exec_child_stop (c);
  buf_free (&c->out.part);
  buf_free (&c->err.part);
}
