/* The order and form of what is said about a configuration, and its bound. */
#include "diag.h"
#include "unit.h"

static char *
printed (const struct diag *d)
{
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream (&text, &size);
  diag_print (d, f);
  fclose (f);
  return text;
}

START_TEST (by_place)
{
  struct diag d = {0};
  diag_add (&d, DIAG_ERROR, (struct place){"b", 1, 1}, "third");
  diag_add (&d, DIAG_ERROR, (struct place){"a", 7, 2}, "%s", "fifth");
  diag_add (&d, DIAG_WARNING, (struct place){"a", 7, 1}, "fourth %d", 4);
  diag_add (&d, DIAG_NOTE, (struct place){"b", 0, 0}, "first");
  diag_add (&d, DIAG_ERROR, (struct place){"b", 0, 0}, "second");
  diag_add (&d, DIAG_ERROR, (struct place){NULL, 0, 0}, "last");
  char *text = printed (&d);
  ck_assert_str_eq (text,
                    "b: note: first\nb: error: second\nb:1:1: error: third\na:7:1: warning: fourth 4\na:7:2: error: fifth\n"
                    "error: last\n");
  ck_assert_uint_eq (d.errors, 4);
  ck_assert_uint_eq (d.warnings, 1);
  free (text);
  diag_free (&d);
  ck_assert_uint_eq (d.n, 0);
}
END_TEST

START_TEST (control_characters)
{
  struct diag d = {0};
  diag_add (&d, DIAG_ERROR, (struct place){"a", 1, 1}, "key '\033[31m\302\233\177\303\244\t'");
  char *text = printed (&d);
  ck_assert_str_eq (text, "a:1:1: error: key '?[31m??\303\244?'\n");
  free (text);
  diag_free (&d);
}
END_TEST

START_TEST (bound)
{
  struct diag d = {0};
  for (int i = 0; i < 1000; i++)
    diag_add (&d, DIAG_ERROR, (struct place){"a", 1, 1}, "x");
  ck_assert_uint_eq (d.n, 200);
  ck_assert_uint_eq (d.errors, 1000);
  ck_assert_uint_eq (d.left_out, 800);
  char *text = printed (&d);
  ck_assert_ptr_nonnull (strstr (text, "and 800 more\n"));
  free (text);
  diag_free (&d);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, by_place);
  tcase_add_test (t, control_characters);
  tcase_add_test (t, bound);
}
UNIT_MAIN ("diag", tests)
