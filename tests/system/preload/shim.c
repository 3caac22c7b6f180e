/* Preloaded into the daemon by system tests: moves its clocks, lets fsync fail, inotify fail or see nothing, and waitid or
 * waitpid see no end, and pread fail, as a small file says that the test changes meanwhile. KK_SHIM names it; 64-bit numbers:
 * the offset of the wall clock in ns, the errno of fsync and fdatasync (-1: they hang), which of two paces the clocks have,
 * whether waitpid sees no end, the errno of inotify_init1, that of inotify_add_watch, whether watches see nothing, and whether
 * waitid sees no end. From byte 64 on the name of the host, if it is to have one. From byte 384 on the two paces, three numbers
 * each: how many times faster all clocks run (0: as they do), since when (CLOCK_MONOTONIC in ns), and how far they were ahead
 * then. From byte 432 on the errno of pread of those files whose names end in the text that follows. With clocks that run
 * faster every wait is shorter. A pace that is in use is not changed; the other one is written first. */
#undef _FORTIFY_SOURCE /* with it the headers define some of these functions */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHIM __attribute__ ((visibility ("default")))

SHIM int clock_gettime (clockid_t clock, struct timespec *ret);
SHIM int gettimeofday (struct timeval *restrict ret, void *restrict zone);
SHIM time_t time (time_t *ret);
SHIM int fsync (int fd);
SHIM int fdatasync (int fd);
SHIM ssize_t pread (int fd, void *to, size_t size, off_t at);
SHIM ssize_t pread64 (int fd, void *to, size_t size, off_t at);
SHIM ssize_t __pread_chk (int fd, void *to, size_t size, off_t at, size_t room);
SHIM ssize_t __pread64_chk (int fd, void *to, size_t size, off_t at, size_t room);
SHIM int inotify_init1 (int flags);
SHIM int inotify_add_watch (int fd, const char *path, uint32_t mask);
SHIM int waitid (idtype_t type, id_t id, siginfo_t *ret, int options);
SHIM pid_t waitpid (pid_t pid, int *ret, int options);
SHIM int gethostname (char *name, size_t size);
SHIM int poll (struct pollfd *fds, nfds_t n, int ms);
SHIM int nanosleep (const struct timespec *time, struct timespec *left);
SHIM int timerfd_settime (int fd, int flags, const struct itimerspec *new, struct itimerspec *old);
SHIM int pthread_cond_timedwait (pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until);

static volatile int64_t *orders;

