/* Random expressions on random samples, against an evaluator that does it the slow way: by walking a tree, reading all samples
 * from the first on for each rate, and calculating in bytes whatever the fields' units are. */
#include "buf.h"
#include "expression-kit.h"

#include <fnmatch.h>
#include <math.h>

enum { MOST_TREES = 2000, TICKS = 8, ROWS = 5, ALONE = -1 };

enum kind {
  NUMBER,
  TEXT,
  YES_NO,
  FIELD,
  RATE,
  ABSENT,
  GONE,
  AGGREGATE,
  COUNT_ROWS,
  NEGATE,
  NOT,
  TIMES,
  OVER,
  PLUS,
  MINUS,
  LESS,
  LESS_EQUAL,
  MORE,
  MORE_EQUAL,
  EQUAL,
  UNEQUAL,
  AND,
  OR,
};
static const char *const signs[] = {
  [TIMES] = " * ", [OVER] = " / ",        [PLUS] = " + ",   [MINUS] = "-",      [LESS] = " < ",  [LESS_EQUAL] = "<=",
  [MORE] = ">",    [MORE_EQUAL] = " >= ", [EQUAL] = " == ", [UNEQUAL] = " != ", [AND] = " and ", [OR] = " or "};
static const int loose[] = {
  [NUMBER] = 9,     [TEXT] = 9,   [YES_NO] = 9,     [FIELD] = 9, [RATE] = 9,    [ABSENT] = 9, [GONE] = 9,  [AGGREGATE] = 9,
  [COUNT_ROWS] = 9, [NEGATE] = 7, [NOT] = 3,        [TIMES] = 6, [OVER] = 6,    [PLUS] = 5,   [MINUS] = 5, [LESS] = 4,
  [LESS_EQUAL] = 4, [MORE] = 4,   [MORE_EQUAL] = 4, [EQUAL] = 4, [UNEQUAL] = 4, [AND] = 2,    [OR] = 1};

/* What numbers there are: plain, sizes, sizes per second. */
enum measure { PLAIN, SIZE, SIZE_RATE, MEASURES };

struct choice {
  int table;                /* -1: none */
  const char *field, *glob; /* which rows; NULL: all */
};
struct tree {
  enum kind kind;
  const struct tree *a, *b;
  double number;
  const char *text;
  int table, field;
  struct choice rows;
  const char *function;
  int64_t span_s;
  bool bytes; /* of a field in MiBy: its values are to be multiplied */
};

static struct tree trees[MOST_TREES];
static unsigned n_trees;
static uint32_t seed;
static struct kit kit;
static struct kit_results results;
static struct sample *samples[TICKS];
static unsigned n_samples;

static uint32_t
below (uint32_t n)
{
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed % n;
}

/* ---- Making expressions ---- */

static const struct choice places[] = {
  {PROCESSES, NULL, NULL},  {PROCESSES, "name", "py*"}, {PROCESSES, "name", "*n*"},       {PROCESSES, "num_threads", "[12]"},
  {INTERFACES, NULL, NULL}, {INTERFACES, "", "eth?"},   {INTERFACES, "physical", "true"}, {PROCESSES, "", "10[0-2]"},
};

static struct tree *
make (enum kind kind)
{
  ck_assert_uint_lt (n_trees, MOST_TREES);
  trees[n_trees] = (struct tree){.kind = kind, .table = -1};
  return trees + n_trees++;
}

static const struct tree *yes_no (unsigned depth, struct choice rows, bool within);

/* A field of the kind that is wanted, of `system` or of the rows; -1 where there is none. */
static const struct tree *
number_field (enum measure m, struct choice rows)
{
  static const int plain[] = {S_LOAD, S_BALANCE}, size[] = {S_USED_MB, S_BYTES};
  struct tree *t = make (FIELD);
  t->table = SYSTEM;
  t->field = m == PLAIN ? plain[below (2)] : m == SIZE ? size[below (2)] : S_RATE;
  t->bytes = m == SIZE && t->field == S_USED_MB;
  if (rows.table == PROCESSES && below (3) && m != SIZE_RATE) {
    t->table = PROCESSES;
    t->field = m == PLAIN ? P_THREADS : below (2) ? P_RSS_MB : P_READ;
    t->bytes = t->field == P_RSS_MB;
  } else if (rows.table == INTERFACES && below (3) && m == SIZE) {
    t->table = INTERFACES;
    t->field = I_SENT;
    t->bytes = false;
  }
  t->rows = rows;
  return t;
}

