/* The filter with samples to send through it, and a config of the test's own. */
#ifndef AGGREGATE_KIT_H
#define AGGREGATE_KIT_H

#include "aggregate/aggregate.c"
#include "chain-kit.h"

#include "aggregate/function.h"

#include <math.h>

/* ---- Samples: one (value, total; single), many (value, word; by name) ---- */

enum { MOST_ROWS = 6 };

struct reading {
  bool there, held;
  uint32_t absent, identity;
  double value;
};

struct moment {
  int64_t wall_ns;
  struct reading one, many[MOST_ROWS];
};

static bool many_held; /* the rows of `many` are those of an earlier reading */
static uint32_t many_state;

static struct schema *
make_tables (void)
{
  struct schema *s = schema_new (&env.host, 3);
  table_schema_name (s->tables, "one", NULL, "Help", KK_NO_KEY, 1);
  table_schema_add (s->tables, &(struct kk_field){.name = "value", .type = KK_TYPE_F64, .kind = KK_GAUGE, .unit = "%"});
  table_schema_add (s->tables, &(struct kk_field){.name = "total", .type = KK_TYPE_U64, .kind = KK_COUNTER, .unit = "By"});
  table_schema_name (s->tables + 1, "many", "name", "Help", KK_STRING_KEY, 100);
  table_schema_add (s->tables + 1, &(struct kk_field){.name = "value", .type = KK_TYPE_F64, .kind = KK_GAUGE});
  table_schema_add (s->tables + 1, &(struct kk_field){.name = "word", .type = KK_TYPE_STRING, .kind = KK_INFO});
  table_schema_name (s->tables + 2, "rest", NULL, "Help", KK_NO_KEY, 1);
  table_schema_add (s->tables + 2, &(struct kk_field){.name = "number", .type = KK_TYPE_U64, .kind = KK_GAUGE});
  return s;
}

static uint64_t
bits_of (double f)
{
  uint64_t bits;
  memcpy (&bits, &f, sizeof bits);
  return bits;
}

static void
fill_one (struct sample *s, const struct moment *m)
{
  struct block *b = block_new (1, 2, NULL), *rest = block_new (1, 1, NULL);
  b->tick = m->one.held ? s->tick - 1 : s->tick;
  b->mono_ns = s->time.mono_ns;
  b->values[0] = bits_of (m->one.value);
  b->values[1] = (uint64_t) m->wall_ns / 1000;
  b->absent[0] = (uint8_t) m->one.absent;
  b->absent[1] = KK_PRESENT;
  column (s, s->tables[0].segments, b);
  rest->tick = s->tick;
  rest->values[0] = (uint64_t) m->wall_ns;
  rest->absent[0] = KK_PRESENT;
  column (s, s->tables[2].segments, rest);
  block_unref (b);
  block_unref (rest);
}

static void
fill_many (struct sample *s, const struct moment *m)
{
  struct dict *d = dict_new ();
  uint32_t n = 0, at = 0;
  for (int i = 0; i < MOST_ROWS; i++)
    n += m->many[i].there;
  struct block *b = block_new (n, 2, d);
  b->tick = many_held ? s->tick - 1 : s->tick;
  b->mono_ns = s->time.mono_ns;
  b->state = many_state;
  for (int i = 0; i < MOST_ROWS; i++) {
    if (!m->many[i].there)
      continue;
    char key[2] = {(char) ('a' + i), 0};
    b->keys[at] = dict_intern (d, key, 1);
    b->identities[at] = m->many[i].identity;
    b->values[at] = bits_of (m->many[i].value);
    b->absent[at] = (uint8_t) m->many[i].absent;
    b->values[n + at] = dict_intern (d, m->many[i].identity % 2 ? "odd" : "even", m->many[i].identity % 2 ? 3 : 4);
    b->absent[n + at++] = KK_PRESENT;
  }
  column (s, s->tables[1].segments, b);
  s->tables[1].segments[0].block = b;
  block_unref (b);
  dict_unref (d);
}

static void
send_moment (const struct moment *m, uint64_t tick)
{
  struct sample *s = sample_new (&env.host, schema, (uint32_t[]){1, 1, 1});
  s->tick = tick;
  s->time = (struct kk_time){.wall_ns = m->wall_ns, .mono_ns = m->wall_ns + 5 * SECOND};
  fill_one (s, m);
  fill_many (s, m);
  sample_seal (s);
  chain_run (chain, s);
  sample_unref (s);
}

static struct kk_value
get (const struct sample *s, const char *table, uint32_t row, const char *field)
{
  int64_t t = schema_find_table (s->schema, table);
  ck_assert_int_ge (t, 0);
  int64_t f = table_schema_find (s->schema->tables + t, field);
  ck_assert_msg (f >= 0, "no %s.%s", table, field);
  struct kk_value v;
  kk_get (&s->face, (uint32_t) t, row, (uint32_t) f, &v);
  return v;
}

/* ---- The filter ---- */

static struct config config;
static struct descriptor *d;
static struct instance_plan plan;
static struct instance *filter;

static void
begin (int64_t every_ns, int64_t window_ns, const char *const *items, uint32_t n)
{
  config = (struct config){every_ns, window_ns, {.items = items, .count = n}};
  d = fake_descriptor (&kk_plugin);
  plan = fake_plan ("aggregate", d, &config);
  filter = fake_instance (&env, &plan);
  ck_assert_int_eq (chain_new (&filter, 1, sink, NULL, &chain), 0);
}

static void
end (void)
{
  clear ();
  chain_free (chain);
  instance_free (filter);
  descriptor_free (d);
}

static void
set_up (void)
{
  fake_env (&env, &now);
  many_held = false;
  many_state = KK_COMPLETE;
  schema = make_tables ();
}

static void
tear_down (void)
{
  schema_unref (schema);
}
#endif
