/* schema.json: unit, kind and type of every recorded field, for whoever reads a table that they did not make. */
#ifndef SCHEMA_JSON_H
#define SCHEMA_JSON_H

#include "entry.h"
#include "store.h"

#define SCHEMA_JSON "schema.json"

void schema_json (struct buf *out, const struct kk_schema *schema, const struct entry_choice *choice);
/* Puts the text in place by rename, unless the file says so already; what it renames has `temporary` with more behind it as its name.
 * *wrote grows by the bytes written. 0 or -errno. */
int schema_json_write (const struct store *store, const char *temporary, const struct buf *text, uint64_t *wrote);
#endif
