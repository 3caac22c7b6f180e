/* Made-up samples: by an input of our own, put together as the daemon does it. */
#include "check/stand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct config {
  bool single, keyed;
  int64_t rows;
};
static const struct kk_option options[] = {
  KK_OPT_BOOL ("single", struct config, single, .help = "The table of one row"),
  KK_OPT_BOOL ("keyed", struct config, keyed, .help = "The tables of many rows"),
  KK_OPT_INT ("rows", struct config, rows, .help = "How many"),
};
enum { LOAD, MEMORY, BALANCE, ONLINE, MODEL, USED_PERCENT, AVAILABLE, USED };
static const struct kk_field system_fields[] = {
  [LOAD] = KK_F64 ("cpu_percent", "%", KK_GAUGE, .decimals = 1, .help = "A share"),
  [MEMORY] = KK_U64 ("bytes", "By", KK_COUNTER, .help = "A counter"),
  [BALANCE] = KK_I64 ("balance", "1", KK_GAUGE, .help = "A number with a sign"),
  [ONLINE] = KK_BOOL ("online", .help = "Yes or no"),
  [MODEL] = KK_STRING ("model", .help = "A text"),
  [USED_PERCENT] = KK_F64 ("memory_percent", "%", KK_GAUGE, .decimals = 1, .help = "A share"),
  [AVAILABLE] = KK_F64 ("memory_available_mb", "MiBy", KK_GAUGE, .decimals = 1, .help = "A size"),
  [USED] = KK_F64 ("memory_used_mb", "MiBy", KK_GAUGE, .decimals = 1, .help = "A size"),
};
enum { NAME, CPU, BYTES };
static const struct kk_field row_fields[] = {
  [NAME] = KK_STRING ("name", .help = "A name"),
  [CPU] = KK_F64 ("cpu_percent", "%", KK_GAUGE, .decimals = 1, .help = "A share"),
  [BYTES] = KK_U64 ("bytes", "By", KK_COUNTER, .help = "A counter"),
};
static const struct kk_table tables[] = {
  KK_SINGLE ("system", system_fields, "One row", .only_if = "single"),
  KK_KEYED ("processes", "pid", KK_U64_KEY, row_fields, "Rows by number", .only_if = "keyed"),
  KK_KEYED ("interfaces", "name", KK_STRING_KEY, row_fields, "Rows by name", .only_if = "keyed"),
};

struct source {
  const struct config *config;
  uint64_t reads;
};

static int
create (struct kk_instance *self, const void *config, void **state)
{
  (void) self;
  struct source *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  s->config = config;
  *state = s;
  return 0;
}

static void
set_system (const struct source *s, struct kk_row *row)
{
  static const char *const texts[] = {"plain", "", "quotes \" and \\ and \t", "\303\244\342\202\254\360\237\230\200", "%s%n"};
  uint64_t n = s->reads;
  if (n % 7 == 0)
    kk_absent (row, LOAD, KK_GAP);
  else
    kk_f64 (row, LOAD, n % 5 ? 100.0 / (double) n : -1e300);
  kk_u64 (row, MEMORY, n % 6 ? n * 4096 : n % 12 ? UINT64_MAX : 0); /* also backwards */
  kk_i64 (row, BALANCE, n % 2 ? INT64_MIN : INT64_MAX);
  kk_bool (row, ONLINE, n % 3 == 0);
  if (n % 4)
    kk_string (row, MODEL, texts[n % 5]);
  kk_f64 (row, USED_PERCENT, 40.5);
  kk_f64 (row, AVAILABLE, 1234.5);
  kk_f64 (row, USED, 0);
}

static int
read_ (void *state, struct kk_rows *out)
{
  struct source *s = state;
  s->reads++;
  set_system (s, kk_row (out, 0, NULL, 0));
  for (int64_t i = 0; i < s->config->rows; i++) {
    char key[32];
    uint64_t n = s->reads + (uint64_t) i;
    snprintf (key, sizeof key, "if%u", (unsigned) n % 100000);
    struct kk_row *rows[] = {kk_row_u64 (out, 1, n, n % 3), kk_row (out, 2, key, 0)};
    for (int t = 0; t < 2; t++) {
      kk_string (rows[t], NAME, key);
      kk_f64 (rows[t], CPU, (double) (n % 1000) / 10);
      if (n % 9)
        kk_u64 (rows[t], BYTES, n * s->reads);
    }
  }
  if (s->reads % 11 == 0)
    kk_table_state (out, 1, KK_PARTIAL);
  return s->reads % 13 ? 0 : -EIO;
}

