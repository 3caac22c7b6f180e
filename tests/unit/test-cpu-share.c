/* Shares of processor time against the obvious way to form them, over random counters. */
#include "unit.h"

#include "cpu/share.h"

#include <kode-kronical/plugin.h>

#include <math.h>

/* The obvious way to say what busy is, with numbers that cannot overflow. */
static double
slow_percent (const uint64_t *a, const uint64_t *b)
{
  long double total = 0, idle = 0;
  for (int i = 0; i < CPU_GUEST; i++) {
    long double d = (long double) b[i] - (long double) a[i];
    if (d < 0)
      d = 0;
    total += d;
    if (i == CPU_IDLE || i == CPU_IOWAIT)
      idle += d;
  }
  return total > 0 ? (double) (100 * (total - idle) / total) : 0;
}

START_TEST (random_series)
{
  struct cpu_times before = {{0}}, now;
  srand (4711);
  for (int round = 0; round < 20000; round++) {
    struct cpu_share share;
    uint64_t rises = 0, falls = 0;
    now = before;
    for (int i = 0; i < CPU_STATES; i++) {
      uint64_t step = (uint64_t) rand () % 200;
      bool back = rand () % 12 == 0 && now.ticks[i] >= step;
      now.ticks[i] = back ? now.ticks[i] - step : now.ticks[i] + step;
      if (i < CPU_GUEST)
        *(back ? &falls : &rises) += step;
    }
    cpu_share (&before, &now, 1000000, &share);
    if (falls > rises)
      ck_assert_uint_eq (share.absent, KK_RESET);
    else {
      double sum = 0;
      ck_assert_uint_eq (share.absent, KK_PRESENT);
      ck_assert_double_eq_tol (share.busy, slow_percent (before.ticks, now.ticks), 1e-6);
      for (int i = 0; i < CPU_STATES; i++) {
        ck_assert (share.percent[i] >= 0 && share.percent[i] <= 100);
        sum += i < CPU_GUEST ? share.percent[i] : 0;
      }
      ck_assert (sum < 1 || fabs (sum - 100) < 1e-6);
    }
    before = now;
  }
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, random_series);
}
UNIT_MAIN ("cpu-share", tests)
