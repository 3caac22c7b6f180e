#include "sampler-inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { STACK = 512 << 10 };

static void *
work (void *arg)
{
  struct sampler *s = arg;
  prctl (PR_SET_NAME, "kk-sampler");
  pthread_mutex_lock (&s->lock);
  bool mine = true;
  while (mine && !s->stopping) {
    pthread_mutex_unlock (&s->lock);
    struct epoll_event event;
    int n = epoll_wait (s->epoll, &event, 1, -1);
    pthread_mutex_lock (&s->lock);
    if (n == 1 && !s->stopping)
      mine = tick_wake (s);
    if (!mine && s->threads < THREADS) { /* nobody could be put in its place */
      s->threads++;
      mine = true;
    }
  }
  if (mine) /* one left behind was taken off the count then */
    s->threads--;
  if (s->stopping)
    tick_arm_next (s); /* wakes the next one to stop */
  pthread_cond_broadcast (&s->changed);
  pthread_mutex_unlock (&s->lock);
  return NULL;
}

int
sampler_start_thread (struct sampler *s)
{
  if (s->timer < 0) { /* who wakes it is its threads */
    s->threads++;
    return 0;
  }
  pthread_attr_t attributes;
  pthread_t thread;
  int r = pthread_attr_init (&attributes);
  if (r)
    return -r;
  pthread_attr_setstacksize (&attributes, STACK);
  pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);
  r = pthread_create (&thread, &attributes, work, s);
  pthread_attr_destroy (&attributes);
  if (!r)
    s->threads++;
  return -r;
}

struct sampler *
sampler_new_manual (const struct env *env)
{
  struct sampler *s = calloc (1, sizeof *s);
  if (!s)
    return NULL;
  s->env = env;
  s->timer = s->epoll = -1;
  pthread_condattr_t attributes;
  pthread_condattr_init (&attributes);
  pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
  pthread_cond_init (&s->changed, &attributes);
  pthread_condattr_destroy (&attributes);
  pthread_mutex_init (&s->lock, NULL);
  return s;
}

static void
release (struct sampler *s)
{
  if (s->timer >= 0)
    close (s->timer);
  if (s->epoll >= 0)
    close (s->epoll);
  pthread_cond_destroy (&s->changed);
  pthread_mutex_destroy (&s->lock);
  free (s);
}

int
sampler_new (const struct env *env, struct sampler **ret)
{
  struct sampler *s = sampler_new_manual (env);
  if (!s)
    return -ENOMEM;
  /* Edge-triggered: each expiry wakes one of the sleepers, and nobody has to read the timer. */
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  s->timer = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  s->epoll = epoll_create1 (EPOLL_CLOEXEC);
  if (s->timer < 0 || s->epoll < 0 || epoll_ctl (s->epoll, EPOLL_CTL_ADD, s->timer, &event)) {
    int r = -errno;
    release (s);
    return r;
  }
  pthread_mutex_lock (&s->lock);
  int r = 0;
  while (!r && s->threads < THREADS)
    r = sampler_start_thread (s);
  uint32_t started = s->threads;
  pthread_mutex_unlock (&s->lock);
  if (r && !started) {
    release (s);
    return r;
  }
  *ret = s;
  return 0;
}

/* A filter may hang in this as in a sample, so it is for the threads that may be left behind. */
static void
flush (struct sampler *s)
{
  s->in_tick = s->to_flush = true;
  if (s->timer < 0)
    tick_wake (s);
  else
    tick_arm_now (s);
  while (s->in_tick)
    pthread_cond_wait (&s->changed, &s->lock);
}

struct graph *
sampler_swap (struct sampler *s, struct graph *graph)
{
  pthread_mutex_lock (&s->lock);
  while (s->in_tick)
    pthread_cond_wait (&s->changed, &s->lock);
  struct graph *old = s->graph;
  s->swapping = true;
  if (old && !graph_filters_stay (old, graph))
    flush (s);
  s->swapping = false;
  s->graph = graph;
  if (old)
    graph_hand_over (old, graph);
  if (graph && (!old || s->schedule.interval_ns != s->env->interval_ns)) {
    struct clock_reading now = clock_read (&s->env->clock);
    struct schedule before = s->schedule;
    schedule_init (&s->schedule, s->env->interval_ns, &now);
    s->schedule.ticks = before.ticks;
    s->schedule.missed = before.missed;
    s->schedule.suspends = before.suspends;
    s->schedule.steps = before.steps;
    s->first_tick = before.ticks + 1;
  }
  tick_arm_next (s);
  pthread_mutex_unlock (&s->lock);
  return old;
}

int
sampler_wait_first (struct sampler *s, int64_t until_ns)
{
  struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
  int r = 0;
  pthread_mutex_lock (&s->lock);
  while (!r && (s->schedule.ticks < s->first_tick || s->in_tick))
    r = pthread_cond_timedwait (&s->changed, &s->lock, &until);
  pthread_mutex_unlock (&s->lock);
  return -r;
}

bool
sampler_end (struct sampler *s)
{
  if (!s)
    return true;
  pthread_mutex_lock (&s->lock);
  while (s->in_tick) /* the other thread is needed as long as a read may hang */
    pthread_cond_wait (&s->changed, &s->lock);
  s->stopping = true;
  tick_arm_next (s);
  while (s->threads)
    pthread_cond_wait (&s->changed, &s->lock);
  bool alone = s->stuck == 0;
  pthread_mutex_unlock (&s->lock);
  if (alone)
    release (s);
  return alone;
}

struct sampler_view
sampler_view (struct sampler *s)
{
  pthread_mutex_lock (&s->lock);
  struct sampler_view v = {.ticks = s->schedule.ticks,
                           .missed = s->schedule.missed,
                           .suspends = s->schedule.suspends,
                           .steps = s->schedule.steps,
                           .stuck = s->stuck};
  pthread_mutex_unlock (&s->lock);
  return v;
}

void
sampler_inspect (struct sampler *s, void (*f) (void *arg, const struct graph *g), void *arg)
{
  pthread_mutex_lock (&s->lock);
  if (s->graph)
    f (arg, s->graph);
  pthread_mutex_unlock (&s->lock);
}

void
sampler_wake (struct sampler *s)
{
  pthread_mutex_lock (&s->lock);
  tick_wake (s);
  pthread_mutex_unlock (&s->lock);
}
