/* Regular expressions that cost no more than they may. */
#include "pattern.h"
#include "unit.h"

#include <errno.h>
#include <malloc.h>
#include <regex.h>
#include <string.h>

static struct pattern *
make (const char *word)
{
  struct pattern *p = NULL;
  char why[160] = "";
  int r = pattern_make (word, &p, why, sizeof why);
  ck_assert_msg (!r, "%s: %s", word, why);
  return p;
}

static bool
takes (const char *word, const char *text)
{
  struct pattern *p = make (word);
  int r = pattern_takes (p, text);
  ck_assert_int_ge (r, 0);
  pattern_free (p);
  return r;
}

static void
is_refused (const char *word, const char *reason)
{
  struct pattern *p = NULL;
  char why[160] = "";
  ck_assert_int_eq (pattern_make (word, &p, why, sizeof why), -EINVAL);
  ck_assert_msg (strstr (why, reason) != NULL, "%s: %s", word, why);
}

START_TEST (takes_what_is_meant)
{
  ck_assert (pattern_is ("/a/") && !pattern_is ("//") && !pattern_is ("/") && !pattern_is ("/a") && !pattern_is ("a/"));
  ck_assert (takes ("/^(eth|wl)/", "eth0"));
  ck_assert (takes ("/^(eth|wl)/", "wlan0"));
  ck_assert (!takes ("/^(eth|wl)/", "veth0"));
  ck_assert (takes ("/eth/", "veth0"));
  ck_assert (takes ("/^[0-9]{1,3}\\.[0-9]{1,3}$/", "10.255"));
  ck_assert (!takes ("/^[0-9]{1,3}\\.[0-9]{1,3}$/", "10x255"));
  ck_assert (takes ("/^sd[a-z]+$|^nvme/", "nvme0n1"));
  ck_assert (takes ("/a\\/b|\\)|\\{/", "x{"));
  ck_assert (takes ("/[]x]/", "]"));
  ck_assert (takes ("/^[[:alpha:]_]*$/", ""));
}
END_TEST

START_TEST (refuses_what_takes_long)
{
  char word[400] = "/";
  is_refused ("/(a)\\1/", "cannot be asked for again");
  is_refused ("/(a*)*b/", "may be nothing");
  is_refused ("/(.?){9}/", "may be nothing");
  is_refused ("/(^a|b)*/", "repeats a place");
  is_refused ("/(\\b)+/", "repeats a place");
  is_refused ("/a{129}/", "more than 128 characters");
  is_refused ("/(a{12}){12}/", "more than 128 characters");
  is_refused ("/((((((((a+)+)+)+)+)+)+)+)+/", "more than 128 characters");
  is_refused ("/a{99999999999999999999}/", "more than 128 characters");
  is_refused ("/((((((((((((((((((a))))))))))))))))))/", "levels");
  memset (word + 1, 'a', 300);
  strcpy (word + 301, "/");
  is_refused (word, "longer than 255 bytes");
}
END_TEST

START_TEST (refuses_what_is_none)
{
  is_refused ("/(a/", "not closed");
  is_refused ("/[a/", "not closed");
  is_refused ("/[[:alpha:]/", "not closed");
  is_refused ("/a)/", "has no '('");
  is_refused ("/a{x}/", "no count");
  is_refused ("/a{3,2}/", "");
  is_refused ("/a\\/", "ends in a");
  is_refused ("/*a/", "");
  is_refused ("/[z-a]/", "");
  is_refused ("/[[:none:]]/", "");
}
END_TEST

START_TEST (knows_whether_numbers_can_be_taken)
{
  static const char *const yes[] = {"/^1/",     "/[0-9]+/", "/./",    "/^(a|4)$/", "/a*/",          "/x?1/",
                                    "/^$|^2$/", "/\\w/",    "/[^a]/", "/a{0,3}/",  "/[[:digit:]]/", "/a||b/"};
  static const char *const no[] = {"/^python/", "/a/",           "/[a-z]/", "/1a/", "/(a|b)+/",
                                   "/\\./",     "/[[:alpha:]]/", "/^x?y/",  "/\\s/"};
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
    struct pattern *p = make (yes[i]);
    ck_assert_msg (pattern_takes_digits (p), "%s", yes[i]);
    pattern_free (p);
  }
  for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
    struct pattern *p = make (no[i]);
    ck_assert_msg (!pattern_takes_digits (p), "%s", no[i]);
    pattern_free (p);
  }
}
END_TEST

/* ---- Against regcomp and regexec themselves ---- */