__attribute__ ((constructor)) static void
begin (void)
{
  const char *path = getenv ("KK_SHIM");
  int fd = path ? open (path, O_RDONLY | O_CLOEXEC) : -1;
  void *map = fd < 0 ? MAP_FAILED : mmap (NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
  if (fd >= 0)
    close (fd);
  if (map != MAP_FAILED)
    orders = map;
}

enum order { WALL, FSYNC, PACE, HELD, NO_INSTANCE, NO_WATCH, DEAF, ENDLESS, NAME = 64, PACES = 48, PREAD = 54, FILES = 440 };

static int64_t
to_ns (const struct timespec *t)
{
  return (int64_t) t->tv_sec * 1000000000 + t->tv_nsec;
}

static void
from_ns (struct timespec *ret, int64_t ns)
{
  ret->tv_sec = (time_t) (ns / 1000000000);
  ret->tv_nsec = (long) (ns % 1000000000);
}

struct pace {
  int64_t rate, since, ahead;
};

static struct pace
pace (void)
{
  struct pace p = {.rate = 1};
  if (orders) {
    const volatile int64_t *at = orders + PACES + (orders[PACE] ? 3 : 0);
    p = (struct pace){.rate = at[0] > 1 ? at[0] : 1, .since = at[1], .ahead = at[2]};
  }
  return p;
}

static int64_t
rate (void)
{
  return pace ().rate;
}

/* How far the clocks are ahead because they run, or ran, faster. */
static int64_t
ahead (void)
{
  const struct pace p = pace ();
  struct timespec now;
  if (p.rate == 1 || syscall (SYS_clock_gettime, CLOCK_MONOTONIC, &now) != 0)
    return p.ahead;
  return p.ahead + (to_ns (&now) - p.since) * (p.rate - 1);
}

/* When a time of the daemon's CLOCK_MONOTONIC comes. */
static int64_t
real (int64_t ns)
{
  const struct pace p = pace ();
  const int64_t left = ns - p.ahead - p.since;
  return p.since + (left > 0 ? left / p.rate : left);
}

int
clock_gettime (clockid_t clock, struct timespec *ret)
{
  if (syscall (SYS_clock_gettime, clock, ret) != 0)
    return -1;
  switch (clock) {
  case CLOCK_REALTIME:
  case CLOCK_REALTIME_COARSE:
    from_ns (ret, to_ns (ret) + ahead () + (orders ? orders[WALL] : 0));
    break;
  case CLOCK_MONOTONIC:
  case CLOCK_MONOTONIC_COARSE:
  case CLOCK_MONOTONIC_RAW:
  case CLOCK_BOOTTIME:
    from_ns (ret, to_ns (ret) + ahead ());
    break;
  default:
    break;
  }
  return 0;
}

int
gettimeofday (struct timeval *restrict ret, void *restrict zone)
{
  struct timespec now;
  (void) zone;
  if (clock_gettime (CLOCK_REALTIME, &now) != 0)
    return -1;
  ret->tv_sec = now.tv_sec;
  ret->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t
time (time_t *ret)
{
  struct timespec now;
  clock_gettime (CLOCK_REALTIME, &now);
  if (ret)
    *ret = now.tv_sec;
  return now.tv_sec;
}

/* A disk that hangs: until the test says otherwise. */
static void
hang (enum order order)
{
  const struct timespec little = {.tv_nsec = 5000000};
  while (orders && orders[order] < 0)
    syscall (SYS_nanosleep, &little, NULL);
}

static int
refuse (enum order order)
{
  if (!orders || !orders[order])
    return 0;
  errno = (int) orders[order];
  return -1;
}

int
fsync (int fd)
{
  hang (FSYNC);
  return refuse (FSYNC) ? -1 : (int) syscall (SYS_fsync, fd);
}

int
fdatasync (int fd)
{
  hang (FSYNC);
  return refuse (FSYNC) ? -1 : (int) syscall (SYS_fdatasync, fd);
}

static bool
is_meant (int fd)
{
  char link[64], name[4096];
  const char *end = (const char *) (uintptr_t) orders + FILES;
  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink (link, name, sizeof name);
  size_t wanted = strlen (end);
  return n >= (ssize_t) wanted && !memcmp (name + n - wanted, end, wanted);
}

ssize_t
pread (int fd, void *to, size_t size, off_t at)
{
  if (orders && orders[PREAD] && is_meant (fd))
    return refuse (PREAD);
  return preadv (fd, &(struct iovec){to, size}, 1, at);
}

/* The other names that glibc's headers have for it. */
ssize_t
pread64 (int fd, void *to, size_t size, off_t at)
{
  return pread (fd, to, size, at);
}

ssize_t
__pread_chk (int fd, void *to, size_t size, off_t at, size_t room)
{
  (void) room;
  return pread (fd, to, size, at);
}

ssize_t
__pread64_chk (int fd, void *to, size_t size, off_t at, size_t room)
{
  (void) room;
  return pread (fd, to, size, at);
}

int
inotify_init1 (int flags)
{
  return refuse (NO_INSTANCE) ? -1 : (int) syscall (SYS_inotify_init1, flags);
}

/* A deaf one watches what never goes. */
int
inotify_add_watch (int fd, const char *path, uint32_t mask)
{
  if (refuse (NO_WATCH))
    return -1;
  bool deaf = orders && orders[DEAF];
  return (int) syscall (SYS_inotify_add_watch, fd, deaf ? "/" : path, deaf ? (uint32_t) IN_DELETE_SELF : mask);
}

/* As for a process that hangs in the kernel, to whoever looks whether it has ended and does not wait for that. */
int
waitid (idtype_t type, id_t id, siginfo_t *ret, int options)
{
  if (!orders || !orders[ENDLESS] || !(options & WNOWAIT))
    return (int) syscall (SYS_waitid, type, id, ret, options, NULL);
  ret->si_pid = 0;
  return 0;
}

pid_t
waitpid (pid_t pid, int *ret, int options)
{
  return orders && orders[HELD] && (options & WNOHANG) ? 0 : (pid_t) syscall (SYS_wait4, pid, ret, options, NULL);
}

int
gethostname (char *name, size_t size)
{
  struct utsname system;
  const char *wanted = orders ? (const char *) (uintptr_t) orders + NAME : "";
  if (!*wanted && uname (&system) == 0)
    wanted = system.nodename;
  strncpy (name, wanted, size);
  return 0;
}

/* Milliseconds are few where clocks run fast: what is left of a wait is waited for, never nothing in a loop. */
int
poll (struct pollfd *fds, nfds_t n, int ms)
{
  struct timespec wait;
  from_ns (&wait, (int64_t) ms * 1000000 / rate ());
  return ppoll (fds, n, ms < 0 ? NULL : &wait, NULL);
}

int
nanosleep (const struct timespec *time, struct timespec *left)
{
  struct timespec wait;
  from_ns (&wait, to_ns (time) / rate ());
  int r = (int) syscall (SYS_nanosleep, &wait, left);
  if (left && r != 0)
    from_ns (left, to_ns (left) * rate ());
  return r;
}

int
timerfd_settime (int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
  struct itimerspec t;
  int64_t value = to_ns (&new->it_value);
  if (value > 0) {
    value = flags & TFD_TIMER_ABSTIME ? real (value) : value / rate ();
    value = value > 0 ? value : 1; /* past: at once; nothing would be off */
  }
  from_ns (&t.it_value, value);
  from_ns (&t.it_interval, to_ns (&new->it_interval) / rate ());
  return (int) syscall (SYS_timerfd_settime, fd, flags, &t, old);
}

/* The daemon's conditions wait by CLOCK_MONOTONIC. */
int
pthread_cond_timedwait (pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until)
{
  struct timespec t;
  from_ns (&t, real (to_ns (until)));
  return pthread_cond_clockwait (condition, lock, CLOCK_MONOTONIC, &t);
}
