#include "pack-format.h"

#include <errno.h>
#include <stdlib.h>

struct input_bytes {
  const char *p, *end;
  bool bad;
};

static int64_t
sum (int64_t a, int64_t b)
{
  return (int64_t) ((uint64_t) a + (uint64_t) b);
}

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
take_cells (struct input_bytes *in, const struct table_schema *schema, struct block *b, uint32_t row, const struct sample *before,
            uint32_t table, uint32_t was)
{
  for (uint32_t f = 0; f < schema->n_fields && !in->bad; f++) {
    struct kk_value then;
    if (before)
      kk_get (&before->face, table, was, f, &then);
    size_t at = (size_t) f * b->n_rows + row;
    take_cell (in, schema->fields + f, before ? &then : NULL, b->dict, b->values + at, b->absent + at);
  }
}

static void
copy_key (struct input_bytes *in, struct block *b, uint32_t row, const struct sample *before, uint32_t table, uint32_t was)
{
  struct kk_value key;
  kk_get_key (&before->face, table, was, &key);
  b->keys[row] = key.type == KK_TYPE_STRING ? keep_text (in, &key, b->dict) : key.u64;
  b->identities[row] = kk_get_identity (&before->face, table, was);
}

static void
take_rows (struct input_bytes *in, const struct table_schema *schema, struct block *b, const struct sample *before, uint32_t table)
{
  bool strings = schema->key_type == KK_STRING_KEY;
  uint32_t next = 0, rows_before = before ? before->tables[table].n_rows : 0;
  for (uint32_t i = 0; i < b->n_rows && !in->bad; i++) {
    uint64_t behind = take (in), was = next;
    if (behind) {
      was = next + behind - 1;
      if (behind > rows_before || was >= rows_before) {
        in->bad = true;
        return;
      }
      copy_key (in, b, i, before, table, (uint32_t) was);
      next = (uint32_t) was + 1;
    } else {
      uint64_t last = i && !strings ? b->keys[i - 1] : 0;
      b->keys[i] = strings ? take_text (in, b->dict) : last + (uint64_t) take_signed (in);
      b->identities[i] = take (in);
    }
    take_cells (in, schema, b, i, behind ? before : NULL, table, (uint32_t) was);
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
  if (schema->key && !same) {
    take_rows (in, schema, b, before, table);
    return b;
  }
  for (uint32_t i = 0; i < b->n_rows && !in->bad; i++) {
    if (schema->key)
      copy_key (in, b, i, before, table, i);
    take_cells (in, schema, b, i, same ? before : NULL, table, i);
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
