/* Questions to the daemon's own program, kode-kronical-daemon. */
#ifndef TOOL_ASK_H
#define TOOL_ASK_H

#include "buf.h"

enum { TOOL_MOST = 1 << 20 };

/* Runs it with these words, NULL-ended, and the configuration that was named; what it says on stderr goes to ours. What it
 * prints is added to `out`, at most TOOL_MOST bytes. 0; -ECHILD: it failed, and said why; -ETIMEDOUT (a minute); other -errno:
 * it cannot be run. `path`: the program, for messages. */
int tool_ask (const char *const *words, struct buf *out, const char **path);
#endif
