#include "trust.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
trust_check (const char *path, char **reason)
{
  char directory[4096 + 80];
  const char *slash = strrchr (path, '/');
  size_t n = slash ? (size_t) (slash - path) : 0;
  if (geteuid () != 0)
    return 0;
  snprintf (directory, sizeof directory, "%.*s", n ? (int) n : 1, n ? path : slash ? "/" : ".");
  const char *const both[] = {path, directory};
  struct stat st;
  for (size_t i = 0; i < 2; i++)
    if (stat (both[i], &st) == 0 && (st.st_uid != 0 || (st.st_mode & 022))) {
      if (asprintf (reason,
                    "%s is refused: users other than root can change %s; make it root's: chown root '%s'; chmod go-w '%s'",
                    path, i ? directory : "it", both[i], both[i])
          < 0)
        *reason = NULL;
      return -EPERM;
    }
  return 0;
}
