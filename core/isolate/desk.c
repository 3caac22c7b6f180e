#include "desk.h"

#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof (struct desk) == DESK_SIZE, "a desk has the size that is mapped");

/* How long the daemon waits here before it goes to the socket. */
#define NEAR_NS INT64_C (10000000)

/* ---- Words ---- */

static uint32_t
get (const uint32_t *word)
{
  return __atomic_load_n (word, __ATOMIC_SEQ_CST);
}

static void
set (uint32_t *word, uint32_t value)
{
  __atomic_store_n (word, value, __ATOMIC_SEQ_CST);
}

static long
futex (uint32_t *word, int what, uint32_t value, const struct timespec *until)
{
#ifdef SYS_futex_time64
  if (sizeof (time_t) > sizeof (long))
    return syscall (SYS_futex_time64, word, what, value, until, NULL, FUTEX_BITSET_MATCH_ANY);
#endif
  return syscall (SYS_futex, word, what, value, until, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void
wake (uint32_t *word)
{
  futex (word, FUTEX_WAKE, 1, NULL);
}

static int
map (struct desk **ret, int fd)
{
  void *at = mmap (NULL, DESK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  *ret = at == MAP_FAILED ? NULL : at;
  return *ret ? 0 : -errno;
}

/* ---- The daemon's side ---- */

int
desk_new (struct desk_host *h, int *ret_fd)
{
  *h = (struct desk_host){.desk = NULL};
  int fd = memfd_create ("kode-kronical-desk", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    return -errno;
  /* Were it to shrink, the daemon would die of SIGBUS. */
  int r = ftruncate (fd, DESK_SIZE) || fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) ? -errno
                                                                                                          : map (&h->desk, fd);
  if (r) {
    close (fd);
    return r;
  }
  *ret_fd = fd;
  return 0;
}

void
desk_free (struct desk_host *h)
{
  if (h->desk)
    munmap (h->desk, DESK_SIZE);
  h->desk = NULL;
}

static void
publish (struct desk_host *h)
{
  set (&h->desk->asked, ++h->asked);
  wake (&h->desk->asked);
}

bool
desk_ask (struct desk_host *h, uint32_t type, uint32_t number, const char *data, size_t n)
{
  struct desk *d = h->desk;
  if (n > DESK_ROOM)
    return false;
  if (n)
    memcpy (d->room, data, n);
  d->type = type;
  d->n_request = (uint32_t) n;
  d->at_socket = h->at_socket = false;
  set (&d->number, number);
  publish (h);
  return true;
}

void
desk_announce (struct desk_host *h)
{
  set (&h->desk->messages, ++h->messages);
  publish (h);
}

bool
desk_answered (struct desk_host *h, uint32_t number, int64_t until_ns)
{
  struct desk *d = h->desk;
  uint32_t last;
  if (get (&d->answered) == number)
    return true;
  if (h->at_socket)
    return false;
  int64_t near = wire_now () + NEAR_NS;
  if (until_ns > near)
    until_ns = near;
  const struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
  /* The word may change without end, and then there is no waiting for it: the clock is asked each time. */
  while ((last = get (&d->answered)) != number)
    if ((futex (&d->answered, FUTEX_WAIT_BITSET, last, &until) < 0 && errno != EAGAIN && errno != EINTR)
        || wire_now () >= until_ns)
      break;
  if (last == number)
    return true;
  h->at_socket = true;
  set (&d->at_socket, true);
  return get (&d->answered) == number;
}

int
desk_take (const struct desk_host *h, struct buf *b)
{
  uint32_t n = get (&h->desk->n_reply);
  if (n == DESK_ELSEWHERE)
    return -EAGAIN;
  if (n > DESK_ROOM)
    return -EBADMSG;
  buf_add (b, h->desk->room, n);
  return b->error;
}

bool
desk_logged (struct desk_host *h)
{
  uint32_t before = h->lines;
  h->lines = get (&h->desk->lines);
  return h->lines != before;
}

/* ---- The process's side ---- */

int
desk_open (struct desk_guest *g, int fd)
{
  struct stat st;
  if (fstat (fd, &st))
    return -errno;
  return st.st_size == DESK_SIZE ? map (&g->desk, fd) : -EINVAL;
}

bool
desk_next (struct desk_guest *g)
{
  struct desk *d = g->desk;
  for (;;) {
    uint32_t asked = get (&d->asked), number = get (&d->number); /* before what was sent ahead of it */
    if (get (&d->messages) != g->messages) {
      g->messages++;
      return false;
    }
    if (number != g->number) {
      g->number = number;
      return true;
    }
    futex (&d->asked, FUTEX_WAIT_BITSET, asked, NULL);
  }
}

bool
desk_answer (struct desk_guest *g, uint32_t number, const struct iovec *parts, int n, bool *ret_knock)
{
  struct desk *d = g->desk;
  size_t len = 0;
  for (int i = 0; parts && i < n; i++) {
    if (parts[i].iov_len > DESK_ROOM - len)
      return false;
    if (parts[i].iov_len)
      memcpy (d->room + len, parts[i].iov_base, parts[i].iov_len);
    len += parts[i].iov_len;
  }
  d->n_reply = parts ? (uint32_t) len : DESK_ELSEWHERE;
  set (&d->answered, number);
  *ret_knock = get (&d->at_socket);
  if (!*ret_knock)
    wake (&d->answered);
  return true;
}

void
desk_count_line (struct desk_guest *g)
{
  __atomic_add_fetch (&g->desk->lines, 1, __ATOMIC_SEQ_CST);
}
