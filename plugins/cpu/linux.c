#include "source.h"

#include "procfile.h"
#include "scan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STAT_MAX = 8 << 20, SMALL_MAX = 4096, PLAUSIBLE_PERCENT = 100 };

struct cpu_source {
  struct procfile stat, load, pressure[CPU_PRESSURES];
};

int
cpu_source_open (const char *proc_root, struct cpu_source **ret)
{
  static const char *const pressure[] = {"pressure/cpu", "pressure/memory", "pressure/io"};
  struct cpu_source *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  int r = procfile_init (&s->stat, proc_root, "stat");
  if (r == 0)
    r = procfile_init (&s->load, proc_root, "loadavg");
  for (int i = 0; r == 0 && i < CPU_PRESSURES; i++)
    r = procfile_init (&s->pressure[i], proc_root, pressure[i]);
  if (r < 0) {
    cpu_source_close (s);
    return r;
  }
  *ret = s;
  return 0;
}

void
cpu_source_close (struct cpu_source *s)
{
  if (!s)
    return;
  procfile_close (&s->stat);
  procfile_close (&s->load);
  for (int i = 0; i < CPU_PRESSURES; i++)
    procfile_close (&s->pressure[i]);
  free (s);
}

/* The counters of one line. Old kernels have four of them, newer ones up to ten; what is not there counts nothing. */
static bool
parse_times (const char **p, const char *end, struct cpu_times *ret)
{
  struct cpu_times times = {0};
  int n = 0;
  while (n < CPU_STATES && scan_u64 (p, end, &times.ticks[n]))
    n++;
  if (n <= CPU_IDLE)
    return false;
  *ret = times;
  return true;
}

static int
add_core (struct cpu_reading *r, uint32_t number, const struct cpu_times *times)
{
  if (r->n_cores >= r->cap_cores) {
    uint32_t cap = r->cap_cores ? r->cap_cores * 2 : 16;
    struct cpu_core *cores = realloc (r->cores, cap * sizeof *cores);
    if (!cores)
      return -ENOMEM;
    r->cores = cores;
    r->cap_cores = cap;
  }
  r->cores[r->n_cores++] = (struct cpu_core){number, *times};
  return 0;
}

/* The lines of single processors, which follow that of all together; those of absent ones are missing. */
static int
parse_cores (const char **p, const char *end, struct cpu_reading *r)
{
  r->n_cores = 0;
  while (scan_starts (*p, end, "cpu")) {
    const char *at = *p + strlen ("cpu");
    uint64_t number;
    struct cpu_times times;
    if (scan_u64 (&at, end, &number) && number < CPU_MOST_CORES && parse_times (&at, end, &times)
        && r->n_cores < CPU_MOST_CORES) {
      int error = add_core (r, (uint32_t) number, &times);
      if (error < 0)
        return error;
    }
    *p = scan_next_line (at, end);
  }
  return 0;
}

static void
parse_counts (const char *p, const char *end, struct cpu_reading *r)
{
  static const char *const names[CPU_COUNTS] = {
    [CPU_CONTEXT_SWITCHES] = "ctxt ", [CPU_INTERRUPTS] = "intr ",       [CPU_FORKS] = "processes ",
    [CPU_RUNNING] = "procs_running ", [CPU_BLOCKED] = "procs_blocked ",
  };
  memset (r->has_count, 0, sizeof r->has_count);
  for (; p < end; p = scan_next_line (p, end))
    for (int i = 0; i < CPU_COUNTS; i++)
      if (scan_starts (p, end, names[i])) {
        p += strlen (names[i]);
        r->has_count[i] = scan_u64 (&p, end, &r->count[i]);
        break;
      }
}

int
cpu_parse_stat (const char *text, size_t length, unsigned want, struct cpu_reading *ret)
{
  const char *p = text, *end = text + length;
  if (!scan_starts (p, end, "cpu "))
    return -EBADMSG;
  p += strlen ("cpu ");
  if (!parse_times (&p, end, &ret->all))
    return -EBADMSG;
  p = scan_next_line (p, end);
  int r = (want & CPU_WANT_CORES) ? parse_cores (&p, end, ret) : 0;
  if (r == 0 && (want & CPU_WANT_COUNTS))
    parse_counts (p, end, ret);
  return r;
}

int
cpu_parse_load (const char *text, size_t length, double ret[3])
{
  const char *p = text, *end = text + length;
  double load[3];
  for (int i = 0; i < 3; i++)
    if (!scan_f64 (&p, end, &load[i]) || load[i] < 0)
      return -EBADMSG;
  memcpy (ret, load, sizeof load);
  return 0;
}

int
cpu_parse_pressure (const char *text, size_t length, double ret[2])
{
  static const char *const lines[] = {[CPU_SOME] = "some avg10=", [CPU_FULL] = "full avg10="};
  double found[2] = {NAN, NAN};
  const char *end = text + length;
  for (const char *p = text; p < end; p = scan_next_line (p, end))
    for (int i = CPU_SOME; i <= CPU_FULL; i++)
      if (scan_starts (p, end, lines[i])) {
        double percent;
        p += strlen (lines[i]);
        if (scan_f64 (&p, end, &percent) && percent >= 0 && percent <= PLAUSIBLE_PERCENT)
          found[i] = percent;
        break;
      }
  if (isnan (found[CPU_SOME]) && isnan (found[CPU_FULL]))
    return -EBADMSG;
  memcpy (ret, found, sizeof found);
  return 0;
}

int
cpu_source_read (struct cpu_source *s, unsigned want, struct cpu_reading *ret)
{
  int r = procfile_read (&s->stat, STAT_MAX);
  return r < 0 ? r : cpu_parse_stat (s->stat.data, s->stat.len, want, ret);
}

int
cpu_source_load (struct cpu_source *s, double ret[3])
{
  int r = procfile_read (&s->load, SMALL_MAX);
  return r < 0 ? r : cpu_parse_load (s->load.data, s->load.len, ret);
}

int
cpu_source_pressure (struct cpu_source *s, enum cpu_pressure which, double ret[2])
{
  int r = procfile_read (&s->pressure[which], SMALL_MAX);
  return r < 0 ? r : cpu_parse_pressure (s->pressure[which].data, s->pressure[which].len, ret);
}

uint32_t
cpu_source_cores (const struct cpu_source *s)
{
  const char *p = s->stat.data, *end = p + s->stat.len;
  uint32_t n = 0;
  while (p < end && scan_starts (p, end, "cpu")) {
    p = scan_next_line (p, end);
    n++;
  }
  return n > 1 ? n - 1 : 1;
}

uint64_t
cpu_source_ticks_per_second (void)
{
  long ticks = sysconf (_SC_CLK_TCK);
  return ticks > 0 ? (uint64_t) ticks : 100;
}

void
cpu_reading_free (struct cpu_reading *r)
{
  free (r->cores);
  *r = (struct cpu_reading){0};
}
