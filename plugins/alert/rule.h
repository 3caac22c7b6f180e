/* The rows of one rule. Only those are kept that are not plainly ok, so 5,000 quiet processes cost no memory, and each of them
 * a few nanoseconds. At most `most` rows; a row that is true takes the place of one that is ok but unknown, else of the one of
 * which nothing has been known for the longest time: that is told of as gone, once it was said to be unknown, or has been for
 * ALERT_UNKNOWN_AFTER. Beyond that rows are counted and left out, as are those that were ok, said to be unknown, and gave way.
 *
 * How often a rule is looked at is seen from the looks: an interval of less than three times that counts whole, and
 * params.gap_ns is the least that does.
 *
 * A step is begin, a look at each row, end. A row that a complete table no longer has is gone, and so is one whose key came
 * again with another identity: what was firing is cleared. A row that is merely not seen is unknown. A table of one row has the
 * key "": where it failed, look at that with unknown. A table that is wholly held has no step. */
#ifndef ALERT_RULE_H
#define ALERT_RULE_H

#include "state.h"

#include <stddef.h>

#define ALERT_FULL_NS INT64_C (300000000000) /* 5 min without a row left out: that is over */

enum { ALERT_ROWS = 1000, ALERT_KEY_MOST = 1024, ALERT_INTERVALS = 4 };

struct alert_key {
  const char *text; /* NULL: `number` is the key */
  size_t length;    /* of the text, at most ALERT_KEY_MOST */
  uint64_t number;
  uint64_t identity;
};

struct alert_row {
  struct alert_row *next; /* of its bucket */
  uint64_t hash;
  uint64_t number, identity;
  struct alert_state state;
  uint32_t seen; /* the step */
  uint16_t length;
  bool is_number;
  char text[]; /* 0-terminated */
};

struct alert_rule;
/* `changes` as alert_look returns them; `gone`: the row is no more. Called before a row that has become plain is forgotten. */
typedef void (*alert_hear) (void *arg, struct alert_rule *rule, const struct alert_row *row, unsigned changes, bool gone,
                            int64_t wall_ns);

struct alert_rule {
  struct alert_params params;
  alert_hear hear;
  void *arg;
  uint32_t most;
  struct alert_row **buckets; /* NULL: no rows */
  uint32_t n_buckets, n;
  uint32_t n_ok; /* of them ok, but unknown */
  uint32_t n_lost; /* not ok, and unknown for long */
  uint32_t n_firing;
  uint32_t turn; /* the bucket where room was made last */
  uint32_t step;
  int64_t mono_ns, wall_ns;
  int64_t gap_ns;   /* as it was configured */
  int64_t fresh_ns; /* of the last look that was not held */
  int64_t intervals[ALERT_INTERVALS];
  uint32_t n_intervals;
  uint64_t left_out, left_out_said; /* looks at rows that should have been kept */
  int64_t left_out_ns, full_ns;     /* monotonic: the last of them, and of those said */
};

void alert_rule_init (struct alert_rule *r, const struct alert_params *params, uint32_t most, alert_hear hear, void *arg);
void alert_rule_free (struct alert_rule *r); /* its rows */

void alert_rule_begin (struct alert_rule *r, int64_t mono_ns, int64_t wall_ns);
void alert_rule_look_slow (struct alert_rule *r, const struct alert_key *key, const struct alert_look *look);
void alert_rule_learn (struct alert_rule *r, int64_t mono_ns);
static inline void
alert_rule_look (struct alert_rule *r, const struct alert_key *key, const struct alert_look *look)
{
  if (!look->held && look->mono_ns != r->fresh_ns)
    alert_rule_learn (r, look->mono_ns);
  if (r->n || look->when != ALERT_FALSE)
    alert_rule_look_slow (r, key, look);
}
/* A single row that all is known of, such as a process that was seen to end. */
void alert_rule_row_gone (struct alert_rule *r, const struct alert_key *key);
void alert_rule_end (struct alert_rule *r, bool complete);

/* Whether rows are left out, and nobody was asked since that began: to be said. */
bool alert_rule_says_full (struct alert_rule *r);

/* Puts a row there, in the place of one with that key. A plain state removes it. 0, -ENOSPC or -ENOMEM. */
int alert_rule_put (struct alert_rule *r, const struct alert_key *key, const struct alert_state *state);
const struct alert_row *alert_rule_find (const struct alert_rule *r, const struct alert_key *key); /* whatever its identity */
/* visit (arg, row) for each; it changes nothing. */
void alert_rule_each (const struct alert_rule *r, void (*visit) (void *arg, const struct alert_row *row), void *arg);
/* All rows are gone: the rule is no more. */
void alert_rule_drop (struct alert_rule *r, int64_t wall_ns);
size_t alert_rule_bytes (const struct alert_rule *r);

struct alert_key alert_row_key (const struct alert_row *row);
uint64_t alert_key_hash (const struct alert_key *key);
#endif
