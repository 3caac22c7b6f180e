/* Schemas and samples on their way to an isolated filter or output: exactly what the host has, block by block, without the tables
 * that are the same as in the sample before. */
#ifndef ISOLATE_CARRY_H
#define ISOLATE_CARRY_H

#include "../sample.h"
#include "wire.h"

void carry_put_schema (struct buf *b, const struct schema *s);
struct schema *carry_take_schema (struct wire *w, const struct kk_host *host);

/* `before` (may be NULL) is of the same schema, and what the other side unpacked last. */
void carry_put_sample (struct buf *b, const struct sample *s, const struct sample *before);
/* NULL: no memory, or not what carry_put_sample wrote. */
struct sample *carry_take_sample (struct wire *w, struct schema *schema, const struct sample *before);
#endif
