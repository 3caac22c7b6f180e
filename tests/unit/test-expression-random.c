/* Random expressions on random samples, against an evaluator that does it the slow way: expression-slow.c. */
#include "expression-trees.h"

enum { ROWS = 5 };

static struct kit kit;
static struct kit_results results;
static unsigned n_samples;

static void
set_numbers (unsigned table, uint32_t row)
{
  const struct kk_table *t = kit_table (table);
  static const char *const names[] = {"python", "nginx", "py", "ok"};
  for (uint32_t f = 0; f < t->n_fields; f++) {
    bool mega = t->fields[f].kind == KK_COUNTER;
    switch (tree_below (12) ? t->fields[f].type : 0) {
    case KK_TYPE_F64:
      kit_f64 (&kit, table, row, f, !strcmp (t->fields[f].unit, "By/s") ? 1048576.0 * tree_below (4) : tree_below (4));
      break;
    case KK_TYPE_U64:
      kit_u64 (&kit, table, row, f, mega ? tree_below (3) * UINT64_C (1048576) * (kit.tick + 1) : tree_below (4));
      break;
    case KK_TYPE_I64:
      kit_i64 (&kit, table, row, f, (int64_t) tree_below (5) - 2);
      break;
    case KK_TYPE_BOOL:
      kit_bool (&kit, table, row, f, tree_below (2));
      break;
    case KK_TYPE_STRING:
      kit_string (&kit, table, row, f, names[tree_below (4)]);
      break;
    default:
      kit_absent (&kit, table, row, f, tree_below (2) ? KK_RESET : KK_DENIED);
    }
  }
}

static void
next_sample (void)
{
  kit.tables[PROCESSES].n = kit.tables[INTERFACES].n = 0;
  set_numbers (SYSTEM, 0);
  for (uint32_t i = 0; i < ROWS; i++) {
    char name[16];
    snprintf (name, sizeof name, i % 2 ? "eth%d" : "lo%d", (int) i);
    if (tree_below (5)) {
      kit_process (&kit, 100 + i, tree_below (8) == 0, "x");
      set_numbers (PROCESSES, kit.tables[PROCESSES].n - 1);
    }
    if (tree_below (5)) {
      kit_interface (&kit, name, 0);
      set_numbers (INTERFACES, kit.tables[INTERFACES].n - 1);
    }
  }
  for (int t = 0; t < KIT_TABLES; t++) {
    kit.tables[t].partial = !tree_below (6) && t != SYSTEM;
    kit.tables[t].result = tree_below (5) ? 0 : tree_below (2) ? KK_HELD : -EIO;
  }
  kit.after = tree_below (8) ? KK_PRESENT : tree_below (2) ? KK_GAP : KK_SUSPEND;
  kit_tick (&kit, SECOND / 2 * (1 + tree_below (4)));
  tree_samples[n_samples++] = sample_ref (kit.sample);
}

/* ---- Comparing ---- */

struct compared {
  struct expression *e;
  struct expression_binding *b;
  const struct tree *tree;
  struct buf text;
  struct choice rows;
  bool by_row; /* a field of the rows is in it */
};

static bool
looks_at_rows (const struct tree *t)
{
  if (!t || t->kind == AGGREGATE || t->kind == COUNT_ROWS || t->kind == GONE || t->kind == ABSENT)
    return false;
  return (t->kind == FIELD && t->table != SYSTEM) || looks_at_rows (t->a) || looks_at_rows (t->b);
}

static void
make_compared (struct compared *c)
{
  struct expression_fault fault;
  static const struct choice none = {-1, NULL, NULL};
  c->rows = tree_below (3) ? tree_choice () : none;
  c->tree = tree_make (2 + tree_below (3), c->rows);
  c->by_row = looks_at_rows (c->tree);
  buf_clear (&c->text);
  tree_write (&c->text, c->tree, 0);
  int r = expression_parse (c->text.data, NULL, &c->e, &fault);
  ck_assert_msg (r == 0, "%s: %u: %s", c->text.data, fault.column, fault.text);
  r = expression_bind (c->e, kit_schema (&kit), &c->b, &fault);
  ck_assert_msg (r == 0, "%s: %u: %s", c->text.data, fault.column, fault.text);
}

static void
compare_one (const struct compared *c, const struct expression_result *r, const char *why, uint32_t row)
{
  unsigned now = n_samples - 1;
  struct answer a = tree_slow (now, c->tree, row);
  if (c->by_row && tree_chosen (now, c->rows, row) < 0)
    a = (struct answer){.fresh = !tree_info (now, c->rows.table).held};
  int wanted = !a.known ? -1 : a.boolean;
  bool constant = !strpbrk (c->text.data, ".[") && !strstr (c->text.data, "absent");
  ck_assert_msg ((int) r->verdict == wanted, "%s: tick %u row %d: %d, not %d (%s)", c->text.data, now, (int) row,
                 (int) r->verdict, wanted, why);
  ck_assert_msg (r->fresh == (a.fresh || constant), "%s: tick %u row %d: fresh %d", c->text.data, now, (int) row, r->fresh);
  ck_assert ((r->verdict == EXPRESSION_UNKNOWN) == (*why != 0));
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
  for (uint32_t row = 0; row < tree_info (n_samples - 1, c->rows.table).rows; row++)
    if (tree_chosen (n_samples - 1, c->rows, row)) {
      ck_assert_uint_lt (n, results.n);
      ck_assert_uint_eq (results.results[n].row, row);
      compare_one (c, results.results + n, results.whys[n], row);
      n++;
    }
  ck_assert_uint_eq (n, results.n);
}

START_TEST (random_expressions_mean_what_the_slow_way_says)
{
  struct compared c = {0};
  unsigned known = 0, by_row = 0;
  int rounds = unit_rounds (2000);
  kit_init (&kit);
  for (int i = 0; i < rounds; i++) {
    make_compared (&c);
    for (n_samples = 0; n_samples < TREE_SAMPLES;) {
      next_sample ();
      compare (&c);
      known += results.n && results.results->verdict != EXPRESSION_UNKNOWN;
      by_row += c.by_row;
    }
    for (unsigned s = 0; s < n_samples; s++)
      sample_unref (tree_samples[s]);
    expression_unbind (c.b);
    expression_free (c.e);
  }
  ck_assert_uint_gt (known, (unsigned) rounds * TREE_SAMPLES / 3); /* else this would say little */
  ck_assert_uint_gt (by_row, (unsigned) rounds * TREE_SAMPLES / 5);
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
