/* Samples as few bytes: each one as its difference from the one before. */
#ifndef PACK_H
#define PACK_H

#include "buf.h"
#include "sample.h"

/* Appends a sample as its difference from `before`, which has the same schema; NULL: stands by itself. Errors stick in b. */
void pack_sample (struct buf *b, const struct sample *sample, const struct sample *before);
/* The sample at *p, which moves behind it. Its strings are kept in dict. 0, -EBADMSG or -ENOMEM. */
int unpack_sample (const char **p, const char *end, struct schema *schema, const struct sample *before, struct dict *dict,
                   struct sample **ret);
#endif
