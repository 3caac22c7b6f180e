#include "declare.h"

#include "isolate/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TABLES = 64, MAX_FIELDS = 512 };

struct declare {
  struct kk_declare face;
  struct kk_table tables[MAX_TABLES]; /* with strings and fields of their own */
  uint32_t n;
  int error;
};

static const char *
keep (struct declare *d, const char *text)
{
  char *copy = text ? strdup (text) : NULL;
  if (text && !copy)
    d->error = -ENOMEM;
  return copy;
}

static void
copy_fields (struct declare *d, struct kk_table *t, const struct kk_field *from, uint32_t n, size_t size)
{
  struct kk_field *fields = calloc (n + 1, sizeof *fields);
  t->fields = fields;
  if (!fields) {
    d->error = -ENOMEM;
    return;
  }
  for (t->n_fields = 0; t->n_fields < n; t->n_fields++) {
    struct kk_field *f = fields + t->n_fields;
    memcpy (f, (const char *) from + t->n_fields * size, size < sizeof *f ? size : sizeof *f);
    f->name = keep (d, f->name);
    f->unit = keep (d, f->unit);
    f->help = keep (d, f->help);
    f->only_if = keep (d, f->only_if);
  }
}

static int
add (struct kk_declare *face, const struct kk_table *table, uint32_t table_size, uint32_t field_size)
{
  struct declare *d = (struct declare *) face;
  if (d->n == MAX_TABLES || table->n_fields > MAX_FIELDS || !table->fields)
    return -E2BIG;
  struct kk_table *t = d->tables + d->n++;
  memcpy (t, table, table_size < sizeof *t ? table_size : sizeof *t);
  t->name = keep (d, t->name);
  t->key = keep (d, t->key);
  t->help = keep (d, t->help);
  t->only_if = keep (d, t->only_if);
  copy_fields (d, t, table->fields, table->n_fields, field_size);
  return d->error;
}

static void
clear (struct declare *d)
{
  for (uint32_t i = 0; i < d->n; i++) {
    struct kk_table *t = d->tables + i;
    for (uint32_t f = 0; t->fields && f < t->n_fields; f++) {
      free ((char *) (uintptr_t) t->fields[f].name);
      free ((char *) (uintptr_t) t->fields[f].unit);
      free ((char *) (uintptr_t) t->fields[f].help);
      free ((char *) (uintptr_t) t->fields[f].only_if);
    }
    free ((void *) (uintptr_t) t->fields);
    free ((char *) (uintptr_t) t->name);
    free ((char *) (uintptr_t) t->key);
    free ((char *) (uintptr_t) t->help);
    free ((char *) (uintptr_t) t->only_if);
  }
  free (d);
}

/* It still runs in a process of its own. */
static int
keep_said (const struct descriptor *from, struct descriptor **d)
{
  (*d)->said = from->said ? malloc (from->n_said + 1) : NULL;
  if (!from->said)
    return 0;
  if (!(*d)->said) {
    descriptor_free (*d);
    *d = NULL;
    return -ENOMEM;
  }
  memcpy ((*d)->said, from->said, from->n_said);
  (*d)->n_said = from->n_said;
  (*d)->guarded = from->guarded;
  return 0;
}

/* The plugin's own tables first, then the declared ones: their numbers follow. */
static int
join (const struct descriptor *from, const struct declare *d, struct kk_fault *fault, struct descriptor **ret)
{
  struct kk_plugin plugin = from->plugin;
  struct kk_table *tables = calloc (plugin.n_tables + d->n + 1, sizeof *tables);
  if (!tables)
    return -ENOMEM;
  if (plugin.n_tables)
    memcpy (tables, plugin.tables, plugin.n_tables * sizeof *tables);
  memcpy (tables + plugin.n_tables, d->tables, d->n * sizeof *tables);
  plugin.tables = tables;
  plugin.n_tables += d->n;
  plugin.size = sizeof plugin; /* a descriptor is in the host's own sizes */
  plugin.option_size = sizeof (struct kk_option);
  plugin.table_size = sizeof (struct kk_table);
  plugin.field_size = sizeof (struct kk_field);
  char *reason = NULL;
  int r = plugin.n_tables ? descriptor_copy (&plugin, from->path, ret, &reason) : -EINVAL;
  if (r == -EINVAL)
    kk_refuse (fault, NULL, "%s", reason ? reason : "it declares no table: there would be nothing to record");
  free (reason);
  free (tables);
  if (!r)
    r = keep_said (from, ret);
  return r;
}

/* A plugin of this process asks itself; of one in a process of its own judge.c asks that, which checks as well. */
static int
ask (const struct descriptor *d, const void *config, int64_t *left_ns, struct kk_declare *out, struct kk_fault *fault)
{
  return d->said ? judge_ask (d, config, left_ns, out, fault) : d->plugin.declare (config, out, fault);
}

static int
ask_and_join (const struct descriptor *from, const void *config, int64_t *left_ns, struct kk_fault *fault,
              struct descriptor **ret)
{
  static const struct kk_host host = {.size = sizeof host, .api = KK_API_NEWEST, .declare_table = add};
  struct declare *d = calloc (1, sizeof *d);
  if (!d)
    return -ENOMEM;
  d->face.host = &host;
  int r = ask (from, config, left_ns, &d->face, fault);
  if (!r)
    r = d->error ? d->error : join (from, d, fault, ret);
  clear (d);
  return r == -ENOMEM || !r ? r : -EINVAL;
}

int
declare_tables (const struct descriptor *from, const void *config, struct kk_fault *fault, struct descriptor **ret)
{
  return ask_and_join (from, config, NULL, fault, ret);
}

int
declare_judge (const struct descriptor *d, const void *config, int64_t *left_ns, struct kk_fault *fault,
               struct descriptor **ret)
{
  *ret = NULL;
  if (d->said && d->plugin.check && !d->plugin.declare)
    return judge_ask (d, config, left_ns, NULL, fault);
  if (!d->said && d->plugin.check && d->plugin.check (config, fault))
    return -EINVAL;
  return d->plugin.declare ? ask_and_join (d, config, left_ns, fault, ret) : 0;
}
