#include "fake.h"
#include "isolate/carry.h"

enum { ROUNDS = 300, TABLES = 4 };

static uint64_t seed = 88172645463325252u;

static uint32_t
below (uint32_t n)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t) (seed >> 16) % n;
}

static struct env env;
static struct clock_reading now;

/* ---- Random schemas and samples ---- */

static struct schema *
random_schema (void)
{
  struct schema *s = schema_new (&env.host, 1 + below (TABLES));
  for (uint32_t t = 0; t < s->n_tables; t++) {
    uint32_t key = below (3);
    char name[16];
    snprintf (name, sizeof name, "t%u", t);
    ck_assert_int_eq (table_schema_name (s->tables + t, name, key ? "key" : NULL, below (2) ? "Help" : NULL, key, below (9)),
                      0);
    s->tables[t].sparse = below (2);
    for (uint32_t f = 0, n = 1 + below (5); f < n; f++) {
      snprintf (name, sizeof name, "f%u", f);
      struct kk_field field = {.name = name,
                               .unit = below (2) ? "By" : NULL,
                               .type = KK_TYPE_F64 + below (5),
                               .kind = 1 + below (3),
                               .decimals = below (10)};
      ck_assert_int_eq (table_schema_add (s->tables + t, &field), 0);
    }
  }
  return s;
}

static uint64_t
random_text (struct dict *d)
{
  char text[40];
  int n = snprintf (text, sizeof text, "%.*s%u", (int) below (20), "some text of any sort", below (50));
  return dict_intern (d, text, (size_t) n);
}

/* All columns of a segment in one block, or each in one of its own. */
static void
random_segment (struct sample *s, const struct table_schema *ts, struct segment *g, bool joined)
{
  uint32_t rows = ts->key ? below (6) : 1;
  struct dict *d = dict_new ();
  struct block *whole = block_new (rows, ts->n_fields, d), *b = whole;
  whole->tick = s->tick - below (2);
  whole->state = below (3);
  whole->wall_ns = (int64_t) below (1000);
  for (uint32_t r = 0; r < rows; r++) {
    whole->keys[r] = ts->key_type == KK_STRING_KEY ? random_text (d) : below (1000);
    whole->identities[r] = below (1000);
  }
  ck_assert_int_eq (sample_own (s, whole), 0);
  g->block = ts->key ? whole : NULL;
  g->n_rows = rows;
  for (uint32_t f = 0; f < ts->n_fields; f++) {
    if (joined && f) {
      b = block_new (rows, 1, d);
      b->tick = s->tick - below (2);
      b->mono_ns = (int64_t) below (1000);
      ck_assert_int_eq (sample_own (s, b), 0);
    }
    size_t at = b == whole ? (size_t) f * rows : 0;
    for (uint32_t r = 0; r < rows; r++) {
      b->absent[at + r] = (uint8_t) (below (3) ? KK_PRESENT : below (KK_DENIED + 1));
      b->values[at + r] = ts->fields[f].type == KK_TYPE_STRING ? random_text (d)
                          : ts->fields[f].type == KK_TYPE_BOOL ? below (2)
                                                               : seed;
    }
    g->columns[f] = (struct column){b, b->values + at, b->absent + at};
    if (b != whole)
      block_unref (b);
  }
  block_unref (whole);
  dict_unref (d);
}

static void
same_as_before (struct sample *s, const struct sample *before, uint32_t t)
{
  for (uint32_t g = 0; g < s->tables[t].n_segments; g++) {
    const struct segment *from = before->tables[t].segments + g;
    struct segment *to = s->tables[t].segments + g;
    to->block = from->block;
    to->n_rows = from->n_rows;
    if (from->block)
      ck_assert_int_eq (sample_own (s, from->block), 0);
    for (uint32_t f = 0; f < s->schema->tables[t].n_fields; f++) {
      to->columns[f] = from->columns[f];
      ck_assert_int_eq (sample_own (s, from->columns[f].block), 0);
    }
  }
}

