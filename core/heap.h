/* The allocator of a process that runs for months: what is resident should be little more than what is used. */
#ifndef HEAP_H
#define HEAP_H

#include <stdint.h>

/* Before any thread is made. */
void heap_set_up (void);
/* Gives the system back what is free, at most once a minute; *last_s (0 at first) is when that was done. Any thread. */
void heap_tend (int64_t *last_s);
#endif
