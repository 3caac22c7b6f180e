#include "minute.h"

#include <kode-kronical/plugin.h>

#include <math.h>

static const int64_t SECOND_NS = 1000000000, LAST_SECOND = INT64_C (253402300799);

#define PERCENT(table_, field_)                                                                                                \
  {                                                                                                                            \
    table_, field_, 1, 1000                                                                                                    \
  }
#define NUMBER(table_, field_, decimals_)                                                                                      \
  {                                                                                                                            \
    table_, field_, decimals_, INT64_C (10000000000000)                                                                        \
  }
const struct minute_rule minute_rules[MINUTE_SOURCES] = {
  [MINUTE_CPU_PERCENT] = PERCENT ("system", "cpu_percent"),
  [MINUTE_MEMORY_PERCENT] = PERCENT ("system", "memory_percent"),
  [MINUTE_MEMORY_AVAILABLE_MB] = NUMBER ("system", "memory_available_mb", 1),
  [MINUTE_MEMORY_USED_MB] = NUMBER ("system", "memory_used_mb", 1),
  [MINUTE_LOAD_AVG_1M] = NUMBER ("system", "load_avg_1m", 2),
  [MINUTE_LOAD_AVG_5M] = NUMBER ("system", "load_avg_5m", 2),
  [MINUTE_LOAD_AVG_15M] = NUMBER ("system", "load_avg_15m", 2),
  [MINUTE_BYTES_SENT_PER_S] = NUMBER ("network", "bytes_sent_per_s", 1),
  [MINUTE_BYTES_RECV_PER_S] = NUMBER ("network", "bytes_recv_per_s", 1),
  [MINUTE_SWAP_PERCENT] = PERCENT ("system", "swap_percent"),
  [MINUTE_CPU_IOWAIT_PERCENT] = PERCENT ("system", "cpu_iowait_percent"),
  [MINUTE_CPU_STEAL_PERCENT] = PERCENT ("system", "cpu_steal_percent"),
  [MINUTE_CPU_USER_PERCENT] = PERCENT ("system", "cpu_user_percent"),
  [MINUTE_CPU_SYSTEM_PERCENT] = PERCENT ("system", "cpu_system_percent"),
  [MINUTE_ACTIVE_CONNECTIONS] = NUMBER ("network", "active_connections", 0),
};

/* A mean is over the minute; a load average is one already, and its last value is that of the minute's end. */
enum statistic { MEAN, LAST, LEAST, MOST, P95 };
static const struct {
  enum point_attribute attribute;
  enum minute_source source;
  enum statistic statistic;
} results[] = {
  {POINT_CPU_PERCENT, MINUTE_CPU_PERCENT, MEAN},
  {POINT_MEMORY_PERCENT, MINUTE_MEMORY_PERCENT, MEAN},
  {POINT_MEMORY_AVAILABLE_MB, MINUTE_MEMORY_AVAILABLE_MB, MEAN},
  {POINT_MEMORY_USED_MB, MINUTE_MEMORY_USED_MB, MEAN},
  {POINT_CPU_PERCENT_MAX, MINUTE_CPU_PERCENT, MOST},
  {POINT_CPU_PERCENT_P95, MINUTE_CPU_PERCENT, P95},
  {POINT_LOAD_AVG_1M, MINUTE_LOAD_AVG_1M, LAST},
  {POINT_BYTES_SENT_PER_S, MINUTE_BYTES_SENT_PER_S, MEAN},
  {POINT_BYTES_RECV_PER_S, MINUTE_BYTES_RECV_PER_S, MEAN},
  {POINT_MEMORY_PERCENT_MAX, MINUTE_MEMORY_PERCENT, MOST},
  {POINT_MEMORY_PERCENT_P95, MINUTE_MEMORY_PERCENT, P95},
  {POINT_MEMORY_AVAILABLE_MB_MIN, MINUTE_MEMORY_AVAILABLE_MB, LEAST},
  {POINT_MEMORY_USED_MB_MAX, MINUTE_MEMORY_USED_MB, MOST},
  {POINT_LOAD_AVG_5M, MINUTE_LOAD_AVG_5M, LAST},
  {POINT_LOAD_AVG_15M, MINUTE_LOAD_AVG_15M, LAST},
  {POINT_SWAP_PERCENT, MINUTE_SWAP_PERCENT, MEAN},
  {POINT_CPU_IOWAIT_PERCENT, MINUTE_CPU_IOWAIT_PERCENT, MEAN},
  {POINT_CPU_STEAL_PERCENT, MINUTE_CPU_STEAL_PERCENT, MEAN},
  {POINT_CPU_USER_PERCENT, MINUTE_CPU_USER_PERCENT, MEAN},
  {POINT_CPU_SYSTEM_PERCENT, MINUTE_CPU_SYSTEM_PERCENT, MEAN},
  {POINT_ACTIVE_CONNECTIONS, MINUTE_ACTIVE_CONNECTIONS, MEAN},
  {POINT_BYTES_SENT_PER_S_MAX, MINUTE_BYTES_SENT_PER_S, MOST},
  {POINT_BYTES_RECV_PER_S_MAX, MINUTE_BYTES_RECV_PER_S, MOST},
};
_Static_assert(sizeof results / sizeof results[0] == POINT_ATTRIBUTES, "every attribute comes from somewhere");

