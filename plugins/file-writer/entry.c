#include "entry.h"

#include "mask.h"
#include "text.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum role { SYSTEM, PROCESSES, NETWORK, OTHER }; /* in the order of an entry */
enum { REQUIRED = 4, MAX_ENTRY = 32 << 20 };

struct column {
  uint32_t field;
  uint32_t type;
  uint32_t decimals;
  uint32_t prefix; /* where its `"name":` begins in the texts */
  uint32_t prefix_length;
  bool zero;    /* 0.0 where it is not known */
  bool cmdline; /* a command line */
};

struct plan {
  uint32_t table;
  uint32_t key_type;
  enum role role;
  uint32_t prefix, prefix_length; /* `"name":{` */
  uint32_t first, n;              /* of the columns */
  bool has_pid;
};

struct entry_maker {
  struct entry_choice choice;
  uint64_t schema_id;
  struct plan *plans;
  size_t n_plans;
  struct column *columns;
  size_t n_columns;
  struct buf texts;
  struct {
    uint32_t table, field;
    bool there;
  } required[REQUIRED];
  bool made;
};

static const char *const REQUIRED_FIELDS[REQUIRED] = {"cpu_percent", "memory_percent", "memory_available_mb", "memory_used_mb"};

/* Fields that stand first, in this order, as readers are used to it. */
static const char *const SYSTEM_ORDER[] = {"cpu_percent", "memory_percent", "memory_available_mb", "memory_used_mb",
                                           "load_avg_1m", "load_avg_5m",    "load_avg_15m",        NULL};
static const char *const PROCESS_ORDER[] = {"pid",         "name",   "cpu_percent", "memory_rss_mb", "memory_vms_mb",
                                            "num_threads", "status", "create_time", "cmdline",       NULL};
static const char *const NETWORK_ORDER[] = {"bytes_sent",   "bytes_recv",         "packets_sent",
                                            "packets_recv", "active_connections", NULL};
static const char *const NO_ORDER[] = {NULL};

static bool
matches (const struct kk_list *globs, const char *name)
{
  for (uint32_t i = 0; i < globs->count; i++)
    if (!fnmatch (globs->items[i], name, 0))
      return true;
  return false;
}

bool
entry_takes_table (const struct entry_choice *choice, const char *name)
{
  if (!strcmp (name, "system"))
    return true;
  return (!choice->tables.count || matches (&choice->tables, name)) && !matches (&choice->exclude, name);
}

/* ---- What a schema's tables become ---- */

static const char *const *
order_of (enum role role)
{
  return role == SYSTEM ? SYSTEM_ORDER : role == PROCESSES ? PROCESS_ORDER : role == NETWORK ? NETWORK_ORDER : NO_ORDER;
}

static bool
is_in (const char *const *names, const char *name)
{
  for (; *names; names++)
    if (!strcmp (*names, name))
      return true;
  return false;
}

static void
add_name (struct entry_maker *m, const char *name, const char *behind, uint32_t *start, uint32_t *length)
{
  *start = (uint32_t) m->texts.len;
  text_json_string (&m->texts, name, strlen (name));
  buf_adds (&m->texts, behind);
  *length = (uint32_t) m->texts.len - *start;
}

static void
add_column (struct entry_maker *m, struct plan *p, uint32_t number, const struct kk_field *field)
{
  bool cmdline = field->type == KK_TYPE_STRING && !strcmp (field->name, "cmdline");
  if (p->role != OTHER && !strcmp (field->name, "timestamp"))
    return;
  if (cmdline && m->choice.cmdline == ENTRY_CMDLINE_NONE)
    return;
  struct column *c = m->columns + m->n_columns++;
  *c = (struct column){.field = number,
                       .type = field->type,
                       .decimals = field->decimals,
                       .zero = p->role == PROCESSES && !strcmp (field->name, "cpu_percent"),
                       .cmdline = cmdline && m->choice.cmdline == ENTRY_CMDLINE_MASKED};
  add_name (m, field->name, ":", &c->prefix, &c->prefix_length);
  p->n++;
  p->has_pid |= !strcmp (field->name, "pid");
}

static void
note_required (struct entry_maker *m, uint32_t table, uint32_t number, const char *name)
{
  for (int i = 0; i < REQUIRED; i++)
    if (!strcmp (REQUIRED_FIELDS[i], name)) {
      m->required[i].table = table;
      m->required[i].field = number;
      m->required[i].there = true;
    }
}

