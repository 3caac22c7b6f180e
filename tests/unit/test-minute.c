/* One minute against a slow version that keeps every reading as text. */
#include "dynamodb-writer/facts.h"
#include "minutes.h"
#include "text.h"

#include <math.h>

enum { MOST_READINGS = 60000 };

static int64_t
value_of (const struct point *p, enum point_attribute a)
{
  ck_assert_msg (p->there >> a & 1, "%s is not there", point_rules[a].name);
  return p->values[a];
}

static struct point
point_of (const struct minute *m)
{
  struct point p;
  struct minute_lack lack;
  ck_assert_int_eq (minute_point (m, "web-1", T0 * SECOND_NS_, &p, &lack), 0);
  ck_assert (point_is_valid (&p));
  return p;
}

/* ---- The slow version ---- */

/* As the recorded files have it, read back as a whole number of tenths. */
static int64_t
tenths (double value)
{
  struct buf b = {0};
  text_f64 (&b, value, 1);
  char *dot = strchr (b.data, '.');
  ck_assert_ptr_nonnull (dot);
  int64_t n = strtoll (b.data, NULL, 10) * 10 + (dot[1] - '0');
  buf_free (&b);
  return n;
}

static int
ascending (const void *a, const void *b)
{
  const int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
  return (x > y) - (x < y);
}

/* The mean with `decimals` digits, a tie upwards. */
static int64_t
slow_mean (const int64_t *values, size_t n, int64_t unit)
{
  int64_t sum = 0, mean = 0;
  for (size_t i = 0; i < n; i++)
    sum += values[i];
  while ((2 * mean + 1) * (int64_t) n * unit <= 2 * sum)
    mean += (2 * mean + 1025) * (int64_t) n * unit <= 2 * sum ? 512 : 1;
  return mean;
}

static int64_t
slow_p95 (int64_t *values, size_t n)
{
  size_t at = 0;
  qsort (values, n, sizeof *values, ascending);
  while ((at + 1) * 100 < 95 * n)
    at++;
  return values[at];
}

static double
random_percent (uint32_t *seed)
{
  switch (random_below (seed, 6)) {
  case 0:
    return 0;
  case 1:
    return 100;
  case 2: /* halves of a tenth, which are ties where a double can hold them */
    return random_below (seed, 2000) / 20.0;
  default:
    return random_below (seed, 1000001) / 10000.0;
  }
}

static void
compare_with_slow (size_t n, uint32_t *seed)
{
  static int64_t cpu[MOST_READINGS], used[MOST_READINGS];
  static struct minute m;
  struct minute_lack lack;
  struct point p;
  size_t fresh = 0;
  int64_t newest = 0;
  minute_begin (&m, T0);
  for (size_t i = 0; i < n; i++) {
    struct minute_reading r = {.wall_ns = T0 * SECOND_NS_ + (int64_t) (i * (UINT64_C (60) * 1000000000 / n))};
    double c = random_percent (seed), u = random_below (seed, 4000000) / 7.0;
    bool held = random_below (seed, 5) == 0;
    minute_read (&r, MINUTE_CPU_PERCENT, c, held);
    minute_read (&r, MINUTE_MEMORY_PERCENT, c, held);
    minute_read (&r, MINUTE_MEMORY_AVAILABLE_MB, u, held);
    minute_read (&r, MINUTE_MEMORY_USED_MB, u, held);
    minute_add (&m, &r);
    newest = r.wall_ns;
    if (held)
      continue;
    cpu[fresh] = tenths (c);
    used[fresh++] = tenths (u);
  }
  ck_assert_int_eq (minute_point (&m, "h", 0, &p, &lack), 0);
  ck_assert_uint_eq (p.samples, fresh);
  ck_assert_int_eq (p.collected_us, newest / 1000);
  if (!fresh)
    return;
  ck_assert_int_eq (value_of (&p, POINT_CPU_PERCENT), slow_mean (cpu, fresh, 1));
  ck_assert_int_eq (value_of (&p, POINT_MEMORY_USED_MB), slow_mean (used, fresh, 10));
  ck_assert_int_eq (value_of (&p, POINT_CPU_PERCENT_P95), slow_p95 (cpu, fresh));
  ck_assert_int_eq (value_of (&p, POINT_MEMORY_PERCENT_P95), value_of (&p, POINT_CPU_PERCENT_P95));
  ck_assert_int_eq (value_of (&p, POINT_CPU_PERCENT_MAX), cpu[fresh - 1]);
  qsort (used, fresh, sizeof *used, ascending);
  ck_assert_int_eq (value_of (&p, POINT_MEMORY_USED_MB_MAX), slow_mean (used + fresh - 1, 1, 10));
  ck_assert_int_eq (value_of (&p, POINT_MEMORY_AVAILABLE_MB_MIN), slow_mean (used, 1, 10));
}

START_TEST (any_number_of_readings_is_exact)
{
  uint32_t seed = 88172645;
  for (size_t n = 1; n <= 130; n++)
    compare_with_slow (n, &seed);
  compare_with_slow (1000, &seed);
  compare_with_slow (unit_slow () > 1 ? 6000 : MOST_READINGS, &seed);
}
END_TEST

