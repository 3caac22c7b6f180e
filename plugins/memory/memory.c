/* The memory input: how much of the machine's memory is in use, and on request swap, the parts, and a control group's limit. */
#include <kode-kronical/plugin.h>

#include "source.h"

#include <errno.h>
#include <stdlib.h>

struct config {
  bool swap, parts, cgroup;
  const char *proc_root, *sys_root;
};

static const struct kk_option options[] = {
  KK_OPT_BOOL ("swap", struct config, swap, .def = "false", .help = "Record swap space"),
  KK_OPT_BOOL ("parts", struct config, parts, .def = "false",
               .help = "Record what memory is used for: page cache, slab, page tables and so on"),
  KK_OPT_BOOL ("cgroup", struct config, cgroup, .def = "true",
               .help = "Record the limit and the use of the control group the daemon is in, where one limits memory"),
  KK_OPT_PATH ("proc_root", struct config, proc_root, .def = "/proc", .flags = KK_ADVANCED,
               .help = "Where the proc file system is mounted"),
  KK_OPT_PATH ("sys_root", struct config, sys_root, .def = "/sys", .flags = KK_ADVANCED,
               .help = "Where the sys file system is mounted"),
};

#define MEBIBYTES(name_, help_, ...) KK_F64 (name_, "MiBy", KK_GAUGE, .decimals = 1, .help = help_, __VA_ARGS__)
#define PART(name_, help_)           MEBIBYTES ("memory_" name_ "_mb", help_, .only_if = "parts")

enum {
  PERCENT,
  AVAILABLE,
  USED,
  SWAP_TOTAL,
  SWAP_USED,
  SWAP_PERCENT,
  GROUP_LIMIT,
  GROUP_USED,
  GROUP_PERCENT,
  PARTS,
};

/* The parts in the order of their fields; the fields are those from PARTS on. */
static const enum memory_part parts[] = {
  MEMORY_TOTAL,       MEMORY_FREE,         MEMORY_BUFFERS,     MEMORY_CACHED,    MEMORY_SHARED,    MEMORY_ACTIVE,
  MEMORY_INACTIVE,    MEMORY_ANONYMOUS,    MEMORY_MAPPED,      MEMORY_DIRTY,     MEMORY_WRITEBACK, MEMORY_SLAB,
  MEMORY_RECLAIMABLE, MEMORY_KERNEL_STACK, MEMORY_PAGE_TABLES, MEMORY_COMMITTED, MEMORY_HUGE,
};

static const struct kk_field fields[] = {
  [PERCENT] = KK_F64 ("memory_percent", "%", KK_GAUGE, .decimals = 1, .help = "Share of memory that is not available"),
  [AVAILABLE] = MEBIBYTES ("memory_available_mb", "Memory that programs can have without swapping"),
  [USED] = MEBIBYTES ("memory_used_mb", "Memory in use; neither free, nor buffers, nor cache"),
  [SWAP_TOTAL] = MEBIBYTES ("swap_total_mb", "Swap space", .only_if = "swap"),
  [SWAP_USED] = MEBIBYTES ("swap_used_mb", "Swap space in use", .only_if = "swap"),
  [SWAP_PERCENT] = KK_F64 ("swap_percent", "%", KK_GAUGE, .decimals = 1, .only_if = "swap",
                           .help = "Share of swap space in use; unknown where there is none"),
  [GROUP_LIMIT] = MEBIBYTES ("cgroup_memory_limit_mb", "The tightest limit on the daemon's control group", .only_if = "cgroup"),
  [GROUP_USED] =
    MEBIBYTES ("cgroup_memory_used_mb", "What the group with that limit uses, page cache included", .only_if = "cgroup"),
  [GROUP_PERCENT] =
    KK_F64 ("cgroup_memory_percent", "%", KK_GAUGE, .decimals = 1, .only_if = "cgroup", .help = "Share of that limit in use"),
  [PARTS] = PART ("total", "All memory the kernel manages"),
  PART ("free", "Memory used for nothing"),
  PART ("buffers", "Cache of raw blocks"),
  PART ("cached", "Cache of files"),
  PART ("shared", "Shared memory and files on tmpfs; part of the cache"),
  PART ("active", "Memory used lately"),
  PART ("inactive", "Memory not used lately, the first to be taken away"),
  PART ("anonymous", "Memory of programs that stands for no file"),
  PART ("mapped", "Files mapped into programs"),
  PART ("dirty", "Waits to be written to disk"),
  PART ("writeback", "Being written to disk"),
  PART ("slab", "The kernel's own objects"),
  PART ("reclaimable", "The kernel's own objects that can be given up"),
  PART ("kernel_stack", "The kernel's stacks"),
  PART ("page_tables", "Page tables"),
  PART ("committed", "Memory promised to programs"),
  PART ("huge", "Set aside for huge pages"),
};
_Static_assert(KK_COUNT (fields) == PARTS + KK_COUNT (parts), "a field for every part");

static const struct kk_table tables[] = {KK_SINGLE ("system", fields, "The machine as a whole")};

enum { LIMIT_EVERY = 60 }; /* readings between two looks at a control group's limit: it changes seldom */

struct memory {
  struct kk_instance *self;
  const struct config *config;
  struct memory_source *source;
  struct memory_group *group; /* NULL: none to watch */
  uint32_t want;
  uint32_t until_limit; /* readings until the limit is looked at again */
  uint64_t limit;       /* bytes; 0: none in force */
  uint64_t low_kib;
  bool estimates;
  bool said;
};

static void
memory_destroy (void *state)
{
  struct memory *m = state;
  memory_source_close (m->source);
  memory_group_close (m->group);
  free (m);
}

