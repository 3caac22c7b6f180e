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
  char online[HOSTNAME_SIZE]; /* under this name the row was written last; "": none is online */
  bool told;                  /* the row was written, or may have been: a stop came before the answer */
};

/* Mostly one request; a few more without UpdateItem, and when the host has another name than before: then the old one's row
 * goes offline first. Going offline is for the name that is online. `latest` must be known. WORK_DONE: written, or what keeps
 * it from being so was reported and does not pass; WORK_RETRY, WORK_WAIT, WORK_STOP as work_judge; *ret_missing: there is no
 * such table. */
enum work_result presence_write (struct work *w, struct presence *p, const char *table, const struct shared_latest *latest,
                                 bool online, bool *ret_missing);
void presence_free (struct presence *p);
#endif
