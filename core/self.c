#include "self.h"

#include "instance.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CPU_SECONDS, MEMORY_RSS, WAKEUPS, TICKS, MISSED_TICKS, DROPPED, FAILED, RING_SAMPLES, RING_BYTES };
static const struct kk_field fields[] = {
  [CPU_SECONDS] = KK_F64 ("cpu_seconds", "s", KK_COUNTER, .decimals = 3, .help = "CPU time the daemon has used"),
  [MEMORY_RSS] = KK_F64 ("memory_rss_mb", "MiBy", KK_GAUGE, .decimals = 1, .help = "Memory the daemon has resident"),
  [WAKEUPS] = KK_U64 ("wakeups", "1", KK_COUNTER, .help = "Times one of its threads went to sleep and was woken"),
  [TICKS] = KK_U64 ("ticks", "1", KK_COUNTER, .help = "Ticks taken"),
  [MISSED_TICKS] = KK_U64 ("missed_ticks", "1", KK_COUNTER, .help = "Ticks that came too late and were left out"),
  [DROPPED] = KK_U64 ("dropped_samples", "1", KK_COUNTER, .help = "Samples that a filter or output gave up, or had no room for"),
  [FAILED] = KK_U64 ("failed_calls", "1", KK_COUNTER, .help = "Calls of plugins that failed or passed their deadline"),
  [RING_SAMPLES] = KK_U64 ("ring_samples", "1", KK_GAUGE, .help = "Samples kept in memory"),
  [RING_BYTES] = KK_U64 ("ring_bytes", "By", KK_GAUGE, .help = "Memory of these samples"),
};
static const struct kk_table tables[] = {KK_SINGLE ("daemon", fields, "The daemon itself: what it costs, what it lost")};

static int
self_create (struct kk_instance *self, const void *config, void **state)
{
  (void) config;
  *state = self;
  return 0;
}

static void
set_memory (struct kk_row *row)
{
  unsigned long long total, resident;
  FILE *f = fopen ("/proc/self/statm", "re");
  if (f && fscanf (f, "%llu %llu", &total, &resident) == 2)
    kk_f64 (row, MEMORY_RSS, (double) resident * (double) sysconf (_SC_PAGESIZE) / (1 << 20));
  else
    kk_absent (row, MEMORY_RSS, KK_ERROR);
  if (f)
    fclose (f);
}

static int
self_read (void *state, struct kk_rows *out)
{
  const struct env *env = ((const struct instance *) state)->env;
  struct kk_row *row = kk_row (out, 0, NULL, 0);
  struct rusage r;
  if (getrusage (RUSAGE_SELF, &r))
    return -errno;
  kk_f64 (row, CPU_SECONDS,
          (double) (r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double) (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6);
  kk_u64 (row, WAKEUPS, (uint64_t) r.ru_nvcsw);
  set_memory (row);
  if (!env->self)
    return 0;
  struct self_reading now = {0};
  env->self (env->self_arg, &now);
  kk_u64 (row, TICKS, now.ticks);
  kk_u64 (row, MISSED_TICKS, now.missed_ticks);
  kk_u64 (row, DROPPED, now.dropped);
  kk_u64 (row, FAILED, now.failed);
  kk_u64 (row, RING_SAMPLES, now.ring_samples);
  kk_u64 (row, RING_BYTES, now.ring_bytes);
  return 0;
}

const struct kk_plugin *
self_plugin (void)
{
  static const struct kk_plugin plugin = {.size = sizeof plugin,
                                          .api = KK_API,
                                          .option_size = sizeof (struct kk_option),
                                          .field_size = sizeof (struct kk_field),
                                          .table_size = sizeof (struct kk_table),
                                          .kind = KK_INPUT,
                                          .name = "daemon",
                                          .version = "1.0",
                                          .summary = "What the daemon itself costs, and what it lost",
                                          .interval = "60s",
                                          KK_TABLES (tables),
                                          .create = self_create,
                                          .read = self_read};
  return &plugin;
}
