#include "readers.h"

#include "name.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

int
readers_init (struct readers *r, int64_t memory_ns)
{
  *r = (struct readers){.fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC), .watch = -1, .memory_ns = memory_ns};
  return r->error = r->fd < 0 ? -errno : 0;
}

/* By descriptor, so that a renamed directory is still the right one. */
static void
watch (struct readers *r, int directory)
{
  char path[40];
  if (r->watch >= 0 || directory < 0)
    return;
  snprintf (path, sizeof path, "/proc/self/fd/%d", directory);
  r->watch = inotify_add_watch (r->fd, path, IN_OPEN);
  r->error = r->watch < 0 ? -errno : 0;
}

/* The list of files, or one of them; the log, the socket and the lock are opened by others. */
static bool
is_reading (const struct inotify_event *e)
{
  if (e->mask & IN_Q_OVERFLOW)
    return true;
  if (!(e->mask & IN_OPEN))
    return false;
  return !e->len || !e->name[0] || !strncmp (e->name, "metrics_", 8);
}

/* Reads all events that wait; whether one was somebody reading. */
static bool
drain (struct readers *r)
{
  char room[4096] __attribute__ ((aligned (__alignof__(struct inotify_event))));
  bool reading = false;
  for (int rounds = 0; rounds < 1024; rounds++) {
    ssize_t n = read (r->fd, room, sizeof room);
    if (n <= 0)
      break;
    for (size_t at = 0; at + sizeof (struct inotify_event) <= (size_t) n;) {
      const struct inotify_event *e = (const void *) (room + at);
      reading |= e->wd == r->watch && is_reading (e);
      reading |= (e->mask & IN_Q_OVERFLOW) != 0;
      if ((e->mask & IN_IGNORED) && e->wd == r->watch)
        r->watch = -1;
      at += sizeof *e + e->len;
    }
  }
  return reading;
}

void
readers_poll (struct readers *r, int directory, int64_t mono_ns)
{
  if (r->fd < 0)
    return;
  if (r->watch >= 0 && drain (r)) {
    r->seen_ns = mono_ns;
    r->times++;
    readers_pause (r);
  }
  /* Once seen, nothing is watched until half of that is forgotten: somebody who opens a thousand files a second costs nothing
   * then. */
  if (r->watch < 0 && (!r->seen_ns || mono_ns - r->seen_ns >= r->memory_ns / 2))
    watch (r, directory);
}

void
readers_pause (struct readers *r)
{
  if (r->fd < 0)
    return;
  if (r->watch >= 0)
    inotify_rm_watch (r->fd, r->watch);
  drain (r);
  r->watch = -1;
}

bool
readers_active (const struct readers *r, int64_t mono_ns)
{
  return r->fd < 0 || r->error || (r->seen_ns && mono_ns - r->seen_ns < r->memory_ns);
}

void
readers_close (struct readers *r)
{
  if (r->fd >= 0)
    close (r->fd);
  r->fd = r->watch = -1;
}
