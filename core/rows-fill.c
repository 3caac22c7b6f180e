/* The functions that a plugin fills rows with. */
#include "rows-staging.h"

#include "url.h"
#include "utf8.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STRING = 16384, MAX_KEY = 255 };

/* ---- Rows ---- */

/* One thread counts, others may look on. */
static void
count (uint64_t *n)
{
  __atomic_store_n (n, *n + 1, __ATOMIC_RELAXED);
}

static int
make_room (struct staging *s, uint32_t n)
{
  if (n <= s->cap)
    return 0;
  uint32_t cap = s->cap * 2 > n ? s->cap * 2 : s->max_rows == 1 || n > 8 ? n : 8;
  uint64_t *keys = realloc (s->keys, cap * sizeof *keys);
  if (keys)
    s->keys = keys;
  uint64_t *identities = realloc (s->identities, cap * sizeof *identities);
  if (identities)
    s->identities = identities;
  uint64_t *values = realloc (s->values, (size_t) cap * (s->n_columns + 1) * sizeof *values);
  if (values)
    s->values = values;
  uint8_t *absent = realloc (s->absent, (size_t) cap * (s->n_columns + 1));
  if (absent)
    s->absent = absent;
  uint32_t *likes = s->likes ? realloc (s->likes, cap * sizeof *likes) : NULL;
  if (likes)
    s->likes = likes;
  if (!keys || !identities || !values || !absent || (s->likes && !likes))
    return -ENOMEM;
  s->cap = cap;
  return 0;
}

static uint32_t *
seen_slot (struct staging *s, uint64_t key)
{
  uint32_t mask = s->n_seen_slots - 1;
  uint64_t h = key * 0x9e3779b97f4a7c15u;
  for (uint32_t i = (uint32_t) (h >> 32) & mask;; i = (i + 1) & mask)
    if (!s->seen[i] || s->keys[s->seen[i] - 1] == key)
      return s->seen + i;
}

/* The set of keys is made only when they do not come in ascending order; producers mostly give them sorted. */
static int
build_seen (struct staging *s)
{
  uint32_t slots = 64;
  while (slots < (s->n_rows + 1) * 2)
    slots *= 2;
  if (slots > s->n_seen_slots) {
    uint32_t *seen = realloc (s->seen, slots * sizeof *seen);
    if (!seen)
      return -ENOMEM;
    s->seen = seen;
    s->n_seen_slots = slots;
  }
  memset (s->seen, 0, s->n_seen_slots * sizeof *s->seen);
  for (uint32_t i = 0; i < s->n_rows; i++)
    *seen_slot (s, s->keys[i]) = i + 1;
  s->ascending = false;
  return 0;
}

static bool
is_new (struct staging *s, uint64_t key)
{
  if (s->n_rows == 0 || (s->ascending && key > s->keys[s->n_rows - 1]))
    return true;
  if ((s->ascending || (s->n_rows + 1) * 2 > s->n_seen_slots) && build_seen (s))
    return false;
  uint32_t *slot = seen_slot (s, key);
  if (*slot)
    return false;
  *slot = s->n_rows + 1;
  return true;
}

/* A row that is there and cannot be kept. */
static struct kk_row *
lose_row (struct rows *r, struct staging *s)
{
  count (&r->counts.lost_rows);
  if (s->state == KK_COMPLETE)
    s->state = KK_PARTIAL;
  return &r->nowhere.face;
}

static struct kk_row *
begin_row (struct rows *r, struct staging *s, uint64_t key, uint64_t identity)
{
  if (s->table->key_type == KK_NO_KEY && s->n_rows)
    return &s->row.face;
  if (s->first || s->n_rows >= s->max_rows || make_room (s, s->n_rows + 1))
    return lose_row (r, s);
  if (!is_new (s, key)) {
    count (&r->counts.lost_rows);
    return &r->nowhere.face;
  }
  uint32_t i = s->at = s->n_rows++;
  s->keys[i] = key;
  s->identities[i] = identity;
  if (s->liked)
    s->likes[i] = KK_NONE;
  memset (s->values + (size_t) i * s->n_columns, 0, s->n_columns * sizeof *s->values);
  memset (s->absent + (size_t) i * s->n_columns, KK_UNSET, s->n_columns);
  return &s->row.face;
}

