/* The tables that the option `fields` or the program declares, one field a line: "gpu[device].load f64 % gauge # How busy it is". */
#ifndef EXEC_FIELDS_H
#define EXEC_FIELDS_H

#include <kode-kronical/plugin.h>

enum { EXEC_NAME_SIZE = 64, EXEC_UNIT_SIZE = 32, EXEC_HELP_SIZE = 128, EXEC_MOST_TABLES = 64, EXEC_MOST_FIELDS = 512 };
#define EXEC_FIELD_LINE "field:" /* what a program begins a line with that declares a field; no table can have this name */

struct exec_field {
  char name[EXEC_NAME_SIZE], unit[EXEC_UNIT_SIZE];
  char help[EXEC_HELP_SIZE];
  uint32_t type, kind; /* enum kk_type, enum kk_kind */
};

struct exec_table {
  char name[EXEC_NAME_SIZE];
  char key[EXEC_NAME_SIZE]; /* "": a single table */
  struct exec_field *fields;
  uint32_t n_fields;
};

struct exec_schema {
  struct exec_table tables[EXEC_MOST_TABLES];
  uint32_t n;
};

/* 0, -ENOMEM, or kk_refuse of the first line that is wrong. */
int exec_schema_make (const struct kk_list *lines, struct kk_fault *fault, struct exec_schema **ret);
void exec_schema_free (struct exec_schema *s); /* NULL is fine */
int exec_schema_declare (const struct exec_schema *s, struct kk_declare *out);
/* The same for the same tables and fields in the same order, whatever their help; never 0. */
uint64_t exec_schema_print (const struct exec_schema *s);

/* What a program says of its fields, line by line. Zero is a good beginning. */
struct exec_said {
  char **lines;
  uint32_t n;
  bool ended; /* by the first line that declares none */
  int error;  /* 0, -ENOMEM, -E2BIG */
};
void exec_said_line (struct exec_said *s, const char *line, size_t n);
/* As exec_schema_make; in the order of the names, because a program may say them in another order each time. */
int exec_said_schema (const struct exec_said *s, struct kk_fault *fault, struct exec_schema **ret);
void exec_said_free (struct exec_said *s);

/* By a name of n bytes; the number, or -1. */
int exec_find_table (const struct exec_schema *s, const char *name, size_t n);
int exec_find_field (const struct exec_table *t, const char *name, size_t n);
#endif
