#include "sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 2, MAX_STUCK = 64, STACK = 512 << 10 };

struct sampler {
  const struct env *env;
  pthread_mutex_t lock;   /* guards all that follows */
  pthread_cond_t changed; /* a tick ended, a thread ended, a graph was put in */
  int timer, epoll;
  int64_t armed_ns;       /* what the timer is set to */
  uint32_t threads;       /* that wait for the timer or lead */
  uint32_t stuck;
  bool stopping;
  struct graph *graph;
  struct schedule schedule;
  uint64_t first_tick;    /* the graph's: schedule.ticks must reach it */
  /* the tick under way */
  bool in_tick;
  uint64_t epoch;         /* changes when a leader is left behind */
  size_t next_input;
  struct kk_time tick_time;
  struct input *reading;
  int64_t read_deadline_ns;
  struct instance *late; /* a filter of which it was said that it does not come back, */
  int64_t late_since_ns; /* … from a call since then */
};

static void
arm (struct sampler *s, int64_t at_ns)
{
  struct itimerspec t = {.it_value = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000}};
  if (s->timer >= 0 && s->armed_ns != at_ns)
    timerfd_settime (s->timer, TFD_TIMER_ABSTIME, &t, NULL);
  s->armed_ns = at_ns;
}

static void
arm_next (struct sampler *s)
{
  if (s->stopping) {
    s->armed_ns = 0; /* once for each thread */
    arm (s, 1);
  } else if (s->graph)
    arm (s, s->schedule.next_ns);
}

static int start_thread (struct sampler *s);

/* Reads one input with the lock released. False when this thread was left behind meanwhile. */
static bool
read_one (struct sampler *s, struct input *in)
{
  struct clock_reading now = clock_read (&s->env->clock);
  uint64_t epoch = s->epoch, tick = s->schedule.ticks;
  struct kk_time time = input_begin (in, &now);
  int64_t since = now.mono_ns;
  s->reading = in;
  s->read_deadline_ns = now.mono_ns + in->instance->plan->deadline_ns;
  pthread_mutex_unlock (&s->lock);
  int r = input_read (in, &time);
  pthread_mutex_lock (&s->lock);
  if (s->epoch != epoch) {
    if (s->env->log)
      log_at (s->env->log, KK_LOG_WARNING, in->instance->plan->name, "came back after %.1f s; it is read again",
              (double) (clock_read (&s->env->clock).mono_ns - since) / 1e9);
    s->stuck--;
    input_return (in, &now, r); /* the last that is done with it: its graph may be waiting to end */
    return false;
  }
  s->reading = NULL;
  input_take (in, &now, tick, r);
  return true;
}

/* A filter in the daemon's own process cannot be left behind: what it holds up is all samples. */
static void
look_at_filters (struct sampler *s, const struct clock_reading *now)
{
  int64_t since_ns;
  struct instance *filter = chain_busy (s->graph->chain, &since_ns);
  if (!filter || s->late || !chain_is_late (s->graph->chain, filter, now->mono_ns))
    return;
  s->late = filter;
  s->late_since_ns = since_ns;
  INSTANCE_COUNT (filter, overruns, 1);
  if (s->env->log)
    log_at (s->env->log, KK_LOG_ERROR, filter->plan->name,
            "did not come back from a sample within %.1f s: there are no samples until it does; with isolate: true it would be "
            "ended",
            (double) filter->plan->deadline_ns / 1e9);
}

static void
say_back (struct sampler *s)
{
  if (s->late && s->env->log)
    log_at (s->env->log, KK_LOG_WARNING, s->late->plan->name, "came back after %.1f s; samples go on",
            (double) (clock_read (&s->env->clock).mono_ns - s->late_since_ns) / 1e9);
  s->late = NULL;
}

/* Goes on with the tick under way, from next_input on. False when this thread was left behind. */
static bool
lead (struct sampler *s)
{
  struct graph *g = s->graph;
  while (s->next_input < g->n_inputs) {
    struct input *in = g->inputs[s->next_input++];
    if (!input_due (in, s->tick_time.mono_ns))
      continue;
    if (input_stuck (in)) {
      struct clock_reading now = clock_read (&s->env->clock);
      input_miss (in, &now, s->schedule.ticks);
    } else if (!read_one (s, in))
      return false;
  }
  struct kk_time time = s->tick_time;
  uint64_t tick = s->schedule.ticks;
  pthread_mutex_unlock (&s->lock);
  graph_collect (g, tick, &time);
  pthread_mutex_lock (&s->lock);
  say_back (s);
  s->in_tick = false;
  arm_next (s);
  pthread_cond_broadcast (&s->changed);
  return true;
}

