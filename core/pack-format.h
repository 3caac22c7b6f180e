/* What packing and unpacking share.
 *
 * One sample: varints (LEB128; signed ones zigzag) of the wall and monotonic time since the one before, what came before it, then
 * every table. A table: a byte of flags; SAME ends it. Else the age of its reading, for a keyed one the number of rows, then the rows.
 * A row of a keyed table begins with where it was in the table before: k > 0, k - 1 rows behind the last such row; or 0, it is new,
 * and its key and identity follow. SAME_KEYS leaves all that out: the very rows of before. Then the cells, each a varint: 0 the value
 * before, 1 to 7 absent and why, RAW eight bytes, TEXT a length and bytes, from DELTA on the zigzag difference from the value before (a
 * number with decimals counts in units of its last digit). A new row has no values before. */
#ifndef PACK_FORMAT_H
#define PACK_FORMAT_H

#include "pack.h"

#include <math.h>
#include <string.h>

enum { STATE_MASK = 3, HELD = 4, SAME = 8, SAME_KEYS = 16 };
enum { TOKEN_SAME = 0, TOKEN_RAW = 8, TOKEN_TEXT = 9, TOKEN_DELTA = 16 };
enum { MAX_ROWS = 1 << 20, MAX_TEXT = 1 << 20 };

static const double scales[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

/* The number as an integer to take differences of: false when it is to be kept bit by bit. */
static inline bool
whole (const struct kk_value *v, const struct kk_field *field, int64_t *ret)
{
  if (v->type != KK_TYPE_F64) {
    *ret = v->type == KK_TYPE_BOOL ? v->boolean : v->i64;
    return true;
  }
  double scaled = field->decimals ? v->f64 * scales[field->decimals] : NAN;
  if (!(fabs (scaled) < 4503599627370496.0))
    return false;
  *ret = llround (scaled);
  return true;
}

#endif
