#include "graph.h"

#include "plan-diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
deliver (void *arg, const struct sample *sample)
{
  struct graph *g = arg;
  g->sink (g->sink_arg, sample);
  for (size_t i = 0; i < g->n_workers; i++)
    worker_put (g->workers[i], sample);
}

/* ---- Making one ---- */

struct making {
  struct graph *g;
  const struct plan *plan;
  const struct graph *before;
  char **reason;
};

/* The plan of an instance of before's that `plan` may go on with; NULL: there is none. */
static const struct instance_plan *
same_before (const struct making *m, const struct instance_plan *plan)
{
  const struct instance_plan *was = m->before ? plan_instance (m->before->plan, plan->name) : NULL;
  const char *why;
  return was && plan_same_instance (m->before->plan, was, m->plan, plan, &why) ? was : NULL;
}

static int
create (const struct making *m, const struct instance_plan *plan, struct instance **ret)
{
  return instance_new (m->g->env, m->plan, plan, ret, m->reason);
}

static int
add_input (const struct making *m, const struct instance_plan *plan)
{
  struct graph *g = m->g;
  for (size_t i = 0; same_before (m, plan) && i < m->before->n_inputs; i++)
    if (!strcmp (m->before->inputs[i]->instance->plan->name, plan->name)) {
      g->inputs[g->n_inputs++] = m->before->inputs[i];
      return 0;
    }
  struct instance *instance;
  int r = create (m, plan, &instance);
  if (!r)
    r = input_new (instance, g->inputs + g->n_inputs);
  if (!r)
    g->n_inputs++;
  return r;
}

static int
add_filter (const struct making *m, const struct instance_plan *plan)
{
  struct graph *g = m->g;
  for (size_t i = 0; same_before (m, plan) && i < m->before->n_filters; i++)
    if (!strcmp (m->before->filters[i]->plan->name, plan->name)) {
      g->filters[g->n_filters++] = m->before->filters[i];
      return 0;
    }
  int r = create (m, plan, g->filters + g->n_filters);
  if (!r)
    g->n_filters++;
  return r;
}

/* A name that the plan did not enable is passed over: the plan has said so. */
static int
create_pipeline (const struct making *m, const struct instance_plan *output, struct instance **filters, size_t *n)
{
  for (size_t i = 0; i < output->n_pipeline; i++) {
    const struct instance_plan *plan = plan_instance (m->plan, output->pipeline[i]);
    int r = plan ? create (m, plan, filters + *n) : 0;
    if (r)
      return r;
    *n += plan != NULL;
  }
  return 0;
}

static int
add_output (const struct making *m, const struct instance_plan *plan)
{
  struct graph *g = m->g;
  for (size_t i = 0; same_before (m, plan) && i < m->before->n_workers; i++)
    if (!strcmp (worker_output (m->before->workers[i])->plan->name, plan->name)) {
      g->workers[g->n_workers++] = m->before->workers[i];
      return 0;
    }
  struct instance *output, **filters = calloc (plan->n_pipeline + 1, sizeof *filters);
  size_t n = 0;
  int r = filters ? create_pipeline (m, plan, filters, &n) : -ENOMEM;
  if (!r)
    r = create (m, plan, &output);
  if (!r) {
    r = worker_new (output, filters, n, g->workers + g->n_workers);
    g->n_workers += !r;
  } else
    while (n)
      instance_free (filters[--n]);
  free (filters);
  return r;
}

static int
add_all (const struct making *m)
{
  struct graph *g = m->g;
  int r = 0;
  for (size_t i = 0; i < m->plan->n_pipeline && !r; i++) {
    const struct instance_plan *plan = plan_instance (m->plan, m->plan->pipeline[i]);
    r = plan ? add_filter (m, plan) : 0;
  }
  for (size_t i = 0; i < m->plan->n_instances && !r; i++)
    if (m->plan->instances[i].descriptor->plugin.kind == KK_OUTPUT)
      r = add_output (m, m->plan->instances + i);
  for (size_t i = 0; i < m->plan->n_instances && !r; i++)
    if (m->plan->instances[i].descriptor->plugin.kind == KK_INPUT)
      r = add_input (m, m->plan->instances + i);
  if (!r)
    r = layout_new (g->env, g->inputs, g->n_inputs, &g->layout, m->reason);
  if (!r)
    r = chain_new (g->filters, g->n_filters, deliver, g, &g->chain);
  return r;
}

