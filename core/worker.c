#include "worker.h"

#include "jitter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

enum { BATCH = 64, STACK = 512 << 10 };
#define BACKOFF_FIRST_NS INT64_C (200000000)
#define BACKOFF_MOST_NS INT64_C (30000000000)

struct worker {
  struct instance *output;
  struct instance **filters;
  size_t n_filters;
  struct chain *chain;
  struct queue queue;
  pthread_t thread;
  pthread_mutex_t lock; /* guards what follows */
  pthread_cond_t changed; /* the thread ended */
  bool ended, joined;
  int64_t busy_since_ns, retry_at_ns;
  /* the thread's own */
  struct sample *batch[BATCH];
  size_t n;
  int64_t backoff_ns;
};

static int64_t
now_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C (1000000000) + t.tv_nsec;
}

static void
note (struct worker *w, int64_t busy_since_ns, int64_t retry_at_ns)
{
  pthread_mutex_lock (&w->lock);
  w->busy_since_ns = busy_since_ns;
  w->retry_at_ns = retry_at_ns;
  pthread_mutex_unlock (&w->lock);
}

/* Waits before the next try; false when the worker is being stopped. */
static bool
back_off (struct worker *w)
{
  int64_t most = kk_interval (&w->output->face) * 8;
  most = most < BACKOFF_FIRST_NS ? BACKOFF_FIRST_NS : most > BACKOFF_MOST_NS ? BACKOFF_MOST_NS : most;
  w->backoff_ns = w->backoff_ns ? w->backoff_ns * 2 : BACKOFF_FIRST_NS;
  if (w->backoff_ns > most)
    w->backoff_ns = most;
  int64_t until = now_ns () + jitter (w->backoff_ns);
  INSTANCE_COUNT (w->output, retries, 1);
  note (w, 0, until);
  return !queue_wait_closed (&w->queue, until);
}

static void
release (struct worker *w, size_t n)
{
  for (size_t i = 0; i < n; i++)
    sample_unref (w->batch[i]);
  memmove (w->batch, w->batch + n, (w->n - n) * sizeof w->batch[0]);
  w->n -= n;
}

static void
write_batch (struct worker *w)
{
  while (w->n) {
    uint32_t done = 0;
    const struct kk_sample *faces[BATCH];
    for (size_t i = 0; i < w->n; i++)
      faces[i] = &w->batch[i]->face;
    note (w, now_ns (), 0);
    struct instance_call call = instance_call_begin (w->output);
    int r = w->output->plugin->write (w->output->state, faces, (uint32_t) w->n, &done);
    r = r > KK_RETRY ? -EIO : r;
    instance_call_end (w->output, &call, r);
    note (w, 0, 0);
    if (r == 0)
      done = (uint32_t) w->n;
    release (w, done < w->n ? done : w->n);
    if (r == 0 || done)
      w->backoff_ns = 0;
    if (r == KK_RETRY && (back_off (w) || done)) /* at the stop only as long as it gets on */
      continue;
    INSTANCE_COUNT (w->output, dropped, w->n);
    release (w, w->n);
  }
}

static void
take_in (void *arg, const struct sample *sample)
{
  struct worker *w = arg;
  if (w->n == BATCH)
    write_batch (w);
  w->batch[w->n++] = sample_ref (sample);
}

static void
flush (struct worker *w)
{
  chain_flush (w->chain);
  write_batch (w);
  if (!w->output->plugin->flush)
    return;
  note (w, now_ns (), 0);
  struct instance_call call = instance_call_begin (w->output);
  int r = w->output->plugin->flush (w->output->state);
  instance_call_end (w->output, &call, r);
  note (w, 0, 0);
}

static void *
work (void *arg)
{
  struct worker *w = arg;
  prctl (PR_SET_NAME, "kk-output");
  struct sample *taken[BATCH];
  for (size_t n; (n = queue_take (&w->queue, taken, BATCH, 0)) > 0;) {
    for (size_t i = 0; i < n; i++) {
      chain_run (w->chain, taken[i]);
      sample_unref (taken[i]);
    }
    write_batch (w);
  }
  flush (w);
  pthread_mutex_lock (&w->lock);
  w->ended = true;
  pthread_cond_signal (&w->changed);
  pthread_mutex_unlock (&w->lock);
  return NULL;
}

