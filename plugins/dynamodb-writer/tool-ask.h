/* Questions to the daemon's own program, kode-kronical-daemon. */
#ifndef TOOL_ASK_H
#define TOOL_ASK_H

#include <json-c/json.h>

/* Runs it with these words, NULL-ended, and the configuration that was named; what it says on stderr goes to ours. *ret is the
 * object that it prints, json_object_put. 0; -EBADMSG: it prints none; -ECHILD: it failed, and said why; -ETIMEDOUT (a minute);
 * other -errno: it cannot be run. `path`: the program, for messages. */
int tool_ask (const char *const *words, json_object **ret, const char **path);
#endif
