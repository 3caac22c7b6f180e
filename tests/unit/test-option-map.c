/* Options that are maps: from a tree to names and texts or structs, and what is said of those that do not fit. */
#include "buf.h"
#include "option.h"
#include "unit.h"

struct rule {
  const char *when;
  int64_t for_ns;
  struct kk_list words;
  int32_t level;
};
static const struct kk_option members[] = {
  KK_OPT_STRING ("when", struct rule, when, .flags = KK_REQUIRED, .help = "What must be true"),
  KK_OPT_DURATION ("for", struct rule, for_ns, .def = "30s", .max = "1h", .help = "How long"),
  KK_OPT_LIST ("words", struct rule, words, .def = "[a, b]", .help = "Words"),
  KK_OPT_CHOICE ("level", struct rule, level, "low|high", .def = "high", .help = "Level"),
};
struct config {
  struct kk_map fields;
  int64_t number;
  struct kk_map rules;
};
static const struct kk_option options[] = {
  KK_OPT_MAP ("fields", struct config, fields, .help = "Old and new names"),
  KK_OPT_INT ("number", struct config, number, .def = "7", .help = "A number"),
  KK_OPT_MAP ("rules", struct config, rules, KK_MEMBERS (members, struct rule), .help = "Rules by name"),
};
enum { N = KK_COUNT (options) };

static struct diag faults;
static struct yaml_document *doc;

static struct config *
fill_with (const struct kk_option *table, uint32_t n, const char *text)
{
  void *config = NULL;
  diag_free (&faults);
  yaml_free (doc);
  ck_assert_int_eq (yaml_parse ("f", text, strlen (text), &faults, &doc), 0);
  int r = option_fill (table, n, sizeof (struct config), doc->root, NULL, doc->root->at, &faults, &config);
  ck_assert_msg ((r == 0) == (config != NULL) && (r == 0) == (faults.errors == 0), "%s", text);
  return config;
}

static struct config *
fill (const char *text)
{
  return fill_with (options, N, text);
}

static void
tear_down (void)
{
  diag_free (&faults);
  yaml_free (doc);
  doc = NULL;
}

START_TEST (empty_ones)
{
  static const char *const texts[] = {"", "rules:\nfields:", "rules: ~\nfields: null", "rules: {}\nfields: {}"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct config *c = fill (texts[i]);
    ck_assert_msg (c && !c->fields.count && !c->rules.count && c->number == 7, "%s", texts[i]);
    option_free (options, N, c);
  }
}
END_TEST

START_TEST (texts_and_structs)
{
  struct config *c = fill ("fields: {b: x, a: '', ä.ö: 12}\nrules:\n  slow:\n    when: cpu > 9\n    for: 1m\n    words: [c]\n"
                           "  'odd name: \"x\"': {level: low, when: y}\n");
  ck_assert_uint_eq (c->fields.count, 3);
  const char *const *texts = c->fields.items;
  ck_assert_str_eq (c->fields.names[0], "b");
  ck_assert_str_eq (texts[0], "x");
  ck_assert_str_eq (c->fields.names[1], "a");
  ck_assert_str_eq (texts[1], "");
  ck_assert_str_eq (c->fields.names[2], "ä.ö");
  ck_assert_str_eq (texts[2], "12");
  ck_assert_uint_eq (c->rules.count, 2);
  const struct rule *rules = c->rules.items;
  ck_assert_str_eq (c->rules.names[0], "slow");
  ck_assert_str_eq (rules[0].when, "cpu > 9");
  ck_assert_int_eq (rules[0].for_ns, INT64_C (60000000000));
  ck_assert_uint_eq (rules[0].words.count, 1);
  ck_assert_int_eq (rules[0].level, 1);
  ck_assert_str_eq (c->rules.names[1], "odd name: \"x\"");
  ck_assert_str_eq (rules[1].when, "y");
  ck_assert_int_eq (rules[1].for_ns, INT64_C (30000000000));
  ck_assert_str_eq (rules[1].words.items[1], "b");
  ck_assert_int_eq (rules[1].level, 0);
  option_free (options, N, c);
}
END_TEST

