/* The program that the processes of isolated plugins run. */
#ifndef ISOLATE_PROGRAM_H
#define ISOLATE_PROGRAM_H

#include <stddef.h>

enum { PROGRAM_PATH = 4096, PROGRAM_ENVIRONMENT = 32 };

/* Where it is: told by the environment (the build tree's tests), or as path_own_program finds it. */
void program_find (char *path, size_t size);
/* The daemon's environment may hold secrets; a plugin gets what programs need to run at all. `to` has room for
 * PROGRAM_ENVIRONMENT + 1, and points into the daemon's own afterwards. */
void program_environment (char **to);
#endif
