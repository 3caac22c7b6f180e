#include "shared.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static const int64_t SECOND_NS = 1000000000;

int64_t
shared_mono_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t) t.tv_sec * SECOND_NS + t.tv_nsec;
}

int
shared_new (struct kk_instance *self, struct spool *spool, struct minutes *minutes, struct shared **ret)
{
  pthread_condattr_t attributes;
  struct shared *s = calloc (1, sizeof *s);
  int fd = s ? eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK) : -1, r = s ? -errno : -ENOMEM;
  if (fd < 0) {
    free (s);
    spool_free (spool);
    return r;
  }
  s->stop_fd = fd;
  s->self = self;
  s->spool = spool;
  s->minutes = minutes;
  s->references = 1;
  pthread_mutex_init (&s->turn, NULL);
  pthread_mutex_init (&s->lock, NULL);
  pthread_condattr_init (&attributes);
  pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
  pthread_cond_init (&s->changed, &attributes);
  pthread_condattr_destroy (&attributes);
  *ret = s;
  return 0;
}

struct shared *
shared_ref (struct shared *s)
{
  pthread_mutex_lock (&s->lock);
  s->references++;
  pthread_mutex_unlock (&s->lock);
  return s;
}

void
shared_unref (struct shared *s)
{
  pthread_mutex_lock (&s->lock);
  bool last = --s->references == 0;
  pthread_mutex_unlock (&s->lock);
  if (!last)
    return;
  spool_free (s->spool);
  close (s->stop_fd);
  pthread_cond_destroy (&s->changed);
  pthread_mutex_destroy (&s->lock);
  pthread_mutex_destroy (&s->turn);
  free (s);
}

/* ---- The instance ---- */

void
shared_tell (struct shared *s, const struct shared_latest *latest)
{
  pthread_mutex_lock (&s->lock);
  s->latest = *latest;
  s->latest.mono_ns = shared_mono_ns ();
  pthread_mutex_unlock (&s->lock);
}

void
shared_wake (struct shared *s, bool taken_over)
{
  pthread_mutex_lock (&s->lock);
  s->woken = true;
  s->taken_over |= taken_over;
  pthread_cond_broadcast (&s->changed);
  pthread_mutex_unlock (&s->lock);
}

static struct timespec
timespec_of (int64_t ns)
{
  return (struct timespec){.tv_sec = (time_t) (ns / SECOND_NS), .tv_nsec = (long) (ns % SECOND_NS)};
}

bool
shared_stop (struct shared *s, int64_t ns)
{
  const struct timespec until = timespec_of (shared_mono_ns () + ns);
  const uint64_t one = 1;
  pthread_mutex_lock (&s->lock);
  s->stopping = true;
  pthread_cond_broadcast (&s->changed);
  ssize_t n = write (s->stop_fd, &one, sizeof one);
  (void) n; /* it fails only when it is set already */
  int r = 0;
  while (!s->ended && !r)
    r = pthread_cond_timedwait (&s->changed, &s->lock, &until);
  bool ended = s->ended;
  pthread_mutex_unlock (&s->lock);
  return ended;
}

void
shared_turn (struct shared *s)
{
  pthread_mutex_lock (&s->turn);
}

void
shared_leave (struct shared *s)
{
  pthread_mutex_lock (&s->turn);
  spool_free (s->spool);
  s->spool = NULL;
  s->minutes = NULL;
  pthread_mutex_unlock (&s->turn);
  pthread_mutex_lock (&s->lock);
  s->self = NULL;
  pthread_mutex_unlock (&s->lock);
}

/* ---- The network thread ---- */

void
shared_log (struct shared *s, enum kk_level level, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  pthread_mutex_lock (&s->lock);
  if (s->self)
    kk_vlog (s->self, level, format, args);
  pthread_mutex_unlock (&s->lock);
  va_end (args);
}

void
shared_status (struct shared *s, const char *key, const char *format, ...)
{
  char text[256];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  pthread_mutex_lock (&s->lock);
  if (s->self)
    kk_status (s->self, key, "%s", text);
  pthread_mutex_unlock (&s->lock);
}

