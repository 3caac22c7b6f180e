/* Waits that differ, so that many who wait for the same thing do not come back at the same moment. */
#ifndef JITTER_H
#define JITTER_H

#include <stdint.h>

/* Half to the whole of ns, at random. */
int64_t jitter (int64_t ns);
/* How long to wait after so many failures (0: the first one): first_ns, twice that, … at most most_ns, with jitter. */
int64_t jitter_back_off (int64_t first_ns, uint32_t failures, int64_t most_ns);
#endif
