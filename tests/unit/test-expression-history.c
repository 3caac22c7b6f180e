/* rate (), change () and absent (): what is remembered from sample to sample, and what is forgotten. */
#include "expression-rule.h"

#include <math.h>

static void
is (uint32_t n, double value)
{
  ck_assert_uint_lt (n, results.n);
  ck_assert_msg (results.results[n].value_type == EXPRESSION_NUMBER, "%s", results.whys[n]);
  ck_assert_msg (fabs (results.results[n].number - value) <= 1e-9 * fabs (value), "%.17g, not %.17g", results.results[n].number,
                 value);
}

static void
unknown (uint32_t n, const char *why)
{
  ck_assert_uint_lt (n, results.n);
  ck_assert_int_eq (results.results[n].verdict, EXPRESSION_UNKNOWN);
  ck_assert_msg (strstr (results.whys[n], why), "%s", results.whys[n]);
}

static void
set_up_history (void)
{
  kit_init (&kit);
  kit_u64 (&kit, SYSTEM, 0, S_BYTES, 1000);
  kit_f64 (&kit, SYSTEM, 0, S_USED_MB, 100);
}

static void
send_more (struct rule *r, uint64_t total, int64_t after_ns)
{
  kit_u64 (&kit, SYSTEM, 0, S_BYTES, total);
  kit_tick (&kit, after_ns);
  say (r);
}

START_TEST (rates)
{
  struct rule r = rule ("rate(system.bytes_sent) > 1kB");
  send_more (&r, 1000, SECOND);
  unknown (0, "read only once");
  send_more (&r, 3000, 2 * SECOND);
  is (0, 1000);
  ck_assert_int_eq (results.results->verdict, EXPRESSION_NO);
  ck_assert_str_eq (expression_unit (r.b), "By/s");
  send_more (&r, 6000, SECOND);
  is (0, 3000);
  ck_assert_int_eq (results.results->verdict, EXPRESSION_YES);
  send_more (&r, UINT64_MAX - 1, SECOND);
  send_more (&r, UINT64_MAX, SECOND); /* where a double would see no difference */
  is (0, 1);
  rule_free (&r);
}
END_TEST

START_TEST (resets_gaps_and_sleep_give_no_rate)
{
  struct rule r = rule ("rate(system.bytes_sent) > 1kB");
  send_more (&r, 1000, SECOND);
  send_more (&r, 500, SECOND);
  unknown (0, "began anew from 0");
  send_more (&r, 600, SECOND);
  is (0, 100);
  kit.after = KK_GAP;
  send_more (&r, 90000, 5 * SECOND);
  unknown (0, "not read for too long");
  send_more (&r, 90100, SECOND);
  is (0, 100);
  kit.after = KK_SUSPEND;
  send_more (&r, 99000, SECOND);
  unknown (0, "since the machine slept");
  send_more (&r, 99100, SECOND);
  is (0, 100);
  kit_absent (&kit, SYSTEM, 0, S_BYTES, KK_RESET);
  kit_tick (&kit, SECOND);
  say (&r);
  unknown (0, "began anew from 0");
  send_more (&r, 99500, SECOND);
  unknown (0, "read only once");
  kit_absent (&kit, SYSTEM, 0, S_BYTES, KK_ERROR);
  kit_tick (&kit, SECOND);
  say (&r);
  unknown (0, "could not be read");
  send_more (&r, 99700, SECOND); /* over two seconds */
  is (0, 100);
  rule_free (&r);
}
END_TEST

START_TEST (a_gap_while_held_is_a_gap)
{
  struct rule r = rule ("rate(system.bytes_sent) > 1kB");
  send_more (&r, 1000, SECOND);
  send_more (&r, 1100, SECOND);
  kit.tables[SYSTEM].result = KK_HELD;
  kit.after = KK_SUSPEND;
  send_more (&r, 0, SECOND);
  is (0, 100);
  ck_assert (!results.results->fresh);
  kit.tables[SYSTEM].result = 0;
  send_more (&r, 1200, SECOND);
  unknown (0, "since the machine slept");
  rule_free (&r);
}
END_TEST

START_TEST (held_values_repeat_the_rate)
{
  struct rule r = rule ("rate(system.bytes_sent) > 1kB");
  send_more (&r, 1000, SECOND);
  send_more (&r, 1100, SECOND);
  for (int i = 0; i < 4; i++) {
    kit.tables[SYSTEM].result = KK_HELD;
    send_more (&r, 5000, SECOND);
    is (0, 100);
    ck_assert (!results.results->fresh);
  }
  kit.tables[SYSTEM].result = 0;
  send_more (&r, 2100, SECOND);
  is (0, 200); /* over five seconds */
  ck_assert (results.results->fresh);
  rule_free (&r);
}
END_TEST

