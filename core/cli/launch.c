#include <config.h>

#include "cli/launch.h"

#include "cli/command.h"
#include "heap.h"
#include "path.h"
#include "reload.h"
#include "settings.h"
#include "socket-path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOON_MS = 250, TEND_MS = 5000, TEND_WATCHED_MS = 30000 };
enum { LOST = 40 }; /* looks, a quarter of a second apart, until this daemon believes that daemon.lock is another daemon's */

/* The running daemon's own face to the outside: log, lock, PID file, service manager, the parent that waits. */
struct process {
  struct log *log;
  struct lock *lock;
  struct holder holder;
  struct notify notify;
  struct detach detach;
  char *pid_file;
  pid_t shared_with;  /* another daemon that has the same PID file; 0: none */
  char *data_dir;
  char *log_file;     /* NULL: it logs elsewhere */
  bool blind;         /* the watch does not tell all */
  bool missing;       /* one of these is not there; `missed`: and was not at the time before */
  bool missed;
  int watch;          /* inotify on the PID file, the lock, the socket and the log; -1: none */
  char *reason;       /* why it was not ready after all */
  uint32_t lock_lost; /* times in a row that daemon.lock was found to be another's */
  int64_t heap_tended_s;
};

int
launch_prepare (const struct launch_options *options, struct launch *ret)
{
  struct launch l = {.options = *options};
  struct diag faults = {.n = 0};
  char *config_file = NULL;
  int r = plan_find_config (options->config_file, &config_file);
  if (r < 0) {
    fprintf (stderr, PROGRAM ": cannot read %s: %s\n", options->config_file ? options->config_file : "the configuration",
             strerror (-r));
    return r;
  }
  r = modules_open (options->plugin_dir, &l.modules);
  if (!r)
    r = plan_make (config_file, l.modules, &faults, &l.plan);
  if (r < 0 || !options->foreground)
    diag_print (&faults, stderr);
  bool faulty = faults.errors > 0;
  l.faults = faults;
  if (r < 0 && faulty)
    fprintf (stderr, PROGRAM ": cannot start: %s has errors\n", config_file ? config_file : "the built-in configuration");
  else if (r < 0)
    fprintf (stderr, PROGRAM ": cannot start: %s\n", strerror (-r));
  free (config_file);
  if (r < 0) {
    launch_clear (&l);
    return r;
  }
  *ret = l;
  return 0;
}

void
launch_clear (struct launch *l)
{
  plan_free (l->plan);
  if (!l->hangs)
    modules_close (l->modules);
  diag_free (&l->faults);
  *l = (struct launch){.plan = NULL};
}

/* ---- What daemon_run calls back ---- */

static void
watch_one (struct process *p, const char *path, uint32_t more)
{
  if (p->watch < 0 || inotify_add_watch (p->watch, path, IN_DELETE_SELF | IN_MOVE_SELF | more) >= 0)
    return;
  if (errno == ENOENT)
    p->missing = true;
  else
    p->blind = true;
}

/* Whoever removes or changes one of these wakes the daemon, which puts it right. */
static void
watch_places (struct process *p)
{
  static const char *const names[] = {"daemon.lock", SOCKET_NAME};
  char events[1024];
  p->blind = p->watch < 0;
  p->missing = false;
  while (p->watch >= 0 && read (p->watch, events, sizeof events) > 0)
    ;
  watch_one (p, p->pid_file, IN_ATTRIB | IN_MODIFY);
  if (p->log_file)
    watch_one (p, p->log_file, IN_ATTRIB);
  watch_one (p, p->data_dir, 0);
  for (size_t i = 0; i < KK_COUNT (names); i++) {
    char *path;
    if (path_join (p->data_dir, names[i], &path)) {
      p->blind = true;
      return;
    }
    watch_one (p, path, IN_ATTRIB);
    free (path);
  }
}

/* How long the daemon may sleep when nothing wakes it. What is missing although it has just been made went at once, or is made
 * a moment later. */
static int
next_tend_ms (struct process *p)
{
  bool again = p->missing && !p->missed;
  int64_t most = again ? SOON_MS : p->blind || p->missing ? TEND_MS : TEND_WATCHED_MS, third = p->notify.watchdog_ns / 3000000;
  p->missed = p->missing;
  return (int) (third > 0 && third < most ? third : most);
}

