/* The daemon as an input of its own: table `daemon`, what it costs and what it lost. */
#ifndef SELF_H
#define SELF_H

#include <kode-kronical/plugin.h>

/* What an environment can tell of the daemon in it. */
struct self_reading {
  uint64_t ticks, missed_ticks;
  uint64_t dropped; /* samples that filters and outputs gave up or could not queue, or that there was no memory for */
  uint64_t failed;  /* calls of plugins that failed or passed their deadline */
  uint64_t ring_samples, ring_bytes;
};

/* The descriptor, as a plugin would export it. */
const struct kk_plugin *self_plugin (void);
#endif
