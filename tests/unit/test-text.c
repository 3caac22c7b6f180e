/* Numbers and strings as text, held against printf and strtod over many made-up values. */
#include "text.h"
#include "unit.h"

#include <locale.h>
#include <math.h>

static struct buf out;

static const char *
f64 (double value, uint32_t decimals)
{
  buf_clear (&out);
  text_f64 (&out, value, decimals);
  return out.data;
}

static uint64_t
random_bits (uint64_t *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

/* Doubles of every kind: any bits, decimals as sensors give them, ties, small binary fractions. */
static double
made_up (uint64_t *state, int kind)
{
  uint64_t bits = random_bits (state);
  double value;
  switch (kind % 5) {
  case 0:
    memcpy (&value, &bits, sizeof value);
    return isfinite (value) ? value : 0.5;
  case 1:
    return (double) (int64_t) bits / (double) (UINT64_C (1) << random_bits (state) % 64);
  case 2:
    return (double) (bits % 100000000) / pow (10, (double) (random_bits (state) % 10));
  case 3:
    return (double) (bits % 1000000) / 1000 + 0.0005;
  default:
    return (double) (bits % 4096) / (double) (1 << random_bits (state) % 12);
  }
}

/* What text_f64 leaves out of printf's text. */
static void
shorten (char *text)
{
  char *point = strchr (text, '.'), *end = text + strlen (text);
  while (point && end > point + 2 && end[-1] == '0')
    *--end = 0;
  if (text[0] == '-' && strtod (text, NULL) == 0)
    memmove (text, text + 1, strlen (text));
}

START_TEST (fixed_decimals_agree_with_printf)
{
  uint64_t state = 88172645463325252u;
  char want[400];
  for (int i = 0, n = unit_rounds (100000); i < n; i++) {
    double value = made_up (&state, i);
    uint32_t decimals = 1 + (uint32_t) (random_bits (&state) % 9);
    snprintf (want, sizeof want, "%.*f", (int) decimals, value);
    shorten (want);
    ck_assert_msg (!strcmp (f64 (value, decimals), want), "%a with %u decimals: %s, not %s", value, decimals, want, out.data);
  }
}
END_TEST

static int
digits_needed (double value)
{
  char text[64];
  for (int n = 1; n < 17; n++) {
    snprintf (text, sizeof text, "%.*e", n - 1, value);
    if (strtod (text, NULL) == value)
      return n;
  }
  return 17;
}

static int
digits_written (const char *text)
{
  int n = 0, zeros = 0;
  for (; *text && *text != 'e'; text++) {
    if (*text < '0' || *text > '9' || (!n && *text == '0'))
      continue;
    n++;
    zeros = *text == '0' ? zeros + 1 : 0;
  }
  return n - zeros;
}

START_TEST (shortest_reads_back)
{
  uint64_t state = 1234567;
  for (int i = 0, n = unit_rounds (50000); i < n; i++) {
    double value = made_up (&state, i);
    const char *text = f64 (value, 0);
    ck_assert_msg (strtod (text, NULL) == value, "%a became %s", value, text);
    ck_assert_msg (digits_written (text) <= digits_needed (value), "%s is longer than need be", text);
  }
}
END_TEST

START_TEST (numbers_by_hand)
{
  ck_assert_str_eq (f64 (0, 1), "0.0");
  ck_assert_str_eq (f64 (-0.0, 1), "0.0");
  ck_assert_str_eq (f64 (-7e-10, 1), "0.0");
  ck_assert_str_eq (f64 (9.96, 1), "10.0");
  ck_assert_str_eq (f64 (0.25, 1), "0.2");
  ck_assert_str_eq (f64 (0.31, 2), "0.31");
  ck_assert_str_eq (f64 (1e18, 9), "1000000000000000000.0");
  ck_assert_str_eq (f64 (1e22, 3), "10000000000000000000000.0");
  ck_assert_str_eq (f64 (100, 0), "100");
  ck_assert_str_eq (f64 (0.3, 0), "0.3");
  ck_assert_str_eq (f64 (5e-324, 0), "5e-324");
  ck_assert_str_eq (f64 (-1.5e300, 0), "-1.5e300");
  ck_assert_str_eq (f64 (NAN, 0), "null");
  ck_assert_str_eq (f64 (-INFINITY, 3), "null");
  buf_clear (&out);
  text_u64 (&out, UINT64_MAX);
  buf_addc (&out, ' ');
  text_i64 (&out, INT64_MIN);
  ck_assert_str_eq (out.data, "18446744073709551615 -9223372036854775808");
}
END_TEST

START_TEST (no_locale_changes_a_number)
{
  static const char *const commas[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
  for (size_t i = 0; i < sizeof commas / sizeof commas[0]; i++)
    if (setlocale (LC_ALL, commas[i]))
      break;
  ck_assert_str_eq (f64 (1.5, 1), "1.5");
  ck_assert_str_eq (f64 (0.1 + 0.2, 0), "0.30000000000000004");
  ck_assert_str_eq (f64 (1.2345678901234567e-30, 0), "1.2345678901234567e-30");
  setlocale (LC_ALL, "C");
}
END_TEST

START_TEST (times)
{
  text_wall_time (&out, 1767225600004999999);
  buf_addc (&out, ' ');
  text_wall_time_us (&out, 1767225600004999999);
  buf_addc (&out, ' ');
  text_wall_time (&out, -1500000000);
  ck_assert_str_eq (out.data, "1767225600.004 1767225600.004999 -1.500");
}
END_TEST

static const char *
json (const char *text, size_t length)
{
  buf_clear (&out);
  text_json_string (&out, text, length);
  return out.data;
}

START_TEST (strings)
{
  ck_assert_str_eq (json ("", 0), "\"\"");
  ck_assert_str_eq (json ("a\"b\\c\n\t\x01\x7f", 9), "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\"");
  ck_assert_str_eq (json ("a\0b", 3), "\"a\\u0000b\"");
  ck_assert_str_eq (json ("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9), "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
  /* torn, overlong, surrogate, beyond the last character */
  ck_assert_str_eq (json ("x\xc3", 2), "\"x\xef\xbf\xbd\"");
  ck_assert_str_eq (json ("\xc0\xaf", 2), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
  ck_assert_str_eq (json ("\xed\xa0\x80", 3), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
  ck_assert_str_eq (json ("\xf4\x90\x80\x80", 4), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}
END_TEST

START_TEST (for_people)
{
  static const int64_t durations[] = {0, 5, 1500, 2500000, 1500000000, 5000000000, 65000000000, 7380000000000, 93600000000000};
  for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
    text_duration (&out, durations[i]);
    buf_addc (&out, ',');
  }
  ck_assert_str_eq (out.data, "0 s,5 ns,1 us,2 ms,1.5 s,5 s,1 min 05 s,2 h 03 min,1 d 02 h,");
  buf_clear (&out);
  static const uint64_t sizes[] = {0, 812, 1023, 1024, 4096, 1048575, 1258291, UINT64_MAX};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    text_bytes (&out, sizes[i]);
    buf_addc (&out, ',');
  }
  ck_assert_str_eq (out.data, "0 B,812 B,1023 B,1.0 KiB,4.0 KiB,1.0 MiB,1.2 MiB,16.0 EiB,");
}
END_TEST

static void
free_out (void)
{
  buf_free (&out);
}

START_TEST (values_for_people)
{
  static const struct {
    double value;
    const char *unit, *is;
  } all[] = {{93.1, "%", "93.1 %"},
             {88.42113, "%", "88.4 %"},
             {81, "Cel", "81 \u00b0C"},
             {2311.4375, "1", "2311.4"},
             {7706280345, "By", "7.2 GiB"},
             {1536, "MiBy/s", "1.5 GiB/s"},
             {1500000, "", "1500000"},
             {0.25, "s", "0.25 s"},
             {3.14159, "s", "3.14 s"},
             {-2.5, "Cel", "-2.5 \u00b0C"},
             {0.00001234, "s", "1.23e-05 s"},
             {0, "%", "0 %"},
             {1e300, "By", "1e+300 B"},
             {1795000000.5, "s", "1795000000.5 s"},
             {-0.0, "", "0"}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    struct buf BUF_CLEANUP b = {0};
    text_value (&b, all[i].value, all[i].unit);
    ck_assert_str_eq (b.data, all[i].is);
  }
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, values_for_people);
  tcase_add_checked_fixture (t, NULL, free_out);
  tcase_add_test (t, fixed_decimals_agree_with_printf);
  tcase_add_test (t, shortest_reads_back);
  tcase_add_test (t, numbers_by_hand);
  tcase_add_test (t, no_locale_changes_a_number);
  tcase_add_test (t, times);
  tcase_add_test (t, strings);
  tcase_add_test (t, for_people);
}

UNIT_MAIN ("text", tests)
