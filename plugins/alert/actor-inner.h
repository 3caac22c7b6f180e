/* Between the two sides of the thread: actor.c is the side that samples, actor-run.c the thread's. */
#ifndef ALERT_ACTOR_INNER_H
#define ALERT_ACTOR_INNER_H

#include "actor.h"
#include "hook.h"
#include "line-file.h"
#include "runner.h"
#include "voice.h"

#include <pthread.h>

struct actor_batch {
  struct actor_batch *next;
  struct alert_batch batch;
};

struct actor {
  struct voice voice;
  struct kk_instance *self; /* the voice */
  struct options options;   /* a copy */
  pthread_t thread;
  unsigned there; /* actions: ALERT_BY_… */
  /* The thread's: */
  struct alert_engine *engine, *whole; /* the first until it is open */
  struct alert_desk desk;
  struct alert_silences silences;
  struct line_file file;
  struct runner runner;
  struct hook hook;
  int store_error, silences_error; /* as they were said */
  bool silences_damaged;
  int64_t store_asked_ns; /* when it was asked for first; 0: not yet */
  bool store_waits;       /* that it waits for the store was said */
  uint64_t crowded, done, seen;
  char shown[160];      /* in status */
  pthread_mutex_t lock; /* guards what follows */
  pthread_cond_t changed;
  struct actor_batch *first, *last;
  uint32_t waiting;
  bool opened, wants_all, looks, missed, ending;
  bool ended;                   /* all is on disk, and the store is free */
  bool lives;                   /* … but programs that it started do not end */
  bool left;                    /* behind: all of this is the thread's now, */
  struct alert_engine *kept;    /* … and this engine */
  uint32_t letters, running;    /* messages that wait, and commands after the last round */
  struct alert_silences *fresh; /* silences that changed */
  uint64_t plain, dropped;
  int64_t end_ns, looked_ns;
};

int64_t actor_mono_ns (void);
void *actor_run (void *arg);
void actor_release (struct actor *a);
#endif
