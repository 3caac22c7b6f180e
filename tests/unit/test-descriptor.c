#include "fake.h"

static int
read_ (void *state, struct kk_rows *out)
{
  (void)state, (void)out;
  return 0;
}

struct config {
  bool flag;
  int64_t number;
  struct kk_map map;
};
struct entry {
  bool on;
  const char *text;
};

/* What each test changes one thing of. */
static struct kk_option options[3], members[3];
static struct kk_field fields[3];
static struct kk_table tables[2];
static struct kk_plugin plugin;

static void
set_up (void)
{
  const struct kk_option o[] = {KK_OPT_BOOL ("flag", struct config, flag, .help = "A flag"),
                                KK_OPT_INT ("number", struct config, number, .def = "5", .help = "A number")};
  const struct kk_option inner[] = {KK_OPT_BOOL ("on", struct entry, on, .def = "true", .help = "On"),
                                    KK_OPT_STRING ("text", struct entry, text, .help = "Text")};
  const struct kk_field f[] = {KK_F64 ("load", "1", KK_GAUGE, .decimals = 2, .help = "Load"),
                               KK_U64 ("count", "1", KK_COUNTER, .only_if = "flag", .help = "Count")};
  const struct kk_table t[] = {KK_KEYED ("things", "name", KK_STRING_KEY, fields, "Things")};
  memset (options, 0, sizeof options);
  memset (members, 0, sizeof members);
  memcpy (options, o, sizeof o);
  memcpy (members, inner, sizeof inner);
  memcpy (fields, f, sizeof f);
  memcpy (tables, t, sizeof t);
  tables[0].n_fields = 2;
  plugin = (struct kk_plugin)FAKE_PLUGIN (.kind = KK_INPUT, .name = "thing", .options = options, .n_options = 2,
                                          .tables = tables, .n_tables = 1, .create = fake_create, .read = read_,
                                          .config_size = sizeof (struct config));
}

static void
refused (const char *with)
{
  struct descriptor *d = (struct descriptor *)1;
  char *reason = NULL;
  ck_assert_int_eq (descriptor_copy (&plugin, NULL, &d, &reason), -EINVAL);
  ck_assert_ptr_eq (d, (struct descriptor *)1);
  ck_assert_ptr_nonnull (reason);
  ck_assert_msg (strstr (reason, with) != NULL, "'%s' does not say '%s'", reason, with);
  free (reason);
  set_up ();
}

#define REFUSED(change, with)                                                                                                  \
  do {                                                                                                                         \
    change;                                                                                                                    \
    refused (with);                                                                                                            \
  } while (0)

START_TEST (heads_that_are_refused)
{
  REFUSED (plugin.api = KK_API_NEWEST + 1, "needs plugin API 3");
  REFUSED (plugin.api = 0, "not one that KK_PLUGIN made");
  REFUSED (plugin.size = 16, "not one that KK_PLUGIN made");
  REFUSED (plugin.size = 1u << 20, "not one that KK_PLUGIN made");
  REFUSED (plugin.option_size = 4, "sizes of its tables");
  REFUSED (plugin.field_size = 0, "sizes of its tables");
  REFUSED (plugin.table_size = 1u << 20, "sizes of its tables");
  REFUSED (plugin.n_options = 0, "write KK_OPTIONS (options)");
  REFUSED (plugin.n_tables = 0, "write KK_TABLES (tables)");
  REFUSED (plugin.options = NULL, "options");
  REFUSED (plugin.n_options = 100000, "more than");
  REFUSED (plugin.config_size = 1u << 30, "more than");
}
END_TEST

