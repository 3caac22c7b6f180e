/* A table made anew with other keys for some of its rows. */
#ifndef RENAME_COPY_H
#define RENAME_COPY_H

#include <kode-kronical/plugin.h>

struct copy;

/* Of the entries table.key of `rows` those that are about this table; the map has to outlive the copy. `to` is the number of
 * the table that was added. NULL without memory. */
struct copy *copy_new (const struct kk_map *rows, const struct kk_table *table, uint32_t from, uint32_t to);
void copy_free (struct copy *c);
/* Fills the added table from the incoming one. Of two rows that come to one key the first counts; the others are added to
 * *lost. */
void copy_rows (struct copy *c, const struct kk_sample *in, struct kk_rows *out, uint64_t *lost);

/* Of "table.rest" the rest, if it is this table, else NULL. */
const char *copy_rest (const char *name, const char *table);
#endif
