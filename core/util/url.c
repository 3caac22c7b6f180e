#include "url.h"

#include <stdint.h>
#include <string.h>

static bool
ends_word (char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == 0;
}

bool
url_is_host (const char *text, size_t n)
{
  const char *end = text + n, *bracket = n && *text == '[' ? memchr (text, ']', n) : NULL;
  const char *from = bracket ? bracket + 1 : text, *colon = memchr (from, ':', (size_t) (end - from));
  if (!colon)
    return true;
  const char *p = colon + 1;
  uint32_t port = 0;
  for (; p < end && p - colon <= 5 && *p >= '0' && *p <= '9'; p++)
    port = 10 * port + (uint32_t) (*p - '0');
  return colon > text && p == end && port >= 1 && port <= 65535;
}

const char *
url_userinfo_end (const char *text, size_t n)
{
  const char *slash = memchr (text, '/', n);
  size_t length = slash ? (size_t) (slash - text) : n;
  const char *sign = memrchr (text, '@', length), *host = sign ? sign + 1 : text, *later = NULL;
  if (slash && !url_is_host (host, (size_t) (text + length - host)))
    later = memrchr (slash, '@', n - length);
  return later ? later : sign;
}

/* Where the first '/' of a text that goes on with `next` shows that the host has come. */
static bool
has_host (const char *text, size_t n, char next)
{
  const char *slash = memchr (text, '/', n);
  if (!slash && next != '/')
    return false;
  size_t length = slash ? (size_t) (slash - text) : n;
  const char *sign = memrchr (text, '@', length), *host = sign ? sign + 1 : text;
  return url_is_host (host, (size_t) (text + length - host));
}

size_t
url_cut (const char *text, size_t length, size_t at)
{
  char next = at < length ? text[at] : 'x';
  size_t word = at, from = at;
  if (ends_word (next))
    return at;
  while (word > 0 && !ends_word (text[word - 1]))
    word--;
  while (from >= word + 3 && memcmp (text + from - 3, "://", 3) != 0)
    from--;
  if (from < word + 3 || has_host (text + from, at - from, next))
    return at;
  const char *sign = memchr (text + from, '@', at - from);
  return sign ? (size_t) (sign + 1 - text) : from;
}
