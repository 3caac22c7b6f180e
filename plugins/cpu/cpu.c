/* The cpu input: how busy the processors were since the previous reading, load averages, and on request where the time went. */
#include <kode-kronical/plugin.h>

#include "source.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct config {
  bool load, states, per_core, context_switches, processes, pressure;
  const char *proc_root;
};

static const struct kk_option options[] = {
  KK_OPT_BOOL ("load", struct config, load, .def = "true", .help = "Record the load averages"),
  KK_OPT_BOOL ("states", struct config, states, .def = "false",
               .help = "Record the shares of time by state: user, system, waiting for I/O, stolen and so on"),
  KK_OPT_BOOL ("per_core", struct config, per_core, .def = "false",
               .help = "Record every processor by itself, in the table cores"),
  KK_OPT_BOOL ("context_switches", struct config, context_switches, .def = "false",
               .help = "Record how often the processors switched between tasks, and were interrupted"),
  KK_OPT_BOOL ("processes", struct config, processes, .def = "false",
               .help = "Record how many processes run, wait for I/O and were started"),
  KK_OPT_BOOL ("pressure", struct config, pressure, .def = "false",
               .help = "Record how long work waited for CPU, memory and I/O, where the kernel tells (PSI)"),
  KK_OPT_PATH ("proc_root", struct config, proc_root, .def = "/proc", .flags = KK_ADVANCED,
               .help = "Where the proc file system is mounted"),
};

/* Shares by state stand in the order of enum cpu_state, counts in that of enum cpu_count, pressure by what and how. */
#define SHARE(name_, help_) KK_F64 (name_, "%", KK_GAUGE, .decimals = 1, .only_if = "states", .help = help_)
#define LOAD_AVG(name_, span_)                                                                                                 \
  KK_F64 (name_, "1", KK_GAUGE, .decimals = 2, .only_if = "load", .help = "Load average over " span_)
#define PRESSURE_OF(name_, help_) KK_F64 (name_, "%", KK_GAUGE, .decimals = 2, .only_if = "pressure", .help = help_)

/* clang-format off */
#define SHARES(at_, prefix_)                                                                                                   \
  [(at_) + CPU_USER] = SHARE (prefix_ "user_percent", "Share of time in user space, guests of a hypervisor included"),         \
  [(at_) + CPU_NICE] = SHARE (prefix_ "nice_percent", "Share of time in user space at lowered priority, guests included"),     \
  [(at_) + CPU_SYSTEM] = SHARE (prefix_ "system_percent", "Share of time in the kernel"),                                      \
  [(at_) + CPU_IDLE] = SHARE (prefix_ "idle_percent", "Share of time with nothing to do"),                                     \
  [(at_) + CPU_IOWAIT] = SHARE (prefix_ "iowait_percent", "Share of time idle while I/O was waited for"),                      \
  [(at_) + CPU_IRQ] = SHARE (prefix_ "irq_percent", "Share of time serving interrupts"),                                       \
  [(at_) + CPU_SOFTIRQ] = SHARE (prefix_ "softirq_percent", "Share of time in deferred interrupt work"),                       \
  [(at_) + CPU_STEAL] = SHARE (prefix_ "steal_percent", "Share of time the hypervisor gave to others"),                        \
  [(at_) + CPU_GUEST] = SHARE (prefix_ "guest_percent", "Share of time running guests; part of user"),                         \
  [(at_) + CPU_GUEST_NICE] = SHARE (prefix_ "guest_nice_percent", "Share of time running guests at lowered priority; part of nice")

#define PRESSURES(which_, name_, what_)                                                                                        \
  [PRESSURE + 2 * (which_) + CPU_SOME]                                                                                         \
    = PRESSURE_OF ("pressure_" name_ "_some_percent", "Share of the last 10 seconds in which some task waited for " what_),    \
  [PRESSURE + 2 * (which_) + CPU_FULL]                                                                                         \
    = PRESSURE_OF ("pressure_" name_ "_full_percent", "Share of the last 10 seconds in which every task waited for " what_)
/* clang-format on */

