#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

void
wire_u8 (struct buf *b, uint8_t v)
{
  buf_addc (b, (char) v);
}

void
wire_u32 (struct buf *b, uint32_t v)
{
  buf_add (b, &v, sizeof v);
}

void
wire_u64 (struct buf *b, uint64_t v)
{
  buf_add (b, &v, sizeof v);
}

void
wire_text_n (struct buf *b, const char *text, size_t n)
{
  if (!text || n >= UINT32_MAX) {
    wire_u32 (b, UINT32_MAX);
    return;
  }
  wire_u32 (b, (uint32_t) n);
  buf_add (b, text, n);
  buf_addc (b, 0);
}

void
wire_text (struct buf *b, const char *text)
{
  wire_text_n (b, text, text ? strlen (text) : 0);
}

const void *
wire_take_bytes (struct wire *w, size_t n)
{
  if (w->bad || n > (size_t) (w->end - w->p)) {
    w->bad = true;
    return NULL;
  }
  const void *at = w->p;
  w->p += n;
  return at;
}

uint8_t
wire_take_u8 (struct wire *w)
{
  const void *at = wire_take_bytes (w, 1);
  return at ? *(const uint8_t *) at : 0;
}

uint32_t
wire_take_u32 (struct wire *w)
{
  uint32_t v = 0;
  const void *at = wire_take_bytes (w, sizeof v);
  if (at)
    memcpy (&v, at, sizeof v);
  return v;
}

uint64_t
wire_take_u64 (struct wire *w)
{
  uint64_t v = 0;
  const void *at = wire_take_bytes (w, sizeof v);
  if (at)
    memcpy (&v, at, sizeof v);
  return v;
}

const char *
wire_take_text (struct wire *w, size_t *ret_n)
{
  uint32_t n = wire_take_u32 (w);
  if (w->bad || n == UINT32_MAX)
    return NULL;
  const char *text = wire_take_bytes (w, (size_t) n + 1);
  if (text && text[n]) {
    w->bad = true;
    return NULL;
  }
  if (text && ret_n)
    *ret_n = n;
  return text;
}

int64_t
wire_now (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C (1000000000) + t.tv_nsec;
}

static int
wait_for (int fd, short events, int64_t until_ns)
{
  struct pollfd p = {.fd = fd, .events = events};
  for (;;) {
    int64_t left = until_ns == INT64_MAX ? INT64_MAX : until_ns - wire_now ();
    if (left <= 0)
      return -ETIMEDOUT;
    struct timespec t = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
    int n = ppoll (&p, 1, until_ns == INT64_MAX ? NULL : &t, NULL);
    if (n > 0)
      return 0;
    if (n == 0)
      return -ETIMEDOUT;
    if (errno != EINTR)
      return -errno;
  }
}

static int
send_packet (int fd, const struct wire_head *head, const char *data, size_t n, int64_t until_ns)
{
  struct iovec parts[] = {{(void *) (uintptr_t) head, sizeof *head}, {(void *) (uintptr_t) data, n}};
  const struct msghdr m = {.msg_iov = parts, .msg_iovlen = n ? 2 : 1};
  for (;;) {
    if (sendmsg (fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
      return 0;
    if (errno == EPIPE)
      return -ECONNRESET;
    if (errno == EINTR)
      continue;
    int r = errno == EAGAIN ? wait_for (fd, POLLOUT, until_ns) : -errno;
    if (r)
      return r;
  }
}

int
wire_send (int fd, uint32_t type, uint32_t number, const char *data, size_t n, int64_t until_ns)
{
  struct wire_head head = {.type = type, .number = number};
  int r;
  do {
    size_t part = n > WIRE_PACKET ? WIRE_PACKET : n;
    head.more = n > part;
    r = send_packet (fd, &head, data, part, until_ns);
    n -= part;
    data = n ? data + part : data;
  } while (!r && n);
  return r;
}

int
wire_receive (int fd, struct wire_head *ret, struct buf *b, int64_t until_ns)
{
  char *room = buf_reserve (b, WIRE_PACKET);
  if (!room)
    return b->error;
  struct wire_head head;
  struct iovec parts[] = {{&head, sizeof head}, {room, WIRE_PACKET}};
  struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};
  ssize_t n;
  while ((n = recvmsg (fd, &m, (until_ns == INT64_MAX ? 0 : MSG_DONTWAIT) | MSG_CMSG_CLOEXEC)) < 0) {
    int r = errno == EAGAIN ? wait_for (fd, POLLIN, until_ns) : errno == EINTR ? 0 : -errno;
    if (r)
      return r;
  }
  if (n == 0)
    return -ECONNRESET;
  if ((size_t) n < sizeof head || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
    return -EBADMSG;
  b->len += (size_t) n - sizeof head;
  *ret = head;
  return 0;
}