static const struct tree *
rate_of (struct choice rows)
{
  struct tree *t = make (RATE);
  t->a = number_field (SIZE, rows);
  return t;
}

static const struct tree *number (enum measure m, unsigned depth, struct choice rows, bool within);

static const struct tree *
aggregate (enum measure m, unsigned depth)
{
  static const char *const names[] = {"sum", "max", "min", "avg"};
  struct choice rows = places[below (sizeof places / sizeof *places)];
  struct tree *t = make (AGGREGATE);
  t->rows = rows;
  t->function = names[below (4)];
  if (m == PLAIN && below (2)) {
    t->function = "count";
    if (below (2)) {
      t->kind = COUNT_ROWS;
      return t;
    }
    /* At least one field of a row has to be in it. */
    struct tree *both = make (AND), *least = make (MORE_EQUAL), *constant = make (NUMBER);
    const struct tree *field = NULL;
    while (!field || field->table == SYSTEM)
      field = number_field (SIZE, rows);
    constant->function = "MiB";
    constant->number = below (4);
    *least = (struct tree){.kind = MORE_EQUAL, .a = field, .b = constant};
    both->a = least;
    both->b = yes_no (depth, rows, true);
    t->a = both;
    return t;
  }
  if (m == PLAIN && rows.table == INTERFACES) /* it has no such field */
    t->rows = rows = places[0];
  const struct tree *x = NULL;
  while (!x || (m == SIZE_RATE ? x->a : x)->table == SYSTEM)
    x = m == SIZE_RATE ? rate_of (rows) : number_field (m, rows);
  t->a = x;
  return t;
}

static const struct tree *
constant (enum measure m)
{
  static const char *const units[] = {"", "MiB", "MiB/s"};
  struct tree *t = make (NUMBER);
  t->number = below (5);
  t->function = units[m];
  return t;
}

static const struct tree *
number (enum measure m, unsigned depth, struct choice rows, bool within)
{
  struct tree *t;
  switch (depth ? below (within ? 8 : 9) : below (2)) {
  case 0:
    return constant (m);
  case 1:
  case 2:
    return number_field (m, rows);
  case 3:
    return m == SIZE_RATE ? rate_of (rows) : number_field (m, rows);
  case 4:
    t = make (NEGATE);
    t->a = number (m, depth - 1, rows, within);
    return t;
  case 5:
    t = make (TIMES);
    t->a = number (PLAIN, depth - 1, rows, within);
    t->b = number (m, depth - 1, rows, within);
    return t;
  case 6: {
    t = make (OVER);
    enum measure of = m == PLAIN ? below (2) : m;
    t->a = number (of, depth - 1, rows, within);
    t->b = number (m == PLAIN ? of : PLAIN, depth - 1, rows, within);
    return t;
  }
  case 7:
    t = make (below (2) ? PLUS : MINUS);
    t->a = number (m, depth - 1, rows, within);
    t->b = number (m, depth - 1, rows, within);
    return t;
  default:
    return rows.table == INTERFACES || m != PLAIN ? number_field (m, rows) : aggregate (m, depth - 1);
  }
}

static const struct tree *
text (struct choice rows)
{
  static const char *const texts[] = {"ok", "python", "nginx", ""};
  struct tree *t = make (below (2) ? FIELD : TEXT);
  t->text = texts[below (4)];
  t->rows = rows;
  t->table = rows.table == PROCESSES && below (2) ? PROCESSES : SYSTEM;
  t->field = t->table == PROCESSES ? P_NAME : S_STATE;
  return t;
}

static const struct tree *
yes_no_leaf (struct choice rows)
{
  struct tree *t = make (YES_NO);
  switch (below (5)) {
  case 0:
    t->number = below (2);
    break;
  case 1:
    t->kind = GONE;
    t->rows = places[below (sizeof places / sizeof *places)];
    break;
  case 2:
    t->kind = ABSENT;
    t->rows.table = below (2) ? SYSTEM : PROCESSES;
    t->field = t->rows.table == SYSTEM ? S_LOAD : below (2) ? P_READ : -1;
    t->span_s = 1 + below (3);
    break;
  default:
    t->kind = FIELD;
    t->rows = rows;
    t->table = rows.table >= 0 && below (2) ? rows.table : SYSTEM;
    t->field = t->table == SYSTEM ? S_ONLINE : t->table == PROCESSES ? P_TRACKED : I_PHYSICAL;
  }
  return t;
}

