/* The process input: one row for each process that is tracked. Here is what it takes and what its rows mean; watch.c finds the
 * processes, match.c knows which are wanted, linux.c and events.c ask this system. */
#define KK_API 1
#include <kode-kronical/plugin.h>

#include "watch.h"

#include <errno.h>
#include <stdlib.h>

struct config {
  struct kk_list track;
  bool auto_track_python;
  bool all;
  struct kk_list users;
  struct kk_list pidfiles;
  struct kk_list cgroups;
  int64_t max_processes;
  int64_t cmdline_max;
  bool io;
  bool open_files;
  bool faults;
  int32_t events;
  const char *proc_root;
};

static const struct kk_option options[] = {
  KK_OPT_LIST ("track", struct config, track, .def = "[python]",
               .help = "Processes to track: names, also as the start of a versioned name; globs; /regular expressions/"),
  KK_OPT_BOOL ("auto_track_python", struct config, auto_track_python, .def = "true",
               .help = "Track each process with python in its name or command line, whatever else is chosen"),
  KK_OPT_BOOL ("all", struct config, all, .def = "false", .help = "Track every process"),
  KK_OPT_LIST ("users", struct config, users, .def = "[]", .help = "Track the processes of these users: names or numbers"),
  KK_OPT_LIST ("pidfiles", struct config, pidfiles, .def = "[]", .help = "Track the processes that these PID files name"),
  KK_OPT_LIST ("cgroups", struct config, cgroups, .def = "[]",
               .help = "Track the processes in these control groups and below: globs of a name or of a path"),
  KK_OPT_INT ("max_processes", struct config, max_processes, .def = "10000", .min = "1", .max = "65536",
              .help = "Track at most so many"),
  KK_OPT_BYTES ("cmdline_max", struct config, cmdline_max, .def = "16KiB", .min = "16", .max = "16KiB",
                .help = "Cut command lines that are longer; a table takes no longer ones than 16 KiB"),
  KK_OPT_BOOL ("io", struct config, io, .def = "false", .help = "Record bytes read from and written to storage"),
  KK_OPT_BOOL ("open_files", struct config, open_files, .def = "false", .help = "Record the number of open files"),
  KK_OPT_BOOL ("faults", struct config, faults, .def = "false", .help = "Record page faults"),
  KK_OPT_CHOICE ("events", struct config, events, "auto|off", .def = "auto", .flags = KK_ADVANCED,
                 .help = "Hear from the kernel which processes change, where it allows that"),
  KK_OPT_PATH ("proc_root", struct config, proc_root, .def = "/proc", .flags = KK_ADVANCED, .help = "Where /proc is mounted"),
};

enum { EVENTS_AUTO, EVENTS_OFF };
/* Sixty thousand processes with long command lines must not fill the memory, nor the dictionary of a table's strings (64 MiB). */
enum { COMMANDS_MOST = 24 << 20 };

enum {
  PID,
  NAME,
  CPU_PERCENT,
  MEMORY_RSS_MB,
  MEMORY_VMS_MB,
  NUM_THREADS,
  STATUS,
  CREATE_TIME,
  CMDLINE,
  IO_READ_BYTES,
  IO_WRITE_BYTES,
  OPEN_FILES,
  FAULTS_MINOR,
  FAULTS_MAJOR,
};

static const struct kk_field fields[] = {
  [PID] = KK_U64 ("pid", "1", KK_INFO, .help = "Process number"),
  [NAME] = KK_STRING ("name", .help = "Name of the program"),
  [CPU_PERCENT] = KK_F64 ("cpu_percent", "%", KK_GAUGE, .decimals = 1,
                          .help = "Processor time since the last sample; 100 is one processor's whole time"),
  [MEMORY_RSS_MB] = KK_F64 ("memory_rss_mb", "MiBy", KK_GAUGE, .decimals = 1, .help = "Memory in use"),
  [MEMORY_VMS_MB] = KK_F64 ("memory_vms_mb", "MiBy", KK_GAUGE, .decimals = 1, .help = "Address space in use"),
  [NUM_THREADS] = KK_U64 ("num_threads", "1", KK_GAUGE, .help = "Threads"),
  [STATUS] = KK_STRING ("status", .help = "What it does: running, sleeping, disk-sleep, stopped, zombie, idle and the like"),
  [CREATE_TIME] = KK_F64 ("create_time", "s", KK_INFO, .decimals = 2, .help = "When it was started, in seconds since 1970"),
  [CMDLINE] = KK_STRING ("cmdline", .help = "Its arguments, joined by spaces; empty for a kernel thread"),
  [IO_READ_BYTES] =
    KK_U64 ("io_read_bytes", "By", KK_COUNTER, .only_if = "io", .help = "Bytes it caused to be read from storage"),
  [IO_WRITE_BYTES] =
    KK_U64 ("io_write_bytes", "By", KK_COUNTER, .only_if = "io", .help = "Bytes it caused to be written to storage"),
  [OPEN_FILES] = KK_U64 ("open_files", "1", KK_GAUGE, .only_if = "open_files", .help = "Open file descriptors"),
  [FAULTS_MINOR] = KK_U64 ("faults_minor", "1", KK_COUNTER, .only_if = "faults", .help = "Page faults that needed no reading"),
  [FAULTS_MAJOR] =
    KK_U64 ("faults_major", "1", KK_COUNTER, .only_if = "faults", .help = "Page faults that had to read from storage"),
};

