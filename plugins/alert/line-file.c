#include "line-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Opened each time: whoever rotates it moves it away. A pipe that nobody reads must not hold anything up, and as root nobody
 * else's link leads anywhere. */
static int
open_file (const char *path)
{
  struct stat st;
  int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (geteuid () ? 0 : O_NOFOLLOW), 0640);
  if (fd < 0)
    return -errno;
  if (!fstat (fd, &st) && (S_ISREG (st.st_mode) || S_ISFIFO (st.st_mode)))
    return fd;
  close (fd);
  return -ENOTSUP;
}

/* One line in one write, so that several writers do not mix theirs. */
static int
append (struct line_file *f, const char *line)
{
  int fd = open_file (f->path);
  if (fd < 0)
    return fd;
  struct iovec parts[] = {
    {(void *) (uintptr_t) "\n", f->torn}, {(void *) (uintptr_t) line, strlen (line)}, {(void *) (uintptr_t) "\n", 1}};
  ssize_t wrote = writev (fd, parts, 3);
  int r = wrote < 0 ? -errno : (size_t) wrote == parts[0].iov_len + parts[1].iov_len + 1 ? 0 : -ENOSPC;
  f->torn = r && (wrote > 0 || f->torn);
  close (fd);
  return r;
}

void
line_file_write (struct line_file *f, const char *line)
{
  int r = append (f, line);
  if (r && r != f->error)
    kk_error (f->self, "%s cannot be written, and messages are missing in it: %s", f->path, strerror (-r));
  else if (!r && f->error)
    kk_info (f->self, "%s is written again", f->path);
  f->error = r;
}
