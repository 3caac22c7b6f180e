/* The rows of a table with the most of a field. */
#ifndef RANK_H
#define RANK_H

#include <kode-kronical/plugin.h>

struct rank_entry {
  uint64_t value; /* greater for more, whatever the field's type */
  uint32_t row;
  bool there;
};

/* All zeros is an empty one; its memory is kept from sample to sample. */
struct rank {
  struct rank_entry *heap; /* the first is the least of those found so far */
  uint8_t *chosen;         /* by row */
  uint32_t n_heap, room_heap, room_rows;
};

/* Room for n of n_rows, of which none is chosen yet. 0 or -ENOMEM. */
int rank_begin (struct rank *r, uint32_t n, uint32_t n_rows);
/* Chooses the n rows (of n_rows, but not the row `skip`; KK_NONE: of all) with the most of a field, beside those
 * chosen before. Equal ones by their keys, smaller first; rows without a value come last. */
void rank_choose (struct rank *r, const struct kk_sample *in, uint32_t table, uint32_t field, uint32_t n, uint32_t n_rows,
                  uint32_t skip);
void rank_free (struct rank *r);
#endif
