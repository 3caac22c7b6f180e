/* Rows: which are chosen, and what is said of all of them together. */
#include <config.h>

#include "inner.h"

/* A value as the text that globs are compared with; NULL of a value that has none. */
static const char *
text_of (const struct kk_value *v, char *number, size_t size)
{
  switch (v->type) {
  case KK_TYPE_STRING:
    return v->string;
  case KK_TYPE_U64:
    snprintf (number, size, "%llu", (unsigned long long) v->u64);
    return number;
  case KK_TYPE_I64:
    snprintf (number, size, "%lld", (long long) v->i64);
    return number;
  case KK_TYPE_BOOL:
    return v->boolean ? "true" : "false";
  default:
    return NULL;
  }
}

enum expression_verdict
expr_chosen (const struct run *r, uint16_t reference, uint32_t row, uint8_t *ret_why)
{
  const struct reference *ref = r->e->references + reference;
  const struct selector *s = r->e->selectors + ref->first;
  const uint32_t *fields = r->b->selectors + ref->first;
  uint32_t table = r->b->used[r->b->references[reference].used].table;
  enum expression_verdict verdict = EXPRESSION_YES;
  for (uint16_t i = 0; i < ref->n; i++) {
    struct kk_value v = {.absent = WHY_NOT_THERE};
    char number[24];
    if (fields[i] == SELECT_KEY)
      v.absent = kk_get_key (r->sample, table, row, &v);
    else if (fields[i] != SELECT_MISSING)
      v.absent = kk_get (r->sample, table, row, fields[i], &v);
    const char *text = v.absent ? NULL : text_of (&v, number, sizeof number);
    if (!text) {
      verdict = EXPRESSION_UNKNOWN;
      *ret_why = v.absent ? (uint8_t) v.absent : KK_UNSET;
    } else if (expr_glob (s[i].pattern, text) == s[i].negated)
      return EXPRESSION_NO;
  }
  return verdict;
}

static const struct kk_table_info *
info_of (const struct run *r, uint16_t reference)
{
  uint32_t used = r->b->references[reference].used;
  return used == UINT32_MAX || !r->b->used[used].known ? NULL : &r->b->used[used].info;
}

static struct value
because (uint16_t node, uint8_t why, bool fresh)
{
  return (struct value){.node = node, .why = why, .fresh = fresh};
}

struct value
expr_gone (const struct run *r, uint16_t node)
{
  uint16_t reference = r->e->nodes[node].reference;
  const struct kk_table_info *info = info_of (r, reference);
  if (!info)
    return because (node, WHY_NOT_THERE, false);
  bool fresh = !info->held, unsure = false;
  for (uint32_t row = 0; row < info->rows; row++) {
    uint8_t why;
    enum expression_verdict verdict = expr_chosen (r, reference, row, &why);
    if (verdict == EXPRESSION_YES && info->state != KK_FAILED)
      return (struct value){.boolean = false, .fresh = fresh};
    unsure = unsure || verdict == EXPRESSION_UNKNOWN;
  }
  if (info->state != KK_COMPLETE)
    return because (node, info->state == KK_FAILED ? WHY_TABLE_FAILED : WHY_TABLE_PARTIAL, fresh);
  if (!fresh || unsure)
    return because (node, fresh ? WHY_UNSURE_ROWS : WHY_TABLE_HELD, fresh);
  return (struct value){.boolean = true, .fresh = true};
}

/* absent (): whether there is a fresh value, or a fresh reading of the table, in any chosen row. */
bool
expr_seen (const struct run *r, uint16_t node)
{
  uint16_t reference = r->e->nodes[node].reference;
  const struct reference *ref = r->e->references + reference;
  const struct bound_reference *bound = r->b->references + reference;
  const struct kk_table_info *info = info_of (r, reference);
  if (!info || (info->held && !ref->field) || (ref->field && bound->field == UINT32_MAX))
    return false;
  if (!ref->field && !ref->n)
    return info->state != KK_FAILED;
  for (uint32_t row = 0; row < info->rows; row++) {
    uint8_t why;
    struct kk_value v;
    if (bound->keyed && expr_chosen (r, reference, row, &why) != EXPRESSION_YES)
      continue;
    if (!ref->field)
      return info->state != KK_FAILED;
    if (!kk_get (r->sample, r->b->used[bound->used].table, row, bound->field, &v) && !v.held)
      return true;
  }
  return false;
}

static void
add (enum aggregate aggregate, struct value *sum, uint32_t *n, const struct value *v)
{
  if (aggregate == AGGREGATE_COUNT)
    sum->number += v->boolean;
  else if (!*n || (aggregate == AGGREGATE_MAX && v->number > sum->number)
           || (aggregate == AGGREGATE_MIN && v->number < sum->number))
    sum->number = v->number;
  else if (aggregate == AGGREGATE_SUM || aggregate == AGGREGATE_AVG)
    sum->number += v->number;
  ++*n;
}

/* What comes out of n values. Rows of which nothing is known are left out, but they cannot be counted. */
static struct value
sum_up (uint16_t node, enum aggregate aggregate, const struct kk_table_info *info, const struct value *sum, uint32_t n,
        bool unsure)
{
  bool whole = info->state == KK_COMPLETE && !unsure;
  uint8_t partial = info->state == KK_FAILED    ? WHY_TABLE_FAILED
                    : info->state == KK_PARTIAL ? WHY_TABLE_PARTIAL
                                                : WHY_UNSURE_ROWS;
  if (info->state == KK_FAILED || (aggregate == AGGREGATE_COUNT && !whole))
    return because (node, partial, sum->fresh);
  if (!n && (aggregate >= AGGREGATE_MAX || !whole))
    return because (node, whole ? WHY_NO_ROWS : partial, sum->fresh);
  struct value v = *sum;
  if (aggregate == AGGREGATE_AVG)
    v.number /= n;
  return isfinite (v.number) ? v : because (node, WHY_RANGE, sum->fresh);
}

struct value
expr_aggregate (const struct run *r, uint16_t first)
{
  const struct node *n = r->e->nodes + first;
  uint16_t scope = r->b->scopes[n->body];
  const struct kk_table_info *info = scope == NONE ? NULL : info_of (r, scope);
  if (!info)
    return because (first, WHY_NOT_THERE, false);
  struct value sum = {.fresh = !info->held};
  uint32_t added = 0;
  bool unsure = false;
  for (uint32_t row = 0; row < info->rows; row++) {
    uint8_t why;
    enum expression_verdict verdict = expr_chosen (r, scope, row, &why);
    unsure = unsure || verdict == EXPRESSION_UNKNOWN;
    if (verdict != EXPRESSION_YES)
      continue;
    struct value v = *expr_run (r, first + 1u, n->partner, row, NULL);
    sum.fresh = sum.fresh || v.fresh;
    unsure = unsure || v.why;
    if (!v.why)
      add (n->aggregate, &sum, &added, &v);
  }
  return sum_up (first, n->aggregate, info, &sum, added, unsure);
}
