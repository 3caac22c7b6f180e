/* What expressions mean: values, units, what is unknown, conditions to clear by. */
#include "expression-rule.h"

START_TEST (numbers_and_words)
{
  kit_tick (&kit, SECOND);
  static const char *const yes[] = {
    "system.cpu_percent > 90",
    "system.cpu_percent >= 95",
    "not system.cpu_percent < 95",
    "system.cpu_percent == 95",
    "system.cpu_percent > 90%",
    "90 % < system.cpu_percent",
    "system.cpu_percent != 94.5",
    "1 + 2 * 3 == 7",
    "(1 + 2) * 3 == 9",
    "-system.balance == 5",
    "- -5 == 5",
    "10 - 4 - 3 == 3",
    "8 / 4 / 2 == 1",
    "2 - -3 == 5",
    "system.state == \"ok\"",
    "system.state != 'bad'",
    "system.online",
    "system.online == true",
    "not (system.online and false)",
    "true or system.load_1m > 3",
    "1 < 2 and 2 < 3 or false",
    "false and false or true",
    "not false and true",
    "1.5e1 == 15",
    ".5 == 0.5",
    "system.cpu_percent > 90\n and\tsystem.balance < 0",
    "(system.cpu_percent > 90) == system.online",
    "\"a\\\"b\" == 'a\"b'",
    "system.balance + 5 == 0",
    "-3 * 2 == -6",
    "system.state == system.state",
  };
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
    check (yes[i], "y");
  check ("system.cpu_percent > 95", "n");
  check ("system.online == false", "n");
  check ("true and false or false", "n");
}
END_TEST

START_TEST (units_are_converted_to_the_fields)
{
  kit_tick (&kit, SECOND);
  static const char *const yes[] = {
    "system.memory_used_mb == 2GiB",
    "system.memory_used_mb == 2 GiB",
    "2GiB == system.memory_used_mb",
    "system.memory_used_mb == 2048",
    "system.memory_used_mb > 2147MB",
    "system.memory_used_mb < 2148MB",
    "system.bytes_sent == 1MB",
    "system.wait_ms == 250ms",
    "system.wait_ms == 0.25s",
    "system.wait_ms < 1s",
    "system.wait_ms == 250000us",
    "system.cpu_seconds == 10s",
    "system.cpu_seconds < 1m",
    "system.sent_per_s == 12MB",
    "system.sent_per_s == 12MB/s",
    "system.sent_per_s > 11 MiB/s",
    "system.memory_used_mb - 1GiB == 1024",
    "system.memory_used_mb - 1GiB == 1GiB",
    "1GiB + system.memory_used_mb == 3GiB",
    "system.memory_used_mb / 2GiB == 1",
    "2GiB / system.memory_used_mb == 1",
    "system.memory_used_mb * 0.5 == 1GiB",
    "system.wait_ms / 1s == 0.25",
    "system.memory_used_mb > system.bytes_sent",
    "system.bytes_sent < system.memory_used_mb",
    "system.temperature > 39",
    "system.temperature * 2 == 80",
    "system.bytes_sent / 2s == 500kB/s",
    "system.wait_ms + system.cpu_seconds == 10250ms",
    "1h == 60min",
    "5m == 300s",
  };
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
    check (yes[i], "y");
  struct rule r = rule ("system.memory_used_mb > 1GiB");
  ck_assert_str_eq (letters (&r), "y");
  ck_assert_double_eq (results.results->number, 2048);
  ck_assert_str_eq (expression_unit (r.b), "MiBy");
  rule_free (&r);
  r = rule ("1GiB < system.memory_used_mb");
  ck_assert_str_eq (letters (&r), "y");
  ck_assert_double_eq (results.results->number, 2048);
  ck_assert_str_eq (expression_unit (r.b), "MiBy");
  rule_free (&r);
}
END_TEST

START_TEST (unknown_is_neither_yes_nor_no)
{
  kit_absent (&kit, SYSTEM, 0, S_CPU, KK_DENIED);
  kit_tick (&kit, SECOND);
  check ("system.cpu_percent > 1", "?");
  check ("not system.cpu_percent > 1", "?");
  check ("system.cpu_percent > 1 and false", "n");
  check ("false and system.cpu_percent > 1", "n");
  check ("system.cpu_percent > 1 and true", "?");
  check ("system.cpu_percent > 1 or true", "y");
  check ("true or system.cpu_percent > 1", "y");
  check ("system.cpu_percent > 1 or false", "?");
  check ("(system.cpu_percent > 1) == true", "?");
  check ("system.cpu_percent == system.cpu_percent", "?");
  why_is ("system.cpu_percent > 1", "'system.cpu_percent' may not be read");
  why_is ("true and -(system.cpu_percent + 1) * 2 > 1", "'system.cpu_percent' may not be read");
  why_is ("5 / system.load_1m > 1", "'5 / system.load_1m' divides by 0");
  why_is ("system.load_1m / 0 > 1", "divides by 0");
  why_is ("1e300 * 1e300 > 1", "too large");
  why_is ("rate(system.bytes_sent) > 1", "read only once");
  why_is ("change(system.cpu_percent, 5m) > 1", "may not be read");
  why_is ("change(system.bytes_sent, 5m) > 1", "read only once");
  why_is ("max(processes[*].cpu_percent) > 1", "no row with a value");
}
END_TEST

