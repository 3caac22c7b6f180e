/* What the output's thread and the network's thread share. It has a reference of each: a network thread that does not come back
 * in time at the end (a name server that is asleep) is left behind with it, and finds the instance gone. */
#ifndef SHARED_H
#define SHARED_H

#include "minutes.h"
#include "spool.h"

#include <kode-kronical/plugin.h>
#include <pthread.h>

/* The newest reading of this machine, for its row in the registry. */
struct shared_latest {
  int64_t mono_ns;                     /* when it was told; set by shared_tell. 0: none yet */
  int64_t cpu_percent, memory_percent; /* in tenths */
};

/* Of what there may be trouble, as status shows it: sending minutes, writing them to disk, reading them, reading files of an
 * earlier run. */
enum shared_side { SHARED_NETWORK, SHARED_DISK, SHARED_MINUTES, SHARED_FILES, SHARED_SIDES };
enum { SHARED_TROUBLE = 320, SHARED_SHOWN = 255 /* kk_status shows no more */ };

struct shared {
  int stop_fd; /* readable once the instance ends */
  /* The turn of whoever goes on with minutes and spool together; held over disk accesses, never over the network. `lock` may be
   * taken within it. */
  pthread_mutex_t turn;
  struct spool *spool;     /* the instance's; NULL: gone, and the minutes too */
  struct minutes *minutes; /* the instance's */
  pthread_mutex_t lock;    /* guards what follows; held for moments */
  pthread_cond_t changed;  /* on the monotonic clock */
  unsigned references;
  struct kk_instance *self; /* NULL: the instance is gone */
  char troubles[SHARED_SIDES][SHARED_TROUBLE];
  struct shared_latest latest;
  bool stopping, ended;
  bool woken;      /* there is a new minute */
  bool taken_over; /* the spool came from another instance, which says goodbye in the registry */
};

/* With one reference. Takes the spool over, whatever it returns; borrows the minutes until shared_leave. 0 or -errno. */
int shared_new (struct kk_instance *self, struct spool *spool, struct minutes *minutes, struct shared **ret);
struct shared *shared_ref (struct shared *s);
void shared_unref (struct shared *s);

/* ---- The instance ---- */

void shared_tell (struct shared *s, const struct shared_latest *latest);
void shared_wake (struct shared *s, bool taken_over);
/* Asks the network thread to end, and waits so long for it. Whether it did. */
bool shared_stop (struct shared *s, int64_t ns);
/* Its turn, to be given back by shared_give_back. */
void shared_turn (struct shared *s);
/* The instance is about to be gone: frees the spool. Nothing reaches the host after that. */
void shared_leave (struct shared *s);

/* ---- The network thread ---- */

/* These do nothing when the instance is gone. */
__attribute__ ((format (printf, 3, 4))) void shared_log (struct shared *s, enum kk_level level, const char *format, ...);
__attribute__ ((format (printf, 3, 4))) void shared_status (struct shared *s, const char *key, const char *format, ...);
/* For the instance too: what hinders this side, "" for nothing. `status` shows them as one, each as long as there is room. */
__attribute__ ((format (printf, 3, 4))) void shared_trouble (struct shared *s, enum shared_side side, const char *format, ...);
/* How much of a text is shown where there is room for so many bytes: whole words. */
size_t shared_shortened (const char *text, size_t most);
/* The turn and the spool, to be given back by shared_give_back; NULL: it is gone, and there is nothing to give back. */
struct spool *shared_spool (struct shared *s);
void shared_give_back (struct shared *s);
/* In its turn: this point need not be sent any more, because it, or a fuller one, is in the table. */
void shared_done (struct shared *s, const struct spool_ref *ref);
/* In its turn: the minute that goes on, whose point is not its last one; -1: none. */
int64_t shared_running (const struct shared *s);
struct shared_latest shared_latest (struct shared *s);
enum shared_wakeup { SHARED_TIME, SHARED_MINUTE, SHARED_TAKEN_OVER, SHARED_STOP };
/* Sleeps until a monotonic time. With `early` a new minute ends it. */
enum shared_wakeup shared_sleep (struct shared *s, int64_t until_ns, bool early);
void shared_ended (struct shared *s); /* its last call before shared_unref */

int64_t shared_mono_ns (void);
#endif
