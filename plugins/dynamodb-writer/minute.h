/* What the samples of one UTC minute come to.
 *
 * Values are taken as they are recorded: rounded to the decimals of their field, and from then on whole numbers. So sums and
 * means are exact, do not depend on the order, and come out the same from the recorded files. The 95th percentile is the
 * nearest rank: the smallest value that at least 95 % of the readings do not pass. It comes from a count for each tenth of a
 * percent, which is exact for any number of readings in fixed memory, because rounding keeps the order.
 *
 * Only fresh readings count. Where the four required values were not read anew within the minute (an input with a longer
 * interval), the latest held reading stands for the mean; an absent value is never made up. */
#ifndef MINUTE_H
#define MINUTE_H

#include "point.h"

/* What is looked at in a sample. The numbers stand on disk: new ones go to the end. */
enum minute_source {
  MINUTE_CPU_PERCENT,
  MINUTE_MEMORY_PERCENT,
  MINUTE_MEMORY_AVAILABLE_MB,
  MINUTE_MEMORY_USED_MB,
  MINUTE_LOAD_AVG_1M,
  MINUTE_LOAD_AVG_5M,
  MINUTE_LOAD_AVG_15M,
  MINUTE_BYTES_SENT_PER_S,
  MINUTE_BYTES_RECV_PER_S,
  MINUTE_SWAP_PERCENT,
  MINUTE_CPU_IOWAIT_PERCENT,
  MINUTE_CPU_STEAL_PERCENT,
  MINUTE_CPU_USER_PERCENT,
  MINUTE_CPU_SYSTEM_PERCENT,
  MINUTE_ACTIVE_CONNECTIONS,
  MINUTE_SOURCES,
  MINUTE_REQUIRED = MINUTE_LOAD_AVG_1M, /* without one of those before it a minute makes no point */
};

struct minute_rule {
  const char *table, *field;
  uint32_t decimals;
  int64_t most; /* scaled; what is below 0 or above this by more than a rounding error is no value */
};
extern const struct minute_rule minute_rules[MINUTE_SOURCES];

enum {
  MINUTE_STEPS = 1001,  /* 0.0, 0.1 … 100.0 % */
  MINUTE_RANKED = 2,    /* sources with a percentile: the first ones */
  MINUTE_MOST = 500000, /* readings of one source; more are passed over */
  MINUTE_LENGTH = 60,   /* seconds */
};

/* What one sample says; values are scaled by their rule's decimals. */
struct minute_reading {
  int64_t wall_ns;                 /* when the sample was taken */
  uint32_t fresh;                  /* a bit for each source that was read for this sample */
  uint32_t held;                   /* … that repeats an earlier reading */
  uint8_t absent[MINUTE_REQUIRED]; /* enum kk_absent of the others; KK_PRESENT: no input gives this field */
  int64_t values[MINUTE_SOURCES];
};

/* Puts a number into a reading: scaled, checked against the rule. Out of range or not finite: it stays absent (KK_ERROR). */
void minute_read (struct minute_reading *r, enum minute_source source, double value, bool held);

struct minute_tally {
  uint32_t count;
  int64_t sum, least, most, last;
};

struct minute {
  int64_t start;     /* Unix seconds, a multiple of 60; -1: none */
  int64_t newest_ns; /* time of its last sample */
  bool again;        /* see POINT_AGAIN */
  bool dirty;        /* holds samples of which nobody was told yet */
  uint32_t held;     /* a bit for each required source with a held value */
  uint8_t absent[MINUTE_REQUIRED];
  int64_t held_values[MINUTE_REQUIRED];
  struct minute_tally tallies[MINUTE_SOURCES];
  uint32_t ranks[MINUTE_RANKED][MINUTE_STEPS];
};

/* The minute in which a time lies; -1 when it is before 1970 or after 9999. */
int64_t minute_of (int64_t wall_ns);
void minute_begin (struct minute *m, int64_t start);
/* The reading must lie in the minute. */
void minute_add (struct minute *m, const struct minute_reading *r);
/* Adds the samples of `from`, which is another part of the same minute. */
void minute_merge (struct minute *m, const struct minute *from);

/* Why a minute makes no point. */
struct minute_lack {
  const char *field;
  uint32_t absent; /* enum kk_absent */
};
/* 0 with a point, or -ENODATA with *lack: without cpu_percent, or another of the required values, a minute is not sent at all,
 * for one such item empties the viewer's page. Its samples are in the recorded files. */
int minute_point (const struct minute *m, const char *host, int64_t created_ns, struct point *ret, struct minute_lack *lack);
#endif
