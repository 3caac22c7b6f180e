#include "spool-inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t
spool_find (const struct spool *s, int64_t minute, uint64_t host, bool *ret_there)
{
  size_t low = 0, high = s->n;
  /* Most often it is the newest. */
  if (s->n && s->entries[s->n - 1].minute < minute)
    low = s->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const struct spool_entry *e = &s->entries[middle];
    if (e->minute < minute || (e->minute == minute && e->host < host))
      low = middle + 1;
    else
      high = middle;
  }
  *ret_there = low < s->n && s->entries[low].minute == minute && s->entries[low].host == host;
  return low;
}

int
spool_room (struct spool *s)
{
  if (s->n == s->capacity) {
    size_t capacity = s->capacity ? s->capacity + s->capacity / 2 : 64;
    struct spool_entry *more = reallocarray (s->entries, capacity, sizeof *more);
    if (!more)
      return -ENOMEM;
    s->entries = more;
    s->capacity = capacity;
  }
  if (s->n_parts == s->parts_capacity) {
    struct spool_part *more = reallocarray (s->parts, s->parts_capacity + 64, sizeof *more);
    if (!more)
      return -ENOMEM;
    s->parts = more;
    s->parts_capacity += 64;
  }
  return 0;
}

void
spool_keep_stored (struct spool_entry *e, const struct spool_entry *old)
{
  e->file = old->file;
  e->offset = old->offset;
  e->length = old->length;
  e->stored_samples = old->packed ? old->stored_samples : old->samples;
}

void
spool_insert (struct spool *s, size_t at, const struct spool_entry *e)
{
  memmove (s->entries + at + 1, s->entries + at, (s->n - at) * sizeof *e);
  s->entries[at] = *e;
  s->n++;
  s->counts.in_memory += e->packed != NULL;
}

void
spool_take_out (struct spool *s, size_t from, size_t n)
{
  if (!n)
    return;
  for (size_t i = from; i < from + n; i++) {
    s->counts.in_memory -= s->entries[i].packed != NULL;
    free (s->entries[i].packed);
  }
  s->n -= n;
  memmove (s->entries + from, s->entries + from + n, (s->n - from) * sizeof *s->entries);
  /* After a long outage the memory is given back. */
  if (s->capacity > 1024 && s->n < s->capacity / 4) {
    struct spool_entry *less = reallocarray (s->entries, s->capacity / 2, sizeof *less);
    if (less) {
      s->entries = less;
      s->capacity /= 2;
    }
  }
}

struct spool_part *
spool_part (struct spool *s, uint32_t number)
{
  for (size_t i = s->n_parts; i-- > 0;)
    if (s->parts[i].number == number)
      return &s->parts[i];
  return NULL;
}

void
spool_remove_part (struct spool *s, struct spool_part *part)
{
  size_t at = (size_t) (part - s->parts);
  s->counts.bytes -= part->size;
  s->n_parts--;
  memmove (part, part + 1, (s->n_parts - at) * sizeof *part);
}

struct spool_part *
spool_add_part (struct spool *s, uint32_t number)
{
  s->parts[s->n_parts] = (struct spool_part){.number = number};
  return &s->parts[s->n_parts++];
}
