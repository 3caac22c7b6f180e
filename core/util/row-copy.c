#include "row-copy.h"

static void
copy_value (const struct kk_value *v, struct kk_row *row, uint32_t field)
{
  if (v->absent)
    kk_absent (row, field, (enum kk_absent) v->absent);
  else if (v->type == KK_TYPE_F64)
    kk_f64 (row, field, v->f64);
  else if (v->type == KK_TYPE_U64)
    kk_u64 (row, field, v->u64);
  else if (v->type == KK_TYPE_I64)
    kk_i64 (row, field, v->i64);
  else if (v->type == KK_TYPE_BOOL)
    kk_bool (row, field, v->boolean);
  else
    kk_string_n (row, field, v->string, v->length);
}

void
row_copy (const struct kk_sample *in, uint32_t table, uint32_t row, uint32_t n_fields, struct kk_row *to)
{
  kk_row_like (to, row);
  for (uint32_t f = 0; f < n_fields; f++) {
    struct kk_value v;
    kk_get (in, table, row, f, &v);
    copy_value (&v, to, f);
  }
}
