/* A made-up /proc of processes, the watch on it, and its clock. */
#ifndef PROCESS_TREE_H
#define PROCESS_TREE_H

#include <process/watch.h>

#include "unit.h"

#define SECOND INT64_C (1000000000)
#define WALL   (INT64_C (1767225600) * SECOND)

static const char *const python[] = {"python"};

struct world {
  char *root;
  struct watch *watch;
  int64_t mono_ns;
  int64_t wall_ns;
};

struct made {
  uint32_t pid;
  const char *comm;
  const char *command; /* its arguments are separated by '|' */
  char state;
  uint64_t ticks;
  uint64_t start;
};

static inline void
put_file (const struct world *w, uint32_t pid, const char *name, const char *text, size_t length)
{
  char path[64];
  snprintf (path, sizeof path, "%u/%s", pid, name);
  char *old = unit_path (w->root, path);
  unlink (old); /* some file systems write a file that is made empty and filled again through to the disk */
  free (old);
  unit_write_n (w->root, path, text, length);
}

static inline void
put (const struct world *w, const struct made *m)
{
  char text[8192];
  int n = snprintf (text, sizeof text, "%u (%s) %c 1 1 1 0 -1 4194560 11 0 12 0 %llu 0 0 0 20 0 3 0 %llu 222298112 100 1 2\n",
                    m->pid, m->comm, m->state ? m->state : 'S', (unsigned long long) m->ticks,
                    (unsigned long long) (m->start ? m->start : 100));
  put_file (w, m->pid, "stat", text, (size_t) n);
  n = snprintf (text, sizeof text, "%s\n", m->comm);
  put_file (w, m->pid, "comm", text, (size_t) n);
  put_file (w, m->pid, "statm", "54273 2560 1 2 0 3 0\n", 21);
  n = m->command ? snprintf (text, sizeof text, "%s|", m->command) : 0;
  for (char *p = text; p < text + n; p++)
    *p = *p == '|' ? '\0' : *p;
  put_file (w, m->pid, "cmdline", text, (size_t) n);
}

static inline void
gone (const struct world *w, uint32_t pid)
{
  char name[16];
  snprintf (name, sizeof name, "%u", pid);
  char *path = unit_path (w->root, name);
  unit_remove_tree (path);
  free (path);
}

/* An empty machine that was booted at 1767220000. */
static inline struct world
begin (struct watch_config *config)
{
  struct world w = {.root = unit_temp_dir (), .mono_ns = 100 * SECOND, .wall_ns = WALL};
  char why[256] = "";
  unit_write (w.root, "stat", "cpu 1 2 3\nbtime 1767220000\nprocesses 5\n");
  unit_write (w.root, "uptime", "1 2\n");
  config->proc_root = w.root;
  config->interval_ns = SECOND;
  if (config->max_processes == 0)
    config->max_processes = 100;
  if (config->command_max == 0)
    config->command_max = 16 << 10;
  if (config->commands_max == 0)
    config->commands_max = 24 << 20;
  ck_assert_msg (watch_open (config, &w.watch, why, sizeof why) == 0, "%s", why);
  ck_assert_int_eq (w.watch->events, -1);
  return w;
}

static inline struct world
begin_python (void)
{
  return begin (&(struct watch_config){.rules = {.track = {.items = python, .count = 1}, .python = true}});
}

static inline void
end (struct world *w)
{
  ck_assert_uint_eq (w->watch->proc.kept, 0); /* in a made-up tree files are replaced */
  watch_close (w->watch);
  free (w->root);
}

static inline void
tick_after (struct world *w, double seconds, uint32_t after)
{
  int64_t ns = (int64_t) (seconds * 1e9);
  w->mono_ns += ns;
  w->wall_ns += ns;
  ck_assert_int_eq (watch_tick (w->watch, w->wall_ns, w->mono_ns, after), 0);
}

static inline void
tick (struct world *w)
{
  tick_after (w, 1, KK_PRESENT);
}

static inline const struct process *
tracked (const struct world *w, uint32_t pid)
{
  for (size_t i = 0; i < w->watch->n; i++)
    if (w->watch->processes[i].pid == pid)
      return &w->watch->processes[i];
  return NULL;
}

#endif
