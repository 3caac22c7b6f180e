/* What samples say of rules' values. */
#ifndef ALERT_TOOL_LOOK_H
#define ALERT_TOOL_LOOK_H

#include "tool-live.h"
#include "tool-state.h"

/* Fills in units, values and the past of lines that are sorted by tool_line_place. 0 or -ENOMEM. */
int tool_look (struct tool_lines *l, const struct tool_config *c, const struct tool_live *live);

/* The schema that file-writer left in a directory; the caller's. 0; -EBADMSG: it is none; other -errno: it cannot be read. */
int tool_recorded_schema (const char *directory, json_object **ret);
/* Of each rule of c->watches the unit of its value, "" where the schema (NULL is fine) does not say; to be freed. NULL without
 * memory. */
char (*tool_units (const struct tool_config *c, json_object *schema))[TOOL_UNIT];
#endif
