#include "carry.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TABLES = 4096, MAX_FIELDS = 8192, NO_BLOCK = UINT16_MAX };

/* ---- Schemas ---- */

void
carry_put_schema (struct buf *b, const struct schema *s)
{
  wire_u32 (b, s->n_tables);
  for (uint32_t t = 0; t < s->n_tables; t++) {
    const struct table_schema *ts = s->tables + t;
    wire_text (b, ts->name);
    wire_text (b, ts->key);
    wire_text (b, ts->help);
    wire_u32 (b, ts->key_type);
    wire_u32 (b, ts->max_rows);
    wire_u8 (b, ts->sparse);
    wire_u32 (b, ts->n_fields);
    for (uint32_t f = 0; f < ts->n_fields; f++) {
      const struct kk_field *field = ts->fields + f;
      wire_text (b, field->name);
      wire_text (b, field->unit);
      wire_text (b, field->help);
      wire_u32 (b, field->type);
      wire_u32 (b, field->kind);
      wire_u32 (b, field->decimals);
    }
  }
}

static bool
take_table_schema (struct wire *w, struct table_schema *t)
{
  const char *name = wire_take_text (w, NULL), *key = wire_take_text (w, NULL), *help = wire_take_text (w, NULL);
  uint32_t key_type = wire_take_u32 (w), max_rows = wire_take_u32 (w);
  t->sparse = wire_take_u8 (w);
  uint32_t n = wire_take_u32 (w);
  if (w->bad || !name || n > MAX_FIELDS || key_type > KK_U64_KEY || !key != (key_type == KK_NO_KEY))
    return false;
  if (table_schema_name (t, name, key, help, key_type, max_rows))
    return false;
  for (uint32_t f = 0; f < n; f++) {
    struct kk_field field = {.name = wire_take_text (w, NULL)};
    field.unit = wire_take_text (w, NULL);
    field.help = wire_take_text (w, NULL);
    field.type = wire_take_u32 (w);
    field.kind = wire_take_u32 (w);
    field.decimals = wire_take_u32 (w);
    bool known = field.type >= KK_TYPE_F64 && field.type <= KK_TYPE_STRING;
    if (w->bad || !field.name || !known || table_schema_add (t, &field))
      return false;
  }
  return true;
}

struct schema *
carry_take_schema (struct wire *w, const struct kk_host *host)
{
  uint32_t n = wire_take_u32 (w);
  struct schema *s = w->bad || n > MAX_TABLES ? NULL : schema_new (host, n);
  for (uint32_t t = 0; s && t < n; t++)
    if (!take_table_schema (w, s->tables + t)) {
      schema_unref (s);
      return NULL;
    }
  return s;
}

/* ---- Packing samples ---- */

static bool
same_table (const struct sample *s, const struct sample *before, uint32_t table)
{
  const struct table *a = s->tables + table, *b = before->tables + table;
  if (a->n_segments != b->n_segments)
    return false;
  for (uint32_t i = 0; i < a->n_segments; i++) {
    const struct segment *x = a->segments + i, *y = b->segments + i;
    if (x->block != y->block || x->n_rows != y->n_rows)
      return false;
    for (uint32_t f = 0; f < s->schema->tables[table].n_fields; f++)
      if (x->columns[f].block != y->columns[f].block || x->columns[f].values != y->columns[f].values)
        return false;
  }
  return true;
}

static uint16_t
number_of (const struct sample *s, const struct block *b)
{
  for (uint32_t i = 0; b && i < s->n_blocks; i++)
    if (s->blocks[i] == b)
      return (uint16_t) i;
  return NO_BLOCK;
}

static void
put_u16 (struct buf *b, uint16_t v)
{
  buf_add (b, &v, sizeof v);
}

static void
put_string (struct buf *b, const struct dict *dict, uint64_t id)
{
  uint32_t n;
  const char *text = dict_get (dict, (uint32_t) id, &n);
  wire_text_n (b, text, n);
}

static void
put_column (struct buf *b, const struct sample *s, const struct column *c, uint32_t type, uint32_t n_rows)
{
  put_u16 (b, number_of (s, c->block));
  buf_add (b, c->absent, n_rows);
  if (type != KK_TYPE_STRING) {
    buf_add (b, c->values, n_rows * sizeof *c->values);
    return;
  }
  for (uint32_t r = 0; r < n_rows; r++)
    if (!c->absent[r])
      put_string (b, c->block->dict, c->values[r]);
}

static void
put_segment (struct buf *b, const struct sample *s, const struct table_schema *ts, const struct segment *g)
{
  wire_u32 (b, g->n_rows);
  put_u16 (b, number_of (s, g->block));
  if (g->block) {
    buf_add (b, g->block->identities, g->n_rows * sizeof *g->block->identities);
    if (ts->key_type != KK_STRING_KEY)
      buf_add (b, g->block->keys, g->n_rows * sizeof *g->block->keys);
    for (uint32_t r = 0; ts->key_type == KK_STRING_KEY && r < g->n_rows; r++)
      put_string (b, g->block->dict, g->block->keys[r]);
  }
  for (uint32_t f = 0; f < ts->n_fields; f++)
    put_column (b, s, g->columns + f, ts->fields[f].type, g->n_rows);
}

