/* What filters cost: filters DIRECTORY, where their .so files are, and the title of one trial or nothing. Each is measured on
 * samples with few rows, on the same with many, and on the same with a long table that it does not touch; the differences are
 * what a value costs and what such a row does. Prints JSON, a line for each, with the best of some rounds; filters.py judges.
 */
#include "chain.h"
#include "graph.h"
#include "option.h"

#include <dlfcn.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FEW = 10, MANY = 1000, LONG = 20000, FIELDS = 8, SAMPLES = 50, LEAD = 10, ROUNDS = 25, WARM = 6 };
enum { ONE, MOVING, GAUGES, STILL, NAMED, IDLE, TABLES };

/* A filter whose options `less` differ touches so many values less in a sample, whatever the rows. */
struct trial {
  const char *title, *filter, *options, *less;
  uint32_t touched; /* values of a row, or of a sample where there are options `less`; 0: of those that are cost nothing */
};

#define RULE(n) "r" #n ": {when: one.f" #n " > 1e30}, "
#define RULES   RULE (0) RULE (1) RULE (2) RULE (3) RULE (4) RULE (5) RULE (6) RULE (7)

/* Of the tables `moving`, of counters, and `gauges` every value is new in every sample, of `still` none. */
static const struct trial trials[] = {
  {"select, a field less", "select", "drop_fields: [moving.f0]", NULL, 0},
  {"select, rows by glob, numbers", "select", "keep_rows: ['moving.1*']", NULL, 1},
  {"select, rows by glob, names", "select", "keep_rows: ['named.row-1*']", NULL, 1},
  {"select, rows by /expression/", "select", "keep_rows: ['named./^row-1[0-9]*$/']", NULL, 1},
  {"select, where f0 > 500", "select", "where: {moving: f0 > 500}", NULL, 1},
  {"select, where, two fields", "select", "where: {moving: f0 > 500 and f1 - f0 < 2KiB}", NULL, 2},
  {"select, where, a rate", "select", "where: {moving: rate(f0) > 100}", NULL, 1},
  {"rename, a table and fields", "rename", "{tables: {moving: new}, fields: {moving.f0: g0, named.f1: g1}}", NULL, 0},
  {"rename, a row", "rename", "rows: {named.row-1003: another}", NULL, FIELDS},
  {"label, two texts in each row", "label", "{fields: {site: berlin, role: web}, tables: [moving]}", NULL, 2},
  {"rate, 1 counter of 8", "rate", "fields: [moving.f0]", NULL, 1},
  {"rate, 8 counters", "rate", "fields: ['moving.*']", NULL, FIELDS},
  {"aggregate, 10 s, mean", "aggregate", "{every: 10s, fields: ['gauges.*=mean']}", NULL, FIELDS},
  {"aggregate, 10 s, all but percentiles", "aggregate", "{every: 10s, fields: ['gauges.*=min max mean last count sum stddev']}",
   NULL, FIELDS},
  {"aggregate, 30 s each 10 s, mean", "aggregate", "{every: 10s, window: 30s, fields: ['gauges.*=mean']}", NULL, FIELDS},
  {"aggregate, 10 s, p50 and p95, exact", "aggregate", "{every: 10s, fields: ['gauges.*=p50 p95']}", NULL, FIELDS},
  {"aggregate, a day, p95, sketched", "aggregate", "{every: 24h, fields: ['gauges.*=p95']}", NULL, FIELDS},
  {"top 5", "top", "{by: [moving.f0], n: 5}", NULL, 1},
  {"top 5 and other", "top", "{by: [moving.f0], n: 5, other: true}", NULL, FIELDS},
  {"dedup, all rows change", "dedup", "tables: [moving]", NULL, FIELDS},
  {"dedup, no row changes", "dedup", "tables: [still]", NULL, FIELDS},
  {"dedup, a deadband", "dedup", "{tables: [moving], deadband: ['moving.*=5%']}", NULL, FIELDS},
  {"alert, 10 plain rules", "alert", "rules: {" RULES "r8: {when: one.f0 < 0}, r9: {when: one.f1 < 0}}",
   "rules: {" RULE (0) "}", 9},
  {"alert, a rule over rows by glob", "alert", "rules: {r: {when: 'named[key=row-*].f0 > 1e30'}}", NULL, 1},
};

