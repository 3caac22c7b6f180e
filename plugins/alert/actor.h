/* A thread of its own that does what messages are to bring about, so that neither sampling nor other messages wait for it. */
#ifndef ALERT_ACTOR_H
#define ALERT_ACTOR_H

#include "notice.h"
#include "options.h"

#include <stdint.h>

struct actor;

/* Starts the thread. `self` is for log and status, the options are borrowed. 0 or -errno. */
int actor_new (struct kk_instance *self, const struct options *options, struct actor **ret);
/* Takes the notice over. 0, or -ENOBUFS: so many wait that it is dropped, and counted. Never blocks for long. */
int actor_tell (struct actor *a, struct notice *n);
/* Lets what waits be done for at most so long, then ends programs that still run. */
void actor_free (struct actor *a, int64_t patience_ns);
#endif
