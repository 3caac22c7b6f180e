/* Samples for filters, described in one line each, and the filter they run through.
 *
 * Rows of a table are held one by one, or all at once; those that are come behind those that are not. */
#ifndef ROWS_KIT_H
#define ROWS_KIT_H

#include "chain.h"
#include "fake.h"
#include "shape.h"

struct flow_table {
  const char *name, *key;
  uint32_t key_type;
  uint32_t n_fields;
  struct kk_field fields[8];
};

static struct env flow_env;
static struct clock_reading flow_now;
static uint64_t flow_tick;
static struct sample *flow_out[8]; /* what came out of the last flow_run */
static size_t flow_n_out;

static inline struct schema *
flow_schema (const struct flow_table *tables, uint32_t n)
{
  struct schema *s = schema_new (&flow_env.host, n);
  for (uint32_t t = 0; t < n; t++) {
    ck_assert_int_eq (table_schema_name (s->tables + t, tables[t].name, tables[t].key, "Help", tables[t].key_type, 0), 0);
    for (uint32_t f = 0; f < tables[t].n_fields; f++)
      ck_assert_int_eq (table_schema_add (s->tables + t, tables[t].fields + f), 0);
  }
  return s;
}

/* One row, whose columns are of a read of their own. */
struct flow_cell {
  uint64_t bits;
  double f64;
  const char *text;
  uint32_t why;
};

struct flow_row {
  uint64_t key;
  const char *name;
  uint64_t identity;
  bool held;
  struct flow_cell cells[8];
};

struct flow_rows {
  uint32_t n, state;
  bool held;
  int64_t ago_ns; /* how long before the sample it was read */
  const struct flow_row *rows;
};

static inline uint64_t
flow_bits (const struct kk_field *f, const struct flow_cell *c, struct dict *dict)
{
  uint64_t bits = c->bits;
  if (f->type == KK_TYPE_F64)
    memcpy (&bits, &c->f64, sizeof bits);
  return f->type == KK_TYPE_STRING ? dict_intern (dict, c->text, strlen (c->text)) : bits;
}

/* Two segments: the rows that are held, and those that are not. */
static inline void
flow_segment (struct sample *s, uint32_t t, uint32_t g, const struct flow_rows *from, bool held)
{
  const struct table_schema *schema = s->schema->tables + t;
  uint32_t n = 0;
  for (uint32_t i = 0; i < from->n; i++)
    n += (from->held || from->rows[i].held) == held;
  if (!schema->key && !n)
    return;
  struct dict *dict = dict_new ();
  struct block *b = block_new (n, schema->n_fields, dict);
  b->tick = held || from->held ? flow_tick - 1 : flow_tick;
  b->wall_ns = flow_now.wall_ns - from->ago_ns;
  b->mono_ns = flow_now.mono_ns - from->ago_ns;
  b->state = from->state;
  for (uint32_t i = 0, row = 0; i < from->n; i++) {
    const struct flow_row *r = from->rows + i;
    if ((from->held || r->held) != held)
      continue;
    b->keys[row] = r->name ? dict_intern (dict, r->name, strlen (r->name)) : r->key;
    b->identities[row] = r->identity;
    for (uint32_t f = 0; f < schema->n_fields; f++) {
      b->values[(size_t) f * n + row] = r->cells[f].why ? 0 : flow_bits (schema->fields + f, r->cells + f, dict);
      b->absent[(size_t) f * n + row] = (uint8_t) r->cells[f].why;
    }
    row++;
  }
  struct segment *into = s->tables[t].segments + g;
  ck_assert_int_eq (sample_own (s, b), 0);
  for (uint32_t f = 0; f < b->n_columns; f++)
    into->columns[f] = (struct column){b, b->values + (size_t) f * n, b->absent + (size_t) f * n};
  into->n_rows = n;
  into->block = schema->key ? b : NULL;
  block_unref (b);
  dict_unref (dict);
}

