#include "hostname.h"

#include "utf8.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { MOST_BYTES = 64 << 10 };

/* The code point of a well-formed character. */
static unsigned
code_point (const char *text, size_t n)
{
  const unsigned char *p = (const unsigned char *) text;
  unsigned c = n == 1 ? p[0] : n == 2 ? p[0] & 0x1fu : n == 3 ? p[0] & 0xfu : p[0] & 7u;
  for (size_t i = 1; i < n; i++)
    c = c << 6 | (p[i] & 0x3fu);
  return c;
}

static bool
is_control (unsigned c)
{
  return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

static bool
is_blank (unsigned c)
{
  return c == ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f
         || c == 0x205f || c == 0x3000;
}

/* Copies well-formed UTF-8. */
static void
copy (const char *text, size_t length, char ret[HOSTNAME_SIZE])
{
  size_t have = 0, keep = 0, bad, n; /* keep: up to the last character that is no blank */
  for (unsigned characters = 0; length && characters < HOSTNAME_CHARACTERS; text += n, length -= n) {
    n = utf8_character (text, length, &bad);
    if (!n)
      break;
    unsigned c = code_point (text, n);
    if (is_control (c) || (!have && is_blank (c)))
      continue;
    memcpy (ret + have, text, n);
    have += n;
    characters++;
    if (!is_blank (c))
      keep = have;
  }
  ret[keep] = 0;
}

void
hostname_clean (const char *raw, size_t length, char ret[HOSTNAME_SIZE])
{
  struct buf clean BUF_CLEANUP = {0};
  ret[0] = 0;
  utf8_clean (&clean, raw, length < MOST_BYTES ? length : MOST_BYTES, MOST_BYTES);
  if (!clean.error && clean.len)
    copy (clean.data, clean.len, ret);
  if (!ret[0])
    memcpy (ret, "unknown", sizeof "unknown");
}

void
hostname_get (char ret[HOSTNAME_SIZE])
{
  char raw[HOST_NAME_MAX + 1];
  if (gethostname (raw, sizeof raw) < 0)
    raw[0] = 0;
  raw[sizeof raw - 1] = 0;
  hostname_clean (raw, strlen (raw), ret);
}

bool
hostname_is_clean (const char *text, size_t length)
{
  char again[HOSTNAME_SIZE];
  if (!length || length >= HOSTNAME_SIZE || memchr (text, 0, length))
    return false;
  hostname_clean (text, length, again);
  return strlen (again) == length && !memcmp (again, text, length);
}

uint64_t
hostname_hash (const char *name)
{
  uint64_t hash = UINT64_C (14695981039346656037);
  for (const unsigned char *p = (const unsigned char *) name; *p; p++)
    hash = (hash ^ *p) * UINT64_C (1099511628211);
  return hash;
}
