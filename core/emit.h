/* What a filter emits into during one call, and the functions it does that with. */
#ifndef EMIT_H
#define EMIT_H

#include "rows-staging.h"
#include "shape.h"

/* What a filter emits into during one call. What it emitted goes on when the call has returned well, so that a filter's cost is
 * its own and a failed call passes on nothing. */
struct emit {
  struct kk_emit face;
  const struct sample *in; /* in flush what came last; NULL where there is none */
  struct shape *shape;
  bool flushes;
  struct row nowhere;  /* where what cannot be set goes */
  bool too_many;       /* a sample would have had too many blocks */
  bool retimed;        /* emit_time was called for the next sample */
  bool begun;          /* something was put in for the next sample */
  struct kk_time time; /* of the next sample */
  uint32_t **rows;     /* by table of in: what emit_keep_rows was given */
  uint32_t *n_rows;
  struct sample **out;
  size_t n, cap;
};

/* Frees what it holds, and lets go of what was emitted. */
void emit_end (struct emit *e);
void emit_host_functions (struct kk_host *host);
#endif
