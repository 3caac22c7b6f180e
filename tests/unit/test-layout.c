#include "fake.h"
#include "layout.h"

/* Inputs whose reads do what the test wants: each has its own plugin, made of the same tables. */
static const struct kk_field load[] = {KK_F64 ("load", "1", KK_GAUGE, .help = "Load")};
static const struct kk_field memory[] = {KK_U64 ("used", "By", KK_GAUGE, .help = "Used"),
                                         KK_U64 ("free", "By", KK_GAUGE, .help = "Free")};
static const struct kk_field device[] = {KK_U64 ("bytes", "By", KK_COUNTER, .help = "Bytes")};
static const struct kk_field other[] = {KK_I64 ("bytes", "By", KK_COUNTER, .help = "Bytes")};
static const struct kk_table load_tables[] = {KK_SINGLE ("system", load, "All")};
static const struct kk_table memory_tables[] = {KK_SINGLE ("system", memory, "All")};
static const struct kk_table named_tables[] = {KK_KEYED ("devices", "name", KK_STRING_KEY, device, "Each")};
static const struct kk_table numbered_tables[] = {KK_KEYED ("devices", "number", KK_U64_KEY, device, "Each")};
static const struct kk_table other_tables[] = {KK_KEYED ("devices", "name", KK_STRING_KEY, other, "Each")};
static const struct kk_table single_tables[] = {KK_SINGLE ("devices", device, "All")};

static int
read_ (void *state, struct kk_rows *out)
{
  (void)state, (void)out;
  return 0;
}

#define INPUT_(name_, tables_)                                                                                                 \
  FAKE_PLUGIN (.kind = KK_INPUT, .name = name_, KK_TABLES (tables_), .create = fake_create, .read = read_)
static const struct kk_plugin load_plugin = INPUT_ ("load", load_tables), memory_plugin = INPUT_ ("memory", memory_tables),
                              named_plugin = INPUT_ ("named", named_tables),
                              numbered_plugin = INPUT_ ("numbered", numbered_tables),
                              other_plugin = INPUT_ ("other", other_tables), single_plugin = INPUT_ ("single", single_tables);

enum { MOST = 4 };
static struct env env;
static struct clock_reading now;
static size_t n;
static struct descriptor *descriptors[MOST];
static struct instance_plan plans[MOST];
static struct input *inputs[MOST];
static struct rename_pair renaming;
static struct layout *layout;

static void
set_up (void)
{
  fake_env (&env, &now);
  n = 0;
  layout = NULL;
}

static void
tear_down (void)
{
  layout_free (layout);
  for (size_t i = 0; i < n; i++) {
    input_free (inputs[i]);
    descriptor_free (descriptors[i]);
  }
}

static void
add (const char *name, const struct kk_plugin *plugin, const char *rename_to)
{
  descriptors[n] = fake_descriptor (plugin);
  plans[n] = fake_plan (name, descriptors[n], NULL);
  if (rename_to) {
    renaming = (struct rename_pair){.from = (char *)(uintptr_t)plugin->tables[0].name, .to = (char *)(uintptr_t)rename_to};
    plans[n].tables = &renaming;
    plans[n].n_tables = 1;
  }
  ck_assert_int_eq (input_new (fake_instance (&env, plans + n), inputs + n), 0);
  n++;
}

static void
join (void)
{
  char *reason;
  int r = layout_new (&env, inputs, n, &layout, &reason);
  ck_assert_msg (r == 0, "%s", reason);
}

static void
refused (const char *want)
{
  char *reason;
  ck_assert_int_eq (layout_new (&env, inputs, n, &layout, &reason), -EINVAL);
  ck_assert_str_eq (reason, want);
  free (reason);
}

static struct kk_rows *
begin (size_t i)
{
  ck_assert_int_eq (rows_begin (inputs[i]->rows, &(struct kk_time){.wall_ns = now.wall_ns, .mono_ns = now.mono_ns}), 0);
  return rows_face (inputs[i]->rows);
}

static struct sample *
collect (uint64_t tick)
{
  struct sample *s = layout_collect (layout, inputs, tick, &(struct kk_time){.wall_ns = now.wall_ns, .mono_ns = now.mono_ns});
  ck_assert_ptr_nonnull (s);
  return s;
}