START_TEST (values_are_rounded_as_they_are_recorded)
{
  for (int i = 0; i <= 20000; i++)
    for (int side = -1; side <= 1; side++) {
      double value = i / 200.0;
      value = side ? nextafter (value, side < 0 ? -1 : 200) : value;
      struct minute_reading r = {0};
      minute_read (&r, MINUTE_CPU_PERCENT, value, false);
      ck_assert_msg (r.values[MINUTE_CPU_PERCENT] == (value < 0 ? 0 : value > 100 ? 1000 : tenths (value)), "%.20g", value);
    }
}
END_TEST

START_TEST (what_is_no_value_stays_absent)
{
  static const double no_percents[] = {NAN, INFINITY, -INFINITY, 101, -1, 6500, 1e300, -1e300};
  for (size_t i = 0; i < sizeof no_percents / sizeof no_percents[0]; i++) {
    struct minute_reading r = {0};
    minute_read (&r, MINUTE_CPU_PERCENT, no_percents[i], false);
    ck_assert_uint_eq (r.fresh | r.held, 0);
    ck_assert_uint_eq (r.absent[MINUTE_CPU_PERCENT], KK_ERROR);
  }
  struct minute_reading r = {0};
  minute_read (&r, MINUTE_CPU_PERCENT, 100.04, false);
  minute_read (&r, MINUTE_MEMORY_PERCENT, -7e-10, false);
  minute_read (&r, MINUTE_BYTES_SENT_PER_S, 1e15, false);
  minute_read (&r, MINUTE_BYTES_RECV_PER_S, 1e12, false);
  ck_assert_uint_eq (r.fresh, 1u << MINUTE_CPU_PERCENT | 1u << MINUTE_MEMORY_PERCENT | 1u << MINUTE_BYTES_RECV_PER_S);
  ck_assert_int_eq (r.values[MINUTE_CPU_PERCENT], 1000);
  ck_assert_int_eq (r.values[MINUTE_MEMORY_PERCENT], 0);
}
END_TEST

START_TEST (sums_do_not_overflow)
{
  static struct minute m;
  minute_begin (&m, T0);
  struct minute_reading r = make_reading (0, 100);
  minute_read (&r, MINUTE_BYTES_SENT_PER_S, 1e12, false);
  minute_read (&r, MINUTE_MEMORY_USED_MB, 1e12, false);
  for (int i = 0; i < MINUTE_MOST + 10; i++)
    minute_add (&m, &r);
  struct point p = point_of (&m);
  ck_assert_uint_eq (p.samples, MINUTE_MOST);
  ck_assert_int_eq (value_of (&p, POINT_BYTES_SENT_PER_S), INT64_C (1000000000000));
  ck_assert_int_eq (value_of (&p, POINT_MEMORY_USED_MB), INT64_C (1000000000000));
  ck_assert_int_eq (value_of (&p, POINT_CPU_PERCENT_P95), 1000);
}
END_TEST

START_TEST (a_required_value_that_is_missing_makes_no_point)
{
  for (unsigned missing = 0; missing < MINUTE_REQUIRED; missing++) {
    struct minute m;
    struct minute_lack lack;
    struct point p;
    struct minute_reading r = make_reading (0, 5), without = r;
    without.fresh &= ~(1u << missing);
    without.absent[missing] = KK_DENIED;
    minute_begin (&m, T0);
    minute_add (&m, &without);
    ck_assert_int_eq (minute_point (&m, "h", 0, &p, &lack), -ENODATA);
    ck_assert_str_eq (lack.field, minute_rules[missing].field);
    ck_assert_uint_eq (lack.absent, KK_DENIED);
    /* One reading that has it is enough. */
    minute_add (&m, &r);
    ck_assert_int_eq (minute_point (&m, "h", 0, &p, &lack), 0);
  }
}
END_TEST

START_TEST (held_values_stand_in_only_where_nothing_is_fresh)
{
  struct minute m;
  minute_begin (&m, T0);
  struct minute_reading r = make_reading (0, 5);
  r.held = 1u << MINUTE_CPU_PERCENT;
  r.fresh &= ~r.held;
  r.values[MINUTE_CPU_PERCENT] = 700;
  minute_add (&m, &r);
  struct point p = point_of (&m);
  ck_assert_int_eq (value_of (&p, POINT_CPU_PERCENT), 700);
  ck_assert_uint_eq (p.samples, 0);
  ck_assert (!(p.there >> POINT_CPU_PERCENT_MAX & 1) && !(p.there >> POINT_CPU_PERCENT_P95 & 1));
  struct minute_reading fresh = make_reading (1000, 20);
  minute_add (&m, &fresh);
  p = point_of (&m);
  ck_assert_int_eq (value_of (&p, POINT_CPU_PERCENT), 200);
  ck_assert_uint_eq (p.samples, 1);
}
END_TEST

