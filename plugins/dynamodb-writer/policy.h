/* The permissions that the daemon needs, as IAM takes them, and the tables as CreateTable does. */
#ifndef POLICY_H
#define POLICY_H

#include "buf.h"

enum { POLICY_ACTIONS = 7 };
extern const char *const policy_actions[POLICY_ACTIONS]; /* "PutItem" … */

struct policy_names {
  const char *region, *table, *registry_table;
};

/* Errors, here and below, stick in the buf. Any account: "*". */
void policy_json (struct buf *b, const struct policy_names *names);
/* {"create_table": [both], "update_time_to_live": [the first one]}: each as `aws dynamodb … --cli-input-json` takes it. */
void policy_tables_json (struct buf *b, const struct policy_names *names);
#endif
