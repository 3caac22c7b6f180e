/* What one field of one row came to in one pane of a window. */
#ifndef TALLY_H
#define TALLY_H

#include "function.h"
#include "sketch.h"

union tally_number {
  double f64;
  uint64_t u64;
  int64_t i64;
};

/* All zeros is an empty one. */
struct tally {
  uint64_t count;
  union tally_number min, max, last, sum; /* in the field's type */
  double mean, m2;                        /* Welford's */
  int64_t last_ns;
  uint32_t absent; /* why the last reading gave nothing; while count is 0 */
  struct sketch sketch;
};

/* One of a column of numbers; `sketch`: percentiles will be asked for. 0 or -ENOMEM. */
int tally_add (struct tally *t, const struct kk_column *c, uint32_t at, bool sketch);
int tally_merge (struct tally *to, const struct tally *from, uint32_t type);
void tally_clear (struct tally *t);
void tally_free (struct tally *t);
/* Sets field number `to` of a row to what the function makes of it. */
void tally_give (struct tally *t, uint32_t type, const struct function *f, struct kk_row *row, uint32_t to);
#endif
