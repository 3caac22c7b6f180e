/* Tables that a plugin declares from its config, beside those of its descriptor. */
#ifndef DECLARE_H
#define DECLARE_H

#include "descriptor.h"

/* Asks `d`'s plugin, which has a `declare`, for the tables of one config, and makes a descriptor of the same plugin with them. 0;
 * -EINVAL with the reason in *fault; -ENOMEM. */
int declare_tables (const struct descriptor *d, const void *config, struct kk_fault *fault, struct descriptor **ret);
#endif
