#include "outline.h"

#include <errno.h>

void
outline_put (struct buf *b, const struct shape *shape)
{
  if (shape->says_touched) {
    wire_u32 (b, KK_NONE);
    wire_u32 (b, SHAPE_TOUCH);
  }
  for (uint32_t t = 0; t < shape->in->n_tables; t++) {
    if (shape->wanted[t].dropped) {
      wire_u32 (b, t);
      wire_u32 (b, SHAPE_DROP_TABLE);
      continue;
    }
    if (shape->wanted[t].touched) {
      wire_u32 (b, t);
      wire_u32 (b, SHAPE_TOUCH);
    }
    if (shape->wanted[t].sparse) {
      wire_u32 (b, t);
      wire_u32 (b, SHAPE_SPARSE);
    }
    for (uint32_t f = 0; f < shape->in->tables[t].n_fields; f++)
      if (shape->wanted[t].dropped_fields[f]) {
        wire_u32 (b, t);
        wire_u32 (b, f);
      }
  }
}

int
outline_take (struct wire *w, struct kk_shape *shape)
{
  int r = 0;
  while (!r && w->p < w->end) {
    uint32_t table = wire_take_u32 (w), field = wire_take_u32 (w);
    if (w->bad)
      return -EBADMSG;
    if (field == SHAPE_TOUCH)
      r = kk_shape_touch (shape, table);
    else if (field == SHAPE_SPARSE)
      r = kk_shape_sparse (shape, table);
    else
      r = field == SHAPE_DROP_TABLE ? kk_shape_drop_table (shape, table) : kk_shape_drop_field (shape, table, field);
  }
  return r;
}

void
outline_put_warnings (struct buf *b, const struct shape *shape)
{
  wire_u32 (b, shape->n_warnings);
  for (uint32_t i = 0; i < shape->n_warnings; i++) {
    wire_text (b, shape->warnings[i].option);
    wire_text (b, shape->warnings[i].text);
  }
}

int
outline_take_warnings (struct wire *w, struct kk_shape *shape)
{
  uint32_t n = wire_take_u32 (w);
  for (uint32_t i = 0; i < n; i++) {
    const char *option = wire_take_text (w, NULL), *text = wire_take_text (w, NULL);
    if (w->bad || !text)
      return -EBADMSG;
    int r = kk_shape_warn (shape, option, "%s", text);
    if (r)
      return r == -E2BIG ? -EBADMSG : r;
  }
  return w->bad ? -EBADMSG : 0;
}
