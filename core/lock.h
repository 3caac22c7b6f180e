/* One daemon per data directory: an flock on daemon.lock. Its text says who holds it; the lock, not the text, is what counts. */
#ifndef LOCK_H
#define LOCK_H

#include "pid.h"

struct lock;

/* What the holder writes about itself: enough to stop it and to start it again the same way. */
struct holder {
  struct process_id id;
  char *unit; /* of systemd, when it is the main process of one; else NULL */
  bool user_unit;
  bool foreground, debug;
  char *config_file; /* -c, absolute; else NULL */
  char *plugin_dir;  /* --plugin-dir; else NULL */
};

/* Takes the lock, now or not at all. -EWOULDBLOCK: held by another. */
int lock_take (const char *data_dir, struct lock **ret);
/* Writes about the holder; `holder` is borrowed. */
int lock_describe (struct lock *lock, const struct holder *holder);
/* Makes the lock file anew when somebody removed it, with its directory or without. 0; 1: it was made anew; -EEXIST: another daemon
 * holds a new one now; -EBUSY: somebody does who has not written about himself, perhaps only to look. */
int lock_tend (struct lock *lock, const struct holder *holder);
/* Lets go; the file stays, since removing it would race with whoever opens it. NULL is fine. */
void lock_release (struct lock *lock);

/* Who holds the lock of a data directory. -ENOENT: nobody (but *ret tells of the last one, where the text can be read; else it is
 * zeroed). -ESRCH: somebody whom this process cannot see or who has not described himself yet. */
int lock_holder (const char *data_dir, struct holder *ret);
void holder_clear (struct holder *holder);
#endif
