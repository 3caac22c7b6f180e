#include "exec/parse.h"
#include "unit.h"

static struct kk_fault fault;

static struct exec_schema *
schema_of (const char *const *lines, uint32_t n, int want)
{
  struct exec_schema *s = NULL;
  struct kk_list list = {.items = lines, .count = n};
  ck_assert_int_eq (exec_schema_make (&list, &fault, &s), want);
  return s;
}

static const char *const LINES[] = {
  "gpu[device].load f64 %", "gpu[device].used u64 By gauge", "gpu[device].name string", "gpu[device].on bool info",
  "room.delta i64",         "room.bytes u64 By counter",     "room.note string",        " room.up f64 counter ",
};

struct bench {
  struct exec_schema *schema;
  struct exec_values values;
  struct exec_parser parser;
};

static void
begin (struct bench *b, enum exec_format format)
{
  *b = (struct bench){.schema = schema_of (LINES, KK_COUNT (LINES), 0)};
  ck_assert_int_eq (exec_values_init (&b->values, b->schema), 0);
  b->parser = (struct exec_parser){.values = &b->values, .format = format};
}

static void
end (struct bench *b)
{
  exec_values_free (&b->values);
  ck_assert_uint_eq (b->values.bytes, 0);
  exec_parser_free (&b->parser);
  exec_schema_free (b->schema);
}

static void
say (struct bench *b, const char *line)
{
  size_t n = strlen (line);
  char *exact = malloc (n + 1); /* so that a sanitizer sees a step too far */
  memcpy (exact, line, n + 1);
  exec_parse_line (&b->parser, exact, n);
  free (exact);
}

static const struct exec_value *
value (struct bench *b, uint32_t table, const char *key, uint32_t field)
{
  const struct exec_rows *rows = b->values.tables + table;
  for (uint32_t i = 0; i < rows->n; i++)
    if (strcmp (rows->rows[i]->key, key) == 0)
      return rows->rows[i]->values + field;
  ck_abort_msg ("no row '%s'", key);
}

START_TEST (fields)
{
  struct exec_schema *s = schema_of (LINES, KK_COUNT (LINES), 0);
  ck_assert_uint_eq (s->n, 2);
  ck_assert_str_eq (s->tables[0].key, "device");
  ck_assert_str_eq (s->tables[1].key, "");
  ck_assert_str_eq (s->tables[0].fields[0].unit, "%");
  ck_assert_uint_eq (s->tables[0].fields[0].kind, KK_GAUGE);
  ck_assert_uint_eq (s->tables[0].fields[2].kind, KK_INFO);
  ck_assert_uint_eq (s->tables[1].fields[1].kind, KK_COUNTER);
  ck_assert_uint_eq (s->tables[1].fields[3].kind, KK_COUNTER);
  ck_assert_str_eq (s->tables[1].fields[3].unit, "1");
  exec_schema_free (s);
}
END_TEST

START_TEST (help)
{
  static const char *const text[] = {"a.b u64 #  How many ", "a.c f64 {#}/s # Rate", "a.d u64 {#}", "a.e bool#x",
                                     "a.f u64 By counter #"};
  struct exec_schema *s = schema_of (text, 3, 0);
  ck_assert_str_eq (s->tables[0].fields[0].help, "How many");
  ck_assert_str_eq (s->tables[0].fields[0].unit, "1");
  ck_assert_str_eq (s->tables[0].fields[1].help, "Rate");
  ck_assert_str_eq (s->tables[0].fields[1].unit, "{#}/s");
  ck_assert_str_eq (s->tables[0].fields[2].help, "");
  exec_schema_free (s);
  schema_of (text + 3, 1, -EINVAL);
  s = schema_of (text + 4, 1, 0);
  ck_assert_str_eq (s->tables[0].fields[0].help, "");
  ck_assert_uint_eq (s->tables[0].fields[0].kind, KK_COUNTER);
  exec_schema_free (s);
  char line[EXEC_HELP_SIZE * 2];
  snprintf (line, sizeof line, "a.b u64 # %0*d", EXEC_HELP_SIZE + 20, 7);
  s = schema_of ((const char *[]){line}, 1, 0);
  ck_assert_uint_eq (strlen (s->tables[0].fields[0].help), EXEC_HELP_SIZE - 1);
  exec_schema_free (s);
}
END_TEST

static void
tell (struct exec_said *s, const char *line)
{
  exec_said_line (s, line, strlen (line));
}

