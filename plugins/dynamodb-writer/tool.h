/* The command `dynamodb`: kode-kronical-daemon dynamodb check, … backfill. Each returns the exit status. */
#ifndef TOOL_H
#define TOOL_H

#include "tool-report.h"
#include "schema.h"
#include "tool-call.h"
#include "tool-config.h"

#define TOOL_NAME "kode-kronical-daemon dynamodb"

struct tool_options {
  const char *instance, *since, *until, *rate, *directory; /* NULL: not given */
  bool json, print_policy, print_tables, dry_run;
  const volatile __sig_atomic_t *interrupted;
};

enum { TOOL_OK, TOOL_FAILED, TOOL_USAGE };

int tool_check (const struct tool_options *o);
int tool_print (const struct tool_options *o); /* the policy or the tables; offline */
int tool_backfill (const struct tool_options *o);

/* ---- Parts of the check ---- */

struct tool_checker {
  const struct tool_config *config;
  struct report *report;
  struct tool_caller caller;
  const char *host;
  bool daemon_runs;
  const char *tables[SCHEMA_KINDS];
  bool there[SCHEMA_KINDS]; /* and ACTIVE, with the right keys */
  bool can_update;          /* UpdateItem on the registry */
};

void tool_check_permissions (struct tool_checker *c);
/* Whether another machine writes under this one's name. */
void tool_check_name (struct tool_checker *c);
#endif
