/* Samples that went through JSON say to expressions what they said before. */
#include "alert/past.h"

#include "expression-kit.h"
#include "sample-json.h"
#include "schema-text.h"

#include <math.h>
#include <stdlib.h>

enum { ROUNDS = 3000 };

static const char *const texts[] = {
  "system.cpu_percent > 50",
  "system.memory_used_mb > 1KiB and system.online",
  "processes.cpu_percent > 50",
  "processes[name=py*].memory_rss_mb > 20MiB",
  "interfaces[e*].bytes_sent > 100",
  "sum(processes.num_threads) > 40",
  "count(interfaces) > 2",
  "gone(processes[name=pyth])",
  "rate(system.bytes_sent) > 50",
  "change(system.cpu_percent, 2s) > 10",
  "system.state == 'up'",
  "system.balance < -3",
};
enum { TEXTS = sizeof texts / sizeof *texts };

struct kept {
  uint32_t n;
  struct expression_result results[KIT_MOST];
  char keys[KIT_MOST][32];
};

static void
keep (void *arg, const struct expression_result *result)
{
  struct kept *k = arg;
  ck_assert_uint_lt (k->n, KIT_MOST);
  if (!result->key.absent && result->key.type == KK_TYPE_STRING)
    snprintf (k->keys[k->n], sizeof k->keys[0], "%.*s", (int) result->key.length, result->key.string);
  else
    snprintf (k->keys[k->n], sizeof k->keys[0], "%llu", result->key.absent ? 0ull : (unsigned long long) result->key.u64);
  k->results[k->n++] = *result;
}

static double
random_value (void)
{
  return rand () % 10 ? rand () % 1000 / 8.0 : rand () % 3 - 1;
}

static void
fill (struct kit *k)
{
  static const char *const names[] = {"python3", "pyth", "bash", "py\"\n\\\xc3\xa4"}, *const interfaces[] = {"eth0", "eth1",
                                                                                                             "lo"};
  k->tables[PROCESSES].n = k->tables[INTERFACES].n = 0;
  kit_f64 (k, SYSTEM, 0, S_CPU, random_value ());
  kit_f64 (k, SYSTEM, 0, S_USED_MB, random_value () / 1000);
  kit_u64 (k, SYSTEM, 0, S_BYTES, (uint64_t) rand ());
  kit_i64 (k, SYSTEM, 0, S_BALANCE, rand () % 11 - 5);
  kit_bool (k, SYSTEM, 0, S_ONLINE, rand () % 2);
  kit_string (k, SYSTEM, 0, S_STATE, rand () % 2 ? "up" : "down");
  if (rand () % 8 == 0)
    kit_absent (k, SYSTEM, 0, S_CPU, KK_ERROR);
  for (uint32_t i = 0, n = 0; i < 6; i++) {
    if (rand () % 3 == 0)
      continue;
    kit_process (k, 100 + i, 0, names[i % 4]);
    kit_f64 (k, PROCESSES, n, P_CPU, random_value ());
    kit_f64 (k, PROCESSES, n, P_RSS_MB, random_value ());
    kit_u64 (k, PROCESSES, n, P_THREADS, (uint64_t) (rand () % 30));
    n++;
  }
  for (uint32_t i = 0, n = 0; i < 3; i++)
    if (rand () % 3) {
      kit_interface (k, interfaces[i], 0);
      kit_u64 (k, INTERFACES, n++, I_SENT, (uint64_t) (rand () % 200));
    }
}

static struct past *
past_of (const struct kk_schema *schema)
{
  struct buf BUF_CLEANUP text = {0};
  struct past *p = NULL;
  schema_text (&text, schema);
  ck_assert_ptr_null (strchr (text.data, '\n'));
  json_object *o = json_tokener_parse (text.data);
  ck_assert_int_eq (past_new (o, SECOND, false, &p), 0);
  json_object_put (o);
  return p;
}

static void
compare (const struct kept *a, const struct kept *b, const char *text)
{
  ck_assert_msg (a->n == b->n, "%s: %u results, %u before", text, b->n, a->n);
  for (uint32_t i = 0; i < a->n; i++) {
    const struct expression_result *x = a->results + i, *y = b->results + i;
    ck_assert_str_eq (a->keys[i], b->keys[i]);
    ck_assert_msg (x->verdict == y->verdict, "%s: row %s: %d, %d before", text, a->keys[i], y->verdict, x->verdict);
    ck_assert_uint_eq (x->value_type, y->value_type);
    if (x->value_type == EXPRESSION_NUMBER)
      ck_assert_msg (fabs (x->number - y->number) <= 1e-3 * fabs (x->number), "%s: %g, %g before", text, y->number, x->number);
    ck_assert_int_eq (x->fresh, y->fresh);
  }
}

