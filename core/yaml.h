/* A YAML document as a tree whose nodes know their place. Bounded: file size, depth, number of nodes, aliases. */
#ifndef YAML_TREE_H
#define YAML_TREE_H

#include "diag.h"

#include <stdbool.h>

enum yaml_kind { YAML_NULL, YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
  enum yaml_kind kind;
  struct place at;
  char *text;  /* scalar */
  bool quoted; /* scalar written in quotes or as a block: always a string */
  struct yaml_pair *pairs; /* map, in the order of the file; keys are unique */
  struct yaml_node **items; /* list */
  size_t n;                 /* of pairs or items */
};
struct yaml_pair {
  char *key;
  struct place at; /* of the key */
  struct yaml_node *value;
};
struct yaml_document {
  char *file;
  struct yaml_node *root; /* a YAML_NULL node for an empty file */
};

/* Parses `text`; every fault goes to `d` with its place. 0, or -EINVAL when there was an error (nothing is left behind), -ENOMEM. */
int yaml_parse (const char *file, const char *text, size_t length, struct diag *d, struct yaml_document **ret);
/* Reads and parses a file. -ENOENT and the like also go to `d`. */
int yaml_load (const char *file, struct diag *d, struct yaml_document **ret);
void yaml_free (struct yaml_document *doc);
const struct yaml_node *yaml_get (const struct yaml_node *map, const char *key); /* NULL when missing */
#endif
