/* Between descriptor.c and descriptor-check.c. */
#ifndef DESCRIPTOR_INNER_H
#define DESCRIPTOR_INNER_H

#include "descriptor.h"

#include "buf.h"

/* What is being copied: where it goes, what is wrong with it. Pass 1 counts string bytes, pass 2 copies. */
struct copying {
  struct descriptor *d;
  size_t used;
  struct buf reason;
};

/* Says why; -EINVAL. */
__attribute__ ((format (printf, 2, 3))) int descriptor_refuse (struct copying *c, const char *format, ...);
/* What is copied, strings not yet: 0 or -EINVAL. */
int descriptor_check (struct copying *c);
#endif
