/* system.cpu_percent, processes[name=python*, status!=zombie].memory_rss_mb, interfaces[eth*] */
#include <config.h>

#include "inner.h"

enum { MAX_NAME = 63 };

int
expr_grow (void **array, uint32_t n, size_t size)
{
  if (n & (n - 1) || n == 1) /* there is room up to the next power of two, 2 at least */
    return 0;
  size_t cap = n ? (size_t) n * 2 : 2;
  void *more = reallocarray (*array, cap, size);
  if (!more)
    return -ENOMEM;
  *array = more;
  return 0;
}

static int
check_name (const struct lexer *l, size_t at, size_t length)
{
  return length <= MAX_NAME ? 0 : expr_refuse (&l->source, at, "names have at most %d characters", MAX_NAME);
}

/* A pattern up to ',' or ']'. */
static int
pattern (struct lexer *l, size_t bracket, const char **ret)
{
  const char *text = l->source.text;
  uint32_t length;
  expr_space (l);
  if (text[l->at] == '"' || text[l->at] == '\'')
    return expr_quoted (l, ret, &length);
  size_t end = l->at + strcspn (text + l->at, ",][\"'");
  if (!text[end])
    return expr_refuse (&l->source, bracket, "this bracket is not closed: a ']' is missing");
  if (text[end] != ',' && text[end] != ']')
    return expr_refuse (&l->source, end, "a pattern with '%c' in it has to stand in quotes", text[end]);
  size_t last = end;
  while (last > l->at && strchr (" \t\r\n", text[last - 1]))
    last--;
  if (last == l->at)
    return expr_refuse (&l->source, l->at, "a pattern is missing here: write [name=python*], or [*] for all rows");
  *ret = expr_pooled (l, text + l->at, last - l->at);
  l->at = end;
  return 0;
}

static int
selector (struct parser *p, size_t bracket, struct reference *ref)
{
  struct lexer *l = &p->lexer;
  const char *text = l->source.text;
  struct selector s = {0};
  expr_space (l);
  size_t begin = l->at, end = begin;
  s.at = (uint16_t) begin;
  while (expr_name_byte (text[end]))
    end++;
  l->at = end;
  expr_space (l);
  s.negated = text[l->at] == '!' && text[l->at + 1] == '=';
  if (!s.negated && text[l->at] != '=')
    l->at = begin;
  else {
    l->at += s.negated ? 2 : 1;
    if (text[l->at] == '=')
      return expr_refuse (&l->source, l->at, "rows are chosen with one '=' and a glob: write [name=python*]");
    int r = check_name (l, begin, end - begin);
    if (r)
      return r;
    if (end > begin)
      s.field = expr_pooled (l, text + begin, end - begin);
  }
  int r = pattern (l, bracket, &s.pattern);
  if (r)
    return r;
  if (!s.negated && !s.field && !strcmp (s.pattern, "*")) /* all */
    return 0;
  r = EXPR_GROW (p->e->selectors, p->e->n_selectors);
  if (r)
    return r;
  p->e->selectors[p->e->n_selectors++] = s;
  ref->n++;
  return 0;
}

static int
selectors (struct parser *p, struct reference *ref)
{
  struct lexer *l = &p->lexer;
  size_t bracket = l->at;
  ref->chosen = true;
  do {
    l->at++;
    int r = selector (p, bracket, ref);
    if (r)
      return r;
    expr_space (l);
  } while (l->source.text[l->at] == ',');
  if (l->source.text[l->at] != ']')
    return expr_refuse (&l->source, bracket, "this bracket is not closed: a ']' is missing");
  l->at++;
  return 0;
}

static int
field_name (struct parser *p, struct reference *ref)
{
  struct lexer *l = &p->lexer;
  size_t begin = ++l->at;
  while (expr_name_byte (l->source.text[l->at]))
    l->at++;
  if (l->at == begin)
    return expr_refuse (&l->source, begin, "the name of a field is missing after '%s.'", ref->table);
  int r = check_name (l, begin, l->at - begin);
  if (r)
    return r;
  ref->field = expr_pooled (l, l->source.text + begin, l->at - begin);
  ref->at_field = (uint16_t) begin;
  return 0;
}

int
expr_reference (struct parser *p, bool field, uint16_t *ret)
{
  struct lexer *l = &p->lexer;
  struct token *t = &l->token;
  struct reference ref = {.at = (uint16_t) t->at, .first = (uint16_t) p->e->n_selectors, .in_clear = l->source.in_clear};
  int r = check_name (l, t->at, t->length);
  if (r)
    return r;
  ref.table = expr_pooled (l, t->text, t->length);
  if (l->source.text[l->at] == '[' && (r = selectors (p, &ref)))
    return r;
  if (l->source.text[l->at] == '.' && (r = field_name (p, &ref)))
    return r;
  if (!ref.field && field) {
    if (ref.chosen)
      return expr_refuse (&l->source, l->at, "a field of these rows is missing: write %s[...].FIELD", ref.table);
    if (!p->e->table)
      return expr_refuse (&l->source, t->at, "'%s' names no field: write TABLE.FIELD, as in system.cpu_percent", ref.table);
    ref.field = ref.table;
    ref.table = p->e->table;
    ref.at_field = ref.at;
  }
  ref.end = (uint16_t) l->at;
  t->end = l->at;
  r = EXPR_GROW (p->e->references, p->e->n_references);
  if (r)
    return r;
  *ret = (uint16_t) p->e->n_references;
  p->e->references[p->e->n_references++] = ref;
  return expr_next (l);
}

static bool
same_choice (const struct expression *e, const struct reference *a, const struct reference *b)
{
  if (a->n != b->n)
    return false;
  for (uint16_t i = 0; i < a->n; i++) {
    const struct selector *x = e->selectors + a->first + i, *y = e->selectors + b->first + i;
    if (x->negated != y->negated || !x->field != !y->field || strcmp (x->pattern, y->pattern) != 0
        || (x->field && strcmp (x->field, y->field) != 0))
      return false;
  }
  return true;
}

int
expr_join_scope (struct parser *p, uint16_t reference)
{
  struct expression *e = p->e;
  struct scope *scope = e->scopes + p->scope;
  const struct reference *ref = e->references + reference;
  if (!ref->chosen)
    return 0;
  if (scope->reference == NONE) {
    scope->reference = reference;
    return 0;
  }
  const struct reference *first = e->references + scope->reference;
  if (strcmp (ref->table, first->table) != 0)
    return expr_refuse (&p->lexer.source, ref->at,
                        "rows of '%s' are looked at already: those of '%s' can only stand in sum, count, max, min or avg",
                        first->table, ref->table);
  if (!same_choice (e, ref, first))
    return expr_refuse (&p->lexer.source, ref->at,
                        "rows of '%s' are chosen already: write %s.%s without brackets for the same row", ref->table,
                        ref->table, ref->field ? ref->field : "FIELD");
  return 0;
}
