/* One file, `alerts`, of lines (record.h) that are appended; now and then a new one with what still counts takes its place by
 * rename. After kill -9 at any moment all is there whose append returned. What is torn at its end is cut off and counted. Where
 * more is damaged the whole lines are used, and the file is put aside as `alerts.damaged`. Its size is at most max_bytes: of
 * that half is for a new file, in which rows and what waits come before the history.
 *
 * The lock `lock` says whose it is: two daemons, or the two instances of a reload, never write both. Reading needs no lock. */
#ifndef ALERT_STORE_H
#define ALERT_STORE_H

#include "record.h"

#define ALERT_STORE_FILE "alerts"
#define ALERT_STORE_LOCK "lock"
enum { ALERT_HISTORY = 1000, ALERT_STORE_LEAST = 64 << 10, ALERT_STORE_BYTES = 4 << 20 };

struct alert_store {
  int directory, lock, fd; /* -1: not open */
  uint32_t history;        /* changes kept */
  uint64_t max_bytes;
  uint64_t size, begun; /* of the file; when it was new */
  bool behind;          /* something could not be appended: only a new file makes it whole */
  bool damaged;         /* it was, when it was opened */
  bool emptied;         /* likewise: there was a file, and nothing in it */
  uint64_t torn_bytes, damaged_bytes, appended, rewritten;
  int error; /* of the last attempt to write: 0 or -errno */
};

void alert_store_init (struct alert_store *s, uint64_t max_bytes, uint32_t history);
/* Takes the directory over and visits what is in its file, in order. 0; -EWOULDBLOCK: somebody else has it, try again later;
 * -errno: nothing is open then. A file that cannot be read is put aside. */
int alert_store_open (struct alert_store *s, const char *path, alert_record_visit visit, void *arg);
void alert_store_close (struct alert_store *s);
/* One write of whole lines. 0 or -errno, then the store is behind. */
int alert_store_append (struct alert_store *s, const struct buf *lines);
/* It is behind, removed by somebody, or long. */
bool alert_store_wants_rewrite (struct alert_store *s);
/* A new file: the history, and `lines`, which say how everything is. `more` (may be NULL) comes after them. */
int alert_store_rewrite (struct alert_store *s, const struct buf *lines, const struct buf *more, uint64_t next_serial);
/* Waits until what was appended is on the disk. */
void alert_store_sync (const struct alert_store *s);

/* For commands: visits the changes in the file of that directory, the oldest first. 0, -ENOENT or -errno. */
int alert_history_read (const char *path, alert_record_visit visit, void *arg);
#endif
