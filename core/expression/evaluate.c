/* An expression on a sample: first what is the same for all rows, then each row. */
#include <config.h>

#include "inner.h"

static struct value
value_from (const struct kk_value *v, uint16_t node)
{
  struct value x = {.fresh = !v->held, .node = node, .why = (uint8_t) v->absent};
  if (v->absent)
    return x;
  switch (v->type) {
  case KK_TYPE_F64:
    x.number = v->f64;
    break;
  case KK_TYPE_U64:
    x.number = (double) v->u64;
    break;
  case KK_TYPE_I64:
    x.number = (double) v->i64;
    break;
  case KK_TYPE_BOOL:
    x.boolean = v->boolean;
    break;
  default:
    x.text = v->string;
    x.length = v->length;
  }
  return x;
}

static struct value
remember (const struct run *r, uint16_t node, uint32_t table, uint32_t row, const struct kk_value *v)
{
  const struct bound *b = r->b->nodes + node;
  struct reading reading = {
    .value = *v, .key = {.absent = KK_UNSET}, .now_ns = r->time.mono_ns, .counter = b->kind == KK_COUNTER};
  struct kk_time time;
  kk_value_time (r->sample, table, row, b->field, &time);
  reading.mono_ns = time.mono_ns;
  if (b->row) {
    kk_get_key (r->sample, table, row, &reading.key);
    reading.identity = kk_get_identity (r->sample, table, row);
  }
  struct value x = expr_history_read (r->e->histories[node], r->e, &reading);
  x.node = node;
  return x;
}

/* A field, or rate () or change () of one; of a single table that is row 0. */
static struct value
field (const struct run *r, uint16_t node, uint32_t row)
{
  const struct bound *b = r->b->nodes + node;
  if (b->used == UINT32_MAX || b->field == UINT32_MAX || !r->b->used[b->used].known)
    return (struct value){.node = node, .why = WHY_NOT_THERE};
  const struct used_table *used = r->b->used + b->used;
  if (row >= used->info.rows)
    return (struct value){
      .node = node, .why = used->info.state == KK_FAILED ? WHY_TABLE_FAILED : WHY_NO_ROW, .fresh = !used->info.held};
  struct kk_value v;
  v.absent = kk_get (r->sample, used->table, row, b->field, &v);
  return r->e->nodes[node].op == OP_FIELD ? value_from (&v, node) : remember (r, node, used->table, row, &v);
}

static struct value
leaf (const struct run *r, uint16_t node, uint32_t row)
{
  const struct node *n = r->e->nodes + node;
  const struct bound *b = r->b->nodes + node;
  switch ((enum op) n->op) {
  case OP_NUMBER:
    return (struct value){.number = n->number};
  case OP_TEXT:
    return (struct value){.text = n->text, .length = n->length};
  case OP_BOOLEAN:
    return (struct value){.boolean = n->boolean};
  case OP_ROW:
    return b->row ? (struct value){.boolean = true, .fresh = !r->b->used[b->used].info.held} : r->b->slots[node];
  default:
    return b->row ? field (r, node, row) : r->b->slots[node];
  }
}

static void
negate (const struct node *n, struct value *v)
{
  if (v->why)
    return;
  if (n->op == OP_NOT)
    v->boolean = !v->boolean;
  else
    v->number = -v->number;
}

struct value *
expr_run (const struct run *r, uint32_t first, uint32_t end, uint32_t row, struct value *left)
{
  struct expression *e = r->e;
  struct value *top = e->stack, saved = left ? *left : (struct value){0};
  for (uint32_t i = first; i < end; i++) {
    const struct node *n = e->nodes + i;
    if (n->op == OP_AGGREGATE) {
      *top++ = r->b->slots[i];
      i = n->partner;
    } else if (n->op == OP_LEFT)
      *top++ = saved;
    else if (n->op < OP_AGGREGATE)
      *top++ = leaf (r, (uint16_t) i, row);
    else if (n->op <= OP_NOT)
      negate (n, top - 1);
    else {
      top--;
      if (i == e->compare && left)
        *left = saved = e->show_right ? *top : top[-1];
      top[-1] = expr_binary (n, r->b->nodes + i, (uint16_t) i, top - 1, top);
    }
  }
  return e->stack;
}

void
expr_fill_slots (const struct run *r)
{
  const struct expression *e = r->e;
  struct value *slots = r->b->slots;
  for (uint32_t i = 0; i < e->n_nodes; i++) {
    enum op op = e->nodes[i].op;
    if (op == OP_ABSENT)
      slots[i] = expr_history_absent (e->histories[i], e, r->time.mono_ns, expr_seen (r, (uint16_t) i));
    else if (op == OP_GONE)
      slots[i] = expr_gone (r, (uint16_t) i);
    else if ((op == OP_FIELD || op == OP_RATE || op == OP_CHANGE) && !r->b->nodes[i].row)
      slots[i] = field (r, (uint16_t) i, 0);
    else if (op == OP_ROW)
      slots[i] = (struct value){.node = (uint16_t) i, .why = WHY_NOT_THERE};
  }
  for (uint32_t i = 0; i < e->n_nodes; i++)
    if (e->nodes[i].op == OP_AGGREGATE)
      slots[i] = expr_aggregate (r, (uint16_t) i);
}