static struct sample *
random_sample (struct schema *schema, const struct sample *before)
{
  uint32_t n[TABLES];
  bool same[TABLES];
  for (uint32_t t = 0; t < schema->n_tables; t++) {
    same[t] = before && below (2);
    n[t] = same[t] ? before->tables[t].n_segments : schema->tables[t].key ? below (4) : 1;
  }
  struct sample *s = sample_new (&env.host, schema, n);
  s->tick = (before ? before->tick : 5) + 1 + below (3);
  s->time = (struct kk_time){.wall_ns = (int64_t) seed, .mono_ns = below (1000), .after = below (4)};
  for (uint32_t t = 0; t < schema->n_tables; t++)
    if (same[t])
      same_as_before (s, before, t);
    else
      for (uint32_t g = 0; g < n[t]; g++)
        random_segment (s, schema->tables + t, s->tables[t].segments + g, below (2));
  sample_seal (s);
  return s;
}

/* ---- What a plugin can see of both ---- */

static void
same_value (const struct kk_value *a, const struct kk_value *b)
{
  ck_assert_uint_eq (a->absent, b->absent);
  ck_assert_uint_eq (a->held, b->held);
  if (a->absent)
    return;
  ck_assert_uint_eq (a->type, b->type);
  ck_assert_uint_eq (a->length, b->length);
  if (a->type == KK_TYPE_STRING)
    ck_assert_str_eq (a->string, b->string);
  else if (a->type == KK_TYPE_BOOL)
    ck_assert (a->boolean == b->boolean);
  else
    ck_assert_uint_eq (a->u64, b->u64);
}

static void
same_rows (const struct kk_sample *a, const struct kk_sample *b, uint32_t t, uint32_t rows, uint32_t n_fields)
{
  for (uint32_t r = 0; r < rows; r++) {
    struct kk_value x, y;
    kk_get_key (a, t, r, &x);
    kk_get_key (b, t, r, &y);
    same_value (&x, &y);
    ck_assert_uint_eq (kk_get_identity (a, t, r), kk_get_identity (b, t, r));
    for (uint32_t f = 0; f < n_fields; f++) {
      struct kk_time p, q;
      kk_get (a, t, r, f, &x);
      kk_get (b, t, r, f, &y);
      same_value (&x, &y);
      kk_value_time (a, t, r, f, &p);
      kk_value_time (b, t, r, f, &q);
      ck_assert (p.wall_ns == q.wall_ns && p.mono_ns == q.mono_ns);
    }
  }
}

static void
same_sample (const struct sample *a, const struct sample *b)
{
  struct kk_time p, q;
  kk_sample_time (&a->face, &p);
  kk_sample_time (&b->face, &q);
  ck_assert (p.wall_ns == q.wall_ns && p.mono_ns == q.mono_ns && p.after == q.after && a->tick == b->tick);
  for (uint32_t t = 0; t < a->schema->n_tables; t++) {
    struct kk_table_info x, y;
    ck_assert_int_eq (kk_table_info (&a->face, t, &x), 0);
    ck_assert_int_eq (kk_table_info (&b->face, t, &y), 0);
    ck_assert_uint_eq (x.rows, y.rows);
    ck_assert_uint_eq (x.state, y.state);
    ck_assert_uint_eq (x.held, y.held);
    ck_assert (x.wall_ns == y.wall_ns && x.mono_ns == y.mono_ns);
    same_rows (&a->face, &b->face, t, x.rows, a->schema->tables[t].n_fields);
  }
}

static struct schema *
carry_schema (const struct schema *s)
{
  struct buf BUF_CLEANUP b = {0};
  carry_put_schema (&b, s);
  struct wire w = {.p = b.data, .end = b.data + b.len};
  struct schema *got = carry_take_schema (&w, &env.host);
  ck_assert_ptr_nonnull (got);
  ck_assert (w.p == w.end);
  return got;
}

