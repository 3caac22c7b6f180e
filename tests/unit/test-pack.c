#include "fake.h"
#include "pack.h"

#include <math.h>

static uint64_t seed = 88172645463325252u;

static uint64_t
next (void)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}

static uint64_t
below (uint64_t n)
{
  return next () % n;
}

static struct env env;
static struct clock_reading now;

/* ---- Random schemas and samples ---- */

static struct schema *
random_schema (void)
{
  struct schema *s = schema_new (&env.host, 1 + (uint32_t)below (4));
  for (uint32_t t = 0; t < s->n_tables; t++) {
    uint32_t key = (uint32_t)below (3);
    char name[16];
    snprintf (name, sizeof name, "t%u", t);
    ck_assert_int_eq (table_schema_name (s->tables + t, name, key ? "key" : NULL, "Help", key, 0), 0);
    for (uint32_t f = 0, n = 1 + (uint32_t)below (5); f < n; f++) {
      snprintf (name, sizeof name, "f%u", f);
      struct kk_field field = {.name = name, .type = KK_TYPE_F64 + (uint32_t)below (5), .kind = KK_GAUGE};
      field.decimals = field.type == KK_TYPE_F64 ? (uint32_t)below (10) : 0;
      ck_assert_int_eq (table_schema_add (s->tables + t, &field), 0);
    }
  }
  return s;
}

static uint32_t
random_text (struct dict *d)
{
  char text[300];
  size_t n = below (10) ? below (20) : below (sizeof text);
  for (size_t i = 0; i < n; i++)
    text[i] = (char)('a' + below (3));
  return dict_intern (d, text, n);
}

static uint64_t
random_cell (const struct kk_field *f, struct dict *d, uint64_t before)
{
  static const uint64_t odd[] = {0, 1, UINT64_MAX, (uint64_t)INT64_MAX, (uint64_t)INT64_MIN, 1u << 31, UINT64_MAX - 15};
  static const double numbers[] = {0, -0.0, 0.05, -1e-9, 1e15, -1e300, 4503599627370497.5, 5e-324, 99.95};
  double v = numbers[below (KK_COUNT (numbers))];
  uint64_t bits = odd[below (KK_COUNT (odd))];
  switch (f->type) {
  case KK_TYPE_STRING:
    return random_text (d);
  case KK_TYPE_BOOL:
    return below (2);
  case KK_TYPE_F64:
    if (below (2))
      v = (double)(int64_t)next () / 1e12;
    memcpy (&bits, &v, sizeof bits);
    return bits;
  default:
    return below (3) ? before + below (200) - 100 : bits;
  }
}

/* The table as it was, in a block of its own, or a new reading of it with rows that come and go. */
static struct block *
random_block (const struct table_schema *t, const struct block *before, uint64_t tick)
{
  struct dict *d = dict_new ();
  bool same_rows = before && below (3);
  uint32_t rows = !t->key ? 1 : same_rows ? before->n_rows : (uint32_t)below (6);
  struct block *b = block_new (rows, t->n_fields, d);
  uint64_t key = below (2) ? 0 : next ();
  for (uint32_t i = 0; i < rows; i++) {
    uint32_t length = 0;
    char text[32];
    key += 1 + below (1000);
    snprintf (text, sizeof text, "key %u %llu", i, (unsigned long long)key);
    const char *was =
        same_rows && t->key_type == KK_STRING_KEY ? dict_get (before->dict, (uint32_t)before->keys[i], &length) : NULL;
    if (t->key_type == KK_STRING_KEY)
      b->keys[i] = was ? dict_intern (d, was, length) : dict_intern (d, text, strlen (text));
    else
      b->keys[i] = same_rows ? before->keys[i] : key;
    b->identities[i] = same_rows && below (20) ? before->identities[i] : next () >> below (64);
    for (uint32_t f = 0; f < t->n_fields; f++) {
      size_t at = (size_t)f * rows + i;
      b->absent[at] = below (5) ? KK_PRESENT : (uint8_t)(KK_UNSET + below (7));
      b->values[at] =
          random_cell (t->fields + f, d, before && before->n_rows > i ? before->values[(size_t)f * before->n_rows + i] : 0);
    }
  }
  b->state = (uint32_t)below (3);
  b->tick = tick;
  b->wall_ns = now.wall_ns - (int64_t)below (1000000);
  b->mono_ns = now.mono_ns;
  dict_unref (d);
  return b;
}

