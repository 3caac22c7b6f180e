#include "heap.h"

#include <malloc.h>
#include <time.h>

enum { OWN_PAGES = 32 << 10, TEND_S = 60 };

/* One pool for all threads: they hand samples to each other, and pools of their own would each keep what was the most at some time. What
 * is large (parts of the ring, segments) gets pages of its own and gives them back, instead of leaving holes. */
void
heap_set_up (void)
{
#ifdef M_ARENA_MAX
  mallopt (M_ARENA_MAX, 1);
  mallopt (M_MMAP_THRESHOLD, OWN_PAGES);
#endif
}

/* After a disk that was slow for a while a queue's worth of samples lies free below something that is still used. */
void
heap_tend (int64_t *last_s)
{
#ifdef M_ARENA_MAX
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  if (*last_s && now.tv_sec - *last_s < TEND_S)
    return;
  *last_s = now.tv_sec;
  malloc_trim (0);
#else
  (void) last_s;
#endif
}
