/* Bytes as what the process of an isolated plugin answers, the first of them says to which question: refused, or a descriptor,
 * tables, rows and samples that hold together. */
#include "chain.h"
#include "check/wild.h"
#include "declare.h"
#include "instance.h"
#include "isolate/face.h"
#include "isolate/replay.h"
#include "option.h"
#include "rows.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { DESCRIPTION, ROWS, SAMPLES, TABLES, STATUS, QUESTIONS };
enum { MAX_ROWS = 20 };

static struct env env;
static struct wire answer;

static void
no_time (void *arg, struct clock_reading *ret)
{
  (void) arg;
  *ret = (struct clock_reading){.mono_ns = 1};
}

/* ---- What a plugin is ---- */

/* Two entries in each of its maps. */
static void
fill_maps (const struct kk_plugin *p, void *config)
{
  for (uint32_t i = 0; i < p->n_options; i++) {
    union option_value value;
    if (p->options[i].type == KK_OPTION_MAP && wild_map (p->options + i, "/nowhere", 1, &value))
      option_store (p->options + i, config, &value);
  }
}

/* Its defaults, and maps, go to the process and back, and mean the same. */
static void
try_config (const struct descriptor *d)
{
  const struct kk_plugin *p = &d->plugin;
  struct diag faults = {0};
  void *config;
  if (!option_fill (p->options, p->n_options, p->config_size, NULL, NULL, (struct place){0}, &faults, &config)) {
    struct buf BUF_CLEANUP bytes = {0};
    fill_maps (p, config);
    face_put_config (&bytes, d, config);
    struct wire w = {.p = bytes.data, .end = bytes.data ? bytes.data + bytes.len : NULL};
    void *again = face_take_config (&w, d);
    if (!again || w.bad || w.p != w.end || !option_equal (p->options, p->n_options, config, again))
      abort ();
    option_free (p->options, p->n_options, config);
    option_free (p->options, p->n_options, again);
  }
  diag_free (&faults);
}

static void
take_description (void)
{
  static const struct kk_plugin calls;
  struct kk_plugin p = calls;
  struct descriptor *d;
  char *reason;
  /* Never called: they only have to be there. */
  p.create = (int (*) (struct kk_instance *, const void *, void **)) abort;
  p.read = (int (*) (void *, struct kk_rows *)) abort;
  p.bind = (int (*) (void *, const struct kk_schema *, struct kk_shape *, void **)) abort;
  p.process = (int (*) (void *, void *, const struct kk_sample *, struct kk_emit *)) abort;
  p.write = (int (*) (void *, const struct kk_sample *const *, uint32_t, uint32_t *)) abort;
  p.check = (int (*) (const void *, struct kk_fault *)) abort;
  p.declare = (int (*) (const void *, struct kk_declare *, struct kk_fault *)) abort;
  if (face_take (answer.p, (size_t) (answer.end - answer.p), &p, "/nowhere", &d, &reason)) {
    free (reason);
    return;
  }
  if (!option_check_table (d->plugin.options, d->plugin.n_options, &reason))
    try_config (d);
  else
    free (reason);
  descriptor_free (d);
}

/* ---- A plugin that does what the bytes say ---- */

struct config {
  bool extra;
};
static const struct kk_option options[] = {KK_OPT_BOOL ("extra", struct config, extra, .def = "true", .help = "More")};
static const struct kk_field fields[] = {
  KK_F64 ("f", "1", KK_GAUGE, .help = "f"),
  KK_U64 ("u", "1", KK_COUNTER, .help = "u"),
  KK_I64 ("i", "1", KK_GAUGE, .help = "i"),
  KK_BOOL ("b", .help = "b"),
  KK_STRING ("s", .help = "s"),
  KK_U64 ("x", "1", KK_GAUGE, .only_if = "extra", .help = "x"),
};
static const struct kk_table tables[] = {
  KK_SINGLE ("single", fields, "One"),
  KK_KEYED ("named", "name", KK_STRING_KEY, fields, "Many", .max_rows = MAX_ROWS),
  KK_KEYED ("numbered", "number", KK_U64_KEY, fields, "Many", .max_rows = MAX_ROWS, .only_if = "extra"),
};

static int
replay (void *state, struct kk_rows *rows, struct kk_emit *emit)
{
  struct kk_row *current[KK_COUNT (tables) + 1];
  struct replay r = {
    .instance = state, .rows = rows, .emit = emit, .current = current, .n_tables = rows ? KK_COUNT (tables) : 0};
  return replay_calls (&r, &answer);
}

static int
create (struct kk_instance *self, const void *config, void **state)
{
  (void) config;
  *state = self;
  return 0;
}

static int
read_rows (void *state, struct kk_rows *out)
{
  return replay (state, out, NULL);
}

static int
bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  (void) state;
  (void) in;
  *binding = NULL;
  return kk_shape_drop_field (shape, 1, 0);
}

static int
process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  (void) binding;
  (void) in;
  return replay (state, NULL, out);
}

static int
declare (const void *config, struct kk_declare *out, struct kk_fault *fault)
{
  (void) config;
  return face_take_tables (&answer, out) ? kk_refuse (fault, NULL, "nonsense") : 0;
}

#define PLUGIN(...)                                                                                                            \
  {                                                                                                                            \
    .size = sizeof (struct kk_plugin), .api = KK_API, .option_size = sizeof (struct kk_option),                                \
    .field_size = sizeof (struct kk_field), .table_size = sizeof (struct kk_table), .version = "1", .summary = "Of a test",    \
    .create = create, KK_OPTIONS (options), .config_size = sizeof (struct config), __VA_ARGS__                                 \
  }
static const struct kk_plugin input =
  PLUGIN (.kind = KK_INPUT, .name = "in", KK_TABLES (tables), .read = read_rows, .declare = declare);
