/* What filters cost: filters DIRECTORY, where their .so files are. For each the time per value it touches, and what a sample
 * takes of which it touches nothing. The best of some rounds, so that a busy machine says nearly the same. */
#include "chain.h"
#include "graph.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 1000, SOME = 300, FIELDS = 8, SAMPLES = 50, ROUNDS = 15, TABLES = 3 };

struct trial {
  const char *title, *filter;
  const char *list, *item; /* an option that is a list, or a map of texts by table, and its only item */
  const char *flag;        /* an option that is set, or NULL; of a map the table */
  uint32_t touched;        /* values of a row */
};

/* Of the first table every value is new in every sample, of the second none; the third is as the first, but as long as that of
 * the processes of a machine at work. */
static const struct trial trials[] = {
  {"rate, 1 counter of 8", "rate", "fields", "moving.f0", "keep", 1},
  {"rate, 8 counters", "rate", "fields", "moving.*", "keep", FIELDS},
  {"rate of what does not come", "rate", "fields", "*.none", "keep", 0},
  {"dedup, all rows change", "dedup", "tables", "moving", NULL, FIELDS},
  {"dedup, no row changes", "dedup", "tables", "still", NULL, FIELDS},
  {"dedup of what does not come", "dedup", "tables", "no*", NULL, 0},
  {"top 10", "top", "by", "moving.f0", NULL, 1},
  {"top 10 and other", "top", "by", "moving.f0", "other", FIELDS},
  {"top of what does not come", "top", "by", "none.f0", NULL, 0},
  {"select, rows by key", "select", "keep_rows", "moving.1*", NULL, 1},
  {"select, rows by /expression/", "select", "keep_rows", "moving./^1[0-9]*$/", NULL, 1},
  {"select, where f0 > 500", "select", "where", "f0 > 500", "moving", 1},
  {"select, 300 rows where f0 > 500", "select", "where", "f0 > 500", "some", 1},
  {"select, 300 rows, two fields", "select", "where", "f0 > 500 and f1 - f0 < 2KiB", "some", 2},
  {"select, 300 rows, rate", "select", "where", "rate(f0) > 100", "some", 1},
  {"select, a field less", "select", "drop_fields", "moving.f0", NULL, 0},
};

static struct clock_reading now = {.wall_ns = 1767225600000000000, .mono_ns = 1000000000, .boot_ns = 1000000000};

static void
read_clock (void *arg, struct clock_reading *ret)
{
  (void) arg;
  *ret = now;
}

static struct schema *
make_schema (const struct kk_host *host)
{
  static const char *const names[TABLES] = {"moving", "still", "some"};
  struct schema *s = schema_new (host, TABLES);
  for (uint32_t t = 0; s && t < TABLES; t++) {
    if (table_schema_name (s->tables + t, names[t], "pid", "Help", KK_U64_KEY, 0))
      abort ();
    for (uint32_t f = 0; f < FIELDS; f++) {
      char name[8];
      snprintf (name, sizeof name, "f%u", f);
      struct kk_field field = KK_U64 (name, "By", KK_COUNTER, .help = "A counter");
      if (table_schema_add (s->tables + t, &field))
        abort ();
    }
  }
  return s;
}

static uint32_t
rows_of (uint32_t table)
{
  return table == 2 ? SOME : ROWS;
}

static struct sample *
make_sample (const struct kk_host *host, struct schema *schema, uint64_t tick)
{
  struct sample *s = sample_new (host, schema, (uint32_t[]){1, 1, 1});
  if (!s)
    abort ();
  s->tick = tick;
  s->time = (struct kk_time){.wall_ns = now.wall_ns, .mono_ns = now.mono_ns};
  for (uint32_t t = 0; t < TABLES; t++) {
    const uint32_t rows = rows_of (t);
    struct block *b = block_new (rows, FIELDS, NULL);
    if (!b || sample_own (s, b))
      abort ();
    b->tick = tick;
    b->mono_ns = now.mono_ns;
    for (uint32_t i = 0; i < rows; i++) {
      b->keys[i] = 1000 + 3 * i;
      b->identities[i] = i;
    }
    for (uint32_t i = 0; i < rows * FIELDS; i++) {
      b->values[i] = t == 1 ? i : i * 7919 % 1000 + 1000 * tick;
      b->absent[i] = KK_PRESENT;
    }
    struct segment *g = s->tables[t].segments;
    g->block = b;
    g->n_rows = rows;
    for (uint32_t f = 0; f < FIELDS; f++)
      g->columns[f] = (struct column){b, b->values + f * rows, b->absent + f * rows};
    block_unref (b);
  }
  sample_seal (s);
  return s;
}

