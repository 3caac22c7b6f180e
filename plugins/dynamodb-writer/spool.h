/* Points that wait to be sent: on disk before anybody tries to send them, until it is confirmed that they are in the table.
 *
 * The directory holds files of points (spool-file.h), each with up to 1/64 of max_bytes; a file is removed with its last point,
 * so in a normal minute there is one small file that grows by a point and is emptied again. Where everything stands is kept in
 * memory (about 60 bytes a point, 3 MB for 30 days). Of a host's minute there is one point: the fuller one. What is on disk
 * never gives way to what is not: a less full point stays until the fuller one is stored, the oldest file until there is a
 * newer one in its stead.
 *
 * Bounds: beyond max_bytes the oldest file is dropped, with the points that still wait in it; beyond max_age each point by
 * itself; what the disk refuses, or with `sync` does not confirm, waits in memory, at most SPOOL_MEMORY points, the oldest
 * dropped. All of that is counted. Crashes: after kill -9 at any moment every point whose spool_add returned 0 is there, unless
 * spool_done was called for it; one that was being marked as done may come again, which is harmless, for the same item is
 * written again. After a power cut the same holds with `sync`. Damage: what is whole in a damaged file is used; files that are
 * nothing of ours are set aside (set-aside.N) and nothing depends on them. A file that cannot be read stays, and is tried again
 * with each spool_add; the other points are sent meanwhile. Two daemons: the directory has one owner, by flock
 * on its file `lock`. Until it is ours, points wait in memory.
 *
 * Sending: pick some, get them; one that is `again`, or alone, goes by PutItem (item.h), where AWS_OK and AWS_CONDITION both
 * mean done; the others go in a batch, where those that are not unprocessed are done. AWS_INVALID of a single point: refuse it.
 * After anything else they stay, and come again with the next pick.
 *
 * Any thread: the functions exclude each other. None waits for anything but the disk. */
#ifndef SPOOL_H
#define SPOOL_H

#include "point.h"

#include <stddef.h>

enum {
  SPOOL_MEMORY = 1440,             /* points: a day */
  SPOOL_LEAST_BYTES = 64 << 10,    /* of max_bytes */
  SPOOL_FUTURE = 60,               /* seconds: minutes later than this after now are not sent */
  SPOOL_REFUSED_BYTES = 128 << 10, /* of the file of refused items, twice */
};
#define SPOOL_REFUSED_FILE "refused.json"

struct spool_config {
  const char *path; /* copied */
  uint64_t max_bytes;
  int64_t max_age; /* seconds */
  bool sync;       /* fdatasync each point */
};

struct spool;
/* A spool that has no directory yet. 0 or -ENOMEM. */
int spool_new (const struct spool_config *config, struct spool **ret);
/* Takes the directory over, once; what is in memory goes there. 0 also when it had been done; -EWOULDBLOCK: another daemon, or
 * the instance that a reload is about to end, has it; other -errno. spool_add tries by itself. */
int spool_open (struct spool *s);
void spool_free (struct spool *s); /* points in memory are lost: spool_open first */
/* The open directory for another file in it; the caller closes it. -ENOENT: not open. */
int spool_directory (struct spool *s);

/* 0: it is on disk, or one that is as full is already. -errno: it waits in memory, and goes to disk with a later call.
 * -EINVAL: not valid, not kept; -ENOMEM: not kept. */
int spool_add (struct spool *s, const struct point *p);

struct spool_ref {
  int64_t minute;
  uint64_t host; /* hostname_hash */
  uint32_t serial;
  uint32_t samples;
  bool again;  /* POINT_AGAIN */
  bool unread; /* it could not be read the last time */
};
/* Up to `most` points that may be sent, the newest first, those that could not be read the last time behind all others, each in
 * its turn. Those
 * of minutes that are still to come by more than SPOOL_FUTURE are left out: a clock that was ahead made them, or the clock is
 * behind now. `now`: Unix seconds, as true as they are known: a server's Date that the monotonic clock carries on, so that no
 * step of the machine's clock moves it. Returns their number. The same ones come again until they are done. */
size_t spool_pick (struct spool *s, int64_t now, size_t most, struct spool_ref *ret);
/* 0; -ENOENT: not there any more, or replaced by a fuller one; -EBADMSG: the disk damaged it, it is dropped and counted;
 * -errno. */
int spool_get (struct spool *s, const struct spool_ref *ref, struct point *ret);
/* It is in the table, or a fuller one is. Does nothing when a fuller point has taken its place meanwhile. */
void spool_done (struct spool *s, const struct spool_ref *ref);
/* The table will never take it: the item goes to refused.json with the reason, for people. -errno: it could not be kept there,
 * or not be read. */
int spool_refuse (struct spool *s, const struct spool_ref *ref, const char *reason, int64_t now_us);

/* Drops what is older than max_age. `now`: not the bare clock, which may have jumped ahead: time that is confirmed (by a
 * server's Date), or that went on steadily since boot. Returns how many. */
size_t spool_expire (struct spool *s, int64_t now);
/* Drops minutes that lie more than SPOOL_FUTURE after `now`: the later one of what a server confirmed and of the machine's own
 * clock, so that they go only once a clock that was ahead has been put back. */
size_t spool_drop_future (struct spool *s, int64_t now);

struct spool_view {
  uint64_t points;
  uint64_t in_memory;
  uint64_t bytes;                                                     /* of the files */
  int64_t oldest, newest;                                             /* minutes; -1: none */
  uint64_t dropped_full, dropped_age, dropped_memory, dropped_future; /* points */
  uint64_t lost;                                                      /* points whose file was removed by somebody else */
  uint64_t replaced;                                                  /* by a fuller one */
  uint64_t refused, refused_unsaved;
  uint64_t damaged;       /* points that the disk damaged after they were known */
  uint64_t damaged_bytes; /* found when it was opened, */
  uint64_t torn_bytes;    /* of points that were never completely written */
  uint64_t set_aside;     /* files */
  uint64_t unreadable;    /* files of ours that wait until they can be read */
  int unreadable_error;   /* of the first one */
  uint64_t unreadable_gone; /* of those so far: somebody removed them */
  uint64_t unread, doubted; /* points of files that are known: that could not be read; whose file could not */
  int unread_error;         /* of the last one */
  uint64_t read_again;      /* of these so far: could be read in the end */
  bool open;                /* the directory is */
  uint64_t recovered;     /* points of an earlier run */
  uint64_t opened;        /* times: more than once when the directory was removed */
  uint64_t disk_errors;
  int error; /* of the last attempt to write, with `sync` also to reach the disk: 0 or -errno */
};
void spool_look (struct spool *s, struct spool_view *ret);
#endif
