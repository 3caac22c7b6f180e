/* Files like ~/.aws/config, as Python's configparser reads them; and words as shlex has them. */
#include "dynamodb-writer/ini.h"
#include "dynamodb-writer/words.h"
#include "unit.h"

static struct ini *
parse_n (const char *text, size_t n, int want, struct ini_fault *fault)
{
  struct buf b = {.max = INI_MOST_BYTES + 100};
  struct ini *ini = NULL;
  buf_add (&b, text, n);
  int r = ini_parse (&b, &ini, fault);
  ck_assert_msg (r == want, "%d, not %d: line %u %s", r, want, fault->line, fault->text);
  ck_assert_ptr_null (b.data);
  return ini;
}

static struct ini *
parse (const char *text)
{
  struct ini_fault fault = {.line = 0};
  return parse_n (text, strlen (text), 0, &fault);
}

START_TEST (common)
{
  struct ini *ini =
    parse ("# a comment\n; another\n[default]\nregion = eu-central-1\nAWS_Access_Key_ID=AKIA\n\n"
           "[profile dev]  # what stands here is ignored\nrole_arn: arn:aws:iam::1:role/x # no comment\nempty =\n");
  ck_assert_uint_eq (ini_count (ini), 2);
  ck_assert_str_eq (ini_name (ini, 0), "default");
  ck_assert_str_eq (ini_get (ini, 0, "region"), "eu-central-1");
  ck_assert_str_eq (ini_get (ini, 0, "aws_access_key_id"), "AKIA");
  ck_assert_ptr_null (ini_get (ini, 0, "role_arn"));
  ck_assert_str_eq (ini_name (ini, 1), "profile dev");
  ck_assert_str_eq (ini_get (ini, 1, "role_arn"), "arn:aws:iam::1:role/x # no comment");
  ck_assert_str_eq (ini_get (ini, 1, "empty"), "");
  ini_free (ini);
}
END_TEST

START_TEST (line_ends)
{
  static const char *const texts[] = {"\xef\xbb\xbf[a]\r\nk = v\r\nx = y\r\n", "[a]\rk = v\rx = y",
                                      "[a]\n\n\nk =v  \t\n \nx= y", "  [a]\n  k = v\n  x = y\n"};
  struct ini *ini = parse (texts[_i]);
  ck_assert_uint_eq (ini_count (ini), 1);
  ck_assert_str_eq (ini_name (ini, 0), "a");
  ck_assert_str_eq (ini_get (ini, 0, "k"), "v");
  ck_assert_str_eq (ini_get (ini, 0, "x"), "y");
  ini_free (ini);
}
END_TEST

START_TEST (nested)
{
  struct buf b BUF_CLEANUP = {.max = 100};
  struct ini *ini =
    parse ("[services x]\ndynamodb =\n  endpoint_url = http://127.0.0.1:1\n\n  # between\n  other=1\n\nafter = 2\n"
           "long = a\n b\n  c\n");
  ck_assert_str_eq (ini_get (ini, 0, "dynamodb"), "\nendpoint_url = http://127.0.0.1:1\n\nother=1");
  ck_assert (ini_nested (ini_get (ini, 0, "dynamodb"), "endpoint_url", &b));
  ck_assert_str_eq (b.data, "http://127.0.0.1:1");
  ck_assert (ini_nested (ini_get (ini, 0, "dynamodb"), "other", &b));
  ck_assert_str_eq (b.data, "1");
  ck_assert (!ini_nested (ini_get (ini, 0, "dynamodb"), "endpoint", &b));
  ck_assert (!ini_nested (ini_get (ini, 0, "after"), "2", &b));
  ck_assert_str_eq (ini_get (ini, 0, "after"), "2");
  ck_assert_str_eq (ini_get (ini, 0, "long"), "a\nb\nc");
  ini_free (ini);
}
END_TEST