static void
set_value (const struct run *r, const struct value *v, struct expression_result *result)
{
  result->value_type = r->e->compare == NONE || v->why ? EXPRESSION_NO_VALUE : r->b->value_type;
  if (result->value_type == EXPRESSION_NUMBER)
    result->number = v->number;
  else if (result->value_type == EXPRESSION_BOOLEAN)
    result->boolean = v->boolean;
  else if (result->value_type == EXPRESSION_TEXT) {
    result->text = v->text;
    result->length = v->length;
  }
}

static enum expression_verdict
verdict_of (const struct value *v)
{
  return v->why ? EXPRESSION_UNKNOWN : v->boolean ? EXPRESSION_YES : EXPRESSION_NO;
}

static void
judge (const struct run *r, uint32_t row, struct expression_result *result)
{
  const struct expression *e = r->e;
  struct value left = {.why = KK_UNSET};
  struct value v = *expr_run (r, 0, e->n_when, row, &left);
  result->verdict = verdict_of (&v);
  result->why = v.why;
  result->why_node = v.node;
  result->fresh = v.fresh || !e->n_references;
  set_value (r, &left, result);
  if (e->n_nodes == e->n_when)
    return;
  v = *expr_run (r, e->n_when, e->n_nodes, row, &left);
  result->clear = verdict_of (&v);
  result->fresh = result->fresh || v.fresh;
}

/* Every row that the expression chooses. */
static uint32_t
judge_rows (const struct run *r, void (*report) (void *arg, const struct expression_result *result), void *arg)
{
  uint16_t scope = *r->b->scopes;
  uint32_t used = r->b->references[scope].used, reported = 0;
  if (used == UINT32_MAX || !r->b->used[used].known)
    return 0;
  const struct used_table *t = r->b->used + used;
  for (uint32_t row = 0; row < t->info.rows; row++) {
    struct expression_result result = {.sample = r->sample, .row = row, .clear = EXPRESSION_UNKNOWN};
    uint8_t why = 0;
    enum expression_verdict chosen = expr_chosen (r, scope, row, &why);
    if (chosen == EXPRESSION_NO)
      continue;
    kk_get_key (r->sample, t->table, row, &result.key);
    result.identity = kk_get_identity (r->sample, t->table, row);
    if (chosen == EXPRESSION_YES)
      judge (r, row, &result);
    else {
      result.verdict = EXPRESSION_UNKNOWN;
      result.fresh = !t->info.held;
      result.why = WHY_UNSURE_ROW;
      result.why_node = NONE;
    }
    report (arg, &result);
    reported++;
  }
  return reported;
}

void
expr_sweep (const struct run *r)
{
  const struct expression *e = r->e;
  for (uint32_t i = 0; i < e->n_nodes; i++) {
    const struct bound *b = r->b->nodes + i;
    if (!e->histories[i] || !b->row || !r->b->used[b->used].known)
      continue;
    const struct kk_table_info *info = &r->b->used[b->used].info;
    expr_history_sweep (e->histories[i], e, r->time.mono_ns, info->state == KK_COMPLETE && !info->held);
  }
}

void
expr_begin (struct run *r)
{
  struct expression *e = r->e;
  kk_sample_time (r->sample, &r->time);
  e->evaluations++;
  if (r->time.after != KK_PRESENT) {
    e->epoch++;
    e->slept += r->time.after == KK_SUSPEND;
    e->epoch_why = (uint8_t) (r->time.after == KK_SUSPEND ? KK_SUSPEND : KK_GAP);
  }
  for (uint32_t i = 0; i < r->b->n_used; i++) {
    struct used_table *t = r->b->used + i;
    t->known = kk_table_info (r->sample, t->table, &t->info) == 0;
  }
}

int
expression_pass (struct expression *e, struct expression_binding *b, const struct kk_sample *sample)
{
  struct run r = {.e = e, .b = b, .sample = sample};
  if (kk_schema_id (kk_sample_schema (sample)) != b->schema)
    return -EINVAL;
  expr_begin (&r);
  expr_fill_slots (&r);
  expr_sweep (&r);
  return 0;
}

int
expression_evaluate (struct expression *e, struct expression_binding *b, const struct kk_sample *sample,
                     void (*report) (void *arg, const struct expression_result *result), void *arg,
                     struct expression_outcome *ret)
{
  struct run r = {.e = e, .b = b, .sample = sample};
  struct expression_outcome outcome = {.all = true};
  if (kk_schema_id (kk_sample_schema (sample)) != b->schema)
    return -EINVAL;
  expr_begin (&r);
  expr_fill_slots (&r);
  if (*b->scopes == NONE) {
    struct expression_result result = {
      .sample = sample, .row = UINT32_MAX, .key = {.absent = KK_UNSET}, .clear = EXPRESSION_UNKNOWN};
    judge (&r, 0, &result);
    report (arg, &result);
    outcome.reported = 1;
  } else {
    outcome.reported = judge_rows (&r, report, arg);
    uint32_t used = b->references[*b->scopes].used;
    outcome.all =
      used != UINT32_MAX && b->used[used].known && b->used[used].info.state == KK_COMPLETE && !b->used[used].info.held;
  }
  expr_sweep (&r);
  if (ret)
    *ret = outcome;
  return 0;
}
