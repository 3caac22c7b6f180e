/* Random expressions on random samples, against an evaluator that does it the slow way: expression-slow.c. */
#include "expression-trees.h"

static struct kit kit;
static struct kit_results results;

/* ---- Comparing ---- */

struct compared {
  struct expression *e, *filter; /* twice, for each remembers on its own */
  struct expression_binding *b, *filter_b;
  const struct tree *tree;
  struct buf text;
  struct choice rows;
  bool by_row; /* a field of the rows is in it */
};

static void
make_compared (struct compared *c)
{
  struct expression_fault fault;
  static const struct choice none = {-1, NULL, NULL};
  c->rows = tree_below (3) ? tree_choice () : none;
  c->tree = tree_make (2 + tree_below (3), c->rows);
  c->by_row = tree_by_row (c->tree);
  buf_clear (&c->text);
  tree_write (&c->text, c->tree, 0);
  int r = expression_parse (c->text.data, NULL, &c->e, &fault);
  ck_assert_msg (r == 0, "%s: %u: %s", c->text.data, fault.column, fault.text);
  r = expression_bind (c->e, kit_schema (&kit), &c->b, &fault);
  ck_assert_int_eq (expression_parse (c->text.data, NULL, &c->filter, &fault), 0);
  ck_assert_int_eq (expression_bind (c->filter, kit_schema (&kit), &c->filter_b, &fault), 0);
  ck_assert_msg (r == 0, "%s: %u: %s", c->text.data, fault.column, fault.text);
}

static void
compare_one (const struct compared *c, const struct expression_result *r, const char *why, uint32_t row)
{
  unsigned now = tree_n_samples - 1;
  struct answer a = tree_answer (now, c->tree, c->by_row ? &c->rows : NULL, row);
  int wanted = !a.known ? -1 : a.boolean;
  bool constant = !strpbrk (c->text.data, ".[") && !strstr (c->text.data, "absent");
  ck_assert_msg ((int) r->verdict == wanted, "%s: tick %u row %d: %d, not %d (%s)", c->text.data, now, (int) row,
                 (int) r->verdict, wanted, why);
  ck_assert_msg (r->fresh == (a.fresh || constant), "%s: tick %u row %d: fresh %d", c->text.data, now, (int) row, r->fresh);
  ck_assert ((r->verdict == EXPRESSION_UNKNOWN) == (*why != 0));
  ck_assert_msg (expression_is_early (r) == (!a.known && a.early), "%s: tick %u row %d: early %d (%s)", c->text.data, now,
                 (int) row, expression_is_early (r), why);
}

static void
compare (const struct compared *c)
{
  uint32_t n = 0;
  kit_evaluate (&kit, c->e, c->b, &results);
  if (!c->by_row) {
    ck_assert_uint_eq (results.n, 1);
    compare_one (c, results.results, results.whys[0], 0);
    return;
  }
  for (uint32_t row = 0; row < tree_info (tree_n_samples - 1, c->rows.table).rows; row++)
    if (tree_chosen (tree_n_samples - 1, c->rows, row)) {
      ck_assert_uint_lt (n, results.n);
      ck_assert_uint_eq (results.results[n].row, row);
      compare_one (c, results.results + n, results.whys[n], row);
      n++;
    }
  ck_assert_uint_eq (n, results.n);
}

/* What only says of which rows it is true; false where it leaves that to the other. */
static bool
compare_filter (const struct compared *c)
{
  bool yes[KIT_ROWS];
  const uint32_t n = c->by_row ? tree_info (tree_n_samples - 1, c->rows.table).rows : 0;
  if (!expression_filter (c->filter, c->filter_b, &kit.sample->face, yes, n))
    return false;
  ck_assert_uint_eq (n, results.n);
  for (uint32_t row = 0; row < n; row++)
    ck_assert_msg (yes[row] == (results.results[row].verdict == EXPRESSION_YES), "%s: tick %u row %u: %d as a filter",
                   c->text.data, tree_n_samples - 1, row, yes[row]);
  return n > 0;
}

START_TEST (random_expressions_mean_what_the_slow_way_says)
{
  struct compared c = {0};
  unsigned known = 0, by_row = 0, filtered = 0;
  int rounds = unit_rounds (2000);
  kit_init (&kit);
  for (int i = 0; i < rounds; i++) {
    make_compared (&c);
    while (tree_n_samples < TREE_SAMPLES) {
      tree_sample (&kit);
      compare (&c);
      known += results.n && results.results->verdict != EXPRESSION_UNKNOWN;
      by_row += c.by_row;
      filtered += compare_filter (&c);
    }
    tree_forget_samples ();
    expression_unbind (c.b);
    expression_unbind (c.filter_b);
    expression_free (c.e);
    expression_free (c.filter);
  }
  ck_assert_uint_gt (known, (unsigned) rounds * TREE_SAMPLES / 3); /* else this would say little */
  ck_assert_uint_gt (by_row, (unsigned) rounds * TREE_SAMPLES / 5);
  ck_assert_uint_gt (filtered, rounds < 1000 ? 0u : (unsigned) rounds * TREE_SAMPLES / 200);
  buf_free (&c.text);
  kit_free (&kit);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, random_expressions_mean_what_the_slow_way_says);
}

UNIT_MAIN ("expression-random", tests)
