#include "watch.h"

#include "events.h"
#include "path.h"
#include "process-list.h"

#include <errno.h>
#include <stdlib.h>

enum {
  COMMAND_MOST = 128 << 10, /* bytes of a command line that are looked at */
  LIST_PERIOD_S = 5,        /* all of /proc is listed this often, though otherwise its new part will do */
};

static const int64_t SECOND = 1000000000;

/* The PID files' paths, with the home directory for ~. */
static int
take_pid_files (struct watch *w, char *why, size_t size)
{
  const struct kk_list *list = &w->config.pidfiles;
  w->pid_files = list->count ? calloc (list->count, sizeof *w->pid_files) : NULL;
  for (uint32_t i = 0; i < list->count; i++) {
    int error = w->pid_files ? path_expand (list->items[i], &w->pid_files[i]) : -ENOMEM;
    if (error == 0 && w->pid_files[i][0] != '/')
      error = -EINVAL;
    if (error == -EINVAL || error == -ENOENT)
      snprintf (why, size, "pidfiles: \"%s\" is no path that begins with / or ~", list->items[i]);
    if (error < 0)
      return error;
  }
  return 0;
}

int
watch_open (const struct watch_config *config, struct watch **ret, char *why, size_t size)
{
  struct watch *w = calloc (1, sizeof *w);
  if (!w)
    return -ENOMEM;
  w->config = *config;
  w->events = -1;
  w->list_now = true;
  w->text.max = COMMAND_MOST;
  known_init (&w->known, config->interval_ns);
  int error = rules_make (&config->rules, &w->rules, why, size);
  if (error == 0)
    error = take_pid_files (w, why, size);
  if (error == 0) {
    error = proc_open (&w->proc, config->proc_root);
    if (error < 0)
      snprintf (why, size, "cannot open %s: %s; proc_root must be a mounted /proc", config->proc_root, strerror (-error));
  }
  if (error < 0) {
    watch_close (w);
    return error;
  }
  /* Listening begins before the first listing, so that nothing falls between. */
  if (config->events)
    w->events_error = w->proc.ours ? events_open (&w->events) : -EXDEV;
  *ret = w;
  return 0;
}

const char *
watch_unknown_user (const struct watch *w)
{
  return rules_unknown_user (w->rules);
}

void
watch_close (struct watch *w)
{
  if (!w)
    return;
  events_close (w->events);
  while (w->n > 0)
    watch_remove (w, &w->processes[w->n - 1]);
  free (w->processes);
  known_free (&w->known);
  pid_list_free (&w->pids);
  pid_list_free (&w->happened);
  pid_list_free (&w->from_files);
  pid_list_free (&w->from_files_before);
  buf_free (&w->text);
  for (uint32_t i = 0; w->pid_files && i < w->config.pidfiles.count; i++)
    free (w->pid_files[i]);
  free (w->pid_files);
  rules_free (w->rules);
  proc_close (&w->proc);
  free (w);
}

static void
failed (struct watch *w, int error)
{
  w->partial = true;
  if (w->error == 0)
    w->error = error;
}

/* ---- Looking: is this process to be tracked? ---- */

struct subject {
  uint32_t pid;
  const char *name; /* in `comm`, or in `longer` */
  size_t name_length;
  char comm[64];
  char longer[256];
  bool command_read; /* the command line is in w->text, joined */
};

static int
read_name (struct watch *w, struct subject *s)
{
  char text[PROC_STAT_SIZE];
  size_t length;
  const char *from = text;
  int error = proc_read_kept (&w->proc, s->pid, "comm", NULL, text, sizeof text, &length);
  if (error == 0)
    length -= text[length - 1] == '\n';
  else if (error == -ESRCH && !w->proc.kernel) { /* a recorded tree may have no such file */
    struct pid_stat stat;
    error = proc_read_kept (&w->proc, s->pid, "stat", NULL, text, sizeof text, &length);
    if (error == 0)
      error = parse_stat (text, length, &stat);
    from = error == 0 ? stat.comm : NULL;
    length = error == 0 ? stat.comm_length : 0;
  }
  if (error < 0)
    return error;
  s->name_length = length < sizeof s->comm ? length : sizeof s->comm - 1;
  memcpy (s->comm, from, s->name_length);
  s->comm[s->name_length] = '\0';
  s->name_length = strlen (s->comm);
  s->name = s->comm;
  return 0;
}

