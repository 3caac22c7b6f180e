/* config show: the configuration as the daemon understands it, defaults and short forms included. */
#include <config.h>

#include "cli/config-command.h"

#include "describe.h"
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
print (const struct plan *p, const char *only, bool json)
{
  struct buf BUF_CLEANUP b = {0};
  describe_plan (&b, p, only, json);
  if (b.error) {
    fprintf (stderr, PROGRAM ": out of memory\n");
    return EXIT_FAILED;
  }
  fwrite (b.data, 1, b.len, stdout);
  return EXIT_OK;
}

int
config_show (const struct command_call *call, struct modules *modules)
{
  const char *also = call->n_arguments > 1 ? call->arguments[1] : NULL;
  char *file = NULL;
  struct diag d = {0};
  struct plan *plan = NULL;
  int status = EXIT_FAILED, r = plan_find_config (call->config_file, &file);
  if (r < 0)
    return config_fail ("read", call->config_file ? call->config_file : "the configuration", r);
  r = plan_make_with (file, also, modules, &d, &plan);
  if (r < 0 || (also && !plan_instance (plan, also)))
    diag_print (&d, stderr);
  if (r == 0 && also && !plan_instance (plan, also))
    fprintf (stderr, PROGRAM ": there is no instance '%s'\n", also);
  else if (r == 0)
    status = print (plan, also, command_given (call, "json"));
  else if (r == -ENOMEM)
    fprintf (stderr, PROGRAM ": out of memory\n");
  plan_free (plan);
  diag_free (&d);
  free (file);
  return status;
}