static struct clock_reading now = {.wall_ns = 1767225600000000000, .mono_ns = 1000000000, .boot_ns = 1000000000};
static const int64_t second = 1000000000;

static void
read_clock (void *arg, struct clock_reading *ret)
{
  (void) arg;
  *ret = now;
}

/* ---- Samples ---- */

struct set {
  uint32_t rows, idle; /* of each table, and of that which is not touched */
  struct sample *samples[SAMPLES];
  double best;
};

static struct schema *
make_schema (const struct kk_host *host)
{
  static const char *const names[TABLES] = {"one", "moving", "gauges", "still", "named", "idle"};
  struct schema *s = schema_new (host, TABLES);
  for (uint32_t t = 0; s && t < TABLES; t++) {
    if (table_schema_name (s->tables + t, names[t], t == ONE ? NULL : "key", "Help",
                           t == ONE     ? KK_NO_KEY
                           : t == NAMED ? KK_STRING_KEY
                                        : KK_U64_KEY,
                           0))
      abort ();
    for (uint32_t f = 0; f < FIELDS; f++) {
      char name[8];
      snprintf (name, sizeof name, "f%u", f);
      struct kk_field field = KK_U64 (name, "By", t == GAUGES ? KK_GAUGE : KK_COUNTER, .help = "A number");
      if (table_schema_add (s->tables + t, &field))
        abort ();
    }
  }
  return s;
}

static struct block *
make_block (uint32_t table, uint32_t rows, uint64_t tick, struct dict *names)
{
  struct block *b = block_new (rows, FIELDS, table == NAMED ? names : NULL);
  if (!b)
    abort ();
  b->tick = tick;
  for (uint32_t i = 0; i < rows; i++) {
    char name[16];
    int n = snprintf (name, sizeof name, "row-%u", 1000 + i);
    b->keys[i] = table == NAMED ? dict_intern (names, name, (size_t) n) : 1000 + 3 * i;
    b->identities[i] = i;
  }
  for (uint32_t i = 0; i < rows * FIELDS; i++) {
    b->values[i] = table == STILL ? i : i * 7919 % 1000 + 1000 * tick;
    b->absent[i] = KK_PRESENT;
  }
  return b;
}

static struct sample *
make_sample (const struct kk_host *host, struct schema *schema, const struct set *set, uint64_t tick, struct dict *names)
{
  struct sample *s = sample_new (host, schema, (uint32_t[]){1, 1, 1, 1, 1, 1});
  if (!s)
    abort ();
  s->tick = tick;
  for (uint32_t t = 0; t < TABLES; t++) {
    const uint32_t rows = t == ONE ? 1 : t == IDLE ? set->idle : set->rows;
    struct block *b = make_block (t, rows, tick, names);
    struct segment *g = s->tables[t].segments;
    if (sample_own (s, b))
      abort ();
    g->block = t == ONE ? NULL : b;
    g->n_rows = rows;
    for (uint32_t f = 0; f < FIELDS; f++)
      g->columns[f] = (struct column){b, b->values + (size_t) f * rows, b->absent + (size_t) f * rows};
    block_unref (b);
  }
  sample_seal (s);
  return s;
}

/* Time goes on, a second for each sample, and a minute from round to round so that no window has rows of two sets. The samples
 * are nobody else's. */
static void
stamp (struct set *set)
{
  now.wall_ns += 60 * second;
  now.mono_ns += 60 * second;
  for (int i = 0; i < SAMPLES; i++) {
    struct sample *s = set->samples[i];
    now.wall_ns += second;
    now.mono_ns += second;
    s->time = (struct kk_time){.wall_ns = now.wall_ns, .mono_ns = now.mono_ns};
    for (uint32_t t = 0; t < TABLES; t++) {
      struct block *b = (struct block *) (uintptr_t) s->tables[t].segments[0].columns[0].block;
      b->wall_ns = now.wall_ns;
      b->mono_ns = now.mono_ns;
    }
  }
}