enum {
  CPU_PERCENT,
  LOAD,
  STATES = LOAD + 3,
  COUNTS = STATES + CPU_STATES,
  PRESSURE = COUNTS + CPU_COUNTS,
};
static const struct kk_field system_fields[] = {
  [CPU_PERCENT] = KK_F64 ("cpu_percent", "%", KK_GAUGE, .decimals = 1,
                          .help = "Share of time all processors were busy since the previous reading"),
  [LOAD] = LOAD_AVG ("load_avg_1m", "one minute"),
  [LOAD + 1] = LOAD_AVG ("load_avg_5m", "five minutes"),
  [LOAD + 2] = LOAD_AVG ("load_avg_15m", "fifteen minutes"),
  SHARES (STATES, "cpu_"),
  [COUNTS + CPU_CONTEXT_SWITCHES] =
    KK_U64 ("context_switches", "1", KK_COUNTER, .only_if = "context_switches", .help = "Switches between tasks since boot"),
  [COUNTS + CPU_INTERRUPTS] =
    KK_U64 ("interrupts", "1", KK_COUNTER, .only_if = "context_switches", .help = "Interrupts served since boot"),
  [COUNTS + CPU_FORKS] =
    KK_U64 ("processes_started", "1", KK_COUNTER, .only_if = "processes", .help = "Processes and threads started since boot"),
  [COUNTS + CPU_RUNNING] = KK_U64 ("processes_running", "1", KK_GAUGE, .only_if = "processes",
                                   .help = "Tasks that run or could run, the one that asks included"),
  [COUNTS + CPU_BLOCKED] =
    KK_U64 ("processes_blocked", "1", KK_GAUGE, .only_if = "processes", .help = "Tasks that wait for I/O"),
  PRESSURES (CPU_PRESSURE_CPU, "cpu", "a processor"),
  PRESSURES (CPU_PRESSURE_MEMORY, "memory", "memory"),
  PRESSURES (CPU_PRESSURE_IO, "io", "I/O"),
};

enum { CORE_PERCENT, CORE_STATES };
static const struct kk_field core_fields[] = {
  [CORE_PERCENT] = KK_F64 ("cpu_percent", "%", KK_GAUGE, .decimals = 1, .help = "Share of time this processor was busy"),
  SHARES (CORE_STATES, ""),
};

enum { SYSTEM, CORES };
static const struct kk_table tables[] = {
  [SYSTEM] = KK_SINGLE ("system", system_fields, "The machine as a whole"),
  [CORES] = KK_KEYED ("cores", "core", KK_U64_KEY, core_fields, "One row per processor that is on line", .only_if = "per_core",
                      .max_rows = CPU_MOST_CORES),
};

/* The kernel counts in steps of 10 ms, so a share over less than ten of them says little; a tick may come a little early. */
static const int64_t SHORTEST_SPAN = 95000000;

/* Where a share is measured from, and what it was last. */
struct meter {
  struct cpu_times base;
  struct cpu_share share;
  uint64_t seen; /* number of the reading that had it last; 0: none */
};

struct cpu {
  struct kk_instance *self;
  const struct config *config;
  struct cpu_source *source;
  struct cpu_reading now;
  struct meter all;
  struct meter *cores; /* by number */
  uint32_t n_cores;
  unsigned want;
  int64_t base_ns; /* when the baselines were taken */
  uint64_t readings;
  double load[3];
  bool has_load;
  bool said_stat, said_load, said_steal;
  bool no_pressure[CPU_PRESSURES];
};

/* What a reading does to the meters: nothing, as it comes too soon; forms shares; or begins anew. */
enum step { KEEP, MEASURE, BEGIN };

static void
meter_step (struct meter *m, enum step step, uint32_t why, const struct cpu_times *now, uint64_t possible)
{
  if (step == KEEP)
    return;
  if (step == MEASURE)
    cpu_share (&m->base, now, possible, &m->share);
  else
    m->share = (struct cpu_share){.absent = why};
  m->base = *now;
}

static struct meter *
core_meter (struct cpu *c, uint32_t number)
{
  if (number >= c->n_cores) {
    uint32_t n = number + 16;
    struct meter *cores = realloc (c->cores, n * sizeof *cores);
    if (!cores)
      return NULL;
    memset (cores + c->n_cores, 0, (n - c->n_cores) * sizeof *cores);
    c->cores = cores;
    c->n_cores = n;
  }
  return &c->cores[number];
}

