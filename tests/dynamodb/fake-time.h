/* A clock that stands while anything runs, for many threads in one process: one of them runs at a time, and when it goes to
 * sleep the clock moves on to the earliest time at which another one is to wake up. So hours pass as fast as the work in them
 * can be done, everything happens in the order of its time, and the machine's speed changes nothing.
 *
 * The linker leads the program's own clock_gettime, pthread_create, pthread_cond_timedwait and pthread_cond_broadcast here
 * (--wrap); libraries keep the true ones. A thread also has a host name of its own, which it has from the thread that made it
 * (gethostname). */
#ifndef FAKE_TIME_H
#define FAKE_TIME_H

#include <stdint.h>

/* Begins at this time, which is also written into the file at once and whenever it changes, as 64-bit nanoseconds. The calling
 * thread is the one that runs. 0 or -errno; -ENOSYS: the linker did not lead clock_gettime here. */
int fake_time_begin (int64_t wall_ns, const char *file);
int64_t fake_time_now (void);
/* Lets the others run until then. */
void fake_time_sleep_until (int64_t wall_ns);
/* The calling thread's host name; the string is kept. */
void fake_time_host (const char *name);
#endif
