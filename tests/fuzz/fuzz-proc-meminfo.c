/* /proc/meminfo, /proc/zoneinfo and /proc/self/cgroup, and what is made of them. */
#include "memory/source.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_group (const char *text, size_t size, bool is_v1)
{
  char path[64];
  memset (path, 'x', sizeof path);
  if (!memory_parse_group (text, size, is_v1, path, sizeof path))
    return;
  const char *end = memchr (path, 0, sizeof path);
  if (!end || strchr (path, '\n') || strstr (path, "/..") || !memmem (text, size, path, (size_t) (end - path)))
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data;
  struct memory_reading some, all;
  struct memory_use use;
  check_group (text, size, true);
  check_group (text, size, false);
  memory_parse_meminfo (text, size, MEMORY_WANT_USE | MEMORY_WANT_ESTIMATE, &some);
  memory_parse_meminfo (text, size, MEMORY_WANT_ALL, &all);
  /* What is found does not depend on what else is looked for. */
  if (some.has != (all.has & (MEMORY_WANT_USE | MEMORY_WANT_ESTIMATE)))
    abort ();
  uint64_t low = memory_parse_zoneinfo (text, size, 4);
  if (memory_use (&all, low, &use) < 0)
    return 0;
  uint64_t total = all.kib[MEMORY_TOTAL];
  if (!(use.percent >= 0 && use.percent <= 100) || use.available_kib > total || use.used_kib > total)
    abort ();
  return 0;
}