static int
on_ready (void *arg)
{
  struct process *p = arg;
  int r = pidfile_write (p->pid_file, p->holder.id.pid);
  if (r < 0) {
    if (asprintf (&p->reason, "cannot write the PID file %s: %s", p->pid_file, strerror (-r)) < 0)
      p->reason = NULL;
    return r;
  }
  log_info (p->log, "ready, PID %ld", (long)p->holder.id.pid);
  notify_send (&p->notify, "READY=1\nSTATUS=Recording");
  detach_ready (&p->detach);
  return 0;
}

/* Two daemons that are told the same PID file would take it from each other for ever: the one that came later keeps it. */
static bool
is_shared (struct process *p, pid_t named)
{
  if (!process_is_alike (named))
    return false;
  if (named != p->shared_with)
    log_warn (p->log, "the PID file %s is now another daemon's, PID %ld: give each a pid_file of its own", p->pid_file,
              (long)named);
  p->shared_with = named;
  return true;
}

static void
tend_pid_file (struct process *p)
{
  pid_t named;
  if (pidfile_read (p->pid_file, &named) == 0 && (named == p->holder.id.pid || is_shared (p, named)))
    return;
  if (pidfile_write (p->pid_file, p->holder.id.pid) == 0)
    log_warn (p->log, "wrote the PID file %s again: it was gone or named another process", p->pid_file);
}

/* Somebody removed daemon.lock, and another process has made and locked a new one. */
static int
lock_is_lost (struct process *p, int r)
{
  if (r == -EBUSY && ++p->lock_lost < LOST)
    return -EAGAIN;
  log_error (p->log, "ending: daemon.lock was removed, and another daemon on the same data directory holds the new one");
  return -ECANCELED;
}

static int
on_tend (void *arg)
{
  struct process *p = arg;
  notify_send (&p->notify, "WATCHDOG=1");
  int r = lock_tend (p->lock, &p->holder);
  if (r == -EEXIST || r == -EBUSY)
    return lock_is_lost (p, r);
  p->lock_lost = 0;
  log_tend (p->log); /* before anything is logged: its file may be gone as well */
  if (r > 0)
    log_warn (p->log, "made daemon.lock again: it was gone");
  heap_tend (&p->heap_tended_s);
  tend_pid_file (p);
  watch_places (p);
  return next_tend_ms (p);
}

static void
on_stopping (void *arg)
{
  struct process *p = arg;
  notify_send (&p->notify, "STOPPING=1\nSTATUS=Writing what was collected");
}

static void
on_reloading (void *arg, int begins)
{
  struct process *p = arg;
  if (begins)
    notify_reloading (&p->notify);
  else
    notify_send (&p->notify, "READY=1\nSTATUS=Recording");
}

/* ---- Getting there ---- */

static int
make_parent (const char *file)
{
  const char *slash = strrchr (file, '/');
  if (!slash || slash == file)
    return 0;
  char *directory = strndup (file, (size_t)(slash - file));
  int r = directory ? path_mkdirs (directory, 0700) : -ENOMEM;
  free (directory);
  return r;
}

/* What stderr is under systemd: the journal, by device and inode. */
static bool
stderr_is_journal (void)
{
  const char *stream = getenv ("JOURNAL_STREAM");
  unsigned long long device, inode;
  struct stat st;
  return stream && sscanf (stream, "%llu:%llu", &device, &inode) == 2 && !fstat (STDERR_FILENO, &st) && st.st_dev == device
         && st.st_ino == inode;
}

static int
open_log (const struct launch *l, struct log **ret)
{
  const struct settings *s = l->plan->settings;
  enum kk_level level = l->options.debug ? KK_LOG_DEBUG : settings_log_level (s);
  unsigned to = LOG_TO_FILE;
  if (l->options.foreground)
    to |= stderr_is_journal () ? LOG_TO_JOURNAL : LOG_TO_STDERR;
  int r = make_parent (s->pid_file);
  if (r < 0) {
    fprintf (stderr, PROGRAM ": cannot make the directory of pid_file %s: %s\n", s->pid_file, strerror (-r));
    return r;
  }
  r = make_parent (s->log_file);
  if (!r)
    r = log_open (s->log_file, to, level, ret);
  if (r < 0)
    fprintf (stderr, PROGRAM ": cannot open the log %s: %s\n", s->log_file, strerror (-r));
  return r;
}