/* ---- Measuring ---- */

static int64_t
cpu_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * second + t.tv_nsec;
}

static void
sink (void *arg, const struct sample *s)
{
  *(bool *) arg = s->schema->n_tables <= TABLES || s->tables[s->schema->n_tables - 1].state != KK_FAILED;
}

/* What a value costs at the least: it is read, compared with the one before, and put into a row; from the cache, so that it
 * says how fast the machine is and not what ran before. */
static double
bare (const struct set *set)
{
  static uint64_t rows[MANY][FIELDS];
  const struct column *c = set->samples[0]->tables[MOVING].segments[0].columns;
  uint64_t rose = 0;
  int64_t from = 0;
  for (int i = -1; i < SAMPLES; i++) {
    from = i == 0 ? cpu_ns () : from;
    for (uint32_t row = 0; row < MANY; row++)
      for (uint32_t f = 0; f < FIELDS; f++)
        if (!c[f].absent[row]) {
          rose += c[f].values[row] > rows[row][f];
          __atomic_store_n (&rows[row][f], c[f].values[row], __ATOMIC_RELAXED);
        }
    __asm__ volatile("" : : "r"(rose));
  }
  return (double) (cpu_ns () - from) / SAMPLES / MANY / FIELDS;
}

struct subject {
  void *module, *config;
  struct descriptor *d;
  struct instance_plan plan;
  struct instance *filter;
  struct chain *chain;
  bool ready;
};

/* Not timed are the first samples, with which the set before ends. */
static void
run (struct subject *s, struct set *set, bool measured)
{
  int64_t from = 0;
  stamp (set);
  for (int i = 0; i < SAMPLES; i++) {
    from = i == LEAD ? cpu_ns () : from;
    chain_run (s->chain, set->samples[i]);
  }
  double took = (double) (cpu_ns () - from) / (SAMPLES - LEAD);
  if (measured && (set->best <= 0 || took < set->best))
    set->best = took;
}

/* Until the filter has what it reads on a thread of its own. */
static void
warm (struct subject *s, struct set *set)
{
  for (int i = 0; i < WARM || (!s->ready && i < 1000); i++) {
    run (s, set, false);
    if (!s->ready)
      nanosleep (&(struct timespec){.tv_nsec = 10000000}, NULL);
  }
}

static int
begin (const struct env *env, const char *directory, const char *filter, const char *options, struct subject *ret)
{
  char path[4096], *reason = NULL;
  struct diag faults = {0};
  struct yaml_document *doc = NULL;
  *ret = (struct subject){.module = NULL};
  snprintf (path, sizeof path, "%s/%s.so", directory, filter);
  ret->module = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  const struct kk_plugin *p = ret->module ? dlsym (ret->module, "kk_plugin") : NULL;
  int r = p ? descriptor_copy (p, NULL, &ret->d, &reason) : -1;
  if (!r)
    r = yaml_parse (filter, options, strlen (options), &faults, &doc);
  if (!r)
    r = option_fill (p->options, p->n_options, p->config_size, doc->root, NULL, doc->root->at, &faults, &ret->config);
  ret->plan = (struct instance_plan){.name = (char *) (uintptr_t) filter,
                                     .descriptor = ret->d,
                                     .config = ret->config,
                                     .interval_ns = second,
                                     .deadline_ns = second};
  if (!r)
    r = instance_new (env, NULL, &ret->plan, &ret->filter, &reason);
  if (!r)
    r = chain_new (&ret->filter, 1, sink, &ret->ready, &ret->chain);
  diag_print (&faults, stderr);
  diag_free (&faults);
  yaml_free (doc);
  if (r)
    fprintf (stderr, "filters: %s: %s\n", filter, reason ? reason : ret->module ? "it cannot be made" : dlerror ());
  free (reason);
  return r;
}

static void
end (struct subject *s)
{
  chain_free (s->chain);
  instance_free (s->filter);
  if (s->d)
    option_free (s->d->plugin.options, s->d->plugin.n_options, s->config);
  descriptor_free (s->d);
}

