/* What a message says, asked by name: for a program's environment and for templates. It is read from the message's JSON, so
 * that one of before a restart is like any other. */
#ifndef ALERT_FACTS_H
#define ALERT_FACTS_H

#include "buf.h"

#include <stdbool.h>
#include <stddef.h>

struct facts;

/* 0, -EBADMSG (not a message) or -ENOMEM. `json` is borrowed. */
int facts_read (const char *json, size_t length, struct facts **ret);
void facts_free (struct facts *f); /* NULL is fine */
/* Adds what that name stands for; of a message about several rows, `row`, `value` and `since` are those of the first, and
 * nothing where there is none. False: there is no such name. */
bool facts_add (const struct facts *f, const char *name, size_t length, struct buf *b);
bool facts_is_name (const char *name, size_t length);
/* All names, for a message to people: "id, host, …". */
const char *facts_names (void);
/* "KK_ALERT_RULE=cpu" …, and what a program needs of our own environment; 0-ended. NULL: no memory. */
char **facts_environment (const struct facts *f);
void facts_environment_free (char **env); /* NULL is fine */
#endif
