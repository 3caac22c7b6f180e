/* Every function over windows of known values of many kinds, through the whole filter: against the sorted values themselves. */
#include "aggregate-kit.h"

enum { MOST = 4096 };

static const char *const words[] = {"min", "max", "mean", "last", "count", "sum",   "stddev",
                                    "p1",  "p50", "p90",  "p95",  "p99",   "p99.9", "p100"};

static double values[MOST], sorted[MOST];
static uint64_t seed;

static double
share (void)
{
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (double) (seed >> 11) / (double) (UINT64_C (1) << 53);
}

enum kind { EVEN, NEGATIVE, ZEROS, HUGE_ONES, CONSTANT, SKEWED, BOTH_SIGNS, TINY, WHOLE, KINDS };

static double
draw (enum kind kind)
{
  double u = share ();
  switch (kind) {
  case EVEN:
    return u * 100;
  case NEGATIVE:
    return -1 - u * 1e6;
  case ZEROS:
    return u < 0.6 ? 0 : u;
  case HUGE_ONES:
    return (u - 0.5) * 1e300;
  case CONSTANT:
    return 41.75;
  case SKEWED:
    return exp (u * 18 - 9); /* eight orders of size */
  case BOTH_SIGNS:
    return (share () < 0.5 ? -1 : 1) * exp (u * 8);
  case TINY:
    return u * 4e-9; /* around what counts as 0 */
  default:
    return floor (u * 7) - 3;
  }
}

