#include "traffic.h"

#include <stdlib.h>

struct net_interface *
net_list_add (struct net_list *l, const char *name, size_t length)
{
  if (l->n >= NET_MOST_INTERFACES || length >= NET_NAME_SIZE)
    return NULL;
  if (l->n >= l->cap) {
    uint32_t cap = l->cap ? l->cap * 2 : 8;
    struct net_interface *at = realloc (l->at, cap * sizeof *at);
    if (!at)
      return NULL;
    l->at = at;
    l->cap = cap;
  }
  struct net_interface *i = &l->at[l->n++];
  *i = (struct net_interface){0};
  memcpy (i->name, name, length);
  return i;
}

void
net_list_free (struct net_list *l)
{
  free (l->at);
  *l = (struct net_list){0};
}

/* Not taken for a wrap: a counter that starts anew is far more common than one of 32 bits, and guessing wrong gives petabytes.
 */
bool
net_fell (const struct net_interface *i)
{
  for (int c = 0; i->known && c < NET_COUNTERS; c++)
    if (i->count[c] < i->before[c])
      return true;
  return false;
}

static void
carry (struct net_interface *now, const struct net_interface *before)
{
  now->known = true;
  memcpy (now->before, before->count, sizeof now->before);
}

bool
net_follow (struct net_list *now, const struct net_list *before)
{
  if (now->n != before->n)
    return false;
  for (uint32_t i = 0; i < now->n; i++) {
    struct net_interface *to = &now->at[i];
    const struct net_interface *from = &before->at[i];
    if (strcmp (to->name, from->name) != 0)
      return false;
    carry (to, from);
    to->index = from->index;
    to->chosen = from->chosen;
    to->physical = from->physical;
    if (net_fell (to))
      return false;
  }
  return true;
}

static bool
same (const struct net_interface *a, const struct net_interface *b)
{
  return a->index || b->index ? a->index == b->index : strcmp (a->name, b->name) == 0;
}

void
net_match (struct net_list *now, const struct net_list *before)
{
  /* Lists change little: the search goes on where the last one ended. */
  uint32_t from = 0;
  for (uint32_t i = 0; i < now->n; i++) {
    struct net_interface *to = &now->at[i];
    to->known = false;
    for (uint32_t tried = 0; tried < before->n && !to->known; tried++, from++) {
      if (from >= before->n)
        from = 0;
      if (same (to, &before->at[from]))
        carry (to, &before->at[from]);
    }
  }
}

void
net_sum (const struct net_list *l, struct net_totals *ret)
{
  struct net_totals t = {0};
  for (uint32_t n = 0; n < l->n; n++) {
    const struct net_interface *i = &l->at[n];
    t.packets += i->count[NET_PACKETS_RECV] + i->count[NET_PACKETS_SENT];
    if (!i->chosen)
      continue;
    t.n++;
    t.n_physical += i->physical;
    for (int c = 0; c < NET_COUNTERS; c++) {
      t.count[c] += i->count[c];
      if (i->physical)
        t.physical[c] += i->count[c];
    }
    if (net_fell (i))
      t.fell = true;
    else if (i->known) {
      t.recv_delta += i->count[NET_BYTES_RECV] - i->before[NET_BYTES_RECV];
      t.sent_delta += i->count[NET_BYTES_SENT] - i->before[NET_BYTES_SENT];
    }
  }
  *ret = t;
}
