/* What percentiles are made of: the values themselves while there are few, then counts by ranges that grow by 2 % each, so that a
 * percentile is at most 1 % of itself off. After the idea of DDSketch (Masson, Rim, Lee: VLDB 2019). */
#ifndef SKETCH_H
#define SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SKETCH_EXACT = 128, SKETCH_BUCKETS = 1024 };
#define SKETCH_ERROR 0.01

struct sketch_bucket {
  int32_t range; /* ascending with the values; 0: those that are 0 */
  uint32_t count;
};

/* All zeros is an empty one. */
struct sketch {
  uint64_t n;
  double *values; /* up to SKETCH_EXACT; then NULL */
  struct sketch_bucket *buckets;
  uint32_t n_values, n_buckets, cap;
};

/* Each 0 or -ENOMEM, with what was there before kept. */
int sketch_add (struct sketch *s, double value);
int sketch_merge (struct sketch *to, const struct sketch *from);
/* The smallest value that at least `share` (0 to 1) of all are not above; n > 0. */
double sketch_quantile (struct sketch *s, double share);
/* What it has allocated, and whether one more value may need more. */
size_t sketch_bytes (const struct sketch *s);
bool sketch_is_full (const struct sketch *s);
void sketch_clear (struct sketch *s); /* keeps its memory */
void sketch_free (struct sketch *s);
#endif
