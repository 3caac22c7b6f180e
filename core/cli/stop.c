#include "cli/stop.h"

#include "cli/command.h"
#include "cli/systemd.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* Everything that waits to be written has this long to get to the disk; then the kernel ends what does not end itself. */
enum { CLEAN_MS = 30000, KILL_MS = 10000, PATIENCE_MS = 3000 };

int
stop_find (const char *config_file, struct places *ret_places, struct running *ret)
{
  int r = places_find (config_file, ret_places);
  if (r < 0)
    return r;
  r = running_find (ret_places, ret);
  if (r < 0) {
    fprintf (stderr, PROGRAM ": cannot tell what runs on %s: %s\n", ret_places->data_dir, strerror (-r));
    places_clear (ret_places);
  } else if (ret_places->guessed && (ret->state == RUNNING_NONE || ret->state == RUNNING_STALE)) {
    fprintf (stderr, PROGRAM ": the configuration cannot be read (see: config --check), so only %s was looked into\n",
             ret_places->data_dir);
  }
  return r;
}

static int
stop_through_systemd (const struct running *r)
{
  int status = systemd_control (r->holder.user_unit, false, "stop", NULL, r->holder.unit);
  if (status == 0)
    return process_wait (&r->id, KILL_MS);
  fprintf (stderr, PROGRAM ": the daemon (PID %ld) belongs to systemd; stop it there:\n", (long)r->id.pid);
  running_print_systemctl (&r->holder, "stop");
  return -EPERM;
}

static int
wait_for_clean_end (const struct running *r)
{
  if (process_wait (&r->id, PATIENCE_MS) == 0)
    return 0;
  fprintf (stderr, PROGRAM ": waiting for PID %ld to write what it has collected\n", (long)r->id.pid);
  return process_wait (&r->id, CLEAN_MS - PATIENCE_MS);
}

int
stop_running (const struct running *r)
{
  if (systemd_manages (r))
    return stop_through_systemd (r);
  int e = process_signal (&r->id, SIGTERM);
  if (!e)
    process_signal (&r->id, SIGCONT); /* one that was stopped must run in order to end */
  if (e == -ESRCH)
    return 0;
  if (e < 0) {
    fprintf (stderr, PROGRAM ": cannot stop PID %ld: %s%s\n", (long)r->id.pid, strerror (-e),
             e == -EPERM ? "; it belongs to another user" : "");
    return e;
  }
  if (wait_for_clean_end (r) == 0)
    return 0;
  fprintf (stderr, PROGRAM ": PID %ld did not end within %d s; killing it\n", (long)r->id.pid, CLEAN_MS / 1000);
  process_signal (&r->id, SIGKILL);
  if (process_wait (&r->id, KILL_MS) == 0)
    return 0;
  fprintf (stderr, PROGRAM ": PID %ld cannot be killed now; it waits for the kernel\n", (long)r->id.pid);
  return -ETIMEDOUT;
}

static int
run (const struct command_call *call)
{
  struct places places;
  struct running r;
  int status = EXIT_FAILED;
  if (stop_find (call->config_file, &places, &r) < 0)
    return EXIT_FAILED;
  switch (r.state) {
  case RUNNING_NONE:
  case RUNNING_STALE:
    puts (PROGRAM ": not running");
    if (r.state == RUNNING_STALE)
      pidfile_remove (r.stale_file, r.stale_pid);
    status = EXIT_OK;
    break;
  case RUNNING_HIDDEN:
    fputs (PROGRAM ": a process that cannot be seen from here holds daemon.lock; stop it where it runs\n", stderr);
    break;
  case RUNNING_OURS:
  case RUNNING_PYTHON:
    if (stop_running (&r) < 0)
      break;
    printf (PROGRAM ": stopped%s (PID %ld)\n", r.state == RUNNING_PYTHON ? " the Python library's daemon" : "", (long)r.id.pid);
    if (r.state == RUNNING_PYTHON)
      pidfile_remove (places.pid_file, r.id.pid);
    status = EXIT_OK;
    break;
  }
  running_clear (&r);
  places_clear (&places);
  return status;
}

const struct command command_stop = {
    .name = "stop",
    .summary = "Stop the daemon, with everything it has collected on disk",
    .text = "Waits until it has ended; kills it only when it has not after 30 seconds. A\n"
            "daemon that systemd runs is stopped through systemd. Returns 0 also when none\n"
            "was running.",
    .run = run,
};