static inline struct sample *
flow_sample (struct schema *schema, const struct flow_rows *tables, uint32_t after)
{
  uint32_t segments[16];
  for (uint32_t t = 0; t < schema->n_tables; t++)
    segments[t] = schema->tables[t].key ? 2 : 1;
  struct sample *s = sample_new (&flow_env.host, schema, segments);
  flow_tick++;
  s->tick = flow_tick;
  s->time = (struct kk_time){.wall_ns = flow_now.wall_ns, .mono_ns = flow_now.mono_ns, .after = after};
  for (uint32_t t = 0; t < schema->n_tables; t++) {
    bool single = !schema->tables[t].key;
    ck_assert_uint_eq (single ? tables[t].n : 1, 1);
    flow_segment (s, t, 0, tables + t, single && (tables[t].held || tables[t].rows->held));
    if (!single)
      flow_segment (s, t, 1, tables + t, true);
  }
  sample_seal (s);
  return s;
}

static inline void
flow_sink (void *arg, const struct sample *s)
{
  (void) arg;
  if (flow_n_out < KK_COUNT (flow_out))
    flow_out[flow_n_out] = sample_ref (s);
  flow_n_out++;
}

static inline void
flow_clear (void)
{
  for (size_t i = 0; i < flow_n_out && i < KK_COUNT (flow_out); i++)
    sample_unref (flow_out[i]);
  flow_n_out = 0;
}

/* ---- One filter ---- */

struct flow {
  struct descriptor *d;
  struct instance_plan *plan; /* outlives the filter, wherever this struct is copied to */
  struct instance *filter;
  struct chain *chain;
};

static inline struct flow
flow_begin (const struct kk_plugin *plugin, void *config)
{
  struct flow f = {0};
  f.d = fake_descriptor (plugin);
  f.plan = malloc (sizeof *f.plan);
  ck_assert_ptr_nonnull (f.plan);
  *f.plan = fake_plan (plugin->name, f.d, config);
  f.filter = fake_instance (&flow_env, f.plan);
  ck_assert_int_eq (chain_new (&f.filter, 1, flow_sink, NULL, &f.chain), 0);
  return f;
}

static inline void
flow_end (struct flow *f)
{
  chain_free (f->chain);
  instance_free (f->filter);
  free (f->plan);
  descriptor_free (f->d);
}

/* As after a reload that leaves the filter alone. */
static inline void
flow_rechain (struct flow *f)
{
  chain_free (f->chain);
  ck_assert_int_eq (chain_new (&f->filter, 1, flow_sink, NULL, &f->chain), 0);
}

/* The sample that comes out, borrowed until the next call. */
static inline const struct kk_sample *
flow_run (struct flow *f, struct schema *schema, const struct flow_rows *tables, uint32_t after)
{
  flow_clear ();
  struct sample *s = flow_sample (schema, tables, after);
  chain_run (f->chain, s);
  sample_unref (s);
  ck_assert_uint_eq (flow_n_out, 1);
  return &flow_out[0]->face;
}

/* The number of a field that comes out. */
static inline uint32_t
flow_field (const struct kk_sample *s, const char *table, const char *field, uint32_t *ret_table)
{
  const struct schema *schema = sample_of (s)->schema;
  int64_t t = schema_find_table (schema, table);
  ck_assert_msg (t >= 0, "no table %s", table);
  int64_t f = table_schema_find (schema->tables + t, field);
  ck_assert_msg (f >= 0, "no field %s.%s", table, field);
  *ret_table = (uint32_t) t;
  return (uint32_t) f;
}

static inline struct kk_value
flow_get (const struct kk_sample *s, const char *table, uint32_t row, const char *field)
{
  uint32_t t, f = flow_field (s, table, field, &t);
  struct kk_value v;
  kk_get (s, t, row, f, &v);
  return v;
}

/* What a plugin says of a config: NULL, or the sentence. */
static inline const char *
flow_fault (const struct kk_plugin *plugin, const void *config, struct schema *in)
{
  static struct kk_fault fault;
  struct shape *shape;
  fault = (struct kk_fault){0};
  ck_assert_int_eq (shape_new (&flow_env.host, in, &shape), 0);
  int r = plugin->shape (config, &in->face, &shape->face, &fault);
  ck_assert_int_eq (r, fault.text[0] ? -EINVAL : 0);
  shape_free (shape);
  return r ? fault.text : NULL;
}
#endif
