/* select: keeps or drops tables, fields and rows, by name or by value. */
#include "names.h"
#include "pick.h"
#include "where.h"

#include <stdlib.h>

enum { MOST_GONE = 8 };
enum list { KEEP_TABLES, DROP_TABLES, KEEP_FIELDS, DROP_FIELDS, KEEP_ROWS, DROP_ROWS, N_LISTS };

struct config {
  struct kk_list lists[N_LISTS];
  struct kk_map where;
};

static const struct kk_option options[] = {
  KK_OPT_LIST ("keep_tables", struct config, lists[KEEP_TABLES],
               .help = "Pass on only these tables (globs: system, net*; or /regular expressions/)"),
  KK_OPT_LIST ("drop_tables", struct config, lists[DROP_TABLES], .help = "Leave out these tables, after keep_tables"),
  KK_OPT_LIST ("keep_fields", struct config, lists[KEEP_FIELDS],
               .help = "Of the tables named here pass on only these fields (table.field, globs: system.cpu_*)"),
  KK_OPT_LIST ("drop_fields", struct config, lists[DROP_FIELDS],
               .help = "Leave out these fields (table.field), after keep_fields"),
  KK_OPT_LIST ("keep_rows", struct config, lists[KEEP_ROWS],
               .help = "Of the tables named here pass on only rows with these keys (table.key, globs: interfaces.eth*)"),
  KK_OPT_LIST ("drop_rows", struct config, lists[DROP_ROWS],
               .help = "Leave out rows with these keys (table.key), after keep_rows"),
  KK_OPT_MAP ("where", struct config, where,
              .help = "Of these tables pass on only the rows for which this is true (processes: cpu_percent > 1)"),
};

/* What the options come to. */
struct choice {
  struct names lists[N_LISTS];
  struct wheres where;
};

struct state {
  struct kk_instance *self;
  struct choice choice;
};

/* Whether a key was kept. Mostly the same ones come again, in the same order. */
struct verdict {
  uint64_t texts, key; /* as of kk_column */
  bool kept;
};

/* What was found out of a schema: the keyed tables in which rows have to be looked at. */
struct binding {
  uint32_t n;
  struct rowed {
    uint32_t table;
    struct names keep, drop;   /* of keep_rows and drop_rows those about this table */
    const struct where *where; /* NULL: by key alone */
    struct expression_binding *bound;
    struct verdict *before, *now; /* of all rows of the last sample, and of this one */
    uint32_t n_before, cap;
  } tables[];
};

/* ---- The options ---- */

static void
choice_free (struct choice *c)
{
  for (int i = 0; i < N_LISTS; i++)
    names_free (c->lists + i);
  wheres_free (&c->where);
}

static int
choice_make (const struct config *config, struct choice *ret, struct kk_fault *fault)
{
  int r = 0;
  *ret = (struct choice){.where.n = 0};
  for (int i = 0; i < N_LISTS && !r; i++)
    r = names_make (options[i].name, config->lists + i, i >= KEEP_FIELDS, ret->lists + i, fault);
  if (!r)
    r = wheres_make (&config->where, &ret->where, fault);
  if (r)
    choice_free (ret);
  return r;
}

static int
select_check (const void *config, struct kk_fault *fault)
{
  struct choice c;
  int r = choice_make (config, &c, fault);
  if (!r)
    choice_free (&c);
  return r;
}

/* Of lists about one table. */
static bool
kept (struct names *keep, struct names *drop, const char *text)
{
  return (!keep->n || names_take (keep, text)) && (!drop->n || !names_take (drop, text));
}

/* Whether it could not be told of one of them whether it takes something: nothing may be passed on then. */
static int
error_of (struct names *keep, struct names *drop)
{
  bool failed = keep->failed || drop->failed;
  keep->failed = drop->failed = false;
  return failed ? -ENOMEM : 0;
}

/* ---- What becomes of a schema ---- */

static int
shape_fields (const struct kk_schema *in, uint32_t t, struct names *keep, struct names *drop, uint32_t n_fields,
              struct kk_shape *shape)
{
  int r = 0;
  for (uint32_t f = 0; f < n_fields && !r; f++) {
    struct kk_field field;
    r = kk_schema_field (in, t, f, &field);
    if (!r && !kept (keep, drop, field.name))
      r = kk_shape_drop_field (shape, t, f);
  }
  return r ? r : error_of (keep, drop);
}

