#include "actor-inner.h"
#include "facts.h"
#include "file.h"
#include "jitter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

static const int64_t SECOND_NS = 1000000000, OPEN_NS = 100000000, AGAIN_NS = INT64_C (10000000000),
                     MOST_AGAIN_NS = INT64_C (300000000000), IN_USE_NS = INT64_C (8000000000), REAP_NS = 1000000000;
static const struct timespec moment = {.tv_nsec = 10000000}, second = {.tv_sec = 1};

static int64_t
wall_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_REALTIME, &t);
  return t.tv_sec * SECOND_NS + t.tv_nsec;
}

/* ---- The store ---- */

/* What people should know once, and when it is over. */
static void
say_trouble (struct actor *a)
{
  int error = a->desk.store.error;
  if (error && !a->store_error)
    kk_error (a->self, "%s cannot be written, so a restart forgets what changes: %s", a->desk.path, strerror (-error));
  else if (!error && a->store_error)
    kk_info (a->self, "%s is written again", a->desk.path);
  a->store_error = error;
}

static void
say_dropped (struct actor *a)
{
  uint32_t old = alert_desk_clean (&a->desk, a->there, actor_mono_ns ());
  uint64_t crowded = a->desk.post.crowded - a->crowded;
  a->crowded = a->desk.post.crowded;
  if (old)
    kk_error (a->self, "%u message%s dropped: not every action told %s within the time keep", old, old == 1 ? " is" : "s are",
              old == 1 ? "it" : "them");
  if (crowded)
    kk_error (a->self, "%" PRIu64 " message%s dropped: too many wait for actions", crowded, crowded == 1 ? " is" : "s are");
}

/* The other instance of a reload has it for moments only. */
static void
say_in_use (struct actor *a)
{
  const int64_t now_ns = actor_mono_ns ();
  if (!a->store_asked_ns)
    a->store_asked_ns = now_ns;
  if (a->store_waits || now_ns - a->store_asked_ns < IN_USE_NS)
    return;
  a->store_waits = true;
  kk_error (
    a->self,
    "%s is in use by another daemon, or by what a reload ended and hangs: no rule is judged until it is free; each daemon "
    "needs a data directory of its own",
    a->desk.path);
  kk_status (a->self, "store", "in use by another: no rule is judged");
}

/* Until the store is there, rules without what they were would fire anew: the instance that a reload ends has it for a while.
 */
static void
try_to_open (struct actor *a)
{
  int r = alert_desk_open (&a->desk, a->engine, actor_mono_ns (), wall_ns ());
  if (r == -EWOULDBLOCK) {
    say_in_use (a);
    return;
  }
  if (a->store_waits) {
    kk_info (a->self, "%s is free, and rules are judged", a->desk.path);
    kk_status (a->self, "store", "%s", "");
  }
  if (r)
    kk_error (a->self, "%s cannot be used, so a restart forgets what fires: %s", a->desk.path, strerror (-r));
  if (a->desk.store.damaged)
    kk_warn (a->self,
             "%s/" ALERT_STORE_FILE " was damaged: what is whole of it is used, and a copy is kept as " ALERT_STORE_FILE
             ".damaged",
             a->desk.path);
  if (a->desk.store.emptied)
    kk_warn (a->self, "%s/" ALERT_STORE_FILE " was emptied: what fires is told again, and what waited is lost", a->desk.path);
  if (a->engine->forgotten)
    kk_warn (a->self, "%s has %" PRIu64 " states more than there is room for: of those nothing is told", a->desk.path,
             a->engine->forgotten);
  a->store_error = r;
  a->engine = NULL;
}

