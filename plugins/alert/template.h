/* The body of a webhook, with a message's values in it. `{name}` stands for a value as it is within a JSON string, `{json}` for
 * the whole message; any other brace is itself. */
#ifndef ALERT_TEMPLATE_H
#define ALERT_TEMPLATE_H

#include "facts.h"

/* 0; -EINVAL: no name, or no JSON with values in it, and *ret_column (from 1) and `why` say more; -ENOMEM. */
int template_check (const char *text, uint32_t *ret_column, char *why, size_t size);
void template_fill (const char *text, const struct facts *f, const char *json, struct buf *b);
#endif
