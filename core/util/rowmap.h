/* What a filter remembers of each row of a table from sample to sample: found by key and identity, bounded, and forgotten when
 * the row is gone. */
#ifndef ROWMAP_H
#define ROWMAP_H

#include <kode-kronical/plugin.h>

struct rowmap_entry;

struct rowmap {
  size_t size; /* of what is remembered of a row: a multiple of 8 */
  uint32_t n, cap;
  uint32_t round, seen; /* how many rows were asked for in this round */
  uint32_t next;        /* where the row most likely is: rows mostly keep their order */
  uint32_t n_slots;
  struct rowmap_entry *entries;
  char *memory;
  uint32_t *slots; /* entry + 1 by hash of its key */
};

enum { ROWMAP_MAX = 131072 }; /* rows that are remembered, twice what a table may have */

/* Begins with a sample's rows. A map of zeros with `size` set is empty. */
void rowmap_begin (struct rowmap *m);
/* What is remembered of the row with this key; all zero, and *ret_new set, when nothing is: it is new, or another thing has its
 * key now. `key` as from kk_get_key (a single table's has no type). Valid until the next call. NULL without memory. */
void *rowmap_find (struct rowmap *m, const struct kk_value *key, uint64_t identity, bool *ret_new);
/* After a sample's rows: forgets rows that were not asked for. Of a complete table all of them are gone; otherwise those go
 * that were not seen for some thousand samples, and all when there are too many. */
void rowmap_end (struct rowmap *m, bool complete);
/* Has more be remembered of each row: `size` is not less than before. 0 or -ENOMEM. */
int rowmap_widen (struct rowmap *m, size_t size);
void rowmap_clear (struct rowmap *m); /* frees everything and keeps the size */
#endif