static const struct kk_table tables[] = {
  KK_KEYED ("processes", "pid", KK_U64_KEY, fields, "One row per tracked process", .max_rows = 65536),
};

struct state {
  struct kk_instance *self;
  const struct config *config;
  struct watch *watch;
  bool had_events;
  bool said_denied, said_left_out, said_values_denied;
  int said_error;
};

/* Found out once, said once. */
static void
say_events (struct state *s)
{
  const struct watch *w = s->watch;
  if (w->events >= 0) {
    kk_debug (s->self, "the kernel tells when processes change");
    kk_status (s->self, "events", "from the kernel");
  } else if (s->had_events) {
    kk_warn (s->self, "the kernel no longer tells when processes change (%s): each is looked at again within 10 s",
             strerror (-w->events_error));
    kk_status (s->self, "events", "ended");
  } else {
    kk_debug (s->self, "the kernel does not tell when processes change (%s): each is looked at again within 10 s",
              w->events_error ? strerror (-w->events_error) : "off");
    kk_status (s->self, "events", "none");
  }
  s->had_events = w->events >= 0;
}

/* Users are not looked up here: that may ask the network. */
static int
process_check (const void *config, struct kk_fault *fault)
{
  const struct config *c = config;
  const struct rules_config rules_config = {.track = c->track, .cgroups = c->cgroups};
  struct rules *rules;
  char why[200] = "";
  int error = rules_make (&rules_config, &rules, why, sizeof why);
  if (error)
    return kk_refuse (fault, "track", "%s", *why ? why : strerror (-error));
  rules_free (rules);
  if (rules_check_users (&c->users, why, sizeof why))
    return kk_refuse (fault, "users", "%s", why);
  for (uint32_t i = 0; i < c->pidfiles.count; i++)
    if (*c->pidfiles.items[i] != '/' && *c->pidfiles.items[i] != '~')
      return kk_refuse (fault, "pidfiles", "'%s' is no path: begin it with / or ~", c->pidfiles.items[i]);
  return 0;
}

/* One configuration serves many machines, and not all have all users. */
static void
say_users (struct state *s)
{
  const char *name = watch_unknown_user (s->watch);
  if (!name)
    return;
  kk_warn (s->self, "users: there is no user '%s' on this machine; it is looked for again at a restart", name);
  kk_status (s->self, "users", "no user '%s' on this machine", name);
}

static int
process_create (struct kk_instance *self, const void *config, void **ret)
{
  const struct config *c = config;
  struct watch_config wc = {
    .rules = {.track = c->track, .users = c->users, .cgroups = c->cgroups, .python = c->auto_track_python, .all = c->all},
    .pidfiles = c->pidfiles,
    .proc_root = c->proc_root,
    .max_processes = (uint32_t) c->max_processes,
    .command_max = (size_t) c->cmdline_max,
    .commands_max = COMMANDS_MOST,
    .interval_ns = kk_interval (self),
    .events = c->events == EVENTS_AUTO,
    .io = c->io,
    .files = c->open_files,
  };
  struct state *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  char why[256] = "";
  int error = watch_open (&wc, &s->watch, why, sizeof why);
  if (error < 0) {
    kk_error (self, "%s", *why ? why : strerror (-error));
    free (s);
    return error;
  }
  s->self = self;
  s->config = c;
  say_events (s);
  say_users (s);
  *ret = s;
  return 0;
}

static void
process_destroy (void *state)
{
  struct state *s = state;
  watch_close (s->watch);
  free (s);
}

