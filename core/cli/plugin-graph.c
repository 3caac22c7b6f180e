#include <config.h>

#include "cli/plugin-graph.h"
#include "cli/wrap.h"

#include "flow.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct graph_text {
  struct buf b;
  const struct plan *plan;
  const struct flow *flow;
};

/* ---- Text ---- */

/* "system 12, processes 9 by pid": tables with their number of fields. */
static void
add_tables (struct buf *b, const struct schema *s)
{
  for (uint32_t t = 0; t < s->n_tables; t++) {
    const struct table_schema *table = s->tables + t;
    buf_printf (b, "%s%s (%u field%s", t ? ", " : "", table->name, table->n_fields, table->n_fields == 1 ? "" : "s");
    if (table->key)
      buf_printf (b, " by %s", table->key);
    buf_addc (b, ')');
  }
  if (!s->n_tables)
    buf_adds (b, "nothing");
}

static void
add_changed_fields (struct buf *b, const struct table_schema *from, const struct table_schema *to, uint32_t *n)
{
  for (int added = 0; added < 2; added++) {
    const struct table_schema *all = added ? to : from, *known = added ? from : to;
    for (uint32_t f = 0; f < all->n_fields; f++)
      if (table_schema_find (known, all->fields[f].name) < 0)
        buf_printf (b, "%s%c%s.%s", (*n)++ ? ", " : "", added ? '+' : '-', to->name, all->fields[f].name);
  }
}

/* "-network, +system.cpu_percent_max": what a filter makes another. */
static void
add_changes (struct buf *b, const struct schema *from, const struct schema *to)
{
  uint32_t n = 0;
  for (uint32_t t = 0; t < from->n_tables; t++)
    if (schema_find_table (to, from->tables[t].name) < 0)
      buf_printf (b, "%s-%s", n++ ? ", " : "", from->tables[t].name);
  for (uint32_t t = 0; t < to->n_tables; t++) {
    int64_t before = schema_find_table (from, to->tables[t].name);
    if (before < 0)
      buf_printf (b, "%s+%s", n++ ? ", " : "", to->tables[t].name);
    else
      add_changed_fields (b, from->tables + before, to->tables + t, &n);
  }
  if (!n)
    buf_adds (b, "all tables and fields go on");
}

static void
add_steps (struct buf *b, const struct flow_line *line, const struct schema *in)
{
  for (size_t i = 0; i < line->n_steps; i++) {
    const struct flow_step *s = line->steps + i;
    buf_printf (b, "  %-16s  %s: ", s->filter->name, s->filter->descriptor->plugin.name);
    if (s->filter->descriptor->plugin.shape)
      add_changes (b, in, s->out);
    else
      buf_adds (b, "what it drops is known only when it runs");
    buf_addc (b, '\n');
    in = s->out;
  }
}

static void
add_inputs (struct graph_text *g)
{
  buf_adds (&g->b, "Inputs\n");
  for (size_t i = 0; i < g->plan->n_instances; i++) {
    const struct instance_plan *input = g->plan->instances + i;
    const struct kk_plugin *p = &input->descriptor->plugin;
    if (p->kind != KK_INPUT || !input->config)
      continue;
    buf_printf (&g->b, "  %-16s  every ", input->name);
    text_duration (&g->b, input->interval_ns);
    buf_adds (&g->b, ": ");
    for (uint32_t t = 0, n = 0; t < p->n_tables; t++)
      if (descriptor_has (input->descriptor, input->config, p->tables[t].only_if))
        buf_printf (&g->b, "%s%s", n++ ? ", " : "", plan_table_name (input, p->tables + t));
    buf_addc (&g->b, '\n');
  }
}

