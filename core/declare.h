/* Tables that a plugin declares from its config, beside those of its descriptor. */
#ifndef DECLARE_H
#define DECLARE_H

#include "descriptor.h"

/* Lets the plugin judge a config (`check`) and declare its tables, in a process of its own where that is where its code runs.
 * *ret: as of declare_tables, or NULL when it has no `declare`. *left_ns: how long all such processes may still take, in ns;
 * what was waited is taken off. 0; -EINVAL with the reason in *fault; -ENOMEM. */
int declare_judge (const struct descriptor *d, const void *config, int64_t *left_ns, struct kk_fault *fault,
                   struct descriptor **ret);
/* Asks `d`'s plugin, which has a `declare` and is loaded into this process, for the tables of one config, and makes a
 * descriptor of the same plugin with them. 0; -EINVAL with the reason in *fault; -ENOMEM. */
int declare_tables (const struct descriptor *d, const void *config, struct kk_fault *fault, struct descriptor **ret);
#endif
