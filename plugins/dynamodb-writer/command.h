/* A program that is run to its end: its output, within bounds of size and time. */
#ifndef COMMAND_H
#define COMMAND_H

#include "buf.h"

#include <stdbool.h>
#include <sys/types.h>

struct command_limits {
  int64_t ns;  /* then it is killed, with its process group */
  int stop_fd; /* as http.h has them */
  bool (*stopped) (void *data);
  void *data;
};

/* Runs argv, found by PATH, with our environment and without a shell; its stdin is empty, and what it says on stderr goes
 * nowhere: it may be a secret. `out` gets what it prints (give it a bound; it is wiped when freed).
 * 0: *ret_status is its wait status; -ENOENT, -EACCES … (cannot be started), -ETIMEDOUT, -EFBIG, -ECANCELED, -ENOMEM. It
 * returns within a second of the limit or the stop, also when the program cannot be killed, as one that is setuid to another
 * user: then its number is in *left, which begins as 0 and is kept for the next call. -EBUSY: that one still runs, and no other
 * is started beside it. */
int command_run (char *const *argv, const struct command_limits *limits, struct buf *out, pid_t *left, int *ret_status);
/* Takes note of the end of a program that was left; false: it still runs. */
bool command_forget (pid_t *left);
#endif