static void
draw_word (unsigned *random, char *word, size_t size)
{
  static const char *const pieces[] = {"a",  "b",  "1",  ".",     "[ab]", "[^a]",    "(a|b)", "(ab1?)", "^",   "$", "a*",
                                       "b+", "1?", ".*", "[0-9]", "|",    "(a|1b)+", "{2}",   "{0,3}",  "\\b", "(", ")"};
  unsigned n = 1 + unit_draw (random, 9);
  size_t at = (size_t) snprintf (word, size, "/");
  for (unsigned i = 0; i < n; i++)
    at += (size_t) snprintf (word + at, size - at, "%s", pieces[unit_draw (random, sizeof pieces / sizeof *pieces)]);
  snprintf (word + at, size - at, "/");
}

START_TEST (takes_what_regexec_takes)
{
  unsigned random = 1;
  int good = 0, rounds = unit_rounds (3000);
  for (int round = 0; round < rounds; round++) {
    char word[128], plain[128], why[160];
    struct pattern *p;
    regex_t regex;
    draw_word (&random, word, sizeof word);
    if (pattern_make (word, &p, why, sizeof why))
      continue;
    good++;
    snprintf (plain, sizeof plain, "%.*s", (int) strlen (word) - 2, word + 1);
    ck_assert_int_eq (regcomp (&regex, plain, REG_EXTENDED | REG_NOSUB), 0);
    for (int i = 0; i < 30; i++) {
      char text[12];
      unsigned n = unit_draw (&random, sizeof text);
      for (unsigned k = 0; k < n; k++)
        text[k] = "ab1- "[unit_draw (&random, 5)];
      text[n] = 0;
      bool want = !regexec (&regex, text, 0, NULL, 0);
      ck_assert_msg (pattern_takes (p, text) == want, "%s and '%s': %d", word, text, want);
      ck_assert_msg (!want || !n || strspn (text, "1") < n || pattern_takes_digits (p), "%s and '%s'", word, text);
    }
    regfree (&regex);
    pattern_free (p);
  }
  ck_assert_int_gt (good, rounds / 4);
}
END_TEST

/* ---- Hostile ones, on texts that make the most of them ---- */

START_TEST (the_worst_take_bounded_time_and_memory)
{
  static const char *const words[] = {"/(a|b)*a(a|b){36}x/",         "/(a|b)*a[ab]{120}x/",        "/(a.?){40}x/",
                                      "/((a+b?)+c?|(b+a?)+)+x/",     "/(a+a+a+a+a+a+a+a+a+a+)+x/", "/(a|ab|aba|b|ba|bab)+x/",
                                      "/(a|b)(a|b){9}{4}a?.b\\b.*/", "/.*.*.*.*.*.*.*.*.*.*.*.*x/"};
  unsigned random = 7;
  int texts = unit_rounds (200);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    struct pattern *p = make (words[i]);
    size_t most = 0, before = mallinfo2 ().uordblks;
    for (int k = 0; k < texts; k++) {
      char text[2000];
      for (size_t c = 0; c < sizeof text - 1; c++)
        text[c] = "ab"[unit_draw (&random, 2)];
      text[sizeof text - 1] = 0;
      ck_assert_int_ge (pattern_takes (p, text), 0);
      size_t now = mallinfo2 ().uordblks;
      most = now > before && now - before > most ? now - before : most;
    }
    ck_assert_msg (most < 32 << 20, "%s holds %zu bytes", words[i], most);
    pattern_free (p);
  }
}
END_TEST

START_TEST (looks_at_the_beginning_of_long_texts)
{
  char text[PATTERN_TEXT + 20];
  memset (text, 'a', sizeof text);
  text[sizeof text - 1] = 0;
  text[PATTERN_TEXT] = 'z';
  ck_assert (!takes ("/z/", text));
  text[PATTERN_TEXT - 1] = 'z';
  ck_assert (takes ("/z/", text));
  memcpy (text + PATTERN_TEXT - 1, "\303\244", 2); /* it is not cut in two */
  ck_assert (takes ("/a$/", text));
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, takes_what_is_meant);
  tcase_add_test (t, refuses_what_takes_long);
  tcase_add_test (t, refuses_what_is_none);
  tcase_add_test (t, knows_whether_numbers_can_be_taken);
  tcase_add_test (t, takes_what_regexec_takes);
  tcase_add_test (t, the_worst_take_bounded_time_and_memory);
  tcase_add_test (t, looks_at_the_beginning_of_long_texts);
}

UNIT_MAIN ("pattern", tests)
