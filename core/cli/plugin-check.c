#include "cli/plugin-check.h"

#include "check/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SECONDS = 3600 };

static int
take_time (const struct command_call *call, double *ret)
{
  const char *text = command_value (call, "time");
  char *end = NULL;
  double seconds = text ? strtod (text, &end) : 30;
  if (text && (*end || !(seconds >= 1) || seconds > MAX_SECONDS)) {
    fprintf (stderr, PROGRAM ": --time is a number of seconds from 1 to %d, not '%s'\n", MAX_SECONDS, text);
    return -EINVAL;
  }
  *ret = seconds;
  return 0;
}

int
plugin_check (const struct command_call *call)
{
  double seconds;
  for (uint32_t i = 2; i < call->n_arguments; i++)
    if (!strchr (call->arguments[i], '=')) {
      fprintf (stderr, PROGRAM ": '%s' should be OPTION=VALUE\n", call->arguments[i]);
      return EXIT_USAGE;
    }
  if (take_time (call, &seconds) < 0)
    return EXIT_USAGE;
  struct check_report *report = calloc (1, sizeof *report);
  int r = report ? check_run (call->arguments[1], call->arguments + 2, call->n_arguments - 2, seconds, report) : -ENOMEM;
  if (!r)
    r = check_report_print (report, command_given (call, "json"), stdout);
  if (r)
    fprintf (stderr, PROGRAM ": cannot check it: %s\n", strerror (-r));
  int status = r || report->faults ? EXIT_FAILED : EXIT_OK;
  if (report)
    check_report_free (report);
  free (report);
  return status;
}

int
plugin_check_stage (const struct command_call *call)
{
  return check_child (call->arguments + 1, call->n_arguments - 1);
}
