#include "unit.h"

#include "scan.h"

static const char *
end_of (const char *text)
{
  return text + strlen (text);
}

START_TEST (numbers)
{
  const char *text = " \t18446744073709551615 18446744073709551616", *p = text;
  uint64_t value = 7;
  ck_assert (scan_u64 (&p, end_of (text), &value));
  ck_assert_uint_eq (value, UINT64_MAX);
  const char *before = p;
  value = 7;
  ck_assert (!scan_u64 (&p, end_of (text), &value));
  ck_assert_ptr_eq (p, before);
  ck_assert_uint_eq (value, 7);
}
END_TEST

START_TEST (no_number)
{
  static const char *const texts[] = {"", "  ", "x1", "-1", ".5", "\n1"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    const char *p = texts[i];
    uint64_t value = 7;
    ck_assert_msg (!scan_u64 (&p, end_of (texts[i]), &value), "%s", texts[i]);
    ck_assert_ptr_eq (p, texts[i]);
    ck_assert_uint_eq (value, 7);
  }
}
END_TEST

START_TEST (signed_numbers)
{
  const char *text = "-9223372036854775808 9223372036854775807 +5 9223372036854775808 -9223372036854775809", *p = text;
  int64_t value;
  ck_assert (scan_i64 (&p, end_of (text), &value) && value == INT64_MIN);
  ck_assert (scan_i64 (&p, end_of (text), &value) && value == INT64_MAX);
  ck_assert (scan_i64 (&p, end_of (text), &value) && value == 5);
  ck_assert (!scan_i64 (&p, end_of (text), &value));
  p += strlen (" 9223372036854775808");
  ck_assert (!scan_i64 (&p, end_of (text), &value));
}
END_TEST

START_TEST (fractions)
{
  static const char *const texts[] = {"0.31", "12.50", "-0.5", "3", "0.00", "1234567.25", "0.1234567890123456789"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    const char *p = texts[i];
    double value;
    ck_assert (scan_f64 (&p, end_of (texts[i]), &value));
    ck_assert_double_eq_tol (value, strtod (texts[i], NULL), 1e-15);
    ck_assert_ptr_eq (p, end_of (texts[i]));
  }
  const char *text = "nan", *p = text;
  double value = 7;
  ck_assert (!scan_f64 (&p, end_of (text), &value));
  ck_assert (value == 7);
}
END_TEST

START_TEST (never_past_the_end)
{
  static const char text[] = {'4', '2', '7'};
  const char *p = text;
  uint64_t value;
  ck_assert (scan_u64 (&p, text + 2, &value));
  ck_assert_uint_eq (value, 42);
  ck_assert_ptr_eq (p, text + 2);
  ck_assert (!scan_starts (text, text + 2, "427"));
  ck_assert (scan_starts (text, text + 2, "42"));
  ck_assert_ptr_eq (scan_next_line (text, text + 3), text + 3);
}
END_TEST

START_TEST (words_and_lines)
{
  const char *text = "  one two\nthree\n", *end = end_of (text), *p = text;
  size_t n;
  ck_assert (scan_word (&p, end, &n) && n == 3);
  const char *word = scan_word (&p, end, &n);
  ck_assert (word && n == 3 && memcmp (word, "two", 3) == 0);
  ck_assert_ptr_null (scan_word (&p, end, &n));
  p = scan_next_line (p, end);
  word = scan_word (&p, end, &n);
  ck_assert (word && n == 5 && memcmp (word, "three", 5) == 0);
  p = scan_next_line (p, end);
  ck_assert_ptr_eq (p, end);
  ck_assert_ptr_null (scan_word (&p, end, &n));
}
END_TEST

/* Any number survives being printed and read. */
START_TEST (there_and_back)
{
  uint64_t state = 88172645463325252u;
  for (int i = 0; i < 2000; i++) {
    char text[64];
    uint64_t value;
    int64_t signed_value;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    uint64_t number = state >> (state % 64);
    snprintf (text, sizeof text, "%llu %lld", (unsigned long long) number, (long long) number);
    const char *p = text;
    ck_assert (scan_u64 (&p, end_of (text), &value) && value == number);
    ck_assert (scan_i64 (&p, end_of (text), &signed_value) && signed_value == (int64_t) number);
  }
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, numbers);
  tcase_add_test (t, no_number);
  tcase_add_test (t, signed_numbers);
  tcase_add_test (t, fractions);
  tcase_add_test (t, never_past_the_end);
  tcase_add_test (t, words_and_lines);
  tcase_add_test (t, there_and_back);
}
UNIT_MAIN ("scan", tests)
