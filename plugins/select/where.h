/* `where`: rows of tables by what an expression says of them. */
#ifndef SELECT_WHERE_H
#define SELECT_WHERE_H

#include "expression/expression.h"

struct where {
  const char *table;
  struct expression *expression;
};

struct wheres {
  struct where *items;
  uint32_t n;
};

/* Borrows the map of tables and expressions. 0, -ENOMEM, or kk_refuse_entry (...). */
int wheres_make (const struct kk_map *map, struct wheres *ret, struct kk_fault *fault);
void wheres_free (struct wheres *w); /* after its bindings */
/* Whether each fits the tables that come. 0, -ENOMEM, or kk_refuse_entry (...). */
int wheres_check (const struct wheres *w, const struct kk_schema *in, struct kk_fault *fault);
struct where *wheres_find (const struct wheres *w, const char *table); /* NULL: there is none */
/* To table number `table`. 0, also where a field is missing: then *ret is there, and `fault` says what it is; -ENOMEM; or
 * kk_refuse_entry (...). */
int where_bind (const struct where *w, const struct kk_schema *in, uint32_t table, struct expression_binding **ret,
                struct kk_fault *fault);
/* Sets kept[row] for each of the n rows of which the expression is true, and clears all others. 0 or -errno. */
int where_judge (const struct where *w, struct expression_binding *b, const struct kk_sample *in, bool *kept, uint32_t n);
#endif
