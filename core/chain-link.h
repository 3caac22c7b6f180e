/* A filter's place in a chain: what it was bound to, and what came last. Belongs to the thread that has the chain. */
#ifndef CHAIN_LINK_H
#define CHAIN_LINK_H

#include "emit.h"
#include "instance.h"

/* Schemas come anew with a reload or when a filter in front changes its mind; a link remembers this many. */
enum { MAX_BINDINGS = 8 };

struct binding {
  uint64_t schema_id;
  struct shape *shape;
  void *of_filter;
};

struct link {
  struct instance *filter;
  struct binding bindings[MAX_BINDINGS];
  size_t n_bindings;
  bool refused;        /* it was said that it cannot be bound, */
  bool too_many;       /* … or that its samples have too many blocks */
  bool withholds;      /* it passed on nothing of the last sample */
  bool left;           /* a thread was left behind in a call from here; guarded by the chain's lock */
  struct shape *rest;  /* what passes while it is away, of a schema that it was not bound to; may be NULL */
  struct sample *last; /* what came last, for a filter that may add to it in flush_filter */
};

/* NULL: there is none yet. */
const struct binding *link_binding (const struct link *l, const struct schema *in);
/* Asks the filter. Touches nothing of the link: the thread that calls it may be left behind in it. 0 or -errno. */
int link_bind (const struct link *l, struct schema *in, struct binding *ret);
/* Lets go of a binding that is not the link's (any more). */
void link_unbind (const struct link *l, struct binding *b);
/* Takes out the oldest binding when there is no room for one more: the caller unbinds it. */
struct binding link_make_room (struct link *l);
const struct binding *link_add (struct link *l, const struct binding *b);
/* While the filter is away: what is sure to pass of this schema, as far as any binding tells. NULL: nothing. */
struct shape *link_rest (struct link *l, struct schema *in);
/* Hands over what is known for that to another chain's link of the filter. */
void link_inherit (struct link *l, const struct link *from);
/* Notes what a call that came back in time did: says so when it was refused, or counts what was lost in it. */
void link_was_bound (struct link *l, int result);
void link_was_called (struct link *l, const struct emit *e);
/* A filter may keep samples back for as long as it likes: status shows how it does. */
void link_note_withheld (struct link *l, const struct emit *e);
void link_keep_last (struct link *l, const struct emit *e);
/* Unbinds all. */
void link_release (struct link *l);

#endif