static int
start_thread (struct worker *w)
{
  pthread_attr_t attributes;
  int r = pthread_attr_init (&attributes);
  if (r)
    return -r;
  pthread_attr_setstacksize (&attributes, STACK);
  r = pthread_create (&w->thread, &attributes, work, w);
  pthread_attr_destroy (&attributes);
  return -r;
}

static void
free_instances (struct instance *output, struct instance *const *filters, size_t n)
{
  for (size_t i = 0; i < n; i++)
    instance_free (filters[i]);
  instance_free (output);
}

int
worker_new (struct instance *output, struct instance *const *filters, size_t n_filters, struct worker **ret)
{
  struct worker *w = calloc (1, sizeof *w);
  int r = w ? queue_init (&w->queue, (size_t) output->plan->queue_bytes, output->plan->queue_age_ns) : -ENOMEM;
  if (r) {
    free (w);
    free_instances (output, filters, n_filters);
    return r;
  }
  w->output = output;
  pthread_mutex_init (&w->lock, NULL);
  pthread_condattr_t attributes;
  pthread_condattr_init (&attributes);
  pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
  pthread_cond_init (&w->changed, &attributes);
  pthread_condattr_destroy (&attributes);
  w->filters = calloc (n_filters + 1, sizeof (struct instance *));
  r = w->filters ? chain_new (filters, n_filters, take_in, w, &w->chain) : -ENOMEM;
  for (size_t i = 0; w->filters && i < n_filters; i++)
    w->filters[w->n_filters++] = filters[i];
  if (!r)
    r = start_thread (w);
  if (r) {
    if (!w->filters)
      free_instances (NULL, filters, n_filters);
    worker_free (w);
    return r;
  }
  *ret = w;
  return 0;
}

void
worker_put (struct worker *w, const struct sample *sample)
{
  queue_put (&w->queue, sample);
}

void
worker_close (struct worker *w)
{
  queue_close (&w->queue);
}

bool
worker_stop (struct worker *w, int64_t until_ns)
{
  queue_close (&w->queue);
  struct timespec t = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
  int r = 0;
  pthread_mutex_lock (&w->lock);
  while (!w->ended && !r)
    r = pthread_cond_timedwait (&w->changed, &w->lock, &t);
  bool join = w->ended && !w->joined;
  w->joined = w->ended;
  pthread_mutex_unlock (&w->lock);
  if (join)
    pthread_join (w->thread, NULL);
  return w->joined;
}

void
worker_free (struct worker *w)
{
  if (!w)
    return;
  chain_free (w->chain);
  free_instances (w->output, w->filters, w->n_filters);
  free (w->filters);
  queue_release (&w->queue);
  pthread_cond_destroy (&w->changed);
  pthread_mutex_destroy (&w->lock);
  free (w);
}

struct instance *const *
worker_filters (const struct worker *w, size_t *ret_n)
{
  *ret_n = w->n_filters;
  return w->filters;
}

struct worker_view
worker_view (struct worker *w)
{
  struct worker_view v;
  pthread_mutex_lock (&w->lock);
  v.busy_since_ns = w->busy_since_ns;
  v.retry_at_ns = w->retry_at_ns;
  pthread_mutex_unlock (&w->lock);
  pthread_mutex_lock (&w->queue.lock);
  v.queued = w->queue.n;
  v.queued_bytes = w->queue.bytes;
  v.most = w->queue.most;
  v.max_bytes = w->queue.max_bytes;
  v.dropped = w->queue.dropped;
  pthread_mutex_unlock (&w->queue.lock);
  return v;
}

bool
worker_is_late (const struct worker *w, const struct instance *filter, int64_t mono_ns)
{
  return chain_is_late (w->chain, filter, mono_ns);
}

struct instance *
worker_output (const struct worker *w)
{
  return w->output;
}
