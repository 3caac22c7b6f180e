#include "window.h"

static int
give_row (struct window *w, struct window_row *r, uint64_t pane, struct kk_row *to)
{
  for (uint32_t i = 0; i < w->n_outs; i++) {
    const struct window_out *o = w->outs + i;
    const struct window_text *t = r->texts + i;
    struct tally sum = {.count = 0};
    int e = 0;
    if (o->slot == KK_NONE && t->absent)
      kk_absent (to, i, (enum kk_absent) t->absent);
    else if (o->slot == KK_NONE && o->type == KK_TYPE_BOOL)
      kk_bool (to, i, t->boolean);
    else if (o->slot == KK_NONE)
      kk_string (to, i, t->text ? t->text : "");
    else if (w->n_panes == 1)
      tally_give (r->tallies + o->slot, o->type, &o->function, to, i);
    else {
      for (uint32_t p = 1; p <= w->n_panes && !e; p++) /* the oldest first: behind the newest in the ring */
        e = tally_merge (&sum, r->tallies + (size_t) ((pane + p) % w->n_panes) * w->n_slots + o->slot, o->type);
      if (!e)
        tally_give (&sum, o->type, &o->function, to, i);
    }
    tally_free (&sum);
    if (e)
      return e;
  }
  return 0;
}

/* Of a table that was not read all the time the rows are those of the last reading, and which there are now nobody knows. */
static uint32_t
state_of (const struct window *w, uint64_t pane, uint32_t given)
{
  uint32_t state = w->state;
  bool unsure = window_has (w, w->pane_lost, pane);
  if (w->key_type != KK_NO_KEY && !window_has (w, w->pane_read, pane)) {
    unsure = true;
    state = w->held_state > state ? w->held_state : state;
  }
  if (state == KK_COMPLETE && unsure)
    return KK_PARTIAL;
  return state == KK_FAILED && given ? KK_PARTIAL : state;
}

int
window_give (struct window *w, struct kk_rows *out, uint32_t table, uint64_t pane)
{
  bool read = w->key_type == KK_NO_KEY || window_has (w, w->pane_read, pane);
  uint32_t given = 0;
  int r = 0;
  for (uint32_t i = 0; i < w->n_rows && !r; i++) {
    struct window_row *row = w->rows + i;
    if (!window_has (w, row->pane_seen, pane) && (read || !window_has (w, row->pane_held, pane)))
      continue;
    given++;
    r = give_row (w, row, pane,
                  w->key_type == KK_U64_KEY ? kk_row_u64 (out, table, row->number, row->identity)
                                            : kk_row (out, table, row->key, row->identity));
  }
  const uint32_t state = state_of (w, pane, given);
  if (state != KK_COMPLETE)
    kk_table_state (out, table, (enum kk_table_state) state);
  return r;
}
