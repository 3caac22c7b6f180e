/* The dynamodb-writer output: one item a minute in a table of DynamoDB, and this machine's row in another.
 *
 * Two threads. On that of the output samples become minutes, and each finished minute goes to the spool on disk: that never
 * waits for a network, and never fails because of one. The network's thread (uploader.c) takes them from there. So this plugin
 * never asks the host to wait: what is not in DynamoDB yet is on disk. */
#include "facts.h"
#include "http.h"
#include "minute-state.h"
#include "minutes.h"
#include "text.h"
#include "uploader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

static const int64_t SECOND_NS = 1000000000;
#define GRACE_NS      INT64_C (10000000000) /* a minute is over so long after its end at the latest */
#define SHOW_EVERY_NS INT64_C (10000000000)
#define PATIENCE_NS   INT64_C (60000000000)
#define SAY_EVERY_NS  INT64_C (3600000000000)
#define NO_DISK       "minutes for DynamoDB cannot wait on disk"
#define UNREADABLE    "minutes for DynamoDB in %" PRIu64 " file%s of the spool's directory cannot be read: %s"
#define OTHER_OWNER   "another instance or daemon uses the spool's directory"

struct writer {
  struct kk_instance *self;
  const struct options *options;
  struct shared *shared;
  struct spool *spool; /* shared's */
  pthread_t network;
  struct facts facts;
  struct minutes minutes;
  struct minute_state state;
  bool opened;       /* the spool, and, unless there is trouble with its file, `state` */
  bool restored;     /* what an earlier run left of a minute */
  uint64_t openings; /* of the spool, as `state` knows it */
  int64_t waits_ns;  /* for another one that has the spool: since when; 0: it does not */
  bool waited;       /* for another one, until it was opened */
  bool untold;       /* that it is open, to the network thread */
  bool has_told;     /* the network thread of a first reading */
  uint64_t made, lacking;
  uint64_t unreadable, gone; /* files, as it was said; of those so far */
  int disk_error;    /* as status shows it */
  int disk_said;     /* as the log has it */
  bool disk_unended; /* it has no end of that yet */
  int64_t disk_said_ns, state_said_ns, lack_said_ns, shown_ns;
};

/* ---- The disk ---- */

static void
say_disk (struct writer *w, int r, int64_t mono_ns)
{
  if (w->disk_said == r && mono_ns - w->disk_said_ns < SAY_EVERY_NS)
    return;
  w->disk_said = r;
  w->disk_said_ns = mono_ns;
  w->disk_unended = true;
  if (r == -EWOULDBLOCK)
    kk_error (w->self, OTHER_OWNER ": give each one of its own by spool_dir; until then minutes wait in memory");
  else
    kk_error (w->self,
              NO_DISK ": %s; they wait in memory, a day of them at most: make room, or give the daemon's user the right to "
                      "write to the spool's directory",
              strerror (-r));
}

/* The result of the last attempt to write there. -EWOULDBLOCK: the instance that a reload is about to end has the spool; or one
 * that never ends. */
static void
note_disk (struct writer *w, int r)
{
  struct kk_time now;
  kk_now (w->self, &now);
  if (r != -EWOULDBLOCK)
    w->waits_ns = 0;
  else if (!w->waits_ns)
    w->waits_ns = now.mono_ns;
  if (r == w->disk_error || (w->waits_ns && now.mono_ns - w->waits_ns < PATIENCE_NS))
    return;
  w->disk_error = r;
  if (r) {
    say_disk (w, r, now.mono_ns);
    shared_trouble (w->shared, SHARED_DISK, r == -EWOULDBLOCK ? OTHER_OWNER : NO_DISK ": %s", strerror (-r));
    return;
  }
  if (w->disk_unended)
    kk_info (w->self, "minutes for DynamoDB wait on disk again");
  w->disk_unended = false;
  shared_trouble (w->shared, SHARED_DISK, "%s", "");
}

