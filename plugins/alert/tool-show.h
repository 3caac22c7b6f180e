/* Tables for a terminal that may be narrow: columns are made narrower, and then left out, until a line fits. */
#ifndef ALERT_TOOL_SHOW_H
#define ALERT_TOOL_SHOW_H

#include "buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum show_color { SHOW_PLAIN, SHOW_BAD, SHOW_WARN, SHOW_GOOD, SHOW_DIM };

struct show_column {
  const char *title;
  bool right;
  int least; /* it can be cut to so many characters; 0: never cut */
  int drop;  /* 0: it stays; else the one with the greatest number goes first */
};

struct show_cell {
  char *text;
  enum show_color color;
};

struct show {
  const struct show_column *columns;
  size_t n_columns;
  struct show_cell *cells;
  size_t n, capacity;
  bool failed;
};

enum { SHOW_COLUMNS = 12 };

/* The next cell, line by line; at most SHOW_COLUMNS columns. */
__attribute__ ((format (printf, 3, 4))) void show_add (struct show *s, enum show_color color, const char *format, ...);
/* What is left of a line for one column more, in which `draw` prints at most `room` characters. */
typedef void (*show_draw) (void *arg, size_t line, int room, FILE *to);
/* `draw` may be NULL; it needs `least` characters. 0 or -ENOMEM. */
int show_print (const struct show *s, FILE *to, const char *title, int least, show_draw draw, void *arg);
void show_free (struct show *s);

/* Whether colors are wanted: a terminal, and nobody said NO_COLOR. */
bool show_colors (FILE *to);
void show_paint (FILE *to, enum show_color color, bool begin);

/* Values as a line of blocks, at most `room` characters: of several values for one the greatest. Not a number: a blank. */
void show_spark (FILE *to, const double *values, size_t n, int room);

/* "14:03:22", or with its date where it is not of today. */
void show_time (int64_t wall_ns, int64_t now_ns, char ret[32]);
/* "2.3 GiB", "93.1 %", "1234"; "-": not known. `unit`: UCUM. */
void show_value (bool known, double value, const char *unit, char ret[64]);
/* How long something took: "250 ms", and from a second on to the second, "1 min 30 s". */
void show_duration (struct buf *b, int64_t ns);
int64_t show_now (void); /* wall */
#endif
