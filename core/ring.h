/* The last samples, in memory, packed small, for live questions. */
#ifndef RING_H
#define RING_H

#include "sample.h"

struct ring;

/* At most max_samples samples in at most max_bytes bytes, whichever is reached first. */
int ring_new (uint64_t max_samples, size_t max_bytes, struct ring **ret);
/* Other bounds; what is too much for them goes, the oldest first. */
void ring_bound (struct ring *r, uint64_t max_samples, size_t max_bytes);
void ring_free (struct ring *r);
void ring_push (struct ring *r, const struct sample *sample);

typedef void ring_visit (void *arg, const struct sample *sample);
/* Unpacks the last `last` samples (UINT64_MAX: all), oldest first. Works on a copy: pushes go on meanwhile. 0 or -ENOMEM. */
int ring_read (struct ring *r, uint64_t last, ring_visit *visit, void *arg);

struct ring_view {
  uint64_t samples, max_samples;
  size_t bytes, max_bytes;
  int64_t first_wall_ns, last_wall_ns; /* 0 while empty */
};
struct ring_view ring_view (struct ring *r);
#endif
