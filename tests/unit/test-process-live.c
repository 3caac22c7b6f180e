/* The process input on this machine's own /proc, with children of the test. Times between ticks are made up; what the kernel
 * does is not. Each test runs with and without the kernel's process events. */
#include <process/watch.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "unit.h"

#define SECOND INT64_C (1000000000)

static int64_t clock_ns;
static char victim[16]; /* a name that no process beside this test's has */

static int64_t
now (clockid_t clock)
{
  struct timespec t;
  clock_gettime (clock, &t);
  return t.tv_sec * SECOND + t.tv_nsec;
}

static void
set_up (void)
{
  snprintf (victim, sizeof victim, "kk-v-%d", (int) getpid ());
}

static struct watch *
begin (bool events, bool all)
{
  static const char *const track[] = {victim};
  struct watch_config config = {
    .rules = {.track = {.items = track, .count = 1}, .all = all},
    .proc_root = "/proc",
    .max_processes = 65536,
    .command_max = 16 << 10,
    .commands_max = 24 << 20,
    .interval_ns = SECOND,
    .events = events,
  };
  char why[256] = "";
  struct watch *w = NULL;
  ck_assert_msg (watch_open (&config, &w, why, sizeof why) == 0, "%s", why);
  clock_ns = 1000 * SECOND;
  return w;
}

static void
tick (struct watch *w)
{
  clock_ns += SECOND;
  ck_assert_int_eq (watch_tick (w, now (CLOCK_REALTIME), clock_ns, KK_PRESENT), 0);
}

static const struct process *
tracked (const struct watch *w, pid_t pid)
{
  for (size_t i = 0; i < w->n; i++)
    if (w->processes[i].pid == (uint32_t) pid)
      return &w->processes[i];
  return NULL;
}

/* A child that has the name, or runs `program`, once something is written to *ret_go. It says that it is through by closing it.
 */
static pid_t
child (const char *program, int *ret_go)
{
  int pair[2], done[2];
  ck_assert_int_eq (pipe2 (pair, O_CLOEXEC), 0);
  ck_assert_int_eq (pipe2 (done, O_CLOEXEC), 0);
  pid_t pid = fork ();
  ck_assert_int_ge (pid, 0);
  if (pid == 0) {
    char byte;
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    close (pair[1]);
    if (read (pair[0], &byte, 1) != 1)
      _exit (1);
    if (program)
      execl (program, victim, "600", (char *) NULL); /* closes done[1] */
    prctl (PR_SET_NAME, victim);
    close (done[1]);
    for (;;)
      pause ();
  }
  close (pair[0]);
  close (done[1]);
  ret_go[0] = pair[1];
  ret_go[1] = done[0];
  return pid;
}

static void
let_go (const int *go)
{
  char byte;
  ck_assert_int_eq (write (go[0], "x", 1), 1);
  ck_assert_int_eq (read (go[1], &byte, 1), 0);
  close (go[0]);
  close (go[1]);
}

/* Until another program runs in it, up to where it sleeps: descriptors are closed, and events sent, somewhere on the way. */
static void
wait_for_program (pid_t pid)
{
  char path[64], state = 0;
  for (int i = 0; i < 10000 * unit_slow () && state != 'S'; i++) {
    char *command, *stat, *last;
    snprintf (path, sizeof path, "%d", (int) pid);
    command = unit_read ("/proc", strcat (path, "/cmdline"), NULL);
    snprintf (path, sizeof path, "%d/stat", (int) pid);
    stat = unit_read ("/proc", path, NULL);
    last = stat ? strrchr (stat, ')') : NULL;
    if (command && !strcmp (command, victim) && last)
      state = last[2];
    free (command);
    free (stat);
    usleep (1000);
  }
  ck_assert_int_eq (state, 'S');
}

static void
finish (pid_t pid)
{
  kill (pid, SIGKILL);
  ck_assert_int_eq (waitpid (pid, NULL, 0), pid);
}

