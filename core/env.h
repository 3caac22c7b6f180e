/* What all instances of a running daemon share; it outlives every graph. */
#ifndef ENV_H
#define ENV_H

#include "clock.h"
#include "log.h"
#include "self.h"

struct env {
  struct kk_host host; /* the functions given to plugins */
  struct log *log;     /* may be NULL in tests: nothing is written */
  const char *data_dir;
  struct clock clock;
  int64_t interval_ns; /* of samples */
  void (*self) (void *arg, struct self_reading *ret); /* tells of the daemon; NULL: there is none. Not called under locks */
  void *self_arg;
};

/* Fills in host; the rest is the caller's. */
void env_init (struct env *env);
#endif
