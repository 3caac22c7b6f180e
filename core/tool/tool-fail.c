#include "tool-fail.h"

#include <stdarg.h>
#include <stdio.h>

int
tool_fail_as (const char *name, int r, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  fprintf (stderr, "%s: ", name);
  vfprintf (stderr, format, args);
  fputc ('\n', stderr);
  va_end (args);
  return r;
}

int
tool_misused_as (const char *name, int r, const char *what)
{
  return tool_fail_as (name, r, "%s\nTry: %s --help", what, name);
}