START_TEST (the_same_as_before)
{
  struct kit *k = malloc (sizeof *k);
  struct kept *a = malloc (sizeof *a), *b = malloc (sizeof *b);
  struct expression *e[2][TEXTS];
  struct expression_binding *bound[2][TEXTS];
  struct expression_fault fault;
  kit_init (k);
  struct past *p = past_of (kit_schema (k));
  for (int side = 0; side < 2; side++)
    for (int i = 0; i < TEXTS; i++) {
      ck_assert_msg (expression_parse (texts[i], NULL, &e[side][i], &fault) == 0, "%s: %s", texts[i], fault.text);
      ck_assert_int_eq (expression_bind (e[side][i], side ? past_schema (p) : kit_schema (k), &bound[side][i], &fault), 0);
    }
  for (int round = 0; round < ROUNDS; round++) {
    struct buf BUF_CLEANUP text = {0};
    const struct kk_sample *sample, *again = NULL;
    fill (k);
    k->after = round ? KK_PRESENT : KK_FIRST;
    sample = kit_tick (k, SECOND);
    sample_json (&text, sample);
    json_object *o = json_tokener_parse (text.data);
    ck_assert_int_eq (past_take (p, o, &again), 0);
    json_object_put (o);
    for (int i = 0; i < TEXTS; i++) {
      a->n = b->n = 0;
      ck_assert_int_eq (expression_evaluate (e[0][i], bound[0][i], sample, keep, a, NULL), 0);
      ck_assert_int_eq (expression_evaluate (e[1][i], bound[1][i], again, keep, b, NULL), 0);
      compare (a, b, texts[i]);
    }
  }
  for (int side = 0; side < 2; side++)
    for (int i = 0; i < TEXTS; i++) {
      expression_unbind (bound[side][i]);
      expression_free (e[side][i]);
    }
  past_free (p);
  kit_free (k);
  free (k);
  free (a);
  free (b);
}
END_TEST

static const char schema[] =
  "{\"tables\":{\"system\":{\"help\":\"\",\"fields\":{\"x\":{\"unit\":\"%\",\"kind\":\"gauge\",\"type\":\"number\"}}},"
  "\"other\":{\"key\":\"id\",\"key_type\":\"string\",\"fields\":{\"x\":{\"unit\":\"1\",\"kind\":\"gauge\","
  "\"type\":\"unsigned integer\"}}}}}";

static struct past *
make (const char *text, int64_t interval_ns, int want)
{
  json_object *o = json_tokener_parse (text);
  struct past *p = NULL;
  ck_assert_int_eq (past_new (o, interval_ns, false, &p), want);
  json_object_put (o);
  return p;
}

static int
take (struct past *p, const char *text, const struct kk_sample **ret)
{
  json_object *o = json_tokener_parse (text);
  int r = past_take (p, o, ret);
  json_object_put (o);
  return r;
}

START_TEST (what_is_held)
{
  static const struct {
    const char *entry;
    bool held;
    uint32_t rows, after;
  } cases[] = {
    {"{\"system\":{\"timestamp\":1000.5,\"x\":1},\"other\":{\"a\":{\"timestamp\":1000.4,\"x\":1},\"b\":{\"x\":-1}}}", false, 2,
     KK_FIRST},
    {"{\"system\":{\"timestamp\":1001.5,\"x\":1},\"other\":{\"a\":{\"timestamp\":1000.4,\"x\":1}}}", true, 1, KK_PRESENT},
    {"{\"system\":{\"timestamp\":1002.5,\"x\":1}}", true, 1, KK_PRESENT},
    {"{\"system\":{\"timestamp\":1012.5,\"x\":1},\"other\":{}}", false, 0, KK_GAP},
    {"{\"system\":{\"timestamp\":1004.5,\"x\":1},\"other\":7}", true, 0, KK_PRESENT},
  };
  struct past *p = make (schema, SECOND, 0);
  const struct kk_sample *s = NULL;
  int64_t last_ns = 0;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct kk_table_info info;
    struct kk_value value;
    struct kk_time time;
    ck_assert_int_eq (take (p, cases[i].entry, &s), 0);
    ck_assert_int_eq (kk_table_info (s, 1, &info), 0);
    kk_sample_time (s, &time);
    ck_assert_msg (info.held == cases[i].held && info.rows == cases[i].rows && time.after == cases[i].after, "case %zu", i);
    ck_assert_int_ge (time.mono_ns, last_ns);
    last_ns = time.mono_ns;
    ck_assert_int_eq (kk_get (s, 0, 0, 0, &value), 0);
    ck_assert (value.f64 > 0.5 && !value.held);
    ck_assert_int_ne (kk_get (s, 1, 9, 0, &value), 0);
    ck_assert_int_ne (kk_get (s, 2, 0, 0, &value), 0);
  }
  past_free (p);
}
END_TEST

START_TEST (what_is_none)
{
  static const char *const schemas[] = {"{}", "{\"tables\":7}", "{\"tables\":{\"a\":7}}",
                                        "{\"tables\":{\"a\":{\"fields\":{\"x\":{}}}}}",
                                        "{\"tables\":{\"a\":{\"fields\":{\"x\":{\"type\":\"number\",\"kind\":\"odd\"}}}}}"};
  static const char *const entries[] = {
    "{}", "[]", "7", "{\"system\":{}}", "{\"system\":{\"timestamp\":-1}}", "{\"timestamp\":1e30}"};
  const struct kk_sample *s = NULL;
  for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++)
    make (schemas[i], 0, -EBADMSG);
  struct past *p = make (schema, 0, 0);
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
    ck_assert_int_eq (take (p, entries[i], &s), -EBADMSG);
  past_free (p);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, the_same_as_before);
  tcase_add_test (t, what_is_held);
  tcase_add_test (t, what_is_none);
}

UNIT_MAIN ("past", tests)
