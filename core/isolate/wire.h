/* Messages between the daemon and the process of an isolated plugin (plugin-host). Small requests and replies go over a desk
 * (desk.h), all else over a SOCK_SEQPACKET socket.
 *
 * There a message is one packet or several: each starts with struct wire_head, and all but the last of a message have `more`
 * set. The kernel copies them, so what was checked cannot change afterwards. A reply carries the number of its request. Numbers
 * are in the machine's own byte order: both ends are one build on one machine. A text is its length, its bytes and a 0. */
#ifndef WIRE_H
#define WIRE_H

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>

enum { WIRE_PACKET = 32 << 10, WIRE_MAX = 16 << 20, WIRE_VERSION = 1 };

/* What WIRE_BIND and WIRE_SHAPE are answered: pairs of a table and a field that is dropped, or one of these. */
enum wire_shape { SHAPE_DROP_TABLE = UINT32_MAX, SHAPE_TOUCH = UINT32_MAX - 1, SHAPE_SPARSE = UINT32_MAX - 2 };

enum wire_type {
  /* To the plugin's process. */
  WIRE_OPEN = 1, /* how it is confined, and the file to load */
  WIRE_CREATE,
  WIRE_READ,
  WIRE_SCHEMA, /* no reply */
  WIRE_BIND,
  WIRE_UNBIND, /* no reply */
  WIRE_PROCESS,
  WIRE_FLUSH,
  WIRE_WRITE,
  WIRE_DESTROY,
  WIRE_CHECK,   /* of a config, before there is an instance */
  WIRE_DECLARE, /* the same */
  WIRE_SHAPE,   /* the same, and of a schema */
  /* From it. */
  WIRE_REPLY = 64,
  WIRE_LOG,
  WIRE_KNOCK, /* the reply to the request of this number lies at the desk */
};

/* Calls of the host's functions, in order. A reply is its result, a number of bytes of CALL_STATUS, then what was asked for: of
 * READ, PROCESS and FLUSH more calls. */
enum wire_call {
  CALL_STATUS = 1,  /* key, text */
  CALL_ROW,         /* table, identity */
  CALL_ROW_KEY,     /* table, identity, text */
  CALL_ROW_U64,     /* table, identity, u64 */
  CALL_TABLE,       /* table: whose newest row the fields that follow are set in */
  CALL_TABLE_STATE, /* table, state */
  CALL_NUMBER,      /* field, type, 8 bytes */
  CALL_STRING,      /* field, text */
  CALL_ABSENT,      /* field, why */
  CALL_KEEP_ROWS,   /* table, n, n numbers */
  CALL_EMIT,
};

/* CALL_NUMBER as it lies in a message: most calls are this one. */
struct wire_number {
  uint8_t call;
  uint32_t field;
  uint8_t type;
  uint64_t bits;
} __attribute__ ((packed));

struct wire_head {
  uint32_t type;
  uint32_t number;
  uint32_t more;
  uint32_t reserved;
};

/* ---- Putting together ---- Errors stick in the buffer. */

void wire_u8 (struct buf *b, uint8_t v);
void wire_u32 (struct buf *b, uint32_t v);
void wire_u64 (struct buf *b, uint64_t v);
void wire_text (struct buf *b, const char *text); /* NULL stays NULL */
void wire_text_n (struct buf *b, const char *text, size_t n);

/* ---- Taking apart ---- Past the end or out of order: bad sticks, and zeros are given out. */

struct wire {
  const char *p, *end;
  bool bad;
};

uint8_t wire_take_u8 (struct wire *w);
uint32_t wire_take_u32 (struct wire *w);
uint64_t wire_take_u64 (struct wire *w);
/* Stays within the message, 0-terminated; NULL where NULL was sent, or bad. */
const char *wire_take_text (struct wire *w, size_t *ret_n);
const void *wire_take_bytes (struct wire *w, size_t n);

/* ---- Sending ---- */

/* Sends one message, waiting for room until until_ns (CLOCK_MONOTONIC; INT64_MAX: for ever). 0, -ETIMEDOUT, or -errno. */
int wire_send (int fd, uint32_t type, uint32_t number, const char *data, size_t n, int64_t until_ns);
/* Takes one packet, waiting until until_ns: its body is put behind what `b` holds, up to b->max. 0, -ETIMEDOUT, -EBADMSG,
 * -EFBIG, -ECONNRESET at the end, or -errno. */
int wire_receive (int fd, struct wire_head *ret, struct buf *b, int64_t until_ns);
int64_t wire_now (void);
#endif
