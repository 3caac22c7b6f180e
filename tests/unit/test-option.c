/* From an option table and a map to a config struct, and what is said of a value that does not fit. */
#include "option.h"
#include "unit.h"

struct config {
  bool flag;
  int64_t count;
  double ratio;
  const char *word;
  const char *place;
  int64_t time_ns;
  int64_t bytes;
  double percent;
  int32_t mode;
  struct kk_list names;
};

static const struct kk_option options[] = {
    KK_OPT_BOOL ("flag", struct config, flag, .def = "true", .help = "Flag"),
    KK_OPT_INT ("count", struct config, count, .def = "7", .min = "1", .max = "10", .help = "Count"),
    KK_OPT_FLOAT ("ratio", struct config, ratio, .def = "0.5", .min = "0", .help = "Ratio"),
    KK_OPT_STRING ("word", struct config, word, .def = "hello", .help = "Word"),
    KK_OPT_PATH ("place", struct config, place, .help = "Place"),
    KK_OPT_DURATION ("time", struct config, time_ns, .def = "5s", .min = "100ms", .max = "60s", .help = "Time"),
    KK_OPT_BYTES ("bytes", struct config, bytes, .def = "4KiB", .help = "Bytes"),
    KK_OPT_PERCENT ("percent", struct config, percent, .def = "50%", .max = "100", .help = "Percent"),
    KK_OPT_CHOICE ("mode", struct config, mode, "auto|on|off", .def = "on", .help = "Mode"),
    KK_OPT_LIST ("names", struct config, names, .def = "[a, b]", .help = "Names"),
};
enum { N = KK_COUNT (options) };

static struct diag faults;

static struct config *
fill (const char *text)
{
  struct yaml_document *doc;
  void *config = NULL;
  diag_free (&faults);
  ck_assert_int_eq (yaml_parse ("f", text, strlen (text), &faults, &doc), 0);
  int r = option_fill (options, N, sizeof (struct config), doc->root, NULL, doc->root->at, &faults, &config);
  ck_assert_msg ((r == 0) == (config != NULL) && (r == 0) == (faults.errors == 0), "%s", text);
  yaml_free (doc);
  return config;
}

START_TEST (defaults)
{
  struct config *c = fill ("");
  ck_assert (c->flag);
  ck_assert_int_eq (c->count, 7);
  ck_assert_str_eq (c->word, "hello");
  ck_assert_str_eq (c->place, "");
  ck_assert_int_eq (c->time_ns, 5000000000);
  ck_assert_int_eq (c->bytes, 4096);
  ck_assert_int_eq (c->mode, 1);
  ck_assert_uint_eq (c->names.count, 2);
  ck_assert_str_eq (c->names.items[1], "b");
  option_free (options, N, c);
}
END_TEST

START_TEST (values)
{
  setenv ("HOME", "/h", 1);
  struct config *c = fill ("flag: No\ncount: 10\nratio: 1.25\nword: 42\nplace: ~/x\ntime: 250ms\nbytes: \"10MB\"\n"
                           "percent: 80%\nmode: off\nnames: one\n");
  ck_assert (!c->flag);
  ck_assert_int_eq (c->count, 10);
  ck_assert_str_eq (c->word, "42");
  ck_assert_str_eq (c->place, "/h/x");
  ck_assert_int_eq (c->time_ns, 250000000);
  ck_assert_int_eq (c->bytes, 10000000);
  ck_assert_int_eq (c->mode, 2);
  ck_assert_uint_eq (c->names.count, 1);
  ck_assert_str_eq (c->names.items[0], "one");
  struct config *same = fill ("flag: off\ncount: 10\nratio: 1.25\nword: '42'\nplace: /h/x\ntime: 0.25\nbytes: 10000000\n"
                              "percent: 80\nmode: off\nnames: [one]\n");
  ck_assert (option_equal (options, N, c, same));
  option_free (options, N, same);
  struct config *other = fill ("names: [one, two]\n");
  ck_assert (!option_equal (options, N, c, other));
  option_free (options, N, other);
  option_free (options, N, c);
}
END_TEST

/* null and ~ are the default. */
START_TEST (null_is_default)
{
  struct config *c = fill ("count: null\nword: ~\nnames: []\n");
  ck_assert_int_eq (c->count, 7);
  ck_assert_str_eq (c->word, "hello");
  ck_assert_uint_eq (c->names.count, 0);
  option_free (options, N, c);
}
END_TEST

