/* For filters that make a table anew: a row put in with what another one holds. */
#ifndef ROW_COPY_H
#define ROW_COPY_H

#include <kode-kronical/plugin.h>

/* Sets the first n_fields fields of `to`, which has them in the same order, to those of a row that came, absent ones too. The
 * row is then as old as that one. */
void row_copy (const struct kk_sample *in, uint32_t table, uint32_t row, uint32_t n_fields, struct kk_row *to);
#endif
