/* Whose configuration the command `alerts` goes by. */
#ifndef ALERT_TOOL_SOURCE_H
#define ALERT_TOOL_SOURCE_H

#include <json-c/json.h>
#include <stdbool.h>

/* TOOL_OF_NOBODY: no daemon tells it, and the file cannot be used: places are guessed, and no rule is known. */
enum tool_source { TOOL_OF_DAEMON, TOOL_OF_FILE, TOOL_OF_NOBODY };

/* The running daemon's, else the file's, else nobody's, with an instance of that name (NULL: `alert`) in it. 0; or -errno, and
 * it was said why. */
int tool_source_find (const char *instance, enum tool_source *ret_source, json_object **ret);
/* The file's, with `instance` (NULL: no more) even if it is off. 0; -ECHILD: it has faults, which were said; other -errno, and
 * it was said why. */
int tool_source_file (const char *instance, json_object **ret);
/* Whether a file of the configuration was written since the daemon that says `status` of itself (NULL is fine) read it. */
bool tool_source_is_newer (json_object *status);
#endif
