/* Expressions over rows: which are chosen, one by one and together, and what proves that one is gone. */
#include "expression-rule.h"
#include "expression/inner.h"

START_TEST (rows_are_judged_one_by_one)
{
  add_rows ();
  kit_tick (&kit, SECOND);
  check ("processes[*].cpu_percent > 15", "nyyy");
  check ("processes.cpu_percent > 15", "nyyy");
  check ("processes[name=python*].cpu_percent > 15", "ny");
  check ("processes[name=python*, pid!=100].cpu_percent > 15", "y");
  check ("processes[name != python*].cpu_percent > 35", "ny");
}
END_TEST

START_TEST (selectors)
{
  add_rows ();
  kit_tick (&kit, SECOND);
  check ("processes['10[12]'].cpu_percent > 25", "ny");
  check ("processes[\"1?3\"].cpu_percent > 25", "y");
  check ("processes[=100].cpu_percent > 25", "n");
  check ("processes[!=100].cpu_percent > 25", "nyy");
  check ("processes[num_threads=3].cpu_percent > 25", "y");
  check ("processes[tracked=true].cpu_percent > 25", "ny");
  check ("processes[ name = 'ng*' ].cpu_percent > 25", "y");
  check ("processes[name=ng*, name=*x].cpu_percent > 25", "y");
  check ("processes[name=ng*, name=*y].cpu_percent > 25", "");
  check ("processes[*, name=nginx].cpu_percent > 25", "y");
  check ("interfaces[eth*].bytes_sent > 1", "y");
  check ("interfaces[interface=lo].bytes_sent > 1kB", "y");
  check ("interfaces[!=lo].speed == 1MB/s", "y");
  check ("interfaces[nothing].bytes_sent > 1", "");
  check ("processes[name=python*].cpu_percent > 15 and processes.memory_rss_mb == 1GiB", "ny");
  check ("processes.memory_rss_mb == 1GiB and processes[name=python*].cpu_percent > 15 and system.cpu_percent > 90", "ny");
}
END_TEST

