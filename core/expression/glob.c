/* Globs: * ? [a-z] [!a-z] and \, in time that grows with the text times the pattern at most (fnmatch's does not promise that).
 */
#include <config.h>

#include "inner.h"

/* The length of the character at p. */
static size_t
character (const char *p)
{
  size_t n = 1;
  while (n < 4 && ((unsigned char) p[n] & 0xc0) == 0x80)
    n++;
  return n;
}

/* Whether the byte is in the set that begins behind '['; *ret is behind its ']'. NULL there: it is no set. */
static bool
in_set (const char *p, unsigned char c, const char **ret)
{
  bool negated = *p == '!' || *p == '^', found = false;
  p += negated;
  const char *first = p;
  *ret = NULL;
  for (; *p && (*p != ']' || p == first); p++) {
    unsigned char low = (unsigned char) *p, high = low;
    if (p[1] == '-' && p[2] && p[2] != ']') {
      high = (unsigned char) p[2];
      p += 2;
    }
    found = found || (c >= low && c <= high);
  }
  if (*p)
    *ret = p + 1;
  return found != negated;
}

/* Matches one element of the pattern, no '*', against the character at `text`; both go on. */
static bool
one (const char **pattern, const char **text)
{
  const char *p = *pattern, *end;
  if (*p == '?') {
    *pattern = p + 1;
    *text += character (*text);
    return true;
  }
  if (*p == '[') {
    bool in = in_set (p + 1, (unsigned char) **text, &end);
    if (end) {
      *pattern = end;
      *text += character (*text);
      return in;
    }
  }
  if (*p == '\\' && p[1])
    p++;
  if (*p != **text)
    return false;
  *pattern = p + 1;
  ++*text;
  return true;
}

bool
expr_glob (const char *pattern, const char *text)
{
  const char *star = NULL, *from = NULL;
  while (*text || *pattern) {
    if (*pattern == '*') {
      star = ++pattern;
      from = text;
      if (!*star)
        return true;
    } else if (*text && *pattern && one (&pattern, &text))
      ;
    else if (star && *from) {
      from += character (from);
      text = from;
      pattern = star;
    } else
      return false;
  }
  return true;
}
