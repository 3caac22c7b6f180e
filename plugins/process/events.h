/* What the kernel's process connector tells: which processes ran another program or changed their name. It needs the host's
 * own namespaces, and CAP_NET_ADMIN before Linux 6.6. */
#ifndef PROCESS_EVENTS_H
#define PROCESS_EVENTS_H

#include "proc.h"

/* 0 and a descriptor in *ret, or -errno: -EOPNOTSUPP when the kernel lets us listen but tells nothing (a container). */
int events_open (int *ret);
void events_close (int fd); /* -1 is fine */
/* Adds the PIDs that something happened to (not sorted, some twice). 0; -ENOBUFS: some were lost; other -errno: it is broken.
 */
int events_take (int fd, struct pid_list *list);
#endif
