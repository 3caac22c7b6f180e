/* kode-kronical-exec-keeper [OPTION]... -- PROGRAM [ARGUMENT]...: runs a program of the input exec, holds it in, and leaves
 * nothing of it behind.
 *
 * What the program starts, however far away it puts itself, becomes a child of this process when its own parent ends, because
 * this is a subreaper. So it finds all of it and kills it: when the program has ended, when the daemon says so, and when the
 * daemon is gone. Descriptor 3 is the line to the daemon: 'k' means at once; its end means after SIGTERM and a moment; keeper.h
 * has what goes the other way. The exit status is the program's.
 *
 *   -m BYTES  it is held in, with this much memory        -c NUMBER  capabilities that it keeps    -n  it may make sockets
 *   -d PATH   its own directory, which it may write to    -w PATH    another place that it may write to */
#include "keeper.h"

#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 3, GRACE_MS = 200, MOST_KILLING_MS = 2000 };

static int64_t
now_ms (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
say (uint32_t what, uint32_t confined, uint64_t number)
{
  const struct keeper_word word = {.what = what, .confined = confined, .number = number};
  send (LINE, &word, sizeof word, MSG_DONTWAIT | MSG_NOSIGNAL);
}

struct wanted {
  bool held;
  struct sandbox sandbox;
};

/* Where the command begins in argv, or 0. */
static int
read_options (int argc, char **argv, struct wanted *w)
{
  const char **write = calloc ((size_t) argc, sizeof *write);
  struct sandbox *s = &w->sandbox;
  *w = (struct wanted){.sandbox = {.programs = true, .write = write}};
  for (int c; write && (c = getopt (argc, argv, "+c:d:m:nw:")) != -1;) {
    if (c == 'm') {
      w->held = true;
      s->memory_limit = strtoull (optarg, NULL, 10);
    } else if (c == 'c')
      s->capabilities = strtoull (optarg, NULL, 10);
    else if (c == 'n')
      s->network = true;
    else if (c == 'd' || c == 'w') {
      write[s->n_write++] = optarg;
      s->modes |= c == 'w';
    } else
      return 0;
  }
  return write && optind < argc ? optind : 0;
}

_Noreturn static void
run_program (pid_t keeper, const struct wanted *w, char **argv)
{
  sigset_t none;
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  setsid (); /* a terminal of the daemon's is not the program's */
  if (w->held) {
    uint64_t kept;
    uint32_t confined = sandbox_enter (&w->sandbox, &kept);
    say (KEEPER_HELD, confined, kept);
  }
  prctl (PR_SET_PDEATHSIG, SIGKILL); /* should somebody kill this keeper */
  if (getppid () == keeper)
    execvp (argv[0], argv);
  dprintf (STDERR_FILENO, "%s\n", strerror (errno));
  _exit (127);
}

/* Its group, or the program alone when it is so young that it has none. */
static void
kill_group (pid_t program, int number)
{
  if (kill (-program, number) < 0)
    kill (program, number);
}

/* Those that it has now; more may come, as orphans of these. */
static void
kill_children (pid_t program)
{
  char path[64], text[32768];
  snprintf (path, sizeof path, "/proc/self/task/%d/children", (int) getpid ());
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd >= 0 ? read (fd, text, sizeof text - 1) : -1;
  if (fd >= 0)
    close (fd);
  if (n < 0) {
    kill_group (program, SIGKILL); /* a system without that file */
    return;
  }
  text[n] = 0;
  char *last = (size_t) n == sizeof text - 1 ? strrchr (text, ' ') : NULL;
  if (last)
    *last = 0; /* the number behind it may be cut */
  char *end;
  for (char *at = text; *at; at = end) {
    long pid = strtol (at, &end, 10);
    if (end == at)
      break;
    kill ((pid_t) pid, SIGKILL);
  }
}

/* Waits for those that have ended. Whether there are others; *status is the program's when it was among them. */
static bool
reap (pid_t program, bool *ended, int *status)
{
  for (;;) {
    int s;
    struct rusage use;
    pid_t pid = wait4 (-1, &s, WNOHANG, &use);
    if (pid <= 0)
      return pid == 0 || errno == EINTR;
    if (pid == program && !WIFSTOPPED (s)) { /* one that is traced may be stopped */
      *ended = true;
      *status = s;
      say (KEEPER_PEAK, 0, (uint64_t) use.ru_maxrss << 10);
    }
  }
}

/* Until the program has ended, or is to be killed. */
static void
wait_for_end (pid_t program, int signals, bool *ended, int *status)
{
  int64_t until = 0; /* after SIGTERM */
  struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = LINE, .events = POLLIN}};
  for (;;) {
    struct signalfd_siginfo info;
    bool asked = false;
    int64_t left = until ? until - now_ms () : -1;
    if (until && left <= 0)
      return;
    poll (fds, 2, (int) left);
    while (read (signals, &info, sizeof info) == sizeof info)
      asked |= info.ssi_signo != SIGCHLD;
    reap (program, ended, status);
    char what = 0;
    ssize_t n = fds[1].fd >= 0 ? recv (LINE, &what, 1, MSG_DONTWAIT) : -1;
    if (*ended || what == 'k')
      return;
    asked |= n == 0 || (n < 0 && fds[1].fd >= 0 && errno != EAGAIN && errno != EINTR);
    if (n == 0)
      fds[1].fd = -1;
    if (!asked || until)
      continue;
    kill_group (program, SIGTERM);
    until = now_ms () + GRACE_MS;
  }
}

