/* What recording costs at the least: four files of /proc kept open and read once a second, one formatted line, one write. The
 * daemon is measured against this, so it stays as small as it is. bare [FILE [MILLISECONDS]]: as often as that; the line ends with
 * how many times it was woken too late for the next one. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const files[] = {"/proc/stat", "/proc/meminfo", "/proc/loadavg", "/proc/net/dev"};
enum { FILES = sizeof files / sizeof files[0] };

static unsigned long long
number_after (const char *text, const char *name)
{
  const char *at = strstr (text, name);

  return at ? strtoull (at + strlen (name), NULL, 10) : 0;
}

static int64_t
now_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C (1000000000) + t.tv_nsec;
}

int
main (int argc, char **argv)
{
  static char text[FILES][1 << 16];
  int fd[FILES], out = open (argc > 1 ? argv[1] : "/dev/null", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  char line[512];
  const long ms = argc > 2 ? strtol (argv[2], NULL, 10) : 1000;
  const int64_t interval = (ms > 0 ? ms : 1) * INT64_C (1000000);
  unsigned long missed = 0;

  for (int i = 0; i < FILES; i++)
    if ((fd[i] = open (files[i], O_RDONLY | O_CLOEXEC)) < 0)
      out = -1;
  if (out < 0) {
    perror ("bare");
    return 1;
  }
  for (int64_t next = now_ns ();;) {
    for (int i = 0; i < FILES; i++) {
      ssize_t n = pread (fd[i], text[i], sizeof text[i] - 1, 0);
      text[i][n > 0 ? n : 0] = 0;
    }
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    int n = snprintf (line, sizeof line, "%lld.%03ld cpu %llu memory %llu load %.8s bytes %llu missed %lu\n", (long long) now.tv_sec,
                      now.tv_nsec / 1000000, number_after (text[0], "cpu "), number_after (text[1], "MemAvailable:"), text[2],
                      number_after (text[3], "lo:"), missed);
    if (write (out, line, (size_t) n) != n)
      return 1;
    int64_t late = now_ns () - next;
    missed += (unsigned long) (late / interval);
    next += (late / interval + 1) * interval;
    struct timespec until = {.tv_sec = next / 1000000000, .tv_nsec = next % 1000000000};
    while (clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
      ;
  }
}
