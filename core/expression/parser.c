/* The grammar: or, and, not, comparisons, + -, * /, unary minus, in the order of how loosely they bind. */
#include <config.h>

#include "inner.h"

enum { PREC_OR = 1, PREC_AND, PREC_NOT, PREC_COMPARE, PREC_SUM, PREC_PRODUCT, PREC_SIGN };

static int binary (struct parser *p, int least);

int
expr_emit (struct parser *p, struct node node)
{
  struct expression *e = p->e;
  if (e->n_nodes >= EXPRESSION_MAX_NODES)
    return expr_refuse (&p->lexer.source, node.mark, "this is too much for one expression: it may have %d parts",
                        EXPRESSION_MAX_NODES);
  int r = EXPR_GROW (e->nodes, e->n_nodes);
  if (r)
    return r;
  node.scope = p->scope;
  e->nodes[e->n_nodes++] = node;
  return 0;
}

/* The operator that the token is; 0 when it is none. */
static int
operator_of (const struct lexer *l, enum op *ret)
{
  *ret = l->token.op;
  if (l->token.kind == TOKEN_OPERATOR)
    return *ret >= OP_LESS ? PREC_COMPARE : *ret >= OP_MULTIPLY ? PREC_PRODUCT : PREC_SUM;
  *ret = expr_word (l, "or") ? OP_OR : OP_AND;
  return expr_word (l, "or") ? PREC_OR : expr_word (l, "and") ? PREC_AND : 0;
}

static bool
is_operator_word (const struct lexer *l)
{
  return expr_word (l, "and") || expr_word (l, "or") || expr_word (l, "not");
}

/* What is wrong where an operand should be. */
static int
refuse_operand (struct parser *p)
{
  struct lexer *l = &p->lexer;
  const struct token *t = &l->token;
  if (t->kind == TOKEN_END)
    return expr_refuse (&l->source, t->at, "something is missing at the end: a field, a number or a text");
  struct piece piece = expr_piece (l->source.text, t->at, t->end);
  return expr_refuse (&l->source, t->at, "a field, a number or a text is missing before '%.*s%s'", piece.length, piece.text,
                      piece.more);
}

static int
name (struct parser *p)
{
  struct lexer *l = &p->lexer;
  const char *next = l->source.text + l->at;
  if (expr_word (l, "true") || expr_word (l, "false")) {
    struct node n = {
      .op = OP_BOOLEAN, .at = (uint16_t) l->token.at, .end = (uint16_t) l->token.end, .mark = (uint16_t) l->token.at};
    n.boolean = expr_word (l, "true");
    int r = expr_emit (p, n);
    return r ? r : expr_next (l);
  }
  if (is_operator_word (l))
    return refuse_operand (p);
  if (next[strspn (next, " \t\r\n")] == '(')
    return expr_call (p);
  struct node n = {.op = OP_FIELD, .at = (uint16_t) l->token.at, .mark = (uint16_t) l->token.at};
  int r = expr_reference (p, true, &n.reference);
  r = r ? r : expr_join_scope (p, n.reference);
  if (r)
    return r;
  n.end = p->e->references[n.reference].end;
  return expr_emit (p, n);
}

static int
group (struct parser *p)
{
  struct lexer *l = &p->lexer;
  size_t open = l->token.at;
  int r = expr_next (l);
  r = r ? r : expr_compare (p);
  if (r)
    return r;
  if (l->token.kind == TOKEN_END)
    return expr_refuse (&l->source, open, "this bracket is not closed: a ')' is missing");
  if (l->token.kind != TOKEN_CLOSE) {
    struct piece piece = expr_piece (l->source.text, l->token.at, l->token.end);
    return expr_refuse (&l->source, l->token.at, "an operator or a ')' is missing before '%.*s%s'", piece.length, piece.text,
                        piece.more);
  }
  return expr_next (l);
}

static int
constant (struct parser *p)
{
  const struct token *t = &p->lexer.token;
  struct node n = {.at = (uint16_t) t->at, .end = (uint16_t) t->end, .mark = (uint16_t) t->at};
  if (t->kind == TOKEN_NUMBER) {
    n.op = OP_NUMBER;
    n.unit = (uint8_t) t->unit;
    n.number = t->number;
  } else {
    n.op = OP_TEXT;
    n.text = t->text;
    n.length = t->length;
  }
  int r = expr_emit (p, n);
  return r ? r : expr_next (&p->lexer);
}

static int
prefix (struct parser *p, enum op op, int least)
{
  struct node n = {.op = (uint8_t) op, .at = (uint16_t) p->lexer.token.at, .mark = (uint16_t) p->lexer.token.at};
  int r = expr_next (&p->lexer);
  r = r ? r : binary (p, least);
  n.end = (uint16_t) p->lexer.last_end;
  return r ? r : expr_emit (p, n);
}

