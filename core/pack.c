/* One sample: varints (LEB128; signed ones zigzag) of the wall and monotonic time since the one before, what came before it, then
 * every table. A table: a byte of flags; SAME ends it. Else the age of its reading, and for a keyed one the number of rows and,
 * without SAME_KEYS, all keys and identities. Then the cells row by row, each a varint: 0 the value before, 1 to 7 absent and why,
 * RAW eight bytes, TEXT a length and bytes, from DELTA on the zigzag difference from the value before (a number with decimals counts
 * in units of its last digit). "Before" is the same row of the table before under SAME_KEYS, else nothing. */
#include "pack.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_MASK = 3, HELD = 4, SAME = 8, SAME_KEYS = 16 };
enum { TOKEN_SAME = 0, TOKEN_RAW = 8, TOKEN_TEXT = 9, TOKEN_DELTA = 16 };
enum { MAX_ROWS = 1 << 20, MAX_TEXT = 1 << 20 };

static const double scales[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

/* ---- Packing ---- */

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

static int64_t
sum (int64_t a, int64_t b)
{
  return (int64_t) ((uint64_t) a + (uint64_t) b);
}

static void
put_text (struct buf *b, const char *text, uint32_t length)
{
  put (b, length);
  buf_add (b, text, length);
}

/* The number as an integer to take differences of: false when it is to be kept bit by bit. */
static bool
whole (const struct kk_value *v, const struct kk_field *field, int64_t *ret)
{
  if (v->type != KK_TYPE_F64) {
    *ret = v->type == KK_TYPE_BOOL ? v->boolean : v->i64;
    return true;
  }
  double scaled = field->decimals ? v->f64 * scales[field->decimals] : NAN;
  if (!(fabs (scaled) < 4503599627370496.0))
    return false;
  *ret = llround (scaled);
  return true;
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

static void
put_keys (struct buf *b, const struct kk_sample *s, uint32_t table, uint32_t rows, bool strings)
{
  uint64_t last = 0;
  for (uint32_t i = 0; i < rows; i++) {
    struct kk_value key;
    kk_get_key (s, table, i, &key);
    if (strings)
      put_text (b, key.string, key.length);
    else {
      put (b, zigzag ((int64_t) (key.u64 - last)));
      last = key.u64;
    }
    put (b, kk_get_identity (s, table, i));
  }
}

static bool
same_keys (const struct kk_sample *s, const struct kk_sample *before, uint32_t table, uint32_t rows, bool strings)
{
  for (uint32_t i = 0; i < rows; i++) {
    struct kk_value a, b;
    kk_get_key (s, table, i, &a);
    kk_get_key (before, table, i, &b);
    if ((strings ? !same_text (&a, &b) : a.u64 != b.u64)
        || kk_get_identity (s, table, i) != kk_get_identity (before, table, i))
      return false;
  }
  return true;
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
put_table (struct buf *b, const struct sample *s, const struct sample *before, uint32_t table)
{
  const struct table_schema *schema = s->schema->tables + table;
  bool strings = schema->key_type == KK_STRING_KEY;
  struct kk_table_info info;
  kk_table_info (&s->face, table, &info);
  uint8_t flags = (uint8_t) ((info.state & STATE_MASK) | (info.held ? HELD : 0));
  if (before && info.held && same_blocks (s, before, table)) {
    buf_addc (b, (char) (flags | SAME));
    return;
  }
  bool same = before && before->tables[table].n_rows == info.rows
              && (!schema->key || same_keys (&s->face, &before->face, table, info.rows, strings));
  buf_addc (b, (char) (flags | (same ? SAME_KEYS : 0)));
  put (b, difference (info.wall_ns, s->time.wall_ns));
  if (!same && schema->key) {
    put (b, info.rows);
    put_keys (b, &s->face, table, info.rows, strings);
  }
  for (uint32_t i = 0; i < info.rows; i++)
    for (uint32_t f = 0; f < schema->n_fields; f++) {
      struct kk_value now, then;
      kk_get (&s->face, table, i, f, &now);
      if (same)
        kk_get (&before->face, table, i, f, &then);
      put_cell (b, schema->fields + f, &now, same ? &then : NULL);
    }
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

/* ---- Unpacking ---- */

struct input_bytes {
  const char *p, *end;
  bool bad;
};

static uint64_t
take (struct input_bytes *in)
{
  uint64_t v = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (in->p >= in->end)
      break;
    uint8_t byte = (uint8_t) *in->p++;
    v |= (uint64_t) (byte & 0x7f) << shift;
    if (byte < 0x80)
      return v;
  }
  in->bad = true;
  return 0;
}

static int64_t
take_signed (struct input_bytes *in)
{
  uint64_t v = take (in);
  return (int64_t) (v >> 1) ^ -(int64_t) (v & 1);
}

static uint32_t
take_text (struct input_bytes *in, struct dict *dict)
{
  uint64_t length = take (in);
  if (in->bad || length > MAX_TEXT || length > (uint64_t) (in->end - in->p)) {
    in->bad = true;
    return 0;
  }
  uint32_t id = dict_intern (dict, in->p, (size_t) length);
  in->p += length;
  in->bad = in->bad || id == DICT_NONE;
  return id;
}

/* A string of the sample before, which may have another dictionary. */
static uint32_t
keep_text (struct input_bytes *in, const struct kk_value *before, struct dict *dict)
{
  uint32_t id = dict_intern (dict, before->string, before->length);
  in->bad = in->bad || id == DICT_NONE;
  return id;
}

static uint64_t
from_delta (uint64_t token, const struct kk_field *field, const struct kk_value *before)
{
  int64_t then = 0;
  if (before && !before->absent)
    whole (before, field, &then);
  uint64_t zig = token - TOKEN_DELTA;
  int64_t now = (int64_t) ((uint64_t) then + ((zig >> 1) ^ -(zig & 1)));
  if (field->type != KK_TYPE_F64)
    return (uint64_t) now;
  double value = (double) now / scales[field->decimals];
  uint64_t bits;
  memcpy (&bits, &value, sizeof bits);
  return bits;
}

static void
take_cell (struct input_bytes *in, const struct kk_field *field, const struct kk_value *before, struct dict *dict, uint64_t *value,
           uint8_t *absent)
{
  uint64_t token = take (in);
  *absent = KK_PRESENT;
  if (token >= KK_UNSET && token <= KK_DENIED)
    *absent = (uint8_t) token;
  else if (token == TOKEN_RAW && field->type != KK_TYPE_STRING && in->end - in->p >= 8) {
    memcpy (value, in->p, 8);
    in->p += 8;
  } else if (token == TOKEN_TEXT && field->type == KK_TYPE_STRING)
    *value = take_text (in, dict);
  else if (token >= TOKEN_DELTA && field->type != KK_TYPE_STRING)
    *value = from_delta (token, field, before);
  else if (token == TOKEN_SAME && before && !before->absent) {
    if (field->type == KK_TYPE_STRING)
      *value = keep_text (in, before, dict);
    else
      *value = field->type == KK_TYPE_F64 && field->decimals ? from_delta (TOKEN_DELTA, field, before) : before->u64;
  } else
    in->bad = true;
}

static void
take_keys (struct input_bytes *in, struct block *b, bool strings, struct dict *dict)
{
  uint64_t last = 0;
  for (uint32_t i = 0; i < b->n_rows && !in->bad; i++) {
    if (strings)
      b->keys[i] = take_text (in, dict);
    else
      b->keys[i] = last += (uint64_t) take_signed (in);
    b->identities[i] = take (in);
  }
}

static void
copy_keys (struct input_bytes *in, struct block *b, const struct sample *before, uint32_t table, bool strings, struct dict *dict)
{
  for (uint32_t i = 0; i < b->n_rows && !in->bad; i++) {
    struct kk_value key;
    kk_get_key (&before->face, table, i, &key);
    b->keys[i] = strings ? keep_text (in, &key, dict) : key.u64;
    b->identities[i] = kk_get_identity (&before->face, table, i);
  }
}

/* The table's block: the one before when nothing was read anew, else a new one. A new reference; NULL: bad, or no memory. */
static struct block *
take_table (struct input_bytes *in, const struct sample *s, const struct sample *before, uint32_t table, struct dict *dict)
{
  const struct table_schema *schema = s->schema->tables + table;
  uint8_t flags = in->p < in->end ? (uint8_t) *in->p++ : 0;
  const struct segment *then = before ? before->tables[table].segments : NULL;
  if (flags & SAME)
    return then ? block_ref ((struct block *) (uintptr_t) (then->block ? then->block : then->columns[0].block)) : NULL;
  bool same = (flags & SAME_KEYS) && before;
  int64_t age = take_signed (in);
  uint64_t rows = same ? before->tables[table].n_rows : schema->key ? take (in) : 1;
  if (in->bad || (flags & STATE_MASK) > KK_FAILED || rows > MAX_ROWS || rows * schema->n_fields > (uint64_t) (in->end - in->p))
    return NULL; /* each cell is a byte at least */
  struct block *b = block_new ((uint32_t) rows, schema->n_fields, dict);
  if (!b)
    return NULL;
  b->state = flags & STATE_MASK;
  b->tick = (flags & HELD) ? s->tick - 1 : s->tick;
  b->wall_ns = sum (s->time.wall_ns, age);
  b->mono_ns = sum (s->time.mono_ns, age);
  if (schema->key && same)
    copy_keys (in, b, before, table, schema->key_type == KK_STRING_KEY, dict);
  else if (schema->key)
    take_keys (in, b, schema->key_type == KK_STRING_KEY, dict);
  for (uint32_t i = 0; i < b->n_rows && !in->bad; i++)
    for (uint32_t f = 0; f < schema->n_fields && !in->bad; f++) {
      struct kk_value was;
      if (same)
        kk_get (&before->face, table, i, f, &was);
      size_t at = (size_t) f * b->n_rows + i;
      take_cell (in, schema->fields + f, same ? &was : NULL, dict, b->values + at, b->absent + at);
    }
  return b;
}

static void
place (struct sample *s, uint32_t table, const struct block *b)
{
  struct segment *g = s->tables[table].segments;
  g->block = s->schema->tables[table].key ? b : NULL;
  g->n_rows = b->n_rows;
  for (uint32_t f = 0; f < s->schema->tables[table].n_fields; f++)
    g->columns[f] = (struct column){b, b->values + (size_t) f * b->n_rows, b->absent + (size_t) f * b->n_rows};
}

int
unpack_sample (const char **p, const char *end, struct schema *schema, const struct sample *before, struct dict *dict,
               struct sample **ret)
{
  struct input_bytes in = {.p = *p, .end = end};
  uint32_t *segments = malloc ((schema->n_tables + 1) * sizeof *segments);
  for (uint32_t t = 0; segments && t < schema->n_tables; t++)
    segments[t] = 1;
  struct sample *s = segments ? sample_new (schema->face.host, schema, segments) : NULL;
  free (segments);
  if (!s)
    return -ENOMEM;
  s->tick = before ? before->tick + 1 : 1;
  s->time.wall_ns = sum (before ? before->time.wall_ns : 0, take_signed (&in));
  s->time.mono_ns = sum (before ? before->time.mono_ns : 0, take_signed (&in));
  s->time.after = (uint32_t) take (&in);
  int r = in.bad ? -EBADMSG : 0;
  for (uint32_t t = 0; t < schema->n_tables && !r; t++) {
    struct block *b = take_table (&in, s, before, t, dict);
    r = !b || in.bad ? -EBADMSG : sample_own (s, b);
    if (!r)
      place (s, t, b);
    block_unref (b);
  }
  if (r) {
    sample_unref (s);
    return r;
  }
  sample_seal (s);
  *p = in.p;
  *ret = s;
  return 0;
}