static int64_t
power_of_ten (uint32_t n)
{
  int64_t power = 1;
  while (n-- > 0)
    power *= 10;
  return power;
}

/* ---- Readings ---- */

/* |value| times `power` (at most 100) for a value below 2^50, rounded as the recorded files are: a tie to the even number.
 * Exact, for 53 bits times 7 fit in 64. */
static int64_t
scale (double value, int64_t power)
{
  int exponent;
  uint64_t product = (uint64_t) ldexp (frexp (fabs (value), &exponent), 53) * (uint64_t) power;
  int shift = 53 - exponent;
  if (shift > 63)
    return 0;
  uint64_t whole = product >> shift, rest = product - (whole << shift), half = UINT64_C (1) << (shift - 1);
  return (int64_t) (whole + (rest > half || (rest == half && (whole & 1))));
}

void
minute_read (struct minute_reading *r, enum minute_source source, double value, bool held)
{
  const struct minute_rule *rule = &minute_rules[source];
  const int64_t power = power_of_ten (rule->decimals), slack = power / 2; /* half a unit beyond is still rounding */
  const int64_t scaled = fabs (value) < 0x1p50 ? scale (value, power) : INT64_MAX;
  if (scaled > (value < 0 ? 0 : rule->most) + slack) {
    if (source < MINUTE_REQUIRED)
      r->absent[source] = KK_ERROR;
    return;
  }
  r->values[source] = value < 0 ? 0 : scaled > rule->most ? rule->most : scaled;
  if (held)
    r->held |= 1u << source;
  else
    r->fresh |= 1u << source;
}

/* ---- The minute ---- */

int64_t
minute_of (int64_t wall_ns)
{
  int64_t second = wall_ns / SECOND_NS;
  return wall_ns < 0 || second > LAST_SECOND ? -1 : second - second % MINUTE_LENGTH;
}

void
minute_begin (struct minute *m, int64_t start)
{
  *m = (struct minute){.start = start};
}

static void
tally (struct minute_tally *t, int64_t value)
{
  if (t->count == MINUTE_MOST)
    return;
  t->least = t->count && t->least < value ? t->least : value;
  t->most = t->count && t->most > value ? t->most : value;
  t->last = value;
  t->sum += value;
  t->count++;
}

void
minute_add (struct minute *m, const struct minute_reading *r)
{
  m->dirty = true;
  if (r->wall_ns > m->newest_ns)
    m->newest_ns = r->wall_ns;
  for (unsigned i = 0; i < MINUTE_SOURCES; i++) {
    if (!(r->fresh >> i & 1))
      continue;
    if (i < MINUTE_RANKED && m->tallies[i].count < MINUTE_MOST)
      m->ranks[i][r->values[i]]++;
    tally (&m->tallies[i], r->values[i]);
  }
  for (unsigned i = 0; i < MINUTE_REQUIRED; i++) {
    if (r->held >> i & 1)
      m->held_values[i] = r->values[i];
    else if (!(r->fresh >> i & 1))
      m->absent[i] = r->absent[i];
    m->held |= r->held & 1u << i;
  }
}