/* How many columns the other side's copy of a block needs. *ret_rows: how many rows; none when no table that is sent is in it. */
static uint32_t
columns_of (const struct sample *s, const struct sample *before, const struct block *block, uint32_t *ret_rows)
{
  uint32_t n = 0;
  *ret_rows = 0;
  for (uint32_t t = 0; t < s->schema->n_tables; t++)
    for (uint32_t i = 0; !(before && same_table (s, before, t)) && i < s->tables[t].n_segments; i++) {
      const struct segment *g = s->tables[t].segments + i;
      for (uint32_t f = 0; f < s->schema->tables[t].n_fields; f++)
        n += g->columns[f].block == block;
      if (n || g->block == block)
        *ret_rows = block->n_rows;
    }
  return n;
}

void
carry_put_sample (struct buf *b, const struct sample *s, const struct sample *before)
{
  wire_u64 (b, s->tick);
  wire_u64 (b, (uint64_t) s->time.wall_ns);
  wire_u64 (b, (uint64_t) s->time.mono_ns);
  wire_u32 (b, s->time.after);
  wire_u8 (b, before != NULL);
  wire_u32 (b, s->n_blocks);
  for (uint32_t i = 0; i < s->n_blocks; i++) {
    const struct block *k = s->blocks[i];
    uint32_t rows, columns = columns_of (s, before, k, &rows);
    wire_u32 (b, rows);
    wire_u32 (b, columns);
    wire_u32 (b, k->state);
    wire_u64 (b, k->tick);
    wire_u64 (b, (uint64_t) k->wall_ns);
    wire_u64 (b, (uint64_t) k->mono_ns);
  }
  for (uint32_t t = 0; t < s->schema->n_tables; t++)
    wire_u32 (b, before && same_table (s, before, t) ? UINT32_MAX : s->tables[t].n_segments);
  for (uint32_t t = 0; t < s->schema->n_tables; t++)
    for (uint32_t i = 0; !(before && same_table (s, before, t)) && i < s->tables[t].n_segments; i++)
      put_segment (b, s, s->schema->tables + t, s->tables[t].segments + i);
}

/* ---- Unpacking samples ---- */

struct unpacking {
  struct wire *w;
  struct sample *sample;
  const struct sample *before;
  struct dict *dict;
  struct block *blocks[SAMPLE_MAX_BLOCKS];
  uint32_t used[SAMPLE_MAX_BLOCKS]; /* columns of each so far */
  bool keyed[SAMPLE_MAX_BLOCKS];    /* it has the keys of a segment */
  uint32_t n_blocks;
};

static bool
take_blocks (struct unpacking *u)
{
  uint32_t n = wire_take_u32 (u->w);
  if (u->w->bad || n > SAMPLE_MAX_BLOCKS)
    return false;
  for (; u->n_blocks < n; u->n_blocks++) {
    uint32_t rows = wire_take_u32 (u->w), columns = wire_take_u32 (u->w), state = wire_take_u32 (u->w);
    uint64_t tick = wire_take_u64 (u->w), wall = wire_take_u64 (u->w), mono = wire_take_u64 (u->w);
    size_t left = (size_t) (u->w->end - u->w->p);
    if (u->w->bad || (columns && rows > left / columns) || (!columns && rows > left))
      return false;
    struct block *b = block_new (rows, columns, u->dict);
    if (!b)
      return false;
    b->state = state;
    b->tick = tick;
    b->wall_ns = (int64_t) wall;
    b->mono_ns = (int64_t) mono;
    u->blocks[u->n_blocks] = b;
  }
  return true;
}

static struct block *
take_block (struct unpacking *u, uint32_t rows)
{
  uint16_t number = NO_BLOCK;
  const void *at = wire_take_bytes (u->w, sizeof number);
  if (at)
    memcpy (&number, at, sizeof number);
  if (number >= u->n_blocks || u->blocks[number]->n_rows < rows)
    return NULL;
  return sample_own (u->sample, u->blocks[number]) ? NULL : u->blocks[number];
}

static uint32_t
index_of (const struct unpacking *u, const struct block *b)
{
  uint32_t i = 0;
  while (u->blocks[i] != b)
    i++;
  return i;
}

static bool
take_string (struct unpacking *u, uint64_t *value)
{
  size_t n = 0;
  const char *text = wire_take_text (u->w, &n);
  *value = text ? dict_intern (u->dict, text, n) : DICT_NONE;
  return *value != DICT_NONE;
}

