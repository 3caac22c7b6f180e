/* Whether the parts of an expression fit together: numbers, texts, yes or no. */
#include <config.h>

#include "inner.h"

struct source
expr_node_source (const struct checker *c, uint16_t node)
{
  return expr_source (c->e, node >= c->e->n_when, c->fault);
}

struct piece
expr_node_piece (const struct expression *e, uint16_t node)
{
  bool in_clear = node >= e->n_when;
  const struct node *n = e->nodes + node;
  if (n->op == OP_LEFT) {
    n = e->nodes + e->compare_left;
    in_clear = false;
  }
  return expr_piece (e->text[in_clear], n->at, n->end);
}

static const char *
type_text (enum expression_type type)
{
  return type == EXPRESSION_NUMBER ? "a number" : type == EXPRESSION_TEXT ? "a text" : "yes or no";
}

/* Whether an operand may be of this type; one that is not known may. */
static int
want (const struct checker *c, uint16_t node, const struct sort *s, enum expression_type type, const char *better)
{
  if (s->type == type || s->type == EXPRESSION_NO_VALUE)
    return 0;
  struct source source = expr_node_source (c, node);
  struct piece p = expr_node_piece (c->e, s->node);
  bool left = c->e->nodes[s->node].op == OP_LEFT;
  return expr_refuse (&source, left ? c->e->nodes[node].mark : c->e->nodes[s->node].at, "'%.*s%s' is %s: %s", p.length, p.text,
                      p.more, type_text (s->type), better);
}

static int
check_equality (const struct checker *c, uint16_t node, struct sort *x, const struct sort *y)
{
  enum expression_type type = x->type != EXPRESSION_NO_VALUE ? x->type : y->type;
  if (c->b)
    c->b->nodes[node].type = (uint8_t) type;
  if (x->type == EXPRESSION_NUMBER && y->type == EXPRESSION_NUMBER)
    return expr_check_units (c, node, x, y);
  if (x->type == y->type || x->type == EXPRESSION_NO_VALUE || y->type == EXPRESSION_NO_VALUE)
    return 0;
  struct source source = expr_node_source (c, node);
  struct piece a = expr_node_piece (c->e, x->node), b = expr_node_piece (c->e, y->node);
  return expr_refuse (&source, c->e->nodes[node].mark, "'%.*s%s' is %s and '%.*s%s' is %s: they are never equal", a.length,
                      a.text, a.more, type_text (x->type), b.length, b.text, b.more, type_text (y->type));
}

static int
check_numbers (const struct checker *c, uint16_t node, struct sort *x, const struct sort *y)
{
  bool compares = c->e->nodes[node].op >= OP_LESS;
  const char *better = compares ? "texts and yes or no are compared with == and !=" : "only numbers can be calculated with";
  int r = want (c, node, x, EXPRESSION_NUMBER, better);
  r = r ? r : want (c, node, y, EXPRESSION_NUMBER, better);
  r = r ? r : expr_check_units (c, node, x, y);
  if (c->b)
    c->b->nodes[node].type = EXPRESSION_NUMBER;
  x->type = EXPRESSION_NUMBER;
  return r;
}

static int
check_binary (struct checker *c, uint16_t node)
{
  static const char better[] = "'and' and 'or' join comparisons, as in system.cpu_percent > 90";
  const struct expression *e = c->e;
  enum op op = e->nodes[node].op;
  struct sort *x = c->stack + c->n - 2, y = c->stack[c->n - 1];
  if (node == e->compare) {
    c->left = *x;
    if (c->b)
      c->b->unit = e->show_right ? y.unit : x->unit, c->b->value_type = (uint8_t) (e->show_right ? y.type : x->type);
  }
  int r;
  if (op == OP_AND || op == OP_OR) {
    r = want (c, node, x, EXPRESSION_BOOLEAN, better);
    r = r ? r : want (c, node, &y, EXPRESSION_BOOLEAN, better);
  } else
    r = op == OP_EQUAL || op == OP_UNEQUAL ? check_equality (c, node, x, &y) : check_numbers (c, node, x, &y);
  if (op >= OP_LESS)
    x->type = EXPRESSION_BOOLEAN;
  x->constant = x->constant && y.constant;
  x->node = node;
  c->n--;
  return r;
}

