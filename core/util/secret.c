#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
secret_wipe (void *bytes, size_t n)
{
  if (bytes && n)
    explicit_bzero (bytes, n);
}

void
secret_free (char *text)
{
  if (text)
    secret_wipe (text, strlen (text));
  free (text);
}

int
secret_set (char **text, const char *from)
{
  char *copy = from ? strdup (from) : NULL;
  secret_free (*text);
  *text = copy;
  return from && !copy ? -ENOMEM : 0;
}

void
secret_buf_free (struct buf *b)
{
  if (b)
    secret_wipe (b->data, b->cap);
  buf_free (b);
}

static int
read_whole (int fd, size_t max, struct buf *ret)
{
  struct stat st;
  if (fstat (fd, &st) < 0)
    return -errno;
  if (!S_ISREG (st.st_mode))
    return -EISDIR;
  if ((uint64_t) st.st_size > max)
    return -EFBIG;
  size_t room = (size_t) st.st_size + 1; /* one more: a file that grows is seen */
  char *to = buf_reserve (ret, room);
  if (!to)
    return ret->error;
  size_t have = 0;
  while (have < room) {
    ssize_t n = read (fd, to + have, room - have);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -errno;
    if (n == 0)
      break;
    have += (size_t) n;
  }
  ret->len = have;
  ret->data[have] = 0;
  return have == room ? -EAGAIN : 0;
}

int
secret_read_file (const char *path, size_t max, struct buf *ret)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0)
    return -errno;
  int r = read_whole (fd, max, ret);
  close (fd);
  if (r < 0)
    secret_buf_free (ret);
  return r;
}
