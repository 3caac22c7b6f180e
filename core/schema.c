#include "schema.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct schema *
schema_new (const struct kk_host *host, uint32_t n_tables)
{
  static _Atomic uint64_t last_id; /* unique in the process, whoever makes the schema */
  struct schema *s = calloc (1, sizeof *s + n_tables * sizeof s->tables[0]);
  if (!s)
    return NULL;
  s->face.host = host;
  s->refs = 1;
  s->id = atomic_fetch_add (&last_id, 1) + 1;
  s->n_tables = n_tables;
  return s;
}

struct schema *
schema_ref (const struct schema *s)
{
  struct schema *same = (struct schema *) (uintptr_t) s;
  __atomic_add_fetch (&same->refs, 1, __ATOMIC_RELAXED);
  return same;
}

static void
table_free (struct table_schema *t)
{
  for (uint32_t i = 0; i < t->n_fields; i++) {
    free ((char *) (uintptr_t) t->fields[i].name);
    free ((char *) (uintptr_t) t->fields[i].unit);
    free ((char *) (uintptr_t) t->fields[i].help);
  }
  free (t->fields);
  free (t->name);
  free (t->key);
  free (t->help);
}

void
schema_unref (struct schema *s)
{
  if (!s || __atomic_sub_fetch (&s->refs, 1, __ATOMIC_ACQ_REL))
    return;
  for (uint32_t i = 0; i < s->n_tables; i++)
    table_free (s->tables + i);
  free (s);
}

static int
copy_text (char **to, const char *from)
{
  free (*to);
  *to = from ? strdup (from) : NULL;
  return from && !*to ? -ENOMEM : 0;
}

int
table_schema_name (struct table_schema *t, const char *name, const char *key, const char *help, uint32_t key_type, uint32_t max_rows)
{
  t->key_type = key_type;
  t->max_rows = max_rows;
  return copy_text (&t->name, name) || copy_text (&t->key, key) || copy_text (&t->help, help) ? -ENOMEM : 0;
}

int
table_schema_add (struct table_schema *t, const struct kk_field *field)
{
  struct kk_field *fields = realloc (t->fields, (t->n_fields + 1) * sizeof *fields);
  if (!fields)
    return -ENOMEM;
  t->fields = fields;
  struct kk_field *f = fields + t->n_fields;
  *f = *field;
  f->only_if = NULL;
  f->name = strdup (field->name);
  f->unit = strdup (field->unit ? field->unit : "1");
  f->help = strdup (field->help ? field->help : "");
  t->n_fields++; /* from here on table_free frees what was had */
  return f->name && f->unit && f->help ? 0 : -ENOMEM;
}

int64_t
schema_find_table (const struct schema *s, const char *name)
{
  for (uint32_t i = 0; i < s->n_tables; i++)
    if (!strcmp (s->tables[i].name, name))
      return i;
  return -1;
}

int64_t
table_schema_find (const struct table_schema *t, const char *field)
{
  for (uint32_t i = 0; i < t->n_fields; i++)
    if (!strcmp (t->fields[i].name, field))
      return i;
  return -1;
}
