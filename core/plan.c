#include <config.h>

#include "plan-inner.h"

#include "option.h"
#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
free_names (char **names, size_t n)
{
  for (size_t i = 0; i < n; i++)
    free (names[i]);
  free (names);
}

static void
free_instance (struct instance_plan *instance)
{
  const struct kk_plugin *plugin = &instance->descriptor->plugin;
  option_free (plugin->options, plugin->n_options, instance->config);
  for (size_t i = 0; i < instance->n_tables; i++) {
    free (instance->tables[i].from);
    free (instance->tables[i].to);
  }
  free (instance->tables);
  free_names (instance->pipeline, instance->n_pipeline);
  descriptor_free (instance->declared);
  free_names (instance->write_paths, instance->n_write_paths);
  free (instance->name);
}

struct plan *
plan_ref (const struct plan *p)
{
  struct plan *same = (struct plan *) (uintptr_t) p;
  if (same)
    __atomic_add_fetch (&same->refs, 1, __ATOMIC_RELAXED);
  return same;
}

void
plan_free (struct plan *p)
{
  if (!p || __atomic_sub_fetch (&p->refs, 1, __ATOMIC_ACQ_REL))
    return;
  for (size_t i = 0; i < p->n_instances; i++)
    free_instance (&p->instances[i]);
  free (p->instances);
  free_names (p->pipeline, p->n_pipeline);
  settings_free (p->settings);
  for (size_t i = 0; i < p->n_documents; i++)
    yaml_free (p->documents[i]);
  free (p->documents);
  free (p->config_file);
  free (p);
}

const struct instance_plan *
plan_instance (const struct plan *p, const char *name)
{
  for (size_t i = 0; i < p->n_instances; i++)
    if (strcmp (p->instances[i].name, name) == 0)
      return &p->instances[i];
  return NULL;
}

/* What the daemon says of itself is no reason to run. */
void
plan_add_fault (struct making *m, const struct draft *draft, const struct instance_plan *instance, const struct kk_fault *fault,
                enum diag_severity severity)
{
  const struct kk_plugin *plugin = &instance->loaded->plugin;
  struct place at = draft->at;
  if (fault->option)
    at = option_place (plugin->options, plugin->n_options, draft->options, fault->option, at);
  diag_add (m->d, severity, at, "%s: %s", fault->option ? fault->option : draft->name,
            *fault->text ? fault->text : "its options do not fit together");
}

static void
check_whole (struct making *m)
{
  uint32_t inputs = 0;
  for (size_t i = 0; i < m->plan->n_instances; i++)
    inputs += m->plan->instances[i].descriptor->plugin.kind == KK_INPUT && m->plan->instances[i].descriptor->path;
  if (!inputs && !m->d->errors)
    diag_add (m->d, DIAG_ERROR, m->root->at, "no input is on: there would be nothing to record");
}

/* What the instances are to each other: that is known only with all files. */
static int
check_together (struct making *m)
{
  int r = plan_pipelines (m);
  if (r == 0)
    r = plan_check_tables (m);
  if (r == 0)
    r = plan_check_flow (m);
  if (r == 0) {
    plan_check_places (m);
    plan_check_needs (m);
    plan_check_names (m);
    check_whole (m);
  }
  return r;
}

static int64_t
wall_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_REALTIME, &t);
  return t.tv_sec * INT64_C (1000000000) + t.tv_nsec;
}

static int
make (const struct making *with, const char *config_file, struct plan **ret)
{
  struct making m = *with;
  struct diag *d = m.d;
  m.judge_ns = PLAN_JUDGE_NS;
  m.plan = calloc (1, sizeof (struct plan));
  if (!m.plan)
    return -ENOMEM;
  m.plan->refs = 1;
  m.plan->read_ns = wall_ns ();
  size_t errors = d->errors;
  int r = plan_load (&m, config_file);
  if (r == 0)
    r = plan_draft (&m);
  if (r == 0 && !m.plan->settings)
    r = -EINVAL;
  if (r == 0)
    r = plan_instances (&m);
  if (r == 0 && !m.unreadable)
    r = check_together (&m);
  for (size_t i = 0; m.hosts && i < m.plan->n_instances; i++)
    host_options_free (m.hosts[i]);
  free (m.hosts);
  flow_free (m.flow);
  free (m.drafts);
  if (r == 0 && d->errors > errors)
    r = -EINVAL;
  if (r < 0)
    plan_free (m.plan);
  else
    *ret = m.plan;
  return r;
}

int
plan_make (const char *config_file, struct modules *modules, struct diag *d, struct plan **ret)
{
  return make (&(struct making){.modules = modules, .d = d}, config_file, ret);
}

int
plan_make_thorough (const char *config_file, struct modules *modules, struct diag *d, struct plan **ret)
{
  return make (&(struct making){.modules = modules, .d = d, .thorough = true}, config_file, ret);
}

int
plan_make_with (const char *config_file, const char *also, struct modules *modules, struct diag *d, struct plan **ret)
{
  return make (&(struct making){.modules = modules, .d = d, .also = also}, config_file, ret);
}

int
plan_make_text (const char *config_file, const char *text, size_t length, struct modules *modules, struct diag *d,
                struct plan **ret)
{
  return make (&(struct making){.modules = modules, .d = d, .text = text, .length = length}, config_file, ret);
}
