#include "values.h"

#include "scan.h"

#include <math.h>
#include <stdlib.h>

int
exec_values_init (struct exec_values *v, const struct exec_schema *schema)
{
  *v = (struct exec_values){.schema = schema};
  v->tables = calloc (schema->n, sizeof *v->tables);
  v->locale = newlocale (LC_ALL_MASK, "C", (locale_t) 0);
  if (v->tables && v->locale)
    return 0;
  exec_values_free (v);
  return -ENOMEM;
}

static size_t
row_bytes (const struct exec_values *v, uint32_t table, size_t key)
{
  return sizeof (struct exec_row) + v->schema->tables[table].n_fields * sizeof (struct exec_value) + key + 1;
}

static void
unset (struct exec_values *v, uint32_t type, struct exec_value *value)
{
  if (type == KK_TYPE_STRING && value->there) {
    free (value->string);
    v->bytes -= value->length;
  }
  value->there = false;
}

static void
free_row (struct exec_values *v, uint32_t table, struct exec_row *row)
{
  const struct exec_table *t = v->schema->tables + table;
  for (uint32_t f = 0; f < t->n_fields; f++)
    unset (v, t->fields[f].type, row->values + f);
  v->bytes -= row_bytes (v, table, strlen (row->key));
  free (row->key);
  free (row);
}

static struct exec_row **
bucket (struct exec_rows *rows, const char *key, size_t n)
{
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < n; i++)
    hash = (hash ^ (unsigned char) key[i]) * 16777619u;
  return rows->buckets + ((hash >> 8 ^ hash) % KK_COUNT (rows->buckets));
}

bool
exec_values_expire (struct exec_values *v, int64_t before_ns)
{
  bool gone = false;
  for (uint32_t t = 0; t < v->schema->n; t++) {
    struct exec_rows *rows = v->tables + t;
    uint32_t kept = 0;
    memset (rows->buckets, 0, sizeof rows->buckets);
    for (uint32_t i = 0; i < rows->n; i++) {
      struct exec_row *row = rows->rows[i];
      if (row->seen_ns < before_ns) {
        free_row (v, t, row);
        gone = true;
        continue;
      }
      struct exec_row **at = bucket (rows, row->key, strlen (row->key));
      row->next = *at;
      *at = row;
      rows->rows[kept++] = row;
    }
    rows->n = kept;
  }
  return gone;
}

void
exec_values_free (struct exec_values *v)
{
  if (v->tables)
    exec_values_expire (v, INT64_MAX);
  for (uint32_t t = 0; v->tables && t < v->schema->n; t++)
    free (v->tables[t].rows);
  free (v->tables);
  if (v->locale)
    freelocale (v->locale);
  v->tables = NULL;
  v->locale = (locale_t) 0;
}

uint32_t
exec_values_rows (const struct exec_values *v)
{
  uint32_t n = 0;
  for (uint32_t t = 0; t < v->schema->n; t++)
    n += v->tables[t].n;
  return n;
}

void
exec_values_refuse (struct exec_values *v, uint64_t *count, const char *text, size_t n)
{
  ++*count;
  if (n >= sizeof v->last)
    n = sizeof v->last - 1;
  for (size_t i = 0; i < n; i++)
    v->last[i] = (unsigned char) text[i] >= ' ' && (unsigned char) text[i] < 127 ? text[i] : '?';
  v->last[n] = 0;
}

static struct exec_row *
add_row (struct exec_values *v, uint32_t table, const char *key, size_t n)
{
  struct exec_rows *rows = v->tables + table;
  size_t bytes = row_bytes (v, table, n);
  if (rows->n >= EXEC_MOST_ROWS || v->bytes + bytes > EXEC_MOST_BYTES)
    return NULL;
  if (rows->n == rows->cap) {
    uint32_t cap = rows->cap ? rows->cap * 2 : 8;
    struct exec_row **more = realloc (rows->rows, cap * sizeof (struct exec_row *));
    if (!more)
      return NULL;
    rows->rows = more;
    rows->cap = cap;
  }
  struct exec_row *row = calloc (1, bytes - n - 1);
  char *copy = strndup (key, n);
  if (!row || !copy) {
    free (row);
    free (copy);
    return NULL;
  }
  v->bytes += bytes;
  row->key = copy;
  struct exec_row **at = bucket (rows, key, n);
  row->next = *at;
  *at = row;
  return rows->rows[rows->n++] = row;
}

struct exec_row *
exec_values_row (struct exec_values *v, uint32_t table, const char *key, size_t n)
{
  n = strnlen (key, n);
  if (n > EXEC_MOST_KEY || (!n && *v->schema->tables[table].key)) {
    exec_values_refuse (v, &v->lost, key, n);
    return NULL;
  }
  struct exec_row *row = *bucket (v->tables + table, key, n);
  while (row && (strlen (row->key) != n || memcmp (row->key, key, n) != 0))
    row = row->next;
  if (!row)
    row = add_row (v, table, key, n);
  if (row)
    row->seen_ns = v->now_ns;
  else
    exec_values_refuse (v, &v->lost, key, n);
  return row;
}

