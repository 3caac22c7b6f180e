#include "rows-staging.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
staging_init (struct rows *r, struct staging *s, const struct kk_table *table, const void *config)
{
  s->table = table;
  s->there = descriptor_has (r->d, config, table->only_if);
  s->max_rows = table->key_type == KK_NO_KEY ? 1 : table->max_rows && table->max_rows < MAX_ROWS ? table->max_rows : MAX_ROWS;
  s->row = (struct row){.face.host = r->face.host, .rows = r, .staging = s};
  s->columns = calloc (table->n_fields, sizeof *s->columns);
  if (!s->columns)
    return -ENOMEM;
  for (uint32_t i = 0; i < table->n_fields; i++)
    s->columns[i] = s->there && descriptor_has (r->d, config, table->fields[i].only_if) ? (int32_t) s->n_columns++ : -1;
  return 0;
}

int
rows_new (const struct kk_host *host, const struct descriptor *d, const void *config, struct rows **ret)
{
  struct rows *r = calloc (1, sizeof *r + d->plugin.n_tables * sizeof r->tables[0]);
  if (!r)
    return -ENOMEM;
  r->face.host = host;
  r->d = d;
  r->nowhere = (struct row){.face.host = host, .rows = r};
  r->dict = dict_new ();
  int e = r->dict ? 0 : -ENOMEM;
  for (uint32_t i = 0; i < d->plugin.n_tables && !e; i++, r->n_tables++)
    e = staging_init (r, r->tables + i, d->plugin.tables + i, config);
  if (e) {
    rows_free (r);
    return e;
  }
  *ret = r;
  return 0;
}

void
rows_free (struct rows *r)
{
  if (!r)
    return;
  for (uint32_t i = 0; i < r->d->plugin.n_tables; i++) {
    struct staging *s = r->tables + i;
    free (s->columns);
    free (s->keys);
    free (s->identities);
    free (s->likes);
    free (s->values);
    free (s->absent);
    free (s->seen);
  }
  dict_unref (r->dict);
  buf_free (&r->scratch);
  free (r);
}

struct kk_rows *
rows_face (struct rows *r)
{
  return &r->face;
}

int
rows_begin (struct rows *r, const struct kk_time *time)
{
  if (dict_stale (r->dict)) {
    struct dict *fresh = dict_new ();
    if (!fresh)
      return -ENOMEM;
    dict_unref (r->dict);
    r->dict = fresh;
  }
  dict_begin (r->dict);
  r->time = *time;
  for (uint32_t i = 0; i < r->n_tables; i++) {
    struct staging *s = r->tables + i;
    s->n_rows = s->at = 0;
    s->liked = false;
    s->state = KK_COMPLETE;
    s->ascending = true;
  }
  return 0;
}

const uint32_t *
rows_likes (const struct rows *r, uint32_t table, uint32_t *ret_n)
{
  const struct staging *s = r->tables + table;
  *ret_n = s->n_rows;
  return s->liked ? s->likes : NULL;
}

struct block *
rows_seal (const struct rows *r, uint32_t table, uint64_t tick, bool failed)
{
  return rows_seal_some (r, table, NULL, r->tables[table].n_rows, tick, failed);
}

struct block *
rows_seal_some (const struct rows *r, uint32_t table, const uint32_t *rows, uint32_t n, uint64_t tick, bool failed)
{
  const struct staging *s = r->tables + table;
  bool single = s->table->key_type == KK_NO_KEY;
  if (!failed)
    dict_settle (r->dict);
  n = failed ? 0 : n;
  struct block *b = block_new (single ? 1 : n, s->n_columns, r->dict);
  if (!b)
    return NULL;
  b->tick = tick;
  b->wall_ns = r->time.wall_ns;
  b->mono_ns = r->time.mono_ns;
  b->state = failed || (single && !n) ? KK_FAILED : s->state;
  if (failed)
    memset (b->absent, KK_ERROR, (size_t) b->n_rows * b->n_columns);
  for (uint32_t i = 0; i < n; i++) {
    const uint32_t row = rows ? rows[i] : i;
    b->keys[i] = s->keys[row];
    b->identities[i] = s->identities[row];
    for (uint32_t c = 0; c < s->n_columns; c++) {
      b->values[(size_t) c * n + i] = s->values[(size_t) row * s->n_columns + c];
      b->absent[(size_t) c * n + i] = s->absent[(size_t) row * s->n_columns + c];
    }
  }
  return b;
}

struct block *
rows_absent (const struct rows *r, uint32_t table, enum kk_absent why)
{
  const struct staging *s = r->tables + table;
  struct block *b = block_new (s->table->key_type == KK_NO_KEY, s->n_columns, NULL);
  if (!b)
    return NULL;
  b->state = KK_FAILED;
  memset (b->absent, (int) why, (size_t) b->n_rows * b->n_columns);
  return b;
}

void
rows_extend (struct rows *r, uint32_t table, uint32_t first)
{
  r->tables[table].first = first;
}

struct block *
rows_seal_part (const struct rows *r, uint32_t table, uint32_t column, uint32_t n_columns, const uint32_t *rows, uint32_t first,
                uint32_t n)
{
  const struct staging *s = r->tables + table;
  struct block *b = block_new (n, n_columns, r->dict);
  if (!b)
    return NULL;
  dict_settle (r->dict);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t row = rows ? rows[i] : first + i;
    for (uint32_t c = 0; c < n_columns && row < s->n_rows; c++) {
      b->values[(size_t) c * n + i] = s->values[(size_t) row * s->n_columns + column + c];
      b->absent[(size_t) c * n + i] = s->absent[(size_t) row * s->n_columns + column + c];
    }
  }
  return b;
}

struct rows_counts
rows_counts (const struct rows *r)
{
  return (struct rows_counts){.bad_sets = __atomic_load_n (&r->counts.bad_sets, __ATOMIC_RELAXED),
                              .lost_rows = __atomic_load_n (&r->counts.lost_rows, __ATOMIC_RELAXED),
                              .cut_strings = __atomic_load_n (&r->counts.cut_strings, __ATOMIC_RELAXED)};
}

int32_t
rows_column (const struct rows *r, uint32_t table, uint32_t field)
{
  return r->tables[table].columns[field];
}

bool
rows_has_table (const struct rows *r, uint32_t table)
{
  return r->tables[table].there && r->tables[table].n_columns;
}
