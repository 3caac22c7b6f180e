/* Names of tables and fields as a filter's options have them: globs, of which one without wildcards must name something. */
#ifndef PICK_H
#define PICK_H

#include "pattern.h"

#include <kode-kronical/plugin.h>

/* Whether a glob of that length, which need not end in a 0, takes the text. Longer than 511 bytes: it takes none. */
bool pick_matches (const char *glob, size_t length, const char *text);
/* Whether there can be a number that a glob takes: "4*" and "[0-4]?", but not "py*". */
bool pick_takes_digits (const char *glob);
/* Of "table.rest": where the rest begins if the table's glob takes this table, else NULL. */
const char *pick_for_table (const char *item, const char *table);

/* In a filter's `shape`: refuses a name without wildcards that is none of the schema's, and says which one may be meant; and
 * keys that no row of a table can have whose rows are known by numbers. Warns, where `shape` is not NULL, of a glob that names
 * nothing. `item` is a table's glob; with `field` a "table.field", with `row` a "table.row" of a keyed table. 0 or
 * kk_refuse (...). */
enum pick_what { PICK_TABLE, PICK_FIELD, PICK_ROW };
int pick_check (const struct kk_schema *in, enum pick_what what, const char *option, const char *item, struct kk_shape *shape,
                struct kk_fault *fault);
/* The same where a regular expression stands in the place of the name, of that behind the dot where there is one. */
int pick_check_pattern (const struct kk_schema *in, enum pick_what what, const char *option, const char *item,
                        struct pattern *pattern, struct kk_shape *shape, struct kk_fault *fault);
#endif
