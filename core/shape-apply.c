/* One sample as a shape has it. */
#include "shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct applying {
  const struct shape *s;
  const struct shape_input *from;
  struct sample *out;
};

/* ---- Incoming tables ---- */

/* Of the out table's fields: how many, and where they come from in table `table` of in. */
static uint32_t
n_shared (const struct shape *s, uint32_t to, uint32_t table)
{
  uint32_t n = 0; /* the added ones are the last */
  while (n < s->out->tables[to].n_fields && s->fields[to][n] < s->in->tables[table].n_fields)
    n++;
  return n;
}

/* A block with some rows of one segment and some of its columns, all of which lie in the block `like`: its strings and its age
 * are theirs. `first` is the segment's first row within its table. */
static struct block *
gather (const struct segment *g, const struct block *like, uint32_t first, const uint32_t *fields, uint32_t n_fields,
        const uint32_t *rows, uint32_t n)
{
  struct block *b = block_new (n, n_fields, like->dict);
  if (!b)
    return NULL;
  b->tick = like->tick;
  b->wall_ns = like->wall_ns;
  b->mono_ns = like->mono_ns;
  b->state = like->state > KK_PARTIAL ? like->state : KK_PARTIAL;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t row = rows[i] - first;
    b->keys[i] = like == g->block ? g->block->keys[row] : 0;
    b->identities[i] = like == g->block ? g->block->identities[row] : 0;
    for (uint32_t f = 0; f < n_fields; f++) {
      const struct column *c = g->columns + fields[f];
      b->values[(size_t) f * n + i] = c->values[row];
      b->absent[(size_t) f * n + i] = c->absent[row];
    }
  }
  return b;
}

static int
own (struct sample *out, struct block *b)
{
  int r = b ? sample_own (out, b) : -ENOMEM;
  block_unref (b);
  return r;
}

static void
point (struct segment *into, uint32_t first, const struct block *b)
{
  for (uint32_t c = 0; c < b->n_columns; c++)
    into->columns[first + c] = (struct column){b, b->values + (size_t) c * b->n_rows, b->absent + (size_t) c * b->n_rows};
}

/* The added fields of one segment, whose rows are `rows` (NULL: n from `first` on) of the incoming table. Those that are as old
 * as the same incoming block share a block. */
static int
extend (const struct applying *a, uint32_t to, const struct segment *g, struct segment *into, const uint32_t *rows,
        uint32_t first, uint32_t n)
{
  const struct shape *s = a->s;
  uint32_t table = s->tables[to], shared = n_shared (s, to, table), n_fields = s->out->tables[to].n_fields;
  const struct shape_table *w = s->wanted + table;
  for (uint32_t f = shared; f < n_fields;) {
    const uint32_t added = s->fields[to][f] - s->in->tables[table].n_fields;
    const struct block *like = w->like[added] == KK_NONE ? NULL : g->columns[w->like[added]].block;
    uint32_t count = 1;
    while (f + count < n_fields
           && like == (w->like[added + count] == KK_NONE ? NULL : g->columns[w->like[added + count]].block))
      count++;
    struct block *b = rows_seal_part (s->rows, w->extension, added, count, rows, first, n);
    if (b) {
      b->tick = !like || like->tick == a->from->in->tick ? a->from->tick : a->from->tick - 1;
      b->wall_ns = like ? like->wall_ns : a->from->time->wall_ns;
      b->mono_ns = like ? like->mono_ns : a->from->time->mono_ns;
      point (into, f, b);
    }
    int r = own (a->out, b);
    if (r)
      return r;
    f += count;
  }
  return 0;
}

/* Some rows of one segment of a keyed table. What an earlier filter added lies in blocks of its own. */
static int
keep_segment (const struct applying *a, uint32_t to, const struct segment *g, struct segment *into, uint32_t first,
              const uint32_t *rows, uint32_t n)
{
  const uint32_t *fields = a->s->fields[to], shared = n_shared (a->s, to, a->s->tables[to]);
  const struct block *keys = NULL;
  int r = 0;
  for (uint32_t f = 0, count; f < shared && !r; f += count) {
    const struct block *like = g->columns[fields[f]].block;
    for (count = 1; f + count < shared && g->columns[fields[f + count]].block == like;)
      count++;
    struct block *b = gather (g, like, first, fields + f, count, rows, n);
    if (b)
      point (into, f, b);
    keys = like == g->block && !keys ? b : keys;
    r = own (a->out, b);
  }
  if (!r && !keys) {
    struct block *b = gather (g, g->block, first, NULL, 0, rows, n);
    keys = b;
    r = own (a->out, b);
  }
  into->block = keys;
  into->n_rows = n;
  return r ? r : extend (a, to, g, into, rows, 0, n);
}

