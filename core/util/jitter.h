/* Waits that differ, so that many who wait for the same thing do not come back at the same moment. */
#ifndef JITTER_H
#define JITTER_H

#include <stdint.h>

/* Half to the whole of ns, at random. */
int64_t jitter (int64_t ns);
#endif
