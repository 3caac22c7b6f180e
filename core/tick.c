/* One tick of the sampler, and what becomes of it when a read or a filter hangs. */
#include "sampler-inner.h"

#include <sys/timerfd.h>
#include <time.h>

static void
arm (struct sampler *s, int64_t at_ns)
{
  struct itimerspec t = {.it_value = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000}};
  if (s->timer >= 0 && s->armed_ns != at_ns)
    timerfd_settime (s->timer, TFD_TIMER_ABSTIME, &t, NULL);
  s->armed_ns = at_ns;
}

void
tick_arm_now (struct sampler *s)
{
  s->armed_ns = 0; /* although it may be set to it */
  arm (s, 1);
}

void
tick_arm_next (struct sampler *s)
{
  if (s->stopping) /* once for each thread */
    tick_arm_now (s);
  else if (s->graph)
    arm (s, s->schedule.next_ns);
}

/* The shortest, and a second at most. */
static int64_t
first_deadline (const struct graph *g)
{
  int64_t first = INT64_C (1000000000);
  for (size_t i = 0; i < g->n_inputs; i++)
    if (g->inputs[i]->instance->plan->deadline_ns < first)
      first = g->inputs[i]->instance->plan->deadline_ns;
  for (size_t i = 0; i < g->n_filters; i++)
    if (g->filters[i]->plan->deadline_ns && g->filters[i]->plan->deadline_ns < first)
      first = g->filters[i]->plan->deadline_ns;
  return first;
}

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

/* After the filters. False when this thread was left behind in one. */
static bool
end_tick (struct sampler *s, struct instance *left)
{
  if (left) {
    if (s->env->log)
      log_at (s->env->log, KK_LOG_WARNING, left->plan->name, "came back after %.1f s; it is called again",
              (double) (clock_read (&s->env->clock).mono_ns - left->away_since_ns) / 1e9);
    s->stuck--;
    instance_return (left); /* the last that is done with it: its graph may be waiting to end */
    return false;
  }
  s->in_tick = false;
  tick_arm_next (s);
  pthread_cond_broadcast (&s->changed);
  return true;
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
  struct instance *left = graph_collect (g, tick, &time);
  pthread_mutex_lock (&s->lock);
  return end_tick (s, left);
}

/* Has the old graph's filters emit what they hold. */
static bool
flush (struct sampler *s, const struct clock_reading *now)
{
  struct chain *chain = s->graph->chain;
  s->to_flush = false;
  arm (s, now->mono_ns + first_deadline (s->graph));
  pthread_mutex_unlock (&s->lock);
  struct instance *left = chain_flush (chain);
  pthread_mutex_lock (&s->lock);
  return end_tick (s, left);
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

/* Takes the lead from a thread that is left behind, and has another wait for the timer in its own place. */
static void
succeed (struct sampler *s, const struct clock_reading *now)
{
  s->stuck++;
  s->threads--;
  arm (s, now->mono_ns + first_deadline (s->graph)); /* the next input or filter may hang as well */
  if (s->stuck < MAX_STUCK && sampler_start_thread (s) && s->env->log)
    log_error (s->env->log, "no memory for another sampler thread: what hangs now holds up the rest");
}

/* The leader did not come back from a read in time: leave it behind with its input. */
static bool
take_over (struct sampler *s, const struct clock_reading *now)
{
  struct input *in = s->reading;
  input_leave (in);
  s->epoch++;
  s->reading = NULL;
  INSTANCE_COUNT (in->instance, overruns, 1);
  input_miss (in, now, s->schedule.ticks);
  if (s->env->log)
    log_at (s->env->log, KK_LOG_ERROR, in->instance->plan->name,
            "did not come back from a read within %.1f s: skipped until it does; the other inputs go on",
            (double) in->instance->plan->deadline_ns / 1e9);
  succeed (s, now);
  return lead (s);
}

/* The same of a filter: what it touches is lost in this sample, and the rest goes on. */
static bool
pass_over (struct sampler *s, const struct clock_reading *now, const struct instance *filter)
{
  struct chain *chain = s->graph->chain;
  if (s->env->log)
    log_at (
      s->env->log, KK_LOG_ERROR, filter->plan->name,
      "did not come back from a sample within %.1f s: what it has to do with is left out until it does, the rest goes on; "
      "with isolate: true it would be ended",
      (double) filter->plan->deadline_ns / 1e9);
  succeed (s, now);
  pthread_mutex_unlock (&s->lock);
  struct instance *left = chain_go_on (chain);
  pthread_mutex_lock (&s->lock);
  return end_tick (s, left);
}

/* Somebody else is in a tick. */
static bool
look_at_leader (struct sampler *s, const struct clock_reading *now)
{
  if (s->reading && now->mono_ns >= s->read_deadline_ns)
    return take_over (s, now);
  const struct instance *late = s->reading ? NULL : chain_leave (s->graph->chain, now->mono_ns);
  if (late)
    return pass_over (s, now, late);
  int64_t at_ns = s->reading ? s->read_deadline_ns : chain_late_at (s->graph->chain);
  arm (s, at_ns < INT64_MAX ? at_ns : now->mono_ns + first_deadline (s->graph));
  return true;
}

bool
tick_wake (struct sampler *s)
{
  struct clock_reading now = clock_read (&s->env->clock);
  s->armed_ns = 0; /* it ran out, or is about to be set anyway */
  if (s->to_flush)
    return flush (s, &now);
  if (s->in_tick)
    return look_at_leader (s, &now);
  if (s->swapping) /* which sets the timer when it is done */
    return true;
  if (s->graph && schedule_due (&s->schedule, &now))
    return begin_tick (s, &now);
  tick_arm_next (s);
  return true;
}