static void
merge_tally (struct minute_tally *t, const struct minute_tally *from, bool later)
{
  if (!from->count)
    return;
  struct minute_tally sum = {.count = t->count + from->count,
                             .sum = t->sum + from->sum,
                             .least = t->count && t->least < from->least ? t->least : from->least,
                             .most = t->count && t->most > from->most ? t->most : from->most,
                             .last = t->count && !later ? t->last : from->last};
  *t = sum;
}

void
minute_merge (struct minute *m, const struct minute *from)
{
  const bool later = from->newest_ns > m->newest_ns;
  for (unsigned i = 0; i < MINUTE_SOURCES; i++) {
    if (m->tallies[i].count + from->tallies[i].count > MINUTE_MOST)
      continue;
    merge_tally (&m->tallies[i], &from->tallies[i], later);
    for (unsigned step = 0; i < MINUTE_RANKED && step < MINUTE_STEPS; step++)
      m->ranks[i][step] += from->ranks[i][step];
  }
  for (unsigned i = 0; i < MINUTE_REQUIRED; i++) {
    if (from->held >> i & 1 && (later || !(m->held >> i & 1)))
      m->held_values[i] = from->held_values[i];
    if (later)
      m->absent[i] = from->absent[i];
  }
  m->held |= from->held;
  m->again |= from->again;
  m->dirty |= from->dirty;
  m->newest_ns = later ? from->newest_ns : m->newest_ns;
}

/* ---- The point ---- */

/* n / d, both at least 0, rounded to the nearest; a tie upwards. */
static int64_t
divide (int64_t n, int64_t d)
{
  return n / d + (n % d >= d - n % d);
}

static int64_t
percentile_95 (const uint32_t *ranks, uint32_t count)
{
  uint64_t wanted = (UINT64_C (95) * count + 99) / 100, below = 0;
  for (int64_t step = 0; step < MINUTE_STEPS; step++)
    if ((below += ranks[step]) >= wanted)
      return step;
  return MINUTE_STEPS - 1;
}

static int64_t
result (const struct minute *m, enum minute_source source, enum statistic statistic, uint32_t decimals)
{
  const struct minute_tally *t = &m->tallies[source];
  const int64_t unit = power_of_ten (minute_rules[source].decimals - decimals);
  switch (statistic) {
  case MEAN:
    return divide (t->sum, t->count * unit);
  case LEAST:
    return divide (t->least, unit);
  case MOST:
    return divide (t->most, unit);
  case P95:
    return divide (percentile_95 (m->ranks[source], t->count), unit);
  default:
    return divide (t->last, unit);
  }
}

int
minute_point (const struct minute *m, const char *host, int64_t created_ns, struct point *ret, struct minute_lack *lack)
{
  struct point p = {.minute = m->start,
                    .collected_us = m->newest_ns / 1000,
                    .created_us = created_ns > 0 ? created_ns / 1000 : 0,
                    .samples = m->tallies[MINUTE_CPU_PERCENT].count,
                    .flags = m->again ? POINT_AGAIN : 0};
  for (unsigned i = 0; i < MINUTE_REQUIRED; i++)
    if (!m->tallies[i].count && !(m->held >> i & 1)) {
      *lack = (struct minute_lack){.field = minute_rules[i].field, .absent = m->absent[i]};
      return -ENODATA;
    }
  for (unsigned i = 0; i < POINT_ATTRIBUTES; i++) {
    enum minute_source source = results[i].source;
    enum point_attribute to = results[i].attribute;
    uint32_t decimals = point_rules[to].decimals;
    if (m->tallies[source].count)
      p.values[to] = result (m, source, results[i].statistic, decimals);
    else if (to < POINT_REQUIRED)
      p.values[to] = divide (m->held_values[source], power_of_ten (minute_rules[source].decimals - decimals));
    else
      continue;
    p.there |= UINT64_C (1) << to;
  }
  snprintf (p.host, sizeof p.host, "%s", host);
  *ret = p;
  return 0;
}
