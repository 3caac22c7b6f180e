/* Filters in a row. A chain belongs to one thread: the common one to the sampler, an output's own one to its worker. One that
 * hangs in a call can be left behind there; whoever does that has the chain from then on. */
#ifndef CHAIN_H
#define CHAIN_H

#include "instance.h"
#include "sample.h"

struct chain;

/* Where the samples come out at the end of a chain; borrowed for the call. */
typedef void chain_sink (void *arg, const struct sample *sample);

/* `filters` are the caller's; the array is copied. */
int chain_new (struct instance *const *filters, size_t n, chain_sink *sink, void *arg, struct chain **ret);
/* Unbinds; not the instances. What a thread that was left behind still uses goes when that comes back. */
void chain_free (struct chain *c);
/* Before `from` ends: takes over what that knows of filters that are away, so that what they do not touch goes on. */
void chain_inherit (struct chain *c, const struct chain *from);
/* Sends a sample through. Where a filter fails, or hangs, the tables that it touches go on as failed ones, without values, and
 * the rest as it is; a filter that says nothing of what it touches drops the sample. Both are counted. on_error: pass goes
 * before. NULL, or the filter in which this thread was left behind: the chain is another's now, and the filter is still away,
 * until instance_return, which is the last that may be done with it. */
struct instance *chain_run (struct chain *c, const struct sample *sample);
/* Lets filters emit what they still hold, first to last, but for those that are away. Returns as chain_run does. */
struct instance *chain_flush (struct chain *c);
/* When the call that is under way will be late, or INT64_MAX: there is none, or it cannot be left. Any thread. */
int64_t chain_late_at (struct chain *c);
/* Whether this filter is in a call for longer than it may take. Any thread. */
bool chain_is_late (struct chain *c, const struct instance *filter, int64_t mono_ns);
/* Leaves behind the thread that is in a call which is late, and counts that. The chain is the caller's then, who calls
 * chain_go_on for what is still to be done, and returns as chain_run does. NULL: no call is late. */
struct instance *chain_leave (struct chain *c, int64_t mono_ns);
struct instance *chain_go_on (struct chain *c);

#endif
