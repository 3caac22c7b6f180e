#include "expression-kit.h"

#include "layout.h"

static const struct kk_field system_fields[] = {
  [S_CPU] = KK_F64 ("cpu_percent", "%", KK_GAUGE, .help = "A share"),
  [S_USED_MB] = KK_F64 ("memory_used_mb", "MiBy", KK_GAUGE, .help = "A size"),
  [S_BYTES] = KK_U64 ("bytes_sent", "By", KK_COUNTER, .help = "A counter"),
  [S_STATE] = KK_STRING ("state", .help = "A text"),
  [S_ONLINE] = KK_BOOL ("online", .help = "Yes or no"),
  [S_CPU_S] = KK_F64 ("cpu_seconds", "s", KK_COUNTER, .help = "A time that grows"),
  [S_WAIT_MS] = KK_F64 ("wait_ms", "ms", KK_GAUGE, .help = "A time"),
  [S_TEMP] = KK_F64 ("temperature", "Cel", KK_GAUGE, .help = "Another unit"),
  [S_LOAD] = KK_F64 ("load_1m", "1", KK_GAUGE, .help = "A plain number"),
  [S_BALANCE] = KK_I64 ("balance", "1", KK_GAUGE, .help = "A number with a sign"),
  [S_RATE] = KK_F64 ("sent_per_s", "By/s", KK_GAUGE, .help = "A rate"),
};
static const struct kk_field process_fields[] = {
  [P_NAME] = KK_STRING ("name", .help = "A name"),
  [P_CPU] = KK_F64 ("cpu_percent", "%", KK_GAUGE, .help = "A share"),
  [P_RSS_MB] = KK_F64 ("memory_rss_mb", "MiBy", KK_GAUGE, .help = "A size"),
  [P_READ] = KK_U64 ("read_bytes", "By", KK_COUNTER, .help = "A counter"),
  [P_THREADS] = KK_U64 ("num_threads", "1", KK_GAUGE, .help = "A plain number"),
  [P_TRACKED] = KK_BOOL ("tracked", .help = "Yes or no"),
};
static const struct kk_field interface_fields[] = {
  [I_SENT] = KK_U64 ("bytes_sent", "By", KK_COUNTER, .help = "A counter"),
  [I_SPEED] = KK_F64 ("speed", "kbit/s", KK_GAUGE, .help = "A rate"),
  [I_PHYSICAL] = KK_BOOL ("physical", .help = "Yes or no"),
};
static const struct kk_table tables[] = {
  [SYSTEM] = KK_SINGLE ("system", system_fields, "One row"),
  [PROCESSES] = KK_KEYED ("processes", "pid", KK_U64_KEY, process_fields, "Rows by number"),
  [INTERFACES] = KK_KEYED ("interfaces", "interface", KK_STRING_KEY, interface_fields, "Rows by name"),
};

static int
create (struct kk_instance *self, const void *config, void **state)
{
  (void) self;
  *state = (void *) (uintptr_t) config;
  return 0;
}

static void
fill (struct kk_row *row, uint32_t f, uint32_t type, const struct kit_cell *cell)
{
  if (cell->absent)
    kk_absent (row, f, cell->absent);
  else if (type == KK_TYPE_F64)
    kk_f64 (row, f, cell->f64);
  else if (type == KK_TYPE_U64)
    kk_u64 (row, f, cell->u64);
  else if (type == KK_TYPE_I64)
    kk_i64 (row, f, cell->i64);
  else if (type == KK_TYPE_BOOL)
    kk_bool (row, f, cell->boolean);
  else
    kk_string (row, f, cell->string);
}

static int
read_ (void *state, struct kk_rows *out)
{
  const struct kit_table *t = state;
  const struct kk_table *table = t->plugin->tables;
  for (uint32_t r = 0; r < t->n; r++) {
    const struct kit_row *from = t->rows + r;
    struct kk_row *row = table->key_type == KK_U64_KEY      ? kk_row_u64 (out, 0, from->number, from->identity)
                         : table->key_type == KK_STRING_KEY ? kk_row (out, 0, from->name, from->identity)
                                                            : kk_row (out, 0, NULL, 0);
    for (uint32_t f = 0; f < table->n_fields; f++)
      fill (row, f, table->fields[f].type, from->cells + f);
  }
  if (t->partial)
    kk_table_state (out, 0, KK_PARTIAL);
  return t->result;
}

#define PLUGIN(name_, table_)                                                                                                  \
  FAKE_PLUGIN (.kind = KK_INPUT, .name = name_, .create = create, .read = read_, .config_size = 1,                             \
               .tables = tables + (table_), .n_tables = 1)
static const struct kk_plugin plugins[] = {PLUGIN ("kit-system", SYSTEM), PLUGIN ("kit-processes", PROCESSES),
                                           PLUGIN ("kit-interfaces", INTERFACES)};

const struct kk_table *
kit_table (unsigned table)
{
  return tables + table;
}

