/* The running daemon: graph, control socket and signals, in the calling process. */
#ifndef DAEMON_H
#define DAEMON_H

#include "log.h"
#include "plan.h"

struct daemon_setup {
  struct log *log;
  struct modules *modules; /* borrowed */
  struct plan *plan;       /* taken over, also on failure */
  const char *config_file; /* as given with -c, or NULL: what a reload looks for again */
  bool debug;              /* the log's level stays, whatever the configuration says */
  /* Called once, when the instances are made and the first readings taken. A failure (-errno) ends the daemon with it. */
  int (*ready) (void *arg);
  /* Called now and then from the main thread: rewrites a lost PID file, tells the watchdog. Returns how many ms the next call
   * may wait; -EAGAIN: once more soon, and what belongs to the data directory is left alone until then; -ECANCELED: this daemon
   * must end. May be NULL. */
  int (*tend) (void *arg);
  int tend_fd; /* when it becomes readable, tend is called a moment later; -1: there is none */
  /* Called once, when the end begins. May be NULL. */
  void (*stopping) (void *arg);
  /* Called around a reload (1: begins, 0: done). May be NULL. */
  void (*reloading) (void *arg, int begins);
  void *arg;
};

/* Blocks the signals that daemon_run takes (TERM, INT, HUP, USR1, PIPE ignored). The first thing main does. */
void daemon_block_signals (void);
/* Runs until SIGTERM, SIGINT or a stop asked through the control socket; then everything that was collected has been written.
 * 0, or -errno when it could not start, with *reason (the caller's to free) one sentence for the user. *ret_hangs: a thread was
 * left behind in a plugin; log and modules are its as long as the process lives. */
int daemon_run (const struct daemon_setup *setup, char **reason, bool *ret_hangs);
#endif
