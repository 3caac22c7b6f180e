/* The system calls that a process which is held in cannot make: seccomp. */
#ifndef CALLS_H
#define CALLS_H

#include "sandbox.h"

/* Refuses them to this process, of one thread, and to all that it starts, for good; it must not be able to get new privileges.
 * truncation_seen: something else (landlock since Linux 6.2) sees what a file that is not open for writing is cut by. Whether
 * it is in force: a kernel or build may lack it. */
bool calls_refuse (const struct sandbox *s, bool truncation_seen);
#endif
