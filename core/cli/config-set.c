#include "cli/config-command.h"
int
config_set (const struct command_call *call, struct modules *modules)
{
  (void) call;
  (void) modules;
  return EXIT_FAILED;
}
