/* The lock of a data directory, for a start. */
#include "cli/command.h"
#include "cli/launch.h"
#include "cli/running.h"
#include "cli/systemd.h"
#include "path.h"

#include <errno.h>
#include <json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A daemon that was told to end has this long to do so; one that answers twice, this far apart, is not ending. */
enum { ENDING_MS = 20000, LOOK_MS = 50, SURE_MS = 300, ANSWER_MS = 2000 };

static void
sleep_ms (int ms)
{
  nanosleep (&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static int
refuse_running (const struct running *r, const char *more)
{
  if (r->state == RUNNING_HIDDEN) {
    fputs (PROGRAM ": already running: a process that cannot be seen from here holds daemon.lock\n", stderr);
    return -EALREADY;
  }
  fprintf (stderr, PROGRAM ": already running (PID %ld)%s\n", (long)r->id.pid, more);
  if (r->holder.unit) {
    fputs ("It belongs to systemd:\n", stderr);
    running_print_systemctl (&r->holder, "status");
  }
  return -EALREADY;
}

static int
refuse_python (const struct running *r)
{
  fprintf (stderr,
           PROGRAM ": the Python library's daemon already records here (PID %ld)\n"
                   "To switch, stop it first (this program can), then start again:\n"
                   "  %s stop && %s start\n"
                   "'type -a " PROGRAM "' shows which programs of this name there are.\n",
           (long)r->id.pid, program_invocation_name, program_invocation_name);
  return -EALREADY;
}

/* systemd starts a failed unit again after a while: nobody may come in between. */
static int
check_unit (const struct running *r)
{
  if (!r->holder.unit || r->state == RUNNING_OURS)
    return 0;
  char *state = systemd_property (r->holder.user_unit, r->holder.unit, "ActiveState");
  bool busy = state && (!strcmp (state, "activating") || !strcmp (state, "active") || !strcmp (state, "deactivating"));
  if (busy) {
    fprintf (stderr, PROGRAM ": systemd is about to run this daemon itself (%s is %s); use:\n", r->holder.unit, state);
    running_print_systemctl (&r->holder, "restart");
  }
  free (state);
  return busy ? -EALREADY : 0;
}

/* Who is there while the lock is not to be had. 0: look again. */
static int
judge_holder (const struct places *places, int64_t *answered_ms, int64_t waited_ms)
{
  struct running r;
  struct json_object *answer = NULL;
  if (running_find (places, &r) < 0)
    return 0;
  int e = r.state == RUNNING_OURS ? running_ask (places->data_dir, "{\"command\":\"status\"}", ANSWER_MS, &answer) : -ESRCH;
  json_object_put (answer);
  int judged = 0;
  if (r.state == RUNNING_OURS && e == -ETIMEDOUT)
    judged = refuse_running (&r, ", but it does not answer");
  else if (e == 0 && *answered_ms >= 0 && waited_ms - *answered_ms >= SURE_MS)
    judged = refuse_running (&r, "");
  else if (e == 0 && *answered_ms < 0)
    *answered_ms = waited_ms;
  else if (waited_ms > ENDING_MS && (r.state == RUNNING_OURS || r.state == RUNNING_HIDDEN))
    judged = refuse_running (&r, "; it is neither ready nor has it ended");
  running_clear (&r);
  return judged;
}

static int64_t
now_ms (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C (1000) + t.tv_nsec / 1000000;
}

static int
wait_for_lock (const struct places *places, struct lock **ret)
{
  int64_t begin = now_ms (), answered = -1;
  for (;;) {
    int r = lock_take (places->data_dir, ret);
    if (!r)
      return 0;
    if (r != -EWOULDBLOCK) {
      fprintf (stderr, PROGRAM ": cannot lock %s/daemon.lock: %s\n", places->data_dir, strerror (-r));
      return r;
    }
    r = judge_holder (places, &answered, now_ms () - begin);
    if (r < 0)
      return r;
    sleep_ms (LOOK_MS);
  }
}

int
launch_take_lock (const struct plan *plan, const char *own_unit, struct lock **ret)
{
  const struct settings *s = plan->settings;
  const struct places places = {
      .data_dir = (char *)s->data_dir, .pid_file = (char *)s->pid_file, .log_file = (char *)s->log_file};
  struct lock *lock;
  struct running r;
  int e = running_find (&places, &r);
  if (!e) {
    e = r.state == RUNNING_PYTHON ? refuse_python (&r) : own_unit ? 0 : check_unit (&r);
    running_clear (&r);
  } else {
    fprintf (stderr, PROGRAM ": cannot look into %s: %s\n", s->data_dir, strerror (-e));
  }
  if (!e)
    e = wait_for_lock (&places, &lock);
  if (e < 0)
    return e;
  /* The lock is ours. One who still listens lost the lock's file to somebody's rm, not its place. */
  struct json_object *answer = NULL;
  if (running_ask (s->data_dir, "{\"command\":\"status\"}", ANSWER_MS, &answer) == 0) {
    struct json_object *pid;
    bool has = json_object_object_get_ex (answer, "pid", &pid);
    fprintf (stderr, PROGRAM ": already running (PID %d), though its daemon.lock was removed\n",
             has ? json_object_get_int (pid) : 0);
    json_object_put (answer);
    lock_release (lock);
    return -EALREADY;
  }
  *ret = lock;
  return 0;
}
