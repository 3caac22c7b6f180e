/* What the process of an isolated filter or output has been told: schemas, and of each the newest sample. */
#ifndef KNOWN_H
#define KNOWN_H

#include "../sample.h"

enum { KNOWN_SCHEMAS = 8 }; /* as many as a process keeps */

struct known_schema {
  struct schema *schema;
  struct sample *last; /* or NULL */
};

struct known {
  struct known_schema at[KNOWN_SCHEMAS];
  uint32_t n;
};

const struct known_schema *known_find (const struct known *k, const struct schema *schema); /* NULL: it knows nothing of it */
void known_add (struct known *k, struct schema *schema);                                    /* there must be room */
void known_carried (struct known *k, const struct sample *sample);                          /* the process will have this one */
void known_forget (struct known *k);
#endif
