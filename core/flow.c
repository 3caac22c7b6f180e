#include "flow.h"

#include "isolate/judge.h"
#include "leave-out.h"
#include "shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct tracing {
  const struct plan *plan;
  struct flow *flow;
  int64_t *left_ns; /* how long isolated plugins may still take to answer */
  flow_said *said;
  void *arg;
};

/* ---- What the inputs give ---- */

static int
add_table (struct schema *s, uint32_t at, const struct instance_plan *input, const struct kk_table *table)
{
  struct table_schema *t = s->tables + at;
  int r = 0;
  if (!t->name)
    r = table_schema_name (t, plan_table_name (input, table), table->key, table->help, table->key_type, table->max_rows);
  for (uint32_t f = 0; !r && f < table->n_fields; f++)
    if (descriptor_has (input->descriptor, input->config, table->fields[f].only_if)
        && table_schema_find (t, table->fields[f].name) < 0)
      r = table_schema_add (t, table->fields + f);
  return r;
}

/* Tables of one name are one. */
static uint32_t
place_of (const struct schema *s, const char *name)
{
  uint32_t t = 0;
  while (s->tables[t].name && strcmp (s->tables[t].name, name) != 0)
    t++;
  return t;
}

static int
begin (struct tracing *t)
{
  const struct plan *p = t->plan;
  uint32_t most = 0, n = 0;
  for (size_t i = 0; i < p->n_instances; i++)
    most += p->instances[i].descriptor->plugin.n_tables;
  struct schema *s = t->flow->in = schema_new (&t->flow->host, most + 1);
  int r = s ? 0 : -ENOMEM;
  for (size_t i = 0; !r && i < p->n_instances; i++) {
    const struct instance_plan *input = p->instances + i;
    const struct kk_plugin *plugin = &input->descriptor->plugin;
    for (uint32_t k = 0; !r && plugin->kind == KK_INPUT && input->config && !input->parked && k < plugin->n_tables; k++)
      if (descriptor_has (input->descriptor, input->config, plugin->tables[k].only_if))
        r = add_table (s, place_of (s, plan_table_name (input, plugin->tables + k)), input, plugin->tables + k);
  }
  while (s && n < most && s->tables[n].name)
    n++;
  if (s)
    s->n_tables = n;
  return r;
}

/* ---- What filters make of it ---- */

/* *ret is the caller's, also on failure; NULL where the filter does not say what it does. */
static int
ask (struct tracing *t, struct schema *in, const struct instance_plan *filter, const void *config, struct shape **ret,
     struct kk_fault *fault)
{
  const struct kk_plugin *plugin = &filter->descriptor->plugin;
  *ret = NULL;
  *fault = (struct kk_fault){.option = NULL};
  int r = plugin->shape ? shape_new (&t->flow->host, in, ret) : 0;
  if (r || !*ret)
    return r;
  if (filter->descriptor->said)
    r = judge_shape (filter->descriptor, config, in, t->left_ns, &(*ret)->face, fault);
  else
    r = plugin->shape (config, &in->face, &(*ret)->face, fault);
  if (!r && (r = shape_finish (*ret)) == -EEXIST)
    kk_refuse (fault, NULL, "%s: rename one of them", (*ret)->fault);
  if (r == -E2BIG && !*fault->text)
    kk_refuse (fault, NULL, "more than 512 fields of a table, or 64 tables, would come of it: choose fewer in its options");
  return r;
}

/* One fault after the other, as long as they are about entries of maps; another may be of what was left out. */
static void
say_refused (struct tracing *t, struct schema *in, const struct instance_plan *filter, struct kk_fault *fault)
{
  struct leave_out left = {.d = filter->descriptor, .whole = filter->config};
  struct shape *shape;
  int r;
  do {
    t->said (t->arg, filter, fault, true);
    if (!leave_out_next (&left, fault))
      break;
    r = ask (t, in, filter, leave_out_config (&left), &shape, fault);
    shape_free (shape);
  } while (r && r != -ENOMEM && fault->option && strchr (fault->option, '.'));
  leave_out_end (&left);
}

