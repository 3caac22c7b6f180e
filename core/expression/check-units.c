/* Which units go together, and what is converted to what. */
#include <config.h>

#include "inner.h"

static bool
has_unit (const struct sort *s)
{
  return s->unit.dimension != UNIT_PLAIN && s->unit.dimension != UNIT_UNKNOWN;
}

static int
refuse_units (const struct checker *c, uint16_t node, const struct sort *left, const struct sort *right)
{
  struct source source = expr_node_source (c, node);
  struct piece a = expr_node_piece (c->e, left->node), b = expr_node_piece (c->e, right->node);
  char x[64], y[64];
  bool clear = c->e->nodes[right->node].op == OP_LEFT;
  return expr_refuse (&source, clear ? c->e->nodes[node].mark : c->e->nodes[right->node].at,
                      "'%.*s%s' is %s and '%.*s%s' is %s: they do not go together", a.length, a.text, a.more,
                      expr_unit_text (&left->unit, x, sizeof x), b.length, b.text, b.more,
                      expr_unit_text (&right->unit, y, sizeof y));
}

/* The constant is converted to the unit of the other, else the right to that of the left. */
static void
convert (const struct checker *c, uint16_t node, struct sort *left, const struct sort *right)
{
  bool turn = left->constant && !right->constant;
  const struct unit *from = turn ? &left->unit : &right->unit, *to = turn ? &right->unit : &left->unit;
  if (c->b && from->scale != to->scale) {
    struct bound *bound = c->b->nodes + node;
    bound->convert = turn ? -1 : 1;
    bound->from = from->scale;
    bound->to = to->scale;
  }
  if (turn || !left->unit.name[0])
    left->unit = turn || from->scale == to->scale ? right->unit : left->unit;
}

static bool
is_scaled (enum dimension d)
{
  return d == UNIT_SIZE || d == UNIT_TIME || d == UNIT_SIZE_RATE;
}

/* "10MB" against bytes per second. */
static bool
is_size_for_rate (const struct sort *constant, const struct sort *rate)
{
  return constant->constant && constant->unit.dimension == UNIT_SIZE && !rate->constant
         && rate->unit.dimension == UNIT_SIZE_RATE;
}

/* + - and comparisons. */
static int
check_same (const struct checker *c, uint16_t node, struct sort *left, const struct sort *right)
{
  enum dimension l = left->unit.dimension, r = right->unit.dimension;
  if (l == UNIT_UNKNOWN || r == UNIT_UNKNOWN) {
    left->unit = l == UNIT_UNKNOWN ? right->unit : left->unit;
    return 0;
  }
  if (l == r) {
    if (l == UNIT_OTHER && strcmp (left->unit.name, right->unit.name) != 0)
      return refuse_units (c, node, left, right);
    if (is_scaled (l))
      convert (c, node, left, right);
    return 0;
  }
  if (is_size_for_rate (left, right) || is_size_for_rate (right, left)) {
    convert (c, node, left, right);
    return 0;
  }
  const struct sort *plain = l == UNIT_PLAIN || l == UNIT_DERIVED ? left : r == UNIT_PLAIN || r == UNIT_DERIVED ? right : NULL;
  const struct sort *other = plain == left ? right : left;
  bool number = plain && plain->constant && plain->unit.dimension == UNIT_PLAIN;
  if (!plain || (other->constant && has_unit (other) && !number))
    return refuse_units (c, node, left, right);
  if (l == UNIT_PLAIN)
    left->unit = right->unit;
  return 0;
}

static int
check_product (struct sort *left, const struct sort *right)
{
  enum dimension l = left->unit.dimension, r = right->unit.dimension;
  if (l == UNIT_UNKNOWN || r == UNIT_UNKNOWN)
    expr_unit_derived (&left->unit), left->unit.dimension = UNIT_UNKNOWN;
  else if (l == UNIT_PLAIN)
    left->unit = right->unit;
  else if (r != UNIT_PLAIN)
    expr_unit_derived (&left->unit);
  return 0;
}

static int
check_quotient (const struct checker *c, uint16_t node, struct sort *left, const struct sort *right)
{
  enum dimension l = left->unit.dimension, r = right->unit.dimension;
  if (l == UNIT_UNKNOWN || r == UNIT_UNKNOWN)
    expr_unit_derived (&left->unit), left->unit.dimension = UNIT_UNKNOWN;
  else if (r == UNIT_PLAIN)
    return 0;
  else if (l == r && (l != UNIT_OTHER || !strcmp (left->unit.name, right->unit.name)) && l != UNIT_DERIVED) {
    convert (c, node, left, right);
    expr_unit_constant (UNIT_PLAIN, &left->unit);
  } else if (l == UNIT_SIZE && r == UNIT_TIME) {
    if (c->b)
      c->b->nodes[node].convert = 1, c->b->nodes[node].from = right->unit.scale, c->b->nodes[node].to = 1e9;
    expr_unit_per_second (&left->unit);
  } else
    expr_unit_derived (&left->unit);
  return 0;
}

/* "80%" is 80, and who multiplies by it means 0.8. */
static int
refuse_share (const struct checker *c, uint16_t node, const struct sort *s)
{
  struct source source = expr_node_source (c, node);
  return expr_refuse (&source, c->e->nodes[s->node].at,
                      "a percentage is the number before its sign, 80%% is 80: "
                      "write 0.8 to multiply or divide by a share");
}

int
expr_check_units (const struct checker *c, uint16_t node, struct sort *left, const struct sort *right)
{
  enum op op = c->e->nodes[node].op;
  if (op != OP_MULTIPLY && op != OP_DIVIDE)
    return check_same (c, node, left, right);
  if (left->constant && left->unit.dimension == UNIT_PERCENT)
    return refuse_share (c, node, left);
  if (right->constant && right->unit.dimension == UNIT_PERCENT)
    return refuse_share (c, node, right);
  return op == OP_MULTIPLY ? check_product (left, right) : check_quotient (c, node, left, right);
}