static int
read_command (struct watch *w, struct subject *s)
{
  if (s->command_read)
    return 0;
  int error = proc_read (&w->proc, s->pid, "cmdline", &w->text);
  if (error == -ESRCH && !w->proc.kernel)
    error = buf_reserve (&w->text, 1) ? 0 : w->text.error;
  if (error < 0)
    return error;
  size_t length;
  const char *name = full_name (s->name, s->name_length, w->text.data, w->text.len, &length);
  if (name != s->name && length < sizeof s->longer) {
    memcpy (s->longer, name, length);
    s->longer[length] = '\0';
    s->name = s->longer;
    s->name_length = length;
  }
  w->text.len = join_arguments (w->text.data, w->text.len);
  w->text.data[w->text.len] = '\0';
  s->command_read = true;
  return 0;
}

static int
ask_user (struct watch *w, uint32_t pid, bool *wanted)
{
  struct buf space __attribute__ ((cleanup (buf_free))) = {.max = PROC_STAT_SIZE};
  uint32_t uid;
  int error = proc_uid (&w->proc, pid, &space, &uid);
  if (error == 0)
    *wanted = rules_take_user (w->rules, uid);
  return error;
}

static int
ask_cgroup (struct watch *w, uint32_t pid, bool *wanted)
{
  struct buf space __attribute__ ((cleanup (buf_free))) = {.max = 16 << 10};
  int error = proc_read (&w->proc, pid, "cgroup", &space);
  if (error == 0)
    *wanted = rules_take_cgroup (w->rules, space.data);
  return error;
}

/* Asks only what the rules need, the cheap first. When the process is wanted its name and command line are known. */
static int
judge (struct watch *w, struct subject *s, bool *ret)
{
  const struct rules *r = w->rules;
  bool wanted = rules_all (r) || pid_list_has (&w->from_files, s->pid);
  int error = read_name (w, s);
  if (error == 0 && !wanted && rules_need_name (r))
    wanted = rules_take_name (r, s->name);
  bool cut = s->name_length >= 15 && rules_need_name (r);
  if (error == 0 && !wanted && (cut || rules_need_command (r))) {
    error = read_command (w, s);
    if (error == 0)
      wanted = (cut && rules_take_name (r, s->name)) || rules_take_command (r, w->text.data);
  }
  if (error == 0 && !wanted && rules_need_user (r))
    error = ask_user (w, s->pid, &wanted);
  if (error == 0 && !wanted && rules_need_cgroup (r))
    error = ask_cgroup (w, s->pid, &wanted);
  if (error == 0 && wanted)
    error = read_command (w, s);
  if (error == 0)
    *ret = wanted;
  return error;
}

/* Whether the command line alone makes a process wanted. Enough for one that is known: the kernel tells of new names. */
static int
judge_command (struct watch *w, struct subject *s, bool *ret)
{
  if (!rules_need_command (w->rules))
    return 0;
  s->name = "";
  int error = read_command (w, s);
  if (error == 0)
    *ret = rules_take_command (w->rules, w->text.data);
  return error;
}

static enum known_verdict
look (void *arg, uint32_t pid, bool again)
{
  struct watch *w = arg;
  struct process *p = watch_find (w, pid);
  if (p && p->stat.state == 'Z')
    return KNOWN_LOOKED; /* has no command line any more, but is who it was */
  struct subject s = {.pid = pid};
  bool wanted = false;
  bool named = !again || p || w->events < 0 || w->now_ns <= w->names_until_ns || rules_need_user (w->rules)
               || rules_need_cgroup (w->rules);
  int error = named ? 0 : judge_command (w, &s, &wanted);
  if (error == 0 && (named || wanted)) {
    s = (struct subject){.pid = pid};
    error = judge (w, &s, &wanted);
  }
  if (error == 0 && wanted && !p && w->n >= w->config.max_processes) {
    w->left_out++;
    return KNOWN_LOOKED;
  }
  if (error == 0 && wanted)
    error = watch_keep (w, pid, s.name, s.name_length, w->text.data, w->text.len);
  if (error == -ESRCH || (error == 0 && !wanted)) {
    if (p)
      watch_remove (w, p);
    return error < 0 ? KNOWN_GONE : KNOWN_LOOKED;
  }
  if (error == -EACCES || error == -EPERM) {
    w->denied++;
    w->partial = w->partial || p;
    return KNOWN_LOOKED;
  }
  if (error < 0) {
    failed (w, error);
    return error == -EINVAL ? KNOWN_LOOKED : KNOWN_LATER;
  }
  return KNOWN_LOOKED;
}

/* ---- Finding: which processes are there? ---- */

