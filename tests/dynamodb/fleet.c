/* fleet DIR HOSTS MINUTES RESTART: so many hosts, each with an instance of dynamodb-writer as it is, threads and all, that
 * start in the same second; then so many minutes pass, in the middle of one of which (RESTART, counted from 0; -1: none) all
 * stop and start again in one second. Everything is real but the clock (fake-time.h), the host names, the process's number and
 * the samples: one a second, whose values follow from host and minute as fleet.py knows. Spools are in DIR, and DIR/clock holds
 * the time. */
#include "dynamodb-writer/options.h"
#include "fake-time.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t SECOND_NS = 1000000000, MINUTE_NS = INT64_C (60000000000), INTERVAL_NS = INT64_C (1000000000);
static const int64_t T0 = INT64_C (1767225600); /* 2026-01-01 00:00:00 */
enum { DESCRIPTORS = 8 };                       /* of an instance */

extern const struct kk_plugin kk_plugin;

struct host {
  struct kk_instance self;
  char name[32];
  char data_dir[512];
  void *state;
};

/* A sample, with its schema. */
struct sample {
  struct kk_sample sample;
  struct kk_schema schema;
  const struct host *host;
  unsigned number;
  int64_t at_ns;
};

/* ---- The host's side of an instance ---- */

static const struct host *
host_of (const struct kk_instance *self)
{
  return (const struct host *) (const void *) ((const char *) self - offsetof (struct host, self));
}

static void
host_log (struct kk_instance *self, uint32_t level, const char *text)
{
  if (level <= KK_LOG_WARNING)
    fprintf (stderr, "%s: %s\n", host_of (self)->name, text);
}

static uint32_t
host_level (const struct kk_instance *self)
{
  (void) self;
  return KK_LOG_WARNING;
}

static void
host_status (struct kk_instance *self, const char *key, const char *text)
{
  (void) self, (void) key, (void) text;
}

static const char *
host_name (const struct kk_instance *self)
{
  return host_of (self)->name;
}

static const char *
host_data_dir (const struct kk_instance *self)
{
  return host_of (self)->data_dir;
}

static void
host_now (const struct kk_instance *self, struct kk_time *time)
{
  (void) self;
  *time = (struct kk_time){.wall_ns = fake_time_now (), .mono_ns = fake_time_now ()};
}

/* ---- Samples ---- */

static const char *const fields[] = {"cpu_percent", "memory_percent", "memory_available_mb", "memory_used_mb"};

static uint64_t
schema_id (const struct kk_schema *schema)
{
  (void) schema;
  return 1;
}

static uint32_t
schema_tables (const struct kk_schema *schema)
{
  (void) schema;
  return 1;
}

static int
schema_table (const struct kk_schema *schema, uint32_t table, struct kk_table *ret, size_t size)
{
  (void) schema, (void) size;
  *ret = (struct kk_table){.name = "system"};
  return table ? -EINVAL : 0;
}

static int
schema_field (const struct kk_schema *schema, uint32_t table, uint32_t field, struct kk_field *ret, size_t size)
{
  (void) schema, (void) size;
  if (table || field >= KK_COUNT (fields))
    return -EINVAL;
  *ret = (struct kk_field){.name = fields[field], .type = KK_TYPE_F64};
  return 0;
}

static const struct sample *
sample_of (const struct kk_sample *sample)
{
  return (const struct sample *) (const void *) sample;
}

static const struct kk_schema *
sample_schema (const struct kk_sample *sample)
{
  return &sample_of (sample)->schema;
}

static void
sample_time (const struct kk_sample *sample, struct kk_time *time)
{
  *time = (struct kk_time){.wall_ns = sample_of (sample)->at_ns, .mono_ns = sample_of (sample)->at_ns};
}

/* Means over the minute are (host + 7 · minute) modulo 90 and so on, whatever the order. */
static uint32_t
get (const struct kk_sample *sample, uint32_t table, uint32_t row, uint32_t field, struct kk_value *value)
{
  const struct sample *s = sample_of (sample);
  int64_t minute = s->at_ns / MINUTE_NS - T0 / 60, step = s->at_ns % MINUTE_NS / INTERVAL_NS;
  unsigned number = s->number;
  (void) table, (void) row;
  double values[] = {(double) ((number + 7 * minute) % 90) + (step % 2 ? 0.5 : -0.5) + 1, (double) (number % 100),
                     (double) (1000 + number), (double) (2000 + minute)};
  *value = (struct kk_value){.f64 = values[field], .type = KK_TYPE_F64};
  return KK_PRESENT;
}

