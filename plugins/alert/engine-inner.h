/* Between what the engine has and what the store says: restore.c. */
#ifndef ALERT_ENGINE_INNER_H
#define ALERT_ENGINE_INNER_H

#include "engine.h"

/* `arg`: the engine, which takes over what the line says. */
int alert_restore (void *arg, const struct alert_record *r, const char *line, size_t length);

struct alert_item alert_item_of (const struct alert_record *r, uint32_t rule);
void alert_record_of_item (struct alert_record *r, const struct alert_item *item, const struct alert_engine_rule *rule);
#endif
