#include "sketch.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST 1e-9 /* what is nearer to 0 counts as 0 */
static const int32_t OFFSET = 1 << 20;
static const double GAMMA = (1 + SKETCH_ERROR) / (1 - SKETCH_ERROR);

/* ---- Ranges ---- */

static int32_t
range_of (double value)
{
  double size = fabs (value);
  if (size < LEAST)
    return 0;
  int32_t range = OFFSET + (int32_t) ceil (log (size) / log (GAMMA));
  return value < 0 ? -range : range;
}

static double
middle_of (int32_t range)
{
  if (!range)
    return 0;
  double value = 2 * pow (GAMMA, abs (range) - OFFSET) / (GAMMA + 1);
  return range < 0 ? -value : value;
}

/* Where the range is, or would be. */
static uint32_t
find (const struct sketch *s, int32_t range)
{
  uint32_t low = 0, high = s->n_buckets;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (s->buckets[middle].range < range)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static int
make_room (struct sketch *s)
{
  uint32_t cap = s->cap ? s->cap * 2 : 64;
  struct sketch_bucket *more = realloc (s->buckets, cap * sizeof *more);
  if (!more)
    return -ENOMEM;
  s->buckets = more;
  s->cap = cap;
  return 0;
}

/* The two smallest ranges, which lie next to 0, become one: large values are what is asked for. */
static void
join_smallest (struct sketch *s)
{
  uint32_t at = find (s, 0);
  if (at >= s->n_buckets - 1)
    at = s->n_buckets - 2;
  struct sketch_bucket *b = s->buckets + at;
  if (abs (b[0].range) > abs (b[1].range))
    b[1].range = b[0].range;
  b[1].count = b[1].count > UINT32_MAX - b[0].count ? UINT32_MAX : b[1].count + b[0].count;
  memmove (b, b + 1, (s->n_buckets - at - 1) * sizeof *b);
  s->n_buckets--;
}

static int
count (struct sketch *s, int32_t range, uint32_t n)
{
  uint32_t at = find (s, range);
  if (at < s->n_buckets && s->buckets[at].range == range) {
    uint32_t *c = &s->buckets[at].count;
    *c = *c > UINT32_MAX - n ? UINT32_MAX : *c + n;
    return 0;
  }
  if (s->n_buckets == s->cap && make_room (s))
    return -ENOMEM;
  memmove (s->buckets + at + 1, s->buckets + at, (s->n_buckets - at) * sizeof *s->buckets);
  s->buckets[at] = (struct sketch_bucket){range, n};
  if (++s->n_buckets > SKETCH_BUCKETS)
    join_smallest (s);
  return 0;
}

/* ---- Values ---- */

/* From now on ranges. */
static int
give_up_values (struct sketch *s)
{
  while (s->cap < SKETCH_EXACT * 2)
    if (make_room (s))
      return -ENOMEM;
  for (uint32_t i = 0; i < s->n_values; i++)
    count (s, range_of (s->values[i]), 1); /* there is room */
  free (s->values);
  s->values = NULL;
  s->n_values = 0;
  return 0;
}

static bool
is_exact (const struct sketch *s)
{
  return !s->n_buckets;
}

int
sketch_add (struct sketch *s, double value)
{
  if (is_exact (s) && !s->values && !(s->values = malloc (SKETCH_EXACT * sizeof *s->values)))
    return -ENOMEM;
  if (is_exact (s) && s->n_values < SKETCH_EXACT) {
    s->values[s->n_values++] = value;
    s->n++;
    return 0;
  }
  int r = is_exact (s) ? give_up_values (s) : 0;
  if (!r)
    r = count (s, range_of (value), 1);
  s->n += !r;
  return r;
}

int
sketch_merge (struct sketch *to, const struct sketch *from)
{
  int r = 0;
  for (uint32_t i = 0; i < from->n_values && !r; i++)
    r = sketch_add (to, from->values[i]);
  if (from->n_buckets && is_exact (to) && !r)
    r = give_up_values (to);
  for (uint32_t i = 0; i < from->n_buckets && !r; i++) {
    r = count (to, from->buckets[i].range, from->buckets[i].count);
    to->n += r ? 0 : from->buckets[i].count;
  }
  return r;
}

static int
by_value (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

double
sketch_quantile (struct sketch *s, double share)
{
  uint64_t rank = (uint64_t) ceil (share * (double) s->n - 1e-9), below = 0;
  rank = rank < 1 ? 1 : rank > s->n ? s->n : rank;
  if (is_exact (s)) {
    qsort (s->values, s->n_values, sizeof *s->values, by_value);
    return s->values[rank - 1];
  }
  for (uint32_t i = 0; i < s->n_buckets; i++) {
    below += s->buckets[i].count;
    if (below >= rank)
      return middle_of (s->buckets[i].range);
  }
  return middle_of (s->buckets[s->n_buckets - 1].range);
}

size_t
sketch_bytes (const struct sketch *s)
{
  return (s->values ? SKETCH_EXACT * sizeof *s->values : 0) + s->cap * sizeof *s->buckets;
}

bool
sketch_is_full (const struct sketch *s)
{
  return is_exact (s) ? !s->values || s->n_values == SKETCH_EXACT : s->n_buckets == s->cap;
}

void
sketch_clear (struct sketch *s)
{
  s->n = s->n_values = s->n_buckets = 0;
}

void
sketch_free (struct sketch *s)
{
  free (s->values);
  free (s->buckets);
  *s = (struct sketch){0};
}