static int
describe_self (const struct launch *l, struct process *p)
{
  int r = process_find (getpid (), &p->holder.id);
  if (r < 0)
    return r;
  p->holder.unit = p->notify.unit;
  p->holder.user_unit = p->notify.user_unit;
  p->holder.foreground = l->options.foreground;
  p->holder.debug = l->options.debug;
  p->holder.config_file = (char *)l->options.config_file;
  p->holder.plugin_dir = (char *)l->options.plugin_dir;
  return lock_describe (p->lock, &p->holder);
}

static void
leave_terminal (const struct process *p)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  if (null >= 0)
    dup2 (null, STDIN_FILENO);
  if (null > STDERR_FILENO)
    close (null);
  log_take_stdio (p->log);
  if (chdir ("/") < 0)
    log_warn (p->log, "cannot leave the working directory: %s", strerror (errno));
}

static int
run_daemon (struct launch *l, struct process *p)
{
  /* A core file would hold whatever secrets the daemon has read. */
  struct rlimit core;
  if (!getrlimit (RLIMIT_CORE, &core)) {
    core.rlim_cur = 0;
    setrlimit (RLIMIT_CORE, &core);
  }
  umask (077);
  int r = describe_self (l, p);
  if (r < 0)
    log_warn (p->log, "cannot write daemon.lock: %s", strerror (-r));
  log_info (p->log, PROGRAM " " PACKAGE_VERSION " starts; configuration: %s",
            l->plan->config_file ? l->plan->config_file : "built-in defaults");
  reload_log_faults (&l->faults, p->log);
  p->watch = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  struct daemon_setup setup = {
    .log = p->log,
    .modules = l->modules,
    .plan = l->plan,
    .config_file = l->options.config_file,
    .debug = l->options.debug,
    .ready = on_ready,
    .tend = on_tend,
    .tend_fd = p->watch,
    .stopping = on_stopping,
    .reloading = on_reloading,
    .arg = p,
  };
  char *reason = NULL;
  l->plan = NULL;
  r = daemon_run (&setup, &reason, &l->hangs);
  if (r < 0) {
    const char *said = reason ? reason : p->reason ? p->reason : strerror (-r);
    log_error (p->log, "cannot start: %s", said);
    notify_send (&p->notify, "STATUS=Cannot start: %.512s", said);
    detach_failed (&p->detach, said);
  } else {
    log_info (p->log, "ended");
  }
  free (reason);
  free (p->reason);
  if (p->watch >= 0)
    close (p->watch);
  pidfile_remove (p->pid_file, p->holder.id.pid);
  return r < 0 ? EXIT_FAILED : EXIT_OK;
}

int
launch_run (struct launch *l)
{
  struct process p = {.detach.to_parent = -1};
  heap_set_up ();
  int status = EXIT_FAILED;
  int r = path_mkdirs (l->plan->settings->data_dir, 0700);
  if (r < 0) {
    fprintf (stderr, PROGRAM ": cannot make the data directory %s: %s; make it, or let daemon.data_dir name another\n",
             l->plan->settings->data_dir, strerror (-r));
    return status;
  }
  p.pid_file = strdup (l->plan->settings->pid_file);
  p.log_file = l->options.foreground ? NULL : strdup (l->plan->settings->log_file);
  p.data_dir = strdup (l->plan->settings->data_dir);
  if (!p.pid_file || (!p.log_file && !l->options.foreground) || !p.data_dir || notify_open (&p.notify) < 0)
    goto out;
  if (launch_take_lock (l->plan, p.notify.unit, &p.lock) < 0 || open_log (l, &p.log) < 0)
    goto out;
  r = l->options.foreground ? 0 : detach_fork (&p.detach, &status);
  if (r < 0)
    fprintf (stderr, PROGRAM ": cannot make a process: %s\n", strerror (-r));
  if (r == 0) {
    if (!l->options.foreground)
      leave_terminal (&p);
    status = run_daemon (l, &p);
  }
out:
  if (!l->hangs)
    log_close (p.log);
  lock_release (p.lock);
  notify_close (&p.notify);
  free (p.pid_file);
  free (p.log_file);
  free (p.data_dir);
  return status;
}
