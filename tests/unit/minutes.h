/* What the tests of minutes, points and the spool share. */
#ifndef MINUTES_TEST_H
#define MINUTES_TEST_H

#include "dynamodb-writer/minute.h"
#include "unit.h"

#include <kode-kronical/plugin.h>

#define T0         INT64_C (1767225600) /* 2026-01-01 00:00:00 */
#define SECOND_NS_ INT64_C (1000000000)

static inline uint32_t
random_next (uint32_t *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

static inline uint32_t
random_below (uint32_t *state, uint32_t n)
{
  return random_next (state) % n;
}

/* A valid point with all values, made from the numbers. */
static inline struct point
make_point (const char *host, int64_t minute, uint32_t samples)
{
  struct point p = {.minute = minute,
                    .collected_us = minute * 1000000 + 59004000,
                    .created_us = minute * 1000000 + 61000001,
                    .samples = samples,
                    .there = (UINT64_C (1) << POINT_ATTRIBUTES) - 1};
  ck_assert_uint_lt (strlen (host), sizeof p.host);
  memcpy (p.host, host, strlen (host));
  for (unsigned i = 0; i < POINT_ATTRIBUTES; i++)
    p.values[i] = (minute / 60 * 7 + samples * 31 + i * 97) % 1000;
  return p;
}

/* Whether two points say the same. */
static inline bool
same_point (const struct point *a, const struct point *b)
{
  unsigned char x[POINT_PACKED], y[POINT_PACKED];
  size_t n = point_pack (a, x), m = point_pack (b, y);
  return n && n == m && !memcmp (x, y, n);
}

/* A reading of cpu and memory at so many milliseconds after T0. */
static inline struct minute_reading
make_reading (int64_t ms, double cpu)
{
  struct minute_reading r = {.wall_ns = T0 * SECOND_NS_ + ms * 1000000};
  minute_read (&r, MINUTE_CPU_PERCENT, cpu, false);
  minute_read (&r, MINUTE_MEMORY_PERCENT, 40, false);
  minute_read (&r, MINUTE_MEMORY_AVAILABLE_MB, 9000.4, false);
  minute_read (&r, MINUTE_MEMORY_USED_MB, 6000.5, false);
  return r;
}
#endif