static void
say_silences (struct actor *a)
{
  const struct alert_silences *s = &a->silences;
  const bool damaged = s->damaged_lines > 0 && !s->error;
  if (s->error && s->error != a->silences_error)
    kk_error (a->self, "%s/" ALERT_SILENCE_FILE " cannot be read, and what was silenced stays so: %s", a->desk.path,
              alert_file_error (s->error));
  else if (damaged && !a->silences_damaged)
    kk_error (a->self, "%s/" ALERT_SILENCE_FILE " is damaged: %" PRIu64 " line%s left out, and what that silenced is told",
              a->desk.path, s->damaged_lines, s->damaged_lines == 1 ? "" : "s");
  else if (!s->error && !damaged && (a->silences_error || a->silences_damaged))
    kk_info (a->self, "%s/" ALERT_SILENCE_FILE " is whole again", a->desk.path);
  a->silences_error = s->error;
  a->silences_damaged = damaged;
}

/* What changed in the file is parsed here, and the other side but takes it. */
static void
look_at_silences (struct actor *a)
{
  struct alert_silences *fresh;
  const int r = a->desk.store.directory < 0 ? 0 : alert_silences_refresh (&a->silences, a->desk.store.directory);
  say_silences (a);
  if (r != 1)
    return;
  fresh = calloc (1, sizeof *fresh);
  if (fresh && a->silences.n)
    fresh->list = malloc (a->silences.n * sizeof *fresh->list);
  if (!fresh || (a->silences.n && !fresh->list)) {
    free (fresh);
    a->silences.file.st_ino = 0; /* it is looked at again */
    return;
  }
  if (a->silences.n)
    memcpy (fresh->list, a->silences.list, a->silences.n * sizeof *fresh->list);
  fresh->n = a->silences.n;
  pthread_mutex_lock (&a->lock);
  struct alert_silences *before = a->fresh;
  a->fresh = fresh;
  pthread_mutex_unlock (&a->lock);
  if (before)
    alert_silences_free (before);
  free (before);
}

static void
take_batches (struct actor *a, struct actor_batch *first)
{
  struct alert_batch none = {.n_letters = 0};
  for (struct actor_batch *b = first, *next; b; b = next) {
    next = b->next;
    alert_desk_take (&a->desk, &b->batch, actor_mono_ns (), wall_ns ());
    free (b);
  }
  if (!first)
    alert_desk_take (&a->desk, &none, actor_mono_ns (), wall_ns ());
  look_at_silences (a);
  say_trouble (a);
}

/* ---- Actions ---- */

static void
finish (struct actor *a, struct alert_letter *l, unsigned by)
{
  a->done += !(l->left & ~by);
  alert_desk_told (&a->desk, l, by);
}

/* In their order: where one cannot be written, all wait. Returns when it is to be tried again. */
static int64_t
write_files (struct actor *a)
{
  struct line_file *f = &a->file;
  struct alert_letter *l;
  while ((l = alert_post_next (&a->desk.post, ALERT_BY_FILE, 0))) {
    const int64_t now_ns = actor_mono_ns ();
    if (now_ns < f->again_ns || line_file_write (f, l->json, now_ns))
      return f->again_ns;
    finish (a, l, ALERT_BY_FILE);
  }
  return INT64_MAX;
}

static void
run_later (struct alert_letter *l)
{
  struct alert_tries *tries = &l->command;
  l->under_way &= ~(unsigned) ALERT_BY_COMMAND;
  tries->again_ns = actor_mono_ns () + jitter_back_off (AGAIN_NS, tries->failures++, MOST_AGAIN_NS);
}

static void
command_ended (void *arg, struct alert_letter *l, bool again)
{
  if (again)
    run_later (l);
  else
    finish (arg, l, ALERT_BY_COMMAND);
}

static void
start_command (struct actor *a, struct alert_letter *l)
{
  struct facts *f = NULL;
  int r = facts_read (l->json, l->length, &f);
  char **env = r ? NULL : facts_environment (f);
  facts_free (f);
  if (r == -EBADMSG) { /* of a store that somebody wrote */
    finish (a, l, ALERT_BY_COMMAND);
    return;
  }
  l->under_way |= ALERT_BY_COMMAND;
  if (!env || runner_start (&a->runner, l, env, actor_mono_ns ()))
    run_later (l);
  facts_environment_free (env);
}