static void
push_field (struct checker *c, const struct node *n, struct sort *s)
{
  *s = (struct sort){.unit = {.dimension = UNIT_UNKNOWN, .scale = 1}};
  if (c->fields)
    *s = c->fields[n->reference];
}

static int
check_leaf (struct checker *c, uint16_t node)
{
  const struct node *n = c->e->nodes + node;
  struct sort *s = c->stack + c->n++;
  *s = (struct sort){.type = EXPRESSION_BOOLEAN};
  int r = 0;
  if (n->op == OP_NUMBER) {
    s->type = EXPRESSION_NUMBER;
    expr_unit_constant (n->unit, &s->unit);
  } else if (n->op == OP_TEXT)
    s->type = EXPRESSION_TEXT;
  else if (n->op == OP_LEFT)
    *s = c->left;
  else if (n->op == OP_FIELD || n->op == OP_RATE || n->op == OP_CHANGE)
    push_field (c, n, s);
  s->node = node;
  s->constant = n->op == OP_NUMBER || n->op == OP_TEXT || n->op == OP_BOOLEAN;
  if (n->op == OP_RATE || n->op == OP_CHANGE) {
    r = want (c, node, s, EXPRESSION_NUMBER, "rate() and change() want the field of a number");
    s->type = EXPRESSION_NUMBER;
  }
  if (n->op == OP_RATE && s->unit.dimension != UNIT_UNKNOWN)
    expr_unit_per_second (&s->unit);
  return r;
}

static int
check_unary (struct checker *c, uint16_t node)
{
  const struct node *n = c->e->nodes + node;
  struct sort *s = c->stack + c->n - 1;
  int r;
  if (n->op == OP_NOT) {
    r = want (c, node, s, EXPRESSION_BOOLEAN, "'not' wants a comparison, as in not system.cpu_percent > 90");
    s->type = EXPRESSION_BOOLEAN;
  } else if (n->op == OP_END && n->aggregate == AGGREGATE_COUNT) {
    r = want (c, node, s, EXPRESSION_BOOLEAN, "count() wants rows or a comparison, as in count(processes[*].cpu_percent > 50)");
    *s = (struct sort){.type = EXPRESSION_NUMBER, .unit = {.scale = 1}};
  } else {
    r = want (c, node, s, EXPRESSION_NUMBER, "only numbers can be calculated with");
    s->type = EXPRESSION_NUMBER;
    s->constant = s->constant && n->op == OP_NEGATE;
  }
  s->node = node;
  return r;
}

/* The whole of a text has to be yes or no. */
static int
check_whole (struct checker *c, bool in_clear)
{
  const struct sort *s = c->stack;
  c->n = 0;
  if (s->type == EXPRESSION_BOOLEAN || s->type == EXPRESSION_NO_VALUE)
    return 0;
  struct source source = expr_source (c->e, in_clear, c->fault);
  struct piece p = expr_node_piece (c->e, s->node);
  return expr_refuse (&source, c->e->nodes[s->node].at,
                      "'%.*s%s' is %s: compare it with something, as in system.cpu_percent > 90", p.length, p.text, p.more,
                      type_text (s->type));
}

int
expr_check (const struct expression *e, struct expression_binding *b, const struct sort *fields, struct expression_fault *fault)
{
  struct checker c = {.e = e, .b = b, .fields = fields, .fault = fault};
  c.stack = calloc (e->n_nodes + 1, sizeof *c.stack);
  if (!c.stack)
    return -ENOMEM;
  int r = 0;
  for (uint32_t i = 0; !r && i < e->n_nodes; i++) {
    enum op op = e->nodes[i].op;
    if (op == OP_AGGREGATE)
      continue;
    if (op == OP_END || op == OP_NEGATE || op == OP_NOT)
      r = check_unary (&c, (uint16_t) i);
    else
      r = op < OP_AGGREGATE || op == OP_LEFT ? check_leaf (&c, (uint16_t) i) : check_binary (&c, (uint16_t) i);
    if (!r && (i + 1 == e->n_when || i + 1 == e->n_nodes))
      r = check_whole (&c, i >= e->n_when);
  }
  free (c.stack);
  return r;
}
