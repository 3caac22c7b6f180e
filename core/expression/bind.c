/* An expression against a schema: numbers in place of names. */
#include <config.h>

#include "inner.h"
#include "nearest.h"
#include "pick.h"

enum { MAX_MISSING = 64 };

struct binder {
  const struct expression *e;
  struct expression_binding *b;
  const struct kk_schema *schema;
  struct sort *fields; /* by reference */
  const char **names;  /* of tables, or of a table's fields: to look for what was meant */
  uint32_t n_tables;
  struct expression_fault *fault;
};

static struct source
source_of (const struct binder *k, const struct reference *ref)
{
  return expr_source (k->e, ref->in_clear, k->fault);
}

/* What was written down in k->fault is one thing more that the schema lacks. */
static int
note_missing (struct binder *k)
{
  struct expression_binding *b = k->b;
  if (b->n_missing == MAX_MISSING)
    return 0;
  int r = EXPR_GROW (b->missing, b->n_missing);
  if (!r)
    b->missing[b->n_missing++] = *k->fault;
  return r;
}

static int
lack_table (struct binder *k, const struct reference *ref)
{
  struct source source = source_of (k, ref);
  for (uint32_t t = 0; t < k->n_tables; t++) {
    struct kk_table table;
    k->names[t] = kk_schema_table (k->schema, t, &table) ? "" : table.name;
  }
  const char *meant = nearest_word (ref->table, k->names, k->n_tables);
  expr_refuse (&source, ref->at, "there is no table '%s'%s%s%s", ref->table,
               meant ? ": did you mean " : ": nothing that is configured collects it, or a filter drops or renames it",
               meant ? meant : "", meant ? "?" : "");
  return note_missing (k);
}

static int
lack_field (struct binder *k, const struct reference *ref, size_t at, const char *name, uint32_t table, uint32_t n)
{
  struct source source = source_of (k, ref);
  for (uint32_t f = 0; f < n; f++) {
    struct kk_field field;
    k->names[f] = kk_schema_field (k->schema, table, f, &field) ? "" : field.name;
  }
  const char *meant = nearest_word (name, k->names, n);
  expr_refuse (&source, at, "the table '%s' has no field '%s'%s%s%s", ref->table, name, meant ? ": did you mean " : "",
               meant ? meant : "", meant ? "?" : "");
  return note_missing (k);
}

static bool
find_field (const struct binder *k, uint32_t table, uint32_t n, const char *name, uint32_t *ret, struct kk_field *field)
{
  for (uint32_t f = 0; f < n; f++)
    if (!kk_schema_field (k->schema, table, f, field) && !strcmp (field->name, name)) {
      *ret = f;
      return true;
    }
  return false;
}

static uint32_t
use (struct expression_binding *b, uint32_t table)
{
  for (uint32_t i = 0; i < b->n_used; i++)
    if (b->used[i].table == table)
      return i;
  b->used[b->n_used].table = table;
  return b->n_used++;
}

/* A rule that looks for rows which cannot be would take them for gone. */
static int
check_number (struct binder *k, const struct reference *ref, const struct selector *s, const struct kk_table *table)
{
  const char *digits = s->pattern + (*s->pattern == '-');
  if (*digits && pick_takes_digits (digits))
    return 0;
  struct source source = source_of (k, ref);
  if (s->field)
    return expr_refuse (&source, s->at, "'%s' of the table '%s' is a number, which '%s' never takes", s->field, ref->table,
                        s->pattern);
  return expr_refuse (&source, s->at,
                      "the rows of '%s' are known by numbers (%s), which '%s' never takes: name a field, as in [name=%s]",
                      ref->table, table->key, s->pattern, s->pattern);
}

static int
bind_selectors (struct binder *k, const struct reference *ref, uint32_t number, const struct kk_table *table)
{
  for (uint16_t i = 0; i < ref->n; i++) {
    const struct selector *s = k->e->selectors + ref->first + i;
    uint32_t *ret = k->b->selectors + ref->first + i;
    struct kk_field field;
    int r;
    if (!s->field || !strcmp (s->field, table->key)) {
      *ret = SELECT_KEY;
      r = table->key_type == KK_U64_KEY ? check_number (k, ref, s, table) : 0;
      if (r)
        return r;
      continue;
    }
    if (!find_field (k, number, table->n_fields, s->field, ret, &field)) {
      *ret = SELECT_MISSING;
      r = lack_field (k, ref, s->at, s->field, number, table->n_fields);
      if (r)
        return r;
      continue;
    }
    struct source source = source_of (k, ref);
    if (field.type == KK_TYPE_F64)
      return expr_refuse (&source, s->at, "'%s' is no text: rows are chosen by texts and whole numbers, compare %s.%s instead",
                          s->field, ref->table, s->field);
    if ((field.type == KK_TYPE_U64 || field.type == KK_TYPE_I64) && (r = check_number (k, ref, s, table)))
      return r;
  }
  return 0;
}

