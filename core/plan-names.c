#include <config.h>

#include "plan-inner.h"

#include "nearest.h"
#include "option.h"

#include <string.h>

/* What arrives at an output, when that is known for sure. */
static const struct schema *
arrives_at (const struct flow *flow, const struct instance_plan *output)
{
  for (size_t i = 0; flow && i < flow->n_lines; i++)
    if (flow->lines[i].output == output)
      return flow->lines[i].sure ? flow->lines[i].out : NULL;
  return NULL;
}

static const char *
nearest_table (const struct schema *s, const char *name)
{
  const char *best = NULL;
  for (uint32_t t = 0; t < s->n_tables; t++) {
    const char *both[] = {best ? best : s->tables[t].name, s->tables[t].name};
    best = nearest_word (name, both, KK_COUNT (both));
  }
  return best;
}

static bool
has_table (const struct schema *s, const char *name)
{
  for (uint32_t t = 0; t < s->n_tables; t++)
    if (!strcmp (s->tables[t].name, name))
      return true;
  return false;
}

/* What is left out may be named before it is there; then only what looks misspelt is spoken of. */
static void
check_name (struct making *m, const struct schema *s, const char *name, bool wanted, const char *option, struct place at)
{
  const char *near = nearest_table (s, name);
  if (strpbrk (name, "*?[\\") || (has_table (s, name) && (wanted || strcmp (name, "system"))))
    return;
  if (strchr (name, '.'))
    diag_add (m->d, DIAG_WARNING, at, "%s: '%s' is no table: give tables as a whole; fields are chosen by the filter select",
              option, name);
  else if (has_table (s, name))
    diag_add (m->d, DIAG_WARNING, at,
              "%s: table '%s' is recorded all the same, no entry can be without: remove it from the list", option, name);
  else if (near)
    diag_add (m->d, DIAG_WARNING, at, "%s: no table '%s' comes along: did you mean '%s'?", option, name, near);
  else if (wanted)
    diag_add (m->d, DIAG_WARNING, at, "%s: no table '%s' comes along: turn on what gives it, or remove it from the list",
              option, name);
}

void
plan_check_names (struct making *m)
{
  static const char *const options[] = {"tables", "exclude"};
  for (size_t i = 0; i < m->plan->n_instances && !m->d->errors; i++) {
    const struct instance_plan *output = &m->plan->instances[i];
    const struct kk_plugin *plugin = &output->descriptor->plugin;
    const struct schema *s = strcmp (plugin->name, "file-writer") ? NULL : arrives_at (m->flow, output);
    const struct draft *draft = s && output->config ? plan_draft_named (m, output->name) : NULL;
    for (size_t o = 0; draft && o < KK_COUNT (options); o++) {
      const struct kk_option *option = descriptor_option (output->descriptor, options[o]);
      const struct place at =
        option_place (plugin->options, plugin->n_options, draft->options, options[o], (struct place){.line = 0});
      union option_value names = {.list = {.count = 0}};
      if (option && at.line) /* what is written there, not what holds by default */
        option_load (option, output->config, &names);
      for (uint32_t n = 0; n < names.list.count; n++)
        check_name (m, s, names.list.items[n], o == 0, options[o], at);
    }
  }
}
