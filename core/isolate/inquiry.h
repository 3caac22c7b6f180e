/* A process that is asked about a plugin and ends with the answer; there is no instance in it. */
#ifndef INQUIRY_H
#define INQUIRY_H

#include "child.h"

struct inquiry {
  struct child child;
  int64_t until_ns; /* monotonic; for all of it */
};

/* Starts it and has it load `path`. 0: *ret is the plugin's description. -EINVAL: it does not load, *refused says why (the
 * caller's to free; NULL when there is no memory for it). Else it failed. inquiry_end in any case. */
int inquiry_begin (struct inquiry *q, const char *path, int64_t until_ns, struct wire *ret, char **refused);
/* 0: *ret_result is what the answer begins with, *ret the rest, good until the next question. Else it failed. */
int inquiry_ask (struct inquiry *q, enum wire_type type, const struct buf *body, struct wire *ret, int32_t *ret_result);
/* error: how it failed, or 0. Says in `why` what became of it. */
void inquiry_end (struct inquiry *q, int error, char *why, size_t size);
#endif
