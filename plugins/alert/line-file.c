#include "line-file.h"

#include "jitter.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const int64_t FIRST_NS = INT64_C (1000000000), MOST_NS = INT64_C (300000000000);

/* Opened each time: whoever rotates it moves it away. A pipe that nobody reads must not hold anything up, and as root nobody
 * else's link leads anywhere. */
static int
open_file (const char *path, struct stat *st)
{
  int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (geteuid () ? 0 : O_NOFOLLOW), 0640);
  if (fd < 0)
    return -errno;
  if (!fstat (fd, st) && (S_ISREG (st->st_mode) || S_ISFIFO (st->st_mode)))
    return fd;
  close (fd);
  return -ENOTSUP;
}

/* Half a line, as a full disk leaves it, is cut off again, unless somebody else has written behind it. */
static bool
take_back (int fd, const struct stat *before, ssize_t wrote)
{
  struct stat st;
  return S_ISREG (before->st_mode) && !fstat (fd, &st) && st.st_size == before->st_size + wrote
         && !ftruncate (fd, before->st_size);
}

/* One line in one write, so that several writers do not mix theirs. */
static int
append (struct line_file *f, const char *line)
{
  struct stat before;
  int fd = open_file (f->path, &before);
  if (fd < 0)
    return fd;
  struct iovec parts[] = {
    {(void *) (uintptr_t) "\n", f->torn}, {(void *) (uintptr_t) line, strlen (line)}, {(void *) (uintptr_t) "\n", 1}};
  ssize_t wrote = writev (fd, parts, 3);
  int r = wrote < 0 ? -errno : (size_t) wrote == parts[0].iov_len + parts[1].iov_len + 1 ? 0 : -ENOSPC;
  if (!r)
    f->torn = false;
  else if (wrote > 0 && !take_back (fd, &before, wrote))
    f->torn = true;
  close (fd);
  return r;
}

int
line_file_write (struct line_file *f, const char *line, int64_t mono_ns)
{
  int r = append (f, line);
  if (r && r != f->error)
    kk_error (f->self, "%s cannot be written: %s; messages wait on disk, and it is tried again", f->path, strerror (-r));
  else if (!r && f->error)
    kk_info (f->self, "%s is written again", f->path);
  f->error = r;
  f->again_ns = r ? mono_ns + jitter_back_off (FIRST_NS, f->failures, MOST_NS) : 0;
  f->failures = r ? f->failures + 1 : 0;
  return r;
}