static int
keep_rows (const struct applying *a, uint32_t to, const uint32_t *rows, uint32_t n)
{
  const struct table *from = a->from->in->tables + a->s->tables[to];
  uint32_t first = 0, taken = 0;
  int r = 0;
  for (uint32_t j = 0; j < from->n_segments && !r; j++) {
    const struct segment *g = from->segments + j;
    uint32_t count = 0;
    while (taken + count < n && rows[taken + count] < first + g->n_rows)
      count++;
    r = keep_segment (a, to, g, a->out->tables[to].segments + j, first, rows + taken, count);
    first += g->n_rows;
    taken += count;
  }
  return r;
}

static int
share (const struct applying *a, uint32_t to)
{
  const struct shape *s = a->s;
  const struct table *from = a->from->in->tables + s->tables[to];
  uint32_t first = 0, shared = n_shared (s, to, s->tables[to]);
  for (uint32_t j = 0; j < from->n_segments; j++) {
    const struct segment *g = from->segments + j;
    struct segment *into = a->out->tables[to].segments + j;
    into->block = g->block;
    into->n_rows = g->n_rows;
    if (g->block && sample_own (a->out, g->block))
      return -E2BIG;
    for (uint32_t f = 0; f < shared; f++) {
      into->columns[f] = g->columns[s->fields[to][f]];
      if (sample_own (a->out, into->columns[f].block))
        return -E2BIG;
    }
    int r = extend (a, to, g, into, NULL, first, g->n_rows);
    if (r)
      return r;
    first += g->n_rows;
  }
  return 0;
}

/* ---- Added tables ---- */

static void
age (struct block *b, const struct applying *a, uint32_t like)
{
  struct kk_table_info info = {.wall_ns = a->from->time->wall_ns, .mono_ns = a->from->time->mono_ns};
  if (like != KK_NONE)
    kk_table_info (&a->from->in->face, like, &info);
  b->wall_ns = info.wall_ns;
  b->mono_ns = info.mono_ns;
  b->tick = info.held ? a->from->tick - 1 : a->from->tick;
}

/* The parts of an added table whose rows say what they are made from: first those that do not say it, if any, then one for each
 * segment of the incoming table, also an empty one, which may be the only one that was read now. 1: it is a single part. */
static uint32_t
parts_of (const struct shape *s, const struct shape_input *from, uint32_t added)
{
  uint32_t n, like = s->added[added].like;
  const uint32_t *likes = like == KK_NONE || !s->added[added].table.key ? NULL : rows_likes (s->rows, added, &n);
  if (!likes || !from->in->tables[like].n_segments)
    return 1;
  bool other = false;
  for (uint32_t i = 0; i < n && !other; i++)
    other = likes[i] >= from->in->tables[like].n_rows;
  return from->in->tables[like].n_segments + other;
}

/* Of the added table's rows those that are made from the incoming ones from `first` on to before `end`. */
static uint32_t
made_from (const uint32_t *likes, uint32_t n_likes, uint32_t first, uint64_t end, uint32_t *ret)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < n_likes; i++)
    if (likes[i] >= first && likes[i] < end)
      ret[n++] = i;
  return n;
}

/* A part as old as a block, or as the whole incoming table. */
static int
add_part (const struct applying *a, uint32_t to, struct segment *into, const struct block *like, const uint32_t *rows,
          uint32_t n)
{
  const uint32_t added = a->s->tables[to] - a->s->in->n_tables;
  struct block *b = rows_seal_some (a->s->rows, added, rows, n, a->from->tick, false);
  if (!b)
    return -ENOMEM;
  if (like) {
    b->wall_ns = like->wall_ns;
    b->mono_ns = like->mono_ns;
    b->tick = like->tick == a->from->in->tick ? a->from->tick : a->from->tick - 1;
  } else
    age (b, a, a->s->added[added].like);
  into->block = a->s->out->tables[to].key ? b : NULL;
  into->n_rows = b->n_rows;
  point (into, 0, b);
  return own (a->out, b);
}