static void
start_commands (struct actor *a)
{
  struct alert_letter *l;
  while (!runner_is_full (&a->runner) && (l = alert_post_next (&a->desk.post, ALERT_BY_COMMAND, actor_mono_ns ())))
    start_command (a, l);
}

static void
webhook_ended (void *arg, struct alert_letter *l, bool told)
{
  if (told)
    finish (arg, l, ALERT_BY_WEBHOOK);
  else
    l->under_way &= ~(unsigned) ALERT_BY_WEBHOOK;
}

/* ---- The thread ---- */

static void
show (struct actor *a, uint64_t plain, uint64_t dropped)
{
  const struct runner *r = &a->runner;
  const struct alert_post *post = &a->desk.post;
  const uint64_t told = a->done + plain, lost = dropped + post->crowded + post->old;
  char messages[sizeof a->shown];
  int n = snprintf (messages, sizeof messages, "%" PRIu64 " told, %u wait%s", told, post->n, post->n == 1 ? "s" : "");
  if (lost)
    snprintf (messages + n, sizeof messages - (size_t) n, ", %" PRIu64 " dropped", lost);
  if (strcmp (messages, a->shown) != 0)
    kk_status (a->self, "messages", "%s", messages);
  memcpy (a->shown, messages, sizeof messages);
  const uint64_t seen = r->started + r->failed + r->ended + r->n;
  if (r->argv && seen != a->seen)
    kk_status (a->self, "commands", "%" PRIu64 " run, %" PRIu64 " failed, %" PRIu64 " took too long, %u run now", r->started,
               r->failed, r->ended, r->n);
  a->seen = seen;
}

/* When a command is to be run again; not before one that runs has ended. */
static int64_t
next_again (const struct actor *a)
{
  return runner_is_full (&a->runner) ? INT64_MAX : alert_post_due (&a->desk.post, ALERT_BY_COMMAND);
}

static int64_t
earlier (int64_t a, int64_t b)
{
  return a < b ? a : b;
}

/* Whether it is time to go: nothing is left that could be done now, or the patience is over. */
static bool
is_over (const struct actor *a, int64_t now_ns)
{
  const struct alert_post *post = &a->desk.post;
  const bool busy = a->runner.n || alert_post_next (post, ALERT_BY_COMMAND, now_ns) || hook_is_busy (&a->hook, post, now_ns);
  return a->ending && (a->engine || !a->first) && (!busy || now_ns >= a->end_ns);
}

/* With the lock held: until something is given, or that time. False: it is over. */
static bool
sleep_until (struct actor *a, int64_t until_ns)
{
  while (!a->looks) {
    int64_t now_ns = actor_mono_ns (), next_ns = a->ending ? earlier (until_ns, a->end_ns) : until_ns;
    if (is_over (a, now_ns))
      return false;
    if (now_ns >= next_ns)
      return true;
    struct timespec t = {.tv_sec = next_ns / SECOND_NS, .tv_nsec = next_ns % SECOND_NS};
    if (next_ns == INT64_MAX)
      pthread_cond_wait (&a->changed, &a->lock);
    else
      pthread_cond_timedwait (&a->changed, &a->lock, &t);
  }
  return true;
}

/* One round without the lock; returns when the next one has to be. */
static int64_t
do_round (struct actor *a, struct actor_batch *given)
{
  if (a->engine)
    try_to_open (a);
  if (a->engine)
    return actor_mono_ns () + OPEN_NS;
  take_batches (a, given);
  runner_look (&a->runner, actor_mono_ns (), command_ended, a);
  say_dropped (a);
  int64_t next_ns = write_files (a);
  start_commands (a);
  next_ns = earlier (next_ns, next_again (a));
  if (a->there & ALERT_BY_WEBHOOK)
    next_ns = earlier (next_ns, hook_look (&a->hook, &a->desk.post, actor_mono_ns (), webhook_ended, a));
  return earlier (next_ns, runner_look (&a->runner, actor_mono_ns (), command_ended, a));
}