static int64_t
first_deadline (const struct graph *g)
{
  int64_t first = INT64_C (1000000000);
  for (size_t i = 0; i < g->n_inputs; i++)
    if (g->inputs[i]->instance->plan->deadline_ns < first)
      first = g->inputs[i]->instance->plan->deadline_ns;
  return first;
}

static bool
begin_tick (struct sampler *s, const struct clock_reading *now)
{
  uint32_t after = schedule_take (&s->schedule, now);
  s->tick_time = (struct kk_time){.wall_ns = now->wall_ns, .mono_ns = now->mono_ns, .after = after};
  s->in_tick = true;
  s->next_input = 0;
  s->reading = NULL;
  int64_t deadline = now->mono_ns + first_deadline (s->graph);
  arm (s, deadline < s->schedule.next_ns ? deadline : s->schedule.next_ns);
  return lead (s);
}

/* The leader did not come back in time: leave it behind with its input, take the lead. */
static bool
take_over (struct sampler *s, const struct clock_reading *now)
{
  struct input *in = s->reading;
  input_leave (in);
  s->stuck++;
  s->epoch++;
  s->reading = NULL;
  INSTANCE_COUNT (in->instance, overruns, 1);
  input_miss (in, now, s->schedule.ticks);
  if (s->env->log)
    log_at (s->env->log, KK_LOG_ERROR, in->instance->plan->name,
            "did not come back from a read within %.1f s: skipped until it does; the other inputs go on",
            (double) in->instance->plan->deadline_ns / 1e9);
  s->threads--;
  arm (s, now->mono_ns + first_deadline (s->graph)); /* the next input may hang as well */
  if (s->stuck < MAX_STUCK && start_thread (s) && s->env->log)
    log_error (s->env->log, "no memory for another sampler thread: an input that hangs now holds up the others");
  return lead (s);
}

/* What a thread does when the timer wakes it. False: it was left behind meanwhile, and should end. */
static bool
wake (struct sampler *s)
{
  struct clock_reading now = clock_read (&s->env->clock);
  s->armed_ns = 0; /* it ran out, or is about to be set anyway */
  if (s->in_tick) {
    if (s->reading && now.mono_ns >= s->read_deadline_ns)
      return take_over (s, &now);
    if (!s->reading)
      look_at_filters (s, &now);
    arm (s, s->reading ? s->read_deadline_ns : now.mono_ns + first_deadline (s->graph));
    return true;
  }
  if (s->graph && schedule_due (&s->schedule, &now))
    return begin_tick (s, &now);
  arm_next (s);
  return true;
}

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
      mine = wake (s);
    if (!mine && s->threads < THREADS) { /* nobody could be put in its place */
      s->threads++;
      mine = true;
    }
  }
  if (mine) /* one left behind was taken off the count then */
    s->threads--;
  if (s->stopping)
    arm_next (s); /* wakes the next one to stop */
  pthread_cond_broadcast (&s->changed);
  pthread_mutex_unlock (&s->lock);
  return NULL;
}

static int
start_thread (struct sampler *s)
{
  if (s->timer < 0)
    return 0;
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
    r = start_thread (s);
  uint32_t started = s->threads;
  pthread_mutex_unlock (&s->lock);
  if (r && !started) {
    release (s);
    return r;
  }
  *ret = s;
  return 0;
}

struct graph *
sampler_swap (struct sampler *s, struct graph *graph)
{
  pthread_mutex_lock (&s->lock);
  while (s->in_tick)
    pthread_cond_wait (&s->changed, &s->lock);
  struct graph *old = s->graph;
  s->graph = graph;
  if (old && graph)
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
    arm_next (s);
  }
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
  arm_next (s);
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
  wake (s);
  pthread_mutex_unlock (&s->lock);
}
