/* Aligned columns of text for people. */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table_column {
  const char *title;
  bool right;  /* numbers */
  int at_most; /* wider texts are cut, the last character becomes '+'; 0: never */
};

struct table {
  const struct table_column *columns;
  size_t n_columns;
  char **cells; /* row by row */
  size_t n, cap;
  bool failed; /* without memory; what is there is printed */
};

#define TABLE(columns_)                                                                                                        \
  {                                                                                                                            \
    .columns = (columns_), .n_columns = sizeof (columns_) / sizeof ((columns_)[0])                                             \
  }
/* The next cell, row by row. Control characters are replaced. */
__attribute__ ((format (printf, 2, 3))) void table_add (struct table *t, const char *format, ...);
void table_print (const struct table *t, FILE *to);
void table_free (struct table *t);
/* Replaces, in place and each by a '?', what must not reach a terminal: control characters, those that turn the direction of
 * text or are not seen, and bytes that are no UTF-8. */
void table_clean (char *text);
/* The columns that a text takes, by its characters. */
int table_width (const char *text);
#endif
