/* An output at work: a thread that takes samples from its queue, sends them through the output's own filters, and has them written,
 * again and again where the output asks for it. */
#ifndef WORKER_H
#define WORKER_H

#include "chain.h"
#include "queue.h"

struct worker;

/* Starts the thread. `filters` are the output's own; the array is copied, the instances are the worker's from now on, as is the
 * output; on failure they are freed. */
int worker_new (struct instance *output, struct instance *const *filters, size_t n_filters, struct worker **ret);
void worker_put (struct worker *w, const struct sample *sample);
/* Lets it finish what is queued, then flush, for at most until_ns (CLOCK_MONOTONIC). Returns true when the thread has ended; then
 * worker_free may be called. A worker that hangs is left behind. */
bool worker_stop (struct worker *w, int64_t until_ns);
void worker_close (struct worker *w); /* begins the stop without waiting */
void worker_free (struct worker *w); /* and its instances */

struct worker_view {
  size_t queued, queued_bytes, most, max_bytes;
  uint64_t dropped;
  int64_t busy_since_ns; /* monotonic; 0: not in a call */
  int64_t retry_at_ns;   /* monotonic; 0: not waiting */
};
struct worker_view worker_view (struct worker *w);
/* Whether this filter of its chain is in a call for longer than it may take. */
bool worker_is_late (const struct worker *w, const struct instance *filter, int64_t mono_ns);
struct instance *worker_output (const struct worker *w);
struct instance *const *worker_filters (const struct worker *w, size_t *ret_n);
#endif