/* Brings all meters up to the reading in c->now. */
static int
step_all (struct cpu *c, enum step step, uint32_t why, int64_t mono_ns)
{
  uint64_t span_ms = step == MEASURE ? (uint64_t) (mono_ns - c->base_ns) / 1000000 : 0;
  uint64_t ticks = span_ms * cpu_source_ticks_per_second () / 1000;
  uint64_t possible = ticks + ticks / 4 + 20;
  c->readings++;
  meter_step (&c->all, step, why, &c->now.all, possible * cpu_source_cores (c->source));
  for (uint32_t i = 0; i < c->now.n_cores; i++) {
    const struct cpu_core *core = &c->now.cores[i];
    struct meter *m = core_meter (c, core->number);
    if (!m)
      return -ENOMEM;
    /* One that was not there in the last reading begins anew: its counters say nothing about this interval. */
    bool fresh = m->seen + 1 != c->readings;
    meter_step (m, fresh ? BEGIN : step, fresh ? KK_FIRST : why, &core->times, possible);
    m->seen = c->readings;
  }
  if (step != KEEP)
    c->base_ns = mono_ns;
  return 0;
}

static void
cpu_destroy (void *state)
{
  struct cpu *c = state;
  cpu_source_close (c->source);
  cpu_reading_free (&c->now);
  free (c->cores);
  free (c);
}

static int
cpu_create (struct kk_instance *self, const void *config, void **state)
{
  struct kk_time time;
  struct cpu *c = calloc (1, sizeof *c);
  if (!c)
    return -ENOMEM;
  c->self = self;
  c->config = config;
  c->want =
    (c->config->per_core ? CPU_WANT_CORES : 0u) | (c->config->context_switches || c->config->processes ? CPU_WANT_COUNTS : 0u);
  kk_now (self, &time);
  int r = cpu_source_open (c->config->proc_root, &c->source);
  if (r == 0) {
    r = cpu_source_read (c->source, c->want, &c->now);
    if (r < 0)
      kk_error (self, "cannot read %s/stat: %s; is the proc file system mounted there?", c->config->proc_root, strerror (-r));
  }
  if (r == 0)
    r = step_all (c, BEGIN, KK_FIRST, time.mono_ns);
  if (r < 0) {
    cpu_destroy (c);
    return r;
  }
  *state = c;
  return 0;
}

static void
put_percent (struct kk_row *row, uint32_t field, uint32_t absent, double percent)
{
  if (absent)
    kk_absent (row, field, (enum kk_absent) absent);
  else
    kk_f64 (row, field, percent);
}

static void
put_share (const struct cpu *c, struct kk_row *row, const struct cpu_share *share, uint32_t total, uint32_t states)
{
  put_percent (row, total, share->absent, share->busy);
  if (!c->config->states)
    return;
  for (uint32_t i = 0; i < CPU_STATES; i++) {
    uint32_t absent = i == CPU_STEAL && share->steal_is_absurd && !share->absent ? KK_ERROR : share->absent;
    put_percent (row, states + i, absent, share->percent[i]);
  }
}

static void
put_cores (struct cpu *c, struct kk_rows *out)
{
  for (uint32_t i = 0; i < c->now.n_cores; i++) {
    uint32_t number = c->now.cores[i].number;
    put_share (c, kk_row_u64 (out, CORES, number, 0), &c->cores[number].share, CORE_PERCENT, CORE_STATES);
  }
}

static void
put_counts (const struct cpu *c, struct kk_row *row)
{
  for (uint32_t i = 0; i < CPU_COUNTS; i++)
    if (c->now.has_count[i])
      kk_u64 (row, COUNTS + i, c->now.count[i]);
    else
      kk_absent (row, COUNTS + i, KK_ERROR);
}

static void
read_load (struct cpu *c)
{
  int r = cpu_source_load (c->source, c->load);
  c->has_load = r == 0;
  if (r < 0 && !c->said_load)
    kk_warn (c->self, "no load averages: cannot read %s/loadavg: %s", c->config->proc_root, strerror (-r));
  c->said_load = r < 0;
}

