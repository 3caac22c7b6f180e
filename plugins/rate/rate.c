/* rate: counters as what they rise by in a second. */
#include <kode-kronical/plugin.h>

#include "memory.h"
#include "pick.h"

#include <stdlib.h>

struct config {
  struct kk_list fields;
  const char *suffix;
  bool keep;
};

static const struct kk_option options[] = {
  KK_OPT_LIST ("fields", struct config, fields,
               .help = "Form rates of these counters (table.field, globs: network.bytes_*); none named: of all"),
  KK_OPT_STRING ("suffix", struct config, suffix, .def = "_per_s",
                 .help = "The rate is called as its counter with this behind it"),
  KK_OPT_BOOL ("keep", struct config, keep, .def = "true", .help = "Pass on the counters too"),
};

/* A counter, and where its rate goes. */
struct rated {
  uint32_t table, field, rate;
  uint32_t type;
  uint32_t slot; /* number of its series in a row's memory */
};

struct state {
  struct kk_instance *self;
  const struct config *config;
  struct memory *memories;
  int64_t last_ns, step_ns; /* of the samples */
  uint32_t samples, slept;
  bool warned;
};

struct binding {
  uint32_t n, n_parts;
  struct rated *rated; /* in order of their tables */
  struct part {
    uint32_t table, first, n; /* which of `rated` */
    struct memory *memory;
  } * parts;
  struct kk_column *columns; /* of the rows that are rated, while they are: as many as a part may have */
};

/* ---- What becomes of a schema ---- */

static bool
has_field (const struct kk_schema *in, uint32_t table, const char *name)
{
  struct kk_field f;
  for (uint32_t i = 0; !kk_schema_field (in, table, i, &f); i++)
    if (!strcmp (f.name, name))
      return true;
  return false;
}

/* Adds the rate of one counter, unless there is a field of that name. *ret: its number, or KK_NONE. */
static int
add_rate (const struct config *c, const struct kk_schema *in, uint32_t table, uint32_t field, struct kk_shape *shape,
          uint32_t *ret)
{
  struct kk_field f;
  char name[256], unit[128], help[128];
  int r = kk_schema_field (in, table, field, &f);
  *ret = KK_NONE;
  snprintf (name, sizeof name, "%s%s", f.name, c->suffix);
  if (r || strlen (name) > 63 || has_field (in, table, name))
    return r;
  snprintf (unit, sizeof unit, "%s/s", strcmp (f.unit, "1") ? f.unit : "");
  snprintf (help, sizeof help, "%s by the second, since the last reading", f.name);
  struct kk_field rate = KK_F64 (name, unit, KK_GAUGE, .decimals = strcmp (f.unit, "By") ? 3 : 1, .help = help);
  r = kk_shape_add_field (shape, table, field, &rate, ret);
  return r || c->keep ? r : kk_shape_drop_field (shape, table, field);
}

static bool
is_counter (const struct kk_field *field)
{
  return field->kind == KK_COUNTER && field->type <= KK_TYPE_I64;
}

static bool
takes (const char *item, const char *table, const char *field)
{
  const char *rest = pick_for_table (item, table);
  return rest && pick_matches (rest, strlen (rest), field);
}

static bool
is_chosen (const struct config *c, const char *table, const struct kk_field *field)
{
  bool chosen = !c->fields.count;
  for (uint32_t i = 0; !chosen && i < c->fields.count; i++)
    chosen = takes (c->fields.items[i], table, field->name);
  return chosen && is_counter (field);
}

/* Refuses an item of `fields` that forms no rate of what it names. */
static int
check_item (const struct config *c, const char *item, const struct kk_schema *in, struct kk_shape *shape,
            struct kk_fault *fault)
{
  struct kk_table table;
  struct kk_field f;
  if (pick_check (in, PICK_FIELD, "fields", item, shape, fault))
    return -EINVAL;
  for (uint32_t t = 0; !kk_schema_table (in, t, &table); t++)
    for (uint32_t i = 0; !kk_schema_field (in, t, i, &f); i++) {
      if (!takes (item, table.name, f.name))
        continue;
      char name[256];
      snprintf (name, sizeof name, "%s%s", f.name, c->suffix);
      bool exact = !strpbrk (item, "*?[\\");
      if (exact && !is_counter (&f))
        return kk_refuse (fault, "fields", "%s.%s is no counter: there is no rate of it", table.name, f.name);
      if (exact && has_field (in, t, name))
        return kk_refuse (fault, "fields", "there is a field %s.%s already: choose another suffix", table.name, name);
      if (is_counter (&f) && strlen (name) > 63)
        return kk_refuse (fault, "suffix", "%s.%.40s… would be longer than 63 letters: choose a shorter one", table.name, name);
    }
  return 0;
}

