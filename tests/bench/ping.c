/* What it costs at the least to have another process do nothing and wait for it: ping INTERVAL_MS TURNS. By turns nothing is
 * done, or a byte goes there and back through a socket, a pair of eventfds or a futex; prints the middle of the CPU that each
 * takes, of both processes together, beyond doing nothing. */
#include <errno.h>
#include <linux/futex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NOTHING, SOCKET, EVENTFD, FUTEX, KINDS, MAX_TURNS = 100000 };
static const char *const names[KINDS] = {"nothing", "socket", "eventfd", "futex"};

struct peer {
  pid_t pid;
  clockid_t clock; /* its CPU */
  int to[2], from[2];
  uint32_t *words; /* shared: what was asked, what was answered */
};

static void
futex_wait (uint32_t *word, uint32_t last)
{
  while (__atomic_load_n (word, __ATOMIC_ACQUIRE) == last)
    syscall (SYS_futex, word, FUTEX_WAIT, last, NULL, NULL, 0);
}

static void
futex_post (uint32_t *word, uint32_t value)
{
  __atomic_store_n (word, value, __ATOMIC_RELEASE);
  syscall (SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static int
answer (const struct peer *p, int kind)
{
  uint64_t word;
  char byte;
  if (kind == SOCKET)
    while (recv (p->to[1], &byte, 1, 0) == 1 && send (p->to[1], &byte, 1, MSG_NOSIGNAL) == 1)
      continue;
  else if (kind == EVENTFD)
    while (read (p->to[0], &word, sizeof word) == sizeof word && write (p->from[0], &word, sizeof word) == sizeof word)
      continue;
  for (uint32_t n = 0; kind == FUTEX;) {
    futex_wait (p->words, n++);
    futex_post (p->words + 1, n);
  }
  return 1;
}

static int
ask (const struct peer *p, int kind)
{
  uint64_t word = 1;
  char byte = 1;
  if (kind == SOCKET)
    return send (p->to[0], &byte, 1, MSG_NOSIGNAL) == 1 && recv (p->to[0], &byte, 1, 0) == 1;
  if (kind == EVENTFD)
    return write (p->to[0], &word, sizeof word) == sizeof word && read (p->from[0], &word, sizeof word) == sizeof word;
  uint32_t n = p->words[0];
  futex_post (p->words, n + 1);
  futex_wait (p->words + 1, n);
  return 1;
}

static int
start (struct peer *p, int kind)
{
  pid_t parent = getpid ();
  if (kind == SOCKET && socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p->to))
    return 0;
  if (kind == EVENTFD && ((p->to[0] = eventfd (0, EFD_CLOEXEC)) < 0 || (p->from[0] = eventfd (0, EFD_CLOEXEC)) < 0))
    return 0;
  p->words = mmap (NULL, 2 * sizeof *p->words, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (p->words == MAP_FAILED || (p->pid = fork ()) < 0)
    return 0;
  if (!p->pid) {
    prctl (PR_SET_PDEATHSIG, 9);
    _exit (getppid () == parent ? answer (p, kind) : 1);
  }
  return clock_getcpuclockid (p->pid, &p->clock) == 0;
}

static int64_t
read_clock (clockid_t clock)
{
  struct timespec t = {0};
  clock_gettime (clock, &t);
  return t.tv_sec * INT64_C (1000000000) + t.tv_nsec;
}

static int
compare (const void *a, const void *b)
{
  int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
  return (x > y) - (x < y);
}

int
main (int argc, char **argv)
{
  static struct peer peers[KINDS];
  static int64_t cpu[KINDS][MAX_TURNS];
  int64_t interval = argc == 3 ? atoll (argv[1]) * 1000000 : 0, turns = argc == 3 ? atoll (argv[2]) : 0;
  if (interval <= 0 || turns <= 0 || turns > MAX_TURNS) {
    fputs ("usage: ping INTERVAL_MS TURNS\n", stderr);
    return 2;
  }
  for (int kind = SOCKET; kind < KINDS; kind++)
    if (!start (peers + kind, kind)) {
      perror ("ping");
      return 1;
    }
  int64_t next = read_clock (CLOCK_MONOTONIC);
  for (int64_t i = 0; i < turns * KINDS; i++) {
    int kind = (int) (i % KINDS);
    const struct peer *p = peers + kind;
    clockid_t other = p->pid ? p->clock : peers[SOCKET].clock;
    int64_t before = read_clock (CLOCK_PROCESS_CPUTIME_ID) + read_clock (other);
    next += interval;
    struct timespec until = {.tv_sec = next / 1000000000, .tv_nsec = next % 1000000000};
    while (clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
      ;
    if (kind != NOTHING && !ask (p, kind))
      return 1;
    nanosleep (&(struct timespec){.tv_nsec = interval / 4}, NULL); /* until the other one sleeps again */
    cpu[kind][i / KINDS] = read_clock (CLOCK_PROCESS_CPUTIME_ID) + read_clock (other) - before;
  }
  for (int kind = 0; kind < KINDS; kind++)
    qsort (cpu[kind], (size_t) turns, sizeof cpu[kind][0], compare);
  printf ("{");
  for (int kind = SOCKET; kind < KINDS; kind++)
    printf ("%s\"%s\": %.1f", kind > SOCKET ? ", " : "", names[kind],
            (double) (cpu[kind][turns / 2] - cpu[NOTHING][turns / 2]) / 1000);
  puts ("}");
  return 0;
}