static struct staging *
staging_for (struct rows *r, uint32_t table, uint32_t key_type, bool *ret_counts)
{
  struct staging *s = table < r->n_tables ? r->tables + table : NULL;
  *ret_counts = !s || s->there;
  if (!s || !s->there || s->table->key_type != key_type)
    return NULL;
  return s;
}

struct kk_row *
rows_at (struct rows *r, uint32_t table, uint32_t row, uint32_t n_rows)
{
  struct staging *s = r->tables + table;
  if (row >= n_rows || make_room (s, n_rows)) {
    count (&r->counts.lost_rows);
    return &r->nowhere.face;
  }
  if (s->n_rows < n_rows) {
    size_t had = (size_t) s->n_rows * s->n_columns, more = (size_t) (n_rows - s->n_rows) * s->n_columns;
    memset (s->values + had, 0, more * sizeof *s->values);
    memset (s->absent + had, KK_UNSET, more);
    s->n_rows = n_rows;
  }
  s->at = row;
  return &s->row.face;
}

static uint32_t
intern (struct rows *r, const char *text, size_t length, size_t max)
{
  if (length <= max && utf8_valid (text, length) == length)
    return dict_intern (r->dict, text, length);
  buf_clear (&r->scratch);
  utf8_clean (&r->scratch, text, length, max);
  if (r->scratch.len >= max - 3) {
    count (&r->counts.cut_strings);
    r->scratch.len = url_cut (r->scratch.data, r->scratch.len, r->scratch.len);
  }
  return r->scratch.error ? DICT_NONE : dict_intern (r->dict, r->scratch.data ? r->scratch.data : "", r->scratch.len);
}

int
rows_set_text (struct rows *r, uint32_t table, uint32_t field, const char *text, size_t length, uint32_t n_rows)
{
  struct staging *s = r->tables + table;
  const uint32_t f = field - s->first; /* one before it becomes a huge one */
  if (f >= s->table->n_fields || s->table->fields[f].type != KK_TYPE_STRING)
    return -EINVAL;
  if (!n_rows || s->columns[f] < 0)
    return 0;
  const uint32_t id = intern (r, text, length, MAX_STRING), at = s->at;
  if (id == DICT_NONE || rows_at (r, table, 0, n_rows) == &r->nowhere.face)
    return -ENOMEM;
  s->at = at;
  uint64_t *value = s->values + s->columns[f];
  uint8_t *absent = s->absent + s->columns[f];
  for (uint32_t i = 0; i < n_rows; i++, value += s->n_columns, absent += s->n_columns) {
    *value = id;
    *absent = KK_PRESENT;
  }
  return 0;
}

static struct kk_row *
row (struct kk_rows *face, uint32_t table, const char *key, uint64_t identity)
{
  struct rows *r = (struct rows *) face;
  bool counts;
  struct staging *s = staging_for (r, table, key ? KK_STRING_KEY : KK_NO_KEY, &counts);
  uint32_t id = s && key ? intern (r, key, strlen (key), MAX_KEY) : 0;
  if (!s) {
    if (counts)
      count (&r->counts.lost_rows);
    return &r->nowhere.face;
  }
  if (id == DICT_NONE)
    return lose_row (r, s);
  return begin_row (r, s, id, identity);
}

static struct kk_row *
row_u64 (struct kk_rows *face, uint32_t table, uint64_t key, uint64_t identity)
{
  struct rows *r = (struct rows *) face;
  bool counts;
  struct staging *s = staging_for (r, table, KK_U64_KEY, &counts);
  if (!s) {
    if (counts)
      count (&r->counts.lost_rows);
    return &r->nowhere.face;
  }
  return begin_row (r, s, key, identity);
}

static int
row_like (struct kk_row *face, uint32_t incoming)
{
  struct row *r = (struct row *) face;
  struct staging *s = r->staging;
  if (!s || !s->n_rows || s->first)
    return 0; /* it goes nowhere */
  if (!s->likes && !(s->likes = malloc (s->cap * sizeof *s->likes)))
    return -ENOMEM;
  for (uint32_t i = 0; !s->liked && i < s->n_rows; i++)
    s->likes[i] = KK_NONE;
  s->liked = true;
  s->likes[s->at] = incoming;
  return 0;
}

