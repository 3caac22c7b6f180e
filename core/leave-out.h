/* A config less those entries of its maps that a plugin refused, so that it can be asked about the others: one fault at a time
 * is all that a plugin can say. */
#ifndef LEAVE_OUT_H
#define LEAVE_OUT_H

#include "descriptor.h"

enum { LEAVE_OUT_MOST = 50 };

struct leave_out {
  const struct descriptor *d;
  const void *whole; /* borrowed */
  void *config;      /* what is left; NULL: all of it */
  uint32_t n;        /* entries left out */
};

static inline const void *
leave_out_config (const struct leave_out *l)
{
  return l->config ? l->config : l->whole;
}
/* Leaves out the entry that the fault is about. False: it is about none, or enough were left out. */
bool leave_out_next (struct leave_out *l, const struct kk_fault *fault);
void leave_out_end (struct leave_out *l);
#endif
