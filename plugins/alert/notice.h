/* One message as actions need it: a line for people, and a JSON object that says all of it. */
#ifndef ALERT_NOTICE_H
#define ALERT_NOTICE_H

#include "outbox.h"
#include "record.h"
#include "watch.h"

struct notice {
  char id[ALERT_ID]; /* nobody else's, ever */
  struct buf line, json;
};

/* `watch` NULL: the rule is no more. 0 or -ENOMEM; notice_free in any case. */
int notice_make (struct notice *n, const struct watch *w, const char *name, const char *unit, const struct alert_message *m,
                 int64_t wall_ns);
void notice_free (struct notice *n);
#endif