/* From now on available memory is an estimate, as said once; back to the kernel's word as soon as it gives it. */
static void
note_estimate (struct memory *m, bool estimated)
{
  if (estimated == m->estimates)
    return;
  m->estimates = estimated;
  if (estimated) {
    m->want |= MEMORY_WANT_ESTIMATE;
    m->low_kib = memory_source_low (m->config->proc_root);
    kk_warn (m->self, "this kernel does not say how much memory is available (MemAvailable, Linux 3.14): it is estimated");
  }
  kk_status (m->self, "available memory", "%s", estimated ? "an estimate" : "");
}

static int
read_use (struct memory *m, struct memory_reading *now, struct memory_use *use)
{
  int r = memory_source_read (m->source, m->want, now);
  if (r == 0)
    r = memory_use (now, m->low_kib, use);
  if (r == 0 && use->estimated && !m->estimates) {
    /* The first time: with what an estimate needs. */
    note_estimate (m, true);
    r = memory_source_read (m->source, m->want, now);
    if (r == 0)
      r = memory_use (now, m->low_kib, use);
  } else if (r == 0)
    note_estimate (m, use->estimated);
  if (r < 0 && !m->said)
    kk_error (m->self, "cannot read %s/meminfo: %s; is the proc file system mounted there?", m->config->proc_root,
              strerror (-r));
  m->said = r < 0;
  return r;
}

static int
memory_create (struct kk_instance *self, const void *config, void **state)
{
  struct memory_reading now;
  struct memory_use use;
  struct memory *m = calloc (1, sizeof *m);
  if (!m)
    return -ENOMEM;
  m->self = self;
  m->config = config;
  m->want = MEMORY_WANT_USE | (m->config->swap ? MEMORY_WANT_SWAP : 0) | (m->config->parts ? MEMORY_WANT_ALL : 0);
  int r = memory_source_open (m->config->proc_root, &m->source);
  if (r == 0)
    r = read_use (m, &now, &use);
  if (r == 0 && m->config->cgroup) {
    r = memory_group_open (m->config->proc_root, m->config->sys_root, &m->group);
    if (r == -ENOENT || r == -ENAMETOOLONG)
      r = 0;
  }
  if (r < 0) {
    memory_destroy (m);
    return r;
  }
  *state = m;
  return 0;
}

static void
put_swap (const struct memory_reading *now, struct kk_row *row)
{
  uint64_t total = now->kib[MEMORY_SWAP_TOTAL], free = now->kib[MEMORY_SWAP_FREE];
  if (!memory_has (now, MEMORY_SWAP_TOTAL) || !memory_has (now, MEMORY_SWAP_FREE) || free > total) {
    for (uint32_t i = SWAP_TOTAL; i <= SWAP_PERCENT; i++)
      kk_absent (row, i, KK_ERROR);
    return;
  }
  kk_f64 (row, SWAP_TOTAL, (double) total / 1024);
  kk_f64 (row, SWAP_USED, (double) (total - free) / 1024);
  if (total)
    kk_f64 (row, SWAP_PERCENT, 100.0 * (double) (total - free) / (double) total);
  else
    kk_absent (row, SWAP_PERCENT, KK_UNSET); /* there is none */
}

static void
put_no_group (struct kk_row *row)
{
  kk_absent (row, GROUP_LIMIT, KK_UNSET);
  kk_absent (row, GROUP_USED, KK_UNSET);
  kk_absent (row, GROUP_PERCENT, KK_UNSET);
}

static void
put_group (struct memory *m, const struct memory_reading *now, struct kk_row *row)
{
  uint64_t used;
  if (m->until_limit-- == 0) {
    m->until_limit = LIMIT_EVERY - 1;
    if (memory_group_limit (m->group, now->kib[MEMORY_TOTAL], &m->limit) < 0)
      m->limit = 0;
  }
  if (!m->limit) {
    put_no_group (row);
    return;
  }
  kk_f64 (row, GROUP_LIMIT, (double) m->limit / (1 << 20));
  if (memory_group_used (m->group, &used) == 0) {
    kk_f64 (row, GROUP_USED, (double) used / (1 << 20));
    kk_f64 (row, GROUP_PERCENT, 100.0 * (double) used / (double) m->limit);
  } else {
    kk_absent (row, GROUP_USED, KK_ERROR);
    kk_absent (row, GROUP_PERCENT, KK_ERROR);
  }
}

static int
memory_read (void *state, struct kk_rows *out)
{
  struct memory *m = state;
  struct memory_reading now;
  struct memory_use use;
  int r = read_use (m, &now, &use);
  if (r < 0)
    return r;
  struct kk_row *row = kk_row (out, 0, NULL, 0);
  kk_f64 (row, PERCENT, use.percent);
  kk_f64 (row, AVAILABLE, (double) use.available_kib / 1024);
  kk_f64 (row, USED, (double) use.used_kib / 1024);
  if (m->config->swap)
    put_swap (&now, row);
  for (uint32_t i = 0; m->config->parts && i < KK_COUNT (parts); i++)
    if (memory_has (&now, parts[i]))
      kk_f64 (row, PARTS + i, (double) now.kib[parts[i]] / 1024);
    else
      kk_absent (row, PARTS + i, KK_UNSET); /* this kernel does not say */
  if (m->group)
    put_group (m, &now, row);
  else
    put_no_group (row);
  return 0;
}

KK_PLUGIN (.kind = KK_INPUT, .name = "memory", .version = "1.0", .summary = "Memory in use, available and swapped",
           KK_OPTIONS (options), KK_TABLES (tables), .config_size = sizeof (struct config), .create = memory_create,
           .read = memory_read, .destroy = memory_destroy);
