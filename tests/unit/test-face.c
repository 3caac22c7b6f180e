#include "declare.h"
#include "fake.h"
#include "isolate/face.h"
#include "option.h"

struct config {
  struct kk_list words;
  bool on;
  const char *path;
  int64_t number, pause_ns, size;
  double share, ratio;
  int32_t choice;
  const char *secret;
  struct kk_map texts, entries;
};
struct entry {
  int32_t choice;
  const char *text;
  struct kk_list words;
  double share;
};
static const struct kk_option members[] = {
  KK_OPT_STRING ("text", struct entry, text, .flags = KK_REQUIRED, .help = "Text"),
  KK_OPT_CHOICE ("choice", struct entry, choice, "one|two", .help = "Choice"),
  KK_OPT_LIST ("words", struct entry, words, .def = "[y, z]", .help = "Words"),
  KK_OPT_PERCENT ("share", struct entry, share, .def = "5%", .help = "Share"),
};
static const struct kk_option options[] = {
  KK_OPT_LIST ("words", struct config, words, .def = "[a, b c, d]", .help = "Words"),
  KK_OPT_BOOL ("on", struct config, on, .def = "true", .help = "On"),
  KK_OPT_PATH ("path", struct config, path, .def = "/some/where", .help = "Path", .flags = KK_ADVANCED),
  KK_OPT_INT ("number", struct config, number, .def = "-7", .min = "-10", .max = "10", .unit = "pieces", .help = "Number"),
  KK_OPT_DURATION ("pause", struct config, pause_ns, .def = "1.5s", .help = "Pause"),
  KK_OPT_BYTES ("size", struct config, size, .def = "4KiB", .help = "Size"),
  KK_OPT_PERCENT ("share", struct config, share, .def = "12.5%", .help = "Share"),
  KK_OPT_FLOAT ("ratio", struct config, ratio, .def = "0.1", .help = "Ratio"),
  KK_OPT_CHOICE ("choice", struct config, choice, "one|two|three", .def = "three", .help = "Choice"),
  KK_OPT_STRING ("secret", struct config, secret, .help = "Secret", .flags = KK_SECRET),
  KK_OPT_MAP ("texts", struct config, texts, .help = "Texts"),
  KK_OPT_MAP ("entries", struct config, entries, KK_MEMBERS (members, struct entry), .help = "Entries"),
};
static const struct kk_field fields[] = {KK_F64 ("f", "%", KK_GAUGE, .decimals = 3, .help = "f"),
                                         KK_STRING ("s", .only_if = "on", .help = "s")};
static const struct kk_table tables[] = {KK_SINGLE ("one", fields, "One"),
                                         KK_KEYED ("many", "id", KK_U64_KEY, fields, "Many", .max_rows = 9, .only_if = "on")};

static int
read_ (void *state, struct kk_rows *out)
{
  (void) state;
  (void) out;
  return 0;
}

static int
check (const void *config, struct kk_fault *fault)
{
  (void) config;
  (void) fault;
  return 0;
}

static const struct kk_plugin plugin =
  FAKE_PLUGIN (.kind = KK_INPUT, .name = "whole", .interval = "10s", .flags = KK_LAST, KK_OPTIONS (options), KK_TABLES (tables),
               .create = fake_create, .read = read_, .check = check, .config_size = sizeof (struct config));
/* What the host calls instead; more than the plugin has. */
static struct kk_plugin calls;

static struct descriptor *own, *d;
static struct buf said;
static char *reason;

static int
take (size_t n)
{
  char *exact = malloc (n + 1); /* so that a tool sees a step past the end */
  ck_assert_ptr_nonnull (exact);
  memmove (exact, said.data, n);
  descriptor_free (d);
  free (reason);
  d = NULL;
  reason = NULL;
  int r = face_take (exact, n, &calls, "/nowhere/whole.so", &d, &reason);
  free (exact);
  return r;
}

static void
set_up (void)
{
  calls = plugin;
  calls.declare = (int (*) (const void *, struct kk_declare *, struct kk_fault *)) abort;
  own = fake_descriptor (&plugin);
  face_put (&said, &own->plugin);
}

static void
tear_down (void)
{
  descriptor_free (own);
  descriptor_free (d);
  buf_free (&said);
  free (reason);
}

#define SAME_TEXT(a, b)                                                                                                        \
  do {                                                                                                                         \
    ck_assert (!(a) == !(b));                                                                                                  \
    if (a)                                                                                                                     \
      ck_assert_str_eq (a, b);                                                                                                 \
  } while (0)

