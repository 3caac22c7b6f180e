/* A file of /proc or /sys that is read again and again: its descriptor is kept and it is read by one pread. */
#ifndef PROCFILE_H
#define PROCFILE_H

#include <stddef.h>

struct procfile {
  char *path;
  char *data; /* what was read last, 0-terminated */
  size_t len;
  size_t cap;
  int fd; /* -1: not open */
};

/* Remembers root/name ("/proc", "stat"); opens nothing yet. 0 or -ENOMEM. */
int procfile_init (struct procfile *f, const char *root, const char *name);
/* Reads the whole file into f->data; grows to at most `max` bytes (-EFBIG). A descriptor whose file went away (-ESRCH, -ENODEV) is
 * opened anew once. Without a free descriptor slot it still works: it then opens, reads and closes each time. 0 or -errno. */
int procfile_read (struct procfile *f, size_t max);
void procfile_close (struct procfile *f); /* frees all; NULL and a zeroed struct are fine */
#endif
