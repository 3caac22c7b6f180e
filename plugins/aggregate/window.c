#include "window.h"

#include <errno.h>
#include <stdlib.h>

/* ---- Rows ---- */

static void
count_bytes (const struct window *w, struct window_row *r, size_t bytes)
{
  r->bytes += bytes;
  w->budget->used += bytes;
}

static void
row_free (const struct window *w, struct window_row *r)
{
  w->budget->used -= r->bytes;
  for (uint32_t i = 0; r->tallies && i < w->n_slots * w->n_panes; i++)
    tally_free (r->tallies + i);
  for (uint32_t i = 0; r->texts && i < w->n_outs; i++)
    free (r->texts[i].text);
  free (r->tallies);
  free (r->texts);
  free (r->key);
}

void
window_free (struct window *w)
{
  if (!w)
    return;
  for (uint32_t i = 0; i < w->n_rows; i++)
    row_free (w, w->rows + i);
  free (w->rows);
  free (w->index);
  free (w->slots);
  free (w->columns);
  free (w->outs);
  free (w->name);
  free (w);
}

void
window_empty (struct window *w)
{
  for (uint32_t i = 0; i < w->n_rows; i++)
    row_free (w, w->rows + i);
  w->n_rows = 0;
  if (w->index)
    memset (w->index, 0, w->n_index * sizeof *w->index);
  w->state = w->held_state = KK_COMPLETE;
  w->pane_read = w->pane_lost = WINDOW_NEVER;
}

static uint64_t
hash (const struct kk_value *key)
{
  uint64_t h = 0xcbf29ce484222325u;
  if (key->type != KK_TYPE_STRING)
    return key->u64 * 0x9e3779b97f4a7c15u;
  for (uint32_t i = 0; i < key->length; i++)
    h = (h ^ (unsigned char) key->string[i]) * 0x100000001b3u;
  return h * 0x9e3779b97f4a7c15u;
}

static struct kk_value
key_of (const struct window_row *r)
{
  if (!r->key)
    return (struct kk_value){.u64 = r->number, .type = KK_TYPE_U64};
  return (struct kk_value){.string = r->key, .type = KK_TYPE_STRING, .length = (uint32_t) strlen (r->key)};
}

/* Where a row of that key is in the index, or would be. */
static uint32_t *
find (const struct window *w, const struct kk_value *key)
{
  uint32_t mask = w->n_index - 1;
  for (uint32_t i = (uint32_t) (hash (key) >> 32) & mask;; i = (i + 1) & mask) {
    const struct window_row *r = w->index[i] ? w->rows + w->index[i] - 1 : NULL;
    if (!r || (r->key ? key->type == KK_TYPE_STRING && !strcmp (r->key, key->string) : r->number == key->u64))
      return w->index + i;
  }
}

static int
rebuild_index (struct window *w, uint32_t n)
{
  uint32_t slots = 64;
  while (slots < n * 2 + 2)
    slots *= 2;
  if (slots > w->n_index) {
    uint32_t *index = realloc (w->index, slots * sizeof *index);
    if (!index)
      return -ENOMEM;
    w->index = index;
    w->n_index = slots;
  }
  memset (w->index, 0, w->n_index * sizeof *w->index);
  for (uint32_t i = 0; i < w->n_rows; i++) {
    struct kk_value key = key_of (w->rows + i);
    *find (w, &key) = i + 1;
  }
  return 0;
}

static int
make_room (struct window *w)
{
  if (w->n_rows == w->cap) {
    uint32_t cap = w->cap ? w->cap * 2 : w->key_type == KK_NO_KEY ? 1 : 16;
    struct window_row *rows = realloc (w->rows, cap * sizeof *rows);
    if (!rows)
      return -ENOMEM;
    w->rows = rows;
    w->cap = cap;
  }
  return (w->n_rows + 1) * 2 > w->n_index ? rebuild_index (w, w->n_rows + 1) : 0;
}

/* The same key, and something else behind it: a process number that came again. The newer one counts. */
static void
begin_anew (const struct window *w, struct window_row *r, uint64_t identity)
{
  for (uint32_t i = 0; i < w->n_slots * w->n_panes; i++)
    tally_clear (r->tallies + i);
  for (uint32_t i = 0; i < w->n_outs; i++) {
    free (r->texts[i].text);
    r->texts[i] = (struct window_text){.absent = KK_UNSET};
  }
  r->identity = identity;
}

static bool
has_room (const struct window *w, size_t bytes)
{
  return bytes <= w->budget->most && w->budget->used <= w->budget->most - bytes;
}