START_TEST (what_the_schema_lacks_is_unknown)
{
  struct rule r;
  struct expression_fault fault;
  kit_tick (&kit, SECOND);
  why_is ("system.nothing > 1", "not among what is collected");
  why_is ("gpu.load > 1", "not among what is collected");
  why_is ("max(gpu[*].load) > 1", "not among what is collected");
  why_is ("count(gpu) > 1", "not among what is collected");
  why_is ("gone(gpu)", "not among what is collected");
  check ("gpu.load > 1 or system.cpu_percent > 1", "y");
  check ("gpu[*].load > 1", "");
  check ("absent(gpu, 10s)", "?");
  r = rule ("gpu.load > 1 and sytem.cpu_percent > 2 and system.cpu_percnt > 3");
  for (uint32_t i = 0; i < 3; i++) {
    static const uint32_t columns[] = {1, 18, 51};
    ck_assert (expression_missing (r.b, i, &fault));
    ck_assert_uint_eq (fault.column, columns[i]);
  }
  ck_assert (!expression_missing (r.b, 3, &fault));
  rule_free (&r);
}
END_TEST

START_TEST (clear_conditions)
{
  struct rule r = rule_in ("system.memory_used_mb > 1.9GiB", NULL, "< 1.5GiB");
  static const double used[] = {1024, 1536, 1800, 2000};
  static const char wanted[][2] = {{0, 1}, {0, 0}, {0, 0}, {1, 0}};
  for (size_t i = 0; i < 4; i++) {
    kit_f64 (&kit, SYSTEM, 0, S_USED_MB, used[i]);
    kit_tick (&kit, SECOND);
    say (&r);
    ck_assert_int_eq (results.results->verdict, wanted[i][0]);
    ck_assert_int_eq (results.results->clear, wanted[i][1]);
    ck_assert_double_eq (results.results->number, used[i]);
  }
  rule_free (&r);
  r = rule_in ("rate(system.bytes_sent) > 100 and system.online", NULL, "rate(system.bytes_sent) < 10 or not system.online");
  say (&r);
  ck_assert_int_eq (results.results->clear, EXPRESSION_UNKNOWN);
  kit_u64 (&kit, SYSTEM, 0, S_BYTES, 1000005);
  kit_tick (&kit, SECOND);
  say (&r);
  ck_assert_int_eq (results.results->verdict, EXPRESSION_NO);
  ck_assert_int_eq (results.results->clear, EXPRESSION_YES);
  rule_free (&r);
  add_rows ();
  kit_tick (&kit, SECOND);
  r = rule_in ("processes[name=python*].cpu_percent > 15", NULL, "<= system.cpu_percent - 80");
  ck_assert_str_eq (letters (&r), "ny");
  ck_assert_int_eq (results.results[0].clear, EXPRESSION_YES);
  ck_assert_int_eq (results.results[1].clear, EXPRESSION_NO);
  rule_free (&r);
  r = rule_in ("system.state == 'bad'", NULL, "== 'ok'");
  say (&r);
  ck_assert_int_eq (results.results->clear, EXPRESSION_YES);
  rule_free (&r);
}
END_TEST

START_TEST (fields_of_a_table_that_is_given)
{
  add_rows ();
  kit_tick (&kit, SECOND);
  struct rule r = rule_in ("cpu_percent > 15 and name == 'nginx'", "processes", NULL);
  ck_assert_str_eq (letters (&r), "nnyn");
  rule_free (&r);
  r = rule_in ("cpu_percent > avg(cpu_percent) and count(interfaces) == 2 and system.cpu_percent > 1", "processes", NULL);
  ck_assert_str_eq (letters (&r), "nnyy");
  rule_free (&r);
}
END_TEST

START_TEST (another_schema_is_refused)
{
  struct kit other;
  kit_init (&other);
  kit_tick (&other, SECOND);
  struct rule r = rule ("system.cpu_percent > 1");
  ck_assert_int_eq (expression_evaluate (r.e, r.b, &other.sample->face, NULL, NULL, NULL), -EINVAL);
  kit_free (&other);
  rule_free (&r);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, numbers_and_words);
  tcase_add_test (t, units_are_converted_to_the_fields);
  tcase_add_test (t, unknown_is_neither_yes_nor_no);
  tcase_add_test (t, what_the_schema_lacks_is_unknown);
  tcase_add_test (t, clear_conditions);
  tcase_add_test (t, fields_of_a_table_that_is_given);
  tcase_add_test (t, another_schema_is_refused);
}

UNIT_MAIN ("expression", tests)
