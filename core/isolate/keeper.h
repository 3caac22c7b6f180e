/* Keeps the process of an isolated instance: starts it, waits for it no longer than others can bear, ends it when it
 * misbehaves, and starts it again, later and later up to a bound, until it does well. */
#ifndef KEEPER_H
#define KEEPER_H

#include "../instance.h"
#include "carry.h"
#include "child.h"
#include "known.h"

enum keeper_state { KEEPER_DOWN, KEEPER_ENDING, KEEPER_OPENING, KEEPER_CREATING, KEEPER_UP };

struct keeper {
  struct instance *instance;
  const void *config;
  char *data_dir; /* the instance's own, which it may write to */
  enum keeper_state state;
  struct child child;
  uint32_t generation; /* changes with every process */
  uint32_t failures;   /* since it last did well */
  uint32_t late;       /* answers in a row that did not come in time */
  bool missed;         /* an answer came too late and was thrown away; whoever is concerned clears it */
  int64_t up_ns;       /* monotonic; when its instance was there */
  bool said_late;
  int error;        /* why it is being ended */
  bool begun;       /* keeper_begin is done: from now on it is started again */
  int refused;      /* -errno of a `create` or load that the plugin refused in good order */
  int64_t retry_ns; /* monotonic; when to start it again */
  uint32_t confined;
  struct known known;
};

/* Starts the process and gives it a moment to create its instance. -errno when the plugin refuses; when it crashes or hangs
 * instead, the keeper goes on trying and this is 0. */
int keeper_begin (struct keeper *k, struct instance *i, const void *config);
void keeper_end (struct keeper *k);

/* 0 when a request can be made now; -EAGAIN while it is being started, is late with an answer, or waits for its next start. */
int keeper_ready (struct keeper *k);
/* keeper_ready, then one request. -EAGAIN, -ETIMEDOUT, -EIO: the process failed and the instance says why. `*ret` as of
 * child_reply. */
int keeper_ask (struct keeper *k, enum wire_type type, const struct buf *body, struct wire *ret, int32_t *ret_result);
int keeper_send (struct keeper *k, enum wire_type type, const struct buf *body);
/* Ends the process because of what it did. */
void keeper_fail (struct keeper *k, int error);
/* A request was served well. */
void keeper_good (struct keeper *k);
uint32_t keeper_level (const struct keeper *k);

/* Tells the process of a schema unless it knows it. ret_last (may be NULL): the sample of it that it has, or NULL. */
int keeper_schema (struct keeper *k, struct schema *schema, struct sample **ret_last);
#endif
