#include "control.h"

#include "buf.h"
#include "socket-path.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct control_client {
  int fd;
  struct buf in;
  size_t taken; /* of in, already handed out */
};

int
control_connect (const char *data_dir, int timeout_ms, struct control_client **ret)
{
  struct sockaddr_un address;
  int directory;
  int r = socket_address (data_dir, &address, &directory);
  if (r)
    return r;
  struct control_client *c = calloc (1, sizeof *c);
  int fd = c ? socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
  if (fd < 0)
    r = c ? -errno : -ENOMEM;
  struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
  if (!r && timeout_ms >= 0)
    setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout); /* bounds connect too */
  if (!r && connect (fd, (struct sockaddr *) &address, sizeof address))
    r = -errno;
  close (directory);
  if (r) {
    if (fd >= 0)
      close (fd);
    free (c);
    return r;
  }
  c->fd = fd;
  *ret = c;
  return 0;
}

int
control_send (struct control_client *c, const char *line)
{
  struct buf b BUF_CLEANUP = {0};
  buf_adds (&b, line);
  buf_addc (&b, '\n');
  for (size_t sent = 0; sent < b.len;) {
    ssize_t n = send (c->fd, b.data + sent, b.len - sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR)
      return errno == EAGAIN ? -ETIMEDOUT : -errno;
    sent += n > 0 ? (size_t) n : 0;
  }
  return b.error;
}

static int64_t
now_ms (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C (1000) + t.tv_nsec / 1000000;
}

static int
fill (struct control_client *c, int64_t until_ms)
{
  struct pollfd poll_fd = {.fd = c->fd, .events = POLLIN};
  int64_t left = until_ms - now_ms ();
  int n = poll (&poll_fd, 1, until_ms < 0 ? -1 : left > 0 ? (int) left : 0);
  if (n == 0)
    return -ETIMEDOUT;
  if (n < 0)
    return errno == EINTR ? 0 : -errno;
  if (c->taken)
    memmove (c->in.data, c->in.data + c->taken, c->in.len - c->taken);
  c->in.len -= c->taken;
  c->taken = 0;
  char *to = buf_reserve (&c->in, 65536);
  if (!to)
    return c->in.error;
  ssize_t got = recv (c->fd, to, 65536, 0);
  if (got <= 0)
    return got < 0 ? -errno : -EPIPE;
  c->in.len += (size_t) got;
  c->in.data[c->in.len] = 0;
  return 0;
}

int
control_receive (struct control_client *c, int timeout_ms, char **ret)
{
  int64_t until = timeout_ms < 0 ? -1 : now_ms () + timeout_ms;
  for (;;) {
    const char *from = c->in.data ? c->in.data + c->taken : "";
    size_t length = c->in.len - c->taken;
    const char *end = length ? memchr (from, '\n', length) : NULL;
    if (end) {
      char *line = strndup (from, (size_t) (end - from));
      if (!line)
        return -ENOMEM;
      c->taken += (size_t) (end - from) + 1;
      *ret = line;
      return 0;
    }
    int r = fill (c, until);
    if (r)
      return r;
  }
}

void
control_disconnect (struct control_client *c)
{
  if (!c)
    return;
  close (c->fd);
  buf_free (&c->in);
  free (c);
}
