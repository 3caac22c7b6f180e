/* Random chains of filters against slow and obvious reckonings: what comes out of each is what its model makes of what came
 * to it. Before, between and behind them stands a filter that looks on and passes everything on as it is. */
#include "filters-kit.h"
#include "filters-model.h"

enum { MOST = 4, SAMPLES = 60 };

static struct descriptor *descriptors[MODEL_KINDS], *looker;
static struct schema *schema;

/* What stands behind filter number `at` - 1 and in front of filter `at`. */
struct stage {
  struct chain_of *in;
  int at;
};

struct chain_of {
  unsigned number;
  int n, sample;
  const struct model_config *configs[MOST];
  struct model models[MOST];
  struct stage stages[MOST + 1];
  struct line line;
  bool due[MOST + 1]; /* its model passed something on, and that has not come */
  unsigned came[MOST + 1];
};

static struct plain expected[MOST + 1], got;

static void
say (const struct chain_of *c, int at, const char *why)
{
  char text[600] = "";
  for (int i = 0; i < c->n; i++)
    snprintf (text + strlen (text), sizeof text - strlen (text), "%s%s%s", c->configs[i]->name,
              c->configs[i]->second ? " 2" : "", i + 1 < c->n ? ", " : "");
  ck_abort_msg ("chain %u (%s), sample %d, behind filter %d: %s", c->number, text, c->sample, at, why);
}

/* How a message is worded is another test's. */
static void
leave_out_words (struct plain *p)
{
  struct plain_table *t = plain_table (p, "alerts");
  const int unit = t ? plain_field (t, "unit") : -1, text = t ? plain_field (t, "text") : -1;
  for (uint32_t i = 0; unit >= 0 && text >= 0 && i < t->n_rows; i++) {
    *t->rows[i].values[unit].text = 0;
    *t->rows[i].values[text].text = 0;
  }
}

static void
compare (struct chain_of *c, int at)
{
  char why[300];
  if (!c->due[at])
    say (c, at, "there is a sample more");
  c->due[at] = false;
  if (c->configs[at - 1]->kind == MODEL_ALERT) {
    static struct plain worded;
    plain_copy (&worded, &got);
    leave_out_words (&worded);
    leave_out_words (expected + at);
    if (!plain_same (expected + at, &worded, why))
      say (c, at, why);
  } else if (!plain_same (expected + at, &got, why))
    say (c, at, why);
}

static int
looker_create (struct kk_instance *self, const void *config, void **state)
{
  (void) self;
  *state = (void *) (uintptr_t) config;
  return 0;
}

static void
looker_destroy (void *state)
{
  (void) state;
}

static int
looker_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  (void) state, (void) in;
  *binding = NULL;
  return kk_shape_touch (shape, KK_NONE);
}

static int
looker_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  const struct stage *s = state;
  struct chain_of *c = s->in;
  (void) binding;
  c->came[s->at]++;
  plain_read (&got, sample_of (in));
  if (s->at)
    compare (c, s->at);
  if (s->at < c->n)
    c->due[s->at + 1] = model_take (c->models + s->at, &got, expected + s->at + 1);
  return kk_emit (out);
}

/* The filter behind is told next. */
static int
looker_flush (void *state, struct kk_emit *out)
{
  const struct stage *s = state;
  struct chain_of *c = s->in;
  (void) out;
  for (int i = 0; i <= c->n; i++)
    if (c->due[i])
      say (c, i, "nothing came at a stop");
  if (s->at < c->n && c->configs[s->at]->kind == MODEL_AGGREGATE)
    c->due[s->at + 1] = model_flush (c->models + s->at, expected + s->at + 1);
  return 0;
}

static const struct kk_plugin looker_plugin =
  FAKE_PLUGIN (.kind = KK_FILTER, .name = "looker", .create = looker_create, .destroy = looker_destroy, .bind = looker_bind,
               .process = looker_process, .flush_filter = looker_flush);

static void
set_up (void)
{
  fake_env (&flow_env, &flow_now);
  schema = flow_schema (line_tables, KK_COUNT (line_tables));
  for (int i = 0; i < MODEL_CONFIGS; i++)
    if (!descriptors[model_configs[i].kind])
      descriptors[model_configs[i].kind] = line_plugin (model_configs[i].name);
  looker = fake_descriptor (&looker_plugin);
}

