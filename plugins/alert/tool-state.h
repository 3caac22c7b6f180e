/* How each rule is now, and how its value was lately. */
#ifndef ALERT_TOOL_STATE_H
#define ALERT_TOOL_STATE_H

#include "record.h"
#include "tool-config.h"
#include "tool-live.h"

enum { TOOL_PAST = 120, TOOL_UNIT = 32, TOOL_LINES = 4096 };

/* A row that is not ok, or a rule none of whose rows is. */
struct tool_line {
  char rule[ALERT_RULE_NAME], row[ALERT_ROW_NAME];
  const struct watch *watch; /* NULL: the rule is no more */
  uint8_t phase;             /* enum alert_phase */
  int64_t since_ns;          /* wall; 0: not known, or ok */
  double value;
  bool has_value;
  char unit[TOOL_UNIT];
  bool unknown;  /* the last look knew nothing */
  char why[200]; /* … because of this; "" */
  uint32_t rows; /* of a rule without rows of its own: how many it looks at */
  bool by_rows;  /* it is one for each row */
  double *past;  /* TOOL_PAST values, the newest last; not a number: not known */
};

struct tool_lines {
  struct tool_line *items;
  size_t n;
};

/* By the daemon's own word where it runs, else by what it remembered. 0, or -errno, and it was said why. */
int tool_lines_make (const struct tool_config *c, const struct tool_live *live, struct tool_lines *ret);
void tool_lines_free (struct tool_lines *l);
#endif
