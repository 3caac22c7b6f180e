#include "cli/command.h"
#include "cli/launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a daemon may take until it is ready, and to end when it was not. */
enum { READY_MS = 60000, END_MS = 5000, REASON_MAX = 4096 };

void
detach_close_inherited (void)
{
  DIR *d = opendir ("/proc/self/fd");
  if (!d)
    return;
  int found[256];
  size_t n = 0;
  for (struct dirent *e; n < 256 && (e = readdir (d));) {
    int fd = atoi (e->d_name);
    if (fd > STDERR_FILENO && fd != dirfd (d))
      found[n++] = fd;
  }
  closedir (d);
  while (n)
    close (found[--n]);
}

/* 0: it ended, *ret_status as of waitpid. */
static int
wait_for_end (pid_t child, int timeout_ms, int *ret_status)
{
  struct process_id id;
  if (process_find (child, &id) == 0 && process_wait (&id, timeout_ms) < 0)
    return -ETIMEDOUT;
  while (waitpid (child, ret_status, 0) < 0)
    if (errno != EINTR)
      return -errno;
  return 0;
}

static void
end_child (pid_t child)
{
  int status;
  kill (child, SIGTERM);
  if (wait_for_end (child, END_MS, &status) == 0)
    return;
  kill (child, SIGKILL);
  wait_for_end (child, END_MS, &status);
}

/* The child's word: 'R' when it is ready, 'E' and the reason when it failed. Its length; 0: it ended without one; -ETIMEDOUT;
 * -EINTR when the user has had enough of waiting. */
static ssize_t
read_word (int from, int signals, char *word, size_t size)
{
  size_t have = 0;
  for (;;) {
    struct pollfd p[2] = {{.fd = from, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    int n = poll (p, signals < 0 ? 1 : 2, READY_MS);
    if (n == 0)
      return -ETIMEDOUT;
    if (n > 0 && p[1].revents)
      return -EINTR;
    if (n < 0 || !p[0].revents)
      continue;
    ssize_t got = read (from, word + have, size - 1 - have);
    if (got > 0)
      have += (size_t)got;
    word[have] = 0;
    if (got <= 0 || word[0] == 'R' || have == size - 1)
      return (ssize_t)have;
  }
}

static int
follow_child (pid_t child, int from)
{
  char word[REASON_MAX];
  sigset_t stops;
  sigemptyset (&stops);
  sigaddset (&stops, SIGINT);
  sigaddset (&stops, SIGTERM);
  int signals = signalfd (-1, &stops, SFD_CLOEXEC); /* they are blocked since main began */
  ssize_t n = read_word (from, signals, word, sizeof word);
  if (signals >= 0)
    close (signals);
  if (n > 0 && word[0] == 'R') {
    printf (PROGRAM ": started (PID %ld)\n", (long)child);
    return EXIT_OK;
  }
  int status = 0;
  if (n < 0) {
    end_child (child);
    fprintf (stderr, PROGRAM ": %s; it was ended\n",
             n == -EINTR ? "interrupted before the daemon was ready" : "the daemon was not ready within a minute");
  } else if (n > 0) {
    wait_for_end (child, END_MS, &status);
    fprintf (stderr, PROGRAM ": cannot start: %s\n", word + 1);
  } else if (wait_for_end (child, END_MS, &status) == 0 && WIFSIGNALED (status)) {
    fprintf (stderr, PROGRAM ": cannot start: the daemon died of signal %d (%s) before it was ready\n", WTERMSIG (status),
             strsignal (WTERMSIG (status)));
  } else {
    fputs (PROGRAM ": cannot start: the daemon ended before it was ready; daemon.log may tell more\n", stderr);
  }
  return EXIT_FAILED;
}

int
detach_fork (struct detach *ret, int *ret_status)
{
  int ends[2];
  if (pipe2 (ends, O_CLOEXEC) < 0)
    return -errno;
  fflush (NULL);
  pid_t child = fork ();
  if (child < 0) {
    int r = -errno;
    close (ends[0]);
    close (ends[1]);
    return r;
  }
  if (child == 0) {
    close (ends[0]);
    setsid ();
    ret->to_parent = ends[1];
    return 0;
  }
  close (ends[1]);
  *ret_status = follow_child (child, ends[0]);
  close (ends[0]);
  return 1;
}

static void
say (struct detach *d, char what, const char *reason)
{
  if (d->to_parent < 0)
    return;
  char word[REASON_MAX];
  int n = snprintf (word, sizeof word, "%c%s", what, reason);
  size_t length = n < 0 ? 0 : (size_t)n < sizeof word ? (size_t)n : sizeof word - 1;
  while (write (d->to_parent, word, length) < 0 && errno == EINTR)
    continue;
  close (d->to_parent);
  d->to_parent = -1;
}

void
detach_ready (struct detach *d)
{
  say (d, 'R', "");
}

void
detach_failed (struct detach *d, const char *reason)
{
  say (d, 'E', reason);
}
