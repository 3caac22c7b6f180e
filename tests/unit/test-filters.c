/* Filters one after another, in any order, as they are installed. */
#include "rows-kit.h"

#include <dlfcn.h>
#include <pthread.h>

enum { FILTERS = 6, KEYS = 12 };

static const struct flow_table tables[] = {
  {"things",
   "key",
   KK_STRING_KEY,
   3,
   {KK_U64 ("count", "By", KK_COUNTER, .help = "Count"), KK_F64 ("load", "%", KK_GAUGE, .help = "Load"),
    KK_STRING ("word", .help = "Word")}},
  {"one",
   NULL,
   KK_NO_KEY,
   2,
   {KK_U64 ("count", "1", KK_COUNTER, .help = "Count"), KK_F64 ("load", "1", KK_GAUGE, .help = "Load")}},
  {"pids",
   "pid",
   KK_U64_KEY,
   2,
   {KK_U64 ("io", "By", KK_COUNTER, .help = "Bytes"), KK_F64 ("cpu", "%", KK_GAUGE, .help = "CPU")}},
};

static const char *const names[FILTERS] = {"rate", "dedup", "top", "select", "top", "select"};
/* An option that each is given, so that it concerns a part only. */
static const char *const wants[FILTERS][2] = {{"fields", "*.*"},     {"deadband", "*.load=5%"},
                                              {"by", "things.load"}, {"drop_fields", "one.load"},
                                              {"by", "pids.io"},     {"drop_rows", "*./^k?[13]$/"}};

static struct descriptor *descriptors[FILTERS];
static void *configs[FILTERS];
static struct kk_list lists[FILTERS];
static struct schema *schema;

static void
set_list (const struct kk_plugin *p, void *config, const char *option, const struct kk_list *list)
{
  for (uint32_t i = 0; i < p->n_options; i++)
    if (!strcmp (p->options[i].name, option))
      memcpy ((char *) config + p->options[i].offset, list, sizeof *list);
}

static void
set_plain (const struct kk_plugin *p, void *config)
{
  static const char suffix[] = "_per_s", *at = suffix;
  for (uint32_t i = 0; i < p->n_options; i++) {
    const struct kk_option *o = p->options + i;
    void *member = (char *) config + o->offset;
    int64_t number = !strcmp (o->name, "n") ? 3 : 4;
    bool yes = true;
    if (o->type == KK_OPTION_INT)
      memcpy (member, &number, sizeof number);
    else if (o->type == KK_OPTION_BOOL)
      memcpy (member, &yes, sizeof yes);
    else if (o->type == KK_OPTION_STRING)
      memcpy (member, &at, sizeof at);
  }
}

static void
set_up (void)
{
  fake_env (&flow_env, &flow_now);
  schema = flow_schema (tables, KK_COUNT (tables));
  for (int i = 0; i < FILTERS; i++) {
    char path[PATH_MAX];
    snprintf (path, sizeof path, "%s/%s.so", PLUGINS, names[i]);
    void *module = dlopen (path, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg (module != NULL, "%s", dlerror ());
    const struct kk_plugin *p = dlsym (module, "kk_plugin");
    ck_assert_ptr_nonnull (p);
    descriptors[i] = fake_descriptor (p);
    configs[i] = calloc (1, p->config_size);
    ck_assert_ptr_nonnull (configs[i]);
    set_plain (p, configs[i]);
    lists[i] = (struct kk_list){.items = &wants[i][1], .count = 1};
    set_list (p, configs[i], wants[i][0], lists + i);
  }
}

static void
tear_down (void)
{
  for (int i = 0; i < FILTERS; i++) {
    descriptor_free (descriptors[i]);
    free (configs[i]);
  }
  schema_unref (schema);
}

/* ---- A chain in an order of its own ---- */

struct line {
  unsigned random;
  struct instance_plan plans[FILTERS];
  struct instance *filters[FILTERS];
  int order[FILTERS];
  struct chain *chain;
  struct sample **in;
  int n_in;
  uint64_t came, cells;
};

static unsigned
draw (unsigned *random, unsigned n)
{
  *random = *random * 1103515245 + 12345;
  return (*random >> 12) % n;
}

/* Reads everything, and looks whether it makes sense. */
static void
look (void *arg, const struct sample *s)
{
  struct line *l = arg;
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
          ck_assert_msg (v.f64 >= 0 && v.f64 <= 4e6, "%s is %g", name, v.f64); /* never a spike */
      }
}