/* Shapes what is there. The counters go into *ret (NULL: they do not), *ret_n of them. What is named and not there: the first
 * of it is in *fault, whose text is empty otherwise. */
static int
plan (const struct config *c, const struct kk_schema *in, struct kk_shape *shape, struct rated **ret, uint32_t *ret_n,
      struct kk_fault *fault)
{
  struct kk_table table;
  struct kk_field field;
  *fault = (struct kk_fault){0};
  for (uint32_t i = 0; i < c->fields.count && !fault->text[0]; i++)
    check_item (c, c->fields.items[i], in, shape, fault);
  for (uint32_t t = 0; !kk_schema_table (in, t, &table); t++)
    for (uint32_t f = 0; !kk_schema_field (in, t, f, &field); f++) {
      uint32_t rate = KK_NONE;
      int r = is_chosen (c, table.name, &field) ? add_rate (c, in, t, f, shape, &rate) : 0;
      if (r)
        return r;
      if (rate == KK_NONE || !ret)
        continue;
      struct rated *more = realloc (*ret, (*ret_n + 1) * sizeof *more);
      if (!more)
        return -ENOMEM;
      *ret = more;
      more[(*ret_n)++] = (struct rated){.table = t, .field = f, .rate = rate, .type = field.type};
    }
  return 0;
}

static int
rate_shape (const void *config, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  int r = plan (config, in, shape, NULL, NULL, fault);
  return r ? r : fault->text[0] ? -EINVAL : 0;
}

static int
rate_check (const void *config, struct kk_fault *fault)
{
  const struct config *c = config;
  for (uint32_t i = 0; i < c->fields.count; i++)
    if (!strchr (c->fields.items[i], '.'))
      return kk_refuse (fault, "fields", "'%s' has no dot: write a field as table.%s, all of a table as %s.*",
                        c->fields.items[i], c->fields.items[i], c->fields.items[i]);
  if (!*c->suffix || strspn (c->suffix, "abcdefghijklmnopqrstuvwxyz0123456789_") < strlen (c->suffix)
      || strlen (c->suffix) > 32)
    return kk_refuse (fault, "suffix", "'%.40s' cannot end a name: 1 to 32 lower case letters, digits and '_', such as _per_s",
                      c->suffix);
  return 0;
}

/* ---- Binding ---- */

static int
rate_create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  *s = (struct state){.self = self, .config = config};
  *state = s;
  return 0;
}

static void
rate_destroy (void *state)
{
  memory_forget (&((struct state *) state)->memories, NULL);
  free (state);
}

static void
rate_unbind (void *state, void *binding)
{
  (void) state;
  struct binding *b = binding;
  for (uint32_t i = 0; i < b->n_parts; i++)
    b->parts[i].memory->users--;
  free (b->parts);
  free (b->columns);
  free (b->rated);
  free (b);
}

/* Finds each counter's place in what is remembered. */
static int
remember (struct state *s, const struct kk_schema *in, struct binding *b)
{
  for (uint32_t i = 0; i < b->n; i++) {
    struct rated *rated = b->rated + i;
    struct kk_table table;
    struct kk_field field;
    if (!i || rated->table != rated[-1].table) {
      struct memory *m = kk_schema_table (in, rated->table, &table) ? NULL : memory_of (&s->memories, table.name);
      if (!m)
        return -ENOMEM;
      m->users++;
      b->parts[b->n_parts++] = (struct part){.table = rated->table, .first = i, .memory = m};
    }
    struct part *part = b->parts + b->n_parts - 1;
    part->n++;
    int r = kk_schema_field (in, rated->table, rated->field, &field);
    if (!r)
      r = memory_slot (part->memory, field.name, &rated->slot);
    if (r)
      return r;
  }
  return 0;
}

