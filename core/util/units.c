#include <config.h>

#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
  const char *name;
  double factor;
};

/* The end of the decimal number at the start of text, or NULL: no hex, no "inf", no "nan". */
static const char *
number_end (const char *p)
{
  if (*p == '+' || *p == '-')
    p++;
  int digits = 0;
  for (; isdigit ((unsigned char) *p); p++)
    digits++;
  if (*p == '.')
    for (p++; isdigit ((unsigned char) *p); p++)
      digits++;
  if (!digits)
    return NULL;
  if (*p == 'e' || *p == 'E') {
    const char *q = p + 1;
    if (*q == '+' || *q == '-')
      q++;
    if (isdigit ((unsigned char) *q)) {
      while (isdigit ((unsigned char) *q))
        q++;
      p = q;
    }
  }
  return p;
}

/* A number at the start of text, whatever the locale's decimal point is. */
static int
number (const char *text, const char **end, double *ret)
{
  *end = number_end (text);
  if (!*end)
    return -EINVAL;
  locale_t c = newlocale (LC_ALL_MASK, "C", (locale_t) 0);
  if (!c)
    return -ENOMEM;
  double value = strtod_l (text, NULL, c);
  freelocale (c);
  if (!isfinite (value))
    return -ERANGE;
  *ret = value;
  return 0;
}

static int
with_unit (const char *text, const struct unit *units, int64_t *ret)
{
  const char *end;
  double value;
  int r = number (text, &end, &value);
  if (r < 0)
    return r;
  if (*end == ' ' && end[1])
    end++;
  while (units->name && strcmp (units->name, end) != 0)
    units++;
  if (!units->name)
    return -EINVAL;
  long double scaled = (long double) value * (long double) units->factor;
  if (scaled >= 9.2233720368547e18L || scaled <= -9.2233720368547e18L)
    return -ERANGE;
  *ret = (int64_t) llroundl (scaled);
  return 0;
}

int
units_duration (const char *text, int64_t *ret_ns)
{
  static const struct unit units[] = {
      {"", 1e9},   {"ns", 1},     {"us", 1e3},   {"\xc2\xb5s", 1e3}, {"ms", 1e6}, {"s", 1e9},
      {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9},     {NULL, 0},
  };
  return with_unit (text, units, ret_ns);
}

int
units_bytes (const char *text, int64_t *ret)
{
  static const struct unit units[] = {
      {"", 1},     {"B", 1},      {"K", 0x1p10},   {"k", 0x1p10}, {"KiB", 0x1p10}, {"KB", 1e3},
      {"kB", 1e3}, {"M", 0x1p20}, {"MiB", 0x1p20}, {"MB", 1e6},   {"G", 0x1p30},   {"GiB", 0x1p30},
      {"GB", 1e9}, {"T", 0x1p40}, {"TiB", 0x1p40}, {"TB", 1e12},  {NULL, 0},
  };
  return with_unit (text, units, ret);
}

int
units_percent (const char *text, double *ret)
{
  const char *end;
  double value;
  int r = number (text, &end, &value);
  if (r < 0)
    return r;
  if (*end == ' ' && end[1] == '%')
    end++;
  if (*end == '%')
    end++;
  if (*end)
    return -EINVAL;
  *ret = value;
  return 0;
}

int
units_i64 (const char *text, int64_t *ret)
{
  const char *digits = text + (*text == '-' || *text == '+');
  if (!*digits || strspn (digits, "0123456789") != strlen (digits))
    return -EINVAL;
  errno = 0;
  long long value = strtoll (text, NULL, 10);
  if (errno)
    return -ERANGE;
  *ret = value;
  return 0;
}

int
units_f64 (const char *text, double *ret)
{
  const char *end;
  double value;
  int r = number (text, &end, &value);
  if (r < 0)
    return r;
  if (*end)
    return -EINVAL;
  *ret = value;
  return 0;
}

int
units_bool (const char *text, int *ret)
{
  static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
  for (int i = 0; i < 6; i++)
    if (strcasecmp (text, words[i]) == 0) {
      *ret = i % 2;
      return 0;
    }
  return -EINVAL;
}

/* One atom, from its first byte up to the next '/' or '.'. */
static void
add_atom (char *ret, size_t size, const char *atom, size_t length)
{
  static const struct {
    const char *code, *people;
  } words[] = {{"Cel", "\u00b0C"}, {"[degF]", "\u00b0F"}, {"us", "\u00b5s"}, {"deg", "\u00b0"}, {"Ohm", "\u03a9"}, {"1", ""}};
  const size_t at = strlen (ret), room = size - at;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strlen (words[i].code) == length && !memcmp (words[i].code, atom, length)) {
      if (strlen (words[i].people) < room)
        memcpy (ret + at, words[i].people, strlen (words[i].people) + 1);
      return;
    }
  if (length >= 2 && !memcmp (atom + length - 2, "By", 2))
    length--;
  if (length >= 2 && *atom == '{' && atom[length - 1] == '}') {
    atom++;
    length -= 2;
  }
  if (length < room) {
    memcpy (ret + at, atom, length);
    ret[at + length] = 0;
  }
}

void
units_for_people (const char *ucum, char *ret, size_t size)
{
  ret[0] = 0;
  while (*ucum) {
    const size_t length = *ucum == '{' ? strcspn (ucum, "}") + (strchr (ucum, '}') ? 1 : 0) : strcspn (ucum, "/.");
    add_atom (ret, size, ucum, length);
    ucum += length;
    const size_t at = strlen (ret);
    if (*ucum && *ucum != '{' && at + 1 < size) {
      ret[at] = *ucum;
      ret[at + 1] = 0;
    }
    ucum += *ucum && *ucum != '{';
  }
}