static void
tell_warnings (const struct tracing *t, const struct instance_plan *filter, const struct shape *shape)
{
  for (uint32_t i = 0; i < shape->n_warnings; i++) {
    const struct shape_warning *w = shape->warnings + i;
    struct kk_fault fault = {.option = NULL};
    kk_refuse (&fault, w->option, "%s", w->text);
    t->said (t->arg, filter, &fault, false);
  }
}

static int
pass (struct tracing *t, struct flow_line *line, const struct instance_plan *filter, struct schema **ret)
{
  struct kk_fault fault;
  struct shape *shape;
  int r = ask (t, line->out, filter, filter->config, &shape, &fault);
  if (r == 0 && shape) {
    if (line->sure) /* otherwise more may come than is known */
      tell_warnings (t, filter, shape);
    *ret = schema_ref (shape->out);
  } else if (r != -ENOMEM) {
    /* What follows one that is not known to pass all on cannot be judged. */
    if (r && line->sure)
      say_refused (t, line->out, filter, &fault);
    line->sure = false;
    *ret = schema_ref (line->out);
    r = 0;
  }
  shape_free (shape);
  return r;
}

static int
trace_line (struct tracing *t, struct flow_line *line, char *const *names, size_t n)
{
  int r = 0;
  line->steps = calloc (n + 1, sizeof *line->steps);
  if (!line->steps)
    return -ENOMEM;
  for (size_t i = 0; !r && i < n; i++) {
    const struct instance_plan *filter = plan_instance (t->plan, names[i]);
    struct schema *out = NULL;
    if (!filter || !filter->config)
      continue;
    r = pass (t, line, filter, &out);
    if (r)
      break;
    line->steps[line->n_steps++] = (struct flow_step){filter, schema_ref (out)};
    schema_unref (line->out);
    line->out = out;
  }
  return r;
}

static int
trace (struct tracing *t)
{
  const struct plan *p = t->plan;
  struct flow *f = t->flow;
  int r = begin (t);
  f->lines = calloc (p->n_instances + 1, sizeof *f->lines);
  if (r || !f->lines)
    return -ENOMEM;
  f->lines[f->n_lines++] = (struct flow_line){.out = schema_ref (f->in), .sure = true};
  r = trace_line (t, f->lines, p->pipeline, p->n_pipeline);
  for (size_t i = 0; !r && i < p->n_instances; i++) {
    const struct instance_plan *output = p->instances + i;
    if (output->descriptor->plugin.kind != KK_OUTPUT || output->parked)
      continue;
    struct flow_line *line = f->lines + f->n_lines++;
    *line = (struct flow_line){.output = output, .out = schema_ref (f->lines[0].out), .sure = f->lines[0].sure};
    r = trace_line (t, line, output->pipeline, output->n_pipeline);
  }
  return r;
}

int
flow_new (const struct plan *p, int64_t *left_ns, flow_said *said, void *arg, struct flow **ret)
{
  struct flow *f = calloc (1, sizeof *f);
  struct tracing t = {.plan = p, .flow = f, .left_ns = left_ns, .said = said, .arg = arg};
  if (!f)
    return -ENOMEM;
  f->host = (struct kk_host){.size = sizeof f->host, .api = KK_API_NEWEST};
  sample_host_functions (&f->host);
  shape_host_functions (&f->host);
  int r = trace (&t);
  if (r)
    flow_free (f);
  else
    *ret = f;
  return r;
}

void
flow_free (struct flow *f)
{
  if (!f)
    return;
  for (size_t i = 0; i < f->n_lines; i++) {
    for (size_t j = 0; j < f->lines[i].n_steps; j++)
      schema_unref (f->lines[i].steps[j].out);
    free (f->lines[i].steps);
    schema_unref (f->lines[i].out);
  }
  free (f->lines);
  schema_unref (f->in);
  free (f);
}
