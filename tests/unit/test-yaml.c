/* YAML as a tree with places: what is read, what is refused, and where the fault is said to be. */
#include "unit.h"
#include "yamltree.h"

static struct diag faults;

static struct yaml_document *
parse (const char *text)
{
  struct yaml_document *doc = NULL;
  diag_free (&faults);
  int r = yaml_parse ("f", text, strlen (text), &faults, &doc);
  ck_assert_msg ((r == 0) == (doc != NULL), "%s", text);
  ck_assert_msg (r == 0 || faults.errors, "no word about: %s", text);
  return doc;
}

START_TEST (reads)
{
  struct yaml_document *doc = parse ("a: 1\nb: [x, 'y']\nc:\n  d: \"q\"\n  e:\n  f: ~\n");
  ck_assert_uint_eq (faults.n, 0);
  const struct yaml_node *root = doc->root, *b = yaml_get (root, "b"), *c = yaml_get (root, "c");
  ck_assert_int_eq (root->kind, YAML_MAP);
  ck_assert_str_eq (yaml_get (root, "a")->text, "1");
  ck_assert (!yaml_get (root, "a")->quoted);
  ck_assert_uint_eq (b->n, 2);
  ck_assert (b->flow && b->items[1]->quoted);
  ck_assert (yaml_get (c, "d")->quoted);
  ck_assert_int_eq (yaml_get (c, "e")->kind, YAML_NULL);
  ck_assert_str_eq (yaml_get (c, "e")->text, "");
  ck_assert_str_eq (yaml_get (c, "f")->text, "~");
  const struct yaml_pair *d = yaml_pair (c, "d");
  ck_assert_uint_eq (d->at.line, 4);
  ck_assert_uint_eq (d->at.column, 3);
  ck_assert_uint_eq (d->from.column, 6);
  ck_assert_uint_eq (d->to.column, 9);
  ck_assert_ptr_null (yaml_get (c, "nothing"));
  ck_assert_ptr_null (yaml_get (b, "x"));
  yaml_free (doc);
}
END_TEST

START_TEST (empty_and_marked)
{
  static const char *const empty[] = {"", "\n\n", "# only a comment\n", "---\n", "\xef\xbb\xbf", "---\n...\n"};
  for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
    struct yaml_document *doc = parse (empty[i]);
    ck_assert_msg (doc && doc->root->kind == YAML_NULL && !faults.n, "%zu", i);
    yaml_free (doc);
  }
  struct yaml_document *doc = parse ("\xef\xbb\xbf"
                                     "a: 1\n");
  ck_assert_uint_eq (yaml_pair (doc->root, "a")->at.column, 1);
  yaml_free (doc);
  doc = parse ("a: 1\r\nb: 2\r\n");
  ck_assert_str_eq (yaml_get (doc->root, "b")->text, "2");
  yaml_free (doc);
}
END_TEST

