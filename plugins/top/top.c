/* top: the rows with the most of a field. */
#include <kode-kronical/plugin.h>

#include "pick.h"
#include "rank.h"
#include "rest.h"
#include "row-copy.h"

#include <stdlib.h>

struct config {
  struct kk_list by;
  int64_t n;
  bool other;
};

static const struct kk_option options[] = {
  KK_OPT_LIST ("by", struct config, by, .flags = KK_REQUIRED,
               .help = "Keep the rows with the most of this (table.field); several of one table: the first of each"),
  KK_OPT_INT ("n", struct config, n, .def = "10", .min = "1", .max = "65536", .unit = "rows", .help = "Keep so many"),
  KK_OPT_BOOL ("other", struct config, other, .def = "false", .help = "Add a row 'other' with what the rest comes to"),
};

struct state {
  struct kk_instance *self;
  const struct config *config;
  struct rank rank;
  uint32_t *kept; /* room for row numbers */
  uint32_t room;
  bool warned;
};

/* A table of which some rows are kept. */
struct ranked {
  uint32_t table;
  uint32_t *by; /* fields */
  uint32_t n_by;
  uint32_t made; /* the table that takes its place where there is a row `other`, or KK_NONE */
  uint32_t key_type, n_fields;
  struct kk_field *fields; /* of the table */
};

struct binding {
  uint32_t n;
  struct ranked tables[];
};

/* ---- What becomes of a schema ---- */

/* Whether an item names this field. */
static bool
names (const char *item, const char *table, const char *field)
{
  size_t n = strlen (table);
  return !strncmp (item, table, n) && item[n] == '.' && !strcmp (item + n + 1, field);
}

static int
check_item (const char *item, const struct kk_schema *in, struct kk_fault *fault)
{
  struct kk_table table;
  struct kk_field f;
  if (pick_check (in, PICK_FIELD, "by", item, NULL, fault))
    return -EINVAL;
  for (uint32_t t = 0; !kk_schema_table (in, t, &table); t++)
    for (uint32_t i = 0; !kk_schema_field (in, t, i, &f); i++) {
      if (names (item, table.name, f.name) && !table.key)
        return kk_refuse (fault, "by", "table '%s' has a single row", table.name);
      if (names (item, table.name, f.name) && f.type > KK_TYPE_I64)
        return kk_refuse (fault, "by", "%s.%s is no number", table.name, f.name);
    }
  return 0;
}

/* In the place of the table comes one of the same name and fields, into which `other` can be put. */
static int
replace (const struct kk_schema *in, const struct kk_table *table, struct ranked *r, struct kk_shape *shape)
{
  struct kk_table made = *table;
  r->fields = calloc (table->n_fields + 1, sizeof *r->fields);
  int e = r->fields ? kk_shape_drop_table (shape, r->table) : -ENOMEM;
  for (uint32_t f = 0; !e && f < table->n_fields; f++)
    e = kk_schema_field (in, r->table, f, r->fields + f);
  made.fields = r->fields;
  return e ? e : kk_shape_add_table (shape, r->table, &made, &r->made);
}

static void
ranked_free (struct ranked *r)
{
  free (r->by);
  free (r->fields);
}

/* Shapes one table if it is named; r->n_by is 0 when it is not. */
static int
plan_table (const struct config *c, const struct kk_schema *in, uint32_t t, struct kk_shape *shape, struct ranked *r)
{
  struct kk_table table;
  int e = kk_schema_table (in, t, &table);
  *r = (struct ranked){.table = t, .made = KK_NONE};
  if (e || !table.key)
    return e;
  r->by = calloc (c->by.count + 1, sizeof *r->by);
  if (!r->by)
    return -ENOMEM;
  for (uint32_t i = 0; i < c->by.count; i++) {
    struct kk_field f;
    for (uint32_t n = 0; !kk_schema_field (in, t, n, &f); n++)
      if (f.type <= KK_TYPE_I64 && names (c->by.items[i], table.name, f.name))
        r->by[r->n_by++] = n;
  }
  r->key_type = table.key_type;
  r->n_fields = table.n_fields;
  return r->n_by && c->other ? replace (in, &table, r, shape) : 0;
}

static int
top_shape (const void *config, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  const struct config *c = config;
  int r = 0;
  for (uint32_t i = 0; !r && i < c->by.count; i++)
    r = check_item (c->by.items[i], in, fault);
  for (uint32_t t = 0; !r && t < kk_schema_tables (in); t++) {
    struct ranked ranked;
    r = plan_table (c, in, t, shape, &ranked);
    ranked_free (&ranked);
  }
  return r;
}

static int
top_check (const void *config, struct kk_fault *fault)
{
  const struct config *c = config;
  for (uint32_t i = 0; i < c->by.count; i++) {
    const char *item = c->by.items[i], *dot = strchr (item, '.');
    if (!dot || dot == item || !dot[1] || strpbrk (item, "*?[\\="))
      return kk_refuse (fault, "by", "'%.80s' is no field: write it as table.field, such as processes.cpu_percent", item);
  }
  return c->by.count ? 0 : kk_refuse (fault, "by", "name a field at least, such as processes.cpu_percent");
}

/* ---- Binding ---- */

static int
top_create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  *s = (struct state){.self = self, .config = config};
  *state = s;
  return 0;
}