START_TEST (sees_exec_within_the_schedule)
{
  struct watch *w = begin (_i, false);
  char *dir = unit_temp_dir (), name[32], want[32];
  int go[2];
  snprintf (name, sizeof name, "%s9.1", victim);
  snprintf (want, sizeof want, "%s 600", victim);
  char *program = unit_path (dir, name);
  ck_assert_int_eq (symlink (access ("/bin/sleep", X_OK) == 0 ? "/bin/sleep" : "/usr/bin/sleep", program), 0);
  tick (w);
  pid_t pid = child (program, go);
  tick (w);
  ck_assert_ptr_null (tracked (w, pid));
  let_go (go);
  wait_for_program (pid);
  tick (w);
  tick (w);
  const struct process *p = tracked (w, pid);
  ck_assert_ptr_nonnull (p);
  ck_assert_str_eq (p->command, want);
  ck_assert (p->create_known);
  ck_assert_double_le (p->create_time, (double) time (NULL) + 2);
  ck_assert_double_ge (p->create_time, (double) time (NULL) - 60);
  finish (pid);
  tick (w);
  ck_assert_ptr_null (tracked (w, pid));
  watch_close (w);
  free (program);
  free (dir);
}
END_TEST

START_TEST (sees_a_new_process_at_the_next_tick)
{
  struct watch *w = begin (_i, false);
  tick (w);
  for (int round = 0; round < 20; round++) {
    int go[2];
    pid_t pid = child (NULL, go);
    let_go (go);
    tick (w);
    ck_assert_msg (tracked (w, pid) != NULL, "round %d", round);
    finish (pid);
  }
  uint32_t newest;
  if (!_i)
    ck_assert_int_eq (w->no_newest, proc_newest (&w->proc, &newest) < 0);
  watch_close (w);
}
END_TEST

/* Many short-lived processes: those that stay are found, and nothing grows. */
START_TEST (is_not_shaken_by_a_storm_of_forks)
{
  struct watch *w = begin (_i, false);
  pid_t kept[10], gone[150];
  int go[2];
  tick (w);
  size_t before = w->known.n;
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < 150; i++) {
      gone[i] = fork ();
      ck_assert_int_ge (gone[i], 0);
      if (gone[i] == 0)
        _exit (0);
      if (i == 70) {
        kept[round] = child (NULL, go);
        let_go (go);
      }
    }
    for (int i = 0; i < 150; i++)
      ck_assert_int_eq (waitpid (gone[i], NULL, 0), gone[i]);
    tick (w);
    for (int i = 0; i <= round; i++)
      ck_assert_msg (tracked (w, kept[i]) != NULL, "round %d, child %d", round, i);
  }
  for (int i = 0; i < 10; i++)
    finish (kept[i]);
  for (int i = 0; i < 11; i++)
    tick (w);
  ck_assert_uint_eq (w->n, 0);
  /* Other tests may run at the same time; dead PIDs by the hundred would show. */
  ck_assert_uint_le (w->known.n, before + 500);
  watch_close (w);
}
END_TEST

/* More events than there is room for: who ran another program meanwhile is found all the same. */
START_TEST (survives_lost_events)
{
  struct watch *w = begin (true, false);
  if (w->events < 0) {
    watch_close (w);
    return; /* none are to be had here */
  }
  char *dir = unit_temp_dir (), *program = unit_path (dir, victim);
  int go[2], least = 2048;
  ck_assert_int_eq (symlink (access ("/bin/sleep", X_OK) == 0 ? "/bin/sleep" : "/usr/bin/sleep", program), 0);
  pid_t pid = child (program, go);
  for (int i = 0; i < 40; i++)
    tick (w);
  ck_assert_int_eq (setsockopt (w->events, SOL_SOCKET, SO_RCVBUFFORCE, &least, sizeof least), 0);
  for (int i = 0; i < 50; i++)
    ck_assert_int_eq (prctl (PR_SET_NAME, i % 2 ? "noise" : "more noise"), 0);
  let_go (go);
  wait_for_program (pid);
  tick (w);
  ck_assert_int_ge (w->events, 0);
  ck_assert_int_gt (w->names_until_ns, clock_ns);
  for (int i = 0; i < 10; i++)
    tick (w);
  ck_assert_ptr_nonnull (tracked (w, pid));
  finish (pid);
  watch_close (w);
  free (program);
  free (dir);
}
END_TEST

