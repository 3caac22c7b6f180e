/* What a filter makes of a schema: which tables and fields stay, and where each one comes from. */
#ifndef SHAPE_H
#define SHAPE_H

#include "sample.h"

struct shape {
  struct kk_shape face;
  struct schema *in;
  struct schema *out;      /* made by shape_finish; the same as `in` when nothing was dropped */
  uint32_t *tables;        /* by table of out: the table of in */
  uint32_t **fields;       /* by table and field of out: the field of in */
  bool *dropped_tables;    /* by table of in; during bind */
  bool **dropped_fields;
};

int shape_new (const struct kk_host *host, struct schema *in, struct shape **ret);
/* Makes `out` and the maps from what was dropped. 0 or -ENOMEM. */
int shape_finish (struct shape *s);
void shape_free (struct shape *s);
/* The sample as the shape has it, sealed; rows[t] (may be NULL) with n_rows[t] are the rows of in's table t to keep. NULL without
 * memory. The values are shared, but for tables of which only some rows stay. */
struct sample *shape_apply (const struct shape *s, const struct sample *in, uint32_t *const *rows, const uint32_t *n_rows);

void shape_host_functions (struct kk_host *host);
#endif