static const struct tree *
yes_no (unsigned depth, struct choice rows, bool within)
{
  if (!depth)
    return yes_no_leaf (rows);
  struct tree *t = make (LESS + below (OR - LESS + 2));
  if (t->kind > OR) {
    t->kind = NOT;
    t->a = yes_no (depth - 1, rows, within);
  } else if (t->kind >= AND || ((t->kind == EQUAL || t->kind == UNEQUAL) && !below (3))) {
    t->a = yes_no (depth - 1, rows, within);
    t->b = yes_no (depth - 1, rows, within);
  } else if ((t->kind == EQUAL || t->kind == UNEQUAL) && below (2)) {
    t->a = text (rows);
    t->b = text (rows);
  } else {
    enum measure m = below (MEASURES);
    t->a = number (m, depth - 1, rows, within);
    t->b = !within && !below (4) ? aggregate (m, depth - 1) : number (m, depth - 1, rows, within);
  }
  return t;
}

/* ---- Writing them ---- */

static const struct kk_table *
table_of (int table)
{
  return kit.tables[table].plugin->tables;
}

static void
write_place (struct buf *b, struct choice p)
{
  buf_printf (b, "%s[", table_of (p.table)->name);
  if (!p.glob)
    buf_adds (b, "*]");
  else if (strchr (p.glob, '['))
    buf_printf (b, "%s = '%s']", p.field, p.glob);
  else
    buf_printf (b, "%s=%s]", p.field, p.glob);
}

static void
write_tree (struct buf *b, const struct tree *t, int least)
{
  bool brackets = least != ALONE && (loose[t->kind] < least || !below (8));
  buf_adds (b, brackets ? "(" : "");
  if (t->kind == NUMBER)
    buf_printf (b, "%g%s", t->number, t->function);
  else if (t->kind == TEXT)
    buf_printf (b, "\"%s\"", t->text);
  else if (t->kind == YES_NO)
    buf_adds (b, t->number > 0 ? "true" : "false");
  else if (t->kind == FIELD) {
    if (t->table == SYSTEM)
      buf_adds (b, "system");
    else
      write_place (b, t->rows);
    buf_printf (b, ".%s", table_of (t->table)->fields[t->field].name);
  } else if (t->kind == RATE) {
    buf_adds (b, "rate(");
    write_tree (b, t->a, ALONE);
    buf_adds (b, ")");
  } else if (t->kind == ABSENT)
    buf_printf (b, "absent(%s%s%s, %ds)", table_of (t->rows.table)->name, t->field < 0 ? "" : ".",
                t->field < 0 ? "" : table_of (t->rows.table)->fields[t->field].name, (int) t->span_s);
  else if (t->kind == GONE || t->kind == COUNT_ROWS) {
    buf_adds (b, t->kind == GONE ? "gone (" : "count (");
    write_place (b, t->rows);
    buf_adds (b, ")");
  } else if (t->kind == AGGREGATE) {
    buf_printf (b, "%s( ", t->function);
    write_tree (b, t->a, 0);
    buf_adds (b, ")");
  } else if (t->kind == NOT || t->kind == NEGATE) {
    buf_adds (b, t->kind == NOT ? "not " : "-");
    write_tree (b, t->a, t->kind == NOT ? 3 : 7);
  } else {
    write_tree (b, t->a, loose[t->kind] + (loose[t->kind] == 4));
    buf_adds (b, signs[t->kind]);
    write_tree (b, t->b, loose[t->kind] + 1);
  }
  buf_adds (b, brackets ? ")" : "");
}

/* ---- The slow way ---- */

struct answer {
  bool known, fresh, boolean;
  double number;
  const char *text;
};
static const struct answer nothing_known;

static struct kk_table_info
info (unsigned s, int table)
{
  struct kk_table_info i;
  ck_assert_int_eq (kk_table_info (&samples[s]->face, (uint32_t) table, &i), 0);
  return i;
}

