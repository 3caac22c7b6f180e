/* When ticks come, and what lay between two of them. Pure arithmetic: whoever has the clocks asks. */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "clock.h"

#include <kode-kronical/plugin.h>

struct schedule {
  int64_t interval_ns;
  int64_t next_ns;                 /* the next tick, on the monotonic clock */
  struct clock_reading last;       /* the tick before */
  bool ticked;
  uint64_t ticks, missed, suspends, steps; /* steps: of the wall clock, by more than a second */
};

/* The first tick is at once; from then on at whole multiples of the interval. */
void schedule_init (struct schedule *s, int64_t interval_ns, const struct clock_reading *now);
bool schedule_due (const struct schedule *s, const struct clock_reading *now);
/* Takes the tick that is due: counts what was missed (never made up for) and sets the next. Returns what came before it: KK_PRESENT,
 * KK_FIRST, KK_GAP, KK_SUSPEND. */
uint32_t schedule_take (struct schedule *s, const struct clock_reading *now);
#endif