static int
shape_table (struct choice *c, const struct kk_schema *in, uint32_t t, const struct kk_table *table, struct kk_shape *shape)
{
  struct names *lists = c->lists, keep = {.n = 0}, drop = {.n = 0};
  bool dropped = !kept (lists + KEEP_TABLES, lists + DROP_TABLES, table->name);
  int r = error_of (lists + KEEP_TABLES, lists + DROP_TABLES);
  if (r || dropped)
    return r ? r : kk_shape_drop_table (shape, t);
  r = names_of (lists + KEEP_FIELDS, table->name, &keep);
  if (!r)
    r = names_of (lists + DROP_FIELDS, table->name, &drop);
  if (!r && (keep.n || drop.n))
    r = shape_fields (in, t, &keep, &drop, table->n_fields, shape);
  names_of_free (&keep);
  names_of_free (&drop);
  return r;
}

static int
check_names (const struct choice *c, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  int r = 0;
  for (int i = 0; i < N_LISTS && !r; i++) {
    enum pick_what what = i >= KEEP_ROWS ? PICK_ROW : i >= KEEP_FIELDS ? PICK_FIELD : PICK_TABLE;
    for (uint32_t k = 0; k < c->lists[i].n && !r; k++) {
      const struct name *name = c->lists[i].items + k;
      r = pick_check_pattern (in, what, options[i].name, name->item, name->pattern, shape, fault);
    }
  }
  return r;
}

static int
select_shape (const void *config, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  struct choice c;
  struct kk_table table;
  int r = choice_make (config, &c, fault);
  if (r)
    return r;
  r = check_names (&c, in, shape, fault);
  if (!r)
    r = wheres_check (&c.where, in, fault);
  for (uint32_t t = 0; !r && !kk_schema_table (in, t, &table); t++)
    r = shape_table (&c, in, t, &table, shape);
  choice_free (&c);
  return r;
}

/* ---- An instance ---- */

static int
select_create (struct kk_instance *self, const void *config, void **state)
{
  struct kk_fault fault;
  struct state *s = malloc (sizeof *s);
  if (!s)
    return -ENOMEM;
  s->self = self;
  int r = choice_make (config, &s->choice, &fault);
  if (r) {
    free (s);
    return r;
  }
  *state = s;
  return 0;
}

static void
select_destroy (void *state)
{
  struct state *s = state;
  choice_free (&s->choice);
  free (s);
}

static void
select_unbind (void *state, void *binding)
{
  (void) state;
  struct binding *b = binding;
  for (uint32_t i = 0; i < b->n; i++) {
    expression_unbind (b->tables[i].bound);
    free (b->tables[i].before);
    free (b->tables[i].now);
    names_of_free (&b->tables[i].keep);
    names_of_free (&b->tables[i].drop);
  }
  free (b);
}

/* Looks at the rows of this table from now on if anything says so. */
static int
bind_rows (struct state *s, const struct kk_schema *in, uint32_t t, const struct kk_table *table, struct binding *b)
{
  struct names *lists = s->choice.lists;
  struct rowed *rowed = b->tables + b->n++;
  *rowed = (struct rowed){.table = t, .where = wheres_find (&s->choice.where, table->name)};
  int r = names_of (lists + KEEP_ROWS, table->name, &rowed->keep);
  if (!r)
    r = names_of (lists + DROP_ROWS, table->name, &rowed->drop);
  if (r)
    return r;
  if (!rowed->keep.n && !rowed->drop.n && !rowed->where) {
    names_of_free (&rowed->keep);
    names_of_free (&rowed->drop);
    b->n--;
    return 0;
  }
  struct kk_fault fault = {.option = NULL};
  r = rowed->where ? where_bind (rowed->where, in, t, &rowed->bound, &fault) : 0;
  if (*fault.text)
    kk_warn (s->self, "where: %s: %s", table->name, fault.text);
  return r;
}

static int
select_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  struct state *s = state;
  uint32_t n = kk_schema_tables (in);
  struct binding *b = calloc (1, sizeof *b + n * sizeof b->tables[0]);
  int r = b ? kk_shape_touch (shape, KK_NONE) : -ENOMEM;
  for (uint32_t t = 0; t < n && !r; t++) {
    struct kk_table table;
    r = kk_schema_table (in, t, &table);
    if (!r)
      r = shape_table (&s->choice, in, t, &table, shape);
    if (!r && table.key)
      r = bind_rows (s, in, t, &table, b);
    if (!r && b->n && b->tables[b->n - 1].table == t)
      r = kk_shape_touch (shape, t);
  }
  if (r && b)
    select_unbind (state, b);
  else
    *binding = b;
  return r;
}

