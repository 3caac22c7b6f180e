/* Conditions on rows, worked out for many rows at a time: each step of the expression goes over a piece of a column. */
#include <config.h>

#include "inner.h"

enum { LANES = 128, DEPTH = 8 };

/* A value of each of some rows. */
struct lane {
  double numbers[LANES]; /* of a truth value 0 or 1 */
  bool unknown[LANES];
};

struct stretch {
  uint32_t first, n;
};

/* Whether it is about all rows of a table and about no texts, and needs no more room than there is. */
static bool
is_simple (const struct expression *e, const struct expression_binding *b)
{
  const uint16_t scope = *b->scopes;
  uint32_t depth = 0;
  if (scope == NONE || e->references[scope].n || b->references[scope].used == UINT32_MAX || e->n_nodes != e->n_when)
    return false;
  for (uint32_t i = 0; i < e->n_nodes; i++) {
    const struct node *n = e->nodes + i;
    const struct bound *at = b->nodes + i;
    const bool of_rows = at->row && n->op < OP_AGGREGATE;
    if (n->op == OP_TEXT || (n->op == OP_FIELD && !at->row)
        || (of_rows && (n->op == OP_ROW || at->used != b->references[scope].used || at->field == UINT32_MAX))
        || (n->op >= OP_LESS && n->op <= OP_UNEQUAL && at->type != EXPRESSION_NUMBER))
      return false;
    depth += n->op <= OP_AGGREGATE ? 1 : n->op <= OP_NOT ? 0 : UINT32_MAX;
    if (depth > DEPTH)
      return false;
    i = n->op == OP_AGGREGATE ? n->partner : i;
  }
  return true;
}

static void
put_all (struct lane *to, uint32_t n, double number, bool unknown)
{
  for (uint32_t i = 0; i < n; i++) {
    to->numbers[i] = number;
    to->unknown[i] = unknown;
  }
}

/* ---- Fields ---- */

static void
put_numbers (struct lane *to, uint32_t at, const struct kk_column *c, uint32_t n)
{
  double *numbers = to->numbers + at;
  switch (c->type) {
  case KK_TYPE_F64:
    for (uint32_t i = 0; i < n; i++)
      numbers[i] = c->cells[i].f64;
    break;
  case KK_TYPE_U64:
    for (uint32_t i = 0; i < n; i++)
      numbers[i] = (double) c->cells[i].u64;
    break;
  case KK_TYPE_I64:
    for (uint32_t i = 0; i < n; i++)
      numbers[i] = (double) c->cells[i].i64;
    break;
  default:
    for (uint32_t i = 0; i < n; i++)
      numbers[i] = c->cells[i].boolean != 0;
  }
  for (uint32_t i = 0; i < n; i++)
    to->unknown[at + i] = c->absent && c->absent[i];
}

/* rate () and change () */
static void
put_remembered (const struct run *r, uint32_t node, struct lane *to, uint32_t at, uint32_t row, const struct kk_column *c,
                uint32_t n)
{
  const struct bound *b = r->b->nodes + node;
  struct reading reading = {.value = {.type = c->type, .held = c->held},
                            .mono_ns = c->mono_ns,
                            .now_ns = r->time.mono_ns,
                            .counter = b->kind == KK_COUNTER};
  for (uint32_t i = 0; i < n; i++) {
    reading.value.u64 = c->cells[i].u64;
    reading.value.absent = c->absent ? c->absent[i] : KK_PRESENT;
    reading.identity = c->identities ? c->identities[i] : 0;
    kk_get_key (r->sample, r->b->used[b->used].table, row + i, &reading.key);
    const struct value v = expr_history_read (r->e->histories[node], r->e, &reading);
    to->numbers[at + i] = v.number;
    to->unknown[at + i] = v.why != 0;
  }
}

static void
put_field (const struct run *r, uint32_t node, const struct stretch *rows, struct lane *to)
{
  const struct bound *b = r->b->nodes + node;
  const uint32_t table = r->b->used[b->used].table;
  uint32_t done = 0;
  struct kk_column c;
  while (done < rows->n && kk_column (r->sample, table, b->field, rows->first + done, &c)) {
    const uint32_t n = c.n < rows->n - done ? c.n : rows->n - done;
    if (r->e->nodes[node].op == OP_FIELD)
      put_numbers (to, done, &c, n);
    else
      put_remembered (r, node, to, done, rows->first + done, &c, n);
    done += n;
  }
  for (; done < rows->n; done++) {
    to->numbers[done] = 0;
    to->unknown[done] = true;
  }
}

