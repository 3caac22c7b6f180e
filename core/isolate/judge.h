/* Asking an isolated plugin about a config: its `check` and `declare`, in a process that lives no longer than the question. */
#ifndef JUDGE_H
#define JUDGE_H

#include "../descriptor.h"

/* What the process of `d`'s plugin says of a config: its tables go to `out` (may be NULL). *left_ns is how long may still be
 * waited, in all; what was waited is taken off. What was found good once is not asked again. 0; -EINVAL with the reason in
 * *fault, also when the process died or hung; -ENOMEM. One thread at a time for a descriptor. */
int judge_ask (const struct descriptor *d, const void *config, int64_t *left_ns, struct kk_declare *out,
               struct kk_fault *fault);
#endif
