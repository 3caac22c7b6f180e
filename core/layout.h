/* How the tables of all inputs make one sample: single tables are joined by column, keyed ones united by row. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "input.h"

struct layout;

/* *reason (the caller's to free): one sentence when two inputs cannot share a table. */
int layout_new (const struct env *env, struct input *const *inputs, size_t n, struct layout **ret, char **reason);
void layout_free (struct layout *l);
struct schema *layout_schema (const struct layout *l); /* borrowed */
/* A sample of the inputs' latest blocks, sealed. NULL without memory: then it is lost, and counted. */
struct sample *layout_collect (struct layout *l, struct input *const *inputs, uint64_t tick, const struct kk_time *time);
/* Rows left out because another producer of the same table had the key already. */
uint64_t layout_duplicates (const struct layout *l);
uint64_t layout_lost (const struct layout *l); /* samples, for want of memory */
#endif
