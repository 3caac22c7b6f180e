/* The minute that runs, on disk, so that a restart or a reload goes on with it.
 *
 * Written at a flush, when a later minute is known to be in the table, and at most every MINUTE_STATE_EVERY meanwhile (about
 * 600 bytes and 20 µs): a crash costs the minute that runs at most the samples of that time; they are in the recorded files,
 * and the point says by its number of samples that it is not whole. The file has two places that are written in turn, each with
 * its CRC-32: a write that is cut short leaves the other one. Behind them stands which process has the file. */
#ifndef MINUTE_STATE_H
#define MINUTE_STATE_H

#include "minute.h"

#define MINUTE_STATE_FILE  "minute"
#define MINUTE_STATE_EVERY INT64_C (15000000000)

struct minute_state {
  int fd; /* -1: closed */
  uint64_t sequence;
  int64_t next_ns; /* monotonic: not before this, */
  int64_t written; /* … unless this is not what is to be saved */
  bool ours;       /* an instance of this very process had the file last: a reload ended it */
};

/* Opens or makes the file in the directory; what is no regular file is refused (-ELOOP). The directory's lock is the spool's.
 */
int minute_state_open (struct minute_state *s, int directory);
/* 0; -ENOENT: nothing was saved, or nothing whole. */
int minute_state_load (struct minute_state *s, struct minute *ret, int64_t *ret_written);
/* Saves when it is time, or at once. `written`: of struct minutes. A minute that never began is not saved. */
int minute_state_save (struct minute_state *s, const struct minute *m, int64_t written, int64_t mono_ns, bool at_once);
void minute_state_close (struct minute_state *s);

/* The form on disk, for tests. */
enum { MINUTE_STATE_PLACE = 16 << 10, MINUTE_STATE_PACKED = MINUTE_STATE_PLACE - 20 };
size_t minute_state_pack (const struct minute *m, int64_t written, unsigned char to[MINUTE_STATE_PACKED]);
int minute_state_unpack (const unsigned char *from, size_t length, struct minute *ret, int64_t *ret_written);
#endif
