/* Functions: rate (), change (), absent (), gone () and the aggregates over rows. */
#include <config.h>

#include "inner.h"
#include "nearest.h"

static const struct function {
  const char *name;
  uint8_t op, aggregate;
  const char *usage;
} functions[] = {
  {"rate", OP_RATE, 0, "rate(network.bytes_sent)"},
  {"change", OP_CHANGE, 0, "change(system.memory_used_mb, 5m)"},
  {"absent", OP_ABSENT, 0, "absent(system.cpu_percent, 10s)"},
  {"gone", OP_GONE, 0, "gone(processes[name=nginx])"},
  {"sum", OP_AGGREGATE, AGGREGATE_SUM, "sum(processes[*].cpu_percent)"},
  {"count", OP_AGGREGATE, AGGREGATE_COUNT, "count(processes[name=python*])"},
  {"max", OP_AGGREGATE, AGGREGATE_MAX, "max(processes[*].cpu_percent)"},
  {"min", OP_AGGREGATE, AGGREGATE_MIN, "min(processes[*].cpu_percent)"},
  {"avg", OP_AGGREGATE, AGGREGATE_AVG, "avg(processes[*].cpu_percent)"},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static int
find (struct lexer *l, const struct function **ret)
{
  const char *names[FUNCTIONS];
  for (size_t i = 0; i < FUNCTIONS; i++) {
    names[i] = functions[i].name;
    if (expr_word (l, names[i])) {
      *ret = functions + i;
      return 0;
    }
  }
  struct piece name = expr_piece (l->source.text, l->token.at, l->token.end);
  const char *meant = nearest_word (expr_pooled (l, l->token.text, l->token.length), names, FUNCTIONS);
  return expr_refuse (&l->source, l->token.at, "there is no function '%.*s%s'%s%s%s", name.length, name.text, name.more,
                      meant ? ": did you mean " : ": there are rate, change, absent, gone, sum, count, max, min and avg",
                      meant ? meant : "", meant ? "?" : "");
}

static int
want (struct lexer *l, enum token_kind kind, const char *what, const struct function *f)
{
  if (l->token.kind != kind)
    return expr_refuse (&l->source, l->token.at, "%s is missing here: write it as %s", what, f->usage);
  return expr_next (l);
}

static int
span (struct lexer *l, const struct function *f, int64_t *ret_ns)
{
  int r = want (l, TOKEN_COMMA, "a comma and a time", f);
  if (r)
    return r;
  const struct token *t = &l->token;
  if (t->kind != TOKEN_NUMBER || (t->unit != UNIT_TIME && t->unit != UNIT_PLAIN) || !(t->number > 0) || t->number > 1e9)
    return expr_refuse (&l->source, t->at, "a time is missing here: write it as %s", f->usage);
  *ret_ns = (int64_t) llround (t->number * 1e9);
  if (*ret_ns <= 0)
    return expr_refuse (&l->source, t->at, "this time is too short");
  return expr_next (l);
}

/* rate (FIELD), change (FIELD, TIME), absent (FIELD or TABLE, TIME), gone (TABLE) */
static int
of_reference (struct parser *p, const struct function *f, struct node *n)
{
  struct lexer *l = &p->lexer;
  bool table = f->op == OP_ABSENT || f->op == OP_GONE;
  if (l->token.kind != TOKEN_NAME)
    return expr_refuse (&l->source, l->token.at, "%s is missing here: write it as %s", table ? "a table" : "a field", f->usage);
  int r = expr_reference (p, !table, &n->reference);
  if (r)
    return r;
  const struct reference *ref = p->e->references + n->reference;
  if (f->op == OP_GONE && ref->field)
    return expr_refuse (&l->source, ref->at_field, "gone() wants rows and no field: write it as %s", f->usage);
  if (!table && (r = expr_join_scope (p, n->reference)))
    return r;
  return f->op == OP_CHANGE || f->op == OP_ABSENT ? span (l, f, &n->span_ns) : 0;
}

/* count (TABLE): 1 when that is what stands here, 0 when something else does. */
static int
whole_rows (struct parser *p)
{
  struct expression *e = p->e;
  struct lexer before = p->lexer;
  uint32_t references = e->n_references, selectors = e->n_selectors;
  if (p->lexer.token.kind != TOKEN_NAME || p->lexer.source.text[p->lexer.at] == '.')
    return 0;
  struct node n = {.op = OP_ROW, .at = (uint16_t) p->lexer.token.at, .mark = (uint16_t) p->lexer.token.at};
  int r = expr_reference (p, false, &n.reference);
  if (r)
    return r;
  if (p->lexer.token.kind == TOKEN_CLOSE && !e->references[n.reference].field) {
    n.end = e->references[n.reference].end;
    r = expr_join_scope (p, n.reference);
    r = r ? r : expr_emit (p, n);
    return r ? r : 1;
  }
  p->lexer = before;
  e->n_references = references;
  e->n_selectors = selectors;
  return 0;
}

static int
of_rows (struct parser *p, struct node *n)
{
  struct expression *e = p->e;
  if (p->scope)
    return expr_refuse (&p->lexer.source, n->at, "sum, count, max, min and avg cannot stand within each other");
  int r = EXPR_GROW (e->scopes, e->n_scopes);
  if (r)
    return r;
  e->scopes[e->n_scopes] = (struct scope){.reference = NONE};
  n->body = (uint16_t) e->n_scopes++;
  uint16_t begin = (uint16_t) e->n_nodes;
  r = expr_emit (p, *n);
  if (r)
    return r;
  p->scope = n->body;
  r = n->aggregate == AGGREGATE_COUNT ? whole_rows (p) : 0;
  if (r == 0)
    r = expr_compare (p);
  p->scope = 0;
  n->op = OP_END;
  n->partner = begin;
  e->nodes[begin].partner = (uint16_t) e->n_nodes;
  return r < 0 ? r : 0;
}

int
expr_call (struct parser *p)
{
  struct lexer *l = &p->lexer;
  const struct function *f = NULL;
  struct node n = {.at = (uint16_t) l->token.at, .mark = (uint16_t) l->token.at, .scope = p->scope};
  int r = find (l, &f);
  if (r)
    return r;
  n.op = f->op;
  n.aggregate = f->aggregate;
  r = expr_next (l);
  r = r ? r : expr_next (l); /* the bracket */
  if (r)
    return r;
  r = f->op == OP_AGGREGATE ? of_rows (p, &n) : of_reference (p, f, &n);
  if (r)
    return r;
  if (l->token.kind == TOKEN_COMMA && f->op == OP_AGGREGATE)
    return expr_refuse (&l->source, l->token.at, "%s() goes over the rows of a table and takes one thing: %s", f->name,
                        f->usage);
  if (l->token.kind != TOKEN_CLOSE)
    return expr_refuse (&l->source, l->token.at, "a ')' is missing here: write it as %s", f->usage);
  r = expr_next (l);
  n.end = (uint16_t) l->last_end;
  if (n.op == OP_END)
    p->e->nodes[n.partner].end = n.end;
  return r ? r : expr_emit (p, n);
}
