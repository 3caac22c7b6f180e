/* The network's thread: at this host's own second of each minute what waits goes up, and the registry is told that it lives. */
#ifndef UPLOADER_H
#define UPLOADER_H

#include "options.h"
#include "shared.h"

/* Starts the thread. What it needs of `options` is copied. 0 or -errno. */
int uploader_start (struct shared *shared, const struct options *options, pthread_t *ret);
/* Ends it, within about two seconds; the registry is told "offline" if that is possible in the first of them. A thread that
 * does not come back in that time is left to itself, with its reference to what is shared. */
void uploader_stop (struct shared *shared, pthread_t thread);
#endif
