#include "clock-step.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BOOT_ID = 36, TEXT = 128 };
/* Less than that is the clock being kept right. */
static const int64_t LEAST_NS = INT64_C (60000000000);
static const int64_t SECOND_NS = 1000000000;
/* A wall clock before 2020 has not been set: nothing is to be measured against it. */
static const int64_t PLAUSIBLE_NS = INT64_C (1577836800000000000);

struct base {
  char boot[BOOT_ID + 1];
  int64_t wall_ns;
  int64_t boot_ns; /* the clock that goes on in suspend */
};

static bool
read_small (int directory, const char *path, char text[TEXT])
{
  int fd = openat (directory, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return false;
  ssize_t n = read (fd, text, TEXT - 1);
  close (fd);
  text[n > 0 ? n : 0] = 0;
  return n > 0;
}

static int64_t
clock_ns (clockid_t clock)
{
  struct timespec t = {0};
  clock_gettime (clock, &t);
  return (int64_t) t.tv_sec * SECOND_NS + t.tv_nsec;
}

static bool
base_now (struct base *b)
{
  char text[TEXT];
  if (!read_small (AT_FDCWD, "/proc/sys/kernel/random/boot_id", text) || strlen (text) < BOOT_ID)
    return false;
  *b = (struct base){.wall_ns = clock_ns (CLOCK_REALTIME), .boot_ns = clock_ns (CLOCK_BOOTTIME)};
  memcpy (b->boot, text, BOOT_ID);
  return true;
}

static void
base_write (int directory, const struct base *b)
{
  char text[TEXT];
  int n = snprintf (text, sizeof text, "%s %" PRId64 " %" PRId64 "\n", b->boot, b->wall_ns, b->boot_ns);
  int fd = openat (directory, "clock", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return;
  /* Half a line is no line of this boot, and is written anew at the next start. */
  if (write (fd, text, (size_t) n) != n && ftruncate (fd, 0) != 0)
    unlinkat (directory, "clock", 0);
  close (fd);
}

int64_t
clock_step (int directory)
{
  char text[TEXT];
  struct base now, then = {0};
  if (!base_now (&now))
    return 0;
  bool known = read_small (directory, "clock", text)
               && sscanf (text, "%36s %" SCNd64 " %" SCNd64, then.boot, &then.wall_ns, &then.boot_ns) == 3
               && !strcmp (then.boot, now.boot);
  if (!known || (then.wall_ns < PLAUSIBLE_NS && now.wall_ns >= PLAUSIBLE_NS)) {
    base_write (directory, &now);
    return 0;
  }
  int64_t moved = (now.wall_ns - then.wall_ns) - (now.boot_ns - then.boot_ns);
  return moved >= LEAST_NS ? moved : 0;
}
