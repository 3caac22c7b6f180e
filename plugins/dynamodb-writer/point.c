#include "point.h"

#include "wire.h"

#include <errno.h>
#include <string.h>

enum { VERSION = 1 };
static const int64_t MINUTE = 60, SECOND_US = 1000000, LAST_SECOND = INT64_C (253402300799); /* 9999-12-31 23:59:59 */

#define PERCENT(name_)                                                                                                         \
  {                                                                                                                            \
    name_, 1, 1000                                                                                                             \
  }
#define NUMBER(name_, decimals_)                                                                                               \
  {                                                                                                                            \
    name_, decimals_, INT64_C (10000000000000)                                                                                 \
  }
const struct point_rule point_rules[POINT_ATTRIBUTES] = {
  [POINT_CPU_PERCENT] = PERCENT ("cpu_percent"),
  [POINT_MEMORY_PERCENT] = PERCENT ("memory_percent"),
  [POINT_MEMORY_AVAILABLE_MB] = NUMBER ("memory_available_mb", 0),
  [POINT_MEMORY_USED_MB] = NUMBER ("memory_used_mb", 0),
  [POINT_CPU_PERCENT_MAX] = PERCENT ("cpu_percent_max"),
  [POINT_CPU_PERCENT_P95] = PERCENT ("cpu_percent_p95"),
  [POINT_LOAD_AVG_1M] = NUMBER ("load_avg_1m", 2),
  [POINT_BYTES_SENT_PER_S] = NUMBER ("bytes_sent_per_s", 0),
  [POINT_BYTES_RECV_PER_S] = NUMBER ("bytes_recv_per_s", 0),
  [POINT_MEMORY_PERCENT_MAX] = PERCENT ("memory_percent_max"),
  [POINT_MEMORY_PERCENT_P95] = PERCENT ("memory_percent_p95"),
  [POINT_MEMORY_AVAILABLE_MB_MIN] = NUMBER ("memory_available_mb_min", 0),
  [POINT_MEMORY_USED_MB_MAX] = NUMBER ("memory_used_mb_max", 0),
  [POINT_LOAD_AVG_5M] = NUMBER ("load_avg_5m", 2),
  [POINT_LOAD_AVG_15M] = NUMBER ("load_avg_15m", 2),
  [POINT_SWAP_PERCENT] = PERCENT ("swap_percent"),
  [POINT_CPU_IOWAIT_PERCENT] = PERCENT ("cpu_iowait_percent"),
  [POINT_CPU_STEAL_PERCENT] = PERCENT ("cpu_steal_percent"),
  [POINT_CPU_USER_PERCENT] = PERCENT ("cpu_user_percent"),
  [POINT_CPU_SYSTEM_PERCENT] = PERCENT ("cpu_system_percent"),
  [POINT_ACTIVE_CONNECTIONS] = NUMBER ("active_connections", 0),
  [POINT_BYTES_SENT_PER_S_MAX] = NUMBER ("bytes_sent_per_s_max", 0),
  [POINT_BYTES_RECV_PER_S_MAX] = NUMBER ("bytes_recv_per_s_max", 0),
};
_Static_assert(POINT_ATTRIBUTES <= 64, "a bit for each");

bool
point_is_valid (const struct point *p)
{
  const uint64_t required = (UINT64_C (1) << POINT_REQUIRED) - 1;
  if (p->minute < 0 || p->minute % MINUTE || p->minute > LAST_SECOND || p->created_us < 0
      || p->created_us / SECOND_US > LAST_SECOND)
    return false;
  if (p->collected_us < p->minute * SECOND_US || p->collected_us >= (p->minute + MINUTE) * SECOND_US)
    return false;
  if ((p->there & required) != required || p->there >> POINT_ATTRIBUTES)
    return false;
  for (unsigned i = 0; i < POINT_ATTRIBUTES; i++)
    if (p->there >> i & 1 && (p->values[i] < 0 || p->values[i] > point_rules[i].most))
      return false;
  return hostname_is_clean (p->host, strnlen (p->host, sizeof p->host));
}

size_t
point_pack (const struct point *p, unsigned char to[POINT_PACKED])
{
  struct wire_out out = {.data = to, .size = POINT_PACKED};
  size_t length = strnlen (p->host, sizeof p->host);
  if (!point_is_valid (p))
    return 0;
  wire_u8 (&out, VERSION);
  wire_u8 (&out, (uint8_t) p->flags);
  wire_uint (&out, (uint64_t) (p->minute / MINUTE));
  wire_uint (&out, p->samples);
  wire_uint (&out, (uint64_t) (p->collected_us - p->minute * SECOND_US));
  wire_int (&out, p->created_us - p->collected_us);
  wire_uint (&out, length);
  wire_bytes (&out, p->host, length);
  for (unsigned i = 0; i < POINT_ATTRIBUTES; i++) {
    if (!(p->there >> i & 1))
      continue;
    wire_u8 (&out, (uint8_t) i);
    wire_int (&out, p->values[i]);
  }
  return out.full ? 0 : out.length;
}

static void
unpack_values (struct wire_in *in, struct point *p)
{
  while (!in->bad && in->at < in->end) {
    unsigned i = wire_take_u8 (in);
    int64_t value = wire_take_int (in);
    if (in->bad || i >= POINT_ATTRIBUTES)
      continue;
    in->bad = p->there >> i & 1; /* said twice */
    p->there |= UINT64_C (1) << i;
    p->values[i] = value;
  }
}

int
point_unpack (const unsigned char *from, size_t length, struct point *ret)
{
  struct wire_in in = {.at = from, .end = from + length};
  struct point p = {0};
  uint8_t version = wire_take_u8 (&in);
  p.flags = wire_take_u8 (&in);
  uint64_t minute = wire_take_uint (&in), samples = wire_take_uint (&in), collected = wire_take_uint (&in);
  int64_t created = wire_take_int (&in);
  uint64_t host_length = wire_take_uint (&in);
  if (in.bad || version != VERSION || minute > (uint64_t) LAST_SECOND / 60 || samples > UINT32_MAX
      || collected >= (uint64_t) (MINUTE * SECOND_US) || host_length >= sizeof p.host)
    return -EBADMSG;
  const unsigned char *host = wire_take_bytes (&in, host_length);
  if (!host || created > LAST_SECOND * SECOND_US || created < -LAST_SECOND * SECOND_US)
    return -EBADMSG;
  memcpy (p.host, host, host_length);
  p.minute = (int64_t) minute * MINUTE;
  p.samples = (uint32_t) samples;
  p.collected_us = p.minute * SECOND_US + (int64_t) collected;
  p.created_us = p.collected_us + created;
  unpack_values (&in, &p);
  if (in.bad || !point_is_valid (&p) || strlen (p.host) != host_length)
    return -EBADMSG;
  *ret = p;
  return 0;
}