static void
sort_of (const struct kk_field *field, struct sort *ret)
{
  *ret = (struct sort){.type = field->type == KK_TYPE_BOOL     ? EXPRESSION_BOOLEAN
                               : field->type == KK_TYPE_STRING ? EXPRESSION_TEXT
                                                               : EXPRESSION_NUMBER};
  expr_unit_of (field->unit ? field->unit : "", &ret->unit);
}

static int
bind_reference (struct binder *k, uint32_t number)
{
  const struct reference *ref = k->e->references + number;
  struct bound_reference *bound = k->b->references + number;
  struct kk_table table = {0};
  uint32_t t = 0;
  *bound = (struct bound_reference){.used = UINT32_MAX, .field = UINT32_MAX};
  k->fields[number] = (struct sort){.unit = {.dimension = UNIT_UNKNOWN, .scale = 1}};
  while (t < k->n_tables && (kk_schema_table (k->schema, t, &table) || strcmp (table.name, ref->table) != 0))
    t++;
  if (t == k->n_tables)
    return lack_table (k, ref);
  bound->keyed = table.key_type != KK_NO_KEY;
  if (ref->chosen && !bound->keyed) {
    struct source source = source_of (k, ref);
    return expr_refuse (&source, ref->at, "the table '%s' has one row: write %s%s%s without brackets", ref->table, ref->table,
                        ref->field ? "." : "", ref->field ? ref->field : "");
  }
  bound->used = use (k->b, t);
  int r = bind_selectors (k, ref, t, &table);
  struct kk_field field;
  if (r || !ref->field)
    return r;
  if (!find_field (k, t, table.n_fields, ref->field, &bound->field, &field)) {
    bound->field = UINT32_MAX;
    return lack_field (k, ref, ref->at_field, ref->field, t, table.n_fields);
  }
  sort_of (&field, k->fields + number);
  k->b->references[number].kind = (uint8_t) field.kind;
  return 0;
}

/* Whether a node looks at rows of its scope. */
static bool
looks_at_rows (const struct node *n)
{
  return n->op == OP_FIELD || n->op == OP_RATE || n->op == OP_CHANGE || n->op == OP_ROW;
}

static int
bind_node (struct binder *k, uint32_t number)
{
  const struct node *n = k->e->nodes + number;
  struct bound *bound = k->b->nodes + number;
  if (n->op == OP_GONE || n->op == OP_ABSENT || looks_at_rows (n)) {
    const struct reference *ref = k->e->references + n->reference;
    const struct bound_reference *r = k->b->references + n->reference;
    struct source source = source_of (k, ref);
    *bound = (struct bound){.used = r->used, .field = r->field, .kind = r->kind};
    if (r->used == UINT32_MAX)
      return 0;
    if (n->op == OP_GONE && !r->keyed)
      return expr_refuse (&source, n->at, "the table '%s' has one row, which is never gone: use absent(%s, 10s)", ref->table,
                          ref->table);
    if (!looks_at_rows (n) || !r->keyed)
      return 0;
    uint16_t *scope = k->b->scopes + n->scope;
    bound->row = true;
    if (*scope == NONE)
      *scope = n->reference;
    if (k->b->references[*scope].used != r->used)
      return expr_refuse (&source, ref->at,
                          "rows of '%s' are looked at already: those of '%s' can only stand in sum, count, max, min or avg",
                          k->e->references[*scope].table, ref->table);
  }
  return 0;
}

/* An aggregate needs rows to go through, unless what it names is not there at all. */
static int
check_aggregate (struct binder *k, uint32_t number)
{
  const struct node *n = k->e->nodes + number;
  uint32_t single = UINT32_MAX;
  if (n->op != OP_AGGREGATE || k->b->scopes[n->body] != NONE)
    return 0;
  for (uint32_t i = number + 1; i < n->partner; i++) {
    const struct node *m = k->e->nodes + i;
    if (!looks_at_rows (m))
      continue;
    if (k->b->nodes[i].used == UINT32_MAX)
      return 0;
    single = m->reference;
  }
  struct source source = expr_source (k->e, number >= k->e->n_when, k->fault);
  if (single == UINT32_MAX)
    return expr_refuse (&source, n->at,
                        "no field stands in these brackets: sum, count, max, min and avg go over the rows of a table");
  return expr_refuse (&source, k->e->references[single].at,
                      "the table '%s' has one row: sum, count, max, min and avg go over the rows of a table with many",
                      k->e->references[single].table);
}

