/* One message as actions need it; all strings are its own. */
#ifndef ALERT_NOTICE_H
#define ALERT_NOTICE_H

#include "outbox.h"
#include "watch.h"

struct notice {
  struct notice *next;
  char *line; /* for people */
  char *json;
  char **env; /* "KK_ALERT_RULE=cpu", 0-ended; for programs */
};

/* `watch` NULL: the rule is no more. 0 or -ENOMEM. */
int notice_new (const struct watch *w, const char *name, const char *unit, const struct alert_message *m, int64_t wall_ns,
                struct notice **ret);
void notice_free (struct notice *n); /* NULL is fine */
#endif
