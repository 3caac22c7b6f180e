/* What was collected at one tick: tables of columns. Immutable once sealed, reference-counted, shared without copying.
 *
 * A block is what one read put into one table: its keys, identities and columns, with the time of the read and one reference to the
 * dictionary of its strings. A sample's table is a list of segments (one per producer of a keyed table; one in all for a single
 * table), and each column of a segment points into the block it comes from. So a table joined from several inputs, or passed
 * through a filter, copies pointers, never values. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "dict.h"
#include "schema.h"

struct block {
  uint32_t refs;
  uint32_t n_rows;
  uint32_t n_columns;
  uint32_t state;   /* enum kk_table_state */
  uint64_t tick;    /* of the read; another than the sample's: held */
  int64_t wall_ns;
  int64_t mono_ns;
  struct dict *dict;
  uint64_t *keys;       /* u64, or the string's number in dict; NULL in a block of columns only */
  uint64_t *identities;
  uint64_t *values;     /* column c, row r: values[c * n_rows + r] */
  uint8_t *absent;      /* likewise; enum kk_absent */
  uint64_t store[];
};

/* A block with room for its rows and columns, everything KK_UNSET; takes over no reference but adds one to dict. */
struct block *block_new (uint32_t n_rows, uint32_t n_columns, struct dict *dict);
struct block *block_ref (struct block *b);
void block_unref (struct block *b);
size_t block_bytes (const struct block *b);

struct column {
  const struct block *block;
  const uint64_t *values; /* of the segment's rows */
  const uint8_t *absent;
};

struct segment {
  const struct block *block; /* whose keys and identities these are; NULL in a single table */
  struct column *columns;    /* in the order of the schema's fields */
  uint32_t n_rows;
};

struct table {
  struct segment *segments;
  uint32_t n_segments;
  uint32_t n_rows;
  uint32_t state;
  uint32_t held;
};

enum { SAMPLE_MAX_BLOCKS = 256 };

struct sample {
  struct kk_sample face;
  uint32_t refs;
  uint32_t n_blocks;
  uint64_t tick;
  struct schema *schema;
  struct kk_time time;
  size_t bytes; /* memory it may hold, its blocks included */
  struct block **blocks;
  struct table *tables;
  uint64_t store[];
};

/* A sample with n_segments[t] segments in each table of the schema, columns to be filled in before sample_seal. */
struct sample *sample_new (const struct kk_host *host, struct schema *schema, const uint32_t *n_segments);
/* Keeps a block alive as long as the sample; the same block twice is fine. 0 or -E2BIG. */
int sample_own (struct sample *s, const struct block *b);
/* Counts rows and bytes, works out states and what is held. From now on the sample does not change. */
void sample_seal (struct sample *s);
struct sample *sample_ref (const struct sample *s);
void sample_unref (struct sample *s);

/* Where row `row` of a table lies: its segment, and *row becomes the number within it. NULL when there is no such row. */
const struct segment *table_segment (const struct table *t, uint32_t *row);

/* The accessors of struct kk_host, for any host that samples have. */
void sample_host_functions (struct kk_host *host);

static inline struct sample *
sample_of (const struct kk_sample *face)
{
  return (struct sample *) (uintptr_t) face; /* face is its first member */
}
static inline struct schema *
schema_of (const struct kk_schema *face)
{
  return (struct schema *) (uintptr_t) face;
}
#endif
