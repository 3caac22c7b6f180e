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

int64_t
jitter_back_off (int64_t first_ns, uint32_t failures, int64_t most_ns)
{
  return jitter (failures < 63 && first_ns <= most_ns >> failures ? first_ns << failures : most_ns);
}
