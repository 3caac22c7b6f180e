#include "buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MAX = 256 << 20 };

char *
buf_reserve (struct buf *b, size_t n)
{
  if (b->error)
    return NULL;
  size_t max = b->max ? b->max : DEFAULT_MAX;
  if (n > max || b->len > max - n) {
    b->error = -EFBIG;
    return NULL;
  }
  size_t need = b->len + n + 1;
  if (need > b->cap) {
    size_t cap = b->cap ? b->cap : 128;
    while (cap < need)
      cap += cap / 2;
    char *data = realloc (b->data, cap);
    if (!data) {
      b->error = -ENOMEM;
      return NULL;
    }
    if (!b->data)
      *data = 0;
    b->data = data;
    b->cap = cap;
  }
  return b->data + b->len;
}

void
buf_add (struct buf *b, const void *bytes, size_t n)
{
  char *to = buf_reserve (b, n);
  if (!to)
    return;
  if (n)
    memcpy (to, bytes, n);
  b->len += n;
  b->data[b->len] = 0;
}

void
buf_adds (struct buf *b, const char *text)
{
  buf_add (b, text, strlen (text));
}

void
buf_addc (struct buf *b, char c)
{
  buf_add (b, &c, 1);
}

void
buf_printf (struct buf *b, const char *format, ...)
{
  va_list args, again;
  va_start (args, format);
  va_copy (again, args);
  int n = vsnprintf (NULL, 0, format, args);
  va_end (args);
  char *to = n < 0 ? NULL : buf_reserve (b, (size_t) n);
  if (to) {
    vsnprintf (to, (size_t) n + 1, format, again);
    b->len += (size_t) n;
  }
  va_end (again);
}

void
buf_clear (struct buf *b)
{
  b->len = 0;
  b->error = 0;
  if (b->data)
    b->data[0] = 0;
}

void
buf_free (struct buf *b)
{
  if (!b)
    return;
  free (b->data);
  *b = (struct buf){.max = b->max};
}