START_TEST (single_tables_are_joined_by_column)
{
  struct kk_value v;
  struct kk_time time;
  struct kk_table_info info;
  add ("load", &load_plugin, NULL);
  add ("memory", &memory_plugin, NULL);
  join ();
  const struct schema *schema = layout_schema (layout);
  ck_assert_uint_eq (schema->n_tables, 1);
  ck_assert_uint_eq (schema->tables[0].n_fields, 3);
  ck_assert_int_eq (table_schema_find (schema->tables, "free"), 2);
  struct sample *s = collect (1); /* before the first read */
  for (uint32_t f = 0; f < 3; f++)
    ck_assert_uint_eq (kk_get (&s->face, 0, 0, f, &v), KK_FIRST);
  ck_assert_uint_eq (s->tables[0].n_rows, 1);
  ck_assert_uint_eq (s->tables[0].held, 1);
  sample_unref (s);
  struct kk_row *row = kk_row (begin (0), 0, NULL, 0);
  kk_f64 (row, 0, 1.5);
  input_take (inputs[0], &now, 2, 0);
  row = kk_row (begin (1), 0, NULL, 0);
  kk_u64 (row, 1, 77);
  input_take (inputs[1], &now, 2, 0);
  int64_t read_ns = now.mono_ns;
  s = collect (2);
  ck_assert_uint_eq (kk_get (&s->face, 0, 0, 0, &v), KK_PRESENT);
  ck_assert_uint_eq (v.held, 0);
  ck_assert_uint_eq (kk_get (&s->face, 0, 0, 1, &v), KK_UNSET);
  ck_assert_uint_eq (kk_get (&s->face, 0, 0, 2, &v), KK_PRESENT);
  ck_assert_uint_eq (v.u64, 77);
  ck_assert_uint_eq (kk_get (&s->face, 0, 1, 0, &v), KK_UNSET); /* there is no second row */
  ck_assert_uint_eq (kk_get (&s->face, 0, 0, 3, &v), KK_UNSET);
  sample_unref (s);
  fake_pass (&now, SECOND); /* only the first is read at the next tick */
  row = kk_row (begin (0), 0, NULL, 0);
  kk_f64 (row, 0, 2.5);
  input_take (inputs[0], &now, 3, 0);
  s = collect (3);
  kk_get (&s->face, 0, 0, 0, &v);
  ck_assert_uint_eq (v.held, 0);
  kk_get (&s->face, 0, 0, 2, &v);
  ck_assert_uint_eq (v.held, 1);
  kk_value_time (&s->face, 0, 0, 2, &time);
  ck_assert_int_eq (time.mono_ns, read_ns);
  kk_table_info (&s->face, 0, &info);
  ck_assert_uint_eq (info.held, 0);
  ck_assert_int_eq (info.mono_ns, now.mono_ns);
  sample_unref (s);
  input_take (inputs[1], &now, 4, -EIO);
  s = collect (4);
  ck_assert_uint_eq (kk_get (&s->face, 0, 0, 2, &v), KK_ERROR);
  ck_assert_uint_eq (kk_get (&s->face, 0, 0, 0, &v), KK_PRESENT);
  sample_unref (s);
}
END_TEST

/* Every calloc of this program comes here (--wrap). */
static bool no_memory;
void *__real_calloc (size_t number, size_t size);
void *__wrap_calloc (size_t number, size_t size);

void *
__wrap_calloc (size_t number, size_t size)
{
  return no_memory ? NULL : __real_calloc (number, size);
}

START_TEST (a_sample_lost_for_want_of_memory_is_counted)
{
  add ("load", &load_plugin, NULL);
  join ();
  sample_unref (collect (1));
  ck_assert_uint_eq (layout_lost (layout), 0);
  no_memory = true;
  struct sample *s = layout_collect (layout, inputs, 2, &(struct kk_time){.wall_ns = now.wall_ns});
  no_memory = false;
  ck_assert_ptr_null (s);
  ck_assert_uint_eq (layout_lost (layout), 1);
  sample_unref (collect (3));
}
END_TEST

START_TEST (two_that_give_one_field)
{
  add ("memory", &memory_plugin, NULL);
  add ("memory-too", &memory_plugin, NULL);
  refused ("memory and memory-too both give system.used: rename the table of one with `tables: {system: …}`");
}
END_TEST

START_TEST (a_renamed_table_is_another)
{
  add ("memory", &memory_plugin, NULL);
  add ("memory-too", &memory_plugin, "guest");
  join ();
  ck_assert_int_eq (schema_find_table (layout_schema (layout), "system"), 0);
  ck_assert_int_eq (schema_find_table (layout_schema (layout), "guest"), 1);
}
END_TEST

