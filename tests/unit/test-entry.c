/* From a sample to the text of an entry, with a host that is nothing but a few constant tables. */
#include "file-writer/entry.h"
#include "file-writer/schema_json.h"
#include "unit.h"

#include <math.h>

enum { FIELDS = 12, ROWS = 3 };

struct cell {
  uint32_t absent;
  double f64;
  uint64_t u64;
  const char *string;
};

struct fake_table {
  struct kk_table table;
  struct kk_field fields[FIELDS];
  struct kk_table_info info;
  struct cell cells[ROWS][FIELDS];
  const char *keys[ROWS];
  uint64_t numbers[ROWS];
};

struct fake {
  struct kk_sample sample; /* first */
  struct kk_schema schema;
  struct fake_table tables[6];
  uint32_t n;
  uint64_t id;
  int64_t wall_ns;
};

static struct fake f;

static uint64_t
fake_id (const struct kk_schema *schema)
{
  (void) schema;
  return f.id;
}

static uint32_t
fake_tables (const struct kk_schema *schema)
{
  (void) schema;
  return f.n;
}

static int
fake_table (const struct kk_schema *schema, uint32_t table, struct kk_table *ret, size_t size)
{
  (void) schema;
  memcpy (ret, &f.tables[table].table, size);
  return 0;
}

static int
fake_field (const struct kk_schema *schema, uint32_t table, uint32_t field, struct kk_field *ret, size_t size)
{
  (void) schema;
  memcpy (ret, &f.tables[table].fields[field], size);
  return 0;
}

static const struct kk_schema *
fake_schema (const struct kk_sample *sample)
{
  (void) sample;
  return &f.schema;
}

static void
fake_time (const struct kk_sample *sample, struct kk_time *time)
{
  (void) sample;
  *time = (struct kk_time){.wall_ns = f.wall_ns, .mono_ns = 1};
}

static int
fake_info (const struct kk_sample *sample, uint32_t table, struct kk_table_info *ret, size_t size)
{
  (void) sample;
  memcpy (ret, &f.tables[table].info, size);
  return 0;
}

static uint32_t
fake_get (const struct kk_sample *sample, uint32_t table, uint32_t row, uint32_t field, struct kk_value *value)
{
  (void) sample;
  const struct cell *c = &f.tables[table].cells[row][field];
  *value = (struct kk_value){.type = f.tables[table].fields[field].type, .absent = c->absent};
  if (row >= f.tables[table].info.rows)
    value->absent = KK_UNSET;
  if (value->type == KK_TYPE_F64)
    value->f64 = c->f64;
  else if (value->type == KK_TYPE_STRING) {
    value->string = c->string ? c->string : "";
    value->length = (uint32_t) strlen (value->string);
  } else
    value->u64 = c->u64;
  return value->absent;
}

static uint32_t
fake_key (const struct kk_sample *sample, uint32_t table, uint32_t row, struct kk_value *value)
{
  (void) sample;
  const struct fake_table *t = &f.tables[table];
  *value = (struct kk_value){.type = t->keys[row] ? KK_TYPE_STRING : KK_TYPE_U64};
  if (t->keys[row]) {
    value->string = t->keys[row];
    value->length = (uint32_t) strlen (t->keys[row]);
  } else
    value->u64 = t->numbers[row];
  return KK_PRESENT;
}

static void
fake_value_time (const struct kk_sample *sample, uint32_t table, uint32_t row, uint32_t field, struct kk_time *time)
{
  (void) sample, (void) row, (void) field;
  *time = (struct kk_time){.wall_ns = f.tables[table].info.wall_ns, .mono_ns = 1};
}

static const struct kk_host host = {
    .size = sizeof (struct kk_host),
    .schema_id = fake_id,
    .schema_tables = fake_tables,
    .schema_table = fake_table,
    .schema_field = fake_field,
    .sample_schema = fake_schema,
    .sample_time = fake_time,
    .table_info = fake_info,
    .get = fake_get,
    .get_key = fake_key,
    .value_time = fake_value_time,
};

static struct fake_table *
add_table (const char *name, uint32_t key_type, uint32_t rows)
{
  struct fake_table *t = &f.tables[f.n++];
  *t = (struct fake_table){.table = {.name = name, .key = key_type ? "id" : NULL, .key_type = key_type},
                           .info = {.rows = rows, .wall_ns = f.wall_ns, .mono_ns = 1}};
  return t;
}

static struct cell *
add_f64 (struct fake_table *t, const char *name, uint32_t decimals, double value)
{
  uint32_t n = t->table.n_fields++;
  t->fields[n] = (struct kk_field) KK_F64 (name, "1", KK_GAUGE, .decimals = decimals);
  for (int i = 0; i < ROWS; i++)
    t->cells[i][n].f64 = value;
  return &t->cells[0][n];
}

static struct cell *
add_other (struct fake_table *t, const char *name, uint32_t type, uint64_t number, const char *text)
{
  uint32_t n = t->table.n_fields++;
  t->fields[n] = (struct kk_field){.name = name, .unit = "By", .type = type, .kind = KK_COUNTER, .help = "Some \"help\""};
  for (int i = 0; i < ROWS; i++)
    t->cells[i][n] = (struct cell){.u64 = number, .string = text};
  return &t->cells[0][n];
}

