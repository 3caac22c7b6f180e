#include "plan-diff.h"

#include "option.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool
same_tables (const struct instance_plan *a, const struct instance_plan *b)
{
  if (a->n_tables != b->n_tables)
    return false;
  for (size_t i = 0; i < a->n_tables; i++)
    if (strcmp (a->tables[i].from, b->tables[i].from) || strcmp (a->tables[i].to, b->tables[i].to))
      return false;
  return true;
}

/* An output goes on with its queue only when the filters behind that queue do. */
static bool
same_pipeline (const struct plan *from, const struct instance_plan *a, const struct plan *to, const struct instance_plan *b)
{
  if (a->n_pipeline != b->n_pipeline)
    return false;
  for (size_t i = 0; i < a->n_pipeline; i++) {
    const struct instance_plan *was = plan_instance (from, a->pipeline[i]), *is = plan_instance (to, b->pipeline[i]);
    const char *why;
    if (strcmp (a->pipeline[i], b->pipeline[i]) || !was != !is || (was && !plan_same_instance (from, was, to, is, &why)))
      return false;
  }
  return true;
}

static bool
same_confinement (const struct instance_plan *a, const struct instance_plan *b)
{
  if (!b->descriptor->said)
    return true;
  if (a->memory_limit != b->memory_limit || a->network != b->network || a->capabilities != b->capabilities
      || a->n_write_paths != b->n_write_paths)
    return false;
  for (size_t i = 0; i < a->n_write_paths; i++)
    if (strcmp (a->write_paths[i], b->write_paths[i]))
      return false;
  return true;
}

static bool
same_text (const char *a, const char *b)
{
  return a && b ? !strcmp (a, b) : a == b;
}

static bool
same_field (const struct kk_field *a, const struct kk_field *b)
{
  return !strcmp (a->name, b->name) && same_text (a->unit, b->unit) && same_text (a->help, b->help) && a->type == b->type
         && a->kind == b->kind && a->decimals == b->decimals;
}

/* What a plugin declares may depend on more than its options: the fields of a program, for instance. */
static bool
same_declared (const struct instance_plan *a, const struct instance_plan *b)
{
  const struct kk_plugin *p = &a->descriptor->plugin, *q = &b->descriptor->plugin;
  if (!a->declared || !b->declared)
    return a->declared == b->declared;
  if (p->n_tables != q->n_tables)
    return false;
  for (uint32_t t = 0; t < p->n_tables; t++) {
    const struct kk_table *from = p->tables + t, *to = q->tables + t;
    if (strcmp (from->name, to->name) || !same_text (from->key, to->key) || !same_text (from->help, to->help)
        || from->key_type != to->key_type || from->max_rows != to->max_rows || from->n_fields != to->n_fields)
      return false;
    for (uint32_t f = 0; f < from->n_fields; f++)
      if (!same_field (from->fields + f, to->fields + f))
        return false;
  }
  return true;
}

/* The interval of samples is part of what filters and outputs were told, and of how long isolated inputs are waited for. */
static bool
same_interval (const struct plan *from, const struct instance_plan *a, const struct plan *to, const struct instance_plan *b)
{
  if (a->descriptor->plugin.kind == KK_INPUT && (!a->descriptor->said || a->interval_ns != b->interval_ns))
    return a->interval_ns == b->interval_ns;
  return from->settings->interval_ns == to->settings->interval_ns;
}

bool
plan_same_instance (const struct plan *from, const struct instance_plan *a, const struct plan *to, const struct instance_plan *b,
                    const char **ret_why)
{
  const struct kk_plugin *p = &b->descriptor->plugin;
  const char *why = "";
  if (a->loaded != b->loaded)
    why = a->loaded->said && b->loaded->said && !strcmp (a->loaded->plugin.name, p->name) ? "its file has changed" : "it is another plugin";
  else if (!option_equal (p->options, p->n_options, a->config, b->config))
    why = "its options changed";
  else if (!same_declared (a, b))
    why = "its tables changed";
  else if (!same_interval (from, a, to, b))
    why = "its interval changed";
  else if (a->deadline_ns != b->deadline_ns || a->queue_bytes != b->queue_bytes || a->queue_age_ns != b->queue_age_ns
           || a->pass_on_error != b->pass_on_error)
    why = "its bounds changed";
  else if (!same_confinement (a, b))
    why = "what its process may do changed";
  else if (!same_tables (a, b))
    why = "its tables were renamed";
  else if (!same_pipeline (from, a, to, b))
    why = "its pipeline changed";
  if (*why)
    *ret_why = why;
  return !*why;
}

/* The next of a common pipeline that stands in the other one too; NULL: no more. */
static const char *
next_in_both (const struct plan *p, const struct plan *other, size_t *at)
{
  while (*at < p->n_pipeline) {
    const char *name = p->pipeline[(*at)++];
    for (size_t i = 0; i < other->n_pipeline; i++)
      if (!strcmp (name, other->pipeline[i]))
        return name;
  }
  return NULL;
}

static bool
same_order (const struct plan *a, const struct plan *b)
{
  const char *x, *y;
  size_t i = 0, j = 0;
  do {
    x = next_in_both (a, b, &i);
    y = next_in_both (b, a, &j);
  } while (x && y && !strcmp (x, y));
  return !x && !y;
}

int
plan_compare (const struct plan *from, const struct plan *to, struct plan_difference **ret, size_t *ret_n)
{
  size_t n = 0;
  struct plan_difference *list = calloc (from->n_instances + to->n_instances + 2, sizeof *list);
  if (!list)
    return -ENOMEM;
  for (size_t i = 0; i < to->n_instances; i++) {
    const struct instance_plan *is = to->instances + i, *was = plan_instance (from, is->name);
    struct plan_difference d = {.name = is->name, .change = PLAN_START, .why = "it is new"};
    if (was && plan_same_instance (from, was, to, is, &d.why))
      d = (struct plan_difference){.name = is->name, .change = PLAN_KEEP, .why = ""};
    else if (was)
      d.change = PLAN_RESTART;
    list[n++] = d;
  }
  for (size_t i = 0; i < from->n_instances; i++)
    if (!plan_instance (to, from->instances[i].name))
      list[n++] = (struct plan_difference){.name = from->instances[i].name, .change = PLAN_STOP, .why = "it is no longer wanted"};
  if (!same_order (from, to))
    list[n++] =
      (struct plan_difference){.name = "pipeline", .change = PLAN_REORDER, .why = "its filters come in another order"};
  *ret = list;
  *ret_n = n;
  return 0;
}

const char *
plan_change_word (enum plan_change change)
{
  static const char *const words[] = {"keep", "start", "stop", "restart", "reorder"};
  return words[change];
}
