/* One rule over what was recorded. */
#ifndef ALERT_TOOL_TRIAL_H
#define ALERT_TOOL_TRIAL_H

#include "../file-writer/read-back.h"
#include "record.h"
#include "tool-config.h"

enum { TRIAL_CHANGES = 1 << 19 };
enum trial_level { TRIAL_NOTHING, TRIAL_OK, TRIAL_PENDING, TRIAL_FIRING };

struct trial_change {
  unsigned change; /* ALERT_FIRED … */
  bool gone, has_value;
  double value;
  int64_t wall_ns, began_ns, fired_ns;
  size_t ended; /* of ALERT_FIRED, once it is over: which change says so; 0: it still fires, or that change is not here */
  char row[ALERT_ROW_NAME];
};

/* How it was from then on. */
struct trial_run {
  int64_t wall_ns;
  enum trial_level level;
};

struct trial {
  int64_t since_ns, until_ns; /* what is to be looked at, */
  int64_t first_ns, last_ns;  /* … and what there was; 0: nothing */
  uint64_t samples;
  struct trial_change *changes;
  size_t n, capacity;
  uint64_t more;          /* changes for which there was no room */
  uint64_t fired;         /* how often, those included, */
  int64_t firing_ns;      /* … and for how long in all */
  struct trial_run *runs; /* at most TRIAL_CHANGES */
  size_t n_runs, runs_capacity;
  char unit[32];
  bool quiet; /* without a bar */
  struct read_back_report files;
};

/* The worst level between two times. */
enum trial_level trial_worst (const struct trial *t, int64_t from_ns, int64_t to_ns);
/* `ret`: since_ns, until_ns and quiet set, the rest 0. 0; or -errno, and it was said why. */
int trial_run (const struct tool_config *c, const struct watch *w, const char *directory, struct trial *ret);
void trial_free (struct trial *t);
#endif
