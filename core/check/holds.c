/* What this process holds: memory, descriptors, threads. */
#include <config.h>

#include "check/stand.h"

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* There with AddressSanitizer, whose memory malloc's own statistics do not know. */
extern size_t __sanitizer_get_current_allocated_bytes (void) __attribute__ ((weak));

static uint64_t
heap_bytes (void)
{
  if (__sanitizer_get_current_allocated_bytes)
    return __sanitizer_get_current_allocated_bytes ();
#if defined __GLIBC__
#if __GLIBC_PREREQ(2, 33)
  struct mallinfo2 m = mallinfo2 ();
  return m.uordblks + m.hblkhd;
#else
  struct mallinfo m = mallinfo ();
  return (uint64_t) (unsigned) m.uordblks + (unsigned) m.hblkhd;
#endif
#else
  return 0;
#endif
}

static uint32_t
count_entries (const char *path)
{
  uint32_t n = 0;
  DIR *dir = opendir (path);
  for (const struct dirent *e; dir && (e = readdir (dir));)
    n += *e->d_name != '.';
  if (dir)
    closedir (dir);
  return n;
}

static uint32_t
count_descriptors (void)
{
  enum { MOST = 1 << 16 };
  uint32_t n = count_entries ("/proc/self/fd");
  struct rlimit limit;
  if (n || getrlimit (RLIMIT_NOFILE, &limit))
    return n;
  for (int fd = 0; fd < MOST && (rlim_t) fd < limit.rlim_cur; fd++) /* none is left to look there with */
    n += fcntl (fd, F_GETFD) >= 0;
  return n;
}

struct holds
holds_now (void)
{
  return (struct holds){
    .descriptors = count_descriptors (), .threads = count_entries ("/proc/self/task"), .heap = heap_bytes ()};
}

struct holds
holds_settled (const struct holds *wanted)
{
  struct holds now = holds_now ();
  for (int i = 0; i < 50 && (now.threads > wanted->threads || now.descriptors > wanted->descriptors); i++) {
    nanosleep (&(struct timespec){.tv_nsec = 10000000}, NULL);
    now = holds_now ();
  }
  return now;
}
