/* The file-writer output: records every sample as JSON in files metrics_YYYYmmdd_HHMMSS.json, one a minute, which any reader
 * finds complete at every moment.
 *
 * A sample is recorded when `write` says that it is done: it is in the journal then and survives a crash. What the file system
 * refuses is not given up here: `write` returns KK_RETRY, and the sample waits in the host's queue, which is bounded and counts
 * what it drops. Samples that lack a required field make no entry; they are counted by reason.
 *
 * Given to write () in a day, at an entry a second of n bytes (cpu, memory and net: about 460): n + 24 for the journal and n
 * for the file, 80 MB in all, while nobody reads; while somebody does, the file of the minute each second, n * 30 on
 * average, 1.2 GB. Of that, 105 and 265 MB reach the disk (write_bytes of /proc/PID/io on ext4). */
#include "clock-step.h"
#include "entry.h"
#include "readers.h"
#include "recorder.h"
#include "report.h"
#include "retention.h"
#include "schema_json.h"
#include "trouble.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { LARGE_ENTRY = 1 << 20 }; /* the memory of larger ones is given back */
enum publish { PUBLISH_AUTO, PUBLISH_ALWAYS, PUBLISH_MINUTE };
static const int64_t SECOND_NS = 1000000000, MINUTE_NS = INT64_C (60000000000);

struct config {
  const char *path;
  int32_t publish;
  int64_t publish_interval_ns, reader_memory_ns;
  int64_t segment_bytes, retention_ns, max_bytes;
  int32_t fsync, data_mode, cmdline;
  struct kk_list tables, exclude;
};

static const struct kk_option options[] = {
    KK_OPT_DURATION ("retention", struct config, retention_ns, .def = "24h", .min = "1s", .max = "36500d",
                     .help = "Age at which recorded files are deleted"),
    KK_OPT_BYTES ("max_bytes", struct config, max_bytes, .def = "2GiB", .min = "0",
                  .help = "Room for recorded files; the oldest are deleted beyond it; 0: no limit"),
    KK_OPT_CHOICE (
        "publish", struct config, publish, "auto|always|minute", .def = "auto",
        .help = "When readers see new samples: auto is at every publish_interval while somebody reads, else once a minute"),
    KK_OPT_DURATION ("publish_interval", struct config, publish_interval_ns, .def = "1s", .min = "10ms", .max = "1h",
                     .help = "How old what readers see may be, while somebody reads"),
    KK_OPT_DURATION ("reader_memory", struct config, reader_memory_ns, .def = "2min", .min = "1s", .max = "1d",
                     .flags = KK_ADVANCED, .help = "How long after the last look at the files somebody counts as reading"),
    KK_OPT_BYTES ("segment_bytes", struct config, segment_bytes, .def = "256KiB", .min = "4KiB", .max = "16MiB",
                  .flags = KK_ADVANCED, .help = "A file is closed at this size, or at the minute"),
    KK_OPT_CHOICE ("fsync", struct config, fsync, "minute|never|always", .def = "minute",
                   .help = "What a power cut may take: the last minute, what the kernel has not written yet, or nothing"),
    KK_OPT_LIST ("tables", struct config, tables,
                 .help = "Tables to record, by name or pattern; empty: all; system is always recorded"),
    KK_OPT_LIST ("exclude", struct config, exclude, .def = "[daemon]", .help = "Tables not to record, by name or pattern"),
    KK_OPT_CHOICE ("cmdline", struct config, cmdline, "masked|full|none", .def = "masked",
                   .help = "Command lines of processes: with passwords, tokens and keys masked, as they are, or not at all"),
    KK_OPT_CHOICE ("data_mode", struct config, data_mode, "0600|0640|0644", .def = "0600", .flags = KK_ADVANCED,
                   .help = "Permissions of recorded files; the directory's follow from it"),
    KK_OPT_PATH ("path", struct config, path, .flags = KK_ADVANCED,
                 .help = "Directory of recorded files; empty: the daemon's data_dir"),
};

/* What may not work for a while. */
enum doing { RECORDING, PUBLISHING, SYNCING, CLEANING, DOINGS };

struct writer {
  struct kk_instance *self;
  const struct config *config;
  struct entry_choice choice;
  struct entry_maker *maker;
  struct recorder recorder;
  struct readers readers;
  struct retention retention;
  struct report report;
  struct trouble troubles[DOINGS];
  struct buf entry;
  uint64_t schema_id; /* of the schema that schema.json tells */
  bool schema_told, published_once, said_blind;
  uint64_t schema_place; /* how often the directory had been made anew when schema.json was written */
  int64_t last_publish_ns; /* of the file that grows */
  int64_t last_file_ns;    /* of any: also one that was closed */
  int64_t next_retention_ns;
  int64_t step_ns;                     /* by which the wall clock runs ahead of the time that passed since boot */
  uint64_t noted_files, cleaned_files; /* the recorder's count when a file was last noted, and old ones looked for */
};

