#include "graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
deliver (void *arg, const struct sample *sample)
{
  struct graph *g = arg;
  __atomic_fetch_add (&g->collected, 1, __ATOMIC_RELAXED);
  g->sink (g->sink_arg, sample);
  for (size_t i = 0; i < g->n_workers; i++)
    worker_put (g->workers[i], sample);
}

static struct instance *
filter_named (const struct graph *g, const char *name)
{
  for (size_t i = 0; i < g->n_filters; i++)
    if (!strcmp (g->filters[i]->plan->name, name))
      return g->filters[i];
  return NULL;
}

/* The filters of a pipeline; a name that the plan did not enable is passed over (the plan has said so). */
static int
resolve (const struct graph *g, char *const *names, size_t n, struct instance ***ret, size_t *ret_n)
{
  struct instance **filters = calloc (n + 1, sizeof *filters);
  if (!filters)
    return -ENOMEM;
  size_t found = 0;
  for (size_t i = 0; i < n; i++) {
    struct instance *filter = filter_named (g, names[i]);
    if (filter)
      filters[found++] = filter;
  }
  *ret = filters;
  *ret_n = found;
  return 0;
}

static int
add_worker (struct graph *g, struct instance *output)
{
  struct instance **filters;
  size_t n;
  int r = resolve (g, output->plan->pipeline, output->plan->n_pipeline, &filters, &n);
  if (!r)
    r = worker_new (output, filters, n, g->workers + g->n_workers);
  if (!r)
    g->n_workers++;
  free (filters);
  return r;
}

static int
add (struct graph *g, const struct instance_plan *plan, char **reason)
{
  struct instance *instance;
  int r = instance_new (g->env, plan, &instance, reason);
  if (r)
    return r;
  if (plan->descriptor->plugin.kind == KK_FILTER) {
    g->filters[g->n_filters++] = instance;
    return 0;
  }
  if (plan->descriptor->plugin.kind == KK_INPUT)
    r = input_new (instance, g->inputs + g->n_inputs);
  else
    r = add_worker (g, instance);
  if (r)
    instance_free (instance);
  else if (plan->descriptor->plugin.kind == KK_INPUT)
    g->n_inputs++;
  return r;
}

static int
add_all (struct graph *g, const struct plan *plan, char **reason)
{
  static const uint32_t order[] = {KK_FILTER, KK_OUTPUT, KK_INPUT};
  for (size_t k = 0; k < KK_COUNT (order); k++)
    for (size_t i = 0; i < plan->n_instances; i++) {
      if (plan->instances[i].descriptor->plugin.kind != order[k])
        continue;
      int r = add (g, plan->instances + i, reason);
      if (r)
        return r;
    }
  int r = layout_new (g->env, g->inputs, g->n_inputs, &g->layout, reason);
  if (r)
    return r;
  struct instance **filters;
  size_t n;
  r = resolve (g, plan->pipeline, plan->n_pipeline, &filters, &n);
  if (!r)
    r = chain_new (filters, n, deliver, g, &g->chain);
  free (filters);
  return r;
}

int
graph_new (const struct env *env, const struct plan *plan, chain_sink *sink, void *arg, struct graph **ret, char **reason)
{
  *reason = NULL;
  struct graph *g = calloc (1, sizeof *g);
  if (!g)
    return -ENOMEM;
  *g = (struct graph){.env = env, .plan = plan, .sink = sink, .sink_arg = arg};
  g->inputs = calloc (plan->n_instances + 1, sizeof *g->inputs);
  g->filters = calloc (plan->n_instances + 1, sizeof *g->filters);
  g->workers = calloc (plan->n_instances + 1, sizeof *g->workers);
  int r = g->inputs && g->filters && g->workers ? add_all (g, plan, reason) : -ENOMEM;
  if (r) {
    graph_end (g, INT64_MAX);
    return r;
  }
  *ret = g;
  return 0;
}

void
graph_collect (struct graph *g, uint64_t tick, const struct kk_time *time)
{
  struct sample *s = layout_collect (g->layout, g->inputs, tick, time);
  if (!s)
    return;
  chain_run (g->chain, s);
  sample_unref (s);
}

static bool
end_workers (struct graph *g, int64_t until_ns)
{
  bool all = true;
  for (size_t i = 0; i < g->n_workers; i++)
    worker_close (g->workers[i]);
  for (size_t i = 0; i < g->n_workers; i++) {
    struct instance *output = worker_output (g->workers[i]);
    if (!worker_stop (g->workers[i], until_ns)) {
      if (g->env->log)
        log_at (g->env->log, KK_LOG_ERROR, output->plan->name, "does not come to an end: left behind with what it had not written");
      all = false;
      continue;
    }
    worker_free (g->workers[i]);
    instance_free (output);
  }
  return all;
}

static bool
end_inputs (struct graph *g)
{
  bool all = true;
  for (size_t i = 0; i < g->n_inputs; i++) {
    if (input_stuck (g->inputs + i)) {
      all = false;
      continue;
    }
    input_release (g->inputs + i);
    instance_free (g->inputs[i].instance);
  }
  return all;
}

bool
graph_end (struct graph *g, int64_t until_ns)
{
  if (!g)
    return true;
  if (g->chain)
    chain_flush (g->chain);
  bool all = end_workers (g, until_ns);
  all = end_inputs (g) && all;
  if (!all)
    return false;
  chain_free (g->chain);
  for (size_t i = 0; i < g->n_filters; i++)
    instance_free (g->filters[i]);
  layout_free (g->layout);
  free (g->inputs);
  free (g->filters);
  free (g->workers);
  free (g);
  return true;
}