START_TEST (agrees_with_the_kernel_about_itself)
{
  struct watch *w = begin (_i, true);
  tick (w);
  volatile unsigned work = 0;
  int64_t cpu = now (CLOCK_PROCESS_CPUTIME_ID), wall = now (CLOCK_MONOTONIC);
  const struct process *p = tracked (w, getpid ());
  ck_assert_ptr_nonnull (p);
  uint64_t ticks = p->stat.cpu_ticks;
  while (now (CLOCK_PROCESS_CPUTIME_ID) - cpu < SECOND / 5)
    work++;
  clock_ns += now (CLOCK_MONOTONIC) - wall - SECOND;
  tick (w);
  p = tracked (w, getpid ());
  ck_assert_ptr_nonnull (p);
  double used = (double) (p->stat.cpu_ticks - ticks) / (double) w->proc.ticks;
  ck_assert_double_ge (used, 0.15);
  ck_assert_double_le (used, 0.6);
  ck_assert_uint_eq (p->cpu_absent, KK_PRESENT);
  ck_assert_double_gt (p->cpu_percent, 0);
  ck_assert_uint_ge (p->stat.threads, 1); /* ThreadSanitizer has one of its own */
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  ck_assert_uint_gt (p->rss_pages, 50);
  ck_assert_uint_le (p->rss_pages * w->proc.page / 1024, (uint64_t) usage.ru_maxrss + 4096);
  watch_close (w);
}
END_TEST

static size_t
open_files (void)
{
  size_t n = 0;
  DIR *d = opendir ("/proc/self/fd");
  ck_assert_ptr_nonnull (d);
  while (readdir (d))
    n++;
  closedir (d);
  return n;
}

START_TEST (keeps_a_bound_on_descriptors)
{
  size_t before = open_files ();
  struct rlimit limit;
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = 64;
  setrlimit (RLIMIT_NOFILE, &limit);
  pid_t pids[30];
  int go[30][2];
  for (int i = 0; i < 30; i++) {
    pids[i] = child (NULL, go[i]);
    let_go (go[i]);
  }
  struct watch *w = begin (_i, false);
  tick (w);
  ck_assert_uint_ge (w->n, 30);
  ck_assert_uint_eq (w->proc.kept, 16); /* a quarter of what there is */
  /* Now none is left at all: what is kept is given back, and nothing is lost. */
  int taken[64], n = 0;
  while (n < 64 && (taken[n] = dup (0)) >= 0)
    n++;
  tick (w);
  tick (w);
  for (int i = 0; i < 30; i++)
    ck_assert_msg (tracked (w, pids[i]) && tracked (w, pids[i])->read, "child %d", i);
  ck_assert_uint_eq (w->proc.kept, 0);
  while (n > 0)
    close (taken[--n]);
  watch_close (w);
  ck_assert_uint_eq (open_files (), before);
  for (int i = 0; i < 30; i++)
    finish (pids[i]);
}
END_TEST

START_TEST (counts_what_it_may_not_read)
{
  if (!unit_has_nobody ())
    return;
  char *root = unit_temp_dir ();
  unit_write (root, "10/comm", "kk-victim\n");
  char *file = unit_path (root, "10/comm");
  chmod (file, 0);
  char *pid = unit_path (root, "10");
  chmod (pid, 0755);
  chmod (root, 0755);
  ck_assert_int_eq (seteuid (65534), 0);
  static const char *const track[] = {"kk-victim"};
  struct watch_config config = {
    .rules = {.track = {.items = track, .count = 1}}, .proc_root = root, .max_processes = 10, .interval_ns = SECOND};
  char why[256] = "";
  struct watch *w = NULL;
  ck_assert_msg (watch_open (&config, &w, why, sizeof why) == 0, "%s", why);
  tick (w);
  ck_assert_uint_eq (w->n, 0);
  ck_assert_uint_eq (w->denied, 1);
  ck_assert (!w->partial);
  watch_close (w);
  ck_assert_int_eq (seteuid (0), 0);
  free (pid);
  free (file);
  free (root);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, NULL);
  tcase_add_loop_test (t, sees_exec_within_the_schedule, 0, 2);
  tcase_add_loop_test (t, sees_a_new_process_at_the_next_tick, 0, 2);
  tcase_add_loop_test (t, is_not_shaken_by_a_storm_of_forks, 0, 2);
  tcase_add_test (t, survives_lost_events);
  tcase_add_loop_test (t, agrees_with_the_kernel_about_itself, 0, 2);
  tcase_add_loop_test (t, keeps_a_bound_on_descriptors, 0, 2);
  tcase_add_test (t, counts_what_it_may_not_read);
}

UNIT_MAIN ("process-live", tests)
