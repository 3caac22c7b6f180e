#include "sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct block *
block_new (uint32_t n_rows, uint32_t n_columns, struct dict *dict)
{
  size_t cells = (size_t) n_rows * n_columns;
  struct block *b = malloc (sizeof *b + (2 * (size_t) n_rows + cells) * sizeof (uint64_t) + cells);
  if (!b)
    return NULL;
  *b = (struct block){.refs = 1, .n_rows = n_rows, .n_columns = n_columns, .dict = dict ? dict_ref (dict) : NULL};
  b->keys = b->store;
  b->identities = b->keys + n_rows;
  b->values = b->identities + n_rows;
  b->absent = (uint8_t *) (b->values + cells);
  memset (b->store, 0, (2 * (size_t) n_rows + cells) * sizeof (uint64_t));
  memset (b->absent, KK_UNSET, cells);
  return b;
}

struct block *
block_ref (struct block *b)
{
  __atomic_add_fetch (&b->refs, 1, __ATOMIC_RELAXED);
  return b;
}

void
block_unref (struct block *b)
{
  if (!b || __atomic_sub_fetch (&b->refs, 1, __ATOMIC_ACQ_REL))
    return;
  dict_unref (b->dict);
  free (b);
}

size_t
block_bytes (const struct block *b)
{
  size_t cells = (size_t) b->n_rows * b->n_columns;
  return sizeof *b + (2 * (size_t) b->n_rows + cells) * sizeof (uint64_t) + cells;
}

struct sample *
sample_new (const struct kk_host *host, struct schema *schema, const uint32_t *n_segments)
{
  size_t segments = 0, columns = 0;
  for (uint32_t i = 0; i < schema->n_tables; i++) {
    segments += n_segments[i];
    columns += (size_t) n_segments[i] * schema->tables[i].n_fields;
  }
  size_t n_blocks = segments + columns < SAMPLE_MAX_BLOCKS ? segments + columns : SAMPLE_MAX_BLOCKS;
  size_t size = n_blocks * sizeof (struct block *) + schema->n_tables * sizeof (struct table)
                + segments * sizeof (struct segment) + columns * sizeof (struct column);
  struct sample *s = calloc (1, sizeof *s + size);
  if (!s)
    return NULL;
  s->face.host = host;
  s->refs = 1;
  s->bytes = sizeof *s + size;
  s->schema = schema_ref (schema);
  s->blocks = (struct block **) s->store;
  s->tables = (struct table *) (s->blocks + n_blocks);
  struct segment *segment = (struct segment *) (s->tables + schema->n_tables);
  struct column *column = (struct column *) (segment + segments);
  for (uint32_t i = 0; i < schema->n_tables; i++) {
    s->tables[i].segments = segment;
    s->tables[i].n_segments = n_segments[i];
    for (uint32_t j = 0; j < n_segments[i]; j++, segment++) {
      segment->columns = column;
      column += schema->tables[i].n_fields;
    }
  }
  return s;
}

int
sample_own (struct sample *s, const struct block *b)
{
  for (uint32_t i = s->n_blocks; i-- > 0;)
    if (s->blocks[i] == b)
      return 0;
  if (s->n_blocks == SAMPLE_MAX_BLOCKS)
    return -E2BIG;
  s->blocks[s->n_blocks++] = block_ref ((struct block *) (uintptr_t) b);
  return 0;
}

static void
note_block (const struct sample *s, struct table *t, const struct block *b)
{
  if (b->state > t->state)
    t->state = b->state;
  if (b->tick == s->tick)
    t->held = 0;
}

void
sample_seal (struct sample *s)
{
  for (uint32_t i = 0; i < s->schema->n_tables; i++) {
    struct table *t = s->tables + i;
    t->held = 1;
    for (uint32_t j = 0; j < t->n_segments; j++) {
      const struct segment *g = t->segments + j;
      t->n_rows += g->n_rows;
      if (g->block)
        note_block (s, t, g->block);
      for (uint32_t c = 0; !g->block && c < s->schema->tables[i].n_fields; c++)
        note_block (s, t, g->columns[c].block);
    }
  }
  for (uint32_t i = 0; i < s->n_blocks; i++)
    s->bytes += block_bytes (s->blocks[i]);
}

struct sample *
sample_ref (const struct sample *s)
{
  struct sample *same = (struct sample *) (uintptr_t) s;
  __atomic_add_fetch (&same->refs, 1, __ATOMIC_RELAXED);
  return same;
}

