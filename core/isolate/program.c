#include "program.h"

#include "path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
program_find (char *path, size_t size)
{
  const char *told = getenv ("KODE_KRONICAL_PLUGIN_HOST");
  if (told && *told == '/') {
    snprintf (path, size, "%s", told);
    return;
  }
  path_own_program ("kode-kronical-plugin-host", LIBEXEC_DIR, path, size);
}

void
program_environment (char **to)
{
  static const char *const names[] = {
    "PATH=",         "HOME=",          "LANG=",         "LC_",          "TZ=", "TMPDIR=", "LD_LIBRARY_PATH=",
    "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS=", "LSAN_OPTIONS="};
  size_t n = 0;
  for (char **e = environ; e && *e && n < PROGRAM_ENVIRONMENT; e++)
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
      if (!strncmp (*e, names[i], strlen (names[i]))) {
        to[n++] = *e;
        break;
      }
  to[n] = NULL;
}
