/* What one read of an input fills: staging for its tables, reused from read to read, then sealed into blocks. */
#ifndef ROWS_H
#define ROWS_H

#include "descriptor.h"
#include "sample.h"

struct rows;

/* What a plugin did that could not be kept, since the start. */
struct rows_counts {
  uint64_t bad_sets;   /* a field that does not exist, or of another type */
  uint64_t lost_rows;  /* a key twice, too many rows, an unknown table, no memory */
  uint64_t cut_strings; /* too long or no room in the dictionary */
};

/* `config` decides which tables and fields are there (only_if). */
int rows_new (const struct kk_host *host, const struct descriptor *d, const void *config, struct rows **ret);
void rows_free (struct rows *r);
struct kk_rows *rows_face (struct rows *r);
/* Begins a read. -ENOMEM when the strings' dictionary cannot be renewed. */
int rows_begin (struct rows *r, const struct kk_time *time);
/* A block of what the read put into one of the plugin's tables; `failed`: the read's result does not count, everything is KK_ERROR.
 * NULL without memory. */
struct block *rows_seal (const struct rows *r, uint32_t table, uint64_t tick, bool failed);
/* The same with some rows of a keyed table alone; NULL: the first n. */
struct block *rows_seal_some (const struct rows *r, uint32_t table, const uint32_t *rows, uint32_t n, uint64_t tick,
                              bool failed);
/* By row what kk_row_like said, or KK_NONE; NULL where it was not called. */
const uint32_t *rows_likes (const struct rows *r, uint32_t table, uint32_t *ret_n);
/* A block that says of every field why it is not there. Safe also while another thread is in a read. */
struct block *rows_absent (const struct rows *r, uint32_t table, enum kk_absent why);
/* Has the fields of one table count from `first` on: they are more fields for the rows of a table that is somebody else's. */
void rows_extend (struct rows *r, uint32_t table, uint32_t first);
/* In an extending table: the row of that number, of n_rows. Never NULL. */
struct kk_row *rows_at (struct rows *r, uint32_t table, uint32_t row, uint32_t n_rows);
/* There, too: one text for a field in all of the n_rows. 0, -EINVAL (no such field of texts), -ENOMEM. */
int rows_set_text (struct rows *r, uint32_t table, uint32_t field, const char *text, size_t length, uint32_t n_rows);
/* A block with some columns of an extending table: n rows from `first` on, or where `rows` is not NULL those. NULL without
 * memory. */
struct block *rows_seal_part (const struct rows *r, uint32_t table, uint32_t column, uint32_t n_columns, const uint32_t *rows,
                              uint32_t first, uint32_t n);
struct rows_counts rows_counts (const struct rows *r); /* any thread */
/* The column of a plugin's field, or -1 when only_if leaves it out; of a table that is left out always -1. */
int32_t rows_column (const struct rows *r, uint32_t table, uint32_t field);
bool rows_has_table (const struct rows *r, uint32_t table);

void rows_host_functions (struct kk_host *host);
#endif
