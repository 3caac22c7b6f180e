#include "scan.h"

#include <string.h>

void
scan_blanks (const char **p, const char *end)
{
  const char *at = *p;
  while (at < end && (*at == ' ' || *at == '\t'))
    at++;
  *p = at;
}

static bool
is_digit (const char *at, const char *end)
{
  return at < end && *at >= '0' && *at <= '9';
}

/* Digits without a sign; false when there are none or they exceed 64 bits. */
static bool
digits (const char **p, const char *end, uint64_t *ret)
{
  const char *at = *p;
  uint64_t value = 0;
  if (!is_digit (at, end))
    return false;
  for (; is_digit (at, end); at++) {
    uint64_t digit = (uint64_t) (*at - '0');
    if (value > (UINT64_MAX - digit) / 10)
      return false;
    value = value * 10 + digit;
  }
  *p = at;
  *ret = value;
  return true;
}

bool
scan_u64 (const char **p, const char *end, uint64_t *ret)
{
  const char *at = *p;
  scan_blanks (&at, end);
  if (!digits (&at, end, ret))
    return false;
  *p = at;
  return true;
}

bool
scan_i64 (const char **p, const char *end, int64_t *ret)
{
  const char *at = *p;
  uint64_t value;
  scan_blanks (&at, end);
  bool minus = at < end && *at == '-';
  if (at < end && (*at == '-' || *at == '+'))
    at++;
  if (!digits (&at, end, &value) || value > (uint64_t) INT64_MAX + minus)
    return false;
  *ret = minus ? (int64_t) (0 - value) : (int64_t) value;
  *p = at;
  return true;
}

bool
scan_f64 (const char **p, const char *end, double *ret)
{
  const char *at = *p;
  double value = 0;
  scan_blanks (&at, end);
  bool minus = at < end && *at == '-';
  at += minus;
  if (!is_digit (at, end))
    return false;
  for (; is_digit (at, end); at++)
    value = value * 10 + (*at - '0');
  if (at < end && *at == '.') {
    /* As one whole number divided once, so that 0.31 is the double nearest to 0.31; digits past the 15th say nothing. */
    double scale = 1;
    for (at++; is_digit (at, end); at++)
      if (scale < 1e15 && value < 1e14) {
        value = value * 10 + (*at - '0');
        scale *= 10;
      }
    value /= scale;
  }
  *ret = minus ? -value : value;
  *p = at;
  return true;
}

const char *
scan_word (const char **p, const char *end, size_t *length)
{
  const char *at = *p;
  scan_blanks (&at, end);
  const char *word = at;
  while (at < end && *at != ' ' && *at != '\t' && *at != '\n')
    at++;
  if (at == word)
    return NULL;
  *p = at;
  *length = (size_t) (at - word);
  return word;
}

const char *
scan_next_line (const char *p, const char *end)
{
  const char *newline = p < end ? memchr (p, '\n', (size_t) (end - p)) : NULL;
  return newline ? newline + 1 : end;
}

bool
scan_starts (const char *p, const char *end, const char *prefix)
{
  for (; *prefix; p++, prefix++)
    if (p >= end || *p != *prefix)
      return false;
  return true;
}