static void
same_options (const struct kk_option *a, const struct kk_option *b, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) {
    const struct kk_option *x = a + i, *y = b + i;
    SAME_TEXT (x->name, y->name);
    SAME_TEXT (x->help, y->help);
    SAME_TEXT (x->def, y->def);
    SAME_TEXT (x->min, y->min);
    SAME_TEXT (x->max, y->max);
    SAME_TEXT (x->choices, y->choices);
    SAME_TEXT (x->unit, y->unit);
    ck_assert_uint_eq (x->type, y->type);
    ck_assert_uint_eq (x->flags, y->flags);
    ck_assert_uint_eq (x->n_members, y->n_members);
    same_options (x->members, y->members, x->n_members);
  }
}

static void
same_table (const struct kk_table *x, const struct kk_table *y)
{
  SAME_TEXT (x->name, y->name);
  SAME_TEXT (x->key, y->key);
  SAME_TEXT (x->help, y->help);
  SAME_TEXT (x->only_if, y->only_if);
  ck_assert_uint_eq (x->key_type, y->key_type);
  ck_assert_uint_eq (x->max_rows, y->max_rows);
  ck_assert_uint_eq (x->n_fields, y->n_fields);
  for (uint32_t f = 0; f < x->n_fields; f++) {
    SAME_TEXT (x->fields[f].name, y->fields[f].name);
    SAME_TEXT (x->fields[f].unit, y->fields[f].unit);
    SAME_TEXT (x->fields[f].help, y->fields[f].help);
    SAME_TEXT (x->fields[f].only_if, y->fields[f].only_if);
    ck_assert_uint_eq (x->fields[f].type, y->fields[f].type);
    ck_assert_uint_eq (x->fields[f].kind, y->fields[f].kind);
    ck_assert_uint_eq (x->fields[f].decimals, y->fields[f].decimals);
  }
}

START_TEST (a_description_arrives_whole)
{
  ck_assert_int_eq (take (said.len), 0);
  ck_assert_str_eq (d->plugin.name, "whole");
  SAME_TEXT (d->plugin.version, plugin.version);
  SAME_TEXT (d->plugin.summary, plugin.summary);
  ck_assert_uint_eq (d->plugin.flags, plugin.flags);
  SAME_TEXT (d->plugin.interval, plugin.interval);
  ck_assert_uint_eq (d->plugin.kind, KK_INPUT);
  ck_assert_uint_eq (d->plugin.n_options, plugin.n_options);
  same_options (d->plugin.options, plugin.options, plugin.n_options);
  ck_assert_uint_eq (d->plugin.n_tables, KK_COUNT (tables));
  for (uint32_t t = 0; t < KK_COUNT (tables); t++)
    same_table (d->plugin.tables + t, tables + t);
  ck_assert_uint_eq (d->n_said, said.len);
  ck_assert_int_eq (memcmp (d->said, said.data, said.len), 0);
}
END_TEST

START_TEST (callbacks_are_there_if_the_plugin_has_them)
{
  ck_assert_int_eq (take (said.len), 0);
  ck_assert_ptr_nonnull (d->plugin.check);
  ck_assert_ptr_null (d->plugin.declare);
  ck_assert_ptr_null (d->plugin.flush);
  ck_assert_ptr_null (d->plugin.flush_filter);
}
END_TEST

START_TEST (a_part_of_a_description_is_none)
{
  for (size_t n = 0; n < said.len; n++)
    ck_assert_int_ne (take (n), 0);
  wire_u8 (&said, 0);
  ck_assert_int_eq (take (said.len), -EBADMSG);
}
END_TEST

START_TEST (a_bad_description_is_refused_with_the_usual_sentence)
{
  struct kk_option twice[2] = {options[1], options[1]};
  struct kk_plugin bad = own->plugin;
  bad.options = twice;
  bad.n_options = 2;
  buf_clear (&said);
  face_put (&said, &bad);
  ck_assert_int_eq (take (said.len), -EINVAL);
  ck_assert_str_eq (reason, "option 'on' is declared twice");
  struct kk_option nested = options[KK_COUNT (options) - 1];
  nested.members = options + KK_COUNT (options) - 2;
  nested.n_members = 1;
  bad = own->plugin;
  bad.options = &nested;
  bad.n_options = 1;
  buf_clear (&said);
  face_put (&said, &bad);
  ck_assert_int_eq (take (said.len), -EBADMSG); /* a map within a map */
  bad = own->plugin;
  bad.n_tables = 0;
  buf_clear (&said);
  face_put (&said, &bad);
  ck_assert_int_eq (take (said.len), -EINVAL);
  ck_assert_ptr_nonnull (strstr (reason, "an input needs .read"));
}
END_TEST

