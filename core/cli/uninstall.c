#include "cli/purge.h"
#include "cli/service.h"
#include "cli/systemd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const struct command_option options[] = {
    {"system", 0, NULL, "Remove the system service; needs root"},
    {"purge", 0, NULL, "Remove the recorded data, the log and the user's configuration as well"},
};

static int
uninstall (const struct service *s)
{
  if (access (s->unit_file, F_OK) < 0) {
    printf (PROGRAM ": not installed: there is no %s\n", s->unit_file);
    return EXIT_OK;
  }
  if (service_control (s, true, "disable", "--now", SERVICE_UNIT) != 0
      && service_control (s, true, "is-active", "--quiet", SERVICE_UNIT) == 0) {
    fputs (PROGRAM ": systemd could not stop the service; nothing was removed\n", stderr);
    return EXIT_FAILED;
  }
  if (unlink (s->unit_file) < 0) {
    fprintf (stderr, PROGRAM ": cannot remove %s: %s\n", s->unit_file, strerror (errno));
    return EXIT_FAILED;
  }
  service_control (s, true, "daemon-reload", NULL, NULL);
  service_control (s, true, "reset-failed", NULL, SERVICE_UNIT);
  printf (PROGRAM ": removed %s\n", s->unit_file);
  return EXIT_OK;
}

static int
run (const struct command_call *call)
{
  struct service s;
  if (service_find (call, command_given (call, "system"), &s) < 0)
    return EXIT_FAILED;
  int status = uninstall (&s);
  if (status == EXIT_OK && command_given (call, "purge"))
    status = service_as_user (&s, purge, s.config_file);
  else if (status == EXIT_OK)
    puts ("Configuration and data stay.");
  service_clear (&s);
  return status;
}

const struct command command_uninstall = {
    .name = "uninstall",
    .summary = "Stop and remove the service that install made",
    .text = "Configuration and recorded data stay, unless --purge is given.",
    COMMAND_OPTIONS (options),
    .run = run,
};