static struct retention_clock
clock_of (const struct writer *w, const struct kk_time *now)
{
  return (struct retention_clock){.wall_ns = now->wall_ns - w->step_ns, .mono_ns = now->mono_ns};
}

static void
note (struct writer *w, enum doing what, const char *step, int error, const struct kk_time *now)
{
  const char *text = "";
  if (!trouble_note (&w->troubles[what], w->self, step, w->recorder.store.path, error, now->mono_ns))
    return;
  for (int i = 0; i < DOINGS && !*text; i++)
    text = w->troubles[i].error ? w->troubles[i].text : "";
  kk_status (w->self, "trouble", "%s", text);
}

/* ---- Publishing ---- */

static bool
publish_is_due (const struct writer *w, int64_t mono_ns)
{
  int64_t interval = kk_interval (w->self);
  bool often =
      w->config->publish == PUBLISH_ALWAYS || (w->config->publish == PUBLISH_AUTO && readers_active (&w->readers, mono_ns));
  if (!w->published_once)
    return true;
  if (often)
    return mono_ns - w->last_publish_ns >= w->config->publish_interval_ns - interval / 2;
  return mono_ns - w->last_file_ns >= (interval >= MINUTE_NS ? 0 : MINUTE_NS + interval / 2);
}

static void
after_publish (struct writer *w, const struct kk_time *now)
{
  const struct segment *s = &w->recorder.segment;
  w->last_file_ns = now->mono_ns;
  w->published_once = true;
  if (w->recorder.files != w->noted_files)
    retention_note (&w->retention, w->recorder.last.name, w->recorder.last.bytes, w->recorder.last.newest_wall_ns,
                    clock_of (w, now));
  if (s->on_disk)
    retention_note (&w->retention, s->name, (uint64_t) s->bytes, s->newest_wall_ns, clock_of (w, now));
  w->noted_files = w->recorder.files;
  note (w, SYNCING, "make files durable (fsync)", w->recorder.sync_error, now);
}

static int
publish (struct writer *w, enum segment_sync sync, const struct kk_time *now)
{
  int r = recorder_publish (&w->recorder, sync);
  note (w, PUBLISHING, w->recorder.step, r, now);
  if (!r) {
    after_publish (w, now);
    w->last_publish_ns = now->mono_ns;
  }
  return r;
}

static void
tell_schema (struct writer *w, const struct kk_sample *sample)
{
  const struct kk_schema *schema = kk_sample_schema (sample);
  if (w->schema_told && w->schema_id == kk_schema_id (schema) && w->schema_place == w->recorder.reopened)
    return;
  struct buf text BUF_CLEANUP = {0};
  schema_json (&text, schema, &w->choice);
  if (schema_json_write (&w->recorder.store, w->recorder.temporary, &text, &w->recorder.segment.wrote))
    return; /* tried again with the next sample; a full disk is said elsewhere */
  w->schema_told = true;
  w->schema_id = kk_schema_id (schema);
  w->schema_place = w->recorder.reopened;
}

/* ---- Retention ---- */

static void
clean_up (struct writer *w, const struct kk_time *now)
{
  bool full = w->retention.max_bytes && w->retention.bytes > w->retention.max_bytes && w->recorder.files != w->cleaned_files;
  if ((now->mono_ns < w->next_retention_ns && !full) || w->recorder.store.directory < 0)
    return;
  w->cleaned_files = w->recorder.files;
  uint64_t pushed = w->retention.pushed;
  readers_pause (&w->readers);
  int r = retention_run (&w->retention, w->recorder.store.directory, w->recorder.segment.name, clock_of (w, now));
  note (w, CLEANING, "delete old files", r < 0 ? r : 0, now);
  if (w->retention.pushed > pushed && !pushed)
    kk_warn (w->self,
             "recorded files take more room than max_bytes: the oldest are deleted before their time; raise max_bytes or "
             "shorten retention");
  readers_poll (&w->readers, w->recorder.store.directory, now->mono_ns);
  w->next_retention_ns = now->mono_ns + (r > 0 ? SECOND_NS / 10 : retention_pause (&w->retention));
}

/* ---- Samples ---- */

/* 0: recorded, or left out and counted. KK_RETRY: the file system refuses it for now. */
static int
write_sample (struct writer *w, const struct kk_sample *sample, const struct kk_time *now)
{
  struct entry_lack lack;
  struct kk_time time;
  uint64_t files = w->recorder.files;
  kk_sample_time (sample, &time);
  buf_clear (&w->entry);
  int r = entry_add (w->maker, sample, &w->entry, &lack);
  if (r == -ENODATA) {
    report_left_out (&w->report, w->self, &lack, now);
    return 0;
  }
  if (!r)
    r = recorder_add (&w->recorder, time.wall_ns, w->entry.data, w->entry.len);
  note (w, RECORDING, w->recorder.step ? w->recorder.step : "make an entry", r, now);
  if (w->recorder.files != files)
    after_publish (w, now);
  if (r)
    return KK_RETRY;
  report_recorded (&w->report, w->self);
  tell_schema (w, sample);
  return 0;
}

