/* What the daemon would use, for the command `dynamodb`: asked of the daemon's own program. */
#ifndef TOOL_CONFIG_H
#define TOOL_CONFIG_H

#include "options.h"

#include <json-c/json.h>

struct tool_config {
  const char *instance;
  bool enabled;
  const char *config_file;   /* NULL: built-in defaults */
  const char *data_dir;      /* the daemon's */
  const char *recorded_dir;  /* where file-writer records */
  int64_t cpu_ns, memory_ns; /* as in struct recorded_source */
  struct options options;
  json_object *whole; /* all strings are in it */
};

struct tool_fault {
  char text[600];
};

/* `instance`: NULL: dynamodb-writer, or the one other that is on and of that plugin. 0, or -errno with `fault` set. */
int tool_config_load (const char *instance, struct tool_config *ret, struct tool_fault *fault);
void tool_config_free (struct tool_config *c); /* NULL is fine */

/* What `kode-kronical-daemon status --json` says; NULL: nothing that could be read. json_object_put. */
json_object *tool_daemon_status (void);
#endif