size_t
shared_shortened (const char *text, size_t most)
{
  size_t n = strnlen (text, most + 1);
  if (n <= most)
    return n;
  for (n = most; n > most / 2 && text[n] != ' ';)
    n--;
  if (text[n] != ' ')
    for (n = most; n && ((unsigned char) text[n] & 0xc0) == 0x80;)
      n--;
  while (n && strchr (" ,;:", text[n - 1]))
    n--;
  return n;
}

/* Of `room` bytes, when nobody takes more than another one leaves: how many each text may have at most. */
static size_t
fair_share (const size_t *lengths, size_t n, size_t room)
{
  size_t share = 0, before;
  do {
    size_t rest = room, hungry = 0;
    before = share;
    for (size_t i = 0; i < n; i++)
      if (lengths[i] > share)
        hungry++;
      else
        rest -= lengths[i];
    share = hungry ? rest / hungry : share;
  } while (share > before);
  return share;
}

static void
join_troubles (const struct shared *s, char ret[SHARED_SHOWN + 1])
{
  static const char more[] = " …", log[] = " (the log has all of it)";
  size_t lengths[SHARED_SIDES], n = 0, all = 0, at = 0, room = SHARED_SHOWN;
  for (size_t i = 0; i < SHARED_SIDES; i++)
    if (*s->troubles[i]) {
      lengths[n] = strlen (s->troubles[i]);
      all += lengths[n++];
    }
  room -= n > 1 ? 2 * (n - 1) : 0;
  const bool whole = all <= room;
  const size_t share = whole ? room : fair_share (lengths, n, room - (sizeof log - 1));
  *ret = 0;
  for (size_t i = 0; i < SHARED_SIDES; i++) {
    const char *text = s->troubles[i];
    const bool cut = strlen (text) > share;
    const size_t shown = shared_shortened (text, cut ? share - (sizeof more - 1) : share);
    if (*text)
      at += (size_t) snprintf (ret + at, SHARED_SHOWN + 1 - at, "%s%.*s%s", at ? "; " : "", (int) shown, text, cut ? more : "");
  }
  if (!whole)
    snprintf (ret + at, SHARED_SHOWN + 1 - at, "%s", log);
}

void
shared_trouble (struct shared *s, enum shared_side side, const char *format, ...)
{
  char all[SHARED_SHOWN + 1];
  va_list args;
  va_start (args, format);
  pthread_mutex_lock (&s->lock);
  vsnprintf (s->troubles[side], SHARED_TROUBLE, format, args);
  join_troubles (s, all);
  if (s->self)
    kk_status (s->self, "trouble", "%s", all);
  pthread_mutex_unlock (&s->lock);
  va_end (args);
}

struct spool *
shared_spool (struct shared *s)
{
  pthread_mutex_lock (&s->turn);
  if (s->spool)
    return s->spool;
  pthread_mutex_unlock (&s->turn);
  return NULL;
}

void
shared_give_back (struct shared *s)
{
  pthread_mutex_unlock (&s->turn);
}

void
shared_done (struct shared *s, const struct spool_ref *ref)
{
  minutes_confirm (s->minutes, ref->minute);
  spool_done (s->spool, ref);
}

int64_t
shared_running (const struct shared *s)
{
  return minutes_running (s->minutes)->start;
}

struct shared_latest
shared_latest (struct shared *s)
{
  pthread_mutex_lock (&s->lock);
  struct shared_latest latest = s->latest;
  pthread_mutex_unlock (&s->lock);
  return latest;
}

enum shared_wakeup
shared_sleep (struct shared *s, int64_t until_ns, bool early)
{
  const struct timespec until = timespec_of (until_ns > 0 ? until_ns : 0);
  enum shared_wakeup why = SHARED_TIME;
  int r = 0;
  pthread_mutex_lock (&s->lock);
  while (!s->stopping && !s->taken_over && !(early && s->woken) && !r)
    r = pthread_cond_timedwait (&s->changed, &s->lock, &until);
  if (s->stopping)
    why = SHARED_STOP;
  else if (s->taken_over)
    why = SHARED_TAKEN_OVER;
  else if (early && s->woken)
    why = SHARED_MINUTE;
  s->woken = s->taken_over = false;
  pthread_mutex_unlock (&s->lock);
  return why;
}

void
shared_ended (struct shared *s)
{
  pthread_mutex_lock (&s->lock);
  s->ended = true;
  pthread_cond_broadcast (&s->changed);
  pthread_mutex_unlock (&s->lock);
}
