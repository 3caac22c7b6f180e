/* Samples as plain rows, for slow and obvious reckonings beside what filters do. */
#ifndef PLAIN_H
#define PLAIN_H

#include "sample.h"

enum { PLAIN_TABLES = 6, PLAIN_FIELDS = 36, PLAIN_ROWS = 28, PLAIN_TEXT = 64 };

struct plain_value {
  uint32_t type, absent;
  bool held;
  int64_t mono_ns; /* when it was read */
  union {
    double f64;
    uint64_t u64;
    int64_t i64;
    bool boolean;
  };
  char text[PLAIN_TEXT];
};

struct plain_row {
  char key[PLAIN_TEXT]; /* a number's digits */
  bool held;
  uint64_t identity;
  struct plain_value values[PLAIN_FIELDS];
};

struct plain_field {
  char name[PLAIN_TEXT], unit[16];
  uint32_t type, kind;
};

struct plain_table {
  char name[PLAIN_TEXT];
  uint32_t key_type, n_fields, n_rows, state;
  bool held;
  int64_t mono_ns;
  struct plain_field fields[PLAIN_FIELDS];
  struct plain_row rows[PLAIN_ROWS];
};

struct plain {
  int64_t wall_ns, mono_ns;
  uint32_t after, n;
  struct plain_table tables[PLAIN_TABLES];
};

void plain_read (struct plain *to, const struct sample *from);
/* Only what there is of it. */
void plain_copy (struct plain *to, const struct plain *from);
void plain_copy_table (struct plain_table *to, const struct plain_table *from);
/* NULL: there is none. */
struct plain_table *plain_table (struct plain *p, const char *name);
struct plain_row *plain_row (struct plain_table *t, const char *key);
int plain_field (const struct plain_table *t, const char *name); /* -1: there is none */
/* One more, empty. A row's values are absent. */
struct plain_field *plain_add_field (struct plain_table *t, const char *name, uint32_t type, uint32_t kind, const char *unit);
struct plain_row *plain_add_row (struct plain_table *t, const char *key, uint64_t identity, bool held, int64_t mono_ns);
/* Drops the field in all rows, or all rows for which `keep` is false. */
void plain_drop_field (struct plain_table *t, uint32_t field);
void plain_keep_rows (struct plain_table *t, const bool *keep);
double plain_number (const struct plain_value *v);
/* The first difference, in `why`; sums of numbers may differ in their last digits. */
bool plain_same (struct plain *a, struct plain *b, char why[300]);
#endif
