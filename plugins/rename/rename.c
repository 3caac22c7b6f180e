/* rename: other names for tables, fields, keys and rows. */
#include "copy.h"
#include "pick.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct config {
  struct kk_map tables, fields, keys, rows;
};

static const struct kk_option options[] = {
  KK_OPT_MAP ("tables", struct config, tables, .help = "Tables, each with its new name (network: traffic)"),
  KK_OPT_MAP ("fields", struct config, fields,
              .help = "Fields, each with its table, and the new name of the field alone (system.load_avg_1m: load)"),
  KK_OPT_MAP ("keys", struct config, keys,
              .help = "Tables, each with a new name for what its rows are known by (processes: process_id)"),
  KK_OPT_MAP ("rows", struct config, rows,
              .help =
                "Rows of tables that are known by a text, each with its table, and the new key alone (interfaces.eth0: wan)"),
};

struct state {
  struct kk_instance *self;
  const struct config *config;
  uint64_t lost;
};

/* What was found out of a schema: the tables that are made anew. */
struct binding {
  uint32_t n;
  struct copy *copies[];
};

enum { MAX_KEY = 255 };

static const char *
item (const struct kk_map *map, uint32_t i)
{
  return ((const char *const *) map->items)[i];
}

/* The new name of a table, or of `rest` in it; NULL: it has none. */
static const char *
find (const struct kk_map *map, const char *table, const char *rest)
{
  for (uint32_t i = 0; i < map->count; i++) {
    const char *of = rest ? copy_rest (map->names[i], table) : map->names[i];
    if (of && !strcmp (of, rest ? rest : table))
      return item (map, i);
  }
  return NULL;
}

/* ---- Whether it makes sense ---- */

