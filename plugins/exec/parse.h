/* One line of a program's output, as plain text or as JSON. */
#ifndef EXEC_PARSE_H
#define EXEC_PARSE_H

#include "buf.h"
#include "values.h"

enum exec_format { EXEC_FORMAT_JSON, EXEC_FORMAT_LINES };

struct exec_parser {
  struct exec_values *values;
  struct buf name, key, text; /* strings of JSON, decoded; each bounded by its line */
  enum exec_format format;
};

/* A line without its newline. What is wrong in it is counted in the values. */
void exec_parse_line (struct exec_parser *p, const char *line, size_t n);
void exec_parser_free (struct exec_parser *p);
#endif
