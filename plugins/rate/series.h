/* One counter of one row from reading to reading, and the rate it had last. */
#ifndef SERIES_H
#define SERIES_H

#include <kode-kronical/plugin.h>

struct series {
  uint64_t bits;   /* the last reading */
  int64_t read_ns; /* when that was */
  int64_t seen_ns; /* the last sample that had a value, read or repeated */
  int64_t away_ns; /* the longest time without one since the last reading */
  int64_t step_ns; /* between the last two readings */
  double rate;
  uint32_t sample; /* number of the sample of the last reading */
  uint8_t type;    /* of the last reading; 0: there was none */
  uint8_t why;     /* there is no rate; enum kk_absent */
};

/* What is true of a whole sample. */
struct moment {
  int64_t now_ns;
  int64_t step_ns; /* the usual time between samples */
  uint32_t sample; /* its number */
  uint32_t slept;  /* that of the last one before which the machine slept; 0: none */
};

/* Takes the value of a column that came with a sample. KK_PRESENT: its rate is s->rate; or why there is none. */
uint32_t series_take (struct series *s, const struct kk_column *c, uint32_t at, const struct moment *m);
#endif
