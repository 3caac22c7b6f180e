#include "url.h"

#include <stdbool.h>
#include <string.h>

static bool
ends_authority (char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '/' || c == 0;
}

size_t
url_cut (const char *text, size_t length, size_t at)
{
  size_t from = at;
  if (at < length && ends_authority (text[at]))
    return at;
  while (from > 0 && !ends_authority (text[from - 1]))
    from--;
  if (from < 3 || memcmp (text + from - 3, "://", 3) != 0)
    return at;
  const char *sign = memchr (text + from, '@', at - from);
  return sign ? (size_t) (sign + 1 - text) : from;
}
