/* The directory of recorded files, and its subdirectory journal/ for what readers must not see. */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <sys/types.h>

struct store {
  const char *path;
  mode_t file_mode;
  int directory; /* -1: not open */
  int journals;
};

#define STORE_JOURNALS "journal"

/* Makes what is missing. 0 or -errno, with nothing left open. */
int store_open (struct store *s);
/* The directory that is open is no longer the one of that path: removed, moved away, or replaced. */
bool store_is_lost (const struct store *s);
void store_close (struct store *s);
#endif
