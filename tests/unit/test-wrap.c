#include "cli/wrap.h"
#include "unit.h"

static void
wrapped (const char *text, int width, const char *want)
{
  struct buf b BUF_CLEANUP = {0};
  wrap_add (&b, text, width, -1);
  ck_assert_int_eq (b.error, 0);
  ck_assert_str_eq (b.data ? b.data : "", want);
}

START_TEST (what_fits_stays)
{
  wrapped ("", 40, "");
  wrapped ("one\n\n  two  three\n", 40, "one\n\n  two  three\n");
  wrapped ("1234567890", 10, "1234567890");
  wrapped ("  ends in blanks   \n", 40, "  ends in blanks   \n");
}
END_TEST

START_TEST (below_the_last_column)
{
  wrapped ("  name  words that go on and on\n", 20, "  name  words that\n        go on and on\n");
  wrapped ("  words that go on and on", 16, "  words that go\n  on and on");
  wrapped ("  a  b  c d e f g h i j k l", 20, "  a  b  c d e f g h\n        i j k l");
}
END_TEST

START_TEST (below_a_given_column)
{
  struct buf b BUF_CLEANUP = {0};
  wrap_add (&b, "  In memory 3600 samples of a  day\n  short", 20, 12);
  ck_assert_str_eq (b.data, "  In memory 3600\n            samples\n            of a\n            day\n  short");
}
END_TEST

START_TEST (a_long_word_stays_whole)
{
  wrapped ("  file  /a/very/long/path/to/somewhere", 20, "  file  /a/very/long/path/to/somewhere");
  wrapped ("see /a/very/long/path/to/somewhere for more", 20, "see\n/a/very/long/path/to/somewhere\nfor more");
}
END_TEST

START_TEST (characters_count_not_bytes)
{
  wrapped ("ää öö üü ßß", 8, "ää öö üü\nßß");
}
END_TEST

START_TEST (no_terminal_is_80)
{
  FILE *f = tmpfile ();
  ck_assert_ptr_nonnull (f);
  ck_assert_int_eq (wrap_width (f), 80);
  fclose (f);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, what_fits_stays);
  tcase_add_test (t, below_the_last_column);
  tcase_add_test (t, below_a_given_column);
  tcase_add_test (t, a_long_word_stays_whole);
  tcase_add_test (t, characters_count_not_bytes);
  tcase_add_test (t, no_terminal_is_80);
}

UNIT_MAIN ("wrap", tests)
