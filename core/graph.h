/* What a plan has become: its instances at work. A graph does not change; a reload builds another one. */
#ifndef GRAPH_H
#define GRAPH_H

#include "chain.h"
#include "input.h"
#include "layout.h"
#include "worker.h"

struct graph {
  const struct env *env;
  const struct plan *plan;
  struct input *inputs;
  size_t n_inputs;
  struct instance **filters; /* all filters, of the common chain and of outputs */
  size_t n_filters;
  struct chain *chain; /* the common one */
  struct worker **workers;
  size_t n_workers;
  struct layout *layout;
  chain_sink *sink; /* sees every sample that leaves the common chain, before the outputs do */
  void *sink_arg;
  uint64_t collected; /* samples that left the common chain */
};

/* Creates all instances: outputs first, so that nothing read is lost. On failure everything is undone and *reason (the caller's to
 * free) is one sentence for the user. The plan stays the caller's and must outlive the graph. */
int graph_new (const struct env *env, const struct plan *plan, chain_sink *sink, void *arg, struct graph **ret, char **reason);
/* Makes a sample of what the inputs hold now and sends it on its way. The sampler's thread. */
void graph_collect (struct graph *g, uint64_t tick, const struct kk_time *time);
/* Flushes filters, drains the outputs for at most until_ns (monotonic), destroys everything. Instances that hang are left as they
 * are, with the graph: returns false then. */
bool graph_end (struct graph *g, int64_t until_ns);
#endif
