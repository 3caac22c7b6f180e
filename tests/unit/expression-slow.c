#include "expression-trees.h"

#include <fnmatch.h>
#include <math.h>

struct sample *tree_samples[TREE_SAMPLES];
unsigned tree_n_samples;
static const struct answer nothing_known, too_early = {.early = true};

/* ---- Samples ---- */

static void
set_numbers (struct kit *kit, unsigned table, uint32_t row)
{
  const struct kk_table *t = kit_table (table);
  static const char *const names[] = {"python", "nginx", "py", "ok"};
  for (uint32_t f = 0; f < t->n_fields; f++) {
    bool mega = t->fields[f].kind == KK_COUNTER;
    switch (tree_below (12) ? t->fields[f].type : 0) {
    case KK_TYPE_F64:
      kit_f64 (kit, table, row, f, !strcmp (t->fields[f].unit, "By/s") ? 1048576.0 * tree_below (4) : tree_below (4));
      break;
    case KK_TYPE_U64:
      kit_u64 (kit, table, row, f, mega ? tree_below (3) * UINT64_C (1048576) * (kit->tick + 1) : tree_below (4));
      break;
    case KK_TYPE_I64:
      kit_i64 (kit, table, row, f, (int64_t) tree_below (5) - 2);
      break;
    case KK_TYPE_BOOL:
      kit_bool (kit, table, row, f, tree_below (2));
      break;
    case KK_TYPE_STRING:
      kit_string (kit, table, row, f, names[tree_below (4)]);
      break;
    default:
      kit_absent (kit, table, row, f, tree_below (2) ? KK_RESET : KK_DENIED);
    }
  }
}

void
tree_sample (struct kit *kit)
{
  ck_assert_uint_lt (tree_n_samples, TREE_SAMPLES);
  kit->tables[PROCESSES].n = kit->tables[INTERFACES].n = 0;
  set_numbers (kit, SYSTEM, 0);
  for (uint32_t i = 0; i < TREE_ROWS; i++) {
    char name[16];
    snprintf (name, sizeof name, i % 2 ? "eth%d" : "lo%d", (int) i);
    if (tree_below (5)) {
      kit_process (kit, 100 + i, tree_below (8) == 0, "x");
      set_numbers (kit, PROCESSES, kit->tables[PROCESSES].n - 1);
    }
    if (tree_below (5)) {
      kit_interface (kit, name, 0);
      set_numbers (kit, INTERFACES, kit->tables[INTERFACES].n - 1);
    }
  }
  for (int t = 0; t < KIT_TABLES; t++) {
    kit->tables[t].partial = !tree_below (6) && t != SYSTEM;
    kit->tables[t].result = tree_below (5) ? 0 : tree_below (2) ? KK_HELD : -EIO;
  }
  kit->after = tree_below (8) ? KK_PRESENT : tree_below (2) ? KK_GAP : KK_SUSPEND;
  kit_tick (kit, SECOND / 2 * (1 + tree_below (4)));
  tree_samples[tree_n_samples++] = sample_ref (kit->sample);
}

void
tree_forget_samples (void)
{
  while (tree_n_samples)
    sample_unref (tree_samples[--tree_n_samples]);
}

/* ---- Reading them ---- */

struct kk_table_info
tree_info (unsigned s, int table)
{
  struct kk_table_info i;
  ck_assert_int_eq (kk_table_info (&tree_samples[s]->face, (uint32_t) table, &i), 0);
  return i;
}

static struct answer
read_field (unsigned s, const struct tree *t, uint32_t row)
{
  struct kk_value v;
  if (row >= tree_info (s, t->table).rows)
    return (struct answer){.fresh = !tree_info (s, t->table).held};
  kk_get (&tree_samples[s]->face, (uint32_t) t->table, row, (uint32_t) t->field, &v);
  struct answer a = {.known = !v.absent, .fresh = !v.held};
  if (v.absent)
    return a;
  a.boolean = v.type == KK_TYPE_BOOL && v.boolean;
  a.text = v.type == KK_TYPE_STRING ? v.string : NULL;
  a.number = v.type == KK_TYPE_F64 ? v.f64 : v.type == KK_TYPE_U64 ? (double) v.u64 : (double) v.i64;
  a.number = v.type >= KK_TYPE_BOOL ? 0 : a.number * (t->bytes ? 1048576 : 1);
  return a;
}

