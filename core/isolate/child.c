#include "child.h"

#include "../trust.h"
#include "program.h"
#include "utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KEEP_BYTES = 256 << 10, MAX_CALL_LINES = 1000 };
#define LEAST_NS INT64_C (20000000)
#define LOOK_NS  INT64_C (5000000000) /* a process that prints nothing is looked at for it no oftener */
#define KILL_NS  INT64_C (200000000)

/* ---- Starting ---- */

/* The ends that the process gets, above those numbers that they are to have there. */
struct ends {
  int message, life, out, desk;
};

static void
close_ends (struct ends *e)
{
  const int fds[] = {e->message, e->life, e->out, e->desk};
  for (size_t i = 0; i < 4; i++)
    if (fds[i] >= 0)
      close (fds[i]);
}

static int
raise_fd (int fd)
{
  int high = fcntl (fd, F_DUPFD_CLOEXEC, 16);
  close (fd);
  return high;
}

static int
make_ends (struct child *c, struct ends *e)
{
  int message[2], life[2], out[2];
  *e = (struct ends){-1, -1, -1, -1};
  int desk, r = desk_new (&c->desk, &desk);
  if (r)
    return r;
  e->desk = raise_fd (desk);
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, message))
    return -errno;
  c->fd = message[0];
  e->message = raise_fd (message[1]);
  if (pipe2 (life, O_CLOEXEC))
    return -errno;
  c->life = life[1];
  e->life = raise_fd (life[0]);
  if (pipe2 (out, O_CLOEXEC | O_NONBLOCK)) /* who prints more than is read loses it, and does not wait */
    return -errno;
  c->out = out[0];
  e->out = raise_fd (out[1]);
  return e->message < 0 || e->life < 0 || e->out < 0 || e->desk < 0 ? -EMFILE : 0;
}