/* Files of an earlier run. */
static void
note_unreadable (struct writer *w, const struct spool_view *v)
{
  const char *many = v->unreadable == 1 ? "" : "s", *why = strerror (-v->unreadable_error);
  if (!v->open || v->unreadable == w->unreadable)
    return;
  const uint64_t gone = v->unreadable_gone - w->gone;
  w->unreadable = v->unreadable;
  if (v->unreadable) {
    kk_error (w->self, UNREADABLE "; they wait there, and are tried again each minute", v->unreadable, many, why);
    shared_trouble (w->shared, SHARED_FILES, UNREADABLE, v->unreadable, many, why);
  } else {
    if (gone)
      kk_info (w->self, "no file of the spool's directory is left that cannot be read: %" PRIu64 " of them %s removed", gone,
               gone == 1 ? "was" : "were");
    else
      kk_info (w->self, "all minutes for DynamoDB on disk can be read again");
    w->gone = v->unreadable_gone;
    shared_trouble (w->shared, SHARED_FILES, "%s", "");
  }
}

static void
say_state (struct writer *w, int r, int64_t mono_ns)
{
  if (w->state_said_ns && mono_ns - w->state_said_ns < SAY_EVERY_NS)
    return;
  w->state_said_ns = mono_ns;
  kk_error (w->self,
            "the minute that runs cannot be kept on disk, and a crash would lose it: the file " MINUTE_STATE_FILE
            " of the spool's directory: %s; remove what is in its place, and it is made anew",
            strerror (-r));
}

/* The minute that an earlier run had begun goes on. It is tried again while its file cannot be opened. */
static void
restore (struct writer *w, int64_t mono_ns)
{
  if (w->state.fd >= 0)
    return;
  struct minute *m = malloc (sizeof *m);
  int64_t written;
  int directory = spool_directory (w->spool);
  int r = !m ? -ENOMEM : directory < 0 ? directory : minute_state_open (&w->state, directory);
  if (r < 0)
    say_state (w, r, mono_ns);
  else if (!w->restored && minute_state_load (&w->state, m, &written) == 0)
    minutes_restore (&w->minutes, m, written);
  w->restored |= r == 0;
  if (directory >= 0)
    close (directory);
  free (m);
}

static void
open_spool (struct writer *w, const struct kk_time *now)
{
  if (w->opened)
    return;
  int r = spool_open (w->spool);
  w->waited = w->waits_ns;
  note_disk (w, r);
  if (r < 0)
    return;
  w->opened = true;
  restore (w, now->mono_ns);
  w->untold = true;
}

/* Whoever is only made and ended asks nobody. */
static void
tell_open (struct writer *w)
{
  /* The one that a reload ended has told the registry so, mostly before this one began. */
  if (w->untold)
    shared_wake (w->shared, w->state.ours || w->waited);
  w->untold = false;
}

/* The directory was removed and made anew: so is the file of the minute that runs. */
static void
follow_spool (struct writer *w, const struct spool_view *v)
{
  int directory = w->openings && v->opened != w->openings ? spool_directory (w->spool) : -1;
  w->openings = v->opened;
  if (directory < 0)
    return;
  minute_state_close (&w->state);
  minute_state_open (&w->state, directory);
  close (directory);
}

/* ---- Minutes ---- */

static void
say_lack (struct writer *w, const struct minute_lack *lack, int64_t mono_ns)
{
  w->lacking++;
  kk_status (w->self, "left out", "%" PRIu64 " %s without %s", w->lacking, minutes_word (w->lacking), lack->field);
  if (w->lack_said_ns && mono_ns - w->lack_said_ns < SAY_EVERY_NS)
    return;
  w->lack_said_ns = mono_ns;
  if (lack->absent == KK_PRESENT)
    kk_error (w->self, "nothing can be uploaded: %s is not there; enable the %s input, and let no filter take it out",
              lack->field, lack->field[0] == 'c' ? "cpu" : "memory");
  else
    kk_warn (w->self, "a minute is not uploaded: %s was never known in it; status counts these", lack->field);
}

