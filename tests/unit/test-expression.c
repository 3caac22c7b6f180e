/* What expressions mean on samples. */
#include "expression-kit.h"
#include "expression/inner.h"

#include <math.h>

static struct kit kit;
static struct kit_results results;

/* One expression, kept over samples. */
struct rule {
  struct expression *e;
  struct expression_binding *b;
};

static struct rule
rule_in (const char *text, const char *table, const char *clear)
{
  struct rule r;
  struct expression_fault fault;
  int error = expression_parse (text, table, &r.e, &fault);
  ck_assert_msg (error == 0, "%s: column %u: %s", text, fault.column, fault.text);
  if (clear) {
    error = expression_clear (r.e, clear, &fault);
    ck_assert_msg (error == 0, "%s: column %u: %s", clear, fault.column, fault.text);
  }
  error = expression_bind (r.e, kit_schema (&kit), &r.b, &fault);
  ck_assert_msg (error == 0 || error == -ENOENT, "%s: column %u: %s", text, fault.column, fault.text);
  return r;
}

static struct rule
rule (const char *text)
{
  return rule_in (text, NULL, NULL);
}

static void
rule_free (struct rule *r)
{
  expression_unbind (r->b);
  expression_free (r->e);
}

static const struct expression_result *
say (struct rule *r)
{
  kit_evaluate (&kit, r->e, r->b, &results);
  return results.results;
}

/* y, n or ?, for each row; for a whole sample one letter. */
static const char *
letters (struct rule *r)
{
  static char text[KIT_MOST + 1];
  say (r);
  for (uint32_t i = 0; i < results.n; i++)
    text[i] = "?ny"[results.results[i].verdict + 1];
  text[results.n] = 0;
  return text;
}

static void
check (const char *text, const char *wanted)
{
  struct rule r = rule (text);
  const char *is = letters (&r);
  ck_assert_msg (!strcmp (is, wanted), "%s: %s, not %s (%s)", text, is, wanted, results.n ? results.whys[0] : "no row");
  rule_free (&r);
}

static void
why_is (const char *text, const char *why)
{
  struct rule r = rule (text);
  ck_assert_str_eq (letters (&r), "?");
  ck_assert_msg (strstr (results.whys[0], why), "%s: '%s' is not in '%s'", text, why, results.whys[0]);
  rule_free (&r);
}

static void
setup (void)
{
  kit_init (&kit);
  kit_f64 (&kit, SYSTEM, 0, S_CPU, 95);
  kit_f64 (&kit, SYSTEM, 0, S_USED_MB, 2048);
  kit_u64 (&kit, SYSTEM, 0, S_BYTES, 1000000);
  kit_string (&kit, SYSTEM, 0, S_STATE, "ok");
  kit_bool (&kit, SYSTEM, 0, S_ONLINE, true);
  kit_f64 (&kit, SYSTEM, 0, S_CPU_S, 10);
  kit_f64 (&kit, SYSTEM, 0, S_WAIT_MS, 250);
  kit_f64 (&kit, SYSTEM, 0, S_TEMP, 40);
  kit_f64 (&kit, SYSTEM, 0, S_LOAD, 0);
  kit_i64 (&kit, SYSTEM, 0, S_BALANCE, -5);
  kit_f64 (&kit, SYSTEM, 0, S_RATE, 12e6);
}

static void
teardown (void)
{
  kit_free (&kit);
}

static void
add_rows (void)
{
  static const char *const names[] = {"python3", "python", "nginx", "bash"};
  for (uint32_t i = 0; i < 4; i++) {
    kit_process (&kit, 100 + i, i, names[i]);
    kit_f64 (&kit, PROCESSES, i, P_CPU, 10.0 * (i + 1));
    kit_f64 (&kit, PROCESSES, i, P_RSS_MB, 1024.0 * i);
    kit_u64 (&kit, PROCESSES, i, P_THREADS, i + 1);
    kit_bool (&kit, PROCESSES, i, P_TRACKED, i % 2);
  }
  kit_interface (&kit, "eth0", 2);
  kit_interface (&kit, "lo", 1);
  for (uint32_t i = 0; i < 2; i++) {
    kit_u64 (&kit, INTERFACES, i, I_SENT, 1000 * (i + 1));
    kit_f64 (&kit, INTERFACES, i, I_SPEED, 8000);
  }
}

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
  check ("absent(gpu, 10s)", "n");
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
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_test (t, numbers_and_words);
  tcase_add_test (t, units_are_converted_to_the_fields);
  tcase_add_test (t, unknown_is_neither_yes_nor_no);
  tcase_add_test (t, what_the_schema_lacks_is_unknown);
  tcase_add_test (t, rows_are_judged_one_by_one);
  tcase_add_test (t, selectors);
  tcase_add_test (t, globs);
  tcase_add_test (t, results_say_which_row_and_what_value);
  tcase_add_test (t, rows_that_may_be_meant_are_unknown);
  tcase_add_test (t, aggregates);
  tcase_add_test (t, aggregates_over_what_is_not_whole);
  tcase_add_test (t, gone_needs_proof);
  tcase_add_test (t, held_values_are_not_fresh);
  tcase_add_test (t, clear_conditions);
  tcase_add_test (t, fields_of_a_table_that_is_given);
  tcase_add_test (t, another_schema_is_refused);
}

UNIT_MAIN ("expression", tests)
