/* One value changed in a text, and not one character beside it. */
#include "edit.h"
#include "unit.h"

static struct diag faults;

static char *
set (const char *text, const char *path, const char *value, bool uncomment, const char *comment)
{
  struct edit e = {.value = value, .comment = comment, .uncomment = uncomment};
  struct buf out = {0};
  char *copy = strdup (path);
  for (char *word = strtok (copy, "/"); word; word = strtok (NULL, "/"))
    e.path[e.n++] = word;
  diag_free (&faults);
  int r = edit_set ("f", text, strlen (text), &e, &faults, &out);
  ck_assert_msg ((r == 0) == (faults.errors == 0), "%s", text);
  free (copy);
  if (r < 0)
    buf_free (&out);
  return out.data;
}

START_TEST (changes)
{
  static const char *const cases[][4] = {
      /* text, path, value, result */
      {"a:\n  b: 1   # one\n", "a/b", "2", "a:\n  b: 2   # one\n"},
      {"a:\n  b: \"x\" # q\n", "a/b", "y z", "a:\n  b: \"y z\" # q\n"},
      {"a:\n  b: 'x'\n", "a/b", "y", "a:\n  b: 'y'\n"},
      {"a:\n  b: x\n", "a/b", "it's: odd", "a:\n  b: 'it''s: odd'\n"},
      {"a:\n  b: x\n", "a/b", "", "a:\n  b: ''\n"},
      {"a:\n  b: x", "a/b", "yy", "a:\n  b: yy"},
      {"a:\n  b:\n  c: 1\n", "a/b", "2", "a:\n  b: 2\n  c: 1\n"},
      {"a:\n  b:   # soon\n  c: 1\n", "a/b", "2", "a:\n  b: 2   # soon\n  c: 1\n"},
      {"a:\n  b: ~ # c\n", "a/b", "2", "a:\n  b: 2 # c\n"},
      {"a:\n  b: [x, y]  # list\n", "a/b", "[z]", "a:\n  b: [z]  # list\n"},
      {"a:\n  b:\n    - x\n    - y\n  c: 1\n", "a/b", "[z]", "a:\n  b: [z]\n  c: 1\n"},
      {"a: {b: 1, c: 2} # f\n", "a/b", "3", "a: {b: 3, c: 2} # f\n"},
      {"a: {b: 1}\n", "a/b", "x, y", "a: {b: 'x, y'}\n"},
      {"\"a\":\n  'b': 1\n", "a/b", "2", "\"a\":\n  'b': 2\n"},
      {"a:\n  b: \xc3\xa4\xc3\xb6 # \xe2\x82\xac\n", "a/b", "\xc3\xbc", "a:\n  b: \xc3\xbc # \xe2\x82\xac\n"},
      {"\xef\xbb\xbf"
       "a:\n  b: 1\n",
       "a/b", "2",
       "\xef\xbb\xbf"
       "a:\n  b: 2\n"},
      {"a:\r\n  b: 1 # x\r\n", "a/b", "2", "a:\r\n  b: 2 # x\r\n"},
      {"a:\n  b: 2\n", "a/b", "2", "a:\n  b: 2\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *have = set (cases[i][0], cases[i][1], cases[i][2], false, NULL);
    ck_assert_msg (have && strcmp (have, cases[i][3]) == 0, "%s\n%s", cases[i][0], have ? have : faults.items[0].text);
    free (have);
  }
}
END_TEST

START_TEST (adds)
{
  static const char *const cases[][4] = {
      {"", "a/b", "2", "a:\n  b: 2\n"},
      {"# c\n", "a/b", "2", "# c\n\na:\n  b: 2\n"},
      {"x: 1", "a/b", "2", "x: 1\n\na:\n  b: 2\n"},
      {"a:\n  c: 1\n", "a/b", "2", "a:\n  c: 1\n  b: 2\n"},
      {"a:\n    c: 1   # one\n    # end\n\nx: 1\n", "a/b", "2", "a:\n    c: 1   # one\n    b: 2\n    # end\n\nx: 1\n"},
      {"a:\n  c: |\n    text\n    more\nx: 1\n", "a/b", "2", "a:\n  c: |\n    text\n    more\n  b: 2\nx: 1\n"},
      {"a:\n  c:\n    - 1\n    - 2", "a/b", "2", "a:\n  c:\n    - 1\n    - 2\n  b: 2\n"},
      {"a:\nx: 1\n", "a/b", "2", "a:\n  b: 2\nx: 1\n"},
      {"a: ~  # none\nx: 1\n", "a/b", "2", "a:  # none\n  b: 2\nx: 1\n"},
      {"a: {}\n", "a/b", "2", "a: {b: 2}\n"},
      {"a: {c: 1}  # f\n", "a/b", "2", "a: {c: 1, b: 2}  # f\n"},
      {"a: {c: 1,}\n", "a/b", "2", "a: {c: 1, b: 2}\n"},
      {"a:\n  c:\n    d: 1\nx: 1\n", "a/c/b", "2", "a:\n  c:\n    d: 1\n    b: 2\nx: 1\n"},
      {"a:\n  x: 1\n", "a/c/b", "2", "a:\n  x: 1\n  c:\n    b: 2\n"},
      {"a: {x: 1}\n", "a/c/b", "2", "a: {x: 1, c: {b: 2}}\n"},
      {"a:\r\n  c: 1\r\n", "a/b", "2", "a:\r\n  c: 1\r\n  b: 2\r\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *have = set (cases[i][0], cases[i][1], cases[i][2], false, NULL);
    ck_assert_msg (have && strcmp (have, cases[i][3]) == 0, "%s\n%s", cases[i][0], have ? have : faults.items[0].text);
    free (have);
  }
  char *have = set ("a:\n  c: 1\n", "a/b", "2", false, "why");
  ck_assert_str_eq (have, "a:\n  c: 1\n  b: 2  # why\n");
  free (have);
}
END_TEST

START_TEST (uncomments)
{
  static const char *const cases[][4] = {
      {"a:\n  # b: 90     # when\n  c: 1\n", "a/b", "80", "a:\n  b: 80     # when\n  c: 1\n"},
      {"a:\n  c: 1\n  #b: 90\n\nx: 1\n", "a/b", "80", "a:\n  c: 1\n  b: 80\n\nx: 1\n"},
      {"a:\n  c:\n    # b: 1  # one\n\n  d:\n    # b: 2\n", "a/d/b", "3", "a:\n  c:\n    # b: 1  # one\n\n  d:\n    b: 3\n"},
      {"a:\n  c:\n    # x: 1\n  d: 1\n  # b: 2\n", "a/c/b", "3", "a:\n  c:\n    b: 3\n    # x: 1\n  d: 1\n  # b: 2\n"},
      {"a:\n  c: 1\nx:\n  # b: 2\n", "a/b", "3", "a:\n  c: 1\n  b: 3\nx:\n  # b: 2\n"},
      {"a:\n  # bb: 2\n  c: 1\n", "a/b", "3", "a:\n  # bb: 2\n  c: 1\n  b: 3\n"},
      {"a:\n  # b: 2", "a/b", "3", "a:\n  b: 3"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *have = set (cases[i][0], cases[i][1], cases[i][2], true, NULL);
    ck_assert_msg (have && strcmp (have, cases[i][3]) == 0, "%s\n%s", cases[i][0], have ? have : faults.items[0].text);
    free (have);
  }
  char *have = set ("a:\n  # b: 90\n  c: 1\n", "a/b", "80", false, NULL);
  ck_assert_str_eq (have, "a:\n  # b: 90\n  c: 1\n  b: 80\n");
  free (have);
}
END_TEST

/* What cannot be changed without loss is left alone, with a word. */
START_TEST (refuses)
{
  static const char *const texts[] = {
      "a:\n  b:   # names\n    - x   # the first\n    - y\n",
      "{a: {b: 1}, c: &x 1, d: [*x, ]\n",
      "- a\n",
      "text\n",
      "a:\n\tb: 1\n",
      "a: 1\n",
      "c: &m {x: 1}\na: *m\n",
      "a:\n  b:\n    c: 1\n",
      "a: {b: {c: 1}}\n",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char *have = set (texts[i], "a/b", "2", false, NULL);
    ck_assert_msg (!have, "%s\n%s", texts[i], have);
    ck_assert_uint_ge (faults.errors, 1);
  }
  diag_free (&faults);
}
END_TEST

/* There and back again is where one was. */
START_TEST (set_and_set_back)
{
  static const char *const texts[] = {
      "a:\n  b: 1.0    # x\n",
      "a: {b: 1.0}",
      "a:\r\n  b: '1.0'   # x\r\n",
      "a:\n  b: \"1.0\"\n",
      "x: [1, 2]\na:\n  c: d\n  b: 1.0\n\n# end",
  };
  static const char *const values[] = {"2", "250ms", "[x, y]", "a long text with blanks", "it's", "a: b", "#x", "", "~", "- x"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
      char *there = set (texts[i], "a/b", values[j], false, NULL);
      ck_assert_msg (there != NULL, "%s: %s", texts[i], values[j]);
      char *back = set (there, "a/b", "1.0", false, NULL);
      /* A value that could not stand in the old quotes took them with it. */
      if (!strpbrk (texts[i], "'\"") && !strpbrk (there, "'\""))
        ck_assert_str_eq (back, texts[i]);
      free (back);
      free (there);
    }
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, changes);
  tcase_add_test (t, adds);
  tcase_add_test (t, uncomments);
  tcase_add_test (t, refuses);
  tcase_add_test (t, set_and_set_back);
}
UNIT_MAIN ("edit", tests)
