/* How each rule is now, and how its value was lately. */
#ifndef ALERT_TOOL_STATE_H
#define ALERT_TOOL_STATE_H

#include "record.h"
#include "tool-config.h"
#include "tool-live.h"

enum { TOOL_PAST = 120, TOOL_UNIT = ALERT_UNIT, TOOL_LINES = 4096, TOOL_ROWS = 1 << 20 };

/* A row that is not ok, or a rule none of whose rows is. */
struct tool_line {
  char rule[ALERT_RULE_NAME], row[ALERT_ROW_NAME];
  const struct watch *watch; /* NULL: the rule is no more */
  uint8_t phase;             /* enum alert_phase */
  int64_t since_ns;          /* wall; 0: not known, or ok */
  double value;
  bool has_value;
  char unit[TOOL_UNIT];
  bool unknown;  /* the last look knew nothing, */
  bool told;     /* … or knew: the daemon's own word, with which samples do not argue */
  char why[200]; /* … because of this; "" */
  uint32_t rows; /* of a rule without rows of its own: how many it looks at */
  bool by_rows;  /* it is one for each row */
  double *past;  /* TOOL_PAST values, the newest last; not a number: not known */
};

/* The TOOL_LINES that matter most. */
struct tool_lines {
  struct tool_line *items;
  size_t n, capacity;
  size_t more; /* rows for which there was no room */
  bool failed; /* for want of memory */
};

/* By the daemon's own word where it runs, else by what it remembered. 0, or -errno, and it was said why. */
int tool_lines_make (const struct tool_config *c, const struct tool_live *live, struct tool_lines *ret);
/* Their order by rule and row, for qsort and bsearch. */
int tool_line_place (const void *a, const void *b);
void tool_lines_free (struct tool_lines *l);
#endif
