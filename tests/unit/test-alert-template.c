/* A webhook's body, a program's environment, and secrets in options. */
#include "unit.h"

#include "alert/facts.h"
#include "alert/fillin.h"
#include "alert/json-line.h"
#include "alert/record.h"
#include "alert/silence.h"
#include "alert/template.h"

#include <malloc.h>

static const char message[] =
  "{\"id\":\"1f\",\"time\":1767225600.004,\"host\":\"web "
  "\\\"1\\\"\",\"rule\":\"a\\\\b\",\"severity\":\"critical\",\"change\":\"fired\","
  "\"text\":\"one\\ntwo \\u00fc\",\"when\":\"a.b > 1\",\"unit\":\"%\",\"total\":12,\"late\":false,\"suppressed\":0,"
  "\"rows\":[{\"row\":\"r\\t1\",\"value\":97.25,\"since\":1767225500.500},{\"row\":\"r2\"}]}";
static const char without[] = "{\"id\":\"2\",\"rule\":\"x\",\"rows\":[]}";

static char *
fill (const char *text, const char *json)
{
  struct facts *f;
  struct buf b = {0};
  ck_assert_int_eq (facts_read (json, strlen (json), &f), 0);
  template_fill (text, f, json, &b);
  facts_free (f);
  ck_assert_int_eq (b.error, 0);
  buf_addc (&b, 0);
  return b.data;
}

