#include "shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
shape_new (const struct kk_host *host, struct schema *in, struct shape **ret)
{
  struct shape *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  s->face.host = host;
  s->in = schema_ref (in);
  size_t n = in->n_tables + 1; /* never an empty allocation */
  s->tables = calloc (n, sizeof *s->tables);
  s->fields = calloc (n, sizeof *s->fields);
  s->dropped_tables = calloc (n, sizeof *s->dropped_tables);
  s->dropped_fields = calloc (n, sizeof *s->dropped_fields);
  bool ok = s->tables && s->fields && s->dropped_tables && s->dropped_fields;
  uint32_t most = 0; /* fields of a table; which one will stand where is not known yet */
  for (uint32_t t = 0; t < in->n_tables; t++)
    most = in->tables[t].n_fields > most ? in->tables[t].n_fields : most;
  for (uint32_t t = 0; ok && t < in->n_tables; t++) {
    s->fields[t] = calloc ((size_t) most + 1, sizeof **s->fields);
    s->dropped_fields[t] = calloc (in->tables[t].n_fields + 1, sizeof **s->dropped_fields);
    ok = s->fields[t] && s->dropped_fields[t];
  }
  if (!ok) {
    shape_free (s);
    return -ENOMEM;
  }
  *ret = s;
  return 0;
}

void
shape_free (struct shape *s)
{
  if (!s)
    return;
  for (uint32_t t = 0; t < s->in->n_tables; t++) {
    free (s->fields ? s->fields[t] : NULL);
    free (s->dropped_fields ? s->dropped_fields[t] : NULL);
  }
  free (s->tables);
  free (s->fields);
  free (s->dropped_tables);
  free (s->dropped_fields);
  schema_unref (s->out);
  schema_unref (s->in);
  free (s);
}

/* Marks a table all of whose fields are dropped as dropped; returns how many tables stay, *ret_same when all is as before. */
static uint32_t
count_kept (struct shape *s, bool *ret_same)
{
  uint32_t kept = 0;
  *ret_same = true;
  for (uint32_t t = 0; t < s->in->n_tables; t++) {
    uint32_t fields = 0;
    for (uint32_t f = 0; f < s->in->tables[t].n_fields; f++)
      fields += !s->dropped_fields[t][f];
    if (!fields)
      s->dropped_tables[t] = true;
    kept += !s->dropped_tables[t];
    if (s->dropped_tables[t] || fields < s->in->tables[t].n_fields)
      *ret_same = false;
  }
  return kept;
}

int
shape_finish (struct shape *s)
{
  bool same;
  uint32_t kept = count_kept (s, &same);
  s->out = same ? schema_ref (s->in) : schema_new (s->in->face.host, kept);
  if (!s->out)
    return -ENOMEM;
  uint32_t out = 0;
  for (uint32_t t = 0; t < s->in->n_tables; t++) {
    if (s->dropped_tables[t])
      continue;
    const struct table_schema *from = s->in->tables + t;
    struct table_schema *to = s->out->tables + out;
    s->tables[out] = t;
    if (!same && table_schema_name (to, from->name, from->key, from->help, from->key_type, from->max_rows))
      return -ENOMEM;
    uint32_t field = 0;
    for (uint32_t f = 0; f < from->n_fields; f++) {
      if (s->dropped_fields[t][f])
        continue;
      s->fields[out][field++] = f;
      if (!same && table_schema_add (to, from->fields + f))
        return -ENOMEM;
    }
    out++;
  }
  return 0;
}

/* A block with some rows of one segment, and only the columns that stay. `first` is the segment's first row within its table. */
static struct block *
gather (const struct segment *g, uint32_t first, const uint32_t *fields, uint32_t n_fields, const uint32_t *rows, uint32_t n)
{
  struct block *b = block_new (n, n_fields, g->block ? g->block->dict : NULL);
  if (!b)
    return NULL;
  if (g->block) {
    b->tick = g->block->tick;
    b->wall_ns = g->block->wall_ns;
    b->mono_ns = g->block->mono_ns;
    b->state = g->block->state > KK_PARTIAL ? g->block->state : KK_PARTIAL;
  }
  for (uint32_t i = 0; i < n; i++) {
    uint32_t row = rows[i] - first;
    b->keys[i] = g->block ? g->block->keys[row] : 0;
    b->identities[i] = g->block ? g->block->identities[row] : 0;
    for (uint32_t f = 0; f < n_fields; f++) {
      const struct column *c = g->columns + fields[f];
      b->values[(size_t) f * n + i] = c->values[row];
      b->absent[(size_t) f * n + i] = c->absent[row];
    }
  }
  return b;
}

