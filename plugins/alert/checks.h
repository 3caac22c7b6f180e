/* What can be said of options and rules before they are at work. */
#ifndef ALERT_CHECKS_H
#define ALERT_CHECKS_H

#include "options.h"
#include "watch.h"

/* 0, -EINVAL with *fault, -ENOMEM. */
int checks_options (const struct options *o, struct kk_fault *fault);
/* All rules on one schema: what is missing is an error of the rule that names it, what can never be true is warned of. 0,
 * -EINVAL with *fault, -ENOMEM. */
int checks_rules (const struct watches *w, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault);
/* Warnings: of words in texts that nothing stands for, and of a command that cannot be run now. */
void checks_words (const struct watches *w, struct kk_shape *shape);
void checks_command (const struct options *o, struct kk_shape *shape);
#endif
