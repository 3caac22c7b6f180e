#include "window.h"

#include <errno.h>
#include <stdlib.h>

/* ---- Rows ---- */

static void
row_free (const struct window *w, struct window_row *r)
{
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
  free (w->outs);
  free (w->name);
  free (w);
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

static int
add_row (struct window *w, const struct kk_value *key, uint64_t identity, struct window_row **ret)
{
  struct window_row r = {.number = key->u64, .identity = identity};
  if (w->n_rows == WINDOW_MOST_ROWS)
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
  *find (w, key) = w->n_rows + 1;
  w->rows[w->n_rows] = r;
  *ret = w->rows + w->n_rows++;
  return 0;
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

/* ---- Taking ---- */

static int
take_text (struct window_text *t, const struct kk_value *v)
{
  t->absent = v->absent;
  t->boolean = !v->absent && v->type == KK_TYPE_BOOL && v->boolean;
  if (v->type != KK_TYPE_STRING || v->absent || (t->text && !strcmp (t->text, v->string)))
    return 0;
  char *text = strdup (v->string);
  if (!text)
    return -ENOMEM;
  free (t->text);
  t->text = text;
  return 0;
}

static int
take_row (struct window *w, const struct kk_sample *in, uint32_t table, uint32_t row, uint64_t pane)
{
  struct window_row *r;
  struct kk_time time;
  int e = row_for (w, in, table, row, &r);
  if (e == -E2BIG) {
    w->lost++;
    return 0;
  }
  if (e)
    return e;
  r->pane_seen = pane;
  struct tally *tallies = r->tallies + (size_t) (pane % w->n_panes) * w->n_slots;
  for (uint32_t i = 0; i < w->n_slots && !e; i++) {
    struct kk_value v;
    kk_get (in, table, row, w->slots[i].field, &v);
    if (v.held)
      continue;
    kk_value_time (in, table, row, w->slots[i].field, &time);
    e = tally_add (tallies + i, &v, time.mono_ns, w->slots[i].sketch);
  }
  for (uint32_t i = 0; i < w->n_outs && !e; i++) {
    struct kk_value v;
    if (w->outs[i].slot != KK_NONE)
      continue;
    kk_get (in, table, row, w->outs[i].field, &v);
    e = take_text (r->texts + i, &v);
  }
  return e;
}

int
window_take (struct window *w, const struct kk_sample *in, uint32_t table, uint64_t pane)
{
  struct kk_table_info info;
  int r = kk_table_info (in, table, &info);
  if (!r && !info.held && info.state > w->state)
    w->state = info.state;
  for (uint32_t i = 0; i < info.rows && !r && !(info.held && w->key_type != KK_NO_KEY); i++)
    r = take_row (w, in, table, i, pane);
  return r;
}

/* ---- Giving ---- */

static int
give_row (struct window *w, struct window_row *r, struct kk_row *to)
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
      for (uint32_t p = 0; p < w->n_panes && !e; p++)
        e = tally_merge (&sum, r->tallies + (size_t) p * w->n_slots + o->slot, o->type);
      if (!e)
        tally_give (&sum, o->type, &o->function, to, i);
    }
    tally_free (&sum);
    if (e)
      return e;
  }
  return 0;
}

int
window_give (struct window *w, struct kk_rows *out, uint32_t table, uint64_t pane)
{
  int r = 0;
  for (uint32_t i = 0; i < w->n_rows && !r; i++) {
    struct window_row *row = w->rows + i;
    if (row->pane_seen > pane || pane - row->pane_seen >= w->n_panes)
      continue;
    r = give_row (w, row,
                  w->key_type == KK_U64_KEY ? kk_row_u64 (out, table, row->number, row->identity)
                                            : kk_row (out, table, row->key, row->identity));
  }
  if (w->state != KK_COMPLETE)
    kk_table_state (out, table, w->state == KK_FAILED && w->n_rows ? KK_PARTIAL : (enum kk_table_state) w->state);
  return r;
}

void
window_turn (struct window *w, uint64_t pane)
{
  uint32_t kept = 0;
  for (uint32_t i = 0; i < w->n_rows; i++) {
    struct window_row *r = w->rows + i;
    if (pane - r->pane_seen >= w->n_panes) { /* also when time went backwards */
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
