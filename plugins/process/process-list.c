#include "process-list.h"

#include "url.h"

#include <errno.h>
#include <stdlib.h>

enum { SHORT = 256 /* of a command line is kept always */ };

/* Where `pid` stands among the tracked, or would. */
static size_t
position (const struct watch *w, uint32_t pid)
{
  size_t low = 0, high = w->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (w->processes[middle].pid < pid)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

struct process *
watch_find (const struct watch *w, uint32_t pid)
{
  size_t at = position (w, pid);
  return at < w->n && w->processes[at].pid == pid ? &w->processes[at] : NULL;
}

static void
release (struct watch *w, struct process *p)
{
  proc_drop (&w->proc, &p->stat_fd);
  proc_drop (&w->proc, &p->statm_fd);
  free (p->name);
  free (p->command);
  w->command_bytes -= p->command_length;
}

void
watch_remove (struct watch *w, struct process *p)
{
  release (w, p);
  w->n--;
  memmove (p, p + 1, (size_t) (&w->processes[w->n] - p) * sizeof *p);
}

/* ---- Reading one ---- */

static void
measure_cpu (const struct watch *w, struct process *p, const struct pid_stat *now)
{
  int64_t elapsed = w->now_ns - p->measured_ns;
  if (!p->measured)
    p->cpu_absent = KK_FIRST;
  else if (w->after != KK_PRESENT)
    p->cpu_absent = w->after;
  else if (now->cpu_ticks < p->stat.cpu_ticks)
    p->cpu_absent = KK_RESET;
  else if (elapsed <= 0)
    p->cpu_absent = KK_ERROR;
  else {
    p->cpu_absent = KK_PRESENT;
    p->cpu_percent = (double) (now->cpu_ticks - p->stat.cpu_ticks) / (double) w->proc.ticks * 1e11 / (double) elapsed;
  }
  p->measured = true;
  p->measured_ns = w->now_ns;
}

static uint32_t
why_absent (int error)
{
  return error == 0 ? KK_PRESENT : error == -EACCES || error == -EPERM ? KK_DENIED : KK_ERROR;
}

static void
read_more (struct watch *w, struct process *p)
{
  char text[512];
  size_t length;
  uint64_t size;
  if (proc_read_kept (&w->proc, p->pid, "statm", &p->statm_fd, text, sizeof text, &length) == 0
      && parse_statm (text, length, &size, &p->rss_pages) == 0)
    p->vms_bytes = size * w->proc.page;
  else {
    p->rss_pages = p->stat.rss_pages;
    p->vms_bytes = p->stat.vsize;
  }
  if (w->config.io) {
    int error = proc_read_kept (&w->proc, p->pid, "io", NULL, text, sizeof text, &length);
    p->io_absent = why_absent (error < 0 ? error : parse_io (text, length, &p->io));
  }
  if (w->config.files)
    p->files_absent = why_absent (proc_count_files (&w->proc, p->pid, &p->files));
}

/* Returns -ESRCH when it is gone or another process has its PID; 1 when its name changed. */
static int
read_process (struct watch *w, struct process *p, bool fresh)
{
  char text[PROC_STAT_SIZE];
  size_t length;
  struct pid_stat now;
  p->read = false;
  int error = proc_read_kept (&w->proc, p->pid, "stat", &p->stat_fd, text, sizeof text, &length);
  if (error == 0)
    error = parse_stat (text, length, &now);
  if (error == 0 && !fresh && now.start_ticks != p->stat.start_ticks)
    error = -ESRCH;
  if (error < 0)
    return error;
  measure_cpu (w, p, &now);
  size_t kept = now.comm_length < sizeof p->comm ? now.comm_length : sizeof p->comm;
  bool renamed = kept != p->comm_length || memcmp (p->comm, now.comm, kept) != 0;
  memcpy (p->comm, now.comm, kept);
  p->comm_length = kept;
  p->stat = now;
  p->stat.comm = NULL;
  read_more (w, p);
  p->read = true;
  return renamed && !fresh;
}

void
watch_refresh (struct watch *w)
{
  size_t to = 0;
  for (size_t i = 0; i < w->n; i++) {
    struct process *p = &w->processes[i];
    int result = read_process (w, p, false);
    if (result != 0)
      known_renew (&w->known, p->pid);
    if (result == -ESRCH) {
      release (w, p);
      continue;
    }
    if (result < 0) {
      w->partial = true;
      w->error = w->error ? w->error : result;
    }
    if (to < i)
      w->processes[to] = *p;
    to++;
  }
  w->n = to;
}

/* ---- Adding one ---- */

static void
set_create_time (struct watch *w, struct process *p)
{
  struct buf space __attribute__ ((cleanup (buf_free))) = {.max = 16 << 20};
  if (!w->boot_known)
    w->boot_known = proc_btime (&w->proc, &space, &w->boot) == 0;
  p->create_known = w->boot_known;
  p->create_time = (double) w->boot + (double) p->stat.start_ticks / (double) w->proc.ticks;
}

/* Makes *text a copy of from[0..length). */
static int
set_text (char **text, const char *from, size_t length)
{
  if (*text && strncmp (*text, from, length) == 0 && (*text)[length] == '\0')
    return 0;
  char *copy = strndup (from, length);
  if (!copy)
    return -ENOMEM;
  free (*text);
  *text = copy;
  return 0;
}

static int
add (struct watch *w, uint32_t pid, struct process **ret)
{
  if (w->n == w->cap) {
    size_t cap = w->cap ? w->cap * 2 : 16;
    struct process *processes = reallocarray (w->processes, cap, sizeof *processes);
    if (!processes)
      return -ENOMEM;
    w->processes = processes;
    w->cap = cap;
  }
  struct process p = {.pid = pid, .stat_fd = -1, .statm_fd = -1};
  int error = read_process (w, &p, true);
  if (error < 0) {
    release (w, &p);
    return error;
  }
  set_create_time (w, &p);
  size_t at = position (w, pid);
  memmove (&w->processes[at + 1], &w->processes[at], (w->n - at) * sizeof p);
  w->processes[at] = p;
  w->n++;
  *ret = &w->processes[at];
  return 0;
}

/* How much of a command line is kept, ending between two characters. */
static size_t
cut (const struct watch *w, const struct process *p, const char *command, size_t length)
{
  size_t most = w->config.command_max;
  if (most > SHORT && w->command_bytes - p->command_length + (length < most ? length : most) > w->config.commands_max)
    most = SHORT;
  if (length <= most)
    return length;
  for (size_t back = 0; back < 3 && most > 0 && ((unsigned char) command[most] & 0xc0) == 0x80; back++)
    most--;
  return url_cut (command, length, most);
}

int
watch_keep (struct watch *w, uint32_t pid, const char *name, size_t name_length, const char *command, size_t command_length)
{
  struct process *p = watch_find (w, pid);
  if (!p) {
    int error = add (w, pid, &p);
    if (error < 0)
      return error;
  }
  size_t kept = cut (w, p, command, command_length);
  if (set_text (&p->name, name, name_length) < 0 || set_text (&p->command, command, kept) < 0) {
    if (!p->name || !p->command)
      watch_remove (w, p);
    return -ENOMEM;
  }
  w->command_bytes += kept - p->command_length;
  p->command_length = kept;
  return 0;
}
