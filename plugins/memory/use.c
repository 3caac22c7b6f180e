#include "use.h"

#include <errno.h>

static uint64_t
smaller (uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

/* What the kernel would call available, had it been asked (before Linux 3.14 it cannot be): what is free above the reserve, and
 * of the page cache and the reclaimable slab all but what stays in use, which is taken to be half, at most the reserve. */
static uint64_t
estimate (const struct memory_reading *r, uint64_t low_kib)
{
  uint64_t free = r->kib[MEMORY_FREE];
  uint64_t cache = r->kib[MEMORY_ACTIVE_FILE] + r->kib[MEMORY_INACTIVE_FILE], slab = r->kib[MEMORY_RECLAIMABLE];
  if (!memory_has (r, MEMORY_ACTIVE_FILE) || !memory_has (r, MEMORY_INACTIVE_FILE))
    return free + r->kib[MEMORY_CACHED];
  uint64_t sum = free + cache - smaller (cache / 2, low_kib) + slab - smaller (slab / 2, low_kib);
  return sum > low_kib ? sum - low_kib : 0;
}

int
memory_use (const struct memory_reading *r, uint64_t low_kib, struct memory_use *ret)
{
  uint64_t total = r->kib[MEMORY_TOTAL], free = r->kib[MEMORY_FREE];
  if (!total || !memory_has (r, MEMORY_FREE) || free > total)
    return -EBADMSG;

  struct memory_use use = {.available_kib = r->kib[MEMORY_AVAILABLE]};
  /* Some kernels list the line and always say 0 (giampaolo/psutil#1915). */
  if (!use.available_kib) {
    use.estimated = true;
    use.available_kib = smaller (estimate (r, low_kib), total);
  }
  /* In some containers the total is the container's, and the available memory still the host's. */
  if (use.available_kib > total)
    use.available_kib = free;
  use.percent = 100.0 * (double) (total - use.available_kib) / (double) total;
  if (use.percent > 100) /* by the last bit, of huge numbers */
    use.percent = 100;

  uint64_t not_used = free + r->kib[MEMORY_BUFFERS] + r->kib[MEMORY_CACHED] + r->kib[MEMORY_RECLAIMABLE];
  use.used_kib = not_used <= total ? total - not_used : total - free;
  *ret = use;
  return 0;
}