static int
by_value (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

/* ---- The slow way ---- */

/* `of` are in the order of time; long double, so that what is compared with loses nothing itself. */
static double
wanted (const char *word, const double *of, uint32_t n)
{
  long double sum = 0, squares = 0;
  for (uint32_t i = 0; i < n; i++)
    sum += of[i];
  for (uint32_t i = 0; i < n; i++)
    squares += ((long double) of[i] - sum / n) * ((long double) of[i] - sum / n);
  memcpy (sorted, of, n * sizeof *of);
  qsort (sorted, n, sizeof *sorted, by_value);
  if (!strcmp (word, "min"))
    return sorted[0];
  if (!strcmp (word, "max"))
    return sorted[n - 1];
  if (!strcmp (word, "mean"))
    return (double) (sum / n);
  if (!strcmp (word, "last"))
    return of[n - 1];
  if (!strcmp (word, "sum"))
    return (double) sum;
  if (!strcmp (word, "stddev"))
    return (double) sqrtl (squares / n);
  long per_mille = lround (strtod (word + 1, NULL) * 10);
  uint32_t rank = 1; /* the smallest value that so many are not above */
  while ((long) rank * 1000 < per_mille * (long) n)
    rank++;
  return sorted[rank - 1];
}

static void
compare (const struct sample *s, const double *of, uint32_t n, enum kind kind)
{
  const double size = fmax (fabs (wanted ("min", of, n)), fabs (wanted ("max", of, n)));
  ck_assert_uint_eq (get (s, "one", 0, "value_count").u64, n);
  for (size_t i = 0; i < KK_COUNT (words); i++) {
    char name[32];
    snprintf (name, sizeof name, "value_%s", words[i]);
    if (strchr (name, '.'))
      *strchr (name, '.') = '_';
    if (!strcmp (words[i], "count"))
      continue;
    struct kk_value v = get (s, "one", 0, name);
    double is = v.f64, should = wanted (words[i], of, n), off = 0;
    bool too_large = kind == HUGE_ONES && (!strcmp (words[i], "stddev") || !isfinite (should));
    if (too_large && v.absent) { /* its square has no room in a number: not known, and never infinite */
      ck_assert_uint_eq (v.absent, KK_ERROR);
      continue;
    }
    ck_assert_msg (!v.absent, "kind %d: %s of %u is absent", kind, name, n);
    if (!strcmp (words[i], "mean") || !strcmp (words[i], "stddev"))
      off = 1e-9 * size;
    else if (!strcmp (words[i], "sum"))
      off = 1e-9 * size * n;
    else if (*words[i] == 'p' && n > SKETCH_EXACT)
      off = SKETCH_ERROR * fabs (should) * 1.0001 + 1e-9;
    ck_assert_msg (fabs (is - should) <= off, "kind %d: %s of %u is %.17g, and not %.17g", kind, name, n, is, should);
  }
}

/* ---- Windows ---- */

/* Of each ten readings one is not known, and one repeats the one before: neither counts. */
static uint64_t
send_value (uint64_t tick, int64_t wall_ns, double value)
{
  struct moment m = {.wall_ns = wall_ns, .one = {.value = value}};
  send_moment (&m, tick++);
  if (tick % 10 == 3) {
    m.one = (struct reading){.absent = KK_ERROR, .value = NAN};
    send_moment (&m, tick++);
  }
  if (tick % 10 == 7) {
    m.one = (struct reading){.held = true, .value = value};
    send_moment (&m, tick++);
  }
  return tick;
}

static void
try_windows (enum kind kind, uint32_t panes, uint32_t in_pane)
{
  static const char *const items[] = {"one.value=min max mean last count sum stddev p1 p50 p90 p95 p99 p99.9 p100"};
  const int64_t every = 60 * SECOND, start = 1767225600 * SECOND;
  const uint32_t rounds = panes + 2, step = in_pane + 1;
  uint64_t tick = 1;
  ck_assert_uint_le (rounds * in_pane, MOST);
  begin (every, panes * every, items, 1);
  for (uint32_t p = 0; p < rounds; p++) {
    for (uint32_t i = 0; i < in_pane; i++) {
      double *v = values + p * in_pane + i;
      *v = draw (kind);
      tick = send_value (tick, start + p * every + i * (every / step), *v);
    }
    if (!p)
      continue;
    uint32_t first = p > panes ? p - panes : 0;
    ck_assert_uint_eq (n_out, 1); /* the window that ended with the first reading of this pane */
    compare (came[0], values + first * in_pane, (p - first) * in_pane, kind);
    clear ();
  }
  end ();
}

START_TEST (of_every_kind_they_are_what_they_are_by_definition)
{
  static const uint32_t sizes[] = {1, 2, 9, 31, 128, 129, 300, 650};
  for (size_t i = 0; i < KK_COUNT (sizes); i++)
    for (uint32_t panes = 1; panes <= 4; panes += 3) {
      seed = i * 100 + panes + (uint64_t) _i * 7919;
      try_windows ((enum kind) _i, panes, sizes[i]);
    }
}
END_TEST

/* More sizes than the sketch has ranges: the large ones keep to the bound, and what is lost is near 0. */
START_TEST (over_very_many_sizes_the_large_values_keep_to_the_bound)
{
  static const char *const items[] = {"one.value=p50 p99 min max"};
  enum { N = 3000 };
  seed = 5;
  begin (60 * SECOND, 0, items, 1);
  for (uint32_t i = 0; i < N; i++) {
    values[i] = exp (share () * 60 - 10);
    send_value (10 + 3 * i, 1767225600 * SECOND + i * SECOND / 60, values[i]);
  }
  chain_flush (chain);
  for (int i = 0; i < 3; i++) {
    static const char *const of[] = {"p99", "min", "max"};
    char name[16];
    double should = wanted (of[i], values, N);
    snprintf (name, sizeof name, "value_%s", of[i]);
    ck_assert_double_le (fabs (get (came[0], "one", 0, name).f64 - should), i ? 0 : should * SKETCH_ERROR * 1.0001);
  }
  end ();
}
END_TEST

START_TEST (without_a_known_value_nothing_is_known)
{
  static const char *const items[] = {"one.value=min mean count sum p95"};
  begin (60 * SECOND, 0, items, 1);
  struct moment m = {.wall_ns = 1767225600 * SECOND, .one = {.absent = KK_DENIED, .value = NAN}};
  for (uint64_t i = 1; i < 20; i++) {
    send_moment (&m, i);
    m.wall_ns += SECOND;
  }
  chain_flush (chain);
  ck_assert_uint_eq (get (came[0], "one", 0, "value_count").u64, 0);
  for (int i = 0; i < 4; i++) {
    static const char *const of[] = {"value_min", "value_mean", "value_sum", "value_p95"};
    ck_assert_uint_eq (get (came[0], "one", 0, of[i]).absent, KK_DENIED);
  }
  end ();
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_loop_test (t, of_every_kind_they_are_what_they_are_by_definition, 0, KINDS);
  tcase_add_test (t, over_very_many_sizes_the_large_values_keep_to_the_bound);
  tcase_add_test (t, without_a_known_value_nothing_is_known);
}

UNIT_MAIN ("aggregate-percentiles", tests)