static void
top_destroy (void *state)
{
  struct state *s = state;
  rank_free (&s->rank);
  free (s->kept);
  free (s);
}

static void
top_unbind (void *state, void *binding)
{
  (void) state;
  struct binding *b = binding;
  for (uint32_t i = 0; i < b->n; i++)
    ranked_free (b->tables + i);
  free (b);
}

/* What is named and not there is only warned of now: it may come with another schema. */
static void
warn (struct state *s, const struct kk_schema *in)
{
  struct kk_fault fault = {0};
  for (uint32_t i = 0; !s->warned && i < s->config->by.count; i++)
    if (check_item (s->config->by.items[i], in, &fault)) {
      kk_warn (s->self, "%s: %s", fault.option, fault.text);
      s->warned = true;
    }
}

static int
top_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  struct state *s = state;
  uint32_t n = kk_schema_tables (in);
  struct binding *b = calloc (1, sizeof *b + n * sizeof b->tables[0]);
  int r = b ? kk_shape_touch (shape, KK_NONE) : -ENOMEM;
  for (uint32_t t = 0; !r && t < n; t++) {
    struct ranked *ranked = b->tables + b->n;
    r = plan_table (s->config, in, t, shape, ranked);
    if (r || !ranked->n_by)
      ranked_free (ranked);
    else {
      b->n++;
      r = kk_shape_touch (shape, t);
    }
  }
  if (r) {
    if (b)
      top_unbind (s, b);
    return r;
  }
  warn (s, in);
  *binding = b;
  return 0;
}

/* ---- Samples ---- */

static int
keep_rows (struct state *s, const struct ranked *r, uint32_t n_rows, struct kk_emit *out)
{
  uint32_t n = 0;
  if (n_rows > s->room) {
    uint32_t *kept = realloc (s->kept, n_rows * sizeof *kept);
    if (!kept)
      return -ENOMEM;
    s->kept = kept;
    s->room = n_rows;
  }
  for (uint32_t i = 0; i < n_rows; i++)
    if (s->rank.chosen[i])
      s->kept[n++] = i;
  return n < n_rows ? kk_emit_keep_rows (out, r->table, s->kept, n) : 0;
}

static void
copy_row (const struct ranked *r, const struct kk_sample *in, uint32_t i, struct kk_rows *rows)
{
  struct kk_value v;
  uint64_t identity = kk_get_identity (in, r->table, i);
  kk_get_key (in, r->table, i, &v);
  struct kk_row *row =
    r->key_type == KK_STRING_KEY ? kk_row (rows, r->made, v.string, identity) : kk_row_u64 (rows, r->made, v.u64, identity);
  row_copy (in, r->table, i, r->n_fields, row);
}

/* `other` comes first: a table whose keys are numbers stays in their order. */
static int
fill_made (const struct state *s, const struct ranked *r, const struct kk_sample *in, const struct kk_table_info *info,
           struct kk_emit *out)
{
  struct kk_rows *rows = kk_emit_rows (out);
  uint32_t n = 0;
  if (!rows)
    return -ENOMEM;
  for (uint32_t i = 0; i < info->rows; i++)
    n += s->rank.chosen[i];
  if (n < info->rows) {
    struct kk_row *row = r->key_type == KK_STRING_KEY ? kk_row (rows, r->made, REST_NAME, 0) : kk_row_u64 (rows, r->made, 0, 0);
    for (uint32_t f = 0; f < r->n_fields; f++)
      rest_give (in, r->table, f, r->fields + f, s->rank.chosen, info->rows, row, f);
  }
  for (uint32_t i = 0; i < info->rows; i++)
    if (s->rank.chosen[i])
      copy_row (r, in, i, rows);
  uint32_t state = n < info->rows && info->state == KK_COMPLETE ? KK_PARTIAL : info->state;
  if (state != KK_COMPLETE)
    kk_table_state (rows, r->made, state);
  return 0;
}

static int
top_rows (struct state *s, const struct ranked *r, const struct kk_sample *in, struct kk_emit *out)
{
  struct kk_table_info info;
  uint32_t n = (uint32_t) s->config->n;
  int e = kk_table_info (in, r->table, &info);
  if (e || (info.rows <= n && r->made == KK_NONE))
    return e;
  e = rank_begin (&s->rank, n, info.rows);
  uint32_t skip = !e && r->made != KK_NONE ? rest_namesake (in, r->table, info.rows) : KK_NONE;
  for (uint32_t i = 0; !e && i < r->n_by; i++)
    rank_choose (&s->rank, in, r->table, r->by[i], n, info.rows, skip);
  if (e)
    return e;
  return r->made == KK_NONE ? keep_rows (s, r, info.rows, out) : fill_made (s, r, in, &info, out);
}

static int
top_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  const struct binding *b = binding;
  for (uint32_t i = 0; i < b->n; i++) {
    int r = top_rows (state, b->tables + i, in, out);
    if (r)
      return r;
  }
  return kk_emit (out);
}

KK_PLUGIN (.kind = KK_FILTER, .name = "top", .version = "1.0", .summary = "Keeps the rows with the most of a field",
           KK_OPTIONS (options), .config_size = sizeof (struct config), .create = top_create, .destroy = top_destroy,
           .check = top_check, .bind = top_bind, .unbind = top_unbind, .process = top_process, .shape = top_shape);