START_TEST (keyed_and_single_do_not_mix)
{
  add ("a", &named_plugin, NULL);
  add ("b", &single_plugin, NULL);
  refused ("b fills table 'devices' with one row per name, another input with a single row");
}
END_TEST

START_TEST (keyed_tables_must_be_alike)
{
  static const struct kk_plugin *const second[] = {&numbered_plugin, &other_plugin};
  for (size_t i = 0; i < KK_COUNT (second); i++) {
    add ("a", &named_plugin, NULL);
    add ("b", second[i], NULL);
    refused ("a and b both fill table 'devices', but not with the same fields: rename one with `tables: {devices: …}`");
    tear_down ();
    set_up ();
  }
}
END_TEST

static void
fill (size_t i, bool strings, const char *keys, uint64_t tick)
{
  struct kk_rows *out = begin (i);
  for (const char *k = keys; *k; k++) {
    char key[2] = {*k, 0};
    kk_u64 (strings ? kk_row (out, 0, key, i) : kk_row_u64 (out, 0, (uint64_t)*k, i), 0, (uint64_t)*k * 10 + i);
  }
  input_take (inputs[i], &now, tick, 0);
}

static void
unite (bool strings)
{
  for (size_t i = 0; i < 3; i++)
    add (i == 0 ? "a" : i == 1 ? "b" : "c", strings ? &named_plugin : &numbered_plugin, NULL);
  join ();
  fill (0, strings, "xy", 1);
  fill (1, strings, "azxb", 1); /* x is the first one's */
  fill (2, strings, "bxq", 1);
  struct sample *s = collect (1);
  static const char want[] = "xyazbq";
  static const uint64_t owner[] = {0, 0, 1, 1, 1, 2};
  ck_assert_uint_eq (s->tables[0].n_rows, strlen (want));
  for (uint32_t i = 0; want[i]; i++) {
    struct kk_value v;
    kk_get_key (&s->face, 0, i, &v);
    ck_assert_int_eq (strings ? v.string[0] : (int)v.u64, want[i]);
    ck_assert_uint_eq (kk_get_identity (&s->face, 0, i), owner[i]);
    ck_assert_uint_eq (kk_get (&s->face, 0, i, 0, &v), KK_PRESENT);
    ck_assert_uint_eq (v.u64, (uint64_t)want[i] * 10 + owner[i]);
  }
  ck_assert_uint_eq (layout_duplicates (layout), 3);
  ck_assert_ptr_eq (s->tables[0].segments[0].block, inputs[0]->latest[0]); /* shared, where nothing had to go */
  sample_unref (s);
  fill (1, strings, "mn", 2);
  s = collect (2);
  ck_assert_uint_eq (s->tables[0].n_rows, 6); /* x y, m n, b q: c's b is its own again */
  ck_assert_ptr_eq (s->tables[0].segments[1].block, inputs[1]->latest[0]);
  struct kk_value v;
  kk_get (&s->face, 0, 0, 0, &v);
  ck_assert_uint_eq (v.held, 1);
  kk_get (&s->face, 0, 2, 0, &v);
  ck_assert_uint_eq (v.held, 0);
  sample_unref (s);
}

START_TEST (rows_of_several_inputs_by_name)
{
  unite (true);
}
END_TEST

START_TEST (rows_of_several_inputs_by_number)
{
  unite (false);
}
END_TEST

START_TEST (a_sample_outlives_all_that_made_it)
{
  struct kk_value v;
  add ("a", &named_plugin, NULL);
  join ();
  fill (0, true, "xy", 1);
  struct sample *s = collect (1);
  for (uint64_t tick = 2; tick < 50; tick++)
    fill (0, true, "ab", tick);
  tear_down ();
  set_up ();
  ck_assert_uint_eq (kk_get_key (&s->face, 0, 1, &v), KK_PRESENT);
  ck_assert_str_eq (v.string, "y");
  ck_assert_str_eq (s->schema->tables[0].fields[0].name, "bytes");
  sample_unref (s);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, single_tables_are_joined_by_column);
  tcase_add_test (t, a_sample_lost_for_want_of_memory_is_counted);
  tcase_add_test (t, two_that_give_one_field);
  tcase_add_test (t, a_renamed_table_is_another);
  tcase_add_test (t, keyed_and_single_do_not_mix);
  tcase_add_test (t, keyed_tables_must_be_alike);
  tcase_add_test (t, rows_of_several_inputs_by_name);
  tcase_add_test (t, rows_of_several_inputs_by_number);
  tcase_add_test (t, a_sample_outlives_all_that_made_it);
}

UNIT_MAIN ("layout", tests)
