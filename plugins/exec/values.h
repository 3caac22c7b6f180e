/* What a program said so far: rows of typed values by table, bounded, ready to be put into a sample. */
#ifndef EXEC_VALUES_H
#define EXEC_VALUES_H

#include "fields.h"

#include <locale.h>

enum { EXEC_MOST_ROWS = 4096, EXEC_MOST_KEY = 255, EXEC_MOST_TEXT = 16384, EXEC_MOST_BYTES = 16 << 20 };

/* How a value was written. */
enum exec_form { EXEC_TEXT, EXEC_JSON_STRING, EXEC_JSON_NUMBER, EXEC_JSON_BOOL, EXEC_JSON_NULL };

struct exec_value {
  union {
    double f64;
    uint64_t u64;
    int64_t i64;
    bool boolean;
    char *string; /* owned */
  };
  uint32_t length; /* of the string */
  bool there;
};

struct exec_row {
  struct exec_row *next; /* in its bucket */
  char *key;
  int64_t seen_ns;
  struct exec_value values[];
};

struct exec_rows {
  struct exec_row **rows; /* in the order they came */
  uint32_t n, cap;
  struct exec_row *buckets[256];
};

struct exec_values {
  const struct exec_schema *schema;
  struct exec_rows *tables;
  locale_t locale;
  size_t bytes;
  int64_t now_ns; /* when what is now parsed was read */
  /* What was taken, what older values it took away, and what could not be taken. */
  uint64_t taken, dropped, unknown_tables, unknown_fields, bad_values, bad_lines, lost;
  char last[128]; /* one of them */
};

int exec_values_init (struct exec_values *v, const struct exec_schema *schema);
void exec_values_free (struct exec_values *v);
/* Forgets the rows that were not renewed since; INT64_MAX: all. Whether there were any. */
bool exec_values_expire (struct exec_values *v, int64_t before_ns);
uint32_t exec_values_rows (const struct exec_values *v);
/* The row of a key ("" in a single table), made when it is new; NULL and counted when it cannot be kept. */
struct exec_row *exec_values_row (struct exec_values *v, uint32_t table, const char *key, size_t n);
/* Strictly as the field's type wants it; else counted. */
void exec_values_set (struct exec_values *v, uint32_t table, struct exec_row *row, uint32_t field, enum exec_form form,
                      const char *text, size_t n);
/* Counts something that was not taken and remembers it. */
void exec_values_refuse (struct exec_values *v, uint64_t *count, const char *text, size_t n);
/* `partial`: there may be more rows than were said yet. */
void exec_values_put (const struct exec_values *v, bool partial, struct kk_rows *out);
#endif
