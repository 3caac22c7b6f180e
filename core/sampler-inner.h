/* What the files of the sampler share: its state, and a tick. */
#ifndef SAMPLER_INNER_H
#define SAMPLER_INNER_H

#include "sampler.h"

enum { THREADS = 2, MAX_STUCK = 64 };

struct sampler {
  const struct env *env;
  pthread_mutex_t lock;   /* guards all that follows */
  pthread_cond_t changed; /* a tick ended, a thread ended, a graph was put in */
  int timer, epoll;
  int64_t armed_ns; /* what the timer is set to */
  uint32_t threads; /* that wait for the timer or lead */
  uint32_t stuck;
  bool stopping;
  struct graph *graph;
  struct schedule schedule;
  uint64_t first_tick; /* the graph's: schedule.ticks must reach it */
  /* the tick under way */
  bool in_tick;   /* or the old graph's filters are being flushed */
  bool to_flush;  /* … by whoever wakes next */
  bool swapping;  /* no tick begins */
  uint64_t epoch; /* changes when a leader is left behind */
  size_t next_input;
  struct kk_time tick_time;
  struct input *reading;
  int64_t read_deadline_ns;
};

/* One more that waits for the timer; 0 or -errno. */
int sampler_start_thread (struct sampler *s);

/* All with the lock held, which is released meanwhile. */

/* What a thread does when the timer wakes it. False: it was left behind meanwhile, and should end. */
bool tick_wake (struct sampler *s);
/* Sets the timer for the next tick, or wakes the threads to stop. */
void tick_arm_next (struct sampler *s);
void tick_arm_now (struct sampler *s);

#endif
