/* A reload's first half: the configuration read anew and held beside what runs. It changes nothing. */
#ifndef RELOAD_H
#define RELOAD_H

#include "log.h"
#include "plan-diff.h"

#include <json-c/json.h>

struct reload {
  char *file;        /* the configuration; NULL: built in */
  struct plan *plan; /* NULL: it has errors */
  struct diag faults;
  struct plan_difference *changes;
  size_t n_changes;
};

/* `in_force`: the settings the daemon was started with, of which the places last until it ends. Fills in *ret, also on failure: then -errno with one sentence in *reason (the caller's to free). */
int reload_prepare (const char *config_file, struct modules *modules, const struct plan *now, const struct settings *in_force,
                    struct reload *ret, char **reason);
void reload_clear (struct reload *r);
/* Faults of a configuration as lines of the log. */
void reload_log_faults (const struct diag *faults, struct log *log);
/* The same, and what changes. */
void reload_log (const struct reload *r, struct log *log);
/* Both as members "faults" and "changes" of an answer. */
void reload_json (const struct reload *r, struct json_object *answer);
#endif
