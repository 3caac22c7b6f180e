#include "pid.h"

#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STAT_MAX = 4096, COMMAND_LINE_MAX = 64 << 10, FIELD_STATE = 3, FIELD_START = 22 };

/* /proc/PID/stat: a command name may hold blanks and parentheses, so the fields count from the last ')'. */
static int
parse_stat (const char *text, char *ret_state, uint64_t *ret_start)
{
  const char *p = strrchr (text, ')');
  if (!p || p[1] != ' ' || !p[2])
    return -EINVAL;
  p += 2;
  char state = *p;
  for (int field = FIELD_STATE; field < FIELD_START; field++) {
    p = strchr (p, ' ');
    if (!p)
      return -EINVAL;
    p++;
  }
  char *end;
  uint64_t start = strtoull (p, &end, 10);
  if (end == p)
    return -EINVAL;
  *ret_state = state;
  *ret_start = start;
  return 0;
}

int
process_find (pid_t pid, struct process_id *ret)
{
  if (pid <= 0)
    return -ESRCH;
  char path[64], *text, state;
  size_t length;
  uint64_t start;
  snprintf (path, sizeof path, "/proc/%ld/stat", (long)pid);
  int r = path_read_file (path, STAT_MAX, &text, &length);
  if (r < 0)
    return r == -ENOENT || r == -ESRCH ? -ESRCH : r;
  r = parse_stat (text, &state, &start);
  free (text);
  if (r < 0)
    return r;
  if (state == 'Z' || state == 'X' || state == 'x')
    return -ESRCH;
  *ret = (struct process_id){pid, start};
  return 0;
}

bool
process_lives (const struct process_id *p)
{
  struct process_id now;
  return process_find (p->pid, &now) == 0 && now.start == p->start;
}

static int
open_pidfd (pid_t pid)
{
#ifdef SYS_pidfd_open
  int fd = (int)syscall (SYS_pidfd_open, pid, 0);
  return fd < 0 ? -errno : fd;
#else
  (void)pid;
  return -ENOSYS;
#endif
}

static int
signal_pidfd (int fd, int signal)
{
#ifdef SYS_pidfd_send_signal
  return syscall (SYS_pidfd_send_signal, fd, signal, NULL, 0) < 0 ? -errno : 0;
#else
  (void)fd, (void)signal;
  return -ENOSYS;
#endif
}

int
process_signal (const struct process_id *p, int signal)
{
  /* First hold the process, then look whether it is the one that is meant: between the two nobody can take its PID. */
  int fd = open_pidfd (p->pid);
  int r = 0;
  if (!process_lives (p))
    r = -ESRCH;
  else if (fd < 0 || (r = signal_pidfd (fd, signal)) == -ENOSYS)
    r = kill (p->pid, signal) < 0 ? -errno : 0;
  if (fd >= 0)
    close (fd);
  return r;
}

static int64_t
now_ms (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C (1000) + t.tv_nsec / 1000000;
}

int
process_wait (const struct process_id *p, int timeout_ms)
{
  int64_t end = now_ms () + timeout_ms;
  int fd = open_pidfd (p->pid);
  bool gone;
  while (!(gone = !process_lives (p)) && now_ms () < end) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int64_t left = end - now_ms ();
    poll (&wait, fd >= 0 ? 1 : 0, (int)(left > 50 && fd < 0 ? 50 : left > 0 ? left : 0));
  }
  if (fd >= 0)
    close (fd);
  return gone ? 0 : -ETIMEDOUT;
}

bool
process_is_alike (pid_t pid)
{
  char path[64];
  struct stat ours, its;
  snprintf (path, sizeof path, "/proc/%ld/exe", (long)pid);
  return !stat ("/proc/self/exe", &ours) && !stat (path, &its) && ours.st_dev == its.st_dev && ours.st_ino == its.st_ino;
}

int
process_command_line (pid_t pid, char **ret, size_t *ret_length)
{
  char path[64];
  snprintf (path, sizeof path, "/proc/%ld/cmdline", (long)pid);
  char *text = malloc (COMMAND_LINE_MAX + 1);
  if (!text)
    return -ENOMEM;
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : 0;
  size_t length = 0;
  while (fd >= 0 && length < COMMAND_LINE_MAX && (n = read (fd, text + length, COMMAND_LINE_MAX - length)) > 0)
    length += (size_t)n;
  int r = n < 0 ? -errno : 0;
  if (fd >= 0)
    close (fd);
  if (r < 0) {
    free (text);
    return r;
  }
  text[length] = 0;
  *ret = text;
  *ret_length = length;
  return 0;
}

int
pidfile_write (const char *path, pid_t pid)
{
  char text[32];
  int n = snprintf (text, sizeof text, "%ld\n", (long)pid);
  return path_write_file (path, text, (size_t)n, 0600, 0);
}

int
pidfile_read (const char *path, pid_t *ret)
{
  char *text;
  size_t length;
  int r = path_read_file (path, 256, &text, &length);
  if (r < 0)
    return r;
  char *end;
  errno = 0;
  long pid = strtol (text, &end, 10);
  bool good = end != text && !errno && pid > 0 && (long)(pid_t)pid == pid && (*end == 0 || strchr (" \t\r\n", *end));
  free (text);
  if (!good)
    return -EINVAL;
  *ret = (pid_t)pid;
  return 0;
}

void
pidfile_remove (const char *path, pid_t pid)
{
  pid_t named;
  if (pidfile_read (path, &named) == 0 && named == pid)
    unlink (path);
}
