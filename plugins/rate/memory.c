#include "memory.h"

#include <stdlib.h>

static void
memory_free (struct memory *m)
{
  for (uint32_t i = 0; i < m->n_fields; i++)
    free (m->fields[i]);
  rowmap_clear (&m->rows);
  free (m->fields);
  free (m->table);
  free (m);
}

void
memory_forget (struct memory **at, const struct kk_schema *in)
{
  for (struct memory *m; (m = *at);) {
    struct kk_table table;
    bool used = m->users;
    for (uint32_t t = 0; !used && in && !kk_schema_table (in, t, &table); t++)
      used = !strcmp (table.name, m->table);
    if (used) {
      at = &m->next;
    } else {
      *at = m->next;
      memory_free (m);
    }
  }
}

struct memory *
memory_of (struct memory **list, const char *table)
{
  for (struct memory *m = *list; m; m = m->next)
    if (!strcmp (m->table, table))
      return m;
  struct memory *m = calloc (1, sizeof *m);
  if (!m || !(m->table = strdup (table))) {
    free (m);
    return NULL;
  }
  m->next = *list;
  return *list = m;
}

int
memory_slot (struct memory *m, const char *field, uint32_t *ret)
{
  for (*ret = 0; *ret < m->n_fields; (*ret)++)
    if (!strcmp (m->fields[*ret], field))
      return 0;
  char **fields = realloc (m->fields, (m->n_fields + 1) * sizeof *fields);
  if (!fields)
    return -ENOMEM;
  m->fields = fields;
  int r =
    (fields[m->n_fields] = strdup (field)) ? rowmap_widen (&m->rows, (m->n_fields + 1) * sizeof (struct series)) : -ENOMEM;
  if (r)
    free (fields[m->n_fields]);
  else
    m->n_fields++;
  return r;
}
