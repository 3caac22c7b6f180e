/* select: keeps or drops tables, fields and rows by name. */
#include "pick.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct config {
  struct kk_list keep_tables, drop_tables;
  struct kk_list keep_fields, drop_fields;
  struct kk_list keep_rows, drop_rows;
};

static const struct kk_option options[] = {
  KK_OPT_LIST ("keep_tables", struct config, keep_tables, .help = "Pass on only these tables (globs: system, net*)"),
  KK_OPT_LIST ("drop_tables", struct config, drop_tables, .help = "Leave out these tables, after keep_tables"),
  KK_OPT_LIST ("keep_fields", struct config, keep_fields,
               .help = "Of the tables named here pass on only these fields (table.field, globs: system.cpu_*)"),
  KK_OPT_LIST ("drop_fields", struct config, drop_fields, .help = "Leave out these fields (table.field), after keep_fields"),
  KK_OPT_LIST ("keep_rows", struct config, keep_rows,
               .help = "Of the tables named here pass on only rows with these keys (table.key, globs: interfaces.eth*)"),
  KK_OPT_LIST ("drop_rows", struct config, drop_rows, .help = "Leave out rows with these keys (table.key), after keep_rows"),
};

struct state {
  struct kk_instance *self;
  const struct config *config;
};

/* What was found out of a schema: the keyed tables in which rows have to be looked at. */
struct binding {
  uint32_t n;
  struct rowed {
    uint32_t table;
    char *name;
  } tables[];
};

static bool
any (const struct kk_list *globs, const char *text)
{
  for (uint32_t i = 0; i < globs->count; i++)
    if (pick_matches (globs->items[i], strlen (globs->items[i]), text))
      return true;
  return false;
}

static bool
names_table (const struct kk_list *list, const char *table)
{
  for (uint32_t i = 0; i < list->count; i++)
    if (pick_for_table (list->items[i], table))
      return true;
  return false;
}

static bool
any_in_table (const struct kk_list *list, const char *table, const char *text)
{
  for (uint32_t i = 0; i < list->count; i++) {
    const char *rest = pick_for_table (list->items[i], table);
    if (rest && pick_matches (rest, strlen (rest), text))
      return true;
  }
  return false;
}

static bool
kept (const struct kk_list *keep, const struct kk_list *drop, const char *table, const char *text)
{
  if (names_table (keep, table) && !any_in_table (keep, table, text))
    return false;
  return !any_in_table (drop, table, text);
}

static int
check_dots (const char *option, const struct kk_list *list, struct kk_fault *fault)
{
  for (uint32_t i = 0; i < list->count; i++)
    if (!strchr (list->items[i], '.'))
      return kk_refuse (fault, option, "'%s' names no table: write it as table.%s", list->items[i], list->items[i]);
  return 0;
}

static int
select_check (const void *config, struct kk_fault *fault)
{
  const struct config *c = config;
  return check_dots ("keep_fields", &c->keep_fields, fault) || check_dots ("drop_fields", &c->drop_fields, fault)
                 || check_dots ("keep_rows", &c->keep_rows, fault) || check_dots ("drop_rows", &c->drop_rows, fault)
             ? -EINVAL
             : 0;
}

static int
select_create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = malloc (sizeof *s);
  if (!s)
    return -ENOMEM;
  *s = (struct state){.self = self, .config = config};
  *state = s;
  return 0;
}

static void
select_destroy (void *state)
{
  free (state);
}

static void
select_unbind (void *state, void *binding)
{
  (void) state;
  struct binding *b = binding;
  for (uint32_t i = 0; i < b->n; i++)
    free (b->tables[i].name);
  free (b);
}

static int
shape_table (const struct config *c, const struct kk_schema *in, uint32_t t, const struct kk_table *table, struct kk_shape *shape)
{
  if ((c->keep_tables.count && !any (&c->keep_tables, table->name)) || any (&c->drop_tables, table->name))
    return kk_shape_drop_table (shape, t);
  for (uint32_t f = 0; f < table->n_fields; f++) {
    struct kk_field field;
    int r = kk_schema_field (in, t, f, &field);
    if (!r && !kept (&c->keep_fields, &c->drop_fields, table->name, field.name))
      r = kk_shape_drop_field (shape, t, f);
    if (r)
      return r;
  }
  return 0;
}