START_TEST (said)
{
  struct exec_said a = {.n = 0}, b = {.n = 0};
  struct exec_schema *s = NULL;
  tell (&a, "# mine");
  tell (&a, "field: room.up f64");
  tell (&a, " field:gpu[device].used u64 By # Memory\r");
  tell (&a, "field: gpu[device].load f64");
  ck_assert (!a.ended);
  tell (&a, "");
  ck_assert (a.ended);
  tell (&a, "field: late.x u64");
  ck_assert_uint_eq (a.n, 3);
  ck_assert_int_eq (exec_said_schema (&a, &fault, &s), 0);
  ck_assert_uint_eq (s->n, 2);
  ck_assert_str_eq (s->tables[0].name, "gpu");
  ck_assert_str_eq (s->tables[0].fields[0].name, "load");
  ck_assert_str_eq (s->tables[0].fields[1].help, "Memory");
  ck_assert_str_eq (s->tables[1].fields[0].name, "up");
  exec_schema_free (s);
  tell (&b, "{\"gpu\": {}}");
  ck_assert (b.ended);
  ck_assert_int_eq (exec_said_schema (&b, &fault, &s), -EINVAL);
  exec_said_free (&a);
  for (int i = 0; i < 5000; i++)
    tell (&a, "field: a.b u64");
  ck_assert_int_eq (a.error, -E2BIG);
  exec_said_free (&a);
  exec_said_free (&b);
}
END_TEST

START_TEST (bad_fields)
{
  static const struct {
    const char *line, *says;
  } bad[] = {
    {"", "names no field"},
    {"gpu", "names no field"},
    {"gpu.load", "names no field"},
    {"gpu[.load f64", "names no field"},
    {"gpu[x]load f64", "names no field"},
    {"Gpu.load f64", "names no field"},
    {"gpu.load float", "f64, u64, i64, bool, string"},
    {"gpu.load f64 % often", "counter, gauge, info"},
    {"gpu.load string counter", "u64, i64 or f64"},
    {"gpu.load f64 % gauge more", "goes on"},
    {"gpu.load f64 abcdefghijklmnopqrstuvwxyzabcdefghijklm", "31 bytes"},
  };
  for (size_t i = 0; i < KK_COUNT (bad); i++) {
    schema_of (&bad[i].line, 1, -EINVAL);
    ck_assert_msg (strstr (fault.text, bad[i].says) != NULL, "'%s': %s", bad[i].line, fault.text);
    ck_assert_str_eq (fault.option, "fields");
  }
  schema_of ((const char *[]){"a.b f64", "a.b u64"}, 2, -EINVAL);
  schema_of ((const char *[]){"a[k].b f64", "a.c u64"}, 2, -EINVAL);
  schema_of (NULL, 0, -EINVAL);
}
END_TEST

START_TEST (lines)
{
  struct bench b;
  begin (&b, EXEC_FORMAT_LINES);
  say (&b, "gpu 0 load 12.5");
  say (&b, "gpu 0 used 18446744073709551615");
  say (&b, "\tgpu  eth\xc3\xa9  name   Two words \r");
  say (&b, "gpu 0 on true");
  say (&b, "room delta -9223372036854775808");
  say (&b, "room note");
  say (&b, "room up .5");
  say (&b, "");
  say (&b, "# gpu 9 load 1");
  say (&b, "field: gpu[device].load f64");
  ck_assert_double_eq (value (&b, 0, "0", 0)->f64, 12.5);
  ck_assert (value (&b, 0, "0", 1)->u64 == UINT64_MAX);
  ck_assert_str_eq (value (&b, 0, "eth\xc3\xa9", 2)->string, "Two words");
  ck_assert (value (&b, 0, "0", 3)->boolean);
  ck_assert (value (&b, 1, "", 0)->i64 == INT64_MIN);
  ck_assert_uint_eq (value (&b, 1, "", 2)->length, 0);
  ck_assert_double_eq (value (&b, 1, "", 3)->f64, 0.5);
  ck_assert_uint_eq (b.values.taken, 7);
  ck_assert_uint_eq (b.values.bad_lines + b.values.bad_values + b.values.unknown_fields + b.values.unknown_tables, 0);
  end (&b);
}
END_TEST

START_TEST (strict)
{
  static const char *const bad[] = {
    "gpu 0 load nan", "gpu 0 load 0x10", "gpu 0 load 1,5", "gpu 0 load 1e999", "gpu 0 load 1 MB",
    "gpu 0 load .",   "gpu 0 load 1e",   "gpu 0 used -1",  "gpu 0 used 1.0",   "gpu 0 used 18446744073709551616",
    "gpu 0 on yes",   "room delta +1"};
  struct bench b;
  begin (&b, EXEC_FORMAT_LINES);
  say (&b, "gpu 0 load 5");
  for (size_t i = 0; i < KK_COUNT (bad); i++) {
    say (&b, bad[i]);
    ck_assert_msg (b.values.bad_values == i + 1, "'%s' was taken", bad[i]);
  }
  ck_assert (!value (&b, 0, "0", 0)->there); /* the 5 is no longer true */
  say (&b, "cpu 0 load 5");
  say (&b, "gpu 0 heat 5");
  say (&b, "gpu 0 load");
  say (&b, "gpu 0");
  ck_assert_uint_eq (b.values.unknown_tables, 1);
  ck_assert_uint_eq (b.values.unknown_fields, 1);
  ck_assert_uint_eq (b.values.bad_lines, 2);
  end (&b);
}
END_TEST