START_TEST (schemas_arrive_whole)
{
  for (int i = 0; i < unit_rounds (ROUNDS); i++) {
    struct schema *s = random_schema (), *got = carry_schema (s);
    ck_assert_uint_eq (got->n_tables, s->n_tables);
    for (uint32_t t = 0; t < s->n_tables; t++) {
      struct kk_table x, y;
      ck_assert_int_eq (kk_schema_table (&s->face, t, &x), 0);
      ck_assert_int_eq (kk_schema_table (&got->face, t, &y), 0);
      ck_assert_str_eq (x.name, y.name);
      ck_assert_pstr_eq (x.key, y.key);
      ck_assert_pstr_eq (x.help, y.help);
      ck_assert (x.key_type == y.key_type && x.max_rows == y.max_rows && x.n_fields == y.n_fields);
      ck_assert_int_eq (kk_schema_sparse (&s->face, t), kk_schema_sparse (&got->face, t));
      for (uint32_t f = 0; f < x.n_fields; f++) {
        struct kk_field p, q;
        kk_schema_field (&s->face, t, f, &p);
        kk_schema_field (&got->face, t, f, &q);
        ck_assert_str_eq (p.name, q.name);
        ck_assert_pstr_eq (p.unit, q.unit);
        ck_assert (p.type == q.type && p.kind == q.kind && p.decimals == q.decimals);
      }
    }
    schema_unref (s);
    schema_unref (got);
  }
}
END_TEST

START_TEST (samples_arrive_whole_one_after_the_other)
{
  for (int i = 0; i < unit_rounds (ROUNDS); i++) {
    struct schema *schema = random_schema (), *theirs = carry_schema (schema);
    struct sample *before = NULL, *before_there = NULL;
    for (int n = 0; n < 5; n++) {
      struct sample *s = random_sample (schema, before);
      struct buf BUF_CLEANUP b = {0};
      carry_put_sample (&b, s, before);
      struct wire w = {.p = b.data, .end = b.data + b.len};
      struct sample *got = carry_take_sample (&w, theirs, before_there);
      ck_assert_ptr_nonnull (got);
      ck_assert (w.p == w.end);
      same_sample (s, got);
      sample_unref (before);
      sample_unref (before_there);
      before = s;
      before_there = got;
    }
    sample_unref (before);
    sample_unref (before_there);
    schema_unref (schema);
    schema_unref (theirs);
  }
}
END_TEST

START_TEST (what_is_cut_off_is_none)
{
  struct schema *schema = random_schema ();
  struct sample *s = random_sample (schema, NULL);
  struct buf BUF_CLEANUP b = {0};
  carry_put_sample (&b, s, NULL);
  for (size_t n = 0; n < b.len; n++) {
    char *exact = malloc (n + 1);
    ck_assert_ptr_nonnull (exact);
    memcpy (exact, b.data, n);
    struct wire w = {.p = exact, .end = exact + n};
    ck_assert_ptr_null (carry_take_sample (&w, schema, NULL));
    free (exact);
  }
  sample_unref (s);
  schema_unref (schema);
}
END_TEST

START_TEST (a_difference_needs_what_it_differs_from)
{
  struct schema *schema = random_schema ();
  struct sample *s = random_sample (schema, NULL);
  struct buf BUF_CLEANUP b = {0};
  carry_put_sample (&b, s, s);
  struct wire w = {.p = b.data, .end = b.data + b.len};
  ck_assert_ptr_null (carry_take_sample (&w, schema, NULL));
  w.p = b.data;
  struct sample *got = carry_take_sample (&w, schema, s);
  ck_assert_ptr_nonnull (got);
  same_sample (s, got);
  for (uint32_t t = 0; t < schema->n_tables; t++) /* nothing was copied */
    for (uint32_t g = 0; g < s->tables[t].n_segments; g++)
      ck_assert_ptr_eq (got->tables[t].segments[g].columns[0].block, s->tables[t].segments[g].columns[0].block);
  sample_unref (got);
  sample_unref (s);
  schema_unref (schema);
}
END_TEST

static void
set_up (void)
{
  fake_env (&env, &now);
}

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, NULL);
  tcase_add_test (t, schemas_arrive_whole);
  tcase_add_test (t, samples_arrive_whole_one_after_the_other);
  tcase_add_test (t, what_is_cut_off_is_none);
  tcase_add_test (t, a_difference_needs_what_it_differs_from);
}
UNIT_MAIN ("carry", tests)
