/* What fields measure, by their UCUM codes. */
#include <config.h>

#include "inner.h"

static const struct {
  const char *name;
  double scale;
} prefixes[] =
  {
    {"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}, {"Ki", 0x1p10}, {"Mi", 0x1p20}, {"Gi", 0x1p30}, {"Ti", 0x1p40},
},
  times[] = {
    {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9},
};

/* The scale in bits of "MiBy" or "kbit", or 0. */
static double
size_scale (const char *ucum, size_t length)
{
  static const struct {
    const char *name;
    double bits;
  } bases[] = {{"By", 8}, {"bit", 1}};
  for (size_t i = 0; i < 2; i++) {
    size_t n = strlen (bases[i].name);
    if (length < n || memcmp (ucum + length - n, bases[i].name, n) != 0)
      continue;
    for (size_t k = 0; k < sizeof prefixes / sizeof *prefixes; k++)
      if (strlen (prefixes[k].name) == length - n && !memcmp (ucum, prefixes[k].name, length - n))
        return prefixes[k].scale * bases[i].bits;
  }
  return 0;
}

void
expr_unit_of (const char *ucum, struct unit *ret)
{
  size_t length = strlen (ucum);
  *ret = (struct unit){.dimension = UNIT_OTHER, .scale = 1};
  snprintf (ret->name, sizeof ret->name, "%s", ucum);
  if (!length || !strcmp (ucum, "1") || *ucum == '{') {
    *ret = (struct unit){.dimension = UNIT_PLAIN, .scale = 1};
    return;
  }
  if (!strcmp (ucum, "%")) {
    ret->dimension = UNIT_PERCENT;
    return;
  }
  for (size_t i = 0; i < sizeof times / sizeof *times; i++)
    if (!strcmp (ucum, times[i].name)) {
      ret->dimension = UNIT_TIME;
      ret->scale = times[i].scale;
      return;
    }
  bool rate = length > 2 && !strcmp (ucum + length - 2, "/s");
  double scale = size_scale (ucum, rate ? length - 2 : length);
  if (scale > 0) {
    ret->dimension = rate ? UNIT_SIZE_RATE : UNIT_SIZE;
    ret->scale = scale;
  }
}

void
expr_unit_constant (enum dimension dimension, struct unit *ret)
{
  double scale = dimension == UNIT_TIME ? 1e9 : dimension == UNIT_SIZE || dimension == UNIT_SIZE_RATE ? 8 : 1;
  *ret = (struct unit){.dimension = dimension, .scale = scale};
}

void
expr_unit_derived (struct unit *ret)
{
  *ret = (struct unit){.dimension = UNIT_DERIVED, .scale = 1};
}

void
expr_unit_per_second (struct unit *u)
{
  size_t length = strlen (u->name);
  if (u->dimension == UNIT_PLAIN || u->dimension == UNIT_PERCENT)
    return;
  if (u->dimension == UNIT_SIZE) {
    u->dimension = UNIT_SIZE_RATE;
    snprintf (u->name + length, sizeof u->name - length, "/s");
  } else if (u->dimension == UNIT_TIME && !strcmp (u->name, "s"))
    expr_unit_constant (UNIT_PLAIN, u);
  else
    expr_unit_derived (u);
}

const char *
expr_unit_text (const struct unit *u, char *text, size_t size)
{
  static const char *const kinds[] = {"a plain number",
                                      "a percentage",
                                      "a size in bytes",
                                      "a time",
                                      "bytes per second",
                                      "in a unit",
                                      "in a unit that comes out of a calculation"};
  if (u->name[0])
    snprintf (text, size, "in %s", u->name);
  else
    snprintf (text, size, "%s", kinds[u->dimension]);
  return text;
}