static int
add_columns (struct entry_maker *m, const struct kk_schema *schema, struct plan *p, uint32_t n_fields)
{
  struct kk_field field;
  const char *const *order = order_of (p->role);
  struct column *columns = reallocarray (m->columns, m->n_columns + n_fields + 1, sizeof *columns);
  if (!columns)
    return -ENOMEM;
  m->columns = columns;
  p->first = (uint32_t) m->n_columns;
  for (const char *const *name = order; *name; name++)
    for (uint32_t i = 0; i < n_fields; i++)
      if (!kk_schema_field (schema, p->table, i, &field) && !strcmp (field.name, *name))
        add_column (m, p, i, &field);
  for (uint32_t i = 0; i < n_fields; i++) {
    if (kk_schema_field (schema, p->table, i, &field))
      continue;
    if (!is_in (order, field.name))
      add_column (m, p, i, &field);
    if (p->role == SYSTEM)
      note_required (m, p->table, i, field.name);
  }
  return 0;
}

static enum role
role_of (const struct kk_table *t)
{
  if (!strcmp (t->name, "system") && t->key_type == KK_NO_KEY)
    return SYSTEM;
  if (!strcmp (t->name, "processes") && t->key_type != KK_NO_KEY)
    return PROCESSES;
  return !strcmp (t->name, "network") && t->key_type == KK_NO_KEY ? NETWORK : OTHER;
}

static int
add_plans (struct entry_maker *m, const struct kk_schema *schema, enum role wanted)
{
  struct kk_table t;
  for (uint32_t i = 0; i < kk_schema_tables (schema); i++) {
    if (kk_schema_table (schema, i, &t) || role_of (&t) != wanted || !entry_takes_table (&m->choice, t.name))
      continue;
    if (wanted == OTHER && (!strcmp (t.name, "system") || !strcmp (t.name, "processes")))
      continue; /* keyed where readers expect it single, or the other way round */
    struct plan *p = m->plans + m->n_plans++;
    *p = (struct plan){.table = i, .key_type = t.key_type, .role = wanted};
    add_name (m, t.name, ":{", &p->prefix, &p->prefix_length);
    int r = add_columns (m, schema, p, t.n_fields);
    if (r)
      return r;
  }
  return 0;
}

static int
make_plans (struct entry_maker *m, const struct kk_schema *schema)
{
  m->made = false;
  m->n_plans = m->n_columns = 0;
  memset (m->required, 0, sizeof m->required);
  buf_clear (&m->texts);
  struct plan *plans = reallocarray (m->plans, kk_schema_tables (schema) + 1, sizeof *plans);
  if (!plans)
    return -ENOMEM;
  m->plans = plans;
  for (enum role role = SYSTEM; role <= OTHER; role++) {
    int r = add_plans (m, schema, role);
    if (r)
      return r;
  }
  if (m->texts.error)
    return m->texts.error;
  m->schema_id = kk_schema_id (schema);
  m->made = true;
  return 0;
}

int
entry_maker_new (const struct entry_choice *choice, struct entry_maker **ret)
{
  struct entry_maker *m = calloc (1, sizeof *m);
  if (!m)
    return -ENOMEM;
  m->choice = *choice;
  *ret = m;
  return 0;
}

void
entry_maker_free (struct entry_maker *m)
{
  if (!m)
    return;
  free (m->plans);
  free (m->columns);
  buf_free (&m->texts);
  free (m);
}

/* ---- Writing ---- */

static void
add_time (const struct entry_maker *m, struct buf *out, int64_t wall_ns)
{
  if (m->choice.microseconds)
    text_wall_time_us (out, wall_ns);
  else
    text_wall_time (out, wall_ns);
}

static void
add_string (struct buf *out, const struct kk_value *v, bool cmdline)
{
  if (!cmdline) {
    text_json_string (out, v->string, v->length);
    return;
  }
  struct buf masked BUF_CLEANUP = {0};
  mask_add (&masked, v->string, v->length);
  if (masked.error)
    out->error = masked.error;
  text_json_string (out, masked.data ? masked.data : "", masked.len);
}

/* The value's text; false, and nothing is written, when there is none. */
static bool
add_value (struct buf *out, const struct column *c, const struct kk_value *v, const char *prefix)
{
  bool known = !v->absent && v->type == c->type && !(c->type == KK_TYPE_F64 && !isfinite (v->f64));
  if (!known && !c->zero)
    return false;
  buf_add (out, prefix, c->prefix_length);
  if (!known)
    buf_adds (out, "0.0");
  else if (c->type == KK_TYPE_F64)
    text_f64 (out, v->f64, c->decimals);
  else if (c->type == KK_TYPE_U64)
    text_u64 (out, v->u64);
  else if (c->type == KK_TYPE_I64)
    text_i64 (out, v->i64);
  else if (c->type == KK_TYPE_BOOL)
    buf_adds (out, v->boolean ? "true" : "false");
  else
    add_string (out, v, c->cmdline);
  return true;
}

