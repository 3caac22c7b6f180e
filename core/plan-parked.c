#include <config.h>

#include "plan-inner.h"

#include "option.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Whatever would be an error if it were on. */
static int
judge (struct making *m, const struct draft *draft, const struct descriptor *descriptor)
{
  const struct kk_plugin *plugin = &descriptor->plugin;
  const char *known[PLAN_MAX_KEYS];
  void *config = NULL;
  int r;
  host_options_free (host_options_make (draft->options, 1u << (plugin->kind - KK_INPUT), draft->at, m->d, &r));
  if (r == -ENOMEM)
    return r;
  plan_check_host_keys (m, draft, descriptor);
  plan_known_keys (descriptor, known);
  r = option_fill (plugin->options, plugin->n_options, plugin->config_size, draft->options, known, draft->at, m->d, &config);
  option_free (plugin->options, plugin->n_options, config);
  return r == -ENOMEM ? r : 0;
}

/* A name that is no plugin's turns nothing off. One that is not like any other may be of another machine. */
static void
say_missing (struct making *m, const struct draft *draft, const char *plugin, const char *reason)
{
  char *near = diag_is_full (m->d) ? NULL : plan_nearest_plugin (m->modules, plugin);
  if (near)
    diag_add (m->d, DIAG_WARNING, draft->at, "%s, so nothing is turned off here: did you mean '%s'?", reason, near);
  free (near);
}

int
plan_check_parked (struct making *m, const struct draft *draft, const struct host_options *naming)
{
  const struct descriptor *descriptor;
  const char *plugin = *naming->plugin ? naming->plugin : draft->name;
  char *reason = NULL;
  if (!m->thorough)
    return 0;
  int r = modules_load_as (m->modules, plugin, MODULE_DESCRIBED, &descriptor, &reason);
  if (r == -ENOENT && !naming->optional)
    say_missing (m, draft, plugin, reason ? reason : plugin);
  else if (r && r != -ENOMEM && r != -ENOENT)
    diag_add (m->d, DIAG_WARNING, draft->at, "'%s' is off; turned on, this is an error: %s", draft->name, reason ? reason : strerror (-r));
  free (reason);
  if (r || !draft->has_options)
    return r == -ENOMEM ? r : 0;
  struct diag found = {0}, *d = m->d;
  m->d = &found;
  r = judge (m, draft, descriptor);
  m->d = d;
  for (size_t i = 0; i < found.n; i++) {
    const struct diag_item *item = found.items + i;
    if (item->severity == DIAG_ERROR)
      diag_add (d, DIAG_WARNING, (struct place){item->file, item->line, item->column}, "'%s' is off; turned on, this is an error: %s",
                draft->name, item->text);
  }
  diag_free (&found);
  return r;
}