START_TEST (callbacks_and_kinds_that_are_refused)
{
  REFUSED (plugin.kind = 0, ".kind is 0");
  REFUSED (plugin.kind = 4, ".kind is 4");
  REFUSED (plugin.name = NULL, ".name");
  REFUSED (plugin.name = "Thing", ".name");
  REFUSED (plugin.name = "9thing", ".name");
  REFUSED (plugin.version = NULL, ".version");
  REFUSED (plugin.summary = NULL, ".summary");
  REFUSED (plugin.create = NULL, ".create");
  REFUSED (plugin.read = NULL, ".read");
  REFUSED ((plugin.tables = NULL, plugin.n_tables = 0), "KK_TABLES");
  REFUSED (plugin.kind = KK_FILTER, "only inputs have tables");
  REFUSED ((plugin.kind = KK_FILTER, plugin.tables = NULL, plugin.n_tables = 0), "needs .bind and .process");
  REFUSED ((plugin.kind = KK_OUTPUT, plugin.tables = NULL, plugin.n_tables = 0), "needs .write");
}
END_TEST

START_TEST (options_that_are_refused)
{
  REFUSED (options[0].name = NULL, "option number 0 has no name");
  REFUSED (plugin.n_options = 3, "option number 2 has no name");
  REFUSED (options[0].name = "a-b", "'a-b' is not");
  REFUSED (options[0].help = NULL, "has no .help");
  REFUSED (options[0].type = 77, "has type 77");
  REFUSED (options[1].offset = sizeof (struct config) - 4, "outside the config struct");
  REFUSED (options[1].offset = UINT32_MAX, "outside the config struct");
  REFUSED (plugin.config_size = 0, "outside the config struct");
  REFUSED (options[1].type = KK_OPTION_CHOICE, "without .choices");
  REFUSED (options[1].flags = KK_REQUIRED, "KK_REQUIRED");
  REFUSED (options[1].name = "flag", "'flag' is declared twice");
}
END_TEST

/* A third option: a map with members. */
static void
add_map (void)
{
  const struct kk_option map = KK_OPT_MAP ("map", struct config, map, KK_MEMBERS (members, struct entry), .help = "A map");
  options[2] = map;
  options[2].n_members = 2;
  plugin.n_options = 3;
}

#define MAP_REFUSED(change, with) REFUSED ((add_map (), change), with)

START_TEST (maps_that_are_refused)
{
  MAP_REFUSED (options[2].n_members = 3, "option number 2 of map has no name: a hole");
  MAP_REFUSED (options[2].n_members = 0, "option number 2 has members in a way");
  MAP_REFUSED (options[2].members = NULL, "option number 2 has members in a way");
  MAP_REFUSED (options[2].member_size = 0, "option number 2 has members in a way");
  MAP_REFUSED (options[2].type = KK_OPTION_LIST, "option number 2 has members in a way");
  MAP_REFUSED (options[2].n_members = 65, "more than 64 members or 4096 bytes");
  MAP_REFUSED (options[2].member_size = 4097, "more than 64 members or 4096 bytes");
  MAP_REFUSED (options[2].member_size = sizeof (struct entry) - 1, "option 'map.text' lies outside the struct of an entry");
  MAP_REFUSED (members[1].offset = UINT32_MAX, "option 'map.text' lies outside the struct of an entry");
  MAP_REFUSED (options[2].def = "{}", "'map' is a map, which has no .def");
  MAP_REFUSED (options[2].choices = "a|b", "'map' is a map, which has no .def");
  MAP_REFUSED ((members[1] = options[2], members[1].offset = 0, options[2].member_size = 64),
               "'map.map' is a map within a map");
  MAP_REFUSED (members[0].name = "On", "option name 'On' of map is not");
  MAP_REFUSED (members[0].help = NULL, "option 'map.on' has no .help");
  MAP_REFUSED (members[0].type = 77, "option 'map.on' has type 77");
  MAP_REFUSED (members[0].flags = KK_REQUIRED, "option 'map.on' is KK_REQUIRED");
  MAP_REFUSED (members[0].type = KK_OPTION_CHOICE, "option 'map.on' is a choice without");
  MAP_REFUSED (members[1].name = "on", "option 'on' of map is declared twice");
  MAP_REFUSED (options[2].offset = sizeof (struct config) - 8, "option 'map' lies outside the config struct");
}
END_TEST

