#include "source.h"

#include "procfile.h"
#include "scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MEMINFO_MAX = 1 << 20, ZONEINFO_MAX = 16 << 20 };

struct memory_source {
  struct procfile meminfo;
};

/* With the colon, so that Active: and Active(anon): differ; in the order in which the kernel writes them. */
static const char *const names[MEMORY_PARTS] = {
  [MEMORY_TOTAL] = "MemTotal:",
  [MEMORY_FREE] = "MemFree:",
  [MEMORY_AVAILABLE] = "MemAvailable:",
  [MEMORY_BUFFERS] = "Buffers:",
  [MEMORY_CACHED] = "Cached:",
  [MEMORY_ACTIVE] = "Active:",
  [MEMORY_INACTIVE] = "Inactive:",
  [MEMORY_ACTIVE_FILE] = "Active(file):",
  [MEMORY_INACTIVE_FILE] = "Inactive(file):",
  [MEMORY_SWAP_TOTAL] = "SwapTotal:",
  [MEMORY_SWAP_FREE] = "SwapFree:",
  [MEMORY_DIRTY] = "Dirty:",
  [MEMORY_WRITEBACK] = "Writeback:",
  [MEMORY_ANONYMOUS] = "AnonPages:",
  [MEMORY_MAPPED] = "Mapped:",
  [MEMORY_SHARED] = "Shmem:",
  [MEMORY_SLAB] = "Slab:",
  [MEMORY_RECLAIMABLE] = "SReclaimable:",
  [MEMORY_KERNEL_STACK] = "KernelStack:",
  [MEMORY_PAGE_TABLES] = "PageTables:",
  [MEMORY_COMMITTED] = "Committed_AS:",
  [MEMORY_HUGE] = "Hugetlb:",
};

int
memory_source_open (const char *proc_root, struct memory_source **ret)
{
  struct memory_source *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  int r = procfile_init (&s->meminfo, proc_root, "meminfo");
  if (r < 0) {
    free (s);
    return r;
  }
  *ret = s;
  return 0;
}

void
memory_source_close (struct memory_source *s)
{
  if (!s)
    return;
  procfile_close (&s->meminfo);
  free (s);
}

static bool
parse_line (const char **p, const char *end, int part, struct memory_reading *ret)
{
  if (!scan_starts (*p, end, names[part]))
    return false;
  *p += strlen (names[part]);
  uint64_t kib;
  /* More than 2^54 KiB cannot be, and its bytes would not fit. */
  if (scan_u64 (p, end, &kib) && kib < UINT64_C (1) << 54) {
    ret->kib[part] = kib;
    ret->has |= 1u << part;
  }
  return true;
}

void
memory_parse_meminfo (const char *text, size_t length, uint32_t want, struct memory_reading *ret)
{
  const char *end = text + length;
  struct memory_reading found = {0};
  int next = 0;
  for (const char *p = text; p < end && want; p = scan_next_line (p, end)) {
    /* Most often the wanted line that follows the last one; only where the order is another are all names tried. */
    while (next < MEMORY_PARTS && !(want & (1u << next)))
      next++;
    int part = next;
    if (part >= MEMORY_PARTS || !parse_line (&p, end, part, &found))
      for (part = 0; part < MEMORY_PARTS; part++)
        if ((want & (1u << part)) && *p == names[part][0] && parse_line (&p, end, part, &found))
          break;
    if (part < MEMORY_PARTS) {
      want &= ~(1u << part);
      next = part + 1;
    }
  }
  *ret = found;
}

int
memory_source_read (struct memory_source *s, uint32_t want, struct memory_reading *ret)
{
  int r = procfile_read (&s->meminfo, MEMINFO_MAX);
  if (r == 0)
    memory_parse_meminfo (s->meminfo.data, s->meminfo.len, want, ret);
  return r;
}

/* The sum of the zones' low marks, lines such as "        low      1234". */
uint64_t
memory_parse_zoneinfo (const char *text, size_t length, uint64_t page_kib)
{
  const char *end = text + length;
  uint64_t sum = 0;
  for (const char *p = text; p < end; p = scan_next_line (p, end)) {
    uint64_t pages;
    size_t n;
    const char *word = scan_word (&p, end, &n);
    if (word && n == 3 && memcmp (word, "low", 3) == 0 && scan_u64 (&p, end, &pages) && pages < UINT64_C (1) << 40)
      sum += pages * page_kib;
  }
  return sum < UINT64_C (1) << 54 ? sum : 0;
}

uint64_t
memory_source_low (const char *proc_root)
{
  struct procfile f;
  long page = sysconf (_SC_PAGESIZE);
  uint64_t low = 0;
  if (procfile_init (&f, proc_root, "zoneinfo") < 0)
    return 0;
  if (procfile_read (&f, ZONEINFO_MAX) == 0)
    low = memory_parse_zoneinfo (f.data, f.len, page > 0 ? (uint64_t) page / 1024 : 4);
  procfile_close (&f);
  return low;
}
