/* What the tests of expressions share: one kit, rules kept over its samples, and values for the kit. */
#ifndef EXPRESSION_RULE_H
#define EXPRESSION_RULE_H

#include "expression-kit.h"

static struct kit kit;
static struct kit_results results;

/* One expression, kept over samples. */
struct rule {
  struct expression *e;
  struct expression_binding *b;
};

static inline struct rule
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

static inline struct rule
rule (const char *text)
{
  return rule_in (text, NULL, NULL);
}

static inline void
rule_free (struct rule *r)
{
  expression_unbind (r->b);
  expression_free (r->e);
}

static inline const struct expression_result *
say (struct rule *r)
{
  kit_evaluate (&kit, r->e, r->b, &results);
  return results.results;
}

/* y, n or ?, for each row; for a whole sample one letter. */
static inline const char *
letters (struct rule *r)
{
  static char text[KIT_MOST + 1];
  say (r);
  for (uint32_t i = 0; i < results.n; i++)
    text[i] = "?ny"[results.results[i].verdict + 1];
  text[results.n] = 0;
  return text;
}

static inline void
check (const char *text, const char *wanted)
{
  struct rule r = rule (text);
  const char *is = letters (&r);
  ck_assert_msg (!strcmp (is, wanted), "%s: %s, not %s (%s)", text, is, wanted, results.n ? results.whys[0] : "no row");
  rule_free (&r);
}

static inline void
why_is (const char *text, const char *why)
{
  struct rule r = rule (text);
  ck_assert_str_eq (letters (&r), "?");
  ck_assert_msg (strstr (results.whys[0], why), "%s: '%s' is not in '%s'", text, why, results.whys[0]);
  rule_free (&r);
}

static inline void
set_up (void)
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

static inline void
tear_down (void)
{
  kit_free (&kit);
}

static inline void
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
#endif
