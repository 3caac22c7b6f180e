#include <config.h>

#include "yaml-store.h"

#include "path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 1 << 20 };

struct yaml_document *
yaml_new (const char *file)
{
  struct yaml_document *doc = calloc (1, sizeof *doc);
  if (!doc)
    return NULL;
  doc->file = strdup (file);
  doc->store = calloc (1, sizeof *doc->store);
  if (doc->file && doc->store)
    return doc;
  yaml_free (doc);
  return NULL;
}

void
yaml_free (struct yaml_document *doc)
{
  if (!doc)
    return;
  for (size_t i = 0; doc->store && i < doc->store->n; i++) {
    struct yaml_node *node = &doc->store->nodes[i]->node;
    for (size_t j = 0; node->kind == YAML_MAP && j < node->n; j++)
      free (node->pairs[j].key);
    free (node->pairs);
    free (node->items);
    free (node->text);
    free (node);
  }
  if (doc->store)
    free (doc->store->nodes);
  free (doc->store);
  free (doc->file);
  free (doc);
}

struct stored_node *
yaml_store_node (struct yaml_document *doc, enum yaml_kind kind, struct place at)
{
  struct yaml_store *store = doc->store;
  if (store->n == store->cap) {
    size_t cap = store->cap ? store->cap * 2 : 64;
    struct stored_node **nodes = reallocarray (store->nodes, cap, sizeof (void *));
    if (!nodes)
      return NULL;
    store->nodes = nodes;
    store->cap = cap;
  }
  struct stored_node *stored = calloc (1, sizeof *stored);
  if (!stored)
    return NULL;
  stored->node.kind = kind;
  stored->node.at = at;
  stored->size = 1;
  store->nodes[store->n++] = stored;
  return stored;
}

struct yaml_node *
yaml_new_map (struct yaml_document *doc, struct place at)
{
  struct stored_node *stored = yaml_store_node (doc, YAML_MAP, at);
  return stored ? &stored->node : NULL;
}

struct yaml_node *
yaml_new_scalar (struct yaml_document *doc, struct place at, const char *text)
{
  struct stored_node *stored = yaml_store_node (doc, YAML_SCALAR, at);
  if (!stored)
    return NULL;
  stored->node.text = strdup (text);
  return stored->node.text ? &stored->node : NULL;
}

/* Arrays double: room is made whenever n is a power of two. */
static void *
grown (void *array, size_t n, size_t size)
{
  if (n & (n - 1))
    return array;
  return reallocarray (array, n ? n * 2 : 1, size);
}

int
yaml_append (struct yaml_node *list, const struct yaml_node *item)
{
  const struct yaml_node **items = grown (list->items, list->n, sizeof *items);
  if (!items)
    return -ENOMEM;
  list->items = items;
  items[list->n++] = item;
  return 0;
}

int
yaml_put (struct yaml_document *doc, struct yaml_node *map, const char *key, struct place at, const struct yaml_node *value)
{
  (void) doc;
  struct yaml_pair *pairs = grown (map->pairs, map->n, sizeof *pairs);
  if (!pairs)
    return -ENOMEM;
  map->pairs = pairs;
  char *copy = strdup (key);
  if (!copy)
    return -ENOMEM;
  pairs[map->n++] = (struct yaml_pair){.key = copy, .at = at, .value = value};
  return 0;
}

const struct yaml_pair *
yaml_pair (const struct yaml_node *map, const char *key)
{
  if (!map || map->kind != YAML_MAP)
    return NULL;
  for (size_t i = 0; i < map->n; i++)
    if (strcmp (map->pairs[i].key, key) == 0)
      return &map->pairs[i];
  return NULL;
}

const struct yaml_node *
yaml_get (const struct yaml_node *map, const char *key)
{
  const struct yaml_pair *pair = yaml_pair (map, key);
  return pair ? pair->value : NULL;
}

const char *
yaml_kind_word (const struct yaml_node *node)
{
  static const char *const words[] = {"nothing", "a single value", "a list", "a map (keys with values)"};
  return words[node->kind];
}

int
yaml_load (const char *file, struct diag *d, struct yaml_document **ret)
{
  char *text;
  size_t length;
  struct place at = {.file = file};
  int r = path_read_file (file, MAX_FILE, &text, &length);
  if (r == -EFBIG)
    diag_add (d, DIAG_ERROR, at,
              "the file is larger than 1 MiB: a configuration is a few hundred lines; is this the right file?");
  else if (r == -EINVAL)
    diag_add (d, DIAG_ERROR, at, "this is no regular file: give the path of a text file");
  else if (r < 0)
    diag_add (d, DIAG_ERROR, at, "cannot read it: %s", strerror (-r));
  if (r < 0)
    return r;
  r = yaml_parse (file, text, length, d, ret);
  free (text);
  return r;
}
