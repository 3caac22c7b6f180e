#include "jitter.h"

#include <sys/random.h>

int64_t
jitter (int64_t ns)
{
  uint32_t random = 0;
  if (getrandom (&random, sizeof random, GRND_NONBLOCK) != sizeof random)
    random = 0x80000000u;
  return ns / 2 + (int64_t) ((double) ns / 2 * random / 4294967296.0);
}
