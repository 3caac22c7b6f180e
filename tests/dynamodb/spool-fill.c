/* spool-fill DIR HOST FIRST COUNT SAMPLES [again]: puts finished minutes into the spool of a daemon that does not run, one
 * after the other from FIRST on (Unix seconds). Their values follow from minute and samples: dynakit.py knows how. */
#include "spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct point
make_point (const char *host, int64_t minute, uint32_t samples, bool again)
{
  struct point p = {.minute = minute,
                    .collected_us = minute * 1000000 + 59004000,
                    .created_us = minute * 1000000 + 61000001,
                    .samples = samples,
                    .flags = again ? POINT_AGAIN : 0,
                    .there = (UINT64_C (1) << POINT_ATTRIBUTES) - 1};
  snprintf (p.host, sizeof p.host, "%s", host);
  for (unsigned i = 0; i < POINT_ATTRIBUTES; i++)
    p.values[i] = (minute / 60 * 7 + samples * 31 + i * 97) % 1000;
  return p;
}

int
main (int argc, char **argv)
{
  struct spool *s;
  if (argc < 6)
    return fprintf (stderr, "usage: spool-fill DIR HOST FIRST COUNT SAMPLES [again]\n"), 2;
  const int64_t first = strtoll (argv[3], NULL, 10), count = strtoll (argv[4], NULL, 10);
  int r = spool_new (&(struct spool_config){.path = argv[1], .max_bytes = 1 << 30, .max_age = INT64_C (3650) * 86400}, &s);
  if (r < 0)
    return 1;
  r = spool_open (s);
  for (int64_t i = 0; i < count && r == 0; i++) {
    struct point p = make_point (argv[2], first + i * 60, (uint32_t) strtoul (argv[5], NULL, 10), argc > 6);
    r = spool_add (s, &p);
  }
  spool_free (s);
  if (r < 0)
    fprintf (stderr, "spool-fill: %s\n", strerror (-r));
  return r < 0;
}