START_TEST (names_at_their_limit)
{
  char text[400], name[129];
  memset (name, 'n', 128);
  name[127] = 0;
  snprintf (text, sizeof text, "fields: {%s: x}", name);
  struct config *c = fill (text);
  ck_assert_ptr_nonnull (c);
  ck_assert_str_eq (c->fields.names[0], name);
  option_free (options, N, c);
  name[127] = 'n';
  name[128] = 0;
  snprintf (text, sizeof text, "fields: {%s: x}", name);
  ck_assert_ptr_null (fill (text));
  ck_assert_str_eq (faults.items[0].text, "a name in fields is longer than 127 bytes: give a shorter one");
}
END_TEST

START_TEST (entries_at_their_limit)
{
  for (unsigned int n = 1000; n <= 1001; n++) {
    struct buf BUF_CLEANUP text = {0};
    buf_adds (&text, "rules:\n");
    for (unsigned int i = 0; i < n; i++)
      buf_printf (&text, "  n%u: {when: x%u}\n", i, i);
    struct config *c = fill (text.data);
    ck_assert ((c != NULL) == (n == 1000));
    if (c)
      ck_assert_str_eq (((const struct rule *) c->rules.items)[999].when, "x999");
    option_free (options, N, c);
  }
  ck_assert_str_eq (faults.items[0].text, "rules has 1001 entries: at most 1000 are taken");
}
END_TEST

START_TEST (refuses)
{
  static const struct {
    const char *given, *said;
    uint32_t line, column;
  } bad[] = {
    {"rules: high", "rules cannot be 'high': give a map such as {some_name: {when: …}}", 1, 8},
    {"fields: [a]", "fields cannot be a list: give a map such as {some_name: text}", 1, 9},
    {"fields:\n  a: [1]", "fields.a cannot be a list: give a text", 2, 6},
    {"fields:\n  a: {b: c}", "fields.a cannot be a map (keys with values): give a text", 2, 6},
    {"fields:\n  a:\n  b: c", "fields.a has no value: give a text, or remove the line", 2, 5},
    {"fields:\n  a: ~", "fields.a has no value", 2, 6},
    {"rules:\n  high: cpu", "rules.high cannot be 'cpu': give its options, such as {when: …}", 2, 9},
    {"rules:\n  high: [1]", "rules.high cannot be a list: give its options, such as {when: …}", 2, 9},
    {"rules:\n  high: {for: 1s}", "'rules.high.when' is missing: it must be given (What must be true)", 2, 3},
    {"rules:\n  high:", "'rules.high.when' is missing", 2, 3},
    {"rules:\n  high: {when: x,\n    whem: y}", "unknown key 'whem' in rules.high: did you mean 'when'?", 3, 5},
    {"rules:\n  high: {when: x, zzzzz: y}", "unknown key 'zzzzz' in rules.high: remove it; there are when, ", 2, 19},
    {"rules:\n  high: {when: x,\n   for: 2h}", "rules.high.for: 2h is out of range: give a duration such as", 3, 9},
    {"rules:\n  high: {when: x, level: top}", "rules.high.level cannot be 'top': give one of low, high", 2, 26},
    {"rules:\n  high: {when: {a: b}}", "rules.high.when cannot be a map (keys with values): give a text", 2, 16},
    {"rules:\n  high: {when: x, words: [[]]}", "rules.high.words: an item of the list is a list: give a word", 2, 27},
    {"rules:\n  \"a\\tb\": {when: x}", "a name in rules holds a control character: take it out", 2, 3},
    {"rules:\n  \"a\\x7f\": {when: x}", "holds a control character", 2, 3},
    {"rules:\n  \"\\x9b1m\": {when: x}", "holds a control character", 2, 3},
    {"rules:\n  \"\\e\": {when: [1]}", "a name in rules holds a control character: take it out", 2, 3},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    ck_assert_msg (!fill (bad[i].given), "accepted: %s", bad[i].given);
    ck_assert_msg (strstr (faults.items[0].text, bad[i].said), "%s: %s", bad[i].given, faults.items[0].text);
    ck_assert_msg (faults.items[0].line == bad[i].line && faults.items[0].column == bad[i].column, "%s: %u:%u", bad[i].given,
                   faults.items[0].line, faults.items[0].column);
  }
}
END_TEST

