#include <config.h>

#include "plan-inner.h"

#include "option.h"
#include "settings.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

bool
plan_is_table_name (const char *name)
{
  size_t n = strlen (name);
  if (!n || n > PLAN_MAX_NAME || !islower ((unsigned char) *name))
    return false;
  for (; *name; name++)
    if (!islower ((unsigned char) *name) && !isdigit ((unsigned char) *name) && *name != '_')
      return false;
  return true;
}

const char *
plan_table_name (const struct instance_plan *instance, const struct kk_table *table)
{
  for (size_t i = 0; i < instance->n_tables; i++)
    if (strcmp (instance->tables[i].from, table->name) == 0)
      return instance->tables[i].to;
  return table->name;
}

static void
say_same_table (struct making *m, const struct instance_plan *a, const struct instance_plan *b, const struct kk_table *table,
                const char *name, const char *what, const char *field)
{
  diag_add (m->d, DIAG_ERROR, b->at.line ? b->at : a->at,
            "'%s' and '%s' both fill %s%s%s of table '%s': turn one off, or rename a table with 'tables: {%s: new_name}'",
            a->name, b->name, what, field ? " " : "", field ? field : "", name, table->name);
}

static const struct kk_field *
next_field (const struct instance_plan *instance, const struct kk_table *table, uint32_t *at)
{
  while (*at < table->n_fields) {
    const struct kk_field *field = &table->fields[(*at)++];
    if (descriptor_has (instance->descriptor, instance->config, field->only_if))
      return field;
  }
  return NULL;
}

/* The first field by which the two differ; NULL: both have the same. */
static const struct kk_field *
odd_field (const struct instance_plan *a, const struct kk_table *ta, const struct instance_plan *b, const struct kk_table *tb)
{
  uint32_t i = 0, j = 0;
  for (;;) {
    const struct kk_field *x = next_field (a, ta, &i), *y = next_field (b, tb, &j);
    if (!x || !y)
      return x ? x : y;
    if (strcmp (x->name, y->name) != 0 || x->type != y->type)
      return x->only_if ? x : y;
  }
}

/* Rows of one plugin's instances are united; what two plugins mean by a row need not be the same. */
static void
compare_rows (struct making *m, const struct instance_plan *a, const struct kk_table *ta, const struct instance_plan *b,
              const struct kk_table *tb, const char *name)
{
  if (a->loaded != b->loaded || strcmp (ta->name, tb->name) != 0 || ta->key_type != tb->key_type) {
    say_same_table (m, a, b, tb, name, "the rows", NULL);
    return;
  }
  const struct kk_field *odd = odd_field (a, ta, b, tb);
  if (odd)
    diag_add (m->d, DIAG_ERROR, b->at.line ? b->at : a->at,
              "'%s' and '%s' both fill table '%s', but not both with field %s: give both the same fields, or rename a table with "
              "'tables: {%s: new_name}'",
              a->name, b->name, name, odd->name, tb->name);
}

static void
compare_tables (struct making *m, const struct instance_plan *a, const struct kk_table *ta, const struct instance_plan *b,
                const struct kk_table *tb)
{
  const char *name = plan_table_name (a, ta);
  if (strcmp (name, plan_table_name (b, tb)) != 0)
    return;
  if (ta->key_type != KK_NO_KEY || tb->key_type != KK_NO_KEY) {
    compare_rows (m, a, ta, b, tb, name);
    return;
  }
  for (uint32_t i = 0; i < ta->n_fields; i++)
    for (uint32_t j = 0; j < tb->n_fields; j++)
      if (strcmp (ta->fields[i].name, tb->fields[j].name) == 0
          && descriptor_has (a->descriptor, a->config, ta->fields[i].only_if)
          && descriptor_has (b->descriptor, b->config, tb->fields[j].only_if)) {
        say_same_table (m, a, b, tb, name, "field", ta->fields[i].name);
        return;
      }
}

static void
compare_instances (struct making *m, const struct instance_plan *a, const struct instance_plan *b)
{
  const struct kk_plugin *pa = &a->descriptor->plugin, *pb = &b->descriptor->plugin;
  for (uint32_t i = 0; i < pa->n_tables; i++)
    for (uint32_t j = 0; j < pb->n_tables; j++)
      if (descriptor_has (a->descriptor, a->config, pa->tables[i].only_if)
          && descriptor_has (b->descriptor, b->config, pb->tables[j].only_if))
        compare_tables (m, a, &pa->tables[i], b, &pb->tables[j]);
}

