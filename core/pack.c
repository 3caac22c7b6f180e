#include "pack-format.h"

/* How far behind its neighbour a row is sought in the table before; producers keep their order, so that is enough. */
enum { WINDOW = 64 };

static void
put (struct buf *b, uint64_t v)
{
  char *to = buf_reserve (b, 10);
  if (!to)
    return;
  size_t n = 0;
  for (; v >= 0x80; v >>= 7)
    to[n++] = (char) (0x80 | (v & 0x7f));
  to[n++] = (char) v;
  b->len += n;
}

static uint64_t
zigzag (int64_t v)
{
  return ((uint64_t) v << 1) ^ (uint64_t) (v >> 63);
}

static uint64_t
difference (int64_t a, int64_t b)
{
  return zigzag ((int64_t) ((uint64_t) a - (uint64_t) b));
}

static void
put_text (struct buf *b, const char *text, uint32_t length)
{
  put (b, length);
  buf_add (b, text, length);
}

static bool
same_text (const struct kk_value *a, const struct kk_value *b)
{
  return a->length == b->length && (a->string == b->string || !memcmp (a->string, b->string, a->length));
}

static void
put_cell (struct buf *b, const struct kk_field *field, const struct kk_value *v, const struct kk_value *before)
{
  if (v->absent) {
    put (b, v->absent);
    return;
  }
  bool has = before && !before->absent;
  if (v->type == KK_TYPE_STRING) {
    if (has && same_text (v, before))
      put (b, TOKEN_SAME);
    else {
      put (b, TOKEN_TEXT);
      put_text (b, v->string, v->length);
    }
    return;
  }
  int64_t now, then = 0;
  if (has && !field->decimals && v->u64 == before->u64 && v->type != KK_TYPE_BOOL) {
    put (b, TOKEN_SAME);
    return;
  }
  bool fits = whole (v, field, &now) && (!has || whole (before, field, &then));
  uint64_t delta = fits ? difference (now, then) : 0;
  if (fits && has && !delta)
    put (b, TOKEN_SAME);
  else if (fits && delta <= UINT64_MAX - TOKEN_DELTA)
    put (b, delta + TOKEN_DELTA);
  else {
    put (b, TOKEN_RAW);
    buf_add (b, &v->u64, sizeof v->u64);
  }
}

/* The very blocks of the sample before: nothing was read anew. */
static bool
same_blocks (const struct sample *s, const struct sample *before, uint32_t table)
{
  const struct table *a = s->tables + table, *b = before->tables + table;
  if (a->n_segments != b->n_segments || a->n_rows != b->n_rows)
    return false;
  for (uint32_t i = 0; i < a->n_segments; i++) {
    if (a->segments[i].block != b->segments[i].block)
      return false;
    for (uint32_t f = 0; f < s->schema->tables[table].n_fields; f++)
      if (a->segments[i].columns[f].block != b->segments[i].columns[f].block)
        return false;
  }
  return true;
}

static void
put_cells (struct buf *b, const struct sample *s, uint32_t table, uint32_t row, const struct sample *before, uint32_t was)
{
  const struct table_schema *schema = s->schema->tables + table;
  for (uint32_t f = 0; f < schema->n_fields; f++) {
    struct kk_value now, then;
    kk_get (&s->face, table, row, f, &now);
    if (before)
      kk_get (&before->face, table, was, f, &then);
    put_cell (b, schema->fields + f, &now, before ? &then : NULL);
  }
}

/* What is sought in the table before. */
struct sought {
  struct kk_value key;
  uint64_t identity;
  bool strings;
};

static struct sought
sought_of (const struct sample *s, uint32_t table, uint32_t row)
{
  struct sought k = {.identity = kk_get_identity (&s->face, table, row),
                     .strings = s->schema->tables[table].key_type == KK_STRING_KEY};
  kk_get_key (&s->face, table, row, &k.key);
  return k;
}

static bool
is_row (const struct sample *s, uint32_t table, uint32_t row, const struct sought *k)
{
  struct kk_value key;
  kk_get_key (&s->face, table, row, &key);
  return (k->strings ? same_text (&key, &k->key) : key.u64 == k->key.u64) && kk_get_identity (&s->face, table, row) == k->identity;
}

static bool
same_keys (const struct sample *s, const struct sample *before, uint32_t table, uint32_t rows)
{
  for (uint32_t i = 0; i < rows; i++) {
    struct sought k = sought_of (s, table, i);
    if (!is_row (before, table, i, &k))
      return false;
  }
  return true;
}

static void
put_rows (struct buf *b, const struct sample *s, const struct sample *before, uint32_t table, uint32_t rows)
{
  uint32_t next = 0, rows_before = before ? before->tables[table].n_rows : 0;
  uint64_t last = 0;
  for (uint32_t i = 0; i < rows; i++) {
    struct sought k = sought_of (s, table, i);
    uint32_t at = next, end = rows_before - next > WINDOW ? next + WINDOW : rows_before;
    while (at < end && !is_row (before, table, at, &k))
      at++;
    if (at < end) {
      put (b, at - next + 1);
      next = at + 1;
    } else {
      put (b, 0);
      if (k.strings)
        put_text (b, k.key.string, k.key.length);
      else
        put (b, difference ((int64_t) k.key.u64, (int64_t) last));
      put (b, k.identity);
    }
    last = k.strings ? 0 : k.key.u64;
    put_cells (b, s, table, i, at < end ? before : NULL, at);
  }
}

static void
put_table (struct buf *b, const struct sample *s, const struct sample *before, uint32_t table)
{
  const struct table_schema *schema = s->schema->tables + table;
  struct kk_table_info info;
  kk_table_info (&s->face, table, &info);
  uint8_t flags = (uint8_t) ((info.state & STATE_MASK) | (info.held ? HELD : 0));
  if (before && info.held && same_blocks (s, before, table)) {
    buf_addc (b, (char) (flags | SAME));
    return;
  }
  bool same = before && before->tables[table].n_rows == info.rows && (!schema->key || same_keys (s, before, table, info.rows));
  buf_addc (b, (char) (flags | (same ? SAME_KEYS : 0)));
  put (b, difference (info.wall_ns, s->time.wall_ns));
  if (schema->key && !same) {
    put (b, info.rows);
    put_rows (b, s, before, table, info.rows);
    return;
  }
  for (uint32_t i = 0; i < info.rows; i++)
    put_cells (b, s, table, i, same ? before : NULL, i);
}

void
pack_sample (struct buf *b, const struct sample *sample, const struct sample *before)
{
  put (b, difference (sample->time.wall_ns, before ? before->time.wall_ns : 0));
  put (b, difference (sample->time.mono_ns, before ? before->time.mono_ns : 0));
  put (b, sample->time.after);
  for (uint32_t t = 0; t < sample->schema->n_tables; t++)
    put_table (b, sample, before, t);
}
