/* Random expressions as trees: made, written as text, and evaluated the slow way. */
#ifndef EXPRESSION_TREES_H
#define EXPRESSION_TREES_H

#include "buf.h"
#include "expression-kit.h"

enum kind {
  NUMBER,
  TEXT,
  YES_NO,
  FIELD,
  RATE,
  ABSENT,
  GONE,
  AGGREGATE,
  COUNT_ROWS,
  NEGATE,
  NOT,
  TIMES,
  OVER,
  PLUS,
  MINUS,
  LESS,
  LESS_EQUAL,
  MORE,
  MORE_EQUAL,
  EQUAL,
  UNEQUAL,
  AND,
  OR,
};

struct choice {
  int table;                /* -1: none */
  const char *field, *glob; /* which rows; NULL: all */
};
struct tree {
  enum kind kind;
  const struct tree *a, *b;
  double number;
  const char *text;
  int table, field;
  struct choice rows;
  const char *function;
  int64_t span_s;
  bool bytes; /* of a field in MiBy: its values are to be multiplied */
};

extern uint32_t tree_seed; /* not 0 */
uint32_t tree_below (uint32_t n);
struct choice tree_choice (void);
/* Something true or false about the rows, so many levels deep. What was made before is gone. */
const struct tree *tree_make (unsigned depth, struct choice rows);
/* Another one beside it. */
const struct tree *tree_add (unsigned depth, struct choice rows);
bool tree_by_row (const struct tree *t);                          /* a field of the rows is in it */
void tree_write (struct buf *b, const struct tree *t, int least); /* `least` 0: all of it */

/* ---- The slow way: all samples from the first on are read for each rate, and sizes are in bytes whatever the fields' units
 * are */

enum { TREE_SAMPLES = 12, TREE_ROWS = 5 };
extern struct sample *tree_samples[TREE_SAMPLES];
extern unsigned tree_n_samples;
/* The next one of the kit, at random: tables may fail, be held or lack rows, the machine may have slept. */
void tree_sample (struct kit *kit);
void tree_forget_samples (void);

struct answer {
  bool known, fresh, boolean;
  bool early; /* where it is not known: only because there was too little time */
  double number;
  const char *text;
};
/* What it says of a row of sample number `now`. */
struct answer tree_slow (unsigned now, const struct tree *t, uint32_t row);
struct kk_table_info tree_info (unsigned s, int table);
/* As a rule says it of one of its rows (NULL: it is not about rows), which may not be one. */
struct answer tree_answer (unsigned now, const struct tree *t, const struct choice *rows, uint32_t row);
int tree_chosen (unsigned s, struct choice p, uint32_t row); /* 1, 0, or -1: it cannot be told */
#endif