static void
keep_minute (void *arg, const struct minute *m)
{
  struct writer *w = arg;
  struct minute_lack lack;
  struct kk_time now;
  struct point p;
  char host[HOSTNAME_SIZE];
  kk_now (w->self, &now);
  hostname_get (host);
  if (minute_point (m, host, now.wall_ns, &p, &lack) < 0) {
    say_lack (w, &lack, now.mono_ns);
    return;
  }
  int r = spool_add (w->spool, &p);
  w->made += r != -EINVAL && r != -ENOMEM;
  note_disk (w, r);
  shared_wake (w->shared, false);
}

static void
take_sample (struct writer *w, const struct kk_sample *sample)
{
  const uint32_t both = 1u << MINUTE_CPU_PERCENT | 1u << MINUTE_MEMORY_PERCENT;
  struct minute_reading reading;
  facts_take (&w->facts, sample, &reading);
  minutes_take (&w->minutes, &reading);
  if (((reading.fresh | reading.held) & both) != both)
    return;
  const struct shared_latest latest = {.cpu_percent = reading.values[MINUTE_CPU_PERCENT],
                                       .memory_percent = reading.values[MINUTE_MEMORY_PERCENT]};
  shared_tell (w->shared, &latest);
  if (!w->has_told)
    shared_wake (w->shared, false);
  w->has_told = true;
}

static void
show_drops (struct writer *w, const struct spool_view *v)
{
  uint64_t dropped = v->dropped_full + v->dropped_age + v->dropped_memory + v->dropped_future + v->lost + v->damaged;
  if (dropped)
    kk_status (w->self, "dropped",
               "%" PRIu64 " %s (no room %" PRIu64 ", too old %" PRIu64 ", in memory %" PRIu64 ", of a wrong clock %" PRIu64
               ", removed or damaged %" PRIu64 ")",
               dropped, minutes_word (dropped), v->dropped_full, v->dropped_age, v->dropped_memory, v->dropped_future,
               v->lost + v->damaged);
  if (v->refused && v->refused_unsaved)
    kk_status (w->self, "refused", "%" PRIu64 " %s, of which " SPOOL_REFUSED_FILE " could not take %" PRIu64, v->refused,
               minutes_word (v->refused), v->refused_unsaved);
  else if (v->refused)
    kk_status (w->self, "refused", "%" PRIu64 " %s, kept in " SPOOL_REFUSED_FILE, v->refused, minutes_word (v->refused));
}

static void
show (struct writer *w, const struct kk_time *now)
{
  struct spool_view v;
  struct buf bytes BUF_CLEANUP = {0}, most BUF_CLEANUP = {0}, age BUF_CLEANUP = {0}, oldest BUF_CLEANUP = {0};
  char memory[64] = "";
  if (w->shown_ns && now->mono_ns - w->shown_ns < SHOW_EVERY_NS)
    return;
  w->shown_ns = now->mono_ns;
  spool_look (w->spool, &v);
  follow_spool (w, &v);
  if (w->opened)
    restore (w, now->mono_ns);
  text_bytes (&bytes, v.bytes);
  text_bytes (&most, (uint64_t) w->options->spool_bytes);
  text_duration (&age, w->options->spool_age_ns);
  int64_t waits = v.points ? now->wall_ns - v.oldest * SECOND_NS : 0;
  text_duration (&oldest, waits > 0 ? waits / SECOND_NS * SECOND_NS : 0);
  if (bytes.error || most.error || age.error || oldest.error)
    return;
  kk_status (w->self, "queue", "%" PRIu64 " %s%s%s%s", v.points, v.points == 1 ? "minute waits" : "minutes wait",
             v.points ? ", the oldest of " : "", v.points ? oldest.data : "", v.points ? " ago" : "");
  if (v.in_memory)
    snprintf (memory, sizeof memory, "; %" PRIu64 " in memory", v.in_memory);
  kk_status (w->self, "spool", "%s of %s; kept at most %s%s%s", bytes.data, most.data, age.data, w->opened ? "" : "; not open",
             memory);
  show_drops (w, &v);
  note_unreadable (w, &v);
}

