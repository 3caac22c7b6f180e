#include "layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One table of one input. */
struct source {
  uint32_t input;
  uint32_t table;
};

struct field_source {
  struct source from;
  uint32_t column;
};

struct joined {
  struct source *sources; /* keyed: one per segment */
  uint32_t n_sources;
  struct field_source *fields; /* single: by field; keyed: the columns of each producer, which are alike */
};

struct layout {
  const struct env *env;
  struct schema *schema;
  struct joined *tables;
  uint32_t *n_segments;
  uint64_t duplicates;
  uint64_t lost;
};

static const char *
table_name (const struct input *in, uint32_t table)
{
  const char *name = in->instance->plugin->tables[table].name;
  for (size_t i = 0; i < in->instance->plan->n_tables; i++)
    if (!strcmp (in->instance->plan->tables[i].from, name))
      return in->instance->plan->tables[i].to;
  return name;
}

__attribute__ ((format (printf, 2, 3))) static int
refuse (char **reason, const char *format, ...)
{
  char text[512];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  free (*reason);
  *reason = strdup (text);
  return -EINVAL;
}

static int
add_field (struct joined *j, struct table_schema *t, const struct kk_field *field, struct source from, uint32_t column)
{
  struct field_source *fields = realloc (j->fields, (t->n_fields + 1) * sizeof *fields);
  if (!fields)
    return -ENOMEM;
  j->fields = fields;
  fields[t->n_fields] = (struct field_source){.from = from, .column = column};
  return table_schema_add (t, field);
}

static int
add_source (struct joined *j, struct source from)
{
  struct source *sources = realloc (j->sources, (j->n_sources + 1) * sizeof *sources);
  if (!sources)
    return -ENOMEM;
  j->sources = sources;
  sources[j->n_sources++] = from;
  return 0;
}

/* A further producer of a keyed table must have the very fields of the first. */
static int
same_fields (const struct joined *j, const struct table_schema *t, struct input *const *inputs, struct source from, char **reason)
{
  const struct input *in = inputs[from.input], *first = inputs[j->sources[0].input];
  const struct kk_table *declared = in->instance->plugin->tables + from.table;
  uint32_t n = 0;
  for (uint32_t f = 0; f < declared->n_fields; f++) {
    int32_t column = rows_column (in->rows, from.table, f);
    if (column < 0)
      continue;
    if (n >= t->n_fields || strcmp (t->fields[n].name, declared->fields[f].name) || t->fields[n].type != declared->fields[f].type
        || j->fields[n].column != (uint32_t) column)
      n = UINT32_MAX - 1;
    n++;
  }
  if (n == t->n_fields && t->key_type == declared->key_type)
    return 0;
  return refuse (reason, "%s and %s both fill table '%s', but not with the same fields: rename one with `tables: {%s: …}`",
                 first->instance->plan->name, in->instance->plan->name, t->name, declared->name);
}

static int
join_single (struct joined *j, struct table_schema *t, struct input *const *inputs, struct source from, char **reason)
{
  const struct input *in = inputs[from.input];
  const struct kk_table *declared = in->instance->plugin->tables + from.table;
  for (uint32_t f = 0; f < declared->n_fields; f++) {
    int32_t column = rows_column (in->rows, from.table, f);
    if (column < 0)
      continue;
    int64_t other = table_schema_find (t, declared->fields[f].name);
    if (other >= 0)
      return refuse (reason, "%s and %s both give %s.%s: rename the table of one with `tables: {%s: …}`",
                     inputs[j->fields[other].from.input]->instance->plan->name, in->instance->plan->name, t->name,
                     declared->fields[f].name, declared->name);
    int r = add_field (j, t, declared->fields + f, from, (uint32_t) column);
    if (r)
      return r;
  }
  return 0;
}

static int
join (struct layout *l, uint32_t at, struct input *const *inputs, struct source from, char **reason)
{
  struct joined *j = l->tables + at;
  struct table_schema *t = l->schema->tables + at;
  const struct input *in = inputs[from.input];
  const struct kk_table *declared = in->instance->plugin->tables + from.table;
  int r = 0;
  if (!t->name)
    r = table_schema_name (t, table_name (in, from.table), declared->key, declared->help, declared->key_type, declared->max_rows);
  if (r)
    return r;
  if (!t->key != !declared->key)
    return refuse (reason, "%s fills table '%s' with one row per %s, another input with a single row", in->instance->plan->name,
                   t->name, declared->key ? declared->key : t->key);
  if (!t->key || !j->n_sources)
    r = join_single (j, t, inputs, from, reason);
  else
    r = same_fields (j, t, inputs, from, reason);
  return r ? r : add_source (j, from);
}