/* Each is refused with exactly one error, at its place. */
START_TEST (refuses)
{
  static const struct {
    const char *text;
    uint32_t line, column;
    const char *word;
  } bad[] = {
      {"a:\n\tb: 1\n", 2, 1, "tab"},
      {"a: [1, 2\nb: 3\n", 2, 2, "not closed"},
      {"a: {x: 1\n", 2, 1, "not closed"},
      {"a: 'x\n", 2, 1, "quote"},
      {"a: b: c\n", 1, 5, "':'"},
      {"a: @x\n", 1, 4, "'@'"},
      {"a: `x\n", 1, 4, "'`'"},
      {"a: %x\n", 1, 4, "'%'"},
      {"a: 1\n b: 2\n", 2, 3, "':'"},
      {"a: 1\nb\n", 3, 1, "':'"},
      {"a: *b\n", 1, 4, "no anchor"},
      {"a: &a [*a]\n", 1, 8, "never end"},
      {"a: 1\n---\nb: 2\n", 2, 1, "second document"},
      {"? [a]\n: 1\n", 1, 3, "key must be a word"},
      {"? {a: 1}\n: 1\n", 1, 3, "key must be a word"},
      {"? \n: 1\n", 1, 2, "key is missing"},
      {"<<: 1\n", 1, 1, "merge"},
      {"a: \"\\q\"\n", 1, 5, "escape"},
      {"a\xff: 1\n", 1, 2, "UTF-8"},
      {"ab: \x01\n", 1, 5, "control"},
      {"a: - b\n", 1, 4, "list item"},
      {"%YAML 3.0\n---\na: 1\n", 1, 1, "version"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct yaml_document *doc = parse (bad[i].text);
    ck_assert_msg (!doc, "accepted: %s", bad[i].text);
    ck_assert_uint_eq (faults.n, 1);
    ck_assert_msg (strstr (faults.items[0].text, bad[i].word), "%s: %s", bad[i].text, faults.items[0].text);
    ck_assert_msg (faults.items[0].line == bad[i].line && faults.items[0].column == bad[i].column, "%s: %u:%u %s", bad[i].text,
                   faults.items[0].line, faults.items[0].column, faults.items[0].text);
  }
  diag_free (&faults);
}
END_TEST

START_TEST (repeated_keys)
{
  struct yaml_document *doc = parse ("a: 1\nb: 2\na: 3\nc: {x: 1, x: 2, x: 3}\n");
  ck_assert_ptr_nonnull (doc);
  ck_assert_uint_eq (faults.errors, 3);
  ck_assert_uint_eq (doc->root->n, 3);
  ck_assert_str_eq (yaml_get (doc->root, "a")->text, "1");
  yaml_free (doc);
  diag_free (&faults);
}
END_TEST

START_TEST (tags_and_zero_bytes)
{
  struct yaml_document *doc = parse ("a: !!str 5\nb: !!int 6\nc: !foo 1\nd: \"x\\0y\"\n");
  ck_assert (yaml_get (doc->root, "a")->quoted);
  ck_assert (!yaml_get (doc->root, "b")->quoted);
  ck_assert_uint_eq (faults.errors, 2);
  yaml_free (doc);
  diag_free (&faults);
}
END_TEST

START_TEST (aliases)
{
  struct yaml_document *doc = parse ("a: &x [1, 2]\nb: *x\nc: {k: *x}\n");
  ck_assert_ptr_eq (yaml_get (doc->root, "b"), yaml_get (doc->root, "a"));
  ck_assert_uint_eq (yaml_pair (doc->root, "b")->from.line, 2);
  yaml_free (doc);
}
END_TEST

/* Bounds: each is an error in short time, not a full memory. */
START_TEST (bounds)
{
  char text[200000], *p = text;
  p += sprintf (p, "l0: &l0 [x,x,x,x,x,x,x,x,x]\n");
  for (int i = 1; i < 30; i++) {
    p += sprintf (p, "l%d: &l%d [", i, i);
    for (int j = 0; j < 9; j++)
      p += sprintf (p, "*l%d%s", i - 1, j < 8 ? "," : "]\n");
  }
  ck_assert_ptr_null (parse (text));
  ck_assert_uint_eq (faults.n, 1);
  ck_assert_ptr_nonnull (strstr (faults.items[0].text, "20000"));

  memset (text, '[', 1000);
  text[1000] = 0;
  ck_assert_ptr_null (parse (text));
  ck_assert_ptr_nonnull (strstr (faults.items[0].text, "deeper"));

  p = text;
  for (int i = 0; i < 21000; i++)
    p += sprintf (p, "- a\n");
  ck_assert_ptr_null (parse (text));

  p = text;
  for (int i = 0; i < 1100; i++)
    p += sprintf (p, "a%d: &b%d 1\n", i, i);
  ck_assert_ptr_null (parse (text));
  ck_assert_ptr_nonnull (strstr (faults.items[0].text, "anchors"));

  /* Deep only through aliases. */
  p = text + sprintf (text, "a0: &a0 [x]\n");
  for (int i = 1; i < 40; i++)
    p += sprintf (p, "a%d: &a%d [*a%d]\n", i, i, i - 1);
  ck_assert_ptr_null (parse (text));
  ck_assert_ptr_nonnull (strstr (faults.items[0].text, "deeper"));
  diag_free (&faults);
}
END_TEST

START_TEST (files)
{
  char *dir = unit_temp_dir (), *missing = unit_path (dir, "none.yaml"), *big = unit_path (dir, "big.yaml");
  struct yaml_document *doc = NULL;
  ck_assert_int_eq (yaml_load (missing, &faults, &doc), -ENOENT);
  ck_assert_uint_eq (faults.errors, 1);
  char *text = malloc ((1 << 20) + 2);
  memset (text, '#', (1 << 20) + 1);
  text[(1 << 20) + 1] = 0;
  unit_write (dir, "big.yaml", text);
  ck_assert_int_eq (yaml_load (big, &faults, &doc), -EFBIG);
  ck_assert_int_lt (yaml_load (dir, &faults, &doc), 0);
  ck_assert_uint_eq (faults.errors, 3);
  ck_assert_ptr_null (doc);
  diag_free (&faults);
  free (text);
  free (big);
  free (missing);
  free (dir);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, reads);
  tcase_add_test (t, empty_and_marked);
  tcase_add_test (t, refuses);
  tcase_add_test (t, repeated_keys);
  tcase_add_test (t, tags_and_zero_bytes);
  tcase_add_test (t, aliases);
  tcase_add_test (t, bounds);
  tcase_add_test (t, files);
}
UNIT_MAIN ("yaml", tests)
