#include "fake-time.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const int64_t SECOND_NS = 1000000000;

int __real_pthread_create (pthread_t *ret, const pthread_attr_t *attributes, void *(*run) (void *), void *arg);
int __wrap_pthread_create (pthread_t *ret, const pthread_attr_t *attributes, void *(*run) (void *), void *arg);
int __wrap_clock_gettime (clockid_t clock, struct timespec *ret);
int __wrap_pthread_cond_timedwait (pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until);
int __wrap_pthread_cond_broadcast (pthread_cond_t *condition);
int __wrap_gethostname (char *name, size_t size);

/* A thread that waits for its turn. */
struct sleeper {
  struct sleeper *next;
  const pthread_cond_t *on; /* what wakes it before its time; NULL: nothing */
  int64_t due_ns;
  bool woken, turn;
  pthread_cond_t go;
};

struct start {
  void *(*run) (void *);
  void *arg;
  const char *host;
  struct sleeper sleeper;
};

static struct {
  pthread_mutex_t lock;
  int64_t now_ns;
  volatile int64_t *shown;
  struct sleeper *sleepers; /* those that went to sleep first come first */
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};
static _Thread_local const char *host = "unknown";

static int64_t
to_ns (const struct timespec *t)
{
  return (int64_t) t->tv_sec * SECOND_NS + t->tv_nsec;
}

/* ---- Turns ---- */

static void
set_time (int64_t ns)
{
  all.now_ns = ns;
  *all.shown = ns;
}

static void
lie_down (struct sleeper *s)
{
  struct sleeper **end = &all.sleepers;
  while (*end)
    end = &(*end)->next;
  s->next = NULL;
  *end = s;
}

static void
get_up (const struct sleeper *s)
{
  struct sleeper **at = &all.sleepers;
  while (*at != s)
    at = &(*at)->next;
  *at = s->next;
}

/* The turn goes to whoever is to wake up first. */
static void
pass_on (void)
{
  struct sleeper *first = all.sleepers;
  for (struct sleeper *s = first; s; s = s->next)
    if (s->due_ns < first->due_ns)
      first = s;
  if (!first)
    return;
  if (first->due_ns > all.now_ns)
    set_time (first->due_ns);
  first->turn = true;
  pthread_cond_signal (&first->go);
}

static void
wait_for_turn (struct sleeper *s)
{
  while (!s->turn)
    pthread_cond_wait (&s->go, &all.lock);
  get_up (s);
}

/* Whether it was woken before its time. */
static bool
rest_until (int64_t ns, const pthread_cond_t *on)
{
  struct sleeper me = {.on = on, .due_ns = ns, .go = PTHREAD_COND_INITIALIZER};
  pthread_mutex_lock (&all.lock);
  lie_down (&me);
  pass_on ();
  wait_for_turn (&me);
  pthread_mutex_unlock (&all.lock);
  pthread_cond_destroy (&me.go);
  return me.woken;
}

/* ---- What the program calls ---- */

int
__wrap_clock_gettime (clockid_t clock, struct timespec *ret)
{
  (void) clock;
  int64_t now = fake_time_now ();
  *ret = (struct timespec){.tv_sec = (time_t) (now / SECOND_NS), .tv_nsec = (long) (now % SECOND_NS)};
  return 0;
}

int
__wrap_pthread_cond_timedwait (pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until)
{
  pthread_mutex_unlock (lock);
  bool woken = rest_until (to_ns (until), condition);
  pthread_mutex_lock (lock);
  return woken ? 0 : ETIMEDOUT;
}

int
__wrap_pthread_cond_broadcast (pthread_cond_t *condition)
{
  pthread_mutex_lock (&all.lock);
  for (struct sleeper *s = all.sleepers; s; s = s->next)
    if (s->on == condition && !s->woken && s->due_ns > all.now_ns) {
      s->woken = true;
      s->due_ns = all.now_ns;
    }
  pthread_mutex_unlock (&all.lock);
  return 0;
}

static void *
begin (void *arg)
{
  struct start *start = arg;
  host = start->host;
  pthread_mutex_lock (&all.lock);
  wait_for_turn (&start->sleeper);
  pthread_mutex_unlock (&all.lock);
  void *ret = start->run (start->arg);
  pthread_cond_destroy (&start->sleeper.go);
  free (start);
  pthread_mutex_lock (&all.lock);
  pass_on ();
  pthread_mutex_unlock (&all.lock);
  return ret;
}

int
__wrap_pthread_create (pthread_t *ret, const pthread_attr_t *attributes, void *(*run) (void *), void *arg)
{
  struct start *start = malloc (sizeof *start);
  if (!start)
    return EAGAIN;
  *start = (struct start){.run = run, .arg = arg, .host = host, .sleeper = {.go = PTHREAD_COND_INITIALIZER}};
  pthread_mutex_lock (&all.lock);
  start->sleeper.due_ns = all.now_ns;
  lie_down (&start->sleeper);
  int r = __real_pthread_create (ret, attributes, begin, start);
  if (r)
    get_up (&start->sleeper);
  pthread_mutex_unlock (&all.lock);
  if (r)
    free (start);
  return r;
}

int
__wrap_gethostname (char *name, size_t size)
{
  if (strlen (host) >= size) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy (name, host, strlen (host) + 1);
  return 0;
}

/* ---- What the test calls ---- */

int
fake_time_begin (int64_t wall_ns, const char *file)
{
  struct timespec now;
  int fd = open (file, O_RDWR | O_CREAT | O_CLOEXEC, 0600), r = 0;
  if (fd < 0)
    return -errno;
  void *map = ftruncate (fd, sizeof *all.shown) ? MAP_FAILED : mmap (NULL, sizeof *all.shown, PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED)
    r = -errno;
  close (fd);
  if (r < 0)
    return r;
  all.shown = map;
  set_time (wall_ns);
  clock_gettime (CLOCK_REALTIME, &now);
  return to_ns (&now) == wall_ns ? 0 : -ENOSYS;
}

int64_t
fake_time_now (void)
{
  pthread_mutex_lock (&all.lock);
  int64_t now = all.now_ns;
  pthread_mutex_unlock (&all.lock);
  return now;
}

void
fake_time_sleep_until (int64_t wall_ns)
{
  rest_until (wall_ns, NULL);
}

void
fake_time_host (const char *name)
{
  host = name;
}