/* Two tables of one instance under one name. */
static void
check_own (struct making *m, const struct instance_plan *instance)
{
  const struct kk_plugin *plugin = &instance->descriptor->plugin;
  for (uint32_t i = 0; i < plugin->n_tables; i++)
    for (uint32_t j = 0; j < i; j++)
      if (strcmp (plan_table_name (instance, &plugin->tables[i]), plan_table_name (instance, &plugin->tables[j])) == 0)
        diag_add (m->d, DIAG_ERROR, instance->at, "two tables of '%s' are named '%s': give each a name of its own",
                  instance->name, plan_table_name (instance, &plugin->tables[i]));
}

/* Fields without which an output of ours records nothing, and the input that has them. */
static const struct {
  const char *output, *table, *field, *input;
} needs[] = {
  {"file-writer", "system", "cpu_percent", "cpu"},
  {"file-writer", "system", "memory_percent", "memory"},
  {"file-writer", "system", "memory_available_mb", "memory"},
  {"file-writer", "system", "memory_used_mb", "memory"},
  {"dynamodb-writer", "system", "cpu_percent", "cpu"},
  {"dynamodb-writer", "system", "memory_percent", "memory"},
  {"dynamodb-writer", "system", "memory_available_mb", "memory"},
  {"dynamodb-writer", "system", "memory_used_mb", "memory"},
};

static bool
gives (const struct instance_plan *instance, const char *table, const char *field)
{
  const struct kk_plugin *p = &instance->descriptor->plugin;
  for (uint32_t t = 0; p->kind == KK_INPUT && instance->config && t < p->n_tables; t++) {
    if (strcmp (plan_table_name (instance, &p->tables[t]), table)
        || !descriptor_has (instance->descriptor, instance->config, p->tables[t].only_if))
      continue;
    for (uint32_t f = 0; f < p->tables[t].n_fields; f++)
      if (!strcmp (p->tables[t].fields[f].name, field)
          && descriptor_has (instance->descriptor, instance->config, p->tables[t].fields[f].only_if))
        return true;
  }
  return false;
}

static bool
somebody_gives (const struct plan *p, const char *table, const char *field)
{
  for (size_t i = 0; i < p->n_instances; i++)
    if (gives (&p->instances[i], table, field))
      return true;
  return false;
}

/* Where an input that is not on, or elsewhere, is spoken of. */
static struct place
place_of (const struct making *m, const char *input, struct place otherwise)
{
  for (size_t i = 0; i < m->n_drafts; i++)
    if (!strcmp (m->drafts[i].name, input) && m->drafts[i].at.line)
      return m->drafts[i].at;
  return otherwise;
}

/* ---- What arrives at an output behind its pipelines ---- */

static bool
carries (const struct schema *s, const char *table, const char *field)
{
  for (uint32_t t = 0; t < s->n_tables; t++)
    if (!strcmp (s->tables[t].name, table))
      return table_schema_find (s->tables + t, field) >= 0;
  return false;
}

/* What is known for sure to arrive there; NULL: nothing is. */
static const struct flow_line *
line_of (const struct flow *flow, const struct instance_plan *output)
{
  for (size_t i = 0; flow && i < flow->n_lines; i++)
    if (flow->lines[i].output == output)
      return flow->lines[i].sure ? flow->lines + i : NULL;
  return NULL;
}

/* The filter behind which the field is no more. */
static const struct instance_plan *
who_takes (const struct flow *flow, const struct flow_line *line, const char *table, const char *field)
{
  const struct flow_line *lines[] = {flow->lines, line}; /* the common pipeline comes first */
  const struct instance_plan *found = NULL;
  bool there = carries (flow->in, table, field);
  for (size_t l = 0; l < KK_COUNT (lines); l++)
    for (size_t i = 0; i < lines[l]->n_steps; i++) {
      bool after = carries (lines[l]->steps[i].out, table, field);
      if (there && !after)
        found = lines[l]->steps[i].filter;
      there = after;
    }
  return found;
}

