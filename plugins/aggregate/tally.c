#include "tally.h"

#include <math.h>

static double
as_double (uint32_t type, union tally_number n)
{
  return type == KK_TYPE_F64 ? n.f64 : type == KK_TYPE_U64 ? (double) n.u64 : (double) n.i64;
}

static bool
is_less (uint32_t type, union tally_number a, union tally_number b)
{
  return type == KK_TYPE_F64 ? a.f64 < b.f64 : type == KK_TYPE_U64 ? a.u64 < b.u64 : a.i64 < b.i64;
}

/* Whole numbers stop at their largest. */
static union tally_number
plus (uint32_t type, union tally_number a, union tally_number b)
{
  union tally_number r = {.u64 = 0};
  if (type == KK_TYPE_F64)
    r.f64 = a.f64 + b.f64;
  else if (type == KK_TYPE_U64)
    r.u64 = __builtin_add_overflow (a.u64, b.u64, &r.u64) ? UINT64_MAX : r.u64;
  else if (__builtin_add_overflow (a.i64, b.i64, &r.i64))
    r.i64 = a.i64 < 0 ? INT64_MIN : INT64_MAX;
  return r;
}

/* Welford's mean and spread. */
static void
add_double (struct tally *t, double x)
{
  const double delta = x - t->mean;
  t->mean += delta / (double) t->count;
  t->m2 += delta * (x - t->mean);
}

#define ADD(member_, x_)                                                                                                       \
  do {                                                                                                                         \
    t->min.member_ = first || (x_) < t->min.member_ ? (x_) : t->min.member_;                                                   \
    t->max.member_ = first || (x_) > t->max.member_ ? (x_) : t->max.member_;                                                   \
    t->last.member_ = (x_);                                                                                                    \
  } while (0)

int
tally_add (struct tally *t, const struct kk_column *c, uint32_t at, bool sketch)
{
  const union tally_number n = {.u64 = c->cells[at].u64}; /* the bits of the others too */
  const bool first = !t->count;
  if (c->absent && c->absent[at]) {
    t->absent = c->absent[at];
    return 0;
  }
  const double x = as_double (c->type, n);
  int r = sketch ? sketch_add (&t->sketch, x) : 0;
  if (r)
    return r;
  if (c->type == KK_TYPE_F64)
    ADD (f64, n.f64);
  else if (c->type == KK_TYPE_U64)
    ADD (u64, n.u64);
  else
    ADD (i64, n.i64);
  t->sum = plus (c->type, t->sum, n); /* from 0 on */
  t->last_ns = c->mono_ns;
  t->count++;
  add_double (t, x);
  return 0;
}

int
tally_merge (struct tally *to, const struct tally *from, uint32_t type)
{
  if (!from->count) {
    to->absent = from->absent ? from->absent : to->absent;
    return 0;
  }
  int r = sketch_merge (&to->sketch, &from->sketch);
  if (r)
    return r;
  if (!to->count || from->last_ns >= to->last_ns) {
    to->last = from->last;
    to->last_ns = from->last_ns;
  }
  to->min = !to->count || is_less (type, from->min, to->min) ? from->min : to->min;
  to->max = !to->count || is_less (type, to->max, from->max) ? from->max : to->max;
  to->sum = to->count ? plus (type, to->sum, from->sum) : from->sum;
  double a = (double) to->count, b = (double) from->count, delta = to->count ? from->mean - to->mean : 0;
  to->mean = to->count ? to->mean + delta * b / (a + b) : from->mean;
  to->m2 += from->m2 + delta * delta * a * b / (a + b);
  to->count += from->count;
  return 0;
}

void
tally_clear (struct tally *t)
{
  if (t->sketch.n)
    sketch_clear (&t->sketch);
  t->count = t->sum.u64 = 0; /* the others begin with a first value */
  t->mean = t->m2 = 0;
  t->absent = 0;
}

void
tally_free (struct tally *t)
{
  sketch_free (&t->sketch);
}

static void
give_number (struct kk_row *row, uint32_t to, uint32_t type, union tally_number n)
{
  if (type == KK_TYPE_F64)
    kk_f64 (row, to, n.f64);
  else if (type == KK_TYPE_U64)
    kk_u64 (row, to, n.u64);
  else
    kk_i64 (row, to, n.i64);
}

void
tally_give (struct tally *t, uint32_t type, const struct function *f, struct kk_row *row, uint32_t to)
{
  if (f->kind == FUNCTION_COUNT) {
    kk_u64 (row, to, t->count);
    return;
  }
  if (!t->count) {
    kk_absent (row, to, t->absent ? (enum kk_absent) t->absent : KK_UNSET);
    return;
  }
  switch (f->kind) {
  case FUNCTION_MIN: give_number (row, to, type, t->min); break;
  case FUNCTION_MAX: give_number (row, to, type, t->max); break;
  case FUNCTION_LAST: give_number (row, to, type, t->last); break;
  case FUNCTION_SUM: kk_f64 (row, to, as_double (type, t->sum)); break;
  case FUNCTION_MEAN: kk_f64 (row, to, t->mean); break;
  case FUNCTION_STDDEV:
    kk_f64 (row, to, sqrt (t->m2 < 0 ? 0 : t->m2 / (double) t->count));
    break;
  default: kk_f64 (row, to, sketch_quantile (&t->sketch, f->share)); break;
  }
}
