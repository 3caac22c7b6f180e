#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_SAMPLES = 1 << 20 };

int
queue_init (struct queue *q, size_t max_bytes, int64_t max_age_ns)
{
  memset (q, 0, sizeof *q);
  q->max_bytes = max_bytes;
  q->max_age_ns = max_age_ns;
  pthread_condattr_t attributes;
  int r = pthread_condattr_init (&attributes);
  if (!r) {
    pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
    r = pthread_cond_init (&q->changed, &attributes);
    pthread_condattr_destroy (&attributes);
  }
  if (!r)
    r = pthread_mutex_init (&q->lock, NULL);
  return -r;
}

void
queue_release (struct queue *q)
{
  for (size_t i = 0; i < q->n; i++)
    sample_unref (q->ring[(q->first + i) % q->cap]);
  free (q->ring);
  pthread_mutex_destroy (&q->lock);
  pthread_cond_destroy (&q->changed);
}

static void
drop_first (struct queue *q)
{
  struct sample *s = q->ring[q->first];
  q->first = (q->first + 1) % q->cap;
  q->n--;
  q->bytes -= s->bytes;
  q->dropped++;
  sample_unref (s);
}

static bool
make_room (struct queue *q)
{
  if (q->n < q->cap)
    return true;
  size_t cap = q->cap ? q->cap * 2 : 4;
  struct sample **ring = cap > MAX_SAMPLES ? NULL : malloc (cap * sizeof (struct sample *));
  if (!ring)
    return false;
  for (size_t i = 0; i < q->n; i++)
    ring[i] = q->ring[(q->first + i) % q->cap];
  free (q->ring);
  q->ring = ring;
  q->first = 0;
  q->cap = cap;
  return true;
}

size_t
queue_put (struct queue *q, const struct sample *sample)
{
  pthread_mutex_lock (&q->lock);
  uint64_t before = q->dropped;
  bool put = false;
  while (!q->closed && q->n
         && (q->bytes + q->taken + sample->bytes > q->max_bytes
             || sample->time.mono_ns - q->ring[q->first]->time.mono_ns > q->max_age_ns))
    drop_first (q);
  if (q->closed || (!make_room (q) && q->n == 0))
    q->dropped++;
  else {
    if (q->n == q->cap)
      drop_first (q);
    q->ring[(q->first + q->n++) % q->cap] = sample_ref (sample);
    q->bytes += sample->bytes;
    if (q->n > q->most)
      q->most = q->n;
    put = true;
  }
  size_t dropped = (size_t) (q->dropped - before);
  pthread_mutex_unlock (&q->lock);
  if (put) /* after the unlock: whoever wakes finds the lock free, which saves it a second sleep */
    pthread_cond_signal (&q->changed);
  return dropped;
}

static bool
wait_until (struct queue *q, int64_t until_ns)
{
  if (!until_ns) {
    pthread_cond_wait (&q->changed, &q->lock);
    return true;
  }
  struct timespec t = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
  return pthread_cond_timedwait (&q->changed, &q->lock, &t) != ETIMEDOUT;
}

size_t
queue_take (struct queue *q, struct sample **ret, size_t max, int64_t until_ns)
{
  size_t n = 0;
  pthread_mutex_lock (&q->lock);
  q->taken = 0;
  while (!q->n && !q->closed && wait_until (q, until_ns))
    ;
  while (n < max && q->n) {
    struct sample *s = q->ring[q->first];
    if (n && q->taken + s->bytes > q->max_bytes / 4)
      break;
    q->first = (q->first + 1) % q->cap;
    q->n--;
    q->bytes -= s->bytes;
    q->taken += s->bytes;
    ret[n++] = s;
  }
  pthread_mutex_unlock (&q->lock);
  return n;
}

void
queue_close (struct queue *q)
{
  pthread_mutex_lock (&q->lock);
  q->closed = true;
  pthread_cond_broadcast (&q->changed);
  pthread_mutex_unlock (&q->lock);
}

bool
queue_wait_closed (struct queue *q, int64_t until_ns)
{
  pthread_mutex_lock (&q->lock);
  while (!q->closed && wait_until (q, until_ns))
    ;
  bool closed = q->closed;
  pthread_mutex_unlock (&q->lock);
  return closed;
}