/* A sample with the four required fields, in another order than that of the text. */
static struct fake_table *
begin (void)
{
  static uint64_t id;
  f = (struct fake){.sample = {&host}, .schema = {&host}, .id = ++id, .wall_ns = 1767225600004999999};
  struct fake_table *t = add_table ("system", KK_NO_KEY, 1);
  add_f64 (t, "load_avg_1m", 2, 0.31);
  add_f64 (t, "memory_used_mb", 1, 6210.94);
  add_f64 (t, "memory_percent", 1, 41.25);
  add_f64 (t, "cpu_percent", 1, 3.0);
  add_f64 (t, "memory_available_mb", 1, 9421.3);
  return t;
}

#define SYSTEM                                                                                                                 \
  "\"system\":{\"timestamp\":1767225600.004,\"cpu_percent\":3.0,\"memory_percent\":41.2,\"memory_available_mb\":9421.3,"       \
  "\"memory_used_mb\":6210.9,\"load_avg_1m\":0.31}"

static struct entry_choice choice;
static struct buf text;
static struct entry_lack lack;

static int
make (void)
{
  struct entry_maker *m;
  ck_assert_int_eq (entry_maker_new (&choice, &m), 0);
  buf_clear (&text);
  int r = entry_add (m, &f.sample, &text, &lack);
  entry_maker_free (m);
  return r;
}

static void
expect (const char *want)
{
  ck_assert_int_eq (make (), 0);
  ck_assert_str_eq (text.data, want);
}

START_TEST (the_least)
{
  begin ();
  expect ("{" SYSTEM ",\"processes\":{}}");
}
END_TEST

START_TEST (required_fields)
{
  for (int field = 1; field < 5; field++)
    for (uint32_t why = KK_UNSET; why <= KK_DENIED; why++) {
      begin ()->cells[0][field].absent = why;
      ck_assert_int_eq (make (), -ENODATA);
      ck_assert_uint_eq (lack.absent, why);
      ck_assert_str_eq (lack.field, f.tables[0].fields[field].name);
      ck_assert_uint_eq (text.len, 0);
    }
  begin ()->cells[0][3].f64 = NAN;
  ck_assert_int_eq (make (), -ENODATA);
  begin ()->fields[3].name = "cpu";
  ck_assert_int_eq (make (), -ENODATA);
  ck_assert_uint_eq (lack.absent, KK_PRESENT);
  begin ()->table.name = "cores";
  ck_assert_int_eq (make (), -ENODATA);
  /* One that is not required is left out alone. */
  begin ()->cells[0][0].absent = KK_ERROR;
  ck_assert_int_eq (make (), 0);
  ck_assert_ptr_null (strstr (text.data, "load_avg"));
}
END_TEST

static struct fake_table *
add_processes (void)
{
  struct fake_table *t = add_table ("processes", KK_U64_KEY, 2);
  t->numbers[0] = 7;
  t->numbers[1] = 42;
  add_other (t, "cmdline", KK_TYPE_STRING, 0, "app --password x \x01 \"q\"");
  add_f64 (t, "cpu_percent", 1, 12.5);
  add_other (t, "name", KK_TYPE_STRING, 0, "a\\b");
  add_other (t, "open_files", KK_TYPE_U64, UINT64_MAX, NULL);
  t->cells[0][1].absent = KK_FIRST;
  t->cells[1][3].absent = KK_DENIED;
  return t;
}

START_TEST (processes)
{
  begin ();
  add_processes ();
  expect ("{" SYSTEM ",\"processes\":{"
          "\"7\":{\"timestamp\":1767225600.004,\"pid\":7,\"name\":\"a\\\\b\",\"cpu_percent\":0.0,"
          "\"cmdline\":\"app --password *** \\u0001 \\\"q\\\"\",\"open_files\":18446744073709551615},"
          "\"42\":{\"timestamp\":1767225600.004,\"pid\":42,\"name\":\"a\\\\b\",\"cpu_percent\":12.5,"
          "\"cmdline\":\"app --password *** \\u0001 \\\"q\\\"\"}}}");
}
END_TEST

START_TEST (command_lines)
{
  begin ();
  add_processes ()->info.rows = 1;
  choice.cmdline = ENTRY_CMDLINE_FULL;
  ck_assert_int_eq (make (), 0);
  ck_assert_ptr_nonnull (strstr (text.data, "\"cmdline\":\"app --password x \\u0001"));
  choice.cmdline = ENTRY_CMDLINE_NONE;
  ck_assert_int_eq (make (), 0);
  ck_assert_ptr_null (strstr (text.data, "cmdline"));
}
END_TEST

