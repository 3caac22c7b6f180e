/* What a reload would do: which instances go on as they are, which start, stop, or start anew, and why. */
#ifndef PLAN_DIFF_H
#define PLAN_DIFF_H

#include "plan.h"

enum plan_change { PLAN_KEEP, PLAN_START, PLAN_STOP, PLAN_RESTART, PLAN_REORDER };

struct plan_difference {
  const char *name;
  enum plan_change change;
  const char *why; /* "its options changed"; "" when it is kept */
};

/* Whether an instance of `from` can go on as one of `to`; *ret_why (a constant) says why not. */
bool plan_same_instance (const struct plan *from, const struct instance_plan *a, const struct plan *to, const struct instance_plan *b,
                         const char **ret_why);
/* All instances of both plans, those of `to` first, and behind them PLAN_REORDER of "pipeline" where the filters that stand in
 * both common pipelines come in another order. The array is the caller's to free; the names belong to the plans. */
int plan_compare (const struct plan *from, const struct plan *to, struct plan_difference **ret, size_t *ret_n);
const char *plan_change_word (enum plan_change change); /* "keep", "start", "stop", "restart", "reorder" */
#endif
