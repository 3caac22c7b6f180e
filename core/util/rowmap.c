#include "rowmap.h"

#include <stdlib.h>

enum { MAX_AGE = 4096 /* samples */, LOOK_EVERY = 64 };

struct rowmap_entry {
  uint64_t key; /* the number, or the text's hash */
  uint64_t identity;
  char *text; /* NULL: the key is a number */
  uint32_t length;
  uint32_t round; /* when it was last asked for */
};

static uint64_t
hash (const char *text, uint32_t length)
{
  uint64_t h = 0xcbf29ce484222325u;
  for (uint32_t i = 0; i < length; i++)
    h = (h ^ (unsigned char) text[i]) * 0x100000001b3u;
  return h;
}

static bool
is_text (const struct rowmap_entry *e, const struct kk_value *key)
{
  return e->text && e->length == key->length && !memcmp (e->text, key->string, e->length);
}

static uint32_t
first_slot (const struct rowmap *m, uint64_t key)
{
  return (uint32_t) ((key * 0x9e3779b97f4a7c15u) >> 32) & (m->n_slots - 1);
}

static void
put_slot (struct rowmap *m, uint32_t entry)
{
  uint32_t i = first_slot (m, m->entries[entry].key);
  while (m->slots[i])
    i = (i + 1) & (m->n_slots - 1);
  m->slots[i] = entry + 1;
}

static void
put_all (struct rowmap *m)
{
  memset (m->slots, 0, m->n_slots * sizeof *m->slots);
  for (uint32_t i = 0; i < m->n; i++)
    put_slot (m, i);
}

static int
grow (struct rowmap *m)
{
  uint32_t cap = m->cap ? m->cap * 2 : 8;
  struct rowmap_entry *entries = realloc (m->entries, cap * sizeof *entries);
  if (entries)
    m->entries = entries;
  char *memory = realloc (m->memory, cap * m->size + 1);
  if (memory)
    m->memory = memory;
  uint32_t *slots = realloc (m->slots, cap * 2 * sizeof *slots);
  if (slots)
    m->slots = slots;
  if (!entries || !memory || !slots)
    return -ENOMEM;
  m->cap = cap;
  m->n_slots = cap * 2;
  put_all (m);
  return 0;
}

static void *
memory_of (const struct rowmap *m, uint32_t entry)
{
  return m->memory + entry * m->size;
}

static uint64_t
number_of (const struct kk_value *key)
{
  return key->type == KK_TYPE_STRING ? hash (key->string, key->length) : key->type ? key->u64 : 0;
}

static int64_t
find (const struct rowmap *m, const struct kk_value *key)
{
  bool text = key->type == KK_TYPE_STRING;
  const struct rowmap_entry *likely = m->next < m->n ? m->entries + m->next : NULL;
  if (likely && text && is_text (likely, key)) /* a hash less */
    return m->next;
  uint64_t number = number_of (key);
  if (likely && !text && !likely->text && likely->key == number)
    return m->next;
  for (uint32_t i = m->n_slots ? first_slot (m, number) : 0; m->n_slots && m->slots[i]; i = (i + 1) & (m->n_slots - 1)) {
    const struct rowmap_entry *e = m->entries + m->slots[i] - 1;
    if (e->key == number && (text ? is_text (e, key) : !e->text))
      return m->slots[i] - 1;
  }
  return -1;
}

static int64_t
add (struct rowmap *m, const struct kk_value *key)
{
  bool text = key->type == KK_TYPE_STRING;
  if (m->n == m->cap && (m->n == ROWMAP_MAX || grow (m)))
    return -1;
  char *copy = text ? malloc (key->length + 1) : NULL;
  if (text && !copy)
    return -1;
  if (text)
    memcpy (copy, key->string, key->length);
  m->entries[m->n] =
    (struct rowmap_entry){.key = number_of (key), .text = copy, .length = text ? key->length : 0, .round = m->round - 1};
  put_slot (m, m->n);
  return m->n++;
}

void
rowmap_begin (struct rowmap *m)
{
  m->round++;
  m->seen = m->next = 0;
}

void *
rowmap_find (struct rowmap *m, const struct kk_value *key, uint64_t identity, bool *ret_new)
{
  int64_t at = find (m, key);
  bool known = at >= 0 && m->entries[at].identity == identity;
  if (at < 0)
    at = add (m, key);
  if (at < 0)
    return NULL;
  struct rowmap_entry *e = m->entries + at;
  if (!known)
    memset (memory_of (m, (uint32_t) at), 0, m->size);
  e->identity = identity;
  m->seen += e->round != m->round;
  e->round = m->round;
  m->next = (uint32_t) at + 1;
  *ret_new = !known;
  return memory_of (m, (uint32_t) at);
}

void
rowmap_end (struct rowmap *m, bool complete)
{
  bool crowded = m->n > ROWMAP_MAX / 2;
  if (m->seen >= m->n || (!complete && !crowded && m->round % LOOK_EVERY))
    return;
  uint32_t kept = 0, age = complete || crowded ? 1 : MAX_AGE;
  for (uint32_t i = 0; i < m->n; i++) {
    if (m->round - m->entries[i].round >= age) {
      free (m->entries[i].text);
      continue;
    }
    if (kept < i) {
      m->entries[kept] = m->entries[i];
      memcpy (memory_of (m, kept), memory_of (m, i), m->size);
    }
    kept++;
  }
  if (kept == m->n)
    return;
  m->n = kept;
  put_all (m);
}

int
rowmap_widen (struct rowmap *m, size_t size)
{
  char *memory = m->cap ? calloc (m->cap, size) : NULL;
  if (m->cap && !memory)
    return -ENOMEM;
  for (uint32_t i = 0; i < m->n; i++)
    memcpy (memory + i * size, memory_of (m, i), m->size);
  free (m->memory);
  m->memory = memory;
  m->size = size;
  return 0;
}

void
rowmap_clear (struct rowmap *m)
{
  for (uint32_t i = 0; i < m->n; i++)
    free (m->entries[i].text);
  free (m->entries);
  free (m->memory);
  free (m->slots);
  *m = (struct rowmap){.size = m->size};
}
