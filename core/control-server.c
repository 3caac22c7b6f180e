#include "control-server.h"

#include "control-answer.h"
#include "listener.h"
#include "sample-json.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CLIENTS = 32, MAX_LINE = 4096, MAX_ANSWER = 64 << 20, MAX_BEHIND = 4 << 20, MAX_PENDING = 64 };

struct client {
  int fd;
  bool follows;
  bool ended;   /* sends no more, but may still read what it asked for */
  uint32_t watched;
  struct buf in, out;
  size_t sent; /* of out */
};

struct control_server {
  struct log *log;
  char *data_dir;
  struct control_commands commands;
  struct listener listener;
  int epoll, event;
  bool waiting; /* somebody could not be let in for want of descriptors */
  struct client *clients[MAX_CLIENTS];
  pthread_mutex_t lock; /* guards what follows */
  uint32_t followers;
  const struct kk_sample *pending[MAX_PENDING];
  size_t n_pending;
};

static void
client_close (struct control_server *s, size_t i)
{
  struct client *c = s->clients[i];
  if (c->follows) {
    pthread_mutex_lock (&s->lock);
    __atomic_fetch_sub (&s->followers, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock (&s->lock);
  }
  close (c->fd);
  buf_free (&c->in);
  buf_free (&c->out);
  free (c);
  s->clients[i] = NULL;
}

static int
watch (struct control_server *s, int fd, int operation, uint32_t events)
{
  struct epoll_event event = {.events = events, .data.fd = fd};
  return epoll_ctl (s->epoll, operation, fd, &event) ? -errno : 0;
}

/* Begins to listen, and only then ends it where it was before. */
static int
listen_anew (struct control_server *s)
{
  struct listener l;
  int r = listener_make (s->data_dir, &l);
  if (r)
    return r;
  r = watch (s, l.fd, EPOLL_CTL_ADD,
             EPOLLIN | (uint32_t) EPOLLET); /* level-triggered a lack of descriptors would keep us awake */
  if (r) {
    listener_close (&l);
    return r;
  }
  listener_close (&s->listener);
  s->listener = l;
  return 0;
}

int
control_server_tend (struct control_server *s)
{
  if (listener_is_there (s->data_dir))
    return 0;
  int r = listen_anew (s);
  return r ? r : 1;
}

int
control_server_new (const char *data_dir, struct log *log, const struct control_commands *commands, struct control_server **ret)
{
  struct control_server *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  s->log = log;
  s->commands = *commands;
  s->listener = (struct listener){.directory = -1, .fd = -1};
  pthread_mutex_init (&s->lock, NULL);
  s->epoll = epoll_create1 (EPOLL_CLOEXEC);
  s->event = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  int r = s->epoll < 0 || s->event < 0 ? -errno : 0;
  s->data_dir = strdup (data_dir);
  if (!r)
    r = s->data_dir ? listen_anew (s) : -ENOMEM;
  if (!r)
    r = watch (s, s->event, EPOLL_CTL_ADD, EPOLLIN);
  if (r) {
    control_server_free (s);
    return r;
  }
  *ret = s;
  return 0;
}

void
control_server_free (struct control_server *s)
{
  if (!s)
    return;
  for (size_t i = 0; i < MAX_CLIENTS; i++)
    if (s->clients[i])
      client_close (s, i);
  for (size_t i = 0; i < s->n_pending; i++)
    kk_sample_unref (s->pending[i]);
  listener_remove (&s->listener);
  listener_close (&s->listener);
  free (s->data_dir);
  if (s->epoll >= 0)
    close (s->epoll);
  if (s->event >= 0)
    close (s->event);
  pthread_mutex_destroy (&s->lock);
  free (s);
}

int
control_server_fd (const struct control_server *s)
{
  return s->epoll;
}

void
control_server_sample (struct control_server *s, const struct kk_sample *sample)
{
  if (!__atomic_load_n (&s->followers, __ATOMIC_RELAXED))
    return;
  pthread_mutex_lock (&s->lock);
  if (s->n_pending < MAX_PENDING)
    s->pending[s->n_pending++] = kk_sample_ref (sample);
  pthread_mutex_unlock (&s->lock);
  eventfd_write (s->event, 1);
}

static void
take_line (struct control_server *s, struct client *c, const char *line)
{
  if (control_answer (&s->commands, line, &c->out) != CONTROL_FOLLOWS)
    return;
  pthread_mutex_lock (&s->lock);
  __atomic_fetch_add (&s->followers, !c->follows, __ATOMIC_RELAXED);
  pthread_mutex_unlock (&s->lock);
  c->follows = true;
}

/* ---- Input and output ---- */

/* False when the client is gone. */
static bool
send_out (struct control_server *s, struct client *c)
{
  while (c->sent < c->out.len) {
    ssize_t n = send (c->fd, c->out.data + c->sent, c->out.len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno != EAGAIN)
      return false;
    if (n < 0)
      break;
    c->sent += (size_t) n;
  }
  if (c->sent == c->out.len) {
    buf_free (&c->out);
    c->sent = 0;
  } else if (c->sent > c->out.len / 2) { /* one that reads slowly but for ever */
    memmove (c->out.data, c->out.data + c->sent, c->out.len - c->sent);
    c->out.len -= c->sent;
    c->sent = 0;
  }
  uint32_t events = (c->ended ? 0 : (uint32_t) EPOLLIN) | (c->out.len ? (uint32_t) EPOLLOUT : 0);
  if (c->ended && !c->follows && !c->out.len)
    return false;
  if (events == c->watched)
    return true;
  c->watched = events;
  return watch (s, c->fd, EPOLL_CTL_MOD, events) == 0;
}

static bool
receive (struct control_server *s, struct client *c)
{
  char bytes[MAX_LINE];
  ssize_t n = recv (c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n < 0)
    return errno == EAGAIN || errno == EINTR;
  if (n == 0) {
    c->ended = true;
    return send_out (s, c);
  }
  buf_add (&c->in, bytes, (size_t) n);
  if (c->in.error) {
    control_answer_error (&c->out, "a line is too long");
    send_out (s, c);
    return false;
  }
  char *line = c->in.data, *end;
  while ((end = memchr (line, '\n', c->in.len - (size_t) (line - c->in.data)))) {
    *end = 0;
    take_line (s, c, line);
    line = end + 1;
  }
  size_t rest = c->in.len - (size_t) (line - c->in.data);
  memmove (c->in.data, line, rest);
  c->in.len = rest;
  return send_out (s, c);
}

/* False when there is nobody (any more), or nobody can be let in. */
static bool
accept_one (struct control_server *s)
{
  int fd = accept4 (s->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  s->waiting = fd < 0 && errno != EAGAIN && errno != ECONNABORTED && errno != EINTR;
  if (fd < 0)
    return errno == ECONNABORTED || errno == EINTR;
  size_t i = 0;
  while (i < MAX_CLIENTS && s->clients[i])
    i++;
  struct client *c = i < MAX_CLIENTS ? calloc (1, sizeof *c) : NULL;
  if (!c || watch (s, fd, EPOLL_CTL_ADD, EPOLLIN)) {
    static const char full[] = "{\"error\":\"too many clients at once\"}\n";
    (void) !send (fd, full, sizeof full - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    free (c);
    close (fd);
    return true;
  }
  c->fd = fd;
  c->watched = EPOLLIN;
  c->in.max = MAX_LINE * 2;
  c->out.max = MAX_ANSWER;
  s->clients[i] = c;
  return true;
}

static void
give_out (struct control_server *s)
{
  eventfd_t count;
  eventfd_read (s->event, &count);
  const struct kk_sample *samples[MAX_PENDING];
  pthread_mutex_lock (&s->lock);
  size_t n = s->n_pending;
  memcpy (samples, s->pending, n * sizeof samples[0]);
  s->n_pending = 0;
  pthread_mutex_unlock (&s->lock);
  struct buf lines BUF_CLEANUP = {0};
  for (size_t i = 0; i < n; i++) {
    sample_json (&lines, samples[i]);
    buf_addc (&lines, '\n');
    kk_sample_unref (samples[i]);
  }
  for (size_t i = 0; i < MAX_CLIENTS; i++) {
    struct client *c = s->clients[i];
    if (!c || !c->follows || lines.error)
      continue;
    if (c->out.len - c->sent < MAX_BEHIND) /* one that does not read misses samples, and holds up nobody */
      buf_add (&c->out, lines.data, lines.len);
    if (!send_out (s, c))
      client_close (s, i);
  }
}

static void
serve (struct control_server *s, int fd, uint32_t events)
{
  for (size_t i = 0; i < MAX_CLIENTS; i++) {
    struct client *c = s->clients[i];
    if (!c || c->fd != fd)
      continue;
    bool alive = !(events & EPOLLERR) && !(c->ended && (events & EPOLLHUP));
    if (alive && (events & EPOLLOUT))
      alive = send_out (s, c);
    if (alive && (events & (EPOLLIN | EPOLLHUP)))
      alive = receive (s, c);
    if (!alive)
      client_close (s, i);
    return;
  }
}

void
control_server_work (struct control_server *s)
{
  struct epoll_event events[16];
  int n = epoll_wait (s->epoll, events, 16, 0);
  for (int i = 0; i < n; i++) {
    if (events[i].data.fd == s->listener.fd)
      s->waiting = true;
    else if (events[i].data.fd == s->event)
      give_out (s);
    else
      serve (s, events[i].data.fd, events[i].events);
  }
  while (s->waiting && accept_one (s))
    s->waiting = true;
}
