/* How a rule looks at a sample: the same for the daemon and for whoever tries rules on what was recorded. */
#ifndef ALERT_CONSIDER_H
#define ALERT_CONSIDER_H

#include "rule.h"
#include "watch.h"

/* With the gap that is right for samples at this interval. */
struct alert_params consider_params (const struct watch *w, int64_t interval_ns);
/* Once for each sample. False: the rule's table is held, so that there is nothing to look at. */
bool consider_wants (const struct watch *w, struct expression_binding *b, const struct kk_sample *in);
/* After alert_rule_begin: looks at all rows, and ends the step. */
void consider_rule (struct alert_rule *rule, const struct watch *w, struct expression_binding *b, const struct kk_sample *in,
                    const struct kk_time *time);
#endif