static int
operand (struct parser *p, int least)
{
  struct lexer *l = &p->lexer;
  if (p->depth >= EXPRESSION_MAX_DEPTH)
    return expr_refuse (&l->source, l->token.at, "this is nested too deeply: %d levels are allowed", EXPRESSION_MAX_DEPTH);
  p->depth++;
  int r;
  if (expr_word (l, "not"))
    r = least <= PREC_NOT ? prefix (p, OP_NOT, PREC_NOT)
                          : expr_refuse (&l->source, l->token.at, "put this 'not' and what belongs to it into brackets");
  else if (l->token.kind == TOKEN_OPERATOR && l->token.op == OP_SUBTRACT)
    r = prefix (p, OP_NEGATE, PREC_SIGN);
  else if (l->token.kind == TOKEN_OPEN)
    r = group (p);
  else if (l->token.kind == TOKEN_NUMBER || l->token.kind == TOKEN_TEXT)
    r = constant (p);
  else
    r = l->token.kind == TOKEN_NAME ? name (p) : refuse_operand (p);
  p->depth--;
  return r;
}

/* Notes the comparison whose left side people want to see. */
static void
note_comparison (struct parser *p, uint32_t left, bool left_constant, bool right_constant)
{
  struct expression *e = p->e;
  if (e->compare != NONE || p->scope || p->lexer.source.in_clear)
    return;
  e->compare = (uint16_t) (e->n_nodes - 1);
  e->compare_left = (uint16_t) left;
  e->show_right = left_constant && !right_constant;
}

static int
binary (struct parser *p, int least)
{
  struct lexer *l = &p->lexer;
  struct expression *e = p->e;
  size_t begin = l->token.at;
  uint32_t before = e->n_references;
  int r = operand (p, least), prec;
  enum op op;
  while (!r && (prec = operator_of (l, &op)) >= least && prec) {
    uint32_t left = e->n_nodes - 1, between = e->n_references;
    struct node n = {.op = (uint8_t) op, .at = (uint16_t) begin, .mark = (uint16_t) l->token.at};
    r = expr_next (l);
    r = r ? r : binary (p, prec + 1);
    n.end = (uint16_t) l->last_end;
    r = r ? r : expr_emit (p, n);
    if (r || prec != PREC_COMPARE)
      continue;
    note_comparison (p, left, between == before, e->n_references == between);
    if (operator_of (l, &op) == PREC_COMPARE)
      return expr_refuse (&l->source, l->token.at, "two comparisons in a row: write them apart, with 'and' between them");
  }
  return r;
}

int
expr_compare (struct parser *p)
{
  return binary (p, PREC_OR);
}

/* "< 80": the left side is that of the expression. */
static int
rest_of_comparison (struct parser *p)
{
  struct lexer *l = &p->lexer;
  struct expression *e = p->e;
  struct node left = {.op = OP_LEFT}, n = {.op = (uint8_t) l->token.op, .mark = (uint16_t) l->token.at};
  if (!e->single)
    return expr_refuse (&l->source, l->token.at,
                        "a condition that begins with an operator needs a rule that is one comparison: write all of it, as in "
                        "system.cpu_percent < 80");
  if (e->show_right)
    return expr_refuse (&l->source, l->token.at,
                        "the left side of the rule is a constant: turn it round, as in system.cpu_percent > 90");
  int r = expr_emit (p, left);
  r = r ? r : expr_next (l);
  r = r ? r : binary (p, PREC_SUM);
  n.end = (uint16_t) l->last_end;
  return r ? r : expr_emit (p, n);
}

static int
refuse_rest (const struct lexer *l)
{
  const struct token *t = &l->token;
  struct piece piece = expr_piece (l->source.text, t->at, t->end);
  if (t->kind == TOKEN_CLOSE)
    return expr_refuse (&l->source, t->at, "this ')' closes no bracket");
  static const char *const words[][2] = {{"AND", "and"}, {"OR", "or"}, {"And", "and"}, {"Or", "or"}};
  for (size_t i = 0; i < 4; i++)
    if (expr_word (l, words[i][0]))
      return expr_refuse (&l->source, t->at, "write '%s' in small letters", words[i][1]);
  return expr_refuse (&l->source, t->at, "an operator is missing before '%.*s%s'", piece.length, piece.text, piece.more);
}

int
expr_parse_into (struct parser *p)
{
  struct lexer *l = &p->lexer;
  int r = expr_next (l);
  if (r)
    return r;
  bool rest = l->source.in_clear && l->token.kind == TOKEN_OPERATOR && l->token.op >= OP_LESS;
  r = rest ? rest_of_comparison (p) : expr_compare (p);
  if (!r && l->token.kind != TOKEN_END)
    r = refuse_rest (l);
  return r;
}