START_TEST (a_load_average_is_the_last_one)
{
  struct minute m;
  minute_begin (&m, T0);
  for (int i = 0; i < 3; i++) {
    struct minute_reading r = make_reading (i * 1000, 1);
    minute_read (&r, MINUTE_LOAD_AVG_1M, 3.21 - i, false);
    minute_add (&m, &r);
  }
  struct point p = point_of (&m);
  ck_assert_int_eq (value_of (&p, POINT_LOAD_AVG_1M), 121);
  ck_assert (!(p.there >> POINT_SWAP_PERCENT & 1));
}
END_TEST

START_TEST (collected_at_is_the_latest_time)
{
  struct minute m;
  minute_begin (&m, T0);
  for (int i = 0; i < 3; i++) {
    struct minute_reading r = make_reading ((int64_t[]){10000, 59999, 30000}[i], 1);
    minute_add (&m, &r);
  }
  ck_assert_int_eq (point_of (&m).collected_us, T0 * 1000000 + 59999000);
}
END_TEST

/* ---- Out of a sample: a host with one table ---- */

static struct kk_value fake_value;
static uint64_t fake_schema_number = 1;
static int fake_lookups;

static uint64_t
fake_id (const struct kk_schema *schema)
{
  (void) schema;
  return fake_schema_number;
}

static uint32_t
fake_tables (const struct kk_schema *schema)
{
  (void) schema;
  fake_lookups++;
  return 2;
}

static int
fake_table (const struct kk_schema *schema, uint32_t table, struct kk_table *ret, size_t size)
{
  (void) schema, (void) size;
  *ret = (struct kk_table){.name = "system", .key_type = table ? KK_NO_KEY : KK_STRING_KEY};
  return 0;
}

static int
fake_field (const struct kk_schema *schema, uint32_t table, uint32_t field, struct kk_field *ret, size_t size)
{
  (void) schema, (void) size;
  *ret = (struct kk_field){.name = field ? "cpu_percent" : "other"};
  return table == 1 && field < 2 ? 0 : -EINVAL;
}

static const struct kk_schema *
fake_schema (const struct kk_sample *sample)
{
  return (const struct kk_schema *) (const void *) sample;
}

static void
fake_time (const struct kk_sample *sample, struct kk_time *time)
{
  (void) sample;
  *time = (struct kk_time){.wall_ns = T0 * SECOND_NS_};
}

static uint32_t
fake_get (const struct kk_sample *sample, uint32_t table, uint32_t row, uint32_t field, struct kk_value *value)
{
  (void) sample;
  ck_assert (table == 1 && row == 0 && field == 1);
  *value = fake_value;
  return value->absent;
}

START_TEST (facts_come_out_of_samples)
{
  static const struct kk_host host = {.schema_id = fake_id,
                                      .schema_tables = fake_tables,
                                      .schema_table = fake_table,
                                      .schema_field = fake_field,
                                      .sample_schema = fake_schema,
                                      .sample_time = fake_time,
                                      .get = fake_get};
  const struct kk_sample sample = {.host = &host};
  struct facts f = {0};
  struct minute_reading r;
  fake_value = (struct kk_value){.type = KK_TYPE_F64, .f64 = 12.34};
  facts_take (&f, &sample, &r);
  ck_assert_uint_eq (r.fresh, 1u << MINUTE_CPU_PERCENT);
  ck_assert_int_eq (r.values[MINUTE_CPU_PERCENT], 123);
  ck_assert_uint_eq (r.absent[MINUTE_MEMORY_PERCENT], KK_PRESENT);
  ck_assert_int_eq (r.wall_ns, T0 * SECOND_NS_);
  fake_value = (struct kk_value){.type = KK_TYPE_U64, .u64 = 12, .held = 1};
  int before = fake_lookups;
  facts_take (&f, &sample, &r);
  ck_assert_int_eq (fake_lookups, before);
  ck_assert_uint_eq (r.held, 1u << MINUTE_CPU_PERCENT);
  ck_assert_uint_eq (r.fresh, 0);
  fake_value = (struct kk_value){.type = KK_TYPE_F64, .absent = KK_RESET};
  fake_schema_number++;
  facts_take (&f, &sample, &r);
  ck_assert_int_gt (fake_lookups, before);
  ck_assert_uint_eq (r.fresh | r.held, 0);
  ck_assert_uint_eq (r.absent[MINUTE_CPU_PERCENT], KK_RESET);
  fake_value = (struct kk_value){.type = KK_TYPE_STRING, .string = "12"};
  facts_take (&f, &sample, &r);
  ck_assert_uint_eq (r.absent[MINUTE_CPU_PERCENT], KK_ERROR);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, any_number_of_readings_is_exact);
  tcase_add_test (t, values_are_rounded_as_they_are_recorded);
  tcase_add_test (t, what_is_no_value_stays_absent);
  tcase_add_test (t, sums_do_not_overflow);
  tcase_add_test (t, a_required_value_that_is_missing_makes_no_point);
  tcase_add_test (t, held_values_stand_in_only_where_nothing_is_fresh);
  tcase_add_test (t, a_load_average_is_the_last_one);
  tcase_add_test (t, collected_at_is_the_latest_time);
  tcase_add_test (t, facts_come_out_of_samples);
}

UNIT_MAIN ("minute", tests)
