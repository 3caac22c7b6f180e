#include "parse.h"

#include <errno.h>
#include <string.h>

#define KERNEL_NAME  15 /* bytes of a name that the kernel keeps */
#define LONGEST_NAME 255

/* The number after blanks. Moves *p behind it. */
static bool
number (const char **p, const char *end, uint64_t *ret)
{
  const char *at = *p;
  while (at < end && (*at == ' ' || *at == '\t'))
    at++;
  const char *start = at;
  uint64_t value = 0;
  for (; at < end && *at >= '0' && *at <= '9'; at++) {
    uint64_t digit = (uint64_t) (*at - '0');
    if (value > (UINT64_MAX - digit) / 10)
      return false;
    value = value * 10 + digit;
  }
  if (at == start)
    return false;
  *p = at;
  *ret = value;
  return true;
}

/* Passes over n words. */
static bool
skip (const char **p, const char *end, unsigned n)
{
  const char *at = *p;
  for (; n > 0; n--) {
    while (at < end && *at == ' ')
      at++;
    if (at == end)
      return false;
    while (at < end && *at != ' ')
      at++;
  }
  *p = at;
  return true;
}

int
parse_stat (const char *text, size_t length, struct pid_stat *ret)
{
  const char *end = text + length;
  const char *open = length ? memchr (text, '(', length) : NULL;
  const char *close = length ? memrchr (text, ')', length) : NULL;
  if (!open || !close || close < open || end - close < 4)
    return -EINVAL;
  struct pid_stat s = {.comm = open + 1, .comm_length = (size_t) (close - open - 1), .state = close[2]};
  const char *p = close + 3;
  uint64_t user, system;
  /* ppid pgrp session tty tpgid flags, then the faults of this process and of its waited-for children in turn */
  if (!skip (&p, end, 6) || !number (&p, end, &s.minor_faults) || !skip (&p, end, 1) || !number (&p, end, &s.major_faults)
      || !skip (&p, end, 1) || !number (&p, end, &user) || !number (&p, end, &system)
      || !skip (&p, end, 4) /* children's times, priority, nice */
      || !number (&p, end, &s.threads) || !skip (&p, end, 1) || !number (&p, end, &s.start_ticks)
      || !number (&p, end, &s.vsize))
    return -EINVAL;
  if (!number (&p, end, &s.rss_pages))
    s.rss_pages = 0; /* some kernels' counters were seen below zero */
  if (__builtin_add_overflow (user, system, &s.cpu_ticks))
    return -EINVAL;
  *ret = s;
  return 0;
}

int
parse_statm (const char *text, size_t length, uint64_t *ret_size, uint64_t *ret_resident)
{
  const char *p = text, *end = text + length;
  uint64_t size, resident;
  if (!number (&p, end, &size) || !number (&p, end, &resident))
    return -EINVAL;
  *ret_size = size;
  *ret_resident = resident;
  return 0;
}

/* Where the value of the line that begins with `key` is, or NULL. */
static const char *
find_line (const char *text, size_t length, const char *key)
{
  size_t n = strlen (key);
  for (const char *p = text, *end = text + length; p < end;) {
    if ((size_t) (end - p) > n && memcmp (p, key, n) == 0)
      return p + n;
    const char *newline = memchr (p, '\n', (size_t) (end - p));
    if (!newline)
      break;
    p = newline + 1;
  }
  return NULL;
}

static int
line_number (const char *text, size_t length, const char *key, uint64_t *ret)
{
  const char *p = find_line (text, length, key);
  return p && number (&p, text + length, ret) ? 0 : -EINVAL;
}

int
parse_io (const char *text, size_t length, struct pid_io *ret)
{
  struct pid_io io;
  if (line_number (text, length, "read_bytes:", &io.read_bytes) < 0
      || line_number (text, length, "write_bytes:", &io.write_bytes) < 0)
    return -EINVAL;
  *ret = io;
  return 0;
}

int
parse_uid (const char *text, size_t length, uint32_t *ret)
{
  uint64_t real, effective;
  const char *p = find_line (text, length, "Uid:"), *end = text + length;
  if (!p || !number (&p, end, &real) || !number (&p, end, &effective) || effective > UINT32_MAX)
    return -EINVAL;
  *ret = (uint32_t) effective;
  return 0;
}

int
parse_btime (const char *text, size_t length, uint64_t *ret)
{
  return line_number (text, length, "btime ", ret);
}

uint32_t
parse_pid (const char *text)
{
  uint32_t pid = 0;
  if (*text < '1' || *text > '9')
    return 0;
  for (; *text; text++) {
    if (*text < '0' || *text > '9' || pid > (INT32_MAX - 9) / 10)
      return 0;
    pid = pid * 10 + (uint32_t) (*text - '0');
  }
  return pid;
}

uint32_t
parse_pid_file (const char *text, size_t length)
{
  const char *p = text, *end = text + length;
  uint64_t pid;
  if (!number (&p, end, &pid) || pid > INT32_MAX || (p < end && *p != ' ' && *p != '\t' && *p != '\n' && *p != '\r'))
    return 0;
  return (uint32_t) pid;
}

size_t
join_arguments (char *text, size_t length)
{
  /* A process that writes a title over its arguments leaves a tail of zeros. */
  while (length > 0 && text[length - 1] == '\0')
    length--;
  for (size_t i = 0; i < length; i++)
    if (text[i] == '\0')
      text[i] = ' ';
  return length;
}

const char *
full_name (const char *name, size_t length, const char *arguments, size_t arguments_length, size_t *ret_length)
{
  *ret_length = length;
  if (length < KERNEL_NAME || arguments_length == 0)
    return name;
  const char *zero = memchr (arguments, '\0', arguments_length);
  size_t first = zero ? (size_t) (zero - arguments) : arguments_length;
  const char *slash = memrchr (arguments, '/', first);
  const char *base = slash ? slash + 1 : arguments;
  size_t base_length = first - (size_t) (base - arguments);
  if (base_length <= length || base_length > LONGEST_NAME || memcmp (base, name, length) != 0)
    return name;
  *ret_length = base_length;
  return base;
}

const char *
status_word (char state)
{
  switch (state) {
  case 'R':
    return "running";
  case 'S':
    return "sleeping";
  case 'D':
    return "disk-sleep";
  case 'T':
    return "stopped";
  case 't':
    return "tracing-stop";
  case 'Z':
    return "zombie";
  case 'X':
  case 'x':
    return "dead";
  case 'I':
    return "idle";
  case 'K':
    return "wake-kill";
  case 'W':
    return "waking";
  case 'P':
    return "parked";
  default:
    return "unknown";
  }
}
