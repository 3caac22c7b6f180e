/* From the figures of one reading to how much memory is in use. */
#ifndef MEMORY_USE_H
#define MEMORY_USE_H

#include <stdbool.h>
#include <stdint.h>

/* The first are needed for what is always recorded, in the order in which the kernel lists them; the rest are parts on request.
 */
enum memory_part {
  MEMORY_TOTAL,
  MEMORY_FREE,
  MEMORY_AVAILABLE,
  MEMORY_BUFFERS,
  MEMORY_CACHED,
  MEMORY_ACTIVE,
  MEMORY_INACTIVE,
  MEMORY_ACTIVE_FILE,
  MEMORY_INACTIVE_FILE,
  MEMORY_SWAP_TOTAL,
  MEMORY_SWAP_FREE,
  MEMORY_DIRTY,
  MEMORY_WRITEBACK,
  MEMORY_ANONYMOUS,
  MEMORY_MAPPED,
  MEMORY_SHARED,
  MEMORY_SLAB,
  MEMORY_RECLAIMABLE,
  MEMORY_KERNEL_STACK,
  MEMORY_PAGE_TABLES,
  MEMORY_COMMITTED,
  MEMORY_HUGE,
  MEMORY_PARTS
};

struct memory_reading {
  uint64_t kib[MEMORY_PARTS]; /* 0 where the system does not say */
  uint32_t has;               /* bit 1 << enum memory_part */
};

static inline bool
memory_has (const struct memory_reading *r, enum memory_part part)
{
  return r->has & (1u << part);
}

struct memory_use {
  double percent; /* 0 to 100 */
  uint64_t available_kib, used_kib;
  bool estimated; /* available_kib is not the kernel's own figure */
};

/* `low_kib`: free memory below which the kernel begins to reclaim; needed for an estimate only. -EBADMSG: no total, or no free.
 */
int memory_use (const struct memory_reading *r, uint64_t low_kib, struct memory_use *ret);
#endif
