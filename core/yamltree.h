/* A YAML document as a tree whose nodes know their place. Bounded: file size, depth, number of nodes, aliases. */
#ifndef YAMLTREE_H
#define YAMLTREE_H

#include "diag.h"

#include <stdbool.h>

enum yaml_kind { YAML_NULL, YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
  enum yaml_kind kind;
  struct place at;
  char *text;                     /* scalar; of a null what was written: "", "~" or "null" */
  bool flow;                      /* list or map in brackets or braces */
  bool quoted;                    /* scalar written in quotes or as a block: always a string */
  struct yaml_pair *pairs;        /* map, in the order of the file; keys are unique */
  const struct yaml_node **items; /* list */
  size_t n;                       /* of pairs or items */
};
struct yaml_pair {
  char *key;
  struct place at; /* of the key */
  const struct yaml_node *value;
  struct place from, to; /* of the value as it is written here (an alias, say); `to` is behind its last character */
};
struct yaml_document {
  char *file;
  struct yaml_node *root;   /* a YAML_NULL node for an empty file */
  struct yaml_store *store; /* owns all nodes: one may hang at several places (aliases, merged files) */
};

/* Parses `text`; every fault goes to `d` with its place. A fault that leaves the rest readable (a key given twice) only goes to
 * `d`: a caller that wants all faults at once goes on with the tree, and looks at d->errors at the end. 0; -EINVAL when it is
 * no YAML or passes a bound; -ENOMEM. */
int yaml_parse (const char *file, const char *text, size_t length, struct diag *d, struct yaml_document **ret);
/* Reads and parses a file. -ENOENT and the like also go to `d`. */
int yaml_load (const char *file, struct diag *d, struct yaml_document **ret);
void yaml_free (struct yaml_document *doc);
const struct yaml_node *yaml_get (const struct yaml_node *map, const char *key); /* NULL when missing, or no map */
const struct yaml_pair *yaml_pair (const struct yaml_node *map, const char *key);
const char *yaml_kind_word (const struct yaml_node *node); /* "a map", "a list", "a value", "nothing" */

/* ---- Making trees: for what is put together from several files ---- Without memory: NULL or -ENOMEM. */
struct yaml_document *yaml_new (const char *file);
struct yaml_node *yaml_new_map (struct yaml_document *doc, struct place at);
struct yaml_node *yaml_new_scalar (struct yaml_document *doc, struct place at, const char *text);
/* Adds a pair; the key must not be there yet. The value may belong to another document that lives as long. */
int yaml_put (struct yaml_document *doc, struct yaml_node *map, const char *key, struct place at,
              const struct yaml_node *value);
#endif