START_TEST (all_at_once)
{
  ck_assert_ptr_null (
    fill ("number: x\nfields: {a: [], b: c, d: {}}\nrules:\n  one: {wehn: x, for: z}\n  \"t\\t\": {level: 1}\n"
          "  two: 3\n  three: {when: y}\n"));
  /* x; a and d; wehn, z and that when is missing; the name, its level and that when is missing; 3 */
  ck_assert_uint_eq (faults.errors, 10);
  for (size_t i = 0; i < faults.n; i++)
    ck_assert_msg (!strchr (faults.items[i].text, '\t'), "%s", faults.items[i].text);
}
END_TEST

START_TEST (commas)
{
  struct config *c = fill ("rules: {high: {when: x, words: 'a, b'}}");
  ck_assert_ptr_nonnull (c);
  ck_assert_uint_eq (faults.warnings, 1);
  ck_assert_ptr_nonnull (strstr (faults.items[0].text, "rules.high.words: 'a, b' is one word with a comma in it"));
  option_free (options, N, c);
}
END_TEST

START_TEST (a_map_may_have_to_be_given)
{
  const struct kk_option must[] = {KK_OPT_MAP ("fields", struct config, fields, .flags = KK_REQUIRED, .help = "Names")};
  ck_assert_ptr_null (fill_with (must, 1, "{}"));
  ck_assert_str_eq (faults.items[0].text, "'fields' is missing: it must be given (Names)");
  ck_assert_ptr_null (fill_with (must, 1, "fields:"));
  struct config *c = fill_with (must, 1, "fields: {a: b}");
  ck_assert_ptr_nonnull (c);
  option_free (must, 1, c);
}
END_TEST

/* An entry given as a text may be the value of its secret. */
START_TEST (text_for_an_entry_with_a_secret)
{
  struct kk_option inner[KK_COUNT (members)], table[1] = {options[2]};
  memcpy (inner, members, sizeof inner);
  inner[KK_COUNT (members) - 1].flags |= KK_SECRET;
  table[0].members = inner;
  ck_assert_ptr_null (fill_with (table, 1, "rules: {a: hunter2}"));
  ck_assert_str_eq (faults.items[0].text, "rules.a cannot be a single value: give its options, such as {when: …}");
  ck_assert_ptr_null (fill_with (table, 1, "rules: hunter2"));
  ck_assert_ptr_null (strstr (faults.items[0].text, "hunter2"));
}
END_TEST

START_TEST (secrets_are_not_shown)
{
  struct kk_option inner[KK_COUNT (members)], secret[2] = {options[0], options[2]};
  memcpy (inner, members, sizeof members);
  for (size_t i = 0; i < KK_COUNT (members); i++)
    inner[i].flags |= KK_SECRET;
  secret[0].flags |= KK_SECRET;
  secret[1].flags |= KK_SECRET;
  secret[1].members = inner;
  ck_assert_ptr_null (
    fill_with (secret, 2, "fields: {hunter2}\nrules: {hunter2: {level: hunter2, words: 'x', when: [hunter2]}, a: hunter2}"));
  ck_assert_uint_ge (faults.errors, 4);
  ck_assert_ptr_null (fill_with (secret, 2, "fields: hunter2\nrules: hunter2"));
  ck_assert_uint_eq (faults.errors, 2);
  for (size_t i = 0; i < faults.n; i++)
    ck_assert_msg (!strstr (faults.items[i].text, "hunter2"), "%s", faults.items[i].text);
  struct config *c = fill_with (secret, 2, "rules: {b: {when: y, words: 'hunter2, x'}}");
  ck_assert_ptr_nonnull (c);
  ck_assert_uint_eq (faults.n, 0);
  option_free (secret, 2, c);
}
END_TEST

START_TEST (sameness)
{
  static const char *const base = "fields: {a: b, c: d}\nrules: {high: {when: x, for: 1m}, low: {when: y}}";
  static const char *const others[] = {
    "fields: {a: b, c: e}\nrules: {high: {when: x, for: 1m}, low: {when: y}}",
    "fields: {a: b, e: d}\nrules: {high: {when: x, for: 1m}, low: {when: y}}",
    "fields: {c: d, a: b}\nrules: {high: {when: x, for: 1m}, low: {when: y}}",
    "fields: {a: b}\nrules: {high: {when: x, for: 1m}, low: {when: y}}",
    "fields: {a: b, c: d}\nrules: {high: {when: x, for: 2m}, low: {when: y}}",
    "fields: {a: b, c: d}\nrules: {high: {when: x, for: 1m}, low: {when: y, words: []}}",
    "fields: {a: b, c: d}\nrules: {high: {when: x, for: 1m}}",
    "fields: {a: b, c: d}\nrules: {high: {when: x, for: 1m}, loww: {when: y}}",
  };
  struct config *a = fill (base);
  struct config *b = fill ("rules:\n  high:\n    for: 60\n    when: x\n  low: {when: y, for: 30s}\nfields:\n  a: b\n  c: d\n");
  ck_assert (option_equal (options, N, a, b));
  option_free (options, N, b);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    b = fill (others[i]);
    ck_assert_msg (!option_equal (options, N, a, b), "%s", others[i]);
    option_free (options, N, b);
  }
  option_free (options, N, a);
}
END_TEST

