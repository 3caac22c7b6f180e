#include "series.h"

/* As the host has it for inputs: no rate is formed over a longer time in which nothing was seen. */
enum { GAP_STEPS = 4 };
#define GAP_MIN_NS INT64_C (2000000000)

static double
as_f64 (uint64_t bits)
{
  double value;
  memcpy (&value, &bits, sizeof value);
  return value;
}

static bool
fell (const struct series *s, uint64_t bits)
{
  switch (s->type) {
  case KK_TYPE_F64:
    return as_f64 (bits) < as_f64 (s->bits);
  case KK_TYPE_I64:
    return (int64_t) bits < (int64_t) s->bits;
  default:
    return bits < s->bits;
  }
}

/* Whole numbers are subtracted as such: above 2^53 a double has no room for the last ones. */
static double
risen (const struct series *s, uint64_t bits)
{
  return s->type == KK_TYPE_F64 ? as_f64 (bits) - as_f64 (s->bits) : (double) (bits - s->bits);
}

static bool
is_gap (const struct series *s, const struct moment *m)
{
  int64_t step = s->step_ns > m->step_ns ? s->step_ns : m->step_ns;
  return s->away_ns > (step > GAP_MIN_NS / GAP_STEPS ? step * GAP_STEPS : GAP_MIN_NS);
}

static uint8_t
judge (const struct series *s, uint64_t bits, uint32_t type, int64_t elapsed_ns, const struct moment *m)
{
  if (s->type != type)
    return KK_FIRST;
  if (m->slept && (int32_t) (s->sample - m->slept) < 0)
    return KK_SUSPEND;
  if (elapsed_ns < 0 || is_gap (s, m))
    return KK_GAP;
  return fell (s, bits) ? KK_RESET : KK_PRESENT;
}

uint32_t
series_take (struct series *s, const struct kk_column *c, uint32_t at, const struct moment *m)
{
  const uint64_t bits = c->cells[at].u64;
  if (s->type && m->now_ns - s->seen_ns > s->away_ns)
    s->away_ns = m->now_ns - s->seen_ns;
  if (c->absent && c->absent[at])
    return c->absent[at];
  s->seen_ns = m->now_ns;
  const int64_t elapsed_ns = c->mono_ns - s->read_ns;
  if (s->type == c->type && (c->held || !elapsed_ns))
    return s->why; /* no new reading: the last rate stays */
  s->why = judge (s, bits, c->type, elapsed_ns, m);
  if (!s->why)
    s->rate = risen (s, bits) * 1e9 / (double) elapsed_ns;
  if ((!s->why || s->why == KK_RESET) && s->away_ns <= 2 * m->step_ns) /* seen all along */
    s->step_ns = elapsed_ns;
  s->bits = bits;
  s->type = (uint8_t) c->type;
  s->read_ns = c->mono_ns;
  s->sample = m->sample;
  s->away_ns = 0;
  return s->why;
}