_Noreturn static void
end_as (int status)
{
  if (WIFSIGNALED (status)) {
    sigset_t none;
    sigemptyset (&none);
    setrlimit (RLIMIT_CORE, &(struct rlimit){0, 0});
    sigprocmask (SIG_SETMASK, &none, NULL);
    raise (WTERMSIG (status));
  }
  _exit (WIFEXITED (status) ? WEXITSTATUS (status) : 127);
}

int
main (int argc, char **argv)
{
  sigset_t all, some;
  bool ended = false;
  int status = 0;
  struct wanted wanted;
  int first = fcntl (LINE, F_SETFD, FD_CLOEXEC) < 0 ? 0 : read_options (argc, argv, &wanted);
  if (!first) {
    fprintf (stderr, "kode-kronical-exec-keeper is run by the input exec of kode-kronical-daemon, and of no use to people.\n");
    return 2;
  }
  sandbox_close_from (LINE + 1);
  sigfillset (&all);
  sigprocmask (SIG_BLOCK, &all, NULL);
  sigemptyset (&some);
  for (size_t i = 0; i < 4; i++)
    sigaddset (&some, ((const int[]){SIGCHLD, SIGTERM, SIGINT, SIGHUP})[i]);
  int signals = signalfd (-1, &some, SFD_CLOEXEC | SFD_NONBLOCK);
  pid_t self = getpid (), program = signals < 0 || prctl (PR_SET_CHILD_SUBREAPER, 1) < 0 ? -1 : fork ();
  if (!program)
    run_program (self, &wanted, argv + first);
  if (program < 0) {
    dprintf (STDERR_FILENO, "%s\n", strerror (errno));
    _exit (127);
  }
  /* The output ends when the program's does; and nobody is to take this process for the program. */
  dup2 (STDIN_FILENO, STDOUT_FILENO);
  dup2 (STDIN_FILENO, STDERR_FILENO);
  for (int i = 1; i < argc; i++)
    memset (argv[i], 0, strlen (argv[i]));
  wait_for_end (program, signals, &ended, &status);
  for (int64_t until = now_ms () + MOST_KILLING_MS; now_ms () < until;) {
    kill_children (program);
    if (!reap (program, &ended, &status))
      break;
    nanosleep (&(struct timespec){.tv_nsec = 500000}, NULL);
  }
  end_as (ended ? status : SIGKILL);
}
