/* By how much a value may change and still count as unchanged: "table.field=0.5", or "table.field=1%" of what was sent last. */
#ifndef DEADBAND_H
#define DEADBAND_H

#include <kode-kronical/plugin.h>

struct deadband {
  double by;
  bool relative; /* `by` is a share */
};

/* Where the names of an item end, and what is behind them. 0, or -EINVAL when it is none. */
int deadband_parse (const char *item, size_t *ret_names, struct deadband *ret);
/* Whether a number is still within what was sent. */
bool deadband_holds (const struct deadband *d, const struct kk_value *now, uint64_t sent);
#endif