START_TEST (templates)
{
  static const struct {
    const char *text, *is;
  } cases[] = {
    {"{\"a\":\"{rule}\"}", "{\"a\":\"a\\\\b\"}"},
    {"{host}|{text}|{row}", "web \\\"1\\\"|one\\ntwo \u00fc|r\\t1"},
    {"{value} {total} {since} {time} {unit}", "97.25 12 1767225500.500 1767225600.004 %"},
    {"{id}{id}", "1f1f"},
    {"{ rule } {Rule} {} {rule", "{ rule } {Rule} {} {rule"},
    {"{{rule}}", "{a\\\\b}"},
    {"", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *text = fill (cases[i].text, message);
    ck_assert_str_eq (text, cases[i].is);
    free (text);
  }
  char *text = fill ("{json}", message);
  ck_assert_str_eq (text, message);
  free (text);
  text = fill ("<{value}|{row}|{host}|{total}>", without);
  ck_assert_str_eq (text, "<|||>");
  free (text);
}
END_TEST

START_TEST (templates_that_cannot_be)
{
  static const struct {
    const char *text;
    uint32_t column; /* 0: it can be */
    const char *why;
  } cases[] = {
    {"{\"text\":\"{text}\",\"n\":{total},\"v\":\"{value}\",\"all\":{json}}", 0, ""},
    {"[\"{row} {since}\"]", 0, ""},
    {"{json}", 0, ""},
    {"{\"text\":\"{txt}\"}", 10, "'{txt}' is none of json, id, time,"},
    {"{\"a\":{text}}", 1, "no JSON"},
    {"{\"a\":\"{text}\"", 1, "no JSON"},
    {"{} {}", 1, "no JSON"},
    {"hello", 1, "no JSON"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char why[300] = "";
    uint32_t column = 0;
    ck_assert_int_eq (template_check (cases[i].text, &column, why, sizeof why), cases[i].column ? -EINVAL : 0);
    ck_assert_uint_eq (column, cases[i].column);
    ck_assert_msg (strstr (why, cases[i].why), "%s: %s", cases[i].text, why);
  }
}
END_TEST

static const char *
find (char **env, const char *name)
{
  for (; *env; env++)
    if (!strncmp (*env, name, strlen (name)) && (*env)[strlen (name)] == '=')
      return *env + strlen (name) + 1;
  return NULL;
}

START_TEST (environments)
{
  struct facts *f;
  setenv ("NOT_FOR_PROGRAMS", "x", 1);
  ck_assert_int_eq (facts_read (message, strlen (message), &f), 0);
  char **env = facts_environment (f);
  facts_free (f);
  ck_assert_str_eq (find (env, "KK_ALERT_RULE"), "a\\b");
  ck_assert_str_eq (find (env, "KK_ALERT_TEXT"), "one\ntwo \u00fc");
  ck_assert_str_eq (find (env, "KK_ALERT_VALUE"), "97.25");
  ck_assert_str_eq (find (env, "KK_ALERT_TOTAL"), "12");
  ck_assert_str_eq (find (env, "KK_ALERT_JSON"), message);
  ck_assert_ptr_null (find (env, "NOT_FOR_PROGRAMS"));
  facts_environment_free (env);
  ck_assert_int_eq (facts_read (without, strlen (without), &f), 0);
  env = facts_environment (f);
  facts_free (f);
  ck_assert_str_eq (find (env, "KK_ALERT_ROW"), "");
  ck_assert_ptr_null (find (env, "KK_ALERT_VALUE"));
  facts_environment_free (env);
  ck_assert_int_eq (facts_read ("[]", 2, &f), -EBADMSG);
  ck_assert_int_eq (facts_read ("{", 1, &f), -EBADMSG);
}
END_TEST

static int
add (const char *text, struct buf *b, char why[200])
{
  *why = 0;
  buf_clear (b);
  return fillin_add (text, b, why, 200);
}

START_TEST (secrets)
{
  char why[200], text[300], *dir = unit_temp_dir ();
  struct buf b = {.max = 128 << 10};
  setenv ("KK_A_SECRET", "word", 1);
  unit_write (dir, "token", "from a file \n\n");
  ck_assert_int_eq (add ("Bearer {env:KK_A_SECRET}!", &b, why), 0);
  ck_assert_str_eq (b.data, "Bearer word!");
  snprintf (text, sizeof text, "{file:%s/token}{env:KK_A_SECRET}", dir);
  ck_assert_int_eq (fillin_check (text, why, sizeof why), 0);
  ck_assert_int_eq (add (text, &b, why), 0);
  ck_assert_str_eq (b.data, "from a fileword");
  ck_assert_int_eq (add ("plain {x} {", &b, why), 0);
  ck_assert_str_eq (b.data, "plain {x} {");
  ck_assert_int_eq (add ("{env:KK_NOT_THERE}", &b, why), -ENOENT);
  ck_assert_ptr_nonnull (strstr (why, "KK_NOT_THERE"));
  ck_assert_int_eq (add ("{file:/no/such/file}", &b, why), -ENOENT);
  ck_assert_ptr_nonnull (strstr (why, "/no/such/file"));
  /* Of nothing, in memory in which something was. */
  setenv ("KK_EMPTY", "", 1);
  unit_write (dir, "blank", "\n");
  snprintf (text, sizeof text, "{file:%s/blank}", dir);
  const char *const nothing[] = {"", "{env:KK_EMPTY}", text};
  mallopt (M_PERTURB, 'x');
  for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
    buf_free (&b);
    ck_assert_int_eq (add (nothing[i], &b, why), 0);
    ck_assert_uint_eq (b.len, 0);
    ck_assert_str_eq (b.data, "");
  }
  static const char *const wrong[] = {"{env:}", "{env:A", "{file:relative}", "{env:A=B}", "x {file:}"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    ck_assert_int_eq (fillin_check (wrong[i], why, sizeof why), -EINVAL);
  buf_free (&b);
  unit_remove_tree (dir);
  free (dir);
}
END_TEST

/* Without memory json-c stops where it is, and knows of no error. */
json_object *__real_json_tokener_parse_ex (json_tokener *tokener, const char *text, int length);
json_object *__wrap_json_tokener_parse_ex (json_tokener *tokener, const char *text, int length);
static bool memory_is_short;

json_object *
__wrap_json_tokener_parse_ex (json_tokener *tokener, const char *text, int length)
{
  return memory_is_short ? NULL : __real_json_tokener_parse_ex (tokener, text, length);
}

static int
visit (void *arg, const struct alert_record *r, const char *line, size_t length)
{
  (void) arg, (void) r, (void) line, (void) length;
  return 0;
}

START_TEST (no_memory_is_no_damage)
{
  static const char silence[] = "{\"id\":\"1\",\"from\":1,\"until\":2,\"rule\":\"x\"}\n";
  struct facts *f = NULL;
  struct alert_scan scan = {0};
  struct alert_silences silences = {0};
  BUF_CLEANUP struct buf line = {0};
  alert_record_add (&line, &(struct alert_record){.type = ALERT_RECORD_BASE, .serial = 1});
  memory_is_short = true;
  ck_assert_int_eq (facts_read (message, strlen (message), &f), -ENOMEM);
  ck_assert_int_eq (alert_record_scan (line.data, line.len, visit, NULL, &scan), -ENOMEM);
  ck_assert_int_eq (alert_silences_parse (&silences, silence, strlen (silence)), -ENOMEM);
  memory_is_short = false;
  ck_assert_int_eq (facts_read (message, strlen (message), &f), 0);
  ck_assert_int_eq (alert_record_scan (line.data, line.len, visit, NULL, &scan), 0);
  ck_assert_uint_eq (scan.records, 1);
  ck_assert_int_eq (alert_silences_parse (&silences, silence, strlen (silence)), 0);
  ck_assert_uint_eq (silences.n, 1);
  alert_silences_free (&silences);
  facts_free (f);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, templates);
  tcase_add_test (t, templates_that_cannot_be);
  tcase_add_test (t, environments);
  tcase_add_test (t, secrets);
  tcase_add_test (t, no_memory_is_no_damage);
}

UNIT_MAIN ("alert-template", tests)