START_TEST (globs)
{
  static const struct {
    const char *pattern, *text;
    bool is;
  } all[] = {
    {"", "", true},
    {"", "a", false},
    {"*", "", true},
    {"a*", "a", true},
    {"*a", "ba", true},
    {"*a", "ab", false},
    {"a*b*c", "aXbYbZc", true},
    {"a*b*c", "aXc", false},
    {"?", "\303\244", true},
    {"??", "\303\244", false},
    {"[a-c]", "b", true},
    {"[a-c]", "d", false},
    {"[!a-c]", "d", true},
    {"[!a-c]", "b", false},
    {"[^a]", "a", false},
    {"[]a]", "]", true},
    {"[a-]", "-", true},
    {"[abc", "[abc", true},
    {"\\*", "*", true},
    {"\\*", "a", false},
    {"a\\", "a\\", true},
    {"*[0-9]", "eth10", true},
    {"*?", "", false},
    {"**a**", "bab", true},
    {"[!a]", "", false},
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    ck_assert_msg (expr_glob (all[i].pattern, all[i].text) == all[i].is, "%s %s", all[i].pattern, all[i].text);
  char many[200], text[16385];
  for (size_t i = 0; i < sizeof many - 2; i += 2)
    memcpy (many + i, "*a", 2);
  memcpy (many + sizeof many - 2, "b", 2);
  memset (text, 'a', sizeof text - 1);
  text[sizeof text - 1] = 0;
  ck_assert (!expr_glob (many, text)); /* and before the test's time is over */
}
END_TEST

START_TEST (results_say_which_row_and_what_value)
{
  add_rows ();
  kit_tick (&kit, SECOND);
  struct rule r = rule ("processes[name=python*].memory_rss_mb > 0.5GiB and processes.cpu_percent > 1");
  ck_assert_str_eq (letters (&r), "ny");
  ck_assert_uint_eq (results.results[1].row, 1);
  ck_assert_uint_eq (results.results[1].key.u64, 101);
  ck_assert_uint_eq (results.results[1].identity, 1);
  ck_assert_int_eq (results.results[1].value_type, EXPRESSION_NUMBER);
  ck_assert_double_eq (results.results[1].number, 1024);
  ck_assert (results.results[1].fresh);
  ck_assert (results.outcome.all);
  ck_assert_int_eq (expression_rows_of (r.b), (int) PROCESSES);
  rule_free (&r);
  r = rule ("interfaces[lo].bytes_sent > 1");
  ck_assert_str_eq (letters (&r), "y");
  ck_assert_str_eq (results.results[0].key.string, "lo");
  rule_free (&r);
  r = rule ("system.state == 'ok' and system.cpu_percent > 1");
  ck_assert_str_eq (letters (&r), "y");
  ck_assert_int_eq (results.results->value_type, EXPRESSION_TEXT);
  ck_assert_str_eq (results.results->text, "ok");
  ck_assert_uint_eq (results.results->row, UINT32_MAX);
  ck_assert_uint_eq (results.results->key.absent, KK_UNSET);
  ck_assert_int_eq (expression_rows_of (r.b), -1);
  rule_free (&r);
  r = rule ("not system.online");
  ck_assert_str_eq (letters (&r), "n");
  ck_assert_int_eq (results.results->value_type, EXPRESSION_NO_VALUE);
  rule_free (&r);
}
END_TEST

START_TEST (rows_that_may_be_meant_are_unknown)
{
  add_rows ();
  kit_absent (&kit, PROCESSES, 2, P_NAME, KK_DENIED);
  kit_tick (&kit, SECOND);
  check ("processes[name=python*].cpu_percent > 1", "yy?");
  check ("processes[name=nginx, pid=1].cpu_percent > 1", "");
  check ("gone(processes[name=nginx])", "?");
  check ("gone(processes[name=nginx, pid=1])", "y");
  check ("count(processes[name=python*]) == 2", "?");
  check ("sum(processes[name=python*].cpu_percent) == 30", "y");
  struct rule r = rule ("processes[name=nginx].cpu_percent > 1");
  say (&r);
  ck_assert_str_eq (results.whys[0], "it is not known whether the rule is about this row");
  rule_free (&r);
}
END_TEST

START_TEST (aggregates)
{
  add_rows ();
  kit_tick (&kit, SECOND);
  static const char *const yes[] = {
    "sum(processes[*].cpu_percent) == 100",
    "max(processes.cpu_percent) == 40",
    "min(processes[*].cpu_percent) == 10",
    "avg(processes[*].cpu_percent) == 25",
    "count(processes) == 4",
    "count(processes[*]) == 4",
    "count(processes[name=python*]) == 2",
    "count(processes[*].cpu_percent > 25) == 2",
    "sum(processes[name=python*].memory_rss_mb) == 1GiB",
    "sum(processes[*].cpu_percent * 2 + 1) == 204",
    "max(processes[*].memory_rss_mb / system.memory_used_mb) == 1.5",
    "sum(processes[*].memory_rss_mb) > sum(interfaces[*].bytes_sent) / 1000",
    "count(processes[name=zzz]) == 0",
    "sum(processes[name=zzz].cpu_percent) == 0",
    "sum(interfaces[*].speed) == 2MB/s",
    "count(interfaces[lo]) + count(processes) == 5",
    "max(-processes[*].cpu_percent) == -10",
    "min(processes[*].cpu_percent) < 11%",
  };
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
    check (yes[i], "y");
  check ("processes[*].cpu_percent > avg(processes[*].cpu_percent)", "nnyy");
}
END_TEST

START_TEST (aggregates_over_what_is_not_whole)
{
  add_rows ();
  kit.tables[PROCESSES].partial = true;
  kit_absent (&kit, PROCESSES, 3, P_CPU, KK_ERROR);
  kit_tick (&kit, SECOND);
  check ("sum(processes[*].cpu_percent) == 60", "y");
  check ("max(processes[*].cpu_percent) == 30", "y");
  why_is ("count(processes[*]) > 1", "may lack rows");
  why_is ("sum(processes[name=zzz].cpu_percent) == 0", "may lack rows");
  why_is ("count(processes[*].cpu_percent > 1) > 1", "may lack rows");
  kit.tables[PROCESSES].partial = false;
  kit_tick (&kit, SECOND);
  why_is ("count(processes[*].cpu_percent > 1) > 1", "not known whether they are meant");
  check ("count(processes) == 4", "y");
  kit.tables[PROCESSES].result = -EIO;
  kit_tick (&kit, SECOND);
  why_is ("sum(processes[*].cpu_percent) > 1", "could not be read");
  why_is ("count(processes) > 1", "could not be read");
}
END_TEST

START_TEST (gone_needs_proof)
{
  add_rows ();
  struct rule r = rule ("gone(processes[name=nginx])");
  kit_tick (&kit, SECOND);
  ck_assert_str_eq (letters (&r), "n");
  kit_string (&kit, PROCESSES, 2, P_NAME, "other");
  kit.tables[PROCESSES].partial = true;
  kit_tick (&kit, SECOND);
  ck_assert_str_eq (letters (&r), "?");
  kit.tables[PROCESSES].partial = false;
  kit.tables[PROCESSES].result = -EIO;
  kit_tick (&kit, SECOND);
  ck_assert_str_eq (letters (&r), "?");
  kit.tables[PROCESSES].result = 0;
  kit_tick (&kit, SECOND);
  ck_assert_str_eq (letters (&r), "y");
  ck_assert (results.results->fresh);
  kit.tables[PROCESSES].result = KK_HELD;
  kit_tick (&kit, SECOND);
  ck_assert_str_eq (letters (&r), "?");
  ck_assert (!results.results->fresh);
  ck_assert_ptr_nonnull (strstr (results.whys[0], "not read at this tick"));
  rule_free (&r);
}
END_TEST

START_TEST (held_values_are_not_fresh)
{
  add_rows ();
  struct rule one = rule ("system.cpu_percent > 90"),
              two = rule ("system.cpu_percent > 90 and sum(processes[*].cpu_percent) > 1"),
              rows = rule ("processes[*].cpu_percent > 15");
  kit_tick (&kit, SECOND);
  kit.tables[SYSTEM].result = KK_HELD;
  kit_tick (&kit, SECOND);
  ck_assert_str_eq (letters (&one), "y");
  ck_assert (!results.results->fresh);
  ck_assert_str_eq (letters (&two), "y");
  ck_assert (results.results->fresh);
  kit.tables[PROCESSES].partial = true;
  kit_tick (&kit, SECOND);
  ck_assert_str_eq (letters (&rows), "nyyy");
  ck_assert (!results.outcome.all);
  kit.tables[PROCESSES].partial = false;
  kit_tick (&kit, SECOND);
  ck_assert_str_eq (letters (&rows), "nyyy");
  ck_assert (results.outcome.all);
  kit.tables[PROCESSES].result = KK_HELD;
  kit_tick (&kit, SECOND);
  ck_assert_str_eq (letters (&two), "y");
  ck_assert (!results.results->fresh);
  ck_assert_str_eq (letters (&rows), "nyyy");
  ck_assert (!results.results->fresh);
  ck_assert (!results.outcome.all);
  rule_free (&one);
  rule_free (&two);
  rule_free (&rows);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, rows_are_judged_one_by_one);
  tcase_add_test (t, selectors);
  tcase_add_test (t, globs);
  tcase_add_test (t, results_say_which_row_and_what_value);
  tcase_add_test (t, rows_that_may_be_meant_are_unknown);
  tcase_add_test (t, aggregates);
  tcase_add_test (t, aggregates_over_what_is_not_whole);
  tcase_add_test (t, gone_needs_proof);
  tcase_add_test (t, held_values_are_not_fresh);
}

UNIT_MAIN ("expression-rows", tests)