static const struct kk_host functions = {.size = sizeof functions,
                                         .api = KK_API,
                                         .log = host_log,
                                         .log_level = host_level,
                                         .status = host_status,
                                         .name = host_name,
                                         .data_dir = host_data_dir,
                                         .now = host_now,
                                         .schema_id = schema_id,
                                         .schema_tables = schema_tables,
                                         .schema_table = schema_table,
                                         .schema_field = schema_field,
                                         .sample_schema = sample_schema,
                                         .sample_time = sample_time,
                                         .get = get};

/* ---- The fleet ---- */

struct fleet {
  struct host *hosts;
  unsigned n;
};

static const struct options options = {.table = "kode-kronical-system",
                                       .registry_table = "kode-kronical-systems-registry",
                                       .region = "us-east-1",
                                       .aws_region = "",
                                       .profile = "default",
                                       .endpoint = "",
                                       .ca_file = "",
                                       .spool_dir = "",
                                       .spool_bytes = 1 << 20,
                                       .spool_age_ns = INT64_C (86400000000000),
                                       .spread_ns = INT64_C (60000000000),
                                       .ttl_days = 30,
                                       .create_tables = true};

/* Who starts anew is another process than before, which the plugin tells from a reload (--wrap). */
static pid_t starts;
pid_t __real_getpid (void);
pid_t __wrap_getpid (void);

pid_t
__wrap_getpid (void)
{
  return __real_getpid () + starts;
}

static int
start (struct fleet *f)
{
  int r = 0;
  starts++;
  for (unsigned i = 0; i < f->n && r == 0; i++) {
    struct host *h = &f->hosts[i];
    fake_time_host (h->name);
    r = kk_plugin.create (&h->self, &options, &h->state);
  }
  return r;
}

static int
stop (struct fleet *f)
{
  int r = 0;
  for (unsigned i = 0; i < f->n; i++) {
    struct host *h = &f->hosts[i];
    fake_time_host (h->name);
    int flushed = kk_plugin.flush (h->state);
    kk_plugin.destroy (h->state);
    r = r < 0 ? r : flushed;
  }
  return r;
}

static int
take_samples (struct fleet *f)
{
  int r = 0;
  for (unsigned i = 0; i < f->n && r == 0; i++) {
    struct host *h = &f->hosts[i];
    const struct sample s = {{&functions}, {&functions}, h, i, fake_time_now ()};
    const struct kk_sample *one = &s.sample;
    uint32_t done;
    fake_time_host (h->name);
    r = kk_plugin.write (h->state, &one, 1, &done);
  }
  return r;
}

/* One minute more than is to be seen: each host's place comes once more, for the last of them. */
static int
live (struct fleet *f, int64_t minutes, int64_t restart)
{
  const int64_t begin = fake_time_now (), end = begin + (minutes + 1) * MINUTE_NS;
  int r = start (f);
  for (int64_t at = begin; at < end && r == 0; at += INTERVAL_NS) {
    fake_time_sleep_until (at);
    r = take_samples (f);
    if (r == 0 && restart >= 0 && at == begin + restart * MINUTE_NS + MINUTE_NS / 2) {
      r = stop (f);
      if (r == 0)
        r = start (f);
    }
  }
  fake_time_sleep_until (end - 1000000);
  int stopped = r == 0 ? stop (f) : 0;
  return r == 0 ? stopped : r;
}

static int
make (struct fleet *f, const char *dir, unsigned n)
{
  struct rlimit limit;
  f->hosts = calloc (n, sizeof *f->hosts);
  f->n = n;
  if (!f->hosts || getrlimit (RLIMIT_NOFILE, &limit))
    return -ENOMEM;
  if (limit.rlim_max < n * DESCRIPTORS) {
    fprintf (stderr, "fleet: needs %u descriptors, and may have %ju\n", n * DESCRIPTORS, (uintmax_t) limit.rlim_max);
    return -EMFILE;
  }
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  for (unsigned i = 0; i < n; i++) {
    struct host *h = &f->hosts[i];
    h->self.host = &functions;
    snprintf (h->name, sizeof h->name, "host-%03u.example", i);
    snprintf (h->data_dir, sizeof h->data_dir, "%s", dir);
  }
  return 0;
}

int
main (int argc, char **argv)
{
  char clock[512];
  struct fleet fleet = {.n = 0};
  if (argc != 5)
    return fprintf (stderr, "usage: fleet DIR HOSTS MINUTES RESTART\n"), 2;
  snprintf (clock, sizeof clock, "%s/clock", argv[1]);
  int r = fake_time_begin (T0 * SECOND_NS, clock);
  if (r == 0)
    r = make (&fleet, argv[1], (unsigned) strtoul (argv[2], NULL, 10));
  if (r == 0)
    r = live (&fleet, strtoll (argv[3], NULL, 10), strtoll (argv[4], NULL, 10));
  free (fleet.hosts);
  if (r < 0)
    fprintf (stderr, "fleet: %s\n", strerror (-r));
  return r < 0;
}
