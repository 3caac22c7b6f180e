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
/* Of a dotted list those that are about the table; they borrow from the list, and names_of_free frees them. 0 or -ENOMEM. */
int names_of (const struct names *n, const char *table, struct names *ret);
void names_of_free (struct names *n);
/* Whether one of them takes the table, or in a list that names_of made, what is behind the dot. */
bool names_take (struct names *n, const char *text);
#endif