static void
set_or_absent (struct kk_row *row, uint32_t field, uint32_t absent, uint64_t value)
{
  if (absent == KK_PRESENT)
    kk_u64 (row, field, value);
  else
    kk_absent (row, field, absent);
}

static void
fill (const struct state *s, struct kk_rows *out, const struct process *p)
{
  const double mib = 1024.0 * 1024.0;
  struct kk_row *row = kk_row_u64 (out, 0, p->pid, p->stat.start_ticks);
  kk_u64 (row, PID, p->pid);
  kk_string (row, NAME, p->name);
  if (p->cpu_absent == KK_PRESENT)
    kk_f64 (row, CPU_PERCENT, p->cpu_percent);
  else
    kk_absent (row, CPU_PERCENT, p->cpu_absent);
  kk_f64 (row, MEMORY_RSS_MB, (double) p->rss_pages * (double) s->watch->proc.page / mib);
  kk_f64 (row, MEMORY_VMS_MB, (double) p->vms_bytes / mib);
  kk_u64 (row, NUM_THREADS, p->stat.threads);
  kk_string (row, STATUS, status_word (p->stat.state));
  if (p->create_known)
    kk_f64 (row, CREATE_TIME, p->create_time);
  else
    kk_absent (row, CREATE_TIME, KK_ERROR);
  kk_string_n (row, CMDLINE, p->command, p->command_length);
  if (s->config->io) {
    set_or_absent (row, IO_READ_BYTES, p->io_absent, p->io.read_bytes);
    set_or_absent (row, IO_WRITE_BYTES, p->io_absent, p->io.write_bytes);
  }
  if (s->config->open_files)
    set_or_absent (row, OPEN_FILES, p->files_absent, p->files);
  if (s->config->faults) {
    kk_u64 (row, FAULTS_MINOR, p->stat.minor_faults);
    kk_u64 (row, FAULTS_MAJOR, p->stat.major_faults);
  }
}

/* What an administrator should know, each once. */
static void
say (struct state *s)
{
  const struct watch *w = s->watch;
  if (s->had_events && w->events < 0)
    say_events (s);
  if (w->hidden && !s->said_denied) {
    kk_info (s->self, "/proc hides other users' processes (hidepid): only those of this user are seen");
    kk_status (s->self, "hidden", "other users' processes (hidepid)");
    s->said_denied = true;
  }
  if (w->denied > 0 && !s->said_denied) {
    kk_info (s->self, "some processes may not be read (hidepid, or missing rights) and are not tracked");
    s->said_denied = true;
  }
  if (w->denied > 0)
    kk_status (s->self, "denied", "%zu times", w->denied);
  if (w->left_out > 0 && !s->said_left_out) {
    kk_warn (s->self, "more than %u processes are to be tracked: the others are left out; raise max_processes or track fewer",
             w->config.max_processes);
    kk_status (s->self, "limit", "reached: %u processes", w->config.max_processes);
    s->said_left_out = true;
  }
  if (w->error < 0 && w->error != s->said_error) {
    kk_warn (s->self, "cannot read all of %s: %s", w->config.proc_root, strerror (-w->error));
    s->said_error = w->error;
  }
}

static int
process_read (void *state, struct kk_rows *out)
{
  struct state *s = state;
  struct kk_time time;
  kk_read_time (out, &time);
  int error = watch_tick (s->watch, time.wall_ns, time.mono_ns, time.after);
  say (s);
  if (error < 0)
    return error;
  bool denied = false;
  for (size_t i = 0; i < s->watch->n; i++) {
    const struct process *p = &s->watch->processes[i];
    if (!p->read)
      continue;
    fill (s, out, p);
    denied = denied || p->io_absent == KK_DENIED || p->files_absent == KK_DENIED;
  }
  if (denied && !s->said_values_denied) {
    kk_info (s->self, "io and open_files of other users' processes need the capability CAP_SYS_PTRACE; they are left out");
    s->said_values_denied = true;
  }
  if (s->watch->partial)
    kk_table_state (out, 0, KK_PARTIAL);
  return 0;
}

KK_PLUGIN (.kind = KK_INPUT, .name = "process", .version = "1.0",
           .summary = "Processor time, memory and state of chosen processes", KK_OPTIONS (options), KK_TABLES (tables),
           .config_size = sizeof (struct config), .check = process_check, .create = process_create, .destroy = process_destroy,
           .read = process_read);
