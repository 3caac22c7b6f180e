/* The bounded queue before an output: samples wait here, the oldest go first when there are too many bytes or they are too old. */
#ifndef QUEUE_H
#define QUEUE_H

#include "sample.h"

#include <pthread.h>

struct queue {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct sample **ring;
  size_t cap, first, n;
  size_t bytes, max_bytes;
  size_t taken; /* bytes of what was handed out last: until more is asked for, whoever took it may still hold it */
  int64_t max_age_ns;
  uint64_t dropped; /* all in all */
  size_t most;      /* the longest it has been */
  bool closed;
};

int queue_init (struct queue *q, size_t max_bytes, int64_t max_age_ns);
void queue_release (struct queue *q);
/* Takes a reference of its own. Never waits; returns how many samples it had to drop. */
size_t queue_put (struct queue *q, const struct sample *sample);
/* Waits until there is something, or the queue is closed, or until_ns (CLOCK_MONOTONIC; 0: for ever) has come; hands out at most max
 * references, and at most a quarter of max_bytes unless a single sample is larger. 0 when closed and empty, or timed out. What was
 * taken before must have been done with: it counted into max_bytes until now, so that what waits and what is at work together stay
 * within it, but for the newest sample, which is always kept. */
size_t queue_take (struct queue *q, struct sample **ret, size_t max, int64_t until_ns);
void queue_close (struct queue *q); /* what is in it can still be taken */
/* Waits until closed or until_ns: true when closed. */
bool queue_wait_closed (struct queue *q, int64_t until_ns);
#endif