void
kit_init (struct kit *k)
{
  *k = (struct kit){0};
  fake_env (&k->env, &k->now);
  k->tables = calloc (KIT_TABLES, sizeof *k->tables);
  ck_assert_ptr_nonnull (k->tables);
  for (int t = 0; t < KIT_TABLES; t++) {
    k->tables[t].plugin = plugins + t;
    k->d[t] = fake_descriptor (plugins + t);
    k->plans[t] = fake_plan (plugins[t].name, k->d[t], k->tables + t);
    ck_assert_int_eq (input_new (fake_instance (&k->env, k->plans + t), k->inputs + t), 0);
  }
  char *reason = NULL;
  ck_assert_msg (layout_new (&k->env, k->inputs, KIT_TABLES, &k->layout, &reason) == 0, "%s", reason);
  k->tables[SYSTEM].n = 1;
  for (int f = 0; f < KIT_FIELDS; f++)
    k->tables[SYSTEM].rows[0].cells[f].absent = KK_UNSET;
}

void
kit_free (struct kit *k)
{
  sample_unref (k->sample);
  layout_free (k->layout);
  for (int t = 0; t < KIT_TABLES; t++) {
    input_free (k->inputs[t]);
    descriptor_free (k->d[t]);
  }
  free (k->tables);
}

const struct kk_schema *
kit_schema (const struct kit *k)
{
  return &layout_schema (k->layout)->face;
}

const struct kk_sample *
kit_tick (struct kit *k, int64_t ns)
{
  struct kk_time time = {.after = k->after};
  fake_pass (&k->now, ns);
  k->tick++;
  k->after = KK_PRESENT;
  for (int t = 0; t < KIT_TABLES; t++) {
    struct kk_time told = input_begin (k->inputs[t], &k->now);
    input_take (k->inputs[t], &k->now, k->tick, input_read (k->inputs[t], &told));
  }
  time.wall_ns = k->now.wall_ns;
  time.mono_ns = k->now.mono_ns;
  sample_unref (k->sample);
  k->sample = layout_collect (k->layout, k->inputs, k->tick, &time);
  ck_assert_ptr_nonnull (k->sample);
  return &k->sample->face;
}

static struct kit_row *
add_row (struct kit *k, unsigned table, uint64_t identity)
{
  struct kit_table *t = k->tables + table;
  ck_assert_uint_lt (t->n, KIT_ROWS);
  struct kit_row *row = t->rows + t->n++;
  *row = (struct kit_row){.identity = identity};
  for (int f = 0; f < KIT_FIELDS; f++)
    row->cells[f].absent = KK_UNSET;
  return row;
}

struct kit_row *
kit_process (struct kit *k, uint64_t pid, uint64_t identity, const char *name)
{
  struct kit_row *row = add_row (k, PROCESSES, identity);
  row->number = pid;
  if (name)
    row->cells[P_NAME] = (struct kit_cell){.string = name};
  return row;
}

struct kit_row *
kit_interface (struct kit *k, const char *name, uint64_t identity)
{
  struct kit_row *row = add_row (k, INTERFACES, identity);
  snprintf (row->name, sizeof row->name, "%s", name);
  return row;
}

void
kit_f64 (struct kit *k, unsigned table, uint32_t row, uint32_t field, double value)
{
  k->tables[table].rows[row].cells[field] = (struct kit_cell){.f64 = value};
}

void
kit_u64 (struct kit *k, unsigned table, uint32_t row, uint32_t field, uint64_t value)
{
  k->tables[table].rows[row].cells[field] = (struct kit_cell){.u64 = value};
}

void
kit_i64 (struct kit *k, unsigned table, uint32_t row, uint32_t field, int64_t value)
{
  k->tables[table].rows[row].cells[field] = (struct kit_cell){.i64 = value};
}

void
kit_bool (struct kit *k, unsigned table, uint32_t row, uint32_t field, bool value)
{
  k->tables[table].rows[row].cells[field] = (struct kit_cell){.boolean = value};
}

void
kit_string (struct kit *k, unsigned table, uint32_t row, uint32_t field, const char *value)
{
  k->tables[table].rows[row].cells[field] = (struct kit_cell){.string = value};
}

void
kit_absent (struct kit *k, unsigned table, uint32_t row, uint32_t field, uint32_t why)
{
  k->tables[table].rows[row].cells[field] = (struct kit_cell){.absent = why};
}

static void
keep (void *arg, const struct expression_result *result)
{
  struct kit_results *r = arg;
  ck_assert_uint_lt (r->n, KIT_MOST);
  expression_why (r->e, result, r->whys[r->n], sizeof r->whys[0]);
  r->results[r->n++] = *result;
}

void
kit_evaluate (const struct kit *k, struct expression *e, struct expression_binding *b, struct kit_results *ret)
{
  ret->n = 0;
  ret->e = e;
  ck_assert_int_eq (expression_evaluate (e, b, &k->sample->face, keep, ret, &ret->outcome), 0);
  ck_assert_uint_eq (ret->outcome.reported, ret->n);
}
