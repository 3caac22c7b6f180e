/* The store and the messages that actions have yet to tell: what waits for a disk, so that the engine need not. One thread at a
 * time, which is not the one that samples.
 *
 * What the engine gives (struct alert_batch) is written before anybody is told of it, and that an action told a message right
 * after: after kill -9 no change is forgotten, and only the message that was just being told may be told twice, under the
 * same id. */
#ifndef ALERT_DESK_H
#define ALERT_DESK_H

#include "engine.h"
#include "post.h"
#include "store.h"

struct alert_desk {
  struct alert_store store;
  struct alert_post post;
  char *path;
  int64_t retry_ns; /* no new file before that */
  bool wants_all;   /* the next batch should say how everything is */
};

/* store_bytes, history: 0: as they usually are. 0 or -ENOMEM. */
int alert_desk_init (struct alert_desk *d, const char *path, uint64_t store_bytes, uint32_t history, int64_t keep_ns);
void alert_desk_free (struct alert_desk *d);
/* Takes the directory over. `e` gets what is there, and is nobody else's meanwhile; NULL: it has long gone on without. 0;
 * -EWOULDBLOCK: somebody else has it, try again later; other -errno: it works without a store, and tries again by itself. */
int alert_desk_open (struct alert_desk *d, struct alert_engine *e, int64_t mono_ns, int64_t wall_ns);
/* Writes a batch, and takes its messages over; `b` is freed. */
void alert_desk_take (struct alert_desk *d, struct alert_batch *b, int64_t mono_ns, int64_t wall_ns);
/* Those actions have told it. The letter may be gone then. */
void alert_desk_told (struct alert_desk *d, struct alert_letter *l, unsigned by);
/* As alert_post_clean; what goes does not come back with the next start. */
uint32_t alert_desk_clean (struct alert_desk *d, unsigned there, int64_t mono_ns);
#endif
