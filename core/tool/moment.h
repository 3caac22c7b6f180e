/* A moment as people write it. */
#ifndef MOMENT_H
#define MOMENT_H

#include <stdint.h>

/* "2h" or "3d" (so long before now), "2026-01-31", "2026-01-31 17:05", "2026-01-31T17:05:30" (local time; with Z at its end:
 * UTC), "17:05" (today), "@1767225600". Unix seconds; now: the same. 0 or -EINVAL. */
int moment_parse (const char *text, int64_t now, int64_t *ret);
#endif
