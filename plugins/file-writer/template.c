#include "template.h"

#include "text.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

const char *const template_required[REQUIRED] = {"cpu_percent", "memory_percent", "memory_available_mb", "memory_used_mb"};

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
    if (!strcmp (template_required[i], name)) {
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

int
template_make (struct entry_maker *m, const struct kk_schema *schema)
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