START_TEST (a_gauge_may_fall)
{
  struct rule r = rule ("rate(system.memory_used_mb) < 0");
  kit_tick (&kit, SECOND);
  say (&r);
  kit_f64 (&kit, SYSTEM, 0, S_USED_MB, 90);
  kit_tick (&kit, SECOND);
  say (&r);
  is (0, -10);
  ck_assert_str_eq (expression_unit (r.b), "MiBy/s");
  rule_free (&r);
}
END_TEST

START_TEST (a_time_that_grows_is_a_share)
{
  struct rule r = rule ("rate(system.cpu_seconds) > 0.5");
  for (int i = 0; i < 2; i++) {
    kit_f64 (&kit, SYSTEM, 0, S_CPU_S, 0.75 * i);
    kit_tick (&kit, SECOND);
    say (&r);
  }
  is (0, 0.75);
  ck_assert_str_eq (expression_unit (r.b), "");
  rule_free (&r);
}
END_TEST

static void
add_processes (uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) {
    kit_process (&kit, 100 + i, i, "x");
    kit_u64 (&kit, PROCESSES, i, P_READ, i);
  }
}

START_TEST (rows_are_told_apart_by_key_and_identity)
{
  struct rule r = rule ("rate(processes[*].read_bytes) > 1kB"), all = rule ("sum(rate(processes[*].read_bytes)) > 1kB");
  add_processes (3);
  kit_tick (&kit, SECOND);
  say (&r), say (&all);
  for (uint32_t i = 0; i < 3; i++)
    kit_u64 (&kit, PROCESSES, i, P_READ, i + 100 * (i + 1));
  kit_tick (&kit, SECOND);
  say (&r);
  for (uint32_t i = 0; i < 3; i++)
    is (i, 100 * (i + 1));
  say (&all);
  is (0, 600);
  /* Another order, the second one's number now another process, and a new one. */
  struct kit_row swap = kit.tables[PROCESSES].rows[0];
  kit.tables[PROCESSES].rows[0] = kit.tables[PROCESSES].rows[2];
  kit.tables[PROCESSES].rows[2] = swap;
  kit.tables[PROCESSES].rows[1].identity = 77;
  kit_process (&kit, 500, 0, "x");
  for (uint32_t i = 0; i < 4; i++)
    kit_u64 (&kit, PROCESSES, i, P_READ, 1000);
  kit_tick (&kit, SECOND);
  say (&r);
  is (0, 1000 - 302);
  unknown (1, "read only once");
  is (2, 1000 - 100);
  unknown (3, "read only once");
  rule_free (&r), rule_free (&all);
}
END_TEST

START_TEST (rows_that_are_gone_are_forgotten)
{
  struct rule r = rule ("rate(processes[*].read_bytes) > 1kB");
  add_processes (2);
  kit_tick (&kit, SECOND);
  say (&r);
  kit.tables[PROCESSES].n = 1;
  kit_tick (&kit, SECOND);
  say (&r);
  kit.tables[PROCESSES].n = 2;
  kit_tick (&kit, SECOND);
  say (&r);
  is (0, 0);
  unknown (1, "read only once"); /* the same key and identity, and yet not the same */
  kit.tables[PROCESSES].n = 1;
  kit.tables[PROCESSES].partial = true;
  kit_tick (&kit, SECOND);
  say (&r);
  kit.tables[PROCESSES].n = 2;
  kit.tables[PROCESSES].partial = false;
  kit_u64 (&kit, PROCESSES, 1, P_READ, 201);
  kit_tick (&kit, SECOND);
  say (&r);
  is (1, 100); /* it was only not seen */
  kit.tables[PROCESSES].n = 1;
  kit.tables[PROCESSES].partial = true;
  for (int i = 0; i < 3; i++) {
    kit_tick (&kit, 301 * SECOND);
    say (&r);
  }
  kit.tables[PROCESSES].n = 2;
  kit_tick (&kit, SECOND);
  say (&r);
  unknown (1, "read only once");
  rule_free (&r);
}
END_TEST

START_TEST (changes_over_a_span)
{
  struct rule r = rule ("change(system.memory_used_mb, 1m) > 1GiB");
  for (int i = 0; i < 400; i++) {
    kit_f64 (&kit, SYSTEM, 0, S_USED_MB, (double) i * i);
    kit_tick (&kit, SECOND);
    say (&r);
    if (i == 0)
      unknown (0, "read only once");
    else if (i < 59)
      unknown (0, "has not been watched for that long");
    else if (i > 60) { /* to a sixtieth of the span */
      double low = (double) i * i - (double) (i - 59) * (i - 59), high = (double) i * i - (double) (i - 61) * (i - 61);
      ck_assert_double_ge (results.results->number, low);
      ck_assert_double_le (results.results->number, high);
    }
  }
  ck_assert_int_eq (results.results->verdict, EXPRESSION_YES);
  ck_assert_str_eq (expression_unit (r.b), "MiBy");
  rule_free (&r);
}
END_TEST

