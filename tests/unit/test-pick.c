/* Names in options against what comes along. */
#include "unit.h"
#include "util/pick.c"

static bool
some_number (const char *glob)
{
  char text[12];
  for (unsigned i = 0; i < 20000; i++) {
    snprintf (text, sizeof text, "%u", i);
    if (!fnmatch (glob, text, 0))
      return true;
    snprintf (text, sizeof text, "%04u", i); /* no key begins so, but that need not be known */
    if (!fnmatch (glob, text, 0))
      return true;
  }
  return false;
}

START_TEST (globs_that_no_number_is_like)
{
  static const char *const pieces[] = {"*",     "?",    "1",    "7",           "a",   "py",  "[0-9]", "[!0-9]",
                                       "[a-c]", "[!a]", "[]1]", "[[:digit:]]", "\\1", "\\a", ".",     "-"};
  unsigned random = 5;
  int rounds = unit_rounds (300), yes = 0, no = 0;
  for (int round = 0; round < rounds; round++) {
    char glob[64] = "";
    unsigned n = 1 + unit_draw (&random, 4);
    for (unsigned i = 0; i < n; i++)
      strcat (glob, pieces[unit_draw (&random, sizeof pieces / sizeof *pieces)]);
    bool want = some_number (glob);
    ck_assert_msg (pick_takes_digits (glob) == want, "'%s' %d", glob, want);
    yes += want;
    no += !want;
  }
  ck_assert_int_gt (yes, rounds / 20);
  ck_assert_int_gt (no, rounds / 20);
}
END_TEST

START_TEST (globs_take_what_fnmatch_takes)
{
  static const char *const pieces[] = {"*", "?", "a", "b", "ab", ".", "[ab]", "[!a]", "\\*", "\\a", "[", "-"},
                           *const texts[] = {"a", "b", "ab", ".", "*", "-", "[", "c"};
  unsigned random = 9;
  int rounds = unit_rounds (20000), yes = 0;
  for (int round = 0; round < rounds; round++) {
    char glob[64] = "", behind[80], text[64] = "";
    for (unsigned n = unit_draw (&random, 5); n > 0; n--)
      strcat (glob, pieces[unit_draw (&random, KK_COUNT (pieces))]);
    for (unsigned n = unit_draw (&random, 5); n > 0; n--)
      strcat (text, texts[unit_draw (&random, KK_COUNT (texts))]);
    bool want = !fnmatch (glob, text, 0);
    snprintf (behind, sizeof behind, "%s.more", glob);
    ck_assert_msg (pick_matches (behind, strlen (glob), text) == want, "'%s' of '%s': %d", glob, text, want);
    yes += want;
  }
  ck_assert_int_gt (yes, rounds / 20);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, globs_take_what_fnmatch_takes);
  tcase_add_test (t, globs_that_no_number_is_like);
}

UNIT_MAIN ("pick", tests)