static struct answer
read_field (unsigned s, const struct tree *t, uint32_t row)
{
  struct kk_value v;
  if (row >= info (s, t->table).rows)
    return (struct answer){.fresh = !info (s, t->table).held};
  kk_get (&samples[s]->face, (uint32_t) t->table, row, (uint32_t) t->field, &v);
  struct answer a = {.known = !v.absent, .fresh = !v.held};
  if (v.absent)
    return a;
  a.boolean = v.type == KK_TYPE_BOOL && v.boolean;
  a.text = v.type == KK_TYPE_STRING ? v.string : NULL;
  a.number = v.type == KK_TYPE_F64 ? v.f64 : v.type == KK_TYPE_U64 ? (double) v.u64 : (double) v.i64;
  a.number = v.type >= KK_TYPE_BOOL ? 0 : a.number * (t->bytes ? 1048576 : 1);
  return a;
}

/* 1, 0, or -1: it cannot be told. */
static int
chosen (unsigned s, struct choice p, uint32_t row)
{
  struct kk_value v;
  char text[64];
  uint32_t f = 0;
  if (!p.glob)
    return 1;
  if (!*p.field)
    kk_get_key (&samples[s]->face, (uint32_t) p.table, row, &v);
  else {
    while (strcmp (table_of (p.table)->fields[f].name, p.field) != 0)
      f++;
    if (kk_get (&samples[s]->face, (uint32_t) p.table, row, f, &v))
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
  kk_sample_time (&samples[s]->face, &t);
  return t;
}

/* The row of sample s that is row `row` of sample `of`; UINT32_MAX: none. */
static uint32_t
same_row (unsigned s, unsigned of, int table, uint32_t row)
{
  const struct kk_sample *x = &samples[of]->face, *y = &samples[s]->face;
  struct kk_value a, b;
  if (table == SYSTEM)
    return 0;
  kk_get_key (x, (uint32_t) table, row, &a);
  for (uint32_t r = 0; r < info (s, table).rows; r++) {
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
  bool base = false, counter = table_of (field->table)->fields[field->field].kind == KK_COUNTER;
  double before = 0;
  int64_t at = 0;
  struct answer last = nothing_known, a = nothing_known;
  for (unsigned s = 0; s <= now; s++) {
    if (time_of (s).after)
      base = false; /* the last rate stays what it was for values that are held */
    uint32_t r = same_row (s, now, field->table, row);
    struct kk_table_info i = info (s, field->table);
    if (r == UINT32_MAX || (field->table != SYSTEM && chosen (s, field->rows, r) != 1)) {
      if (i.state == KK_COMPLETE && !i.held)
        base = false, last = nothing_known;
      continue;
    }
    a = read_field (s, field, r);
    if (r >= i.rows)
      continue;
    if (!a.fresh) {
      bool there = a.known;
      a = last;
      a.known = a.known && there;
      a.fresh = false;
      continue;
    }
    if (!a.known) {
      last = nothing_known;
      struct kk_value v;
      if (kk_get (&samples[s]->face, (uint32_t) field->table, r, (uint32_t) field->field, &v) == KK_RESET)
        base = false;
      continue;
    }
    struct kk_time t;
    kk_value_time (&samples[s]->face, (uint32_t) field->table, r, (uint32_t) field->field, &t);
    last = (struct answer){.known = base && (!counter || a.number >= before), .fresh = true};
    last.number = last.known ? (a.number - before) / ((double) (t.mono_ns - at) / 1e9) : 0;
    before = a.number;
    at = t.mono_ns;
    base = true;
    a = last;
  }
  return a;
}

static struct answer
slow_absent (unsigned now, const struct tree *t)
{
  int64_t since = time_of (0).mono_ns;
  for (unsigned s = 0; s <= now; s++) {
    struct kk_table_info i = info (s, t->rows.table);
    bool seen = t->field < 0 && !i.held && i.state != KK_FAILED;
    struct tree field = {.table = t->rows.table, .field = t->field};
    for (uint32_t r = 0; t->field >= 0 && r < i.rows; r++) {
      struct answer a = read_field (s, &field, r);
      seen = seen || (a.known && a.fresh);
    }
    if (seen || time_of (s).after)
      since = time_of (s).mono_ns;
  }
  return (struct answer){.known = true, .fresh = true, .boolean = time_of (now).mono_ns - since >= t->span_s * SECOND};
}

static struct answer
slow_gone (unsigned now, struct choice p)
{
  struct kk_table_info i = info (now, p.table);
  bool unsure = false;
  for (uint32_t r = 0; r < i.rows; r++) {
    if (chosen (now, p, r) == 1 && i.state != KK_FAILED)
      return (struct answer){.known = true, .fresh = !i.held};
    unsure = unsure || chosen (now, p, r) < 0;
  }
  return (struct answer){.known = i.state == KK_COMPLETE && !i.held && !unsure, .fresh = !i.held, .boolean = true};
}

static struct answer slow (unsigned now, const struct tree *t, uint32_t row);

static struct answer
slow_aggregate (unsigned now, const struct tree *t)
{
  struct kk_table_info i = info (now, t->rows.table);
  struct answer all = {.fresh = !i.held};
  double sum = 0, max = -INFINITY, min = INFINITY;
  unsigned n = 0, yes = 0;
  bool unsure = false;
  for (uint32_t r = 0; r < i.rows; r++) {
    int is = chosen (now, t->rows, r);
    unsure = unsure || is < 0;
    if (is != 1)
      continue;
    struct answer a = t->kind == COUNT_ROWS ? (struct answer){.known = true, .boolean = true} : slow (now, t->a, r);
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
  struct answer a = {.known = x.known && y.known, .fresh = x.fresh || y.fresh};
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

static struct answer
slow (unsigned now, const struct tree *t, uint32_t row)
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
    a = slow (now, t->a, row);
    a.number = -a.number;
    a.boolean = t->kind == NOT && !a.boolean;
    return a;
  default:
    return slow_binary (t->kind, slow (now, t->a, row), slow (now, t->b, row));
  }
}

/* ---- Samples ---- */

static void
set_numbers (unsigned table, uint32_t row)
{
  const struct kk_table *t = table_of ((int) table);
  static const char *const names[] = {"python", "nginx", "py", "ok"};
  for (uint32_t f = 0; f < t->n_fields; f++) {
    bool mega = t->fields[f].kind == KK_COUNTER;
    switch (below (12) ? t->fields[f].type : 0) {
    case KK_TYPE_F64:
      kit_f64 (&kit, table, row, f, !strcmp (t->fields[f].unit, "By/s") ? 1048576.0 * below (4) : below (4));
      break;
    case KK_TYPE_U64:
      kit_u64 (&kit, table, row, f, mega ? below (3) * UINT64_C (1048576) * (kit.tick + 1) : below (4));
      break;
    case KK_TYPE_I64:
      kit_i64 (&kit, table, row, f, (int64_t) below (5) - 2);
      break;
    case KK_TYPE_BOOL:
      kit_bool (&kit, table, row, f, below (2));
      break;
    case KK_TYPE_STRING:
      kit_string (&kit, table, row, f, names[below (4)]);
      break;
    default:
      kit_absent (&kit, table, row, f, below (2) ? KK_RESET : KK_DENIED);
    }
  }
}

static void
next_sample (void)
{
  kit.tables[PROCESSES].n = kit.tables[INTERFACES].n = 0;
  set_numbers (SYSTEM, 0);
  for (uint32_t i = 0; i < ROWS; i++) {
    char name[16];
    snprintf (name, sizeof name, i % 2 ? "eth%d" : "lo%d", (int) i);
    if (below (5)) {
      kit_process (&kit, 100 + i, below (8) == 0, "x");
      set_numbers (PROCESSES, kit.tables[PROCESSES].n - 1);
    }
    if (below (5)) {
      kit_interface (&kit, name, 0);
      set_numbers (INTERFACES, kit.tables[INTERFACES].n - 1);
    }
  }
  for (int t = 0; t < KIT_TABLES; t++) {
    kit.tables[t].partial = !below (6) && t != SYSTEM;
    kit.tables[t].result = below (5) ? 0 : below (2) ? KK_HELD : -EIO;
  }
  kit.after = below (8) ? KK_PRESENT : below (2) ? KK_GAP : KK_SUSPEND;
  kit_tick (&kit, SECOND / 2 * (1 + below (4)));
  samples[n_samples++] = sample_ref (kit.sample);
}

/* ---- Comparing ---- */

struct compared {
  struct expression *e;
  struct expression_binding *b;
  const struct tree *tree;
  struct buf text;
  struct choice rows;
  bool by_row; /* a field of the rows is in it */
};

static bool
looks_at_rows (const struct tree *t)
{
  if (!t || t->kind == AGGREGATE || t->kind == COUNT_ROWS || t->kind == GONE || t->kind == ABSENT)
    return false;
  return (t->kind == FIELD && t->table != SYSTEM) || looks_at_rows (t->a) || looks_at_rows (t->b);
}

static void
make_compared (struct compared *c)
{
  struct expression_fault fault;
  static const struct choice none = {-1, NULL, NULL};
  n_trees = 0;
  c->rows = below (3) ? places[below (sizeof places / sizeof *places)] : none;
  c->tree = yes_no (2 + below (3), c->rows, false);
  c->by_row = looks_at_rows (c->tree);
  buf_clear (&c->text);
  write_tree (&c->text, c->tree, 0);
  int r = expression_parse (c->text.data, NULL, &c->e, &fault);
  ck_assert_msg (r == 0, "%s: %u: %s", c->text.data, fault.column, fault.text);
  r = expression_bind (c->e, kit_schema (&kit), &c->b, &fault);
  ck_assert_msg (r == 0, "%s: %u: %s", c->text.data, fault.column, fault.text);
}

static void
compare_one (const struct compared *c, const struct expression_result *r, const char *why, uint32_t row)
{
  unsigned now = n_samples - 1;
  struct answer a = slow (now, c->tree, row);
  if (c->by_row && chosen (now, c->rows, row) < 0)
    a = (struct answer){.fresh = !info (now, c->rows.table).held};
  int wanted = !a.known ? -1 : a.boolean;
  bool constant = !strpbrk (c->text.data, ".[") && !strstr (c->text.data, "absent");
  ck_assert_msg ((int) r->verdict == wanted, "%s: tick %u row %d: %d, not %d (%s)", c->text.data, now, (int) row,
                 (int) r->verdict, wanted, why);
  ck_assert_msg (r->fresh == (a.fresh || constant), "%s: tick %u row %d: fresh %d", c->text.data, now, (int) row, r->fresh);
  ck_assert ((r->verdict == EXPRESSION_UNKNOWN) == (*why != 0));
}

static void
compare (const struct compared *c)
{
  uint32_t n = 0;
  kit_evaluate (&kit, c->e, c->b, &results);
  if (!c->by_row) {
    ck_assert_uint_eq (results.n, 1);
    compare_one (c, results.results, results.whys[0], 0);
    return;
  }
  for (uint32_t row = 0; row < info (n_samples - 1, c->rows.table).rows; row++)
    if (chosen (n_samples - 1, c->rows, row)) {
      ck_assert_uint_lt (n, results.n);
      ck_assert_uint_eq (results.results[n].row, row);
      compare_one (c, results.results + n, results.whys[n], row);
      n++;
    }
  ck_assert_uint_eq (n, results.n);
}

START_TEST (random_expressions_mean_what_the_slow_way_says)
{
  struct compared c = {0};
  unsigned known = 0, by_row = 0;
  int rounds = unit_rounds (2000);
  seed = 2463534242;
  kit_init (&kit);
  for (int i = 0; i < rounds; i++) {
    make_compared (&c);
    for (n_samples = 0; n_samples < TICKS;) {
      next_sample ();
      compare (&c);
      known += results.n && results.results->verdict != EXPRESSION_UNKNOWN;
      by_row += c.by_row;
    }
    for (unsigned s = 0; s < n_samples; s++)
      sample_unref (samples[s]);
    expression_unbind (c.b);
    expression_free (c.e);
  }
  ck_assert_uint_gt (known, (unsigned) rounds * TICKS / 3); /* else this would say little */
  ck_assert_uint_gt (by_row, (unsigned) rounds * TICKS / 5);
  buf_free (&c.text);
  kit_free (&kit);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, random_expressions_mean_what_the_slow_way_says);
}

UNIT_MAIN ("expression-random", tests)
