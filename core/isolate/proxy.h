/* Isolated plugins as the host sees them: a descriptor whose callbacks ask another process. */
#ifndef PROXY_H
#define PROXY_H

#include "../descriptor.h"

/* Has a process of its own read the description of the plugin in `path`; bounded in time. On failure *reason (the caller's to free)
 * is one sentence that names the file. */
int proxy_describe (const char *path, struct descriptor **ret, char **reason);
#endif
