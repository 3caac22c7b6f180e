#include "notify.h"

#include "path.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MAX = 1024 };

/* NAME is a number that is this process's PID. */
static bool
names_us (const char *name)
{
  const char *value = getenv (name);
  return value && strtol (value, NULL, 10) == (long)getpid ();
}

/* The unit at the end of a control group's path, "/user.slice/…/x.service", in one of the lines of /proc/self/cgroup. */
static char *
find_unit (const char *lines, bool *ret_user)
{
  for (const char *line = lines; *line;) {
    size_t length = strcspn (line, "\n");
    const char *path = memchr (line, '/', length);
    bool counts = !strncmp (line, "0::", 3) || memmem (line, length, "name=systemd:", 13);
    if (path && counts) {
      size_t rest = length - (size_t)(path - line);
      const char *last = memrchr (path, '/', rest);
      size_t n = rest - (size_t)(last - path) - 1;
      if (n > 8 && !memcmp (last + 1 + n - 8, ".service", 8)) {
        *ret_user = memmem (path, rest, "/user@", 6) != NULL;
        return strndup (last + 1, n);
      }
    }
    line += length + (line[length] == '\n');
  }
  return NULL;
}

char *
notify_unit_of (pid_t pid, bool *ret_user)
{
  char path[64], *lines;
  size_t length;
  snprintf (path, sizeof path, "/proc/%ld/cgroup", (long)pid);
  if (path_read_file (path, 64 << 10, &lines, &length) < 0)
    return NULL;
  char *unit = find_unit (lines, ret_user);
  free (lines);
  return unit;
}

int
notify_open (struct notify *n)
{
  *n = (struct notify){.address = NULL};
  const char *address = getenv ("NOTIFY_SOCKET");
  if (address && (address[0] == '/' || address[0] == '@') && address[1]) {
    n->address = strdup (address);
    if (!n->address)
      return -ENOMEM;
  }
  const char *watchdog = getenv ("WATCHDOG_USEC");
  if (watchdog && (!getenv ("WATCHDOG_PID") || names_us ("WATCHDOG_PID"))) {
    long long us = strtoll (watchdog, NULL, 10);
    n->watchdog_ns = us > 0 && us < INT64_MAX / 1000 ? us * 1000 : 0;
  }
  /* Every process that a service started inherits INVOCATION_ID; only the main one is named by SYSTEMD_EXEC_PID or may notify.
   */
  if (n->address || names_us ("SYSTEMD_EXEC_PID"))
    n->unit = notify_unit_of (getpid (), &n->user_unit);
  unsetenv ("NOTIFY_SOCKET");
  unsetenv ("WATCHDOG_USEC");
  unsetenv ("WATCHDOG_PID");
  return 0;
}

void
notify_close (struct notify *n)
{
  free (n->address);
  free (n->unit);
  *n = (struct notify){.address = NULL};
}

static int
send_text (const char *address, const char *text)
{
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  size_t length = strlen (address);
  if (length >= sizeof to.sun_path)
    return -ENAMETOOLONG;
  memcpy (to.sun_path, address, length);
  if (address[0] == '@') /* an abstract address begins with a 0 and is not ended by one */
    to.sun_path[0] = 0;
  socklen_t size = (socklen_t)(offsetof (struct sockaddr_un, sun_path) + length + (address[0] != '@'));
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -errno;
  struct timeval patience = {.tv_sec = 2};
  setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  ssize_t n = sendto (fd, text, strlen (text), MSG_NOSIGNAL, (const struct sockaddr *)&to, size);
  int r = n < 0 ? -errno : 0;
  close (fd);
  return r;
}

int
notify_send (const struct notify *n, const char *format, ...)
{
  if (!n->address)
    return 0;
  char text[TEXT_MAX];
  va_list args;
  va_start (args, format);
  int length = vsnprintf (text, sizeof text, format, args);
  va_end (args);
  return length < 0 || (size_t)length >= sizeof text ? -EMSGSIZE : send_text (n->address, text);
}

int
notify_reloading (const struct notify *n)
{
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return notify_send (n, "RELOADING=1\nMONOTONIC_USEC=%lld", now.tv_sec * 1000000LL + now.tv_nsec / 1000);
}
