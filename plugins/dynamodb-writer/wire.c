#include "wire.h"

#include <string.h>

enum { MOST_SHIFT = 63 };

void
wire_u8 (struct wire_out *out, uint8_t value)
{
  wire_bytes (out, &value, 1);
}

void
wire_uint (struct wire_out *out, uint64_t value)
{
  while (value >= 0x80) {
    wire_u8 (out, (uint8_t) (value | 0x80));
    value >>= 7;
  }
  wire_u8 (out, (uint8_t) value);
}

void
wire_int (struct wire_out *out, int64_t value)
{
  wire_uint (out, (uint64_t) value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

void
wire_bytes (struct wire_out *out, const void *bytes, size_t n)
{
  if (out->full || n > out->size - out->length) {
    out->full = true;
    return;
  }
  if (n)
    memcpy (out->data + out->length, bytes, n);
  out->length += n;
}

uint8_t
wire_take_u8 (struct wire_in *in)
{
  const unsigned char *p = wire_take_bytes (in, 1);
  return p ? *p : 0;
}

uint64_t
wire_take_uint (struct wire_in *in)
{
  uint64_t value = 0;
  for (unsigned shift = 0; shift <= MOST_SHIFT; shift += 7) {
    uint8_t byte = wire_take_u8 (in);
    if (in->bad || (shift == MOST_SHIFT && byte > 1))
      break;
    value |= (uint64_t) (byte & 0x7f) << shift;
    if (byte < 0x80)
      return value;
  }
  in->bad = true;
  return 0;
}

int64_t
wire_take_int (struct wire_in *in)
{
  uint64_t value = wire_take_uint (in);
  return (int64_t) (value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

const unsigned char *
wire_take_bytes (struct wire_in *in, size_t n)
{
  const unsigned char *p = in->at;
  if (in->bad || n > (size_t) (in->end - in->at)) {
    in->bad = true;
    return NULL;
  }
  in->at += n;
  return p;
}

void
wire_store (unsigned char *to, uint64_t value, unsigned bytes)
{
  for (unsigned i = 0; i < bytes; i++, value >>= 8)
    to[i] = (unsigned char) value;
}

uint64_t
wire_load (const unsigned char *from, unsigned bytes)
{
  uint64_t value = 0;
  for (unsigned i = bytes; i-- > 0;)
    value = value << 8 | from[i];
  return value;
}
