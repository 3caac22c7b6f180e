/* dedup: rows that have not changed are passed on now and then only. */
#include <kode-kronical/plugin.h>

#include "deadband.h"
#include "pick.h"
#include "rowmap.h"

#include <stdlib.h>

struct config {
  struct kk_list tables, deadband;
  int64_t every;
};

static const struct kk_option options[] = {
  KK_OPT_LIST ("tables", struct config, tables, .help = "Look at these tables (globs); none named: at all with rows by key"),
  KK_OPT_INT ("every", struct config, every, .def = "60", .min = "1", .max = "1000000", .unit = "readings",
              .help = "A row that stays as it is goes on at each N-th reading"),
  KK_OPT_LIST ("deadband", struct config, deadband,
               .help = "A change up to this is none: table.field=0.5, or =1% of what went on last (globs)"),
};

struct state {
  struct kk_instance *self;
  const struct config *config;
  uint32_t *kept; /* room for row numbers */
  uint32_t room;
  bool warned;
};

/* A keyed table that is looked at. What is remembered of a row: how many readings it was left out, then for each field what was
 * sent last (of a string its hash) and why there was nothing. */
struct watched {
  uint32_t table, n_fields;
  struct deadband *deadbands; /* by field; a change of 0 is one */
  struct rowmap rows;
};

struct sent {
  uint64_t bits;
  uint64_t absent;
};

struct binding {
  uint32_t n;
  struct watched tables[];
};

/* ---- What is named ---- */

static bool
is_watched (const struct config *c, const struct kk_table *table)
{
  bool named = !c->tables.count;
  for (uint32_t i = 0; !named && i < c->tables.count; i++)
    named = pick_matches (c->tables.items[i], strlen (c->tables.items[i]), table->name);
  return named && table->key;
}

static bool
is_glob (const char *text)
{
  return strpbrk (text, "*?[\\") != NULL;
}

/* The deadband of a field: that of the last item that names it. */
static struct deadband
deadband_of (const struct config *c, const char *table, const char *field)
{
  struct deadband found = {0};
  for (uint32_t i = 0; i < c->deadband.count; i++) {
    size_t names;
    struct deadband d;
    const char *item = c->deadband.items[i], *rest = pick_for_table (item, table);
    if (rest && !deadband_parse (item, &names, &d) && pick_matches (rest, names - (size_t) (rest - item), field))
      found = d;
  }
  return found;
}

/* Refuses an item of `deadband` that names what is not there, or what has no deadband. */
static int
check_deadband (const char *item, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  struct deadband d;
  size_t n = 0;
  char name[256];
  if (deadband_parse (item, &n, &d) || n >= sizeof name)
    return 0; /* was refused by dedup_check */
  memcpy (name, item, n);
  name[n] = 0;
  if (pick_check (in, PICK_FIELD, "deadband", name, shape, fault))
    return -EINVAL;
  struct kk_table table;
  struct kk_field f;
  for (uint32_t t = 0; !is_glob (name) && !kk_schema_table (in, t, &table); t++) {
    const char *rest = pick_for_table (name, table.name);
    if (rest && !table.key)
      return kk_refuse (fault, "deadband", "table '%s' has a single row: it always goes on", table.name);
    for (uint32_t i = 0; rest && !kk_schema_field (in, t, i, &f); i++)
      if (!strcmp (f.name, rest) && (f.type == KK_TYPE_STRING || f.type == KK_TYPE_BOOL))
        return kk_refuse (fault, "deadband", "%s.%s is no number", table.name, f.name);
  }
  return 0;
}

static int
check_table (const char *item, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  struct kk_table table;
  if (pick_check (in, PICK_TABLE, "tables", item, shape, fault))
    return -EINVAL;
  for (uint32_t t = 0; !is_glob (item) && !kk_schema_table (in, t, &table); t++)
    if (!strcmp (table.name, item) && !table.key)
      return kk_refuse (fault, "tables", "table '%s' has a single row: it always goes on", item);
  return 0;
}

/* What is named must be there. */
static int
check_items (const void *config, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  const struct config *c = config;
  int r = 0;
  for (uint32_t i = 0; !r && i < c->tables.count; i++)
    r = check_table (c->tables.items[i], in, shape, fault);
  for (uint32_t i = 0; !r && i < c->deadband.count; i++)
    r = check_deadband (c->deadband.items[i], in, shape, fault);
  return r;
}

/* The names and types of things do not change. */
static int
dedup_shape (const void *config, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  struct kk_table table;
  int r = check_items (config, in, shape, fault);
  for (uint32_t t = 0; !r && !kk_schema_table (in, t, &table); t++)
    if (is_watched (config, &table))
      r = kk_shape_sparse (shape, t);
  return r;
}

static int
dedup_check (const void *config, struct kk_fault *fault)
{
  const struct config *c = config;
  for (uint32_t i = 0; i < c->deadband.count; i++) {
    struct deadband d;
    size_t names;
    if (deadband_parse (c->deadband.items[i], &names, &d))
      return kk_refuse (fault, "deadband", "'%.80s' is none: write it as table.field=0.5, or table.field=1%%",
                        c->deadband.items[i]);
  }
  return 0;
}

/* ---- Binding ---- */

static int
dedup_create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  *s = (struct state){.self = self, .config = config};
  *state = s;
  return 0;
}

static void
dedup_destroy (void *state)
{
  struct state *s = state;
  free (s->kept);
  free (s);
}

