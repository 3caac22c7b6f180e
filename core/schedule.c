#include "schedule.h"

#define SUSPEND_NS INT64_C (100000000)
#define STEP_NS INT64_C (1000000000)

void
schedule_init (struct schedule *s, int64_t interval_ns, const struct clock_reading *now)
{
  *s = (struct schedule){.interval_ns = interval_ns, .next_ns = now->mono_ns};
}

bool
schedule_due (const struct schedule *s, const struct clock_reading *now)
{
  return now->mono_ns >= s->next_ns;
}

static uint32_t
before (struct schedule *s, const struct clock_reading *now, bool missed)
{
  if (!s->ticked)
    return KK_FIRST;
  int64_t mono = now->mono_ns - s->last.mono_ns, boot = now->boot_ns - s->last.boot_ns, wall = now->wall_ns - s->last.wall_ns;
  int64_t step = wall - boot;
  if (step > STEP_NS || step < -STEP_NS)
    s->steps++;
  if (boot - mono > SUSPEND_NS) {
    s->suspends++;
    return KK_SUSPEND;
  }
  return missed ? KK_GAP : KK_PRESENT;
}

uint32_t
schedule_take (struct schedule *s, const struct clock_reading *now)
{
  uint64_t missed = s->ticked ? (uint64_t) ((now->mono_ns - s->next_ns) / s->interval_ns) : 0;
  uint32_t what = before (s, now, missed > 0);
  s->missed += missed;
  s->ticks++;
  s->ticked = true;
  s->last = *now;
  s->next_ns = (now->mono_ns / s->interval_ns + 1) * s->interval_ns;
  return what;
}
