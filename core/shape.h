/* What a filter makes of a schema: which tables and fields stay, under which names, which are added, and where each comes from.
 */
#ifndef SHAPE_H
#define SHAPE_H

#include "rows.h"
#include "sample.h"

/* What is to become of one incoming table. */
struct shape_table {
  bool touched; /* as the filter says */
  bool sparse;  /* the same */
  bool dropped;
  bool *dropped_fields; /* by field */
  char *name, *key;     /* another one; NULL: stays */
  char **field_names;   /* by field, or NULL: all stay */
  uint32_t n_added;
  struct kk_field *added; /* with strings of their own; their numbers follow those of the incoming fields */
  uint32_t *like;         /* by added field: the incoming one as old as which it is, or KK_NONE */
  uint32_t extension;     /* number of the added fields' staging in rows; behind those of the added tables */
};

struct shape_added {
  struct kk_table table; /* with strings and fields of its own */
  uint32_t like;
  bool sparse; /* as the filter says */
};

struct shape {
  struct kk_shape face;
  struct schema *in;
  bool says_touched;          /* the filter said of a table that it touches it, or that it touches no more */
  struct schema *out;         /* made by shape_finish; the same as `in` when nothing is changed */
  uint32_t *tables;           /* by table of out: the table of in, or from in->n_tables on an added one */
  uint32_t **fields;          /* by table and field of out: the field of in, or from its n_fields on an added one */
  struct shape_table *wanted; /* by table of in; what bind asked for */
  struct shape_added *added;
  uint32_t n_added;
  struct descriptor *staged; /* what is staged in `rows`: added tables, then tables of added fields; NULL: nothing is */
  struct rows *rows;
  struct rows_counts counted; /* what chain.c has counted of what rows lost */
  char fault[192]; /* what shape_finish found wrong */
  struct shape_warning *warnings;
  uint32_t n_warnings;
};

/* What a filter finds strange in its config. */
struct shape_warning {
  char *option; /* or NULL */
  char text[256];
};

/* What one call of a filter has put in beside the incoming sample. */
struct shape_input {
  const struct sample *in;
  uint32_t *const *rows;  /* by table of in: NULL, or the rows to keep; the whole may be NULL */
  const uint32_t *n_rows; /* how many */
  const struct kk_time *time;
  uint64_t tick;
  bool failed; /* the filter did: what it touches has no values */
};

int shape_new (const struct kk_host *host, struct schema *in, struct shape **ret);
/* Makes `out` and the maps from what was asked for. 0, -ENOMEM, or -EEXIST with shape->fault saying which name there would be
 * twice. */
int shape_finish (struct shape *s);
void shape_free (struct shape *s);
/* Whether anything of what comes out is as it came in, whatever the filter does. */
bool shape_has_rest (const struct shape *s);
/* Whether a table of in does not. */
bool shape_touches (const struct shape *s, uint32_t table);
/* What is sure to pass of another schema: its tables that are as the shape knows them, and that it does not touch. The others
 * are dropped. 0 or -ENOMEM. */
int shape_rest (const struct shape *of, struct schema *in, struct shape **ret);
/* Whether samples go through as they are when no rows are dropped. */
bool shape_is_identity (const struct shape *s);
/* Begins what is staged for one more sample. 0 or -ENOMEM. */
int shape_begin (struct shape *s, const struct kk_time *time);
/* The sample as the shape has it, sealed. The values are shared, but for added ones and for tables of which only some rows
 * stay. 0, -ENOMEM, or -E2BIG: it would have more than SAMPLE_MAX_BLOCKS blocks. */
int shape_apply (const struct shape *s, const struct shape_input *from, struct sample **ret);

void shape_host_functions (struct kk_host *host);
#endif
