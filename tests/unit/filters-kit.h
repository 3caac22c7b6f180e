/* Filters as they are installed and as daemon.yaml configures them, one behind the other, and random samples of three tables
 * for them: rows that come and go, keys that become another thing's, counters that begin anew, values that are absent or held.
 */
#ifndef FILTERS_KIT_H
#define FILTERS_KIT_H

#include "rows-kit.h"

#include "option.h"
#include "yamltree.h"

#include <dlfcn.h>

enum { LINE_MOST = 16, LINE_KEYS = 12 };

static const struct flow_table line_tables[] = {
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

/* The caller frees it. */
static inline struct descriptor *
line_plugin (const char *name)
{
  char path[PATH_MAX];
  snprintf (path, sizeof path, "%s/%s.so", PLUGINS, name);
  void *module = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  ck_assert_msg (module != NULL, "%s", dlerror ());
  return fake_descriptor (dlsym (module, "kk_plugin"));
}

/* ---- A chain ---- */

struct line {
  int n;
  struct descriptor *of[LINE_MOST];
  char names[LINE_MOST][16];
  void *configs[LINE_MOST];
  struct instance_plan plans[LINE_MOST];
  struct instance *filters[LINE_MOST];
  struct chain *chain;
};

static inline void *
line_config (const struct kk_plugin *p, const char *text)
{
  struct yaml_document *doc = NULL;
  struct diag faults = {0};
  void *config = NULL;
  ck_assert_int_eq (yaml_parse ("f", text, strlen (text), &faults, &doc), 0);
  int r = option_fill (p->options, p->n_options, p->config_size, doc->root, NULL, doc->root->at, &faults, &config);
  ck_assert_msg (!r, "%s: %s", p->name, text);
  yaml_free (doc);
  diag_free (&faults);
  return config;
}

/* Puts a filter that has its config behind those that are there. */
static inline struct instance *
line_put (struct line *l, struct descriptor *d, void *config)
{
  const int i = l->n++;
  ck_assert_int_lt (i, LINE_MOST);
  l->of[i] = d;
  snprintf (l->names[i], sizeof l->names[i], "%s", d->plugin.name);
  l->configs[i] = config;
  l->plans[i] = fake_plan (l->names[i], d, config);
  return l->filters[i] = fake_instance (&flow_env, l->plans + i);
}

static inline struct instance *
line_add (struct line *l, struct descriptor *d, const char *options)
{
  return line_put (l, d, line_config (&d->plugin, options));
}

static inline void
line_begin (struct line *l, chain_sink *sink, void *arg)
{
  ck_assert_int_eq (chain_new (l->filters, (size_t) l->n, sink, arg, &l->chain), 0);
}

/* No filter may have failed or lost anything. */
static inline void
line_end (struct line *l)
{
  chain_free (l->chain);
  for (int i = 0; i < l->n; i++) {
    const struct instance_stats s = instance_stats (l->filters[i]);
    ck_assert_msg (!s.failures && !s.dropped && !s.incomplete && !s.bad_fields && !s.lost_rows, "%s: %s", l->names[i],
                   l->filters[i]->last_message);
    instance_free (l->filters[i]);
    if (l->of[i]->plugin.n_options)
      option_free (l->of[i]->plugin.options, l->of[i]->plugin.n_options, l->configs[i]);
  }
}

/* A random order of 0 to n - 1. */
static inline void
line_shuffle (int *order, int n, unsigned *random)
{
  for (int i = 0; i < n; i++)
    order[i] = i;
  for (int i = n - 1; i > 0; i--) {
    const int k = (int) unit_draw (random, (unsigned) i + 1), was = order[i];
    order[i] = order[k];
    order[k] = was;
  }
}

/* ---- Samples ---- */

struct line_series {
  unsigned random;
  bool steady; /* four samples a second, and the machine never sleeps */
  char keys[LINE_KEYS][4];
  uint64_t counts[LINE_KEYS], identities[LINE_KEYS];
};

static inline struct flow_row
line_row (struct line_series *s, uint32_t k)
{
  unsigned *random = &s->random;
  snprintf (s->keys[k], sizeof s->keys[k], "k%u", k % 100);
  if (unit_draw (random, 12) == 0) { /* another thing: what it counts has nothing to do with before */
    s->identities[k]++;
    s->counts[k] = unit_draw (random, 1000) * UINT64_C (1000000000);
  } else if (unit_draw (random, 20) == 0) /* a counter that begins anew */
    s->counts[k] = 0;
  s->counts[k] += unit_draw (random, 4) ? unit_draw (random, 1000) : 0;
  return (struct flow_row){.identity = s->identities[k] + 1,
                           .held = unit_draw (random, 7) == 0,
                           .cells = {{s->counts[k], .why = unit_draw (random, 10) ? 0 : KK_ERROR},
                                     {.f64 = unit_draw (random, 50), .why = unit_draw (random, 10) ? 0 : KK_UNSET},
                                     {.text = unit_draw (random, 3) ? "odd" : "even"}}};
}

static inline struct sample *
line_sample (struct schema *schema, struct line_series *s)
{
  static const uint32_t states[] = {KK_COMPLETE, KK_COMPLETE, KK_COMPLETE, KK_PARTIAL, KK_FAILED};
  static const uint32_t afters[] = {KK_PRESENT, KK_PRESENT, KK_PRESENT, KK_PRESENT, KK_PRESENT, KK_GAP, KK_SUSPEND};
  unsigned *random = &s->random;
  struct flow_row rows[2][LINE_KEYS] = {0}, one = line_row (s, 0);
  struct flow_rows tables[3] = {{.rows = rows[0]}, {.n = 1, .rows = &one}, {.rows = rows[1]}};
  const unsigned pause = !s->steady && unit_draw (random, 15) == 0 ? 1 + unit_draw (random, 30) : 1;
  fake_pass (&flow_now, SECOND / 4 * pause);
  if (!s->steady && unit_draw (random, 20) == 0) /* the wall clock is set */
    flow_now.wall_ns += ((int) unit_draw (random, 9) - 4) * SECOND / 3;
  one.cells[0].bits %= 2000;
  for (uint32_t t = 0; t < 3; t++) {
    tables[t].held = unit_draw (random, 6) == 0;
    tables[t].ago_ns = unit_draw (random, 4) ? 0 : SECOND / 20;
    tables[t].state = t == 1 ? KK_COMPLETE : states[unit_draw (random, KK_COUNT (states))];
  }
  for (uint32_t k = 0; k < LINE_KEYS; k++) {
    struct flow_row row = line_row (s, k);
    if (tables[2].state != KK_FAILED && unit_draw (random, 8)) {
      rows[1][tables[2].n++] = row;
      rows[1][tables[2].n - 1].key = k + 1;
    }
    row.name = s->keys[k];
    if (tables[0].state != KK_FAILED && unit_draw (random, 8))
      rows[0][tables[0].n++] = row;
  }
  return flow_sample (schema, tables, s->steady ? KK_PRESENT : afters[unit_draw (random, KK_COUNT (afters))]);
}
#endif