int
tree_chosen (unsigned s, struct choice p, uint32_t row)
{
  struct kk_value v;
  char text[64];
  uint32_t f = 0;
  if (!p.glob)
    return 1;
  if (!*p.field)
    kk_get_key (&tree_samples[s]->face, (uint32_t) p.table, row, &v);
  else {
    while (strcmp (kit_table ((unsigned) p.table)->fields[f].name, p.field) != 0)
      f++;
    if (kk_get (&tree_samples[s]->face, (uint32_t) p.table, row, f, &v))
      return -1;
  }
  if (v.type == KK_TYPE_STRING)
    snprintf (text, sizeof text, "%s", v.string);
  else if (v.type == KK_TYPE_BOOL)
    snprintf (text, sizeof text, "%s", v.boolean ? "true" : "false");
  else
    snprintf (text, sizeof text, "%d", (int) v.u64);
  return fnmatch (p.glob, text, 0) == 0;
}

static struct kk_time
time_of (unsigned s)
{
  struct kk_time t;
  kk_sample_time (&tree_samples[s]->face, &t);
  return t;
}

/* The row of sample s that is row `row` of sample `of`; UINT32_MAX: none. */
static uint32_t
same_row (unsigned s, unsigned of, int table, uint32_t row)
{
  const struct kk_sample *x = &tree_samples[of]->face, *y = &tree_samples[s]->face;
  struct kk_value a, b;
  if (table == SYSTEM)
    return 0;
  kk_get_key (x, (uint32_t) table, row, &a);
  for (uint32_t r = 0; r < tree_info (s, table).rows; r++) {
    kk_get_key (y, (uint32_t) table, r, &b);
    if (kk_get_identity (x, (uint32_t) table, row) == kk_get_identity (y, (uint32_t) table, r)
        && (a.type == KK_TYPE_STRING ? !strcmp (a.string, b.string) : a.u64 == b.u64))
      return r;
  }
  return UINT32_MAX;
}

static struct answer
slow_rate (unsigned now, const struct tree *field, uint32_t row)
{
  bool base = false, first = true, counter = kit_table ((unsigned) field->table)->fields[field->field].kind == KK_COUNTER;
  double before = 0;
  int64_t at = 0;
  uint32_t after = KK_PRESENT;
  struct answer last = too_early, a = nothing_known;
  for (unsigned s = 0; s <= now; s++) {
    if (time_of (s).after) {
      base = false; /* the last rate stays what it was for values that are held */
      after = time_of (s).after;
    }
    uint32_t r = same_row (s, now, field->table, row);
    struct kk_table_info i = tree_info (s, field->table);
    if (r == UINT32_MAX || (field->table != SYSTEM && tree_chosen (s, field->rows, r) != 1)) {
      if (i.state == KK_COMPLETE && !i.held)
        base = false, first = true, last = too_early;
      continue;
    }
    a = read_field (s, field, r);
    if (r >= i.rows)
      continue;
    if (!a.fresh) {
      bool there = a.known;
      a = last;
      a.known = a.known && there;
      a.early = a.early && there;
      a.fresh = false;
      continue;
    }
    if (!a.known) {
      last = nothing_known;
      struct kk_value v;
      if (kk_get (&tree_samples[s]->face, (uint32_t) field->table, r, (uint32_t) field->field, &v) == KK_RESET)
        base = false, first = true;
      continue;
    }
    struct kk_time t;
    kk_value_time (&tree_samples[s]->face, (uint32_t) field->table, r, (uint32_t) field->field, &t);
    last = (struct answer){.known = base && (!counter || a.number >= before), .fresh = true};
    last.early = first || (!base && after == KK_SUSPEND);
    last.number = last.known ? (a.number - before) / ((double) (t.mono_ns - at) / 1e9) : 0;
    before = a.number;
    at = t.mono_ns;
    base = true;
    first = false;
    a = last;
  }
  return a;
}

static struct answer
slow_absent (unsigned now, const struct tree *t)
{
  int64_t since = time_of (0).mono_ns;
  bool came = false; /* since it has been watched without a break */
  for (unsigned s = 0; s <= now; s++) {
    struct kk_table_info i = tree_info (s, t->rows.table);
    bool seen = t->field < 0 && !i.held && i.state != KK_FAILED;
    struct tree field = {.table = t->rows.table, .field = t->field};
    for (uint32_t r = 0; t->field >= 0 && r < i.rows; r++) {
      struct answer a = read_field (s, &field, r);
      seen = seen || (a.known && a.fresh);
    }
    if (seen || time_of (s).after)
      since = time_of (s).mono_ns;
    came = seen || (came && !time_of (s).after);
  }
  bool over = time_of (now).mono_ns - since >= t->span_s * SECOND;
  return (struct answer){.known = came || over, .fresh = true, .early = true, .boolean = over};
}

