#include "minutes.h"

static const int64_t SECOND_NS = 1000000000;

void
minutes_init (struct minutes *s, minutes_over over, void *arg)
{
  *s = (struct minutes){.written = -1, .over = over, .arg = arg};
  minute_begin (&s->slots[0], -1);
  minute_begin (&s->slots[1], -1);
}

static void
tell (struct minutes *s, struct minute *m)
{
  if (m->start < 0 || !m->dirty)
    return;
  m->again |= m->start <= s->written;
  s->over (s->arg, m);
  m->dirty = false;
  m->again = true;
}

/* Makes `start` the minute that runs. */
static void
go_to (struct minutes *s, int64_t start)
{
  struct minute *now = &s->slots[s->current], *other = &s->slots[!s->current];
  if (now->start >= 0 && start < now->start)
    s->steps_back++;
  tell (s, now);
  s->current = !s->current;
  if (other->start == start)
    return;
  minute_begin (other, start);
  /* What an earlier run wrote last is not known for sure. */
  other->again = !s->begun || start <= s->written;
  s->begun = true;
}

void
minutes_take (struct minutes *s, const struct minute_reading *r)
{
  int64_t start = minute_of (r->wall_ns);
  if (start < 0) {
    s->misplaced++;
    return;
  }
  if (s->slots[s->current].start != start)
    go_to (s, start);
  minute_add (&s->slots[s->current], r);
}

void
minutes_poll (struct minutes *s, int64_t wall_ns, int64_t grace_ns)
{
  struct minute *m = &s->slots[s->current];
  if (m->start >= 0 && wall_ns - grace_ns >= (m->start + MINUTE_LENGTH) * SECOND_NS)
    tell (s, m);
}

void
minutes_flush (struct minutes *s)
{
  /* It is not whole: it must never take the place of what it becomes. */
  s->slots[s->current].again = true;
  tell (s, &s->slots[s->current]);
}

void
minutes_confirm (struct minutes *s, int64_t start)
{
  if (start > s->written)
    s->written = start;
}

void
minutes_restore (struct minutes *s, const struct minute *m, int64_t written)
{
  minutes_confirm (s, written);
  for (unsigned i = 0; i < 2; i++) {
    struct minute *slot = &s->slots[i];
    if (slot->start != m->start)
      continue;
    minute_merge (slot, m);
    slot->again = true;
    if (i != s->current) {
      slot->dirty = true;
      tell (s, slot);
    }
    return;
  }
  struct minute copy = *m;
  copy.again = true;
  if (s->slots[s->current].start < 0)
    s->slots[s->current] = copy;
  else
    tell (s, &copy);
}

const struct minute *
minutes_running (const struct minutes *s)
{
  return &s->slots[s->current];
}
