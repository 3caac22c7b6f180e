/* Two at once, a reload, a fork. */
#include "check/stand.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { USES = 30, RELOADS = 20, MAX_FD = 256 };

/* One instance with all it needs, on a thread of its own. */
struct life {
  struct stand stand;
  struct samples *samples;
  struct specimen p;
  struct check *k;
  pthread_t thread;
  bool alive;
};

static int
life_begin (struct life *l, struct check *k, const char *data, const char *name, char **reason)
{
  *l = (struct life){.k = k};
  *reason = NULL;
  int r = stand_init (&l->stand, k, data);
  if (!r && k->d->plugin.kind != KK_INPUT)
    r = samples_new (&l->stand, &l->samples);
  if (!r)
    r = specimen_new (&l->stand, name, k->config, &l->p, reason);
  l->alive = !r;
  return r;
}

static void
life_end (struct life *l)
{
  if (l->alive)
    specimen_end (&l->p);
  samples_free (l->samples);
  stand_release (&l->stand);
}

static void *
live (void *arg)
{
  struct life *l = arg;
  for (int i = 0; i < USES && check_time_left (l->k); i++)
    specimen_use (&l->p, l->samples);
  return NULL;
}

/* Each in turn is ended first, and the other one used once more. */
void
stage_two (struct check *k)
{
  struct life a, b;
  char *reason;
  for (int turn = 0; turn < 2 && check_time_left (k); turn++) {
    int ra = life_begin (&a, k, turn ? "c" : "a", "first", &reason);
    free (reason);
    int rb = life_begin (&b, k, turn ? "d" : "b", "second", &reason);
    if (!ra && rb)
      check_find (k, CHECK_FAULT, "second-instance", "Keep all state behind *state: nothing static, nothing global.",
                  "a second instance beside the first cannot be made: %s", reason ? reason : strerror (-rb));
    free (reason);
    if (!ra && !rb) {
      bool started = pthread_create (&a.thread, NULL, live, &a) == 0;
      live (&b);
      if (started)
        pthread_join (a.thread, NULL);
      struct life *first = turn ? &b : &a, *second = turn ? &a : &b;
      specimen_end (&first->p);
      first->alive = false;
      specimen_use (&second->p, second->samples);
    }
    life_end (&a);
    life_end (&b);
  }
}

void
stage_reload (struct check *k)
{
  struct life lives[2];
  char *reason;
  int r = life_begin (lives, k, "data", k->d->plugin.name, &reason);
  uint32_t n = 0;
  free (reason);
  if (r) {
    life_end (lives);
    return;
  }
  for (; !r && n < RELOADS && check_time_left (k); n++) {
    struct life *old = lives + n % 2, *new = lives + (n + 1) % 2;
    specimen_use (&old->p, old->samples);
    r = life_begin (new, k, "data", k->d->plugin.name, &reason);
    if (r)
      check_find (k, CHECK_FAULT, "reload", "Take what there can be only one of at the first call, not in create.",
                  "a new instance cannot be made while the old one is there, as a reload does: %s",
                  reason ? reason : strerror (-r));
    free (reason);
    if (r)
      life_end (new);
    else
      life_end (old);
  }
  if (!r)
    check_figure (k, "times", "%u", n);
  life_end (lives + (r ? n - 1 : n) % 2);
}

/* ---- fork ---- */

/* A library that makes a descriptor and marks it right after that, on a thread of its own, can do no better. */
static bool
is_inherited (int fd)
{
  for (int i = 0; i < 20; i++) {
    int flags = fcntl (fd, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC))
      return false;
    nanosleep (&(struct timespec){.tv_nsec = 10000000}, NULL);
  }
  return true;
}

/* Descriptors that another program, started by the daemon or another plugin, would inherit. */
static void
check_close_on_exec (struct check *k, const bool *before)
{
  for (int fd = 0; fd < MAX_FD; fd++) {
    char link[64], target[256];
    if (before[fd] || !is_inherited (fd))
      continue;
    snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink (link, target, sizeof target - 1);
    target[n > 0 ? n : 0] = 0;
    check_find (k, CHECK_FAULT, "inherited-descriptor", "Open with O_CLOEXEC, SOCK_CLOEXEC, \"re\" and the like.",
                "a program that is started would inherit its descriptor of %s", target);
  }
}

static void
fork_and_go_on (struct check *k, struct life *l)
{
  check_step (k, "forks");
  pid_t pid = fork ();
  if (pid == 0)
    _exit (0);
  for (pid_t done = 0; pid > 0 && done != pid;) {
    done = waitpid (pid, NULL, 0);
    if (done < 0 && errno != EINTR) {
      check_find (k, CHECK_FAULT, "reaps-children", "Wait for your own children by their number, never for any child.",
                  "it takes away the exit status of a child that is not its own");
      break;
    }
  }
  specimen_use (&l->p, l->samples);
}

void
stage_fork (struct check *k)
{
  bool before[MAX_FD];
  struct life l;
  char *reason;
  for (int fd = 0; fd < MAX_FD; fd++)
    before[fd] = fcntl (fd, F_GETFD) >= 0;
  int r = life_begin (&l, k, "data", k->d->plugin.name, &reason);
  free (reason);
  if (!r) {
    specimen_use (&l.p, l.samples);
    check_close_on_exec (k, before);
    fork_and_go_on (k, &l);
  }
  life_end (&l);
}
