/* A growing byte buffer with a bound. Errors stick: check once, at the end. */
#ifndef BUF_H
#define BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
  char *data; /* NULL or 0-terminated, unless who wrote to where buf_reserve says left it out */
  size_t len;
  size_t cap;
  size_t max; /* 0: 256 MiB */
  int error;  /* 0, -ENOMEM or -EFBIG: from then on nothing is added */
};

/* Room for n more bytes: where to write them, or NULL with b->error set. The caller adds to b->len what it wrote. */
char *buf_reserve (struct buf *b, size_t n);
void buf_add (struct buf *b, const void *bytes, size_t n);
void buf_adds (struct buf *b, const char *text);
void buf_addc (struct buf *b, char c);
__attribute__ ((format (printf, 2, 3))) void buf_printf (struct buf *b, const char *format, ...);
void buf_clear (struct buf *b); /* keeps the memory; clears the error */
void buf_free (struct buf *b);  /* NULL is fine */

#define BUF_CLEANUP __attribute__ ((cleanup (buf_free)))
#endif
