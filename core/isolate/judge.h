/* Asking an isolated plugin about a config: its `check`, `declare` and `shape`, in a process that lives no longer than the
 * question. */
#ifndef JUDGE_H
#define JUDGE_H

#include "../descriptor.h"
#include "../shape.h"

/* What the process of `d`'s plugin says of a config: its tables go to `out` (may be NULL). *left_ns is how long may still be
 * waited, in all; what was waited is taken off. What was found good once is not asked again. 0; -EINVAL with the reason in
 * *fault, also when the process died or hung; -ENOMEM. One thread at a time for a descriptor. */
int judge_ask (const struct descriptor *d, const void *config, int64_t *left_ns, struct kk_declare *out,
               struct kk_fault *fault);
/* What it will do with a schema, which `shape` is asked for; the rest as of judge_ask. Nothing of it is remembered. A filter
 * that asks for what a process of its own cannot do is refused. */
int judge_shape (const struct descriptor *d, const void *config, const struct schema *in, int64_t *left_ns,
                 struct kk_shape *shape, struct kk_fault *fault);
#endif