/* A rule is about what its first text is about: one for each row it does not become by how it ends. */
static int
check_clear (struct binder *k)
{
  const struct expression *e = k->e;
  for (uint32_t i = 0; i < e->n_nodes; i++) {
    const struct node *n = e->nodes + i;
    if (!k->b->nodes[i].row || n->scope)
      continue;
    if (i < e->n_when)
      return 0;
    struct source source = expr_source (e, true, k->fault);
    return expr_refuse (&source, e->references[n->reference].at,
                        "the rule is about no rows, so those of '%s' can only stand in sum, count, max, min or avg",
                        e->references[n->reference].table);
  }
  return 0;
}

static int
bind_all (struct binder *k)
{
  const struct expression *e = k->e;
  int r = 0;
  for (uint32_t i = 0; i < e->n_scopes; i++)
    k->b->scopes[i] = e->scopes[i].reference;
  for (uint32_t i = 0; !r && i < e->n_references; i++)
    r = bind_reference (k, i);
  for (uint32_t i = 0; !r && i < e->n_nodes; i++)
    r = bind_node (k, i);
  for (uint32_t i = 0; !r && i < e->n_nodes; i++)
    r = check_aggregate (k, i);
  if (!r && e->n_nodes > e->n_when)
    r = check_clear (k);
  return r ? r : expr_check (e, k->b, k->fields, k->fault);
}

/* Room in k->names for all tables, or for the fields of any. */
static int
make_names (struct binder *k)
{
  uint32_t most = k->n_tables + 1;
  for (uint32_t t = 0; t < k->n_tables; t++) {
    struct kk_table table;
    if (!kk_schema_table (k->schema, t, &table) && table.n_fields > most)
      most = table.n_fields;
  }
  k->names = calloc (most, sizeof *k->names);
  return k->names ? 0 : -ENOMEM;
}

static struct expression_binding *
make_binding (const struct expression *e, const struct kk_schema *schema)
{
  struct expression_binding *b = calloc (1, sizeof *b);
  if (!b)
    return NULL;
  b->schema = kk_schema_id (schema);
  b->nodes = calloc (e->n_nodes, sizeof *b->nodes);
  b->references = calloc (e->n_references + 1, sizeof *b->references);
  b->selectors = calloc (e->n_selectors + 1, sizeof *b->selectors);
  b->scopes = calloc (e->n_scopes, sizeof *b->scopes);
  b->used = calloc (e->n_references + 1, sizeof *b->used);
  b->slots = calloc (e->n_nodes, sizeof *b->slots);
  if (b->nodes && b->references && b->selectors && b->scopes && b->used && b->slots)
    return b;
  expression_unbind (b);
  return NULL;
}

int
expression_bind (const struct expression *e, const struct kk_schema *schema, struct expression_binding **ret,
                 struct expression_fault *fault)
{
  struct binder k = {.e = e, .schema = schema, .n_tables = kk_schema_tables (schema), .fault = fault};
  *fault = (struct expression_fault){0};
  k.b = make_binding (e, schema);
  k.fields = calloc (e->n_references + 1, sizeof *k.fields);
  int r = k.b && k.fields ? make_names (&k) : -ENOMEM;
  r = r ? r : bind_all (&k);
  free (k.names);
  free (k.fields);
  if (r) {
    expression_unbind (k.b);
    return r;
  }
  *ret = k.b;
  if (!k.b->n_missing)
    return 0;
  *fault = *k.b->missing;
  return -ENOENT;
}

void
expression_unbind (struct expression_binding *b)
{
  if (!b)
    return;
  free (b->nodes);
  free (b->references);
  free (b->selectors);
  free (b->scopes);
  free (b->used);
  free (b->slots);
  free (b->missing);
  free (b);
}

bool
expression_missing (const struct expression_binding *b, uint32_t n, struct expression_fault *fault)
{
  if (n >= b->n_missing)
    return false;
  *fault = b->missing[n];
  return true;
}

bool
expression_table (const struct expression_binding *b, uint32_t n, uint32_t *ret)
{
  if (n < b->n_used)
    *ret = b->used[n].table;
  return n < b->n_used;
}

int
expression_rows_of (const struct expression_binding *b)
{
  if (*b->scopes == NONE || b->references[*b->scopes].used == UINT32_MAX)
    return -1;
  return (int) b->used[b->references[*b->scopes].used].table;
}

const char *
expression_unit (const struct expression_binding *b)
{
  return b->unit.name;
}

const char *
expression_needs_all (const struct expression *e, const struct expression_binding *b, uint32_t table)
{
  for (uint32_t i = 0; i < e->n_nodes; i++) {
    const struct node *n = e->nodes + i;
    const bool counts = n->op == OP_AGGREGATE && n->aggregate == AGGREGATE_COUNT;
    const uint16_t reference = n->op == OP_GONE ? n->reference : counts ? b->scopes[n->body] : NONE;
    const uint32_t used = reference == NONE ? UINT32_MAX : b->references[reference].used;
    if (used != UINT32_MAX && b->used[used].table == table)
      return counts ? "count" : "gone";
  }
  return NULL;
}
