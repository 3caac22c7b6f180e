#include "report.h"

#include "text.h"

#include <inttypes.h>
#include <string.h>

static const int64_t SECOND_NS = 1000000000;

enum { TOO_LARGE = REPORT_REASONS - 1, SHOW_EVERY = 5, SAY_EVERY = 600, MARK_EVERY = 600 };

static const char *const REASONS[REPORT_REASONS] = {
    [KK_PRESENT] = "no input for it",
    [KK_UNSET] = "not given",
    [KK_FIRST] = "first reading",
    [KK_RESET] = "counter reset",
    [KK_GAP] = "gap",
    [KK_SUSPEND] = "suspend",
    [KK_ERROR] = "not readable",
    [KK_DENIED] = "not permitted",
    [TOO_LARGE] = "too large",
};

void
report_left_out (struct report *r, struct kk_instance *self, const struct entry_lack *lack, const struct kk_time *now)
{
  uint32_t reason = !lack->field ? TOO_LARGE : lack->absent < TOO_LARGE ? lack->absent : (uint32_t) KK_UNSET;
  r->left_out[reason]++;
  r->left_out_all++;
  if (lack->field && lack->absent == KK_PRESENT && !r->hopeless) {
    r->hopeless = true;
    kk_status (self, "trouble", "nothing can be recorded: no input gives %s", lack->field);
  }
  if (lack->field && lack->absent == KK_FIRST) {
    kk_debug (self, "a sample was left out: %s needs a second reading", lack->field);
    return;
  }
  if (r->said_ns && now->mono_ns - r->said_ns < SAY_EVERY * SECOND_NS)
    return;
  r->said_ns = now->mono_ns ? now->mono_ns : 1;
  if (!lack->field)
    kk_warn (self, "a sample was left out: its entry is larger than 32 MiB; record fewer tables or rows");
  else if (lack->absent == KK_PRESENT)
    kk_error (
      self,
      "nothing can be recorded: %s is not there; enable the %s input, and let no filter, 'tables' or 'exclude' take it out",
      lack->field, lack->field[0] == 'c' ? "cpu" : "memory");
  else
    kk_warn (self, "a sample was left out: %s is not known (%s); status counts these", lack->field, REASONS[reason]);
}

void
report_recorded (struct report *r, struct kk_instance *self)
{
  r->entries++;
  if (r->hopeless)
    kk_status (self, "trouble", "%s", "");
  r->hopeless = false;
}

static void
show_left_out (const struct report *r, struct kk_instance *self)
{
  if (!r->left_out_all)
    return;
  struct buf b BUF_CLEANUP = {0};
  buf_printf (&b, "%" PRIu64 " sample%s", r->left_out_all, r->left_out_all == 1 ? "" : "s");
  const char *separator = " (";
  for (int i = 0; i < REPORT_REASONS; i++)
    if (r->left_out[i]) {
      buf_printf (&b, "%s%s %" PRIu64, separator, REASONS[i], r->left_out[i]);
      separator = ", ";
    }
  buf_addc (&b, ')');
  if (!b.error)
    kk_status (self, "left out", "%s", b.data);
}

/* Bytes a day, from what was written since the older of two marks: over 10 to 20 minutes, or since the start. */
static void
show_disk (struct report *r, struct kk_instance *self, const struct recorder *recorder, int64_t mono_ns)
{
  uint64_t journal = recorder->journal.wrote, files = recorder->segment.wrote;
  if (!r->mark[1].at_ns)
    r->mark[0].at_ns = r->mark[1].at_ns = r->started_ns;
  if (mono_ns - r->mark[1].at_ns >= MARK_EVERY * SECOND_NS) {
    r->mark[0] = r->mark[1];
    r->mark[1].at_ns = mono_ns;
    r->mark[1].journal = journal;
    r->mark[1].files = files;
  }
  double days = (double) (mono_ns - r->mark[0].at_ns) / 86400e9;
  if (days < 1e-5)
    return;
  struct buf b BUF_CLEANUP = {0};
  text_bytes (&b, (uint64_t) ((double) (journal + files - r->mark[0].journal - r->mark[0].files) / days));
  buf_adds (&b, " per day (journal ");
  text_bytes (&b, (uint64_t) ((double) (journal - r->mark[0].journal) / days));
  buf_adds (&b, ", files ");
  text_bytes (&b, (uint64_t) ((double) (files - r->mark[0].files) / days));
  buf_adds (&b, ")");
  if (!b.error)
    kk_status (self, "written", "%s", b.data);
}

static void
show_files (struct kk_instance *self, const struct recorder *recorder, const struct retention *retention)
{
  const struct segment *s = &recorder->segment;
  struct buf b BUF_CLEANUP = {0};
  text_bytes (&b, s->text.len);
  if (!b.error && !*s->name)
    kk_status (self, "segment", "none yet");
  else if (!b.error)
    kk_status (self, "segment", "%s, %" PRIu64 " %s, %" PRIu64 " published, %s", s->name, s->entries,
               s->entries == 1 ? "entry" : "entries", s->published, b.data);
  buf_clear (&b);
  text_bytes (&b, retention->bytes);
  if (!b.error)
    kk_status (self, "files", "%zu, %s; deleted: %" PRIu64 " by age, %" PRIu64 " by max_bytes", retention->n, b.data,
               retention->aged, retention->pushed);
}

static void
show_reader (struct kk_instance *self, const struct readers *readers, int64_t mono_ns)
{
  if (readers->error) {
    kk_status (self, "reader", "cannot be seen: %s; writing for one", strerror (-readers->error));
    return;
  }
  if (readers->fd < 0)
    return;
  if (!readers->seen_ns) {
    kk_status (self, "reader", "none seen");
    return;
  }
  struct buf b BUF_CLEANUP = {0};
  text_duration (&b, (mono_ns - readers->seen_ns) / SECOND_NS * SECOND_NS);
  if (!b.error)
    kk_status (self, "reader", "seen %s ago%s", b.data, readers_active (readers, mono_ns) ? "" : "; writing once a minute");
}

static void
show_faults (struct kk_instance *self, const struct recorder *recorder)
{
  const struct recovery *c = &recorder->recovery;
  if (c->entries || c->torn_bytes || c->damaged)
    kk_status (self, "recovered",
               "%" PRIu64 " entries, %" PRIu64 " of them in files already, torn %" PRIu64 " B, damaged journals %" PRIu64,
               c->entries, c->duplicates, c->torn_bytes, c->damaged);
  if (recorder->reopened)
    kk_status (self, "directory", "made anew %" PRIu64 " times", recorder->reopened);
  if (recorder->sync_errors)
    kk_status (self, "fsync", "failed %" PRIu64 " times", recorder->sync_errors);
}

void
report_show (struct report *r, struct kk_instance *self, const struct recorder *recorder, const struct readers *readers,
             const struct retention *retention, const struct kk_time *now)
{
  if (r->shown_ns && now->mono_ns - r->shown_ns < SHOW_EVERY * SECOND_NS && r->entries > 3)
    return;
  r->shown_ns = now->mono_ns;
  kk_status (self, "entries", "%" PRIu64, r->entries);
  show_files (self, recorder, retention);
  show_disk (r, self, recorder, now->mono_ns);
  show_reader (self, readers, now->mono_ns);
  show_left_out (r, self);
  show_faults (self, recorder);
}
