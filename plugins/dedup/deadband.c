#include "deadband.h"

#include <math.h>
#include <stdlib.h>

int
deadband_parse (const char *item, size_t *ret_names, struct deadband *ret)
{
  const char *dot = strchr (item, '.'), *equals = strrchr (item, '=');
  char *end;
  if (!dot || !equals || dot > equals || dot == item || dot + 1 == equals)
    return -EINVAL;
  if (!strchr ("0123456789.", equals[1]) || !equals[1])
    return -EINVAL;
  double by = strtod (equals + 1, &end);
  bool relative = *end == '%';
  if (end == equals + 1 || end[relative] || !isfinite (by))
    return -EINVAL;
  *ret_names = (size_t) (equals - item);
  *ret = (struct deadband){.by = relative ? by / 100 : by, .relative = relative};
  return 0;
}

bool
deadband_holds (const struct deadband *d, const struct kk_value *now, uint64_t sent)
{
  double was, change;
  if (now->u64 == sent)
    return true;
  if (now->type == KK_TYPE_F64) {
    memcpy (&was, &sent, sizeof was);
    change = fabs (now->f64 - was);
  } else if (now->type == KK_TYPE_I64) {
    was = fabs ((double) (int64_t) sent);
    change = (double) (now->i64 > (int64_t) sent ? now->u64 - sent : sent - now->u64);
  } else {
    was = (double) sent;
    change = (double) (now->u64 > sent ? now->u64 - sent : sent - now->u64);
  }
  return change <= (d->relative ? d->by * fabs (was) : d->by);
}
