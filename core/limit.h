/* How many lines an instance may log: a burst, then a trickle. What is left out is counted. Not locked: the log does that. */
#ifndef LIMIT_H
#define LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  LIMIT_NAMES = 64, /* instances told apart; further ones share the last */
  LIMIT_BURST = 100,
  LIMIT_PER_MINUTE = 12,
  LIMIT_DEBUG_BURST = 1000,
  LIMIT_DEBUG_PER_MINUTE = 6000,
};

struct limit_bucket {
  char name[64];
  int64_t filled_ns;
  double tokens;
  uint64_t left_out; /* not yet said */
};

struct limit {
  struct limit_bucket buckets[LIMIT_NAMES * 2];
  size_t n;
  uint64_t left_out; /* ever */
};

/* Whether a line of `name` may be written at now_ns (monotonic). When true, *ret_missed is how many were left out before it. */
bool limit_take (struct limit *l, const char *name, bool debug, int64_t now_ns, uint64_t *ret_missed);
/* An instance that left lines out and may write again: its name, its count in *ret_missed; NULL when there is none (any more). */
const char *limit_settle (struct limit *l, int64_t now_ns, uint64_t *ret_missed);
#endif