static const struct kk_plugin plugin = {.size = sizeof plugin,
                                        .api = KK_API,
                                        .option_size = sizeof (struct kk_option),
                                        .field_size = sizeof (struct kk_field),
                                        .table_size = sizeof (struct kk_table),
                                        .kind = KK_INPUT,
                                        .name = "made-up",
                                        .version = "1",
                                        .summary = "Samples for filters and outputs",
                                        KK_OPTIONS (options),
                                        KK_TABLES (tables),
                                        .config_size = sizeof (struct config),
                                        .create = create,
                                        .destroy = free,
                                        .read = read_};

enum { FIRST = 32 };

struct samples {
  struct env env;
  struct stand *stand;
  struct descriptor *d;
  uint64_t tick;
  struct config configs[SAMPLES_VARIANTS];
  struct instance_plan plans[SAMPLES_VARIANTS];
  struct input *inputs[SAMPLES_VARIANTS];
  struct layout *layouts[SAMPLES_VARIANTS];
  struct sample *first[FIRST]; /* to see whether they are given back */
  unsigned n_first;
};

static int
make_variant (struct samples *s, unsigned v)
{
  static const struct config configs[SAMPLES_VARIANTS] = {[SAMPLES_ALL] = {true, true, 8},
                                                          [SAMPLES_SINGLE] = {true, false, 0},
                                                          [SAMPLES_MANY] = {true, true, 2000},
                                                          [SAMPLES_EMPTY] = {true, true, 0}};
  struct instance *i;
  char *reason = NULL;
  s->configs[v] = configs[v];
  s->plans[v] = (struct instance_plan){
    .name = (char *) (uintptr_t) plugin.name, .descriptor = s->d, .config = s->configs + v, .interval_ns = s->env.interval_ns};
  int r = instance_new (&s->env, NULL, s->plans + v, &i, &reason);
  if (!r)
    r = input_new (i, s->inputs + v);
  if (!r)
    r = layout_new (&s->env, s->inputs + v, 1, s->layouts + v, &reason);
  free (reason);
  return r;
}

int
samples_new (struct stand *stand, struct samples **ret)
{
  struct samples *s = calloc (1, sizeof *s);
  char *reason = NULL;
  if (!s)
    return -ENOMEM;
  env_init (&s->env);
  s->env.clock = stand->env.clock;
  s->env.interval_ns = stand->env.interval_ns;
  s->env.data_dir = stand->data_dir;
  s->stand = stand;
  int r = descriptor_copy (&plugin, NULL, &s->d, &reason);
  for (unsigned v = 0; !r && v < SAMPLES_VARIANTS; v++)
    r = make_variant (s, v);
  free (reason);
  if (r) {
    samples_free (s);
    return r;
  }
  *ret = s;
  return 0;
}

void
samples_free (struct samples *s)
{
  if (!s)
    return;
  for (unsigned i = 0; i < s->n_first; i++)
    sample_unref (s->first[i]);
  for (unsigned v = 0; v < SAMPLES_VARIANTS; v++) {
    layout_free (s->layouts[v]);
    input_free (s->inputs[v]);
  }
  descriptor_free (s->d);
  free (s);
}

struct sample *
samples_next (struct samples *s, unsigned variant)
{
  stand_pass (s->stand, s->env.interval_ns);
  struct clock_reading now = s->stand->now;
  struct input *in = s->inputs[variant];
  struct kk_time time = input_begin (in, &now);
  input_take (in, &now, ++s->tick, input_read (in, &time));
  time.elapsed_ns = 0;
  struct sample *sample = layout_collect (s->layouts[variant], s->inputs + variant, s->tick, &time);
  if (sample && s->n_first < FIRST)
    s->first[s->n_first++] = sample_ref (sample);
  return sample;
}

unsigned
samples_kept (const struct samples *s)
{
  unsigned n = 0;
  for (unsigned i = 0; i < s->n_first; i++)
    n += __atomic_load_n (&s->first[i]->refs, __ATOMIC_RELAXED) > 1;
  return n;
}