static int
add (const struct applying *a, uint32_t to)
{
  const uint32_t added = a->s->tables[to] - a->s->in->n_tables;
  struct segment *into = a->out->tables[to].segments;
  uint32_t n_likes, first = 0;
  const uint32_t *likes = rows_likes (a->s->rows, added, &n_likes);
  if (a->out->tables[to].n_segments == 1)
    return add_part (a, to, into, NULL, NULL, n_likes);
  const struct table *from = a->from->in->tables + a->s->added[added].like;
  uint32_t *rows = malloc ((n_likes + 1) * sizeof *rows);
  int r = rows ? 0 : -ENOMEM;
  if (!r && a->out->tables[to].n_segments > from->n_segments)
    r = add_part (a, to, into++, NULL, rows, made_from (likes, n_likes, from->n_rows, UINT64_MAX, rows));
  for (uint32_t j = 0; j < from->n_segments && !r; j++) {
    const struct segment *g = from->segments + j;
    r = add_part (a, to, into++, g->block, rows, made_from (likes, n_likes, first, first + g->n_rows, rows));
    first += g->n_rows;
  }
  free (rows);
  return r;
}

/* ---- What a filter that failed touches ---- */

static bool
is_failed (const struct shape *s, const struct shape_input *from, uint32_t table)
{
  return from->failed && (table >= s->in->n_tables || shape_touches (s, table));
}

/* As a table that could not be read: no rows, or one without values. */
static int
leave_out (const struct applying *a, uint32_t to)
{
  const struct table_schema *schema = a->s->out->tables + to;
  struct segment *into = a->out->tables[to].segments;
  struct block *b = block_new (schema->key ? 0 : 1, schema->n_fields, NULL);
  if (!b)
    return -ENOMEM;
  b->state = KK_FAILED;
  b->tick = a->from->tick;
  b->wall_ns = a->from->time->wall_ns;
  b->mono_ns = a->from->time->mono_ns;
  memset (b->absent, KK_ERROR, (size_t) b->n_rows * b->n_columns);
  into->block = schema->key ? b : NULL;
  into->n_rows = b->n_rows;
  point (into, 0, b);
  return own (a->out, b);
}

/* ---- The sample ---- */

static struct sample *
begin (const struct shape *s, const struct shape_input *from)
{
  uint32_t *n_segments = calloc (s->out->n_tables + 1, sizeof *n_segments);
  if (!n_segments)
    return NULL;
  for (uint32_t t = 0; t < s->out->n_tables; t++)
    n_segments[t] = is_failed (s, from, s->tables[t]) ? 1
                    : s->tables[t] < s->in->n_tables  ? from->in->tables[s->tables[t]].n_segments
                                                      : parts_of (s, from, s->tables[t] - s->in->n_tables);
  struct sample *out = sample_new (from->in->face.host, s->out, n_segments);
  free (n_segments);
  if (out) {
    out->tick = from->tick;
    out->time = *from->time;
  }
  return out;
}

int
shape_apply (const struct shape *s, const struct shape_input *from, struct sample **ret)
{
  struct applying a = {.s = s, .from = from, .out = begin (s, from)};
  int r = a.out ? 0 : -ENOMEM;
  for (uint32_t t = 0; !r && t < s->out->n_tables; t++) {
    uint32_t table = s->tables[t];
    if (is_failed (s, from, table))
      r = leave_out (&a, t);
    else if (table >= s->in->n_tables)
      r = add (&a, t);
    else if (from->rows && from->rows[table] && s->in->tables[table].key)
      r = keep_rows (&a, t, from->rows[table], from->n_rows[table]);
    else
      r = share (&a, t);
  }
  if (r) {
    sample_unref (a.out);
    return r;
  }
  sample_seal (a.out);
  *ret = a.out;
  return 0;
}
