/* From readings to finished minutes, whatever the clock does.
 *
 * The minute that runs and the one before it are kept. A clock that is set back by a little comes back to a minute that is
 * still known: it goes on, and its fuller point is given out once more. Set back by more, a minute begins anew that was there
 * before: its point says so (POINT_AGAIN), and replaces the earlier one only if it is fuller. Hours of local time do not
 * matter; minutes are UTC.
 *
 * One thread at a time. */
#ifndef MINUTES_H
#define MINUTES_H

#include "minute.h"

/* Told of each minute that is over, and of one that runs when it is asked for (minutes_flush). It may be told of a minute
 * again. */
typedef void (*minutes_over) (void *arg, const struct minute *m);

struct minutes {
  struct minute slots[2];
  unsigned current; /* the slot that runs */
  int64_t newest;   /* the latest minute that ever began; -1: none */
  bool begun;
  minutes_over over;
  void *arg;
  uint64_t steps_back; /* how often time went back to an earlier minute */
  uint64_t misplaced;  /* readings before 1970 or after 9999, passed over */
};

void minutes_init (struct minutes *s, minutes_over over, void *arg);
void minutes_take (struct minutes *s, const struct minute_reading *r);
/* Finishes the minute that runs if it has been over for grace_ns: for inputs that are read rarely, or not any more. */
void minutes_poll (struct minutes *s, int64_t wall_ns, int64_t grace_ns);
/* At a stop or reload: tells of the minute that runs, which may go on later. */
void minutes_flush (struct minutes *s);
/* Takes over what an earlier run had of a minute, also when this one has begun it already. `newest`: as that run's. */
void minutes_restore (struct minutes *s, const struct minute *m, int64_t newest);
const struct minute *minutes_running (const struct minutes *s); /* start -1: none */
#endif
