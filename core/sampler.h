/* The sampler: reads all inputs at every tick, on time, whatever one of them does.
 *
 * Two threads sleep on one timer. Whichever wakes first at a tick is the leader: it arms the timer for the deadline of the
 * reads and runs them, and arms it for the next tick when it is done. If the timer runs out before that, the other thread
 * wakes, finds the leader stuck in a read, leaves it behind with that input, carries on with the rest of the tick, and a fresh
 * thread takes its place beside it. A thread that comes back from where it was left gives its input back and ends. So a tick
 * costs one wake-up, and a slow input holds up nobody. The same is done with a filter that hangs: what it touches is left out,
 * the chain goes on. */
#ifndef SAMPLER_H
#define SAMPLER_H

#include "graph.h"
#include "schedule.h"

struct sampler;

int sampler_new (const struct env *env, struct sampler **ret);
/* Puts a graph in (NULL: rest) between two ticks and returns the one before, after graph_hand_over. A tick under way ends
 * first, which the deadlines of reads and filters bound; filters that do not go on are flushed. Ticks go on as they were; the
 * first one is at once, as it is when env's interval has changed. */
struct graph *sampler_swap (struct sampler *s, struct graph *graph);
/* Waits until the graph has had its first tick: 0, or -ETIMEDOUT at until_ns (monotonic). */
int sampler_wait_first (struct sampler *s, int64_t until_ns);
/* Ends the threads. False when one is left behind: then the sampler must stay as it is. */
bool sampler_end (struct sampler *s);

struct sampler_view {
  uint64_t ticks, missed, suspends, steps;
  uint32_t stuck; /* inputs and filters with a thread left behind */
};
struct sampler_view sampler_view (struct sampler *s);
/* Runs f with the graph. Inputs change neither blocks nor schedule meanwhile, but one may be in a read. */
void sampler_inspect (struct sampler *s, void (*f) (void *arg, const struct graph *g), void *arg);

/* ---- For tests: the same without threads and timers ---- */

/* A timer's wake-up; the test's clock is in env. */
void sampler_wake (struct sampler *s);
struct sampler *sampler_new_manual (const struct env *env);
#endif
