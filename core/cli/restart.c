#include "cli/command.h"
#include "cli/start.h"
#include "cli/stop.h"
#include "cli/systemd.h"

#include <stdlib.h>

static const struct command_option options[] = {
    {"foreground", 'f', NULL, "Stay attached to the terminal and log to stderr as well"},
    {"debug", 'd', NULL, "Log more, for whoever hunts a fault"},
};

static int
restart_through_systemd (const struct running *r)
{
  if (systemd_control (r->holder.user_unit, false, "restart", NULL, r->holder.unit) == 0) {
    printf (PROGRAM ": restarted %s\n", r->holder.unit);
    return EXIT_OK;
  }
  if (!process_lives (&r->id)) {
    fprintf (stderr, PROGRAM ": %s did not start again; see:\n", r->holder.unit);
    running_print_systemctl (&r->holder, "status");
    return EXIT_FAILED;
  }
  fprintf (stderr, PROGRAM ": the daemon (PID %ld) belongs to systemd; restart it there:\n", (long)r->id.pid);
  running_print_systemctl (&r->holder, "restart");
  return EXIT_FAILED;
}

/* The new configuration is judged while the old daemon still runs: a fault in it costs nothing. */
static int
restart_here (const struct running *r, const struct launch_options *chosen)
{
  struct launch launch;
  if (launch_prepare (chosen, &launch) < 0) {
    if (r->state == RUNNING_OURS)
      fprintf (stderr, PROGRAM ": the running daemon (PID %ld) goes on\n", (long)r->id.pid);
    return EXIT_FAILED;
  }
  int status = EXIT_FAILED;
  bool runs = r->state == RUNNING_OURS || r->state == RUNNING_PYTHON;
  if (!runs || stop_running (r) == 0)
    status = launch_run (&launch);
  launch_clear (&launch);
  return status;
}

static int
run (const struct command_call *call)
{
  struct places places;
  struct running r;
  if (stop_find (call->config_file, &places, &r) < 0)
    return EXIT_FAILED;
  char *config_file = call->config_file ? start_absolute (call->config_file) : NULL;
  bool runs = r.state == RUNNING_OURS;
  struct launch_options chosen = {
      .config_file = config_file ? config_file
                     : runs      ? r.holder.config_file
                                 : NULL,
      .plugin_dir = call->plugin_dir ? call->plugin_dir
                    : runs           ? r.holder.plugin_dir
                                     : NULL,
      .foreground = command_given (call, "foreground"),
      .debug = command_given (call, "debug") || (runs && r.holder.debug),
  };
  int status = EXIT_FAILED;
  if (!chosen.foreground)
    detach_close_inherited ();
  if (call->config_file && !config_file)
    fputs (PROGRAM ": cannot find out the working directory\n", stderr);
  else
    status = systemd_manages (&r) ? restart_through_systemd (&r) : restart_here (&r, &chosen);
  free (config_file);
  running_clear (&r);
  places_clear (&places);
  return status;
}

const struct command command_restart = {
    .name = "restart",
    .summary = "Stop the daemon and start it again with the same options",
    .text = "The configuration is read first: when it has errors the running daemon goes\n"
            "on. When none is running this is the same as start.",
    COMMAND_OPTIONS (options),
    .is_daemon = true,
    .run = run,
};