START_TEST (refuses)
{
  static const char *const bad[][2] = {
      {"flag: maybe", "flag cannot be 'maybe': give true or false"},
      {"flag: \"true\"", "because of its quotes: give true or false without quotes"},
      {"flag: 1", "flag cannot be '1'"},
      {"count: 11", "count: 11 is out of range: give a whole number from 1 to 10"},
      {"count: 0", "out of range"},
      {"count: 99999999999999999999", "out of range"},
      {"count: 2.5", "count cannot be '2.5': give a whole number from 1 to 10"},
      {"count: '5'", "because of its quotes"},
      {"count:", "count has no value: give a whole number from 1 to 10, or remove the line"},
      {"count: [1]", "count cannot be a list"},
      {"ratio: .inf", "ratio cannot be '.inf'"},
      {"ratio: -1", "ratio: -1 is out of range: give a number, at least 0"},
      {"word: {a: b}", "word cannot be a map"},
      {"place: a/b", "give a path that begins with / or ~"},
      {"place: ~no-such-user-at-all/x", "home directory that is not known"},
      {"time: 5x", "time cannot be '5x': give a duration such as 500ms, 5s or 2h, from 100ms to 60s"},
      {"time: 90s", "out of range"},
      {"time: -1s", "out of range"},
      {"bytes: 5 apples", "give a size such as 4096, 64KiB or 10MB"},
      {"bytes: -1", "out of range"},
      {"percent: 120", "percentage such as 80, at most 100"},
      {"percent: -1", "out of range"},
      {"mode: of", "give one of auto, on, off"},
      {"mode: true", "give one of auto, on, off"},
      {"names: a, b", "names: 'a, b' is one word to YAML: write a list in brackets, [a, b]"},
      {"names: [a, [b]]", "an item of the list is a list: give a word"},
      {"names: [a, ]\nnames2: 1", "unknown key 'names2': did you mean 'names'?"},
      {"names: ['']", "an item of the list is empty"},
      {"names: {a: 1}", "names cannot be a map"},
      {"wrod: x", "unknown key 'wrod': did you mean 'word'?"},
      {"zzzzz: x", "unknown key 'zzzzz': remove it; there are "},
      {"[1, 2]", "a list stands where options are expected"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct config *c = fill (bad[i][0]);
    ck_assert_msg (!c, "accepted: %s", bad[i][0]);
    ck_assert_msg (strstr (faults.items[0].text, bad[i][1]), "%s: %s", bad[i][0], faults.items[0].text);
    ck_assert_uint_ge (faults.items[0].line, 1);
  }
  diag_free (&faults);
}
END_TEST

START_TEST (all_at_once)
{
  ck_assert_ptr_null (fill ("flag: x\ncount: 99\nfoo: 1\nmode: y\n"));
  ck_assert_uint_eq (faults.errors, 4);
  diag_free (&faults);
}
END_TEST

START_TEST (required)
{
  const struct kk_option must[] = {KK_OPT_STRING ("word", struct config, word, .flags = KK_REQUIRED, .help = "The word")};
  void *config = NULL;
  struct place at = {.file = "f", .line = 3, .column = 1};
  ck_assert_int_eq (option_fill (must, 1, sizeof (struct config), NULL, NULL, at, &faults, &config), -EINVAL);
  ck_assert_str_eq (faults.items[0].text, "'word' is missing: it must be given (The word)");
  ck_assert_uint_eq (faults.items[0].line, 3);
  diag_free (&faults);
}
END_TEST

START_TEST (secrets_are_not_shown)
{
  const struct kk_option secret[] = {KK_OPT_INT ("pin", struct config, count, .flags = KK_SECRET, .help = "Pin")};
  ck_assert_int_eq (option_check_text (&secret[0], "hunter2", (struct place){0}, &faults), -EINVAL);
  ck_assert_str_eq (faults.items[0].text, "pin does not fit: give a whole number");
  diag_free (&faults);
}
END_TEST

START_TEST (tables_themselves)
{
  char *reason = NULL;
  ck_assert_int_eq (option_check_table (options, N, &reason), 0);
  const struct kk_option wrong[] = {KK_OPT_INT ("n", struct config, count, .def = "12", .max = "10", .help = "N")};
  ck_assert_int_eq (option_check_table (wrong, 1, &reason), -EINVAL);
  ck_assert_ptr_nonnull (strstr (reason, "'n' has .def = \"12\""));
  free (reason);
  const struct kk_option limit[] = {KK_OPT_DURATION ("t", struct config, time_ns, .min = "soon", .help = "T")};
  ck_assert_int_eq (option_check_table (limit, 1, &reason), -EINVAL);
  ck_assert_ptr_nonnull (strstr (reason, ".min"));
  free (reason);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, defaults);
  tcase_add_test (t, values);
  tcase_add_test (t, null_is_default);
  tcase_add_test (t, refuses);
  tcase_add_test (t, all_at_once);
  tcase_add_test (t, required);
  tcase_add_test (t, secrets_are_not_shown);
  tcase_add_test (t, tables_themselves);
}
UNIT_MAIN ("option", tests)
