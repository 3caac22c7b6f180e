#include "plain.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void
read_value (struct plain_value *to, const struct sample *s, uint32_t t, uint32_t row, uint32_t f)
{
  struct kk_value v;
  struct kk_time time;
  kk_get (&s->face, t, row, f, &v);
  kk_value_time (&s->face, t, row, f, &time);
  *to = (struct plain_value){.type = v.type, .absent = v.absent, .held = v.held, .mono_ns = time.mono_ns};
  if (v.absent)
    return;
  if (v.type == KK_TYPE_STRING)
    snprintf (to->text, sizeof to->text, "%s", v.string);
  else if (v.type == KK_TYPE_BOOL)
    to->boolean = v.boolean;
  else
    to->u64 = v.u64;
}

static void
read_row (struct plain_table *to, const struct sample *s, uint32_t t, uint32_t row)
{
  struct plain_row *r = to->rows + to->n_rows++;
  struct kk_value key;
  ck_assert_uint_le (to->n_rows, PLAIN_ROWS);
  kk_get_key (&s->face, t, row, &key);
  *r->key = 0;
  if (to->key_type == KK_STRING_KEY)
    snprintf (r->key, sizeof r->key, "%s", key.string);
  else if (to->key_type == KK_U64_KEY)
    snprintf (r->key, sizeof r->key, "%llu", (unsigned long long) key.u64);
  r->held = key.held;
  r->identity = kk_get_identity (&s->face, t, row);
  for (uint32_t f = 0; f < to->n_fields; f++)
    read_value (r->values + f, s, t, row, f);
}

void
plain_read (struct plain *to, const struct sample *s)
{
  ck_assert_uint_le (s->schema->n_tables, PLAIN_TABLES);
  to->n = s->schema->n_tables;
  to->wall_ns = s->time.wall_ns;
  to->mono_ns = s->time.mono_ns;
  to->after = s->time.after;
  for (uint32_t t = 0; t < to->n; t++) {
    const struct table_schema *schema = s->schema->tables + t;
    struct plain_table *table = to->tables + t;
    struct kk_table_info info;
    ck_assert_int_eq (kk_table_info (&s->face, t, &info), 0);
    snprintf (table->name, sizeof table->name, "%s", schema->name);
    table->key_type = schema->key_type;
    table->n_fields = table->n_rows = 0;
    table->state = info.state;
    table->held = info.held;
    table->mono_ns = info.mono_ns;
    for (uint32_t f = 0; f < schema->n_fields; f++)
      plain_add_field (table, schema->fields[f].name, schema->fields[f].type, schema->fields[f].kind, schema->fields[f].unit);
    for (uint32_t row = 0; row < info.rows; row++)
      read_row (table, s, t, row);
  }
}

void
plain_copy_table (struct plain_table *to, const struct plain_table *from)
{
  memcpy (to, from, offsetof (struct plain_table, rows));
  memcpy (to->rows, from->rows, from->n_rows * sizeof *to->rows);
}

void
plain_copy (struct plain *to, const struct plain *from)
{
  memcpy (to, from, offsetof (struct plain, tables));
  for (uint32_t t = 0; t < from->n; t++)
    plain_copy_table (to->tables + t, from->tables + t);
}

struct plain_table *
plain_table (struct plain *p, const char *name)
{
  for (uint32_t t = 0; t < p->n; t++)
    if (!strcmp (p->tables[t].name, name))
      return p->tables + t;
  return NULL;
}

struct plain_row *
plain_row (struct plain_table *t, const char *key)
{
  for (uint32_t i = 0; i < t->n_rows; i++)
    if (!strcmp (t->rows[i].key, key))
      return t->rows + i;
  return NULL;
}

int
plain_field (const struct plain_table *t, const char *name)
{
  for (uint32_t f = 0; f < t->n_fields; f++)
    if (!strcmp (t->fields[f].name, name))
      return (int) f;
  return -1;
}

struct plain_field *
plain_add_field (struct plain_table *t, const char *name, uint32_t type, uint32_t kind, const char *unit)
{
  ck_assert_uint_lt (t->n_fields, PLAIN_FIELDS);
  struct plain_field *f = t->fields + t->n_fields++;
  *f = (struct plain_field){.type = type, .kind = kind};
  snprintf (f->name, sizeof f->name, "%s", name);
  snprintf (f->unit, sizeof f->unit, "%s", unit ? unit : "");
  return f;
}

struct plain_row *
plain_add_row (struct plain_table *t, const char *key, uint64_t identity, bool held, int64_t mono_ns)
{
  ck_assert_uint_lt (t->n_rows, PLAIN_ROWS);
  struct plain_row *r = t->rows + t->n_rows++;
  snprintf (r->key, sizeof r->key, "%s", key);
  r->identity = identity;
  r->held = held;
  for (uint32_t f = 0; f < t->n_fields; f++)
    r->values[f] =
      (struct plain_value){.type = t->fields[f].type, .absent = KK_UNSET, .held = held, .mono_ns = mono_ns, .u64 = 0};
  return r;
}