START_TEST (defaults)
{
  struct ini *ini = parse ("[a]\nk = 1\n[DEFAULT]\nk = 2\nonly = 3\n[b]\n");
  ck_assert_str_eq (ini_get (ini, 0, "k"), "1");
  ck_assert_str_eq (ini_get (ini, 0, "only"), "3");
  ck_assert_str_eq (ini_get (ini, 2, "k"), "2");
  ini_free (ini);
}
END_TEST

START_TEST (faults)
{
  static const struct {
    const char *text;
    unsigned line;
  } bad[] = {{"k = v\n", 1},   {"[a]\nnothing\n", 2}, {"[a]\n= v\n", 2}, {"[a]\nk=1\nK = 2\n", 3}, {"[a]\n[b]\n[a]\n", 3},
             {"[]\n[a]\n", 1}, {"[a\n", 1},           {"<html>\n", 1},   {"[a]\n k=1\nk=1\n", 3},  {"#\n\n[a]\n\n\n]\n", 6}};
  struct ini_fault fault = {.line = 0};
  ck_assert_ptr_null (parse_n (bad[_i].text, strlen (bad[_i].text), -EINVAL, &fault));
  ck_assert_uint_eq (fault.line, bad[_i].line);
  ck_assert (*fault.text);
}
END_TEST

START_TEST (bounds)
{
  struct ini_fault fault = {.line = 0};
  char *text = malloc (INI_MOST_BYTES + 2);
  ck_assert_ptr_nonnull (text);
  memset (text, ' ', INI_MOST_BYTES + 2);
  ck_assert_ptr_null (parse_n (text, INI_MOST_BYTES + 1, -EFBIG, &fault));
  for (size_t i = 0; i + 8 <= INI_MOST_BYTES; i += 8) /* as many sections as there can be, each of another name */
    snprintf (text + i, 9, "[%05zx]\n", i / 8);
  struct ini *ini = parse_n (text, INI_MOST_BYTES, 0, &fault);
  ck_assert_uint_eq (ini_count (ini), INI_MOST_BYTES / 8);
  ini_free (ini);
  ck_assert_ptr_null (parse_n ("[a]\nk\0=v\n", 9, -EINVAL, &fault));
  ini_free (parse (""));
  free (text);
}
END_TEST

START_TEST (words)
{
  static const struct {
    const char *text, *want; /* words with | between */
  } cases[] = {{"", ""},
               {" \t", ""},
               {"a b  c\n", "a|b|c"},
               {"'a b' \"c d\"", "a b|c d"},
               {"a'b'\"c\"d", "abcd"},
               {"'' \"\" x", "||x"},
               {"a\\ b \\'", "a b|'"},
               {"\"a\\\"b\\\\c\\d\"", "a\"b\\c\\d"},
               {"'a\\b'", "a\\b"},
               {"/opt/x --flag=\"$HOME\" #no", "/opt/x|--flag=$HOME|#no"}};
  char **list, have[200] = "";
  size_t n;
  ck_assert_int_eq (words_split (cases[_i].text, &list, &n), 0);
  for (size_t i = 0; i < n; i++)
    strcat (strcat (have, i ? "|" : ""), list[i]);
  ck_assert_str_eq (have, cases[_i].want);
  ck_assert_ptr_null (list[n]);
  words_free (list);
}
END_TEST

START_TEST (no_words)
{
  static const char *const bad[] = {"a 'b", "\"a", "a\\", "\"a\\"};
  char **list = NULL, many[2 * WORDS_MOST + 4];
  size_t n = 0;
  ck_assert_int_eq (words_split (bad[_i], &list, &n), -EINVAL);
  for (size_t i = 0; i <= WORDS_MOST; i++)
    memcpy (many + 2 * i, "x ", 3);
  ck_assert_int_eq (words_split (many, &list, &n), -E2BIG);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, common);
  tcase_add_loop_test (t, line_ends, 0, 4);
  tcase_add_test (t, nested);
  tcase_add_test (t, defaults);
  tcase_add_loop_test (t, faults, 0, 10);
  tcase_add_test (t, bounds);
  tcase_add_loop_test (t, words, 0, 10);
  tcase_add_loop_test (t, no_words, 0, 4);
}

UNIT_MAIN ("ini", tests)