static void
sink (void *arg, const struct sample *s)
{
  *(uint64_t *) arg += s->tables[0].n_rows;
}

static int64_t
mono (void)
{
  struct timespec t;
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * INT64_C (1000000000) + t.tv_nsec;
}

static void *
make_config (const struct kk_plugin *p, const struct trial *t, const struct kk_list *list)
{
  static const char *suffix = "_per_s";
  char *config = calloc (1, p->config_size);
  for (uint32_t i = 0; config && i < p->n_options; i++) {
    const struct kk_option *o = p->options + i;
    int64_t number = o->def ? atoll (o->def) : 0;
    bool yes = true;
    const struct kk_map map = {.names = &t->flag, .items = &t->item, .count = 1};
    if (!strcmp (o->name, t->list) && o->type == KK_OPTION_MAP)
      memcpy (config + o->offset, &map, sizeof map);
    else if (!strcmp (o->name, t->list))
      memcpy (config + o->offset, list, sizeof *list);
    else if (t->flag && !strcmp (o->name, t->flag))
      memcpy (config + o->offset, &yes, sizeof yes);
    else if (o->type == KK_OPTION_INT)
      memcpy (config + o->offset, &number, sizeof number);
    else if (o->type == KK_OPTION_STRING)
      memcpy (config + o->offset, &suffix, sizeof suffix);
  }
  return config;
}

static double
best_of (struct chain *chain, struct sample *const *samples)
{
  double best = 0;
  for (int round = 0; round < ROUNDS; round++) {
    int64_t from = mono ();
    for (int i = 0; i < SAMPLES; i++)
      chain_run (chain, samples[i]);
    double took = (double) (mono () - from) / SAMPLES;
    if (!round || took < best)
      best = took;
  }
  return best;
}

static int
try (const struct env *env, const char *directory, const struct trial *t, struct sample *const *samples)
{
  char path[4096], *reason = NULL;
  uint64_t rows = 0;
  snprintf (path, sizeof path, "%s/%s.so", directory, t->filter);
  void *module = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  const struct kk_plugin *p = module ? dlsym (module, "kk_plugin") : NULL;
  struct kk_list list = {.items = &t->item, .count = 1};
  void *config = p ? make_config (p, t, &list) : NULL;
  struct descriptor *d;
  if (!config || descriptor_copy (p, NULL, &d, &reason)) {
    fprintf (stderr, "filters: %s\n", reason ? reason : module ? "no memory" : dlerror ());
    return 1;
  }
  struct instance_plan plan = {.name = (char *) (uintptr_t) t->filter,
                               .descriptor = d,
                               .config = config,
                               .interval_ns = 1000000000,
                               .deadline_ns = 1000000000};
  struct instance *filter;
  struct chain *chain;
  if (instance_new (env, NULL, &plan, &filter, &reason) || chain_new (&filter, 1, sink, &rows, &chain))
    return 1;
  double took = best_of (chain, samples);
  uint32_t rows_touched = rows_of (t->flag && !strcmp (t->flag, "some") ? 2 : 0);
  if (t->touched)
    printf ("  %-32s %9.0f ns a sample %7.1f ns a value\n", t->title, took, took / rows_touched / t->touched);
  else
    printf ("  %-32s %9.0f ns a sample\n", t->title, took);
  chain_free (chain);
  instance_free (filter);
  descriptor_free (d);
  free (config);
  return 0;
}

int
main (int argc, char **argv)
{
  struct env env;
  struct sample *samples[SAMPLES];
  int r = 0;
  if (argc != 2) {
    fputs ("usage: filters DIRECTORY\n", stderr);
    return 2;
  }
  env_init (&env);
  env.clock = (struct clock){.read = read_clock};
  env.data_dir = "/nonexistent";
  env.interval_ns = 1000000000;
  struct schema *schema = make_schema (&env.host);
  for (int i = 0; i < SAMPLES; i++) {
    now.mono_ns += env.interval_ns;
    samples[i] = make_sample (&env.host, schema, (uint64_t) i + 1);
  }
  printf ("filters, on two tables of %d rows and one of %d, with %d fields\n", ROWS, SOME, FIELDS);
  for (size_t i = 0; !r && i < KK_COUNT (trials); i++)
    r = try (&env, argv[1], trials + i, samples);
  for (int i = 0; i < SAMPLES; i++)
    sample_unref (samples[i]);
  schema_unref (schema);
  return r;
}