static const struct kk_plugin filter = PLUGIN (.kind = KK_FILTER, .name = "through", .bind = bind, .process = process);

static struct instance *
make (const struct kk_plugin *plugin, struct instance_plan *plan)
{
  static struct config config = {.extra = true};
  struct descriptor *d;
  struct instance *i;
  char *reason;
  if (descriptor_copy (plugin, NULL, &d, &reason))
    abort ();
  *plan = (struct instance_plan){.name = (char *) (uintptr_t) plugin->name, .descriptor = d, .config = &config};
  if (instance_new (&env, NULL, plan, &i, &reason))
    abort ();
  return i;
}

static void
unmake (struct instance *i, const struct instance_plan *plan)
{
  if (i->n_status > INSTANCE_STATUS_KEYS)
    abort ();
  instance_free (i);
  descriptor_free ((struct descriptor *) (uintptr_t) plan->descriptor);
}

/* ---- Rows and samples ---- */

static void
look_at_block (const struct block *b)
{
  for (uint32_t c = 0; c < b->n_columns; c++)
    for (uint32_t r = 0; r < b->n_rows; r++) {
      uint32_t length, absent = b->absent[(size_t) c * b->n_rows + r];
      if (absent > KK_DENIED)
        abort ();
      if (!absent && fields[c].type == KK_TYPE_STRING) {
        const char *text = dict_get (b->dict, (uint32_t) b->values[(size_t) c * b->n_rows + r], &length);
        if (strlen (text) != length || length > 16384)
          abort ();
      }
    }
}

static void
take_rows (void)
{
  struct instance_plan plan;
  struct instance *i = make (&input, &plan);
  struct rows *rows;
  if (rows_new (&env.host, plan.descriptor, plan.config, &rows) || rows_begin (rows, &(struct kk_time){.mono_ns = 1}))
    abort ();
  i->plugin->read (i->state, rows_face (rows));
  for (uint32_t t = 0; t < KK_COUNT (tables); t++) {
    struct block *b = rows_seal (rows, t, 1, false);
    if (!b || b->state > KK_FAILED || b->n_rows > (t ? MAX_ROWS : 1))
      abort ();
    look_at_block (b);
    block_unref (b);
  }
  rows_free (rows);
  unmake (i, &plan);
}

/* A single table, and one of ten numbered rows in two parts. */
static struct sample *
make_sample (struct schema **ret)
{
  static const char *const names[] = {"single", "numbered"};
  struct schema *schema = *ret = schema_new (&env.host, 2);
  for (uint32_t t = 0; t < 2; t++) {
    const struct kk_field a = {.name = "a", .type = KK_TYPE_U64, .kind = KK_GAUGE},
                          b = {.name = "b", .type = KK_TYPE_U64, .kind = KK_GAUGE};
    if (table_schema_name (schema->tables + t, names[t], t ? "key" : NULL, "", t ? KK_U64_KEY : KK_NO_KEY, 0)
        || table_schema_add (schema->tables + t, &a) || table_schema_add (schema->tables + t, &b))
      abort ();
  }
  struct sample *s = sample_new (&env.host, schema, (const uint32_t[]){1, 2});
  for (uint32_t t = 0; t < 2; t++)
    for (uint32_t g = 0; g < s->tables[t].n_segments; g++) {
      struct block *b = block_new (t ? 5 : 1, 2, NULL);
      struct segment *to = s->tables[t].segments + g;
      if (!b || sample_own (s, b))
        abort ();
      *to = (struct segment){.block = t ? b : NULL, .columns = to->columns, .n_rows = b->n_rows};
      for (uint32_t f = 0; f < 2; f++)
        to->columns[f] = (struct column){b, b->values + (size_t) f * b->n_rows, b->absent + (size_t) f * b->n_rows};
      block_unref (b);
    }
  sample_seal (s);
  return s;
}

static void
look_at_sample (void *arg, const struct sample *s)
{
  const struct schema *in = arg;
  struct kk_value v;
  if (s->schema == in || s->tables[1].n_rows > 10 || s->schema->tables[1].n_fields != 1)
    abort ();
  for (uint32_t r = 0; r < s->tables[1].n_rows; r++)
    kk_get (&s->face, 1, r, 0, &v);
}

static void
take_samples (void)
{
  struct instance_plan plan;
  struct instance *i = make (&filter, &plan);
  struct schema *schema;
  struct sample *s = make_sample (&schema);
  struct chain *chain;
  if (chain_new (&i, 1, look_at_sample, schema, &chain))
    abort ();
  chain_run (chain, s);
  chain_free (chain);
  sample_unref (s);
  schema_unref (schema);
  unmake (i, &plan);
}

static void
take_tables (void)
{
  static const struct config config = {.extra = true};
  struct descriptor *d, *declared;
  struct kk_fault fault;
  char *reason;
  if (descriptor_copy (&input, NULL, &d, &reason))
    abort ();
  if (!declare_tables (d, &config, &fault, &declared)) {
    struct rows *rows;
    if (rows_new (&env.host, declared, &config, &rows))
      abort ();
    rows_free (rows);
    descriptor_free (declared);
  }
  descriptor_free (d);
}

static void
take_status (void)
{
  struct instance_plan plan;
  struct instance *i = make (&filter, &plan);
  replay (i, NULL, NULL);
  unmake (i, &plan);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static void (*const take[QUESTIONS]) (void) = {take_description, take_rows, take_samples, take_tables, take_status};
  if (!size)
    return 0;
  env_init (&env);
  env.clock = (struct clock){.read = no_time};
  answer = (struct wire){.p = (const char *) data + 1, .end = (const char *) data + size};
  take[data[0] % QUESTIONS]();
  return 0;
}
