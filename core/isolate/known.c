#include "known.h"

const struct known_schema *
known_find (const struct known *k, const struct schema *schema)
{
  for (uint32_t i = 0; i < k->n; i++)
    if (k->at[i].schema == schema)
      return k->at + i;
  return NULL;
}

void
known_add (struct known *k, struct schema *schema)
{
  k->at[k->n++] = (struct known_schema){.schema = schema_ref (schema)};
}

void
known_carried (struct known *k, const struct sample *sample)
{
  for (uint32_t i = 0; i < k->n; i++)
    if (k->at[i].schema == sample->schema) {
      sample_unref (k->at[i].last);
      k->at[i].last = sample_ref (sample);
    }
}

void
known_forget (struct known *k)
{
  while (k->n) {
    k->n--;
    schema_unref (k->at[k->n].schema);
    sample_unref (k->at[k->n].last);
  }
}
