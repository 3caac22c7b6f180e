#include "cli/command.h"
#include "daemon.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file opened later must not become stdin, stdout or stderr by chance. */
static int
open_standard_descriptors (void)
{
  int fd;
  do
    fd = open ("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd < 0)
    return -errno;
  close (fd);
  return 0;
}

static int
flush_output (int status)
{
  if (!fflush (stdout) && !ferror (stdout))
    return status;
  if (errno != EPIPE)
    fprintf (stderr, PROGRAM ": cannot write the output: %s\n", strerror (errno));
  return status ? status : EXIT_FAILED;
}

/* A command that will not be the daemon ends as any program does, when its user or its reader wants that. */
static void
unblock_signals (const sigset_t *original)
{
  sigprocmask (SIG_SETMASK, original, NULL);
  signal (SIGPIPE, SIG_DFL);
}

/* --plugin-dir counts from here, also for a daemon that will have another working directory. */
static int
run (struct command_call *call)
{
  char *plugin_dir = NULL;
  int r = call->plugin_dir ? path_list_absolute (call->plugin_dir, &plugin_dir) : 0;
  if (r < 0) {
    fprintf (stderr, PROGRAM ": cannot find '%s': %s\n", call->plugin_dir, strerror (-r));
    return EXIT_FAILED;
  }
  call->plugin_dir = plugin_dir;
  int status = call->command->run (call);
  free (plugin_dir);
  return status;
}

int
main (int argc, char **argv)
{
  sigset_t original;
  sigprocmask (SIG_BLOCK, NULL, &original);
  daemon_block_signals ();
  if (open_standard_descriptors () < 0)
    return EXIT_FAILED;
  struct command_call call;
  int status;
  if (!arguments_parse (argc, argv, &call, &status)) {
    if (!call.command->is_daemon)
      unblock_signals (&original);
    status = run (&call);
  }
  return flush_output (status);
}
