#include <config.h>

#include "plan-inner.h"

#include "nearest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Which pipeline a filter stands in: it has one state, so it may stand in one only. */
struct user {
  const char *filter;
  const char *where;
};

struct lines {
  struct making *m;
  struct user *users;
  size_t n_users;
};

static const char *
nearest_filter (const struct plan *p, const char *name)
{
  const char *names[PLAN_MAX_INSTANCES];
  size_t n = 0;
  for (size_t i = 0; i < p->n_instances && n < PLAN_MAX_INSTANCES; i++)
    if (p->instances[i].descriptor->plugin.kind == KK_FILTER)
      names[n++] = p->instances[i].name;
  return nearest_word (name, names, n);
}

const struct draft *
plan_draft_named (const struct making *m, const char *name)
{
  for (size_t i = 0; i < m->n_drafts; i++)
    if (strcmp (m->drafts[i].name, name) == 0)
      return &m->drafts[i];
  return NULL;
}

/* Is it a running filter that stands nowhere else? A filter that is off, or whose plugin is missing, is passed over. */
static bool
is_usable (struct lines *l, const char *name, const char *where, struct place at)
{
  struct diag *d = l->m->d;
  const struct instance_plan *instance = plan_instance (l->m->plan, name);
  if (!instance && plan_draft_named (l->m, name))
    return false;
  if (!instance) {
    const char *near = diag_is_full (d) ? NULL : nearest_filter (l->m->plan, name);
    if (near)
      diag_add (d, DIAG_ERROR, at, "no filter is named '%.60s': did you mean '%s'?", name, near);
    else
      diag_add (d, DIAG_ERROR, at, "no filter is named '%.60s': add it below 'plugins:', or remove it here", name);
    return false;
  }
  uint32_t kind = instance->descriptor->plugin.kind;
  if (kind != KK_FILTER) {
    diag_add (d, DIAG_ERROR, at, "'%s' is an %s: a pipeline holds filters only", name, kind_word (kind));
    return false;
  }
  for (size_t i = 0; i < l->n_users; i++)
    if (strcmp (l->users[i].filter, name) == 0) {
      diag_add (d, DIAG_ERROR, at,
                "filter '%s' stands in %s already: for another place give a second instance its 'plugin: %s'", name,
                l->users[i].where, instance->descriptor->plugin.name);
      return false;
    }
  l->users[l->n_users++] = (struct user){.filter = instance->name, .where = where};
  return true;
}

static int
append (char ***names, size_t *n, const char *name)
{
  char **more = reallocarray (*names, *n + 1, sizeof *more);
  if (!more)
    return -ENOMEM;
  *names = more;
  more[*n] = strdup (name);
  if (!more[*n])
    return -ENOMEM;
  ++*n;
  return 0;
}

static struct place
item_place (const struct yaml_node *list, size_t i)
{
  return list->kind == YAML_LIST && i < list->n ? list->items[i]->at : list->at;
}

static int
common_pipeline (struct lines *l)
{
  struct plan *p = l->m->plan;
  const struct yaml_node *list = yaml_get (l->m->root, "pipeline");
  if (!list || list->kind == YAML_NULL)
    return 0;
  if (list->kind == YAML_MAP) {
    diag_add (l->m->d, DIAG_ERROR, list->at, "pipeline cannot be a map: give the names of filters as a list, [first, second]");
    return 0;
  }
  size_t n = list->kind == YAML_LIST ? list->n : 1;
  for (size_t i = 0; i < n; i++) {
    const struct yaml_node *item = list->kind == YAML_LIST ? list->items[i] : list;
    if (item->kind != YAML_SCALAR)
      diag_add (l->m->d, DIAG_ERROR, item->at, "an item of pipeline is %s: give the name of a filter", yaml_kind_word (item));
    else if (is_usable (l, item->text, "the common pipeline", item->at)
             && append (&p->pipeline, &p->n_pipeline, item->text) < 0)
      return -ENOMEM;
  }
  return 0;
}

static const struct yaml_node *
written_pipeline (const struct making *m, const char *output)
{
  const struct draft *draft = plan_draft_named (m, output);
  return draft ? yaml_get (draft->options, "pipeline") : NULL;
}

static int
output_pipeline (struct lines *l, struct instance_plan *output, const struct host_options *host)
{
  const struct yaml_node *list = written_pipeline (l->m, output->name);
  for (uint32_t i = 0; list && i < host->pipeline.count; i++)
    if (is_usable (l, host->pipeline.items[i], output->name, item_place (list, i))
        && append (&output->pipeline, &output->n_pipeline, host->pipeline.items[i]) < 0)
      return -ENOMEM;
  return 0;
}

static bool
is_used (const struct lines *l, const char *name)
{
  for (size_t i = 0; i < l->n_users; i++)
    if (strcmp (l->users[i].filter, name) == 0)
      return true;
  return false;
}

int
plan_pipelines (struct making *m)
{
  struct plan *p = m->plan;
  struct lines l = {.m = m, .users = calloc (p->n_instances + 1, sizeof (struct user))};
  if (!l.users)
    return -ENOMEM;
  int r = common_pipeline (&l);
  for (size_t i = 0; i < p->n_instances && r == 0; i++)
    if (p->instances[i].descriptor->plugin.kind == KK_OUTPUT)
      r = output_pipeline (&l, &p->instances[i], m->hosts[i]);
  /* A filter that is named nowhere would do nothing, which nobody wants who turned it on. Those that only look
   * at samples come last. */
  for (uint32_t last = 0; last <= KK_LAST; last += KK_LAST)
    for (size_t i = 0; i < p->n_instances && r == 0; i++) {
      const struct instance_plan *filter = &p->instances[i];
      const struct kk_plugin *plugin = &filter->descriptor->plugin;
      if (plugin->kind == KK_FILTER && (plugin->flags & KK_LAST) == last && !is_used (&l, filter->name))
        r = append (&p->pipeline, &p->n_pipeline, filter->name);
    }
  free (l.users);
  return r;
}

/* ---- What flows ---- */

static void
said (void *arg, const struct instance_plan *filter, const struct kk_fault *fault, bool refuses)
{
  struct making *m = arg;
  const struct draft *draft = plan_draft_named (m, filter->name);
  if (draft)
    plan_add_fault (m, draft, filter, fault, refuses ? DIAG_ERROR : DIAG_WARNING);
}

int
plan_check_flow (struct making *m)
{
  return m->d->errors ? 0 : flow_new (m->plan, &m->judge_ns, said, m, &m->flow);
}