START_TEST (tables_of_members)
{
  char *reason = NULL;
  ck_assert_int_eq (option_check_table (options, N, &reason), 0);
  struct kk_option wrong[KK_COUNT (members)], outer = options[2];
  memcpy (wrong, members, sizeof members);
  wrong[1].def = "2h";
  outer.members = wrong;
  ck_assert_int_eq (option_check_table (&outer, 1, &reason), -EINVAL);
  ck_assert_ptr_nonnull (strstr (reason, "option 'rules.for' has .def = \"2h\""));
  free (reason);
}
END_TEST

START_TEST (places)
{
  static const struct {
    const char *name;
    uint32_t line, column;
  } wanted[] = {
    {"number", 1, 9},
    {"rules", 2, 1},
    {"rules.high", 3, 3},
    {"rules.high.when", 4, 13},
    {"rules.high.for", 3, 3},
    {"rules.a.b", 5, 3},
    {"rules.a.b.when", 5, 17},
    {"rules.nobody", 2, 1},
    {"rules.", 2, 1},
    {"fields.x", 6, 13},
    {"fields.y.z", 6, 1},
    {"nothing", 77, 0},
    {"nothing.high", 77, 0},
    {"number.high", 77, 0},
    {"", 77, 0},
    {".", 77, 0},
  };
  option_free (options, N, fill ("number: 3\nrules:\n  high:\n    when:   x\n  'a.b': {when: y}\nfields: {x: z}\n"));
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    struct place at = option_place (options, N, doc->root, wanted[i].name, (struct place){.line = 77});
    ck_assert_msg (at.line == wanted[i].line && at.column == wanted[i].column, "%s: %u:%u", wanted[i].name, at.line, at.column);
  }
}
END_TEST

/* What a plugin says of an entry lies within the fault, and of its text as much is left as there is room. */
START_TEST (faults_of_entries)
{
  char name[128], sentence[400];
  struct kk_fault fault;
  memset (name, 'n', 127);
  name[127] = 0;
  memset (sentence, 's', 399);
  sentence[399] = 0;
  ck_assert_int_eq (kk_refuse_entry (&fault, "rules", "high", "when", "no %s", "good"), -EINVAL);
  ck_assert_str_eq (fault.option, "rules.high.when");
  ck_assert_str_eq (fault.text, "no good");
  ck_assert_int_eq (kk_refuse_entry (&fault, "rules", name, NULL, "%s", sentence), -EINVAL);
  ck_assert_uint_eq (strlen (fault.option), 6 + 127);
  ck_assert_uint_eq (strlen (fault.text), 256 - 6 - 127 - 1 - 1);
  name[126] = 0;
  kk_refuse_entry (&fault, "rules", name, "a_member_with_a_name_of_30_byte", "%s", sentence);
  ck_assert_str_eq (fault.option, "rules");
  ck_assert_uint_eq (strlen (fault.text), 255);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, NULL, tear_down);
  tcase_add_test (t, empty_ones);
  tcase_add_test (t, texts_and_structs);
  tcase_add_test (t, names_at_their_limit);
  tcase_add_test (t, entries_at_their_limit);
  tcase_add_test (t, refuses);
  tcase_add_test (t, all_at_once);
  tcase_add_test (t, commas);
  tcase_add_test (t, a_map_may_have_to_be_given);
  tcase_add_test (t, text_for_an_entry_with_a_secret);
  tcase_add_test (t, secrets_are_not_shown);
  tcase_add_test (t, sameness);
  tcase_add_test (t, tables_of_members);
  tcase_add_test (t, places);
  tcase_add_test (t, faults_of_entries);
}
UNIT_MAIN ("option-map", tests)