static void
tear_down (void)
{
  for (int i = 0; i < MODEL_KINDS; i++)
    descriptor_free (descriptors[i]);
  descriptor_free (looker);
  schema_unref (schema);
}

/* ---- One chain ---- */

static void
nowhere (void *arg, const struct sample *s)
{
  *(bool *) arg = s->tables[schema_find_table (s->schema, "alerts")].state == KK_FAILED;
}

/* Alert reads what it kept on a thread of its own: until then it says nothing of its rules. */
static void
open_alert (struct instance *alert)
{
  const struct flow_row one = {.cells = {{0}, {.f64 = 0}}};
  bool closed = true;
  struct chain *c;
  ck_assert_int_eq (chain_new (&alert, 1, nowhere, &closed, &c), 0);
  const int64_t until = real_in (10);
  while (closed) {
    ck_assert_msg (real_mono_ns () < until, "alert does not begin");
    fake_pass (&flow_now, SECOND / 4);
    struct sample *s = flow_sample (schema, (struct flow_rows[]){{.n = 0}, {.n = 1, .rows = &one}, {.n = 0}}, KK_PRESENT);
    chain_run (c, s);
    sample_unref (s);
    if (closed)
      nanosleep (&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  chain_free (c);
}

static bool
may_stand (const struct chain_of *c, const struct model_config *config)
{
  bool may = true;
  for (int i = 0; i < c->n; i++)
    may = may && !(c->configs[i] == config && config->once);
  return may;
}

static void
put_stage (struct chain_of *c, int at)
{
  c->stages[at] = (struct stage){c, at};
  line_put (&c->line, looker, c->stages + at);
}

static void
build (struct chain_of *c, unsigned *random)
{
  const int n = 1 + (int) unit_draw (random, MOST);
  put_stage (c, 0);
  while (c->n < n) {
    const struct model_config *config = model_configs + unit_draw (random, MODEL_CONFIGS);
    if (!may_stand (c, config))
      continue;
    struct instance *filter = line_add (&c->line, descriptors[config->kind], config->options);
    if (config->kind == MODEL_ALERT)
      open_alert (filter);
    model_begin (c->models + c->n, config);
    c->configs[c->n++] = config;
    put_stage (c, c->n);
  }
}

static void
ends (void *arg, const struct sample *s)
{
  (void) arg, (void) s;
}

static void
one_chain (unsigned number, unsigned met[MODEL_CONFIGS])
{
  struct line_series series = {.random = number * 7919 + 3};
  struct chain_of c = {.number = number};
  char *dir = unit_temp_dir ();
  flow_env.data_dir = dir;
  build (&c, &series.random);
  line_begin (&c.line, ends, NULL);
  for (c.sample = 0; c.sample < SAMPLES; c.sample++) {
    struct sample *s = line_sample (schema, &series);
    chain_run (c.line.chain, s);
    sample_unref (s);
    for (int i = 0; i <= c.n; i++)
      if (c.due[i])
        say (&c, i, "nothing came");
  }
  chain_flush (c.line.chain);
  for (int i = 0; i < c.n; i++) {
    met[c.configs[i] - model_configs] += c.came[i + 1];
    model_end (c.models + i);
  }
  line_end (&c.line);
  unit_remove_tree (dir);
  free (dir);
}

START_TEST (chains_do_as_reckoned)
{
  const int rounds = unit_rounds (300);
  const char *only = getenv ("KK_CHAIN");
  unsigned met[MODEL_CONFIGS] = {0};
  for (int i = 0; i < rounds; i++)
    if (!only || atoi (only) == i)
      one_chain ((unsigned) i, met);
  for (int i = 0; i < MODEL_CONFIGS && !only; i++) /* else this would say little */
    ck_assert_msg (met[i] > (unsigned) rounds * 2, "%s: %u samples", model_configs[i].options, met[i]);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_set_timeout (t, 60 * unit_slow ());
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, chains_do_as_reckoned);
}

UNIT_MAIN ("filters-model", tests)
