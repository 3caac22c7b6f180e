/* Filters one after another, in any order, as they are installed. */
#include "filters-kit.h"

#include <pthread.h>

enum { FILTERS = 6 };

/* Each concerns a part only. */
static const char *const filters[FILTERS][2] = {
  {"rate", "{fields: ['*.*']}"},
  {"dedup", "{every: 4, deadband: ['*.load=5%']}"},
  {"top", "{by: [things.load], n: 3, other: true}"},
  {"select", "{drop_fields: [one.load]}"},
  {"top", "{by: [pids.io], n: 3, other: true}"},
  {"select", "{drop_rows: ['*./^k?[13]$/']}"},
};

static struct descriptor *descriptors[FILTERS];
static struct schema *schema;

static void
set_up (void)
{
  fake_env (&flow_env, &flow_now);
  schema = flow_schema (line_tables, KK_COUNT (line_tables));
  for (int i = 0; i < FILTERS; i++)
    descriptors[i] = line_plugin (filters[i][0]);
}

static void
tear_down (void)
{
  for (int i = 0; i < FILTERS; i++)
    descriptor_free (descriptors[i]);
  schema_unref (schema);
}

/* ---- A chain in an order of its own ---- */

struct one {
  struct line line;
  struct sample **in;
  int n_in;
  uint64_t came, cells;
};

/* Reads everything, and looks whether it makes sense. */
static void
look (void *arg, const struct sample *s)
{
  struct one *l = arg;
  l->came++;
  for (uint32_t t = 0; t < s->schema->n_tables; t++)
    for (uint32_t i = 0; i < s->tables[t].n_rows; i++)
      for (uint32_t f = 0; f < s->schema->tables[t].n_fields; f++) {
        struct kk_value v, key;
        const char *name = s->schema->tables[t].fields[f].name;
        kk_get_key (&s->face, t, i, &key);
        bool other = key.type == KK_TYPE_STRING ? !strcmp (key.string, "other") : key.type && !key.u64;
        ck_assert (!other || !kk_get_identity (&s->face, t, i));
        if (kk_get (&s->face, t, i, f, &v))
          continue;
        l->cells++;
        if (v.type == KK_TYPE_STRING)
          ck_assert_uint_eq (strlen (v.string), v.length);
        else if (strstr (name, "_per_s") && !other)
          ck_assert_msg (v.f64 >= 0 && v.f64 <= 1e4, "%s is %g", name, v.f64); /* never a spike */
      }
}

static void
one_begin (struct one *l, unsigned random)
{
  int order[FILTERS];
  *l = (struct one){.came = 0};
  line_shuffle (order, FILTERS, &random);
  for (int i = 0; i < FILTERS; i++)
    line_add (&l->line, descriptors[order[i]], filters[order[i]][1]);
  line_begin (&l->line, look, l);
}

static void *
run (void *arg)
{
  struct one *l = arg;
  for (int i = 0; i < l->n_in; i++)
    chain_run (l->line.chain, l->in[i]);
  chain_flush (l->line.chain);
  return NULL;
}

/* Two chains of instances of their own take the same samples on two threads. */
START_TEST (filters_stand_in_any_order)
{
  enum { SAMPLES = 60 };
  struct sample *samples[SAMPLES];
  int rounds = unit_rounds (60);
  for (int round = 0; round < rounds; round++) {
    struct line_series series = {.random = (unsigned) round * 77 + 1};
    struct one lines[2];
    pthread_t threads[2];
    for (int i = 0; i < SAMPLES; i++)
      samples[i] = line_sample (schema, &series);
    for (int i = 0; i < 2; i++) {
      one_begin (lines + i, series.random + (unsigned) i);
      lines[i].in = samples;
      lines[i].n_in = SAMPLES;
      ck_assert_int_eq (pthread_create (threads + i, NULL, run, lines + i), 0);
    }
    for (int i = 0; i < 2; i++)
      ck_assert_int_eq (pthread_join (threads[i], NULL), 0);
    for (int i = 0; i < SAMPLES; i++)
      sample_unref (samples[i]);
    for (int i = 0; i < 2; i++) {
      ck_assert_uint_eq (lines[i].came, SAMPLES);
      ck_assert_uint_gt (lines[i].cells, SAMPLES);
      line_end (&lines[i].line);
    }
  }
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, filters_stand_in_any_order);
}

UNIT_MAIN ("filters", tests)
