#include "copy.h"

#include "row-copy.h"

#include <stdlib.h>

/* A key and what becomes of it. */
struct swap {
  const char *from, *to;
};

/* A key that rows come to: only such a one can be there twice. */
struct target {
  const char *key;
  bool taken;
};

struct copy {
  uint32_t from, to, n_fields, n, n_targets;
  struct target *targets; /* by key */
  struct swap swaps[];    /* by key */
};

const char *
copy_rest (const char *name, const char *table)
{
  size_t n = strlen (table);
  return !strncmp (name, table, n) && name[n] == '.' ? name + n + 1 : NULL;
}

/* Both kinds begin with the key. */
static int
by_key (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
make_targets (struct copy *c)
{
  for (uint32_t i = 0; i < c->n; i++)
    c->targets[i] = (struct target){.key = c->swaps[i].to};
  qsort (c->targets, c->n, sizeof *c->targets, by_key);
  for (uint32_t i = 0; i < c->n; i++)
    if (!c->n_targets || strcmp (c->targets[c->n_targets - 1].key, c->targets[i].key))
      c->targets[c->n_targets++] = c->targets[i];
}

struct copy *
copy_new (const struct kk_map *rows, const struct kk_table *table, uint32_t from, uint32_t to)
{
  const char *const *keys = rows->items;
  struct copy *c = calloc (1, sizeof *c + rows->count * sizeof c->swaps[0]);
  if (!c)
    return NULL;
  c->from = from;
  c->to = to;
  c->n_fields = table->n_fields;
  for (uint32_t i = 0; i < rows->count; i++) {
    const char *key = copy_rest (rows->names[i], table->name);
    if (key)
      c->swaps[c->n++] = (struct swap){key, keys[i]};
  }
  qsort (c->swaps, c->n, sizeof *c->swaps, by_key);
  c->targets = calloc (c->n + 1, sizeof *c->targets);
  if (!c->targets) {
    free (c);
    return NULL;
  }
  make_targets (c);
  return c;
}

void
copy_free (struct copy *c)
{
  if (c)
    free (c->targets);
  free (c);
}

void
copy_rows (struct copy *c, const struct kk_sample *in, struct kk_rows *out, uint64_t *lost)
{
  struct kk_table_info info;
  if (kk_table_info (in, c->from, &info))
    return;
  for (uint32_t i = 0; i < c->n_targets; i++)
    c->targets[i].taken = false;
  for (uint32_t i = 0; i < info.rows; i++) {
    struct kk_value v;
    kk_get_key (in, c->from, i, &v);
    const char *key = v.string;
    const struct swap *swap = bsearch (&key, c->swaps, c->n, sizeof *c->swaps, by_key);
    key = swap ? swap->to : key;
    struct target *target = bsearch (&key, c->targets, c->n_targets, sizeof *c->targets, by_key);
    if (target && target->taken) {
      ++*lost;
      continue;
    }
    if (target)
      target->taken = true;
    struct kk_row *row = kk_row (out, c->to, key, kk_get_identity (in, c->from, i));
    row_copy (in, c->from, i, c->n_fields, row);
  }
  kk_table_state (out, c->to, (enum kk_table_state) info.state);
}