static int
count_tables (struct input *const *inputs, size_t n, const char **names, uint32_t *ret)
{
  uint32_t count = 0;
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t t = 0; t < inputs[i]->instance->plugin->n_tables; t++) {
      if (!rows_has_table (inputs[i]->rows, t))
        continue;
      uint32_t k = 0;
      while (k < count && strcmp (names[k], table_name (inputs[i], t)))
        k++;
      if (k == count)
        names[count++] = table_name (inputs[i], t);
    }
  *ret = count;
  return 0;
}

static int
build (struct layout *l, struct input *const *inputs, size_t n, const char **names, char **reason)
{
  uint32_t count;
  count_tables (inputs, n, names, &count);
  l->schema = schema_new (&l->env->host, count);
  l->tables = calloc (count + 1, sizeof *l->tables);
  l->n_segments = calloc (count + 1, sizeof *l->n_segments);
  if (!l->schema || !l->tables || !l->n_segments)
    return -ENOMEM;
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t t = 0; t < inputs[i]->instance->plugin->n_tables; t++) {
      if (!rows_has_table (inputs[i]->rows, t))
        continue;
      uint32_t at = 0;
      while (strcmp (names[at], table_name (inputs[i], t)))
        at++;
      int r = join (l, at, inputs, (struct source){i, t}, reason);
      if (r)
        return r;
    }
  uint32_t blocks = 0;
  for (uint32_t t = 0; t < count; t++) {
    l->n_segments[t] = l->schema->tables[t].key ? l->tables[t].n_sources : 1;
    blocks += l->tables[t].n_sources;
  }
  if (blocks > SAMPLE_MAX_BLOCKS)
    return refuse (reason, "the inputs fill %u tables; all together may fill %d: disable some", blocks, SAMPLE_MAX_BLOCKS);
  return 0;
}

int
layout_new (const struct env *env, struct input *const *inputs, size_t n, struct layout **ret, char **reason)
{
  *reason = NULL;
  struct layout *l = calloc (1, sizeof *l);
  size_t most = 1;
  for (size_t i = 0; i < n; i++)
    most += inputs[i]->instance->plugin->n_tables;
  const char **names = calloc (most, sizeof *names);
  int r = -ENOMEM;
  if (l && names) {
    l->env = env;
    r = build (l, inputs, n, names, reason);
  }
  free (names);
  if (r) {
    layout_free (l);
    return r;
  }
  *ret = l;
  return 0;
}

void
layout_free (struct layout *l)
{
  if (!l)
    return;
  for (uint32_t t = 0; l->schema && l->tables && t < l->schema->n_tables; t++) {
    free (l->tables[t].sources);
    free (l->tables[t].fields);
  }
  free (l->tables);
  free (l->n_segments);
  schema_unref (l->schema);
  free (l);
}

struct schema *
layout_schema (const struct layout *l)
{
  return l->schema;
}

uint64_t
layout_duplicates (const struct layout *l)
{
  return __atomic_load_n (&l->duplicates, __ATOMIC_RELAXED);
}

uint64_t
layout_lost (const struct layout *l)
{
  return __atomic_load_n (&l->lost, __ATOMIC_RELAXED);
}

static struct column
column_of (const struct block *b, uint32_t column)
{
  return (struct column){b, b->values + (size_t) column * b->n_rows, b->absent + (size_t) column * b->n_rows};
}

static bool
same_key (const struct block *a, uint32_t i, const struct block *b, uint32_t j, bool strings)
{
  if (!strings)
    return a->keys[i] == b->keys[j];
  uint32_t la, lb;
  const char *ta = dict_get (a->dict, (uint32_t) a->keys[i], &la), *tb = dict_get (b->dict, (uint32_t) b->keys[j], &lb);
  return la == lb && !memcmp (ta, tb, la);
}