static void
table_state (struct kk_rows *face, uint32_t table, uint32_t state)
{
  struct rows *r = (struct rows *) face;
  if (table < r->n_tables && state <= KK_FAILED)
    r->tables[table].state = state;
  else
    count (&r->counts.bad_sets);
}

static void
read_time (const struct kk_rows *face, struct kk_time *time)
{
  *time = ((const struct rows *) face)->time;
}

/* ---- Fields ---- */

/* The cell's number within its table, or -1. type 0: any. */
static int64_t
cell (struct row *row_, uint32_t field, uint32_t type)
{
  struct staging *s = row_->staging;
  if (!s || !s->n_rows)
    return -1;
  field -= s->first; /* one before it becomes a huge one */
  if (field >= s->table->n_fields || (type && s->table->fields[field].type != type)) {
    count (&row_->rows->counts.bad_sets);
    return -1;
  }
  if (s->columns[field] < 0)
    return -1;
  return (int64_t) s->at * s->n_columns + s->columns[field];
}

/* Returns the cell's number, or -1 when it is not set. */
static int64_t
set (struct kk_row *face, uint32_t field, uint32_t type, uint64_t bits)
{
  struct row *r = (struct row *) face;
  int64_t at = cell (r, field, type);
  if (at < 0)
    return at;
  r->staging->values[at] = bits;
  r->staging->absent[at] = KK_PRESENT;
  return at;
}

static void
set_absent (struct kk_row *face, uint32_t field, uint32_t why)
{
  struct row *r = (struct row *) face;
  int64_t at = cell (r, field, 0);
  if (at >= 0)
    r->staging->absent[at] = why >= KK_UNSET && why <= KK_DENIED ? (uint8_t) why : KK_UNSET;
}

static void
set_f64 (struct kk_row *face, uint32_t field, double value)
{
  uint64_t bits;
  memcpy (&bits, &value, sizeof bits);
  int64_t at = set (face, field, KK_TYPE_F64, bits);
  if (at >= 0 && !isfinite (value))
    ((struct row *) face)->staging->absent[at] = KK_ERROR;
}

static void
set_u64 (struct kk_row *face, uint32_t field, uint64_t value)
{
  set (face, field, KK_TYPE_U64, value);
}

static void
set_i64 (struct kk_row *face, uint32_t field, int64_t value)
{
  set (face, field, KK_TYPE_I64, (uint64_t) value);
}

static void
set_bool (struct kk_row *face, uint32_t field, bool value)
{
  set (face, field, KK_TYPE_BOOL, value);
}

/* The text's number where the row above has the same one, as labels and states of processes mostly do: it saves looking it up.
 */
static uint32_t
same_as_above (const struct row *r, int64_t at, const char *text, size_t length)
{
  const struct staging *s = r->staging;
  uint32_t n;
  if (!s->at || s->absent[at - s->n_columns])
    return DICT_NONE;
  const uint32_t id = (uint32_t) s->values[at - s->n_columns];
  const char *above = dict_get (r->rows->dict, id, &n);
  return n == length && !memcmp (above, text, length) ? id : DICT_NONE;
}

static void
set_string (struct kk_row *face, uint32_t field, const char *text, size_t length)
{
  struct row *r = (struct row *) face;
  const int64_t at = cell (r, field, KK_TYPE_STRING);
  if (at < 0)
    return;
  uint32_t id = text ? same_as_above (r, at, text, length) : DICT_NONE;
  if (text && id == DICT_NONE)
    id = intern (r->rows, text, length, MAX_STRING);
  if (id != DICT_NONE)
    set (face, field, KK_TYPE_STRING, id);
  else {
    count (&r->rows->counts.cut_strings);
    set_absent (face, field, KK_ERROR);
  }
}

void
rows_host_functions (struct kk_host *host)
{
  host->read_time = read_time;
  host->row = row;
  host->row_u64 = row_u64;
  host->row_like = row_like;
  host->table_state = table_state;
  host->set_f64 = set_f64;
  host->set_u64 = set_u64;
  host->set_i64 = set_i64;
  host->set_bool = set_bool;
  host->set_string = set_string;
  host->set_absent = set_absent;
}
