/* The memory of a tree. Inner to yaml.c and yaml-parse.c. */
#ifndef YAML_STORE_H
#define YAML_STORE_H

#include "yamltree.h"

struct stored_node {
  struct yaml_node node; /* first: a node is found by its address */
  uint32_t size;         /* nodes in it, aliases counted each time they are used */
  uint32_t height;       /* of the tree below it; 0: a scalar */
};

struct yaml_store {
  struct stored_node **nodes;
  size_t n, cap;
};

struct stored_node *yaml_store_node (struct yaml_document *doc, enum yaml_kind kind, struct place at);
int yaml_append (struct yaml_node *list, const struct yaml_node *item);
#endif
