/* The rules that the daemon uses, or would use, for the command `alerts`: asked of the daemon's own program. */
#ifndef ALERT_TOOL_CONFIG_H
#define ALERT_TOOL_CONFIG_H

#include "buf.h"
#include "tool-source.h"
#include "watch.h"

#include <json-c/json.h>

struct tool_config {
  enum tool_source source;
  const char *instance;
  bool enabled;
  bool waits;               /* the file has it on, and the daemon that runs has not read that */
  const char *data_dir;     /* the daemon's */
  const char *recorded_dir; /* where file-writer records */
  int64_t interval_ns;      /* of samples */
  bool partial;             /* a filter may take rows away before rules see them, */
  bool recorded_partial;    /* … or before they are recorded */
  char *store;              /* the instance's directory */
  struct watches watches;
  struct watches tried; /* by tool_config_try */
  json_object *rules;   /* as they were configured; NULL: none */
  json_object *whole; /* strings are in it */
};

/* `instance`: NULL: `alert`, or the one other that is on and of that plugin. `source`: TOOL_OF_DAEMON: as tool_source_find;
 * TOOL_OF_FILE: the file's alone. 0, or -errno, and it was said why. */
int tool_config_load (enum tool_source source, const char *instance, struct tool_config *ret);
void tool_config_free (struct tool_config *c);
/* The other instances of the plugin that are on, as "'a', 'b'"; nothing: there are none. `rule`: those that have it; NULL: all.
 */
void tool_config_others (const struct tool_config *c, const char *rule, struct buf *b);
/* By its name, or NULL. */
const struct watch *tool_config_rule (const struct tool_config *c, const char *name);
/* A rule as it is, or with other conditions and times; NULL: not given. */
struct tool_rule {
  const char *name, *when, *lasts, *clear;
};
/* The one to be tried; NULL: there is none, and it was said why. Only once. */
const struct watch *tool_config_try (struct tool_config *c, const struct tool_rule *rule);
/* "there is no rule 'x'; did you mean 'y'?" on stderr. */
void tool_config_no_rule (const struct tool_config *c, const char *name);
#endif