static int
spawn (struct child *c, const struct ends *e)
{
  char program[PROGRAM_PATH], *environment[PROGRAM_ENVIRONMENT + 1];
  char *arguments[] = {program, NULL};
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  sigset_t none, all;
  program_find (program, sizeof program);
  program_environment (environment);
  sigemptyset (&none);
  sigfillset (&all);
  int r = posix_spawn_file_actions_init (&files);
  if (r)
    return -r;
  if ((r = posix_spawnattr_init (&how))) {
    posix_spawn_file_actions_destroy (&files);
    return -r;
  }
  if (!(r = posix_spawn_file_actions_addopen (&files, 0, "/dev/null", O_RDONLY, 0))
      && !(r = posix_spawn_file_actions_adddup2 (&files, e->out, 1))
      && !(r = posix_spawn_file_actions_adddup2 (&files, e->out, 2))
      && !(r = posix_spawn_file_actions_adddup2 (&files, e->message, 3))
      && !(r = posix_spawn_file_actions_adddup2 (&files, e->life, 4))
      && !(r = posix_spawn_file_actions_adddup2 (&files, e->desk, 5)) && !(r = posix_spawnattr_setsigmask (&how, &none))
      && !(r = posix_spawnattr_setsigdefault (&how, &all)))
    r = posix_spawnattr_setflags (&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  if (!r)
    r = posix_spawn (&c->pid, program, &files, &how, arguments, environment);
  posix_spawn_file_actions_destroy (&files);
  posix_spawnattr_destroy (&how);
  return -r;
}

static void
close_fds (struct child *c)
{
  int *const fds[] = {&c->life, &c->fd, &c->out};
  for (size_t i = 0; i < 3; i++) {
    if (*fds[i] >= 0)
      close (*fds[i]);
    *fds[i] = -1;
  }
  desk_free (&c->desk);
}

int
child_start (struct child *c, const char *path, const struct confinement *how,
             void (*line) (void *arg, uint32_t level, const char *text), void *arg)
{
  *c = (struct child){.fd = -1, .life = -1, .out = -1, .line = line, .arg = arg, .in.max = WIRE_MAX + WIRE_PACKET};
  struct ends e;
  char *reason = NULL;
  if (how->guarded && trust_check (path, &reason)) {
    line (arg, KK_LOG_ERROR, reason ? reason : "others can change its file");
    free (reason);
    return -EPERM;
  }
  int r = make_ends (c, &e);
  if (!r)
    r = spawn (c, &e);
  close_ends (&e);
  struct buf BUF_CLEANUP b = {0};
  wire_u32 (&b, WIRE_VERSION);
  wire_u64 (&b, (uint64_t) how->memory_limit);
  wire_u8 (&b, how->network);
  wire_u8 (&b, how->n_write > 0);
  wire_u64 (&b, how->capabilities);
  wire_u32 (&b, how->n_write + (how->data_dir != NULL));
  if (how->data_dir)
    wire_text (&b, how->data_dir);
  for (uint32_t i = 0; i < how->n_write; i++)
    wire_text (&b, how->write[i]);
  wire_text (&b, path);
  if (!r)
    r = child_request (c, WIRE_OPEN, &b, wire_now () + KILL_NS);
  if (r && !c->pid)
    close_fds (c);
  return r;
}

/* ---- Talking ---- */

int
child_send (struct child *c, enum wire_type type, const struct buf *body, int64_t until_ns)
{
  if (body && body->error)
    return body->error;
  desk_announce (&c->desk);
  return wire_send (c->fd, type, c->number, body ? body->data : NULL, body ? body->len : 0, until_ns);
}

int
child_request (struct child *c, enum wire_type type, const struct buf *body, int64_t until_ns)
{
  c->number++;
  c->since_ns = wire_now ();
  c->waiting = true;
  if (c->in.cap > KEEP_BYTES)
    buf_free (&c->in);
  c->in.max = WIRE_MAX + WIRE_PACKET;
  buf_clear (&c->in);
  if (body->error)
    return body->error;
  return desk_ask (&c->desk, type, c->number, body->data, body->len) ? 0 : child_send (c, type, body, until_ns);
}

static void
say (struct child *c, uint32_t level, const char *text, size_t n)
{
  struct buf BUF_CLEANUP clean = {0};
  utf8_clean (&clean, text, n, 1023);
  if (!clean.len || !clean.data)
    return;
  snprintf (c->words, sizeof c->words, "%s", clean.data);
  c->line (c->arg, level, clean.data);
}

/* What it printed is no log of its own but often all there is to go by. */
static void
take_printed (struct child *c)
{
  char text[2048];
  ssize_t n = c->out >= 0 ? read (c->out, text, sizeof text) : 0;
  for (ssize_t from = 0, to = 0; from < n; from = to + 1) {
    for (to = from; to < n && text[to] != '\n';)
      to++;
    say (c, KK_LOG_INFO, text + from, (size_t) (to - from));
  }
  if (n <= 0)
    c->silent_ns = c->since_ns;
}

static int
take_line (struct child *c, size_t at)
{
  struct wire w = {.p = c->in.data + at, .end = c->in.data + c->in.len};
  uint32_t level = wire_take_u32 (&w);
  size_t n = 0;
  const char *text = wire_take_text (&w, &n);
  if (!text || w.p != w.end)
    return -EBADMSG;
  say (c, level <= KK_LOG_ERROR ? KK_LOG_ERROR : level > KK_LOG_DEBUG ? KK_LOG_DEBUG : level, text, n);
  c->in.len = at;
  return 0;
}

/* Takes one packet off the socket. 0: it was the last of the reply; -EAGAIN: there may be more. */
static int
take_packet (struct child *c, int64_t until_ns, uint32_t *lines)
{
  struct wire_head head;
  size_t at = c->in.len;
  int r = wire_receive (c->fd, &head, &c->in, until_ns);
  if (r)
    return r == -EAGAIN ? -EBADMSG : r;
  if (head.type == WIRE_LOG || head.type == WIRE_KNOCK) {
    bool fine = !head.more && ++*lines <= MAX_CALL_LINES && (head.type == WIRE_LOG ? !take_line (c, at) : c->in.len == at);
    return fine ? -EAGAIN : -EBADMSG;
  }
  if (head.type != WIRE_REPLY || head.number != c->number || !c->waiting)
    return -EBADMSG;
  return head.more ? -EAGAIN : 0;
}

/* Takes what is at the socket already. 0: the reply was there too; -EAGAIN: it was not. */
static int
take_logged (struct child *c, uint32_t *lines)
{
  int r;
  do
    r = take_packet (c, 0, lines);
  while (r == -EAGAIN);
  return r == -ETIMEDOUT || r == -ECONNRESET ? -EAGAIN : r;
}

int
child_reply (struct child *c, int64_t until_ns, struct wire *ret, int32_t *ret_result)
{
  uint32_t lines = 0;
  int r = -EAGAIN;
  while (r == -EAGAIN) {
    bool answered = desk_answered (&c->desk, c->number, until_ns);
    bool logged = desk_logged (&c->desk);
    if (logged)
      r = take_logged (c, &lines);
    if (r == -EAGAIN && logged && !answered && wire_now () < until_ns)
      continue; /* the knock of an answer may have been among what was taken */
    if (r == -EAGAIN && answered)
      r = desk_take (&c->desk, &c->in);
    if (r == -EAGAIN)
      r = take_packet (c, until_ns, &lines);
  }
  if (r)
    return r;
  c->waiting = false;
  if (c->since_ns - c->silent_ns >= LOOK_NS)
    take_printed (c);
  struct wire w = {.p = c->in.data, .end = c->in.data + c->in.len};
  int32_t result = (int32_t) wire_take_u32 (&w);
  if (w.bad)
    return -EBADMSG;
  *ret = w;
  *ret_result = result;
  return 0;
}

/* ---- Ending ---- */

/* It stays a zombie, so that its number stays its own. */
static bool
has_ended (const struct child *c, int64_t within_ns)
{
  for (int64_t until = wire_now () + within_ns;;) {
    siginfo_t info = {.si_pid = 0};
    int r = waitid (P_PID, (id_t) c->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    if ((!r && info.si_pid) || (r < 0 && errno == ECHILD))
      return true;
    if (wire_now () >= until)
      return false;
    nanosleep (&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
}

static void
describe_end (int status, int error, int64_t waited_ns, char *why, size_t size)
{
  static const struct {
    int number;
    const char *name;
  } names[] = {{SIGSEGV, "SEGV"}, {SIGABRT, "ABRT"}, {SIGBUS, "BUS"},   {SIGFPE, "FPE"},   {SIGILL, "ILL"},  {SIGKILL, "KILL"},
               {SIGTERM, "TERM"}, {SIGSYS, "SYS"},   {SIGTRAP, "TRAP"}, {SIGINT, "INT"},   {SIGHUP, "HUP"},  {SIGPIPE, "PIPE"},
               {SIGXCPU, "XCPU"}, {SIGUSR1, "USR1"}, {SIGUSR2, "USR2"}, {SIGALRM, "ALRM"}, {SIGQUIT, "QUIT"}};
  if (error == -ETIMEDOUT)
    snprintf (why, size, "it did not answer within %.2g s", (double) waited_ns / 1e9);
  else if (error == -EBADMSG || error == -EFBIG)
    snprintf (why, size, error == -EFBIG ? "its answer was too big" : "its answer made no sense");
  else if (error == -ECANCELED)
    snprintf (why, size, "the plugin would not start");
  else if (WIFEXITED (status))
    snprintf (why, size, "it exited with status %d", WEXITSTATUS (status));
  else {
    const char *name = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
      if (WIFSIGNALED (status) && names[i].number == WTERMSIG (status))
        name = names[i].name;
    snprintf (why, size, name ? "it died of SIG%s (%s)" : "it died of signal %s (%s)", name ? name : "?",
              strsignal (WTERMSIG (status)));
  }
}

/* Gives back all but its number, which is its own as long as it has not been waited for. */
static void
release (struct child *c)
{
  c->waiting = false;
  take_printed (c);
  take_logged (c, &(uint32_t){0});
  close_fds (c);
  buf_free (&c->in);
}

bool
child_end (struct child *c, int error, int64_t grace_ns, char *why, size_t size)
{
  if (!c->pid) {
    snprintf (why, size, "it could not be started: %s", strerror (-error));
    return true;
  }
  if (!c->killed) {
    bool alone = error == -ETIMEDOUT || error == -EBADMSG || error == -EFBIG || error == -ECANCELED; /* nothing to wait for */
    c->killed = true;
    c->waited_ns = c->since_ns ? wire_now () - c->since_ns : 0;
    if (!alone)
      has_ended (c, grace_ns > LEAST_NS ? grace_ns : LEAST_NS);
    kill (-c->pid, SIGKILL); /* and whatever it started: it is in its group */
    has_ended (c, KILL_NS);
    release (c);
  }
  if (!has_ended (c, 0)) {
    snprintf (why, size, "it does not end, although it was killed");
    return false;
  }
  int status = 0;
  while (waitpid (c->pid, &status, 0) < 0 && errno == EINTR)
    continue;
  describe_end (status, error, c->waited_ns, why, size);
  size_t n = strlen (why);
  if (c->words[0] && n < size)
    snprintf (why + n, size - n, "; its last words: %s", c->words);
  c->pid = 0;
  return true;
}

static void *
wait_for (void *pid)
{
  while (waitpid ((pid_t) (intptr_t) pid, NULL, 0) < 0 && errno == EINTR)
    continue;
  return NULL;
}

void
child_leave (struct child *c)
{
  pthread_t thread;
  if (c->pid && !pthread_create (&thread, NULL, wait_for, (void *) (intptr_t) c->pid))
    pthread_detach (thread);
  c->pid = 0;
}
