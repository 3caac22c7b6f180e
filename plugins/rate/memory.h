/* What is remembered of tables over changes of the schema: they and their fields are known by name. */
#ifndef MEMORY_H
#define MEMORY_H

#include "rowmap.h"
#include "series.h"

struct memory {
  struct memory *next;
  char *table;
  char **fields; /* by slot: a row has a struct series for each */
  uint32_t n_fields;
  uint32_t users; /* bindings */
  struct rowmap rows;
};

/* That of a table, made if need be. NULL without memory. */
struct memory *memory_of (struct memory **list, const char *table);
/* The slot of a field, likewise. 0 or -ENOMEM. */
int memory_slot (struct memory *m, const char *field, uint32_t *ret);
/* Frees those without users, but for the tables of `in` (may be NULL). */
void memory_forget (struct memory **list, const struct kk_schema *in);
#endif