static bool
take_numbers (struct wire *w, uint64_t *to, uint32_t n)
{
  const void *at = wire_take_bytes (w, n * sizeof *to);
  if (at)
    memcpy (to, at, n * sizeof *to);
  return at != NULL;
}

static bool
take_column (struct unpacking *u, struct column *c, uint32_t type, uint32_t rows)
{
  struct block *b = take_block (u, rows);
  const uint8_t *absent = wire_take_bytes (u->w, rows);
  if (!b || !absent)
    return false;
  uint32_t number = index_of (u, b);
  if (u->used[number] == b->n_columns)
    return false;
  size_t at = (size_t) u->used[number]++ * b->n_rows;
  *c = (struct column){b, b->values + at, b->absent + at};
  memcpy (b->absent + at, absent, rows);
  if (type != KK_TYPE_STRING)
    return take_numbers (u->w, b->values + at, rows);
  for (uint32_t r = 0; r < rows; r++)
    if (!absent[r] && !take_string (u, b->values + at + r))
      return false;
  return true;
}

static bool
take_segment (struct unpacking *u, const struct table_schema *ts, struct segment *g)
{
  g->n_rows = wire_take_u32 (u->w);
  if (ts->key) {
    struct block *b = take_block (u, g->n_rows);
    g->block = b;
    if (!b || u->keyed[index_of (u, b)] || !take_numbers (u->w, b->identities, g->n_rows))
      return false;
    u->keyed[index_of (u, b)] = true;
    if (ts->key_type != KK_STRING_KEY && !take_numbers (u->w, b->keys, g->n_rows))
      return false;
    for (uint32_t r = 0; ts->key_type == KK_STRING_KEY && r < g->n_rows; r++)
      if (!take_string (u, b->keys + r))
        return false;
  } else
    wire_take_bytes (u->w, sizeof (uint16_t));
  for (uint32_t f = 0; f < ts->n_fields; f++)
    if (!take_column (u, g->columns + f, ts->fields[f].type, g->n_rows))
      return false;
  return !u->w->bad;
}

static bool
copy_table (struct unpacking *u, uint32_t table)
{
  const struct table *from = u->before->tables + table;
  struct table *to = u->sample->tables + table;
  for (uint32_t i = 0; i < from->n_segments; i++) {
    const struct segment *g = from->segments + i;
    uint32_t n = u->sample->schema->tables[table].n_fields;
    to->segments[i].block = g->block;
    to->segments[i].n_rows = g->n_rows;
    memcpy (to->segments[i].columns, g->columns, n * sizeof *g->columns);
    if (g->block && sample_own (u->sample, g->block))
      return false;
    for (uint32_t f = 0; f < n; f++)
      if (sample_own (u->sample, g->columns[f].block))
        return false;
  }
  return true;
}

static bool
take_tables (struct unpacking *u, struct schema *schema)
{
  uint32_t *n = calloc (schema->n_tables + 1, sizeof *n), *segments = calloc (schema->n_tables + 1, sizeof *segments);
  bool ok = n && segments;
  for (uint32_t t = 0; ok && t < schema->n_tables; t++) {
    n[t] = wire_take_u32 (u->w);
    ok = n[t] == UINT32_MAX ? u->before != NULL : n[t] <= SAMPLE_MAX_BLOCKS;
    segments[t] = !ok ? 0 : n[t] == UINT32_MAX ? u->before->tables[t].n_segments : n[t];
  }
  u->sample = ok && !u->w->bad ? sample_new (schema->face.host, schema, segments) : NULL;
  ok = u->sample != NULL;
  for (uint32_t t = 0; ok && t < schema->n_tables; t++) {
    if (n[t] == UINT32_MAX)
      ok = copy_table (u, t);
    for (uint32_t i = 0; ok && n[t] != UINT32_MAX && i < n[t]; i++)
      ok = take_segment (u, schema->tables + t, u->sample->tables[t].segments + i);
  }
  free (n);
  free (segments);
  return ok;
}

struct sample *
carry_take_sample (struct wire *w, struct schema *schema, const struct sample *before)
{
  struct unpacking u = {.w = w, .dict = dict_new ()};
  uint64_t tick = wire_take_u64 (w);
  struct kk_time time = {.wall_ns = (int64_t) wire_take_u64 (w)};
  time.mono_ns = (int64_t) wire_take_u64 (w);
  time.after = wire_take_u32 (w);
  bool differs = wire_take_u8 (w);
  u.before = differs ? before : NULL;
  bool ok = u.dict && !(differs && !before) && take_blocks (&u) && take_tables (&u, schema) && !w->bad;
  for (uint32_t i = 0; i < u.n_blocks; i++)
    block_unref (u.blocks[i]);
  dict_unref (u.dict);
  if (!ok) {
    sample_unref (u.sample);
    return NULL;
  }
  u.sample->tick = tick;
  u.sample->time = time;
  sample_seal (u.sample);
  return u.sample;
}
