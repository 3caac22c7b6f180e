#include "utf8.h"

#include <string.h>

size_t
utf8_character (const char *text, size_t n, size_t *ret_bad)
{
  const unsigned char *p = (const unsigned char *) text;
  *ret_bad = 1;
  if (p[0] < 0x80)
    return 1;
  unsigned char low = 0x80, high = 0xbf;
  size_t more;
  if (p[0] >= 0xc2 && p[0] <= 0xdf)
    more = 1;
  else if (p[0] >= 0xe0 && p[0] <= 0xef) {
    more = 2;
    if (p[0] == 0xe0)
      low = 0xa0;
    if (p[0] == 0xed)
      high = 0x9f;
  } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
    more = 3;
    if (p[0] == 0xf0)
      low = 0x90;
    if (p[0] == 0xf4)
      high = 0x8f;
  } else
    return 0;
  for (size_t i = 1; i <= more; i++, ++*ret_bad)
    if (i >= n || (i == 1 ? p[1] < low || p[1] > high : (p[i] & 0xc0) != 0x80))
      return 0;
  return more + 1;
}

size_t
utf8_valid (const char *text, size_t length)
{
  size_t i = 0, bad;
  while (i < length && text[i]) {
    size_t n = utf8_character (text + i, length - i, &bad);
    if (!n)
      break;
    i += n;
  }
  return i;
}

bool
utf8_clean (struct buf *b, const char *text, size_t length, size_t max)
{
  size_t start = b->len, i = 0, bad;
  bool same = true;
  while (i < length && text[i]) {
    size_t n = utf8_character (text + i, length - i, &bad);
    size_t out = n ? n : 3;
    if (b->len - start + out > max)
      return false;
    if (n)
      buf_add (b, text + i, n);
    else {
      buf_add (b, "\xef\xbf\xbd", 3);
      same = false;
    }
    i += n ? n : bad;
  }
  return same && i == length;
}
