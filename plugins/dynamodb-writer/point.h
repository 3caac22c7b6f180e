/* A finished minute of one host: what waits in the spool and goes up as one item.
 *
 * Its values are whole numbers, scaled by ten to the power of the attribute's decimals: what is sent is exactly what was kept.
 */
#ifndef POINT_H
#define POINT_H

#include "hostname.h"

#include <stdbool.h>
#include <stdint.h>

/* The attributes that hold a fact of the minute, the most wanted first: an item that would pass 1 KB leaves out the last ones.
 * The numbers stand on disk: new ones go to the end. */
enum point_attribute {
  POINT_CPU_PERCENT,
  POINT_MEMORY_PERCENT,
  POINT_MEMORY_AVAILABLE_MB,
  POINT_MEMORY_USED_MB,
  POINT_CPU_PERCENT_MAX,
  POINT_CPU_PERCENT_P95,
  POINT_LOAD_AVG_1M,
  POINT_BYTES_SENT_PER_S,
  POINT_BYTES_RECV_PER_S,
  POINT_MEMORY_PERCENT_MAX,
  POINT_MEMORY_PERCENT_P95,
  POINT_MEMORY_AVAILABLE_MB_MIN,
  POINT_MEMORY_USED_MB_MAX,
  POINT_LOAD_AVG_5M,
  POINT_LOAD_AVG_15M,
  POINT_SWAP_PERCENT,
  POINT_CPU_IOWAIT_PERCENT,
  POINT_CPU_STEAL_PERCENT,
  POINT_CPU_USER_PERCENT,
  POINT_CPU_SYSTEM_PERCENT,
  POINT_ACTIVE_CONNECTIONS,
  POINT_BYTES_SENT_PER_S_MAX,
  POINT_BYTES_RECV_PER_S_MAX,
  POINT_ATTRIBUTES,
  POINT_REQUIRED = POINT_CPU_PERCENT_MAX, /* those before it stand in every item: without one of them there is none */
};

struct point_rule {
  const char *name;
  uint32_t decimals;
  int64_t most; /* scaled; the least is 0 */
};
extern const struct point_rule point_rules[POINT_ATTRIBUTES];

enum {
  POINT_AGAIN =
    1 << 0, /* this minute may be in the table already, with more samples or fewer: only a conditional write is safe */
};

struct point {
  int64_t minute;       /* Unix seconds, a multiple of 60 */
  int64_t collected_us; /* microseconds since 1970 of its last sample, inside the minute */
  int64_t created_us;   /* when the point was made */
  uint32_t samples;     /* fresh readings of cpu_percent in it; the fuller of two points of a minute is the one with more */
  uint32_t flags;
  uint64_t there; /* a bit for each attribute that is known */
  int64_t values[POINT_ATTRIBUTES];
  char host[HOSTNAME_SIZE];
};

enum { POINT_PACKED = HOSTNAME_SIZE + 11 * (POINT_ATTRIBUTES + 8) };

/* Whether it may be sent: the times fit each other, the required values are there, all are within their rules, the host name is
 * clean. */
bool point_is_valid (const struct point *p);
/* Packs a valid point, typically into 100 to 150 bytes; returns their number, 0 when it is not valid. */
size_t point_pack (const struct point *p, unsigned char to[POINT_PACKED]);
/* 0 with a valid point, or -EBADMSG. Attributes of a later version are passed over. */
int point_unpack (const unsigned char *from, size_t length, struct point *ret);
#endif
