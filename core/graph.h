/* What a plan has become: its instances at work. A graph does not change; a reload builds another one that goes on with those
 * instances of the first that may stay as they are. */
#ifndef GRAPH_H
#define GRAPH_H

#include "chain.h"
#include "input.h"
#include "layout.h"
#include "worker.h"

struct graph {
  const struct env *env;
  struct plan *plan; /* a reference */
  struct input **inputs;
  size_t n_inputs;
  struct instance **filters; /* of the common chain */
  size_t n_filters;
  struct worker **workers;
  size_t n_workers;
  struct chain *chain;
  struct layout *layout;
  chain_sink *sink; /* sees every sample that leaves the common chain, before the outputs do */
  void *sink_arg;
};

/* Creates the instances of `plan`: outputs first, so that nothing read is lost. Those that `before` (may be NULL) has with the same
 * settings are taken as they are: both graphs hold them until graph_hand_over and graph_end, or graph_end of the new one. On failure
 * nothing has changed and *reason (the caller's to free) is one sentence for the user. */
int graph_new (const struct env *env, const struct plan *plan, const struct graph *before, chain_sink *sink, void *arg,
               struct graph **ret, char **reason);
/* Makes a sample of what the inputs hold now and sends it on its way; returns as chain_run does. The sampler's thread. */
struct instance *graph_collect (struct graph *g, uint64_t tick, const struct kk_time *time);
/* Whether all common filters go on in `to` (may be NULL). Otherwise the chain is flushed before graph_hand_over. */
bool graph_filters_stay (const struct graph *from, const struct graph *to);
/* Between two ticks, `to` (may be NULL) takes the place of `from`: the old chain ends. */
void graph_hand_over (struct graph *from, struct graph *to);
/* Drains the outputs for at most until_ns (monotonic) and destroys all that `other` (may be NULL) does not have. Instances that hang
 * are left as they are for ever: returns how many. */
size_t graph_end (struct graph *g, const struct graph *other, int64_t until_ns);
#endif