static bool
seen_before (const struct joined *joined, struct input *const *inputs, uint32_t segment, uint32_t row, bool strings)
{
  const struct block *b = inputs[joined->sources[segment].input]->latest[joined->sources[segment].table];
  for (uint32_t s = 0; s < segment; s++) {
    const struct block *earlier = inputs[joined->sources[s].input]->latest[joined->sources[s].table];
    for (uint32_t i = 0; i < earlier->n_rows; i++)
      if (same_key (earlier, i, b, row, strings))
        return true;
  }
  return false;
}

/* The block without the rows whose keys an earlier producer has: a new reference, mostly to the block itself. Tables with several
 * producers are small (a few devices each), so this is the obvious search. */
static struct block *
without_duplicates (struct layout *l, const struct joined *joined, struct input *const *inputs, uint32_t segment, bool strings)
{
  struct block *b = inputs[joined->sources[segment].input]->latest[joined->sources[segment].table];
  uint32_t n = 0;
  uint32_t *kept = segment ? malloc ((b->n_rows + 1) * sizeof *kept) : NULL;
  for (uint32_t i = 0; kept && i < b->n_rows; i++)
    if (!seen_before (joined, inputs, segment, i, strings))
      kept[n++] = i;
  if (!kept || n == b->n_rows) {
    free (kept);
    return segment && !kept ? NULL : block_ref (b);
  }
  struct block *out = block_new (n, b->n_columns, b->dict);
  if (out) {
    __atomic_fetch_add (&l->duplicates, b->n_rows - n, __ATOMIC_RELAXED);
    out->state = b->state;
    out->tick = b->tick;
    out->wall_ns = b->wall_ns;
    out->mono_ns = b->mono_ns;
    for (uint32_t i = 0; i < n; i++) {
      out->keys[i] = b->keys[kept[i]];
      out->identities[i] = b->identities[kept[i]];
      for (uint32_t c = 0; c < b->n_columns; c++) {
        out->values[(size_t) c * n + i] = b->values[(size_t) c * b->n_rows + kept[i]];
        out->absent[(size_t) c * n + i] = b->absent[(size_t) c * b->n_rows + kept[i]];
      }
    }
  }
  free (kept);
  return out;
}

static int
collect_keyed (struct layout *l, uint32_t table, struct input *const *inputs, struct sample *s)
{
  const struct joined *j = l->tables + table;
  const struct table_schema *schema = l->schema->tables + table;
  for (uint32_t i = 0; i < j->n_sources; i++) {
    struct block *b = without_duplicates (l, j, inputs, i, schema->key_type == KK_STRING_KEY);
    int r = b ? sample_own (s, b) : -ENOMEM;
    block_unref (b);
    if (r)
      return r;
    struct segment *g = s->tables[table].segments + i;
    g->block = b;
    g->n_rows = b->n_rows;
    for (uint32_t f = 0; f < schema->n_fields; f++)
      g->columns[f] = column_of (b, j->fields[f].column);
  }
  return 0;
}

static int
collect_single (struct layout *l, uint32_t table, struct input *const *inputs, struct sample *s)
{
  const struct joined *j = l->tables + table;
  struct segment *g = s->tables[table].segments;
  g->n_rows = 1;
  for (uint32_t f = 0; f < l->schema->tables[table].n_fields; f++) {
    const struct block *b = inputs[j->fields[f].from.input]->latest[j->fields[f].from.table];
    if (sample_own (s, b))
      return -E2BIG;
    g->columns[f] = column_of (b, j->fields[f].column);
  }
  return 0;
}

static struct sample *
collect (struct layout *l, struct input *const *inputs, uint64_t tick, const struct kk_time *time)
{
  struct sample *s = sample_new (&l->env->host, l->schema, l->n_segments);
  if (!s)
    return NULL;
  s->tick = tick;
  s->time = *time;
  int r = 0;
  for (uint32_t t = 0; t < l->schema->n_tables && !r; t++)
    r = l->schema->tables[t].key ? collect_keyed (l, t, inputs, s) : collect_single (l, t, inputs, s);
  if (r) {
    sample_unref (s);
    return NULL;
  }
  sample_seal (s);
  return s;
}

struct sample *
layout_collect (struct layout *l, struct input *const *inputs, uint64_t tick, const struct kk_time *time)
{
  struct sample *s = collect (l, inputs, tick, time);
  if (!s)
    __atomic_fetch_add (&l->lost, 1, __ATOMIC_RELAXED);
  return s;
}