static bool
is_name (const char *text)
{
  size_t n = strlen (text);
  return n && n <= 63 && *text >= 'a' && *text <= 'z' && strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static int
check_entry (const char *option, const struct kk_map *map, uint32_t i, bool dot, struct kk_fault *fault)
{
  const char *name = map->names[i], *to = item (map, i), *rest = dot ? strchr (name, '.') : NULL;
  if (dot && (!rest || rest == name || !rest[1]))
    return kk_refuse_entry (fault, option, name, NULL, "'%.60s' names no table: write it as table.name", name);
  if (strcspn (name, "*?[\\") < (rest && !strcmp (option, "rows") ? (size_t) (rest - name) : strlen (name)))
    return kk_refuse_entry (fault, option, name, NULL, "'%.60s' has a wildcard: each new name is for one old name", name);
  if (!strcmp (option, "rows"))
    return *to && strlen (to) <= MAX_KEY
             ? 0
             : kk_refuse_entry (fault, option, name, NULL, "a key is 1 to %d bytes long: give another one", MAX_KEY);
  if (!is_name (to))
    return kk_refuse_entry (fault, option, name, NULL,
                            "'%.64s' is no name: lower case letters, digits and '_', a letter first, at most 63", to);
  return 0;
}

static int
check_map (const char *option, const struct kk_map *map, bool dot, struct kk_fault *fault)
{
  int r = 0;
  for (uint32_t i = 0; i < map->count && !r; i++)
    r = check_entry (option, map, i, dot, fault);
  return r;
}

static size_t
table_length (const char *name)
{
  return strcspn (name, ".");
}

/* Two rows of a table that get one key. */
static int
check_rows (const struct kk_map *map, struct kk_fault *fault)
{
  for (uint32_t i = 0; i < map->count; i++)
    for (uint32_t j = 0; j < i; j++) {
      const char *name = map->names[i], *other = map->names[j];
      const size_t n = table_length (name);
      if (n == table_length (other) && !memcmp (name, other, n) && !strcmp (item (map, i), item (map, j)))
        return kk_refuse_entry (fault, "rows", name, NULL, "%.60s is to be '%.40s' too: choose another key for one of them",
                                other, item (map, i));
    }
  return 0;
}

static int
rename_check (const void *config, struct kk_fault *fault)
{
  const struct config *c = config;
  return check_map ("tables", &c->tables, false, fault) || check_map ("fields", &c->fields, true, fault)
             || check_map ("keys", &c->keys, false, fault) || check_map ("rows", &c->rows, true, fault)
             || check_rows (&c->rows, fault)
           ? -EINVAL
           : 0;
}

/* ---- Whether it comes along ---- */

static bool
find_table (const struct kk_schema *in, const char *name, size_t length, uint32_t *ret, struct kk_table *table)
{
  for (*ret = 0; !kk_schema_table (in, *ret, table); ++*ret)
    if (strlen (table->name) == length && !memcmp (table->name, name, length))
      return true;
  return false;
}

static int
check_there (const struct kk_schema *in, enum pick_what what, const char *option, const struct kk_map *map,
             struct kk_fault *fault)
{
  for (uint32_t i = 0; i < map->count; i++) {
    struct kk_fault of = {.option = NULL};
    struct kk_table table;
    uint32_t t;
    const char *name = map->names[i];
    if (pick_check (in, what, option, name, NULL, &of))
      return kk_refuse_entry (fault, option, name, NULL, "%s", of.text);
    if (what == PICK_FIELD || !find_table (in, name, what == PICK_ROW ? strcspn (name, ".") : strlen (name), &t, &table))
      continue;
    if (!strcmp (option, "keys") && !table.key)
      return kk_refuse_entry (fault, option, name, NULL, "table '%s' has a single row, and no keys", table.name);
    if (what == PICK_ROW && table.key_type != KK_STRING_KEY)
      return kk_refuse_entry (fault, option, name, NULL, "the rows of table '%s' are known by a number, which stays",
                              table.name);
  }
  return 0;
}

static bool
has_field (const struct kk_schema *in, uint32_t table, const char *name)
{
  struct kk_field f;
  for (uint32_t i = 0; !kk_schema_field (in, table, i, &f); i++)
    if (!strcmp (f.name, name))
      return true;
  return false;
}

/* That no other entry, and nothing that keeps its name, comes to the same one. */
static int
check_tables (const struct config *c, const struct kk_schema *in, struct kk_fault *fault)
{
  const struct kk_map *m = &c->tables;
  for (uint32_t i = 0; i < m->count; i++) {
    struct kk_table table;
    uint32_t t;
    const char *to = item (m, i);
    bool twice = find_table (in, to, strlen (to), &t, &table) && !find (m, to, NULL);
    for (uint32_t j = 0; j < i; j++)
      twice |= !strcmp (item (m, j), to);
    if (twice)
      return kk_refuse_entry (fault, "tables", m->names[i], NULL, "there would be two tables %s: choose another name", to);
  }
  return 0;
}

static int
check_fields (const struct config *c, const struct kk_schema *in, struct kk_fault *fault)
{
  const struct kk_map *m = &c->fields;
  for (uint32_t i = 0; i < m->count; i++) {
    struct kk_table table;
    uint32_t t;
    const char *name = m->names[i], *to = item (m, i);
    size_t length = strcspn (name, ".");
    if (!find_table (in, name, length, &t, &table))
      continue;
    bool twice = has_field (in, t, to) && !find (m, table.name, to);
    for (uint32_t j = 0; j < i; j++)
      twice |= copy_rest (m->names[j], table.name) && !strcmp (item (m, j), to);
    if (twice)
      return kk_refuse_entry (fault, "fields", name, NULL, "there would be two fields %s.%s: choose another name", table.name,
                              to);
  }
  return 0;
}

/* A column of the key's old name is the key once more, as the pid of processes is; one of its new name would be taken for it.
 */
static int
check_keys (const struct config *c, const struct kk_schema *in, struct kk_fault *fault)
{
  struct kk_table table;
  for (uint32_t t = 0; !kk_schema_table (in, t, &table); t++) {
    const char *new_key = table.key ? find (&c->keys, table.name, NULL) : NULL, *key = new_key ? new_key : table.key;
    for (uint32_t f = 0; key && f < table.n_fields; f++) {
      struct kk_field field;
      const char *name = kk_schema_field (in, t, f, &field) ? NULL : find (&c->fields, table.name, field.name);
      if (strcmp (name ? name : field.name, key) != 0 || !strcmp (field.name, table.key))
        continue;
      char entry[160];
      snprintf (entry, sizeof entry, "%s.%s", table.name, field.name);
      if (new_key)
        return kk_refuse_entry (fault, "keys", table.name, NULL,
                                "%s.%s is a field, which is no name for what the rows are known by: choose another one",
                                table.name, key);
      return kk_refuse_entry (fault, "fields", entry, NULL, "the rows of %s are known by their %s already: choose another name",
                              table.name, key);
    }
  }
  return 0;
}

/* ---- What becomes of it ---- */

static bool
has_rows (const struct config *c, const struct kk_table *table)
{
  for (uint32_t i = 0; table->key_type == KK_STRING_KEY && i < c->rows.count; i++)
    if (copy_rest (c->rows.names[i], table->name))
      return true;
  return false;
}

/* Another table in its place, for rows cannot be given other keys. */
static int
remake (const struct config *c, const struct kk_schema *in, uint32_t t, struct kk_table table, struct kk_shape *shape,
        uint32_t *ret)
{
  struct kk_field *fields = calloc (table.n_fields + 1, sizeof *fields);
  const char *name = find (&c->tables, table.name, NULL), *key = find (&c->keys, table.name, NULL);
  int r = fields ? 0 : -ENOMEM;
  for (uint32_t f = 0; !r && f < table.n_fields; f++) {
    r = kk_schema_field (in, t, f, fields + f);
    const char *field = r ? NULL : find (&c->fields, table.name, fields[f].name);
    if (field)
      fields[f].name = field;
  }
  table.fields = fields;
  table.name = name ? name : table.name;
  table.key = key ? key : table.key;
  if (!r)
    r = kk_shape_drop_table (shape, t);
  if (!r)
    r = kk_shape_add_table (shape, t, &table, ret);
  free (fields);
  return r;
}

/* *ret: the number of the table that is made anew, or KK_NONE. */
static int
shape_table (const struct config *c, const struct kk_schema *in, uint32_t t, const struct kk_table *table,
             struct kk_shape *shape, uint32_t *ret)
{
  *ret = KK_NONE;
  if (has_rows (c, table))
    return remake (c, in, t, *table, shape, ret);
  const char *name = find (&c->tables, table->name, NULL), *key = table->key ? find (&c->keys, table->name, NULL) : NULL;
  int r = name ? kk_shape_rename_table (shape, t, name) : 0;
  if (!r && key)
    r = kk_shape_rename_key (shape, t, key);
  for (uint32_t f = 0; !r && f < table->n_fields; f++) {
    struct kk_field field;
    r = kk_schema_field (in, t, f, &field);
    name = r ? NULL : find (&c->fields, table->name, field.name);
    if (name)
      r = kk_shape_rename_field (shape, t, f, name);
  }
  return r;
}

static int
rename_shape (const void *config, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  const struct config *c = config;
  struct kk_table table;
  uint32_t added;
  int r = 0;
  if (check_there (in, PICK_TABLE, "tables", &c->tables, fault) || check_there (in, PICK_FIELD, "fields", &c->fields, fault)
      || check_there (in, PICK_TABLE, "keys", &c->keys, fault) || check_there (in, PICK_ROW, "rows", &c->rows, fault)
      || check_tables (c, in, fault) || check_fields (c, in, fault) || check_keys (c, in, fault))
    return -EINVAL;
  for (uint32_t t = 0; !r && !kk_schema_table (in, t, &table); t++)
    r = shape_table (c, in, t, &table, shape, &added);
  return r;
}

/* ---- At work ---- */

static int
rename_create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = malloc (sizeof *s);
  if (!s)
    return -ENOMEM;
  *s = (struct state){.self = self, .config = config};
  *state = s;
  return 0;
}