/* ---- Callbacks ---- */

static int
writer_write (void *state, const struct kk_sample *const *samples, uint32_t n, uint32_t *done)
{
  struct writer *w = state;
  struct kk_time now;
  shared_turn (w->shared);
  kk_now (w->self, &now);
  open_spool (w, &now);
  tell_open (w);
  for (*done = 0; *done < n; ++*done)
    take_sample (w, samples[*done]);
  minutes_poll (&w->minutes, now.wall_ns, GRACE_NS);
  if (w->opened)
    minute_state_save (&w->state, minutes_running (&w->minutes), w->minutes.written, now.mono_ns, false);
  show (w, &now);
  shared_give_back (w->shared);
  return 0;
}

static void
say_lost (struct writer *w, int r)
{
  struct spool_view v;
  spool_look (w->spool, &v);
  if (r < 0 && v.in_memory)
    kk_error (w->self,
              "%" PRIu64
              " %s for DynamoDB that waited in memory %s lost with this stop: %s; `kode-kronical-daemon dynamodb backfill` "
              "uploads what was recorded",
              v.in_memory, minutes_word (v.in_memory), v.in_memory == 1 ? "is" : "are",
              r == -EWOULDBLOCK ? OTHER_OWNER : strerror (-r));
}

static int
writer_flush (void *state)
{
  struct writer *w = state;
  struct kk_time now;
  int saved = 0;
  kk_now (w->self, &now);
  shared_turn (w->shared);
  open_spool (w, &now);
  minutes_flush (&w->minutes);
  int r = spool_open (w->spool); /* what waits in memory goes to disk */
  say_lost (w, r);
  if (w->opened)
    saved = minute_state_save (&w->state, minutes_running (&w->minutes), w->minutes.written, now.mono_ns, true);
  shared_give_back (w->shared);
  return r < 0 ? r : saved;
}

static void
writer_destroy (void *state)
{
  struct writer *w = state;
  uploader_stop (w->shared, w->network);
  minute_state_close (&w->state);
  shared_leave (w->shared);
  shared_unref (w->shared);
  free (w);
}

static int
make_spool (struct kk_instance *self, const struct options *options, struct spool **ret)
{
  struct buf path BUF_CLEANUP = {0};
  if (*options->spool_dir)
    buf_adds (&path, options->spool_dir);
  else
    buf_printf (&path, "%s/%s", kk_data_dir (self), kk_name (self));
  const struct spool_config config = {.path = path.data,
                                      .max_bytes = (uint64_t) options->spool_bytes,
                                      .max_age = options->spool_age_ns / SECOND_NS,
                                      .sync = options->fsync};
  return path.error ? path.error : spool_new (&config, ret);
}

static int
writer_create (struct kk_instance *self, const void *config, void **state)
{
  struct spool *spool = NULL;
  struct writer *w = calloc (1, sizeof *w);
  if (!w)
    return -ENOMEM;
  http_begin ();
  w->self = self;
  w->options = config;
  w->state.fd = -1;
  minutes_init (&w->minutes, keep_minute, w);
  int r = make_spool (self, w->options, &spool);
  if (r == 0)
    r = shared_new (self, spool, &w->minutes, &w->shared);
  if (r == 0) {
    w->spool = spool;
    r = uploader_start (w->shared, w->options, &w->network);
    if (r < 0)
      shared_unref (w->shared);
  }
  if (r < 0)
    free (w);
  else
    *state = w;
  return r;
}

KK_PLUGIN (.kind = KK_OUTPUT, .name = "dynamodb-writer", .version = "1.0",
           .summary = "Uploads one item a minute to Amazon DynamoDB", KK_OPTIONS (options_table),
           .config_size = sizeof (struct options), .create = writer_create, .write = writer_write, .flush = writer_flush,
           .destroy = writer_destroy, .check = options_check);
