#include "rank.h"

#include <stdlib.h>

struct ranking {
  const struct kk_sample *in;
  uint32_t table;
  struct rank *rank;
};

/* So that unsigned numbers are in the order of the values. */
static uint64_t
in_order (const struct kk_value *v)
{
  const uint64_t sign = UINT64_C (1) << 63;
  if (v->type == KK_TYPE_I64)
    return v->u64 ^ sign;
  if (v->type != KK_TYPE_F64)
    return v->u64;
  if (v->f64 == 0)
    return sign; /* -0.0 is no less */
  return v->u64 & sign ? ~v->u64 : v->u64 | sign;
}

static bool
key_is_less (const struct ranking *g, uint32_t a, uint32_t b)
{
  struct kk_value x, y;
  kk_get_key (g->in, g->table, a, &x);
  kk_get_key (g->in, g->table, b, &y);
  if (x.type == KK_TYPE_STRING && y.type == KK_TYPE_STRING)
    return strcmp (x.string, y.string) < 0;
  return x.u64 < y.u64;
}

/* Whether a stands behind b. */
static bool
is_behind (const struct ranking *g, const struct rank_entry *a, const struct rank_entry *b)
{
  if (a->there != b->there)
    return b->there;
  if (a->there && a->value != b->value)
    return a->value < b->value;
  return key_is_less (g, b->row, a->row);
}

static void
swap (struct rank_entry *a, struct rank_entry *b)
{
  struct rank_entry was = *a;
  *a = *b;
  *b = was;
}

static void
add (const struct ranking *g, struct rank_entry e)
{
  struct rank_entry *h = g->rank->heap;
  uint32_t i = g->rank->n_heap++;
  h[i] = e;
  for (; i && is_behind (g, h + i, h + (i - 1) / 2); i = (i - 1) / 2)
    swap (h + i, h + (i - 1) / 2);
}

static void
replace_last (const struct ranking *g, struct rank_entry e)
{
  struct rank_entry *h = g->rank->heap;
  uint32_t n = g->rank->n_heap, i = 0;
  h[0] = e;
  for (;;) {
    uint32_t least = i, left = 2 * i + 1, right = left + 1;
    if (left < n && is_behind (g, h + left, h + least))
      least = left;
    if (right < n && is_behind (g, h + right, h + least))
      least = right;
    if (least == i)
      return;
    swap (h + i, h + least);
    i = least;
  }
}

static int
make_room (void **at, uint32_t *room, uint32_t n, size_t size)
{
  if (n <= *room)
    return 0;
  void *more = realloc (*at, n * size);
  if (!more)
    return -ENOMEM;
  *at = more;
  *room = n;
  return 0;
}

int
rank_begin (struct rank *r, uint32_t n, uint32_t n_rows)
{
  void *heap = r->heap, *chosen = r->chosen;
  int e = make_room (&heap, &r->room_heap, n < n_rows ? n : n_rows, sizeof *r->heap);
  r->heap = heap;
  if (!e)
    e = make_room (&chosen, &r->room_rows, n_rows, sizeof *r->chosen);
  r->chosen = chosen;
  if (!e && n_rows)
    memset (r->chosen, 0, n_rows);
  return e;
}

void
rank_choose (struct rank *r, const struct kk_sample *in, uint32_t table, uint32_t field, uint32_t n, uint32_t n_rows,
             uint32_t skip)
{
  const struct ranking g = {in, table, r};
  r->n_heap = 0;
  for (uint32_t i = 0; i < n_rows; i++) {
    struct kk_value v;
    if (i == skip)
      continue;
    bool there = !kk_get (in, table, i, field, &v);
    struct rank_entry e = {.value = there ? in_order (&v) : 0, .row = i, .there = there};
    if (r->n_heap < n)
      add (&g, e);
    else if (is_behind (&g, r->heap, &e))
      replace_last (&g, e);
  }
  for (uint32_t i = 0; i < r->n_heap; i++)
    r->chosen[r->heap[i].row] = 1;
}

void
rank_free (struct rank *r)
{
  free (r->heap);
  free (r->chosen);
  *r = (struct rank){0};
}
