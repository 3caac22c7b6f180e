/* A thread of its own that has the desk and does what messages are to bring about, so that sampling waits neither for a disk
 * nor for them. */
#ifndef ALERT_ACTOR_H
#define ALERT_ACTOR_H

#include "desk.h"
#include "options.h"

#include <stdint.h>

struct actor;

/* Starts the thread, which fills `engine` with what the store in `path` says: until actor_is_open it is the thread's. `self` is
 * for log and status. 0 or -errno. */
int actor_new (struct kk_instance *self, const struct options *options, const char *path, struct alert_engine *engine,
               struct actor **ret);
/* The actions that there are: ALERT_BY_… */
unsigned actor_actions (const struct actor *a);
bool actor_is_open (struct actor *a);
/* Before a flush: whether the store wants to know how everything is; silences that changed are put into `silences`. */
bool actor_ask (struct actor *a, struct alert_silences *silences);
/* Takes the batch over. Where so much waits that there is no room for it, its messages are lost for actions, which is counted
 * and said. Never blocks for long. `plain`: how many messages were told without an action. */
void actor_give (struct actor *a, struct alert_batch *b, uint32_t plain);
/* Stores the batch, lets what waits be done for at most so long, then ends programs that still run. Where the disk or a program
 * hangs, the thread is left behind after ACTOR_GRACE_NS more, which is said. False: the engine is still its, too. */
#define ACTOR_GRACE_NS INT64_C (3000000000)
bool actor_free (struct actor *a, struct alert_batch *last, int64_t patience_ns);
#endif
