/* What people read of an alert: names of rows, texts, units. */
#include "alert/full-name.h"
#include "alert/wording.h"
#include "unit.h"

static char names[2][ALERT_FULL_NAME];

static struct alert_key
named (const char *text)
{
  return (struct alert_key){.text = text, .length = strlen (text)};
}

static const char *
name (const char *rule, struct alert_key key)
{
  alert_full_name (rule, &key, names[0]);
  return names[0];
}

static void
differ (const char *rule_a, const char *row_a, const char *rule_b, const char *row_b)
{
  const struct alert_key a = named (row_a), b = named (row_b);
  alert_full_name (rule_a, &a, names[0]);
  alert_full_name (rule_b, &b, names[1]);
  ck_assert_str_ne (names[0], names[1]);
  ck_assert_uint_lt (strlen (names[0]), ALERT_FULL_NAME);
}

START_TEST (names_of_rows)
{
  ck_assert_str_eq (name ("busy", named ("")), "busy");
  ck_assert_str_eq (name ("busy", named ("eth0")), "busy/eth0");
  ck_assert_str_eq (name ("busy", named ("/var/log")), "busy//var/log");
  ck_assert_str_eq (name ("busy", (struct alert_key){.number = 4242}), "busy/4242");
  ck_assert_str_eq (name ("a/b", named ("")), "a\\/b");
  differ ("a/b", "", "a", "b");
  differ ("a/b", "c", "a", "b/c");
  differ ("a", "/b", "a/", "b");
  differ ("a\\/b", "", "a\\", "b");
}
END_TEST

START_TEST (long_names_differ)
{
  char rows[2][251], rule[128];
  memset (rule, '/', sizeof rule - 1);
  rule[sizeof rule - 1] = 0;
  for (size_t length = 100; length < sizeof rows[0]; length += 10)
    for (size_t at = 0; at < length; at += 7) {
      for (int i = 0; i < 2; i++) {
        memset (rows[i], 'x', length);
        rows[i][length] = 0;
      }
      rows[1][at] = 'y';
      differ ("rule", rows[0], "rule", rows[1]);
      differ (rule, rows[0], rule, rows[1]);
      differ (rule, rows[0], "rule", rows[0]);
    }
  /* The cut is between characters. */
  for (size_t i = 0; i + 1 < sizeof rows[0]; i += 2)
    memcpy (rows[0] + i, "\u00b5", 2);
  rows[0][sizeof rows[0] - 1] = 0;
  const char *cut = name ("rules", named (rows[0]));
  ck_assert_ptr_nonnull (strstr (cut, "\u00b5#"));
  cut = name ("rulest", named (rows[0]));
  ck_assert_ptr_nonnull (strstr (cut, "\u00b5#"));
}
END_TEST

static double value = 12.5;

static const char *
text (const char *template, const char *unit)
{
  static char ret[500];
  struct watch w = {.name = (char[]){"fat"}, .when = (char[]){"x.y > 1"}, .severity = 2};
  struct buf BUF_CLEANUP b = {0};
  w.text = strdup (template);
  wording_text (&b, &w, "4242", true, value, unit);
  free (w.text);
  snprintf (ret, sizeof ret, "%s", b.data);
  return ret;
}

START_TEST (texts)
{
  ck_assert_str_eq (text ("", "By"), "x.y > 1 in 4242 (12 B)");
  ck_assert_str_eq (text ("", "1"), "x.y > 1 in 4242 (12.5)");
  ck_assert_str_eq (text ("{name}: {row} {value} {unit}, {severity}", "MiBy"), "fat: 4242 12.5 MiB, critical");
  ck_assert_str_eq (text ("{rule} {other} {", "1"), "fat {other} {");
  ck_assert_str_eq (text ("{value}{unit}", "1"), "12.5");
  value = 88.42113;
  ck_assert_str_eq (text ("", "%"), "x.y > 1 in 4242 (88.4 %)");
  value = 7706280345.0;
  ck_assert_str_eq (text ("", "By"), "x.y > 1 in 4242 (7.2 GiB)");
  ck_assert_str_eq (text ("{value} {unit}", "By"), "7706280345 B"); /* the unit may stand in the text as a word */
  value = 2311.4375;
  ck_assert_str_eq (text ("{value} MiB", "MiBy"), "2311.4 MiB");
}
END_TEST

START_TEST (misspelt_words)
{
  const char *meant = NULL;
  char word[32];
  ck_assert (!wording_stranger ("{rule} on {host}: {value} {unit} {\"a\":1} {} {X} {", word, &meant));
  ck_assert (wording_stranger ("{rule}: {vlaue}", word, &meant));
  ck_assert_str_eq (word, "vlaue");
  ck_assert_str_eq (meant, "value");
  ck_assert (wording_stranger ("{elephant}", word, &meant) && !meant);
}
END_TEST

START_TEST (lines)
{
  struct watch w = {.name = (char[]){"hot"}, .when = (char[]){"t.x > 1"}, .text = (char[]){""}, .severity = 1};
  const struct alert_item item = {.has_value = true, .value = 81, .row = "cpu"}, *items = &item;
  const struct alert_message fired = {.change = ALERT_FIRED, .items = &items, .n_items = 1, .total = 1};
  const struct alert_message cleared = {.change = ALERT_CLEARED, .items = &items, .n_items = 1, .total = 1};
  struct buf BUF_CLEANUP a = {0}, b = {0}, json = {0};
  wording_line (&a, &w, "hot", "Cel", &fired);
  ck_assert_str_eq (a.data, "hot fires: t.x > 1 in cpu (81 \u00b0C)");
  wording_line (&b, &w, "hot", "Cel", &cleared);
  ck_assert_str_eq (b.data, "hot is over: cpu (81 \u00b0C)");
  wording_json (&json, &w, "hot", "Cel", &fired, "1f", 0);
  ck_assert_ptr_nonnull (strstr (json.data, "\"unit\":\"Cel\"")); /* for programs it stays as it is */
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, names_of_rows);
  tcase_add_test (t, long_names_differ);
  tcase_add_test (t, texts);
  tcase_add_test (t, misspelt_words);
  tcase_add_test (t, lines);
}

UNIT_MAIN ("alert-words", tests)