static void
use_block (struct sample *s, uint32_t t, const struct block *b)
{
  struct segment *g = s->tables[t].segments;
  ck_assert_int_eq (sample_own (s, b), 0);
  g->block = s->schema->tables[t].key ? b : NULL;
  g->n_rows = b->n_rows;
  for (uint32_t f = 0; f < s->schema->tables[t].n_fields; f++)
    g->columns[f] = (struct column){b, b->values + (size_t)f * b->n_rows, b->absent + (size_t)f * b->n_rows};
}

static struct sample *
random_sample (struct schema *schema, const struct sample *before)
{
  uint32_t segments[8] = {1, 1, 1, 1, 1, 1, 1, 1};
  struct sample *s = sample_new (&env.host, schema, segments);
  fake_pass (&now, SECOND - (int64_t)below (2 * MS));
  if (!below (10))
    now.wall_ns -= 7200 * SECOND;
  s->tick = before ? before->tick + 1 : 1;
  s->time = (struct kk_time){.wall_ns = now.wall_ns, .mono_ns = now.mono_ns, .after = (uint32_t)below (4)};
  for (uint32_t t = 0; t < schema->n_tables; t++) {
    const struct block *was = before ? before->tables[t].segments->columns[0].block : NULL;
    if (was && !below (4))
      use_block (s, t, was); /* held */
    else {
      struct block *b = random_block (schema->tables + t, was, s->tick);
      use_block (s, t, b);
      block_unref (b);
    }
  }
  sample_seal (s);
  return s;
}

/* ---- What must be the same ---- */

static void
same_value (const struct kk_value *a, const struct kk_value *b, uint32_t decimals)
{
  ck_assert_uint_eq (a->absent, b->absent);
  if (a->absent)
    return;
  ck_assert_uint_eq (a->type, b->type);
  ck_assert_uint_eq (a->held, b->held);
  if (a->type == KK_TYPE_STRING) {
    ck_assert_uint_eq (a->length, b->length);
    ck_assert_str_eq (a->string, b->string);
  } else if (a->type == KK_TYPE_F64 && decimals) {
    char x[400], y[400];
    snprintf (x, sizeof x, "%.*f", (int)decimals, a->f64);
    snprintf (y, sizeof y, "%.*f", (int)decimals, b->f64);
    ck_assert_msg (!strcmp (x, y) || fabs (a->f64 - b->f64) <= 0.500001 * pow (10, -(double)decimals) + fabs (a->f64) * 4e-16,
                   "%s %s", x, y);
  } else if (a->type == KK_TYPE_BOOL)
    ck_assert_int_eq (a->boolean, b->boolean);
  else
    ck_assert_uint_eq (a->u64, b->u64);
}

static void
same_sample (const struct sample *a, const struct sample *b)
{
  ck_assert_int_eq (a->time.wall_ns, b->time.wall_ns);
  ck_assert_int_eq (a->time.mono_ns, b->time.mono_ns);
  ck_assert_uint_eq (a->time.after, b->time.after);
  for (uint32_t t = 0; t < a->schema->n_tables; t++) {
    struct kk_table_info x, y;
    kk_table_info (&a->face, t, &x);
    kk_table_info (&b->face, t, &y);
    ck_assert_uint_eq (x.rows, y.rows);
    ck_assert_uint_eq (x.state, y.state);
    ck_assert_uint_eq (x.held, y.held);
    ck_assert_int_eq (x.wall_ns, y.wall_ns);
    for (uint32_t i = 0; i < x.rows; i++) {
      struct kk_value v, w;
      ck_assert_uint_eq (kk_get_key (&a->face, t, i, &v), kk_get_key (&b->face, t, i, &w));
      same_value (&v, &w, 0);
      ck_assert_uint_eq (kk_get_identity (&a->face, t, i), kk_get_identity (&b->face, t, i));
      for (uint32_t f = 0; f < a->schema->tables[t].n_fields; f++) {
        kk_get (&a->face, t, i, f, &v);
        kk_get (&b->face, t, i, f, &w);
        same_value (&v, &w, a->schema->tables[t].fields[f].decimals);
      }
    }
  }
}

