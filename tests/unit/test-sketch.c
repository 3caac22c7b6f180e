/* Percentiles against the sorted values themselves. */
#include "unit.h"

#include "aggregate/sketch.h"

#include <math.h>

static uint64_t seed;

static double
random_share (void)
{
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (double) (seed >> 11) / (double) (UINT64_C (1) << 53);
}

/* Of several kinds: even, over many sizes, around 0, many alike. */
static double
random_value (int kind)
{
  double u = random_share ();
  return kind == 0 ? u * 100 : kind == 1 ? exp (u * 20 - 10) : kind == 2 ? (u - 0.5) * 2000 : floor (u * 5);
}

static int
by_value (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

static void
compare (struct sketch *s, double *sorted, uint32_t n)
{
  static const double shares[] = {0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1};
  qsort (sorted, n, sizeof *sorted, by_value);
  for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
    double rank = ceil (shares[i] * n - 1e-9), is = sketch_quantile (s, shares[i]);
    double wanted = sorted[(uint32_t) (rank < 1 ? 1 : rank) - 1];
    double off = n <= SKETCH_EXACT ? 0 : fabs (wanted) * SKETCH_ERROR * 1.0001 + 1e-9;
    ck_assert_msg (fabs (is - wanted) <= off, "of %u the share %g: %.17g, and not %.17g", n, shares[i], is, wanted);
  }
}

START_TEST (percentiles_are_near_enough)
{
  static double values[5000];
  for (int turn = 0; turn < 400; turn++) {
    struct sketch s = {.n = 0};
    seed = (uint64_t) turn + 1;
    uint32_t n = 1 + (uint32_t) (random_share () * (turn % 4 ? 300 : 4999));
    for (uint32_t i = 0; i < n; i++) {
      values[i] = random_value (turn / 4 % 4);
      ck_assert_int_eq (sketch_add (&s, values[i]), 0);
    }
    ck_assert_uint_eq (s.n, n);
    compare (&s, values, n);
    sketch_free (&s);
  }
}
END_TEST

START_TEST (many_merged_are_as_good_as_one)
{
  static double values[5000];
  for (int turn = 0; turn < 200; turn++) {
    struct sketch all = {.n = 0};
    uint32_t n = 0;
    seed = (uint64_t) turn + 7;
    for (int part = 0; part < 10; part++) {
      struct sketch s = {.n = 0};
      uint32_t more = (uint32_t) (random_share () * (turn % 2 ? 500 : 20));
      for (uint32_t i = 0; i < more; i++)
        ck_assert_int_eq (sketch_add (&s, values[n++] = random_value (turn % 4)), 0);
      ck_assert_int_eq (sketch_merge (&all, &s), 0);
      sketch_free (&s);
    }
    if (n)
      compare (&all, values, n);
    sketch_free (&all);
  }
}
END_TEST

/* More sizes than there are ranges: what is lost is near 0. */
START_TEST (it_takes_bounded_room)
{
  struct sketch s = {.n = 0};
  for (int i = 0; i < 200000; i++)
    ck_assert_int_eq (sketch_add (&s, (i % 2 ? 1 : -1) * exp ((i % 1500) / 30.0 - 15)), 0);
  ck_assert_uint_le (s.n_buckets, SKETCH_BUCKETS);
  double most = exp (1499 / 30.0 - 15);
  ck_assert_double_eq_tol (sketch_quantile (&s, 1), most, most * SKETCH_ERROR);
  ck_assert_double_lt (sketch_quantile (&s, 0), -most * 0.9);
  sketch_clear (&s);
  ck_assert_int_eq (sketch_add (&s, 3), 0);
  ck_assert_double_eq (sketch_quantile (&s, 0.5), 3);
  sketch_free (&s);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, percentiles_are_near_enough);
  tcase_add_test (t, many_merged_are_as_good_as_one);
  tcase_add_test (t, it_takes_bounded_room);
}

UNIT_MAIN ("sketch", tests)