START_TEST (json)
{
  struct bench b;
  begin (&b, EXEC_FORMAT_JSON);
  say (&b, "{\"gpu\": {\"0\": {\"load\": 1e2, \"used\": 7, \"name\": \"a\\u00e9\\ud83d\\ude00\\n\", \"on\": false}, \"1\": "
           "{\"load\": \"3\"}},"
           " \"room\": {\"delta\": -5, \"bytes\": 1, \"note\": \"\\ud800!\"}, \"other\": [{\"a\": [1, {}]}, null]}");
  ck_assert_double_eq (value (&b, 0, "0", 0)->f64, 100);
  ck_assert (value (&b, 0, "0", 1)->u64 == 7);
  ck_assert_str_eq (value (&b, 0, "0", 2)->string, "a\xc3\xa9\xf0\x9f\x98\x80\n");
  ck_assert (value (&b, 0, "0", 3)->there && !value (&b, 0, "0", 3)->boolean);
  ck_assert_double_eq (value (&b, 0, "1", 0)->f64, 3);
  ck_assert (value (&b, 1, "", 0)->i64 == -5);
  ck_assert_str_eq (value (&b, 1, "", 2)->string, "\xef\xbf\xbd!");
  ck_assert_uint_eq (b.values.unknown_tables, 1);
  say (&b, "{\"gpu\":{\"0\":{\"load\":null,\"heat\":1,\"used\":{},\"name\":5,\"on\":\"true\"}, \"2\": 3}, \"room\": 1}");
  ck_assert (!value (&b, 0, "0", 0)->there && value (&b, 0, "0", 3)->boolean);
  ck_assert_uint_eq (b.values.unknown_fields, 1);
  ck_assert_uint_eq (b.values.bad_values, 4);
  say (&b, "{}");
  say (&b, " field: room.up f64");
  say (&b, "{\"gpu\": {}, \"room\": {}}");
  ck_assert_uint_eq (b.values.bad_lines, 0);
  end (&b);
}
END_TEST

START_TEST (bad_json)
{
  static const char *const bad[] = {"{",
                                    "[]",
                                    "1",
                                    "{\"room\"}",
                                    "{\"room\": {\"delta\": 1}",
                                    "{\"room\": {\"delta\": 1}} x",
                                    "{\"room\": {\"delta\": 01}}",
                                    "{\"room\": {\"delta\": 1,}}",
                                    "{\"room\": {\"delta\": NaN}}",
                                    "{\"room\": {\"note\": \"\\u12g4\"}}",
                                    "{\"room\": {\"note\": \"\\",
                                    "{\"room\": {\"note\": \"a\tb\"}}",
                                    "{'room': {}}",
                                    "room delta 1"};
  struct bench b;
  begin (&b, EXEC_FORMAT_JSON);
  for (size_t i = 0; i < KK_COUNT (bad); i++) {
    say (&b, bad[i]);
    ck_assert_msg (b.values.bad_lines == i + 1, "'%s' was taken", bad[i]);
  }
  char deep[256] = "{\"x\": ";
  memset (deep + 6, '[', 200);
  say (&b, deep);
  ck_assert_uint_eq (b.values.bad_lines, KK_COUNT (bad) + 1);
  ck_assert_uint_eq (b.values.taken, 0);
  ck_assert_uint_eq (exec_values_rows (&b.values), 0);
  end (&b);
}
END_TEST

START_TEST (bounds)
{
  struct bench b;
  char line[600];
  begin (&b, EXEC_FORMAT_LINES);
  for (int i = 0; i < EXEC_MOST_ROWS + 10; i++) {
    snprintf (line, sizeof line, "gpu %d load %d", i, i);
    b.values.now_ns = i;
    say (&b, line);
  }
  ck_assert_uint_eq (exec_values_rows (&b.values), EXEC_MOST_ROWS);
  ck_assert_uint_eq (b.values.lost, 10);
  snprintf (line, sizeof line, "gpu %0300d load 1", 1);
  say (&b, line);
  ck_assert_uint_eq (b.values.lost, 11);
  exec_values_expire (&b.values, EXEC_MOST_ROWS - 5);
  ck_assert_uint_eq (exec_values_rows (&b.values), 5);
  say (&b, "gpu 4095 load 1");
  ck_assert_uint_eq (exec_values_rows (&b.values), 5);
  ck_assert_double_eq (value (&b, 0, "4095", 0)->f64, 1);
  end (&b);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, fields);
  tcase_add_test (t, help);
  tcase_add_test (t, said);
  tcase_add_test (t, bad_fields);
  tcase_add_test (t, lines);
  tcase_add_test (t, strict);
  tcase_add_test (t, json);
  tcase_add_test (t, bad_json);
  tcase_add_test (t, bounds);
}

UNIT_MAIN ("exec", tests)
