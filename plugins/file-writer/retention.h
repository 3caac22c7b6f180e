/* Old files go: those whose newest sample and mtime are older than the limit, and the oldest ones when all together are too
 * large. A clock that is wrong, or steps, wipes nothing recent: how old a file is, is settled when it is first seen, and from
 * then on it ages by the monotonic clock. Only files that look like ours are touched: the exact form of the name, the owner,
 * and what is in them. */
#ifndef RETENTION_H
#define RETENTION_H

#include <stdint.h>
#include <sys/types.h>

struct retention_file {
  uint64_t code; /* of the name */
  uint64_t bytes;
  int64_t seen_ns;   /* monotonic */
  int64_t age_ns;    /* when it was seen */
  int64_t newest_ns; /* its newest sample by wall clock, as far as known */
};

struct retention {
  int64_t max_age_ns;
  uint64_t max_bytes; /* 0: no limit */
  struct retention_file *files; /* by name, ascending; 40 bytes each, for at most 262,144 */
  size_t n, cap;
  uint64_t bytes;        /* of all files */
  uint64_t aged, pushed; /* deleted by age, by size */
  uint64_t kept;         /* not ours after all */
  int64_t scanned_ns;    /* monotonic; 0: never */
};

struct retention_clock {
  int64_t wall_ns, mono_ns;
};

/* A file that has just been published (or published again). 0 or -ENOMEM. */
int retention_note (struct retention *r, const char *name, uint64_t bytes, int64_t newest_wall_ns, struct retention_clock now);
/* Deletes what is too old or too much, at most a few dozen files at a time; `current` (may be "") is never touched. Looks
 * through the directory first when that has not been done lately. Returns 1 when there is more to do, 0, or -errno. */
int retention_run (struct retention *r, int directory, const char *current, struct retention_clock now);
/* When retention_run should be called next, in ns from now. */
int64_t retention_pause (const struct retention *r);
void retention_free (struct retention *r);
#endif
