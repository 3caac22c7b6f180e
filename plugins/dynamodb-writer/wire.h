/* Numbers and texts in few bytes, for records on disk; taken out again without trusting them. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where bytes go. What does not fit sets `full`: look once, at the end. */
struct wire_out {
  unsigned char *data;
  size_t size, length;
  bool full;
};

void wire_u8 (struct wire_out *out, uint8_t value);
void wire_uint (struct wire_out *out, uint64_t value); /* 1 to 10 bytes, small ones in few */
void wire_int (struct wire_out *out, int64_t value);   /* the same for numbers of both signs */
void wire_bytes (struct wire_out *out, const void *bytes, size_t n);

/* Where they come from. What is not there, or is no number, sets `bad` and gives 0. */
struct wire_in {
  const unsigned char *at, *end;
  bool bad;
};

uint8_t wire_take_u8 (struct wire_in *in);
uint64_t wire_take_uint (struct wire_in *in);
int64_t wire_take_int (struct wire_in *in);
const unsigned char *wire_take_bytes (struct wire_in *in, size_t n); /* NULL with `bad` set; valid as long as the input */

/* Fixed width, little-endian. */
void wire_store (unsigned char *to, uint64_t value, unsigned bytes);
uint64_t wire_load (const unsigned char *from, unsigned bytes);
#endif