START_TEST (changes_with_few_and_many_readings)
{
  struct rule often = rule ("change(system.memory_used_mb, 1m) > 1GiB"),
              rare = rule ("change(system.memory_used_mb, 1s) > 1GiB");
  for (int i = 0; i <= 3000; i++) { /* twenty a second */
    kit_f64 (&kit, SYSTEM, 0, S_USED_MB, i);
    kit_tick (&kit, SECOND / 20);
    say (&often);
    if (i > 1220) {
      ck_assert_double_ge (results.results->number, 1200 - 21);
      ck_assert_double_le (results.results->number, 1200 + 21);
    }
  }
  kit_tick (&kit, SECOND);
  say (&rare);
  for (int i = 0; i < 4; i++) {
    kit_tick (&kit, 10 * SECOND);
    say (&rare);
    unknown (0, "is read less often than that");
  }
  rule_free (&often), rule_free (&rare);
}
END_TEST

START_TEST (changes_begin_anew_after_resets_and_sleep)
{
  struct rule r = rule ("change(system.bytes_sent, 2s) > 1kB");
  for (uint64_t i = 0; i < 4; i++)
    send_more (&r, 1000 + i * 100, SECOND);
  is (0, 200);
  kit.after = KK_GAP; /* the clock went on, so a gap is none here */
  send_more (&r, 1400, SECOND);
  is (0, 200);
  send_more (&r, 10, SECOND);
  unknown (0, "began anew");
  send_more (&r, 20, SECOND);
  unknown (0, "watched");
  send_more (&r, 30, SECOND);
  is (0, 20);
  kit.after = KK_SUSPEND;
  send_more (&r, 40, SECOND);
  unknown (0, "slept");
  rule_free (&r);
}
END_TEST

START_TEST (absence)
{
  struct rule field = rule ("absent(system.memory_used_mb, 10s)"), table = rule ("absent(system, 10s)");
  struct rule *both[] = {&field, &table};
  for (int i = 0; i < 30; i++) {
    bool gap = i == 20;
    kit.tables[SYSTEM].result = i == 0 || i >= 25 ? 0 : i % 2 ? KK_HELD : -EIO;
    kit.after = gap ? KK_GAP : KK_PRESENT;
    kit_tick (&kit, SECOND);
    for (int n = 0; n < 2; n++) {
      say (both[n]);
      enum expression_verdict wanted = i >= 25 || i < 10 ? EXPRESSION_NO : i < 20 ? EXPRESSION_YES : EXPRESSION_UNKNOWN;
      ck_assert_msg (results.results->verdict == wanted, "%d at %d", n, i);
      ck_assert (results.results->fresh);
    }
  }
  rule_free (&field), rule_free (&table);
  field = rule ("absent(processes[name=x].read_bytes, 2s)");
  static const char wanted[] = "nnyyn";
  for (int i = 0; i < 5; i++) {
    kit.tables[PROCESSES].n = 0;
    kit_process (&kit, 1, 1, i == 0 || i == 4 ? "x" : "y");
    kit_u64 (&kit, PROCESSES, 0, P_READ, 1);
    kit_tick (&kit, SECOND);
    say (&field);
    ck_assert_int_eq (results.results->verdict, wanted[i] == 'y');
  }
  rule_free (&field);
}
END_TEST

START_TEST (what_is_not_looked_at_in_vain_is_still_remembered)
{
  struct rule r = rule ("false and rate(system.bytes_sent) > 1 or rate(system.bytes_sent) > 1kB");
  send_more (&r, 0, SECOND);
  send_more (&r, 2000, SECOND);
  ck_assert_int_eq (results.results->verdict, EXPRESSION_YES);
  rule_free (&r);
}
END_TEST

START_TEST (a_new_binding_keeps_what_is_remembered)
{
  struct rule r = rule ("rate(system.bytes_sent) > 1kB");
  struct expression_fault fault;
  send_more (&r, 0, SECOND);
  expression_unbind (r.b);
  ck_assert_int_eq (expression_bind (r.e, kit_schema (&kit), &r.b, &fault), 0);
  send_more (&r, 2000, SECOND);
  is (0, 2000);
  rule_free (&r);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up_history, tear_down);
  tcase_add_test (t, rates);
  tcase_add_test (t, resets_gaps_and_sleep_give_no_rate);
  tcase_add_test (t, a_gap_while_held_is_a_gap);
  tcase_add_test (t, held_values_repeat_the_rate);
  tcase_add_test (t, a_gauge_may_fall);
  tcase_add_test (t, a_time_that_grows_is_a_share);
  tcase_add_test (t, rows_are_told_apart_by_key_and_identity);
  tcase_add_test (t, rows_that_are_gone_are_forgotten);
  tcase_add_test (t, changes_over_a_span);
  tcase_add_test (t, changes_with_few_and_many_readings);
  tcase_add_test (t, changes_begin_anew_after_resets_and_sleep);
  tcase_add_test (t, absence);
  tcase_add_test (t, what_is_not_looked_at_in_vain_is_still_remembered);
  tcase_add_test (t, a_new_binding_keeps_what_is_remembered);
}

UNIT_MAIN ("expression-history", tests)
