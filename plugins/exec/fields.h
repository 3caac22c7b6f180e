/* The tables that the option `fields` declares, one field a line: "gpu[device].utilization_percent f64 % gauge". */
#ifndef EXEC_FIELDS_H
#define EXEC_FIELDS_H

#include <kode-kronical/plugin.h>

enum { EXEC_NAME_SIZE = 64, EXEC_UNIT_SIZE = 32, EXEC_MOST_TABLES = 64, EXEC_MOST_FIELDS = 512 };

struct exec_field {
  char name[EXEC_NAME_SIZE], unit[EXEC_UNIT_SIZE];
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

/* By a name of n bytes; the number, or -1. */
int exec_find_table (const struct exec_schema *s, const char *name, size_t n);
int exec_find_field (const struct exec_table *t, const char *name, size_t n);
#endif