static void
maps_are_right (const struct config *c)
{
  const char *const *texts = c->texts.items;
  const struct entry *entries = c->entries.items;
  ck_assert_uint_eq (c->texts.count, 2);
  ck_assert_str_eq (c->texts.names[0], "b");
  ck_assert_str_eq (texts[0], "c");
  ck_assert_str_eq (c->texts.names[1], "a");
  ck_assert_str_eq (texts[1], "");
  ck_assert_uint_eq (c->entries.count, 2);
  ck_assert_str_eq (c->entries.names[1], "y");
  ck_assert_str_eq (entries[0].text, "u");
  ck_assert_int_eq (entries[0].choice, 1);
  ck_assert_str_eq (entries[0].words.items[1], "z");
  ck_assert_str_eq (entries[1].text, "v");
  ck_assert_uint_eq (entries[1].words.count, 1);
  ck_assert_str_eq (entries[1].words.items[0], "w");
  ck_assert_double_eq (entries[1].share, 7);
}

START_TEST (a_config_goes_from_one_layout_to_the_other)
{
  static const char text[] = "texts: {b: c, a: ''}\nentries: {x: {text: u, choice: two}, y: {text: v, words: [w], share: 7}}";
  struct diag faults = {0};
  struct yaml_document *doc;
  void *here, *there;
  ck_assert_int_eq (take (said.len), 0);
  ck_assert_int_eq (yaml_parse ("f", text, strlen (text), &faults, &doc), 0);
  ck_assert_uint_ne (d->plugin.options[2].offset, own->plugin.options[2].offset);
  ck_assert_int_eq (option_fill (d->plugin.options, d->plugin.n_options, d->plugin.config_size, doc->root, NULL,
                                 (struct place){0}, &faults, &here),
                    0);
  yaml_free (doc);
  struct buf BUF_CLEANUP bytes = {0};
  face_put_config (&bytes, d, here);
  for (size_t n = 0; n <= bytes.len; n++) {
    struct wire w = {.p = bytes.data, .end = bytes.data + n};
    there = face_take_config (&w, own);
    ck_assert (!there == (n < bytes.len));
  }
  const struct config *c = there;
  ck_assert_uint_eq (c->words.count, 3);
  ck_assert_str_eq (c->words.items[0], "a");
  ck_assert_str_eq (c->words.items[1], "b c");
  ck_assert_str_eq (c->words.items[2], "d");
  ck_assert (c->on);
  ck_assert_str_eq (c->path, "/some/where");
  ck_assert_int_eq (c->number, -7);
  ck_assert_int_eq (c->pause_ns, 1500 * MS);
  ck_assert_int_eq (c->size, 4096);
  ck_assert_double_eq (c->share, 12.5);
  ck_assert_double_eq (c->ratio, 0.1);
  ck_assert_int_eq (c->choice, 2);
  ck_assert_str_eq (c->secret, "");
  maps_are_right (c);
  option_free (own->plugin.options, own->plugin.n_options, there);
  option_free (d->plugin.options, d->plugin.n_options, here);
  diag_free (&faults);
}
END_TEST

/* ---- Declared tables ---- */

static size_t n_taken;

static int
declare (const void *config, struct kk_declare *out, struct kk_fault *fault)
{
  (void) config;
  struct wire w = {.p = said.data, .end = said.data + n_taken};
  return face_take_tables (&w, out) ? kk_refuse (fault, NULL, "nonsense") : 0;
}

START_TEST (declared_tables_arrive_behind_the_others)
{
  struct kk_table more[] = {tables[0], tables[1]};
  struct kk_fault fault;
  struct descriptor *declared;
  more[0].name = "third";
  more[1].name = "fourth";
  own->plugin.declare = declare;
  buf_clear (&said);
  face_put_tables (&said, more, 2);
  for (n_taken = 0; n_taken < said.len; n_taken++)
    ck_assert_int_eq (declare_tables (own, NULL, &fault, &declared), -EINVAL);
  ck_assert_int_eq (declare_tables (own, NULL, &fault, &declared), 0);
  ck_assert_uint_eq (declared->plugin.n_tables, 4);
  for (uint32_t t = 0; t < 4; t++)
    same_table (declared->plugin.tables + t, t < 2 ? tables + t : more + t - 2);
  descriptor_free (declared);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, a_description_arrives_whole);
  tcase_add_test (t, callbacks_are_there_if_the_plugin_has_them);
  tcase_add_test (t, a_part_of_a_description_is_none);
  tcase_add_test (t, a_bad_description_is_refused_with_the_usual_sentence);
  tcase_add_test (t, a_config_goes_from_one_layout_to_the_other);
  tcase_add_test (t, declared_tables_arrive_behind_the_others);
}
UNIT_MAIN ("face", tests)
