#include <config.h>

#include "cli/config-command.h"

#include "describe.h"
#include "edit.h"
#include "path.h"
#include "plan.h"
#include "shortform.h"
#include "yamltree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What to write for a key that the file does not hold: never another meaning than it had without. */
static void
value_to_add (const struct common_key *k, const struct plan *plan, const struct yaml_node *root, char *value, size_t size)
{
  const struct yaml_node *region = yaml_get (yaml_get (root, "aws"), "region");
  const char *environment = getenv ("AWS_REGION");
  if (!environment || !*environment)
    environment = getenv ("AWS_DEFAULT_REGION");
  snprintf (value, size, "%s", k->value);
  if (strcmp (k->key, "log_file") == 0 && yaml_get (yaml_get (root, "daemon"), "data_dir"))
    snprintf (value, size, "%s", plan->settings->log_file);
  else if (strcmp (k->key, "pid_file") == 0 && yaml_get (yaml_get (root, "daemon"), "data_dir"))
    snprintf (value, size, "%s", plan->settings->pid_file);
  else if (strcmp (k->key, "dynamodb_region") == 0 && region && region->kind == YAML_SCALAR && *region->text)
    snprintf (value, size, "%s", region->text);
  else if (strcmp (k->key, "dynamodb_region") == 0 && environment && *environment)
    snprintf (value, size, "%s", environment);
}

/* Set already, in this file or in conf.d: in its own section or, as a synonym, in section monitoring, or for the plugin itself. */
static bool
is_there (const struct common_key *k, const struct yaml_node *root)
{
  const struct short_key *s = short_key_find (k->section, k->key);
  if (yaml_get (yaml_get (root, k->section), k->key))
    return true;
  if (!s)
    return false;
  const struct yaml_node *instance = yaml_get (yaml_get (root, "plugins"), s->instance);
  return (s->synonym && yaml_get (yaml_get (root, "monitoring"), k->key))
         || yaml_get (instance, s->target ? s->target : "enabled") || (!s->target && instance && instance->kind == YAML_SCALAR);
}

/* Adds one key to `text`. */
static int
add_key (const char *file, const struct common_key *k, const char *value, struct buf *text, struct diag *d)
{
  struct edit e = {.path = {k->section, k->key}, .n = 2, .value = value, .comment = k->help};
  struct buf next = {0};
  int r = edit_set (file, text->data, text->len, &e, d, &next);
  if (r < 0) {
    buf_free (&next);
    return r;
  }
  buf_free (text);
  *text = next;
  return 0;
}

/* What was added is told in `said`, a line for each. */
static int
add_missing (const char *file, const struct plan *plan, struct buf *text, struct diag *d, struct buf *said)
{
  const struct yaml_node *root = plan->documents[0]->root; /* all files merged */
  struct common_key k;
  int r = 0;
  for (size_t i = 0; r == 0 && describe_common_key (i, &k); i++) {
    char value[4200];
    if (!k.live || is_there (&k, root))
      continue;
    value_to_add (&k, plan, root, value, sizeof value);
    r = add_key (file, &k, value, text, d);
    if (r == 0)
      buf_printf (said, "Added %s.%s: %s\n", k.section, k.key, value);
  }
  return r;
}

static int
update_file (const char *file, struct modules *modules)
{
  struct buf BUF_CLEANUP text = {0}, BUF_CLEANUP said = {0};
  struct diag d = {0};
  struct plan *plan = NULL;
  char *old;
  size_t length;
  int r = path_read_file (file, CONFIG_MAX_FILE, &old, &length);
  if (r < 0)
    return config_fail ("read", file, r);
  buf_add (&text, old, length);
  r = plan_make_text (file, old, length, modules, &d, &plan);
  if (r == 0)
    r = text.error;
  if (r == 0)
    r = add_missing (file, plan, &text, &d, &said);
  if (r < 0)
    diag_print (&d, stderr);
  if (r == 0)
    r = config_check_result (file, old, length, &text, modules);
  diag_free (&d);
  plan_free (plan);
  free (old);
  if (r < 0) {
    fprintf (stderr, PROGRAM ": %s is unchanged\n", file);
    return EXIT_FAILED;
  }
  r = said.len ? config_rewrite (file, &text) : 0;
  if (r < 0)
    return config_fail ("write", file, r);
  printf ("%s%s: %s\n", said.len ? said.data : "", file, said.len ? "updated" : "nothing is missing");
  return EXIT_OK;
}

int
config_update (const struct command_call *call, struct modules *modules)
{
  char *file;
  int r = config_target (call, &file);
  if (r < 0)
    return config_fail ("find", "the configuration", r);
  int status;
  if (access (file, F_OK) < 0 && errno == ENOENT)
    status = config_create (call, modules);
  else
    status = update_file (file, modules);
  free (file);
  return status;
}