static int
add_row (struct window *w, const struct kk_value *key, uint64_t identity, struct window_row **ret)
{
  struct window_row r = {.number = key->u64, .identity = identity, .pane_seen = WINDOW_NEVER, .pane_held = WINDOW_NEVER};
  size_t bytes = sizeof r + 4 * sizeof *w->index + w->n_outs * sizeof *r.texts
                 + (size_t) w->n_slots * w->n_panes * sizeof *r.tallies + (key->type == KK_TYPE_STRING ? key->length + 1 : 0);
  if (w->n_rows == WINDOW_MOST_ROWS || !has_room (w, bytes))
    return -E2BIG;
  if (make_room (w))
    return -ENOMEM;
  r.tallies = calloc ((size_t) w->n_slots * w->n_panes + 1, sizeof *r.tallies);
  r.texts = calloc (w->n_outs + 1, sizeof *r.texts);
  r.key = key->type == KK_TYPE_STRING ? strdup (key->string) : NULL;
  if (!r.tallies || !r.texts || (key->type == KK_TYPE_STRING && !r.key)) {
    row_free (w, &r);
    return -ENOMEM;
  }
  begin_anew (w, &r, identity);
  count_bytes (w, &r, bytes);
  *find (w, key) = w->n_rows + 1;
  w->rows[w->n_rows] = r;
  *ret = w->rows + w->n_rows++;
  return 0;
}

static void
lose_row (struct window *w, uint64_t pane)
{
  w->pane_lost = pane;
  w->budget->lost++;
}

static int
row_for (struct window *w, const struct kk_sample *in, uint32_t table, uint32_t row, struct window_row **ret)
{
  struct kk_value key = {.type = KK_TYPE_U64};
  if (w->key_type != KK_NO_KEY)
    kk_get_key (in, table, row, &key);
  uint64_t identity = kk_get_identity (in, table, row);
  uint32_t at = w->n_rows ? *find (w, &key) : 0;
  if (!at)
    return add_row (w, &key, identity, ret);
  *ret = w->rows + at - 1;
  if ((*ret)->identity != identity)
    begin_anew (w, *ret, identity);
  return 0;
}

/* ---- Going on after a reload ---- */

static void
carry_row (const struct window *to, struct window_row *r, const struct window *from, struct window_row *old)
{
  r->pane_seen = old->pane_seen;
  r->pane_held = old->pane_held;
  for (uint32_t i = 0; i < to->n_slots; i++)
    for (uint32_t j = 0; j < from->n_slots; j++) {
      const struct window_slot *a = to->slots + i, *b = from->slots + j;
      if (a->type != b->type || a->sketch != b->sketch || strcmp (a->name, b->name))
        continue;
      for (uint32_t p = 0; p < to->n_panes; p++) {
        struct tally *t = old->tallies + (size_t) p * from->n_slots + j;
        r->tallies[(size_t) p * to->n_slots + i] = *t;
        count_bytes (to, r, sketch_bytes (&t->sketch));
        *t = (struct tally){.count = 0};
      }
    }
  for (uint32_t i = 0; i < to->n_outs; i++)
    for (uint32_t j = 0; j < from->n_outs; j++) {
      const struct window_out *a = to->outs + i, *b = from->outs + j;
      struct window_text *t = old->texts + j;
      if (a->slot != KK_NONE || b->slot != KK_NONE || a->type != b->type || strcmp (a->name, b->name))
        continue;
      r->texts[i] = *t;
      count_bytes (to, r, t->text ? strlen (t->text) + 1 : 0);
      *t = (struct window_text){.text = NULL};
    }
}

int
window_carry (struct window *to, struct window *from)
{
  int e = 0;
  to->state = from->state;
  to->held_state = from->held_state;
  to->pane_read = from->pane_read;
  to->pane_lost = from->pane_lost;
  for (uint32_t i = 0; i < from->n_rows && !e; i++) {
    struct window_row *old = from->rows + i, *r;
    struct kk_value key = key_of (old);
    from->budget->used -= old->bytes;
    old->bytes = 0;
    e = add_row (to, &key, old->identity, &r);
    if (!e)
      carry_row (to, r, from, old);
    else if (e == -E2BIG) {
      lose_row (to, old->pane_seen);
      e = 0;
    }
    row_free (from, old);
    *old = (struct window_row){.key = NULL};
  }
  window_empty (from);
  return e;
}

/* ---- Taking ---- */

