/* What a window can be asked for: min, max, mean, last, count, sum, stddev, and any percentile as p95 or p99.9. */
#ifndef FUNCTION_H
#define FUNCTION_H

#include <kode-kronical/plugin.h>

enum function_kind { FUNCTION_MIN, FUNCTION_MAX, FUNCTION_MEAN, FUNCTION_LAST, FUNCTION_COUNT, FUNCTION_SUM, FUNCTION_STDDEV, FUNCTION_PERCENTILE };

struct function {
  enum function_kind kind;
  double share;  /* of a percentile: 0.95 */
  char name[12]; /* as a field's name ends: "p99_9" */
};

enum { FUNCTION_MOST = 16 };

/* A list of them, separated by blanks or commas, each at most once. How many, or -EINVAL with what is wrong in `why`. */
int function_parse (const char *text, struct function ret[FUNCTION_MOST], char why[160]);
/* The field it makes of one; `name` is the buffer for its name. Whole numbers stay such where the function keeps them. */
struct kk_field function_field (const struct function *f, const struct kk_field *of, bool alone, char name[64]);
#endif
