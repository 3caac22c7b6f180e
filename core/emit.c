#include "emit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_EMITS = 4096 };

static void
forget_rows (struct emit *e)
{
  for (uint32_t t = 0; e->rows && t < e->in->schema->n_tables; t++) {
    free (e->rows[t]);
    e->rows[t] = NULL;
  }
}

void
emit_end (struct emit *e)
{
  for (size_t i = 0; i < e->n; i++)
    sample_unref (e->out[i]);
  forget_rows (e);
  free (e->rows);
  free (e->n_rows);
  free (e->out);
}

static int
keep_rows (struct kk_emit *face, uint32_t table, const uint32_t *rows, uint32_t n)
{
  struct emit *e = (struct emit *) face;
  if (e->flushes || table >= e->in->schema->n_tables || !e->in->schema->tables[table].key)
    return -EINVAL;
  for (uint32_t i = 0; i < n; i++)
    if (rows[i] >= e->in->tables[table].n_rows || (i && rows[i] <= rows[i - 1]))
      return -EINVAL;
  if (!e->rows) {
    e->rows = calloc (e->in->schema->n_tables, sizeof *e->rows);
    e->n_rows = calloc (e->in->schema->n_tables, sizeof *e->n_rows);
    if (!e->rows || !e->n_rows) {
      free (e->rows);
      free (e->n_rows);
      e->rows = NULL;
      e->n_rows = NULL;
      return -ENOMEM;
    }
  }
  uint32_t *copy = malloc ((n + 1) * sizeof *copy);
  if (!copy)
    return -ENOMEM;
  if (n)
    memcpy (copy, rows, n * sizeof *copy);
  free (e->rows[table]);
  e->rows[table] = copy;
  e->n_rows[table] = n;
  return 0;
}

static int
begin_adding (struct emit *e)
{
  int r = e->begun ? 0 : shape_begin (e->shape, &e->time);
  e->begun |= !r && e->shape->rows;
  return r;
}

static struct kk_rows *
emit_rows (struct kk_emit *face)
{
  struct emit *e = (struct emit *) face;
  return e->in && e->shape->n_added && !begin_adding (e) ? rows_face (e->shape->rows) : NULL;
}

static struct kk_row *
emit_row (struct kk_emit *face, uint32_t table, uint32_t row)
{
  struct emit *e = (struct emit *) face;
  const struct shape_table *w = e->in && !e->flushes && table < e->in->schema->n_tables ? e->shape->wanted + table : NULL;
  if (!w || w->dropped || !w->n_added || begin_adding (e)) {
    e->nowhere.face.host = face->host;
    return &e->nowhere.face;
  }
  return rows_at (e->shape->rows, w->extension, row, e->in->tables[table].n_rows);
}

static int
emit_text (struct kk_emit *face, uint32_t table, uint32_t field, const char *text, size_t length)
{
  struct emit *e = (struct emit *) face;
  const struct shape_table *w = e->in && !e->flushes && table < e->in->schema->n_tables ? e->shape->wanted + table : NULL;
  if (!w || !w->n_added || !text)
    return -EINVAL;
  if (w->dropped)
    return 0;
  int r = begin_adding (e);
  return r ? r : rows_set_text (e->shape->rows, w->extension, field, text, length, e->in->tables[table].n_rows);
}

static int
emit_time (struct kk_emit *face, int64_t wall_ns, int64_t mono_ns)
{
  struct emit *e = (struct emit *) face;
  e->time.wall_ns = wall_ns;
  e->time.mono_ns = mono_ns;
  e->retimed = true;
  return 0;
}

static int
emit (struct kk_emit *face)
{
  struct emit *e = (struct emit *) face;
  if (!e->in)
    return -EINVAL;
  if (e->n == e->cap) {
    size_t cap = e->cap ? e->cap * 2 : 1;
    struct sample **out = cap > MAX_EMITS ? NULL : realloc (e->out, cap * sizeof (struct sample *));
    if (!out)
      return cap > MAX_EMITS ? -E2BIG : -ENOMEM;
    e->out = out;
    e->cap = cap;
  }
  if (begin_adding (e))
    return -ENOMEM;
  const struct shape_input from = {e->in, e->rows, e->n_rows, &e->time, e->flushes ? e->in->tick + 1 : e->in->tick};
  bool untouched = !e->rows && shape_is_identity (e->shape) && !e->retimed; /* the very same sample goes on */
  struct sample *out = untouched ? sample_ref (e->in) : NULL;
  const int r = out ? 0 : shape_apply (e->shape, &from, &out);
  e->too_many |= r == -E2BIG;
  if (r)
    return r;
  forget_rows (e);
  e->begun = e->retimed = false;
  e->time = e->in->time;
  e->out[e->n++] = out;
  return 0;
}

void
emit_host_functions (struct kk_host *host)
{
  shape_host_functions (host);
  host->emit_keep_rows = keep_rows;
  host->emit = emit;
  host->emit_rows = emit_rows;
  host->emit_row = emit_row;
  host->emit_text = emit_text;
  host->emit_time = emit_time;
}