/* A leaf, or what was worked out for all rows. */
static void
put_leaf (const struct run *r, uint32_t node, const struct stretch *rows, struct lane *to)
{
  const struct node *n = r->e->nodes + node;
  const struct value *slot = r->b->slots + node;
  if (n->op == OP_NUMBER)
    put_all (to, rows->n, n->number, false);
  else if (n->op == OP_BOOLEAN)
    put_all (to, rows->n, n->boolean, false);
  else if (r->b->nodes[node].row && n->op < OP_AGGREGATE)
    put_field (r, node, rows, to);
  else if (n->op == OP_ABSENT || n->op == OP_GONE)
    put_all (to, rows->n, slot->boolean, slot->why);
  else
    put_all (to, rows->n, slot->number, slot->why);
}

/* ---- Operators, as expr_binary has them for one value; *x becomes what comes out ---- */

static void
join (enum op op, struct lane *x, const struct lane *y, uint32_t n)
{
  const double decides = op == OP_OR;
  for (uint32_t i = 0; i < n; i++) {
    const bool decided =
      (!x->unknown[i] && (x->numbers[i] > 0) == (decides > 0)) || (!y->unknown[i] && (y->numbers[i] > 0) == (decides > 0));
    x->unknown[i] = !decided && (x->unknown[i] || y->unknown[i]);
    x->numbers[i] = decided ? decides : 1 - decides;
  }
}

#define EACH(expression_)                                                                                                      \
  for (uint32_t i = 0; i < n; i++)                                                                                             \
  x[i] = (expression_)

static void
compare (enum op op, double *x, const double *y, uint32_t n)
{
  switch (op) {
  case OP_LESS:
    EACH (x[i] < y[i]);
    break;
  case OP_LESS_EQUAL:
    EACH (x[i] <= y[i]);
    break;
  case OP_MORE:
    EACH (x[i] > y[i]);
    break;
  case OP_MORE_EQUAL:
    EACH (x[i] >= y[i]);
    break;
  default:
    EACH ((x[i] == y[i]) == (op == OP_EQUAL));
  }
}

static void
calculate (enum op op, double *x, const double *y, uint32_t n)
{
  switch (op) {
  case OP_ADD:
    EACH (x[i] + y[i]);
    break;
  case OP_SUBTRACT:
    EACH (x[i] - y[i]);
    break;
  case OP_MULTIPLY:
    EACH (x[i] * y[i]);
    break;
  default:
    EACH (x[i] / y[i]);
  }
}

static void
convert (const struct bound *b, struct lane *lane, uint32_t n)
{
  double *x = lane->numbers;
  EACH (x[i] * b->from / b->to);
}

static void
binary (const struct run *r, uint32_t node, struct lane *x, struct lane *y, uint32_t n)
{
  const enum op op = r->e->nodes[node].op;
  const struct bound *b = r->b->nodes + node;
  if (op >= OP_AND) {
    join (op, x, y, n);
    return;
  }
  if (b->convert)
    convert (b, b->convert < 0 ? x : y, n);
  for (uint32_t i = 0; i < n; i++)
    x->unknown[i] = x->unknown[i] || y->unknown[i];
  if (op >= OP_LESS) {
    compare (op, x->numbers, y->numbers, n);
    return;
  }
  calculate (op, x->numbers, y->numbers, n);
  for (uint32_t i = 0; i < n; i++)
    x->unknown[i] = x->unknown[i] || !isfinite (x->numbers[i]);
}

static void
negate (enum op op, double *x, uint32_t n)
{
  if (op == OP_NOT)
    EACH (1 - x[i]);
  else
    EACH (-x[i]);
}

static void
work_out (const struct run *r, const struct stretch *rows, struct lane *stack, bool *yes)
{
  const struct expression *e = r->e;
  uint32_t depth = 0;
  for (uint32_t i = 0; i < e->n_nodes; i++) {
    const enum op op = e->nodes[i].op;
    if (op <= OP_AGGREGATE) {
      put_leaf (r, i, rows, stack + depth++);
      i = op == OP_AGGREGATE ? e->nodes[i].partner : i;
    } else if (op <= OP_NOT)
      negate (op, stack[depth - 1].numbers, rows->n);
    else {
      depth--;
      binary (r, i, stack + depth - 1, stack + depth, rows->n);
    }
  }
  for (uint32_t i = 0; i < rows->n; i++)
    yes[rows->first + i] = !stack->unknown[i] && stack->numbers[i] > 0;
}

bool
expression_filter (struct expression *e, struct expression_binding *b, const struct kk_sample *sample, bool *yes, uint32_t n)
{
  struct lane stack[DEPTH];
  struct run r = {.e = e, .b = b, .sample = sample};
  if (kk_schema_id (kk_sample_schema (sample)) != b->schema || !KK_HAS (sample, column) || !is_simple (e, b))
    return false;
  expr_begin (&r);
  expr_fill_slots (&r);
  for (uint32_t first = 0; first < n; first += LANES) {
    const struct stretch rows = {first, n - first < LANES ? n - first : LANES};
    work_out (&r, &rows, stack, yes);
  }
  expr_sweep (&r);
  return true;
}
