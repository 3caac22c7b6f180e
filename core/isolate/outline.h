/* What an isolated filter asked of a shape, on its way from its process to the daemon. */
#ifndef OUTLINE_H
#define OUTLINE_H

#include "../shape.h"
#include "wire.h"

/* What is dropped, touched and sparse. */
void outline_put (struct buf *b, const struct shape *shape);
/* Asks `shape` for the same, to the end of the message. 0, -EBADMSG, -EINVAL, -ENOMEM. */
int outline_take (struct wire *w, struct kk_shape *shape);
/* What the filter finds strange in its config; a text of `shape` each. */
void outline_put_warnings (struct buf *b, const struct shape *shape);
int outline_take_warnings (struct wire *w, struct kk_shape *shape);
#endif