static void
line_begin (struct line *l, unsigned random)
{
  *l = (struct line){.random = random};
  for (int i = 0; i < FILTERS; i++)
    l->order[i] = i;
  for (int i = FILTERS - 1; i > 0; i--) {
    int k = (int) draw (&l->random, (unsigned) i + 1), was = l->order[i];
    l->order[i] = l->order[k];
    l->order[k] = was;
  }
  for (int i = 0; i < FILTERS; i++) {
    l->plans[i] = fake_plan (names[l->order[i]], descriptors[l->order[i]], configs[l->order[i]]);
    l->filters[i] = fake_instance (&flow_env, l->plans + i);
  }
  ck_assert_int_eq (chain_new (l->filters, FILTERS, look, l, &l->chain), 0);
}

static void
line_end (struct line *l)
{
  chain_free (l->chain);
  for (int i = 0; i < FILTERS; i++) {
    ck_assert_uint_eq (instance_stats (l->filters[i]).failures, 0);
    instance_free (l->filters[i]);
  }
}

static struct sample *
random_sample (unsigned *random)
{
  static const uint32_t states[] = {KK_COMPLETE, KK_COMPLETE, KK_COMPLETE, KK_PARTIAL};
  static const uint32_t afters[] = {KK_PRESENT, KK_PRESENT, KK_PRESENT, KK_GAP, KK_SUSPEND};
  static char keys[KEYS][4];
  static uint64_t counts[KEYS], identities[KEYS];
  struct flow_row rows[3][KEYS], single = {.cells = {{0}, {.f64 = 1}}};
  uint32_t n[3] = {0, 1, 0};
  fake_pass (&flow_now, SECOND / 4 * (1 + (int64_t) draw (random, 30) * (draw (random, 9) == 0)));
  for (uint32_t k = 0; k < KEYS; k++) {
    snprintf (keys[k], sizeof keys[k], "k%u", k % 100);
    if (draw (random, 12) == 0) { /* another thing: what it counts has nothing to do with before */
      identities[k]++;
      counts[k] = draw (random, 1000) * 1000000000u;
    }
    counts[k] += draw (random, 1000000);
    uint32_t why = draw (random, 10) ? 0 : KK_ERROR;
    struct flow_row row = {.name = keys[k],
                           .identity = identities[k] + 1,
                           .cells = {{counts[k], .why = why}, {.f64 = draw (random, 50)}, {.text = k % 2 ? "odd" : "even"}}};
    if (draw (random, 8))
      rows[0][n[0]++] = row;
    row.name = NULL;
    row.key = k + 1;
    if (draw (random, 8))
      rows[2][n[2]++] = row;
  }
  single.cells[0].bits = counts[0] % 1000;
  return flow_sample (
    schema,
    (struct flow_rows[]){{.n = n[0], .rows = rows[0], .held = draw (random, 6) == 0, .state = states[draw (random, 4)]},
                         {.n = 1, .rows = &single},
                         {.n = n[2], .rows = rows[2], .state = states[draw (random, 4)]}},
    afters[draw (random, 5)]);
}

static void *
run (void *arg)
{
  struct line *l = arg;
  for (int i = 0; i < l->n_in; i++)
    chain_run (l->chain, l->in[i]);
  chain_flush (l->chain);
  return NULL;
}

/* Two chains of instances of their own take the same samples on two threads. */
START_TEST (filters_stand_in_any_order)
{
  enum { SAMPLES = 60 };
  struct sample *samples[SAMPLES];
  int rounds = unit_rounds (60);
  for (int round = 0; round < rounds; round++) {
    unsigned random = (unsigned) round * 77 + 1;
    struct line lines[2];
    pthread_t threads[2];
    for (int i = 0; i < SAMPLES; i++)
      samples[i] = random_sample (&random);
    for (int i = 0; i < 2; i++) {
      line_begin (lines + i, random + (unsigned) i);
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
      line_end (lines + i);
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
