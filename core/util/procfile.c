#include "procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { FIRST_CAP = 4096 };

/* A kernel file made of many small records is handed out a page at a time. What came short of a page by more than any record is
 * long was all there is, and needs no second call to see the end. */
enum { SURELY_ALL = 4096 - 1024 };

int
procfile_init (struct procfile *f, const char *root, const char *name)
{
  char *path;
  if (asprintf (&path, "%s/%s", root, name) < 0)
    return -ENOMEM;
  *f = (struct procfile){.path = path, .fd = -1};
  return 0;
}

/* Whether the descriptor stays open. Not on ordinary file systems, where the file may be replaced by another of the same name;
 * and not when few descriptors are left to those who cannot do without. */
static bool
may_keep (int fd)
{
  struct statfs fs;
  struct rlimit files;
  if (fstatfs (fd, &fs) < 0)
    return false;
  switch ((unsigned long) fs.f_type) {
  case PROC_SUPER_MAGIC:
  case SYSFS_MAGIC:
  case CGROUP_SUPER_MAGIC:
  case CGROUP2_SUPER_MAGIC:
    break;
  default:
    return false;
  }
  return getrlimit (RLIMIT_NOFILE, &files) < 0 || (rlim_t) fd < files.rlim_cur - files.rlim_cur / 4;
}

static int
grow (struct procfile *f, size_t max)
{
  size_t cap = f->cap ? f->cap * 2 : FIRST_CAP;
  if (cap > max)
    cap = max;
  if (cap <= f->cap)
    return -EFBIG;
  char *data = realloc (f->data, cap + 1);
  if (!data)
    return -ENOMEM;
  f->data = data;
  f->cap = cap;
  return 0;
}

static int
read_all (struct procfile *f, int fd, size_t max)
{
  f->len = 0;
  for (;;) {
    if (f->len >= f->cap) {
      /* A file of exactly `max` bytes fits: only a further byte is too many. */
      char more;
      if (f->len >= max && pread (fd, &more, 1, (off_t) f->len) == 0)
        break;
      int r = grow (f, max);
      if (r < 0)
        return r;
    }
    ssize_t n = pread (fd, f->data + f->len, f->cap - f->len, (off_t) f->len);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -errno;
    f->len += (size_t) n;
    if (n == 0 || (f->len < f->cap && f->len < SURELY_ALL))
      break;
  }
  f->data[f->len] = 0;
  return 0;
}

/* Opens and reads; keeps the descriptor where that is wise. */
static int
open_and_read (struct procfile *f, size_t max)
{
  int fd = open (f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0)
    return -errno;
  int r = read_all (f, fd, max);
  if (r == 0 && may_keep (fd))
    f->fd = fd;
  else
    close (fd);
  return r;
}

int
procfile_read (struct procfile *f, size_t max)
{
  int r;
  if (f->fd < 0)
    r = open_and_read (f, max);
  else {
    r = read_all (f, f->fd, max);
    if (r < 0) {
      close (f->fd);
      f->fd = -1;
      if (r == -ESRCH || r == -ENODEV)
        r = open_and_read (f, max);
    }
  }
  if (r < 0) {
    f->len = 0;
    if (f->data)
      f->data[0] = 0;
  }
  return r;
}

void
procfile_close (struct procfile *f)
{
  if (!f || !f->path)
    return;
  if (f->fd >= 0)
    close (f->fd);
  free (f->path);
  free (f->data);
  *f = (struct procfile){.fd = -1};
}
