/* Values with units as users write them, and as they should not. */
#include "unit.h"
#include "units.h"

#include <locale.h>

START_TEST (durations)
{
  static const struct {
    const char *text;
    int64_t ns;
  } good[] = {
      {"250ms", 250000000},
      {"5s", 5000000000},
      {"1.5h", 5400000000000},
      {"2d", 172800000000000},
      {"1", 1000000000},
      {"0.1", 100000000},
      {"1.0", 1000000000},
      {"3m", 180000000000},
      {"3min", 180000000000},
      {"7us", 7000},
      {"7\xc2\xb5s", 7000},
      {"7ns", 7},
      {"5 s", 5000000000},
      {"+5s", 5000000000},
      {"-5s", -5000000000},
      {".5s", 500000000},
      {"5.s", 5000000000},
      {"1e3", 1000000000000},
      {"0", 0},
      {"9223372036", 9223372036000000000},
      {"0.000000001", 1},
      {"0.001s", 1000000},
      {"1e-3", 1000000},
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    int64_t ns = -1;
    ck_assert_msg (units_duration (good[i].text, &ns) == 0, "%s", good[i].text);
    ck_assert_msg (ns == good[i].ns, "%s: %lld", good[i].text, (long long) ns);
  }
}
END_TEST

START_TEST (not_durations)
{
  static const char *const bad[] = {"",   "s",    "5x",  "5 ",   "5  s",  " 5s", "1h30m", "0x10", "nan", "inf",
                                    "5S", "5,5s", "--5", "5s\n", "1.2.3", "e5",  ".",     "5 s ", "+",   "5m s"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    int64_t ns = 77;
    ck_assert_msg (units_duration (bad[i], &ns) == -EINVAL, "'%s'", bad[i]);
    ck_assert_int_eq (ns, 77);
  }
  int64_t ns = 77;
  ck_assert_int_eq (units_duration ("9223372037", &ns), -ERANGE);
  ck_assert_int_eq (units_duration ("1e400", &ns), -ERANGE);
  ck_assert_int_eq (units_duration ("-1e300d", &ns), -ERANGE);
  ck_assert_int_eq (ns, 77);
}
END_TEST

START_TEST (sizes)
{
  static const struct {
    const char *text;
    int64_t bytes;
  } good[] = {
      {"4096", 4096},      {"64KiB", 65536}, {"64K", 65536}, {"64k", 65536}, {"10MB", 10000000},        {"1GiB", 1 << 30},
      {"1.5MiB", 1572864}, {"1 KB", 1000},   {"3B", 3},      {"0", 0},       {"1T", INT64_C (1) << 40}, {"2TB", 2000000000000}};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    int64_t bytes = -1;
    ck_assert_msg (units_bytes (good[i].text, &bytes) == 0, "%s", good[i].text);
    ck_assert_msg (bytes == good[i].bytes, "%s: %lld", good[i].text, (long long) bytes);
  }
  static const char *const bad[] = {"", "MiB", "10mb", "10Mb", "10 MiB ", "0x10", "10Q", "1,000"};
  int64_t bytes = 77;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    ck_assert_msg (units_bytes (bad[i], &bytes) == -EINVAL, "'%s'", bad[i]);
  ck_assert_int_eq (units_bytes ("9000000000GiB", &bytes), -ERANGE);
  ck_assert_int_eq (bytes, 77);
}
END_TEST

START_TEST (plain_values)
{
  double f;
  int64_t i;
  int b;
  ck_assert (units_percent ("80", &f) == 0 && f > 79.99 && f < 80.01);
  ck_assert (units_percent ("80.5%", &f) == 0 && f > 80.49 && f < 80.51);
  ck_assert (units_percent ("80 %", &f) == 0);
  ck_assert_int_eq (units_percent ("80%%", &f), -EINVAL);
  ck_assert_int_eq (units_percent ("%", &f), -EINVAL);
  ck_assert (units_i64 ("-42", &i) == 0 && i == -42);
  ck_assert (units_i64 ("9223372036854775807", &i) == 0 && i == INT64_MAX);
  ck_assert_int_eq (units_i64 ("9223372036854775808", &i), -ERANGE);
  ck_assert_int_eq (units_i64 ("1.0", &i), -EINVAL);
  ck_assert_int_eq (units_i64 ("", &i), -EINVAL);
  ck_assert_int_eq (units_i64 ("-", &i), -EINVAL);
  ck_assert_int_eq (units_i64 (" 1", &i), -EINVAL);
  ck_assert_int_eq (units_f64 ("nan", &f), -EINVAL);
  ck_assert_int_eq (units_f64 ("1e999", &f), -ERANGE);
  ck_assert (units_bool ("Yes", &b) == 0 && b == 1);
  ck_assert (units_bool ("OFF", &b) == 0 && b == 0);
  ck_assert_int_eq (units_bool ("1", &b), -EINVAL);
  ck_assert_int_eq (units_bool ("y", &b), -EINVAL);
}
END_TEST

START_TEST (no_locale)
{
  double f;
  if (!setlocale (LC_ALL, "de_DE.UTF-8"))
    return; /* not installed here; the parser takes no locale from the process anyhow */
  ck_assert (units_f64 ("1.5", &f) == 0 && f > 1.4 && f < 1.6);
  ck_assert_int_eq (units_f64 ("1,5", &f), -EINVAL);
}
END_TEST

static const char *
people (const char *ucum)
{
  static char ret[20];
  units_for_people (ucum, ret, sizeof ret);
  return ret;
}

START_TEST (units_as_people_write_them)
{
  static const struct {
    const char *ucum, *people;
  } pairs[] = {{"", ""},
               {"1", ""},
               {"%", "%"},
               {"By", "B"},
               {"MiBy/s", "MiB/s"},
               {"kbit/s", "kbit/s"},
               {"Cel", "\u00b0C"},
               {"us", "\u00b5s"},
               {"1/s", "/s"},
               {"{packets}/s", "packets/s"},
               {"{a/b.c}", "a/b.c"},
               {"kW.h", "kW.h"},
               {"//", "//"}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    ck_assert_str_eq (people (pairs[i].ucum), pairs[i].people);
  ck_assert_uint_lt (strlen (people ("a-very-long-unit-of-nothing/Cel/Cel/Cel/Cel/Cel/Cel/Cel/Cel/Cel/Cel")), 20);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, durations);
  tcase_add_test (t, units_as_people_write_them);
  tcase_add_test (t, not_durations);
  tcase_add_test (t, sizes);
  tcase_add_test (t, plain_values);
  tcase_add_test (t, no_locale);
}
UNIT_MAIN ("units", tests)
