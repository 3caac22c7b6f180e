/* Minutes out of the recorded files, as the daemon made them of the same samples: for what was missed, and to compare with. */
#ifndef RECORDED_H
#define RECORDED_H

#include "buf.h"
#include "point.h"

#include <stddef.h>

struct recorded_source {
  const char *directory; /* with metrics_*.json, and journal/ */
  const char *host;      /* whose minutes they become; clean */
  int64_t since, until;  /* Unix seconds, multiples of 60: from the first one on, before the second one */
  int64_t created_ns;    /* the wall clock now */
  /* Where these inputs are read less often than samples are taken, their values stand in several entries: how often. 0: in
   * each.
   */
  int64_t cpu_ns, memory_ns;
  bool (*go_on) (void *data, size_t done, size_t files); /* asked before each file; false: stop. NULL: none */
  void *data;
};

struct recorded_point {
  int64_t minute;
  uint32_t samples;
  size_t offset, length; /* in the packed ones */
};

/* A point for each minute, the oldest first: of two for one minute the fuller. */
struct recorded {
  struct recorded_point *points;
  size_t n, capacity;
  struct buf packed;
  uint64_t files, entries;
  uint64_t damaged;    /* files that are no array of entries */
  uint64_t incomplete; /* minutes without one of the required values */
  char fault[512];     /* of the first damaged file; "" */
};

/* Reads what there is; `ret` begins as {0}, recorded_free frees it. Files of more than 64 MiB count as damaged. 0; -ENOENT and
 * others (the directory), -ECANCELED (go_on), -ENOMEM. */
int recorded_read (const struct recorded_source *source, struct recorded *ret);
void recorded_free (struct recorded *r); /* NULL is fine */
/* A point of it, by its number. 0 or -EBADMSG. */
int recorded_get (const struct recorded *r, size_t i, struct point *ret);
/* Its number, or r->n when there is none of that minute. */
size_t recorded_find (const struct recorded *r, int64_t minute);

#define RECORDED_CLEANUP __attribute__ ((cleanup (recorded_free)))
#endif
