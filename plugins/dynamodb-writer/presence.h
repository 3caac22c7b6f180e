/* This machine's row in the registry: online each minute, offline after a clean stop. */
#ifndef PRESENCE_H
#define PRESENCE_H

#include "hostname.h"
#include "work.h"

struct presence {
  bool by_put;              /* UpdateItem is denied: PutItem, on the condition that nobody else changed what is his */
  bool said;                /* that it is: once, until it works again */
  int64_t update_again_ns;  /* then UpdateItem is tried again */
  struct buf row;           /* the answer to GetItem that PutItem goes on from; empty: to be asked for */
  char host[HOSTNAME_SIZE]; /* whose that is */
  uint64_t written;
};

/* At most four requests, mostly one. `latest` must be known. WORK_DONE: written, or what keeps it from being so was reported
 * and does not pass; WORK_RETRY, WORK_WAIT, WORK_STOP as work_judge; *ret_missing: there is no such table. */
enum work_result presence_write (struct work *w, struct presence *p, const char *table, const struct shared_latest *latest,
                                 bool online, bool *ret_missing);
void presence_free (struct presence *p);
#endif
