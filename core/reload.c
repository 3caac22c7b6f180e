#include "reload.h"

#include "yamltree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where section daemon says `key`; the main file, which comes first, wins over the others, of which the last does. */
static struct place
place_of (const struct plan *p, const char *key)
{
  struct place at = {.file = p->config_file};
  for (size_t i = 0; i < p->n_documents; i++) {
    const struct yaml_node *root = p->documents[i]->root, *section = yaml_get (root, "daemon");
    const struct yaml_node *value = yaml_get (section, key);
    if (!value)
      continue;
    at = value->at;
    if (p->config_file && !strcmp (p->documents[i]->file, p->config_file))
      break;
  }
  return at;
}

/* What a reload cannot change: it belongs to the process, not to the graph. */
static void
say_fixed (const struct settings *in_force, const struct plan *to, struct diag *d)
{
  const struct settings *new = to->settings;
  const struct {
    const char *key, *now, *then;
  } fixed[] = {{"data_dir", in_force->data_dir, new->data_dir},
               {"log_file", in_force->log_file, new->log_file},
               {"pid_file", in_force->pid_file, new->pid_file}};
  for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
    struct place at = place_of (to, fixed[i].key);
    /* Both files are in data_dir by default: then it is enough to name that. */
    bool follows = i && !at.line && strcmp (fixed[0].now, fixed[0].then);
    if (strcmp (fixed[i].now, fixed[i].then) && !follows)
      diag_add (d, DIAG_WARNING, at, "%s changes with a restart only: until then it stays %s", fixed[i].key, fixed[i].now);
  }
}

int
reload_prepare (const char *config_file, struct modules *modules, const struct plan *now, const struct settings *in_force,
                struct reload *ret, char **reason)
{
  *ret = (struct reload){0};
  int r = plan_find_config (config_file, &ret->file);
  if (!r)
    r = plan_make (ret->file, modules, &ret->faults, &ret->plan);
  if (!r)
    say_fixed (in_force, ret->plan, &ret->faults);
  if (!r)
    r = plan_compare (now, ret->plan, &ret->changes, &ret->n_changes);
  if (r && ret->faults.errors)
    r = asprintf (reason, "%s has %zu error%s", ret->file ? ret->file : "the configuration", ret->faults.errors,
                  ret->faults.errors == 1 ? "" : "s") < 0
            ? -ENOMEM
            : r;
  else if (r && asprintf (reason, "%s cannot be read: %s", config_file ? config_file : "the configuration", strerror (-r)) < 0)
    r = -ENOMEM;
  if (r == -ENOMEM)
    *reason = NULL;
  return r;
}

void
reload_clear (struct reload *r)
{
  free (r->changes);
  plan_free (r->plan);
  diag_free (&r->faults);
  free (r->file);
  *r = (struct reload){0};
}

void
reload_log_faults (const struct diag *faults, struct log *log)
{
  for (size_t i = 0; i < faults->n; i++) {
    const struct diag_item *f = faults->items + i;
    enum kk_level level = f->severity == DIAG_ERROR ? KK_LOG_ERROR : f->severity == DIAG_WARNING ? KK_LOG_WARNING : KK_LOG_INFO;
    log_at (log, level, NULL, "%s:%u:%u: %s", f->file ? f->file : "configuration", f->line, f->column, f->text);
  }
}

void
reload_log (const struct reload *r, struct log *log)
{
  reload_log_faults (&r->faults, log);
  for (size_t i = 0; i < r->n_changes; i++)
    if (r->changes[i].change != PLAN_KEEP)
      log_at (log, KK_LOG_INFO, r->changes[i].name, "%s: %s", plan_change_word (r->changes[i].change), r->changes[i].why);
}

static struct json_object *
fault_json (const struct diag_item *f)
{
  static const char *const severities[] = {"error", "warning", "note"};
  struct json_object *o = json_object_new_object ();
  json_object_object_add (o, "severity", json_object_new_string (severities[f->severity]));
  json_object_object_add (o, "file", f->file ? json_object_new_string (f->file) : NULL);
  json_object_object_add (o, "line", json_object_new_int64 (f->line));
  json_object_object_add (o, "column", json_object_new_int64 (f->column));
  json_object_object_add (o, "text", json_object_new_string (f->text));
  return o;
}

void
reload_json (const struct reload *r, struct json_object *answer)
{
  struct json_object *faults = json_object_new_array (), *changes = json_object_new_array ();
  for (size_t i = 0; i < r->faults.n; i++)
    json_object_array_add (faults, fault_json (r->faults.items + i));
  for (size_t i = 0; i < r->n_changes; i++) {
    struct json_object *o = json_object_new_object ();
    json_object_object_add (o, "instance", json_object_new_string (r->changes[i].name));
    json_object_object_add (o, "change", json_object_new_string (plan_change_word (r->changes[i].change)));
    json_object_object_add (o, "why", json_object_new_string (r->changes[i].why));
    json_object_array_add (changes, o);
  }
  json_object_object_add (answer, "faults", faults);
  json_object_object_add (answer, "changes", changes);
}
