#ifndef START_H
#define START_H

#include "cli/launch.h"

/* A path that stays right when the working directory changes; the caller's to free; NULL with errno set. */
char *start_absolute (const char *path);
#endif