static void
add_text (struct graph_text *g)
{
  const struct flow *f = g->flow;
  add_inputs (g);
  if (f->lines[0].n_steps) {
    buf_adds (&g->b, "Pipeline, for all outputs\n");
    add_steps (&g->b, f->lines, f->in);
  }
  for (size_t i = 1; i < f->n_lines; i++)
    if (f->lines[i].n_steps) {
      buf_printf (&g->b, "Pipeline%s, for %s alone\n", f->lines[0].n_steps ? " behind it" : "", f->lines[i].output->name);
      add_steps (&g->b, f->lines + i, f->lines[0].out);
    }
  buf_adds (&g->b, "Outputs\n");
  for (size_t i = 1; i < f->n_lines; i++) {
    buf_printf (&g->b, "  %-16s  gets ", f->lines[i].output->name);
    add_tables (&g->b, f->lines[i].out);
    buf_addc (&g->b, '\n');
  }
}

/* ---- For graphviz ---- */

static void
add_node (struct buf *b, const struct instance_plan *instance, const char *shape)
{
  const char *plugin = instance->descriptor->plugin.name;
  buf_adds (b, "  ");
  text_json_string (b, instance->name, strlen (instance->name));
  buf_printf (b, " [shape=%s", shape);
  if (strcmp (plugin, instance->name) != 0)
    buf_printf (b, ", label=\"\\N\\n(%s)\"", plugin);
  buf_adds (b, "];\n");
}

static void
add_edge (struct buf *b, const char *from, const char *to, const struct schema *s)
{
  buf_adds (b, "  ");
  text_json_string (b, from, strlen (from));
  buf_adds (b, " -> ");
  text_json_string (b, to, strlen (to));
  buf_adds (b, " [label=\"");
  for (uint32_t t = 0; t < s->n_tables; t++)
    buf_printf (b, "%s%s: %u field%s", t ? "\\n" : "", s->tables[t].name, s->tables[t].n_fields,
                s->tables[t].n_fields == 1 ? "" : "s");
  buf_adds (b, "\"];\n");
}

static void
add_input (struct buf *b, const struct instance_plan *input)
{
  const struct kk_plugin *p = &input->descriptor->plugin;
  add_node (b, input, "ellipse");
  buf_adds (b, "  ");
  text_json_string (b, input->name, strlen (input->name));
  buf_adds (b, " -> \"one sample\" [label=\"");
  for (uint32_t t = 0, n = 0; t < p->n_tables; t++)
    if (descriptor_has (input->descriptor, input->config, p->tables[t].only_if))
      buf_printf (b, "%s%s", n++ ? "\\n" : "", plan_table_name (input, p->tables + t));
  buf_adds (b, "\"];\n");
}

static const char *
add_dot_steps (struct buf *b, const struct flow_line *line, const char *from, const struct schema **in)
{
  for (size_t i = 0; i < line->n_steps; i++) {
    const struct flow_step *s = line->steps + i;
    add_node (b, s->filter, "box");
    add_edge (b, from, s->filter->name, *in);
    from = s->filter->name;
    *in = s->out;
  }
  return from;
}

static void
add_dot (struct graph_text *g)
{
  const struct flow *f = g->flow;
  struct buf *b = &g->b;
  buf_adds (b, "digraph \"kode-kronical\" {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n"
               "  edge [fontname=\"sans-serif\", fontsize=10];\n  \"one sample\" [shape=plaintext];\n");
  for (size_t i = 0; i < g->plan->n_instances; i++) {
    const struct instance_plan *input = g->plan->instances + i;
    if (input->descriptor->plugin.kind != KK_INPUT || !input->config)
      continue;
    add_input (b, input);
  }
  const struct schema *common = f->in;
  const char *last = add_dot_steps (b, f->lines, "one sample", &common);
  for (size_t i = 1; i < f->n_lines; i++) {
    const struct schema *in = common;
    const char *from = add_dot_steps (b, f->lines + i, last, &in);
    add_node (b, f->lines[i].output, "cylinder");
    add_edge (b, from, f->lines[i].output->name, in);
  }
  buf_adds (b, "}\n");
}

/* ---- For programs ---- */

static void
add_json_name (struct buf *b, const char *key, const char *text)
{
  buf_printf (b, "\"%s\":", key);
  text_json_string (b, text, strlen (text));
}

