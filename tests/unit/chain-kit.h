/* Samples to send through a chain, and where they come out. */
#ifndef CHAIN_KIT_H
#define CHAIN_KIT_H

#include "chain.h"
#include "fake.h"
#include "shape.h"

static struct env env;
static struct clock_reading now;
static struct schema *schema;
static struct chain *chain;
static struct sample *came[16];
static size_t n_out;

/* ---- Samples: system (a, b; single), things (by name, two segments), numbers (by number) ---- */

static void
column (struct sample *s, struct segment *g, const struct block *b)
{
  ck_assert_int_eq (sample_own (s, b), 0);
  for (uint32_t f = 0; f < b->n_columns; f++)
    g->columns[f] = (struct column){b, b->values + (size_t) f * b->n_rows, b->absent + (size_t) f * b->n_rows};
  g->n_rows = b->n_rows;
}

static inline struct schema *
make_schema (void)
{
  static const char *const names[] = {"system", "things", "numbers"};
  struct schema *s = schema_new (&env.host, 3);
  for (uint32_t t = 0; t < 3; t++) {
    table_schema_name (s->tables + t, names[t], t ? "key" : NULL, "Help", t, 50);
    table_schema_add (s->tables + t, &(struct kk_field){.name = "a", .type = KK_TYPE_U64, .kind = KK_GAUGE, .unit = "By"});
    table_schema_add (s->tables + t, &(struct kk_field){.name = "b", .type = KK_TYPE_U64, .kind = KK_GAUGE});
  }
  return s;
}

static inline struct sample *
make_sample (struct schema *schema_, const char *first, const char *second)
{
  struct sample *s = sample_new (&env.host, schema_, (uint32_t[]){1, 2, 1});
  s->tick = 1;
  s->time = (struct kk_time){.wall_ns = now.wall_ns, .mono_ns = now.mono_ns};
  for (uint32_t t = 0, at = 0; t < 3; t++)
    for (uint32_t g = 0; g < s->tables[t].n_segments; g++) {
      const char *keys = t == 0 ? "." : t == 2 ? "1234" : g ? second : first;
      struct dict *d = dict_new ();
      struct block *b = block_new ((uint32_t) strlen (keys), 2, d);
      b->tick = 1;
      for (uint32_t i = 0; keys[i]; i++, at++) {
        b->keys[i] = t == 1 ? dict_intern (d, keys + i, 1) : (uint64_t) (keys[i] - '0');
        b->identities[i] = at;
        b->values[i] = at;
        b->values[b->n_rows + i] = 1000 + at;
        b->absent[i] = at % 5 == 4 ? KK_DENIED : KK_PRESENT;
        b->absent[b->n_rows + i] = KK_PRESENT;
      }
      column (s, s->tables[t].segments + g, b);
      s->tables[t].segments[g].block = t ? b : NULL;
      block_unref (b);
      dict_unref (d);
    }
  sample_seal (s);
  return s;
}

static void
sink (void *arg, const struct sample *s)
{
  (void) arg;
  came[n_out++ % KK_COUNT (came)] = sample_ref (s);
}

static void
clear (void)
{
  for (size_t i = 0; i < n_out && i < KK_COUNT (came); i++)
    sample_unref (came[i]);
  n_out = 0;
}
#endif
