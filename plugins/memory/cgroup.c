#include "source.h"

#include "procfile.h"
#include "scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SMALL_MAX = 64 << 10, MOST_LEVELS = 16 };

/* Where version 2 of the hierarchy, and the memory controller of version 1, are mounted under the root of /sys, and how they
 * call their files. Version 1 comes first: where both are there, the controller is attached to only one. */
static const struct layout {
  const char *mount, *limit, *used;
  bool is_v1;
} layouts[] = {
  {"fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", true},
  {"fs/cgroup", "memory.max", "memory.current", false},
  {"fs/cgroup/unified", "memory.max", "memory.current", false},
};

struct level {
  struct procfile limit, used;
};

struct memory_group {
  struct level levels[MOST_LEVELS]; /* from this process's own group up */
  uint32_t n;
  uint32_t tightest; /* the level with the smallest limit */
};

bool
memory_parse_group (const char *text, size_t length, bool is_v1, char *path, size_t size)
{
  const char *end = text + length, *next;
  for (const char *p = text; p < end; p = next) {
    next = scan_next_line (p, end);
    const char *line_end = next > p && next[-1] == '\n' ? next - 1 : next;
    const char *names = memchr (p, ':', (size_t) (line_end - p));
    const char *at = names ? memchr (names + 1, ':', (size_t) (line_end - names - 1)) : NULL;
    if (!at)
      continue;
    bool match = !is_v1 && at == names + 1;
    for (const char *name = names + 1; is_v1 && !match && name < at;) {
      const char *comma = memchr (name, ',', (size_t) (at - name));
      const char *name_end = comma ? comma : at;
      match = name_end - name == 6 && memcmp (name, "memory", 6) == 0;
      name = name_end + 1;
    }
    size_t n = (size_t) (line_end - at - 1);
    if (!match || n >= size || memmem (at + 1, n, "/..", 3))
      continue;
    memcpy (path, at + 1, n);
    path[n] = 0;
    return true;
  }
  return false;
}

/* The files of the group at `directory` and of all above it up to the mount, which is its first `top` bytes. */
static int
open_levels (struct memory_group *g, char *directory, size_t top, const struct layout *layout)
{
  for (;;) {
    struct level *l = &g->levels[g->n];
    int r = procfile_init (&l->limit, directory, layout->limit);
    if (r == 0)
      r = procfile_init (&l->used, directory, layout->used);
    g->n++;
    if (r < 0)
      return r;
    char *slash = strrchr (directory + top, '/');
    if (!slash || g->n >= MOST_LEVELS)
      return 0;
    *slash = 0;
  }
}

static bool
has_file (const char *directory, const char *name)
{
  char path[8192];
  int n = snprintf (path, sizeof path, "%s/%s", directory, name);
  return n > 0 && (size_t) n < sizeof path && access (path, R_OK) == 0;
}

static int
open_layout (struct memory_group *g, const char *sys_root, const struct layout *layout, const char *path)
{
  char directory[4096];
  int top = snprintf (directory, sizeof directory, "%s/%s", sys_root, layout->mount);
  int n = snprintf (directory, sizeof directory, "%s/%s%s", sys_root, layout->mount, path);
  if (top < 0 || n < top || (size_t) n >= sizeof directory)
    return -ENAMETOOLONG;
  /* The controller may be off for the lowest groups; and in a container without a namespace of its own for groups the path is
   * the host's, while the mount already is the container's group. */
  while (!has_file (directory, layout->used)) {
    char *slash = strrchr (directory + top, '/');
    if (!slash)
      return -ENOENT;
    *slash = 0;
  }
  return open_levels (g, directory, (size_t) top, layout);
}

int
memory_group_open (const char *proc_root, const char *sys_root, struct memory_group **ret)
{
  struct procfile f;
  char path[2048];
  struct memory_group *g = calloc (1, sizeof *g);
  if (!g || procfile_init (&f, proc_root, "self/cgroup") < 0) {
    free (g);
    return -ENOMEM;
  }
  int r = procfile_read (&f, SMALL_MAX) == 0 ? 0 : -ENOENT;
  bool found = false;
  for (size_t i = 0; r == 0 && !found && i < sizeof layouts / sizeof layouts[0]; i++)
    if (memory_parse_group (f.data, f.len, layouts[i].is_v1, path, sizeof path)) {
      r = open_layout (g, sys_root, &layouts[i], path);
      found = r == 0;
      if (r == -ENOENT)
        r = 0;
    }
  procfile_close (&f);
  if (r == 0 && !found)
    r = -ENOENT;
  if (r < 0) {
    memory_group_close (g);
    return r;
  }
  *ret = g;
  return 0;
}

void
memory_group_close (struct memory_group *g)
{
  if (!g)
    return;
  for (uint32_t i = 0; i < g->n; i++) {
    procfile_close (&g->levels[i].limit);
    procfile_close (&g->levels[i].used);
  }
  free (g);
}

static int
read_number (struct procfile *f, uint64_t *ret)
{
  int r = procfile_read (f, SMALL_MAX);
  const char *p = f->data;
  if (r < 0)
    return r;
  if (scan_starts (p, p + f->len, "max")) {
    *ret = UINT64_MAX;
    return 0;
  }
  return scan_u64 (&p, p + f->len, ret) ? 0 : -EBADMSG;
}

int
memory_group_limit (struct memory_group *g, uint64_t total_kib, uint64_t *ret)
{
  uint64_t tightest = UINT64_MAX, limit;
  for (uint32_t i = 0; i < g->n; i++)
    /* The topmost group has no file of a limit. */
    if (read_number (&g->levels[i].limit, &limit) == 0 && limit < tightest) {
      tightest = limit;
      g->tightest = i;
    }
  if (tightest / 1024 >= total_kib)
    return -ENODATA;
  *ret = tightest;
  return 0;
}

int
memory_group_used (struct memory_group *g, uint64_t *ret)
{
  return read_number (&g->levels[g->tightest].used, ret);
}
