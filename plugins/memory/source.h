/* What the memory input asks the operating system; linux.c and cgroup.c answer. */
#ifndef MEMORY_SOURCE_H
#define MEMORY_SOURCE_H

#include "use.h"

#include <stddef.h>

/* What must be known for struct memory_use. */
#define MEMORY_WANT_USE                                                                                                        \
  (1u << MEMORY_TOTAL | 1u << MEMORY_FREE | 1u << MEMORY_AVAILABLE | 1u << MEMORY_BUFFERS | 1u << MEMORY_CACHED                \
   | 1u << MEMORY_RECLAIMABLE)
#define MEMORY_WANT_ESTIMATE (1u << MEMORY_ACTIVE_FILE | 1u << MEMORY_INACTIVE_FILE)
#define MEMORY_WANT_SWAP     (1u << MEMORY_SWAP_TOTAL | 1u << MEMORY_SWAP_FREE)
#define MEMORY_WANT_ALL      ((1u << MEMORY_PARTS) - 1)

struct memory_source;

int memory_source_open (const char *proc_root, struct memory_source **ret); /* 0 or -ENOMEM */
void memory_source_close (struct memory_source *s);                         /* NULL is fine */
/* `want`: bits as in memory_reading.has. */
int memory_source_read (struct memory_source *s, uint32_t want, struct memory_reading *ret);
/* The memory the kernel keeps free before it begins to reclaim; 0 when it does not say. */
uint64_t memory_source_low (const char *proc_root);

/* The text of the system's files, taken apart. */
void memory_parse_meminfo (const char *text, size_t length, uint32_t want, struct memory_reading *ret);
uint64_t memory_parse_zoneinfo (const char *text, size_t length, uint64_t page_kib);
/* The path of this process's group in a line of /proc/self/cgroup, such as "4:memory:/a/b" or "0::/a/b". False: there is none
 * that fits and leads no way up. */
bool memory_parse_group (const char *text, size_t length, bool is_v1, char *path, size_t size);

/* The control group this process is in, where it or one above it limits memory. */
struct memory_group;

/* 0; -ENOENT: in none that could limit memory. */
int memory_group_open (const char *proc_root, const char *sys_root, struct memory_group **ret);
void memory_group_close (struct memory_group *g); /* NULL is fine */
/* The tightest limit in bytes of the groups this process is in. -ENODATA: none is below `total_kib`. */
int memory_group_limit (struct memory_group *g, uint64_t total_kib, uint64_t *ret);
/* What the group with that limit uses, in bytes. */
int memory_group_used (struct memory_group *g, uint64_t *ret);
#endif