/* ---- Its end ---- */

static void
say_what_is_left (const struct actor *a)
{
  const struct alert_post *post = &a->desk.post;
  const uint32_t running = a->runner.n, waits = alert_post_count (post, ALERT_BY_COMMAND) - running;
  const uint32_t hooks = alert_post_count (post, ALERT_BY_WEBHOOK), lines = alert_post_count (post, ALERT_BY_FILE);
  char ended[64] = "";
  if (running)
    snprintf (ended, sizeof ended, ", and %u command%s ended before time", running, running == 1 ? " was" : "s were");
  if (running || waits)
    kk_warn (a->self, "at the end %u message%s for the command%s: the next start runs it for them", waits,
             waits == 1 ? " waits" : "s wait", ended);
  if (hooks)
    kk_warn (a->self, "at the end %u message%s for the webhook: the next start posts %s", hooks,
             hooks == 1 ? " waits" : "s wait", hooks == 1 ? "it" : "them");
  if (lines)
    kk_warn (a->self, "at the end %u message%s for the file: the next start writes %s", lines, lines == 1 ? " waits" : "s wait",
             lines == 1 ? "it" : "them");
}

static uint32_t
programs (struct actor *a)
{
  const bool ran = runner_is_over (&a->runner), posted = hook_is_over (&a->hook);
  return (ran ? 0 : a->runner.n) + !posted;
}

/* Whether all that it started has ended; what hangs in the kernel does when that lets it. */
static bool
end_programs (struct actor *a)
{
  const int64_t until_ns = actor_mono_ns () + REAP_NS;
  uint32_t n;
  runner_kill (&a->runner);
  hook_kill (&a->hook);
  while ((n = programs (a)) > 0 && actor_mono_ns () < until_ns)
    nanosleep (&moment, NULL);
  if (n)
    kk_error (a->self, "%u program%s killed, but hang%s in the kernel: left behind", n, n == 1 ? " was" : "s were",
              n == 1 ? "s" : "");
  return !n;
}

static void
end (struct actor *a)
{
  say_what_is_left (a);
  const bool over = end_programs (a);
  alert_store_close (&a->desk.store);
  pthread_mutex_lock (&a->lock);
  a->ended = true;
  a->lives = !over;
  pthread_cond_broadcast (&a->changed);
  while (a->lives && !a->left)
    pthread_cond_wait (&a->changed, &a->lock);
  const bool left = a->left;
  pthread_mutex_unlock (&a->lock);
  if (!left)
    return;
  while (programs (a))
    nanosleep (&second, NULL);
  actor_release (a);
}

void *
actor_run (void *arg)
{
  struct actor *a = arg;
  prctl (PR_SET_NAME, "kk-alert");
  pthread_mutex_lock (&a->lock);
  for (int64_t next_ns = 0; sleep_until (a, next_ns);) {
    struct actor_batch *given = a->engine ? NULL : a->first;
    if (given)
      a->first = a->last = NULL;
    a->waiting = given ? 0 : a->waiting;
    a->looks = false;
    const uint64_t plain = a->plain, dropped = a->dropped;
    pthread_mutex_unlock (&a->lock);
    next_ns = do_round (a, given);
    show (a, plain, dropped);
    pthread_mutex_lock (&a->lock);
    a->opened = !a->engine;
    a->wants_all = a->desk.wants_all;
    a->letters = a->desk.post.n;
    for (const struct actor_batch *b = a->first; b; b = b->next)
      a->letters += b->batch.n_letters;
    a->running = a->runner.n;
  }
  pthread_mutex_unlock (&a->lock);
  end (a);
  return NULL;
}