static void
put_load (const struct cpu *c, struct kk_row *row)
{
  for (uint32_t i = 0; i < 3; i++)
    if (c->has_load)
      kk_f64 (row, LOAD + i, c->load[i]);
    else
      kk_absent (row, LOAD + i, KK_ERROR);
}

/* Once for all that a reading found missing. */
static void
say_no_pressure (const struct cpu *c, const bool missing[CPU_PRESSURES], int error)
{
  static const char *const names[] = {"cpu", "memory", "io"};
  char list[40] = "";
  for (size_t i = 0, n = 0; i < CPU_PRESSURES; i++)
    if (missing[i])
      n += (size_t) snprintf (list + n, sizeof list - n, "%s%s", n ? ", " : "", names[i]);
  kk_warn (c->self, "pressure is left out for %s: this kernel does not tell it in %s/pressure (%s); booting it with psi=1 may help",
           list, c->config->proc_root, strerror (-error));
  kk_status (c->self, "pressure", "not told by this kernel: %s", list);
}

/* Kernels without PSI lack the files, or have them and refuse to read them: once known, never asked again. */
static void
put_pressure (struct cpu *c, struct kk_row *row)
{
  bool missing[CPU_PRESSURES] = {false};
  int error = 0;
  for (uint32_t which = 0; which < CPU_PRESSURES; which++) {
    double percent[2] = {NAN, NAN};
    if (!c->no_pressure[which]) {
      int r = cpu_source_pressure (c->source, (enum cpu_pressure) which, percent);
      if (r < 0 && r != -EINTR && r != -ENOMEM && r != -EMFILE && r != -ENFILE) {
        c->no_pressure[which] = missing[which] = true;
        error = r;
      }
    }
    for (uint32_t i = CPU_SOME; i <= CPU_FULL; i++)
      put_percent (row, PRESSURE + 2 * which + i, isnan (percent[i]) ? KK_ERROR : KK_PRESENT, percent[i]);
  }
  if (error)
    say_no_pressure (c, missing, error);
}

/* Reads what this step needs: what the kernel counts in steps of 10 ms, and the load, which it forms every five seconds, are
 * not read two hundred times a second. */
static int
read_now (struct cpu *c, enum step step)
{
  int r = 0;
  if (step != KEEP || (c->want & CPU_WANT_COUNTS))
    r = cpu_source_read (c->source, c->want, &c->now);
  if (r < 0 && !c->said_stat)
    kk_error (c->self, "cannot read %s/stat: %s", c->config->proc_root, strerror (-r));
  c->said_stat = r < 0;
  if (r == 0 && c->config->load && (step != KEEP || !c->has_load))
    read_load (c);
  return r;
}

static int
cpu_read (void *state, struct kk_rows *out)
{
  struct cpu *c = state;
  struct kk_time time;
  kk_read_time (out, &time);
  enum step step = time.mono_ns - c->base_ns >= SHORTEST_SPAN ? MEASURE : KEEP;
  if (time.after == KK_GAP || time.after == KK_SUSPEND)
    step = BEGIN;
  int r = read_now (c, step);
  if (r == 0)
    r = step_all (c, step, time.after, time.mono_ns);
  if (r < 0)
    return r;
  if (c->all.share.steal_is_absurd && !c->said_steal) {
    kk_warn (c->self, "this kernel's counter of stolen time runs faster than time: shares are formed without it");
    c->said_steal = true;
  }

  struct kk_row *row = kk_row (out, SYSTEM, NULL, 0);
  put_share (c, row, &c->all.share, CPU_PERCENT, STATES);
  if (c->config->load)
    put_load (c, row);
  if (c->config->context_switches || c->config->processes)
    put_counts (c, row);
  if (c->config->pressure)
    put_pressure (c, row);
  if (c->config->per_core)
    put_cores (c, out);
  return 0;
}

KK_PLUGIN (.kind = KK_INPUT, .name = "cpu", .version = "1.0", .summary = "Processor use, load averages and pressure",
           KK_OPTIONS (options), KK_TABLES (tables), .config_size = sizeof (struct config), .create = cpu_create,
           .read = cpu_read, .destroy = cpu_destroy);
