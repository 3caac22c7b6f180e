#include "program.h"

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
  ssize_t n = readlink ("/proc/self/exe", path, size - 64);
  char *slash = n > 0 ? memrchr (path, '/', (size_t) n) : NULL;
  static const char *const beside[] = {"kode-kronical-plugin-host", "../libexec/kode-kronical/kode-kronical-plugin-host"};
  for (size_t i = 0; slash && i < 2; i++) {
    strcpy (slash + 1, beside[i]);
    if (access (path, X_OK) == 0)
      return;
  }
  snprintf (path, size, "%s", LIBEXEC_DIR "/kode-kronical-plugin-host");
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
