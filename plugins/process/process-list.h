/* The tracked processes themselves: reading them, adding, removing. */
#ifndef PROCESS_LIST_H
#define PROCESS_LIST_H

#include "watch.h"

struct process *watch_find (const struct watch *w, uint32_t pid);
/* Reads all that are tracked. Those that are gone, or whose PID is another process now, are removed and may be found anew. */
void watch_refresh (struct watch *w);
/* Tracks a process from now on, or gives one that is tracked a new name and command line. 0, -ESRCH when it is gone, -errno. */
int watch_keep (struct watch *w, uint32_t pid, const char *name, size_t name_length, const char *command,
                size_t command_length);
void watch_remove (struct watch *w, struct process *p);
#endif
