/* Filters in a row. A chain belongs to one thread: the common one to the sampler, an output's own one to its worker. */
#ifndef CHAIN_H
#define CHAIN_H

#include "instance.h"
#include "sample.h"

struct chain;

/* Where the samples come out at the end of a chain; borrowed for the call. */
typedef void chain_sink (void *arg, const struct sample *sample);

/* `filters` are the caller's; the array is copied. */
int chain_new (struct instance *const *filters, size_t n, chain_sink *sink, void *arg, struct chain **ret);
void chain_free (struct chain *c); /* unbinds; not the instances */
/* Sends a sample through. A filter that fails drops it (and it is counted), unless it says on_error: pass. */
void chain_run (struct chain *c, const struct sample *sample);
/* Lets filters emit what they still hold, first to last. */
void chain_flush (struct chain *c);
/* The filter that is in a call, and since when; NULL: none is. Any thread. */
struct instance *chain_busy (const struct chain *c, int64_t *ret_since_ns);
/* Whether that is this one, for longer than it may take. */
static inline bool
chain_is_late (const struct chain *c, const struct instance *filter, int64_t mono_ns)
{
  int64_t since_ns;
  return c && chain_busy (c, &since_ns) == filter && mono_ns - since_ns >= filter->plan->deadline_ns;
}

void chain_host_functions (struct kk_host *host);
#endif
