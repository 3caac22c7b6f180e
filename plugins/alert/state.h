/* One row under one rule: ok -> pending -> firing -> clearing -> ok. No clock, no memory, no files.
 *
 * What is asked depends on the state: ok and pending ask `when`, firing and clearing ask `clear`; while `when` is true nothing
 * clears. A state that wants to last (pending for for_ns, clearing for clear_for_ns) collects the time between two looks that
 * both said so. Of a longer interval only gap_ns counts: nobody looked meanwhile, but a machine too busy to be looked at often
 * still gets its alert. Monotonic time stands still while the machine sleeps, so sleep counts for nothing, nor does the time in
 * which the daemon did not run; neither takes away what was collected. A look that contradicts takes all of it.
 *
 * Unknown holds every state and its time, and the interval before and after it counts for nothing. After unknown_after_ns of it
 * that is said once, and once when it is over. A held value is no look: nothing changes.
 *
 * The bound. In a time T of looks there are at most (T + clear_for_ns) / (for_ns + clear_for_ns) messages FIRED and
 * T / (for_ns + clear_for_ns) CLEARED, whatever the series does; T / unknown_after_ns UNKNOWN and as many KNOWN, and
 * T / remind_ns reminders. With both durations 0 it is one change a look; then limits hold (outbox.h). */
#ifndef ALERT_STATE_H
#define ALERT_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum alert_truth { ALERT_FALSE, ALERT_TRUE, ALERT_UNKNOWN };
enum alert_phase { ALERT_OK, ALERT_PENDING, ALERT_FIRING, ALERT_CLEARING, ALERT_PHASES };

/* What a look changed. All but ALERT_MOVED are messages. */
enum alert_change {
  ALERT_FIRED = 1 << 0,
  ALERT_CLEARED = 1 << 1,
  ALERT_REMINDER = 1 << 2, /* it still fires */
  ALERT_BECAME_UNKNOWN = 1 << 3,
  ALERT_KNOWN = 1 << 4, /* again */
  ALERT_MOVED = 1 << 5, /* to another phase */
};

#define ALERT_UNKNOWN_AFTER INT64_C (300000000000) /* 5 min */

struct alert_params {
  int64_t for_ns, clear_for_ns;
  int64_t unknown_after_ns; /* 0: never said */
  int64_t remind_ns;        /* 0: never */
  int64_t gap_ns;           /* 0: any interval counts whole. A few intervals of the table are right */
};

struct alert_look {
  int64_t mono_ns, wall_ns; /* when the value was read */
  enum alert_truth when, clear;
  bool held;
  bool has_value;
  double value;
};

struct alert_state {
  int64_t last_ns;    /* monotonic: of the last look, where `looked` */
  int64_t lasted_ns;  /* of pending or clearing */
  int64_t unknown_ns; /* how long it has been */
  int64_t quiet_ns;   /* since the last message that it fires */
  int64_t began_ns;   /* wall: since when `when` was true, */
  int64_t fired_ns;   /* … and when that was said */
  double value;       /* the last that was known */
  uint8_t phase;      /* enum alert_phase */
  bool looked;        /* in this run */
  bool unsure;        /* the last look knew nothing */
  bool said_unknown;
  bool has_value;
};

/* What `clear` is where a rule has none. */
static inline enum alert_truth
alert_not (enum alert_truth t)
{
  return t == ALERT_UNKNOWN ? t : t == ALERT_TRUE ? ALERT_FALSE : ALERT_TRUE;
}

/* Returns the changes, ALERT_… together. A zeroed state is ok. */
unsigned alert_look (struct alert_state *s, const struct alert_params *p, const struct alert_look *look);
/* Its row is gone, for certain: CLEARED where it fired, else KNOWN where it was said to be unknown. It is ok then. */
unsigned alert_gone (struct alert_state *s);
/* As another process finds it. `changed`: the rule is not what it was: time that it collected does not count. */
void alert_resume (struct alert_state *s, bool changed);
/* Ok and known: there is nothing to remember. */
static inline bool
alert_is_plain (const struct alert_state *s)
{
  return s->phase == ALERT_OK && !s->unsure;
}
static inline bool
alert_fires (const struct alert_state *s)
{
  return s->phase == ALERT_FIRING || s->phase == ALERT_CLEARING;
}
#endif
