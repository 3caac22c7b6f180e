/* Fields with a constant text. */
#include "chain-kit.h"
#include "label/label.c"

static struct config config;
static struct descriptor *d;
static struct instance_plan plan;
static struct instance *filter;

static const char *const names[] = {"site", "rack"}, *const texts[] = {"berlin", "12"};
static const char *const from[] = {"role", "nothing"}, *const variables[] = {"KK_TEST_ROLE", "KK_TEST_NOT_SET"};
static const char *const all[] = {"*"}, *const things[] = {"thi*"};

static void
make_config (void)
{
  config = (struct config){.fields = {.names = names, .items = texts, .count = 2},
                           .environment = {.names = from, .items = variables, .count = 2},
                           .host_name = "hostname",
                           .tables = {.items = all, .count = 1}};
}

static void
begin (void)
{
  d = fake_descriptor (&kk_plugin);
  plan = fake_plan ("label", d, &config);
  filter = fake_instance (&env, &plan);
  ck_assert_int_eq (chain_new (&filter, 1, sink, NULL, &chain), 0);
}

static void
end (void)
{
  clear ();
  chain_free (chain);
  instance_free (filter);
  descriptor_free (d);
}

static void
set_up (void)
{
  fake_env (&env, &now);
  schema = make_schema ();
  setenv ("KK_TEST_ROLE", "database", 1);
  unsetenv ("KK_TEST_NOT_SET");
  make_config ();
}

static void
tear_down (void)
{
  schema_unref (schema);
}

static void
run (const char *first, const char *second)
{
  struct sample *s = make_sample (schema, first, second);
  chain_run (chain, s);
  sample_unref (s);
}

static struct kk_value
get (const struct sample *s, uint32_t table, uint32_t row, const char *field)
{
  struct kk_value v;
  int64_t f = table_schema_find (s->schema->tables + table, field);
  ck_assert_msg (f >= 0, "no field %s", field);
  kk_get (&s->face, table, row, (uint32_t) f, &v);
  return v;
}

static void
has (const struct sample *s, uint32_t table, uint32_t row, const char *field, const char *text)
{
  struct kk_value v = get (s, table, row, field);
  ck_assert_uint_eq (v.absent, text ? KK_PRESENT : KK_UNSET);
  if (text)
    ck_assert_str_eq (v.string, text);
}

START_TEST (each_row_has_them)
{
  char host[256] = "";
  ck_assert_int_eq (gethostname (host, sizeof host - 1), 0);
  begin ();
  for (int turn = 0; turn < 3; turn++) {
    run ("abc", "de");
    const struct sample *s = came[turn];
    for (uint32_t t = 0; t < 3; t++) {
      ck_assert_uint_eq (s->schema->tables[t].n_fields, 7);
      for (uint32_t i = 0; i < s->tables[t].n_rows; i++) {
        has (s, t, i, "site", "berlin");
        has (s, t, i, "rack", "12");
        has (s, t, i, "role", "database");
        has (s, t, i, "nothing", NULL);
        has (s, t, i, "hostname", host);
      }
    }
    ck_assert_uint_eq (get (s, 1, 0, "b").u64, 1001);
    ck_assert_uint_eq (get (s, 1, 3, "a").absent, KK_DENIED);
    ck_assert_uint_eq (s->tables[1].state, KK_COMPLETE);
  }
  ck_assert_ptr_nonnull (strstr (filter->last_message, "KK_TEST_NOT_SET is not set"));
  end ();
}
END_TEST

START_TEST (values_are_those_of_the_start)
{
  begin ();
  setenv ("KK_TEST_ROLE", "mail", 1);
  run ("a", "b");
  has (came[0], 0, 0, "role", "database");
  end ();
  setenv ("KK_TEST_ROLE", "", 1);
  begin ();
  run ("a", "b");
  has (came[0], 0, 0, "role", "");
  end ();
}
END_TEST

START_TEST (tables_are_chosen)
{
  config.tables.count = 0;
  begin ();
  run ("abc", "de");
  ck_assert_uint_eq (came[0]->schema->tables[0].n_fields, 7);
  ck_assert_uint_eq (came[0]->schema->tables[1].n_fields, 2);
  ck_assert_uint_eq (came[0]->schema->tables[2].n_fields, 2);
  end ();
  config.tables = (struct kk_list){.items = things, .count = 1};
  begin ();
  run ("abc", "de");
  ck_assert_uint_eq (came[0]->schema->tables[0].n_fields, 2);
  ck_assert_uint_eq (came[0]->schema->tables[1].n_fields, 7);
  end ();
}
END_TEST