static int
take_text (const struct window *w, struct window_row *r, uint32_t out, const struct kk_value *v)
{
  struct window_text *t = r->texts + out;
  t->absent = v->absent;
  t->boolean = !v->absent && v->type == KK_TYPE_BOOL && v->boolean;
  if (v->type != KK_TYPE_STRING || v->absent || (t->text && !strcmp (t->text, v->string)))
    return 0;
  char *text = strdup (v->string);
  if (!text)
    return -ENOMEM;
  count_bytes (w, r, strlen (text) + 1 - (t->text ? strlen (t->text) + 1 : 0));
  free (t->text);
  t->text = text;
  return 0;
}

static int
take_texts (const struct window *w, const struct kk_sample *in, uint32_t table, uint32_t row, struct window_row *r)
{
  int e = 0;
  for (uint32_t i = 0; w->texts && i < w->n_outs && !e; i++) {
    struct kk_value v;
    if (w->outs[i].slot != KK_NONE)
      continue;
    kk_get (in, table, row, w->outs[i].field, &v);
    e = take_text (w, r, i, &v);
  }
  return e;
}

/* All of a row is taken or nothing, for the functions of a field belong together. */
static bool
may_grow (const struct window *w, const struct tally *tallies)
{
  for (uint32_t i = 0; w->sketches && i < w->n_slots; i++)
    if (w->slots[i].sketch && sketch_is_full (&tallies[i].sketch) && !has_room (w, 0))
      return false;
  return true;
}

/* `at`: the row in the columns. */
static int
take_numbers (const struct window *w, uint32_t at, struct window_row *r, struct tally *tallies)
{
  int e = 0;
  for (uint32_t i = 0; i < w->n_slots && !e; i++) {
    const struct window_slot *slot = w->slots + i;
    const struct kk_column *c = w->columns + i;
    if (c->held)
      continue;
    size_t before = slot->sketch ? sketch_bytes (&tallies[i].sketch) : 0;
    e = tally_add (tallies + i, c, at, slot->sketch);
    if (slot->sketch)
      count_bytes (w, r, sketch_bytes (&tallies[i].sketch) - before);
  }
  return e;
}

static int
take_row (struct window *w, const struct kk_sample *in, uint32_t table, uint32_t row, uint32_t at, uint64_t pane, bool held)
{
  struct window_row *r;
  int e = row_for (w, in, table, row, &r);
  if (e == -E2BIG) {
    lose_row (w, pane);
    return 0;
  }
  if (e)
    return e;
  if (held) {
    r->pane_held = pane;
    return take_texts (w, in, table, row, r);
  }
  r->pane_seen = pane;
  struct tally *tallies = r->tallies + (size_t) (pane % w->n_panes) * w->n_slots;
  if (may_grow (w, tallies))
    e = take_numbers (w, at, r, tallies);
  else
    lose_row (w, pane);
  return e ? e : take_texts (w, in, table, row, r);
}

int
window_take (struct window *w, const struct kk_sample *in, uint32_t table, uint64_t pane)
{
  struct kk_table_info info;
  int r = kk_table_info (in, table, &info);
  if (r)
    return r;
  bool held = info.held && w->key_type != KK_NO_KEY;
  if (info.held)
    w->held_state = info.state;
  else {
    w->pane_read = pane;
    w->state = info.state > w->state ? info.state : w->state;
  }
  for (uint32_t first = 0, n; first < info.rows && !r; first += n) {
    n = w->n_slots ? 0 : info.rows;
    for (uint32_t i = 0; i < w->n_slots; i++)
      n = kk_column (in, table, w->slots[i].field, first, w->columns + i);
    for (uint32_t i = 0; i < n && !r; i++)
      r = take_row (w, in, table, first + i, i, pane, held);
    if (!n)
      return -EINVAL;
  }
  return r;
}

/* ---- Time goes on ---- */

void
window_turn (struct window *w, uint64_t pane)
{
  uint32_t kept = 0;
  for (uint32_t i = 0; i < w->n_rows; i++) {
    struct window_row *r = w->rows + i;
    if (!window_has (w, r->pane_seen, pane) && !window_has (w, r->pane_held, pane)) {
      row_free (w, r);
      continue;
    }
    for (uint32_t s = 0; s < w->n_slots; s++)
      tally_clear (r->tallies + (size_t) (pane % w->n_panes) * w->n_slots + s);
    w->rows[kept++] = *r;
  }
  if (kept < w->n_rows) {
    w->n_rows = kept;
    rebuild_index (w, kept); /* it does not grow */
  }
  w->state = KK_COMPLETE;
}
