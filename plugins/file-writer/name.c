#include "name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char PREFIX[] = "metrics_";
static const char SUFFIX[] = ".json";

void
name_make (int64_t wall_ns, unsigned number, char ret[NAME_SIZE])
{
  time_t seconds = (time_t) (wall_ns / 1000000000 - (wall_ns % 1000000000 < 0));
  struct tm tm;
  if (!localtime_r (&seconds, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
    memset (&tm, 0, sizeof tm);
  char tail[8] = "";
  if (number)
    snprintf (tail, sizeof tail, "_%02u", number % (NAME_LAST + 1));
  snprintf (ret, NAME_SIZE, "%s%04u%02u%02u_%02u%02u%02u%s%s", PREFIX, (unsigned) (tm.tm_year + 1900) % 10000,
            (unsigned) (tm.tm_mon + 1) % 100, (unsigned) tm.tm_mday % 100, (unsigned) tm.tm_hour % 100,
            (unsigned) tm.tm_min % 100, (unsigned) tm.tm_sec % 100, tail, SUFFIX);
}

int
name_choose (int directory, int64_t wall_ns, unsigned *number, char ret[NAME_SIZE])
{
  char name[NAME_SIZE];
  for (unsigned n = *number; n <= NAME_LAST; n++) {
    struct stat st;
    name_make (wall_ns, n, name);
    if (fstatat (directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
      continue;
    if (errno != ENOENT)
      return -errno;
    *number = n;
    memcpy (ret, name, NAME_SIZE);
    return 0;
  }
  return -EEXIST;
}

static bool
take_digits (const char **p, unsigned n, uint64_t *value)
{
  for (unsigned i = 0; i < n; i++, (*p)++) {
    if (**p < '0' || **p > '9')
      return false;
    *value = *value * 10 + (uint64_t) (**p - '0');
  }
  return true;
}

bool
name_parse (const char *name, uint64_t *ret_code)
{
  uint64_t time = 0, number = 0;
  const char *p = name;
  if (strncmp (p, PREFIX, sizeof PREFIX - 1))
    return false;
  p += sizeof PREFIX - 1;
  if (!take_digits (&p, 8, &time) || *p++ != '_' || !take_digits (&p, 6, &time))
    return false;
  if (*p == '_') {
    size_t digits = strspn (++p, "0123456789");
    if (digits < 2 || digits > 4 || (digits > 2 && *p == '0') || !take_digits (&p, (unsigned) digits, &number) || !number)
      return false;
  }
  if (strcmp (p, SUFFIX))
    return false;
  *ret_code = time * (NAME_LAST + 1) + number;
  return true;
}

void
name_of_code (uint64_t code, char ret[NAME_SIZE])
{
  unsigned number = (unsigned) (code % (NAME_LAST + 1));
  uint64_t time = code / (NAME_LAST + 1);
  char tail[8] = "";
  if (number)
    snprintf (tail, sizeof tail, "_%02u", number);
  snprintf (ret, NAME_SIZE, "%s%08u_%06u%s%s", PREFIX, (unsigned) (time / 1000000 % 100000000), (unsigned) (time % 1000000),
            tail, SUFFIX);
}
