/* A program that is run to its end: its output, within bounds of size and time. */
#ifndef COMMAND_H
#define COMMAND_H

#include "buf.h"

#include <stdbool.h>

struct command_limits {
  int64_t ns;  /* then it is killed, with its process group */
  int stop_fd; /* as http.h has them */
  bool (*stopped) (void *data);
  void *data;
};

/* Runs argv, found by PATH, with our environment and without a shell; its stdin is empty. `out` gets what it prints (give it a
 * bound; it is wiped when freed), `complaint` the last line of what it says on stderr, printable. 0: *ret_status is its wait
 * status; -ENOENT, -EACCES … (cannot be started), -ETIMEDOUT, -EFBIG, -ECANCELED, -ENOMEM. */
int command_run (char *const *argv, const struct command_limits *limits, struct buf *out, char complaint[200], int *ret_status);
#endif