START_TEST (a_map_is_copied_with_its_members)
{
  char name[] = "text";
  add_map ();
  members[1].name = name;
  options[2].flags = KK_SECRET;
  struct descriptor *d = fake_descriptor (&plugin), *again;
  memset (name, 'x', sizeof name);
  memset (options, 0xff, sizeof options);
  memset (members, 0xff, sizeof members);
  plugin = d->plugin;
  plugin.option_size = sizeof (struct kk_option);
  again = fake_descriptor (&plugin);
  descriptor_free (d);
  const struct kk_option *map = descriptor_option (again, "map");
  ck_assert_ptr_nonnull (map);
  ck_assert_uint_eq (map->n_members, 2);
  ck_assert_uint_eq (map->member_size, sizeof (struct entry));
  ck_assert_str_eq (map->members[0].def, "true");
  ck_assert_str_eq (map->members[1].name, "text");
  ck_assert_uint_eq (map->members[1].offset, offsetof (struct entry, text));
  ck_assert (map->members[1].flags & KK_SECRET);
  descriptor_free (again);
}
END_TEST

START_TEST (tables_that_are_refused)
{
  char name[66];
  memset (name, 'a', 64);
  name[64] = 0;
  REFUSED (tables[0].name = NULL, "table number 0 has no name");
  REFUSED (tables[0].name = name, "at most 63");
  REFUSED (tables[0].name = "", "table name");
  REFUSED (tables[0].key = NULL, "KK_SINGLE or KK_KEYED");
  REFUSED (tables[0].key_type = KK_NO_KEY, "KK_SINGLE or KK_KEYED");
  REFUSED (tables[0].key_type = 9, "KK_SINGLE or KK_KEYED");
  REFUSED (tables[0].only_if = "number", "no KK_OPT_BOOL option");
  REFUSED (tables[0].only_if = "nothing", "no KK_OPT_BOOL option");
  REFUSED (tables[0].n_fields = 0, "fields and their count");
  REFUSED (tables[0].fields = NULL, "fields and their count");
  REFUSED (tables[0].n_fields = 100000, "at most");
  REFUSED ((tables[1] = tables[0], plugin.n_tables = 2), "'things' is declared twice");
  REFUSED (tables[0].n_fields = 3, "field number 2 has no name: a hole");
  REFUSED (fields[0].name = "Load", "'Load' is not");
  REFUSED (fields[0].type = 0, "type or kind");
  REFUSED (fields[0].type = 6, "type or kind");
  REFUSED (fields[0].kind = 0, "type or kind");
  REFUSED (fields[0].decimals = 10, "at most 9");
  REFUSED (fields[0].unit = NULL, "needs .unit and .help");
  REFUSED (fields[0].help = NULL, "needs .unit and .help");
  REFUSED (fields[0].only_if = "load", "no KK_OPT_BOOL option");
  REFUSED (fields[1].name = "load", "'things.load' is declared twice");
}
END_TEST

static void
is_right (const struct descriptor *d)
{
  const struct kk_plugin *p = &d->plugin;
  ck_assert_str_eq (p->name, "thing");
  ck_assert_str_eq (p->summary, "Of a test");
  ck_assert_str_eq (p->options[0].name, "flag");
  ck_assert_str_eq (p->options[1].name, "number");
  ck_assert_str_eq (p->options[1].def, "5");
  ck_assert_uint_eq (p->options[1].offset, offsetof (struct config, number));
  ck_assert_str_eq (p->tables[0].name, "things");
  ck_assert_str_eq (p->tables[0].key, "name");
  ck_assert_str_eq (p->tables[0].fields[0].name, "load");
  ck_assert_uint_eq (p->tables[0].fields[0].decimals, 2);
  ck_assert_str_eq (p->tables[0].fields[1].name, "count");
  ck_assert_str_eq (p->tables[0].fields[1].only_if, "flag");
  ck_assert_ptr_eq (descriptor_option (d, "number"), p->options + 1);
  ck_assert_ptr_null (descriptor_option (d, "numbers"));
  ck_assert (descriptor_has (d, &(struct config){.flag = true}, "flag"));
  ck_assert (!descriptor_has (d, &(struct config){.flag = false}, "flag"));
  ck_assert (descriptor_has (d, &(struct config){.flag = false}, NULL));
}

