/* Preloaded into the daemon by system tests: moves its wall clock and lets fsync fail, as a small file says that the test
 * changes meanwhile. KK_SHIM names it: two 64-bit numbers, the offset of the wall clock in ns and the errno of fsync and
 * fdatasync. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SHIM __attribute__ ((visibility ("default")))

SHIM int clock_gettime (clockid_t clock, struct timespec *ret);
SHIM int gettimeofday (struct timeval *restrict ret, void *restrict zone);
SHIM time_t time (time_t *ret);
SHIM int fsync (int fd);
SHIM int fdatasync (int fd);

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

int
clock_gettime (clockid_t clock, struct timespec *ret)
{
  if (syscall (SYS_clock_gettime, clock, ret) != 0)
    return -1;
  if (orders && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t ns = (int64_t) ret->tv_sec * 1000000000 + ret->tv_nsec + orders[0];
    ret->tv_sec = (time_t) (ns / 1000000000);
    ret->tv_nsec = (long) (ns % 1000000000);
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

static int
refuse (void)
{
  if (!orders || !orders[1])
    return 0;
  errno = (int) orders[1];
  return -1;
}

int
fsync (int fd)
{
  return refuse () ? -1 : (int) syscall (SYS_fsync, fd);
}

int
fdatasync (int fd)
{
  return refuse () ? -1 : (int) syscall (SYS_fdatasync, fd);
}