START_TEST (what_was_packed_comes_back)
{
  fake_env (&env, &now);
  for (int round = 0; round < 150; round++) {
    struct schema *schema = random_schema ();
    struct sample *before = NULL, *packed_before = NULL;
    struct dict *dict = dict_new ();
    for (int i = 0; i < 15; i++) {
      struct buf b = {0};
      struct sample *s = random_sample (schema, before), *got;
      pack_sample (&b, s, before);
      ck_assert_int_eq (b.error, 0);
      const char *p = b.data;
      ck_assert_int_eq (unpack_sample (&p, b.data + b.len, schema, packed_before, dict, &got), 0);
      ck_assert_ptr_eq (p, b.data + b.len);
      same_sample (s, got);
      buf_free (&b);
      sample_unref (before);
      sample_unref (packed_before);
      before = s;
      packed_before = got;
    }
    sample_unref (before);
    sample_unref (packed_before);
    dict_unref (dict);
    schema_unref (schema);
  }
}
END_TEST

/* Reads every value, so that a sanitizer sees what is wrong with it. */
static void
read_all (const struct sample *s)
{
  for (uint32_t t = 0; t < s->schema->n_tables; t++)
    for (uint32_t i = 0; i < s->tables[t].n_rows; i++) {
      struct kk_value v;
      if (!kk_get_key (&s->face, t, i, &v) && v.type == KK_TYPE_STRING)
        ck_assert_uint_le (strlen (v.string), v.length);
      for (uint32_t f = 0; f < s->schema->tables[t].n_fields; f++)
        if (!kk_get (&s->face, t, i, f, &v) && v.type == KK_TYPE_STRING)
          ck_assert_uint_le (strlen (v.string), v.length);
    }
}

START_TEST (damaged_bytes_are_refused_or_read_safely)
{
  fake_env (&env, &now);
  for (int round = 0; round < 400; round++) {
    struct schema *schema = random_schema ();
    struct buf b = {0};
    struct sample *first = random_sample (schema, NULL), *second = random_sample (schema, first);
    pack_sample (&b, first, NULL);
    pack_sample (&b, second, first);
    size_t length = round % 2 ? below (b.len) : b.len;
    for (uint64_t n = below (4); n-- > 0 && length;)
      b.data[below (length)] ^= (char)(1 << below (8));
    char *exact = malloc (length + 1);
    memcpy (exact, b.data, length);
    exact = realloc (exact, length ? length : 1); /* a sanitizer sees a read beyond the end */
    const char *p = exact;
    struct sample *before = NULL, *s;
    struct dict *dict = dict_new ();
    while (p < exact + length && unpack_sample (&p, exact + length, schema, before, dict, &s) == 0) {
      read_all (s);
      sample_unref (before);
      before = s;
    }
    sample_unref (before);
    dict_unref (dict);
    free (exact);
    buf_free (&b);
    sample_unref (first);
    sample_unref (second);
    schema_unref (schema);
  }
}
END_TEST

START_TEST (what_does_not_change_costs_nothing)
{
  fake_env (&env, &now);
  struct schema *schema = schema_new (&env.host, 1);
  table_schema_name (schema->tables, "t", NULL, "", KK_NO_KEY, 0);
  for (int i = 0; i < 20; i++) {
    char name[16];
    snprintf (name, sizeof name, "f%d", i);
    table_schema_add (schema->tables, &(struct kk_field){.name = name, .type = KK_TYPE_F64, .kind = KK_GAUGE});
  }
  struct block *one = random_block (schema->tables, NULL, 1), *two = block_new (1, 20, NULL);
  memcpy (two->values, one->values, 20 * sizeof *one->values);
  memset (two->absent, KK_PRESENT, 20);
  memset (one->absent, KK_PRESENT, 20);
  two->tick = 2;
  struct sample *a = sample_new (&env.host, schema, (uint32_t[]){1}), *b = sample_new (&env.host, schema, (uint32_t[]){1});
  a->tick = 1, b->tick = 2;
  use_block (a, 0, one);
  use_block (b, 0, two);
  sample_seal (a);
  sample_seal (b);
  struct buf packed = {0};
  pack_sample (&packed, b, a);
  ck_assert_uint_le (packed.len, 40); /* the values alone are 160 */
  buf_free (&packed);
  sample_unref (a);
  sample_unref (b);
  block_unref (one);
  block_unref (two);
  schema_unref (schema);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, what_was_packed_comes_back);
  tcase_add_test (t, damaged_bytes_are_refused_or_read_safely);
  tcase_add_test (t, what_does_not_change_costs_nothing);
}

UNIT_MAIN ("pack", tests)
