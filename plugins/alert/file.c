#include "file.h"

#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME = 300, ASIDE = 4 };

int
alert_file_directory (const char *path, bool make, int *ret)
{
  int r = make ? path_mkdirs (path, 0700) : 0;
  if (r)
    return r;
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  *ret = fd;
  return 0;
}

/* Root makes files for the owner of the directory, and gives away none that has another name somewhere. */
static int
give (int directory, int fd)
{
  struct stat st;
  if (geteuid () != 0)
    return 0;
  if (fstat (fd, &st) < 0)
    return -errno;
  if (st.st_uid != 0 || st.st_nlink != 1)
    return 0;
  return fstat (directory, &st) < 0 || fchown (fd, st.st_uid, st.st_gid) < 0 ? -errno : 0;
}

int
alert_file_lock (int directory, const char *name, bool wait, int *ret)
{
  struct stat st;
  int fd = openat (directory, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
  if (fd < 0)
    return -errno;
  int r = give (directory, fd), got;
  if (!r) {
    do
      got = flock (fd, LOCK_EX | (wait ? 0 : LOCK_NB));
    while (got < 0 && errno == EINTR);
    r = got < 0 ? -errno : 0;
  }
  /* Somebody may have removed it between the open and the lock. */
  if (!r && fstat (fd, &st) == 0 && !st.st_nlink)
    r = -EWOULDBLOCK;
  if (r) {
    close (fd);
    return r;
  }
  *ret = fd;
  return 0;
}

static int
read_all (int fd, char *to, size_t size, size_t *ret)
{
  size_t have = 0;
  while (have < size) {
    ssize_t n = pread (fd, to + have, size - have, (off_t) have);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -errno;
    if (!n)
      break;
    have += (size_t) n;
  }
  *ret = have;
  return 0;
}

int
alert_file_read (int directory, const char *name, size_t most, char **ret, size_t *ret_length)
{
  struct stat st;
  char *data = NULL;
  int fd = openat (directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return -errno;
  int r = fstat (fd, &st) < 0 ? -errno : !S_ISREG (st.st_mode) ? -ELOOP : 0;
  if (!r && (uint64_t) st.st_size > most)
    r = -EFBIG;
  if (!r) {
    data = malloc ((size_t) st.st_size + 1);
    r = data ? read_all (fd, data, (size_t) st.st_size, ret_length) : -ENOMEM;
  }
  close (fd);
  if (r) {
    free (data);
    return r;
  }
  data[*ret_length] = 0;
  *ret = data;
  return 0;
}

const char *
alert_file_error (int r)
{
  return r == -ELOOP ? "it is no plain file: move it away" : strerror (-r);
}

static int
write_all (int fd, const char *data, size_t length)
{
  while (length) {
    ssize_t n = write (fd, data, length);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n ? -errno : -ENOSPC;
    data += n;
    length -= (size_t) n;
  }
  return 0;
}

int
alert_file_replace (int directory, const char *name, const char *data, size_t length, int *ret_fd)
{
  char temporary[NAME];
  snprintf (temporary, sizeof temporary, "%s.new", name);
  if (unlinkat (directory, temporary, 0) < 0 && errno != ENOENT)
    return -errno;
  int fd = openat (directory, temporary, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return -errno;
  int r = give (directory, fd);
  if (!r)
    r = write_all (fd, data, length);
  if (!r && fsync (fd) < 0)
    r = -errno;
  if (!r && renameat (directory, temporary, directory, name) < 0)
    r = -errno;
  if (r)
    unlinkat (directory, temporary, 0);
  else
    fsync (directory); /* where that fails a power cut leaves the old one */
  if (r || !ret_fd)
    close (fd);
  else
    *ret_fd = fd;
  return r;
}

int
alert_file_set_aside (int directory, const char *name)
{
  char to[NAME];
  for (int i = 0; i < ASIDE; i++) {
    snprintf (to, sizeof to, i ? "%s.damaged.%d" : "%s.damaged", name, i);
    unlinkat (directory, to, 0);
    /* A link leaves it where it is until a new one replaces it; what cannot be linked is moved. */
    if (linkat (directory, name, directory, to, 0) == 0 || renameat (directory, name, directory, to) == 0)
      return 0;
  }
  return -errno;
}
