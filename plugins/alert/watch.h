/* Rules as they were configured, taken apart. */
#ifndef ALERT_WATCH_H
#define ALERT_WATCH_H

#include "options.h"
#include "state.h"

#include "expression/expression.h"

struct watch {
  char *name;
  char *when; /* as the user wrote it */
  char *text; /* template */
  const char *built_in, *field; /* of the short keys' rules: the option, and what it is about; else NULL */
  int32_t severity;
  struct expression *expression;
  bool has_clear;
  struct alert_params params;
  uint64_t made; /* a hash of all that makes it this rule */
};

struct watches {
  struct watch *items;
  uint32_t n;
};

/* 0; -EINVAL with *fault; -ENOMEM. `fault` may be NULL when the options were checked. */
int watches_make (const struct options *o, struct watches *ret, struct kk_fault *fault);
void watches_free (struct watches *w);
const char *watch_severity (const struct watch *w); /* "warning" */
#endif
