/* What the cpu input asks the operating system; linux.c answers. */
#ifndef CPU_SOURCE_H
#define CPU_SOURCE_H

#include "share.h"

#include <stddef.h>

enum { CPU_MOST_CORES = 8192 }; /* the largest number of processors Linux can be built for */

struct cpu_core {
  uint32_t number;
  struct cpu_times times;
};

enum cpu_count { CPU_CONTEXT_SWITCHES, CPU_INTERRUPTS, CPU_FORKS, CPU_RUNNING, CPU_BLOCKED, CPU_COUNTS };

/* One reading. Zero it before its first use; cpu_reading_free at the end. */
struct cpu_reading {
  struct cpu_times all;
  uint64_t count[CPU_COUNTS];
  bool has_count[CPU_COUNTS];
  struct cpu_core *cores; /* ascending as the system lists them */
  uint32_t n_cores, cap_cores;
};

enum cpu_pressure { CPU_PRESSURE_CPU, CPU_PRESSURE_MEMORY, CPU_PRESSURE_IO, CPU_PRESSURES };
enum cpu_stalled { CPU_SOME, CPU_FULL };

/* What to look for besides the time of all processors together. */
enum cpu_want { CPU_WANT_CORES = 1 << 0, CPU_WANT_COUNTS = 1 << 1 };

struct cpu_source;

int cpu_source_open (const char *proc_root, struct cpu_source **ret); /* 0 or -ENOMEM */
void cpu_source_close (struct cpu_source *s);                         /* NULL is fine */
int cpu_source_read (struct cpu_source *s, unsigned want, struct cpu_reading *ret);
int cpu_source_load (struct cpu_source *s, double ret[3]);
/* Percent of the last ten seconds in which some, or all, of the work waited. NAN where the system does not say. */
int cpu_source_pressure (struct cpu_source *s, enum cpu_pressure which, double ret[2]);
/* How many processors the last reading listed. */
uint32_t cpu_source_cores (const struct cpu_source *s);
uint64_t cpu_source_ticks_per_second (void);

/* The text of the system's files, taken apart; -EBADMSG: not what it should be. */
int cpu_parse_stat (const char *text, size_t length, unsigned want, struct cpu_reading *ret);
int cpu_parse_load (const char *text, size_t length, double ret[3]);
int cpu_parse_pressure (const char *text, size_t length, double ret[2]);
void cpu_reading_free (struct cpu_reading *r);
#endif
