/* A process that loads a plugin, says what it is and ends. */
#ifndef SCOUT_H
#define SCOUT_H

#include "../descriptor.h"

/* The description of the plugin in `path`, with `calls` for its callbacks. Bounded in time. 0 or -errno; on failure *reason
 * (the caller's to free; NULL without memory) is one sentence that names the file. */
int scout_describe (const char *path, const struct kk_plugin *calls, struct descriptor **ret, char **reason);
#endif
