/* One configured use of a plugin: its state, what it may ask of the host, and what is known about how it does. */
#ifndef INSTANCE_H
#define INSTANCE_H

#include "buf.h"
#include "env.h"
#include "plan.h"

#include <pthread.h>

enum { INSTANCE_STATUS_KEYS = 16, INSTANCE_KEY_SIZE = 32, INSTANCE_TEXT_SIZE = 256 };

struct instance_status {
  char key[INSTANCE_KEY_SIZE];
  char text[INSTANCE_TEXT_SIZE];
};

/* Counted under the instance's lock. For an input a call is a `read`, for a filter `process`, for an output `write`. */
struct instance_stats {
  uint64_t calls;
  uint64_t failures;
  uint64_t overruns; /* calls that passed their deadline */
  uint64_t skipped;  /* calls not made because an earlier one had not returned */
  uint64_t dropped;  /* samples (filter, output) that were given up */
  uint64_t incomplete; /* samples that went on without the values of the tables that a filter touches, which failed */
  uint64_t withheld, withheld_now; /* samples of which a filter that did not fail passed on nothing; those since it last did */
  uint64_t retries;
  uint64_t bad_fields, lost_rows, cut_strings; /* in what a filter adds; of an input its rows count it */
  uint64_t cpu_ns, cpu_timed; /* CPU of those calls that were timed: asking for it costs more than some of them do */
  uint64_t wall_ns, wall_max_ns;
  bool failing;   /* the last call that came to a result failed */
  int last_error; /* -errno of the last failure */
  int64_t last_error_wall_ns;
  int64_t last_good_wall_ns;
};

struct instance {
  struct kk_instance face;
  const struct env *env;
  struct plan *whole;               /* keeps `plan` alive */
  const struct instance_plan *plan;
  const struct kk_plugin *plugin; /* plan->descriptor->plugin */
  int64_t sample_interval_ns;     /* when it was made */
  void *state;
  bool created;
  uint32_t begun;       /* calls so far; only whoever calls it */
  bool away;            /* a thread has been left behind in a call of it, as a filter; ask instance_away */
  int64_t away_since_ns; /* … begun then (monotonic) */
  pthread_mutex_t lock; /* guards what follows */
  struct instance_stats stats;
  struct instance_status status[INSTANCE_STATUS_KEYS];
  uint32_t n_status;
  struct file_stamp file;                /* of the plugin's file whose code it runs */
  char last_message[INSTANCE_TEXT_SIZE]; /* the newest warning or error it logged */
};

/* Calls `create`. `plan` is a part of `whole`, of which a reference is kept (NULL: the caller keeps `plan`). On failure *reason is one sentence for the user (the
 * caller's to free). */
int instance_new (const struct env *env, const struct plan *whole, const struct instance_plan *plan, struct instance **ret,
                  char **reason);
/* Calls `destroy`; NULL is fine. */
void instance_free (struct instance *i);

/* Around a call: what it cost. */
struct instance_call {
  int64_t cpu_ns; /* -1: not timed */
  int64_t mono_ns;
};
struct instance_call instance_call_begin (struct instance *i);
/* Counts the call and what it returned. How long it took, in ns. */
int64_t instance_call_end (struct instance *i, const struct instance_call *call, int result);
void instance_count (struct instance *i, size_t offset, uint64_t n);
#define INSTANCE_COUNT(instance, member, n) instance_count (instance, offsetof (struct instance_stats, member), n)
/* Counts a sample of which a filter passed on nothing (`so`), or that it passes on again. */
void instance_withheld (struct instance *i, bool so);
struct instance_stats instance_stats (struct instance *i);
/* A thread is left behind in a filter's call, and comes back from there: nobody else calls it or destroys it meanwhile.
 * instance_return is the last that the thread does with it. */
void instance_leave (struct instance *i, int64_t since_ns);
void instance_return (struct instance *i);
bool instance_away (const struct instance *i); /* any thread */

void instance_host_functions (struct kk_host *host);
#endif