START_TEST (held_tables)
{
  begin ();
  struct fake_table *p = add_processes (), *n = add_table ("network", KK_NO_KEY, 1),
                    *i = add_table ("interfaces", KK_STRING_KEY, 2);
  p->info.rows = 1;
  p->info.held = n->info.held = 1;
  p->info.wall_ns = n->info.wall_ns = 1767225500000000000;
  add_other (n, "bytes_recv", KK_TYPE_U64, 5, NULL);
  add_other (n, "bytes_sent", KK_TYPE_U64, 4, NULL);
  add_other (i, "up", KK_TYPE_BOOL, 0, NULL);
  add_other (i, "delta", KK_TYPE_I64, (uint64_t) -3, NULL);
  i->keys[0] = "eth0";
  i->keys[1] = "w\"x";
  ck_assert_int_eq (make (), 0);
  ck_assert_ptr_nonnull (
      strstr (text.data, ",\"interfaces\":{\"eth0\":{\"up\":false,\"delta\":-3},\"w\\\"x\":{\"up\":false,\"delta\":-3}}}"));
  ck_assert_ptr_nonnull (strstr (text.data, "\"7\":{\"timestamp\":1767225500.000,"));
  ck_assert_ptr_nonnull (strstr (text.data, ",\"network\":{\"timestamp\":1767225500.000,\"bytes_sent\":4,\"bytes_recv\":5}"));
  i->info.held = 1;
  ck_assert_int_eq (make (), 0);
  ck_assert_ptr_null (strstr (text.data, "interfaces"));
  i->info.held = 0;
  i->info.state = KK_FAILED;
  ck_assert_int_eq (make (), 0);
  ck_assert_ptr_null (strstr (text.data, "interfaces"));
}
END_TEST

START_TEST (chosen_tables)
{
  static const char *const nets[] = {"net*"}, *const all_but[] = {"net*", "proc*"};
  begin ();
  add_processes ();
  add_other (add_table ("network", KK_NO_KEY, 1), "bytes_sent", KK_TYPE_U64, 4, NULL);
  add_other (add_table ("other", KK_NO_KEY, 1), "x", KK_TYPE_U64, 4, NULL);
  choice.tables = (struct kk_list){.items = nets, .count = 1};
  expect ("{" SYSTEM ",\"processes\":{},\"network\":{\"timestamp\":1767225600.004,\"bytes_sent\":4}}");
  choice = (struct entry_choice){.exclude = {.items = all_but, .count = 2}};
  expect ("{" SYSTEM ",\"processes\":{},\"other\":{\"x\":4}}");
}
END_TEST

START_TEST (a_schema_that_changes)
{
  struct entry_maker *m;
  ck_assert_int_eq (entry_maker_new (&choice, &m), 0);
  begin ();
  ck_assert_int_eq (entry_add (m, &f.sample, &text, &lack), 0);
  begin ();
  add_other (add_table ("other", KK_NO_KEY, 1), "x", KK_TYPE_U64, 4, NULL);
  buf_clear (&text);
  ck_assert_int_eq (entry_add (m, &f.sample, &text, &lack), 0);
  ck_assert_str_eq (text.data, "{" SYSTEM ",\"processes\":{},\"other\":{\"x\":4}}");
  entry_maker_free (m);
}
END_TEST

START_TEST (an_entry_has_a_bound)
{
  begin ();
  struct fake_table *t = add_table ("other", KK_NO_KEY, 1);
  size_t n = 33 << 20;
  char *large = malloc (n + 1);
  ck_assert_ptr_nonnull (large);
  memset (large, 'x', n);
  large[n] = 0;
  add_other (t, "x", KK_TYPE_STRING, 0, large);
  ck_assert_int_eq (make (), -ENODATA);
  ck_assert_ptr_null (lack.field);
  ck_assert_uint_eq (text.len, 0);
  free (large);
}
END_TEST

START_TEST (schema_text)
{
  begin ();
  add_other (add_table ("other", KK_STRING_KEY, 1), "x", KK_TYPE_U64, 4, NULL);
  add_table ("daemon", KK_NO_KEY, 1);
  static const char *const daemon[] = {"daemon"};
  choice.exclude = (struct kk_list){.items = daemon, .count = 1};
  buf_clear (&text);
  schema_json (&text, &f.schema, &choice);
  ck_assert_ptr_nonnull (strstr (text.data, "\"other\":{\"help\":\"\",\"key\":\"id\",\"key_type\":\"string\",\"fields\":{\n  "
                                            "\"x\":{\"unit\":\"By\",\"kind\":\"counter\",\"type\":\"unsigned integer\","
                                            "\"help\":\"Some \\\"help\\\"\"}}}}}\n"));
  ck_assert_ptr_null (strstr (text.data, "\"daemon\""));
}
END_TEST

static void
reset (void)
{
  choice = (struct entry_choice){0};
  buf_clear (&text);
}

static void
release (void)
{
  buf_free (&text);
}

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, reset, release);
  tcase_add_test (t, the_least);
  tcase_add_test (t, required_fields);
  tcase_add_test (t, processes);
  tcase_add_test (t, command_lines);
  tcase_add_test (t, held_tables);
  tcase_add_test (t, chosen_tables);
  tcase_add_test (t, a_schema_that_changes);
  tcase_add_test (t, an_entry_has_a_bound);
  tcase_add_test (t, schema_text);
}

UNIT_MAIN ("entry", tests)
