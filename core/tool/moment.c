#include "moment.h"

#include "units.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t SECOND_NS = 1000000000, LAST = INT64_C (253402300799);

/* The formats, from the longest on, so that none is the beginning of what was meant. */
static const char *const formats[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"};

static int
finish (struct tm *tm, const char *rest, int64_t *ret)
{
  bool utc = strcmp (rest, "Z") == 0;
  const struct tm meant = *tm;
  if (*rest && !utc)
    return -EINVAL;
  tm->tm_isdst = -1;
  time_t t = utc ? timegm (tm) : mktime (tm);
  /* The 31st of a short month is no day. */
  if (t < 0 || t > LAST || tm->tm_mday != meant.tm_mday || tm->tm_mon != meant.tm_mon)
    return -EINVAL;
  *ret = t;
  return 0;
}

static int
parse_today (const char *text, int64_t now, int64_t *ret)
{
  time_t t = (time_t) now;
  struct tm tm;
  localtime_r (&t, &tm);
  tm.tm_sec = 0;
  const char *rest = strptime (text, "%H:%M", &tm);
  return rest ? finish (&tm, rest, ret) : -EINVAL;
}

int
moment_parse (const char *text, int64_t now, int64_t *ret)
{
  int64_t ns, seconds;
  if (*text == '@') {
    if (units_i64 (text + 1, &seconds) < 0 || seconds < 0 || seconds > LAST)
      return -EINVAL;
    *ret = seconds;
    return 0;
  }
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    struct tm tm = {0};
    const char *rest = strptime (text, formats[i], &tm);
    if (rest && (!*rest || strcmp (rest, "Z") == 0))
      return finish (&tm, rest, ret);
  }
  if (strchr (text, ':'))
    return parse_today (text, now, ret);
  /* A bare number would be seconds, which nobody means. */
  if (!strpbrk (text, "smhd") || units_duration (text, &ns) < 0 || ns < 0 || ns / SECOND_NS > now)
    return -EINVAL;
  *ret = now - ns / SECOND_NS;
  return 0;
}