static struct answer
slow_gone (unsigned now, struct choice p)
{
  struct kk_table_info i = tree_info (now, p.table);
  bool unsure = false;
  for (uint32_t r = 0; r < i.rows; r++) {
    if (tree_chosen (now, p, r) == 1 && i.state != KK_FAILED)
      return (struct answer){.known = true, .fresh = !i.held};
    unsure = unsure || tree_chosen (now, p, r) < 0;
  }
  return (struct answer){.known = i.state == KK_COMPLETE && !i.held && !unsure, .fresh = !i.held, .boolean = true};
}

static struct answer
slow_aggregate (unsigned now, const struct tree *t)
{
  struct kk_table_info i = tree_info (now, t->rows.table);
  struct answer all = {.fresh = !i.held};
  double sum = 0, max = -INFINITY, min = INFINITY;
  unsigned n = 0, yes = 0;
  bool unsure = false;
  for (uint32_t r = 0; r < i.rows; r++) {
    int is = tree_chosen (now, t->rows, r);
    unsure = unsure || is < 0;
    if (is != 1)
      continue;
    struct answer a = t->kind == COUNT_ROWS ? (struct answer){.known = true, .boolean = true} : tree_slow (now, t->a, r);
    all.fresh = all.fresh || a.fresh;
    unsure = unsure || !a.known;
    if (!a.known)
      continue;
    n++;
    yes += a.boolean;
    sum += a.number;
    max = a.number > max ? a.number : max;
    min = a.number < min ? a.number : min;
  }
  bool whole = i.state == KK_COMPLETE && !unsure;
  char f = t->function[1];
  all.number = f == 'o' ? yes : f == 'u' ? sum : f == 'a' ? max : f == 'i' ? min : sum / n;
  all.known = i.state != KK_FAILED && (f == 'o' || (f == 'u' && !n) ? whole : n > 0);
  return all;
}

static struct answer
slow_binary (enum kind kind, struct answer x, struct answer y)
{
  struct answer a = {
    .known = x.known && y.known, .fresh = x.fresh || y.fresh, .early = x.known ? y.early : x.early}; /* of the first unknown */
  if (kind == AND || kind == OR) {
    bool decides = kind == OR;
    bool decided = (x.known && x.boolean == decides) || (y.known && y.boolean == decides);
    a.known = a.known || decided;
    a.boolean = decided == decides;
    return a;
  }
  bool equal =
    x.text ? y.text && !strcmp (x.text, y.text) : x.boolean == y.boolean && !(x.number < y.number) && !(x.number > y.number);
  a.boolean = kind == EQUAL        ? equal
              : kind == UNEQUAL    ? !equal
              : kind == LESS       ? x.number < y.number
              : kind == MORE       ? x.number > y.number
              : kind == LESS_EQUAL ? x.number <= y.number
                                   : x.number >= y.number;
  if (kind >= LESS)
    return a;
  a.boolean = false;
  a.number = kind == TIMES  ? x.number * y.number
             : kind == OVER ? x.number / y.number
             : kind == PLUS ? x.number + y.number
                            : x.number - y.number;
  a.known = a.known && isfinite (a.number);
  return a;
}

struct answer
tree_slow (unsigned now, const struct tree *t, uint32_t row)
{
  struct answer a = {.known = true};
  switch (t->kind) {
  case NUMBER:
    a.number = t->number * (*t->function ? 1048576 : 1);
    return a;
  case TEXT:
    a.text = t->text;
    return a;
  case YES_NO:
    a.boolean = t->number > 0;
    return a;
  case FIELD:
    return read_field (now, t, t->table == SYSTEM ? 0 : row);
  case RATE:
    return slow_rate (now, t->a, t->a->table == SYSTEM ? 0 : row);
  case ABSENT:
    return slow_absent (now, t);
  case GONE:
    return slow_gone (now, t->rows);
  case AGGREGATE:
  case COUNT_ROWS:
    return slow_aggregate (now, t);
  case NEGATE:
  case NOT:
    a = tree_slow (now, t->a, row);
    a.number = -a.number;
    a.boolean = t->kind == NOT && !a.boolean;
    return a;
  default:
    return slow_binary (t->kind, tree_slow (now, t->a, row), tree_slow (now, t->b, row));
  }
}

struct answer
tree_answer (unsigned now, const struct tree *t, const struct choice *rows, uint32_t row)
{
  if (rows && tree_chosen (now, *rows, row) < 0)
    return (struct answer){.fresh = !tree_info (now, rows->table).held};
  return tree_slow (now, t, row);
}

bool
tree_by_row (const struct tree *t)
{
  if (!t || t->kind == AGGREGATE || t->kind == COUNT_ROWS || t->kind == GONE || t->kind == ABSENT)
    return false;
  return (t->kind == FIELD && t->table != SYSTEM) || tree_by_row (t->a) || tree_by_row (t->b);
}
