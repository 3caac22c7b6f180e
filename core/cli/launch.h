/* Becoming the daemon: from options to daemon_run, in the foreground or detached. */
#ifndef LAUNCH_H
#define LAUNCH_H

#include "daemon.h"
#include "lock.h"
#include "notify.h"

#include <stdbool.h>

struct launch_options {
  const char *config_file; /* -c, absolute; NULL: searched for */
  const char *plugin_dir;
  bool foreground;
  bool debug;
};

/* All that a configuration needs to run; made by launch_prepare before anything is touched. */
struct launch {
  struct launch_options options;
  struct modules *modules;
  struct plan *plan;
  struct diag faults; /* none that keeps it from running */
  bool hangs;         /* it ran, and a thread is in a plugin still */
};

/* Reads and checks the configuration; its faults are printed, unless they go to the log that the terminal sees. 0 or -errno. */
int launch_prepare (const struct launch_options *options, struct launch *ret);
void launch_clear (struct launch *l);
/* Starts the daemon. In the foreground: returns when it has ended. Detached: returns in the parent when it is ready or has
 * failed, and in the child when it has ended. The exit status. */
int launch_run (struct launch *l);

/* detach.c: a child that is its own session and tells its parent when it is ready. */
struct detach {
  int to_parent; /* in the child; -1 once it has said something */
};
/* 0: this is the child. 1: this is the parent, *ret_status is the exit status (the reason was printed). -errno: no child. */
int detach_fork (struct detach *ret, int *ret_status);
void detach_ready (struct detach *d);
void detach_failed (struct detach *d, const char *reason);
/* Closes whatever the caller left open beyond stderr. */
void detach_close_inherited (void);

/* take-lock.c: the lock of a data directory for a start, waiting for one that is just ending. `own_unit`: the unit that this
 * process is, or NULL. 0, or -errno with its message printed. */
int launch_take_lock (const struct plan *plan, const char *own_unit, struct lock **ret);
#endif
