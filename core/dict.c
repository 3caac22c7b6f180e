#include "dict.h"

#include <stdlib.h>
#include <string.h>

/* Entries never move: chunk k holds FIRST << k of them. */
enum { FIRST = 64, MAX_CHUNKS = 15, ARENA = 4000, SMALL = 64, SMALL_BYTES = 16 << 10 };
_Static_assert (FIRST * ((1u << MAX_CHUNKS) - 1) >= DICT_MAX_STRINGS, "all strings have room in the chunks");

struct entry {
  const char *text;
  uint32_t length;
  uint32_t hash;
  uint32_t used; /* the read in which it was interned last; the producer's alone */
};

struct arena {
  struct arena *next;
  size_t used, size;
  char bytes[];
};

struct dict {
  uint64_t number;
  uint32_t refs;
  uint32_t n;
  uint32_t read, in_use;
  size_t text_bytes, text_in_use;
  uint32_t settled; /* in_use, and text_in_use, of the last read that counts */
  size_t text_settled;
  uint32_t n_slots;
  uint32_t *slots; /* number + 1, open addressing */
  struct arena *arenas;
  size_t bytes;
  struct entry *chunks[MAX_CHUNKS];
};

struct dict *
dict_new (void)
{
  static uint64_t last;
  struct dict *d = calloc (1, sizeof *d);
  if (!d)
    return NULL;
  d->number = __atomic_add_fetch (&last, 1, __ATOMIC_RELAXED);
  d->refs = 1;
  d->read = 1;
  d->n_slots = 32;
  d->slots = calloc (d->n_slots, sizeof *d->slots);
  if (!d->slots) {
    free (d);
    return NULL;
  }
  return d;
}

struct dict *
dict_ref (struct dict *d)
{
  __atomic_add_fetch (&d->refs, 1, __ATOMIC_RELAXED);
  return d;
}

void
dict_unref (struct dict *d)
{
  if (!d || __atomic_sub_fetch (&d->refs, 1, __ATOMIC_ACQ_REL))
    return;
  for (struct arena *a = d->arenas, *next; a; a = next) {
    next = a->next;
    free (a);
  }
  for (size_t i = 0; i < MAX_CHUNKS && d->chunks[i]; i++)
    free (d->chunks[i]);
  free (d->slots);
  free (d);
}

static uint32_t
hash (const char *text, size_t length)
{
  uint64_t h = 0xcbf29ce484222325u ^ length; /* FNV-1a, eight bytes at a time */
  for (; length >= 8; text += 8, length -= 8) {
    uint64_t word;
    memcpy (&word, text, 8);
    h = (h ^ word) * 0x100000001b3u;
    h ^= h >> 29;
  }
  for (; length; text++, length--)
    h = (h ^ (unsigned char) *text) * 0x100000001b3u;
  h ^= h >> 32;
  return (uint32_t) (h ^ (h >> 15));
}

static uint32_t
chunk_of (uint32_t id)
{
  return 31 - (uint32_t) __builtin_clz (id / FIRST + 1);
}

static struct entry *
entry (const struct dict *d, uint32_t id)
{
  uint32_t k = chunk_of (id);
  return d->chunks[k] + (id - FIRST * ((1u << k) - 1));
}

static uint32_t *
slot (struct dict *d, const char *text, size_t length, uint32_t h)
{
  uint32_t mask = d->n_slots - 1;
  for (uint32_t i = h & mask;; i = (i + 1) & mask) {
    if (!d->slots[i])
      return d->slots + i;
    const struct entry *e = entry (d, d->slots[i] - 1);
    if (e->hash == h && e->length == length && !memcmp (e->text, text, length))
      return d->slots + i;
  }
}

static bool
grow (struct dict *d)
{
  uint32_t n = d->n_slots * 2;
  uint32_t *slots = calloc (n, sizeof *slots);
  if (!slots)
    return false;
  for (uint32_t id = 0; id < d->n; id++) {
    uint32_t i = entry (d, id)->hash & (n - 1);
    while (slots[i])
      i = (i + 1) & (n - 1);
    slots[i] = id + 1;
  }
  free (d->slots);
  d->slots = slots;
  d->n_slots = n;
  return true;
}

static char *
room (struct dict *d, size_t n)
{
  struct arena *a = d->arenas;
  if (!a || a->size - a->used < n) {
    size_t size = n > ARENA / 4 ? n : (d->bytes < ARENA / 8 ? ARENA / 8 : ARENA);
    if (size < n)
      size = n;
    a = malloc (sizeof *a + size);
    if (!a)
      return NULL;
    a->used = 0;
    a->size = size;
    struct arena **at = n > ARENA / 4 && d->arenas ? &d->arenas->next : &d->arenas; /* a long string leaves the room there is */
    a->next = *at;
    *at = a;
    d->bytes += size;
  }
  char *to = a->bytes + a->used;
  a->used += n;
  return to;
}

static uint32_t
add (struct dict *d, const char *text, size_t length, uint32_t h)
{
  uint32_t k = chunk_of (d->n);
  struct entry **chunk = d->chunks + k;
  if (!*chunk && !(*chunk = malloc (((size_t) FIRST << k) * sizeof **chunk)))
    return DICT_NONE;
  char *to = room (d, length + 1);
  if (!to)
    return DICT_NONE;
  memcpy (to, text, length);
  to[length] = 0;
  *entry (d, d->n) = (struct entry){.text = to, .length = (uint32_t) length, .hash = h};
  d->text_bytes += length + 1;
  return d->n++;
}

uint32_t
dict_intern (struct dict *d, const char *text, size_t length)
{
  uint32_t h = hash (text, length);
  uint32_t *s = slot (d, text, length, h);
  uint32_t id = *s - 1;
  if (!*s) {
    if (d->n >= DICT_MAX_STRINGS || length > DICT_MAX_BYTES || d->bytes > DICT_MAX_BYTES - length)
      return DICT_NONE;
    if ((d->n + 1) * 4 > d->n_slots * 3) {
      if (!grow (d))
        return DICT_NONE;
      s = slot (d, text, length, h);
    }
    id = add (d, text, length, h);
    if (id == DICT_NONE)
      return DICT_NONE;
    *s = id + 1;
  }
  struct entry *e = entry (d, id);
  if (e->used != d->read) {
    e->used = d->read;
    d->in_use++;
    d->text_in_use += e->length + 1;
  }
  return id;
}

const char *
dict_get (const struct dict *d, uint32_t id, uint32_t *ret_length)
{
  const struct entry *e = entry (d, id);
  *ret_length = e->length;
  return e->text;
}

void
dict_begin (struct dict *d)
{
  d->read++;
  d->in_use = 0;
  d->text_in_use = 0;
}

void
dict_settle (struct dict *d)
{
  d->settled = d->in_use;
  d->text_settled = d->text_in_use;
}

bool
dict_stale (const struct dict *d)
{
  bool few = d->n > SMALL && d->settled < d->n / 2;
  bool little = d->text_bytes > SMALL_BYTES && d->text_settled < d->text_bytes / 2; /* a few long command lines weigh as much */
  return few || little || d->n > DICT_MAX_STRINGS / 4 * 3 || d->bytes > DICT_MAX_BYTES / 4 * 3;
}

uint64_t
dict_number (const struct dict *d)
{
  return d->number;
}

size_t
dict_bytes (const struct dict *d)
{
  return sizeof *d + d->bytes + d->n_slots * sizeof *d->slots + (size_t) FIRST * ((2u << chunk_of (d->n)) - 1) * sizeof (struct entry);
}