void
plain_drop_field (struct plain_table *t, uint32_t field)
{
  t->n_fields--;
  memmove (t->fields + field, t->fields + field + 1, (t->n_fields - field) * sizeof *t->fields);
  for (uint32_t i = 0; i < t->n_rows; i++) {
    struct plain_value *v = t->rows[i].values;
    memmove (v + field, v + field + 1, (t->n_fields - field) * sizeof *v);
  }
}

void
plain_keep_rows (struct plain_table *t, const bool *keep)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < t->n_rows; i++)
    if (keep[i])
      t->rows[n++] = t->rows[i];
  if (n < t->n_rows && t->state == KK_COMPLETE)
    t->state = KK_PARTIAL;
  t->n_rows = n;
}

double
plain_number (const struct plain_value *v)
{
  return v->type == KK_TYPE_F64 ? v->f64 : v->type == KK_TYPE_U64 ? (double) v->u64 : (double) v->i64;
}

/* ---- Comparing ---- */

static bool
same_value (const struct plain_value *a, const struct plain_value *b)
{
  if (a->absent != b->absent || a->held != b->held || a->mono_ns != b->mono_ns || a->type != b->type)
    return false;
  if (a->absent)
    return true;
  switch (a->type) {
  case KK_TYPE_STRING:
    return !strcmp (a->text, b->text);
  case KK_TYPE_BOOL:
    return a->boolean == b->boolean;
  case KK_TYPE_F64:
    return fabs (a->f64 - b->f64) <= 1e-9 * (fabs (a->f64) + fabs (b->f64)) + 1e-9;
  default:
    return a->u64 == b->u64;
  }
}

static void
show (const struct plain_value *v, char text[100])
{
  char what[80];
  if (v->absent)
    snprintf (what, sizeof what, "absent %u", v->absent);
  else if (v->type == KK_TYPE_STRING)
    snprintf (what, sizeof what, "'%s'", v->text);
  else
    snprintf (what, sizeof what, "%.17g", v->type == KK_TYPE_BOOL ? v->boolean : plain_number (v));
  snprintf (text, 100, "%s%s@%lld", what, v->held ? " held" : "", (long long) v->mono_ns);
}

static bool
same_rows (struct plain_table *a, struct plain_table *b, char why[300])
{
  for (uint32_t i = 0; i < a->n_rows; i++) {
    const struct plain_row *x = a->rows + i, *y = plain_row (b, x->key);
    if (!y || x->identity != y->identity || x->held != y->held) {
      snprintf (why, 300, "row %.60s.%.60s is %s", a->name, x->key, y ? "another" : "missing");
      return false;
    }
    for (uint32_t f = 0; f < a->n_fields; f++) {
      const int g = plain_field (b, a->fields[f].name);
      char one[100], other[100];
      if (same_value (x->values + f, y->values + g))
        continue;
      show (x->values + f, one);
      show (y->values + g, other);
      snprintf (why, 300, "%.40s.%.20s.%.40s: %.90s, expected %.90s", b->name, x->key, a->fields[f].name, other, one);
      return false;
    }
  }
  return true;
}

static bool
same_table (struct plain_table *a, struct plain_table *b, char why[300])
{
  snprintf (why, 300, "%.60s: %u fields, %u rows, state %u, held %d, at %lld; expected %u, %u, %u, %d, %lld", b->name, b->n_fields,
            b->n_rows, b->state, b->held, (long long) b->mono_ns, a->n_fields, a->n_rows, a->state, a->held,
            (long long) a->mono_ns);
  if (a->n_fields != b->n_fields || a->n_rows != b->n_rows || a->state != b->state || a->held != b->held
      || a->mono_ns != b->mono_ns || a->key_type != b->key_type)
    return false;
  for (uint32_t f = 0; f < a->n_fields; f++) {
    const struct plain_field *x = a->fields + f;
    const int g = plain_field (b, x->name);
    snprintf (why, 300, "field %.60s.%.60s", a->name, x->name);
    if (g < 0 || x->type != b->fields[g].type || x->kind != b->fields[g].kind || strcmp (x->unit, b->fields[g].unit) != 0)
      return false;
  }
  return same_rows (a, b, why);
}

bool
plain_same (struct plain *a, struct plain *b, char why[300])
{
  snprintf (why, 300, "%u tables at %lld, %lld after %u; expected %u at %lld, %lld after %u", b->n, (long long) b->wall_ns,
            (long long) b->mono_ns, b->after, a->n, (long long) a->wall_ns, (long long) a->mono_ns, a->after);
  bool same = a->n == b->n && a->wall_ns == b->wall_ns && a->mono_ns == b->mono_ns && a->after == b->after;
  for (uint32_t t = 0; same && t < a->n; t++) {
    struct plain_table *other = plain_table (b, a->tables[t].name);
    if (!other)
      snprintf (why, 300, "no table %.60s", a->tables[t].name);
    same = other && same_table (a->tables + t, other, why);
  }
  return same;
}