static void
add_fields (const struct entry_maker *m, const struct plan *p, const struct kk_sample *s, uint32_t row, struct buf *out)
{
  struct kk_value value;
  for (uint32_t i = 0; i < p->n; i++) {
    const struct column *c = m->columns + p->first + i;
    kk_get (s, p->table, row, c->field, &value);
    if (add_value (out, c, &value, m->texts.data + c->prefix))
      buf_addc (out, ',');
  }
  if (out->len && out->data[out->len - 1] == ',')
    out->data[--out->len] = 0;
}

static void
add_stamp (const struct entry_maker *m, struct buf *out, int64_t wall_ns)
{
  buf_adds (out, "\"timestamp\":");
  add_time (m, out, wall_ns);
  buf_addc (out, ',');
}

/* A row's key as the name of an object; JSON knows only strings there. */
static void
add_key (struct buf *out, const struct kk_value *key)
{
  if (key->type == KK_TYPE_STRING) {
    text_json_string (out, key->string, key->length);
    return;
  }
  buf_addc (out, '"');
  text_u64 (out, key->u64);
  buf_addc (out, '"');
}

static void
add_rows (const struct entry_maker *m, const struct plan *p, const struct kk_sample *s, const struct kk_table_info *info,
          struct buf *out)
{
  struct kk_value key;
  struct kk_time time;
  bool any = false;
  for (uint32_t row = 0; row < info->rows && !out->error; row++) {
    if (kk_get_key (s, p->table, row, &key))
      continue;
    if (any)
      buf_addc (out, ',');
    any = true;
    add_key (out, &key);
    buf_adds (out, ":{");
    if (p->role == PROCESSES) {
      kk_value_time (s, p->table, row, 0, &time);
      add_stamp (m, out, time.mono_ns ? time.wall_ns : info->wall_ns);
      if (!p->has_pid && key.type != KK_TYPE_STRING) {
        buf_adds (out, "\"pid\":");
        text_u64 (out, key.u64);
        buf_addc (out, ',');
      }
    }
    add_fields (m, p, s, row, out);
    buf_addc (out, '}');
  }
}

static void
add_table (const struct entry_maker *m, const struct plan *p, const struct kk_sample *s, struct buf *out)
{
  struct kk_table_info info;
  struct kk_time time;
  if (kk_table_info (s, p->table, &info))
    return;
  /* What was not read at this tick is not said again; processes and network are, because readers look for them in every entry. */
  if (p->role == OTHER && (info.held || info.state == KK_FAILED || (!info.rows && p->key_type == KK_NO_KEY)))
    return;
  if (p->role != SYSTEM)
    buf_addc (out, ',');
  buf_add (out, m->texts.data + p->prefix, p->prefix_length);
  if (p->key_type != KK_NO_KEY) {
    add_rows (m, p, s, &info, out);
  } else {
    if (p->role == NETWORK)
      add_stamp (m, out, info.wall_ns);
    if (p->role == SYSTEM) {
      kk_sample_time (s, &time);
      add_stamp (m, out, time.wall_ns);
    }
    add_fields (m, p, s, 0, out);
  }
  buf_addc (out, '}');
}

static bool
has_required (const struct entry_maker *m, const struct kk_sample *s, struct entry_lack *lack)
{
  struct kk_value value;
  for (int i = 0; i < REQUIRED; i++) {
    *lack = (struct entry_lack){.field = REQUIRED_FIELDS[i], .absent = KK_PRESENT};
    if (!m->required[i].there)
      return false;
    lack->absent = kk_get (s, m->required[i].table, 0, m->required[i].field, &value);
    if (lack->absent)
      return false;
    if (value.type == KK_TYPE_STRING || value.type == KK_TYPE_BOOL || (value.type == KK_TYPE_F64 && !isfinite (value.f64))) {
      lack->absent = KK_ERROR;
      return false;
    }
  }
  return true;
}

int
entry_add (struct entry_maker *m, const struct kk_sample *sample, struct buf *out, struct entry_lack *lack)
{
  const struct kk_schema *schema = kk_sample_schema (sample);
  if (!m->made || m->schema_id != kk_schema_id (schema)) {
    int r = make_plans (m, schema);
    if (r)
      return r;
  }
  if (!has_required (m, sample, lack))
    return -ENODATA;
  size_t start = out->len;
  bool processes = false;
  out->max = MAX_ENTRY;
  buf_addc (out, '{');
  for (size_t i = 0; i < m->n_plans; i++) {
    /* `processes` stands in every entry, also when nothing is tracked. */
    if (!processes && m->plans[i].role > PROCESSES)
      buf_adds (out, ",\"processes\":{}");
    processes |= m->plans[i].role >= PROCESSES;
    add_table (m, m->plans + i, sample, out);
  }
  buf_adds (out, processes ? "}" : ",\"processes\":{}}");
  if (out->error) {
    int r = out->error;
    out->error = 0;
    out->len = start;
    *lack = (struct entry_lack){0};
    return r == -EFBIG ? -ENODATA : r;
  }
  return 0;
}
