/* This host's row in the registry table.
 *
 * first_seen and active belong to others once they are written: the viewer's "remove" sets active to false, and that lasts. Two
 * ways to write the row: one UpdateItem, or, where that is denied, GetItem and then PutItem on the condition that nobody
 * changed `active` or removed the row meanwhile (refused: begin again with GetItem). */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "buf.h"
#include "hostname.h"

#include <stdbool.h>
#include <stdint.h>

struct registry_row {
  const char *host;     /* clean */
  const char *platform; /* Linux, Darwin, Windows */
  int64_t now_us;
  int64_t cpu_percent, memory_percent; /* latest, in tenths, 0 to 1000; only used when online */
  bool online;                         /* false: after a clean stop; last_seen and the values then stay as they are */
};
/* A row without cpu_percent or memory_percent blanks the viewer for every host: an online row is written when both are known,
 * the first one once the first sample is there; going offline makes no row where there is none. */

/* Errors stick in the buf. */
void registry_update_body (struct buf *b, const char *table, const struct registry_row *row);
void registry_get_body (struct buf *b, const char *table, const char *host);
/* From the answer to GetItem to the PutItem. What else stands in the row is kept. 0; -EBADMSG: that is no answer to GetItem;
 * -ENOENT: there is no row to go offline. */
int registry_put_body (struct buf *b, const char *table, const struct registry_row *row, const char *answer, size_t length);
#endif