int
graph_new (const struct env *env, const struct plan *plan, const struct graph *before, chain_sink *sink, void *arg,
           struct graph **ret, char **reason)
{
  *reason = NULL;
  struct graph *g = calloc (1, sizeof *g);
  if (!g)
    return -ENOMEM;
  *g = (struct graph){.env = env, .plan = plan_ref (plan), .sink = sink, .sink_arg = arg};
  g->inputs = calloc (plan->n_instances + 1, sizeof *g->inputs);
  g->filters = calloc (plan->n_instances + 1, sizeof *g->filters);
  g->workers = calloc (plan->n_instances + 1, sizeof *g->workers);
  struct making m = {.g = g, .plan = plan, .before = before, .reason = reason};
  int r = g->inputs && g->filters && g->workers ? add_all (&m) : -ENOMEM;
  if (r) {
    graph_end (g, before, INT64_MAX);
    return r;
  }
  *ret = g;
  return 0;
}

/* ---- At work ---- */

struct instance *
graph_collect (struct graph *g, uint64_t tick, const struct kk_time *time)
{
  struct sample *s = layout_collect (g->layout, g->inputs, tick, time);
  if (!s) {
    if (g->env->log)
      log_error (g->env->log, "no memory for a sample: it is lost");
    return NULL;
  }
  struct instance *left = chain_run (g->chain, s);
  sample_unref (s);
  return left;
}

/* ---- Ending one ---- */

static bool
has (const struct graph *g, const void *what)
{
  for (size_t i = 0; g && i < g->n_inputs; i++)
    if (g->inputs[i] == what)
      return true;
  for (size_t i = 0; g && i < g->n_filters; i++)
    if (g->filters[i] == what)
      return true;
  for (size_t i = 0; g && i < g->n_workers; i++)
    if (g->workers[i] == what)
      return true;
  return false;
}

bool
graph_filters_stay (const struct graph *from, const struct graph *to)
{
  bool all_stay = true;
  for (size_t i = 0; i < from->n_filters; i++)
    all_stay = all_stay && has (to, from->filters[i]);
  return all_stay;
}

void
graph_hand_over (struct graph *from, struct graph *to)
{
  if (to)
    chain_inherit (to->chain, from->chain);
  chain_free (from->chain);
  from->chain = NULL;
}

static size_t
end_workers (struct graph *g, const struct graph *other, int64_t until_ns)
{
  size_t left = 0;
  for (size_t i = 0; i < g->n_workers; i++)
    if (!has (other, g->workers[i]))
      worker_close (g->workers[i]);
  for (size_t i = 0; i < g->n_workers; i++) {
    struct worker *w = g->workers[i];
    if (has (other, w))
      continue;
    if (worker_stop (w, until_ns)) {
      worker_free (w);
      continue;
    }
    if (g->env->log)
      log_at (g->env->log, KK_LOG_ERROR, worker_output (w)->plan->name,
              "does not come to an end: left behind with what it had not written");
    left++;
  }
  return left;
}

static size_t
end_inputs (struct graph *g, const struct graph *other)
{
  size_t left = 0;
  for (size_t i = 0; i < g->n_inputs; i++)
    if (!has (other, g->inputs[i])) {
      if (input_stuck (g->inputs[i]))
        left++;
      else
        input_free (g->inputs[i]);
    }
  return left;
}

static size_t
end_filters (struct graph *g, const struct graph *other)
{
  size_t left = 0;
  for (size_t i = 0; i < g->n_filters; i++)
    if (!has (other, g->filters[i])) {
      if (instance_away (g->filters[i]))
        left++;
      else
        instance_free (g->filters[i]);
    }
  return left;
}

size_t
graph_end (struct graph *g, const struct graph *other, int64_t until_ns)
{
  if (!g)
    return 0;
  size_t left = end_workers (g, other, until_ns) + end_inputs (g, other);
  chain_free (g->chain);
  left += end_filters (g, other);
  layout_free (g->layout);
  plan_free (g->plan);
  free (g->inputs);
  free (g->filters);
  free (g->workers);
  free (g);
  return left;
}
