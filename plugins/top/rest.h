/* The row `other`: what all rows that were not chosen come to. */
#ifndef REST_H
#define REST_H

#include <kode-kronical/plugin.h>

#define REST_NAME "other" /* its key, and what its text says; where keys are numbers, its key is 0 */

/* The row that has that key itself, which is therefore always one of the rest; KK_NONE: there is none. */
uint32_t rest_namesake (const struct kk_sample *in, uint32_t table, uint32_t n_rows);
/* Whether values of a field can be added up. */
bool rest_adds_up (const struct kk_field *field);
/* Sets a field of `row` to what the rows that are not chosen come to. */
void rest_give (const struct kk_sample *in, uint32_t table, uint32_t field, const struct kk_field *what, const uint8_t *chosen,
                uint32_t n_rows, struct kk_row *row, uint32_t to);
#endif
