/* The most common condition on rows, a field beside a number, on whole columns. */
#include <config.h>

#include "inner.h"

static bool
is_simple (const struct expression *e, const struct expression_binding *b)
{
  const struct node *n = e->nodes;
  return e->n_nodes == 3 && e->n_when == 3 && n[0].op == OP_FIELD && n[1].op == OP_NUMBER && n[2].op >= OP_LESS
         && n[2].op <= OP_UNEQUAL && b->nodes[2].type == EXPRESSION_NUMBER && b->nodes[0].row && b->nodes[0].used != UINT32_MAX
         && b->nodes[0].field != UINT32_MAX && !e->references[n[0].reference].n;
}

static double
number_of (const struct kk_column *c, uint32_t i)
{
  return c->type == KK_TYPE_F64   ? c->cells[i].f64
         : c->type == KK_TYPE_U64 ? (double) c->cells[i].u64
                                  : (double) c->cells[i].i64;
}

bool
expression_filter (const struct expression *e, const struct expression_binding *b, const struct kk_sample *sample, bool *yes,
                   uint32_t n)
{
  struct kk_column c;
  if (!is_simple (e, b) || kk_schema_id (kk_sample_schema (sample)) != b->schema)
    return false;
  const struct bound *compared = b->nodes + 2;
  const uint32_t table = b->used[b->nodes[0].used].table;
  const struct node *op = e->nodes + 2;
  double right = e->nodes[1].number;
  uint32_t row = 0;
  if (compared->convert > 0)
    right = right * compared->from / compared->to;
  while (row < n && kk_column (sample, table, b->nodes[0].field, row, &c))
    for (uint32_t i = 0; i < c.n && row < n; i++, row++) {
      double left = c.absent[i] ? 0 : number_of (&c, i);
      if (compared->convert < 0)
        left = left * compared->from / compared->to;
      yes[row] = !c.absent[i] && expr_compares ((enum op) op->op, left, right);
    }
  memset (yes + row, false, (n - row) * sizeof *yes);
  return row == n; /* else the host is an older one */
}
