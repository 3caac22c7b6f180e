/* From readings to finished minutes, whatever the clock does.
 *
 * The minute that runs and the one before it are kept. A clock that is set back by a little comes back to a minute that is
 * still known: it goes on, and its fuller point is given out once more. Set back by more, a minute begins anew that was there
 * before: while that one waits in the spool the fuller of both stays there; when it is in the table, which minutes_confirm
 * tells, the new one says so (POINT_AGAIN) and replaces it only if it is fuller. A clock that is ahead for a while makes
 * minutes that the spool does not send before their time: they are not confirmed, and so no minute behind them is taken for one
 * of the past. Hours of local time do not matter; minutes are UTC.
 *
 * One thread at a time, and spool_add belongs into the same turn: see minutes_confirm. */
#ifndef MINUTES_H
#define MINUTES_H

#include "minute.h"

/* Told of each minute that is over, and of one that runs when it is asked for (minutes_flush). It may be told of a minute
 * again. */
typedef void (*minutes_over) (void *arg, const struct minute *m);

struct minutes {
  struct minute slots[2];
  unsigned current; /* the slot that runs */
  int64_t written;  /* the latest minute that may be in the table; -1: none that is known */
  bool begun;
  minutes_over over;
  void *arg;
  uint64_t steps_back; /* how often time went back to an earlier minute */
  uint64_t misplaced;  /* readings before 1970 or after 9999, passed over */
};

/* "1 minute", "2 minutes" */
static inline const char *
minutes_word (uint64_t n)
{
  return n == 1 ? "minute" : "minutes";
}

void minutes_init (struct minutes *s, minutes_over over, void *arg);
void minutes_take (struct minutes *s, const struct minute_reading *r);
/* Finishes the minute that runs if it has been over for grace_ns: for inputs that are read rarely, or not any more. */
void minutes_poll (struct minutes *s, int64_t wall_ns, int64_t grace_ns);
/* At a stop or reload: tells of the minute that runs, which may go on later. */
void minutes_flush (struct minutes *s);
/* This minute is in the table, or may be: to be said of each point that spool_done is called for, before that call. A minute
 * that is told of at the same time must be in the spool before, or be told after. */
void minutes_confirm (struct minutes *s, int64_t start);
/* Takes over what an earlier run had of a minute, also when this one has begun it already. `written`: as that run's. */
void minutes_restore (struct minutes *s, const struct minute *m, int64_t written);
const struct minute *minutes_running (const struct minutes *s); /* start -1: none */
#endif
