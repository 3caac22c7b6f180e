/* Whether anybody reads the recorded files: inotify tells who opens them, looked at when there is something to write anyway, so
 * it costs no wake-up. */
#ifndef READERS_H
#define READERS_H

#include <stdbool.h>
#include <stdint.h>

struct readers {
  int fd;    /* -1: none; readers are taken as there */
  int watch; /* -1: not watching */
  int error; /* why nothing can be seen, -errno; readers are taken as there */
  int64_t memory_ns;
  int64_t seen_ns; /* monotonic; 0: never */
  uint64_t times;
};

/* 0, or -errno when the system has no more instances of inotify to give. */
int readers_init (struct readers *r, int64_t memory_ns);
/* Takes note of what happened since. */
void readers_poll (struct readers *r, int directory, int64_t mono_ns);
/* Around own looks at the files. */
void readers_pause (struct readers *r);
bool readers_active (const struct readers *r, int64_t mono_ns);
void readers_close (struct readers *r);
#endif