void
sample_unref (struct sample *s)
{
  if (!s || __atomic_sub_fetch (&s->refs, 1, __ATOMIC_ACQ_REL))
    return;
  for (uint32_t i = 0; i < s->n_blocks; i++)
    block_unref (s->blocks[i]);
  schema_unref (s->schema);
  free (s);
}

/* Called for each value; most tables have one segment. */
static inline const struct segment *
segment_of (const struct table *t, uint32_t *row)
{
  for (uint32_t i = 0; i < t->n_segments; i++) {
    if (*row < t->segments[i].n_rows)
      return t->segments + i;
    *row -= t->segments[i].n_rows;
  }
  return NULL;
}

const struct segment *
table_segment (const struct table *t, uint32_t *row)
{
  return segment_of (t, row);
}

/* ---- Accessors ---- */

static uint64_t
get_schema_id (const struct kk_schema *schema)
{
  return schema_of (schema)->id;
}

static uint32_t
get_schema_tables (const struct kk_schema *schema)
{
  return schema_of (schema)->n_tables;
}

static bool
get_schema_sparse (const struct kk_schema *schema, uint32_t table)
{
  const struct schema *s = schema_of (schema);
  return table < s->n_tables && s->tables[table].sparse;
}

/* Copies what the caller's struct has room for; a newer, longer one gets zeros. */
static void
hand_out (void *to, size_t to_size, const void *from, size_t from_size)
{
  memset (to, 0, to_size);
  memcpy (to, from, from_size < to_size ? from_size : to_size);
}

static int
get_schema_table (const struct kk_schema *schema, uint32_t table, struct kk_table *ret, size_t size)
{
  const struct schema *s = schema_of (schema);
  if (table >= s->n_tables)
    return -EINVAL;
  const struct table_schema *t = s->tables + table;
  struct kk_table out = {.name = t->name,
                         .key = t->key,
                         .help = t->help,
                         .n_fields = t->n_fields,
                         .key_type = t->key_type,
                         .max_rows = t->max_rows};
  hand_out (ret, size, &out, sizeof out);
  return 0;
}

static int
get_schema_field (const struct kk_schema *schema, uint32_t table, uint32_t field, struct kk_field *ret, size_t size)
{
  const struct schema *s = schema_of (schema);
  if (table >= s->n_tables || field >= s->tables[table].n_fields)
    return -EINVAL;
  hand_out (ret, size, s->tables[table].fields + field, sizeof (struct kk_field));
  return 0;
}

static struct kk_sample *
get_ref (const struct kk_sample *sample)
{
  return &sample_ref (sample_of (sample))->face;
}

static void
get_unref (const struct kk_sample *sample)
{
  sample_unref (sample_of (sample));
}

static const struct kk_schema *
get_schema (const struct kk_sample *sample)
{
  return &sample_of (sample)->schema->face;
}

static void
get_time (const struct kk_sample *sample, struct kk_time *time)
{
  *time = sample_of (sample)->time;
}

static int
get_table_info (const struct kk_sample *sample, uint32_t table, struct kk_table_info *ret, size_t size)
{
  const struct sample *s = sample_of (sample);
  if (table >= s->schema->n_tables)
    return -EINVAL;
  const struct table *t = s->tables + table;
  struct kk_table_info out = {.rows = t->n_rows, .state = t->state, .held = t->held};
  for (uint32_t i = 0; i < t->n_segments; i++) {
    const struct segment *g = t->segments + i;
    for (uint32_t c = 0; c < (g->block ? 1 : s->schema->tables[table].n_fields); c++) {
      const struct block *b = g->block ? g->block : g->columns[c].block;
      if (b->mono_ns >= out.mono_ns) {
        out.mono_ns = b->mono_ns;
        out.wall_ns = b->wall_ns;
      }
    }
  }
  hand_out (ret, size, &out, sizeof out);
  return 0;
}

static const struct column *
find_cell (const struct sample *s, uint32_t table, uint32_t *row, uint32_t field)
{
  if (table >= s->schema->n_tables || field >= s->schema->tables[table].n_fields)
    return NULL;
  const struct segment *g = segment_of (s->tables + table, row);
  return g ? g->columns + field : NULL;
}

