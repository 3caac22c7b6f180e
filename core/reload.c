#include "reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
reload_prepare (const char *config_file, struct modules *modules, const struct plan *now, struct reload *ret, char **reason)
{
  *ret = (struct reload){0};
  int r = plan_find_config (config_file, &ret->file);
  if (!r)
    r = plan_make (ret->file, modules, &ret->faults, &ret->plan);
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
