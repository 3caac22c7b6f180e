#include "rest.h"

uint32_t
rest_namesake (const struct kk_sample *in, uint32_t table, uint32_t n_rows)
{
  for (uint32_t i = 0; i < n_rows; i++) {
    struct kk_value key;
    kk_get_key (in, table, i, &key);
    if (key.type == KK_TYPE_STRING ? !strcmp (key.string, REST_NAME) : !key.u64)
      return i;
  }
  return KK_NONE;
}

/* Times, temperatures and frequencies of several things have no sum; counters have one that falls whenever a row changes sides.
 */
bool
rest_adds_up (const struct kk_field *field)
{
  static const char *const alone[] = {"s", "ms",     "us", "ns",  "min", "h",   "d", "Cel",
                                      "K", "[degF]", "Hz", "kHz", "MHz", "GHz", "V"};
  for (uint32_t i = 0; i < KK_COUNT (alone); i++)
    if (!strcmp (field->unit, alone[i]))
      return false;
  return field->kind == KK_GAUGE && field->type <= KK_TYPE_I64;
}

struct sum {
  union {
    double f64;
    uint64_t u64;
    int64_t i64;
  };
  bool overflows;
};

static void
add (struct sum *sum, const struct kk_value *v)
{
  if (v->type == KK_TYPE_F64)
    sum->f64 += v->f64;
  else if (v->type == KK_TYPE_U64)
    sum->overflows |= __builtin_add_overflow (sum->u64, v->u64, &sum->u64);
  else
    sum->overflows |= __builtin_add_overflow (sum->i64, v->i64, &sum->i64);
}

void
rest_give (const struct kk_sample *in, uint32_t table, uint32_t field, const struct kk_field *what, const uint8_t *chosen,
           uint32_t n_rows, struct kk_row *row, uint32_t to)
{
  if (what->type == KK_TYPE_STRING) {
    kk_string (row, to, REST_NAME);
    return;
  }
  if (!rest_adds_up (what))
    return;
  struct sum sum = {.u64 = 0};
  uint32_t n = 0, why = KK_UNSET;
  for (uint32_t i = 0; i < n_rows; i++) {
    struct kk_value v;
    if (chosen[i])
      continue;
    if (kk_get (in, table, i, field, &v)) {
      why = v.absent;
    } else {
      add (&sum, &v);
      n++;
    }
  }
  if (!n || sum.overflows)
    kk_absent (row, to, n ? KK_ERROR : why);
  else if (what->type == KK_TYPE_F64)
    kk_f64 (row, to, sum.f64);
  else if (what->type == KK_TYPE_U64)
    kk_u64 (row, to, sum.u64);
  else
    kk_i64 (row, to, sum.i64);
}