static void
fill (struct kk_value *value, uint32_t type, uint64_t bits, const struct dict *dict)
{
  value->type = type;
  if (type == KK_TYPE_STRING)
    value->string = dict_get (dict, (uint32_t) bits, &value->length);
  else if (type == KK_TYPE_BOOL)
    value->boolean = bits != 0;
  else
    value->u64 = bits; /* the bits of f64 and i64 too */
}

static uint32_t
get_value (const struct kk_sample *sample, uint32_t table, uint32_t row, uint32_t field, struct kk_value *value)
{
  const struct sample *s = sample_of (sample);
  const struct column *c = find_cell (s, table, &row, field);
  *value = (struct kk_value){.absent = KK_UNSET};
  if (!c)
    return KK_UNSET;
  value->absent = c->absent[row];
  value->type = s->schema->tables[table].fields[field].type;
  value->held = c->block->tick != s->tick;
  if (!value->absent)
    fill (value, value->type, c->values[row], c->block->dict);
  return value->absent;
}

static uint32_t
get_key (const struct kk_sample *sample, uint32_t table, uint32_t row, struct kk_value *value)
{
  const struct sample *s = sample_of (sample);
  *value = (struct kk_value){.absent = KK_UNSET};
  const struct segment *g = table < s->schema->n_tables ? segment_of (s->tables + table, &row) : NULL;
  if (!g || !g->block)
    return KK_UNSET;
  value->absent = KK_PRESENT;
  value->held = g->block->tick != s->tick;
  fill (value, s->schema->tables[table].key_type == KK_STRING_KEY ? KK_TYPE_STRING : KK_TYPE_U64, g->block->keys[row],
        g->block->dict);
  return KK_PRESENT;
}

static uint64_t
get_identity (const struct kk_sample *sample, uint32_t table, uint32_t row)
{
  const struct sample *s = sample_of (sample);
  const struct segment *g = table < s->schema->n_tables ? segment_of (s->tables + table, &row) : NULL;
  return g && g->block ? g->block->identities[row] : 0;
}

/* The cells are of one size whatever their type, and mean by their bits what the union's members say. */
static uint32_t
get_column (const struct kk_sample *sample, uint32_t table, uint32_t field, uint32_t first, struct kk_column *ret, size_t size)
{
  const struct sample *s = sample_of (sample);
  const struct table_schema *schema = table < s->schema->n_tables ? s->schema->tables + table : NULL;
  uint32_t row = first;
  const struct segment *g = schema ? segment_of (s->tables + table, &row) : NULL;
  if (!g || (field == KK_NONE ? !g->block : field >= schema->n_fields))
    return 0;
  const struct block *b = field == KK_NONE ? g->block : g->columns[field].block;
  const uint64_t *cells = field == KK_NONE ? b->keys : g->columns[field].values;
  const struct kk_column out = {.cells = (const struct kk_cell *) (const void *) (cells + row),
                                .absent = field == KK_NONE ? NULL : g->columns[field].absent + row,
                                .identities = g->block ? g->block->identities + row : NULL,
                                .n = g->n_rows - row,
                                .type = field != KK_NONE                    ? schema->fields[field].type
                                        : schema->key_type == KK_STRING_KEY ? KK_TYPE_STRING
                                                                            : KK_TYPE_U64,
                                .held = b->tick != s->tick,
                                .wall_ns = b->wall_ns,
                                .mono_ns = b->mono_ns,
                                .texts = b->dict ? dict_number (b->dict) : 0};
  hand_out (ret, size, &out, sizeof out);
  return out.n;
}

static void
get_value_time (const struct kk_sample *sample, uint32_t table, uint32_t row, uint32_t field, struct kk_time *time)
{
  const struct column *c = find_cell (sample_of (sample), table, &row, field);
  *time = (struct kk_time){0};
  if (c) {
    time->wall_ns = c->block->wall_ns;
    time->mono_ns = c->block->mono_ns;
  }
}

void
sample_host_functions (struct kk_host *host)
{
  host->schema_id = get_schema_id;
  host->schema_tables = get_schema_tables;
  host->schema_table = get_schema_table;
  host->schema_field = get_schema_field;
  host->schema_sparse = get_schema_sparse;
  host->sample_ref = get_ref;
  host->sample_unref = get_unref;
  host->sample_schema = get_schema;
  host->sample_time = get_time;
  host->table_info = get_table_info;
  host->get = get_value;
  host->get_key = get_key;
  host->get_identity = get_identity;
  host->value_time = get_value_time;
  host->column = get_column;
}
