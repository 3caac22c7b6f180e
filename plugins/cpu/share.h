/* From two readings of the processors' time counters to the shares of time between them. */
#ifndef CPU_SHARE_H
#define CPU_SHARE_H

#include <stdbool.h>
#include <stdint.h>

/* Guest time is counted inside user time too, and guest_nice inside nice. */
enum cpu_state {
  CPU_USER,
  CPU_NICE,
  CPU_SYSTEM,
  CPU_IDLE,
  CPU_IOWAIT,
  CPU_IRQ,
  CPU_SOFTIRQ,
  CPU_STEAL,
  CPU_GUEST,
  CPU_GUEST_NICE,
  CPU_STATES
};

struct cpu_times {
  uint64_t ticks[CPU_STATES];
};

struct cpu_share {
  uint32_t absent;      /* enum kk_absent; the rest holds only when it is KK_PRESENT */
  bool steal_is_absurd; /* percent[CPU_STEAL] says nothing, and the other shares were formed without it */
  double busy;          /* 0 to 100, as all of them */
  double percent[CPU_STATES];
};

/* `possible`: the ticks that all processors together can have spent in between, with some room. */
void cpu_share (const struct cpu_times *before, const struct cpu_times *now, uint64_t possible, struct cpu_share *ret);
#endif