static void
take_events (struct watch *w)
{
  w->happened.n = 0;
  int error = w->events < 0 ? 0 : events_take (w->events, &w->happened);
  if (error < 0) {
    w->names_until_ns = w->now_ns + KNOWN_PERIOD_MS * (SECOND / 1000) + w->config.interval_ns;
  }
  if (error < 0 && error != -ENOBUFS) {
    events_close (w->events);
    w->events = -1;
    w->events_error = error;
  }
  pid_list_sort (&w->happened);
}

/* Tracked processes that a whole listing does not show are gone. */
static void
remove_unlisted (struct watch *w)
{
  for (size_t i = w->n; i > 0; i--)
    if (!known_has (&w->known, w->processes[i - 1].pid))
      watch_remove (w, &w->processes[i - 1]);
}

/* New PIDs must be among those given away of late. Where they are not, only whole listings tell the truth. */
static void
check_newest (struct watch *w)
{
  for (size_t i = 0; i < w->pids.n && w->pids.pids[i] <= w->listed_after; i++)
    if (!known_has (&w->known, w->pids.pids[i]))
      w->no_newest = true;
}

static void
list_all (struct watch *w)
{
  int error = proc_list (&w->proc, &w->pids);
  if (error == 0)
    check_newest (w);
  if (known_see (&w->known, w->pids.pids, w->pids.n, error == 0) < 0)
    error = -ENOMEM;
  w->list_now = error < 0;
  if (error < 0) {
    failed (w, error);
    return;
  }
  w->listed_ns = w->now_ns;
  w->hidden = w->proc.ours && (w->pids.n == 0 || w->pids.pids[0] != 1); /* each namespace has its PID 1 */
  remove_unlisted (w);
}

/* Lists only the PIDs given away since the last tick but one: one that was given away may take a moment to show up. False when
 * that cannot be done. */
static bool
list_new (struct watch *w)
{
  uint32_t newest, before = w->newest_before;
  w->listed_after = 0;
  if (w->no_newest || w->list_now)
    return false;
  if (proc_newest (&w->proc, &newest) < 0) {
    w->no_newest = true;
    return false;
  }
  w->newest_before = w->newest;
  w->newest = newest;
  if (before == 0 || newest < before)
    return false;
  if (newest > before
      && (proc_list_between (&w->proc, before, newest, &w->pids) < 0
          || known_see (&w->known, w->pids.pids, w->pids.n, false) < 0))
    return false;
  w->listed_after = before;
  return true;
}

static void
find (struct watch *w)
{
  /* In this order: what is announced and still there is listed, too. */
  take_events (w);
  if (!list_new (w) || w->now_ns - w->listed_ns >= LIST_PERIOD_S * SECOND)
    list_all (w);
  for (size_t i = 0; i < w->happened.n; i++)
    known_renew (&w->known, w->happened.pids[i]);
}

/* The processes that PID files name are looked at when a file says something else than before. */
static void
read_pid_files (struct watch *w)
{
  struct pid_list before = w->from_files_before;
  w->from_files_before = w->from_files;
  w->from_files = before;
  w->from_files.n = 0;
  for (uint32_t i = 0; i < w->config.pidfiles.count; i++) {
    uint32_t pid = proc_pid_file (w->pid_files[i]);
    if (pid > 0 && pid_list_add (&w->from_files, pid) < 0)
      failed (w, -ENOMEM);
  }
  pid_list_sort (&w->from_files);
  const struct pid_list *now = &w->from_files, *then = &w->from_files_before;
  if (now->n == then->n && (now->n == 0 || memcmp (now->pids, then->pids, now->n * sizeof *now->pids) == 0))
    return;
  for (size_t i = 0; i < now->n; i++)
    known_renew (&w->known, now->pids[i]);
  for (size_t i = 0; i < then->n; i++)
    known_renew (&w->known, then->pids[i]);
}

/* A step of the clock moves the time of boot that the kernel states. Processes that are tracked keep theirs. */
static void
watch_clock (struct watch *w, int64_t wall_ns)
{
  int64_t offset = wall_ns - w->now_ns;
  if (llabs (offset - w->clock_offset_ns) > SECOND / 2)
    w->boot_known = false;
  w->clock_offset_ns = offset;
}

int
watch_tick (struct watch *w, int64_t wall_ns, int64_t mono_ns, uint32_t after)
{
  w->now_ns = mono_ns;
  w->after = after;
  w->partial = false;
  w->error = 0;
  watch_clock (w, wall_ns);
  watch_refresh (w); /* first, so that as little time as can be passes between the tick and what is measured */
  find (w);
  if (w->config.pidfiles.count > 0)
    read_pid_files (w);
  w->looks = known_run (&w->known, mono_ns, look, w);
  return w->list_now && w->n == 0 && w->error < 0 ? w->error : 0;
}