static int
keep_rows (const struct shape *s, struct sample *out, uint32_t to, const struct table *from, const uint32_t *rows, uint32_t n)
{
  uint32_t first = 0, taken = 0;
  for (uint32_t j = 0; j < from->n_segments; j++) {
    const struct segment *g = from->segments + j;
    uint32_t count = 0;
    while (taken + count < n && rows[taken + count] < first + g->n_rows)
      count++;
    uint32_t n_fields = s->out->tables[to].n_fields;
    struct block *b = gather (g, first, s->fields[to], n_fields, rows + taken, count);
    int r = b ? sample_own (out, b) : -ENOMEM;
    if (!r) {
      struct segment *into = out->tables[to].segments + j;
      into->block = b;
      into->n_rows = count;
      for (uint32_t f = 0; f < n_fields; f++)
        into->columns[f] = (struct column){b, b->values + (size_t) f * count, b->absent + (size_t) f * count};
    }
    block_unref (b);
    if (r)
      return r;
    first += g->n_rows;
    taken += count;
  }
  return 0;
}

static int
share (const struct shape *s, struct sample *out, uint32_t to, const struct table *from)
{
  for (uint32_t j = 0; j < from->n_segments; j++) {
    const struct segment *g = from->segments + j;
    struct segment *into = out->tables[to].segments + j;
    into->block = g->block;
    into->n_rows = g->n_rows;
    if (g->block && sample_own (out, g->block))
      return -E2BIG;
    for (uint32_t f = 0; f < s->out->tables[to].n_fields; f++) {
      into->columns[f] = g->columns[s->fields[to][f]];
      if (sample_own (out, into->columns[f].block))
        return -E2BIG;
    }
  }
  return 0;
}

struct sample *
shape_apply (const struct shape *s, const struct sample *in, uint32_t *const *rows, const uint32_t *n_rows)
{
  uint32_t *n_segments = calloc (s->out->n_tables + 1, sizeof *n_segments);
  if (!n_segments)
    return NULL;
  for (uint32_t t = 0; t < s->out->n_tables; t++)
    n_segments[t] = in->tables[s->tables[t]].n_segments;
  struct sample *out = sample_new (in->face.host, s->out, n_segments);
  free (n_segments);
  if (!out)
    return NULL;
  out->tick = in->tick;
  out->time = in->time;
  int r = 0;
  for (uint32_t t = 0; t < s->out->n_tables && !r; t++) {
    uint32_t from = s->tables[t];
    const struct table *table = in->tables + from;
    r = rows && rows[from] && s->in->tables[from].key ? keep_rows (s, out, t, table, rows[from], n_rows[from])
                                                      : share (s, out, t, table);
  }
  if (r) {
    sample_unref (out);
    return NULL;
  }
  sample_seal (out);
  return out;
}

static int
drop_table (struct kk_shape *face, uint32_t table)
{
  struct shape *s = (struct shape *) face;
  if (table >= s->in->n_tables || s->out)
    return -EINVAL;
  s->dropped_tables[table] = true;
  return 0;
}

static int
drop_field (struct kk_shape *face, uint32_t table, uint32_t field)
{
  struct shape *s = (struct shape *) face;
  if (table >= s->in->n_tables || field >= s->in->tables[table].n_fields || s->out)
    return -EINVAL;
  s->dropped_fields[table][field] = true;
  return 0;
}

void
shape_host_functions (struct kk_host *host)
{
  host->shape_drop_table = drop_table;
  host->shape_drop_field = drop_field;
}
