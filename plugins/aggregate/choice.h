/* What the option `fields` asks for, and the window and table that come of it. */
#ifndef CHOICE_H
#define CHOICE_H

#include "window.h"

/* The items of `fields`, taken apart. */
struct choice {
  char *names; /* table.field */
  struct function functions[FUNCTION_MOST];
  int n;
};

/* 0, -ENOMEM, or -EINVAL with what is wrong in `why`. */
int choices_make (const struct kk_list *items, struct choice **ret, char why[160]);
void choices_free (struct choice *choices, uint32_t n);
/* The window of one table; *ret is NULL when none of its fields is chosen. 0 or -ENOMEM. */
int choices_window (const struct choice *choices, uint32_t n, uint32_t n_panes, struct window_budget *budget,
                    const struct kk_schema *in, uint32_t table, struct window **ret);
/* Puts the table that a window makes in the place of the incoming one; *ret as of kk_shape_add_table. -EINVAL: two fields of one
 * name. */
int window_shape (const struct window *w, const struct kk_schema *in, uint32_t table, struct kk_shape *shape, uint32_t *ret);
#endif
