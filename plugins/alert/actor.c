#include "actor.h"

#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { MOST_WAITING = 1000, STACK = 256 << 10 };
static const int64_t SECOND_NS = 1000000000;

struct actor {
  struct kk_instance *self;
  const struct options *options;
  pthread_t thread;
  struct runner runner;
  int file_error; /* as it was said */
  bool torn;      /* the last line in the file may be half a one */
  uint64_t not_run;
  pthread_mutex_t lock; /* guards what follows */
  pthread_cond_t changed;
  struct notice *first, *last;
  uint32_t waiting;
  uint64_t told, dropped;
  bool ending;
  int64_t end_ns;
};

static int64_t
mono_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * SECOND_NS + t.tv_nsec;
}

/* ---- The file ---- */

/* Opened each time: whoever rotates it moves it away. A pipe that nobody reads must not hold anything up, and as root nobody
 * else's link leads anywhere. */
static int
open_file (const char *path)
{
  struct stat st;
  int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (geteuid () ? 0 : O_NOFOLLOW), 0640);
  if (fd < 0)
    return -errno;
  if (!fstat (fd, &st) && (S_ISREG (st.st_mode) || S_ISFIFO (st.st_mode)))
    return fd;
  close (fd);
  return -ENOTSUP;
}

/* One line in one write, so that several writers do not mix theirs. */
static int
append (struct actor *a, const char *line)
{
  int fd = open_file (a->options->file);
  if (fd < 0)
    return fd;
  struct iovec parts[] = {
    {(void *) (uintptr_t) "\n", a->torn}, {(void *) (uintptr_t) line, strlen (line)}, {(void *) (uintptr_t) "\n", 1}};
  ssize_t wrote = writev (fd, parts, 3);
  int r = wrote < 0 ? -errno : (size_t) wrote == parts[0].iov_len + parts[1].iov_len + 1 ? 0 : -ENOSPC;
  a->torn = r && (wrote > 0 || a->torn);
  close (fd);
  return r;
}

static void
write_file (struct actor *a, const struct notice *n)
{
  if (!*a->options->file)
    return;
  int r = append (a, n->json);
  if (r && r != a->file_error)
    kk_error (a->self, "%s cannot be written, and messages are missing in it: %s", a->options->file, strerror (-r));
  else if (!r && a->file_error)
    kk_info (a->self, "%s is written again", a->options->file);
  a->file_error = r;
}

/* ---- The thread ---- */

static struct notice *
take (struct actor *a)
{
  struct notice *n = a->first;
  if (n) {
    a->first = n->next;
    a->last = a->first ? a->last : NULL;
    a->waiting--;
  }
  return n;
}

/* With the lock held: until there is something to do, or that time. */
static void
sleep_until (struct actor *a, int64_t until_ns)
{
  if (until_ns == INT64_MAX) {
    pthread_cond_wait (&a->changed, &a->lock);
    return;
  }
  struct timespec t = {.tv_sec = until_ns / SECOND_NS, .tv_nsec = until_ns % SECOND_NS};
  pthread_cond_timedwait (&a->changed, &a->lock, &t);
}

static void
show (struct actor *a)
{
  kk_status (a->self, "messages", "%" PRIu64 " told, %u wait%s", a->told, a->waiting, a->dropped ? ", some dropped" : "");
  if (a->runner.argv)
    kk_status (a->self, "commands", "%" PRIu64 " run, %" PRIu64 " failed, %" PRIu64 " took too long, %u run now",
               a->runner.started, a->runner.failed, a->runner.ended, a->runner.n);
}

/* Whether it is time to go: nothing is left to be done, or the patience is over. */
static bool
is_over (const struct actor *a)
{
  return a->ending && ((!a->first && !a->runner.n) || mono_ns () >= a->end_ns);
}

/* With the lock held: the next message, or NULL when it is over. Takes note of programs that end meanwhile. */
static struct notice *
wait_for_one (struct actor *a)
{
  for (;;) {
    int64_t look_ns = runner_look (&a->runner, mono_ns ());
    if (is_over (a))
      return NULL;
    if (a->first)
      return take (a);
    sleep_until (a, a->ending && a->end_ns < look_ns ? a->end_ns : look_ns);
  }
}

static void *
run (void *arg)
{
  struct actor *a = arg;
  struct notice *n;
  prctl (PR_SET_NAME, "kk-alert");
  pthread_mutex_lock (&a->lock);
  while ((n = wait_for_one (a))) {
    pthread_mutex_unlock (&a->lock);
    write_file (a, n);
    pthread_mutex_lock (&a->lock);
    while (runner_is_full (&a->runner) && !is_over (a))
      sleep_until (a, runner_look (&a->runner, mono_ns ()));
    a->not_run += runner_is_full (&a->runner);
    if (!runner_is_full (&a->runner))
      runner_start (&a->runner, n->env, mono_ns ());
    a->told++;
    notice_free (n);
    show (a);
  }
  pthread_mutex_unlock (&a->lock);
  return NULL;
}

int
actor_new (struct kk_instance *self, const struct options *options, struct actor **ret)
{
  struct actor *a = calloc (1, sizeof *a);
  sigset_t all, before;
  pthread_attr_t thread;
  pthread_condattr_t clock;
  if (!a)
    return -ENOMEM;
  a->self = self;
  a->options = options;
  int r = runner_init (&a->runner, self, &options->command, options->command_timeout_ns, (uint32_t) options->commands_at_once);
  if (r) {
    runner_free (&a->runner);
    free (a);
    return r;
  }
  pthread_mutex_init (&a->lock, NULL);
  pthread_condattr_init (&clock);
  pthread_condattr_setclock (&clock, CLOCK_MONOTONIC);
  pthread_cond_init (&a->changed, &clock);
  pthread_condattr_destroy (&clock);
  sigfillset (&all);
  pthread_attr_init (&thread);
  pthread_attr_setstacksize (&thread, STACK);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  r = -pthread_create (&a->thread, &thread, run, a);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  pthread_attr_destroy (&thread);
  if (r) {
    runner_free (&a->runner);
    free (a);
    return r;
  }
  *ret = a;
  return 0;
}

int
actor_tell (struct actor *a, struct notice *n)
{
  pthread_mutex_lock (&a->lock);
  bool full = a->waiting >= MOST_WAITING;
  if (full)
    a->dropped++;
  else {
    n->next = NULL;
    *(a->last ? &a->last->next : &a->first) = n;
    a->last = n;
    a->waiting++;
    pthread_cond_signal (&a->changed);
  }
  pthread_mutex_unlock (&a->lock);
  if (full)
    notice_free (n);
  return full ? -ENOBUFS : 0;
}

void
actor_free (struct actor *a, int64_t patience_ns)
{
  if (!a)
    return;
  pthread_mutex_lock (&a->lock);
  a->ending = true;
  a->end_ns = mono_ns () + patience_ns;
  pthread_cond_signal (&a->changed);
  pthread_mutex_unlock (&a->lock);
  pthread_join (a->thread, NULL);
  for (struct notice *n; (n = take (a)); notice_free (n)) {
    write_file (a, n);
    a->not_run += a->runner.argv != NULL;
  }
  if (a->not_run || a->runner.n)
    kk_warn (a->self, "at the end %" PRIu64 " message%s no command any more, and %u command%s ended before time", a->not_run,
             a->not_run == 1 ? " got" : "s got", a->runner.n, a->runner.n == 1 ? " was" : "s were");
  runner_free (&a->runner);
  pthread_cond_destroy (&a->changed);
  pthread_mutex_destroy (&a->lock);
  free (a);
}
