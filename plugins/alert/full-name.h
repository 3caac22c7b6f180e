/* What a row under a rule is called in the table `alerts`: "rule/row", or "rule" where its table has one row. */
#ifndef ALERT_FULL_NAME_H
#define ALERT_FULL_NAME_H

#include "rule.h"

enum { ALERT_FULL_NAME = 256 }; /* keys are at most 255 bytes */

/* No two have the same: a slash within the rule's name is written "\/" and a backslash "\\"; what is too long is cut, and ends
 * in "#" and a hash of the whole. */
void alert_full_name (const char *rule, const struct alert_key *key, char ret[ALERT_FULL_NAME]);
#endif
