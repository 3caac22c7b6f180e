#include "series.h"

/* As the host has it for inputs: no rate is formed over a longer time in which nothing was seen. */
enum { GAP_STEPS = 4 };
#define GAP_MIN_NS INT64_C (2000000000)

static bool
fell (const struct series *s, const struct kk_value *v)
{
  double was;
  switch (v->type) {
  case KK_TYPE_F64:
    memcpy (&was, &s->bits, sizeof was);
    return v->f64 < was;
  case KK_TYPE_I64:
    return v->i64 < (int64_t) s->bits;
  default:
    return v->u64 < s->bits;
  }
}

/* Whole numbers are subtracted as such: above 2^53 a double has no room for the last ones. */
static double
risen (const struct series *s, const struct kk_value *v)
{
  double was;
  if (v->type != KK_TYPE_F64)
    return (double) (v->u64 - s->bits);
  memcpy (&was, &s->bits, sizeof was);
  return v->f64 - was;
}

static bool
is_gap (const struct series *s, const struct moment *m)
{
  int64_t step = s->step_ns > m->step_ns ? s->step_ns : m->step_ns;
  return s->away_ns > (step > GAP_MIN_NS / GAP_STEPS ? step * GAP_STEPS : GAP_MIN_NS);
}

static uint8_t
judge (const struct series *s, const struct kk_value *v, int64_t elapsed_ns, const struct moment *m)
{
  if (s->type != v->type)
    return KK_FIRST;
  if (m->slept && (int32_t) (s->sample - m->slept) < 0)
    return KK_SUSPEND;
  if (elapsed_ns < 0 || is_gap (s, m))
    return KK_GAP;
  return fell (s, v) ? KK_RESET : KK_PRESENT;
}

static void
begin_anew (struct series *s, const struct kk_value *v, int64_t read_ns, const struct moment *m)
{
  s->bits = v->u64;
  s->type = (uint8_t) v->type;
  s->read_ns = read_ns;
  s->sample = m->sample;
  s->away_ns = 0;
}

uint32_t
series_take (struct series *s, const struct kk_value *v, int64_t read_ns, const struct moment *m)
{
  if (s->type && m->now_ns - s->seen_ns > s->away_ns)
    s->away_ns = m->now_ns - s->seen_ns;
  if (v->absent)
    return v->absent;
  s->seen_ns = m->now_ns;
  int64_t elapsed_ns = read_ns - s->read_ns;
  if (s->type == v->type && (v->held || !elapsed_ns))
    return s->why; /* no new reading: the last rate stays */
  s->why = judge (s, v, elapsed_ns, m);
  if (!s->why)
    s->rate = risen (s, v) * 1e9 / (double) elapsed_ns;
  if ((!s->why || s->why == KK_RESET) && s->away_ns <= 2 * m->step_ns) /* seen all along */
    s->step_ns = elapsed_ns;
  begin_anew (s, v, read_ns, m);
  return s->why;
}
