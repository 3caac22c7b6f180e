/* Lists of names: globs and /regular expressions/, of tables, or behind a table's glob and a dot. */
#ifndef SELECT_NAMES_H
#define SELECT_NAMES_H

#include "pattern.h"

#include <kode-kronical/plugin.h>

struct name {
  const char *item;
  const char *rest;        /* what is behind the dot; the same where there is none */
  struct pattern *pattern; /* of rest; NULL: it is a glob */
};

struct names {
  struct name *items;
  uint32_t n;
  bool failed; /* there was no memory to see whether one takes something */
};

/* Borrows the list. `dotted`: each item names a table first. 0, -ENOMEM, or kk_refuse (...). */
int names_make (const char *option, const struct kk_list *list, bool dotted, struct names *ret, struct kk_fault *fault);
void names_free (struct names *n);
/* Whether one of them takes the table, in a list that is not dotted. */
bool names_take_table (struct names *n, const char *table);
/* Whether one of them is about the table, and whether one takes the text in it. */
bool names_are_about (const struct names *n, const char *table);
bool names_take (struct names *n, const char *table, const char *text);
#endif
