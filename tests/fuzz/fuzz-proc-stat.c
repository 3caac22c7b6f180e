/* /proc/stat, /proc/loadavg and /proc/pressure: two readings, split at the middle, and the shares between them. */
#include "cpu/source.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_share (const struct cpu_times *before, const struct cpu_times *now)
{
  struct cpu_share share;
  cpu_share (before, now, 1000, &share);
  if (share.absent)
    return;
  if (!(share.busy >= 0 && share.busy <= 100))
    abort ();
  for (int i = 0; i < CPU_STATES; i++)
    if (!(share.percent[i] >= 0 && share.percent[i] <= 100))
      abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data;
  struct cpu_reading before = {0}, now = {0};
  double load[3], percent[2];
  size_t half = size / 2;
  if (cpu_parse_stat (text, half, CPU_WANT_CORES, &before) == 0
      && cpu_parse_stat (text + half, size - half, CPU_WANT_CORES | CPU_WANT_COUNTS, &now) == 0)
    check_share (&before.all, &now.all);
  if (cpu_parse_stat (text, size, CPU_WANT_CORES | CPU_WANT_COUNTS, &now) == 0)
    check_share (&before.all, &now.all);
  for (uint32_t i = 0; i < now.n_cores; i++)
    if (now.cores[i].number >= CPU_MOST_CORES)
      abort ();
  if (cpu_parse_load (text, size, load) == 0 && !(load[0] >= 0))
    abort ();
  if (cpu_parse_pressure (text, size, percent) == 0 && (percent[0] > 100 || percent[1] > 100))
    abort ();
  cpu_reading_free (&before);
  cpu_reading_free (&now);
  return 0;
}
