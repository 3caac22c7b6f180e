#include "share.h"

#include <kode-kronical/plugin.h>

static double
percent_of (uint64_t part, uint64_t whole)
{
  if (!whole)
    return 0;
  double percent = 100.0 * (double) part / (double) whole;
  return percent > 100 ? 100 : percent;
}

void
cpu_share (const struct cpu_times *before, const struct cpu_times *now, uint64_t possible, struct cpu_share *ret)
{
  uint64_t delta[CPU_STATES], rises = 0, falls = 0;
  *ret = (struct cpu_share){0};

  /* Idle and iowait step back a little now and then: only what rose is summed, totals are never subtracted. */
  for (int i = 0; i < CPU_STATES; i++) {
    bool fell = now->ticks[i] < before->ticks[i];
    delta[i] = fell ? 0 : now->ticks[i] - before->ticks[i];
    if (i == CPU_STEAL && delta[i] > possible) {
      ret->steal_is_absurd = true;
      delta[i] = 0;
    }
    if (i < CPU_GUEST) {
      rises += delta[i];
      falls += fell ? before->ticks[i] - now->ticks[i] : 0;
    }
  }
  /* A processor that went away took its part of every counter with it. */
  if (falls > rises) {
    ret->absent = KK_RESET;
    return;
  }
  ret->busy = percent_of (rises - delta[CPU_IDLE] - delta[CPU_IOWAIT], rises);
  for (int i = 0; i < CPU_STATES; i++)
    ret->percent[i] = percent_of (delta[i], rises);
}
