/* A point as DynamoDB's JSON, and the requests that carry points. */
#ifndef ITEM_H
#define ITEM_H

#include "buf.h"
#include "point.h"

enum {
  ITEM_BYTES = 1024, /* what is billed as one write; attributes beyond the required ones are left out to stay within */
  ITEM_BATCH = 25,   /* points of one BatchWriteItem */
  ITEM_TTL_DAYS = 30,
};

/* The item: {"hostname_hour":{"S":"web-1#2026-01-01-00"},…}. `ttl_days`: of the attribute ttl. The point must be valid.
 * Errors, here and below, stick in the buf. */
void item_json (struct buf *b, const struct point *p, int64_t ttl_days);
/* Its size as DynamoDB counts it, rather too large than too small. */
size_t item_bytes (const struct point *p);

/* PutItem. It is refused with ConditionalCheckFailedException when the minute is there with as many samples or more, or was
 * written by something that counts no samples: that answer means done. */
void item_put_body (struct buf *b, const char *table, const struct point *p, int64_t ttl_days);
/* BatchWriteItem of 1 to ITEM_BATCH points, no two of one minute and host: unconditional, so of none with POINT_AGAIN. */
void item_batch_body (struct buf *b, const char *table, const struct point *const *points, size_t n, int64_t ttl_days);
/* Reads its answer: unprocessed[i] tells that points[i] was not written. Returns their number; -EBADMSG when this is no whole
 * answer of that request: then nothing is known of any of them. */
int item_batch_answer (const char *body, size_t length, const char *table, const struct point *const *points, size_t n,
                       bool *unprocessed);

/* For people: one line with a reason. */
void item_refused_line (struct buf *b, const struct point *p, const char *reason, int64_t now_us);

/* UTC without a zone: 2026-01-01T00:00:59.123456 */
void item_time (struct buf *b, int64_t us);
/* Microseconds as seconds with a fraction: 1767225659.004 */
void item_seconds (struct buf *b, int64_t us);
/* A whole number scaled by ten to the power of decimals: 31 and 1 is 3.1 */
void item_scaled (struct buf *b, int64_t value, uint32_t decimals);
#endif