START_TEST (without_any_the_sample_goes_on_as_it_is)
{
  config = (struct config){.host_name = ""};
  begin ();
  struct sample *s = make_sample (schema, "abc", "de");
  chain_run (chain, s);
  ck_assert_ptr_eq (came[0], s);
  sample_unref (s);
  end ();
}
END_TEST

START_TEST (what_is_held_stays_held)
{
  begin ();
  struct sample *s = make_sample (schema, "abc", "de");
  s->tick = 2; /* all of it was read at 1 */
  ((struct block *) (uintptr_t) s->tables[1].segments[1].block)->tick = 2;
  sample_seal (s);
  chain_run (chain, s);
  for (uint32_t t = 0; t < 3; t++) {
    struct kk_table_info before, after;
    kk_table_info (&s->face, t, &before);
    kk_table_info (&came[0]->face, t, &after);
    ck_assert (before.held == after.held && before.mono_ns == after.mono_ns && before.state == after.state);
    ck_assert_uint_eq (before.held, t != 1);
  }
  for (uint32_t i = 0; i < 5; i++) {
    ck_assert_uint_eq (get (came[0], 1, i, "site").held, i < 3);
    ck_assert_uint_eq (get (came[0], 1, i, "a").held, i < 3);
    ck_assert_uint_eq (kk_get_identity (&came[0]->face, 1, i), i + 1);
  }
  sample_unref (s);
  end ();
}
END_TEST

static void
wrong (const char *said, const char *option)
{
  static struct kk_fault fault;
  fault = (struct kk_fault){.option = NULL};
  if (!label_check (&config, &fault)) {
    struct shape *shape;
    ck_assert_int_eq (shape_new (&env.host, schema, &shape), 0);
    if (!label_shape (&config, &schema->face, &shape->face, &fault))
      ck_assert_int_eq (shape_finish (shape), 0);
    shape_free (shape);
  }
  ck_assert_msg (strstr (fault.text, said) && (*said || !*fault.text), "said is '%s', and not '%s'", fault.text, said);
  if (option)
    ck_assert_str_eq (fault.option, option);
  make_config ();
}

#define ONE(name_, text_)                                                                                                      \
  ((struct kk_map){.names = (const char *const[]){name_}, .items = (const char *const[]){text_}, .count = 1})

START_TEST (what_makes_no_sense_is_refused)
{
  wrong ("", NULL);
  config.fields = ONE ("a", "x");
  wrong ("table 'system' has a field 'a' already", "fields.a");
  config.environment = ONE ("b", "HOME");
  wrong ("has a field 'b' already", "environment.b");
  config.host_name = "a";
  wrong ("has a field 'a' already", "host_name");
  config.host_name = "site";
  wrong ("there is a field 'site' in fields already", "host_name");
  config.environment = ONE ("rack", "HOME");
  wrong ("there is a field 'rack' in fields already", "environment.rack");
  config.fields = ONE ("Site", "x");
  wrong ("'Site' is no name", "fields.Site");
  config.host_name = "host-name";
  wrong ("'host-name' is no name", "host_name");
  config.environment = ONE ("role", "");
  wrong ("'' is no name of a variable", "environment.role");
  config.environment = ONE ("role", "A=B");
  wrong ("'A=B' is no name of a variable", "environment.role");
  config.environment = ONE ("role", "$ROLE");
  wrong ("'$ROLE' is no name of a variable: write it as HOME", "environment.role");
  config.tables = (struct kk_list){.items = (const char *const[]){"thing"}, .count = 1};
  wrong ("no table 'thing' comes along: did you mean 'things'?", "tables");
  config.tables = (struct kk_list){.items = (const char *const[]){"gpu*"}, .count = 1};
  wrong ("", NULL);
  static char longest[MAX_TEXT + 2];
  memset (longest, 'x', MAX_TEXT);
  config.fields = ONE ("long", longest);
  wrong ("", NULL);
  longest[MAX_TEXT] = 'x';
  config.fields = ONE ("long", longest);
  wrong ("at most 16384 bytes", "fields.long");
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, each_row_has_them);
  tcase_add_test (t, values_are_those_of_the_start);
  tcase_add_test (t, tables_are_chosen);
  tcase_add_test (t, without_any_the_sample_goes_on_as_it_is);
  tcase_add_test (t, what_is_held_stays_held);
  tcase_add_test (t, what_makes_no_sense_is_refused);
}

UNIT_MAIN ("label", tests)