/* Says it once for each output and filter. True: the pipelines of that output are known, and nothing else is to be said. */
static bool
check_arrival (struct making *m, const struct instance_plan *output, const char *table, const char *field,
               const struct instance_plan **said)
{
  const struct flow_line *line = line_of (m->flow, output);
  if (!line)
    return false;
  if (carries (line->out, table, field))
    return true;
  const struct instance_plan *filter = who_takes (m->flow, line, table, field);
  if (filter && filter != *said)
    diag_add (
      m->d, DIAG_WARNING, filter->at,
      "'%s' will record nothing: it needs %s.%s, which the filter '%s' takes away; change the filter's options, or turn "
      "'%s' off",
      output->name, table, field, filter->name, output->name);
  if (filter)
    *said = filter;
  return filter != NULL;
}

/* It may be meant: so it is no error. */
void
plan_check_needs (struct making *m)
{
  const struct plan *p = m->plan;
  for (size_t i = 0; i < p->n_instances && !m->d->errors; i++) {
    const struct instance_plan *output = &p->instances[i], *said = NULL;
    for (size_t n = 0, last = SIZE_MAX; n < sizeof needs / sizeof *needs; n++) {
      if (strcmp (output->descriptor->plugin.name, needs[n].output)
          || check_arrival (m, output, needs[n].table, needs[n].field, &said)
          || somebody_gives (p, needs[n].table, needs[n].field))
        continue;
      if (last == SIZE_MAX || strcmp (needs[last].input, needs[n].input))
        diag_add (m->d, DIAG_WARNING, place_of (m, needs[n].input, output->at),
                  "'%s' will record nothing: no input that is on gives %s.%s; turn '%s' on, its table under "
                  "its own name, or turn '%s' off",
                  output->name, needs[n].table, needs[n].field, needs[n].input, output->name);
      last = n;
    }
  }
}

/* ---- Two outputs in one place ---- */

/* Where it records files, as its option says; NULL: it does not. */
static const char *
records_in (const struct plan *p, const struct instance_plan *instance)
{
  const struct kk_option *option = descriptor_option (instance->descriptor, "path");
  union option_value path = {.string = NULL};
  if (strcmp (instance->descriptor->plugin.name, "file-writer") || !option || !instance->config || instance->parked)
    return NULL;
  option_load (option, instance->config, &path);
  return path.string && *path.string ? path.string : p->settings->data_dir;
}

static bool
is_same_path (const char *a, const char *b)
{
  for (;;) {
    a += strspn (a, "/");
    b += strspn (b, "/");
    size_t n = strcspn (a, "/");
    if (n != strcspn (b, "/") || strncmp (a, b, n))
      return false;
    if (!n)
      return true;
    a += n;
    b += n;
  }
}

static bool
is_same_directory (const char *a, const char *b)
{
  struct stat x, y;
  return is_same_path (a, b) || (!stat (a, &x) && !stat (b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* Readers of that directory would find every sample twice. */
void
plan_check_places (struct making *m)
{
  const struct plan *p = m->plan;
  for (size_t i = 0; i < p->n_instances; i++)
    for (size_t j = i + 1; j < p->n_instances; j++) {
      const struct instance_plan *a = &p->instances[i], *b = &p->instances[j];
      const char *first = records_in (p, a), *second = first ? records_in (p, b) : NULL;
      if (second && is_same_directory (first, second))
        diag_add (m->d, DIAG_ERROR, b->at.line ? b->at : a->at,
                  "'%s' and '%s' both record in %s, so that each sample is there twice: turn one off, or give it a directory "
                  "of its own with 'path'",
                  a->name, b->name, second);
    }
}

int
plan_check_tables (struct making *m)
{
  const struct plan *p = m->plan;
  for (size_t i = 0; i < p->n_instances; i++) {
    const struct instance_plan *a = &p->instances[i];
    if (a->descriptor->plugin.kind != KK_INPUT || !a->config)
      continue;
    check_own (m, a);
    for (size_t j = i + 1; j < p->n_instances; j++)
      if (p->instances[j].descriptor->plugin.kind == KK_INPUT && p->instances[j].config)
        compare_instances (m, a, &p->instances[j]);
  }
  return 0;
}
