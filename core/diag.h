/* What is wrong with a configuration: all of it, each with its place. */
#ifndef DIAG_H
#define DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum diag_severity { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

/* Where in a file; `file` is borrowed from the parsed document; line and column count from 1, 0: unknown. */
struct place {
  const char *file;
  uint32_t line;
  uint32_t column;
};

struct diag_item {
  enum diag_severity severity;
  char *file;
  uint32_t line, column;
  char *text;
};

struct diag {
  struct diag_item *items;
  size_t n, cap;
  size_t errors, warnings;
  size_t left_out; /* beyond the bound of 200, or without memory */
};

/* One sentence: what is wrong, then what would be right. */
__attribute__ ((format (printf, 4, 5))) void diag_add (struct diag *d, enum diag_severity severity, struct place at,
                                                       const char *format, ...);
/* Whether `to` is a terminal that has colours and whose user wants them. */
bool diag_may_colour (FILE *to);
/* One line each: "daemon.yaml:12:3: error: …", ordered by place, in colour where it may be. */
void diag_print (const struct diag *d, FILE *to);
/* Puts the items into that order. */
void diag_sort (struct diag *d);
/* Nothing more is kept, only counted: no need to think about what to say. */
bool diag_is_full (const struct diag *d);
const char *diag_word (enum diag_severity severity); /* "error", "warning", "note" */
void diag_free (struct diag *d);
#endif
