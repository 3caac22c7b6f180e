/* The three clocks. Tests put a clock of their own in place. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

struct clock_reading {
  int64_t wall_ns; /* CLOCK_REALTIME */
  int64_t mono_ns; /* CLOCK_MONOTONIC: stops while the machine sleeps */
  int64_t boot_ns; /* CLOCK_BOOTTIME: does not */
};

struct clock {
  void (*read) (void *arg, struct clock_reading *ret);
  void *arg;
};

struct clock clock_system (void);

static inline struct clock_reading
clock_read (const struct clock *c)
{
  struct clock_reading now;
  c->read (c->arg, &now);
  return now;
}
#endif
