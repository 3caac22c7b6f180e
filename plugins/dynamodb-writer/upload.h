/* Minutes from the spool to the table, a request at a time, the newest first. */
#ifndef UPLOAD_H
#define UPLOAD_H

#include "item.h"
#include "tables.h"

struct upload {
  struct point *points;     /* ITEM_BATCH */
  unsigned singly;          /* so many go by PutItem: one of a batch was not acceptable */
  int64_t batch_again_ns;   /* BatchWriteItem is denied; not before this */
  struct spool_ref suspect; /* refused once; meanwhile the table's keys were looked at again */
  unsigned refused;         /* in a row */
  int64_t held_ns;          /* monotonic: since when minutes wait whose time is still to come, and none may go; 0: not so */
  int64_t look_ns;          /* the table is not looked at again on their account before this */
  bool held_back;           /* that is reported as a trouble */
};

/* 0 or -ENOMEM. */
int upload_init (struct upload *u);
void upload_free (struct upload *u);
/* The table must be ready. WORK_DONE: nothing waits any more that may go. WORK_MORE, WORK_PART: some are in the table, or the
 * table is to be looked at (table_doubt) before it goes on. Others: it does not go on. */
enum work_result upload_some (struct work *w, struct upload *u, struct table *t, int64_t ttl_days);
#endif