/* ---- At work ---- */

/* The digits are written from the end on: snprintf takes longer than all else. */
static const char *
digits_of (uint64_t number, char text[24])
{
  char *at = text + 23;
  *at = 0;
  do
    *--at = (char) ('0' + number % 10);
  while (number /= 10);
  return at;
}

static bool
key_kept (struct rowed *t, const struct kk_sample *in, uint32_t row)
{
  struct kk_value key;
  char number[24];
  kk_get_key (in, t->table, row, &key);
  return kept (&t->keep, &t->drop, key.type == KK_TYPE_U64 ? digits_of (key.u64, number) : key.string);
}

static int
make_room (struct rowed *t, uint32_t n)
{
  if (n <= t->cap)
    return 0;
  struct verdict *before = realloc (t->before, n * sizeof *before);
  if (before)
    t->before = before;
  struct verdict *fresh = realloc (t->now, n * sizeof *fresh);
  if (fresh)
    t->now = fresh;
  t->cap = before && fresh ? n : t->cap;
  return before && fresh ? 0 : -ENOMEM;
}

/* What was said of the key, looked for from *at on, for some rows may have gone. False: it is a new one. */
static bool
is_known (const struct rowed *t, uint32_t *at, struct verdict *v)
{
  for (uint32_t i = *at; i < t->n_before && i < *at + MOST_GONE; i++)
    if (t->before[i].key == v->key && t->before[i].texts == v->texts) {
      v->kept = t->before[i].kept;
      *at = i + 1;
      return true;
    }
  return false;
}

/* Clears yes[row] of the rows whose keys are not kept. */
static int
judge_keys (struct rowed *t, const struct kk_sample *in, bool *yes, uint32_t n)
{
  struct kk_column keys;
  uint32_t row = 0, at = 0;
  if (make_room (t, n))
    return -ENOMEM;
  while (row < n && kk_column (in, t->table, KK_NONE, row, &keys))
    for (uint32_t i = 0; i < keys.n; i++, row++) {
      struct verdict v = {.texts = keys.type == KK_TYPE_STRING ? keys.texts : 0, .key = keys.cells[i].u64};
      if (!is_known (t, &at, &v))
        v.kept = key_kept (t, in, row);
      t->now[row] = v;
      yes[row] &= v.kept;
    }
  struct verdict *before = t->before;
  const int r = error_of (&t->keep, &t->drop);
  t->before = t->now;
  t->now = before;
  t->n_before = r ? 0 : row;
  return r;
}

static int
select_rows (struct rowed *t, const struct kk_sample *in, struct kk_emit *out)
{
  struct kk_table_info info;
  int r = kk_table_info (in, t->table, &info);
  uint32_t *rows = r ? NULL : malloc ((info.rows + 1) * (sizeof *rows + sizeof (bool)));
  if (!rows)
    return r ? r : -ENOMEM;
  bool *yes = (bool *) (rows + info.rows + 1);
  uint32_t n = 0;
  if (t->where)
    r = where_judge (t->where, t->bound, in, yes, info.rows);
  else
    memset (yes, true, info.rows * sizeof *yes);
  if (!r && (t->keep.n || t->drop.n))
    r = judge_keys (t, in, yes, info.rows);
  for (uint32_t i = 0; i < info.rows && !r; i++)
    if (yes[i])
      rows[n++] = i;
  if (!r && n < info.rows)
    r = kk_emit_keep_rows (out, t->table, rows, n);
  free (rows);
  return r;
}

static int
select_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  struct binding *b = binding;
  int r = 0;
  (void) state;
  for (uint32_t i = 0; i < b->n && !r; i++)
    r = select_rows (b->tables + i, in, out);
  return r ? r : kk_emit (out);
}

KK_PLUGIN (.kind = KK_FILTER, .name = "select", .version = "1.1",
           .summary = "Keeps or drops tables, fields and rows, by name or by value", KK_OPTIONS (options),
           .config_size = sizeof (struct config), .create = select_create, .destroy = select_destroy, .check = select_check,
           .shape = select_shape, .bind = select_bind, .unbind = select_unbind, .process = select_process);