static void
dedup_unbind (void *state, void *binding)
{
  (void) state;
  struct binding *b = binding;
  for (uint32_t i = 0; i < b->n; i++) {
    rowmap_clear (&b->tables[i].rows);
    free (b->tables[i].deadbands);
  }
  free (b);
}

static int
watch (const struct config *c, const struct kk_schema *in, uint32_t table, struct binding *b)
{
  struct kk_table t;
  int r = kk_schema_table (in, table, &t);
  if (r || !is_watched (c, &t))
    return r;
  struct watched *w = b->tables + b->n;
  *w = (struct watched){.table = table, .n_fields = t.n_fields, .deadbands = calloc (t.n_fields + 1, sizeof *w->deadbands)};
  if (!w->deadbands)
    return -ENOMEM;
  w->rows.size = sizeof (uint64_t) + t.n_fields * sizeof (struct sent);
  b->n++;
  for (uint32_t f = 0; !r && f < t.n_fields; f++) {
    struct kk_field field;
    r = kk_schema_field (in, table, f, &field);
    if (!r)
      w->deadbands[f] = deadband_of (c, t.name, field.name);
  }
  return r;
}

static int
dedup_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  struct state *s = state;
  uint32_t n = kk_schema_tables (in);
  struct kk_fault fault = {0};
  struct binding *b = calloc (1, sizeof *b + n * sizeof b->tables[0]);
  int r = b ? kk_shape_touch (shape, KK_NONE) : -ENOMEM;
  for (uint32_t t = 0; !r && t < n; t++)
    r = watch (s->config, in, t, b);
  for (uint32_t i = 0; !r && i < b->n; i++)
    r = kk_shape_touch (shape, b->tables[i].table);
  if (r) {
    if (b)
      dedup_unbind (s, b);
    return r;
  }
  if (check_items (s->config, in, shape, &fault) && !s->warned) {
    kk_warn (s->self, "%s: %s", fault.option, fault.text);
    s->warned = true;
  }
  *binding = b;
  return 0;
}

/* ---- Samples ---- */

static uint64_t
bits_of (const struct kk_value *v)
{
  uint64_t h = 0xcbf29ce484222325u;
  if (v->absent)
    return 0;
  if (v->type == KK_TYPE_BOOL)
    return v->boolean;
  if (v->type != KK_TYPE_STRING)
    return v->u64;
  for (uint32_t i = 0; i < v->length; i++)
    h = (h ^ (unsigned char) v->string[i]) * 0x100000001b3u;
  return h;
}

static bool
is_same (const struct sent *sent, const struct kk_value *v, const struct deadband *d)
{
  if (sent->absent != v->absent)
    return false;
  if (v->absent || v->type == KK_TYPE_BOOL || v->type == KK_TYPE_STRING)
    return sent->bits == bits_of (v);
  return deadband_holds (d, v, sent->bits);
}

/* Whether a row goes on; if so, what it has now is what was sent last. */
static bool
goes_on (const struct watched *w, const struct kk_sample *in, uint32_t row, uint64_t *memory, bool new, int64_t every)
{
  struct sent *sent = (struct sent *) (memory + 1);
  struct kk_value v;
  bool same = !new;
  for (uint32_t f = 0; same && f < w->n_fields; f++) {
    kk_get (in, w->table, row, f, &v);
    same = is_same (sent + f, &v, w->deadbands + f);
  }
  if (same && ++*memory < (uint64_t) every)
    return false;
  for (uint32_t f = 0; f < w->n_fields; f++) {
    kk_get (in, w->table, row, f, &v);
    sent[f] = (struct sent){.bits = bits_of (&v), .absent = v.absent};
  }
  *memory = 0;
  return true;
}

static int
make_room (struct state *s, uint32_t n)
{
  if (n <= s->room)
    return 0;
  uint32_t *kept = realloc (s->kept, n * sizeof *kept);
  if (!kept)
    return -ENOMEM;
  s->kept = kept;
  s->room = n;
  return 0;
}

static int
dedup_rows (struct state *s, struct watched *w, const struct kk_sample *in, struct kk_emit *out)
{
  struct kk_table_info info;
  int r = kk_table_info (in, w->table, &info);
  if (!r)
    r = make_room (s, info.rows);
  if (r)
    return r;
  uint32_t n = 0;
  rowmap_begin (&w->rows);
  for (uint32_t i = 0; i < info.rows; i++) {
    struct kk_value key;
    bool new;
    kk_get_key (in, w->table, i, &key);
    uint64_t *memory = rowmap_find (&w->rows, &key, kk_get_identity (in, w->table, i), &new);
    if (!memory)
      return -ENOMEM;
    if ((new || !key.held) && goes_on (w, in, i, memory, new, s->config->every))
      s->kept[n++] = i;
  }
  rowmap_end (&w->rows, info.state == KK_COMPLETE);
  return n < info.rows ? kk_emit_keep_rows (out, w->table, s->kept, n) : 0;
}

static int
dedup_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  struct binding *b = binding;
  for (uint32_t i = 0; i < b->n; i++) {
    int r = dedup_rows (state, b->tables + i, in, out);
    if (r)
      return r;
  }
  return kk_emit (out);
}

KK_PLUGIN (.kind = KK_FILTER, .name = "dedup", .version = "1.0", .summary = "Leaves out rows that have not changed",
           KK_OPTIONS (options), .config_size = sizeof (struct config), .create = dedup_create, .destroy = dedup_destroy,
           .check = dedup_check, .bind = dedup_bind, .unbind = dedup_unbind, .process = dedup_process, .shape = dedup_shape);
