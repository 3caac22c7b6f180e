#include "cli/start.h"
#include "cli/command.h"

#include "path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command_option options[] = {
    {"foreground", 'f', NULL, "Stay attached to the terminal and log to stderr as well"},
    {"debug", 'd', NULL, "Log more, for whoever hunts a fault"},
};

char *
start_absolute (const char *path)
{
  char *joined = NULL;
  if (path[0] == '/')
    return strdup (path);
  if (path[0] == '~') /* which a shell leaves alone in --config=~/x */
    return path_expand (path, &joined) < 0 ? NULL : joined;
  char *here = getcwd (NULL, 0);
  if (here && asprintf (&joined, "%s/%s", here, path) < 0)
    joined = NULL;
  free (here);
  return joined;
}

static int
run (const struct command_call *call)
{
  char *config_file = call->config_file ? start_absolute (call->config_file) : NULL;
  if (call->config_file && !config_file) {
    fprintf (stderr, PROGRAM ": cannot find out the working directory: %s\n", strerror (errno));
    return EXIT_FAILED;
  }
  const struct launch_options chosen = {
      .config_file = config_file,
      .plugin_dir = call->plugin_dir,
      .foreground = command_given (call, "foreground"),
      .debug = command_given (call, "debug"),
  };
  struct launch launch;
  int status = EXIT_FAILED;
  if (!chosen.foreground)
    detach_close_inherited ();
  if (launch_prepare (&chosen, &launch) == 0) {
    status = launch_run (&launch);
    launch_clear (&launch);
  }
  free (config_file);
  return status;
}

const struct command command_start = {
    .name = "start",
    .summary = "Start the daemon",
    .text = "Returns 0 once the daemon has read its configuration, made its plugins and\n"
            "taken its first readings; otherwise says the reason and returns 1, also when\n"
            "one is already running on the same data directory.",
    COMMAND_OPTIONS (options),
    .is_daemon = true,
    .run = run,
};
