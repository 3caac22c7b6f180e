/* A bar on a terminal, no wider than it; nothing where stderr is none. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
  bool shown;
  const char *what; /* "uploading" */
  int64_t begun_ns, drawn_ns;
  int drawn;           /* columns */
  int64_t patience_ns; /* nothing is drawn before it took so long; 0 */
};

void progress_begin (struct progress *p, const char *what);
/* Draws ten times a second at most, and the last time. */
void progress_show (struct progress *p, size_t done, size_t all);
void progress_end (struct progress *p); /* wipes it */
#endif