static int
check_names (const struct kk_schema *in, enum pick_what what, const char *option, const struct kk_list *list,
             struct kk_fault *fault)
{
  for (uint32_t i = 0; i < list->count; i++) {
    int r = pick_check (in, what, option, list->items[i], fault);
    if (r)
      return r;
  }
  return 0;
}

static int
select_shape (const void *config, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  const struct config *c = config;
  struct kk_table table;
  int r = 0;
  if (check_names (in, PICK_TABLE, "keep_tables", &c->keep_tables, fault)
      || check_names (in, PICK_TABLE, "drop_tables", &c->drop_tables, fault)
      || check_names (in, PICK_FIELD, "keep_fields", &c->keep_fields, fault)
      || check_names (in, PICK_FIELD, "drop_fields", &c->drop_fields, fault)
      || check_names (in, PICK_ROW, "keep_rows", &c->keep_rows, fault)
      || check_names (in, PICK_ROW, "drop_rows", &c->drop_rows, fault))
    return -EINVAL;
  for (uint32_t t = 0; !r && !kk_schema_table (in, t, &table); t++)
    r = shape_table (c, in, t, &table, shape);
  return r;
}

static int
select_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  const struct config *c = ((struct state *) state)->config;
  uint32_t n = kk_schema_tables (in);
  struct binding *b = calloc (1, sizeof *b + n * sizeof b->tables[0]);
  if (!b)
    return -ENOMEM;
  for (uint32_t t = 0; t < n; t++) {
    struct kk_table table;
    int r = kk_schema_table (in, t, &table);
    if (!r)
      r = shape_table (c, in, t, &table, shape);
    if (!r && table.key && (names_table (&c->keep_rows, table.name) || names_table (&c->drop_rows, table.name))) {
      b->tables[b->n] = (struct rowed){.table = t, .name = strdup (table.name)};
      r = b->tables[b->n].name ? 0 : -ENOMEM;
      b->n++;
    }
    if (r) {
      select_unbind (state, b);
      return r;
    }
  }
  *binding = b;
  return 0;
}

static int
select_rows (const struct config *c, const struct rowed *t, const struct kk_sample *in, struct kk_emit *out)
{
  struct kk_table_info info;
  int r = kk_table_info (in, t->table, &info);
  uint32_t *rows = r ? NULL : malloc ((info.rows + 1) * sizeof *rows);
  if (!rows)
    return r ? r : -ENOMEM;
  uint32_t n = 0;
  for (uint32_t i = 0; i < info.rows; i++) {
    struct kk_value key;
    char number[24];
    kk_get_key (in, t->table, i, &key);
    if (key.type == KK_TYPE_U64)
      snprintf (number, sizeof number, "%llu", (unsigned long long) key.u64);
    if (kept (&c->keep_rows, &c->drop_rows, t->name, key.type == KK_TYPE_U64 ? number : key.string))
      rows[n++] = i;
  }
  if (n < info.rows)
    r = kk_emit_keep_rows (out, t->table, rows, n);
  free (rows);
  return r;
}

static int
select_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  const struct config *c = ((struct state *) state)->config;
  const struct binding *b = binding;
  for (uint32_t i = 0; i < b->n; i++) {
    int r = select_rows (c, b->tables + i, in, out);
    if (r)
      return r;
  }
  return kk_emit (out);
}

KK_PLUGIN (.kind = KK_FILTER, .name = "select", .version = "1.0", .summary = "Keeps or drops tables, fields and rows by name",
           KK_OPTIONS (options), .config_size = sizeof (struct config), .create = select_create, .destroy = select_destroy,
           .check = select_check, .shape = select_shape, .bind = select_bind, .unbind = select_unbind,
           .process = select_process);
