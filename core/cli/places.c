#include "cli/places.h"

#include "cli/command.h"
#include "path.h"
#include "plan-inner.h"
#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *
find_text (const struct yaml_node *root, const char *key)
{
  const struct yaml_node *section = root ? yaml_get (root, "daemon") : NULL;
  const struct yaml_node *value = section ? yaml_get (section, key) : NULL;
  return value && value->kind == YAML_SCALAR && *value->text ? value->text : NULL;
}

/* What the configuration says, else the default beside the data. */
static int
find_file (const struct yaml_node *root, const char *key, const char *data_dir, const char *name, char **ret)
{
  const char *text = find_text (root, key);
  return text ? path_expand (text, ret) : path_join (data_dir, name, ret);
}

static int
fill (const struct yaml_node *root, struct places *p)
{
  const char *data_dir = find_text (root, "data_dir");
  if (!data_dir)
    data_dir = settings_data_dir_of_environment ();
  int r = path_expand (data_dir ? data_dir : "~/.local/share/kode-kronical", &p->data_dir);
  if (!r)
    r = find_file (root, "pid_file", p->data_dir, "daemon.pid", &p->pid_file);
  if (!r)
    r = find_file (root, "log_file", p->data_dir, "daemon.log", &p->log_file);
  return r;
}

int
places_find (const char *given, struct places *ret)
{
  struct places p = {.config_file = NULL};
  struct diag faults = {.n = 0};
  struct making files = {.plan = calloc (1, sizeof (struct plan)), .d = &faults};
  if (!files.plan)
    return -ENOMEM;
  files.plan->refs = 1;
  int r = plan_find_config (given, &p.config_file);
  if (r < 0) {
    fprintf (stderr, PROGRAM ": cannot read %s: %s\n", given ? given : "the configuration", strerror (-r));
    plan_free (files.plan);
    return r;
  }
  r = plan_load (&files, p.config_file); /* as far as the files can be read */
  p.guessed = r < 0 || files.unreadable;
  r = fill (files.root, &p);
  diag_free (&faults);
  plan_free (files.plan);
  if (r < 0) {
    fprintf (stderr, PROGRAM ": cannot find the data directory: %s\n",
             r == -ENOENT ? "this user has no home directory; set HOME, or data_dir in the configuration" : strerror (-r));
    places_clear (&p);
    return r;
  }
  *ret = p;
  return 0;
}

void
places_clear (struct places *p)
{
  free (p->config_file);
  free (p->data_dir);
  free (p->pid_file);
  free (p->log_file);
  *p = (struct places){.config_file = NULL};
}
