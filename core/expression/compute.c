/* One operator on two values. */
#include <config.h>

#include "inner.h"

static struct value
unknown (const struct value *x, const struct value *y)
{
  struct value v = x->why ? *x : *y;
  v.fresh = x->fresh || y->fresh;
  return v;
}

/* Kleene's: what is known decides where it can. */
static struct value
join (enum op op, const struct value *x, const struct value *y)
{
  bool decides = op == OP_OR;
  struct value v = {.boolean = decides, .fresh = x->fresh || y->fresh};
  if ((!x->why && x->boolean == decides) || (!y->why && y->boolean == decides))
    return v;
  if (x->why || y->why)
    return unknown (x, y);
  v.boolean = !decides;
  return v;
}

bool
expr_compares (enum op op, double x, double y)
{
  switch (op) {
  case OP_LESS:
    return x < y;
  case OP_LESS_EQUAL:
    return x <= y;
  case OP_MORE:
    return x > y;
  case OP_MORE_EQUAL:
    return x >= y;
  default:
    return (x == y) == (op == OP_EQUAL);
  }
}

static bool
same (const struct value *x, const struct value *y, enum expression_type type)
{
  if (type == EXPRESSION_BOOLEAN)
    return x->boolean == y->boolean;
  return x->length == y->length && !memcmp (x->text, y->text, x->length);
}

static double
calculate (enum op op, double x, double y)
{
  return op == OP_ADD ? x + y : op == OP_SUBTRACT ? x - y : op == OP_MULTIPLY ? x * y : x / y;
}

struct value
expr_binary (const struct node *n, const struct bound *b, uint16_t number, const struct value *x, const struct value *y)
{
  enum op op = n->op;
  if (op >= OP_AND)
    return join (op, x, y);
  if (x->why || y->why)
    return unknown (x, y);
  struct value v = {.fresh = x->fresh || y->fresh};
  if (b->type != EXPRESSION_NUMBER) {
    v.boolean = same (x, y, b->type) == (op == OP_EQUAL);
    return v;
  }
  double left = x->number, right = y->number;
  if (b->convert < 0)
    left = left * b->from / b->to;
  else if (b->convert > 0)
    right = right * b->from / b->to;
  if (op >= OP_LESS) {
    v.boolean = expr_compares (op, left, right);
    return v;
  }
  v.number = calculate (op, left, right);
  if (!isfinite (v.number)) {
    v.node = number;
    v.why = op == OP_DIVIDE && !(right < 0 || right > 0) ? WHY_DIVISION : WHY_RANGE;
  }
  return v;
}
