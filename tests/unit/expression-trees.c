#include "expression-trees.h"

enum { MOST_TREES = 2000, ALONE = -1 };

/* What numbers there are: plain, sizes, sizes per second. */
enum measure { PLAIN, SIZE, SIZE_RATE, MEASURES };

uint32_t tree_seed = 2463534242;
static struct tree trees[MOST_TREES];
static unsigned n_trees;

uint32_t
tree_below (uint32_t n)
{
  tree_seed ^= tree_seed << 13;
  tree_seed ^= tree_seed >> 17;
  tree_seed ^= tree_seed << 5;
  return tree_seed % n;
}

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
  t->field = m == PLAIN ? plain[tree_below (2)] : m == SIZE ? size[tree_below (2)] : S_RATE;
  t->bytes = m == SIZE && t->field == S_USED_MB;
  if (rows.table == PROCESSES && tree_below (3) && m != SIZE_RATE) {
    t->table = PROCESSES;
    t->field = m == PLAIN ? P_THREADS : tree_below (2) ? P_RSS_MB : P_READ;
    t->bytes = t->field == P_RSS_MB;
  } else if (rows.table == INTERFACES && tree_below (3) && m == SIZE) {
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
  struct choice rows = places[tree_below (sizeof places / sizeof *places)];
  struct tree *t = make (AGGREGATE);
  t->rows = rows;
  t->function = names[tree_below (4)];
  if (m == PLAIN && tree_below (2)) {
    t->function = "count";
    if (tree_below (2)) {
      t->kind = COUNT_ROWS;
      return t;
    }
    /* At least one field of a row has to be in it. */
    struct tree *both = make (AND), *least = make (MORE_EQUAL), *constant = make (NUMBER);
    const struct tree *field = NULL;
    while (!field || field->table == SYSTEM)
      field = number_field (SIZE, rows);
    constant->function = "MiB";
    constant->number = tree_below (4);
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
  t->number = tree_below (5);
  t->function = units[m];
  return t;
}

static const struct tree *
number (enum measure m, unsigned depth, struct choice rows, bool within)
{
  struct tree *t;
  switch (depth ? tree_below (within ? 8 : 9) : tree_below (2)) {
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
    enum measure of = m == PLAIN ? tree_below (2) : m;
    t->a = number (of, depth - 1, rows, within);
    t->b = number (m == PLAIN ? of : PLAIN, depth - 1, rows, within);
    return t;
  }
  case 7:
    t = make (tree_below (2) ? PLUS : MINUS);
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
  struct tree *t = make (tree_below (2) ? FIELD : TEXT);
  t->text = texts[tree_below (4)];
  t->rows = rows;
  t->table = rows.table == PROCESSES && tree_below (2) ? PROCESSES : SYSTEM;
  t->field = t->table == PROCESSES ? P_NAME : S_STATE;
  return t;
}

static const struct tree *
yes_no_leaf (struct choice rows)
{
  struct tree *t = make (YES_NO);
  switch (tree_below (5)) {
  case 0:
    t->number = tree_below (2);
    break;
  case 1:
    t->kind = GONE;
    t->rows = places[tree_below (sizeof places / sizeof *places)];
    break;
  case 2:
    t->kind = ABSENT;
    t->rows.table = tree_below (2) ? SYSTEM : PROCESSES;
    t->field = t->rows.table == SYSTEM ? S_LOAD : tree_below (2) ? P_READ : -1;
    t->span_s = 1 + tree_below (3);
    break;
  default:
    t->kind = FIELD;
    t->rows = rows;
    t->table = rows.table >= 0 && tree_below (2) ? rows.table : SYSTEM;
    t->field = t->table == SYSTEM ? S_ONLINE : t->table == PROCESSES ? P_TRACKED : I_PHYSICAL;
  }
  return t;
}

static const struct tree *
yes_no (unsigned depth, struct choice rows, bool within)
{
  if (!depth)
    return yes_no_leaf (rows);
  struct tree *t = make (LESS + tree_below (OR - LESS + 2));
  if (t->kind > OR) {
    t->kind = NOT;
    t->a = yes_no (depth - 1, rows, within);
  } else if (t->kind >= AND || ((t->kind == EQUAL || t->kind == UNEQUAL) && !tree_below (3))) {
    t->a = yes_no (depth - 1, rows, within);
    t->b = yes_no (depth - 1, rows, within);
  } else if ((t->kind == EQUAL || t->kind == UNEQUAL) && tree_below (2)) {
    t->a = text (rows);
    t->b = text (rows);
  } else {
    enum measure m = tree_below (MEASURES);
    t->a = number (m, depth - 1, rows, within);
    t->b = !within && !tree_below (4) ? aggregate (m, depth - 1) : number (m, depth - 1, rows, within);
  }
  return t;
}

struct choice
tree_choice (void)
{
  return places[tree_below (sizeof places / sizeof *places)];
}

const struct tree *
tree_make (unsigned depth, struct choice rows)
{
  n_trees = 0;
  return tree_add (depth, rows);
}

const struct tree *
tree_add (unsigned depth, struct choice rows)
{
  return yes_no (depth, rows, false);
}

/* ---- Writing them ---- */

static const char *const signs[] = {
  [TIMES] = " * ", [OVER] = " / ",        [PLUS] = " + ",   [MINUS] = "-",      [LESS] = " < ",  [LESS_EQUAL] = "<=",
  [MORE] = ">",    [MORE_EQUAL] = " >= ", [EQUAL] = " == ", [UNEQUAL] = " != ", [AND] = " and ", [OR] = " or "};
static const int loose[] = {
  [NUMBER] = 9,     [TEXT] = 9,   [YES_NO] = 9,     [FIELD] = 9, [RATE] = 9,    [ABSENT] = 9, [GONE] = 9,  [AGGREGATE] = 9,
  [COUNT_ROWS] = 9, [NEGATE] = 7, [NOT] = 3,        [TIMES] = 6, [OVER] = 6,    [PLUS] = 5,   [MINUS] = 5, [LESS] = 4,
  [LESS_EQUAL] = 4, [MORE] = 4,   [MORE_EQUAL] = 4, [EQUAL] = 4, [UNEQUAL] = 4, [AND] = 2,    [OR] = 1};

static void
write_place (struct buf *b, struct choice p)
{
  buf_printf (b, "%s[", kit_table ((unsigned) p.table)->name);
  if (!p.glob)
    buf_adds (b, "*]");
  else if (strchr (p.glob, '['))
    buf_printf (b, "%s = '%s']", p.field, p.glob);
  else
    buf_printf (b, "%s=%s]", p.field, p.glob);
}

void
tree_write (struct buf *b, const struct tree *t, int least)
{
  bool brackets = least != ALONE && (loose[t->kind] < least || !tree_below (8));
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
    buf_printf (b, ".%s", kit_table ((unsigned) t->table)->fields[t->field].name);
  } else if (t->kind == RATE) {
    buf_adds (b, "rate(");
    tree_write (b, t->a, ALONE);
    buf_adds (b, ")");
  } else if (t->kind == ABSENT)
    buf_printf (b, "absent(%s%s%s, %ds)", kit_table ((unsigned) t->rows.table)->name, t->field < 0 ? "" : ".",
                t->field < 0 ? "" : kit_table ((unsigned) t->rows.table)->fields[t->field].name, (int) t->span_s);
  else if (t->kind == GONE || t->kind == COUNT_ROWS) {
    buf_adds (b, t->kind == GONE ? "gone (" : "count (");
    write_place (b, t->rows);
    buf_adds (b, ")");
  } else if (t->kind == AGGREGATE) {
    buf_printf (b, "%s( ", t->function);
    tree_write (b, t->a, 0);
    buf_adds (b, ")");
  } else if (t->kind == NOT || t->kind == NEGATE) {
    buf_adds (b, t->kind == NOT ? "not " : "-");
    tree_write (b, t->a, t->kind == NOT ? 3 : 7);
  } else {
    tree_write (b, t->a, loose[t->kind] + (loose[t->kind] == 4));
    buf_adds (b, signs[t->kind]);
    tree_write (b, t->b, loose[t->kind] + 1);
  }
  buf_adds (b, brackets ? ")" : "");
}
