#include "actor-inner.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_WAITING = 1000, STACK = 256 << 10 };
static const int64_t SECOND_NS = 1000000000;

int64_t
actor_mono_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * SECOND_NS + t.tv_nsec;
}

/* ---- Its life ---- */

void
actor_release (struct actor *a)
{
  for (struct actor_batch *b = a->first, *next; b; b = next) {
    next = b->next;
    alert_batch_free (&b->batch);
    free (b);
  }
  if (a->fresh)
    alert_silences_free (a->fresh);
  free (a->fresh);
  alert_silences_free (&a->silences);
  alert_desk_free (&a->desk);
  alert_engine_free (a->kept);
  options_drop (&a->options);
  pthread_cond_destroy (&a->changed);
  pthread_mutex_destroy (&a->lock);
  voice_free (&a->voice);
  free (a);
}

static void
make_locks (struct actor *a, struct kk_instance *self)
{
  pthread_condattr_t clock;
  voice_init (&a->voice, self);
  a->self = &a->voice.face;
  pthread_mutex_init (&a->lock, NULL);
  pthread_condattr_init (&clock);
  pthread_condattr_setclock (&clock, CLOCK_MONOTONIC);
  pthread_cond_init (&a->changed, &clock);
  pthread_condattr_destroy (&clock);
}

static int
start (struct actor *a)
{
  sigset_t all, before;
  pthread_attr_t thread;
  sigfillset (&all);
  pthread_attr_init (&thread);
  pthread_attr_setstacksize (&thread, STACK);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  int r = -pthread_create (&a->thread, &thread, actor_run, a);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  pthread_attr_destroy (&thread);
  return r;
}

int
actor_new (struct kk_instance *self, const struct options *options, const char *path, struct alert_engine *engine,
           struct actor **ret)
{
  struct actor *a = calloc (1, sizeof *a);
  if (!a)
    return -ENOMEM;
  a->engine = a->whole = engine;
  make_locks (a, self);
  int r = alert_desk_init (&a->desk, path, 0, (uint32_t) options->history, options->keep_ns);
  if (!r)
    r = options_keep (&a->options, options);
  if (!r) {
    const struct options *o = &a->options;
    a->there =
      (*o->file ? ALERT_BY_FILE : 0) | (o->command.count ? ALERT_BY_COMMAND : 0) | (*o->webhook ? ALERT_BY_WEBHOOK : 0);
    a->file = (struct line_file){.self = a->self, .path = o->file};
    hook_init (&a->hook, a->self, o);
    runner_init (&a->runner, a->self, o);
    r = start (a);
  }
  if (r) {
    actor_release (a);
    return r;
  }
  *ret = a;
  return 0;
}

unsigned
actor_actions (const struct actor *a)
{
  return a->there;
}

/* With the lock held. */
static void
leave_behind (struct actor *a)
{
  if (!a->ended) /* else it has said what does not end */
    kk_error (
      a->self,
      "its thread hangs, in writing to %s or in starting a program, and is left behind with %u message%s and %u command%s: "
      "what is on disk is not lost, and the next start goes on with it",
      a->desk.path, a->letters, a->letters == 1 ? "" : "s", a->running, a->running == 1 ? "" : "s");
  voice_leave (&a->voice);
  pthread_detach (a->thread);
  a->left = true;
  pthread_cond_broadcast (&a->changed);
}

bool
actor_free (struct actor *a, struct alert_batch *last, int64_t patience_ns)
{
  int r = 0;
  if (!a)
    return true;
  actor_give (a, last, 0);
  pthread_mutex_lock (&a->lock);
  a->ending = true;
  a->end_ns = actor_mono_ns () + patience_ns;
  const int64_t until_ns = a->end_ns + ACTOR_GRACE_NS;
  const struct timespec until = {.tv_sec = until_ns / SECOND_NS, .tv_nsec = until_ns % SECOND_NS};
  pthread_cond_broadcast (&a->changed);
  while (!a->ended && !r)
    r = pthread_cond_timedwait (&a->changed, &a->lock, &until);
  const bool joins = a->ended && !a->lives, keeps = !a->ended && !a->opened;
  if (keeps)
    a->kept = a->whole;
  if (!joins)
    leave_behind (a);
  pthread_mutex_unlock (&a->lock);
  if (joins) {
    pthread_join (a->thread, NULL);
    actor_release (a);
  }
  return !keeps;
}

/* ---- What the side that samples asks and gives ---- */

bool
actor_is_open (struct actor *a)
{
  pthread_mutex_lock (&a->lock);
  bool opened = a->opened;
  pthread_mutex_unlock (&a->lock);
  return opened;
}

bool
actor_ask (struct actor *a, struct alert_silences *silences)
{
  pthread_mutex_lock (&a->lock);
  bool all = a->wants_all || a->missed;
  struct alert_silences *fresh = a->fresh;
  a->fresh = NULL;
  pthread_mutex_unlock (&a->lock);
  if (fresh)
    alert_silences_take (silences, fresh);
  free (fresh);
  return all;
}

/* With the lock held. */
static bool
put (struct actor *a, const struct alert_batch *b)
{
  struct actor_batch *one = a->waiting < MOST_WAITING || a->ending ? malloc (sizeof *one) : NULL;
  if (!one)
    return false;
  *one = (struct actor_batch){.batch = *b};
  *(a->last ? &a->last->next : &a->first) = one;
  a->last = one;
  a->waiting++;
  a->letters += b->n_letters;
  a->missed &= !b->has_all;
  a->wants_all &= !b->has_all;
  return true;
}

void
actor_give (struct actor *a, struct alert_batch *b, uint32_t plain)
{
  const bool empty = alert_batch_is_empty (b);
  const int64_t now_ns = actor_mono_ns ();
  pthread_mutex_lock (&a->lock);
  bool lost = !empty && !put (a, b);
  a->plain += plain;
  a->missed |= lost;
  a->dropped += lost ? b->n_letters : 0;
  /* Silences and the store are looked after at least once a second. */
  if (!empty || now_ns - a->looked_ns >= SECOND_NS) {
    a->looked_ns = now_ns;
    a->looks = true;
    pthread_cond_broadcast (&a->changed);
  }
  pthread_mutex_unlock (&a->lock);
  if (lost && b->n_letters)
    kk_warn (a->self, "%u message%s lost for actions: too many wait", b->n_letters, b->n_letters == 1 ? " is" : "s are");
  if (lost || empty)
    alert_batch_free (b);
}