static int
rate_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  struct state *s = state;
  struct kk_fault fault;
  struct binding *b = calloc (1, sizeof *b);
  if (!b)
    return -ENOMEM;
  memory_forget (&s->memories, in);
  int r = plan (s->config, in, shape, &b->rated, &b->n, &fault);
  if (!r && (!(b->parts = calloc (b->n + 1, sizeof *b->parts)) || !(b->columns = calloc (b->n + 1, sizeof *b->columns))))
    r = -ENOMEM;
  if (!r)
    r = remember (s, in, b);
  r = r ? r : kk_shape_touch (shape, KK_NONE);
  if (r) {
    rate_unbind (s, b);
    return r;
  }
  if (fault.text[0] && !s->warned) {
    kk_warn (s->self, "%s: %s", fault.option, fault.text);
    s->warned = true;
  }
  *binding = b;
  return 0;
}

/* ---- Samples ---- */

static struct moment
begin_sample (struct state *s, const struct kk_sample *in)
{
  struct kk_time time;
  kk_sample_time (in, &time);
  int64_t step = s->samples ? time.mono_ns - s->last_ns : 0;
  s->samples++;
  s->last_ns = time.mono_ns;
  if (time.after == KK_SUSPEND)
    s->slept = s->samples;
  bool usual = time.after == KK_PRESENT && step > 0;
  struct moment m = {.now_ns = time.mono_ns, .sample = s->samples, .slept = s->slept};
  m.step_ns = s->step_ns ? s->step_ns : usual ? step : kk_interval (s->self);
  if (usual)
    s->step_ns = step;
  return m;
}

/* The counters of the rows from `first` on that come from one input. Returns how many rows that are. */
static uint32_t
columns_at (const struct binding *b, const struct part *p, const struct kk_sample *in, uint32_t first)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->n; i++)
    n = kk_column (in, p->table, b->rated[p->first + i].field, first, b->columns + i);
  return n;
}

static int
rate_row (const struct binding *b, const struct part *p, const struct moment *m, const struct kk_sample *in, uint32_t first,
          uint32_t i, struct kk_emit *out)
{
  struct kk_value key = {0};
  bool new;
  kk_get_key (in, p->table, first + i, &key);
  const uint64_t identity = b->columns->identities ? b->columns->identities[i] : 0;
  struct series *memory = rowmap_find (&p->memory->rows, &key, identity, &new);
  if (!memory)
    return -ENOMEM;
  struct kk_row *row = kk_emit_row (out, p->table, first + i);
  for (uint32_t k = 0; k < p->n; k++) {
    const struct kk_column *c = b->columns + k;
    const struct rated *rated = b->rated + p->first + k;
    struct series *s = memory + rated->slot;
    const uint32_t why = series_take (s, c, i, m);
    if (why)
      kk_absent (row, rated->rate, why);
    else
      kk_f64 (row, rated->rate, s->rate);
  }
  return 0;
}

static int
rate_rows (const struct binding *b, const struct part *p, const struct moment *m, const struct kk_sample *in,
           struct kk_emit *out)
{
  struct kk_table_info info;
  int r = kk_table_info (in, p->table, &info);
  struct rowmap *rows = &p->memory->rows;
  rowmap_begin (rows);
  for (uint32_t first = 0, n; !r && first < info.rows; first += n) {
    n = columns_at (b, p, in, first);
    for (uint32_t i = 0; i < n && !r; i++)
      r = rate_row (b, p, m, in, first, i, out);
    if (!n)
      return -EINVAL;
  }
  rowmap_end (rows, info.state == KK_COMPLETE);
  return r;
}

static int
rate_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  const struct binding *b = binding;
  struct moment m = begin_sample (state, in);
  for (uint32_t i = 0; i < b->n_parts; i++) {
    int r = rate_rows (b, b->parts + i, &m, in, out);
    if (r)
      return r;
  }
  return kk_emit (out);
}

KK_PLUGIN (.kind = KK_FILTER, .name = "rate", .version = "1.0", .summary = "Turns counters into what they rise by in a second",
           KK_OPTIONS (options), .config_size = sizeof (struct config), .create = rate_create, .destroy = rate_destroy,
           .check = rate_check, .bind = rate_bind, .unbind = rate_unbind, .process = rate_process, .shape = rate_shape);