START_TEST (nothing_points_into_the_plugin)
{
  static char names[3][16] = {"thing", "flag", "load"};
  char copy[3][16];
  memcpy (copy, names, sizeof copy);
  plugin.name = copy[0];
  options[0].name = copy[1];
  fields[1].only_if = copy[1];
  fields[0].name = copy[2];
  struct descriptor *d = fake_descriptor (&plugin);
  memset (copy, 'x', sizeof copy);
  memset (options, 0xff, sizeof options);
  memset (fields, 0xff, sizeof fields);
  memset (tables, 0xff, sizeof tables);
  memset (&plugin, 0xff, sizeof plugin);
  is_right (d);
  descriptor_free (d);
}
END_TEST

START_TEST (an_older_plugin_has_shorter_structs)
{
  size_t size = offsetof (struct kk_plugin, flush);
  struct kk_plugin *old = malloc (size); /* a sanitizer sees a read beyond it */
  struct {
    char bytes[2][offsetof (struct kk_option, reserved)];
  } *o = malloc (sizeof *o);
  ck_assert (old && o);
  plugin.option_size = sizeof o->bytes[0];
  for (int i = 0; i < 2; i++)
    memcpy (o->bytes[i], options + i, sizeof o->bytes[0]);
  plugin.options = (const struct kk_option *)(void *)o;
  plugin.size = (uint32_t)size;
  memcpy (old, &plugin, size);
  struct descriptor *d = fake_descriptor (old);
  free (old);
  free (o);
  is_right (d);
  ck_assert (d->plugin.flush == NULL);
  ck_assert_uint_eq (d->plugin.options[1].reserved, 0);
  ck_assert_uint_eq (d->plugin.options[1].n_members, 0);
  descriptor_free (d);
}
END_TEST

START_TEST (a_newer_plugin_has_longer_structs)
{
  static struct {
    struct kk_option known;
    char more[40];
  } o[2];
  static struct {
    struct kk_field known;
    char more[8];
  } f[2];
  static struct {
    struct kk_table known;
    char more[64];
  } t[1];
  static struct {
    struct kk_plugin known;
    char more[128];
  } p;
  memset (&p, 0xee, sizeof p);
  memset (o, 0xee, sizeof o), memset (f, 0xee, sizeof f), memset (t, 0xee, sizeof t);
  for (int i = 0; i < 2; i++)
    o[i].known = options[i], f[i].known = fields[i];
  t[0].known = tables[0];
  t[0].known.fields = &f[0].known;
  p.known = plugin;
  p.known.size = sizeof p, p.known.option_size = sizeof o[0], p.known.field_size = sizeof f[0],
  p.known.table_size = sizeof t[0];
  p.known.options = &o[0].known;
  p.known.tables = &t[0].known;
  struct descriptor *d = fake_descriptor (&p.known);
  is_right (d);
  descriptor_free (d);
}
END_TEST

START_TEST (kinds_have_names)
{
  struct descriptor *d = fake_descriptor (&plugin);
  ck_assert_str_eq (descriptor_kind (d), "input");
  d->plugin.kind = KK_FILTER;
  ck_assert_str_eq (descriptor_kind (d), "filter");
  d->plugin.kind = KK_OUTPUT;
  ck_assert_str_eq (descriptor_kind (d), "output");
  descriptor_free (d);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, NULL);
  tcase_add_test (t, heads_that_are_refused);
  tcase_add_test (t, callbacks_and_kinds_that_are_refused);
  tcase_add_test (t, options_that_are_refused);
  tcase_add_test (t, maps_that_are_refused);
  tcase_add_test (t, a_map_is_copied_with_its_members);
  tcase_add_test (t, tables_that_are_refused);
  tcase_add_test (t, nothing_points_into_the_plugin);
  tcase_add_test (t, an_older_plugin_has_shorter_structs);
  tcase_add_test (t, a_newer_plugin_has_longer_structs);
  tcase_add_test (t, kinds_have_names);
}

UNIT_MAIN ("descriptor", tests)