static void
add_json_schema (struct buf *b, const struct schema *s)
{
  buf_adds (b, "\"tables\":{");
  for (uint32_t t = 0; t < s->n_tables; t++) {
    const struct table_schema *table = s->tables + t;
    if (t)
      buf_addc (b, ',');
    text_json_string (b, table->name, strlen (table->name));
    buf_adds (b, ":[");
    for (uint32_t f = 0; f < table->n_fields; f++) {
      if (f)
        buf_addc (b, ',');
      text_json_string (b, table->fields[f].name, strlen (table->fields[f].name));
    }
    buf_addc (b, ']');
  }
  buf_addc (b, '}');
}

static void
add_json_line (struct buf *b, const struct flow_line *line)
{
  buf_adds (b, "\"sure\":");
  buf_adds (b, line->sure ? "true" : "false");
  buf_adds (b, ",\"filters\":[");
  for (size_t i = 0; i < line->n_steps; i++) {
    buf_adds (b, i ? ",{" : "{");
    add_json_name (b, "name", line->steps[i].filter->name);
    buf_addc (b, ',');
    add_json_name (b, "plugin", line->steps[i].filter->descriptor->plugin.name);
    buf_addc (b, ',');
    add_json_schema (b, line->steps[i].out);
    buf_addc (b, '}');
  }
  buf_adds (b, "],");
  add_json_schema (b, line->out);
}

static void
add_json (struct graph_text *g)
{
  const struct flow *f = g->flow;
  struct buf *b = &g->b;
  buf_adds (b, "{\"inputs\":{");
  add_json_schema (b, f->in);
  buf_adds (b, "},\"pipeline\":{");
  add_json_line (b, f->lines);
  buf_adds (b, "},\"outputs\":[");
  for (size_t i = 1; i < f->n_lines; i++) {
    buf_adds (b, i > 1 ? ",{" : "{");
    add_json_name (b, "name", f->lines[i].output->name);
    buf_addc (b, ',');
    add_json_line (b, f->lines + i);
    buf_addc (b, '}');
  }
  buf_adds (b, "]}\n");
}

/* ---- The command ---- */

static void
ignore (void *arg, const struct instance_plan *filter, const struct kk_fault *fault, bool refuses)
{
  (void) arg;
  (void) filter;
  (void) fault; /* config --check says it */
  (void) refuses;
}

static int
print (const struct command_call *call, const struct plan *plan)
{
  struct flow *flow;
  struct graph_text g = {.plan = plan};
  int64_t left_ns = PLAN_JUDGE_NS;
  int r = flow_new (plan, &left_ns, ignore, NULL, &flow);
  if (!r) {
    g.flow = flow;
    bool json = command_given (call, "json"), dot = command_given (call, "dot");
    struct buf BUF_CLEANUP wrapped = {0};
    if (json)
      add_json (&g);
    else if (dot)
      add_dot (&g);
    else
      add_text (&g);
    if (!json && !dot && g.b.data)
      wrap_add (&wrapped, g.b.data, wrap_width (stdout), -1);
    r = g.b.error ? g.b.error : wrapped.error;
    const struct buf *out = json || dot ? &g.b : &wrapped;
    if (!r && out->data)
      fwrite (out->data, 1, out->len, stdout);
    flow_free (flow);
  }
  buf_free (&g.b);
  if (r)
    fprintf (stderr, PROGRAM ": cannot show it: %s\n", strerror (-r));
  return r ? EXIT_FAILED : EXIT_OK;
}

int
plugin_graph (const struct command_call *call, struct modules *modules)
{
  char *file;
  struct diag d = {0};
  struct plan *plan = NULL;
  int r = plan_find_config (call->config_file, &file);
  if (r == 0)
    r = plan_make (file, modules, &d, &plan);
  if (r && !d.errors)
    fprintf (stderr, PROGRAM ": cannot read %s: %s\n", call->config_file ? call->config_file : "the configuration",
             strerror (-r));
  diag_print (&d, stderr);
  diag_free (&d);
  int status = r ? EXIT_FAILED : print (call, plan);
  plan_free (plan);
  free (file);
  return status;
}
