/* What `status` shows of the file-writer, and what it says of samples that it leaves out. */
#ifndef REPORT_H
#define REPORT_H

#include "entry.h"
#include "readers.h"
#include "recorder.h"
#include "retention.h"

enum { REPORT_REASONS = KK_DENIED + 2 };

struct report {
  int64_t started_ns;
  uint64_t entries;                  /* recorded */
  uint64_t left_out[REPORT_REASONS]; /* by enum kk_absent; KK_PRESENT: no input gives the field; the last: too large */
  uint64_t left_out_all;
  bool hopeless; /* no input gives what every entry must have */
  int64_t said_ns, shown_ns; /* monotonic; 0: never */
  struct {
    int64_t at_ns;
    uint64_t journal, files;
  } mark[2]; /* of the bytes written, up to 20 minutes ago */
};

void report_left_out (struct report *r, struct kk_instance *self, const struct entry_lack *lack, const struct kk_time *now);
void report_recorded (struct report *r, struct kk_instance *self);
/* At most every few seconds, but for the first times. */
void report_show (struct report *r, struct kk_instance *self, const struct recorder *recorder, const struct readers *readers,
                  const struct retention *retention, const struct kk_time *now);
#endif