/* By turns, so that a busy machine is as busy for each. *ret_less: a sample with the options `less`. */
static int
measure (const struct env *env, const char *directory, const struct trial *t, struct set sets[3], double *ret_less,
         double *ret_bare)
{
  char data[4096];
  struct subject s, less = {.chain = NULL};
  struct set of_less = sets[0];
  struct env other = *env; /* two of alert do not share what they keep */
  snprintf (data, sizeof data, "%s/less", env->data_dir);
  other.data_dir = data;
  int r = begin (env, directory, t->filter, t->options, &s);
  if (!r && t->less)
    r = mkdir (data, 0700) || begin (&other, directory, t->filter, t->less, &less);
  for (int i = 0; i < 3; i++) {
    sets[i].best = 0;
    if (!r)
      warm (&s, sets + i);
  }
  if (!r && t->less)
    warm (&less, &of_less);
  for (int round = 0; round < ROUNDS && !r; round++) {
    for (int i = 0; i < 3; i++)
      run (&s, sets + i, true);
    if (t->less)
      run (&less, &of_less, true);
    double took = bare (sets + 1);
    *ret_bare = !round || took < *ret_bare ? took : *ret_bare;
  }
  *ret_less = of_less.best;
  end (&s);
  end (&less);
  return r;
}

static void
print (const struct trial *t, const struct set sets[3], double less, double bare_ns)
{
  double values = t->less ? t->touched : (double) (MANY - FEW) * (t->touched ? t->touched : FIELDS);
  double value = (t->less ? sets[0].best - less : sets[1].best - sets[0].best) / values;
  printf (
    "{\"what\": \"%s\", \"filter\": \"%s\", \"touches\": %s, \"sample_ns\": %.0f, \"value_ns\": %.3f, \"idle_row_ns\": %.4f, "
    "\"bare_ns\": %.3f}\n",
    t->title, t->filter, t->touched ? "true" : "false", sets[0].best, value, (sets[2].best - sets[0].best) / (LONG - FEW),
    bare_ns);
  fflush (stdout);
}

static int
remove_one (const char *path, const struct stat *st, int type, struct FTW *at)
{
  (void) st;
  (void) type;
  (void) at;
  return remove (path);
}

int
main (int argc, char **argv)
{
  static struct set sets[3] = {{FEW, FEW, {NULL}, 0}, {MANY, FEW, {NULL}, 0}, {FEW, LONG, {NULL}, 0}};
  const char *tmp = getenv ("TMPDIR");
  char data[4096];
  double bare_ns = 0, less = 0;
  struct env env;
  int r = 0;
  snprintf (data, sizeof data, "%s/kk-filters-XXXXXX", tmp && *tmp ? tmp : "/tmp");
  if (argc < 2 || argc > 3 || !mkdtemp (data)) {
    fputs ("usage: filters DIRECTORY [TITLE]\n", stderr);
    return 2;
  }
  env_init (&env);
  env.clock = (struct clock){.read = read_clock};
  env.data_dir = data;
  env.interval_ns = second;
  struct schema *schema = make_schema (&env.host);
  struct dict *names = dict_new ();
  dict_begin (names);
  for (int i = 0; i < 3 * SAMPLES; i++)
    sets[i / SAMPLES].samples[i % SAMPLES] =
      make_sample (&env.host, schema, sets + i / SAMPLES, (uint64_t) (i % SAMPLES) + 1, names);
  for (size_t i = 0; i < KK_COUNT (trials) && !r; i++) {
    if (argc == 3 && strcmp (argv[2], trials[i].title) != 0)
      continue;
    r = measure (&env, argv[1], trials + i, sets, &less, &bare_ns);
    if (!r)
      print (trials + i, sets, less, bare_ns);
  }
  for (int i = 0; i < 3 * SAMPLES; i++)
    sample_unref (sets[i / SAMPLES].samples[i % SAMPLES]);
  dict_unref (names);
  schema_unref (schema);
  nftw (data, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  return r != 0;
}