static void
look_for_readers (struct writer *w, int64_t mono_ns)
{
  readers_poll (&w->readers, w->recorder.store.directory, mono_ns);
  if (w->readers.error && !w->said_blind)
    kk_warn (w->self, "cannot see whether anybody reads (inotify: %s): files are written at every publish_interval",
             strerror (-w->readers.error));
  w->said_blind = w->said_blind || w->readers.error;
}

static int
file_write (void *state, const struct kk_sample *const *samples, uint32_t n, uint32_t *done)
{
  struct writer *w = state;
  struct kk_time now;
  uint64_t reopened = w->recorder.reopened;
  int r = 0;
  if (w->entry.cap > LARGE_ENTRY)
    buf_free (&w->entry);
  kk_now (w->self, &now);
  look_for_readers (w, now.mono_ns);
  for (*done = 0; *done < n && !r; *done += !r)
    r = write_sample (w, samples[*done], &now);
  if (publish_is_due (w, now.mono_ns) && w->recorder.segment.entries)
    publish (w, SEGMENT_NO_SYNC, &now);
  if (w->recorder.reopened != reopened)
    readers_pause (&w->readers); /* it watches a directory that is gone */
  clean_up (w, &now);
  report_show (&w->report, w->self, &w->recorder, &w->readers, &w->retention, &now);
  return r;
}

static int
file_flush (void *state)
{
  struct writer *w = state;
  struct kk_time now;
  kk_now (w->self, &now);
  return publish (w, w->config->fsync == RECORDER_FSYNC_NEVER ? SEGMENT_NO_SYNC : SEGMENT_SYNC, &now) ? KK_RETRY : 0;
}

/* ---- Life ---- */

static void
say_recovery (struct writer *w)
{
  const struct recovery *c = &w->recorder.recovery;
  if (c->entries > c->duplicates)
    kk_info (w->self, "took %llu entries of an earlier run over from the journal",
             (unsigned long long) (c->entries - c->duplicates));
  if (c->torn_bytes)
    kk_info (w->self, "the journal's end was torn: %llu bytes of a sample that was never completely written were cut off",
             (unsigned long long) c->torn_bytes);
  if (c->damaged)
    kk_warn (w->self,
             "%llu journals were damaged or not ours; what could be read was taken over, copies are " STORE_JOURNALS "/*.bad",
             (unsigned long long) c->damaged);
}

static void
file_destroy (void *state)
{
  struct writer *w = state;
  struct kk_time now;
  kk_now (w->self, &now);
  int r = recorder_finish (&w->recorder);
  if (r)
    kk_warn (w->self, "the last samples stay in the journal until the next start: cannot %s: %s", w->recorder.step,
             strerror (-r));
  recorder_close (&w->recorder);
  readers_close (&w->readers);
  retention_free (&w->retention);
  entry_maker_free (w->maker);
  buf_free (&w->entry);
  free (w);
}

static int
file_create (struct kk_instance *self, const void *config_, void **state)
{
  static const mode_t modes[] = {0600, 0640, 0644};
  static const char *const names[DOINGS] = {"recording", "writing files", "making files durable", "deleting old files"};
  const struct config *config = config_;
  struct kk_time now;
  struct writer *w = calloc (1, sizeof *w);
  if (!w)
    return -ENOMEM;
  kk_now (self, &now);
  w->self = self;
  w->config = config;
  w->choice = (struct entry_choice){.tables = config->tables,
                                    .exclude = config->exclude,
                                    .cmdline = (enum entry_cmdline) config->cmdline,
                                    .microseconds = kk_interval (self) < SECOND_NS};
  w->retention.max_age_ns = config->retention_ns;
  w->retention.max_bytes = (uint64_t) config->max_bytes;
  w->recorder.segment_bytes = (uint64_t) config->segment_bytes;
  w->recorder.fsync = (enum recorder_fsync) config->fsync;
  w->report.started_ns = now.mono_ns;
  for (int i = 0; i < DOINGS; i++)
    w->troubles[i].doing = names[i];
  int r = entry_maker_new (&w->choice, &w->maker);
  if (r) {
    free (w);
    return r;
  }
  r = recorder_open (&w->recorder, config->path && *config->path ? config->path : kk_data_dir (self), modes[config->data_mode],
                     kk_name (self), now.wall_ns);
  note (w, RECORDING, w->recorder.step, r, &now);
  say_recovery (w);
  if (!r)
    w->step_ns = clock_step (w->recorder.store.journals);
  if (config->publish == PUBLISH_AUTO)
    readers_init (&w->readers, config->reader_memory_ns);
  else
    w->readers.fd = w->readers.watch = -1;
  *state = w;
  return 0;
}

KK_PLUGIN (.kind = KK_OUTPUT, .name = "file-writer", .version = "1.0", .summary = "Records samples in JSON files",
           KK_OPTIONS (options), .config_size = sizeof (struct config), .create = file_create, .write = file_write,
           .flush = file_flush, .destroy = file_destroy);