static void
rename_destroy (void *state)
{
  free (state);
}

static void
rename_unbind (void *state, void *binding)
{
  (void) state;
  struct binding *b = binding;
  for (uint32_t i = 0; i < b->n; i++)
    copy_free (b->copies[i]);
  free (b);
}

static int
rename_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  const struct config *c = ((struct state *) state)->config;
  uint32_t n = kk_schema_tables (in), added;
  struct binding *b = calloc (1, sizeof *b + n * sizeof b->copies[0]);
  int r = b ? kk_shape_touch (shape, KK_NONE) : -ENOMEM;
  for (uint32_t t = 0; t < n && !r; t++) {
    struct kk_table table;
    r = kk_schema_table (in, t, &table);
    if (!r)
      r = shape_table (c, in, t, &table, shape, &added);
    if (!r && added != KK_NONE) {
      b->copies[b->n] = copy_new (&c->rows, &table, t, added);
      r = b->copies[b->n] ? 0 : -ENOMEM;
      b->n += !r;
    }
  }
  if (r && b)
    rename_unbind (state, b);
  else
    *binding = b;
  return r;
}

static int
rename_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  struct state *s = state;
  const struct binding *b = binding;
  struct kk_rows *rows = b->n ? kk_emit_rows (out) : NULL;
  uint64_t lost = 0;
  if (b->n && !rows)
    return -ENOMEM;
  for (uint32_t i = 0; i < b->n; i++)
    copy_rows (b->copies[i], in, rows, &lost);
  if (lost) {
    if (!s->lost)
      kk_warn (s->self, "two rows of a table have the same new key: the first is passed on, the others are counted");
    s->lost += lost;
    kk_status (s->self, "rows lost", "%llu that had the new key of another one", (unsigned long long) s->lost);
  }
  return kk_emit (out);
}

KK_PLUGIN (.kind = KK_FILTER, .name = "rename", .version = "1.0", .summary = "Other names for tables, fields, keys and rows",
           KK_OPTIONS (options), .config_size = sizeof (struct config), .create = rename_create, .destroy = rename_destroy,
           .check = rename_check, .shape = rename_shape, .bind = rename_bind, .unbind = rename_unbind,
           .process = rename_process);