static size_t
skip_digits (const char *text, size_t n, size_t at)
{
  while (at < n && text[at] >= '0' && text[at] <= '9')
    at++;
  return at;
}

/* 12, -0.5, .5, 1e-3; nothing else that strtod would take. */
static bool
read_f64 (const struct exec_values *v, const char *text, size_t n, double *ret)
{
  char copy[512];
  size_t start = n && text[0] == '-', at = skip_digits (text, n, start), digits = at - start;
  if (at < n && text[at] == '.') {
    size_t point = at + 1;
    at = skip_digits (text, n, point);
    digits += at - point;
  }
  if (!digits || n >= sizeof copy)
    return false;
  if (at < n && (text[at] == 'e' || text[at] == 'E')) {
    at++;
    at += at < n && (text[at] == '+' || text[at] == '-');
    size_t exponent = at;
    at = skip_digits (text, n, at);
    if (at == exponent)
      return false;
  }
  if (at != n)
    return false;
  memcpy (copy, text, n);
  copy[n] = 0;
  *ret = strtod_l (copy, NULL, v->locale);
  return isfinite (*ret);
}

static bool
is_word (const char *text, size_t n, const char *word)
{
  return strlen (word) == n && memcmp (text, word, n) == 0;
}

static bool
read_bool (const char *text, size_t n, bool *ret)
{
  *ret = is_word (text, n, "true") || is_word (text, n, "1");
  return *ret || is_word (text, n, "false") || is_word (text, n, "0");
}

static bool
keep_string (struct exec_values *v, struct exec_value *value, const char *text, size_t n)
{
  if (n > EXEC_MOST_TEXT)
    n = EXEC_MOST_TEXT;
  char *copy = v->bytes + n > EXEC_MOST_BYTES ? NULL : malloc (n + 1);
  if (!copy)
    return false;
  memcpy (copy, text, n);
  copy[n] = 0;
  unset (v, KK_TYPE_STRING, value);
  v->bytes += n;
  value->string = copy;
  value->length = (uint32_t) n;
  return true;
}

static bool
take (struct exec_values *v, uint32_t type, struct exec_value *value, enum exec_form form, const char *text, size_t n)
{
  const char *p = text, *end = text + n;
  bool number = form != EXEC_JSON_BOOL && n && *text != ' ' && *text != '\t' && *text != '+';
  switch (type) {
  case KK_TYPE_F64:
    return number && read_f64 (v, text, n, &value->f64);
  case KK_TYPE_U64: {
    uint64_t u;
    if (!number || !scan_u64 (&p, end, &u) || p != end)
      return false;
    value->u64 = u;
    return true;
  }
  case KK_TYPE_I64: {
    int64_t i;
    if (!number || !scan_i64 (&p, end, &i) || p != end)
      return false;
    value->i64 = i;
    return true;
  }
  case KK_TYPE_BOOL: {
    bool b;
    if (!read_bool (text, n, &b))
      return false;
    value->boolean = b;
    return true;
  }
  default:
    return (form == EXEC_TEXT || form == EXEC_JSON_STRING) && keep_string (v, value, text, n);
  }
}

void
exec_values_set (struct exec_values *v, uint32_t table, struct exec_row *row, uint32_t field, enum exec_form form,
                 const char *text, size_t n)
{
  uint32_t type = v->schema->tables[table].fields[field].type;
  struct exec_value *value = row->values + field;
  if (form == EXEC_JSON_NULL) {
    unset (v, type, value);
    v->taken++;
    return;
  }
  if (take (v, type, value, form, text, n)) {
    value->there = true;
    v->taken++;
    return;
  }
  v->dropped += value->there;
  unset (v, type, value); /* an older value would be a lie */
  exec_values_refuse (v, &v->bad_values, text, n);
}

static void
put_row (const struct exec_table *t, const struct exec_row *from, struct kk_row *row)
{
  for (uint32_t f = 0; f < t->n_fields; f++) {
    const struct exec_value *value = from->values + f;
    if (!value->there)
      continue;
    switch (t->fields[f].type) {
    case KK_TYPE_F64:
      kk_f64 (row, f, value->f64);
      break;
    case KK_TYPE_U64:
      kk_u64 (row, f, value->u64);
      break;
    case KK_TYPE_I64:
      kk_i64 (row, f, value->i64);
      break;
    case KK_TYPE_BOOL:
      kk_bool (row, f, value->boolean);
      break;
    default:
      kk_string_n (row, f, value->string, value->length);
    }
  }
}

void
exec_values_put (const struct exec_values *v, bool partial, struct kk_rows *out)
{
  for (uint32_t t = 0; t < v->schema->n; t++) {
    for (uint32_t i = 0; i < v->tables[t].n; i++) {
      const struct exec_row *row = v->tables[t].rows[i];
      const struct exec_table *table = v->schema->tables + t;
      put_row (table, row, kk_row (out, t, *table->key ? row->key : NULL, 0));
    }
    if (partial && *v->schema->tables[t].key)
      kk_table_state (out, t, KK_PARTIAL);
  }
}
