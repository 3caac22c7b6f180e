/* What the daemon knows about itself, as one JSON object:
 *
 *   {"version":"…","pid":1,"health":"ok","problems":["net: …"],"uptime_seconds":…,"config_file":"…","data_dir":"…",
 *    "interval_seconds":1,"process":{"cpu_percent":…,"cpu_seconds":…,"rss_bytes":…,"threads":…,"open_files":…,"wakeups_per_second":…},
 *    "ticks":{"taken":…,"missed":…,"suspends":…,"clock_steps":…},
 *    "lost_samples":…,     for want of memory
 *    "ring":{"samples":…,"max_samples":…,"bytes":…,"max_bytes":…,"span_seconds":…},
 *    "log":{"suppressed":…},
 *    "duplicate_rows":…,   rows whose key another input of the same table had already
 *    "instances":[{"name":"net","plugin":"net","kind":"input","state":"ok","calls":…,"failures":…,…,"status":{…},"queue":{…}}]}
 *
 * health is "ok" or "degraded" (then `problems` says why). state is ok, failing, stuck or waiting. */
#ifndef STATUS_H
#define STATUS_H

#include "graph.h"
#include "ring.h"
#include "sampler.h"

#include <json-c/json.h>

struct status_source {
  const struct env *env;
  struct sampler *sampler;
  struct ring *ring;
  const struct plan *plan;
  const char *log_file;
  struct clock_reading started;
};

struct json_object *status_json (const struct status_source *from);
/* What the table `daemon` records of it. From any thread, but not from within sampler_inspect. */
void status_self (struct sampler *sampler, struct ring *ring, struct self_reading *ret);
/* The same for the log: a line for the daemon and one for each instance. */
void status_log (const struct status_source *from);
#endif
