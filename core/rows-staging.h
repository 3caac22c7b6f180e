/* What a read has put into its tables so far; shared by the two halves of rows. */
#ifndef ROWS_STAGING_H
#define ROWS_STAGING_H

#include "rows.h"

#include "buf.h"

enum { MAX_ROWS = 65536 };

/* The handle a plugin gets for a row: it shows the one that the table is at. */
struct row {
  struct kk_row face;
  struct rows *rows;
  struct staging *staging; /* NULL: what is set goes nowhere */
};

struct staging {
  const struct kk_table *table;
  int32_t *columns; /* by field of the plugin */
  uint32_t n_columns;
  uint32_t max_rows;
  bool there;
  uint32_t state;
  uint32_t n_rows, cap;
  uint32_t at;    /* the row that is being filled */
  uint32_t first; /* number of its first field, where it extends a table of somebody else's */
  uint64_t *keys, *identities;
  uint32_t *likes;  /* by row: the incoming one as old as which it is, or KK_NONE */
  bool liked;       /* those count */
  uint64_t *values; /* row by row */
  uint8_t *absent;
  bool ascending;   /* so far every key was greater than the one before */
  uint32_t *seen;   /* set of row number + 1 by key, once they are not ascending */
  uint32_t n_seen_slots;
  struct row row;
};

struct rows {
  struct kk_rows face;
  const struct descriptor *d;
  struct kk_time time;
  struct dict *dict;
  struct buf scratch;
  struct rows_counts counts;
  struct row nowhere;
  uint32_t n_tables;
  struct staging tables[];
};
#endif
