/* What flows where under a plan: the tables between inputs, filters and outputs, found out without anything running. */
#ifndef FLOW_H
#define FLOW_H

#include "plan.h"
#include "schema.h"

struct flow_step {
  const struct instance_plan *filter;
  struct schema *out; /* what it passes on */
};

struct flow_line {
  const struct instance_plan *output; /* NULL: the common pipeline */
  struct flow_step *steps;
  size_t n_steps;
  struct schema *out; /* what comes out at the end */
  bool sure;          /* every filter said what it makes of what comes; otherwise more or less may be there */
};

struct flow {
  struct kk_host host;
  struct schema *in;
  struct flow_line *lines; /* the common pipeline, then one for each output */
  size_t n_lines;
};

/* Is told what a filter has against its config with what comes. One that refuses it is taken to pass all on from there on;
 * otherwise it only wonders. */
typedef void flow_said (void *arg, const struct instance_plan *filter, const struct kk_fault *fault, bool refuses);

/* The plan is borrowed as long as the flow lives. *left_ns: as of judge_ask. 0 or -ENOMEM. */
int flow_new (const struct plan *p, int64_t *left_ns, flow_said *said, void *arg, struct flow **ret);
void flow_free (struct flow *f);
#endif
